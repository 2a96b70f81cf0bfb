#include "telemetry/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "mqtt/limits.h"

enum { TOPIC_MAX = 1024, PROPS_MAX = 1024, ENVELOPE = 2048, FAILURE = 0x80 };

/* So long the client has to send again what a lost session left behind. */
#define PATIENCE (60 * USEC_PER_SEC)

/* One that is being made. */
struct draft {
    size_t samples;
    bool deflated;
    struct buf payload;
};

void outbox_init(struct outbox *o, const struct collector_params *p)
{
    char *standard =
        topic_pattern_make(tcu_topics(p->tcu)->telemetry, p->tcu->thing_name, "{kind}");
    struct plan_names names = {.thing = p->tcu->thing_name, .vin = p->vin, .standard = standard};
    struct buf topic;

    *o = (struct outbox){.p = p};
    buf_init(&topic, TOPIC_MAX);
    plan_topic(p->plan, &names, &topic);
    o->topic = xstrdup(buf_cstr(&topic));
    buf_done(&topic);
    free(standard);
}

void outbox_done(struct outbox *o)
{
    free(o->topic);
}

/* ---- publishing ---- */

static void add_user(struct buf *run, const char *name, const char *value)
{
    mqtt_props_add_user(run, slice_str(name), slice_str(value));
}

/* docs/telemetry.md, Properties. */
static void describe(const struct plan *plan, bool deflated, struct buf *run,
                     struct mqtt_props *props)
{
    char text[64];

    props->content_type = slice_str(telemetry_content_type(plan->format));
    mqtt_props_set(props, MQTT_PROP_CONTENT_TYPE);
    snprintf(text, sizeof text, "%s/%d", telemetry_format_name(plan->format), TELEMETRY_VERSION);
    add_user(run, "format", text);
    add_user(run, "model", signal_schema_model(plan->schema));
    snprintf(text, sizeof text, "%08x", telemetry_schema_hash(plan->schema));
    if (plan->format == TELEMETRY_COMPACT)
        add_user(run, "schema", text);
    if (deflated)
        add_user(run, "content-encoding", "deflate");
    const uint8_t *id = plan->key.id;
    snprintf(text, sizeof text, "A256GCM %02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    if (plan->secret != NULL)
        add_user(run, "encryption", text);
    props->user = buf_slice(run);
    mqtt_props_set(props, MQTT_PROP_USER_PROPERTY);
}

/* Packet id, 0 for QoS 0, negative if the TCU does not take it now. */
static int32_t publish(struct outbox *o, const struct draft *d)
{
    const struct plan *plan = o->p->plan;
    struct mqtt_message m = {
        .topic = slice_str(o->topic), .payload = buf_slice(&d->payload), .qos = plan->qos};
    struct buf run;
    struct error err;

    buf_init(&run, PROPS_MAX);
    if (tcu_version(o->p->tcu) == MQTT_5)
        describe(plan, d->deflated, &run, &m.props);
    int32_t id = tcu_publish(o->p->tcu, &m, &err);
    buf_done(&run);
    return id;
}

/* ---- making batches ---- */

static enum sample_kind kind_of(const struct signal_def *def)
{
    static const enum sample_kind kinds[SIGNAL_TYPE_COUNT] = {SAMPLE_BOOL, SAMPLE_INT, SAMPLE_FLOAT,
                                                              SAMPLE_TEXT, SAMPLE_TEXT};
    return kinds[def->type];
}

/* Texts are borrowed from the ring and the schema. */
static void add_sample(struct batch *batch, const struct signal_def *def, const struct waiting *w)
{
    struct sample *s = batch_add(batch);

    s->at_ms = w->at_ms;
    s->name = batch_name(batch, def->path);
    s->kind = kind_of(def);
    switch (s->kind) {
    case SAMPLE_BOOL:
        s->b = w->value.b;
        break;
    case SAMPLE_INT:
        s->i = w->value.i;
        break;
    case SAMPLE_FLOAT:
        s->f = w->value.f;
        break;
    case SAMPLE_TEXT:
    case SAMPLE_KIND_COUNT:
        s->s = def->type == SIGNAL_ENUM ? def->values[w->value.e] : w->value.s;
        break;
    }
}

/* Writes the first `most` samples of the oldest one's campaign; returns how many, 0 if they are too
   many for a message. */
static size_t write_batch(struct outbox *o, const struct ring *ring, size_t most, struct draft *d)
{
    const struct plan *plan = o->p->plan;
    const struct campaign *campaign = ring_at(ring, 0)->campaign;
    struct batch open = {.seq = o->seq, .dropped = o->dropped};
    struct batch secret = {.seq = 0};
    struct pack_options options = {.format = plan->format,
                                   .schema = plan->schema,
                                   .deflate = plan->deflate,
                                   .key = plan->has_key ? &plan->key : NULL};
    size_t taken = 0;

    batch_set_thing(&open, slice_str(o->p->tcu->thing_name));
    batch_set_campaign(&open, slice_str(campaign->id));
    for (size_t i = 0; i < ring->count && taken < most; i++) {
        const struct waiting *w = ring_at(ring, i);
        if (w->campaign != campaign)
            continue;
        bool hide = plan->secret != NULL && plan->secret[w->signal];
        add_sample(hide ? &secret : &open, signal_schema_def(plan->schema, w->signal), w);
        taken++;
    }
    buf_clear(&d->payload);
    bool ok = pack(&options, &open, &secret, &d->payload, &d->deflated);
    batch_done(&secret);
    batch_done(&open);
    return ok ? taken : 0;
}

/* Payload that the broker takes. */
static size_t room_of(const struct tcu *tcu)
{
    struct tcu_connection connection = {.session_present = false};

    tcu_connection(tcu, &connection);
    size_t max = mqtt_limits_of(&connection.props).packet_max;
    return max > ENVELOPE && max - ENVELOPE < PACK_MAX ? max - ENVELOPE : PACK_MAX;
}

static void count(const struct outbox *o, enum collector_count what, uint64_t n)
{
    o->p->ops->count(o->p->ctx, what, n);
}

/* False: not even one sample fits, so it had to go. */
static bool fill(struct outbox *o, struct ring *ring, struct draft *d)
{
    size_t room = room_of(o->p->tcu);

    for (size_t most = o->p->plan->batch_max; most > 0; most /= 2) {
        d->samples = write_batch(o, ring, most, d);
        if (d->samples != 0 && buf_len(&d->payload) <= room)
            return true;
    }
    ring_drop(ring, ring_at(ring, 0)->campaign, 1);
    o->dropped++;
    count(o, COLLECTOR_DROPPED, 1);
    return false;
}

static size_t flight_of(const struct outbox *o, uint16_t packet_id)
{
    size_t i = 0;

    while (i < OUTBOX_FLIGHTS && o->flights[i].packet_id != packet_id)
        i++;
    return i;
}

static void give_up(struct outbox *o, struct flight *f, const char *why)
{
    char text[128];

    o->dropped += f->samples;
    count(o, COLLECTOR_DROPPED, f->samples);
    snprintf(text, sizeof text, "%zu samples dropped: %s", f->samples, why);
    o->p->ops->note(o->p->ctx, text);
    *f = (struct flight){.packet_id = 0};
}

void outbox_session_lost(struct outbox *o)
{
    for (size_t i = 0; i < OUTBOX_FLIGHTS; i++)
        if (o->flights[i].packet_id != 0)
            o->flights[i].doubtful = loop_script_now(o->p->loop) + 1;
}

static void sweep(struct outbox *o)
{
    usec_t now = loop_script_now(o->p->loop);

    for (size_t i = 0; i < OUTBOX_FLIGHTS; i++) {
        struct flight *f = &o->flights[i];
        if (f->packet_id != 0 && f->doubtful != 0 && now >= f->doubtful + PATIENCE)
            give_up(o, f, "their session was lost");
    }
}

bool outbox_full(const struct outbox *o)
{
    return flight_of(o, 0) == OUTBOX_FLIGHTS;
}

bool outbox_send(struct outbox *o, struct ring *ring)
{
    sweep(o);
    size_t place = flight_of(o, 0);
    struct draft draft = {.samples = 0};

    if (ring->count == 0 || place == OUTBOX_FLIGHTS)
        return false;
    buf_init(&draft.payload, PACK_MAX);
    if (!fill(o, ring, &draft)) {
        buf_done(&draft.payload);
        return true;
    }
    int32_t id = publish(o, &draft);
    if (id >= 0) {
        o->flights[place] = (struct flight){.packet_id = (uint16_t)id, .samples = draft.samples};
        ring_drop(ring, ring_at(ring, 0)->campaign, draft.samples);
        o->seq++;
        count(o, COLLECTOR_SAMPLES, draft.samples);
        count(o, COLLECTOR_BATCHES, 1);
        count(o, COLLECTOR_BYTES, buf_len(&draft.payload));
    }
    buf_done(&draft.payload);
    return id >= 0;
}

bool outbox_answered(struct outbox *o, uint16_t packet_id, uint8_t code)
{
    size_t place = packet_id != 0 ? flight_of(o, packet_id) : OUTBOX_FLIGHTS;
    char text[48];

    if (place == OUTBOX_FLIGHTS)
        return false;
    struct flight *f = &o->flights[place];
    /* What was refused would be refused again. */
    snprintf(text, sizeof text, "the broker refused them with 0x%02x", code);
    if (code >= FAILURE)
        give_up(o, f, text);
    *f = (struct flight){.packet_id = 0};
    return true;
}
