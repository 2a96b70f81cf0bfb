#include "script/runner.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/loader.h"
#include "script/run_order.h"
#include "script/scenario_files.h"
#include "script/selection.h"

/* So many numbers of the fleet are a scenario's own, if there are enough. */
#define CARS_EACH 1000u

struct file {
    struct file *next;
    int chunk; /* registry ref of what it compiles to */
    char path[];
};

/* What a file declares; each round has an instance of it. */
struct declared {
    struct declared *next;
    struct scenario *scenario; /* as it was when the files were loaded; never runs */
    const struct file *file;
    size_t place; /* among those of its file, from 0 */
    size_t index; /* among all, from 0 */
};

struct scenarios {
    struct scenario *first, **last;
};

struct runner {
    struct scenario_host host; /* first */
    struct script *script;
    struct runner_options options;
    struct file *files;
    struct declared *declared, **last_declared;
    size_t declared_count;
    /* While a file runs: */
    struct file *loading;
    int modules;
    size_t place;                  /* of the next one that it declares */
    const struct declared *wanted; /* NULL: all */
    struct scenario *made;
    /* Numbers of the fleet: so many for each scenario, round and attempt */
    uint32_t first_vehicle, vehicles_each;
    struct scenarios all;
    struct scenario **order; /* of this round */
    size_t order_next, order_count;
    struct scenario **again; /* that failed, to try once more */
    size_t again_count;
    unsigned round;
    size_t running;
    usec_t day_began; /* in virtual time */
    bool exclusive;   /* what runs is to be alone */
    char *stopped;    /* why nothing begins any more; NULL: it does */
    enum error_code trouble;
    bool told_done;
};

/* ---- instances ---- */

/* Runs the file, in modules of its own; on_declared() takes what is wanted of it. */
static bool run_file(struct runner *r, struct file *file, struct error *err)
{
    lua_State *L = r->script->L;

    lua_newtable(L);
    r->modules = luaL_ref(L, LUA_REGISTRYINDEX);
    r->loading = file;
    r->place = 0;
    r->host.loading = file->path;
    bool ok = script_run_chunk(r->script, file->chunk, file->path, r->modules, err);
    r->host.loading = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, r->modules);
    return ok;
}

static bool on_wanted(struct scenario_host *host, const char *name)
{
    struct runner *r = (struct runner *)host;
    const char *filter = r->options.filter;
    size_t place = r->place++;

    if (r->wanted != NULL)
        return r->made == NULL && place == r->wanted->place &&
               strcmp(name, r->wanted->scenario->owner.name) == 0;
    return filter == NULL || strstr(name, filter) != NULL;
}

static void on_declared(struct scenario_host *host, struct scenario *s)
{
    struct runner *r = (struct runner *)host;

    loader_adopt(r->script, &s->owner, r->modules);
    if (r->wanted != NULL) {
        r->made = s;
        return;
    }
    if (!selection_has(r->options.tags, r->options.tag_count, &s->record)) {
        scenario_free(s);
        return;
    }
    struct declared *d = xcalloc(1, sizeof *d);
    *d = (struct declared){
        .scenario = s, .file = r->loading, .place = r->place - 1, .index = r->declared_count};
    *r->last_declared = d;
    r->last_declared = &d->next;
    r->declared_count++;
}

/* NULL: the file has an error, or does not declare it this time. */
static struct scenario *instance(struct runner *r, const struct declared *d, struct error *err)
{
    r->wanted = d;
    r->made = NULL;
    bool ok = run_file(r, (struct file *)d->file, err);
    r->wanted = NULL;
    struct scenario *s = r->made;
    if (ok && s == NULL)
        error_set(err, ERROR_SCRIPT,
                  "%s: scenario \"%s\" is not declared each time the file runs (what a file "
                  "declares must not change from one time to the next)",
                  d->file->path, d->scenario->owner.name);
    if (!ok && s != NULL)
        scenario_free(s);
    return ok ? s : NULL;
}

/* ---- numbers of the fleet ---- */

static unsigned attempts(const struct runner *r)
{
    return r->options.retries + 1;
}

static unsigned rounds(const struct runner *r)
{
    return r->options.rounds != 0 ? r->options.rounds : 1;
}

/* As many for each, so that who runs before and beside does not matter. What a scenario needs
   beyond that comes from behind all, first come, first served. */
static void share_out_numbers(struct runner *r)
{
    uint64_t shares = (uint64_t)r->declared_count * rounds(r) * attempts(r);
    uint32_t first = r->script->next_index;
    uint32_t end = r->options.pool != 0 ? r->options.pool : IDENTITY_MAX - IDENTITY_MAX / 10;
    uint64_t there = end > first ? end - first : 0;
    uint64_t each = r->options.vehicles_forced ? r->options.vehicles : 0;

    each = (each / CARS_EACH + 1) * CARS_EACH;
    if (shares <= 1)
        each = there;
    else if (each > there / shares)
        each = there / shares;
    r->first_vehicle = first;
    r->vehicles_each = (uint32_t)each;
    r->script->next_index = first + (uint32_t)(each * shares);
}

static void number(const struct runner *r, struct scenario *s)
{
    const struct declared *d = s->origin;
    uint64_t turn = (uint64_t)(s->round - 1) * attempts(r) + s->attempt - 1;
    uint64_t share = turn * r->declared_count + d->index;

    s->owner.first_vehicle = r->first_vehicle + (uint32_t)(share * r->vehicles_each);
    s->owner.vehicle_room = r->vehicles_each;
    s->seed = r->options.seed + s->round - 1;
}

/* ---- rounds ---- */

static void append(struct scenarios *list, struct scenario *s)
{
    *list->last = s;
    list->last = &s->next;
}

static bool begin_round(struct runner *r, struct error *err)
{
    if (r->round++ > 0 && r->options.renew != NULL && !r->options.renew(r->options.ctx, err))
        return false;
    r->order = xrealloc(r->order, (r->declared_count + 1) * sizeof(struct scenario *));
    r->order_next = r->order_count = 0;
    for (const struct declared *d = r->declared; d != NULL; d = d->next) {
        struct scenario *s = instance(r, d, err);
        if (s == NULL)
            return false;
        s->origin = d;
        s->round = r->round;
        s->attempt = 1;
        number(r, s);
        append(&r->all, s);
        r->order[r->order_count++] = s;
        if (r->options.added != NULL)
            r->options.added(r->options.ctx, s);
    }
    if (r->options.shuffle)
        run_order_shuffle(r->order, r->order_count, r->options.seed + r->round - 1);
    run_order_alone_last(r->order, r->order_count);
    return true;
}

bool runner_prepare(struct runner *r, struct error *err)
{
    if (r->round != 0)
        return true;
    share_out_numbers(r);
    if (r->vehicles_each == 0 && r->options.pool == 0)
        return error_set(err, ERROR_USAGE,
                         "--repeat: too many scenarios, rounds and retries for the numbers of a "
                         "fleet (make it less)");
    return begin_round(r, err);
}

/* ---- running ---- */

static void start(struct runner *r, struct scenario *s)
{
    r->running++;
    r->exclusive = s->alone;
    scenario_start(s);
    if (r->options.started != NULL)
        r->options.started(r->options.ctx, s);
}

static void stop(struct runner *r, const struct scenario *because)
{
    if (r->stopped == NULL)
        r->stopped = xasprintf("not run: \"%s\" has %s", because->owner.name,
                               scenario_is_flaky(because) ? "passed only in the end" : "failed");
}

/* Those that wait do not run any more. */
static void give_up(struct runner *r, enum scenario_verdict verdict, const char *why)
{
    for (struct scenario *s = r->all.first; s != NULL; s = s->next) {
        if (s->verdict != SCENARIO_WAITING)
            continue;
        s->verdict = verdict;
        s->message = xstrdup(why);
        if (r->options.finished != NULL)
            r->options.finished(r->options.ctx, s);
    }
    r->order_next = r->order_count;
    r->again_count = 0;
}

/* In virtual time the day begins anew whenever nobody lives in it, and only then may scenarios
   begin: all see the same times of day, whoever came before. */
static bool is_dawn(struct runner *r)
{
    struct loop *loop = r->script->sim->loop;

    if (!loop_is_virtual(loop))
        return true;
    if (r->running == 0) {
        loop_restart_day(loop);
        r->day_began = loop_simulated_now(loop);
    }
    return loop_simulated_now(loop) == r->day_began;
}

/* In virtual time nobody waits for anything but the machine and the one clock, which each leap
   takes for all: more at once would only make all slower. */
static size_t jobs_of(const struct runner *r)
{
    if (r->options.jobs != 0)
        return r->options.jobs;
    return loop_is_virtual(r->script->sim->loop) ? RUNNER_JOBS_VIRTUAL : RUNNER_JOBS;
}

/* The next to begin, if it may; NULL: not now. Failed ones first. */
static struct scenario *take_next(struct runner *r)
{
    size_t jobs = jobs_of(r);
    bool again = r->again_count != 0;

    if (r->running >= jobs || (!again && r->order_next == r->order_count))
        return NULL;
    struct scenario *s = again ? r->again[0] : r->order[r->order_next];
    if (((s->alone || r->exclusive) && r->running != 0) || !is_dawn(r))
        return NULL;
    if (again)
        memmove(r->again, r->again + 1, --r->again_count * sizeof(struct scenario *));
    else
        r->order_next++;
    return s;
}

/* A round begins when the one before has ended: with a cloud as new, and no more neighbours than a
   single run has. */
static bool may_begin_round(const struct runner *r)
{
    return r->stopped == NULL && r->again_count == 0 && r->order_next == r->order_count &&
           r->round < rounds(r) && r->running == 0;
}

static void start_more(struct runner *r)
{
    struct error err;

    for (;;) {
        struct scenario *s = take_next(r);
        if (s != NULL && s->verdict == SCENARIO_WAITING)
            start(r, s);
        if (s != NULL)
            continue;
        if (!may_begin_round(r))
            break;
        if (!begin_round(r, &err)) {
            log_error("round %u: %s", r->round, err.text);
            r->trouble = err.code;
            r->stopped = xasprintf("not run: %s", err.text);
            give_up(r, SCENARIO_ERRORED, r->stopped);
        }
    }
    if (r->running == 0 && r->order_next == r->order_count && r->again_count == 0 &&
        !r->told_done) {
        r->told_done = true;
        if (r->options.all_done != NULL)
            r->options.all_done(r->options.ctx);
    }
}

/* ---- once more ---- */

/* The new attempt takes the place of the one that failed, and keeps it. */
static void replace(struct runner *r, struct scenario *s, struct scenario *by)
{
    struct scenario **p = &r->all.first;

    while (*p != s)
        p = &(*p)->next;
    by->next = s->next;
    *p = by;
    if (r->all.last == &s->next)
        r->all.last = &by->next;
    s->next = NULL;
    by->earlier = s;
    by->user = s->user;
}

/* False: it has failed for good. */
static bool try_again(struct runner *r, struct scenario *s)
{
    struct error err;

    if (s->attempt > r->options.retries || r->stopped != NULL ||
        (s->verdict != SCENARIO_FAILED && s->verdict != SCENARIO_ERRORED))
        return false;
    struct scenario *next = instance(r, s->origin, &err);
    if (next == NULL) {
        log_warn("it cannot be tried again: %s", err.text);
        return false;
    }
    next->origin = s->origin;
    next->round = s->round;
    next->attempt = s->attempt + 1;
    number(r, next);
    replace(r, s, next);
    r->again = xrealloc(r->again, (r->again_count + 1) * sizeof(struct scenario *));
    r->again[r->again_count++] = next;
    if (r->options.retried != NULL)
        r->options.retried(r->options.ctx, s, next);
    return true;
}

static bool ends_all(const struct runner *r, const struct scenario *s)
{
    bool failed = s->verdict == SCENARIO_FAILED || s->verdict == SCENARIO_ERRORED;

    return (r->options.fail_fast && failed) || (r->options.until_flaky && scenario_is_flaky(s));
}

static void on_ended(struct scenario_host *host, struct scenario *s)
{
    struct runner *r = (struct runner *)host;

    r->running--;
    if (!try_again(r, s)) {
        if (r->options.finished != NULL)
            r->options.finished(r->options.ctx, s);
        if (ends_all(r, s) && r->stopped == NULL) {
            stop(r, s);
            give_up(r, SCENARIO_SKIPPED, r->stopped);
        }
    }
    start_more(r);
}

void runner_start(struct runner *r)
{
    struct error err;

    if (!runner_prepare(r, &err)) {
        log_error("%s", err.text);
        r->trouble = err.code;
        r->order_next = r->order_count;
        r->stopped = xstrdup(err.text);
    }
    start_more(r);
}

void runner_abort(struct runner *r, const char *reason)
{
    char *why = xasprintf("not run: %s", reason);
    struct error err;

    runner_prepare(r, &err);
    free(r->stopped);
    r->stopped = xstrdup(reason);
    give_up(r, SCENARIO_ERRORED, why);
    free(why);
    for (struct scenario *s = r->all.first; s != NULL; s = s->next)
        if (s->verdict == SCENARIO_RUNNING)
            scenario_end(s, SCENARIO_ERRORED, xasprintf("aborted: %s", reason));
    start_more(r);
}

/* ---- making ---- */

struct runner *runner_new(struct script *script, const struct runner_options *options)
{
    struct runner *r = xcalloc(1, sizeof *r);

    r->host = (struct scenario_host){.vehicles = options->vehicles,
                                     .vehicles_forced = options->vehicles_forced,
                                     .timeout = options->timeout,
                                     .params = options->params,
                                     .fits = options->fits,
                                     .fits_ctx = options->ctx,
                                     .wanted = on_wanted,
                                     .declared = on_declared,
                                     .ended = on_ended};
    r->script = script;
    r->options = *options;
    r->last_declared = &r->declared;
    r->all.last = &r->all.first;
    script->scenarios = &r->host;
    return r;
}

static void free_declared(struct declared *d)
{
    scenario_free(d->scenario);
    free(d);
}

void runner_free(struct runner *r)
{
    if (r == NULL)
        return;
    r->told_done = true;
    r->order_next = r->order_count;
    while (r->all.first != NULL) {
        struct scenario *s = r->all.first;
        r->all.first = s->next;
        scenario_free(s);
    }
    while (r->declared != NULL) {
        struct declared *d = r->declared;
        r->declared = d->next;
        free_declared(d);
    }
    while (r->files != NULL) {
        struct file *file = r->files;
        r->files = file->next;
        luaL_unref(r->script->L, LUA_REGISTRYINDEX, file->chunk);
        free(file);
    }
    r->script->scenarios = NULL;
    free(r->order);
    free(r->again);
    free(r->stopped);
    free(r);
}

/* ---- finding ---- */

static bool load_file(void *ctx, const char *path, struct error *err)
{
    struct runner *r = ctx;
    int chunk;

    if (!script_compile(r->script, path, &chunk, err))
        return false;
    struct file *file = xmalloc(sizeof *file + strlen(path) + 1);
    *file = (struct file){.next = r->files, .chunk = chunk};
    memcpy(file->path, path, strlen(path) + 1);
    r->files = file;
    return run_file(r, file, err);
}

bool runner_load(struct runner *r, const char *path, struct error *err)
{
    return scenario_files_each(path, load_file, r, err);
}

void runner_settle_filter(struct runner *r)
{
    const char *filter = r->options.filter;
    struct declared *d = r->declared;

    while (d != NULL && filter != NULL && strcmp(d->scenario->owner.name, filter) != 0)
        d = d->next;
    bool exact = filter != NULL && d != NULL;
    size_t n = 0;
    for (struct declared **p = &r->declared; (d = *p) != NULL;) {
        if (!exact || strcmp(d->scenario->owner.name, filter) == 0) {
            d->index = n++;
            p = &d->next;
        } else {
            *p = d->next;
            free_declared(d);
        }
        r->last_declared = p;
    }
    r->declared_count = n;
}

/* ---- looking ---- */

size_t runner_count(const struct runner *r)
{
    size_t n = 0;

    for (const struct scenario *s = runner_first(r); s != NULL; s = s->next)
        n++;
    return n;
}

struct scenario *runner_first(const struct runner *r)
{
    if (r->round != 0 || r->declared == NULL)
        return r->all.first;
    for (struct declared *d = r->declared; d != NULL; d = d->next)
        d->scenario->next = d->next != NULL ? d->next->scenario : NULL;
    return r->declared->scenario;
}

size_t runner_tally(const struct runner *r, enum scenario_verdict verdict)
{
    size_t n = 0;

    for (const struct scenario *s = r->all.first; s != NULL; s = s->next)
        n += s->verdict == verdict;
    return n;
}

size_t runner_flaky(const struct runner *r)
{
    size_t n = 0;

    for (const struct scenario *s = r->all.first; s != NULL; s = s->next)
        n += scenario_is_flaky(s);
    return n;
}

unsigned runner_rounds(const struct runner *r)
{
    return r->round;
}

enum error_code runner_trouble(const struct runner *r)
{
    return r->trouble;
}

void runner_each_file(const struct runner *r, void (*fn)(void *ctx, const char *path), void *ctx)
{
    for (const struct file *file = r->files; file != NULL; file = file->next)
        fn(ctx, file->path);
    for (const struct declared *d = r->declared; d != NULL; d = d->next)
        loader_each_file(r->script, &d->scenario->owner, fn, ctx);
    loader_each_file(r->script, NULL, fn, ctx);
}
