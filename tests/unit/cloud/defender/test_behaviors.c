/* What violates a behaviour of a security profile, and what follows (contract 5). */
#include <stdio.h>
#include <string.h>

#include "support/defender_world.h"

static void a_violation_is_told_once_and_cleared(void **state)
{
    struct defender_world *w = *state;

    put_little_profile(w, "", "");
    send_report_of(w, 999);
    assert_int_equal(w->out.count, 1);
    send_report_of(w, 1000);
    assert_int_equal(w->out.count, 2);
    assert_says_at(&w->out, 1, ALERTS, "\"violationEventType\":\"in-alarm\",\"violationId\":\"1\"");
    assert_says_at(&w->out, 1, ALERTS, "\"metricValue\":{\"count\":1000}");
    assert_says_at(&w->out, 1, ALERTS, "\"behavior\":{\"name\":\"talks little\"");
    send_report_of(w, 5000);
    assert_int_equal(w->out.count, 1);
    send_report_of(w, 0);
    assert_says_at(&w->out, 1, ALERTS,
                   "\"violationEventType\":\"alarm-cleared\",\"violationId\":\"1\"");
    defender_say(w, "fleetsim/defender/violations/list", "{\"thingName\":\"tcu-0001\"}");
    assert_says_at(&w->out, 0, "fleetsim/defender/violations/list/accepted", "alarm-cleared");
    defender_say(w, "fleetsim/defender/violations/list", "{\"thingName\":\"another\"}");
    assert_says_at(&w->out, 0, "fleetsim/defender/violations/list/accepted",
                   "{\"violationEvents\":[]}");
}

static void datapoints_in_a_row_are_counted(void **state)
{
    struct defender_world *w = *state;

    put_little_profile(w, ",\"consecutiveDatapointsToAlarm\":2,\"consecutiveDatapointsToClear\":2",
                       "");
    send_report_of(w, 2000);
    send_report_of(w, 0);
    send_report_of(w, 2000);
    assert_int_equal(w->out.count, 1);
    send_report_of(w, 2000);
    assert_says_at(&w->out, 1, ALERTS, "in-alarm");
    send_report_of(w, 0);
    assert_int_equal(w->out.count, 1);
    send_report_of(w, 0);
    assert_says_at(&w->out, 1, ALERTS, "alarm-cleared");
}

static void sums_go_over_the_duration(void **state)
{
    struct defender_world *w = *state;

    put_little_profile(w, ",\"durationSeconds\":900", "");
    send_report_of(w, 400);
    send_report_of(w, 400);
    assert_int_equal(w->out.count, 1);
    send_report_of(w, 400);
    assert_says_at(&w->out, 1, ALERTS, "\"metricValue\":{\"count\":1200}");
    send_report_of(w, 0);
    assert_says_at(&w->out, 1, ALERTS, "\"metricValue\":{\"count\":800}");
}

static void mitigations_are_carried_out_with_the_alarm(void **state)
{
    struct defender_world *w = *state;

    put_little_profile(
        w, "",
        ",\"mitigations\":[\"UPDATE_DEVICE_CERTIFICATE\",\"ADD_THINGS_TO_THING_GROUP\"],"
        "\"thingGroupName\":\"quarantine\"");
    send_report_of(w, 1);
    assert_string_equal(w->mitigated, "");
    send_report_of(w, 2000);
    send_report_of(w, 2000);
    assert_string_equal(w->mitigated, "tcu-0001 UPDATE_DEVICE_CERTIFICATE quarantine;"
                                      "tcu-0001 ADD_THINGS_TO_THING_GROUP quarantine;");
}

static void every_operator(void **state)
{
    static const struct {
        const char *metric, *op, *value, *report;
        bool normal;
    } cases[] = {
        {"x", "less-than-equals",    "\"number\":2",                  "[{\"number\":2}]",                  true },
        {"x", "less-than-equals",    "\"number\":2",                  "[{\"number\":2.1}]",                false},
        {"x", "greater-than",        "\"number\":2",                  "[{\"number\":2}]",                  false},
        {"x", "greater-than-equals", "\"number\":2",                  "[{\"number\":2}]",                  true },
        {"x", "in-set",              "\"strings\":[\"a\",\"b\"]",     "[{\"string_list\":[\"a\"]}]",       true },
        {"x", "in-set",              "\"strings\":[\"a\",\"b\"]",     "[{\"string_list\":[\"a\",\"c\"]}]", false},
        {"x", "not-in-set",          "\"numbers\":[1,2]",             "[{\"number_list\":[3,4]}]",         true },
        {"x", "not-in-set",          "\"numbers\":[1,2]",             "[{\"number_list\":[3,2]}]",         false},
        {"x", "in-cidr-set",         "\"cidrs\":[\"192.0.2.0/25\"]",  "[{\"ip_list\":[\"192.0.2.127\"]}]",
         true                                                                                                   },
        {"x", "in-cidr-set",         "\"cidrs\":[\"192.0.2.0/25\"]",  "[{\"ip_list\":[\"192.0.2.128\"]}]",
         false                                                                                                  },
        {"x", "not-in-cidr-set",     "\"cidrs\":[\"2001:db8::/32\"]",
         "[{\"ip_list\":[\"2001:db9::1\"]}]",                                                              true },
        {"x", "not-in-cidr-set",     "\"cidrs\":[\"2001:db8::/32\"]",
         "[{\"ip_list\":[\"2001:db8::1\"]}]",                                                              false},
        {"x", "in-set",              "\"numbers\":[1]",               "[{\"number\":7}]",                  true },
    };
    struct defender_world *w = *state;
    char text[600];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text,
                 "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"%s\",\"criteria\":"
                 "{\"comparisonOperator\":\"%s\",\"value\":{%s}}}]}",
                 cases[i].metric, cases[i].op, cases[i].value);
        put_profile(w, text);
        snprintf(text, sizeof text, "\"custom_metrics\":{\"x\":%s}", cases[i].report);
        send_report(w, text);
        if ((w->out.count == 1) != cases[i].normal)
            fail_msg("%s %s of %s", cases[i].op, cases[i].value, cases[i].report);
    }
}

static void ports_and_addresses_of_a_report(void **state)
{
    struct defender_world *w = *state;

    put_profile(
        w, "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"aws:listening-tcp-ports\",\"criteria\":"
           "{\"comparisonOperator\":\"in-port-set\",\"value\":{\"ports\":[22,443]}}}]}");
    send_report(w, "\"metrics\":{\"listening_tcp_ports\":{\"ports\":[{\"port\":22}],\"total\":1}}");
    assert_int_equal(w->out.count, 1);
    send_report(w, "\"metrics\":{\"listening_tcp_ports\":{\"ports\":[{\"port\":22},{\"port\":23}],"
                   "\"total\":2}}");
    assert_says_at(&w->out, 1, ALERTS, "\"metricValue\":{\"ports\":[22,23]}");
}

static void what_the_cloud_counts_is_judged_every_300_s(void **state)
{
    struct defender_world *w = *state;

    put_profile(
        w,
        "{\"behaviors\":[{\"name\":\"knows its rights\",\"metric\":"
        "\"aws:num-authorization-failures\",\"criteria\":{\"comparisonOperator\":\"less-than\","
        "\"value\":{\"count\":3}}},{\"name\":\"short\",\"metric\":\"aws:message-byte-size\","
        "\"criteria\":{\"comparisonOperator\":\"less-than-equals\",\"value\":{\"count\":99}}}]}");
    assert_true(defender_service_tick(&w->service, w->now_ms, &w->out));
    for (int i = 0; i < 3; i++)
        defender_service_count(&w->service, "tcu-0001", DEFENDER_AUTHORIZATION_FAILURES, 1);
    defender_service_count(&w->service, "tcu-0001", DEFENDER_MESSAGE_SIZE, 60);
    defender_service_count(&w->service, "tcu-0001", DEFENDER_MESSAGE_SIZE, 50);
    cloud_actions_cut(&w->out, 0);
    assert_true(defender_service_tick(&w->service, w->now_ms + INTERVAL - 1, &w->out));
    assert_int_equal(w->out.count, 0);
    assert_true(defender_service_tick(&w->service, w->now_ms + INTERVAL, &w->out));
    assert_int_equal(w->out.count, 1);
    assert_says_at(&w->out, 0, ALERTS, "\"metricValue\":{\"count\":3}");
    assert_true(defender_service_tick(&w->service, w->now_ms + 2 * INTERVAL, &w->out));
    assert_says_at(&w->out, 1, ALERTS, "alarm-cleared");
}

static void bad_profiles_are_rejected(void **state)
{
    static const struct {
        const char *document, *why;
    } cases[] = {
        {"[]",                                                                             "no JSON object"     },
        {"{}",                                                                             "a list of 1 to 100" },
        {"{\"behaviors\":[{}]}",                                                           "a name and a metric"},
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"aws:?\"}]}",                        "none of those"      },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\"}]}",                            "comparisonOperator" },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"less-than\",\"value\":{\"ports\":[1]}}}]}",                           "that fits"          },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"less-than\",\"value\":{\"\":1}}}]}",                                  "that fits"          },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"in-cidr-set\",\"value\":{\"cidrs\":[\"1.2.3.4/33\"]}}}]}",            "no address range"   },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"less-than\",\"value\":{\"count\":1},\"durationSeconds\":301}}]}",     "durationSeconds"    },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"less-than\",\"value\":{\"count\":1}}}],\"mitigations\":[\"SHOUT\"]}", "mitigations"        },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"less-than\",\"value\":{\"count\":1}}}],\"mitigations\":[\"ADD_THINGS_TO_THING_GROUP\"]"
         "}",                                                                     "thingGroupName"     },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"less-than\",\"value\":{\"count\":1}}}],\"mitigations\":[\"ADD_THINGS_TO_THING_GROUP\"],"
         "\"thingGroupName\":\"two words\"}",                                     "no name of a group" },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"in-cidr-set\",\"value\":{\"cidrs\":[\"10.0.0.0/4294967304\"]}}}]}",   "no address range"   },
        {"{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{\"comparisonOperator\":"
         "\"in-cidr-set\",\"value\":{\"cidrs\":[\"10.0.0.0/-8\"]}}}]}",           "no address range"   },
    };
    struct defender_world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        defender_say(w, PROFILE "put", cases[i].document);
        assert_says_at(&w->out, 0, PROFILE "put/rejected", cases[i].why);
    }
    defender_say(w, "fleetsim/defender/profiles/list", "");
    assert_says_at(&w->out, 0, "fleetsim/defender/profiles/list/accepted",
                   "{\"securityProfileIdentifiers\":[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DEFENDER(a_violation_is_told_once_and_cleared),
        WITH_DEFENDER(datapoints_in_a_row_are_counted),
        WITH_DEFENDER(sums_go_over_the_duration),
        WITH_DEFENDER(mitigations_are_carried_out_with_the_alarm),
        WITH_DEFENDER(every_operator),
        WITH_DEFENDER(ports_and_addresses_of_a_report),
        WITH_DEFENDER(what_the_cloud_counts_is_judged_every_300_s),
        WITH_DEFENDER(bad_profiles_are_rejected),
    };

    return cmocka_run_group_tests_name("cloud/defender/behaviors", tests, NULL, NULL);
}
