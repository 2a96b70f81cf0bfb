/* AWS IoT Jobs: every message and rule of contract 3, named by its section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/jobs/job_service.h"

#define NOW      ((int64_t)1700000000000)
#define MINUTE   ((int64_t)60000)
#define DAY      ((int64_t)24 * 3600 * 1000)
#define DEVICE   "$aws/things/car-1/jobs/"
#define OPERATOR "fleetsim/jobs/"
#define CREATE   "{\"targets\":[\"car-1\"],\"document\":{\"operation\":\"install\"}}"
#define DONE     "{\"status\":\"SUCCEEDED\"}"

struct world {
    struct job_service service;
    struct cloud_actions out;
    int64_t now_ms;
};

static int setup(void **state)
{
    static struct world w;

    job_service_init(&w.service);
    cloud_actions_init(&w.out);
    w.now_ms = NOW;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    job_service_done(&w->service);
    return 0;
}

/* Sends it; what was said before is forgotten. */
static void say(struct world *w, const char *topic, const char *payload)
{
    struct job_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(job_address_parse(topic, &a));
    assert_true(job_service_request(&w->service, &a,
                                    job_address_is_device(&a) ? "client-1" : "app-1",
                                    slice_str(payload), w->now_ms, &w->out));
}

static void tick(struct world *w, int64_t now_ms)
{
    cloud_actions_cut(&w->out, 0);
    w->now_ms = now_ms;
    assert_true(job_service_tick(&w->service, now_ms, &w->out));
}

static const struct cloud_action *find(const struct world *w, const char *topic)
{
    for (size_t i = 0; i < w->out.count; i++)
        if (strcmp(w->out.items[i].topic, topic) == 0)
            return &w->out.items[i];
    return NULL;
}

/* The payload of the message on that topic. */
static const char *said(const struct world *w, const char *topic)
{
    const struct cloud_action *a = find(w, topic);

    if (a == NULL)
        fail_msg("nothing on %s", topic);
    return a != NULL ? a->payload : "";
}

static void assert_says(const struct world *w, const char *topic, const char *part)
{
    const char *payload = said(w, topic);

    if (strstr(payload, part) == NULL)
        fail_msg("%s: no %s in %s", topic, part, payload);
}

static void assert_lacks(const struct world *w, const char *topic, const char *part)
{
    const char *payload = said(w, topic);

    if (strstr(payload, part) != NULL)
        fail_msg("%s: %s in %s", topic, part, payload);
}

static void assert_silent(const struct world *w, const char *topic)
{
    if (find(w, topic) != NULL)
        fail_msg("%s: %s", topic, find(w, topic)->payload);
}

static void create(struct world *w, const char *job)
{
    char topic[200];

    snprintf(topic, sizeof topic, OPERATOR "%s/create", job);
    say(w, topic, CREATE);
    snprintf(topic, sizeof topic, OPERATOR "%s/create/accepted", job);
    said(w, topic);
}

/* ---- 3.1 topics --------------------------------------------------------------------------------
 */

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

/* 3.1: responses go straight to the connection that asked; notify and notify-next are published. */
static void answers_go_to_the_asker(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    assert_string_equal(find(w, OPERATOR "j1/create/accepted")->client_id, "app-1");
    assert_null(find(w, DEVICE "notify")->client_id);
    assert_null(find(w, DEVICE "notify-next")->client_id);
    say(w, DEVICE "get", "{\"clientToken\":\"t1\"}");
    assert_int_equal(w->out.count, 1);
    assert_string_equal(find(w, DEVICE "get/accepted")->client_id, "client-1");
    say(w, DEVICE "j2/get", "{}");
    assert_string_equal(find(w, DEVICE "j2/get/rejected")->client_id, "client-1");
    /* $next is answered as $next (unconfirmed, contract 11.9). */
    say(w, DEVICE "$next/get", "{}");
    said(w, DEVICE "$next/get/accepted");
}

/* ---- 3.3 responses -----------------------------------------------------------------------------
 */

static void documents(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    assert_string_equal(
        said(w, DEVICE "notify"),
        "{\"timestamp\":1700000000,\"jobs\":{\"QUEUED\":[{\"jobId\":\"j1\",\"queuedAt\":1700000000,"
        "\"lastUpdatedAt\":1700000000,\"versionNumber\":1,\"executionNumber\":1}]}}");
    assert_string_equal(
        said(w, DEVICE "notify-next"),
        "{\"timestamp\":1700000000,\"execution\":{\"jobId\":\"j1\",\"thingName\":\"car-1\","
        "\"status\":\"QUEUED\",\"queuedAt\":1700000000,\"lastUpdatedAt\":1700000000,"
        "\"versionNumber\":1,\"executionNumber\":1,\"jobDocument\":{\"operation\":\"install\"}}}");
    say(w, DEVICE "get", "{\"clientToken\":\"t1\"}");
    assert_string_equal(
        said(w, DEVICE "get/accepted"),
        "{\"inProgressJobs\":[],\"queuedJobs\":[{\"jobId\":\"j1\",\"queuedAt\":1700000000,"
        "\"lastUpdatedAt\":1700000000,\"versionNumber\":1,\"executionNumber\":1}],"
        "\"timestamp\":1700000000,\"clientToken\":\"t1\"}");
    w->now_ms += 5000;
    say(w, DEVICE "start-next",
        "{\"statusDetails\":{\"step\":\"download\"},\"stepTimeoutInMinutes\":2}");
    assert_string_equal(
        said(w, DEVICE "start-next/accepted"),
        "{\"execution\":{\"jobId\":\"j1\",\"thingName\":\"car-1\",\"status\":\"IN_PROGRESS\","
        "\"statusDetails\":{\"step\":\"download\"},\"queuedAt\":1700000000,\"startedAt\":"
        "1700000005,"
        "\"lastUpdatedAt\":1700000005,\"versionNumber\":2,\"executionNumber\":1,"
        "\"approximateSecondsBeforeTimedOut\":120,\"jobDocument\":{\"operation\":\"install\"}},"
        "\"timestamp\":1700000005}");
    say(w, DEVICE "j1/update",
        "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":2,\"includeJobExecutionState\":true,"
        "\"includeJobDocument\":true,\"statusDetails\":{\"p\":\"40\"},\"clientToken\":\"t2\"}");
    assert_string_equal(
        said(w, DEVICE "j1/update/accepted"),
        "{\"executionState\":{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"p\":\"40\"},"
        "\"versionNumber\":3},\"jobDocument\":{\"operation\":\"install\"},\"timestamp\":1700000005,"
        "\"clientToken\":\"t2\"}");
    say(w, DEVICE "j1/update", DONE);
    assert_string_equal(said(w, DEVICE "j1/update/accepted"), "{\"timestamp\":1700000005}");
    assert_string_equal(said(w, DEVICE "notify"), "{\"timestamp\":1700000005,\"jobs\":{}}");
    assert_string_equal(said(w, DEVICE "notify-next"), "{\"timestamp\":1700000005}");
    say(w, DEVICE "$next/get", "{}");
    assert_string_equal(said(w, DEVICE "$next/get/accepted"), "{\"timestamp\":1700000005}");
    say(w, DEVICE "start-next", "{}");
    assert_string_equal(said(w, DEVICE "start-next/accepted"), "{\"timestamp\":1700000005}");
}

/* 3.3: at most 10 entries in notify. */
static void long_lists(void **state)
{
    struct world *w = *state;
    char id[16];
    int count = 0;

    for (int i = 0; i < 14; i++) {
        snprintf(id, sizeof id, "job-%02d", i);
        create(w, id);
    }
    for (const char *p = said(w, DEVICE "notify"); (p = strstr(p, "\"jobId\"")) != NULL; p++)
        count++;
    assert_int_equal(count, 10);
    say(w, DEVICE "get", "{}");
    assert_says(w, DEVICE "get/accepted", "job-13");
}

/* 3.2: includeJobDocument, executionNumber. */
static void describe(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    say(w, DEVICE "j1/get", "{}");
    assert_says(w, DEVICE "j1/get/accepted", "\"jobDocument\":{");
    say(w, DEVICE "j1/get", "{\"includeJobDocument\":false,\"executionNumber\":1}");
    assert_lacks(w, DEVICE "j1/get/accepted", "jobDocument");
    say(w, DEVICE "j1/get", "{\"executionNumber\":2}");
    assert_says(w, DEVICE "j1/get/rejected", "\"code\":\"ResourceNotFound\"");
    /* 3.3 */
    say(w, DEVICE "j1/update", DONE);
    say(w, DEVICE "j1/get", "{\"clientToken\":\"t\"}");
    assert_string_equal(
        said(w, DEVICE "j1/get/rejected"),
        "{\"code\":\"TerminalStateReached\",\"message\":\"the execution has ended\","
        "\"timestamp\":1700000000,\"clientToken\":\"t\"}");
}

/* 3.3, 3.5: what is rejected, and as what. */
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
    struct world *w = *state;
    char topic[100], code[60];

    create(w, "j1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(topic, sizeof topic, DEVICE "%s", cases[i].call);
        say(w, topic, cases[i].payload);
        assert_int_equal(w->out.count, 1);
        snprintf(topic, sizeof topic, DEVICE "%s/rejected", cases[i].call);
        snprintf(code, sizeof code, "\"code\":\"%s\"", cases[i].code);
        assert_says(w, topic, code);
    }
    /* It has not changed. */
    say(w, DEVICE "j1/get", "{}");
    assert_says(w, DEVICE "j1/get/accepted", "\"versionNumber\":1,");
}

/* 3.5: names to 128 bytes, values to 1024 characters. */
static void longest_details(void **state)
{
    static char name[200], value[3000], payload[4000];
    struct world *w = *state;

    create(w, "j1");
    memset(name, 'n', 128);
    for (int i = 0; i < 1024; i++)
        memcpy(value + 2 * (size_t)i, "\xc3\xa4", 2);
    snprintf(payload, sizeof payload,
             "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"%s\":\"%s\"}}", name, value);
    say(w, DEVICE "j1/update", payload);
    said(w, DEVICE "j1/update/accepted");
    name[128] = 'n';
    snprintf(payload, sizeof payload,
             "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"%s\":\"\"}}", name);
    say(w, DEVICE "j1/update", payload);
    said(w, DEVICE "j1/update/rejected");
    snprintf(payload, sizeof payload,
             "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"a\":\"%s!\"}}", value);
    say(w, DEVICE "j1/update", payload);
    said(w, DEVICE "j1/update/rejected");
}

/* ---- 3.4 state machine -------------------------------------------------------------------------
 */

static void versions_and_details(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    say(w, DEVICE "j1/update",
        "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":\"1\",\"statusDetails\":{\"a\":\"1\"}}");
    said(w, DEVICE "j1/update/accepted");
    /* Omitted details stay; given ones replace them (3.2). */
    say(w, DEVICE "j1/update",
        "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":2,\"includeJobExecutionState\":true}");
    assert_says(w, DEVICE "j1/update/accepted",
                "\"statusDetails\":{\"a\":\"1\"},\"versionNumber\":3");
    say(w, DEVICE "j1/update",
        "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"b\":\"2\"},"
        "\"includeJobExecutionState\":true}");
    assert_says(w, DEVICE "j1/update/accepted", "\"statusDetails\":{\"b\":\"2\"}");
    /* 3.3: a mismatch carries the state. */
    say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"expectedVersion\":3}");
    assert_says(w, DEVICE "j1/update/rejected",
                "\"executionState\":{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"b\":\"2\"},"
                "\"versionNumber\":4}");
    /* 3.4: start-next does not touch the one in progress. */
    say(w, DEVICE "start-next", "{\"statusDetails\":{\"c\":\"3\"},\"stepTimeoutInMinutes\":1}");
    assert_says(w, DEVICE "start-next/accepted", "\"statusDetails\":{\"b\":\"2\"}");
    assert_says(w, DEVICE "start-next/accepted", "\"versionNumber\":4");
    assert_lacks(w, DEVICE "start-next/accepted", "approximateSeconds");
}

/* 3.4: what a device may do from where; nothing leaves a terminal state. */
static void moves(void **state)
{
    static const char *const ends[] = {"SUCCEEDED", "FAILED", "REJECTED"};
    struct world *w = *state;
    char id[16], topic[100], payload[100];

    for (size_t i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "job-%zu", i);
        create(w, id);
        snprintf(topic, sizeof topic, DEVICE "%s/update", id);
        if (i >= 3) /* from IN_PROGRESS; the others from QUEUED */
            say(w, topic, "{\"status\":\"IN_PROGRESS\"}");
        snprintf(payload, sizeof payload, "{\"status\":\"%s\"}", ends[i % 3]);
        say(w, topic, payload);
        snprintf(topic, sizeof topic, DEVICE "%s/update/accepted", id);
        said(w, topic);
        snprintf(topic, sizeof topic, DEVICE "%s/update", id);
        say(w, topic, "{\"status\":\"IN_PROGRESS\"}");
        snprintf(topic, sizeof topic, DEVICE "%s/update/rejected", id);
        assert_says(w, topic, "\"code\":\"InvalidStateTransition\"");
        snprintf(payload, sizeof payload, "\"executionState\":{\"status\":\"%s\"", ends[i % 3]);
        assert_says(w, topic, payload);
    }
}

/* 3.4: IN_PROGRESS before QUEUED, then by queue time; notify-next for another identity only, notify
   for what is added or leaves. */
static void order(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    create(w, "j2");
    assert_says(w, DEVICE "notify", "\"jobId\":\"j2\"");
    assert_silent(w, DEVICE "notify-next");
    say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\"}");
    assert_silent(w, DEVICE "notify");
    assert_says(w, DEVICE "notify-next", "\"jobId\":\"j2\"");
    say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"p\":\"1\"}}");
    assert_int_equal(w->out.count, 1);
    say(w, DEVICE "$next/get", "{}");
    assert_says(w, DEVICE "$next/get/accepted", "\"jobId\":\"j2\"");
    say(w, DEVICE "j2/update", DONE);
    assert_says(w, DEVICE "notify", "{\"QUEUED\":[{\"jobId\":\"j1\"");
    assert_says(w, DEVICE "notify-next", "\"jobId\":\"j1\"");
    say(w, DEVICE "start-next", "{}");
    assert_int_equal(w->out.count, 1);
    assert_says(w, DEVICE "start-next/accepted", "\"jobId\":\"j1\"");
}

/* 3.4: the step timer is set anew by each update that names it; the job's timer is not. */
static void timers(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "j1/create",
        "{\"targets\":[\"car-1\"],\"document\":{},"
        "\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":5}}");
    tick(w, NOW + 60 * MINUTE);
    assert_int_equal(w->out.count, 0); /* it starts with IN_PROGRESS */
    say(w, DEVICE "start-next", "{\"stepTimeoutInMinutes\":2}");
    assert_says(w, DEVICE "start-next/accepted", "\"approximateSecondsBeforeTimedOut\":120");
    w->now_ms += MINUTE;
    say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\"}");
    say(w, DEVICE "j1/get", "{}");
    assert_says(w, DEVICE "j1/get/accepted", "\"approximateSecondsBeforeTimedOut\":60");
    say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":10}");
    say(w, DEVICE "j1/get", "{}");
    assert_says(w, DEVICE "j1/get/accepted", "\"approximateSecondsBeforeTimedOut\":240");
    tick(w, NOW + 65 * MINUTE - 1);
    assert_int_equal(w->out.count, 0);
    tick(w, NOW + 65 * MINUTE);
    assert_says(w, DEVICE "notify", "\"jobs\":{}");
    said(w, DEVICE "notify-next");
    say(w, DEVICE "j1/update", DONE);
    assert_says(w, DEVICE "j1/update/rejected", "\"executionState\":{\"status\":\"TIMED_OUT\"");
    /* The step's. */
    create(w, "j2");
    say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}");
    tick(w, w->now_ms + MINUTE);
    say(w, OPERATOR "j2/executions/car-1/get", "");
    assert_says(w, OPERATOR "j2/executions/car-1/get/accepted", "\"status\":\"TIMED_OUT\"");
    assert_lacks(w, OPERATOR "j2/executions/car-1/get/accepted", "approximateSeconds");
    /* Late or not, whoever asks sees it. */
    create(w, "j3");
    say(w, DEVICE "j3/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}");
    w->now_ms += MINUTE;
    say(w, DEVICE "j3/update", DONE);
    assert_says(w, DEVICE "j3/update/rejected", "TIMED_OUT");
}

/* 3.4: retries apply to FAILED and TIMED_OUT, and make a new execution. */
static void retries(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "j1/create",
        "{\"targets\":[\"car-1\"],\"document\":{},\"jobExecutionsRetryConfig\":{\"criteriaList\":["
        "{\"failureType\":\"ALL\",\"numberOfRetries\":2}]}}");
    say(w, DEVICE "j1/update", "{\"status\":\"FAILED\"}");
    assert_says(w, DEVICE "notify-next", "\"executionNumber\":2");
    assert_says(w, DEVICE "notify-next", "\"versionNumber\":1");
    say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}");
    tick(w, w->now_ms + MINUTE);
    assert_says(w, DEVICE "notify-next", "\"executionNumber\":3");
    say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"executionNumber\":1}");
    assert_says(w, DEVICE "j1/update/rejected", "InvalidStateTransition");
    say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"executionNumber\":3}");
    assert_says(w, DEVICE "notify", "\"jobs\":{}");
    say(w, OPERATOR "j1/get", "");
    assert_says(w, OPERATOR "j1/get/accepted", "\"status\":\"COMPLETED\"");
    assert_says(w, OPERATOR "j1/get/accepted", "\"numberOfFailedThings\":1");
    /* Not to REJECTED. */
    say(w, OPERATOR "j2/create",
        "{\"targets\":[\"car-1\"],\"document\":{},\"jobExecutionsRetryConfig\":{\"criteriaList\":["
        "{\"failureType\":\"ALL\",\"numberOfRetries\":2}]}}");
    say(w, DEVICE "j2/update", "{\"status\":\"REJECTED\"}");
    assert_says(w, DEVICE "notify", "\"jobs\":{}");
}

/* 3.4: CANCELED by the operator, with force if it is in progress; REMOVED. */
static void cancelled(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "j1/create", "{\"targets\":[\"car-1\",\"car-2\"],\"document\":{}}");
    say(w, DEVICE "start-next", "{}");
    say(w, OPERATOR "j1/executions/car-1/cancel", "{}");
    assert_says(w, OPERATOR "j1/executions/car-1/cancel/rejected", "InvalidStateTransition");
    say(w, OPERATOR "j1/cancel", "{\"reasonCode\":\"BAD\",\"comment\":\"does not start\"}");
    assert_says(w, "$aws/things/car-2/jobs/notify", "\"jobs\":{}");
    assert_silent(w, DEVICE "notify");
    say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\"}");
    said(w, DEVICE "j1/update/accepted");
    say(w, OPERATOR "j1/cancel", "{\"force\":true}");
    said(w, DEVICE "notify-next");
    say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":3}");
    assert_says(w, DEVICE "j1/update/rejected", "\"code\":\"InvalidStateTransition\"");
    assert_says(w, DEVICE "j1/update/rejected", "\"executionState\":{\"status\":\"CANCELED\"");
    say(w, OPERATOR "j1/get", "{}");
    assert_says(w, OPERATOR "j1/get/accepted", "\"status\":\"CANCELED\"");
    assert_says(w, OPERATOR "j1/get/accepted", "\"forceCanceled\":true");
    assert_says(w, OPERATOR "j1/get/accepted", "\"numberOfCanceledThings\":2");
    create(w, "j2");
    say(w, DEVICE "start-next", "{}");
    say(w, OPERATOR "j2/executions/car-1/remove", "");
    assert_says(w, OPERATOR "j2/executions/car-1/remove/accepted", "\"jobId\":\"j2\"");
    assert_says(w, DEVICE "notify", "\"jobs\":{}");
    say(w, DEVICE "j2/update", DONE);
    assert_says(w, DEVICE "j2/update/rejected", "\"status\":\"REMOVED\"");
    say(w, OPERATOR "j2/cancel", "{}");
    assert_says(w, OPERATOR "j2/cancel/rejected", "InvalidStateTransition");
}

static void deleted(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    create(w, "j2");
    say(w, OPERATOR "j1/delete", "{}");
    assert_says(w, OPERATOR "j1/delete/rejected", "InvalidStateTransition");
    say(w, OPERATOR "j1/delete", "{\"force\":true}");
    said(w, OPERATOR "j1/delete/accepted");
    assert_says(w, DEVICE "notify-next", "\"jobId\":\"j2\"");
    say(w, DEVICE "j1/update", DONE);
    assert_says(w, DEVICE "j1/update/rejected", "ResourceNotFound");
    say(w, OPERATOR "j1/get", "");
    assert_says(w, OPERATOR "j1/get/rejected", "ResourceNotFound");
    say(w, DEVICE "j2/update", DONE);
    say(w, OPERATOR "j2/delete", "{}");
    said(w, OPERATOR "j2/delete/accepted");
    assert_int_equal(job_service_count(&w->service), 0);
    say(w, OPERATOR "j2/delete", "{}");
    assert_says(w, OPERATOR "j2/delete/rejected", "ResourceNotFound");
}

/* ---- operators ---------------------------------------------------------------------------------
 */

/* 3.5, and what CreateJob wants. */
#define WITH(more)      "{\"targets\":[\"a\"],\"document\":{}," more "}"
#define ABORT(criteria) WITH("\"abortConfig\":{\"criteriaList\":[{" criteria "}]}")
#define RETRY(criteria) WITH("\"jobExecutionsRetryConfig\":{\"criteriaList\":[{" criteria "}]}")
#define ROLLOUT(config) WITH("\"jobExecutionsRolloutConfig\":{" config "}")

static void created(void **state)
{
    static const struct {
        const char *payload, *error;
    } cases[] = {
        {"{",                                                                "InvalidJson"      },
        {"{\"document\":{}}",                                                "targets"          },
        {"{\"targets\":[],\"document\":{}}",                                 "targets"          },
        {"{\"targets\":[\"a b\"],\"document\":{}}",                          "targets"          },
        {"{\"targets\":[\"arn:aws:iot:x:1:thinggroup/g\"],\"document\":{}}", "no group g"       },
        {"{\"targets\":[\"a\"]}",                                            "document"         },
        {"{\"targets\":[\"a\"],\"document\":\"no JSON\"}",                   "document"         },
        {"{\"targets\":[\"a\"],\"document\":[]}",                            "document"         },
        {WITH("\"targetSelection\":\"SOMETIMES\""),                          "targetSelection"  },
        {WITH("\"description\":1"),                                          "description"      },
        {WITH("\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":0}"),       "inProgressTimeout"},
        {WITH("\"abortConfig\":{}"),                                         "criteriaList"     },
        {ROLLOUT("\"maximumPerMinute\":1001"),                               "maximumPerMinute" },
        {ROLLOUT("\"exponentialRate\":{}"),                                  "exponentialRate"  },
        {ABORT(""),                                                          "failureType"      },
        {ABORT("\"failureType\":\"FAILED\""),                                "action"           },
        {ABORT("\"failureType\":\"FAILED\",\"action\":\"CANCEL\""),          "threshold"        },
        {RETRY("\"failureType\":\"REJECTED\""),                              "failureType"      },
        {RETRY("\"failureType\":\"FAILED\",\"numberOfRetries\":11"),         "numberOfRetries"  },
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(w, OPERATOR "j1/create", cases[i].payload);
        assert_int_equal(w->out.count, 1);
        assert_says(w, OPERATOR "j1/create/rejected", cases[i].error);
    }
    assert_int_equal(job_service_count(&w->service), 0);
    /* A document as text, targets as ARNs, and twice the same. */
    say(w, OPERATOR "j1/create",
        "{\"targets\":[\"arn:aws:iot:eu-west-1:1:thing/car-1\",\"car-1\"],\"document\":"
        "\"{\\\"a\\\":1}\",\"description\":\"d\"}");
    assert_says(w, DEVICE "notify-next", "\"jobDocument\":{\"a\":1}");
    say(w, OPERATOR "j1/get", "");
    assert_says(w, OPERATOR "j1/get/accepted", "\"numberOfTargets\":1");
    assert_says(w, OPERATOR "j1/get/accepted", "\"description\":\"d\"");
}

/* 3.5: a document of 32 KB and no more. */
static void longest_document(void **state)
{
    static char payload[33000];
    struct world *w = *state;
    int head = snprintf(payload, sizeof payload, "{\"targets\":[\"car-1\"],\"document\":{\"a\":\"");
    size_t fill = 32768 - strlen("{\"a\":\"\"}");

    memset(payload + head, 'x', fill);
    memcpy(payload + head + fill, "\"}}", 4);
    say(w, OPERATOR "j1/create", payload);
    said(w, OPERATOR "j1/create/accepted");
    memcpy(payload + head + fill, "x\"}}", 5);
    say(w, OPERATOR "j2/create", payload);
    assert_says(w, OPERATOR "j2/create/rejected", "LimitExceeded");
}

static void created_twice(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    say(w, OPERATOR "j1/create", CREATE);
    assert_int_equal(w->out.count, 1);
    said(w, OPERATOR "j1/create/accepted");
    say(w, OPERATOR "j1/create", "{\"targets\":[\"car-2\"],\"document\":{}}");
    assert_says(w, OPERATOR "j1/create/rejected", "ResourceAlreadyExists");
}

static void lists(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "j1/create", "{\"targets\":[\"a\",\"b\",\"c\"],\"document\":{}}");
    create(w, "j2");
    say(w, "$aws/things/b/jobs/j1/update",
        "{\"status\":\"FAILED\",\"statusDetails\":{\"reason\":\"x\"}}");
    say(w, OPERATOR "j1/executions", "{\"maxResults\":2,\"clientToken\":\"t\"}");
    assert_says(w, OPERATOR "j1/executions/accepted", "\"thingName\":\"b\",\"status\":\"FAILED\"");
    assert_says(w, OPERATOR "j1/executions/accepted", "\"nextToken\":\"2\"");
    assert_says(w, OPERATOR "j1/executions/accepted", "\"clientToken\":\"t\"");
    say(w, OPERATOR "j1/executions", "{\"nextToken\":\"2\"}");
    assert_says(w, OPERATOR "j1/executions/accepted", "{\"executions\":[{\"jobId\":\"j1\",");
    assert_says(w, OPERATOR "j1/executions/accepted", "\"thingName\":\"c\"");
    assert_lacks(w, OPERATOR "j1/executions/accepted", "nextToken");
    say(w, OPERATOR "j1/executions", "{\"status\":\"QUEUED\"}");
    assert_lacks(w, OPERATOR "j1/executions/accepted", "\"thingName\":\"b\"");
    say(w, OPERATOR "j1/executions", "{\"status\":\"HAPPY\"}");
    assert_says(w, OPERATOR "j1/executions/rejected", "InvalidRequest");
    say(w, OPERATOR "list", "{\"maxResults\":1}");
    assert_says(w, OPERATOR "list/accepted", "\"jobId\":\"j1\"");
    assert_says(w, OPERATOR "list/accepted", "\"nextToken\":\"1\"");
    say(w, OPERATOR "list", "{\"nextToken\":\"1\"}");
    assert_says(w, OPERATOR "list/accepted", "{\"jobs\":[{\"jobId\":\"j2\"");
    say(w, OPERATOR "list", "{\"maxResults\":0}");
    said(w, OPERATOR "list/rejected");
}

/* ---- waves -------------------------------------------------------------------------------------
 */

static void roll_out(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "j1/create",
        "{\"targets\":[\"a\",\"b\",\"c\",\"d\"],\"document\":{},"
        "\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":2}}");
    said(w, "$aws/things/a/jobs/notify-next");
    assert_silent(w, "$aws/things/b/jobs/notify-next");
    tick(w, NOW + 29999);
    assert_int_equal(w->out.count, 0);
    tick(w, NOW + 30000);
    said(w, "$aws/things/b/jobs/notify-next");
    assert_silent(w, "$aws/things/c/jobs/notify-next");
    tick(w, NOW + 90000);
    said(w, "$aws/things/c/jobs/notify-next");
    said(w, "$aws/things/d/jobs/notify-next");
    tick(w, NOW + 10 * MINUTE);
    assert_int_equal(w->out.count, 0);
}

static void abort_threshold(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "j1/create",
        "{\"targets\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"document\":{},\"abortConfig\":{"
        "\"criteriaList\":[{\"failureType\":\"FAILED\",\"action\":\"CANCEL\","
        "\"thresholdPercentage\":50,\"minNumberOfExecutedThings\":3}]}}");
    say(w, "$aws/things/a/jobs/j1/update", "{\"status\":\"FAILED\"}");
    say(w, "$aws/things/b/jobs/j1/update", DONE);
    say(w, "$aws/things/d/jobs/j1/update", "{\"status\":\"IN_PROGRESS\"}");
    say(w, OPERATOR "j1/get", "");
    assert_says(w, OPERATOR "j1/get/accepted", "\"status\":\"IN_PROGRESS\"");
    say(w, "$aws/things/c/jobs/j1/update", "{\"status\":\"FAILED\"}");
    assert_says(w, "$aws/things/e/jobs/notify", "\"jobs\":{}");
    assert_silent(w, "$aws/things/d/jobs/notify");
    say(w, OPERATOR "j1/get", "");
    assert_says(w, OPERATOR "j1/get/accepted", "\"status\":\"CANCELED\"");
    assert_says(w, OPERATOR "j1/get/accepted", "ABORT_THRESHOLD_REACHED");
    assert_says(w, OPERATOR "j1/get/accepted", "\"numberOfInProgressThings\":1");
}

/* ---- 3.6 events --------------------------------------------------------------------------------
 */

static void events(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    say(w, DEVICE "j1/update", DONE);
    assert_silent(w, "$aws/events/job/j1/completed");
    say(w, OPERATOR "events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    said(w, OPERATOR "events/accepted");
    create(w, "j2");
    say(w, DEVICE "j2/update", "{\"status\":\"SUCCEEDED\",\"statusDetails\":{\"version\":\"2\"}}");
    assert_says(w, "$aws/events/jobExecution/j2/succeeded", "{\"eventType\":\"JOB_EXECUTION\",");
    assert_says(w, "$aws/events/jobExecution/j2/succeeded",
                "\"timestamp\":1700000000,\"operation\":\"succeeded\",\"jobId\":\"j2\","
                "\"thingArn\":\"arn:aws:iot:local:000000000000:thing/car-1\","
                "\"status\":\"SUCCEEDED\",\"statusDetails\":{\"version\":\"2\"}}");
    assert_says(w, "$aws/events/job/j2/completed",
                "\"operation\":\"completed\",\"jobId\":\"j2\",\"status\":\"COMPLETED\","
                "\"targetSelection\":\"SNAPSHOT\",\"targets\":[\"arn:aws:iot:local:000000000000:"
                "thing/car-1\"],\"description\":\"\",\"completedAt\":1700000000000,\"createdAt\":"
                "1700000000000,\"lastUpdatedAt\":1700000000000,\"jobProcessDetails\":{");
    assert_says(w, "$aws/events/job/j2/completed", "\"numberOfSucceededThings\":1");
    create(w, "j3");
    say(w, OPERATOR "j3/cancel", "{\"comment\":\"no\"}");
    assert_says(w, "$aws/events/job/j3/cancellation_in_progress", "\"comment\":\"no\"");
    assert_lacks(w, "$aws/events/job/j3/cancellation_in_progress", "jobProcessDetails");
    assert_says(w, "$aws/events/job/j3/canceled", "\"numberOfCanceledThings\":1");
    said(w, "$aws/events/jobExecution/j3/canceled");
    say(w, OPERATOR "j3/delete", "{}");
    said(w, "$aws/events/job/j3/deletion_in_progress");
    said(w, "$aws/events/job/j3/deleted");
    said(w, "$aws/events/jobExecution/j3/deleted");
    create(w, "j4");
    say(w, DEVICE "start-next", "{\"stepTimeoutInMinutes\":1}");
    tick(w, NOW + MINUTE);
    said(w, "$aws/events/jobExecution/j4/timed_out");
    create(w, "j5");
    say(w, OPERATOR "j5/executions/car-1/remove", "{}");
    said(w, "$aws/events/jobExecution/j5/removed");
    say(w, OPERATOR "events", "{\"JOB\":false}");
    create(w, "j6");
    say(w, DEVICE "j6/update", "{\"status\":\"FAILED\"}");
    said(w, "$aws/events/jobExecution/j6/failed");
    create(w, "j7");
    say(w, DEVICE "j7/update", "{\"status\":\"REJECTED\"}");
    said(w, "$aws/events/jobExecution/j7/rejected");
    assert_silent(w, "$aws/events/job/j6/completed");
}

/* ---- memory ------------------------------------------------------------------------------------
 */

static void load(struct job_service *s, const char *lines)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        cJSON *record = json_parse(slice_of(lines, len), 40);
        assert_non_null(record);
        if (!job_service_load(s, record))
            fail_msg("not taken: %.*s", (int)len, lines);
        cJSON_Delete(record);
        lines += len + 1;
    }
}

/* What a broker's restart leaves is what there was, to the byte, and nothing is told again. */
static void survives(void **state)
{
    struct world *w = *state;
    struct text before, after;

    say(w, OPERATOR "events", "{\"JOB_EXECUTION\":true}");
    say(w, OPERATOR "j1/create",
        "{\"targets\":[\"car-1\",\"a\",\"b\"],\"document\":{\"x\":[1,{\"y\":2}]},"
        "\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":2},\"jobExecutionsRetryConfig\":{"
        "\"criteriaList\":[{\"failureType\":\"FAILED\",\"numberOfRetries\":1}]},"
        "\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":9}}");
    create(w, "j2");
    say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"statusDetails\":{\"r\":\"1\"}}");
    say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":3}");
    say(w, OPERATOR "j1/cancel", "{\"reasonCode\":\"R\",\"comment\":\"c\"}");
    text_init(&before);
    job_service_save(&w->service, &before);
    job_service_done(&w->service);
    job_service_init(&w->service);
    load(&w->service, before.data);
    tick(w, NOW + 1000);
    assert_int_equal(w->out.count, 0);
    text_init(&after);
    job_service_save(&w->service, &after);
    assert_string_equal(after.data, before.data);
    text_done(&before);
    text_done(&after);
    say(w, DEVICE "$next/get", "{}");
    assert_says(w, DEVICE "$next/get/accepted", "\"jobId\":\"j2\"");
    assert_says(w, DEVICE "$next/get/accepted", "\"approximateSecondsBeforeTimedOut\":179");
    tick(w, NOW + 3 * MINUTE);
    said(w, "$aws/events/jobExecution/j2/timed_out");
}

static void bad_records(void **state)
{
    static const char *const records[] = {
        "{\"job\":\"a b\",\"source\":{\"targets\":[\"t\"],\"document\":{}}}",
        "{\"job\":\"x\",\"source\":{}}",
        "{\"job\":\"x\",\"source\":{\"targets\":[\"t\"],\"document\":{}},\"state\":9}",
        "{\"jobExecution\":\"none\",\"target\":0,\"number\":1,\"status\":\"QUEUED\"}",
        "{\"jobExecution\":\"j1\",\"target\":7,\"number\":2,\"status\":\"QUEUED\"}",
        "{\"jobExecution\":\"j1\",\"target\":0,\"number\":1,\"status\":\"QUEUED\"}",
        "{\"jobExecution\":\"j1\",\"target\":0,\"number\":2,\"status\":\"?\"}",
        "{\"jobEvents\":0}",
        "{}",
    };
    struct world *w = *state;

    create(w, "j1");
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        cJSON *record = json_parse(slice_str(records[i]), 40);
        if (job_service_load(&w->service, record))
            fail_msg("%s", records[i]);
        cJSON_Delete(record);
    }
}

static void forgotten(void **state)
{
    struct world *w = *state;

    create(w, "j1");
    create(w, "j2");
    say(w, DEVICE "j1/update", DONE);
    job_service_sweep(&w->service, NOW + 7 * DAY - 1);
    assert_int_equal(job_service_count(&w->service), 2);
    job_service_sweep(&w->service, NOW + 7 * DAY);
    assert_int_equal(job_service_count(&w->service), 1);
}

/* Contract 3.7: placeholders are replaced whenever the document is handed out, not before. */
static void presigned_urls(void **state)
{
    static const char document[] =
        "{\"targets\":[\"car-1\"],\"presignedUrlConfig\":{\"expiresInSec\":120},\"document\":"
        "{\"url\":\"${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/a.bin}\"}}";
    struct world *w = *state;
    struct presign *p = &w->service.presign;

    snprintf(p->base, sizeof p->base, "https://x");
    say(w, OPERATOR "j1/create", document);
    tick(w, NOW);
    say(w, DEVICE "$next/get", "{}");
    assert_says(w, DEVICE "$next/get/accepted",
                "\"url\":\"https://x/a.bin?X-Amz-Date=20231114T221320Z&");
    assert_says(w, DEVICE "$next/get/accepted", "X-Amz-Expires=120&");
    w->now_ms += MINUTE;
    say(w, DEVICE "start-next", "{}");
    assert_says(w, DEVICE "start-next/accepted", "X-Amz-Date=20231114T221420Z&");
    say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"includeJobDocument\":true}");
    assert_says(w, DEVICE "j1/update/accepted", "\"jobDocument\":{\"url\":\"https://x/a.bin?");
    say(w, OPERATOR "j1/get", "{}");
    assert_says(w, OPERATOR "j1/get/accepted", "\"url\":\"${aws:iot:s3-presigned-url:");
    say(w, OPERATOR "j2/create",
        "{\"targets\":[\"car-1\"],\"document\":{},\"presignedUrlConfig\":{\"expiresInSec\":30}}");
    assert_says(w, OPERATOR "j2/create/rejected", "expiresInSec: a whole number from 60 to 3600");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        TEST(answers_go_to_the_asker),
        TEST(documents),
        TEST(long_lists),
        TEST(describe),
        TEST(rejected),
        TEST(longest_details),
        TEST(versions_and_details),
        TEST(moves),
        TEST(order),
        TEST(timers),
        TEST(retries),
        TEST(cancelled),
        TEST(deleted),
        TEST(created),
        TEST(longest_document),
        TEST(created_twice),
        TEST(lists),
        TEST(roll_out),
        TEST(abort_threshold),
        TEST(events),
        TEST(survives),
        TEST(bad_records),
        TEST(forgotten),
        TEST(presigned_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
