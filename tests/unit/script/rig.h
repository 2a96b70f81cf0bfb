/*
 * rig.h — a runner over scripts that a test writes as text, on cars without a network.
 */
#ifndef SCRIPT_TEST_RIG_H
#define SCRIPT_TEST_RIG_H

#include <sys/stat.h>

#include "base/log.h"
#include "script/runner.h"
#include "support/lab.h"

struct rig {
    struct lab *lab;
    struct script *script;
    struct runner *runner;
    struct loop_timer watchdog;
    unsigned started, finished, all_done;
    size_t running, most_running;
    void (*on_started)(struct rig *rig, struct scenario *s);
    void (*on_finished)(struct rig *rig, struct scenario *s);
};

static inline void rig_started(void *ctx, struct scenario *s)
{
    struct rig *rig = ctx;

    assert_int_equal(s->verdict, SCENARIO_RUNNING);
    rig->started++;
    rig->running++;
    if (rig->running > rig->most_running)
        rig->most_running = rig->running;
    if (rig->on_started != NULL)
        rig->on_started(rig, s);
}

static inline void rig_finished(void *ctx, struct scenario *s)
{
    struct rig *rig = ctx;

    assert_true(s->verdict >= SCENARIO_PASSED);
    rig->finished++;
    if (rig->running > 0)
        rig->running--;
    if (rig->on_finished != NULL)
        rig->on_finished(rig, s);
}

static inline void rig_all_done(void *ctx)
{
    struct rig *rig = ctx;

    rig->all_done++;
    loop_stop(rig->lab->sim->loop);
}

static inline void rig_hangs(void *arg)
{
    (void)arg;
    fail_msg("the run does not end");
}

/* Writes DIR/NAME; the path in `ret`. */
static inline void rig_write(struct rig *rig, const char *name, const char *text, char ret[256])
{
    snprintf(ret, 256, "%s/%s", rig->lab->dir, name);
    FILE *file = fopen(ret, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* A model with something of everything. */
#define RIG_MODEL                                                                                  \
    "local door = part('door', function(options)\n"                                                \
    "  return {\n"                                                                                 \
    "    signals = {\n"                                                                            \
    "      { 'door.open', type = 'boolean', desired = true, vss = 'Vehicle.Door', unit = 'x' },\n" \
    "      { 'door.angle', type = 'integer', min = 0, max = 90, desired = true },\n"               \
    "      { 'door.force', type = 'float', initial = 1.5 },\n"                                     \
    "      { 'door.lock', type = 'enum', values = { 'locked', 'unlocked' }, desired = true },\n"   \
    "      { 'name', type = 'string', initial = 'car', desired = true },\n"                        \
    "    },\n"                                                                                     \
    "    desire = function(car, wishes)\n"                                                         \
    "      if wishes['door.angle'] == 13 then car:refuse('UNLUCKY', 'not thirteen') end\n"         \
    "      if wishes['door.angle'] == 66 then error('the motor burns') end\n"                      \
    "      car:work(0.001)\n"                                                                      \
    "      for path, value in pairs(wishes) do car:set(path, value) end\n"                         \
    "    end,\n"                                                                                   \
    "    actions = { slam = function(car) car:set('door.open', false) end },\n"                    \
    "    start = function(car) car:memory().starts = (car:memory().starts or 0) + 1 end,\n"        \
    "  }\n"                                                                                        \
    "end)\n"                                                                                       \
    "return model { name = 'plain', parts = { door {} } }\n"

static inline struct rig *rig_new(const struct runner_options *given, size_t memory_limit)
{
    struct rig *rig = xcalloc(1, sizeof *rig);
    struct runner_options options = given != NULL ? *given : (struct runner_options){0};
    struct error err;
    char path[256];

    log_set_level(LOG_ERROR);
    rig->lab = lab_new();
    rig_write(rig, "plain.lua", RIG_MODEL, path);
    struct script_options script = {
        .simulation = rig->lab->sim,
        .vehicles_dir = rig->lab->dir,
        .app = {.name = "app", .uri = "mqtt://127.0.0.1:1"},
        .memory_limit = memory_limit
    };
    rig->script = script_new(&script, &err);
    if (rig->script == NULL)
        fail_msg("%s", err.text);
    options.pool = LAB_CARS;
    options.started = rig_started;
    options.finished = rig_finished;
    options.all_done = rig_all_done;
    options.ctx = rig;
    rig->runner = runner_new(rig->script, &options);
    loop_timer_init(&rig->watchdog, rig->lab->sim->loop, rig_hangs, rig);
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    runner_free(rig->runner);
    assert_null(rig->script->cars);
    assert_null(rig->script->apps);
    assert_null(rig->script->scheduler.tasks);
    assert_int_equal(rig->lab->sim->vehicle_count, 0);
    script_free(rig->script);
    lab_free(rig->lab);
    free(rig);
}

static inline bool rig_load_as(struct rig *rig, const char *name, const char *text,
                               struct error *err)
{
    char path[256];

    rig_write(rig, name, text, path);
    return runner_load(rig->runner, path, err);
}

static inline void rig_load(struct rig *rig, const char *text)
{
    struct error err;

    if (!rig_load_as(rig, "test.lua", text, &err))
        fail_msg("%s", err.text);
}

static inline void rig_run(struct rig *rig)
{
    loop_timer_start(&rig->watchdog, 300 * USEC_PER_SEC);
    runner_start(rig->runner);
    if (rig->all_done == 0)
        loop_run(rig->lab->sim->loop);
    loop_timer_stop(&rig->watchdog);
    assert_int_equal(rig->all_done, 1);
    assert_int_equal(lua_gettop(rig->script->L), 0);
}

static inline struct scenario *rig_scenario(const struct rig *rig, const char *name)
{
    for (struct scenario *s = runner_first(rig->runner); s != NULL; s = s->next)
        if (strcmp(s->owner.name, name) == 0)
            return s;
    fail_msg("no scenario \"%s\"", name);
    return NULL;
}

static inline void rig_expect(const struct rig *rig, const char *name,
                              enum scenario_verdict verdict, const char *message)
{
    const struct scenario *s = rig_scenario(rig, name);

    if (s->verdict != verdict)
        fail_msg("%s: %s, not %s: %s", name, scenario_verdict_name(s->verdict),
                 scenario_verdict_name(verdict), s->message != NULL ? s->message : "");
    if (message == NULL)
        assert_null(s->message);
    else if (s->message == NULL || strstr(s->message, message) == NULL)
        fail_msg("%s: no \"%s\" in \"%s\"", name, message, s->message != NULL ? s->message : "");
}

/* Every scenario of the text must pass. */
static inline void rig_all_pass(const char *text)
{
    struct rig *rig = rig_new(NULL, 0);

    rig_load(rig, text);
    rig_run(rig);
    assert_true(runner_count(rig->runner) > 0);
    for (struct scenario *s = runner_first(rig->runner); s != NULL; s = s->next)
        rig_expect(rig, s->owner.name, SCENARIO_PASSED, NULL);
    rig_free(rig);
}

#endif
