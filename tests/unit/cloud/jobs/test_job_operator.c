/* What operators ask of jobs, and how a job rolls out: contract 3.4 and 3.5. */
#include <stdio.h>
#include <string.h>

#include "support/job_world.h"

static void deleted(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    create_job(w, "j2");
    job_say(w, OPERATOR "j1/delete", "{}");
    assert_says(&w->out, OPERATOR "j1/delete/rejected", "InvalidStateTransition");
    job_say(w, OPERATOR "j1/delete", "{\"force\":true}");
    said(&w->out, OPERATOR "j1/delete/accepted");
    assert_says(&w->out, DEVICE "notify-next", "\"jobId\":\"j2\"");
    job_say(w, DEVICE "j1/update", DONE);
    assert_says(&w->out, DEVICE "j1/update/rejected", "ResourceNotFound");
    job_say(w, OPERATOR "j1/get", "");
    assert_says(&w->out, OPERATOR "j1/get/rejected", "ResourceNotFound");
    job_say(w, DEVICE "j2/update", DONE);
    job_say(w, OPERATOR "j2/delete", "{}");
    said(&w->out, OPERATOR "j2/delete/accepted");
    assert_int_equal(job_service_count(&w->service), 0);
    job_say(w, OPERATOR "j2/delete", "{}");
    assert_says(&w->out, OPERATOR "j2/delete/rejected", "ResourceNotFound");
}

#define WITH(more)      "{\"targets\":[\"a\"],\"document\":{}," more "}"
#define ABORT(criteria) WITH("\"abortConfig\":{\"criteriaList\":[{" criteria "}]}")
#define RETRY(criteria) WITH("\"jobExecutionsRetryConfig\":{\"criteriaList\":[{" criteria "}]}")
#define ROLLOUT(config) WITH("\"jobExecutionsRolloutConfig\":{" config "}")

/* contract 3.5: up to 1000 things a minute; and what CreateJob wants. */
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
    struct job_world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_say(w, OPERATOR "j1/create", cases[i].payload);
        assert_int_equal(w->out.count, 1);
        assert_says(&w->out, OPERATOR "j1/create/rejected", cases[i].error);
    }
    assert_int_equal(job_service_count(&w->service), 0);
    /* A document as text, targets as ARNs, and twice the same. */
    job_say(w, OPERATOR "j1/create",
            "{\"targets\":[\"arn:aws:iot:eu-west-1:1:thing/car-1\",\"car-1\"],\"document\":"
            "\"{\\\"a\\\":1}\",\"description\":\"d\"}");
    assert_says(&w->out, DEVICE "notify-next", "\"jobDocument\":{\"a\":1}");
    job_say(w, OPERATOR "j1/get", "");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"numberOfTargets\":1");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"description\":\"d\"");
}

/* contract 3.5: a document of 32 KB and no more. */
static void longest_document(void **state)
{
    static char payload[33000];
    struct job_world *w = *state;
    int head = snprintf(payload, sizeof payload, "{\"targets\":[\"car-1\"],\"document\":{\"a\":\"");
    size_t fill = 32768 - strlen("{\"a\":\"\"}");

    memset(payload + head, 'x', fill);
    memcpy(payload + head + fill, "\"}}", 4);
    job_say(w, OPERATOR "j1/create", payload);
    said(&w->out, OPERATOR "j1/create/accepted");
    memcpy(payload + head + fill, "x\"}}", 5);
    job_say(w, OPERATOR "j2/create", payload);
    assert_says(&w->out, OPERATOR "j2/create/rejected", "LimitExceeded");
}

static void created_twice(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    job_say(w, OPERATOR "j1/create", CREATE);
    assert_int_equal(w->out.count, 1);
    said(&w->out, OPERATOR "j1/create/accepted");
    job_say(w, OPERATOR "j1/create", "{\"targets\":[\"car-2\"],\"document\":{}}");
    assert_says(&w->out, OPERATOR "j1/create/rejected", "ResourceAlreadyExists");
}

static void lists(void **state)
{
    struct job_world *w = *state;

    job_say(w, OPERATOR "j1/create", "{\"targets\":[\"a\",\"b\",\"c\"],\"document\":{}}");
    create_job(w, "j2");
    job_say(w, "$aws/things/b/jobs/j1/update",
            "{\"status\":\"FAILED\",\"statusDetails\":{\"reason\":\"x\"}}");
    job_say(w, OPERATOR "j1/executions", "{\"maxResults\":2,\"clientToken\":\"t\"}");
    assert_says(&w->out, OPERATOR "j1/executions/accepted",
                "\"thingName\":\"b\",\"status\":\"FAILED\"");
    assert_says(&w->out, OPERATOR "j1/executions/accepted", "\"nextToken\":\"2\"");
    assert_says(&w->out, OPERATOR "j1/executions/accepted", "\"clientToken\":\"t\"");
    job_say(w, OPERATOR "j1/executions", "{\"nextToken\":\"2\"}");
    assert_says(&w->out, OPERATOR "j1/executions/accepted", "{\"executions\":[{\"jobId\":\"j1\",");
    assert_says(&w->out, OPERATOR "j1/executions/accepted", "\"thingName\":\"c\"");
    assert_lacks(&w->out, OPERATOR "j1/executions/accepted", "nextToken");
    job_say(w, OPERATOR "j1/executions", "{\"status\":\"QUEUED\"}");
    assert_lacks(&w->out, OPERATOR "j1/executions/accepted", "\"thingName\":\"b\"");
    job_say(w, OPERATOR "j1/executions", "{\"status\":\"HAPPY\"}");
    assert_says(&w->out, OPERATOR "j1/executions/rejected", "InvalidRequest");
    job_say(w, OPERATOR "list", "{\"maxResults\":1}");
    assert_says(&w->out, OPERATOR "list/accepted", "\"jobId\":\"j1\"");
    assert_says(&w->out, OPERATOR "list/accepted", "\"nextToken\":\"1\"");
    job_say(w, OPERATOR "list", "{\"nextToken\":\"1\"}");
    assert_says(&w->out, OPERATOR "list/accepted", "{\"jobs\":[{\"jobId\":\"j2\"");
    job_say(w, OPERATOR "list", "{\"maxResults\":0}");
    said(&w->out, OPERATOR "list/rejected");
}

static void roll_out(void **state)
{
    struct job_world *w = *state;

    job_say(w, OPERATOR "j1/create",
            "{\"targets\":[\"a\",\"b\",\"c\",\"d\"],\"document\":{},"
            "\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":2}}");
    said(&w->out, "$aws/things/a/jobs/notify-next");
    assert_silent(&w->out, "$aws/things/b/jobs/notify-next");
    job_tick(w, NOW + 29999);
    assert_int_equal(w->out.count, 0);
    job_tick(w, NOW + 30000);
    said(&w->out, "$aws/things/b/jobs/notify-next");
    assert_silent(&w->out, "$aws/things/c/jobs/notify-next");
    job_tick(w, NOW + 90000);
    said(&w->out, "$aws/things/c/jobs/notify-next");
    said(&w->out, "$aws/things/d/jobs/notify-next");
    job_tick(w, NOW + 10 * MINUTE);
    assert_int_equal(w->out.count, 0);
}

static void abort_threshold(void **state)
{
    struct job_world *w = *state;

    job_say(w, OPERATOR "j1/create",
            "{\"targets\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"document\":{},\"abortConfig\":{"
            "\"criteriaList\":[{\"failureType\":\"FAILED\",\"action\":\"CANCEL\","
            "\"thresholdPercentage\":50,\"minNumberOfExecutedThings\":3}]}}");
    job_say(w, "$aws/things/a/jobs/j1/update", "{\"status\":\"FAILED\"}");
    job_say(w, "$aws/things/b/jobs/j1/update", DONE);
    job_say(w, "$aws/things/d/jobs/j1/update", "{\"status\":\"IN_PROGRESS\"}");
    job_say(w, OPERATOR "j1/get", "");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"status\":\"IN_PROGRESS\"");
    job_say(w, "$aws/things/c/jobs/j1/update", "{\"status\":\"FAILED\"}");
    assert_says(&w->out, "$aws/things/e/jobs/notify", "\"jobs\":{}");
    assert_silent(&w->out, "$aws/things/d/jobs/notify");
    job_say(w, OPERATOR "j1/get", "");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"status\":\"CANCELED\"");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "ABORT_THRESHOLD_REACHED");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"numberOfInProgressThings\":1");
}

/* contract 3.4: "Range 1–10080 min for both" timers; the step's is in job_messages. */
static void times_of_timers(void **state)
{
    static const struct {
        const char *minutes;
        bool good;
    } cases[] = {
        {"0",     false},
        {"1",     true },
        {"10080", true },
        {"10081", false},
        {"1.5",   false},
    };
    struct job_world *w = *state;
    char payload[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(payload, sizeof payload,
                 "{\"targets\":[\"car-1\"],\"document\":{},\"timeoutConfig\":{"
                 "\"inProgressTimeoutInMinutes\":%s}}",
                 cases[i].minutes);
        job_say(w, OPERATOR "j1/create", payload);
        said(&w->out,
             cases[i].good ? OPERATOR "j1/create/accepted" : OPERATOR "j1/create/rejected");
        if (cases[i].good)
            job_say(w, OPERATOR "j1/delete", "{\"force\":true}");
        snprintf(payload, sizeof payload, "{\"stepTimeoutInMinutes\":%s}", cases[i].minutes);
        job_say(w, DEVICE "start-next", payload);
        said(&w->out, cases[i].good ? DEVICE "start-next/accepted" : DEVICE "start-next/rejected");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(deleted),         WITH_JOBS(created),         WITH_JOBS(longest_document),
        WITH_JOBS(created_twice),   WITH_JOBS(lists),           WITH_JOBS(roll_out),
        WITH_JOBS(abort_threshold), WITH_JOBS(times_of_timers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
