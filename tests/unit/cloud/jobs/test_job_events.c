/* The events of jobs: contract 3.6. */
#include <string.h>

#include "base/json.h"
#include "support/job_world.h"

/* contract 3.6: each event on its topic, if it was turned on. */
static void events(void **state)
{
    struct job_world *w = *state;

    create_job(w, "j1");
    job_say(w, DEVICE "j1/update", DONE);
    assert_silent(&w->out, "$aws/events/job/j1/completed");
    job_say(w, OPERATOR "events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    said(&w->out, OPERATOR "events/accepted");
    create_job(w, "j2");
    job_say(w, DEVICE "j2/update",
            "{\"status\":\"SUCCEEDED\",\"statusDetails\":{\"version\":\"2\"}}");
    assert_says(&w->out, "$aws/events/jobExecution/j2/succeeded",
                "{\"eventType\":\"JOB_EXECUTION\",");
    assert_says(&w->out, "$aws/events/jobExecution/j2/succeeded",
                "\"timestamp\":1700000000,\"operation\":\"succeeded\",\"jobId\":\"j2\","
                "\"thingArn\":\"arn:aws:iot:local:000000000000:thing/car-1\","
                "\"status\":\"SUCCEEDED\",\"statusDetails\":{\"version\":\"2\"}}");
    assert_says(&w->out, "$aws/events/job/j2/completed",
                "\"operation\":\"completed\",\"jobId\":\"j2\",\"status\":\"COMPLETED\","
                "\"targetSelection\":\"SNAPSHOT\",\"targets\":[\"arn:aws:iot:local:000000000000:"
                "thing/car-1\"],\"description\":\"\",\"completedAt\":1700000000000,\"createdAt\":"
                "1700000000000,\"lastUpdatedAt\":1700000000000,\"jobProcessDetails\":{");
    assert_says(&w->out, "$aws/events/job/j2/completed", "\"numberOfSucceededThings\":1");
    create_job(w, "j3");
    job_say(w, OPERATOR "j3/cancel", "{\"comment\":\"no\"}");
    assert_says(&w->out, "$aws/events/job/j3/cancellation_in_progress", "\"comment\":\"no\"");
    assert_lacks(&w->out, "$aws/events/job/j3/cancellation_in_progress", "jobProcessDetails");
    assert_says(&w->out, "$aws/events/job/j3/canceled", "\"numberOfCanceledThings\":1");
    said(&w->out, "$aws/events/jobExecution/j3/canceled");
    job_say(w, OPERATOR "j3/delete", "{}");
    said(&w->out, "$aws/events/job/j3/deletion_in_progress");
    said(&w->out, "$aws/events/job/j3/deleted");
    said(&w->out, "$aws/events/jobExecution/j3/deleted");
    create_job(w, "j4");
    job_say(w, DEVICE "start-next", "{\"stepTimeoutInMinutes\":1}");
    job_tick(w, NOW + MINUTE);
    said(&w->out, "$aws/events/jobExecution/j4/timed_out");
    create_job(w, "j5");
    job_say(w, OPERATOR "j5/executions/car-1/remove", "{}");
    said(&w->out, "$aws/events/jobExecution/j5/removed");
    job_say(w, OPERATOR "events", "{\"JOB\":false}");
    create_job(w, "j6");
    job_say(w, DEVICE "j6/update", "{\"status\":\"FAILED\"}");
    said(&w->out, "$aws/events/jobExecution/j6/failed");
    create_job(w, "j7");
    job_say(w, DEVICE "j7/update", "{\"status\":\"REJECTED\"}");
    said(&w->out, "$aws/events/jobExecution/j7/rejected");
    assert_silent(&w->out, "$aws/events/job/j6/completed");
}

/* The event on that topic; its members are exactly those of the list, which ends with NULL. */
static void expect_members(const struct job_world *w, const char *topic, const char *status,
                           const char *const *names)
{
    cJSON *event = json_parse(slice_str(said(&w->out, topic)), 5);
    int count = 0;

    assert_string_equal(json_str(event, "status", ""), status);
    for (; names[count] != NULL; count++)
        if (json_get(event, names[count]) == NULL)
            fail_msg("%s: no %s", topic, names[count]);
    assert_int_equal(cJSON_GetArraySize(event), count);
    const char *id = json_str(event, "eventId", "");
    assert_int_equal(strlen(id), 36);
    assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
    assert_true(id[8] == '-' && id[14] == '4' && id[23] == '-');
    cJSON_Delete(event);
}

/* contract 3.6: the members of each kind of event, and its status: that of what is going on, which
   for a job that is being deleted is no status that it can have. */
static void members_of_events(void **state)
{
#define EVENT "eventType", "eventId", "timestamp", "operation", "jobId", "status"
#define JOB   EVENT, "targetSelection", "targets", "description", "createdAt", "lastUpdatedAt"
    static const char *const end[] = {JOB, "completedAt", "jobProcessDetails", NULL};
    static const char *const other[] = {JOB, "comment", NULL};
    static const char *const execution[] = {EVENT, "thingArn", NULL};
    static const char *const details[] = {"numberOfCanceledThings",  "numberOfRejectedThings",
                                          "numberOfFailedThings",    "numberOfRemovedThings",
                                          "numberOfSucceededThings", "numberOfTimedOutThings"};
    struct job_world *w = *state;

    job_say(w, OPERATOR "events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    create_job(w, "j1");
    job_say(w, DEVICE "j1/update", DONE);
    expect_members(w, "$aws/events/jobExecution/j1/succeeded", "SUCCEEDED", execution);
    expect_members(w, "$aws/events/job/j1/completed", "COMPLETED", end);
    cJSON *event = json_parse(slice_str(said(&w->out, "$aws/events/job/j1/completed")), 5);
    const cJSON *counts = json_get(event, "jobProcessDetails");
    for (size_t i = 0; i < 6; i++)
        assert_true(json_num(counts, details[i], -1) == (i == 4 ? 1 : 0));
    assert_int_equal(cJSON_GetArraySize(counts), 6);
    cJSON_Delete(event);
    create_job(w, "j2");
    job_say(w, OPERATOR "j2/cancel", "{\"comment\":\"no\"}");
    expect_members(w, "$aws/events/job/j2/cancellation_in_progress", "CANCELLATION_IN_PROGRESS",
                   other);
    expect_members(w, "$aws/events/jobExecution/j2/canceled", "CANCELED", execution);
    expect_members(w, "$aws/events/job/j2/canceled", "CANCELED", end);
    job_say(w, OPERATOR "j2/delete", "{}");
    expect_members(w, "$aws/events/job/j2/deletion_in_progress", "DELETION_IN_PROGRESS", other);
    /* AWS: "the status field reflects the job execution status prior to the deletion." */
    expect_members(w, "$aws/events/jobExecution/j2/deleted", "CANCELED", execution);
    expect_members(w, "$aws/events/job/j2/deleted", "DELETED", other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(events),
        WITH_JOBS(members_of_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
