/* AWS IoT Device Defender (contract 5): which reports are taken, what violates a behaviour, and
 * what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/defender/defender_report.h"
#include "cloud/defender/defender_service.h"

#define NOW      ((int64_t)1700000000000)
#define INTERVAL ((int64_t)300 * 1000)
#define DEVICE   "$aws/things/tcu-0001/defender/metrics/json"
#define PROFILE  "fleetsim/defender/profiles/p/"
#define ALERTS   "fleetsim/defender/alerts/tcu-0001"

#define HEADER "\"header\":{\"report_id\":%d,\"version\":\"1.0\"}"

struct world {
    struct defender_service service;
    struct cloud_actions out;
    int64_t now_ms;
    int report;
    char mitigated[200];
};

static bool mitigate(void *ctx, const char *thing, enum defender_mitigation mitigation,
                     const struct defender_turn *turn)
{
    struct world *w = ctx;
    size_t len = strlen(w->mitigated);

    snprintf(w->mitigated + len, sizeof w->mitigated - len, "%s %s %s;", thing,
             defender_mitigation_name(mitigation),
             turn->profile->group != NULL ? turn->profile->group : "-");
    return true;
}

static int setup(void **state)
{
    static struct world w;

    w = (struct world){.now_ms = NOW};
    defender_service_init(&w.service);
    w.service.mitigate = mitigate;
    w.service.ctx = &w;
    cloud_actions_init(&w.out);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    defender_service_done(&w->service);
    return 0;
}

static void say(struct world *w, const char *topic, const char *payload)
{
    struct defender_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(defender_address_parse(topic, &a));
    assert_true(defender_service_request(&w->service, &a, "tcu-0001", slice_str(payload), w->now_ms,
                                         &w->out));
}

static void assert_says(const struct world *w, size_t i, const char *topic, const char *part)
{
    assert_true(i < w->out.count);
    assert_string_equal(w->out.items[i].topic, topic);
    if (strstr(w->out.items[i].payload, part) == NULL)
        fail_msg("no %s in %s", part, w->out.items[i].payload);
}

/* The next report, an interval later, with these metrics. */
static void report(struct world *w, const char *metrics)
{
    char text[1000];

    w->now_ms += INTERVAL;
    snprintf(text, sizeof text, "{" HEADER ",%s}", ++w->report, metrics);
    say(w, DEVICE, text);
    assert_says(w, 0, DEVICE "/accepted", "\"status\":\"ACCEPTED\"");
}

static void report_bytes(struct world *w, int out)
{
    char text[200];

    snprintf(text, sizeof text, "\"metrics\":{\"network_stats\":{\"bytes_out\":%d}}", out);
    report(w, text);
}

static void put(struct world *w, const char *document)
{
    say(w, PROFILE "put", document);
    assert_says(w, 0, PROFILE "put/accepted", "\"securityProfileName\":\"p\"");
}

static void addresses(void **state)
{
    static const struct {
        const char *topic;
        bool good;
        enum defender_operation op;
    } cases[] = {
        {DEVICE,                                         true,  DEFENDER_REPORT_JSON    },
        {"$aws/things/a/defender/metrics/cbor",          true,  DEFENDER_REPORT_CBOR    },
        {"$aws/things/a/defender/metrics/xml",           true,  DEFENDER_NO_CALL        },
        {"$aws/things/a/defender/metrics/json/accepted", true,  DEFENDER_NO_CALL        },
        {"$aws/things/a b/defender/metrics/json",        false, 0                       },
        {"$aws/things/a/jobs/get",                       false, 0                       },
        {PROFILE "put",                                  true,  DEFENDER_PUT_PROFILE    },
        {PROFILE "get",                                  true,  DEFENDER_SHOW_PROFILE   },
        {PROFILE "delete",                               true,  DEFENDER_DELETE_PROFILE },
        {PROFILE "put/accepted",                         false, 0                       },
        {"fleetsim/defender/profiles/list",              true,  DEFENDER_LIST_PROFILES  },
        {"fleetsim/defender/violations/list",            true,  DEFENDER_LIST_VIOLATIONS},
        {ALERTS,                                         false, 0                       },
    };
    struct defender_address a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (defender_address_parse(cases[i].topic, &a) != cases[i].good ||
            (cases[i].good && a.op != cases[i].op))
            fail_msg("%s", cases[i].topic);
}

/* The example of contract 5, with long names and with short ones. */
static const char long_names[] =
    "{\"header\":{\"report_id\":1700000000,\"version\":\"1.0\"},\"metrics\":{"
    "\"listening_tcp_ports\":{\"ports\":[{\"interface\":\"eth0\",\"port\":22}],\"total\":1},"
    "\"listening_udp_ports\":{\"ports\":[{\"interface\":\"eth0\",\"port\":53}],\"total\":1},"
    "\"network_stats\":{\"bytes_in\":1,\"bytes_out\":2,\"packets_in\":3,\"packets_out\":4},"
    "\"tcp_connections\":{\"established_connections\":{\"connections\":[{\"local_interface\":"
    "\"eth0\",\"local_port\":51000,\"remote_addr\":\"192.0.2.1:8883\"}],\"total\":1}}},"
    "\"custom_metrics\":{\"batteryV\":[{\"number\":12.4}],\"temps\":[{\"number_list\":[1,2]}],"
    "\"apps\":[{\"string_list\":[\"a\",\"b\"]}],\"peers\":[{\"ip_list\":[\"192.0.2.5\"]}]}}";
static const char short_names[] =
    "{\"hed\":{\"rid\":1700000000,\"v\":\"1.0\"},\"met\":{"
    "\"tp\":{\"pts\":[{\"if\":\"eth0\",\"pt\":22}],\"t\":1},"
    "\"up\":{\"pts\":[{\"if\":\"eth0\",\"pt\":53}],\"t\":1},"
    "\"ns\":{\"bi\":1,\"bo\":2,\"pi\":3,\"po\":4},"
    "\"tc\":{\"ec\":{\"cs\":[{\"li\":\"eth0\",\"lp\":51000,\"rad\":\"192.0.2.1:8883\"}],\"t\":1}}},"
    "\"cmet\":{\"batteryV\":[{\"number\":12.4}],\"temps\":[{\"number_list\":[1,2]}],"
    "\"apps\":[{\"string_list\":[\"a\",\"b\"]}],\"peers\":[{\"ip_list\":[\"192.0.2.5\"]}]}}";

static void long_and_short_names_say_the_same(void **state)
{
    static const char expected[] =
        "{\"aws:listening-tcp-ports\":[22],\"aws:num-listening-tcp-ports\":1,"
        "\"aws:listening-udp-ports\":[53],\"aws:num-listening-udp-ports\":1,"
        "\"aws:all-bytes-in\":1,\"aws:all-bytes-out\":2,\"aws:all-packets-in\":3,"
        "\"aws:all-packets-out\":4,\"aws:destination-ip-addresses\":[\"192.0.2.1\"],"
        "\"aws:num-established-tcp-connections\":1,\"batteryV\":12.4,\"temps\":[1,2],"
        "\"apps\":[\"a\",\"b\"],\"peers\":[\"192.0.2.5\"]}";
    const char *const texts[] = {long_names, short_names};
    cJSON *wanted = json_parse(slice_str(expected), 5);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        cJSON *document = json_parse(slice_str(texts[i]), 10);
        struct defender_report r;
        assert_null(defender_report_read(document, &r));
        assert_int_equal(r.id, 1700000000);
        assert_true(json_equal(r.values, wanted));
        defender_report_done(&r);
        cJSON_Delete(document);
    }
    cJSON_Delete(wanted);
}

/* Contract 5: "a bare object is rejected as malformed", "either all-long or all-short keys". */
static void malformed_reports_are_rejected(void **state)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"}}",
        "{\"header\":{\"version\":\"1.0\"},\"metrics\":{}}",
        "{\"header\":{\"report_id\":-1,\"version\":\"1.0\"},\"metrics\":{}}",
        "{\"header\":{\"report_id\":\"1\",\"version\":\"1.0\"},\"metrics\":{}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1\"},\"metrics\":{}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":[]}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"met\":{}}",
        "{\"header\":{\"rid\":1,\"v\":\"1.0\"},\"metrics\":{}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":{\"ns\":{\"bo\":1}}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":{\"network_stats\":1}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":{\"network_stats\":"
        "{\"bytes_in\":1.5}}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":{\"listening_tcp_ports\":"
        "{\"ports\":[{\"port\":70000}],\"total\":1}}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":{\"listening_tcp_ports\":"
        "{\"ports\":[]}}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"metrics\":{\"tcp_connections\":"
        "{\"established_connections\":{\"connections\":[{\"remote_addr\":\"here:1\"}],"
        "\"total\":1}}}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"custom_metrics\":{\"a\":"
        "{\"number\":1}}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"custom_metrics\":{\"a\":"
        "[{\"number\":1},{\"number\":2}]}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"custom_metrics\":{\"a\":"
        "[{\"number\":\"1\"}]}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"custom_metrics\":{\"a\":"
        "[{\"ip_list\":[\"x\"]}]}}",
        "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"custom_metrics\":{\"aws:a\":"
        "[{\"number\":1}]}}",
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(w, DEVICE, cases[i]);
        if (w->out.count != 1 ||
            strstr(w->out.items[0].payload, "\"ErrorCode\":\"InvalidPayload\"") == NULL)
            fail_msg("%s was taken", cases[i]);
        assert_says(w, 0, DEVICE "/rejected", "{\"thingName\":\"tcu-0001\",");
    }
}

static void the_answer_is_as_the_contract_prints_it(void **state)
{
    struct world *w = *state;

    w->now_ms = 1542697506269;
    say(w, DEVICE, "{\"header\":{\"report_id\":1542697506,\"version\":\"1.0\"},\"metrics\":{}}");
    assert_says(w, 0, DEVICE "/accepted",
                "{\"thingName\":\"tcu-0001\",\"reportId\":1542697506,\"status\":\"ACCEPTED\","
                "\"timestamp\":1542697506269}");
}

/* Contract 5: "At most one report per 300 s per device; faster reports are throttled." */
static void reports_that_come_too_soon_are_throttled(void **state)
{
    struct world *w = *state;

    report(w, "\"metrics\":{}");
    w->now_ms += 200000;
    say(w, DEVICE, "{\"header\":{\"report_id\":9,\"version\":\"1.0\"},\"metrics\":{}}");
    assert_says(w, 0, DEVICE "/rejected", "\"ErrorCode\":\"Throttled\"");
    /* What was throttled does not begin the interval anew. */
    w->now_ms -= 200000;
    report(w, "\"metrics\":{}");
    /* "Do not let report_id repeat or go backwards" */
    w->now_ms += INTERVAL;
    say(w, DEVICE, "{\"header\":{\"report_id\":2,\"version\":\"1.0\"},\"metrics\":{}}");
    assert_says(w, 0, DEVICE "/rejected", "report_id has not increased");
}

#define LITTLE                                                                                     \
    "{\"behaviors\":[{\"name\":\"talks little\",\"metric\":\"aws:all-bytes-out\",\"criteria\":"    \
    "{\"comparisonOperator\":\"less-than\",\"value\":{\"count\":1000}%s}}]%s}"

static void put_little(struct world *w, const char *criteria, const char *more)
{
    char text[1000];

    snprintf(text, sizeof text, LITTLE, criteria, more);
    put(w, text);
}

static void a_violation_is_told_once_and_cleared(void **state)
{
    struct world *w = *state;

    put_little(w, "", "");
    report_bytes(w, 999);
    assert_int_equal(w->out.count, 1);
    report_bytes(w, 1000);
    assert_int_equal(w->out.count, 2);
    assert_says(w, 1, ALERTS, "\"violationEventType\":\"in-alarm\",\"violationId\":\"1\"");
    assert_says(w, 1, ALERTS, "\"metricValue\":{\"count\":1000}");
    assert_says(w, 1, ALERTS, "\"behavior\":{\"name\":\"talks little\"");
    report_bytes(w, 5000);
    assert_int_equal(w->out.count, 1);
    report_bytes(w, 0);
    assert_says(w, 1, ALERTS, "\"violationEventType\":\"alarm-cleared\",\"violationId\":\"1\"");
    say(w, "fleetsim/defender/violations/list", "{\"thingName\":\"tcu-0001\"}");
    assert_says(w, 0, "fleetsim/defender/violations/list/accepted", "alarm-cleared");
    say(w, "fleetsim/defender/violations/list", "{\"thingName\":\"another\"}");
    assert_says(w, 0, "fleetsim/defender/violations/list/accepted", "{\"violationEvents\":[]}");
}

static void datapoints_in_a_row_are_counted(void **state)
{
    struct world *w = *state;

    put_little(w, ",\"consecutiveDatapointsToAlarm\":2,\"consecutiveDatapointsToClear\":2", "");
    report_bytes(w, 2000);
    report_bytes(w, 0);
    report_bytes(w, 2000);
    assert_int_equal(w->out.count, 1);
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "in-alarm");
    report_bytes(w, 0);
    assert_int_equal(w->out.count, 1);
    report_bytes(w, 0);
    assert_says(w, 1, ALERTS, "alarm-cleared");
}

static void sums_go_over_the_duration(void **state)
{
    struct world *w = *state;

    put_little(w, ",\"durationSeconds\":900", "");
    report_bytes(w, 400);
    report_bytes(w, 400);
    assert_int_equal(w->out.count, 1);
    report_bytes(w, 400);
    assert_says(w, 1, ALERTS, "\"metricValue\":{\"count\":1200}");
    report_bytes(w, 0);
    assert_says(w, 1, ALERTS, "\"metricValue\":{\"count\":800}");
}

static void mitigations_are_carried_out_with_the_alarm(void **state)
{
    struct world *w = *state;

    put_little(w, "",
               ",\"mitigations\":[\"UPDATE_DEVICE_CERTIFICATE\",\"ADD_THINGS_TO_THING_GROUP\"],"
               "\"thingGroupName\":\"quarantine\"");
    report_bytes(w, 1);
    assert_string_equal(w->mitigated, "");
    report_bytes(w, 2000);
    report_bytes(w, 2000);
    assert_string_equal(w->mitigated, "tcu-0001 UPDATE_DEVICE_CERTIFICATE quarantine;"
                                      "tcu-0001 ADD_THINGS_TO_THING_GROUP quarantine;");
}

static void a_profile_is_for_its_targets(void **state)
{
    struct world *w = *state;

    put_little(w, "", ",\"targets\":[\"another\"]");
    report_bytes(w, 2000);
    assert_int_equal(w->out.count, 1);
    put_little(w, "", ",\"targets\":[\"another\",\"tcu-0001\"]");
    report_bytes(w, 2000);
    assert_int_equal(w->out.count, 2);
    say(w, PROFILE "delete", "{}");
    assert_says(w, 0, PROFILE "delete/accepted", "\"p\"");
    report_bytes(w, 2000);
    assert_int_equal(w->out.count, 1);
    say(w, PROFILE "get", "{}");
    assert_says(w, 0, PROFILE "get/rejected", "ResourceNotFound");
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
    struct world *w = *state;
    char targets[100];

    w->service.fleet = &fleet;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        in_group = cases[i].in_group;
        registered = cases[i].registered;
        snprintf(targets, sizeof targets, ",\"targets\":[\"%s\"]", cases[i].target);
        put_little(w, "", targets);
        report_bytes(w, 2000);
        if (w->out.count != (cases[i].meant ? 2 : 1))
            fail_msg("%s: %zu messages", cases[i].target, w->out.count);
    }
}

/* Members come and go; an alarm about one that has gone is no alarm any more. */
static void attaching_and_detaching(void **state)
{
    struct world *w = *state;

    w->service.fleet = &fleet;
    in_group = registered = true;
    put_little(w, "", ",\"targets\":[]");
    report_bytes(w, 2000);
    assert_int_equal(w->out.count, 1);
    say(w, PROFILE "attach", "{\"target\":\"arn:aws:iot:eu-west-1:1:thinggroup/in\"}");
    assert_says(w, 0, PROFILE "attach/accepted", "\"p\"");
    say(w, PROFILE "get", "{}");
    assert_says(w, 0, PROFILE "get/accepted", "\"targets\":[\"group/in\"]");
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "\"in-alarm\"");
    in_group = false;
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "\"alarm-invalidated\"");
    assert_null(strstr(w->out.items[1].payload, "metricValue"));
    report_bytes(w, 2000);
    assert_int_equal(w->out.count, 1);
    in_group = true;
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "\"in-alarm\"");
    /* What is attached twice is attached once. */
    say(w, PROFILE "attach", "{\"target\":\"group/in\"}");
    say(w, PROFILE "detach", "{\"target\":\"thinggroup/in\"}");
    assert_says(w, 0, PROFILE "detach/accepted", "\"p\"");
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "\"alarm-invalidated\"");
    say(w, PROFILE "detach", "{\"target\":\"group/in\"}");
    assert_says(w, 0, PROFILE "detach/rejected", "not attached");
    say(w, PROFILE "attach", "{\"target\":\"group/none\"}");
    assert_says(w, 0, PROFILE "attach/rejected", "there is no group none");
    say(w, PROFILE "attach", "{\"target\":\"all/cars\"}");
    assert_says(w, 0, PROFILE "attach/rejected", "target: all/things");
    say(w, "fleetsim/defender/profiles/q/attach", "{\"target\":\"group/in\"}");
    assert_says(w, 0, "fleetsim/defender/profiles/q/attach/rejected", "ResourceNotFound");
}

/* One without targets is for all, until that is taken from it. */
static void from_all_to_some(void **state)
{
    struct world *w = *state;

    w->service.fleet = &fleet;
    in_group = false;
    put_little(w, "", "");
    say(w, PROFILE "attach", "{\"target\":\"group/in\"}");
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "\"in-alarm\"");
    say(w, PROFILE "detach", "{\"target\":\"all/things\"}");
    report_bytes(w, 2000);
    assert_says(w, 1, ALERTS, "\"alarm-invalidated\"");
    /* The state says so. */
    struct text saved;
    text_init(&saved);
    defender_service_save(&w->service, &saved);
    assert_non_null(strstr(saved.data, "\"targets\":[\"group/in\"]"));
    text_done(&saved);
    say(w, PROFILE "put",
        "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{"
        "\"comparisonOperator\":\"less-than\",\"value\":{\"count\":1}}}],"
        "\"targets\":[\"group/none\"]}");
    assert_says(w, 0, PROFILE "put/rejected", "there is no group none");
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
    struct world *w = *state;
    char text[600];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text,
                 "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"%s\",\"criteria\":"
                 "{\"comparisonOperator\":\"%s\",\"value\":{%s}}}]}",
                 cases[i].metric, cases[i].op, cases[i].value);
        put(w, text);
        snprintf(text, sizeof text, "\"custom_metrics\":{\"x\":%s}", cases[i].report);
        report(w, text);
        if ((w->out.count == 1) != cases[i].normal)
            fail_msg("%s %s of %s", cases[i].op, cases[i].value, cases[i].report);
    }
}

static void ports_and_addresses_of_a_report(void **state)
{
    struct world *w = *state;

    put(w, "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"aws:listening-tcp-ports\",\"criteria\":"
           "{\"comparisonOperator\":\"in-port-set\",\"value\":{\"ports\":[22,443]}}}]}");
    report(w, "\"metrics\":{\"listening_tcp_ports\":{\"ports\":[{\"port\":22}],\"total\":1}}");
    assert_int_equal(w->out.count, 1);
    report(w, "\"metrics\":{\"listening_tcp_ports\":{\"ports\":[{\"port\":22},{\"port\":23}],"
              "\"total\":2}}");
    assert_says(w, 1, ALERTS, "\"metricValue\":{\"ports\":[22,23]}");
}

static void what_the_cloud_counts_is_judged_every_300_s(void **state)
{
    struct world *w = *state;

    put(w,
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
    assert_says(w, 0, ALERTS, "\"metricValue\":{\"count\":3}");
    assert_true(defender_service_tick(&w->service, w->now_ms + 2 * INTERVAL, &w->out));
    assert_says(w, 1, ALERTS, "alarm-cleared");
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
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(w, PROFILE "put", cases[i].document);
        assert_says(w, 0, PROFILE "put/rejected", cases[i].why);
    }
    say(w, "fleetsim/defender/profiles/list", "");
    assert_says(w, 0, "fleetsim/defender/profiles/list/accepted",
                "{\"securityProfileIdentifiers\":[]}");
}

static void profiles_outlive_the_broker(void **state)
{
    struct world *w = *state;
    struct defender_service again;
    struct text saved;

    put_little(w, "", "");
    text_init(&saved);
    defender_service_save(&w->service, &saved);
    defender_service_init(&again);
    cJSON *record = json_parse(slice_of(saved.data, saved.len), 20);
    assert_true(defender_service_load(&again, record));
    cJSON_Delete(record);
    text_done(&saved);
    defender_service_done(&w->service);
    w->service = again;
    report_bytes(w, 1000);
    assert_says(w, 1, ALERTS, "in-alarm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(long_and_short_names_say_the_same),
        cmocka_unit_test_setup_teardown(malformed_reports_are_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(the_answer_is_as_the_contract_prints_it, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_that_come_too_soon_are_throttled, setup, teardown),
        cmocka_unit_test_setup_teardown(a_violation_is_told_once_and_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(datapoints_in_a_row_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_go_over_the_duration, setup, teardown),
        cmocka_unit_test_setup_teardown(mitigations_are_carried_out_with_the_alarm, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_profile_is_for_its_targets, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_and_everybody, setup, teardown),
        cmocka_unit_test_setup_teardown(attaching_and_detaching, setup, teardown),
        cmocka_unit_test_setup_teardown(from_all_to_some, setup, teardown),
        cmocka_unit_test_setup_teardown(every_operator, setup, teardown),
        cmocka_unit_test_setup_teardown(ports_and_addresses_of_a_report, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_cloud_counts_is_judged_every_300_s, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bad_profiles_are_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(profiles_outlive_the_broker, setup, teardown),
    };

    return cmocka_run_group_tests_name("cloud/defender_service", tests, NULL, NULL);
}
