/* The events of jobs: contract 3.6. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
