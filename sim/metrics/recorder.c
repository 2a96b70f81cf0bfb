#include "metrics/recorder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "metrics/name_index.h"
#include "metrics/names.h"

_Static_assert(RECORDER_NAME_MAX == NAME_INDEX_NAME_MAX, "names are cut alike");
_Static_assert(JOURNEY_STAGE_COUNT <= 32 && JOURNEY_MARK_COUNT <= 32, "kept as bits");

#define BUCKETS_FIRST ((size_t)256)

struct entry {
    struct journey journey;
    uint32_t sampled;   /* bit per stage that has had its sample */
    bool listed;        /* among the slowest */
    bool in_table;      /* found by its token */
    bool lingering;     /* in the list of those that ended */
    bool probe;         /* told apart from the others */
    struct entry *next; /* same bucket */
    struct entry *next_ended;
};

struct recorder {
    struct name_index stages, counters;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t entry_count;  /* in the table */
    size_t open;
    size_t kinds;
    struct entry *ended_first, *ended_last; /* by the order in which they ended */
    struct entry *slowest[RECORDER_SLOWEST];
    size_t slowest_count;
    bool warming_up;
    usec_t measured_from;              /* 0: since ever */
    bool (*is_kept)(const char *name); /* while all else starts anew; else NULL */
    struct recorder_listener *listeners;
};

struct recorder *recorder_new(void)
{
    struct recorder *rec = xcalloc(1, sizeof *rec);

    name_index_init(&rec->stages, sizeof(struct recorder_stage), RECORDER_STAGES_MAX,
                    metric_stage_rank);
    name_index_init(&rec->counters, sizeof(struct recorder_counter), RECORDER_COUNTERS_MAX,
                    metric_counter_rank);
    /* Made first, so that there is always a place to count what found none. */
    recorder_count(rec, "metrics.dropped", 0);
    rec->bucket_count = BUCKETS_FIRST;
    rec->buckets = xcalloc(rec->bucket_count, sizeof(struct entry *));
    return rec;
}

static void entry_free_if_unused(struct entry *e)
{
    if (!e->in_table && !e->lingering && !e->listed)
        free(e);
}

static size_t bucket_of(const struct recorder *rec, const char *token)
{
    uint64_t hash = hash_bytes(slice_of(token, strnlen(token, JOURNEY_TOKEN_MAX - 1)));

    return (size_t)(hash ^ hash >> 32) & (rec->bucket_count - 1);
}

static void table_remove(struct recorder *rec, struct entry *e)
{
    struct entry **link = &rec->buckets[bucket_of(rec, e->journey.token)];

    while (*link != e)
        link = &(*link)->next;
    *link = e->next;
    e->in_table = false;
    rec->entry_count--;
}

static void table_add(struct recorder *rec, struct entry *e)
{
    struct entry **bucket = &rec->buckets[bucket_of(rec, e->journey.token)];

    e->next = *bucket;
    *bucket = e;
}

static void table_grow(struct recorder *rec)
{
    struct entry **old = rec->buckets;
    size_t count = rec->bucket_count;

    rec->bucket_count = count * 2;
    rec->buckets = xcalloc(rec->bucket_count, sizeof(struct entry *));
    for (size_t i = 0; i < count; i++) {
        for (struct entry *e = old[i], *next; e != NULL; e = next) {
            next = e->next;
            table_add(rec, e);
        }
    }
    free(old);
}

static struct entry *table_find(const struct recorder *rec, const char *token)
{
    struct entry *e = rec->buckets[bucket_of(rec, token)];

    while (e != NULL && strncmp(e->journey.token, token, JOURNEY_TOKEN_MAX - 1) != 0)
        e = e->next;
    return e;
}

/* Forgets the journey that ended longest ago. */
static void release_first_ended(struct recorder *rec)
{
    struct entry *e = rec->ended_first;

    rec->ended_first = e->next_ended;
    if (rec->ended_first == NULL)
        rec->ended_last = NULL;
    e->lingering = false;
    if (e->in_table)
        table_remove(rec, e);
    entry_free_if_unused(e);
}

void recorder_free(struct recorder *rec)
{
    if (rec == NULL)
        return;
    for (size_t i = 0; i < rec->slowest_count; i++) {
        rec->slowest[i]->listed = false;
        entry_free_if_unused(rec->slowest[i]);
    }
    while (rec->ended_first != NULL)
        release_first_ended(rec);
    for (size_t i = 0; i < rec->bucket_count; i++) {
        for (struct entry *e = rec->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    }
    for (size_t i = 0; i < rec->stages.count; i++) {
        struct recorder_stage *stage = rec->stages.items[i];
        histogram_done(&stage->total);
        histogram_done(&stage->interval);
    }
    name_index_done(&rec->stages);
    name_index_done(&rec->counters);
    free(rec->buckets);
    free(rec);
}

void recorder_count(struct recorder *rec, const char *counter, uint64_t n)
{
    struct recorder_counter *c = name_index_get(&rec->counters, counter);

    if (c == NULL) /* full */
        c = name_index_find(&rec->counters, "metrics.dropped");
    c->value += n;
}

void recorder_count_by(struct recorder *rec, const char *counter, const char *detail, uint64_t n)
{
    char name[RECORDER_NAME_MAX];

    snprintf(name, sizeof name, "%s.%s", counter, detail);
    recorder_count(rec, counter, n);
    recorder_count(rec, name, n);
}

/* NULL (and counted) when there are too many. */
static struct recorder_stage *stage_get(struct recorder *rec, const char *name)
{
    size_t before = rec->stages.count;
    struct recorder_stage *stage = name_index_get(&rec->stages, name);

    if (stage == NULL) {
        recorder_count(rec, "metrics.dropped", 1);
    } else if (rec->stages.count != before) {
        histogram_init(&stage->total);
        histogram_init(&stage->interval);
    }
    return stage;
}

void recorder_value(struct recorder *rec, const char *stage, usec_t value)
{
    struct recorder_stage *s = stage_get(rec, stage);

    if (s == NULL)
        return;
    histogram_record(&s->total, value);
    histogram_record(&s->interval, value);
}

void recorder_merge(struct recorder *rec, const char *stage, const struct histogram *from)
{
    struct recorder_stage *s = stage_get(rec, stage);

    if (s == NULL)
        return;
    histogram_merge(&s->total, from);
    histogram_merge(&s->interval, from);
}

/* ---- the measurement ---- */

void recorder_warm_up(struct recorder *rec)
{
    rec->warming_up = true;
}

bool recorder_is_warming_up(const struct recorder *rec, const char *name)
{
    return rec->warming_up && !metric_outlives_warm_up(name);
}

bool recorder_starts_anew(const struct recorder *rec, const char *name)
{
    return rec->is_kept != NULL && !rec->is_kept(name);
}

static void start_anew(struct recorder *rec, usec_t now, bool (*is_kept)(const char *name))
{
    rec->is_kept = is_kept;
    for (const struct recorder_listener *l = rec->listeners; l != NULL; l = l->next)
        if (l->anew != NULL)
            l->anew(l->ctx);
    rec->is_kept = NULL;
    rec->warming_up = false;
    rec->measured_from = now;
    for (size_t i = 0; i < rec->stages.count; i++) {
        struct recorder_stage *stage = rec->stages.items[i];
        if (is_kept(stage->name))
            continue;
        histogram_clear(&stage->total);
        histogram_clear(&stage->interval);
    }
    for (size_t i = 0; i < rec->counters.count; i++) {
        struct recorder_counter *counter = rec->counters.items[i];
        if (!is_kept(counter->name))
            counter->value = 0;
    }
    for (size_t i = 0; i < rec->slowest_count; i++) {
        rec->slowest[i]->listed = false;
        entry_free_if_unused(rec->slowest[i]);
    }
    rec->slowest_count = 0;
}

void recorder_start_anew(struct recorder *rec, usec_t now)
{
    start_anew(rec, now, metric_outlives_warm_up);
}

void recorder_start_all_anew(struct recorder *rec, usec_t now)
{
    start_anew(rec, now, metric_outlives_measurement);
}

/* ---- journeys ---- */

void recorder_set_extremes(struct recorder *rec, const char *stage, usec_t min, usec_t max)
{
    struct recorder_stage *s = name_index_find(&rec->stages, stage);

    if (s == NULL || histogram_total(&s->total) == 0)
        return;
    s->total.min = min;
    s->total.max = max;
}

static void set_mark(struct journey *j, enum journey_mark m, usec_t at)
{
    j->marked |= 1u << m;
    j->at[m] = at;
}

/* Makes room for one more journey if that needs no open one to go. */
static bool make_room(struct recorder *rec)
{
    while (rec->entry_count >= RECORDER_JOURNEYS_MAX && rec->ended_first != NULL)
        release_first_ended(rec);
    if (rec->entry_count >= RECORDER_JOURNEYS_MAX) {
        recorder_count(rec, "metrics.dropped", 1);
        return false;
    }
    if (rec->entry_count >= rec->bucket_count)
        table_grow(rec);
    return true;
}

/* Counts, under the probes' name if it is one of theirs. */
static void count_for(struct recorder *rec, const struct entry *e, const char *counter)
{
    char name[sizeof RECORDER_PROBE + RECORDER_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", e->probe ? RECORDER_PROBE : "", counter);
    recorder_count(rec, name, 1);
}

static bool begin_journey(struct recorder *rec, const struct journey *journey, bool probe)
{
    const char *token = journey->token;
    struct entry *old = table_find(rec, token);

    if (old != NULL && old->journey.outcome == JOURNEY_OPEN) {
        recorder_count(rec, "journeys.duplicates", 1);
        return false;
    }
    if (old != NULL)
        table_remove(rec, old); /* it lingers, and goes from there */
    if (!make_room(rec))
        return false;
    struct entry *e = xcalloc(1, sizeof *e);
    e->journey = *journey;
    e->probe = probe;
    e->in_table = true;
    table_add(rec, e);
    rec->entry_count++;
    rec->open++;
    count_for(rec, e, "commands.sent");
    return true;
}

static struct journey journey_of(const char *token, uint32_t vehicle_index, const char *kind,
                                 usec_t intended, usec_t sent)
{
    struct journey j = {.vehicle_index = vehicle_index};

    snprintf(j.token, sizeof j.token, "%s", token);
    snprintf(j.kind, sizeof j.kind, "%s", kind != NULL ? kind : "");
    set_mark(&j, JOURNEY_INTENDED, intended);
    set_mark(&j, JOURNEY_SENT, sent);
    return j;
}

bool recorder_journey_begin(struct recorder *rec, const char *token, uint32_t vehicle_index,
                            const char *kind, usec_t intended, usec_t sent)
{
    struct journey j = journey_of(token, vehicle_index, kind, intended, sent);

    return begin_journey(rec, &j, false);
}

bool recorder_journey_begin_probe(struct recorder *rec, const char *token, uint32_t vehicle_index,
                                  const char *kind, usec_t intended, usec_t sent)
{
    struct journey j = journey_of(token, vehicle_index, kind, intended, sent);

    return begin_journey(rec, &j, true);
}

static void sample_kind(struct recorder *rec, const char *kind, usec_t value)
{
    char name[RECORDER_NAME_MAX];

    if (*kind == '\0')
        return;
    snprintf(name, sizeof name, "command.total/%s", kind);
    if (name_index_find(&rec->stages, name) == NULL && ++rec->kinds > RECORDER_KINDS_MAX) {
        rec->kinds--;
        recorder_count(rec, "metrics.dropped", 1);
        return;
    }
    recorder_value(rec, name, value);
}

static bool stage_ready(const struct journey *j, const struct journey_stage *stage)
{
    return journey_has(j, stage->from) && journey_has(j, stage->to) &&
           (j->marked & stage->needs) == stage->needs &&
           (j->outcome == JOURNEY_SUCCEEDED || !stage->succeeded_only);
}

/* Is it part of what is measured? */
static bool is_measured(const struct recorder *rec, const struct entry *e)
{
    return e->journey.at[JOURNEY_INTENDED] >= rec->measured_from;
}

/* One sample for each stage that has become complete. */
static void sample(struct recorder *rec, struct entry *e)
{
    const struct journey *j = &e->journey;
    char name[sizeof RECORDER_PROBE + RECORDER_NAME_MAX];

    if (!is_measured(rec, e))
        return;
    for (size_t i = 0; i < JOURNEY_STAGE_COUNT; i++) {
        const struct journey_stage *stage = &journey_stages[i];
        if ((e->sampled >> i & 1u) != 0 || !stage_ready(j, stage))
            continue;
        e->sampled |= 1u << i;
        if (j->at[stage->to] < j->at[stage->from]) {
            recorder_count(rec, "journeys.anomalies", 1);
            continue;
        }
        usec_t value = j->at[stage->to] - j->at[stage->from];
        snprintf(name, sizeof name, "%s%s", e->probe ? RECORDER_PROBE : "", stage->name);
        recorder_value(rec, name, value);
        if (stage->from == JOURNEY_INTENDED && stage->to == JOURNEY_SEEN && !e->probe)
            sample_kind(rec, j->kind, value);
    }
}

void recorder_listen(struct recorder *rec, struct recorder_listener *listener)
{
    listener->next = rec->listeners;
    rec->listeners = listener;
}

void recorder_unlisten(struct recorder *rec, struct recorder_listener *listener)
{
    for (struct recorder_listener **p = &rec->listeners; *p != NULL; p = &(*p)->next) {
        if (*p == listener) {
            *p = listener->next;
            return;
        }
    }
}

void recorder_journey_mark(struct recorder *rec, const char *token, enum journey_mark mark,
                           usec_t at)
{
    struct entry *e = table_find(rec, token);

    assert((unsigned)mark < JOURNEY_MARK_COUNT);
    if (e == NULL || journey_has(&e->journey, mark))
        return;
    set_mark(&e->journey, mark, at);
    if (e->journey.outcome != JOURNEY_OPEN)
        sample(rec, e);
    for (const struct recorder_listener *l = rec->listeners; l != NULL; l = l->next)
        if (l->marked != NULL)
            l->marked(l->ctx, &e->journey);
}

static void consider_slowest(struct recorder *rec, struct entry *e)
{
    size_t place = 0; /* of the least slow, whose place it may take */

    if (rec->slowest_count < RECORDER_SLOWEST) {
        place = rec->slowest_count++;
    } else {
        for (size_t i = 1; i < RECORDER_SLOWEST; i++)
            if (journey_total(&rec->slowest[i]->journey) <
                journey_total(&rec->slowest[place]->journey))
                place = i;
        if (journey_total(&rec->slowest[place]->journey) >= journey_total(&e->journey))
            return;
        rec->slowest[place]->listed = false;
        entry_free_if_unused(rec->slowest[place]);
    }
    rec->slowest[place] = e;
    e->listed = true;
}

static void end_entry(struct recorder *rec, struct entry *e, enum journey_outcome outcome,
                      usec_t at)
{
    char name[RECORDER_NAME_MAX];

    assert(outcome > JOURNEY_OPEN && outcome < JOURNEY_OUTCOME_COUNT);
    e->journey.outcome = outcome;
    e->journey.ended = at;
    rec->open--;
    snprintf(name, sizeof name, "commands.%s", journey_outcome_name(outcome));
    if (is_measured(rec, e))
        count_for(rec, e, name);
    sample(rec, e);
    e->lingering = true;
    if (rec->ended_last != NULL)
        rec->ended_last->next_ended = e;
    else
        rec->ended_first = e;
    rec->ended_last = e;
    if (is_measured(rec, e) && !e->probe)
        consider_slowest(rec, e);
    for (const struct recorder_listener *l = rec->listeners; l != NULL; l = l->next)
        if (l->ended != NULL)
            l->ended(l->ctx, &e->journey);
}

void recorder_journey_end(struct recorder *rec, const char *token, enum journey_outcome outcome,
                          usec_t at)
{
    struct entry *e = table_find(rec, token);

    if (e != NULL && e->journey.outcome == JOURNEY_OPEN)
        end_entry(rec, e, outcome, at);
}

void recorder_journey_end_all(struct recorder *rec, enum journey_outcome outcome, usec_t at)
{
    for (size_t i = 0; i < rec->bucket_count; i++)
        for (struct entry *e = rec->buckets[i]; e != NULL; e = e->next)
            if (e->journey.outcome == JOURNEY_OPEN)
                end_entry(rec, e, outcome, at);
}

void recorder_journey_count(struct recorder *rec, const char *token, const char *counter)
{
    const struct entry *e = table_find(rec, token);

    if (e != NULL && is_measured(rec, e))
        count_for(rec, e, counter);
}

const struct journey *recorder_journey(const struct recorder *rec, const char *token)
{
    const struct entry *e = table_find(rec, token);

    return e != NULL ? &e->journey : NULL;
}

size_t recorder_journeys_open(const struct recorder *rec)
{
    return rec->open;
}

void recorder_sweep(struct recorder *rec, usec_t now)
{
    while (rec->ended_first != NULL && now >= rec->ended_first->journey.ended + RECORDER_LINGER)
        release_first_ended(rec);
}

size_t recorder_stage_count(const struct recorder *rec)
{
    return rec->stages.count;
}

const struct recorder_stage *recorder_stage_at(const struct recorder *rec, size_t i)
{
    assert(i < rec->stages.count);
    return rec->stages.items[i];
}

const struct recorder_stage *recorder_stage(const struct recorder *rec, const char *name)
{
    return name_index_find(&rec->stages, name);
}

size_t recorder_counter_count(const struct recorder *rec)
{
    return rec->counters.count;
}

const struct recorder_counter *recorder_counter_at(const struct recorder *rec, size_t i)
{
    assert(i < rec->counters.count);
    return rec->counters.items[i];
}

uint64_t recorder_counter(const struct recorder *rec, const char *name)
{
    const struct recorder_counter *c = name_index_find(&rec->counters, name);

    return c != NULL ? c->value : 0;
}

void recorder_interval_done(struct recorder *rec, const struct recorder_stage *stage)
{
    struct recorder_stage *own = name_index_find(&rec->stages, stage->name);

    histogram_clear(&own->interval);
}

static int slower_first(const void *a, const void *b)
{
    usec_t total_a = journey_total(*(const struct journey *const *)a);
    usec_t total_b = journey_total(*(const struct journey *const *)b);

    return total_a < total_b ? 1 : total_a > total_b ? -1 : 0;
}

size_t recorder_slowest(const struct recorder *rec,
                        const struct journey *ret[static RECORDER_SLOWEST])
{
    for (size_t i = 0; i < rec->slowest_count; i++)
        ret[i] = &rec->slowest[i]->journey;
    qsort(ret, rec->slowest_count, sizeof(struct journey *), slower_first);
    return rec->slowest_count;
}
