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

static bool is_missing(const struct load *load, const struct load_sighting *s)
{
    return s->seq != 0 && !s->seen && s->due >= load->measured_from;
}

static void settle(struct load *load, const struct load_sighting *s)
{
    if (is_missing(load, s))
        recorder_count(load->recorder, "telemetry.lost", 1);
}

static struct load_sighting *place_of(struct load *load, uint64_t number)
{
    struct load_observer *o = &load->observer;

    if (o->sightings == NULL)
        o->sightings = xcalloc(SIGHTINGS, sizeof *o->sightings);
    return &o->sightings[number & (SIGHTINGS - 1)];
}

/* The one with this seq, which grows from one to the next; NULL: it is none of those kept. */
static struct load_sighting *find(struct load *load, uint64_t seq)
{
    uint64_t end = load->observer.observed;
    uint64_t low = end > SIGHTINGS ? end - SIGHTINGS : 0, high = end;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (place_of(load, middle)->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    struct load_sighting *s = low < end ? place_of(load, low) : NULL;
    return s != NULL && s->seq == seq ? s : NULL;
}

void load_observer_sent(struct load *load, uint64_t seq, usec_t due)
{
    struct load_sighting *s = place_of(load, load->observer.observed++);

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
    struct load_sighting *s = find(load, (uint64_t)number);
    if (s == NULL || s->due < load->measured_from)
        return;
    if (s->seen)
        recorder_count(load->recorder, "telemetry.duplicated", 1);
    else
        recorder_value(load->recorder, "telemetry.delivery", at > s->due ? at - s->due : 0);
    s->seen = true;
}

size_t load_unseen(const struct load *load)
{
    const struct load_sighting *sightings = load->observer.sightings;
    size_t count = 0;

    for (uint64_t i = 0; sightings != NULL && i < SIGHTINGS; i++)
        count += is_missing(load, &sightings[i]);
    return count;
}

void load_observer_close(struct load *load)
{
    struct load_observer *o = &load->observer;

    for (uint64_t i = 0; o->sightings != NULL && i < SIGHTINGS; i++)
        settle(load, &o->sightings[i]);
    free(o->sightings);
    o->sightings = NULL;
    o->observed = 0;
    o->granted = false;
}
