#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "hex.h"
#include "mqtt/codec.h"
#include "mqtt/kept.h"
#include "vectors.h"

#define KEEP ((size_t)1000)

static cJSON *json_of(const struct mqtt_kept *k)
{
    cJSON *object = cJSON_CreateObject();

    mqtt_kept_json(k, object);
    return object;
}

/* Whatever a packet is, it reads as it would have at once. */
static void every_packet_reads_later_as_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct hex h;
        struct buf line;
        buf_init(&line, 4096);
        struct mqtt_kept *k = mqtt_keep(NULL, false, hex_bytes(&h, vectors[i].bytes),
                                        vectors[i].version, KEEP, &line);
        if (k != NULL) {
            assert_int_equal(buf_len(&line), 0);
            mqtt_kept_describe(k, &line);
            cJSON *json = json_of(k);
            const char *type = json_str(json, "type", "?");
            assert_memory_equal(buf_cstr(&line), type, strlen(type));
            char *text = cJSON_PrintUnformatted(json);
            assert_true(json_is_utf8(slice_str(text)));
            assert_null(strstr(text, "secret"));
            free(text);
            cJSON_Delete(json);
        }
        assert_string_equal(buf_cstr(&line), vectors[i].line);
        free(k);
        buf_done(&line);
    }
}

static struct mqtt_kept *keep_publish(struct mqtt_describer *d, const char *topic,
                                      struct slice payload, uint16_t alias)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = payload, .qos = 1, .dup = true};
    struct buf packet, line;

    if (alias != 0) {
        mqtt_props_set(&m.props, MQTT_PROP_TOPIC_ALIAS);
        m.props.topic_alias = alias;
    }
    buf_init(&packet, 65536);
    buf_init(&line, 1000);
    assert_true(mqtt_encode_publish(&packet, MQTT_5, &m, 7));
    struct mqtt_kept *k = mqtt_keep(d, true, buf_slice(&packet), MQTT_5, KEEP, &line);
    assert_non_null(k);
    buf_done(&packet);
    buf_done(&line);
    return k;
}

static void fields_of_a_publish(void **state)
{
    struct mqtt_kept *k = keep_publish(NULL, "a/b", slice_str("{\"x\":1}"), 0);
    cJSON *json = json_of(k);

    (void)state;
    assert_string_equal(json_str(json, "type", ""), "PUBLISH");
    assert_string_equal(json_str(json, "topic", ""), "a/b");
    assert_string_equal(json_str(json, "payload", ""), "{\"x\":1}");
    assert_int_equal(json_num(json, "qos", -1), 1);
    assert_int_equal(json_num(json, "id", -1), 7);
    assert_int_equal(json_num(json, "bytes", -1), 7);
    assert_true(cJSON_IsTrue(json_get(json, "dup")));
    assert_null(json_get(json, "retain"));
    assert_null(json_get(json, "cut"));
    cJSON_Delete(json);
    free(k);
    k = keep_publish(NULL, "a/b", slice_of("\x01\xff", 2), 0);
    json = json_of(k);
    assert_string_equal(json_str(json, "hex", ""), "01ff");
    assert_null(json_get(json, "payload"));
    cJSON_Delete(json);
    free(k);
}

static void an_alias_keeps_its_topic(void **state)
{
    struct mqtt_describer d = {0};
    struct mqtt_kept *first = keep_publish(&d, "a/long/topic", slice_str("x"), 3);
    struct mqtt_kept *second = keep_publish(&d, "", slice_str("y"), 3);

    (void)state;
    /* What the alias stands for later does not matter. */
    struct mqtt_kept *third = keep_publish(&d, "another", slice_str("z"), 3);
    cJSON *json = json_of(second);
    assert_string_equal(json_str(json, "topic", ""), "a/long/topic");
    assert_int_equal(json_num(json_get(json, "properties"), "Topic Alias", 0), 3);
    cJSON_Delete(json);
    free(first);
    free(second);
    free(third);
    mqtt_describer_done(&d);
}

static void long_payloads_lose_their_end(void **state)
{
    char text[5000];
    struct buf line;

    (void)state;
    memset(text, 'x', sizeof text);
    /* The cut goes through this character. */
    text[KEEP - 1] = (char)0xc3;
    text[KEEP] = (char)0xa4;
    struct mqtt_kept *k = keep_publish(NULL, "t", slice_of(text, sizeof text), 0);
    assert_in_range(mqtt_kept_size(k), KEEP, KEEP + 100);
    cJSON *json = json_of(k);
    assert_int_equal(strlen(json_str(json, "payload", "")), KEEP - 1);
    assert_int_equal(json_num(json, "bytes", 0), sizeof text);
    assert_true(cJSON_IsTrue(json_get(json, "cut")));
    cJSON_Delete(json);
    buf_init(&line, 1000);
    mqtt_kept_describe(k, &line);
    assert_non_null(strstr(buf_cstr(&line), "xx… (5000 B)"));
    buf_done(&line);
    free(k);
}

static void what_cannot_be_kept_is_described(void **state)
{
    struct buf line;
    struct hex h;

    (void)state;
    buf_init(&line, 1000);
    assert_null(mqtt_keep(NULL, false, hex_bytes(&h, "30 ff"), MQTT_5, KEEP, &line));
    assert_non_null(strstr(buf_cstr(&line), "PUBLISH broken"));
    buf_done(&line);
}

static void failures_are_marked(void **state)
{
    struct hex h;
    struct buf line;
    const struct {
        const char *bytes;
        bool bad;
    } cases[] = {
        {"20 03 00 87 00",         true }, /* CONNACK */
        {"20 03 00 00 00",         false},
        {"e0 01 8e",               true }, /* DISCONNECT */
        {"90 06 0001 00 01 87 00", true }, /* SUBACK */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_init(&line, 1000);
        struct mqtt_kept *k =
            mqtt_keep(NULL, false, hex_bytes(&h, cases[i].bytes), MQTT_5, KEEP, &line);
        assert_non_null(k);
        cJSON *json = json_of(k);
        assert_int_equal(cJSON_IsTrue(json_get(json, "bad")), cases[i].bad);
        cJSON_Delete(json);
        free(k);
        buf_done(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packet_reads_later_as_at_once),
        cmocka_unit_test(fields_of_a_publish),
        cmocka_unit_test(an_alias_keeps_its_topic),
        cmocka_unit_test(long_payloads_lose_their_end),
        cmocka_unit_test(what_cannot_be_kept_is_described),
        cmocka_unit_test(failures_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
