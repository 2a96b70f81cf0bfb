#include "report/failure_log.h"
#include "report/failure_set.h"
#include "rig.h"
#include "script/story.h"

struct told {
    struct rig *rig;
    struct failure_log *log;
    char path[256];
    struct failure_set set;
};

/* Runs the scenarios and reads what was told of them. */
static void run(struct told *t, const char *text, size_t places)
{
    *t = (struct told){.rig = rig_new(NULL, 0)};
    snprintf(t->path, sizeof t->path, "%s/failures.jsonl", t->rig->lab->dir);
    t->log = t->rig->script->failures = failure_log_new(t->path);
    t->rig->lab->sim->timeline_places = places;
    rig_load(t->rig, text);
    rig_run(t->rig);
    FILE *file = fopen(t->path, "r");
    if (file == NULL)
        return;
    failure_set_read(&t->set, file);
    fclose(file);
    assert_int_equal(t->set.bad_lines, 0);
}

static void done(struct told *t)
{
    failure_set_done(&t->set);
    failure_log_free(t->log);
    remove(t->path);
    rig_free(t->rig);
}

static const cJSON *story_of(const struct told *t, const char *name)
{
    for (size_t i = 0; i < t->set.count; i++)
        if (strcmp(json_str(t->set.failures[i], "scenario", ""), name) == 0)
            return t->set.failures[i];
    fail_msg("nothing is told of \"%s\"", name);
    return NULL;
}

static const cJSON *car_of(const cJSON *story, int i)
{
    return cJSON_GetArrayItem(json_get(story, "cars"), i);
}

static const cJSON *named(const cJSON *list, const char *key, const char *value)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (strcmp(json_str(item, key, ""), value) == 0)
            return item;
    }
    fail_msg("none whose %s is %s", key, value);
    return NULL;
}

static void only_failures_are_told(void **state)
{
    struct told t;

    (void)state;
    run(&t,
        "scenario('passes', function(t) t:vehicle { model = 'plain' } end)\n"
        "scenario('skips', function(t) t:skip('so') end)\n"
        "scenario('fails', { tags = { 'a', 'b' } }, function(t) t:fail('so') end)\n"
        "scenario('errs', function(t) local function f() return nil + 1 end f() t:wait(1) end)\n"
        "scenario('times out', { timeout = 0.02 }, function(t) t:wait(60) end)\n",
        TIMELINE_DETAILED);
    assert_int_equal(t.set.count, 3);
    const cJSON *story = story_of(&t, "fails");
    assert_string_equal(json_str(story, "verdict", ""), "failed");
    assert_string_equal(json_str(story, "message", ""), "so");
    assert_non_null(strstr(json_str(story, "where", ""), "test.lua:3"));
    assert_int_equal(json_num(story, "line", 0), 3);
    assert_int_equal(cJSON_GetArraySize(json_get(story, "tags")), 2);
    assert_int_equal(cJSON_GetArraySize(json_get(story, "cars")), 0);
    assert_true(json_num(story, "ended", -1) >= json_num(story, "began", 1e9));
    story = story_of(&t, "errs");
    assert_string_equal(json_str(story, "verdict", ""), "error");
    assert_int_equal(cJSON_GetArraySize(json_get(story, "calls")), 2);
    assert_non_null(strstr(json_str(story_of(&t, "times out"), "message", ""), "timed out"));
    done(&t);
}

/* What has changed since its power came, and the steps that led there. */
static void a_car_is_told(void **state)
{
    struct told t;

    (void)state;
    run(&t,
        "scenario('s', function(t)\n"
        "  local car = t:vehicle { model = 'plain', state = { ['door.angle'] = 5 } }\n"
        "  t:step('opens', function() car.state.door.open = true car:log('creaks') end)\n"
        "  t:step('slams', function() t:equal(car.state.door.angle, 7) end)\n"
        "end)\n",
        TIMELINE_DETAILED);
    const cJSON *story = story_of(&t, "s"), *car = car_of(story, 0);
    const cJSON *opens = named(json_get(story, "steps"), "name", "opens");
    assert_string_equal(json_str(opens, "verdict", ""), "passed");
    assert_string_equal(json_str(opens->next, "verdict", ""), "failed");
    assert_string_equal(json_str(car, "model", ""), "plain");
    const cJSON *signals = json_get(car, "signals");
    const cJSON *open = named(signals, "path", "door.open");
    assert_true(cJSON_IsTrue(json_get(open, "value")));
    assert_true(cJSON_IsFalse(json_get(open, "before")));
    assert_string_equal(json_str(open, "unit", ""), "x");
    const cJSON *angle = named(signals, "path", "door.angle");
    assert_int_equal(json_num(angle, "value", 0), 5);
    assert_null(json_get(angle, "before"));
    const cJSON *events = json_get(car, "events");
    assert_string_equal(json_str(named(events, "kind", "script"), "text", ""), "creaks");
    assert_string_equal(json_str(named(events, "kind", "state"), "from", ""), "off");
    const cJSON *moved = named(events, "path", "door.open");
    assert_string_equal(json_str(moved, "value", ""), "true");
    done(&t);
}

/* Of many cars those are told that the failure is about, and that were in trouble. */
static void the_cars_of_the_failure_come_first(void **state)
{
    struct told t;

    (void)state;
    run(&t,
        "scenario('s', function(t)\n"
        "  local cars = {}\n"
        "  for i = 1, 7 do cars[i] = t:vehicle { model = 'plain', power = 'off' } end\n"
        "  t:equal(cars[3].state.door.angle, 7)\n"
        "end)\n",
        TIMELINE_DETAILED);
    const cJSON *story = story_of(&t, "s");
    assert_int_equal(cJSON_GetArraySize(json_get(story, "cars")), 4);
    double first = json_num(car_of(story, 0), "index", -1);
    assert_int_equal(first - json_num(car_of(story, 1), "index", -1), 2);
    assert_int_equal(json_num(json_get(story, "other_cars"), "off", 0), 3);
    done(&t);
}

/* Cars of large runs keep nothing besides their timeline. */
static void large_fleets_pay_nothing(void **state)
{
    struct told t;

    (void)state;
    run(&t,
        "scenario('s', function(t)\n"
        "  local car = t:vehicle { model = 'plain' }\n"
        "  t:fail('so')\n"
        "end)\n",
        TIMELINE_DETAILED - 1);
    const cJSON *car = car_of(story_of(&t, "s"), 0);
    assert_non_null(json_get(car, "events"));
    assert_null(json_get(car, "signals"));
    assert_null(json_get(car, "shadow"));
    done(&t);
}

/* The first ones in full, the others in short. */
static void so_many_are_told_in_full(void **state)
{
    struct told t;

    (void)state;
    run(&t,
        "for i = 1, 25 do\n"
        "  scenario('s' .. i, function(t) t:vehicle { model = 'plain', power = 'off' } "
        "t:fail('so') end)\n"
        "end\n",
        TIMELINE_DETAILED);
    size_t full = 0;
    assert_int_equal(t.set.count, 25);
    for (size_t i = 0; i < t.set.count; i++)
        full += json_get(t.set.failures[i], "cars") != NULL;
    assert_int_equal(full, FAILURES_IN_FULL);
    done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_failures_are_told),
        cmocka_unit_test(a_car_is_told),
        cmocka_unit_test(the_cars_of_the_failure_come_first),
        cmocka_unit_test(large_fleets_pay_nothing),
        cmocka_unit_test(so_many_are_told_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
