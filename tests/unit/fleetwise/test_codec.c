/* Messages of AWS IoT FleetWise: the bytes of contract 9.3, and what is no message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fleetwise/codec.h"

static void assert_decodes(const char *message, struct slice bytes, const char *expected)
{
    cJSON *seen = fleetwise_decode(message, bytes), *wanted = json_parse(slice_str(expected), 40);

    assert_non_null(seen);
    assert_non_null(wanted);
    if (!json_equal(seen, wanted)) {
        char *text = cJSON_PrintUnformatted(seen);
        fail_msg("%s", text);
    }
    cJSON_Delete(seen);
    cJSON_Delete(wanted);
}

/* Contract 9.3: "Checkin | document_sync_ids=1 (repeated string), timestamp_ms_epoch=2" */
static void a_check_in(void **state)
{
    static const uint8_t bytes[] = {0x0a, 1, 'm', 0x0a, 2, 'c', '1', 0x10, 0xac, 0x02};
    static const char json[] = "{\"document_sync_ids\":[\"m\",\"c1\"],\"timestamp_ms_epoch\":300}";
    cJSON *object = json_parse(slice_str(json), 4);
    struct error err;
    size_t len;

    (void)state;
    assert_decodes("Checkin", slice_of(bytes, sizeof bytes), json);
    uint8_t *made = fleetwise_encode("Checkin", object, &len, &err);
    assert_non_null(made);
    assert_int_equal(len, sizeof bytes);
    assert_memory_equal(made, bytes, len);
    free(made);
    cJSON_Delete(object);
}

/* Contract 9.3: "CapturedSignal | relative_time_ms=1 (sint64), signal_id=2, double_value=3 |
   string_value=4" */
static void raw_frames(void **state)
{
    static const uint8_t bytes[] = {0x3a, 15,   0x08, 0x09, 0x10, 0x81, 0x02, 0x1a,
                                    4,    'c',  'a',  'n',  '0',  0x22, 2,    0x00,
                                    0xff, 0x4a, 5,    0x0a, 1,    'k',  0x10, 1};
    static const char json[] =
        "{\"campaign_sync_id\":\"\",\"decoder_sync_id\":\"\",\"collection_event_id\":0,"
        "\"collection_event_time_ms_epoch\":0,\"captured_signals\":[],\"can_frames\":[{"
        "\"relative_time_ms\":-5,\"message_id\":257,\"interface_id\":\"can0\",\"byte_values\":"
        "\"00ff\"}],\"s3_objects\":[{\"key\":\"k\",\"data_format\":\"CDR\"}]}";
    cJSON *object = json_parse(slice_str(json), 8);
    struct error err;
    size_t len;

    (void)state;
    assert_decodes("VehicleData", slice_of(bytes, sizeof bytes), json);
    uint8_t *made = fleetwise_encode("VehicleData", object, &len, &err);
    assert_non_null(made);
    assert_int_equal(len, sizeof bytes);
    assert_memory_equal(made, bytes, len);
    free(made);
    cJSON_Delete(object);
}

static void vehicle_data(void **state)
{
    static const uint8_t bytes[] = {0x0a, 1,    'c', 0x18, 7, 0x2a, 6, 0x08, 0x09, 0x10,
                                    0x03, 0x22, 0,   0x32, 4, 0x12, 2, 'P',  '0'};

    (void)state;
    assert_decodes("VehicleData", slice_of(bytes, sizeof bytes),
                   "{\"campaign_sync_id\":\"c\",\"decoder_sync_id\":\"\",\"collection_event_id\":7,"
                   "\"collection_event_time_ms_epoch\":0,\"captured_signals\":[{"
                   "\"relative_time_ms\":-5,\"signal_id\":3,\"string_value\":\"\"}],"
                   "\"dtc_data\":{\"relative_time_ms\":0,\"active_dtc_codes\":[\"P0\"]},"
                   "\"can_frames\":[],\"s3_objects\":[]}");
}

/* Contract 9.3: "ActuatorCommand | signal_id=1, decoder_manifest_sync_id=2, double=3 | bool=4 |
   int8=5 | …" and "timeout_ms=17, actuator_command=18 …, issued_timestamp_ms=20" */
static void an_actuator_command(void **state)
{
    static const uint8_t bytes[] = {0x88, 1, 0x64, 0x92, 1,    7,    0x08, 3,
                                    0x12, 1, 'm',  0x28, 0x0d, 0xa0, 1,    5};

    (void)state;
    assert_decodes("CommandRequest", slice_of(bytes, sizeof bytes),
                   "{\"command_id\":\"\",\"timeout_ms\":100,\"actuator_command\":{\"signal_id\":3,"
                   "\"decoder_manifest_sync_id\":\"m\",\"int8_value\":-7},"
                   "\"issued_timestamp_ms\":5}");
}

/* Contract 9.3: "CommandResponse | status=1, command_id=2, reason_code=3, reason_description=4" and
   "status SUCCEEDED=1, EXECUTION_TIMEOUT=2, EXECUTION_FAILED=4, IN_PROGRESS=10" */
static void answers_to_commands(void **state)
{
    static const struct {
        uint8_t number;
        const char *name;
    } statuses[] = {
        {1,  "SUCCEEDED"        },
        {2,  "EXECUTION_TIMEOUT"},
        {4,  "EXECUTION_FAILED" },
        {10, "IN_PROGRESS"      },
    };

    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const uint8_t bytes[] = {0x08, statuses[i].number, 0x12, 1, 'c', 0x18, 0x13, 0x22, 1, 'x'};
        char json[200];
        snprintf(json, sizeof json,
                 "{\"status\":\"COMMAND_STATUS_%s\",\"command_id\":\"c\",\"reason_code\":19,"
                 "\"reason_description\":\"x\"}",
                 statuses[i].name);
        assert_decodes("CommandResponse", slice_of(bytes, sizeof bytes), json);
    }
}

/* Contract 9.3: "CollectionScheme | campaign_sync_id=1, decoder_manifest_sync_id=2,
   start_time_ms_epoch=3, expiry_time_ms_epoch=4, time_based_collection_scheme=5 |
   condition_based_collection_scheme=6, after_duration_ms=7, include_active_dtcs=8,
   signal_information=9", "ConditionBasedCollectionScheme | condition_minimum_interval_ms=1,
   condition_language_version=2, condition_tree=3, condition_trigger_mode=4" and
   "TimeBasedCollectionScheme | time_based_collection_scheme_period_ms=1" */
static void schemes_by_condition_and_by_time(void **state)
{
    static const uint8_t bytes[] = {
        0x0a, 30, 0x0a, 1, 'a',  0x12, 1,    'm', 0x18, 6, 0x20, 9, /* 1 to 4 */
        0x32, 10, 0x08, 5, 0x10, 1,    0x1a, 2,   0x28, 1, 0x20, 1, /* by condition */
        0x38, 7,  0x40, 1, 0x4a, 2,    0x08, 3,                     /* 7, 8, a signal */
        0x0a, 4,  0x2a, 2, 0x08, 100,                               /* another, by time */
        0x10, 8,                                                    /* timestamp_ms_epoch */
    };
    cJSON *all = fleetwise_decode("CollectionSchemes", slice_of(bytes, sizeof bytes));

    (void)state;
    assert_non_null(all);
    char *text = cJSON_PrintUnformatted(all);
    static const char *const parts[] = {
        "\"campaign_sync_id\":\"a\",\"decoder_manifest_sync_id\":\"m\",\"start_time_ms_epoch\":6,"
        "\"expiry_time_ms_epoch\":9,\"condition_based_collection_scheme\":{"
        "\"condition_minimum_interval_ms\":5,\"condition_language_version\":1,\"condition_tree\":{"
        "\"node_boolean_value\":true},\"condition_trigger_mode\":\"TRIGGER_ONLY_ON_RISING_EDGE\"},"
        "\"after_duration_ms\":7,\"include_active_dtcs\":true,\"signal_information\":[{"
        "\"signal_id\":3,",
        "\"time_based_collection_scheme\":{\"time_based_collection_scheme_period_ms\":100}",
        "\"timestamp_ms_epoch\":8}",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("%s: not in %s", parts[i], text);
    cJSON_free(text);
    cJSON_Delete(all);
}

/* Contract 9.3: "`last_known_states/data` →, `last_known_states/config` ←", with the numbers of the
   edge repository's state_templates.proto and last_known_state_data.proto. */
static void last_known_states(void **state)
{
    static const uint8_t templates[] = {0x12, 1,    'm',  0x2a, 10, 0x0a, 1, 't', 0x22, 2,
                                        0x08, 0x64, 0x2a, 1,    7,  0x32, 1, 'o', 0x38, 3};
    static const uint8_t data[] = {0x10, 0x05, 0x32, 0x0b, 0x0a, 1,   't', 0x12,
                                   0x06, 0x08, 0x07, 0x6a, 2,    'o', 'n'};

    (void)state;
    assert_decodes("StateTemplates", slice_of(templates, sizeof templates),
                   "{\"decoder_manifest_sync_id\":\"m\",\"state_templates_to_add\":[{"
                   "\"state_template_sync_id\":\"t\",\"periodic_update_strategy\":{"
                   "\"period_ms\":100},\"signal_ids\":[7]}],"
                   "\"state_template_sync_ids_to_remove\":[\"o\"],\"version\":3}");
    assert_decodes("LastKnownStateData", slice_of(data, sizeof data),
                   "{\"collection_event_time_ms_epoch\":5,\"captured_state_template_signals\":[{"
                   "\"state_template_sync_id\":\"t\",\"captured_signals\":[{"
                   "\"signal_id\":7,\"string_value\":\"on\"}]}]}");
}

/* Contract 9.3: "`decoder_manifests` ←", with the numbers of the edge repository's
   decoder_manifest.proto. */
static void a_decoder_manifest(void **state)
{
    static const uint8_t bytes[] = {
        0x0a, 1,    'm', /* sync_id */
        0x12, 36,   0x08, 11,   0x12, 1,    'c',  0x18, 0x81, 0x02, 0x20,
        1,    0x28, 1,    0x30, 8, /* a CANSignal */
        0x39, 0,    0,    0,    0,    0,    0,    0x44, 0xc0, 0x41, 0,
        0,    0,    0,    0,    0,    0xe0, 0x3f, 0x48, 16,   0x50, 7,
        0x32, 9,    0x08, 30,   0x1a, 3,    'a',  '.',  'b',  0x20, 12, /* a CustomDecodingSignal */
    };

    (void)state;
    assert_decodes("DecoderManifest", slice_of(bytes, sizeof bytes),
                   "{\"sync_id\":\"m\",\"can_signals\":[{\"signal_id\":11,\"interface_id\":\"c\","
                   "\"message_id\":257,\"is_big_endian\":true,\"is_signed\":true,\"start_bit\":8,"
                   "\"offset\":-40,\"factor\":0.5,\"length\":16,\"primitive_type\":\"INT16\"}],"
                   "\"obd_pid_signals\":[],\"complex_signals\":[],\"custom_decoding_signals\":[{"
                   "\"signal_id\":30,\"interface_id\":\"\",\"custom_decoding_id\":\"a.b\","
                   "\"primitive_type\":\"STRING\"}]}");
}

/* Contract 9.3: "CommandRequest | command_id=16, timeout_ms=17, actuator_command=18 |
   last_known_state_command=19, issued_timestamp_ms=20" */
static void a_command_for_last_known_states(void **state)
{
    static const uint8_t bytes[] = {0x82, 1,    1, 'c', 0x9a, 1, 9,    0x0a,
                                    7,    0x0a, 1, 't', 0x12, 2, 0x08, 60};

    (void)state;
    assert_decodes("CommandRequest", slice_of(bytes, sizeof bytes),
                   "{\"command_id\":\"c\",\"timeout_ms\":0,\"last_known_state_command\":{"
                   "\"state_template_information\":[{\"state_template_sync_id\":\"t\","
                   "\"activate_operation\":{\"deactivate_after_seconds\":60}}]},"
                   "\"issued_timestamp_ms\":0}");
}

/* Contract 9.3: "persist_all_collected_data=11, compress_collected_data=12, priority=13,
   s3_upload_metadata=16, store_and_forward_configuration=17, signal_fetch_information=18,
   campaign_arn=19", "signal_path=6, data_partition_id=7" */
static void rare_fields_of_a_scheme(void **state)
{
    static const uint8_t bytes[] = {
        0x0a, 57,                                                     /* a scheme */
        0x4a, 9,    0x08, 4,    0x32, 3,    0x0a, 1,    2,   0x38, 1, /* signal_information */
        0x58, 1,    0x60, 1,    0x68, 5,                              /* 11, 12, 13 */
        0x82, 0x01, 3,    0x0a, 1,    'b',                            /* s3_upload_metadata */
        0x8a, 0x01, 14,   0x0a, 12,   0x0a, 4,    0x08, 100, 0x18, 9, 0x12, 4,
        0x0a, 2,    0x20, 4,                                                   /* 17 */
        0x92, 0x01, 10,   0x08, 4,    0x12, 2,    0x10, 50,  0x2a, 2, 0x28, 1, /* 18 */
        0x9a, 0x01, 1,    'a',                                                 /* 19 */
    };
    cJSON *schemes = fleetwise_decode("CollectionSchemes", slice_of(bytes, sizeof bytes));

    (void)state;
    assert_non_null(schemes);
    cJSON *scheme = cJSON_GetArrayItem(cJSON_GetObjectItem(schemes, "collection_schemes"), 0);
    static const char *const members[][2] = {
        {"persist_all_collected_data",      "true"                                     },
        {"compress_collected_data",         "true"                                     },
        {"priority",                        "5"                                        },
        {"campaign_arn",                    "\"a\""                                    },
        {"s3_upload_metadata",              "{\"bucket_name\":\"b\",\"prefix\":\"\",\"region\":\"\",\"bucket_"
                               "owner_account_id\":\"\"}"},
        {"store_and_forward_configuration",
         "{\"partition_configuration\":[{\"storage_options\":{\"maximum_size_in_bytes\":100,"
         "\"storage_location\":\"\",\"minimum_time_to_live_in_seconds\":9},\"upload_options\":{"
         "\"condition_tree\":{\"node_signal_id\":4}}}]}"                               },
        {"signal_fetch_information",
         "[{\"signal_id\":4,\"time_based\":{\"max_execution_count\":0,\"execution_frequency_ms\":"
         "50,"
         "\"reset_max_execution_count_interval_ms\":0},\"condition_language_version\":0,"
         "\"actions\":[{\"node_boolean_value\":true}]}]"                               },
        {"signal_information",
         "[{\"signal_id\":4,\"sample_buffer_size\":0,\"minimum_sample_period_ms\":0,"
         "\"fixed_window_period_ms\":0,\"condition_only_signal\":false,\"signal_path\":{"
         "\"signal_path\":[2]},\"data_partition_id\":1}]"                              },
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char *seen = cJSON_PrintUnformatted(cJSON_GetObjectItem(scheme, members[i][0]));
        assert_string_equal(seen, members[i][1]);
        cJSON_free(seen);
    }
    cJSON_Delete(schemes);
}

static void all_of_a_scheme_comes_back(void **state)
{
    static const char json[] =
        "{\"collection_schemes\":[{\"campaign_sync_id\":\"a\",\"decoder_manifest_sync_id\":\"m\","
        "\"start_time_ms_epoch\":1700000000000,\"expiry_time_ms_epoch\":1800000000000,"
        "\"condition_based_collection_scheme\":{\"condition_minimum_interval_ms\":1000,"
        "\"condition_language_version\":0,\"condition_tree\":{\"node_operator\":{\"left_child\":{"
        "\"node_signal_id\":4},\"right_child\":{\"node_double_value\":-1.5},\"operator\":"
        "\"COMPARE_BIGGER\"}},\"condition_trigger_mode\":\"TRIGGER_ONLY_ON_RISING_EDGE\"},"
        "\"after_duration_ms\":5,\"include_active_dtcs\":true,\"signal_information\":[{"
        "\"signal_id\":4,\"sample_buffer_size\":10,\"minimum_sample_period_ms\":0,"
        "\"fixed_window_period_ms\":0,\"condition_only_signal\":false,"
        "\"data_partition_id\":0}],\"raw_can_frames_to_collect\":[],"
        "\"persist_all_collected_data\":false,\"compress_collected_data\":false,\"priority\":0,"
        "\"signal_fetch_information\":[],\"campaign_arn\":\"\"}],\"timestamp_ms_epoch\":0}";
    cJSON *object = json_parse(slice_str(json), 40);
    struct error err;
    size_t len;
    uint8_t *bytes = fleetwise_encode("CollectionSchemes", object, &len, &err);

    (void)state;
    assert_non_null(bytes);
    assert_decodes("CollectionSchemes", slice_of(bytes, len), json);
    free(bytes);
    cJSON_Delete(object);
}

static void what_does_not_fit_is_named(void **state)
{
    static const struct {
        const char *message, *json, *why;
    } cases[] = {
        {"Nonsense",          "{}",                                                 "no message of FleetWise"                                             },
        {"Checkin",           "[]",                                                 "not an object"                                                       },
        {"Checkin",           "{\"id\":1}",                                         "id: no member of a Checkin"                                          },
        {"Checkin",           "{\"document_sync_ids\":\"a\"}",                      "document_sync_ids: not a list"                                       },
        {"Checkin",           "{\"document_sync_ids\":[\"a\",1]}",                  "document_sync_ids: not a text"                                       },
        {"Checkin",           "{\"document_sync_ids\":[\"\xff\"]}",                 "document_sync_ids: not a text"                                       },
        {"Checkin",           "{\"timestamp_ms_epoch\":-1}",
         "timestamp_ms_epoch: not a whole number that fits"                                                                                               },
        {"Checkin",           "{\"timestamp_ms_epoch\":1.5}",
         "timestamp_ms_epoch: not a whole number that fits"                                                                                               },
        {"VehicleData",       "{\"can_frames\":[{\"byte_values\":\"0x\"}]}",
         "byte_values: not bytes as hexadecimal digits"                                                                                                   },
        {"VehicleData",       "{\"can_frames\":[{\"byte_values\":\"123\"}]}",
         "byte_values: not bytes as hexadecimal digits"                                                                                                   },
        {"VehicleData",       "{\"can_frames\":[{\"byte_values\":1}]}",
         "byte_values: not bytes as hexadecimal digits"                                                                                                   },
        {"CollectionSchemes", "{\"collection_schemes\":[{\"priority\":\"high\"}]}",
         "collection_schemes: priority: not a whole number that fits"                                                                                     },
        {"CollectionSchemes",
         "{\"collection_schemes\":[{\"time_based_collection_scheme\":{},"
         "\"condition_based_collection_scheme\":{}}]}",                             "condition_based_collection_scheme: only one of its kind can be given"},
        {"CollectionSchemes",
         "{\"collection_schemes\":[{\"condition_based_collection_scheme\":{"
         "\"condition_trigger_mode\":\"SOMETIMES\"}}]}",                            "condition_trigger_mode: none of its values"                          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *object = json_parse(slice_str(cases[i].json), 10);
        struct error err;
        size_t len;
        assert_non_null(object);
        assert_null(fleetwise_encode(cases[i].message, object, &len, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].json, err.text);
        cJSON_Delete(object);
    }
}

static void bytes_that_are_none(void **state)
{
    static const uint8_t cut[] = {0x0a, 5, 'm'}, wrong[] = {0x0b}, endless[] = {0xff, 0xff, 0xff};

    (void)state;
    assert_null(fleetwise_decode("Checkin", slice_of(cut, sizeof cut)));
    assert_null(fleetwise_decode("Checkin", slice_of(wrong, sizeof wrong)));
    assert_null(fleetwise_decode("Checkin", slice_of(endless, sizeof endless)));
    assert_null(fleetwise_decode("Nonsense", slice_of(cut, 0)));
}

/* Texts of proto3 are UTF-8: an id that is none would be no text anywhere. */
static void texts_that_are_none(void **state)
{
    static const uint8_t id[] = {0x0a, 1, 0xff}, deep[] = {0x0a, 3, 0x0a, 1, 0xc3},
                         good[] = {0x0a, 2, 0xc3, 0xbc};

    (void)state;
    assert_null(fleetwise_decode("Checkin", slice_of(id, sizeof id)));
    assert_null(fleetwise_decode("CollectionSchemes", slice_of(deep, sizeof deep)));
    assert_decodes("Checkin", slice_of(good, sizeof good),
                   "{\"document_sync_ids\":[\"ü\"],\"timestamp_ms_epoch\":0}");
}

/* `count` times two bytes, as that message. */
static bool decodes_many(const char *message, uint8_t first, uint8_t second, size_t count)
{
    uint8_t *bytes = malloc(2 * count);

    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        bytes[2 * i] = first;
        bytes[2 * i + 1] = second;
    }
    cJSON *object = fleetwise_decode(message, slice_of(bytes, 2 * count));
    bool ok = object != NULL;
    cJSON_Delete(object);
    free(bytes);
    return ok;
}

/* Two bytes are a tree of hundreds: few of them compressed would take all memory. */
static void more_than_a_message_holds(void **state)
{
    static uint8_t packed[100009];

    (void)state;
    assert_true(decodes_many("VehicleData", 0x2a, 0, 20000));
    assert_false(decodes_many("VehicleData", 0x2a, 0, 20001));
    assert_true(decodes_many("VehicleData", 0x18, 1, 100000));
    assert_false(decodes_many("VehicleData", 0x18, 1, 100001));
    /* StateTemplates: a template that says 100,001 numbers of signals in one field. */
    static const uint8_t head[] = {0x2a, 0xa5, 0x8d, 0x06, 0x2a, 0xa1, 0x8d, 0x06};
    memset(packed, 1, sizeof packed);
    memcpy(packed, head, sizeof head);
    assert_null(fleetwise_decode("StateTemplates", slice_of(packed, sizeof head + 100001)));
}

static void one_text_of_a_message(void **state)
{
    static const uint8_t data[] = {0x0a, 1, 'a', 0x2a, 0, 0x0a, 2, 'b', 'c', 0x2a, 1, 0xff};
    struct slice id;

    (void)state;
    assert_true(
        fleetwise_find_text("VehicleData", "campaign_sync_id", slice_of(data, sizeof data), &id));
    assert_int_equal(id.len, 2);
    assert_memory_equal(id.data, "bc", 2);
    assert_false(fleetwise_find_text("VehicleData", "campaign_sync_id", slice_of(data, 2), &id));
    assert_false(fleetwise_find_text("VehicleData", "nonsense", slice_of(data, 3), &id));
    assert_false(fleetwise_find_text("Nonsense", "campaign_sync_id", slice_of(data, 3), &id));
}

/* A condition that goes on for ever would take all of the stack. */
static void conditions_have_a_depth(void **state)
{
    enum { LEVELS = 20000, SIZE = 4 * LEVELS };
    uint8_t *bytes = malloc(SIZE), *at = bytes + SIZE;
    const uint8_t tags[] = {0x0a, 0x1a, 0x32, 0x0a};
    size_t len = 0;

    (void)state;
    assert_non_null(bytes);
    /* From the inside: operator in node in operator …, then scheme and list. */
    for (int i = 0; i < LEVELS && len + 8 < 16000; i++) {
        uint8_t head[4];
        size_t n = 0;
        head[n++] = tags[0];
        if (len >= 128)
            head[n++] = (uint8_t)(len | 0x80);
        head[n++] = (uint8_t)(len >= 128 ? len >> 7 : len);
        at -= n;
        len += n;
        memcpy(at, head, n);
    }
    for (int i = 1; i < 4; i++) {
        *--at = (uint8_t)(len >> 7);
        *--at = (uint8_t)(len | 0x80);
        *--at = tags[i];
        len += 3;
    }
    assert_null(fleetwise_decode("CollectionSchemes", slice_of(at, len)));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_in),
        cmocka_unit_test(vehicle_data),
        cmocka_unit_test(raw_frames),
        cmocka_unit_test(an_actuator_command),
        cmocka_unit_test(answers_to_commands),
        cmocka_unit_test(schemes_by_condition_and_by_time),
        cmocka_unit_test(last_known_states),
        cmocka_unit_test(a_decoder_manifest),
        cmocka_unit_test(a_command_for_last_known_states),
        cmocka_unit_test(rare_fields_of_a_scheme),
        cmocka_unit_test(all_of_a_scheme_comes_back),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(bytes_that_are_none),
        cmocka_unit_test(texts_that_are_none),
        cmocka_unit_test(more_than_a_message_holds),
        cmocka_unit_test(one_text_of_a_message),
        cmocka_unit_test(conditions_have_a_depth),
    };

    return cmocka_run_group_tests_name("fleetwise/codec", tests, NULL, NULL);
}
