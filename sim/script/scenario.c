#include "script/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/app.h"
#include "script/car.h"
#include "script/loader.h"

#define DETAIL_MAX     ((size_t)1 << 20)
#define CALLERS_SHOWN  20
#define TIMELINE_CARS  3
#define TIMELINE_LINES 60

struct runner {
    struct script *script;
    struct runner_options options;
    struct scenario *first, **last;
    struct scenario *next_to_start;
    size_t running;
    bool exclusive;      /* what runs is to be alone */
    const char *loading; /* file */
    bool told_done;
};

const char *scenario_verdict_name(enum scenario_verdict verdict)
{
    static const char *const names[SCENARIO_VERDICT_COUNT] = {"waiting", "running", "passed",
                                                              "failed",  "error",   "skipped"};
    return verdict < SCENARIO_VERDICT_COUNT ? names[verdict] : "?";
}

/* ---- ending ---- */

static void start_more(struct runner *r);

static void release(struct scenario *s)
{
    struct script *script = s->owner.script;

    loop_timer_stop(&s->clock);
    s->main = NULL;
    loader_forget(script, &s->owner);
    /* Cars first: their open orders still refer to tasks. */
    car_free_all(script, &s->owner);
    app_free_all(script, &s->owner);
    scheduler_cancel_owner(&script->scheduler, &s->owner);
    luaL_unref(script->L, LUA_REGISTRYINDEX, s->fn);
    s->fn = LUA_NOREF;
}

static void finish(struct scenario *s, enum scenario_verdict verdict)
{
    struct runner *r = s->runner;

    if (s->verdict != SCENARIO_RUNNING)
        return;
    s->verdict = verdict;
    s->took = clock_now() - s->started;
    release(s);
    r->running--;
    if (r->options.finished != NULL)
        r->options.finished(r->options.ctx, s);
    start_more(r);
}

/* The field of an error value as text, or NULL. Raw: nothing of the script's runs here. */
static char *take_field(struct script *script, lua_State *co, int index, const char *field)
{
    char *text = NULL;

    if (!lua_istable(co, index))
        return NULL;
    lua_pushstring(co, field);
    if (lua_rawget(co, index) != LUA_TNIL)
        text = script_take_text(script, co);
    else
        lua_pop(co, 1);
    return text;
}

/* Of one car if the failure names it, else of the scenario's latest. */
static void add_timelines(struct scenario *s, const struct car *only, struct buf *detail)
{
    if (only != NULL) {
        car_write_timeline(only, TIMELINE_LINES, detail);
        return;
    }
    car_write_timelines(s->owner.script, &s->owner, TIMELINE_CARS, TIMELINE_LINES, detail);
}

/* Where a suspended or failed coroutine stands in the script. */
static char *place_of(lua_State *co)
{
    lua_Debug ar;
    int level = 0;

    return script_frame(co, &level, &ar) ? xasprintf("%s:%d", ar.short_src, ar.currentline) : NULL;
}

static void fail_by_error(struct scenario *s, lua_State *co, struct buf *detail)
{
    lua_Debug ar;

    lua_pushvalue(co, -1);
    s->message = script_take_text(s->owner.script, co);
    buf_append_str(detail, "  called from:\n");
    /* An endless recursion leaves 200,000 of them, each further to seek. */
    for (int level = 0, n = 0; n < CALLERS_SHOWN && script_frame(co, &level, &ar); level++, n++)
        buf_printf(detail, "    %s:%d%s%s\n", ar.short_src, ar.currentline,
                   ar.name != NULL ? " in " : "", ar.name != NULL ? ar.name : "");
}

/* An error reached the top of one of the scenario's tasks; its value is on top of co's stack. */
static void on_raised(struct script_owner *owner, lua_State *co)
{
    struct scenario *s = (struct scenario *)owner;
    enum scenario_verdict verdict = SCENARIO_ERRORED;
    const struct car *about = NULL;
    struct buf detail;

    if (s->verdict != SCENARIO_RUNNING)
        return;
    buf_init(&detail, DETAIL_MAX);
    int index = lua_gettop(co);
    if ((s->message = take_field(owner->script, co, index, "assertion")) != NULL) {
        verdict = SCENARIO_FAILED;
        s->where = take_field(owner->script, co, index, "where");
        lua_pushliteral(co, "car");
        lua_rawget(co, index);
        about = car_test(co, -1);
        lua_pop(co, 1);
    } else if ((s->message = take_field(owner->script, co, index, "skip")) != NULL) {
        verdict = SCENARIO_SKIPPED;
    } else {
        fail_by_error(s, co, &detail);
    }
    if (verdict != SCENARIO_SKIPPED)
        add_timelines(s, about, &detail);
    s->detail = xstrdup(buf_cstr(&detail));
    buf_done(&detail);
    finish(s, verdict);
}

static void on_main_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct scenario *s = arg;

    (void)task;
    s->main = NULL;
    if (end == TASK_RAISED)
        on_raised(&s->owner, co);
    else
        finish(s, SCENARIO_PASSED);
}

static void end_with(struct scenario *s, enum scenario_verdict verdict, char *message)
{
    struct buf detail;

    free(s->message);
    s->message = message;
    buf_init(&detail, DETAIL_MAX);
    add_timelines(s, NULL, &detail);
    free(s->detail);
    s->detail = xstrdup(buf_cstr(&detail));
    buf_done(&detail);
    finish(s, verdict);
}

static void on_timeout(void *arg)
{
    struct scenario *s = arg;
    lua_State *co = s->main != NULL ? task_state(s->main) : NULL;

    s->where = co != NULL ? place_of(co) : NULL;
    end_with(s, SCENARIO_FAILED,
             xasprintf("timed out after %.1f s, still waiting at %s", (double)s->timeout / 1e6,
                       s->where != NULL ? s->where : "its start"));
}

/* ---- starting ---- */

static void start(struct scenario *s)
{
    struct runner *r = s->runner;
    struct script *script = r->script;
    lua_State *L = script->L;
    struct task_params params = {.owner = &s->owner, .end = on_main_end, .arg = s};

    s->verdict = SCENARIO_RUNNING;
    s->started = clock_now();
    r->running++;
    rng_init(&s->owner.rng, r->options.seed, hash_text(s->owner.name));
    script_push_prelude(L, "run");
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->fn);
    s->main = task_start(&script->scheduler, L, 1, &params);
    loop_timer_start(&s->clock, s->timeout);
    if (r->options.started != NULL)
        r->options.started(r->options.ctx, s);
}

static void start_more(struct runner *r)
{
    size_t jobs = r->options.jobs != 0 ? r->options.jobs : RUNNER_JOBS;

    while (r->next_to_start != NULL && r->running < jobs) {
        struct scenario *s = r->next_to_start;
        if ((s->alone || r->exclusive) && r->running != 0)
            break;
        r->exclusive = s->alone;
        r->next_to_start = s->next;
        if (s->verdict == SCENARIO_WAITING)
            start(s);
    }
    if (r->running == 0 && r->next_to_start == NULL && !r->told_done) {
        r->told_done = true;
        if (r->options.all_done != NULL)
            r->options.all_done(r->options.ctx);
    }
}

void runner_start(struct runner *r)
{
    r->next_to_start = r->first;
    start_more(r);
}

void runner_abort(struct runner *r, const char *reason)
{
    r->next_to_start = NULL;
    for (struct scenario *s = r->first; s != NULL; s = s->next) {
        if (s->verdict != SCENARIO_WAITING)
            continue;
        s->verdict = SCENARIO_ERRORED;
        s->message = xasprintf("not run: %s", reason);
        if (r->options.finished != NULL)
            r->options.finished(r->options.ctx, s);
    }
    for (struct scenario *s = r->first; s != NULL; s = s->next)
        if (s->verdict == SCENARIO_RUNNING)
            end_with(s, SCENARIO_ERRORED, xasprintf("aborted: %s", reason));
    start_more(r);
}

/* ---- declaring ---- */

/* declare(name, fn, timeout, line, timeout_per_car, alone): called by the prelude's scenario()
   while a file is loaded */
static int f_declare(lua_State *L)
{
    struct runner *r = script_of(L)->runner;
    const char *name = luaL_checkstring(L, 1);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (r == NULL || r->loading == NULL)
        return luaL_error(L, "scenario() can be used only at the top of a scenario file");
    if (r->options.filter != NULL && strstr(name, r->options.filter) == NULL)
        return 0;
    usec_t timeout = r->options.timeout != 0 ? r->options.timeout : 30 * USEC_PER_SEC;
    if (!lua_isnoneornil(L, 3))
        timeout = script_check_seconds(L, 3);
    unsigned line = (unsigned)luaL_optinteger(L, 4, 0);
    usec_t per_car = lua_isnoneornil(L, 5) ? 0 : script_check_seconds(L, 5);
    lua_pushvalue(L, 2);
    int fn = luaL_ref(L, LUA_REGISTRYINDEX);
    struct scenario *s = xcalloc(1, sizeof *s);
    s->runner = r;
    s->name_copy = xstrdup(name);
    s->owner =
        (struct script_owner){.script = r->script, .name = s->name_copy, .raised = on_raised};
    s->file = r->loading;
    s->line = line;
    s->timeout = timeout;
    s->timeout_per_car = per_car;
    s->alone = lua_toboolean(L, 6) != 0;
    s->fn = fn;
    loop_timer_init(&s->clock, r->script->sim->loop, on_timeout, s);
    *r->last = s;
    r->last = &s->next;
    return 0;
}

/* NULL: what runs is no scenario's. */
static struct scenario *current(lua_State *L)
{
    struct script_owner *owner = script_owner_current(L, "a test");

    return owner->raised == on_raised ? (struct scenario *)owner : NULL;
}

/* What is to be done with so many cars takes longer. */
static void allow_for(struct scenario *s, uint64_t cars)
{
    usec_t now = clock_now();

    s->timeout += s->timeout_per_car * cars;
    usec_t end = s->started + s->timeout;
    loop_timer_start(&s->clock, end > now ? end - now : 0);
}

/* fleet_size(n): how many cars a fleet that asks for n (or nil) gets, and may have */
static int f_fleet_size(lua_State *L)
{
    struct scenario *s = current(L);
    lua_Integer n = luaL_optinteger(L, 1, 0);

    if (s == NULL) {
        lua_pushinteger(L, n > 0 ? n : 10);
        return 1;
    }
    const struct runner_options *o = &s->runner->options;
    if (n <= 0 || o->vehicles_forced)
        n = o->vehicles != 0 ? (lua_Integer)o->vehicles : 10;
    uint64_t all = (uint64_t)n + s->runner->script->sim->vehicle_count;
    struct error err;
    if (o->fits != NULL && !o->fits(o->ctx, all, &err))
        return luaL_error(L, "%s", err.text);
    if (s->timeout_per_car != 0)
        allow_for(s, (uint64_t)n);
    lua_pushinteger(L, n);
    return 1;
}

static int f_count_assertion(lua_State *L)
{
    struct scenario *s = current(L);

    if (s != NULL)
        s->assertions++;
    return 0;
}

/* pause_cloud(): false if the run has none of its own */
static int f_pause_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;

    lua_pushboolean(L, cloud->pause != NULL && cloud->pause(cloud->ctx));
    return 1;
}

/* resume_cloud(): true once it runs */
static int f_resume_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;
    struct error err;
    bool running = false;

    /* Virtual time must not run out while a process starts. */
    do {
        if (!cloud->resume(cloud->ctx, &running, &err))
            return luaL_error(L, "%s", err.text);
    } while (!running && loop_is_virtual(script_of(L)->sim->loop) && poll(NULL, 0, 2) == 0);
    lua_pushboolean(L, running);
    return 1;
}

/* radio_possible(): can the cars of this run have one? */
static int f_radio_possible(lua_State *L)
{
    lua_pushboolean(L, script_of(L)->sim->client == SIMULATION_NATIVE);
    return 1;
}

/* virtual_time(): is it? */
static int f_virtual_time(lua_State *L)
{
    lua_pushboolean(L, loop_is_virtual(script_of(L)->sim->loop));
    return 1;
}

static const luaL_Reg functions[] = {
    {"declare",         f_declare        },
    {"fleet_size",      f_fleet_size     },
    {"count_assertion", f_count_assertion},
    {"pause_cloud",     f_pause_cloud    },
    {"resume_cloud",    f_resume_cloud   },
    {"virtual_time",    f_virtual_time   },
    {"radio_possible",  f_radio_possible },
    {NULL,              NULL             }
};

void scenario_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

/* ---- the runner ---- */

struct runner *runner_new(struct script *script, const struct runner_options *options)
{
    struct runner *r = xcalloc(1, sizeof *r);

    r->script = script;
    r->options = *options;
    r->last = &r->first;
    script->runner = r;
    return r;
}

static void free_scenario(struct scenario *s)
{
    release(s);
    free(s->name_copy);
    free(s->message);
    free(s->where);
    free(s->detail);
    free(s);
}

void runner_free(struct runner *r)
{
    if (r == NULL)
        return;
    r->told_done = true;
    r->next_to_start = NULL;
    while (r->first != NULL) {
        struct scenario *s = r->first;
        r->first = s->next;
        free_scenario(s);
    }
    r->script->runner = NULL;
    free(r);
}

static bool load_file(struct runner *r, const char *path, struct error *err)
{
    /* Kept for as long as the Lua state: scenarios point at it. */
    lua_pushstring(r->script->L, path);
    r->loading = lua_tostring(r->script->L, -1);
    luaL_ref(r->script->L, LUA_REGISTRYINDEX);
    bool ok = script_load(r->script, path, err);
    r->loading = NULL;
    return ok;
}

static int is_scenario(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    if (entry->d_name[0] == '.')
        return 0;
    /* Some file systems do not tell the type; then a folder's name must do without a dot. */
    bool folder = entry->d_type == DT_DIR ||
                  (entry->d_type == DT_UNKNOWN && strchr(entry->d_name, '.') == NULL);
    return folder || (len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0);
}

static bool load_folder(struct runner *r, const char *path, struct error *err)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_scenario, alphasort);
    bool ok = true;

    if (n < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        char *inner = xasprintf("%s/%s", path, entries[i]->d_name);
        if (ok)
            ok = runner_load(r, inner, err);
        free(inner);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool runner_load(struct runner *r, const char *path, struct error *err)
{
    struct stat st;
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    char *clean = xstrndup(path, len);
    bool ok;
    if (stat(clean, &st) == 0 && S_ISDIR(st.st_mode))
        ok = load_folder(r, clean, err);
    else
        ok = load_file(r, clean, err);
    free(clean);
    return ok;
}

void runner_settle_filter(struct runner *r)
{
    const char *filter = r->options.filter;
    struct scenario *s = r->first;

    while (s != NULL && (filter == NULL || strcmp(s->owner.name, filter) != 0))
        s = s->next;
    if (s == NULL)
        return;
    for (struct scenario **p = &r->first; (s = *p) != NULL;) {
        if (strcmp(s->owner.name, filter) == 0) {
            p = &s->next;
        } else {
            *p = s->next;
            free_scenario(s);
        }
        r->last = p;
    }
}

size_t runner_count(const struct runner *r)
{
    size_t n = 0;

    for (const struct scenario *s = r->first; s != NULL; s = s->next)
        n++;
    return n;
}

struct scenario *runner_first(const struct runner *r)
{
    return r->first;
}

size_t runner_tally(const struct runner *r, enum scenario_verdict verdict)
{
    size_t n = 0;

    for (const struct scenario *s = r->first; s != NULL; s = s->next)
        n += s->verdict == verdict;
    return n;
}
