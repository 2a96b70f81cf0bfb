/* What the service of jobs remembers over a restart of the broker, and for how long. */
#include <string.h>

#include "base/json.h"
#include "support/job_world.h"

#define DAY ((int64_t)24 * 3600 * 1000)

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
    struct job_world *w = *state;
    struct text before, after;

    job_say(w, OPERATOR "events", "{\"JOB_EXECUTION\":true}");
    job_say(w, OPERATOR "j1/create",
            "{\"targets\":[\"car-1\",\"a\",\"b\"],\"document\":{\"x\":[1,{\"y\":2}]},"
            "\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":2},\"jobExecutionsRetryConfig\":{"
            "\"criteriaList\":[{\"failureType\":\"FAILED\",\"numberOfRetries\":1}]},"
            "\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":9}}");
    create_job(w, "j2");
    job_say(w, DEVICE "j1/update", "{\"status\":\"FAILED\",\"statusDetails\":{\"r\":\"1\"}}");
    job_say(w, DEVICE "j2/update", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":3}");
    job_say(w, OPERATOR "j1/cancel", "{\"reasonCode\":\"R\",\"comment\":\"c\"}");
    text_init(&before);
    job_service_save(&w->service, &before);
    job_service_done(&w->service);
    job_service_init(&w->service);
    load(&w->service, before.data);
    job_tick(w, NOW + 1000);
    assert_int_equal(w->out.count, 0);
    text_init(&after);
    job_service_save(&w->service, &after);
    assert_string_equal(after.data, before.data);
    text_done(&before);
    text_done(&after);
    job_say(w, DEVICE "$next/get", "{}");
    assert_says(&w->out, DEVICE "$next/get/accepted", "\"jobId\":\"j2\"");
    assert_says(&w->out, DEVICE "$next/get/accepted", "\"approximateSecondsBeforeTimedOut\":179");
    job_tick(w, NOW + 3 * MINUTE);
    said(&w->out, "$aws/events/jobExecution/j2/timed_out");
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
    struct job_world *w = *state;

    create_job(w, "j1");
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        cJSON *record = json_parse(slice_str(records[i]), 40);
        if (job_service_load(&w->service, record))
            fail_msg("%s", records[i]);
        cJSON_Delete(record);
    }
}

static void forgotten(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    create_job(w, "j2");
    job_say(w, DEVICE "j1/update", DONE);
    job_service_sweep(&w->service, NOW + 7 * DAY - 1);
    assert_int_equal(job_service_count(&w->service), 2);
    job_service_sweep(&w->service, NOW + 7 * DAY);
    assert_int_equal(job_service_count(&w->service), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(survives),
        WITH_JOBS(bad_records),
        WITH_JOBS(forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
