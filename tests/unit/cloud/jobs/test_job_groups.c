/* Jobs for groups of things: SNAPSHOT and CONTINUOUS, and REMOVED where a "thing left the target
   group" (contract 3.4). */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cloud/registry/groups.h"
#include "support/job_world.h"

struct world {
    struct job_world jobs;
    struct groups groups;
};

static bool exists(void *ctx, const char *group)
{
    return groups_find(ctx, group) != NULL;
}

static void each_thing(void *ctx, const char *group, void (*visit)(const char *thing, void *arg),
                       void *arg)
{
    const struct group *g = groups_find(ctx, group);

    if (g != NULL)
        group_each_thing(ctx, g, true, visit, arg);
}

static void begin(struct world *w)
{
    job_world_init(&w->jobs);
    groups_init(&w->groups);
    w->jobs.service.groups =
        (struct job_groups){.exists = exists, .each_thing = each_thing, .ctx = &w->groups};
}

static void end(struct world *w)
{
    job_world_done(&w->jobs);
    groups_done(&w->groups);
}

static struct group *group(struct world *w, const char *name, const char *parent)
{
    struct error err;

    struct group *g = groups_add(&w->groups, name, parent, NULL, NOW, &err);
    assert_non_null(g);
    return g;
}

static void put(struct world *w, struct group *g, const char *thing)
{
    struct error err;

    assert_true(group_put_thing(&w->groups, g, thing, &err));
}

static void follow(struct world *w)
{
    cloud_actions_cut(&w->jobs.out, 0);
    assert_true(job_service_groups_changed(&w->jobs.service, w->jobs.now_ms, &w->jobs.out));
}

/* How many of the job's executions are in that status. */
static int count(struct world *w, const char *job, const char *status)
{
    char topic[100], name[100];

    snprintf(topic, sizeof topic, OPERATOR "%s/get", job);
    job_say(&w->jobs, topic, "{}");
    snprintf(topic, sizeof topic, OPERATOR "%s/get/accepted", job);
    cJSON *answer = cJSON_Parse(said(&w->jobs.out, topic));
    snprintf(name, sizeof name, "numberOf%sThings", status);
    int found = (int)json_num(json_get(json_get(answer, "job"), "jobProcessDetails"), name, -1);
    cJSON_Delete(answer);
    return found;
}

#define FOR(targets, more)                                                                         \
    "{\"targets\":[" targets "],\"document\":{\"operation\":\"update\"}" more "}"
#define CONTINUOUS ",\"targetSelection\":\"CONTINUOUS\""

static void snapshot(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    struct group *all = group(&w, "all", NULL);
    struct group *north = group(&w, "north", "all");
    put(&w, north, "car-1");
    put(&w, all, "car-2");
    /* A group's descendants belong to it, and nothing is told twice. */
    job_say(&w.jobs, "fleetsim/jobs/j/create",
            FOR("\"car-1\",\"group/all\",\"arn:aws:iot:eu-west-1:1:thinggroup/all\"", ""));
    assert_says(&w.jobs.out, "fleetsim/jobs/j/create/accepted", "\"jobId\":\"j\"");
    assert_says(&w.jobs.out, "$aws/things/car-1/jobs/notify-next", "\"jobId\":\"j\"");
    assert_says(&w.jobs.out, "$aws/things/car-2/jobs/notify-next", "\"jobId\":\"j\"");
    assert_int_equal(count(&w, "j", "Queued"), 2);
    put(&w, north, "car-3");
    group_take_thing(&w.groups, north, "car-1");
    follow(&w);
    assert_int_equal(count(&w, "j", "Queued"), 2);
    job_say(&w.jobs, "fleetsim/jobs/k/create", FOR("\"group/none\"", ""));
    assert_says(&w.jobs.out, "fleetsim/jobs/k/create/rejected",
                "\"code\":\"ResourceNotFound\",\"message\":\"targets: there is no group none\"");
    group(&w, "empty", NULL);
    job_say(&w.jobs, "fleetsim/jobs/k/create", FOR("\"group/empty\"", ""));
    assert_says(&w.jobs.out, "fleetsim/jobs/k/create/rejected", "no thing is in them");
    job_say(&w.jobs, "fleetsim/jobs/k/get", "{}");
    assert_says(&w.jobs.out, "fleetsim/jobs/k/get/rejected", "ResourceNotFound");
    end(&w);
}

/* contract 3.4, REMOVED: "thing left the target group". AWS: "If continuous, the job may also be
 * run on a thing when a change is detected in a target." */
static void continuous(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    struct group *g = group(&w, "g", NULL);
    job_say(&w.jobs, "fleetsim/jobs/events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    job_say(&w.jobs, "fleetsim/jobs/j/create", FOR("\"group/g\"", CONTINUOUS));
    assert_says(&w.jobs.out, "fleetsim/jobs/j/create/accepted", "\"jobId\":\"j\"");
    put(&w, g, "car-1");
    put(&w, g, "car-2");
    follow(&w);
    assert_says(&w.jobs.out, "$aws/things/car-1/jobs/notify-next", "\"jobId\":\"j\"");
    job_say(&w.jobs, "$aws/things/car-1/jobs/j/update", "{\"status\":\"SUCCEEDED\"}");
    assert_silent(&w.jobs.out, "$aws/events/job/j/completed");
    /* All have ended, but it goes on. */
    group_take_thing(&w.groups, g, "car-2");
    follow(&w);
    assert_says(&w.jobs.out, "$aws/events/jobExecution/j/removed", "\"status\":\"REMOVED\"");
    assert_says(&w.jobs.out, "$aws/things/car-2/jobs/notify-next", "\"timestamp\"");
    assert_int_equal(count(&w, "j", "Removed"), 1);
    assert_int_equal(count(&w, "j", "Succeeded"), 1);
    job_say(&w.jobs, "fleetsim/jobs/j/get", "{}");
    assert_says(&w.jobs.out, "fleetsim/jobs/j/get/accepted", "\"status\":\"IN_PROGRESS\"");
    assert_says(&w.jobs.out, "fleetsim/jobs/j/get/accepted", "\"targetSelection\":\"CONTINUOUS\"");
    /* Who comes back begins anew; who has done it stays done. */
    group_take_thing(&w.groups, g, "car-1");
    follow(&w);
    put(&w, g, "car-2");
    put(&w, g, "car-3");
    follow(&w);
    assert_says(&w.jobs.out, "$aws/things/car-2/jobs/notify-next", "\"executionNumber\":2");
    assert_int_equal(count(&w, "j", "Queued"), 2);
    assert_int_equal(count(&w, "j", "Succeeded"), 1);
    job_say(&w.jobs, "fleetsim/jobs/j/cancel", "{}");
    assert_says(&w.jobs.out, "$aws/events/job/j/canceled",
                "\"targets\":[\"arn:aws:iot:local:000000000000:thinggroup/g\"]");
    put(&w, g, "car-4");
    follow(&w);
    assert_int_equal(count(&w, "j", "Queued"), 0);
    end(&w);
}

/* contract 3.4; a roll-out of one thing a minute passes over who is away, who gets it on return. */
static void away_at_its_turn(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    struct group *g = group(&w, "g", NULL);
    put(&w, g, "car-1");
    put(&w, g, "car-2");
    job_say(
        &w.jobs, "fleetsim/jobs/j/create",
        FOR("\"group/g\"", CONTINUOUS ",\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":1}"));
    /* Which of them is first, nobody has promised. */
    bool second = said_on(&w.jobs.out, "$aws/things/car-2/jobs/notify-next") == NULL;
    const char *later = second ? "car-2" : "car-1";
    group_take_thing(&w.groups, g, later);
    follow(&w);
    w.jobs.now_ms += 120000;
    assert_int_equal(count(&w, "j", "Queued"), 1);
    put(&w, g, later);
    follow(&w);
    assert_says(&w.jobs.out,
                second ? "$aws/things/car-2/jobs/notify-next"
                       : "$aws/things/car-1/jobs/notify-next",
                "\"executionNumber\":1");
    assert_int_equal(count(&w, "j", "Queued"), 2);
    follow(&w);
    assert_int_equal(count(&w, "j", "Queued"), 2);
    end(&w);
}

/* contract 3.4: "thing deleted": REMOVED. */
static void a_thing_is_deleted(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    job_say(&w.jobs, "fleetsim/jobs/events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    job_say(&w.jobs, "fleetsim/jobs/j/create",
            FOR("\"car-1\",\"car-2\"", ",\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":1}"));
    cloud_actions_cut(&w.jobs.out, 0);
    assert_true(job_service_thing_removed(&w.jobs.service, "car-1", w.jobs.now_ms, &w.jobs.out));
    assert_says(&w.jobs.out, "$aws/events/jobExecution/j/removed", "/car-1\"");
    assert_says(&w.jobs.out, "$aws/things/car-1/jobs/notify-next", "\"timestamp\"");
    assert_int_equal(count(&w, "j", "Removed"), 1);
    assert_true(job_service_thing_removed(&w.jobs.service, "car-2", w.jobs.now_ms, &w.jobs.out));
    assert_true(job_service_thing_removed(&w.jobs.service, "nobody", w.jobs.now_ms, &w.jobs.out));
    w.jobs.now_ms += 120000;
    assert_int_equal(count(&w, "j", "Queued"), 0);
    assert_int_equal(count(&w, "j", "Removed"), 1);
    end(&w);
}

static void outlives(void **state)
{
    struct world first, second;
    struct text saved;

    (void)state;
    begin(&first);
    begin(&second);
    put(&first, group(&first, "g", NULL), "car-1");
    struct group *g = group(&second, "g", NULL);
    put(&second, g, "car-1");
    job_say(&first.jobs, "fleetsim/jobs/j/create", FOR("\"car-0\",\"group/g\"", CONTINUOUS));
    job_say(&first.jobs, "$aws/things/car-1/jobs/start-next", "{}");
    text_init(&saved);
    job_service_save(&first.jobs.service, &saved);
    for (char *line = strtok(saved.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *record = cJSON_Parse(line);
        assert_true(job_service_load(&second.jobs.service, record));
        cJSON_Delete(record);
    }
    text_done(&saved);
    follow(&second);
    assert_int_equal(count(&second, "j", "InProgress"), 1);
    assert_int_equal(count(&second, "j", "Queued"), 1);
    group_take_thing(&second.groups, g, "car-1");
    follow(&second);
    assert_int_equal(count(&second, "j", "Removed"), 1);
    assert_int_equal(count(&second, "j", "Queued"), 1);
    end(&first);
    end(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshot),         cmocka_unit_test(continuous),
        cmocka_unit_test(away_at_its_turn), cmocka_unit_test(a_thing_is_deleted),
        cmocka_unit_test(outlives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
