/* AWS IoT Device Defender: which reports are taken, and what is said of them (contract 5). */
#include <string.h>

#include "base/json.h"
#include "cloud/defender/defender_report.h"
#include "support/defender_world.h"

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
    struct defender_world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        defender_say(w, DEVICE, cases[i]);
        if (w->out.count != 1 ||
            strstr(w->out.items[0].payload, "\"ErrorCode\":\"InvalidPayload\"") == NULL)
            fail_msg("%s was taken", cases[i]);
        assert_says_at(&w->out, 0, DEVICE "/rejected", "{\"thingName\":\"tcu-0001\",");
    }
}

static void the_answer_is_as_the_contract_prints_it(void **state)
{
    struct defender_world *w = *state;

    w->now_ms = 1542697506269;
    defender_say(w, DEVICE,
                 "{\"header\":{\"report_id\":1542697506,\"version\":\"1.0\"},\"metrics\":{}}");
    assert_says_at(&w->out, 0, DEVICE "/accepted",
                   "{\"thingName\":\"tcu-0001\",\"reportId\":1542697506,\"status\":\"ACCEPTED\","
                   "\"timestamp\":1542697506269}");
}

/* Contract 5: "At most one report per 300 s per device; faster reports are throttled." */
static void reports_that_come_too_soon_are_throttled(void **state)
{
    struct defender_world *w = *state;

    send_report(w, "\"metrics\":{}");
    w->now_ms += 200000;
    defender_say(w, DEVICE, "{\"header\":{\"report_id\":9,\"version\":\"1.0\"},\"metrics\":{}}");
    assert_says_at(&w->out, 0, DEVICE "/rejected", "\"ErrorCode\":\"Throttled\"");
    /* What was throttled does not begin the interval anew. */
    w->now_ms -= 200000;
    send_report(w, "\"metrics\":{}");
    /* "Do not let report_id repeat or go backwards" */
    w->now_ms += INTERVAL;
    defender_say(w, DEVICE, "{\"header\":{\"report_id\":2,\"version\":\"1.0\"},\"metrics\":{}}");
    assert_says_at(&w->out, 0, DEVICE "/rejected", "report_id has not increased");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(long_and_short_names_say_the_same),
        WITH_DEFENDER(malformed_reports_are_rejected),
        WITH_DEFENDER(the_answer_is_as_the_contract_prints_it),
        WITH_DEFENDER(reports_that_come_too_soon_are_throttled),
    };

    return cmocka_run_group_tests_name("cloud/defender/defender_messages", tests, NULL, NULL);
}
