#include "tcu/shadow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/xmem.h"
#include "tcu/backoff.h"
#include "tcu/core.h"
#include "tcu/document.h"
#include "tcu/order.h"
#include "tcu/pace.h"
#include "tcu/routes.h"
#include "tcu/shadows.h"
#include "tcu/token.h"
#include "tcu/wishes.h"

enum {
    REPORT_MAX = 128 * 1024, /* contract 6.8 */
    /* Of a PUBLISH besides topic and payload: the fixed header, the topic's length, the packet id,
       no properties (MQTT 5, 3.3). */
    PUBLISH_OVERHEAD = 5 + 2 + 2 + 1,
    HEARD_BITS = 64, /* of shadow.heard */
};

static uint32_t token_next(struct tcu *t)
{
    if (++t->p->tokens == 0)
        t->p->tokens = 1;
    return t->p->tokens;
}

/* "comfort: " before what is noted of a named shadow, nothing of the classic one: two texts. */
#define NAME_OF(t, s)                                                                              \
    ((s)->slot != 0 ? signal_schema_shadow_name((t)->signals.schema, (s)->slot) : ""),             \
        ((s)->slot != 0 ? ": " : "")

/* ── Life ───────────────────────────────────────────────────────────────────────────────────── */

static void let_go(struct shadow *s)
{
    free(s->held_token);
    s->held_token = NULL;
    s->held_version = 0;
    s->asked_again = s->asks_after = false;
}

static void report_lost(struct tcu *t, struct shadow *s)
{
    s->report_token = 0;
    s->report_packet = 0;
    signal_report_lost(&t->signals, s->slot);
    pace_release_shadow(t, s->slot);
    order_splice(&s->done, &s->told);
}

void shadow_offline(struct tcu *t, struct shadow *s)
{
    loop_timer_stop(&s->timer);
    s->get_token = 0;
    s->refusals = 0;
    s->synced = false;
    let_go(s);
    report_lost(t, s);
}

void shadow_clear(struct shadow *s)
{
    loop_timer_stop(&s->timer);
    order_free_all(&s->done);
    order_free_all(&s->told);
    let_go(s);
}

/* What was said of its wishes counts no more. */
static void forget_handled(struct tcu *t, const struct shadow *s)
{
    const struct signal_schema *schema = t->signals.schema;

    for (size_t i = 0; i < signal_schema_count(schema); i++) {
        const struct signal_def *def = signal_schema_def(schema, i);
        if (def->desired_slot >= 0 && def->shadow_slot == s->slot)
            t->p->handled[def->desired_slot] = (struct shadow_handled){.hash = 0};
    }
}

/* The document is gone, or another one took its place: what was said before counts no more. */
static void start_over(struct tcu *t, struct shadow *s)
{
    s->version = s->delta_version = s->noted_version = 0;
    forget_handled(t, s);
    signal_touch_shadow(&t->signals, s->slot);
    pace_release_shadow(t, s->slot);
}

bool shadow_get(struct tcu *t, struct shadow *s)
{
    char room[ROUTE_TOPIC_MAX];
    char token[TOKEN_SIZE];
    struct buf payload;

    uint32_t counter = token_next(t);
    token_make(t->thing_name, counter, token);
    buf_init(&payload, REPORT_MAX);
    buf_printf(&payload, "{\"clientToken\":\"%s\"}", token);
    int32_t id = core_publish(t, routes_shadow_topic(t, s->slot, "get", room), buf_slice(&payload),
                              1, slice_of(NULL, 0));
    buf_done(&payload);
    if (id < 0)
        return false;
    s->get_token = counter;
    s->asked_version = s->version;
    return true;
}

static void synced(struct tcu *t, struct shadow *s)
{
    s->synced = true;
    if (shadows_synced(t))
        core_synced(t);
}

/* ── Reports ────────────────────────────────────────────────────────────────────────────────── */

void shadow_schedule(struct tcu *t, struct shadow *s)
{
    if (t->state != TCU_ONLINE || s->report_token != 0 || loop_timer_active(&s->timer) ||
        t->p->config->no_shadow)
        return;
    if (pace_urgent(t, s->slot))
        loop_timer_start(&s->timer, 0);
    else
        pace_wait(t, s->slot);
}

static void pause_reports(struct tcu *t, struct shadow *s)
{
    const struct tcu_config *c = t->p->config;

    loop_timer_start_script(
        &s->timer, backoff_delay(&t->p->rng, c->backoff_base, c->backoff_cap, s->refusals));
    if (s->refusals < UINT8_MAX)
        s->refusals++;
}

/* Not to be sent again as it is: forgotten until the signals change once more. */
static void report_refused(struct tcu *t, struct shadow *s, const char *why)
{
    loop_timer_stop(&s->timer);
    s->report_token = 0;
    s->report_packet = 0;
    signal_report_accepted(&t->signals, s->slot);
    order_free_all(&s->told);
    shadow_schedule(t, s);
    core_note(t, TCU_NOTE_REPORT_REJECTED, "%s%s%s", NAME_OF(t, s), why);
}

static void mark_told(struct tcu *t, const struct shadow *s, const char *token)
{
    uint32_t epoch = t->p->epoch;
    usec_t now = clock_now();

    for (const struct tcu_order *o = s->told; o != NULL; o = o->next) {
        core_mark(t, o->token, TCU_MARK_REPORTED, now, token);
        if (t->p->epoch != epoch)
            return;
    }
}

/* How long a report to that topic may be. */
static size_t report_limit(const struct tcu *t, struct slice topic)
{
    size_t overhead = PUBLISH_OVERHEAD + topic.len;
    size_t packet = t->p->packet_max > overhead ? t->p->packet_max - overhead : 0;
    return packet < REPORT_MAX ? packet : REPORT_MAX;
}

/* An order is told of once nothing that it changed waits for a later part of the report. */
static void take_told(struct tcu *t, struct shadow *s)
{
    for (struct tcu_order *o = s->done, *next; o != NULL; o = next) {
        bool waits = false;
        next = o->next;
        for (size_t i = 0; i < o->change_count; i++)
            waits |= signal_is_dirty(&t->signals, o->changes[i].index);
        if (!waits && order_take(&s->done, o))
            order_append(&s->told, o);
    }
}

/* As much of what has changed as one packet may carry; the rest follows when it is accepted. */
static void send_report(struct tcu *t, struct shadow *s)
{
    char room[ROUTE_TOPIC_MAX];
    char token[TOKEN_SIZE];
    char tail[TOKEN_SIZE + 24];
    struct buf payload;

    if (t->state != TCU_ONLINE || s->held || s->report_token != 0 ||
        !signal_any_dirty(&t->signals, s->slot))
        return;
    uint32_t counter = token_next(t);
    token_make(t->thing_name, counter, token);
    struct slice topic = routes_shadow_topic(t, s->slot, "update", room);
    size_t limit = report_limit(t, topic);
    size_t tail_len = (size_t)snprintf(tail, sizeof tail, "},\"clientToken\":\"%s\"}", token);
    buf_init(&payload, REPORT_MAX);
    buf_append_str(&payload, "{\"state\":{\"reported\":");
    bool fits = limit > tail_len &&
                signal_write_dirty(&t->signals, s->slot, &payload, limit - tail_len) &&
                buf_append(&payload, tail, tail_len);
    int32_t id = -1;
    if (fits)
        id = core_publish(t, topic, buf_slice(&payload), 1, slice_of(NULL, 0));
    buf_done(&payload);
    if (!fits) {
        char why[80];
        snprintf(why, sizeof why, "a signal takes more than the %zu bytes of a report: not sent",
                 limit);
        signal_drop_dirty(&t->signals, s->slot);
        order_splice(&s->told, &s->done);
        report_refused(t, s, why);
        return;
    }
    if (id < 0) {
        signal_report_lost(&t->signals, s->slot);
        pause_reports(t, s);
        return;
    }
    s->report_token = counter;
    s->report_packet = (uint16_t)id;
    core_time_request(t, &s->timer);
    pace_sent(t, s->slot);
    take_told(t, s);
    mark_told(t, s, token);
}

/* A report in flight has had no answer in time; or it is time to send one. */
void shadow_on_timer(struct tcu *t, struct shadow *s)
{
    if (s->report_token != 0)
        report_lost(t, s);
    send_report(t, s);
}

void shadow_order_done(struct tcu *t, struct tcu_order *order)
{
    bool reported = false;

    for (size_t i = 0; i < order->change_count; i++)
        reported |= (signal_schema_def(t->signals.schema, order->changes[i].index)->flags &
                     SIGNAL_REPORTED) != 0;
    if (reported && order->token[0] != '\0')
        order_append(&core_shadow_of(t, order->changes[0].index)->done, order);
    else
        order_free(order);
}

/* ── Messages ───────────────────────────────────────────────────────────────────────────────── */

/* False, and noted, if it is no JSON object. */
static bool read_document(struct tcu *t, const struct mqtt_message *m, struct document *ret)
{
    if (document_read(ret, m->payload, CORE_JSON_DEPTH))
        return true;
    core_note(t, TCU_NOTE_BAD_MESSAGE, "%.*s: %s", SLICE_ARGS(m->topic),
              "its payload is not a JSON object");
    return false;
}

static void saw_version(struct shadow *s, uint64_t version)
{
    if (version > s->version)
        s->version = version;
}

/* A delta that waited in the session may have been withdrawn since: only the document says what
   holds. What is kept is which command it came of. */
static void hold(struct shadow *s, const struct wish *w)
{
    if (w->version <= s->held_version)
        return;
    s->held_version = w->version;
    free(s->held_token);
    s->held_token = w->token[0] != '\0' ? xstrdup(w->token) : NULL;
}

/* Moves the latest version that was acted on; what is below it has been heard of, or not. */
static void take_version(struct shadow *s, uint64_t version, uint64_t heard)
{
    uint64_t steps = version - s->delta_version;

    s->heard = (steps < HEARD_BITS ? s->heard << steps : 0) | heard;
    s->delta_version = version;
}

/* A delta that a later one has overtaken (contract 1.1) says nothing of what is wished now. But if
   somebody has written a wish again with it, the later one could not tell: only the document says
   whether that wish still stands. */
static void overtaken(struct tcu *t, struct shadow *s, const struct wish *w)
{
    uint64_t behind = s->delta_version - w->version;
    bool again = behind >= HEARD_BITS || (s->heard >> behind & 1) != 0;

    if (!again)
        s->heard |= UINT64_C(1) << behind;
    if (!again && w->written != 0 && s->synced && wishes_forget_rewritten(t, s, w)) {
        let_go(s);
        hold(s, w);
        s->asks_after = true;
        shadow_get(t, s);
    }
    core_note(t, TCU_NOTE_STALE_DELTA, "%s%sversion %" PRIu64 " after %" PRIu64, NAME_OF(t, s),
              w->version, s->delta_version);
}

void shadow_on_delta(struct tcu *t, struct shadow *s, const struct mqtt_message *m, usec_t at)
{
    struct document doc;

    if (!read_document(t, m, &doc))
        return;
    bool own = token_own(t->thing_name, doc.token);
    bool timed = !own && doc.timestamp >= 1 && doc.timestamp < 4294967295.0;
    struct wish w = {.state = doc.state,
                     .metadata = doc.metadata,
                     .version = doc.version,
                     .written = timed ? (uint32_t)doc.timestamp : 0,
                     .next = doc.version == s->delta_version + 1,
                     .token = own ? "" : doc.token};
    if (w.version == 0 || w.state.type != JSON_OBJECT) {
        core_note(t, TCU_NOTE_BAD_MESSAGE, "%s%sshadow delta: it has no %s", NAME_OF(t, s),
                  w.version == 0 ? "version" : "state object");
    } else if (w.version <= s->delta_version) {
        overtaken(t, s, &w);
    } else if (!s->synced) {
        hold(s, &w);
    } else {
        take_version(s, w.version, 1);
        saw_version(s, w.version);
        wishes_act_on(t, s, &w, at);
    }
}

void shadow_on_get_accepted(struct tcu *t, struct shadow *s, const struct mqtt_message *m,
                            usec_t at)
{
    struct document doc;
    struct json_value reported = {.type = JSON_NULL};

    if (s->get_token == 0 || !read_document(t, m, &doc) ||
        !token_is(t->thing_name, s->get_token, doc.token))
        return;
    uint32_t epoch = t->p->epoch;
    struct wish w = {.version = doc.version, .token = ""};
    json_find(&doc.state, "delta", &w.state);
    json_find(&doc.metadata, "desired", &w.metadata);
    s->get_token = 0;
    if (s->synced && w.version < s->delta_version) {
        let_go(s); /* a delta that came meanwhile has told more */
        return;
    }
    if (w.version < s->held_version && !s->asked_again && shadow_get(t, s)) {
        s->asked_again = true;
        return;
    }
    if ((w.version == s->held_version || s->asks_after) && s->held_token != NULL)
        w.token = s->held_token;
    /* A version below one seen before the question: it was deleted and made anew meanwhile. */
    if (w.version < s->asked_version)
        start_over(t, s);
    else if (!json_find(&doc.state, "reported", &reported) || reported.type != JSON_OBJECT)
        signal_touch_shadow(&t->signals, s->slot);
    take_version(s, w.version, UINT64_MAX);
    saw_version(s, w.version);
    if (w.state.type == JSON_OBJECT)
        wishes_act_on(t, s, &w, at);
    if (t->p->epoch != epoch)
        return;
    let_go(s);
    synced(t, s);
}

void shadow_on_get_rejected(struct tcu *t, struct shadow *s, const struct mqtt_message *m,
                            usec_t at)
{
    struct document doc;
    char why[256];

    (void)at;
    if (s->get_token == 0 || !read_document(t, m, &doc) ||
        !token_is(t->thing_name, s->get_token, doc.token))
        return;
    s->get_token = 0;
    if (doc.code == 404) {
        let_go(s);
        start_over(t, s);
        synced(t, s);
        return;
    }
    uint32_t epoch = t->p->epoch;
    if (s->synced) {
        let_go(s); /* the next delta will tell */
        return;
    }
    document_refusal(&doc, why);
    core_note(t, TCU_NOTE_CONNECT_FAILED, "%s%sshadow get refused: %s", NAME_OF(t, s), why);
    if (t->p->epoch == epoch)
        core_sync_later(t);
}

void shadow_on_update_accepted(struct tcu *t, struct shadow *s, const struct mqtt_message *m,
                               usec_t at)
{
    struct document doc;

    if (!read_document(t, m, &doc))
        return;
    saw_version(s, doc.version);
    if (!token_is(t->thing_name, s->report_token, doc.token))
        return;
    struct tcu_order *told = s->told;
    s->told = NULL;
    s->report_token = 0;
    s->report_packet = 0;
    s->refusals = 0;
    loop_timer_stop(&s->timer);
    signal_report_accepted(&t->signals, s->slot);
    shadow_schedule(t, s);
    while (told != NULL) {
        struct tcu_order *order = told;
        told = order->next;
        core_mark(t, order->token, TCU_MARK_REPORT_ACCEPTED, at, NULL);
        order_free(order);
    }
    if (t->p->observer->reported != NULL)
        t->p->observer->reported(t->p->ctx, t);
}

/* Conflict, too many requests, a failure of the service: the same report may pass later. */
static bool passes_later(int code)
{
    return code == 409 || code == 429 || code == 500;
}

void shadow_on_update_rejected(struct tcu *t, struct shadow *s, const struct mqtt_message *m,
                               usec_t at)
{
    struct document doc;
    char why[256];

    (void)at;
    if (!read_document(t, m, &doc) || !token_is(t->thing_name, s->report_token, doc.token))
        return;
    if (passes_later(doc.code)) {
        report_lost(t, s);
        pause_reports(t, s);
    } else {
        document_refusal(&doc, why);
        report_refused(t, s, why);
    }
}

void shadow_on_delete_accepted(struct tcu *t, struct shadow *s, const struct mqtt_message *m,
                               usec_t at)
{
    (void)m;
    (void)at;
    start_over(t, s);
    shadow_schedule(t, s);
}

void shadow_on_puback(struct tcu *t, struct shadow *s, uint8_t reason_code)
{
    s->report_packet = 0;
    if (reason_code >= 0x80 && s->report_token != 0) {
        char why[64];
        snprintf(why, sizeof why, "PUBACK 0x%02x", reason_code);
        report_refused(t, s, why);
    }
}
