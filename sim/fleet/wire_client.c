#include "fleet/wire_client.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/type.h"

/* For clients that cannot ping. Nobody subscribes to it: to unsubscribe from it costs a round trip
   and changes nothing. */
#define FENCE_FILTER "fleetsim/fence"

/* Fewer than brokers send before they wait for acknowledgements. */
#define HEARD_MAX 16

struct wire_client {
    struct mqtt_client client;
    struct mqtt_client *inner;
    struct wire_party party;
    bool pinged;
    uint8_t heard;     /* messages since then */
    uint16_t fence;    /* packet id of the UNSUBSCRIBE that is a fence; 0: none */
    bool fence_leaves; /* it is being sent */
};

static struct wire_client *of(struct mqtt_client *c)
{
    return (struct wire_client *)c;
}

static bool fence(void *ctx)
{
    struct wire_client *c = ctx;
    struct slice filter = slice_str(FENCE_FILTER);

    c->heard = 0;
    c->pinged = mqtt_client_ping(c->inner);
    /* Behind a shaper only a ping gets through. */
    if (!c->pinged && c->inner->shaped)
        return false;
    if (!c->pinged) {
        c->fence_leaves = true;
        c->fence = mqtt_client_unsubscribe(c->inner, &filter, 1);
        c->fence_leaves = false;
        if (c->fence == 0)
            return false;
    }
    wire_fence(&c->party);
    return true;
}

/* The connection is over, by our own doing or not. */
static void cut(struct wire_client *c)
{
    c->fence = 0;
    c->pinged = false;
    wire_cut(&c->party);
}

/* ---- what the owner asks for ---- */

static void op_free(struct mqtt_client *client)
{
    struct wire_client *c = of(client);

    wire_leave(&c->party);
    mqtt_client_refuse(client, NULL);
    mqtt_client_free(c->inner);
    free(c);
}

static bool op_connect(struct mqtt_client *client, const struct mqtt_connect *options,
                       struct error *err)
{
    struct wire_client *c = of(client);

    if (!mqtt_client_connect(c->inner, options, err))
        return false;
    wire_hold(&c->party);
    return true;
}

/* An answer to this packet id, or no answer because it was refused. */
static uint16_t awaiting(struct wire_client *c, uint16_t id)
{
    if (id != 0)
        wire_hold(&c->party);
    else
        mqtt_client_refuse(&c->client, "%s", mqtt_client_refusal(c->inner));
    return id;
}

static uint16_t op_subscribe(struct mqtt_client *client, const struct mqtt_filter *filters,
                             size_t count)
{
    struct wire_client *c = of(client);
    uint16_t id = mqtt_client_subscribe(c->inner, filters, count);

    return awaiting(c, id);
}

static uint16_t op_unsubscribe(struct mqtt_client *client, const struct slice *filters,
                               size_t count)
{
    struct wire_client *c = of(client);
    uint16_t id = mqtt_client_unsubscribe(c->inner, filters, count);

    return awaiting(c, id);
}

static int32_t op_publish(struct mqtt_client *client, const struct mqtt_message *message)
{
    struct wire_client *c = of(client);
    int32_t id = mqtt_client_publish(c->inner, message);

    if (id < 0)
        mqtt_client_refuse(client, "%s", mqtt_client_refusal(c->inner));
    if (id > 0)
        wire_hold(&c->party);
    if (id >= 0)
        wire_stir(&c->party);
    return id;
}

static void op_disconnect_with(struct mqtt_client *client, uint8_t reason_code,
                               const struct mqtt_props *props)
{
    cut(of(client));
    mqtt_client_disconnect_with(of(client)->inner, reason_code, props);
}

static void op_disconnect(struct mqtt_client *client, uint8_t reason_code)
{
    cut(of(client));
    mqtt_client_disconnect(of(client)->inner, reason_code);
}

static void op_abort(struct mqtt_client *client)
{
    cut(of(client));
    mqtt_client_abort(of(client)->inner);
}

static bool op_shape(struct mqtt_client *client, const struct mqtt_shaper *shaper)
{
    return mqtt_client_shape(of(client)->inner, shaper);
}

/* ---- what the inner client says; the owner may free it in any event ---- */

#define TELL(c, event, ...)                                                                        \
    do {                                                                                           \
        if ((c)->client.events->event != NULL)                                                     \
            (c)->client.events->event((c)->client.ctx, __VA_ARGS__);                               \
    } while (0)

static void on_phase(void *ctx, enum mqtt_phase phase, usec_t at)
{
    struct wire_client *c = ctx;

    TELL(c, phase, phase, at);
}

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct wire_client *c = ctx;

    wire_release(&c->party);
    wire_stir(&c->party);
    TELL(c, connected, connack);
}

static void on_subscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct wire_client *c = ctx;

    wire_release(&c->party);
    wire_stir(&c->party);
    TELL(c, subscribed, packet_id, codes, count);
}

/* What comes before the answer to a ping was under way when it was sent: nothing else is, unless
   more waits for our acknowledgements. Behind a shaper a ping overtakes messages. */
static bool is_inside_fence(struct wire_client *c)
{
    return c->pinged && !c->inner->shaped && ++c->heard < HEARD_MAX;
}

static void on_message(void *ctx, const struct mqtt_message *message)
{
    struct wire_client *c = ctx;

    if (!is_inside_fence(c))
        wire_stir(&c->party);
    TELL(c, message, message);
}

static void on_published(void *ctx, uint16_t packet_id, uint8_t reason_code)
{
    struct wire_client *c = ctx;

    wire_release(&c->party);
    wire_stir(&c->party);
    TELL(c, published, packet_id, reason_code);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct wire_client *c = ctx;

    cut(c);
    TELL(c, closed, closed);
}

/* The packet id of an UNSUBACK: behind the remaining length. */
static bool answers_fence(const struct wire_client *c, struct slice bytes)
{
    size_t at = 1;

    if (c->fence == 0 || bytes.len == 0 || mqtt_type_of(bytes.data[0]) != MQTT_TYPE_UNSUBACK)
        return false;
    while (at < bytes.len && (bytes.data[at] & 0x80) != 0)
        at++;
    at++;
    return at + 2 <= bytes.len && ((unsigned)bytes.data[at] << 8 | bytes.data[at + 1]) == c->fence;
}

/* Keep-alive runs by real time: when one is sent is nothing of the simulation's. */
static bool is_ping(struct slice bytes)
{
    enum mqtt_type type = bytes.len != 0 ? mqtt_type_of(bytes.data[0]) : MQTT_TYPE_CONNECT;

    return type == MQTT_TYPE_PINGREQ || type == MQTT_TYPE_PINGRESP;
}

static void on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    struct wire_client *c = ctx;

    if (is_ping(bytes) || (outgoing ? c->fence_leaves : answers_fence(c, bytes)))
        return;
    TELL(c, packet, outgoing, bytes, at);
}

static void on_unsubscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct wire_client *c = ctx;

    if (packet_id == c->fence) {
        c->fence = 0;
        wire_unfence(&c->party);
        return;
    }
    wire_release(&c->party);
    wire_stir(&c->party);
    TELL(c, unsubscribed, packet_id, codes, count);
}

static void on_remark(void *ctx, uint16_t packet_id, const char *text)
{
    struct wire_client *c = ctx;

    if (packet_id != c->fence)
        TELL(c, remark, packet_id, text);
}

static void on_pong(void *ctx)
{
    struct wire_client *c = ctx;

    if (c->pinged)
        wire_unfence(&c->party);
    c->pinged = false;
}

/* The owner has given the shaper: it knows. */
static void on_shaped(void *ctx, enum mqtt_shaped what)
{
    struct wire_client *c = ctx;
    /* ORDER MQTT_SHAPED */
    static void (*const tell[])(struct wire_party *) = {wire_suspend, wire_resume, wire_stir,
                                                        wire_lost};

    tell[what](&c->party);
}

const struct mqtt_client_events wire_client_events = {
    .shaped = on_shaped,
    .pong = on_pong,
    .phase = on_phase,
    .connected = on_connected,
    .subscribed = on_subscribed,
    .message = on_message,
    .published = on_published,
    .closed = on_closed,
    .packet = on_packet,
    .unsubscribed = on_unsubscribed,
    .remark = on_remark,
};

struct wire_client *wire_client_new(struct wire *wire, const struct mqtt_client_events *events,
                                    void *ctx)
{
    static const struct mqtt_client_ops ops = {
        .free = op_free,
        .connect = op_connect,
        .subscribe = op_subscribe,
        .publish = op_publish,
        .disconnect = op_disconnect,
        .abort = op_abort,
        .unsubscribe = op_unsubscribe,
        .disconnect_with = op_disconnect_with,
        .shape = op_shape,
    };
    struct wire_client *c = xcalloc(1, sizeof *c);

    c->client = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    wire_join(wire, &c->party, fence, c, false);
    return c;
}

struct mqtt_client *wire_client_wrap(struct wire_client *c, struct mqtt_client *inner)
{
    c->inner = inner;
    return &c->client;
}
