#include "mqtt/session.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/failover.h"
#include "mqtt/session_shaped.h"
#include "mqtt/session_state.h"

/* Unsent output: more than that means the broker does not read. */
#define OUT_MAX ((size_t)4 << 20)

/* --- Sending --- */

void session_queued(struct session *s, size_t before)
{
    const struct buf *out = &s->link.out;
    const struct mqtt_client_events *e = s->client.events;

    s->keepalive.last_out = session_now(s);
    if (e->packet != NULL)
        e->packet(s->client.ctx, true, slice_of(buf_data(out) + before, buf_len(out) - before),
                  clock_now());
    if (s->shaped != NULL)
        shaped_send(s->shaped, before);
    else
        link_kick(&s->link);
}

/* --- Closing --- */

void session_finish_link(struct session *s)
{
    if (s->shaped != NULL)
        shaped_finish(s->shaped);
    else
        link_finish(&s->link);
}

void session_close_link(struct session *s)
{
    if (s->shaped != NULL)
        shaped_close(s->shaped);
    else
        link_close(&s->link);
}

/* Whatever ends a connection passes here; the link is closed by the caller. */
static void go_off(struct session *s)
{
    session_stop_timer(s);
    if (s->shaped != NULL)
        shaped_over(s->shaped);
    s->state = SESSION_OFF;
    s->life++;
    buf_done(&s->in);
    inflight_rewind(&s->inflight);
    received_rewind(&s->received);
    session_bounds_end(s);
    alias_table_free(s->aliases_out);
    /* A message that is being delivered may borrow its topic from there. */
    if (s->aliases_in != NULL)
        loop_post(s->config.net->loop, alias_table_free, s->aliases_in);
    s->aliases_in = s->aliases_out = NULL;
}

void session_closed(struct session *s, enum mqtt_close why, uint8_t code, const char *text)
{
    struct mqtt_closed closed = {.why = why, .reason_code = code, .text = text};
    char *named = failover_end(&s->config.endpoint, &closed, s->state == SESSION_ONLINE);

    if (named != NULL)
        closed.text = named;
    go_off(s);
    if (s->client.events->closed != NULL)
        s->client.events->closed(s->client.ctx, &closed);
    free(named);
}

/* props: NULL for none. */
static void say_disconnect(struct session *s, uint8_t reason_code, const struct mqtt_props *props)
{
    struct mqtt_packet p = {.type = MQTT_TYPE_DISCONNECT};
    struct mqtt_props *said = &p.reason.props;
    size_t before = buf_len(&s->link.out);

    p.reason.reason_code = reason_code;
    if (props != NULL) {
        if (s->expires || props->session_expiry_interval == 0)
            said->present = props->present & ((uint64_t)1 << MQTT_PROP_SESSION_EXPIRY_INTERVAL);
        said->session_expiry_interval = props->session_expiry_interval;
        said->present |= props->present & ((uint64_t)1 << MQTT_PROP_REASON_STRING);
        said->reason_string = props->reason_string;
        said->user = props->user;
    }
    if (s->state != SESSION_ONLINE || !mqtt_encode(&s->link.out, s->version, &p))
        return;
    size_t len = buf_len(&s->link.out) - before;
    if (len > s->limits.packet_max)
        s->link.out.end -= len;
    else
        session_queued(s, before);
}

void session_refuse(struct session *s, uint8_t reason_code, const char *text)
{
    if (s->version == MQTT_5)
        say_disconnect(s, reason_code, NULL);
    session_finish_link(s);
    session_closed(s, MQTT_CLOSE_PROTOCOL, reason_code, text);
}

static void session_disconnect_with(struct mqtt_client *c, uint8_t reason_code,
                                    const struct mqtt_props *props)
{
    struct session *s = session_of(c);

    if (s->state == SESSION_OFF)
        return;
    say_disconnect(s, reason_code, props);
    session_finish_link(s);
    go_off(s);
}

static void session_disconnect(struct mqtt_client *c, uint8_t reason_code)
{
    session_disconnect_with(c, reason_code, NULL);
}

static void session_abort(struct mqtt_client *c)
{
    struct session *s = session_of(c);

    if (s->state == SESSION_OFF)
        return;
    session_close_link(s);
    go_off(s);
}

static void session_free(struct mqtt_client *c)
{
    static const struct mqtt_client_events nobody;
    struct session *s = session_of(c);

    session_abort(c);
    inflight_done(&s->inflight);
    received_done(&s->received);
    session_bounds_free(s);
    shaped_free(s->shaped);
    mqtt_client_refuse(c, NULL);
    c->events = &nobody;
    /* Its own callbacks may be on the stack. */
    loop_post(s->config.net->loop, free, s);
}

/* --- Keep-alive --- */

double session_now(const struct session *s)
{
    return s->shaped != NULL ? shaped_now(s->shaped) : ev_now(session_ev(s));
}

void session_stop_timer(struct session *s)
{
    ev_timer_stop(session_ev(s), &s->timer);
    if (s->shaped != NULL)
        shaped_stop_timer(s->shaped);
}

static void arm(struct session *s, double delay)
{
    if (s->shaped != NULL) {
        shaped_start_timer(s->shaped, delay);
        return;
    }
    ev_timer_stop(session_ev(s), &s->timer);
    ev_timer_set(&s->timer, delay, 0);
    ev_timer_start(session_ev(s), &s->timer);
}

bool session_ping(struct mqtt_client *c)
{
    struct session *s = session_of(c);
    size_t before = buf_len(&s->link.out);

    if (s->shaped != NULL)
        return shaped_ping(s->shaped, true);
    if (s->state != SESSION_ONLINE || !mqtt_encode_pingreq(&s->link.out))
        return false;
    session_queued(s, before);
    return true;
}

/* The timer is not touched by traffic: when it fires it looks how long things have been quiet. */
void session_watch_keep_alive(struct session *s)
{
    double wait = 0;
    size_t before = buf_len(&s->link.out);

    switch (keepalive_check(&s->keepalive, session_now(s), &wait)) {
    case KEEPALIVE_WAIT:
        arm(s, wait);
        break;
    case KEEPALIVE_PING:
        arm(s, wait);
        if (mqtt_encode_pingreq(&s->link.out))
            session_queued(s, before);
        break;
    case KEEPALIVE_DEAD:
        session_close_link(s);
        session_closed(s, MQTT_CLOSE_KEEP_ALIVE, 0,
                       "no PINGRESP within half a keep-alive: the connection is dead");
        break;
    case KEEPALIVE_OFF:
        break;
    }
}

void session_time_out(struct session *s)
{
    if (s->state == SESSION_ONLINE) {
        session_watch_keep_alive(s);
    } else {
        session_close_link(s);
        session_closed(s, MQTT_CLOSE_TIMEOUT, 0, "CONNACK took too long");
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev;
    (void)events;
    session_time_out(w->data);
}

/* --- Connecting --- */

static void on_link_connected(void *ctx)
{
    struct session *s = ctx;

    if (s->client.events->phase != NULL && s->shaped == NULL)
        s->client.events->phase(s->client.ctx, MQTT_PHASE_TCP, clock_now());
}

void session_opened(struct session *s)
{
    s->state = SESSION_ASKING;
    if (s->connack_timeout != 0)
        arm(s, (double)s->connack_timeout / 1e6);
    session_queued(s, 0); /* CONNECT has waited in the output */
}

static void on_link_opened(void *ctx)
{
    struct session *s = ctx;
    const struct mqtt_client_events *e = s->client.events;
    uint32_t life = s->life;

    if (s->shaped != NULL) {
        shaped_opened(s->shaped);
        return;
    }
    if (s->config.tls != NULL && e->phase != NULL)
        e->phase(s->client.ctx, MQTT_PHASE_TLS, clock_now());
    if (s->life == life)
        session_opened(s);
}

static void on_link_received(void *ctx, struct slice bytes)
{
    struct session *s = ctx;

    if (s->shaped != NULL)
        shaped_received(s->shaped, bytes);
    else
        session_receive(s, bytes);
}

static void on_link_closed(void *ctx, enum link_failure why, const char *text)
{
    static const enum mqtt_close closes[LINK_FAILURE_COUNT] = {
        [LINK_FAILURE_RESOLVE] = MQTT_CLOSE_RESOLVE,
        [LINK_FAILURE_TCP] = MQTT_CLOSE_TCP,
        [LINK_FAILURE_TLS] = MQTT_CLOSE_TLS,
        [LINK_FAILURE_TIMEOUT] = MQTT_CLOSE_TIMEOUT,
        [LINK_FAILURE_WEBSOCKET] = MQTT_CLOSE_PROTOCOL};

    struct session *s = ctx;

    if (s->shaped != NULL)
        shaped_link_closed(s->shaped, closes[why], text);
    else
        session_closed(s, closes[why], 0, text);
}

static const struct link_events link_events = {on_link_connected, on_link_opened, on_link_received,
                                               on_link_closed};

static bool queue_connect(struct session *s, const struct mqtt_connect *o)
{
    struct mqtt_packet p = {.type = MQTT_TYPE_CONNECT};
    struct mqtt_packet_connect *c = &p.connect;

    c->version = o->version;
    c->client_id = o->client_id;
    c->username = o->username;
    c->password = o->password;
    c->keep_alive_s = mqtt_profile_keep_alive(session_profile(s), o->keep_alive_s);
    c->clean_start = o->clean_start;
    c->has_will = o->will != NULL;
    if (o->will != NULL)
        c->will = *o->will;
    if (o->session_expiry_s != 0) {
        mqtt_props_set(&c->props, MQTT_PROP_SESSION_EXPIRY_INTERVAL);
        c->props.session_expiry_interval = o->session_expiry_s;
    }
    mqtt_props_set(&c->props, MQTT_PROP_MAXIMUM_PACKET_SIZE);
    c->props.maximum_packet_size = (uint32_t)SESSION_PACKET_MAX;
    mqtt_props_set(&c->props, MQTT_PROP_RECEIVE_MAXIMUM);
    c->props.receive_maximum = SESSION_RECEIVE_MAX;
    mqtt_props_set(&c->props, MQTT_PROP_TOPIC_ALIAS_MAXIMUM);
    c->props.topic_alias_maximum = ALIAS_MAX;
    return mqtt_encode(&s->link.out, o->version, &p);
}

struct link_options session_link_options(const struct session *s)
{
    return (struct link_options){
        .endpoint = s->config.endpoint,
        .tls = s->config.tls,
        .identity = &s->config.identity,
        .clock_offset = s->config.clock_offset,
    };
}

static bool session_connect(struct mqtt_client *c, const struct mqtt_connect *options,
                            struct error *err)
{
    struct session *s = session_of(c);
    struct link_options link = session_link_options(s);

    link.tcp_timeout = options->tcp_timeout;
    link.tls_timeout = options->tls_timeout;
    assert(s->state == SESSION_OFF);
    if (options->version != MQTT_3_1_1 && options->version != MQTT_5)
        return error_set(err, ERROR_USAGE, "MQTT version %d: not known (3.1.1 or 5 is needed)",
                         (int)options->version);
    if (!mqtt_profile_check_connect(session_profile(s), options, err))
        return false;
    buf_done(&s->link.out);
    if (!queue_connect(s, options))
        return error_set(err, ERROR_USAGE,
                         "CONNECT: a client id, user name, password or will is too long (65535 "
                         "bytes each)");
    if (s->shaped != NULL ? !shaped_connect(s->shaped, &link, err)
                          : !link_open(&s->link, &link, err))
        return false;
    if (options->clean_start || options->version != s->version) {
        inflight_done(&s->inflight);
        received_done(&s->received);
    }
    s->version = options->version;
    s->expires = options->session_expiry_s != 0;
    s->keepalive = (struct keepalive){
        .interval_s = mqtt_profile_keep_alive(session_profile(s), options->keep_alive_s)};
    s->connack_timeout = options->connack_timeout;
    s->state = SESSION_LINKING;
    s->life++;
    if (s->shaped != NULL)
        shaped_arrange(s->shaped);
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
        .free = session_free,
        .connect = session_connect,
        .subscribe = session_subscribe,
        .publish = session_publish,
        .disconnect = session_disconnect,
        .abort = session_abort,
        .unsubscribe = session_unsubscribe,
        .disconnect_with = session_disconnect_with,
        .ping = session_ping,
        .shape = session_shape,
    };
    struct session *s = xcalloc(1, sizeof *s);

    assert(config->net->loop == loop);
    (void)loop;
    s->client = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    s->config = *config;
    buf_init(&s->in, SESSION_PACKET_MAX + NET_SCRATCH_SIZE);
    ev_init(&s->timer, on_timer);
    s->timer.data = s;
    if (config->profile != NULL)
        s->bounds = session_bounds_new(s);
    link_init(&s->link, config->net, &link_events, s, OUT_MAX);
    return &s->client;
}
