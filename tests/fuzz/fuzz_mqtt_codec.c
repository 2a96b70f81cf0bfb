/*
 * The first byte of the input chooses the version, the rest is a stream. Promises: any bytes are
 * safe; framing does not depend on how the bytes arrive; what decodes also encodes, to a packet
 * that says the same, and that encoding is stable.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mqtt/codec.h"
#include "mqtt/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static enum mqtt_decode frame_bytewise(struct slice s, size_t max_packet, size_t *ret_total)
{
    enum mqtt_decode outcome = MQTT_DECODE_NEED_MORE;

    for (size_t len = 0; len <= s.len && outcome == MQTT_DECODE_NEED_MORE; len++) {
        *ret_total = 0;
        outcome = mqtt_decode_frame(s.data, len, max_packet, ret_total);
        require(outcome != MQTT_DECODE_NEED_MORE || *ret_total > len);
        require(outcome != MQTT_DECODE_OK || *ret_total == len);
    }
    return outcome;
}

static void check_framing(struct slice s, size_t max_packet, size_t *ret_total)
{
    size_t bytewise = 0;

    *ret_total = 0;
    require(mqtt_decode_frame(s.data, s.len, max_packet, ret_total) ==
            frame_bytewise(s, max_packet, &bytewise));
    require(*ret_total == bytewise);
}

static void walk_props(const struct mqtt_props *p)
{
    struct slice rest = p->user, name, value;
    uint32_t id;

    while (mqtt_props_user_next(&rest, &name, &value))
        require(name.len + value.len <= p->user.len);
    rest = p->user;
    while (mqtt_props_subscription_next(&rest, &id))
        require(id != 0);
}

static void walk(const struct mqtt_packet *p)
{
    struct mqtt_subscription s;
    const char *why;

    if (p->type == MQTT_TYPE_PUBLISH) {
        walk_props(&p->publish.message.props);
        require(mqtt_props_check(&p->publish.message.props, p->type, &why) == 0);
    }
    if (p->type == MQTT_TYPE_SUBSCRIBE || p->type == MQTT_TYPE_UNSUBSCRIBE) {
        struct slice rest = p->subscribe.entries;
        size_t count = 0;
        while (mqtt_subscription_next(&rest, p->type, &s))
            count++;
        require(count > 0 && rest.len == 0);
    }
}

/* Word for word, all that a packet says. */
static void require_same_meaning(struct slice a, struct slice b, enum mqtt_version version)
{
    struct buf line_a, line_b;

    buf_init(&line_a, (size_t)1 << 22);
    buf_init(&line_b, (size_t)1 << 22);
    mqtt_describe(a, version, &line_a);
    mqtt_describe(b, version, &line_b);
    require(slice_equal(buf_slice(&line_a), buf_slice(&line_b)));
    buf_done(&line_a);
    buf_done(&line_b);
}

static void check_packet(struct slice packet, enum mqtt_version version)
{
    struct mqtt_packet first, second;
    const char *why = NULL;
    struct buf once, twice;

    if (mqtt_decode(packet, version, &first, &why) != 0) {
        require(why != NULL);
        return;
    }
    walk(&first);
    buf_init(&once, MQTT_PACKET_MAX);
    buf_init(&twice, MQTT_PACKET_MAX);
    require(mqtt_encode(&once, version, &first));
    require(buf_len(&once) <= packet.len);
    require(mqtt_decode(buf_slice(&once), version, &second, &why) == 0);
    require(second.type == first.type);
    require(mqtt_encode(&twice, version, &second));
    require(slice_equal(buf_slice(&once), buf_slice(&twice)));
    require_same_meaning(packet, buf_slice(&once), version);
    buf_done(&once);
    buf_done(&twice);
}

static void check_line(struct slice packet, enum mqtt_version version)
{
    struct buf line;

    buf_init(&line, (size_t)1 << 22);
    mqtt_describe(packet, version, &line);
    for (size_t i = 0; i < buf_len(&line); i++)
        require(buf_data(&line)[i] >= 0x20);
    buf_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum mqtt_version version = (data[0] & 1) != 0 ? MQTT_5 : MQTT_3_1_1;
    struct slice s = slice_of(data + 1, size - 1);
    size_t total;

    check_framing(s, 1 + (size_t)data[0], &total);
    check_framing(s, MQTT_PACKET_MAX, &total);
    check_packet(s, version);
    if (total != 0 && total < s.len)
        check_packet(slice_of(s.data, total), version);
    check_line(s, version);
    return 0;
}
