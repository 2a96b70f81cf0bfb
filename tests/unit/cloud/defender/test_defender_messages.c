/* AWS IoT Device Defender: which reports are taken, and what is said of them (contract 5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/json.h"
#include "cloud/defender/defender_report.h"
#include "support/defender_world.h"

/* contract 5: metrics in json and in cbor; what operators ask. */
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

/* contract 5: "Long keys | short keys". */
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

/* contract 5: "a bare object is rejected as malformed", "either all-long or all-short keys". */
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

/* contract 5: …/metrics/json/accepted as the contract prints it. */
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

/* contract 5: "At most one report per 300 s per device; faster reports are throttled." */
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

/* contract 5: rejected as the contract prints it; reportId is there when it could be read
   (unconfirmed). */
static void the_rejection_is_as_the_contract_prints_it(void **state)
{
    struct defender_world *w = *state;

    w->now_ms = 1635802047699;
    defender_say(w, DEVICE, "nonsense");
    assert_int_equal(w->out.count, 1);
    assert_string_equal(w->out.items[0].client_id, "tcu-0001");
    cJSON *answer = json_parse(slice_str(said(&w->out, DEVICE "/rejected")), 4);
    assert_string_equal(json_str(answer, "thingName", ""), "tcu-0001");
    assert_string_equal(json_str(answer, "status", ""), "REJECTED");
    const cJSON *details = json_get(answer, "statusDetails");
    assert_string_equal(json_str(details, "ErrorCode", ""), "InvalidPayload");
    assert_true(strlen(json_str(details, "ErrorMessage", "")) > 0);
    assert_true(json_num(answer, "timestamp", 0) == 1635802047699.0);
    assert_int_equal(cJSON_GetArraySize(answer), 4);
    cJSON_Delete(answer);
}

/* Sends the JSON as CBOR; what is answered on metrics/cbor/<expected>, from CBOR. */
static cJSON *in_cbor(struct defender_world *w, const char *json, const char *expected)
{
    char topic[100];
    size_t len = 0;
    cJSON *document = json_parse(slice_str(json), 10);
    uint8_t *bytes = cbor_write(document, &len);

    snprintf(topic, sizeof topic, CBOR "/%s", expected);
    defender_say_bytes(w, CBOR, slice_of(bytes, len));
    free(bytes);
    cJSON_Delete(document);
    const struct cloud_action *a = said_on(&w->out, topic);
    if (a == NULL)
        fail_msg("nothing on %s", topic);
    cJSON *answer = cbor_parse(slice_of(a->payload, a->payload_len), 5);
    assert_non_null(answer);
    return answer;
}

/* contract 5: "defender/metrics/<json|cbor> + /accepted, /rejected": what comes in CBOR is answered
   in CBOR, with long names and with short ones. */
static void cbor_is_answered_in_cbor(void **state)
{
    struct defender_world *w = *state;
    cJSON *answer = in_cbor(w, long_names, "accepted");

    assert_string_equal(json_str(answer, "thingName", ""), "tcu-0001");
    assert_string_equal(json_str(answer, "status", ""), "ACCEPTED");
    assert_true(json_num(answer, "reportId", 0) == 1700000000.0);
    assert_true(json_num(answer, "timestamp", 0) == (double)NOW);
    cJSON_Delete(answer);
    answer = in_cbor(w, short_names, "rejected"); /* too soon */
    assert_string_equal(json_str(json_get(answer, "statusDetails"), "ErrorCode", ""), "Throttled");
    cJSON_Delete(answer);
    w->now_ms += INTERVAL;
    cJSON_Delete(in_cbor(w, "{\"hed\":{\"rid\":1700000300,\"v\":\"1.0\"},\"met\":{}}", "accepted"));
    w->now_ms += INTERVAL;
    answer = in_cbor(w, "[]", "rejected");
    assert_string_equal(json_str(json_get(answer, "statusDetails"), "ErrorCode", ""),
                        "InvalidPayload");
    cJSON_Delete(answer);
    defender_say_bytes(w, CBOR, slice_str("{}")); /* JSON is no CBOR map */
    assert_non_null(said_on(&w->out, CBOR "/rejected"));
}

/* contract 5: "One of metrics / custom_metrics suffices"; "interface/local_interface/local_port are
   optional"; each type of custom metric. */
static void what_may_be_left_out(void **state)
{
    static const char *const bodies[] = {
        "\"metrics\":{}",
        "\"custom_metrics\":{\"a\":[{\"number\":-1.5}]}",
        "\"custom_metrics\":{\"a\":[{\"number_list\":[]}],\"b\":[{\"string_list\":[\"x\"]}]}",
        "\"custom_metrics\":{\"a\":[{\"ip_list\":[\"192.0.2.5\",\"2001:db8::1\"]}]}",
        "\"metrics\":{\"listening_tcp_ports\":{\"ports\":[{\"port\":22}],\"total\":1},"
        "\"listening_udp_ports\":{\"ports\":[{\"port\":53}],\"total\":1}}",
        "\"metrics\":{\"tcp_connections\":{\"established_connections\":{\"connections\":["
        "{\"remote_addr\":\"192.0.2.1:8883\"}],\"total\":1}}}",
        "\"metrics\":{\"tcp_connections\":{\"established_connections\":{\"total\":3}}}",
        "\"metrics\":{\"listening_tcp_ports\":{\"total\":2}}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        send_report(*state, bodies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(long_and_short_names_say_the_same),
        WITH_DEFENDER(malformed_reports_are_rejected),
        WITH_DEFENDER(the_answer_is_as_the_contract_prints_it),
        WITH_DEFENDER(reports_that_come_too_soon_are_throttled),
        WITH_DEFENDER(the_rejection_is_as_the_contract_prints_it),
        WITH_DEFENDER(cbor_is_answered_in_cbor),
        WITH_DEFENDER(what_may_be_left_out),
    };

    return cmocka_run_group_tests_name("cloud/defender/defender_messages", tests, NULL, NULL);
}
