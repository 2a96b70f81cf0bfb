/* Jobs for groups of things: SNAPSHOT and CONTINUOUS, and REMOVED where a "thing left the target
   group" (contract 3.4). */
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
#include "cloud/registry/groups.h"

#define NOW ((int64_t)1700000000000)

struct world {
    struct job_service service;
    struct groups groups;
    struct cloud_actions out;
    int64_t now_ms;
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
    job_service_init(&w->service);
    groups_init(&w->groups);
    cloud_actions_init(&w->out);
    w->now_ms = NOW;
    w->service.groups =
        (struct job_groups){.exists = exists, .each_thing = each_thing, .ctx = &w->groups};
}

static void end(struct world *w)
{
    cloud_actions_done(&w->out);
    job_service_done(&w->service);
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

static void say(struct world *w, const char *topic, const char *payload)
{
    struct job_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(job_address_parse(topic, &a));
    assert_true(
        job_service_request(&w->service, &a, "client", slice_str(payload), w->now_ms, &w->out));
}

static void follow(struct world *w)
{
    cloud_actions_cut(&w->out, 0);
    assert_true(job_service_groups_changed(&w->service, w->now_ms, &w->out));
}

static const char *said(const struct world *w, const char *topic)
{
    for (size_t i = 0; i < w->out.count; i++)
        if (strcmp(w->out.items[i].topic, topic) == 0)
            return w->out.items[i].payload;
    return "";
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in \"%s\"", part, text);
}

/* How many of the job's executions are in that status. */
static int count(struct world *w, const char *job, const char *status)
{
    char topic[100], name[100];

    snprintf(topic, sizeof topic, "fleetsim/jobs/%s/get", job);
    say(w, topic, "{}");
    snprintf(topic, sizeof topic, "fleetsim/jobs/%s/get/accepted", job);
    cJSON *answer = cJSON_Parse(said(w, topic));
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
    say(&w, "fleetsim/jobs/j/create",
        FOR("\"car-1\",\"group/all\",\"arn:aws:iot:eu-west-1:1:thinggroup/all\"", ""));
    assert_has(said(&w, "fleetsim/jobs/j/create/accepted"), "\"jobId\":\"j\"");
    assert_has(said(&w, "$aws/things/car-1/jobs/notify-next"), "\"jobId\":\"j\"");
    assert_has(said(&w, "$aws/things/car-2/jobs/notify-next"), "\"jobId\":\"j\"");
    assert_int_equal(count(&w, "j", "Queued"), 2);
    put(&w, north, "car-3");
    group_take_thing(&w.groups, north, "car-1");
    follow(&w);
    assert_int_equal(count(&w, "j", "Queued"), 2);
    say(&w, "fleetsim/jobs/k/create", FOR("\"group/none\"", ""));
    assert_has(said(&w, "fleetsim/jobs/k/create/rejected"),
               "\"code\":\"ResourceNotFound\",\"message\":\"targets: there is no group none\"");
    group(&w, "empty", NULL);
    say(&w, "fleetsim/jobs/k/create", FOR("\"group/empty\"", ""));
    assert_has(said(&w, "fleetsim/jobs/k/create/rejected"), "no thing is in them");
    say(&w, "fleetsim/jobs/k/get", "{}");
    assert_has(said(&w, "fleetsim/jobs/k/get/rejected"), "ResourceNotFound");
    end(&w);
}

/* "If continuous, the job may also be run on a thing when a change is detected in a target." */
static void continuous(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    struct group *g = group(&w, "g", NULL);
    say(&w, "fleetsim/jobs/events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    say(&w, "fleetsim/jobs/j/create", FOR("\"group/g\"", CONTINUOUS));
    assert_has(said(&w, "fleetsim/jobs/j/create/accepted"), "\"jobId\":\"j\"");
    put(&w, g, "car-1");
    put(&w, g, "car-2");
    follow(&w);
    assert_has(said(&w, "$aws/things/car-1/jobs/notify-next"), "\"jobId\":\"j\"");
    say(&w, "$aws/things/car-1/jobs/j/update", "{\"status\":\"SUCCEEDED\"}");
    assert_string_equal(said(&w, "$aws/events/job/j/completed"), "");
    /* All have ended, but it goes on. */
    group_take_thing(&w.groups, g, "car-2");
    follow(&w);
    assert_has(said(&w, "$aws/events/jobExecution/j/removed"), "\"status\":\"REMOVED\"");
    assert_has(said(&w, "$aws/things/car-2/jobs/notify-next"), "\"timestamp\"");
    assert_int_equal(count(&w, "j", "Removed"), 1);
    assert_int_equal(count(&w, "j", "Succeeded"), 1);
    say(&w, "fleetsim/jobs/j/get", "{}");
    assert_has(said(&w, "fleetsim/jobs/j/get/accepted"), "\"status\":\"IN_PROGRESS\"");
    assert_has(said(&w, "fleetsim/jobs/j/get/accepted"), "\"targetSelection\":\"CONTINUOUS\"");
    /* Who comes back begins anew; who has done it stays done. */
    group_take_thing(&w.groups, g, "car-1");
    follow(&w);
    put(&w, g, "car-2");
    put(&w, g, "car-3");
    follow(&w);
    assert_has(said(&w, "$aws/things/car-2/jobs/notify-next"), "\"executionNumber\":2");
    assert_int_equal(count(&w, "j", "Queued"), 2);
    assert_int_equal(count(&w, "j", "Succeeded"), 1);
    say(&w, "fleetsim/jobs/j/cancel", "{}");
    assert_has(said(&w, "$aws/events/job/j/canceled"),
               "\"targets\":[\"arn:aws:iot:local:000000000000:thinggroup/g\"]");
    put(&w, g, "car-4");
    follow(&w);
    assert_int_equal(count(&w, "j", "Queued"), 0);
    end(&w);
}

/* Contract 3.4; a roll-out of one thing a minute passes over who is away, who gets it on return. */
static void away_at_its_turn(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    struct group *g = group(&w, "g", NULL);
    put(&w, g, "car-1");
    put(&w, g, "car-2");
    say(&w, "fleetsim/jobs/j/create",
        FOR("\"group/g\"", CONTINUOUS ",\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":1}"));
    /* Which of them is first, nobody has promised. */
    bool second = *said(&w, "$aws/things/car-2/jobs/notify-next") == '\0';
    const char *later = second ? "car-2" : "car-1";
    group_take_thing(&w.groups, g, later);
    follow(&w);
    w.now_ms += 120000;
    assert_int_equal(count(&w, "j", "Queued"), 1);
    put(&w, g, later);
    follow(&w);
    assert_has(said(&w, second ? "$aws/things/car-2/jobs/notify-next"
                               : "$aws/things/car-1/jobs/notify-next"),
               "\"executionNumber\":1");
    assert_int_equal(count(&w, "j", "Queued"), 2);
    follow(&w);
    assert_int_equal(count(&w, "j", "Queued"), 2);
    end(&w);
}

/* Contract 3.4: "thing deleted": REMOVED. */
static void a_thing_is_deleted(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    say(&w, "fleetsim/jobs/events", "{\"JOB\":true,\"JOB_EXECUTION\":true}");
    say(&w, "fleetsim/jobs/j/create",
        FOR("\"car-1\",\"car-2\"", ",\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":1}"));
    cloud_actions_cut(&w.out, 0);
    assert_true(job_service_thing_removed(&w.service, "car-1", w.now_ms, &w.out));
    assert_has(said(&w, "$aws/events/jobExecution/j/removed"), "/car-1\"");
    assert_has(said(&w, "$aws/things/car-1/jobs/notify-next"), "\"timestamp\"");
    assert_int_equal(count(&w, "j", "Removed"), 1);
    assert_true(job_service_thing_removed(&w.service, "car-2", w.now_ms, &w.out));
    assert_true(job_service_thing_removed(&w.service, "nobody", w.now_ms, &w.out));
    w.now_ms += 120000;
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
    say(&first, "fleetsim/jobs/j/create", FOR("\"car-0\",\"group/g\"", CONTINUOUS));
    say(&first, "$aws/things/car-1/jobs/start-next", "{}");
    text_init(&saved);
    job_service_save(&first.service, &saved);
    for (char *line = strtok(saved.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *record = cJSON_Parse(line);
        assert_true(job_service_load(&second.service, record));
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
