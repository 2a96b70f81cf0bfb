#include "telemetry/collector.h"

#include <fleetsim/topics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "telemetry/orders.h"
#include "telemetry/outbox.h"
#include "telemetry/sampling.h"

/* After the TCU took nothing, it is tried again so much later. */
#define RETRY (1 * USEC_PER_SEC)

enum { TOPIC_MAX = 256, ANSWER_MAX = 65536, FAILURE = 0x80 };

struct collector {
    struct collector_params p;
    struct loop_timer timer;
    struct sampling *samplings; /* the plan's rules first, then the received campaigns */
    size_t count;
    struct ring ring;
    struct outbox outbox;
    bool running;      /* the car is neither off nor asleep */
    bool urgent;       /* what waits goes out, however little it is */
    usec_t batch_due;  /* when what waits is too old */
    usec_t blocked;    /* nothing is sent before */
    bool subscribed;   /* in the session that the broker keeps */
    uint16_t asked;    /* the SUBSCRIBE that is under way */
    uint64_t document; /* hash of the last document that was accepted */
};

const char *collector_count_name(enum collector_count what)
{
    /* ORDER COLLECTOR_COUNT */
    static const char *const names[COLLECTOR_COUNT_COUNT] = {
        "telemetry.samples", "telemetry.batches", "telemetry.bytes", "telemetry.dropped"};
    return what < COLLECTOR_COUNT_COUNT ? names[what] : "telemetry.unknown";
}

static struct sampling_now now_of(struct collector *c)
{
    return (struct sampling_now){.at = loop_simulated_now(c->p.loop),
                                 .wall_ms = loop_wall_ms(c->p.loop),
                                 .signals = &c->p.tcu->signals,
                                 .out = &c->ring};
}

static void count_lost(struct collector *c, size_t lost)
{
    if (lost == 0)
        return;
    c->outbox.dropped += lost;
    c->p.ops->count(c->p.ctx, COLLECTOR_DROPPED, lost);
}

/* ---- sending ---- */

static bool wants_to_send(const struct collector *c, usec_t now)
{
    return c->ring.count >= c->p.plan->batch_max ||
           (c->ring.count != 0 && (c->urgent || now >= c->batch_due));
}

static void send_all(struct collector *c)
{
    usec_t now = loop_simulated_now(c->p.loop);

    while (c->p.tcu->state == TCU_ONLINE && now >= c->blocked && wants_to_send(c, now)) {
        /* Once begun, all that has waited goes: it is as old as what made it begin. */
        c->urgent = c->urgent || now >= c->batch_due;
        if (!outbox_send(&c->outbox, &c->ring)) {
            c->blocked = outbox_full(&c->outbox) ? 0 : now + RETRY;
            break;
        }
        c->batch_due = now + c->p.plan->batch_age;
    }
    if (c->ring.count == 0)
        c->urgent = false;
}

static usec_t sooner(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

/* When sending wants to be looked at. */
static usec_t next_send(const struct collector *c, usec_t now)
{
    if (c->p.tcu->state != TCU_ONLINE || c->ring.count == 0)
        return SAMPLING_NEVER;
    if (c->blocked > now)
        return c->blocked;
    /* An acknowledgement makes room sooner than that. */
    return wants_to_send(c, now) ? now + 10 * RETRY : c->batch_due;
}

static usec_t next_end(const struct collector *c, usec_t now)
{
    int64_t wall_ms = loop_wall_ms(c->p.loop);
    usec_t next = SAMPLING_NEVER;

    for (size_t i = c->p.plan->rule_count; i < c->count; i++) {
        int64_t until_ms = c->samplings[i].campaign->until_ms;
        double left = until_ms > wall_ms ? (double)(until_ms - wall_ms) * 1000 : 0;
        if (until_ms != 0)
            next = sooner(next, now + (usec_t)(left * c->p.loop->time_scale));
    }
    return next;
}

static void schedule(struct collector *c)
{
    usec_t now = loop_simulated_now(c->p.loop);
    usec_t next = sooner(next_send(c, now), next_end(c, now));

    for (size_t i = 0; i < c->count; i++)
        next = sooner(next, sampling_next(&c->samplings[i]));
    if (!c->running || next == SAMPLING_NEVER)
        loop_timer_stop(&c->timer);
    else
        loop_timer_start_scaled(&c->timer, next > now ? next - now : 0);
}

static void say(struct collector *c, struct slice text)
{
    char *topic =
        topic_pattern_make(tcu_topics(c->p.tcu)->telemetry, c->p.tcu->thing_name, "campaigns");
    struct error err;

    struct mqtt_message m = {.topic = slice_str(topic), .payload = text, .qos = 1};
    tcu_publish(c->p.tcu, &m, &err);
    free(topic);
}

/* ---- campaigns ---- */

static void add_sampling(struct collector *c, struct campaign *campaign)
{
    c->samplings = xrealloc(c->samplings, (c->count + 1) * sizeof *c->samplings);
    sampling_init(&c->samplings[c->count++], campaign, c->p.plan->schema);
}

static void remove_sampling(struct collector *c, size_t i)
{
    sampling_done(&c->samplings[i]);
    memmove(&c->samplings[i], &c->samplings[i + 1], (c->count - i - 1) * sizeof *c->samplings);
    c->count--;
}

static void end_old(struct collector *c, int64_t wall_ms)
{
    char note[128];

    for (size_t i = c->count; i-- > c->p.plan->rule_count;) {
        struct campaign *campaign = c->samplings[i].campaign;
        struct buf text;
        if (campaign->until_ms == 0 || wall_ms < campaign->until_ms)
            continue;
        snprintf(note, sizeof note, "campaign %s has ended", campaign->id);
        c->p.ops->note(c->p.ctx, note);
        buf_init(&text, ANSWER_MAX);
        orders_ended(campaign, &text);
        if (c->p.tcu->state == TCU_ONLINE)
            say(c, buf_slice(&text));
        buf_done(&text);
        remove_sampling(c, i);
        c->urgent = true;
    }
}

/* After each look at the signals: counts what was lost, sees whether an event is over. */
static void settle(struct collector *c, const struct sampling_now *now, bool was_empty)
{
    if (was_empty && c->ring.count != 0)
        c->batch_due = now->at + c->p.plan->batch_age;
    for (size_t i = 0; i < c->count; i++) {
        c->urgent = c->urgent || c->samplings[i].closed;
        c->samplings[i].opened = c->samplings[i].closed = false;
    }
    count_lost(c, now->lost);
    send_all(c);
    schedule(c);
}

static void start_from(struct collector *c, size_t first)
{
    struct sampling_now now = now_of(c);
    bool was_empty = c->ring.count == 0;

    for (size_t i = first; i < c->count; i++)
        sampling_start(&c->samplings[i], &now);
    settle(c, &now, was_empty);
}

static void on_timer(void *arg)
{
    struct collector *c = arg;
    struct sampling_now now = now_of(c);
    bool was_empty = c->ring.count == 0;

    end_old(c, now.wall_ms);
    for (size_t i = 0; i < c->count; i++)
        sampling_tick(&c->samplings[i], &now);
    settle(c, &now, was_empty);
}

static void take_orders(struct collector *c, struct orders *orders)
{
    while (c->count > c->p.plan->rule_count)
        remove_sampling(c, c->count - 1);
    for (size_t i = 0; i < orders->count; i++)
        add_sampling(c, orders->campaigns[i]);
    if (c->running)
        start_from(c, c->p.plan->rule_count);
}

static void read_orders(struct collector *c, struct slice payload)
{
    uint64_t document = hash_bytes(payload);
    struct orders orders;
    struct buf answer;

    /* A retained one comes again with each subscription. */
    if (payload.len != 0 && document == c->document)
        return;
    buf_init(&answer, ANSWER_MAX);
    bool ok = orders_read(payload, c->p.plan->schema, loop_wall_ms(c->p.loop), &orders, &answer);
    c->p.ops->note(c->p.ctx, buf_cstr(&answer));
    say(c, buf_slice(&answer));
    buf_done(&answer);
    if (!ok)
        return;
    c->document = document;
    take_orders(c, &orders);
    orders_done(&orders);
}

static void config_topic(const struct collector *c, char room[TOPIC_MAX])
{
    char *topic = topic_pattern_make(tcu_topics(c->p.tcu)->config, c->p.tcu->thing_name, NULL);

    snprintf(room, TOPIC_MAX, "%s", topic);
    free(topic);
}

static void subscribe(struct collector *c)
{
    char topic[TOPIC_MAX];
    struct error err;

    if (!c->p.plan->receives || c->subscribed || c->asked != 0)
        return;
    config_topic(c, topic);
    struct mqtt_filter filter = {.filter = slice_str(topic), .qos = 1};
    c->asked = tcu_subscribe(c->p.tcu, &filter, 1, &err);
}

bool collector_message(struct collector *c, const struct mqtt_message *m)
{
    char topic[TOPIC_MAX];

    config_topic(c, topic);
    if (!c->p.plan->receives || !slice_is(m->topic, topic))
        return false;
    read_orders(c, m->payload);
    return true;
}

bool collector_answered(struct collector *c, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    uint8_t code = count != 0 ? codes[0] : 0;

    if (c->asked != 0 && packet_id == c->asked) {
        c->asked = 0;
        c->subscribed = code < FAILURE;
        if (!c->subscribed)
            c->p.ops->note(c->p.ctx, "campaigns: the broker refused the subscription");
        return true;
    }
    if (!outbox_answered(&c->outbox, packet_id, code))
        return false;
    send_all(c);
    schedule(c);
    return true;
}

/* ---- the car ---- */

struct collector *collector_new(const struct collector_params *params)
{
    struct collector *c = xcalloc(1, sizeof *c);

    c->p = *params;
    plan_keep(c->p.plan);
    loop_timer_init(&c->timer, c->p.loop, on_timer, c);
    ring_init(&c->ring, c->p.plan->schema, c->p.plan->waiting_max);
    outbox_init(&c->outbox, &c->p);
    for (size_t i = 0; i < c->p.plan->rule_count; i++)
        add_sampling(c, c->p.plan->rules[i]);
    collector_state(c, c->p.tcu->state);
    return c;
}

void collector_free(struct collector *c)
{
    if (c == NULL)
        return;
    loop_timer_stop(&c->timer);
    while (c->count > 0)
        remove_sampling(c, c->count - 1);
    free(c->samplings);
    outbox_done(&c->outbox);
    ring_done(&c->ring);
    plan_drop(c->p.plan);
    free(c);
}

const struct plan *collector_plan(const struct collector *c)
{
    return c->p.plan;
}

size_t collector_waiting(const struct collector *c)
{
    return c->ring.count;
}

void collector_flush(struct collector *c)
{
    c->urgent = true;
    c->blocked = 0;
    send_all(c);
    schedule(c);
}

static void stop(struct collector *c, bool power_lost)
{
    c->running = false;
    for (size_t i = 0; i < c->count; i++)
        sampling_stop(&c->samplings[i]);
    if (power_lost && !c->p.plan->persist) {
        count_lost(c, c->ring.count);
        ring_clear(&c->ring);
    }
    schedule(c);
}

static void online(struct collector *c)
{
    struct tcu_connection connection = {.session_present = false};

    tcu_connection(c->p.tcu, &connection);
    c->asked = 0;
    c->subscribed = c->subscribed && connection.session_present;
    if (!connection.session_present)
        outbox_session_lost(&c->outbox);
    subscribe(c);
    send_all(c);
    schedule(c);
}

void collector_state(struct collector *c, enum tcu_state to)
{
    bool runs = to != TCU_OFF && to != TCU_ASLEEP;

    if (!runs && c->running)
        stop(c, to == TCU_OFF);
    else if (!runs && to == TCU_OFF)
        stop(c, true);
    if (runs && !c->running) {
        c->running = true;
        start_from(c, 0);
    }
    if (to == TCU_ONLINE)
        online(c);
}

void collector_signal(struct collector *c, size_t index)
{
    struct sampling_now now;
    bool was_empty = c->ring.count == 0;

    if (!c->running)
        return;
    now = now_of(c);
    size_t waited = c->ring.count;
    for (size_t i = 0; i < c->count; i++)
        sampling_changed(&c->samplings[i], index, &now);
    /* Most changes are of no interest to anybody. */
    if (c->ring.count != waited || now.lost != 0)
        settle(c, &now, was_empty);
}
