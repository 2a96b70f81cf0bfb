/* Between the TCU and its MQTT client: all that passes is seen, and passed on. */
#include <stdlib.h>

#include "oracle/car.h"

static struct oracle_car *of(struct mqtt_client *client)
{
    return (struct oracle_car *)client;
}

/* ---- what the TCU asks for ---- */

static void op_free(struct mqtt_client *client)
{
    mqtt_client_refuse(client, NULL);
    mqtt_client_free(of(client)->inner);
    of(client)->inner = NULL;
}

static bool op_connect(struct mqtt_client *client, const struct mqtt_connect *options,
                       struct error *err)
{
    struct oracle_car *c = of(client);

    if (!mqtt_client_connect(c->inner, options, err))
        return false;
    /* What waited for its acknowledgement goes with the session. */
    if (options->clean_start)
        c->unacked = 0;
    return true;
}

/* To its own answers: what it says before that may get no answer. */
static void note_subscribe(struct oracle_car *c, const struct mqtt_filter *filters, size_t count,
                           uint16_t id)
{
    for (size_t i = 0; i < count; i++) {
        struct slice rest = oracle_shadow_topic(c, filters[i].filter);
        struct watch *s = rest.len != 0 ? oracle_watch_of(c, &rest) : NULL;
        if (s != NULL && slice_is(rest, "get/accepted"))
            s->subscribe_id = id;
    }
}

static void note_suback(struct oracle_car *c, uint16_t id, const uint8_t *codes, size_t count)
{
    bool granted = true;

    for (size_t i = 0; i < count; i++)
        granted = granted && codes[i] < 0x80;
    for (size_t i = 0; i < oracle_watch_count(c); i++) {
        struct watch *s = oracle_watch(c, i);
        if (id == 0 || s->subscribe_id != id)
            continue;
        s->subscribe_id = 0;
        s->subscribed = granted;
    }
}

static uint16_t op_subscribe(struct mqtt_client *client, const struct mqtt_filter *filters,
                             size_t count)
{
    struct oracle_car *c = of(client);
    uint16_t id = mqtt_client_subscribe(c->inner, filters, count);

    if (id == 0)
        mqtt_client_refuse(client, "%s", mqtt_client_refusal(c->inner));
    else
        note_subscribe(c, filters, count, id);
    return id;
}

static uint16_t op_unsubscribe(struct mqtt_client *client, const struct slice *filters,
                               size_t count)
{
    uint16_t id = mqtt_client_unsubscribe(of(client)->inner, filters, count);

    if (id == 0)
        mqtt_client_refuse(client, "%s", mqtt_client_refusal(of(client)->inner));
    return id;
}

int32_t oracle_tap_publish(struct oracle_car *c, const struct mqtt_message *m)
{
    struct mqtt_message sent = *m;

    oracle_touch(c, NO_SIGNAL);
    if (c->sabotage != NULL)
        sabotage_cloud_hears(c, &sent);
    int32_t id = mqtt_client_publish(c->inner, &sent);
    if (id < 0)
        mqtt_client_refuse(&c->client, "%s", mqtt_client_refusal(c->inner));
    else if (id > 0)
        c->unacked++;
    oracle_said(c, m, id >= 0);
    return id;
}

static int32_t op_publish(struct mqtt_client *client, const struct mqtt_message *message)
{
    struct oracle_car *c = of(client);
    struct mqtt_message m;

    if (c->sabotage == NULL)
        return oracle_tap_publish(c, message);
    m = *message;
    sabotage_car_says(c, &m);
    int32_t id = oracle_tap_publish(c, &m);
    sabotage_car_said(c, &m);
    return id;
}

static void op_disconnect_with(struct mqtt_client *client, uint8_t reason_code,
                               const struct mqtt_props *props)
{
    struct oracle_car *c = of(client);

    if (c->sabotage == NULL || !sabotage_leaving(c, reason_code))
        mqtt_client_disconnect_with(c->inner, reason_code, props);
}

static void op_disconnect(struct mqtt_client *client, uint8_t reason_code)
{
    struct oracle_car *c = of(client);

    if (c->sabotage == NULL || !sabotage_leaving(c, reason_code))
        mqtt_client_disconnect(c->inner, reason_code);
}

static void op_abort(struct mqtt_client *client)
{
    mqtt_client_abort(of(client)->inner);
}

static bool op_ping(struct mqtt_client *client)
{
    return mqtt_client_ping(of(client)->inner);
}

static bool op_shape(struct mqtt_client *client, const struct mqtt_shaper *shaper)
{
    return mqtt_client_shape(of(client)->inner, shaper);
}

/* ---- what the client says; the TCU may end it, but not free it, in any event ---- */

#define TELL(c, event, ...)                                                                        \
    do {                                                                                           \
        if ((c)->client.events->event != NULL)                                                     \
            (c)->client.events->event((c)->client.ctx, __VA_ARGS__);                               \
    } while (0)

static void on_phase(void *ctx, enum mqtt_phase phase, usec_t at)
{
    struct oracle_car *c = ctx;

    TELL(c, phase, phase, at);
}

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct oracle_car *c = ctx;

    oracle_touch(c, NO_SIGNAL);
    c->keep_alive_s = connack->keep_alive_s;
    for (size_t i = 0; i < oracle_watch_count(c); i++) {
        struct watch *s = oracle_watch(c, i);
        s->subscribe_id = 0;
        if (connack->session_present)
            continue;
        s->subscribed = false;
        replica_missed(&s->replica);
    }
    if (!connack->session_present)
        requests_session_lost(c);
    if (c->sabotage != NULL)
        sabotage_connected(c);
    TELL(c, connected, connack);
}

static void on_subscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct oracle_car *c = ctx;

    note_suback(c, packet_id, codes, count);
    TELL(c, subscribed, packet_id, codes, count);
}

static void sabotaged_message(struct oracle_car *c, const struct mqtt_message *message)
{
    struct mqtt_message m = *message;

    if (!sabotage_cloud_says(c, &m))
        return;
    oracle_heard(c, &m);
    if (sabotage_car_hears(c, &m))
        TELL(c, message, &m);
    sabotage_after(c, message);
}

static void on_message(void *ctx, const struct mqtt_message *message)
{
    struct oracle_car *c = ctx;

    oracle_touch(c, NO_SIGNAL);
    if (c->sabotage != NULL) {
        sabotaged_message(c, message);
        return;
    }
    oracle_heard(c, message);
    TELL(c, message, message);
}

static void on_published(void *ctx, uint16_t packet_id, uint8_t reason_code)
{
    struct oracle_car *c = ctx;

    oracle_touch(c, NO_SIGNAL);
    if (c->sabotage != NULL && oracle_car_sabotaged(c, ORACLE_SWALLOWS_PUBACK))
        return;
    ORACLE_CHECK(c, ORACLE_PUBACK, c->unacked != 0,
                 "the cloud acknowledges packet %u; no publish of the car waits for it", packet_id);
    if (c->unacked != 0)
        c->unacked--;
    TELL(c, published, packet_id, reason_code);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct oracle_car *c = ctx;

    TELL(c, closed, closed);
}

static void on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    struct oracle_car *c = ctx;

    TELL(c, packet, outgoing, bytes, at);
}

static void on_unsubscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct oracle_car *c = ctx;

    TELL(c, unsubscribed, packet_id, codes, count);
}

static void on_remark(void *ctx, uint16_t packet_id, const char *text)
{
    struct oracle_car *c = ctx;

    TELL(c, remark, packet_id, text);
}

static void on_pong(void *ctx)
{
    struct oracle_car *c = ctx;

    if (c->client.events->pong != NULL)
        c->client.events->pong(c->client.ctx);
}

static void on_shaped(void *ctx, enum mqtt_shaped what)
{
    struct oracle_car *c = ctx;

    TELL(c, shaped, what);
}

const struct mqtt_client_events oracle_tap_events = {
    .phase = on_phase,
    .connected = on_connected,
    .subscribed = on_subscribed,
    .message = on_message,
    .published = on_published,
    .closed = on_closed,
    .packet = on_packet,
    .unsubscribed = on_unsubscribed,
    .remark = on_remark,
    .pong = on_pong,
    .shaped = on_shaped,
};

struct mqtt_client *oracle_tap_wrap(struct oracle_car *c, struct mqtt_client *inner,
                                    const struct mqtt_client_events *events, void *ctx)
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
        .ping = op_ping,
        .shape = op_shape,
    };

    c->client = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    c->inner = inner;
    return &c->client;
}
