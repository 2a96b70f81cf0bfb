/*
 * diary.h — the native engine on a fake link, and all that its owner heard and that it sent, in
 * order and in words: two engines that lived through the same have the same diary.
 */
#ifndef SUPPORT_DIARY_H
#define SUPPORT_DIARY_H

#include "loop/loop.h"
#include "mqtt/codec.h"
#include "mqtt/describe.h"
#include "mqtt/session.h"
#include "support/fake_link.h"

struct diary {
    struct loop *loop;
    struct net *net;
    struct mqtt_client *client;
    struct link *link;
    struct mqtt_connect connect;
    struct buf text; /* a line for each event and each packet sent */
    struct mqtt_closed closed;
    unsigned closes;
};

static inline void diary_on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct diary *d = ctx;

    buf_printf(&d->text, "connected session-present=%d keep-alive=%u\n", connack->session_present,
               connack->keep_alive_s);
}

static inline void diary_codes(struct diary *d, const char *what, uint16_t id, const uint8_t *codes,
                               size_t count)
{
    buf_printf(&d->text, "%s id=%u", what, id);
    for (size_t i = 0; i < count; i++)
        buf_printf(&d->text, " %02x", codes[i]);
    buf_append_str(&d->text, "\n");
}

static inline void diary_on_subscribed(void *ctx, uint16_t id, const uint8_t *codes, size_t count)
{
    diary_codes(ctx, "subscribed", id, codes, count);
}

static inline void diary_on_unsubscribed(void *ctx, uint16_t id, const uint8_t *codes, size_t count)
{
    diary_codes(ctx, "unsubscribed", id, codes, count);
}

static inline void diary_on_message(void *ctx, const struct mqtt_message *m)
{
    struct diary *d = ctx;

    buf_printf(&d->text, "message q%d%s%s ", m->qos, m->retain ? " retain" : "",
               m->dup ? " dup" : "");
    buf_append_slice(&d->text, m->topic);
    buf_append_str(&d->text, " ");
    buf_append_slice(&d->text, m->payload);
    buf_append_slice(&d->text, m->props.user);
    buf_printf(&d->text, " props=%llx\n", (unsigned long long)m->props.present);
}

static inline void diary_on_published(void *ctx, uint16_t id, uint8_t code)
{
    struct diary *d = ctx;

    buf_printf(&d->text, "published id=%u %02x\n", id, code);
}

static inline void diary_on_remark(void *ctx, uint16_t id, const char *text)
{
    struct diary *d = ctx;

    buf_printf(&d->text, "remark id=%u %s\n", id, text);
}

static inline void diary_on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct diary *d = ctx;

    d->closed = *closed;
    d->closed.text = NULL;
    d->closes++;
    buf_printf(&d->text, "closed %s %02x %s\n", mqtt_close_name(closed->why), closed->reason_code,
               closed->text);
}

static inline void diary_on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    struct diary *d = ctx;

    (void)at;
    if (!outgoing)
        return;
    buf_append_str(&d->text, "sent ");
    mqtt_describe(bytes, d->connect.version, &d->text);
    buf_append_str(&d->text, "\n");
}

static inline void diary_init(struct diary *d, enum mqtt_version version)
{
    static const struct mqtt_client_events events = {
        .connected = diary_on_connected,
        .subscribed = diary_on_subscribed,
        .unsubscribed = diary_on_unsubscribed,
        .message = diary_on_message,
        .published = diary_on_published,
        .remark = diary_on_remark,
        .closed = diary_on_closed,
        .packet = diary_on_packet,
    };

    *d = (struct diary){.loop = loop_new()};
    d->net = net_new(d->loop);
    struct mqtt_session_config config = {.net = d->net};
    d->client = mqtt_session_new(d->loop, &config, &events, d);
    d->link = the_link;
    d->connect = (struct mqtt_connect){
        .version = version, .client_id = slice_str("car"), .session_expiry_s = 60};
    buf_init(&d->text, (size_t)1 << 26);
}

static inline void diary_done(struct diary *d)
{
    mqtt_client_free(d->client);
    net_free(d->net);
    loop_free(d->loop);
    buf_done(&d->text);
}

/* Up to the wait for CONNACK. */
static inline void diary_ask(struct diary *d)
{
    fake_link_require(mqtt_client_connect(d->client, &d->connect, NULL));
    fake_link_up(d->link);
}

static inline void diary_say(struct diary *d, struct slice bytes)
{
    if (d->link->state == LINK_OPEN)
        fake_link_receive(d->link, bytes);
}

static inline void diary_say_connack(struct diary *d)
{
    static const uint8_t connack[] = {0x20, 3, 0, 0, 0}, old[] = {0x20, 2, 0, 0};
    bool v5 = d->connect.version == MQTT_5;

    diary_say(d, slice_of(v5 ? connack : old, v5 ? sizeof connack : sizeof old));
}

static inline int32_t diary_publish(struct diary *d, const char *topic, uint8_t qos)
{
    return mqtt_client_publish(
        d->client,
        &(struct mqtt_message){.topic = slice_str(topic), .payload = slice_str("x"), .qos = qos});
}

static inline uint16_t diary_subscribe(struct diary *d)
{
    return mqtt_client_subscribe(d->client,
                                 &(struct mqtt_filter){.filter = slice_str("a/#"), .qos = 1}, 1);
}

static inline uint16_t diary_unsubscribe(struct diary *d)
{
    struct slice filter = slice_str("a/#");

    return mqtt_client_unsubscribe(d->client, &filter, 1);
}

#endif
