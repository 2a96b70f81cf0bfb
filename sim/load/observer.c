/* What becomes of telemetry on its way: some of it is for the probe app, which counts what arrives,
   what arrives twice, and what never does. */
#include <stdlib.h>

#include "actors/json_peek.h"
#include "base/xmem.h"
#include "load/core.h"
#include "metrics/recorder.h"
#include "mqtt/topic_set.h"

/* So many a second at most: more would be a load of its own. */
#define RATE_MAX 200.0
/* That may be under way at once. */
#define SIGHTINGS ((uint64_t)1 << 14)

struct load_sighting {
    uint64_t seq; /* 0: none */
    usec_t due;
    bool seen;
};

void load_observe_rate(struct load *load, double rate)
{
    load->observer.stride = rate > RATE_MAX ? (uint64_t)(rate / RATE_MAX) + 1 : 1;
}

void load_observer_listen(struct load_app *app)
{
    struct load *load = app->load;
    struct error err;
    uint64_t id;

    char *filter =
        topic_pattern_make(companion_topics(app->companion)->telemetry, "+", LOAD_OBSERVED);
    /* Who may not listen sees nothing, and nothing counts as lost. */
    load->observer.listens = companion_subscribe(
        app->companion, &(struct mqtt_filter){.filter = slice_str(filter), .qos = 1}, &id, &err);
    free(filter);
}

void load_observer_granted(struct load *load, bool ok)
{
    load->observer.granted = ok;
}

bool load_observer_wants(const struct load *load, uint64_t seq)
{
    return load->observer.granted && seq % load->observer.stride == 0;
}

static void settle(struct load *load, const struct load_sighting *s)
{
    if (s->seq != 0 && !s->seen && s->due >= load->measured_from)
        recorder_count(load->recorder, "telemetry.lost", 1);
}

static struct load_sighting *place_of(struct load *load, uint64_t seq)
{
    struct load_observer *o = &load->observer;

    if (o->sightings == NULL)
        o->sightings = xcalloc(SIGHTINGS, sizeof *o->sightings);
    return &o->sightings[seq / o->stride & (SIGHTINGS - 1)];
}

void load_observer_sent(struct load *load, uint64_t seq, usec_t due)
{
    struct load_sighting *s = place_of(load, seq);

    settle(load, s);
    *s = (struct load_sighting){.seq = seq, .due = due};
    if (due >= load->measured_from)
        recorder_count(load->recorder, "telemetry.observed", 1);
}

void load_observer_saw(struct load *load, struct slice payload, usec_t at)
{
    struct json_peek seq = {.name = "seq"};

    json_peek(payload, &seq, 1);
    int64_t number = json_peek_int(seq.value, 0);
    if (number <= 0)
        return;
    struct load_sighting *s = place_of(load, (uint64_t)number);
    if (s->seq != (uint64_t)number || s->due < load->measured_from)
        return;
    if (s->seen)
        recorder_count(load->recorder, "telemetry.duplicated", 1);
    else
        recorder_value(load->recorder, "telemetry.delivery", at > s->due ? at - s->due : 0);
    s->seen = true;
}

void load_observer_close(struct load *load)
{
    struct load_observer *o = &load->observer;

    for (uint64_t i = 0; o->sightings != NULL && i < SIGHTINGS; i++)
        settle(load, &o->sightings[i]);
    free(o->sightings);
    o->sightings = NULL;
    o->granted = false;
}
