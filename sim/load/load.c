#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "load/core.h"
#include "metrics/recorder.h"

#define SWEEP_EVERY (100 * USEC_PER_MSEC)
/* So many that are due are begun before the loop has its turn. */
#define BATCH_MAX 256

/* ORDER LOAD_WAY */
static const char *const way_names[LOAD_WAY_COUNT] = {"request", "shadow"};
/* ORDER LOAD_STREAM */
static const char *const stream_names[LOAD_STREAM_COUNT] = {"commands", "telemetry", "probes"};

const char *load_way_name(enum load_way way)
{
    return (unsigned)way < LOAD_WAY_COUNT ? way_names[way] : "unknown";
}

bool load_way_parse(const char *name, enum load_way *ret)
{
    for (unsigned i = 0; i < LOAD_WAY_COUNT; i++)
        if (strcmp(way_names[i], name) == 0) {
            *ret = (enum load_way)i;
            return true;
        }
    return false;
}

const char *load_stream_name(enum load_stream stream)
{
    return (unsigned)stream < LOAD_STREAM_COUNT ? stream_names[stream] : "unknown";
}

/* ---- what is due ---- */

void load_unsent(struct load *load, const char *why)
{
    recorder_count_by(load->recorder, "load.unsent", why, 1);
}

static void begin_one(struct load_source *s, usec_t due, usec_t now)
{
    struct load *load = s->load;

    recorder_value(load->recorder, "schedule.lateness", now - due);
    recorder_count_by(load->recorder, "load.intended", load_stream_name(s->stream), 1);
    s->tally.intended++;
    if (now - due > LOAD_LATE) {
        s->tally.late++;
        recorder_count(load->recorder, "load.late", 1);
    }
    if (s->stream == LOAD_TELEMETRY)
        load_telemetry_due(load, due);
    else
        load_command_due(load, due, s->stream == LOAD_PROBES);
}

/* Whatever has come due meanwhile is begun now, each with the moment that it was due. */
static void on_due(void *arg)
{
    struct load_source *s = arg;
    usec_t due;

    for (int i = 0; i < BATCH_MAX; i++) {
        usec_t now = clock_now();
        if (!arrivals_due(&s->arrivals, &due))
            return;
        if (due > now)
            break;
        arrivals_take(&s->arrivals);
        begin_one(s, due, now);
    }
    if (!arrivals_due(&s->arrivals, &due))
        return;
    usec_t now = clock_now();
    loop_timer_start(&s->timer, due > now ? due - now : 0);
}

void load_set_process(struct load *load, enum load_stream stream, enum arrivals_process process)
{
    struct load_source *s = &load->sources[stream];

    arrivals_init(&s->arrivals, process, load->seed, stream);
    s->tally.process = process;
}

static void catch_up(struct load_source *s, usec_t until)
{
    usec_t due;

    while (arrivals_due(&s->arrivals, &due) && due <= until) {
        arrivals_take(&s->arrivals);
        begin_one(s, due, clock_now());
    }
}

void load_catch_up(struct load *load)
{
    usec_t now = clock_now();

    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++)
        catch_up(&load->sources[i], now);
}

void load_stream(struct load *load, enum load_stream stream, double from, double to, usec_t length)
{
    struct load_source *s = &load->sources[stream];
    usec_t now = clock_now();

    catch_up(s, now);
    arrivals_stretch(&s->arrivals, now, from, to, length);
    s->tally.rate = to;
    if (stream == LOAD_TELEMETRY)
        load_observe_rate(load, from > to ? from : to);
    loop_timer_start(&s->timer, 0);
}

static void silence(struct load *load)
{
    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++) {
        struct load_source *s = &load->sources[i];
        loop_timer_stop(&s->timer);
        arrivals_stretch(&s->arrivals, clock_now(), 0, 0, 1);
    }
}

void load_stop(struct load *load)
{
    load_catch_up(load);
    silence(load);
}

static void on_sweep(void *arg)
{
    struct load *load = arg;

    load_give_up(load, clock_now());
    load_dispatch(load);
    loop_timer_start(&load->sweep, SWEEP_EVERY);
}

size_t load_open_commands(struct load *load)
{
    load_give_up(load, clock_now());
    return load->under_way.count + load->waiting.count + load->probes_waiting.count;
}

uint64_t load_sent(const struct load *load)
{
    return load->last_number;
}

struct load_tally load_tally(const struct load *load, enum load_stream stream)
{
    return load->sources[stream].tally;
}

/* ---- the fleet ---- */

static void fleet_add(struct load_fleet *f, struct vehicle *v)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity != 0 ? f->capacity * 2 : 64;
        f->cars = xrealloc(f->cars, f->capacity * sizeof *f->cars);
    }
    f->cars[f->count++] = (struct load_car){.v = v};
    f->used = f->count;
}

void load_add_car(struct load *load, struct vehicle *v, bool probe)
{
    v->probe = probe;
    fleet_add(probe ? &load->probe : &load->background, v);
    if (load->way == LOAD_BY_SHADOW && !load->watches_named &&
        signal_schema_shadow_count(v->tcu->signals.schema) > 1) {
        load->watches_named = true;
        load_app_watch_named(&load->apps[0]);
    }
}

void load_use(struct load *load, size_t cars)
{
    struct load_fleet *f = &load->background;

    f->used = cars < f->count ? cars : f->count;
}

size_t load_cars(const struct load *load)
{
    return load->background.count + load->probe.count;
}

void load_cut(struct load *load, struct vehicle *v)
{
    recorder_count(load->recorder, "load.cut", 1);
    tcu_drop_connection(v->tcu);
}

static size_t count_online(const struct load_fleet *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++)
        n += f->cars[i].v->tcu->state == TCU_ONLINE;
    return n;
}

size_t load_online(const struct load *load)
{
    return count_online(&load->background) + count_online(&load->probe);
}

bool load_add_kind(struct load *load, const struct load_kind *kind)
{
    if (load->kind_count == LOAD_KINDS_MAX)
        return false;
    load->kinds[load->kind_count++] = (struct load_kind_kept){
        .name = xstrdup(kind->name),
        .signal = xstrdup(kind->signal),
        .first = xstrdup(kind->first),
        .second = kind->second != NULL ? xstrdup(kind->second) : NULL,
        .share = kind->share,
    };
    return true;
}

/* ---- life ---- */

bool load_ready(const struct load *load, const char **ret_trouble)
{
    size_t count = load->app_count + load->probes;

    *ret_trouble = load->trouble;
    for (size_t i = 0; i < count; i++)
        if (!load_app_ready(&load->apps[i]))
            return false;
    return true;
}

/* By shadow, one of them sees what becomes of all wishes. */
static bool open_apps(struct load *load, const struct load_options *options, struct error *err)
{
    size_t count = options->apps + options->probes;

    for (size_t i = 0; i < count; i++) {
        struct load_app *app = &load->apps[i];
        struct companion_options link = options->link;
        char *id = xasprintf("%s-load-%zu", load->name, i + 1);
        link.client_id = id;
        link.seed = load->rng.s[0] + i;
        app->load = load;
        app->probe = i == options->apps;
        app->watches = load->way == LOAD_BY_SHADOW && i == 0;
        bool ok = load_app_open(app, &link, err);
        free(id);
        if (!ok)
            return false;
    }
    load->app_count = options->apps;
    load->probes = options->probes;
    return true;
}

struct load *load_new(const struct load_options *options, struct error *err)
{
    struct load *load = xcalloc(1, sizeof *load);

    load->sim = options->sim;
    load->recorder = options->sim->recorder;
    load->name = xstrdup(options->name);
    load->way = options->way;
    load->patience = options->patience;
    load->in_flight = options->in_flight;
    load->telemetry_size = options->telemetry_size;
    load->seed = options->seed;
    load->observer.stride = 1;
    load->measures = options->measures;
    rng_init(&load->rng, options->seed, LOAD_STREAM_COUNT);
    loop_timer_init(&load->sweep, load->sim->loop, on_sweep, load);
    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++) {
        struct load_source *s = &load->sources[i];
        s->load = load;
        s->stream = (enum load_stream)i;
        arrivals_init(&s->arrivals, ARRIVALS_CONSTANT, options->seed, i);
        loop_timer_init(&s->timer, load->sim->loop, on_due, s);
    }
    if (!open_apps(load, options, err)) {
        load_free(load);
        return NULL;
    }
    loop_timer_start(&load->sweep, SWEEP_EVERY);
    if (load->measures)
        recorder_warm_up(load->recorder);
    return load;
}

static void free_kinds(struct load *load)
{
    for (size_t i = 0; i < load->kind_count; i++) {
        free(load->kinds[i].name);
        free(load->kinds[i].signal);
        free(load->kinds[i].first);
        free(load->kinds[i].second);
    }
}

void load_free(struct load *load)
{
    if (load == NULL)
        return;
    silence(load);
    load_observer_close(load);
    loop_timer_stop(&load->sweep);
    for (size_t i = 0; i <= LOAD_APPS_MAX; i++)
        load_app_close(&load->apps[i]);
    for (size_t i = 0; i < load->phase_count; i++)
        free(load->phases[i].name);
    free_kinds(load);
    load_queue_done(&load->waiting);
    load_queue_done(&load->probes_waiting);
    load_queue_done(&load->under_way);
    free(load->background.cars);
    free(load->probe.cars);
    free(load->name);
    free(load);
}
