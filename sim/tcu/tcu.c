#include "tcu/tcu.h"

#include <fleetsim/topics.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/limits.h"
#include "tcu/backoff.h"
#include "tcu/core.h"
#include "tcu/order.h"
#include "tcu/reshape.h"
#include "tcu/routes.h"

/* ── Notices ────────────────────────────────────────────────────────────────────────────────── */

static void note_va(struct tcu *t, enum tcu_note note, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void note_va(struct tcu *t, enum tcu_note note, const char *fmt, va_list ap)
{
    char text[512];

    if (t->p->observer->note == NULL)
        return;
    vsnprintf(text, sizeof text, fmt, ap);
    t->p->observer->note(t->p->ctx, t, note, text);
}

void core_note(struct tcu *t, enum tcu_note note, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note_va(t, note, fmt, ap);
    va_end(ap);
}

void core_mark(struct tcu *t, const char *token, enum tcu_mark mark, usec_t at,
               const char *report_token)
{
    if (token[0] != '\0' && t->p->observer->mark != NULL)
        t->p->observer->mark(t->p->ctx, t, token, mark, at, report_token);
}

bool core_stage(struct tcu *t, enum tcu_stage which, usec_t took)
{
    uint32_t epoch = t->p->epoch;

    if (t->p->observer->stage != NULL)
        t->p->observer->stage(t->p->ctx, t, which, took);
    return t->p->epoch == epoch;
}

/* The one place where the state changes. False if the observer has changed it again. */
static bool enter(struct tcu *t, enum tcu_state to)
{
    enum tcu_state from = t->state;

    if (from == to)
        return true;
    uint32_t epoch = ++t->p->epoch;
    t->state = to;
    if (t->p->observer->state != NULL)
        t->p->observer->state(t->p->ctx, t, from, to);
    return t->p->epoch == epoch;
}

/* ── Connecting and losing it ───────────────────────────────────────────────────────────────── */

bool tcu_shape(struct tcu *t, const struct mqtt_shaper *shaper)
{
    return mqtt_client_shape(t->p->client, shaper);
}

void core_time_request(struct tcu *t, struct loop_timer *timer)
{
    if (t->p->client->shaped)
        loop_timer_start_script(timer, t->p->config->request_timeout);
    else
        loop_timer_start(timer, t->p->config->request_timeout);
}

/* An answer to a request of its own. */
static void wait_for(struct tcu *t, enum core_wait what)
{
    t->p->wait = what;
    core_time_request(t, &t->p->timer);
}

/* What is the car's own doing, not the protocol's, runs by the clock of scripts. */
static void wait_patiently(struct tcu *t, enum core_wait what, usec_t delay)
{
    t->p->wait = what;
    loop_timer_start_script(&t->p->timer, delay);
}

/* The end of a connection, or of the attempt: nothing is awaited any more. */
static void settle(struct tcu *t)
{
    struct tcu_private *p = t->p;

    if (t->state == TCU_ONLINE &&
        loop_script_now(p->loop) - p->online_since >= p->config->backoff_stable)
        p->failures = 0;
    loop_timer_stop(&p->timer);
    p->wait = WAIT_NOTHING;
    p->subscribe_id = p->sampled_id = 0;
    connection_over(t);
    shadows_offline(t);
    provision_offline(t);
}

static usec_t next_delay(struct tcu *t)
{
    struct tcu_private *p = t->p;
    usec_t delay =
        backoff_delay(&p->rng, p->config->backoff_base, p->config->backoff_cap, p->failures);

    if (p->failures < 64)
        p->failures++;
    return delay;
}

static void back_off(struct tcu *t)
{
    wait_patiently(t, WAIT_RECONNECT, next_delay(t));
    enter(t, TCU_BACKING_OFF);
}

/* The connection is gone already. */
static void lose(struct tcu *t, enum tcu_note note, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void lose(struct tcu *t, enum tcu_note note, const char *fmt, va_list ap)
{
    uint32_t epoch = t->p->epoch;

    settle(t);
    note_va(t, note, fmt, ap);
    if (t->p->epoch == epoch)
        back_off(t);
}

void core_give_up(struct tcu *t, enum tcu_note note, const char *fmt, ...)
{
    va_list ap;

    mqtt_client_abort(t->p->client);
    va_start(ap, fmt);
    lose(t, note, fmt, ap);
    va_end(ap);
}

static void lost(struct tcu *t, enum tcu_note note, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void lost(struct tcu *t, enum tcu_note note, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    lose(t, note, fmt, ap);
    va_end(ap);
}

static void start_connect(struct tcu *t)
{
    struct tcu_private *p = t->p;
    struct mqtt_connect options = connection_options(t);
    struct error err;

    p->connect_started = p->stage_started = clock_now();
    if (!mqtt_client_connect(p->client, &options, &err))
        core_give_up(t, TCU_NOTE_CONNECT_FAILED, "%s", err.text);
}

static void begin_connect(struct tcu *t)
{
    struct tcu_private *p = t->p;

    settle(t);
    provision_connecting(t);
    if (!enter(t, TCU_CONNECTING))
        return;
    if (p->observer->admit == NULL || p->observer->admit(p->ctx, t))
        start_connect(t);
    else
        p->wait = WAIT_ADMISSION;
}

void tcu_admit(struct tcu *t)
{
    if (t->p->wait != WAIT_ADMISSION)
        return;
    t->p->wait = WAIT_NOTHING;
    start_connect(t);
}

/* ── Syncing ────────────────────────────────────────────────────────────────────────────────── */

static void start_get(struct tcu *t)
{
    if (t->p->config->no_shadow) {
        t->p->stage_started = clock_now();
        core_synced(t);
        return;
    }
    t->p->stage_started = clock_now();
    /* The client may be busy with what it sends again of a resumed session: an acknowledgement
       makes room (on_published), or time runs out. */
    shadows_get_missing(t);
    wait_for(t, WAIT_SHADOW);
}

static void subscribe(struct tcu *t, size_t batch)
{
    char rooms[ROUTES_MAX][ROUTE_TOPIC_MAX];
    struct mqtt_filter filters[ROUTES_MAX];
    size_t count = routes_filters(t, batch, rooms, filters);

    t->p->subscribing = (uint8_t)batch;
    t->p->subscribe_id = mqtt_client_subscribe(t->p->client, filters, count);
    if (t->p->subscribe_id == 0)
        core_give_up(t, TCU_NOTE_CONNECTION_LOST, "subscribe: the connection is closed");
    else
        wait_for(t, WAIT_SUBACK);
}

void core_synced(struct tcu *t)
{
    struct tcu_private *p = t->p;
    usec_t now = clock_now();

    if (t->state != TCU_SYNCING)
        return;
    loop_timer_stop(&p->timer);
    p->wait = WAIT_NOTHING;
    p->online_since = loop_script_now(p->loop);
    usec_t took = 0;
    if (!core_stage(t, TCU_STAGE_FIRST_SHADOW, now - p->stage_started) ||
        !core_stage(t, TCU_STAGE_CONNECT_TOTAL, now - p->connect_started) ||
        (provision_online(t, &took) && !core_stage(t, TCU_STAGE_PROVISION_TOTAL, took)) ||
        !enter(t, TCU_ONLINE))
        return;
    reshape_online(t);
    shadows_schedule(t);
    command_flush(t);
}

void core_sync_later(struct tcu *t)
{
    wait_patiently(t, WAIT_GET_AGAIN, next_delay(t));
}

static void on_timer(void *arg)
{
    struct tcu *t = arg;
    enum core_wait wait = t->p->wait;

    t->p->wait = WAIT_NOTHING;
    switch (wait) {
    case WAIT_SUBACK:
        core_give_up(t, TCU_NOTE_CONNECT_FAILED, "subscribe: no answer in time");
        break;
    case WAIT_SHADOW:
        core_give_up(t, TCU_NOTE_CONNECT_FAILED, "shadow get: no answer in time");
        break;
    case WAIT_GET_AGAIN:
        start_get(t);
        break;
    case WAIT_RECONNECT:
        begin_connect(t);
        break;
    case WAIT_PROVISION:
        provision_late(t);
        break;
    case WAIT_NOTHING:
    case WAIT_ADMISSION:
    case WAIT_COUNT:
        break;
    }
}

/* ── Events of the client ───────────────────────────────────────────────────────────────────── */

static void on_phase(void *ctx, enum mqtt_phase phase, usec_t at)
{
    static const enum tcu_stage stages[MQTT_PHASE_COUNT] = {
        [MQTT_PHASE_TCP] = TCU_STAGE_TCP,
        [MQTT_PHASE_TLS] = TCU_STAGE_TLS,
        [MQTT_PHASE_CONNACK] = TCU_STAGE_CONNACK,
    };
    struct tcu *t = ctx;
    usec_t took = at > t->p->stage_started ? at - t->p->stage_started : 0;

    if (t->state != TCU_CONNECTING || (unsigned)phase >= MQTT_PHASE_COUNT)
        return;
    t->p->stage_started = at;
    core_stage(t, stages[phase], took);
}

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct tcu *t = ctx;
    struct tcu_private *p = t->p;

    if (t->state != TCU_CONNECTING)
        return;
    connection_opened(t, connack);
    if (!connack->session_present) {
        p->subscribed = false;
        pubsub_session_lost(t);
        command_session_lost(t);
    }
    p->packet_max = mqtt_limits_of(&connack->props).packet_max;
    p->stage_started = clock_now();
    if (provision_connected(t) || !enter(t, TCU_SYNCING))
        return;
    /* A session may be present that our SUBSCRIBE never reached. */
    if (p->subscribed)
        start_get(t);
    else
        subscribe(t, 0);
}

static void on_subscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct tcu *t = ctx;
    struct tcu_private *p = t->p;
    char room[ROUTE_TOPIC_MAX];
    unsigned code;

    if (t->state == TCU_PROVISIONING && provision_subscribed(t, packet_id, codes, count))
        return;
    if (t->state != TCU_SYNCING || p->subscribe_id == 0 || packet_id != p->subscribe_id) {
        pubsub_answered(t, packet_id, codes, count);
        return;
    }
    p->subscribe_id = 0;
    struct slice refused = routes_refused(t, p->subscribing, slice_of(codes, count), room, &code);
    if (refused.len != 0) {
        mqtt_client_disconnect(p->client, 0);
        lost(t, TCU_NOTE_CONNECT_FAILED,
             "subscribe refused: %.*s: 0x%02x (does the policy allow it?)", SLICE_ARGS(refused),
             code);
        return;
    }
    if (p->subscribing + 1u < routes_batches(t)) {
        subscribe(t, p->subscribing + 1u);
        return;
    }
    p->subscribed = true;
    if (core_stage(t, TCU_STAGE_SUBSCRIBE, clock_now() - p->stage_started))
        start_get(t);
}

static void on_unsubscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    pubsub_answered(ctx, packet_id, codes, count);
}

static void on_remark(void *ctx, uint16_t packet_id, const char *text)
{
    pubsub_remark(ctx, packet_id, text);
}

static void on_message(void *ctx, const struct mqtt_message *m)
{
    struct tcu *t = ctx;
    usec_t now = clock_now();

    if (t->state == TCU_PROVISIONING)
        provision_message(t, m);
    if (!core_connected(t))
        return;
    bool wanted = pubsub_wants(t, m->topic);
    if (wanted && t->p->observer->message != NULL)
        t->p->observer->message(t->p->ctx, t, m);
    if (!core_connected(t) || routes_handle(t, m, now) || wanted)
        return;
    core_note(t, TCU_NOTE_BAD_MESSAGE, "%.*s: not a topic that this car asked for",
              m->topic.len < 256 ? (int)m->topic.len : 256,
              m->topic.len != 0 ? (const char *)m->topic.data : "");
}

static void on_published(void *ctx, uint16_t packet_id, uint8_t reason_code)
{
    struct tcu *t = ctx;
    struct tcu_private *p = t->p;

    if (packet_id == p->sampled_id && packet_id != 0) {
        p->sampled_id = 0;
        if (!core_stage(t, TCU_STAGE_PUBACK, clock_now() - p->sampled_at))
            return;
    }
    if (!shadows_on_puback(t, packet_id, reason_code) &&
        !command_on_puback(t, packet_id, reason_code))
        command_flush(t);
    if (t->state == TCU_SYNCING && p->wait == WAIT_SHADOW)
        shadows_get_missing(t);
    pubsub_answered(t, packet_id, &reason_code, 1);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct tcu *t = ctx;
    bool connecting = t->state == TCU_CONNECTING;

    connection_closed(t, closed);
    if (connecting || core_has_connection(t))
        lost(t, connecting ? TCU_NOTE_CONNECT_FAILED : TCU_NOTE_CONNECTION_LOST, "%s%s",
             closed->text != NULL ? closed->text : "the connection was closed",
             t->p->wait == WAIT_SUBACK ? ", before the SUBACK (does the policy allow it?)" : "");
}

static void on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    struct tcu *t = ctx;
    t->p->observer->packet(t->p->ctx, t, outgoing, bytes, at);
}

#define CLIENT_EVENTS                                                                              \
    .phase = on_phase, .connected = on_connected, .subscribed = on_subscribed,                     \
    .message = on_message, .published = on_published, .closed = on_closed,                         \
    .unsubscribed = on_unsubscribed, .remark = on_remark

static const struct mqtt_client_events events = {CLIENT_EVENTS};
static const struct mqtt_client_events events_with_packets = {CLIENT_EVENTS, .packet = on_packet};

int32_t core_publish(struct tcu *t, struct slice topic, struct slice payload, uint8_t qos,
                     struct slice correlation)
{
    struct tcu_private *p = t->p;
    struct mqtt_message m = {.topic = topic, .payload = payload, .qos = qos};

    if (correlation.len != 0 && tcu_version(t) == MQTT_5) {
        m.props.present = (uint64_t)1 << MQTT_PROP_CORRELATION_DATA;
        m.props.correlation_data = correlation;
    }
    int32_t id = mqtt_client_publish(p->client, &m);
    if (id > 0 && p->sampled_id == 0) {
        p->sampled_id = (uint16_t)id;
        p->sampled_at = clock_now();
    }
    return id;
}

/* ── Provisioning ───────────────────────────────────────────────────────────────────────────── */

bool core_enter_provisioning(struct tcu *t)
{
    return enter(t, TCU_PROVISIONING);
}

void core_wait_provision(struct tcu *t)
{
    wait_for(t, WAIT_PROVISION);
}

void core_stop_waiting(struct tcu *t)
{
    loop_timer_stop(&t->p->timer);
    t->p->wait = WAIT_NOTHING;
}

void core_reconnect(struct tcu *t)
{
    mqtt_client_disconnect(t->p->client, 0);
    t->p->failures = 0;
    begin_connect(t);
}

/* ── Life ───────────────────────────────────────────────────────────────────────────────────── */

struct tcu *tcu_new(const struct tcu_params *params)
{
    static const struct tcu_observer nobody = {.state = NULL};
    struct tcu *t = xcalloc(1, sizeof *t);
    struct tcu_private *p = xcalloc(1, sizeof *p);

    t->state = TCU_OFF;
    t->index = params->index;
    t->thing_name = params->thing_name;
    t->p = p;
    p->loop = params->loop;
    p->config = params->config;
    p->observer = params->observer != NULL ? params->observer : &nobody;
    p->ctx = params->ctx;
    signal_table_init(&t->signals, params->schema);
    rng_init(&p->rng, params->seed, 0);
    loop_timer_init(&p->timer, p->loop, on_timer, t);
    shadows_init(t);
    command_init(t);
    p->client =
        params->make_client(params->maker, params->index,
                            p->observer->packet != NULL ? &events_with_packets : &events, t);
    return t;
}

static void cancel_orders(struct tcu *t)
{
    order_cancel_all(t, "POWER_LOST", "the car lost power while it was executing the request");
}

void tcu_free(struct tcu *t)
{
    if (t == NULL)
        return;
    mqtt_client_abort(t->p->client);
    settle(t);
    cancel_orders(t);
    reshape_done(t);
    loop_timer_stop(&t->p->timer);
    shadows_done(t);
    command_done(t);
    mqtt_client_free(t->p->client);
    signal_table_done(&t->signals);
    pubsub_done(t);
    provision_done(t);
    connection_done(t);
    free(t->p);
    free(t);
}

void tcu_power_on(struct tcu *t)
{
    if (t->state == TCU_OFF)
        begin_connect(t);
}

void tcu_power_off(struct tcu *t)
{
    if (t->state == TCU_OFF)
        return;
    mqtt_client_abort(t->p->client);
    settle(t);
    cancel_orders(t);
    /* Observers may have started something meanwhile. */
    mqtt_client_abort(t->p->client);
    settle(t);
    t->p->failures = 0;
    enter(t, TCU_OFF);
}

void tcu_sleep(struct tcu *t)
{
    tcu_disconnect(t, 0, NULL);
}

void tcu_disconnect(struct tcu *t, uint8_t reason_code, const struct mqtt_props *props)
{
    if (t->state == TCU_OFF || t->state == TCU_ASLEEP)
        return;
    if (core_has_connection(t) && props != NULL) {
        connection_leaving(t, props);
        mqtt_client_disconnect_with(t->p->client, reason_code, props);
    } else if (core_has_connection(t)) {
        mqtt_client_disconnect(t->p->client, reason_code);
    } else {
        mqtt_client_abort(t->p->client);
    }
    settle(t);
    enter(t, TCU_ASLEEP);
}

bool tcu_wake(struct tcu *t)
{
    if (t->state != TCU_ASLEEP && t->state != TCU_BACKING_OFF)
        return false;
    begin_connect(t);
    return true;
}

void tcu_drop_connection(struct tcu *t)
{
    if (t->state == TCU_CONNECTING || core_has_connection(t))
        core_give_up(t, TCU_NOTE_CONNECTION_LOST, "the network was lost");
}
