/* Whom a security profile is for, and that it outlives the broker. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "support/defender_world.h"

static void a_profile_is_for_its_targets(void **state)
{
    struct defender_world *w = *state;

    put_little_profile(w, "", ",\"targets\":[\"another\"]");
    send_report_of(w, 2000);
    assert_int_equal(w->out.count, 1);
    put_little_profile(w, "", ",\"targets\":[\"another\",\"tcu-0001\"]");
    send_report_of(w, 2000);
    assert_int_equal(w->out.count, 2);
    defender_say(w, PROFILE "delete", "{}");
    assert_says_at(&w->out, 0, PROFILE "delete/accepted", "\"p\"");
    send_report_of(w, 2000);
    assert_int_equal(w->out.count, 1);
    defender_say(w, PROFILE "get", "{}");
    assert_says_at(&w->out, 0, PROFILE "get/rejected", "ResourceNotFound");
}

/* Of the fleet in which tcu-0001 is a member of "in", which may change, and of "never" nobody is.
 */
static bool in_group = true, registered = true;

static bool is_registered(void *ctx, const char *thing)
{
    (void)ctx;
    return registered && strcmp(thing, "tcu-0001") == 0;
}

static bool has_group(void *ctx, const char *group)
{
    (void)ctx;
    return strcmp(group, "in") == 0 || strcmp(group, "never") == 0;
}

static bool is_member(void *ctx, const char *group, const char *thing)
{
    (void)ctx;
    return in_group && strcmp(group, "in") == 0 && strcmp(thing, "tcu-0001") == 0;
}

static const struct defender_fleet fleet = {
    .is_registered = is_registered, .has_group = has_group, .is_member = is_member};

/* AWS's AttachSecurityProfile: "all things, … registered, … unregistered, a thing group". */
static void groups_and_everybody(void **state)
{
    static const struct {
        const char *target;
        bool registered, in_group, meant;
    } cases[] = {
        {"all/things",                                    false, false, true },
        {"arn:aws:iot:eu-west-1:1:all/registered-things", true,  false, true },
        {"all/registered-things",                         false, false, false},
        {"all/unregistered-things",                       true,  false, false},
        {"all/unregistered-things",                       false, false, true },
        {"group/in",                                      true,  true,  true },
        {"arn:aws:iot:eu-west-1:1:thinggroup/in",         true,  true,  true },
        {"group/in",                                      true,  false, false},
        {"group/never",                                   true,  true,  false},
        {"thing/tcu-0001",                                true,  false, true },
        {"arn:aws:iot:eu-west-1:1:thing/tcu-0002",        true,  false, false},
    };
    struct defender_world *w = *state;
    char targets[100];

    w->service.fleet = &fleet;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        in_group = cases[i].in_group;
        registered = cases[i].registered;
        snprintf(targets, sizeof targets, ",\"targets\":[\"%s\"]", cases[i].target);
        put_little_profile(w, "", targets);
        send_report_of(w, 2000);
        if (w->out.count != (cases[i].meant ? 2 : 1))
            fail_msg("%s: %zu messages", cases[i].target, w->out.count);
    }
}

/* Members come and go; an alarm about one that has gone is no alarm any more. */
static void attaching_and_detaching(void **state)
{
    struct defender_world *w = *state;

    w->service.fleet = &fleet;
    in_group = registered = true;
    put_little_profile(w, "", ",\"targets\":[]");
    send_report_of(w, 2000);
    assert_int_equal(w->out.count, 1);
    defender_say(w, PROFILE "attach", "{\"target\":\"arn:aws:iot:eu-west-1:1:thinggroup/in\"}");
    assert_says_at(&w->out, 0, PROFILE "attach/accepted", "\"p\"");
    defender_say(w, PROFILE "get", "{}");
    assert_says_at(&w->out, 0, PROFILE "get/accepted", "\"targets\":[\"group/in\"]");
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "\"in-alarm\"");
    in_group = false;
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "\"alarm-invalidated\"");
    assert_null(strstr(w->out.items[1].payload, "metricValue"));
    send_report_of(w, 2000);
    assert_int_equal(w->out.count, 1);
    in_group = true;
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "\"in-alarm\"");
    /* What is attached twice is attached once. */
    defender_say(w, PROFILE "attach", "{\"target\":\"group/in\"}");
    defender_say(w, PROFILE "detach", "{\"target\":\"thinggroup/in\"}");
    assert_says_at(&w->out, 0, PROFILE "detach/accepted", "\"p\"");
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "\"alarm-invalidated\"");
    defender_say(w, PROFILE "detach", "{\"target\":\"group/in\"}");
    assert_says_at(&w->out, 0, PROFILE "detach/rejected", "not attached");
    defender_say(w, PROFILE "attach", "{\"target\":\"group/none\"}");
    assert_says_at(&w->out, 0, PROFILE "attach/rejected", "there is no group none");
    defender_say(w, PROFILE "attach", "{\"target\":\"all/cars\"}");
    assert_says_at(&w->out, 0, PROFILE "attach/rejected", "target: all/things");
    defender_say(w, "fleetsim/defender/profiles/q/attach", "{\"target\":\"group/in\"}");
    assert_says_at(&w->out, 0, "fleetsim/defender/profiles/q/attach/rejected", "ResourceNotFound");
}

/* One without targets is for all, until that is taken from it. */
static void from_all_to_some(void **state)
{
    struct defender_world *w = *state;

    w->service.fleet = &fleet;
    in_group = false;
    put_little_profile(w, "", "");
    defender_say(w, PROFILE "attach", "{\"target\":\"group/in\"}");
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "\"in-alarm\"");
    defender_say(w, PROFILE "detach", "{\"target\":\"all/things\"}");
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "\"alarm-invalidated\"");
    /* The state says so. */
    struct text saved;
    text_init(&saved);
    defender_service_save(&w->service, &saved);
    assert_non_null(strstr(saved.data, "\"targets\":[\"group/in\"]"));
    text_done(&saved);
    defender_say(w, PROFILE "put",
                 "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{"
                 "\"comparisonOperator\":\"less-than\",\"value\":{\"count\":1}}}],"
                 "\"targets\":[\"group/none\"]}");
    assert_says_at(&w->out, 0, PROFILE "put/rejected", "there is no group none");
}

static void profiles_outlive_the_broker(void **state)
{
    struct defender_world *w = *state;
    struct defender_service again;
    struct text saved;

    put_little_profile(w, "", "");
    text_init(&saved);
    defender_service_save(&w->service, &saved);
    defender_service_init(&again);
    cJSON *record = json_parse(slice_of(saved.data, saved.len), 20);
    assert_true(defender_service_load(&again, record));
    cJSON_Delete(record);
    text_done(&saved);
    defender_service_done(&w->service);
    w->service = again;
    send_report_of(w, 1000);
    assert_says_at(&w->out, 1, ALERTS, "in-alarm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DEFENDER(a_profile_is_for_its_targets), WITH_DEFENDER(groups_and_everybody),
        WITH_DEFENDER(attaching_and_detaching),      WITH_DEFENDER(from_all_to_some),
        WITH_DEFENDER(profiles_outlive_the_broker),
    };

    return cmocka_run_group_tests_name("cloud/defender/profile_targets", tests, NULL, NULL);
}
