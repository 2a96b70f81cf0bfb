/* The state machine of job executions: contract 3.4. */
#include <stdio.h>
#include <string.h>

#include "support/job_world.h"

/* contract 3.4: versions count changes, and start-next leaves one in progress as it is;
 * contract 3.2: expectedVersion, statusDetails; contract 3.3: a mismatch carries the state. */
static void versions_and_details(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    job_say(
        w, DEVICE "j1/update",
        "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":\"1\",\"statusDetails\":{\"a\":\"1\"}}");
    said(&w->out, DEVICE "j1/update/accepted");
    /* Omitted details stay; given ones replace them (3.2). */
    job_say(w, DEVICE "j1/update",
            "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":2,\"includeJobExecutionState\":true}");
    assert_says(&w->out, DEVICE "j1/update/accepted",
                "\"statusDetails\":{\"a\":\"1\"},\"versionNumber\":3");
    job_say(w, DEVICE "j1/update",
            "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"b\":\"2\"},"
            "\"includeJobExecutionState\":true}");
    assert_says(&w->out, DEVICE "j1/update/accepted", "\"statusDetails\":{\"b\":\"2\"}");
    /* 3.3: a mismatch carries the state. */
    job_say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"expectedVersion\":3}");
    assert_says(&w->out, DEVICE "j1/update/rejected",
                "\"executionState\":{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"b\":\"2\"},"
                "\"versionNumber\":4}");
    /* 3.4: start-next does not touch the one in progress. */
    job_say(w, DEVICE "start-next", "{\"statusDetails\":{\"c\":\"3\"},\"stepTimeoutInMinutes\":1}");
    assert_says(&w->out, DEVICE "start-next/accepted", "\"statusDetails\":{\"b\":\"2\"}");
    assert_says(&w->out, DEVICE "start-next/accepted", "\"versionNumber\":4");
    assert_lacks(&w->out, DEVICE "start-next/accepted", "approximateSeconds");
}

/* contract 3.4: what a device may do from where; nothing leaves a terminal state, and contract 3.3:
 * who tries is told the state. */
static void moves(void **state)
{
    static const char *const ends[] = {"SUCCEEDED", "FAILED", "REJECTED"};
    struct job_world *w = *state;
    char id[16], topic[100], payload[100];

    for (size_t i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "job-%zu", i);
        create_job(w, id);
        snprintf(topic, sizeof topic, DEVICE "%s/update", id);
        if (i >= 3) /* from IN_PROGRESS; the others from QUEUED */
            job_say(w, topic, "{\"status\":\"IN_PROGRESS\"}");
        snprintf(payload, sizeof payload, "{\"status\":\"%s\"}", ends[i % 3]);
        job_say(w, topic, payload);
        snprintf(topic, sizeof topic, DEVICE "%s/update/accepted", id);
        said(&w->out, topic);
        snprintf(topic, sizeof topic, DEVICE "%s/update", id);
        job_say(w, topic, "{\"status\":\"IN_PROGRESS\"}");
        snprintf(topic, sizeof topic, DEVICE "%s/update/rejected", id);
        assert_says(&w->out, topic, "\"code\":\"InvalidStateTransition\"");
        snprintf(payload, sizeof payload, "\"executionState\":{\"status\":\"%s\"", ends[i % 3]);
        assert_says(&w->out, topic, payload);
    }
}

/* contract 3.4: IN_PROGRESS before QUEUED, then by queue time; notify-next for another identity
 * only, notify for what is added or leaves. */
static void order(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    create_job(w, "j2");
    assert_says(&w->out, DEVICE "notify", "\"jobId\":\"j2\"");
    assert_silent(&w->out, DEVICE "notify-next");
    job_say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\"}");
    assert_silent(&w->out, DEVICE "notify");
    assert_says(&w->out, DEVICE "notify-next", "\"jobId\":\"j2\"");
    job_say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\",\"statusDetails\":{\"p\":\"1\"}}");
    assert_int_equal(w->out.count, 1);
    job_say(w, DEVICE "$next/get", "{}");
    assert_says(&w->out, DEVICE "$next/get/accepted", "\"jobId\":\"j2\"");
    job_say(w, DEVICE "j2/update", DONE);
    assert_says(&w->out, DEVICE "notify", "{\"QUEUED\":[{\"jobId\":\"j1\"");
    assert_says(&w->out, DEVICE "notify-next", "\"jobId\":\"j1\"");
    job_say(w, DEVICE "start-next", "{}");
    assert_int_equal(w->out.count, 1);
    assert_says(&w->out, DEVICE "start-next/accepted", "\"jobId\":\"j1\"");
}

/* contract 3.4: the step timer is set anew by each update that names it; the job's timer is not.
 * Both end in TIMED_OUT. */
static void timers(void **state)
{
    struct job_world *w = *state;

    job_say(w, OPERATOR "j1/create",
            "{\"targets\":[\"car-1\"],\"document\":{},"
            "\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":5}}");
    job_tick(w, NOW + 60 * MINUTE);
    assert_int_equal(w->out.count, 0); /* it starts with IN_PROGRESS */
    job_say(w, DEVICE "start-next", "{\"stepTimeoutInMinutes\":2}");
    assert_says(&w->out, DEVICE "start-next/accepted", "\"approximateSecondsBeforeTimedOut\":120");
    w->now_ms += MINUTE;
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\"}");
    job_say(w, DEVICE "j1/get", "{}");
    assert_says(&w->out, DEVICE "j1/get/accepted", "\"approximateSecondsBeforeTimedOut\":60");
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":10}");
    job_say(w, DEVICE "j1/get", "{}");
    assert_says(&w->out, DEVICE "j1/get/accepted", "\"approximateSecondsBeforeTimedOut\":240");
    job_tick(w, NOW + 65 * MINUTE - 1);
    assert_int_equal(w->out.count, 0);
    job_tick(w, NOW + 65 * MINUTE);
    assert_says(&w->out, DEVICE "notify", "\"jobs\":{}");
    said(&w->out, DEVICE "notify-next");
    job_say(w, DEVICE "j1/update", DONE);
    assert_says(&w->out, DEVICE "j1/update/rejected",
                "\"executionState\":{\"status\":\"TIMED_OUT\"");
    /* The step's. */
    create_job(w, "j2");
    job_say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}");
    job_tick(w, w->now_ms + MINUTE);
    job_say(w, OPERATOR "j2/executions/car-1/get", "");
    assert_says(&w->out, OPERATOR "j2/executions/car-1/get/accepted", "\"status\":\"TIMED_OUT\"");
    assert_lacks(&w->out, OPERATOR "j2/executions/car-1/get/accepted", "approximateSeconds");
    /* Late or not, whoever asks sees it. */
    create_job(w, "j3");
    job_say(w, DEVICE "j3/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}");
    w->now_ms += MINUTE;
    job_say(w, DEVICE "j3/update", DONE);
    assert_says(&w->out, DEVICE "j3/update/rejected", "TIMED_OUT");
}

/* contract 3.4: retries apply to FAILED and TIMED_OUT, and make a new execution. */
static void retries(void **state)
{
    struct job_world *w = *state;

    job_say(
        w, OPERATOR "j1/create",
        "{\"targets\":[\"car-1\"],\"document\":{},\"jobExecutionsRetryConfig\":{\"criteriaList\":["
        "{\"failureType\":\"ALL\",\"numberOfRetries\":2}]}}");
    job_say(w, DEVICE "j1/update", "{\"status\":\"FAILED\"}");
    assert_says(&w->out, DEVICE "notify-next", "\"executionNumber\":2");
    assert_says(&w->out, DEVICE "notify-next", "\"versionNumber\":1");
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}");
    job_tick(w, w->now_ms + MINUTE);
    assert_says(&w->out, DEVICE "notify-next", "\"executionNumber\":3");
    job_say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"executionNumber\":1}");
    assert_says(&w->out, DEVICE "j1/update/rejected", "InvalidStateTransition");
    job_say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"executionNumber\":3}");
    assert_says(&w->out, DEVICE "notify", "\"jobs\":{}");
    job_say(w, OPERATOR "j1/get", "");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"status\":\"COMPLETED\"");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"numberOfFailedThings\":1");
    /* Not to REJECTED. */
    job_say(
        w, OPERATOR "j2/create",
        "{\"targets\":[\"car-1\"],\"document\":{},\"jobExecutionsRetryConfig\":{\"criteriaList\":["
        "{\"failureType\":\"ALL\",\"numberOfRetries\":2}]}}");
    job_say(w, DEVICE "j2/update", "{\"status\":\"REJECTED\"}");
    assert_says(&w->out, DEVICE "notify", "\"jobs\":{}");
}

/* contract 3.4: CANCELED by the operator, with force if it is in progress; REMOVED. */
static void cancelled(void **state)
{
    struct job_world *w = *state;

    job_say(w, OPERATOR "j1/create", "{\"targets\":[\"car-1\",\"car-2\"],\"document\":{}}");
    job_say(w, DEVICE "start-next", "{}");
    job_say(w, OPERATOR "j1/executions/car-1/cancel", "{}");
    assert_says(&w->out, OPERATOR "j1/executions/car-1/cancel/rejected", "InvalidStateTransition");
    job_say(w, OPERATOR "j1/cancel", "{\"reasonCode\":\"BAD\",\"comment\":\"does not start\"}");
    assert_says(&w->out, "$aws/things/car-2/jobs/notify", "\"jobs\":{}");
    assert_silent(&w->out, DEVICE "notify");
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\"}");
    said(&w->out, DEVICE "j1/update/accepted");
    job_say(w, OPERATOR "j1/cancel", "{\"force\":true}");
    said(&w->out, DEVICE "notify-next");
    job_say(w, DEVICE "j1/update", "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":3}");
    assert_says(&w->out, DEVICE "j1/update/rejected", "\"code\":\"InvalidStateTransition\"");
    assert_says(&w->out, DEVICE "j1/update/rejected",
                "\"executionState\":{\"status\":\"CANCELED\"");
    job_say(w, OPERATOR "j1/get", "{}");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"status\":\"CANCELED\"");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"forceCanceled\":true");
    assert_says(&w->out, OPERATOR "j1/get/accepted", "\"numberOfCanceledThings\":2");
    create_job(w, "j2");
    job_say(w, DEVICE "start-next", "{}");
    job_say(w, OPERATOR "j2/executions/car-1/remove", "");
    assert_says(&w->out, OPERATOR "j2/executions/car-1/remove/accepted", "\"jobId\":\"j2\"");
    assert_says(&w->out, DEVICE "notify", "\"jobs\":{}");
    job_say(w, DEVICE "j2/update", DONE);
    assert_says(&w->out, DEVICE "j2/update/rejected", "\"status\":\"REMOVED\"");
    job_say(w, OPERATOR "j2/cancel", "{}");
    assert_says(&w->out, OPERATOR "j2/cancel/rejected", "InvalidStateTransition");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(versions_and_details),
        WITH_JOBS(moves),
        WITH_JOBS(order),
        WITH_JOBS(timers),
        WITH_JOBS(retries),
        WITH_JOBS(cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
