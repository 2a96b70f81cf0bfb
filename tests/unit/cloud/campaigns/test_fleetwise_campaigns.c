/* FleetWise's cloud side (contract 9.3): what a car is sent at its check-in, and what becomes of
   the data that it sends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/campaigns/campaign_core.h"
#include "cloud/campaigns/campaign_service.h"
#include "fleetwise/codec.h"
#include "fleetwise/compress.h"
#include "support/said.h"

#define NOW       ((int64_t)1700000000000)
#define CAR       "$aws/iotfleetwise/vehicles/tcu-1/"
#define CAMPAIGNS "fleetsim/fleetwise/campaigns/"
#define TEMPLATES "fleetsim/fleetwise/templates/"
#define MANIFESTS "fleetsim/fleetwise/manifests/"

struct world {
    struct campaign_service service;
    struct registry registry;
    struct cloud_actions out;
    int64_t car_ms; /* of the next check-in */
};

static int setup(void **state)
{
    static struct world w;

    w = (struct world){.car_ms = NOW};
    registry_init(&w.registry);
    campaign_service_init(&w.service, &w.registry);
    cloud_actions_init(&w.out);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    campaign_service_done(&w->service);
    registry_done(&w->registry);
    return 0;
}

static void say_bytes(struct world *w, const char *topic, struct slice payload)
{
    struct campaign_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(campaign_address_parse(topic, &a));
    assert_true(campaign_service_request(&w->service, &a, "app", payload, NOW, &w->out));
}

static void say(struct world *w, const char *topic, const char *payload)
{
    say_bytes(w, topic, slice_str(payload));
}

/* A message in protobuf of that JSON; `compress`: as snappy. */
static void say_message(struct world *w, const char *topic, const char *message, const char *json,
                        bool compress)
{
    cJSON *object = json_parse(slice_str(json), 10);
    struct error err;
    size_t len, plain_len;
    uint8_t *plain = fleetwise_encode(message, object, &plain_len, &err);

    assert_non_null(plain);
    uint8_t *small = fleetwise_compress(slice_of(plain, plain_len), &len);
    assert_non_null(small);
    say_bytes(w, topic, compress ? slice_of(small, len) : slice_of(plain, plain_len));
    free(small);
    free(plain);
    cJSON_Delete(object);
}

/* With the documents that it has, as JSON. */
static void check_in(struct world *w, const char *documents)
{
    char json[300];

    w->car_ms += 120000;
    snprintf(json, sizeof json, "{\"document_sync_ids\":%s,\"timestamp_ms_epoch\":%lld}", documents,
             (long long)w->car_ms);
    say_message(w, CAR "checkins", "Checkin", json, false);
}

/* The i-th thing that is said is such a message for the car; cJSON_free() it. */
static char *sent(const struct world *w, size_t i, const char *rest, const char *message)
{
    char topic[100];

    snprintf(topic, sizeof topic, CAR "%s", rest);
    assert_true(i < w->out.count);
    assert_string_equal(w->out.items[i].topic, topic);
    cJSON *object =
        fleetwise_decode(message, slice_of(w->out.items[i].payload, w->out.items[i].payload_len));
    assert_non_null(object);
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

static void assert_sent(const struct world *w, size_t i, const char *rest, const char *message,
                        const char *part)
{
    char *text = sent(w, i, rest, message);

    if (strstr(text, part) == NULL)
        fail_msg("%s: not in %s", part, text);
    cJSON_free(text);
}

static void put_manifest(struct world *w)
{
    say(w, MANIFESTS "m-1/put",
        "{\"manifest\":{\"can_signals\":[{\"signal_id\":11,\"message_id\":257,\"length\":16,"
        "\"factor\":0.01,\"primitive_type\":\"FLOAT32\"}],\"custom_decoding_signals\":[{"
        "\"signal_id\":12,\"custom_decoding_id\":\"locks.all\",\"primitive_type\":\"STRING\"}]},"
        "\"names\":{\"11\":\"Vehicle.Speed\"}}");
    assert_says_at(&w->out, 0, MANIFESTS "m-1/put/accepted", "\"m-1\"");
}

static void put_campaign(struct world *w, const char *name, const char *scheme, const char *more)
{
    char topic[100], document[600];

    snprintf(topic, sizeof topic, CAMPAIGNS "%s/put", name);
    snprintf(document, sizeof document,
             "{\"scheme\":{\"decoder_manifest_sync_id\":\"m-1\",\"expiry_time_ms_epoch\":"
             "1700000100000,\"time_based_collection_scheme\":{"
             "\"time_based_collection_scheme_period_ms\":1000}%s}%s}",
             scheme, more);
    say(w, topic, document);
    snprintf(topic, sizeof topic, CAMPAIGNS "%s/put/accepted", name);
    assert_says_at(&w->out, 0, topic, name);
}

/* Contract 9.3: "Lists ids of every document held …; cloud compares and sends what is missing." */
static void a_check_in_brings_what_is_missing(void **state)
{
    struct world *w = *state;

    check_in(w, "[]");
    assert_int_equal(w->out.count, 0);
    put_manifest(w);
    put_campaign(w, "spring", "", "");
    put_campaign(w, "others", "", ",\"vehicles\":[\"tcu-2\"]");
    check_in(w, "[]");
    assert_int_equal(w->out.count, 2);
    assert_sent(w, 0, "decoder_manifests", "DecoderManifest", "\"sync_id\":\"m-1\"");
    char *schemes = sent(w, 1, "collection_schemes", "CollectionSchemes");
    assert_non_null(strstr(schemes, "spring"));
    assert_null(strstr(schemes, "others"));
    cJSON_free(schemes);
    check_in(w, "[\"m-1\"]");
    assert_int_equal(w->out.count, 1);
    check_in(w, "[\"spring\"]");
    assert_int_equal(w->out.count, 1);
    assert_sent(w, 0, "decoder_manifests", "DecoderManifest", "\"m-1\"");
    check_in(w, "[\"m-1\",\"spring\"]");
    assert_int_equal(w->out.count, 0);
}

static void what_a_car_is_not_to_have_it_loses(void **state)
{
    struct world *w = *state;

    put_manifest(w);
    put_campaign(w, "spring", "", "");
    put_campaign(w, "over", ",\"priority\":1", "");
    /* What somebody else has sent it is left alone. */
    check_in(w, "[\"m-1\",\"spring\",\"over\",\"a stranger\"]");
    assert_int_equal(w->out.count, 0);
    say(w, CAMPAIGNS "over/delete", "");
    assert_says_at(&w->out, 0, CAMPAIGNS "over/delete/accepted", "over");
    check_in(w, "[\"m-1\",\"spring\",\"over\"]");
    assert_sent(w, 0, "collection_schemes", "CollectionSchemes", "\"spring\"");
    say(w, CAMPAIGNS "spring/put", "{\"scheme\":{\"expiry_time_ms_epoch\":1699999999999}}");
    check_in(w, "[\"m-1\",\"spring\"]");
    assert_sent(w, 0, "collection_schemes", "CollectionSchemes", "\"collection_schemes\":[]");
    check_in(w, "[\"m-1\"]");
    assert_int_equal(w->out.count, 0);
}

/* A car checks in for each document: what it has been sent just before may be on its way. */
static void what_is_on_its_way_is_not_sent_again(void **state)
{
    struct world *w = *state;

    put_manifest(w);
    put_campaign(w, "spring", "", "");
    check_in(w, "[]");
    assert_int_equal(w->out.count, 2);
    w->car_ms -= 120000 - 50;
    check_in(w, "[\"m-1\"]");
    assert_int_equal(w->out.count, 0);
    check_in(w, "[\"m-1\"]");
    assert_int_equal(w->out.count, 1);
}

/* Contract 9.3: "Lists ids of every document held (decoder manifest, schemes, state templates)" */
static void state_templates_come_and_go(void **state)
{
    struct world *w = *state;

    put_manifest(w);
    say(w, TEMPLATES "doors/put",
        "{\"manifest\":\"m-1\",\"template\":{\"on_change_update_strategy\":{},"
        "\"signal_ids\":[12]}}");
    assert_says_at(&w->out, 0, TEMPLATES "doors/put/accepted", "doors");
    say(w, TEMPLATES "later/put", "{\"manifest\":\"m-2\",\"template\":{\"signal_ids\":[1]}}");
    check_in(w, "[]");
    assert_int_equal(w->out.count, 2);
    assert_sent(w, 0, "decoder_manifests", "DecoderManifest", "\"m-1\"");
    assert_sent(w, 1, "last_known_states/config", "StateTemplates",
                "{\"decoder_manifest_sync_id\":\"m-1\",\"state_templates_to_add\":[{"
                "\"state_template_sync_id\":\"doors\",\"on_change_update_strategy\":{},"
                "\"signal_ids\":[12]}],\"state_template_sync_ids_to_remove\":[],"
                "\"version\":1700000000000}");
    check_in(w, "[\"m-1\",\"doors\"]");
    assert_sent(w, 0, "last_known_states/config", "StateTemplates", "\"later\"");
    say(w, TEMPLATES "doors/delete", "");
    check_in(w, "[\"m-1\",\"doors\",\"later\"]");
    assert_int_equal(w->out.count, 1);
    assert_sent(w, 0, "last_known_states/config", "StateTemplates",
                "\"state_templates_to_add\":[],\"state_template_sync_ids_to_remove\":[\"doors\"]");
    check_in(w, "[\"m-1\",\"later\"]");
    assert_int_equal(w->out.count, 0);
}

static const char data[] =
    "{\"campaign_sync_id\":\"spring\",\"decoder_sync_id\":\"m-1\",\"collection_event_id\":7,"
    "\"collection_event_time_ms_epoch\":1700000000500,\"captured_signals\":["
    "{\"relative_time_ms\":-500,\"signal_id\":11,\"double_value\":51.25},"
    "{\"relative_time_ms\":0,\"signal_id\":11,\"double_value\":52},"
    "{\"relative_time_ms\":20,\"signal_id\":12,\"string_value\":\"locked\"},"
    "{\"relative_time_ms\":0,\"signal_id\":99,\"double_value\":-1}]}";

/* Contract 9.3: "When the campaign's destination is an MQTT topic the cloud publishes JSON
   {"campaignName","vehicleName","eventId","msgId","collectionEventTime","dimensions","signals":
   {"<name>":[{"value","dataType","time"}]}}." */
static void data_goes_to_the_topic_of_its_campaign(void **state)
{
    struct world *w = *state;
    struct registry_thing *thing = registry_thing_add(&w->registry, "tcu-1", NOW);

    assert_non_null(thing);
    thing->attributes = json_parse(slice_str("{\"model\":\"compact\"}"), 4);
    put_manifest(w);
    put_campaign(w, "spring", "",
                 ",\"mqttTopic\":\"dt/spring\",\"dimensions\":[\"model\",\"colour\"]");
    say_message(w, CAR "signals", "VehicleData", data, false);
    assert_int_equal(w->out.count, 1);
    assert_null(w->out.items[0].client_id);
    assert_says_at(&w->out, 0, "dt/spring",
                   "{\"campaignName\":\"spring\",\"vehicleName\":\"tcu-1\",\"eventId\":7,"
                   "\"msgId\":\"tcu-1-1700000000000-1\",\"collectionEventTime\":1700000000500,"
                   "\"dimensions\":{\"model\":\"compact\"},\"signals\":{\"Vehicle.Speed\":["
                   "{\"value\":51.25,\"dataType\":\"FLOAT\",\"time\":1700000000000},"
                   "{\"value\":52,\"dataType\":\"FLOAT\",\"time\":1700000000500}],"
                   "\"locks.all\":[{\"value\":\"locked\",\"dataType\":\"STRING\","
                   "\"time\":1700000000520}],\"99\":[{\"value\":-1,\"dataType\":\"DOUBLE\","
                   "\"time\":1700000000500}]}}");
}

/* Contract 9.3: "(optionally snappy-compressed where the scheme says so)" */
static void data_is_compressed_if_its_scheme_says_so(void **state)
{
    struct world *w = *state;

    put_campaign(w, "spring", ",\"compress_collected_data\":true", ",\"mqttTopic\":\"dt/spring\"");
    say_message(w, CAR "signals", "VehicleData", data, true);
    assert_says_at(&w->out, 0, "dt/spring", "\"eventId\":7");
    say_message(w, CAR "signals", "VehicleData", data, false);
    assert_int_equal(w->out.count, 0);
    put_campaign(w, "spring", "", ",\"mqttTopic\":\"dt/spring\"");
    say_message(w, CAR "signals", "VehicleData", data, true);
    assert_int_equal(w->out.count, 0);
    say(w, CAR "signals", "neither protobuf nor snappy");
    assert_int_equal(w->out.count, 0);
    assert_true(w->service.dropped > 0);
    put_campaign(w, "spring", "", "");
    say_message(w, CAR "signals", "VehicleData", data, false);
    assert_int_equal(w->out.count, 0);
}

/* Two numbers that are called the same are one list, at the place of the first. */
static void signals_of_one_name_are_one_list(void **state)
{
    struct world *w = *state;

    say(w, MANIFESTS "m-1/put",
        "{\"manifest\":{\"custom_decoding_signals\":[{\"signal_id\":1,\"custom_decoding_id\":\"a\"}"
        ","
        "{\"signal_id\":1,\"custom_decoding_id\":\"late\"}]},\"names\":{\"2\":\"a\"}}");
    put_campaign(w, "spring", "", ",\"mqttTopic\":\"dt/spring\"");
    say_message(w, CAR "signals", "VehicleData",
                "{\"campaign_sync_id\":\"spring\",\"captured_signals\":["
                "{\"signal_id\":1,\"double_value\":1},{\"signal_id\":3,\"double_value\":3},"
                "{\"signal_id\":2,\"double_value\":2}]}",
                false);
    assert_says_at(&w->out, 0, "dt/spring",
                   "\"signals\":{\"a\":[{\"value\":1,\"dataType\":\"DOUBLE\",\"time\":0},"
                   "{\"value\":2,\"dataType\":\"DOUBLE\",\"time\":0}],\"3\":[{\"value\":3,");
}

/* A few thousand bytes of snappy are as many values as anybody likes. */
static void data_of_too_many_values_is_dropped(void **state)
{
    enum { VALUES = 20001 };
    static uint8_t plain[8 + 2 * VALUES] = {0x0a, 6, 's', 'p', 'r', 'i', 'n', 'g'};
    struct world *w = *state;
    size_t len;

    for (size_t i = 8; i < sizeof plain; i += 2)
        plain[i] = 0x2a;
    put_campaign(w, "spring", ",\"compress_collected_data\":true", ",\"mqttTopic\":\"dt/spring\"");
    for (size_t more = 0; more < 2; more++) {
        uint8_t *small = fleetwise_compress(slice_of(plain, sizeof plain - 2 + 2 * more), &len);
        assert_non_null(small);
        say_bytes(w, CAR "signals", slice_of(small, len));
        assert_int_equal(w->out.count, 1 - more);
        assert_int_equal(w->service.dropped, more);
        free(small);
    }
}

static void what_does_not_fit_is_rejected(void **state)
{
    static const struct {
        const char *topic, *payload, *why;
    } cases[] = {
        {CAMPAIGNS "a/put",    "[]",                                                      "the request is no JSON object"       },
        {CAMPAIGNS "a/put",    "{}",                                                      "scheme: a CollectionScheme"          },
        {CAMPAIGNS "a/put",    "{\"scheme\":{\"speed\":1}}",                              "speed: no member of"                 },
        {CAMPAIGNS "a/put",    "{\"scheme\":{\"campaign_sync_id\":\"b\"}}",               "it is the name"                      },
        {CAMPAIGNS "a/put",    "{\"scheme\":{},\"vehicles\":\"tcu-1\"}",                  "vehicles: not a list"                },
        {CAMPAIGNS "a/put",    "{\"scheme\":{},\"dimensions\":[1]}",                      "dimensions: not a list"              },
        {CAMPAIGNS "a/put",    "{\"scheme\":{},\"mqttTopic\":\"dt/+\"}",                  "mqttTopic: a topic"                  },
        {CAMPAIGNS "a/put",    "{\"scheme\":{},\"mqttTopic\":\"$aws/x\"}",                "mqttTopic: a topic"                  },
        {CAMPAIGNS "a/get",    "",                                                        "ResourceNotFound"                    },
        {CAMPAIGNS "a/delete", "",                                                        "ResourceNotFound"                    },
        {MANIFESTS "m/put",    "{}",                                                      "manifest: a DecoderManifest"         },
        {MANIFESTS "m/put",    "{\"manifest\":{\"can_signals\":[{\"length\":-1}]}}",      "length: not a"                       },
        {MANIFESTS "m/put",    "{\"manifest\":{},\"names\":[1]}",                         "names: the name of each"             },
        {TEMPLATES "s/put",    "{}",                                                      "template: a StateTemplateInformation"},
        {TEMPLATES "s/put",    "{\"template\":{}}",                                       "manifest: the decoder manifest's id" },
        {TEMPLATES "s/put",    "{\"template\":{\"signal_ids\":[-1]},\"manifest\":\"m\"}",
         "signal_ids: not a whole number"                                                                                       },
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char topic[100];
        say(w, cases[i].topic, cases[i].payload);
        snprintf(topic, sizeof topic, "%s/rejected", cases[i].topic);
        assert_says_at(&w->out, 0, topic, cases[i].why);
    }
    assert_null(w->service.documents);
}

static void documents_that_are_deleted_make_room(void **state)
{
    struct world *w = *state;
    char topic[100], answer[120];

    for (int i = 0; i < 1100; i++) {
        snprintf(topic, sizeof topic, CAMPAIGNS "c%d/put", i);
        snprintf(answer, sizeof answer, "%s/accepted", topic);
        say(w, topic, "{\"scheme\":{}}");
        assert_says_at(&w->out, 0, answer, "");
        snprintf(topic, sizeof topic, CAMPAIGNS "c%d/delete", i);
        say(w, topic, "");
    }
    size_t kept = 0;
    for (const struct campaign_document *d = w->service.documents; d != NULL; d = d->next)
        kept++;
    assert_int_equal(kept, 1000);
}

static void campaigns_outlive_the_broker(void **state)
{
    struct world *w = *state;
    struct text saved;

    put_manifest(w);
    put_campaign(w, "spring", "", ",\"mqttTopic\":\"dt/spring\"");
    put_campaign(w, "gone", "", "");
    say(w, CAMPAIGNS "gone/delete", "");
    text_init(&saved);
    campaign_service_save(&w->service, &saved);
    campaign_service_done(&w->service);
    campaign_service_init(&w->service, &w->registry);
    for (char *line = strtok(saved.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *record = json_parse(slice_str(line), 20);
        assert_true(campaign_service_load(&w->service, record));
        cJSON_Delete(record);
    }
    text_done(&saved);
    cJSON *other = json_parse(slice_str("{\"campaign\":\"x\",\"document\":{\"scheme\":1}}"), 4);
    assert_false(campaign_service_load(&w->service, other));
    cJSON_Delete(other);
    say(w, CAMPAIGNS "list", "{\"clientToken\":\"t\"}");
    assert_says_at(&w->out, 0, CAMPAIGNS "list/accepted",
                   "{\"names\":[\"spring\"],\"clientToken\":\"t\"}");
    say(w, MANIFESTS "list", "");
    assert_says_at(&w->out, 0, MANIFESTS "list/accepted", "[\"m-1\"]");
    say(w, CAMPAIGNS "spring/get", "");
    assert_says_at(&w->out, 0, CAMPAIGNS "spring/get/accepted", "\"mqttTopic\":\"dt/spring\"");
    check_in(w, "[\"m-1\",\"spring\",\"gone\"]");
    assert_int_equal(w->out.count, 1);
}

static void topics_that_are_none(void **state)
{
    static const char *const topics[] = {
        CAR "collection_schemes",  "$aws/iotfleetwise/vehicles/checkins",
        CAMPAIGNS "put",           CAMPAIGNS "a/b/put",
        "fleetsim/fleetwise/list", MANIFESTS "m/attach",
    };
    struct campaign_address a;

    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        assert_false(campaign_address_parse(topics[i], &a));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_check_in_brings_what_is_missing),
        WITH_WORLD(what_a_car_is_not_to_have_it_loses),
        WITH_WORLD(what_is_on_its_way_is_not_sent_again),
        WITH_WORLD(state_templates_come_and_go),
        WITH_WORLD(data_goes_to_the_topic_of_its_campaign),
        WITH_WORLD(data_is_compressed_if_its_scheme_says_so),
        WITH_WORLD(signals_of_one_name_are_one_list),
        WITH_WORLD(data_of_too_many_values_is_dropped),
        WITH_WORLD(what_does_not_fit_is_rejected),
        WITH_WORLD(documents_that_are_deleted_make_room),
        WITH_WORLD(campaigns_outlive_the_broker),
        cmocka_unit_test(topics_that_are_none),
    };

    return cmocka_run_group_tests_name("cloud/campaigns", tests, NULL, NULL);
}
