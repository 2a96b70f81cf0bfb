/*
 * scene.h — a conversation of the native engine with a broker made of bytes, over plain TCP, in one
 * piece or one byte at a time, and what was heard of it. Include after cmocka.h.
 */
#ifndef UNIT_MQTT_SCENE_H
#define UNIT_MQTT_SCENE_H

#include <stdio.h>
#include <stdlib.h>

#include "mqtt/codec.h"
#include "mqtt/session.h"
#include "support/fake_server.h"

struct scene {
    struct loop *loop;
    struct net *net;
    struct fake_server server;
    struct endpoint *endpoint;
    struct mqtt_session_config config;
    struct mqtt_client *client;
    struct mqtt_connect connect;
    /* What was heard */
    unsigned phases[MQTT_PHASE_COUNT], connected, subscribed, messages, published, closed,
        unsubscribed, remarks;
    bool session_present;
    uint16_t keep_alive_s, sub_id, pub_id;
    uint8_t pub_code, sub_codes[4], closed_code;
    size_t sub_count;
    enum mqtt_close why;
    uint32_t subscription; /* identifier that came with the last message */
    char text[512], heard[256], remark[400];
    struct buf trace;
    /* What to do inside an event */
    void (*act)(struct scene *s);
    int act_in; /* the event's letter */
};

static inline void act(struct scene *s, int event)
{
    if (s->act_in != event)
        return;
    s->act_in = 0;
    s->act(s);
}

static inline void on_phase(void *ctx, enum mqtt_phase phase, usec_t at)
{
    struct scene *s = ctx;

    assert_true(at > 0);
    s->phases[phase]++;
    act(s, "tlk"[phase]);
}

static inline void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct scene *s = ctx;

    s->connected++;
    s->session_present = connack->session_present;
    s->keep_alive_s = connack->keep_alive_s;
    act(s, 'c');
}

static inline void on_subscribed(void *ctx, uint16_t id, const uint8_t *codes, size_t count)
{
    struct scene *s = ctx;

    s->subscribed++;
    s->sub_id = id;
    s->sub_count = count;
    memcpy(s->sub_codes, codes, count < 4 ? count : 4);
    act(s, 's');
}

static inline void on_unsubscribed(void *ctx, uint16_t id, const uint8_t *codes, size_t count)
{
    struct scene *s = ctx;

    s->unsubscribed++;
    s->sub_id = id;
    s->sub_count = count;
    if (count > 0)
        memcpy(s->sub_codes, codes, count < 4 ? count : 4);
    act(s, 'u');
}

static inline void on_remark(void *ctx, uint16_t id, const char *text)
{
    struct scene *s = ctx;

    s->remarks++;
    snprintf(s->remark, sizeof s->remark, "%u %s", id, text);
    act(s, 'r');
}

static inline void on_message(void *ctx, const struct mqtt_message *m)
{
    struct scene *s = ctx;

    s->messages++;
    s->subscription = m->props.subscription_identifier;
    snprintf(s->heard, sizeof s->heard, "%.*s=%.*s q%d%s%s", SLICE_ARGS(m->topic),
             SLICE_ARGS(m->payload), m->qos, m->retain ? " retain" : "", m->dup ? " dup" : "");
    act(s, 'm');
    /* Still ours to look at, whatever was done. */
    assert_true(m->topic.len == 0 || m->topic.data[0] != 0);
}

static inline void on_published(void *ctx, uint16_t id, uint8_t code)
{
    struct scene *s = ctx;

    s->published++;
    s->pub_id = id;
    s->pub_code = code;
    act(s, 'p');
}

static inline void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct scene *s = ctx;

    s->closed++;
    s->why = closed->why;
    s->closed_code = closed->reason_code;
    snprintf(s->text, sizeof s->text, "%s", closed->text);
    act(s, 'x');
}

static inline void on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    struct scene *s = ctx;

    assert_true(at > 0);
    buf_printf(&s->trace, "%c%s ", outgoing ? '>' : '<',
               mqtt_type_name(mqtt_type_of(bytes.data[0])));
}

static const struct mqtt_client_events events = {
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

static inline void scene_init(struct scene *s, enum mqtt_version version, size_t chunk)
{
    char url[64];

    memset(s, 0, sizeof *s);
    s->loop = loop_new();
    s->net = net_new(s->loop);
    fake_server_init(&s->server, s->loop, NULL);
    s->server.chunk = chunk;
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%u", s->server.port);
    s->endpoint = endpoint_new(url, NULL);
    s->config = (struct mqtt_session_config){.net = s->net, .endpoint = s->endpoint};
    s->client = mqtt_session_new(s->loop, &s->config, &events, s);
    s->connect = (struct mqtt_connect){.version = version,
                                       .client_id = slice_str("car"),
                                       .tcp_timeout = 10 * USEC_PER_SEC,
                                       .tls_timeout = 10 * USEC_PER_SEC,
                                       .connack_timeout = 10 * USEC_PER_SEC};
    buf_init(&s->trace, 1 << 20);
}

static inline void scene_done(struct scene *s)
{
    mqtt_client_free(s->client);
    fake_server_done(&s->server);
    endpoint_free(s->endpoint);
    net_free(s->net);
    loop_free(s->loop);
    buf_done(&s->trace);
}

static inline bool until(struct scene *s, const unsigned *what, unsigned at_least)
{
    return fake_server_until(&s->server, what, at_least);
}

static inline void turns(struct scene *s, int count)
{
    while (count-- > 0)
        ev_run(s->loop->ev, EVRUN_NOWAIT);
}

/* The client sends exactly these bytes next. */
static inline void expect_bytes(struct scene *s, const void *bytes, size_t len)
{
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;

    while (buf_len(&s->server.in) < len && clock_now() < limit)
        turns(s, 1);
    assert_true(buf_len(&s->server.in) >= len);
    assert_memory_equal(buf_data(&s->server.in), bytes, len);
    buf_consume(&s->server.in, len);
}
#define EXPECT(s, ...)                                                                             \
    expect_bytes((s), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The client sends one whole packet of this type next, whatever is in it. Its first byte. */
static inline uint8_t expect_packet(struct scene *s, enum mqtt_type type)
{
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;
    size_t total = 0;

    while (clock_now() < limit && mqtt_decode_frame(buf_data(&s->server.in), buf_len(&s->server.in),
                                                    MQTT_PACKET_MAX, &total) != MQTT_DECODE_OK)
        turns(s, 1);
    assert_true(buf_len(&s->server.in) > 0);
    uint8_t first = buf_data(&s->server.in)[0];
    assert_string_equal(mqtt_type_name(mqtt_type_of(first)), mqtt_type_name(type));
    buf_consume(&s->server.in, total);
    return first;
}

static inline void expect_nothing(struct scene *s)
{
    turns(s, 20);
    assert_int_equal(buf_len(&s->server.in), 0);
}

#define SAY(s, ...)                                                                                \
    fake_server_send(&(s)->server, (const uint8_t[]){__VA_ARGS__},                                 \
                     sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void start(struct scene *s)
{
    struct error err;

    assert_true(mqtt_client_connect(s->client, &s->connect, &err));
    expect_packet(s, MQTT_TYPE_CONNECT);
}

static inline void say_connack(struct scene *s, bool session_present)
{
    if (s->connect.version == MQTT_5)
        SAY(s, 0x20, 3, session_present, 0, 0);
    else
        SAY(s, 0x20, 2, session_present, 0);
}

static inline void go_online(struct scene *s, bool session_present)
{
    unsigned before = s->connected;

    start(s);
    say_connack(s, session_present);
    assert_true(until(s, &s->connected, before + 1));
    assert_int_equal(s->session_present, session_present);
}

static inline int32_t publish(struct scene *s, const char *topic, const char *payload, uint8_t qos)
{
    return mqtt_client_publish(s->client, &(struct mqtt_message){.topic = slice_str(topic),
                                                                 .payload = slice_str(payload),
                                                                 .qos = qos});
}

static inline void expect_closed(struct scene *s, enum mqtt_close why, uint8_t code,
                                 const char *part)
{
    assert_true(until(s, &s->closed, 1));
    assert_int_equal(s->closed, 1);
    assert_string_equal(mqtt_close_name(s->why), mqtt_close_name(why));
    assert_int_equal(s->closed_code, code);
    if (strstr(s->text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", s->text, part);
}

static inline void lose_connection(struct scene *s)
{
    unsigned before = s->closed;

    turns(s, 20);
    buf_clear(&s->server.in);
    fake_server_drop(&s->server);
    assert_true(until(s, &s->closed, before + 1));
}

#endif
