#include "script/runner.h"

#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xmem.h"
#include "script/loader.h"

struct runner {
    struct scenario_host host; /* first */
    struct script *script;
    struct runner_options options;
    struct scenario *first, **last;
    struct scenario *next_to_start;
    size_t running;
    bool exclusive; /* what runs is to be alone */
    bool told_done;
};

/* ---- running ---- */

static void start(struct runner *r, struct scenario *s)
{
    r->running++;
    scenario_start(s);
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
            start(r, s);
    }
    if (r->running == 0 && r->next_to_start == NULL && !r->told_done) {
        r->told_done = true;
        if (r->options.all_done != NULL)
            r->options.all_done(r->options.ctx);
    }
}

static void on_ended(struct scenario_host *host, struct scenario *s)
{
    struct runner *r = (struct runner *)host;

    r->running--;
    if (r->options.finished != NULL)
        r->options.finished(r->options.ctx, s);
    start_more(r);
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
            scenario_end(s, SCENARIO_ERRORED, xasprintf("aborted: %s", reason));
    start_more(r);
}

/* ---- making ---- */

static void on_declared(struct scenario_host *host, struct scenario *s)
{
    struct runner *r = (struct runner *)host;

    if (r->options.filter != NULL && strstr(s->owner.name, r->options.filter) == NULL) {
        scenario_free(s);
        return;
    }
    *r->last = s;
    r->last = &s->next;
}

struct runner *runner_new(struct script *script, const struct runner_options *options)
{
    struct runner *r = xcalloc(1, sizeof *r);

    r->host = (struct scenario_host){.seed = options->seed,
                                     .vehicles = options->vehicles,
                                     .vehicles_forced = options->vehicles_forced,
                                     .timeout = options->timeout,
                                     .fits = options->fits,
                                     .fits_ctx = options->ctx,
                                     .declared = on_declared,
                                     .ended = on_ended};
    r->script = script;
    r->options = *options;
    r->last = &r->first;
    script->scenarios = &r->host;
    return r;
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
        scenario_free(s);
    }
    r->script->scenarios = NULL;
    free(r);
}

/* ---- finding ---- */

static bool load_file(struct runner *r, const char *path, struct error *err)
{
    /* Kept for as long as the Lua state: scenarios point at it. */
    lua_pushstring(r->script->L, path);
    r->host.loading = lua_tostring(r->script->L, -1);
    luaL_ref(r->script->L, LUA_REGISTRYINDEX);
    bool ok = script_load(r->script, path, err);
    r->host.loading = NULL;
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
            scenario_free(s);
        }
        r->last = p;
    }
}

/* ---- looking ---- */

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
