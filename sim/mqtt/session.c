#include "mqtt/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/codec.h"
#include "mqtt/inflight.h"
#include "mqtt/keepalive.h"
#include "mqtt/limits.h"
#include "net/link.h"

/* The largest packet taken; MQTT 5 announces it. AWS IoT's largest payload is 128 KiB. */
#define PACKET_MAX ((size_t)1 << 20)
/* Unsent output: more than that means the broker does not read. */
#define OUT_MAX ((size_t)4 << 20)

enum session_state {
    SESSION_OFF,
    SESSION_LINKING, /* the link is on its way */
    SESSION_ASKING,  /* CONNECT sent, CONNACK awaited */
    SESSION_ONLINE
};

struct session {
    struct mqtt_client client; /* first: the session is a client */
    enum session_state state;
    enum mqtt_version version;
    uint32_t life; /* counts connects and closes: has a callback ended this connection? */
    struct keepalive keepalive;
    struct mqtt_limits limits; /* the broker's */
    usec_t connack_timeout;
    struct inflight inflight;
    struct buf in;
    ev_timer timer; /* CONNACK, then keep-alive */
    struct link link;
    struct mqtt_session_config config;
};

static struct session *session_of(struct mqtt_client *c)
{
    return (struct session *)c;
}

static struct ev_loop *ev_of(const struct session *s)
{
    return s->config.net->loop->ev;
}

/* --- Sending --- */

/* A packet has been appended to the link's output, which was `before` bytes long. */
static void queued(struct session *s, size_t before)
{
    const struct buf *out = &s->link.out;
    const struct mqtt_client_events *e = s->client.events;

    s->keepalive.last_out = ev_now(ev_of(s));
    link_kick(&s->link);
    if (e->packet != NULL)
        e->packet(s->client.ctx, true, slice_of(buf_data(out) + before, buf_len(out) - before),
                  clock_now());
}

/* --- Closing --- */

/* Whatever ends a connection passes here; the link is closed by the caller. */
static void go_off(struct session *s)
{
    ev_timer_stop(ev_of(s), &s->timer);
    s->state = SESSION_OFF;
    s->life++;
    buf_done(&s->in);
    inflight_rewind(&s->inflight);
}

static void report_closed(struct session *s, enum mqtt_close why, uint8_t code, const char *text)
{
    struct mqtt_closed closed = {.why = why, .reason_code = code, .text = text};

    go_off(s);
    if (s->client.events->closed != NULL)
        s->client.events->closed(s->client.ctx, &closed);
}

static void say_disconnect(struct session *s, uint8_t reason_code)
{
    size_t before = buf_len(&s->link.out);

    if (s->state == SESSION_ONLINE && mqtt_encode_disconnect(&s->link.out, s->version, reason_code))
        queued(s, before);
}

/* The broker broke the protocol: MQTT 5 tells it so. */
static void refuse(struct session *s, uint8_t reason_code, const char *text)
{
    if (s->version == MQTT_5)
        say_disconnect(s, reason_code);
    link_finish(&s->link);
    report_closed(s, MQTT_CLOSE_PROTOCOL, reason_code, text);
}

static void session_disconnect(struct mqtt_client *c, uint8_t reason_code)
{
    struct session *s = session_of(c);

    if (s->state == SESSION_OFF)
        return;
    say_disconnect(s, reason_code);
    link_finish(&s->link);
    go_off(s);
}

static void session_abort(struct mqtt_client *c)
{
    struct session *s = session_of(c);

    if (s->state == SESSION_OFF)
        return;
    link_close(&s->link);
    go_off(s);
}

static void session_free(struct mqtt_client *c)
{
    static const struct mqtt_client_events nobody;
    struct session *s = session_of(c);

    session_abort(c);
    inflight_done(&s->inflight);
    c->events = &nobody;
    /* Its own callbacks may be on the stack. */
    loop_post(s->config.net->loop, free, s);
}

/* --- Keep-alive --- */

static void arm(struct session *s, double delay)
{
    ev_timer_stop(ev_of(s), &s->timer);
    ev_timer_set(&s->timer, delay, 0);
    ev_timer_start(ev_of(s), &s->timer);
}

/* The timer is not touched by traffic: when it fires it looks how long things have been quiet. */
static void watch_keep_alive(struct session *s)
{
    double wait = 0;
    size_t before = buf_len(&s->link.out);

    switch (keepalive_check(&s->keepalive, ev_now(ev_of(s)), &wait)) {
    case KEEPALIVE_WAIT:
        arm(s, wait);
        break;
    case KEEPALIVE_PING:
        arm(s, wait);
        if (mqtt_encode_pingreq(&s->link.out))
            queued(s, before);
        break;
    case KEEPALIVE_DEAD:
        link_close(&s->link);
        report_closed(s, MQTT_CLOSE_KEEP_ALIVE, 0,
                      "no PINGRESP within half a keep-alive: the connection is dead");
        break;
    case KEEPALIVE_OFF:
        break;
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    struct session *s = w->data;

    (void)ev;
    (void)events;
    if (s->state == SESSION_ONLINE) {
        watch_keep_alive(s);
    } else {
        link_close(&s->link);
        report_closed(s, MQTT_CLOSE_TIMEOUT, 0, "CONNACK took too long");
    }
}

/* --- Publishing --- */

static void send_waiting(struct session *s)
{
    struct inflight_packet *p;

    while (s->state == SESSION_ONLINE && s->inflight.sent < s->limits.receive_max &&
           (p = inflight_unsent(&s->inflight)) != NULL) {
        size_t before = buf_len(&s->link.out);
        if (!buf_append(&s->link.out, p->bytes, p->len))
            return;
        if (p->sent_once)
            mqtt_publish_set_dup(buf_data(&s->link.out) + before);
        inflight_mark_sent(&s->inflight, p);
        queued(s, before);
    }
}

static bool may_publish(const struct session *s, const struct mqtt_message *m)
{
    return s->state == SESSION_ONLINE && m->qos <= 1 && m->qos <= s->limits.max_qos &&
           (!m->retain || s->limits.retain_available) &&
           (m->qos == 0 || s->inflight.publishes < INFLIGHT_PUBLISH_MAX);
}

static int32_t session_publish(struct mqtt_client *c, const struct mqtt_message *message)
{
    struct session *s = session_of(c);
    struct buf *out = &s->link.out;
    size_t before = buf_len(out);

    if (!may_publish(s, message))
        return -1;
    uint16_t id = message->qos != 0 ? inflight_next_id(&s->inflight) : 0;
    if (!mqtt_encode_publish(out, s->version, message, id))
        return -1;
    size_t len = buf_len(out) - before;
    if (len > s->limits.packet_max) {
        out->end -= len;
        return -1;
    }
    if (id == 0) {
        queued(s, before);
        return 0;
    }
    struct inflight_packet *p =
        inflight_add(&s->inflight, id, slice_of(buf_data(out) + before, len));
    /* Those before it have waited longer. */
    if (s->inflight.sent >= s->limits.receive_max || inflight_unsent(&s->inflight) != p) {
        out->end -= len;
        return id;
    }
    inflight_mark_sent(&s->inflight, p);
    queued(s, before);
    return id;
}

static uint16_t session_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters,
                                  size_t count)
{
    struct session *s = session_of(c);
    size_t before = buf_len(&s->link.out);

    if (s->state != SESSION_ONLINE || count == 0)
        return 0;
    uint16_t id = inflight_next_id(&s->inflight);
    if (!mqtt_encode_subscribe(&s->link.out, s->version, id, NULL, filters, count))
        return 0;
    inflight_add_subscribe(&s->inflight, id);
    queued(s, before);
    return id;
}

/* --- Receiving: each handler returns 0, or the reason code of a breach with a sentence. --- */

static void refused(struct session *s, const struct mqtt_packet_connack *connack)
{
    uint8_t code = connack->reason_code;
    char text[320];

    if (s->version != MQTT_5)
        snprintf(text, sizeof text, "the broker refused the connection: %s (return code %u)",
                 mqtt_return_name(code), code);
    else if (mqtt_props_has(&connack->props, MQTT_PROP_REASON_STRING))
        snprintf(text, sizeof text, "the broker refused the connection: %s (0x%02x): %.*s",
                 mqtt_reason_name(code), code, SLICE_ARGS(connack->props.reason_string));
    else
        snprintf(text, sizeof text, "the broker refused the connection: %s (0x%02x)",
                 mqtt_reason_name(code), code);
    link_finish(&s->link);
    report_closed(s, MQTT_CLOSE_REFUSED, code, text);
}

static uint8_t on_connack(struct session *s, const struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_client_events *e = s->client.events;
    const struct mqtt_packet_connack *in = &packet->connack;
    uint32_t life = s->life;

    if (s->state != SESSION_ASKING) {
        *ret_why = "a second CONNACK";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (in->reason_code != 0) {
        refused(s, in);
        return 0;
    }
    s->state = SESSION_ONLINE;
    ev_timer_stop(ev_of(s), &s->timer);
    s->limits = mqtt_limits_of(&in->props);
    if (mqtt_props_has(&in->props, MQTT_PROP_SERVER_KEEP_ALIVE))
        s->keepalive.interval_s = in->props.server_keep_alive;
    watch_keep_alive(s);
    if (!in->session_present)
        inflight_make_new(&s->inflight);
    struct mqtt_connack connack = {.session_present = in->session_present,
                                   .props = in->props,
                                   .keep_alive_s = s->keepalive.interval_s};
    if (e->phase != NULL)
        e->phase(s->client.ctx, MQTT_PHASE_CONNACK, clock_now());
    if (s->life != life)
        return 0;
    /* What waits goes out before anything that the owner publishes now (MQTT-4.6.0-1). */
    send_waiting(s);
    if (e->connected != NULL && s->life == life)
        e->connected(s->client.ctx, &connack);
    return 0;
}

static uint8_t on_publish(struct session *s, const struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_publish *in = &packet->publish;
    uint32_t life = s->life;

    if (in->message.qos > 1) {
        *ret_why = "a PUBLISH at QoS 2, which no subscription asked for";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (mqtt_props_has(&in->message.props, MQTT_PROP_TOPIC_ALIAS)) {
        *ret_why = "a topic alias, although none was offered";
        return MQTT_REASON_TOPIC_ALIAS_INVALID;
    }
    if (s->client.events->message != NULL)
        s->client.events->message(s->client.ctx, &in->message);
    if (s->life != life || in->message.qos == 0)
        return 0;
    size_t before = buf_len(&s->link.out);
    if (mqtt_encode_puback(&s->link.out, s->version, in->packet_id, 0))
        queued(s, before);
    return 0;
}

static uint8_t on_puback(struct session *s, const struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_ack *in = &packet->ack;

    (void)ret_why;
    /* A repeated PUBACK is legal after a repeated PUBLISH. */
    if (!inflight_remove(&s->inflight, in->packet_id, true))
        return 0;
    send_waiting(s);
    if (s->client.events->published != NULL)
        s->client.events->published(s->client.ctx, in->packet_id, in->reason_code);
    return 0;
}

static uint8_t on_suback(struct session *s, const struct mqtt_packet *packet, const char **ret_why)
{
    const struct mqtt_packet_suback *in = &packet->suback;

    if (!inflight_remove(&s->inflight, in->packet_id, false)) {
        *ret_why = "a SUBACK for no SUBSCRIBE";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    if (s->client.events->subscribed != NULL)
        s->client.events->subscribed(s->client.ctx, in->packet_id, in->codes.data, in->codes.len);
    return 0;
}

static uint8_t on_pingresp(struct session *s, const struct mqtt_packet *packet,
                           const char **ret_why)
{
    (void)packet;
    (void)ret_why;
    s->keepalive.pinged = false;
    return 0;
}

static uint8_t on_disconnect(struct session *s, const struct mqtt_packet *packet,
                             const char **ret_why)
{
    const struct mqtt_packet_reason *in = &packet->reason;
    char text[320];

    if (s->version != MQTT_5) {
        *ret_why = "a DISCONNECT, which only clients send in MQTT 3.1.1";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    snprintf(text, sizeof text, "the broker disconnected: %s (0x%02x)%s%.*s",
             mqtt_reason_name_in(MQTT_TYPE_DISCONNECT, in->reason_code), in->reason_code,
             in->props.reason_string.len != 0 ? ": " : "", SLICE_ARGS(in->props.reason_string));
    uint8_t code = in->reason_code;
    link_finish(&s->link);
    report_closed(s, MQTT_CLOSE_SERVER, code, text);
    return 0;
}

typedef uint8_t (*handler_fn)(struct session *s, const struct mqtt_packet *packet,
                              const char **ret_why);

static const handler_fn handlers[MQTT_TYPE_COUNT] = {
    [MQTT_TYPE_CONNACK] = on_connack,   [MQTT_TYPE_PUBLISH] = on_publish,
    [MQTT_TYPE_PUBACK] = on_puback,     [MQTT_TYPE_SUBACK] = on_suback,
    [MQTT_TYPE_PINGRESP] = on_pingresp, [MQTT_TYPE_DISCONNECT] = on_disconnect,
};

static void take_packet(struct session *s, struct slice bytes)
{
    assert(bytes.data != NULL && bytes.len > 0);
    const struct mqtt_client_events *e = s->client.events;
    enum mqtt_type type = mqtt_type_of(bytes.data[0]);
    const char *why = "";
    struct mqtt_packet packet;
    uint32_t life = s->life;

    if (e->packet != NULL)
        e->packet(s->client.ctx, false, bytes, clock_now());
    if (s->life != life)
        return;
    uint8_t code = mqtt_decode(bytes, s->version, &packet, &why);
    if (code == 0 && (unsigned)type < MQTT_TYPE_COUNT && handlers[type] != NULL &&
        (s->state == SESSION_ONLINE || type == MQTT_TYPE_CONNACK)) {
        code = handlers[type](s, &packet, &why);
    } else if (code == 0) {
        code = MQTT_REASON_PROTOCOL_ERROR;
        why = s->state == SESSION_ONLINE ? "a packet that brokers do not send"
                                         : "something else before CONNACK";
    }
    if (code != 0) {
        char text[256];
        snprintf(text, sizeof text, "the broker sent %s: %s (0x%02x %s)", mqtt_type_name(type), why,
                 code, mqtt_reason_name(code));
        refuse(s, code, text);
    }
}

/* Acts on all whole packets; returns what is left over. */
static struct slice take_packets(struct session *s, struct slice bytes)
{
    uint32_t life = s->life;

    while (bytes.len > 0 && s->life == life) {
        size_t total = 0;
        enum mqtt_decode outcome = mqtt_decode_frame(bytes.data, bytes.len, PACKET_MAX, &total);
        if (outcome == MQTT_DECODE_NEED_MORE)
            break;
        if (outcome == MQTT_DECODE_OK) {
            take_packet(s, slice_of(bytes.data, total));
            bytes = slice_of(bytes.data + total, bytes.len - total);
        } else if (outcome == MQTT_DECODE_TOO_LARGE) {
            refuse(s, MQTT_REASON_PACKET_TOO_LARGE, "the broker sent a packet of more than 1 MiB");
        } else {
            refuse(s, MQTT_REASON_MALFORMED_PACKET,
                   "the broker sent bytes that are no MQTT packet");
        }
    }
    return bytes;
}

static void on_received(void *ctx, struct slice bytes)
{
    struct session *s = ctx;
    struct buf held = s->in;
    uint32_t life = s->life;

    s->keepalive.last_in = ev_now(ev_of(s));
    if (buf_len(&held) == 0) {
        struct slice rest = take_packets(s, bytes);
        if (s->life == life && rest.len > 0)
            buf_append_slice(&s->in, rest);
        return;
    }
    /* Handlers may close the session, which empties s->in, while messages still point into it. */
    buf_init(&s->in, PACKET_MAX + NET_SCRATCH_SIZE);
    buf_append_slice(&held, bytes);
    struct slice rest = take_packets(s, buf_slice(&held));
    if (s->life == life && rest.len > 0) {
        buf_consume(&held, buf_len(&held) - rest.len);
        s->in = held;
    } else {
        buf_done(&held);
    }
}

/* --- Connecting --- */

static void on_link_connected(void *ctx)
{
    struct session *s = ctx;

    if (s->client.events->phase != NULL)
        s->client.events->phase(s->client.ctx, MQTT_PHASE_TCP, clock_now());
}

static void on_link_opened(void *ctx)
{
    struct session *s = ctx;
    const struct mqtt_client_events *e = s->client.events;
    uint32_t life = s->life;

    if (s->config.tls != NULL && e->phase != NULL)
        e->phase(s->client.ctx, MQTT_PHASE_TLS, clock_now());
    if (s->life != life)
        return;
    s->state = SESSION_ASKING;
    if (s->connack_timeout != 0)
        arm(s, (double)s->connack_timeout / 1e6);
    queued(s, 0); /* CONNECT has waited in the output */
}

static void on_link_closed(void *ctx, enum link_failure why, const char *text)
{
    static const enum mqtt_close closes[LINK_FAILURE_COUNT] = {
        [LINK_FAILURE_RESOLVE] = MQTT_CLOSE_RESOLVE,
        [LINK_FAILURE_TCP] = MQTT_CLOSE_TCP,
        [LINK_FAILURE_TLS] = MQTT_CLOSE_TLS,
        [LINK_FAILURE_TIMEOUT] = MQTT_CLOSE_TIMEOUT};

    report_closed(ctx, closes[why], 0, text);
}

static const struct link_events link_events = {on_link_connected, on_link_opened, on_received,
                                               on_link_closed};

static bool queue_connect(struct session *s, const struct mqtt_connect *o)
{
    struct mqtt_packet p = {.type = MQTT_TYPE_CONNECT};
    struct mqtt_packet_connect *c = &p.connect;

    c->version = o->version;
    c->client_id = o->client_id;
    c->username = o->username;
    c->password = o->password;
    c->keep_alive_s = o->keep_alive_s;
    c->clean_start = o->clean_start;
    c->has_will = o->will != NULL;
    if (o->will != NULL)
        c->will = *o->will;
    if (o->session_expiry_s != 0) {
        mqtt_props_set(&c->props, MQTT_PROP_SESSION_EXPIRY_INTERVAL);
        c->props.session_expiry_interval = o->session_expiry_s;
    }
    mqtt_props_set(&c->props, MQTT_PROP_MAXIMUM_PACKET_SIZE);
    c->props.maximum_packet_size = (uint32_t)PACKET_MAX;
    return mqtt_encode(&s->link.out, o->version, &p);
}

static bool session_connect(struct mqtt_client *c, const struct mqtt_connect *options,
                            struct error *err)
{
    struct session *s = session_of(c);
    struct link_options link = {.endpoint = s->config.endpoint,
                                .tls = s->config.tls,
                                .identity = &s->config.identity,
                                .tcp_timeout = options->tcp_timeout,
                                .tls_timeout = options->tls_timeout};

    assert(s->state == SESSION_OFF);
    if (options->version != MQTT_3_1_1 && options->version != MQTT_5)
        return error_set(err, ERROR_USAGE, "MQTT version %d: not known (3.1.1 or 5 is needed)",
                         (int)options->version);
    buf_done(&s->link.out);
    if (!queue_connect(s, options))
        return error_set(err, ERROR_USAGE,
                         "CONNECT: a client id, user name, password or will is too long (65535 "
                         "bytes each)");
    if (!link_open(&s->link, &link, err))
        return false;
    if (options->clean_start || options->version != s->version)
        inflight_done(&s->inflight);
    s->version = options->version;
    s->keepalive = (struct keepalive){.interval_s = options->keep_alive_s};
    s->connack_timeout = options->connack_timeout;
    s->state = SESSION_LINKING;
    s->life++;
    return true;
}

void mqtt_session_configure(struct mqtt_client *client, const struct mqtt_session_config *config)
{
    struct session *s = session_of(client);

    assert(config->net == s->config.net);
    s->config = *config;
}

struct mqtt_client *mqtt_session_new(struct loop *loop, const struct mqtt_session_config *config,
                                     const struct mqtt_client_events *events, void *ctx)
{
    static const struct mqtt_client_ops ops = {
        session_free,    session_connect,    session_subscribe,
        session_publish, session_disconnect, session_abort,
    };
    struct session *s = xcalloc(1, sizeof *s);

    assert(config->net->loop == loop);
    (void)loop;
    s->client = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    s->config = *config;
    buf_init(&s->in, PACKET_MAX + NET_SCRATCH_SIZE);
    ev_init(&s->timer, on_timer);
    s->timer.data = s;
    link_init(&s->link, config->net, &link_events, s, OUT_MAX);
    return &s->client;
}
