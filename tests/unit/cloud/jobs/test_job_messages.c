/* What devices ask of AWS IoT Jobs, and what they are told: contract 3.1 to 3.3. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "support/job_world.h"

/* contract 3.1: what is asked on which topic; what is no call of a device; what operators ask. */
static void addresses(void **state)
{
    static const struct {
        const char *topic;
        bool good;
        enum job_operation op;
    } cases[] = {
        {DEVICE "get",                       true,  JOB_GET             },
        {DEVICE "start-next",                true,  JOB_START_NEXT      },
        {DEVICE "j1/get",                    true,  JOB_DESCRIBE        },
        {DEVICE "$next/get",                 true,  JOB_DESCRIBE        },
        {DEVICE "j1/update",                 true,  JOB_UPDATE          },
        {DEVICE "$next/update",              true,  JOB_NO_CALL         },
        {DEVICE "j1/start",                  true,  JOB_NO_CALL         },
        {DEVICE "notify",                    true,  JOB_NO_CALL         },
        {DEVICE "get/accepted",              true,  JOB_NO_CALL         },
        {DEVICE "",                          true,  JOB_NO_CALL         },
        {DEVICE "a b/get",                   true,  JOB_NO_CALL         },
        {"$aws/things/car-1/jobs",           false, 0                   },
        {"$aws/things//jobs/get",            false, 0                   },
        {"$aws/things/+/jobs/get",           false, 0                   },
        {"$aws/things/car-1/shadow/get",     false, 0                   },
        {OPERATOR "j1/create",               true,  JOB_CREATE          },
        {OPERATOR "j1/cancel",               true,  JOB_CANCEL          },
        {OPERATOR "j1/delete",               true,  JOB_DELETE          },
        {OPERATOR "j1/get",                  true,  JOB_SHOW            },
        {OPERATOR "j1/executions",           true,  JOB_EXECUTIONS      },
        {OPERATOR "list",                    true,  JOB_LIST            },
        {OPERATOR "events",                  true,  JOB_EVENTS          },
        {OPERATOR "j1/executions/t/get",     true,  JOB_EXECUTION_SHOW  },
        {OPERATOR "j1/executions/t/cancel",  true,  JOB_EXECUTION_CANCEL},
        {OPERATOR "j1/executions/t/remove",  true,  JOB_EXECUTION_REMOVE},
        {OPERATOR "j1/executions/t/restart", false, 0                   },
        {OPERATOR "j 1/create",              false, 0                   },
        {OPERATOR "$next/create",            false, 0                   },
        {OPERATOR "j1/create/accepted",      false, 0                   },
        {OPERATOR "j1",                      false, 0                   },
        {"",                                 false, 0                   },
    };
    struct job_address a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (job_address_parse(cases[i].topic, &a) != cases[i].good)
            fail_msg("%s", cases[i].topic);
        if (cases[i].good && a.op != cases[i].op)
            fail_msg("%s: %d", cases[i].topic, (int)a.op);
    }
    assert_true(job_address_parse(OPERATOR "j1/executions/t/get", &a));
    assert_string_equal(a.job, "j1");
    assert_string_equal(a.thing, "t");
}

/* contract 3.1: responses go straight to the connection that asked; notify and notify-next are
 * published. */
static void answers_go_to_the_asker(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    assert_string_equal(said_on(&w->out, OPERATOR "j1/create/accepted")->client_id, "app-1");
    assert_null(said_on(&w->out, DEVICE "notify")->client_id);
    assert_null(said_on(&w->out, DEVICE "notify-next")->client_id);
    job_say(w, DEVICE "get", "{\"clientToken\":\"t1\"}");
    assert_int_equal(w->out.count, 1);
    assert_string_equal(said_on(&w->out, DEVICE "get/accepted")->client_id, "client-1");
    job_say(w, DEVICE "j2/get", "{}");
    assert_string_equal(said_on(&w->out, DEVICE "j2/get/rejected")->client_id, "client-1");
    /* $next is answered as $next (unconfirmed, contract 11.9). */
    job_say(w, DEVICE "$next/get", "{}");
    said(&w->out, DEVICE "$next/get/accepted");
}

/* contract 3.1 and contract 3.3: every message as it is printed there, by the requests of
 * contract 3.2. */
static void documents(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    assert_string_equal(
        said(&w->out, DEVICE "notify"),
        "{\"timestamp\":1700000000,\"jobs\":{\"QUEUED\":[{\"jobId\":\"j1\",\"queuedAt\":1700000000,"
        "\"lastUpdatedAt\":1700000000,\"versionNumber\":1,\"executionNumber\":1}]}}");
    assert_string_equal(
        said(&w->out, DEVICE "notify-next"),
        "{\"timestamp\":1700000000,\"execution\":{\"jobId\":\"j1\",\"thingName\":\"car-1\","
        "\"status\":\"QUEUED\",\"queuedAt\":1700000000,\"lastUpdatedAt\":1700000000,"
        "\"versionNumber\":1,\"executionNumber\":1,\"jobDocument\":{\"operation\":\"install\"}}}");
    job_say(w, DEVICE "get", "{\"clientToken\":\"t1\"}");
    assert_string_equal(
        said(&w->out, DEVICE "get/accepted"),
        "{\"inProgressJobs\":[],\"queuedJobs\":[{\"jobId\":\"j1\",\"queuedAt\":1700000000,"
        "\"lastUpdatedAt\":1700000000,\"versionNumber\":1,\"executionNumber\":1}],"
        "\"timestamp\":1700000000,\"clientToken\":\"t1\"}");
    w->now_ms += 5000;
    job_say(w, DEVICE "start-next",
            "{\"statusDetails\":{\"step\":\"download\"},\"stepTimeoutInMinutes\":2}");
    assert_string_equal(
        said(&w->out, DEVICE "start-next/accepted"),
        "{\"execution\":{\"jobId\":\"j1\",\"thingName\":\"car-1\",\"status\":\"IN_PROGRESS\","
        "\"statusDetails\":{\"step\":\"download\"},\"queuedAt\":1700000000,\"startedAt\":"
        "1700000005,"
        "\"lastUpdatedAt\":1700000005,\"versionNumber\":2,\"executionNumber\":1,"
        "\"approximateSecondsBeforeTimedOut\":120,\"jobDocument\":{\"operation\":\"install\"}},"
        "\"timestamp\":1700000005}");
    job_say(w, DEVICE "j1/update",
            "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":2,\"includeJobExecutionState\":true,"
            "\"includeJobDocument\":true,\"statusDetails\":{\"p\":\"40\"},\"clientToken\":\"t2\"}");
    assert_string_equal(
        said(&w->out, DEVICE "j1/update/accepted"),
        "{\"executionState\":{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"p\":\"40\"},"
        "\"versionNumber\":3},\"jobDocument\":{\"operation\":\"install\"},\"timestamp\":1700000005,"
        "\"clientToken\":\"t2\"}");
    job_say(w, DEVICE "j1/update", DONE);
    assert_string_equal(said(&w->out, DEVICE "j1/update/accepted"), "{\"timestamp\":1700000005}");
    assert_string_equal(said(&w->out, DEVICE "notify"), "{\"timestamp\":1700000005,\"jobs\":{}}");
    assert_string_equal(said(&w->out, DEVICE "notify-next"), "{\"timestamp\":1700000005}");
    job_say(w, DEVICE "$next/get", "{}");
    assert_string_equal(said(&w->out, DEVICE "$next/get/accepted"), "{\"timestamp\":1700000005}");
    job_say(w, DEVICE "start-next", "{}");
    assert_string_equal(said(&w->out, DEVICE "start-next/accepted"), "{\"timestamp\":1700000005}");
}

/* contract 3.3: at most 10 entries in notify. */
static void long_lists(void **state)
{
    struct job_world *w = *state;
    char id[16];
    int count = 0;

    for (int i = 0; i < 14; i++) {
        snprintf(id, sizeof id, "job-%02d", i);
        create_job(w, id);
    }
    for (const char *p = said(&w->out, DEVICE "notify"); (p = strstr(p, "\"jobId\"")) != NULL; p++)
        count++;
    assert_int_equal(count, 10);
    job_say(w, DEVICE "get", "{}");
    assert_says(&w->out, DEVICE "get/accepted", "job-13");
}

/* contract 3.1, contract 3.2: includeJobDocument, executionNumber; contract 3.3: a terminal state.
 */
static void describe(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    job_say(w, DEVICE "j1/get", "{}");
    assert_says(&w->out, DEVICE "j1/get/accepted", "\"jobDocument\":{");
    job_say(w, DEVICE "j1/get", "{\"includeJobDocument\":false,\"executionNumber\":1}");
    assert_lacks(&w->out, DEVICE "j1/get/accepted", "jobDocument");
    job_say(w, DEVICE "j1/get", "{\"executionNumber\":2}");
    assert_says(&w->out, DEVICE "j1/get/rejected", "\"code\":\"ResourceNotFound\"");
    /* 3.3 */
    job_say(w, DEVICE "j1/update", DONE);
    job_say(w, DEVICE "j1/get", "{\"clientToken\":\"t\"}");
    assert_string_equal(
        said(&w->out, DEVICE "j1/get/rejected"),
        "{\"code\":\"TerminalStateReached\",\"message\":\"the execution has ended\","
        "\"timestamp\":1700000000,\"clientToken\":\"t\"}");
}

/* contract 3.1 and contract 3.3: what is rejected, and as what; contract 3.2: a status is required,
 * and is a device's; contract 3.5: details. */
static void rejected(void **state)
{
    static const struct {
        const char *call, *payload, *code;
    } cases[] = {
        {"j1/start",   "{}",                                                               "InvalidTopic"    },
        {"notify",     "nothing",                                                          "InvalidTopic"    },
        {"get",        "",                                                                 "InvalidJson"     },
        {"get",        "[]",                                                               "InvalidJson"     },
        {"get",        "{\"clientToken\":\"\xff\"}",                                       "InvalidJson"     },
        {"j1/update",  "{",                                                                "InvalidJson"     },
        {"get",        "{\"clientToken\":7}",                                              "InvalidRequest"  },
        {"j1/update",  "{}",                                                               "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"QUEUED\"}",                                          "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"TIMED_OUT\"}",                                       "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"CANCELED\"}",                                        "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"statusDetails\":[]}",                "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"a\":1}}",         "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"a b\":\"\"}}",
         "InvalidRequest"                                                                                    },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"\":\"x\"}}",
         "InvalidRequest"                                                                                    },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"a\":\"x\\ny\"}}",
         "InvalidRequest"                                                                                    },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":\"two\"}",         "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":1.5}",             "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":0}",          "InvalidRequest"  },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":10081}",
         "InvalidRequest"                                                                                    },
        {"j1/update",  "{\"status\":\"IN_PROGRESS\",\"includeJobDocument\":1}",            "InvalidRequest"  },
        {"start-next", "{\"stepTimeoutInMinutes\":0.5}",                                   "InvalidRequest"  },
        {"j2/update",  DONE,                                                               "ResourceNotFound"},
        {"j1/update",  "{\"status\":\"SUCCEEDED\",\"executionNumber\":9}",                 "ResourceNotFound"},
        {"j1/update",  "{\"status\":\"SUCCEEDED\",\"expectedVersion\":7}",                 "VersionMismatch" },
    };
    struct job_world *w = *state;
    char topic[100], code[60];

    create_job(w, "j1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(topic, sizeof topic, DEVICE "%s", cases[i].call);
        job_say(w, topic, cases[i].payload);
        assert_int_equal(w->out.count, 1);
        snprintf(topic, sizeof topic, DEVICE "%s/rejected", cases[i].call);
        snprintf(code, sizeof code, "\"code\":\"%s\"", cases[i].code);
        assert_says(&w->out, topic, code);
    }
    /* It has not changed. */
    job_say(w, DEVICE "j1/get", "{}");
    assert_says(&w->out, DEVICE "j1/get/accepted", "\"versionNumber\":1,");
}

/* contract 3.5: names to 128 bytes, values to 1024 characters. */
static void longest_details(void **state)
{
    static char name[200], value[3000], payload[4000];
    struct job_world *w = *state;

    create_job(w, "j1");
    memset(name, 'n', 128);
    for (int i = 0; i < 1024; i++)
        memcpy(value + 2 * (size_t)i, "\xc3\xa4", 2);
    snprintf(payload, sizeof payload,
             "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"%s\":\"%s\"}}", name, value);
    job_say(w, DEVICE "j1/update", payload);
    said(&w->out, DEVICE "j1/update/accepted");
    name[128] = 'n';
    snprintf(payload, sizeof payload,
             "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"%s\":\"\"}}", name);
    job_say(w, DEVICE "j1/update", payload);
    said(&w->out, DEVICE "j1/update/rejected");
    snprintf(payload, sizeof payload,
             "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"a\":\"%s!\"}}", value);
    job_say(w, DEVICE "j1/update", payload);
    said(&w->out, DEVICE "j1/update/rejected");
}

/* Contract 3.7: placeholders are replaced whenever the document is handed out, not before. */
static void presigned_urls(void **state)
{
    static const char document[] =
        "{\"targets\":[\"car-1\"],\"presignedUrlConfig\":{\"expiresInSec\":120},\"document\":"
        "{\"url\":\"${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/a.bin}\"}}";
    struct job_world *w = *state;
    struct presign *p = &w->service.presign;

    snprintf(p->base, sizeof p->base, "https://x");
    job_say(w, OPERATOR "j1/create", document);
    job_tick(w, NOW);
    job_say(w, DEVICE "$next/get", "{}");
    assert_says(&w->out, DEVICE "$next/get/accepted",
                "\"url\":\"https://x/a.bin?X-Amz-Date=20231114T221320Z&");
    assert_says(&w->out, DEVICE "$next/get/accepted", "X-Amz-Expires=120&");
    w->now_ms += MINUTE;
    job_say(w, DEVICE "start-next", "{}");
    assert_says(&w->out, DEVICE "start-next/accepted", "X-Amz-Date=20231114T221420Z&");
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"includeJobDocument\":true}");
    assert_says(&w->out, DEVICE "j1/update/accepted",
                "\"jobDocument\":{\"url\":\"https://x/a.bin?");
    job_say(w, OPERATOR "j1/get", "{}");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"url\":\"${aws:iot:s3-presigned-url:");
    job_say(
        w, OPERATOR "j2/create",
        "{\"targets\":[\"car-1\"],\"document\":{},\"presignedUrlConfig\":{\"expiresInSec\":30}}");
    assert_says(&w->out, OPERATOR "j2/create/rejected",
                "expiresInSec: a whole number from 60 to 3600");
}

/* contract 3.5: a jobId is 1 to 64 of [A-Za-z0-9_-]. */
static void names_of_jobs(void **state)
{
#define A64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
    static const char *const none[] = {A64 "x", "a.b", "a b", "j\xc3\xa4", "a:b"};
    struct job_world *w = *state;
    struct job_address a;
    char topic[200];

    assert_int_equal(strlen(A64), 64);
    create_job(w, A64);
    job_say(w, DEVICE A64 "/get", "{}");
    assert_says(&w->out, DEVICE A64 "/get/accepted", "\"jobId\":\"" A64 "\"");
    create_job(w, "j");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        snprintf(topic, sizeof topic, OPERATOR "%s/create", none[i]);
        assert_false(job_address_parse(topic, &a));
        snprintf(topic, sizeof topic, DEVICE "%s/get", none[i]);
        job_say(w, topic, "{}");
        snprintf(topic, sizeof topic, DEVICE "%s/get/rejected", none[i]);
        assert_says(&w->out, topic, "\"code\":\"InvalidTopic\"");
    }
}

/* contract 3.3: lists by status; what is in progress has startedAt; contract 3.2: the token of
 * start-next. */
static void lists_of_what_is_in_progress(void **state)
{
    static const char started[] =
        "{\"jobId\":\"j1\",\"queuedAt\":1700000000,\"startedAt\":1700000007,\"lastUpdatedAt\":"
        "1700000009,\"versionNumber\":3,\"executionNumber\":1}";
    static const char queued[] =
        "{\"jobId\":\"j2\",\"queuedAt\":1700000000,\"lastUpdatedAt\":1700000000,"
        "\"versionNumber\":1,\"executionNumber\":1}";
    struct job_world *w = *state;
    char expected[600];

    create_job(w, "j1");
    create_job(w, "j2");
    w->now_ms += 7000;
    job_say(w, DEVICE "start-next", "{\"clientToken\":\"s\"}");
    assert_says(&w->out, DEVICE "start-next/accepted", ",\"clientToken\":\"s\"}");
    w->now_ms += 2000;
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\"}");
    job_say(w, DEVICE "get", "{}");
    snprintf(expected, sizeof expected,
             "{\"inProgressJobs\":[%s],\"queuedJobs\":[%s],\"timestamp\":1700000009}", started,
             queued);
    assert_string_equal(said(&w->out, DEVICE "get/accepted"), expected);
    create_job(w, "j3");
    snprintf(expected, sizeof expected,
             "{\"timestamp\":1700000009,\"jobs\":{\"IN_PROGRESS\":[%s],\"QUEUED\":[%s,", started,
             queued);
    assert_says(&w->out, DEVICE "notify", expected);
}

/* contract 3.5: "statusDetails keys 1–128 [A-Za-z0-9:_-], …, any number of pairs". */
static void details_of_all_kinds(void **state)
{
    struct job_world *w = *state;
    struct buf payload;

    create_job(w, "j1");
    buf_init(&payload, 10000);
    buf_printf(&payload, "{\"status\":\"IN_PROGRESS\",\"includeJobExecutionState\":true,"
                         "\"statusDetails\":{\"" A64 ":\":\"\"");
    for (int i = 0; i < 200; i++)
        buf_printf(&payload, ",\"k%d\":\"%d\"", i, i);
    buf_printf(&payload, "}}");
    job_say(w, DEVICE "j1/update", buf_cstr(&payload));
    buf_done(&payload);
    assert_says(&w->out, DEVICE "j1/update/accepted", "{\"" A64 ":\":\"\",\"k0\":\"0\"");
    assert_says(&w->out, DEVICE "j1/update/accepted", "\"k199\":\"199\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        WITH_JOBS(answers_go_to_the_asker),
        WITH_JOBS(documents),
        WITH_JOBS(long_lists),
        WITH_JOBS(describe),
        WITH_JOBS(rejected),
        WITH_JOBS(longest_details),
        WITH_JOBS(presigned_urls),
        WITH_JOBS(names_of_jobs),
        WITH_JOBS(lists_of_what_is_in_progress),
        WITH_JOBS(details_of_all_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
