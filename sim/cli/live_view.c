#include "cli/live_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "cli/live_inside.h"
#include "fleet/simulation.h"
#include "metrics/names.h"
#include "metrics/recorder.h"

struct live_view *live_view_new(void)
{
    struct live_view *v = xcalloc(1, sizeof *v);

    histogram_init(&v->total);
    histogram_init(&v->lag);
    histogram_init(&v->tasks);
    return v;
}

void live_view_free(struct live_view *v)
{
    if (v == NULL)
        return;
    histogram_done(&v->total);
    histogram_done(&v->lag);
    histogram_done(&v->tasks);
    free(v);
}

void live_moment_take(struct live_moment *m, const struct simulation *sim)
{
    simulation_count_states(sim, m->states);
    m->queued = sim->gate.queued;
    m->recorder = sim->recorder;
    process_usage_read_load(&m->usage);
    process_usage_read_of(sim->cloud_process, &m->broker);
}

/* ---- what has happened since ---- */

uint64_t live_total(const struct live_moment *m, enum live_track track)
{
    if (track == LIVE_COMMANDS)
        return recorder_counter(m->recorder, "commands.sent");
    if (track == LIVE_CONNECTS)
        return recorder_counter(m->recorder, "connect.succeeded");
    return recorder_counter(m->recorder, "messages.sent") +
           recorder_counter(m->recorder, "messages.received");
}

/* The percentile of what `now` has and `then` had not. */
static usec_t percentile_since(const struct histogram *now, const struct histogram *then,
                               double percent)
{
    uint64_t count = histogram_total(now) - histogram_total(then), seen = 0;
    uint64_t rank = (uint64_t)(percent / 100 * (double)count);

    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
        if (now->runs[slot / HISTOGRAM_RUN] == NULL) {
            slot += HISTOGRAM_RUN - 1;
            continue;
        }
        seen += histogram_slot_count(now, slot) - histogram_slot_count(then, slot);
        if (seen > rank || (seen == count && count > 0))
            return histogram_slot_high(slot);
    }
    return 0;
}

/* And remembers what there is now. A stage may have begun anew: its warm-up does not count. */
static usec_t newest(const struct recorder *rec, const char *name, double percent,
                     struct histogram *then)
{
    const struct recorder_stage *stage = recorder_stage(rec, name);

    if (stage == NULL)
        return 0;
    if (histogram_total(&stage->total) < histogram_total(then))
        histogram_clear(then);
    usec_t value = percentile_since(&stage->total, then, percent);
    histogram_clear(then);
    histogram_merge(then, &stage->total);
    return value;
}

static void remember(struct live_view *v, enum live_track track, double value)
{
    double *values = v->history[track];

    memmove(values, values + 1, (LIVE_HISTORY - 1) * sizeof *values);
    values[LIVE_HISTORY - 1] = value;
}

void live_view_sample(struct live_view *v, const struct live_moment *m)
{
    double seconds = (double)(m->elapsed - v->at) / (double)USEC_PER_SEC;

    if (m->elapsed <= v->at)
        return;
    for (int track = 0; track < LIVE_P99; track++) {
        uint64_t total = live_total(m, (enum live_track)track);
        if (total < v->counted[track]) /* the measurement has begun, and all counts anew */
            v->counted[track] = 0;
        remember(v, (enum live_track)track, (double)(total - v->counted[track]) / seconds);
        v->counted[track] = total;
    }
    remember(v, LIVE_P99, (double)newest(m->recorder, "command.total", 99, &v->total));
    remember(v, LIVE_LAG, (double)newest(m->recorder, "loop.lag", 100, &v->lag));
    remember(v, LIVE_TASKS, (double)newest(m->recorder, "task.lateness", 100, &v->tasks));
    remember(v, LIVE_CPU, (double)(m->usage.cpu - v->cpu) / (double)(m->elapsed - v->at));
    /* It may have been there before us, or have been restarted. */
    bool known = v->broker_cpu != 0 && m->broker.cpu >= v->broker_cpu;
    remember(v, LIVE_BROKER,
             known ? (double)(m->broker.cpu - v->broker_cpu) / (double)(m->elapsed - v->at) : 0);
    v->broker_cpu = m->broker.cpu;
    v->at = m->elapsed;
    v->cpu = m->usage.cpu;
    v->samples += v->samples < LIVE_HISTORY;
}

/* ---- what goes wrong ---- */

/* Is it the sum of counters that are there, too? */
static bool has_details(const struct recorder *rec, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        if (c->value > 0 && strncmp(c->name, name, n) == 0 && c->name[n] == '.')
            return true;
    }
    return false;
}

static void rank(struct live_trouble *list, size_t max, size_t *count, struct live_trouble t)
{
    size_t place = *count;

    while (place > 0 && list[place - 1].value < t.value)
        place--;
    if (place == max)
        return;
    *count += *count < max;
    memmove(list + place + 1, list + place, (*count - place - 1) * sizeof *list);
    list[place] = t;
}

uint64_t live_troubles(const struct live_moment *m, struct live_trouble *ret, size_t max,
                       size_t *ret_count)
{
    uint64_t sum = 0;

    *ret_count = 0;
    for (size_t i = 0; i < recorder_counter_count(m->recorder); i++) {
        const struct recorder_counter *c = recorder_counter_at(m->recorder, i);
        size_t place = metric_counter_rank(c->name);
        if (c->value == 0 || place == metric_counter_count || !metric_counters[place].trouble ||
            has_details(m->recorder, c->name))
            continue;
        sum += c->value;
        rank(ret, max, ret_count, (struct live_trouble){c->name, c->value});
    }
    return sum;
}
