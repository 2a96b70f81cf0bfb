#include "mqtt/session_shaped.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/orphan.h"
#include "mqtt/packet_queue.h"
#include "mqtt/pings.h"

/* On their way at once; more means that nobody reads. */
#define WAITING_MAX ((size_t)16 << 20)
/* What a segment without payload takes, the flights of a TLS 1.3 handshake with certificates, and
   those of a WebSocket upgrade: usual sizes. */
#define SEGMENT_BYTES 40
#define TLS_UP        2500
#define TLS_DOWN      3800
#define UPGRADE_BYTES 300

/* Mobile networks send in frames of a millisecond or more. */
#define SLOT USEC_PER_MSEC

/* On the way to CONNECT. */
enum shaped_step {
    STEP_NONE,
    STEP_SEARCH, /* nothing passes yet */
    STEP_WIRE,   /* the link connects, in its own time */
    STEP_TCP,    /* it is open; the round trips of TCP are not over */
    STEP_TLS     /* nor those of TLS and WebSocket */
};

struct shaped {
    struct session *s;
    struct mqtt_shaper shaper;
    struct packet_queue ways[SHAPER_WAY_COUNT];
    struct buf arriving;        /* the beginning of a packet from the broker */
    struct buf hello;           /* CONNECT, until the link is open */
    struct loop_timer timer;    /* when the next thing comes through */
    struct loop_timer patience; /* the session's timer */
    enum shaped_step step;
    usec_t step_due;
    struct link_options link;
    bool waiting; /* something does while nothing passes, since `held` */
    usec_t held, not_before;
    bool ending; /* the connection is over, but the client has not heard of it */
    enum mqtt_close why;
    char *text;
    usec_t end_due;
    struct pings pings;
    struct loop_timer beat;
    bool on_air; /* as last told */
    usec_t spoke;
    struct orphan orphan;
};

static struct loop *loop_of(const struct shaped *sh)
{
    return sh->s->config.net->loop;
}

static usec_t now_of(const struct shaped *sh)
{
    return loop_simulated_now(loop_of(sh));
}

static usec_t delay(const struct shaped *sh, enum shaper_way way, size_t bytes)
{
    return sh->shaper.ops->delay(sh->shaper.ctx, way, bytes);
}

/* ---- what is told ---- */

static void tell(const struct shaped *sh, enum mqtt_shaped what)
{
    const struct mqtt_client *c = &sh->s->client;

    if (c->events->shaped != NULL)
        c->events->shaped(c->ctx, what);
}

static bool is_on_air(const struct shaped *sh)
{
    if (sh->s->state == SESSION_LINKING)
        return sh->step != STEP_WIRE || sh->ending;
    if (sh->s->state == SESSION_ASKING)
        return sh->ending || !packet_queue_empty(&sh->ways[SHAPER_UP]) ||
               !packet_queue_empty(&sh->ways[SHAPER_DOWN]);
    return sh->s->state == SESSION_ONLINE;
}

static void tell_where(struct shaped *sh)
{
    bool on_air = is_on_air(sh);

    if (on_air == sh->on_air)
        return;
    sh->on_air = on_air;
    tell(sh, on_air ? MQTT_SHAPED_AIR : MQTT_SHAPED_WIRE);
}

/* ---- when ---- */

static void sooner(usec_t *due, usec_t other)
{
    *due = other < *due ? other : *due;
}

/* Of what comes through next; UINT64_MAX: nothing is on its way. */
static usec_t next_due(const struct shaped *sh)
{
    usec_t due = UINT64_MAX;

    for (int way = 0; way < SHAPER_WAY_COUNT; way++)
        if (!packet_queue_empty(&sh->ways[way]))
            sooner(&due, packet_queue_due(&sh->ways[way]));
    if (sh->step == STEP_SEARCH)
        due = 0;
    if (sh->step == STEP_TCP || sh->step == STEP_TLS)
        sooner(&due, sh->step_due);
    if (sh->ending && packet_queue_empty(&sh->ways[SHAPER_DOWN]))
        sooner(&due, sh->end_due);
    return due;
}

/* Once something has had to wait, its sender tries again only now and then. */
static bool may_pass(struct shaped *sh, usec_t now)
{
    if (!sh->shaper.ops->passes(sh->shaper.ctx)) {
        if (!sh->waiting && next_due(sh) != UINT64_MAX) {
            sh->waiting = true;
            sh->held = now;
        }
        return false;
    }
    if (sh->waiting)
        sh->not_before = now + sh->shaper.ops->resume(sh->shaper.ctx, sh->held);
    sh->waiting = false;
    return now >= sh->not_before;
}

/* Every change ends with this. */
void shaped_arrange(struct shaped *sh)
{
    usec_t now = now_of(sh);
    usec_t due = next_due(sh);

    tell_where(sh);
    may_pass(sh, now);
    if (sh->waiting || due == UINT64_MAX) {
        loop_timer_stop(&sh->timer);
        return;
    }
    due = due > sh->not_before ? due : sh->not_before;
    /* So that in virtual time many cars are served by one leap. */
    if (due > now)
        due = (due + SLOT - 1) / SLOT * SLOT;
    loop_timer_start_scaled(&sh->timer, due > now ? due - now : 0);
}

/* ---- the end ---- */

/* The client hears of it at `due`. */
static void end_at(struct shaped *sh, enum mqtt_close why, const char *text, usec_t due)
{
    if (sh->ending)
        return;
    sh->ending = true;
    sh->why = why;
    sh->text = xstrdup(text);
    sh->end_due = due;
    packet_queue_done(&sh->ways[SHAPER_UP]);
}

static bool reaches_broker(const struct shaped *sh)
{
    return sh->shaper.ops->passes(sh->shaper.ctx) && !sh->shaper.ops->forgotten(sh->shaper.ctx);
}

/* The broker waits for one and a half keep-alives (MQTT 5, 3.1.2.10). */
static usec_t brokers_patience(const struct shaped *sh)
{
    usec_t all = sh->s->keepalive.interval_s * USEC_PER_SEC * 3 / 2;
    usec_t quiet = now_of(sh) - sh->spoke;

    if (all == 0)
        return 0;
    return all > quiet ? all - quiet : 1;
}

void shaped_close(struct shaped *sh)
{
    struct link *l = &sh->s->link;

    if (l->state == LINK_OPEN && !reaches_broker(sh))
        orphan_adopt(&sh->orphan, link_abandon(l), brokers_patience(sh));
    else
        link_close(l);
}

void shaped_finish(struct shaped *sh)
{
    struct packet_queue *up = &sh->ways[SHAPER_UP];

    if (!reaches_broker(sh)) {
        shaped_close(sh);
        return;
    }
    while (!packet_queue_empty(up))
        packet_queue_take(up, &sh->s->link.out);
    link_finish(&sh->s->link);
}

void shaped_over(struct shaped *sh)
{
    loop_timer_stop(&sh->timer);
    loop_timer_stop(&sh->patience);
    loop_timer_stop(&sh->beat);
    for (int way = 0; way < SHAPER_WAY_COUNT; way++)
        packet_queue_done(&sh->ways[way]);
    buf_done(&sh->arriving);
    buf_done(&sh->hello);
    free(sh->text);
    sh->text = NULL;
    sh->ending = sh->waiting = sh->on_air = false;
    sh->step = STEP_NONE;
    sh->not_before = 0;
    sh->pings = (struct pings){0};
}

static void end(struct shaped *sh)
{
    char *text = sh->text;

    sh->text = NULL;
    shaped_close(sh);
    session_closed(sh->s, sh->why, 0, text);
    free(text);
}

/* The broker has lost a connection, as far as it can tell: others may hear of it. */
static void on_orphan_ended(void *ctx)
{
    tell(ctx, MQTT_SHAPED_LOST);
}

/* ---- up ---- */

void shaped_send(struct shaped *sh, size_t before)
{
    struct buf *out = &sh->s->link.out;
    struct slice packet = slice_of(buf_data(out) + before, buf_len(out) - before);
    usec_t now = now_of(sh);

    if (!sh->ending &&
        !packet_queue_add(&sh->ways[SHAPER_UP], packet, now + delay(sh, SHAPER_UP, packet.len)))
        end_at(sh, MQTT_CLOSE_TCP, "more is unsent than a modem keeps", now);
    buf_truncate(out, before);
    shaped_arrange(sh);
}

bool shaped_ping(struct shaped *sh, bool fence)
{
    struct session *s = sh->s;

    if (s->state != SESSION_ONLINE || s->link.state != LINK_OPEN ||
        !mqtt_encode_pingreq(&s->link.out))
        return false;
    pings_add(&sh->pings, true, fence);
    link_kick(&s->link);
    return true;
}

/* In virtual time the broker counts seconds that are none of the car's: it is kept content. */
static void start_beat(struct shaped *sh)
{
    if (loop_is_virtual(loop_of(sh)) && sh->s->keepalive.interval_s != 0)
        loop_timer_start(&sh->beat, sh->s->keepalive.interval_s * USEC_PER_SEC / 2);
}

static void on_beat(void *arg)
{
    struct shaped *sh = arg;

    if (sh->pings.count < 8)
        shaped_ping(sh, false);
    start_beat(sh);
}

/* What has arrived at the broker's side of the network. */
static void pass_up(struct shaped *sh, usec_t now)
{
    struct packet_queue *up = &sh->ways[SHAPER_UP];
    struct buf *out = &sh->s->link.out;
    bool spoke = false;

    while (!packet_queue_empty(up) && packet_queue_due(up) <= now) {
        if (sh->shaper.ops->forgotten(sh->shaper.ctx)) {
            end_at(sh, MQTT_CLOSE_TCP,
                   "connection reset: the network had forgotten it while it was idle",
                   now + delay(sh, SHAPER_DOWN, SEGMENT_BYTES));
            return;
        }
        size_t before = buf_len(out);
        packet_queue_take(up, out);
        if (mqtt_type_of(buf_data(out)[before]) == MQTT_TYPE_PINGREQ)
            pings_add(&sh->pings, false, false);
        spoke = true;
    }
    if (!spoke)
        return;
    sh->spoke = now;
    link_kick(&sh->s->link);
    tell(sh, MQTT_SHAPED_SPOKE);
}

/* ---- down ---- */

static void take_in(struct shaped *sh, struct slice packet)
{
    usec_t now = now_of(sh);

    bool past = false, fence = false;
    if (packet.len != 0 && mqtt_type_of(packet.data[0]) == MQTT_TYPE_PINGRESP)
        pings_take(&sh->pings, &past, &fence);
    if (fence && sh->s->client.events->pong != NULL)
        sh->s->client.events->pong(sh->s->client.ctx);
    if (past)
        return;
    if (sh->shaper.ops->forgotten(sh->shaper.ctx))
        return;
    if (!packet_queue_add(&sh->ways[SHAPER_DOWN], packet, now + delay(sh, SHAPER_DOWN, packet.len)))
        end_at(sh, MQTT_CLOSE_TCP, "more has come than the client takes", now);
}

void shaped_received(struct shaped *sh, struct slice bytes)
{
    struct buf *in = &sh->arriving;
    size_t total = 0;

    buf_append_slice(in, bytes);
    while (buf_len(in) > 0) {
        enum mqtt_decode outcome =
            mqtt_decode_frame(buf_data(in), buf_len(in), SESSION_PACKET_MAX, &total);
        if (outcome == MQTT_DECODE_NEED_MORE)
            break;
        if (outcome != MQTT_DECODE_OK)
            total = buf_len(in); /* the session will say what is wrong with it */
        take_in(sh, slice_of(buf_data(in), total));
        buf_consume(in, total);
    }
    if (buf_len(in) == 0)
        buf_done(in);
    shaped_arrange(sh);
}

/* False if that ended the connection. */
static bool pass_down(struct shaped *sh, usec_t now)
{
    struct packet_queue *down = &sh->ways[SHAPER_DOWN];
    uint32_t life = sh->s->life;

    while (sh->s->life == life && !packet_queue_empty(down) && packet_queue_due(down) <= now) {
        struct buf packet;
        buf_init(&packet, WAITING_MAX);
        packet_queue_take(down, &packet);
        session_receive(sh->s, buf_slice(&packet));
        buf_done(&packet);
    }
    return sh->s->life == life;
}

void shaped_link_closed(struct shaped *sh, enum mqtt_close why, const char *text)
{
    const struct mqtt_client *c = &sh->s->client;
    bool fenced = sh->pings.fences != 0;
    usec_t way = delay(sh, SHAPER_DOWN, SEGMENT_BYTES);

    if (sh->step == STEP_WIRE)
        way += delay(sh, SHAPER_UP, SEGMENT_BYTES);
    sh->pings = (struct pings){0};
    end_at(sh, why, text, now_of(sh) + way);
    if (fenced && c->events->pong != NULL)
        c->events->pong(c->ctx);
    shaped_arrange(sh);
}

/* ---- the way to CONNECT ---- */

static bool open_link(struct shaped *sh, struct error *err)
{
    usec_t now = now_of(sh);

    sh->shaper.ops->begin(sh->shaper.ctx);
    if (!link_open(&sh->s->link, &sh->link, err))
        return false;
    sh->step = STEP_WIRE;
    sh->step_due =
        now + delay(sh, SHAPER_UP, SEGMENT_BYTES) + delay(sh, SHAPER_DOWN, SEGMENT_BYTES);
    return true;
}

bool shaped_connect(struct shaped *sh, const struct link_options *options, struct error *err)
{
    sh->link = *options;
    /* Time on the air counts; the link itself is on this machine's network. */
    if (options->tcp_timeout != 0)
        shaped_start_timer(sh, (double)options->tcp_timeout / 1e6);
    sh->step = STEP_SEARCH;
    if (!may_pass(sh, now_of(sh)) || open_link(sh, err))
        return true;
    shaped_over(sh);
    return false;
}

void shaped_opened(struct shaped *sh)
{
    /* It must not leave with the link's first flush. */
    buf_append_slice(&sh->hello, buf_slice(&sh->s->link.out));
    buf_clear(&sh->s->link.out);
    sh->step = STEP_TCP;
    shaped_arrange(sh);
}

static void phase(struct shaped *sh, enum mqtt_phase reached)
{
    const struct mqtt_client *c = &sh->s->client;

    if (c->events->phase != NULL)
        c->events->phase(c->ctx, reached, clock_now());
}

static void start_tls(struct shaped *sh, usec_t now)
{
    bool tls = sh->link.tls != NULL, upgrade = endpoint_path(sh->link.endpoint) != NULL;

    sh->step = STEP_TLS;
    sh->step_due = now;
    if (tls)
        sh->step_due += delay(sh, SHAPER_UP, TLS_UP) + delay(sh, SHAPER_DOWN, TLS_DOWN);
    if (upgrade)
        sh->step_due += delay(sh, SHAPER_UP, UPGRADE_BYTES) + delay(sh, SHAPER_DOWN, UPGRADE_BYTES);
    if (sh->link.tls_timeout != 0)
        shaped_start_timer(sh, (double)sh->link.tls_timeout / 1e6);
}

static void say_hello(struct shaped *sh)
{
    struct session *s = sh->s;

    sh->step = STEP_NONE;
    buf_append_slice(&s->link.out, buf_slice(&sh->hello));
    buf_done(&sh->hello);
    session_opened(s);
    start_beat(sh);
}

/* False if the owner ended the connection. */
static bool go_on(struct shaped *sh, usec_t now)
{
    uint32_t life = sh->s->life;
    struct error err;

    if (sh->step == STEP_SEARCH && !open_link(sh, &err))
        end_at(sh, MQTT_CLOSE_TCP, err.text, now);
    if (sh->ending)
        return true;
    if (sh->step == STEP_TCP && sh->step_due <= now) {
        start_tls(sh, now);
        phase(sh, MQTT_PHASE_TCP);
    }
    if (sh->s->life == life && sh->step == STEP_TLS && sh->step_due <= now) {
        if (sh->link.tls != NULL)
            phase(sh, MQTT_PHASE_TLS);
        if (sh->s->life == life)
            say_hello(sh);
    }
    return sh->s->life == life;
}

/* ---- what happens when ---- */

static void run(void *arg)
{
    struct shaped *sh = arg;
    usec_t now = now_of(sh);

    if (sh->s->state == SESSION_OFF)
        return;
    if (may_pass(sh, now)) {
        if (!go_on(sh, now))
            return;
        pass_up(sh, now);
        if (!pass_down(sh, now))
            return;
        if (sh->ending && sh->end_due <= now && packet_queue_empty(&sh->ways[SHAPER_DOWN])) {
            end(sh);
            return;
        }
    }
    shaped_arrange(sh);
}

static void on_patience(void *arg)
{
    struct shaped *sh = arg;
    struct session *s = sh->s;

    if (s->state != SESSION_LINKING) {
        session_time_out(s);
        return;
    }
    shaped_close(sh);
    session_closed(s, MQTT_CLOSE_TIMEOUT, 0,
                   sh->step == STEP_TLS ? "TLS handshake took too long: so bad is the radio"
                                        : "TCP connect took too long: so bad is the radio");
}

void shaped_start_timer(struct shaped *sh, double delay_s)
{
    loop_timer_start_script(&sh->patience, delay_s > 0 ? (usec_t)(delay_s * 1e6) : 0);
}

void shaped_stop_timer(struct shaped *sh)
{
    loop_timer_stop(&sh->patience);
}

double shaped_now(const struct shaped *sh)
{
    return (double)loop_script_now(loop_of(sh)) / 1e6;
}

/* ---- making and ending ---- */

static struct shaped *shaped_new(struct session *s, const struct mqtt_shaper *shaper)
{
    struct shaped *sh = xcalloc(1, sizeof *sh);

    sh->s = s;
    sh->shaper = *shaper;
    for (int way = 0; way < SHAPER_WAY_COUNT; way++)
        packet_queue_init(&sh->ways[way], WAITING_MAX);
    buf_init(&sh->arriving, SESSION_PACKET_MAX + NET_SCRATCH_SIZE);
    buf_init(&sh->hello, WAITING_MAX);
    struct loop *loop = loop_of(sh);
    loop_timer_init(&sh->timer, loop, run, sh);
    loop_timer_init(&sh->patience, loop, on_patience, sh);
    loop_timer_init(&sh->beat, loop, on_beat, sh);
    orphan_init(&sh->orphan, loop, on_orphan_ended, sh);
    sh->spoke = now_of(sh);
    return sh;
}

/* What the session's own timer was for goes on by the other clock. */
static void take_over(struct shaped *sh)
{
    struct session *s = sh->s;
    bool timed = ev_is_active(&s->timer);

    ev_timer_stop(session_ev(s), &s->timer);
    if (s->state == SESSION_OFF)
        return;
    s->keepalive.last_in = s->keepalive.last_out = s->keepalive.ping_at = shaped_now(sh);
    sh->link = session_link_options(s);
    if (s->state == SESSION_LINKING) {
        sh->step = STEP_WIRE;
        sh->step_due = now_of(sh);
    } else if (s->state == SESSION_ONLINE) {
        session_watch_keep_alive(s);
        start_beat(sh);
    } else if (timed) {
        shaped_start_timer(sh, (double)s->connack_timeout / 1e6);
    }
    sh->shaper.ops->begin(sh->shaper.ctx);
    tell(sh, MQTT_SHAPED_SPOKE);
}

bool session_shape(struct mqtt_client *c, const struct mqtt_shaper *shaper)
{
    struct session *s = session_of(c);

    if (s->shaped == NULL) {
        s->shaped = shaped_new(s, shaper);
        take_over(s->shaped);
    }
    s->shaped->shaper = *shaper;
    if (s->state != SESSION_OFF)
        shaped_arrange(s->shaped);
    return true;
}

void shaped_free(struct shaped *sh)
{
    if (sh == NULL)
        return;
    shaped_over(sh);
    orphan_close(&sh->orphan);
    /* Its own functions may be on the stack. */
    loop_post(loop_of(sh), free, sh);
}
