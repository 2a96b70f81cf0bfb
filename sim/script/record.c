#include "script/record.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "report/series_log.h"
#include "script/car.h"
#include "script/names.h"

#define CHANNELS_MAX 32
#define LINK         (-1) /* in place of a signal: the state of the connection */
#define CLOCK        "clock.time"
/* What drifts while a car sleeps drifts slowly; and looks fill its timeline. */
#define LOOK_EVERY (900 * USEC_PER_SEC)
#define DAY_MS     INT64_C(86400000)

struct recording {
    struct car *car;
    struct series_writer *series;
    usec_t began, every;
    usec_t looked; /* the last time that a sleeping car was */
    struct loop_timer timer;
    struct task *look; /* brings a sleeping car up to date; NULL: none */
    struct recording *next;
    size_t count;
    int signals[CHANNELS_MAX];
    uint64_t seen[CHANNELS_MAX]; /* what changes at once: as it was last */
};

/* ---- sampling ---- */

static const struct signal_def *def_of(const struct recording *r, size_t i)
{
    return signal_schema_def(r->car->vehicle->tcu->signals.schema, (size_t)r->signals[i]);
}

/* What tells two values of a boolean, an enum, a text or the connection from each other; 0 for
   numbers, which are read when their time has come. */
static uint64_t sight_of(const struct recording *r, size_t i)
{
    const struct tcu *tcu = r->car->vehicle->tcu;

    if (r->signals[i] == LINK)
        return (uint64_t)tcu->state;
    union signal_value v = signal_get(&tcu->signals, (size_t)r->signals[i]);
    switch (def_of(r, i)->type) {
    case SIGNAL_BOOL:
        return v.b ? 1 : 0;
    case SIGNAL_ENUM:
        return v.e;
    case SIGNAL_STRING:
        return v.s != NULL ? hash_text(v.s) : 0;
    case SIGNAL_INT:
    case SIGNAL_FLOAT:
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return 0;
}

static struct series_value value_of(const struct recording *r, size_t i)
{
    const struct tcu *tcu = r->car->vehicle->tcu;

    if (r->signals[i] == LINK)
        return (struct series_value){.text = tcu_state_name(tcu->state)};
    union signal_value v = signal_get(&tcu->signals, (size_t)r->signals[i]);
    const struct signal_def *def = def_of(r, i);
    switch (def->type) {
    case SIGNAL_BOOL:
        return (struct series_value){.boolean = v.b};
    case SIGNAL_INT:
        return (struct series_value){.number = (double)v.i};
    case SIGNAL_FLOAT:
        return (struct series_value){.number = v.f};
    case SIGNAL_ENUM:
        return (struct series_value){.text = v.e < def->value_count ? def->values[v.e] : NULL};
    case SIGNAL_STRING:
        return (struct series_value){.text = v.s};
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return (struct series_value){.number = (double)NAN};
}

static void sample(struct recording *r)
{
    struct series_value values[CHANNELS_MAX];

    for (size_t i = 0; i < r->count; i++) {
        values[i] = value_of(r, i);
        r->seen[i] = sight_of(r, i);
    }
    series_add(r->series, loop_simulated_now(r->timer.loop) - r->began, values);
}

void record_changed(struct car *car)
{
    for (struct recording *r = car->recordings; r != NULL; r = r->next) {
        bool changed = false;
        for (size_t i = 0; i < r->count && !changed; i++)
            changed = sight_of(r, i) != r->seen[i];
        if (changed)
            sample(r);
    }
}

static void on_looked(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct recording *r = arg;

    r->look = NULL;
    sample(r);
    script_task_end(NULL, task, end, co);
}

/* Nobody else looks at a car that sleeps. */
static void look(struct recording *r)
{
    struct script *script = r->car->script;
    struct task_params params = {.owner = r->car->owner, .end = on_looked, .arg = r};

    script->uncapped++;
    script_push_prelude(script->L, "look");
    lua_rawgeti(script->L, LUA_REGISTRYINDEX, r->car->ref);
    r->look = task_start(&script->scheduler, script->L, 1, &params);
    script->uncapped--;
}

static void on_time(void *arg)
{
    struct recording *r = arg;
    enum tcu_state state = r->car->vehicle->tcu->state;
    usec_t now = loop_simulated_now(r->timer.loop);

    loop_timer_start_scaled(&r->timer, r->every);
    if (state != TCU_ASLEEP && state != TCU_OFF) {
        sample(r);
    } else if (r->look == NULL && now - r->looked >= LOOK_EVERY) {
        r->looked = now;
        look(r);
    }
}

/* ---- beginning and ending ---- */

/* By the car's own clock, if it has one: to the minute, else that of the run. */
static int64_t start_of(const struct vehicle *v)
{
    const struct signal_table *signals = &v->tcu->signals;
    int index = signal_schema_find(signals->schema, slice_str(CLOCK));
    int64_t wall = loop_wall_ms(v->sim->loop);
    char text[8] = "";

    if (index >= 0 && signal_schema_def(signals->schema, (size_t)index)->type == SIGNAL_STRING) {
        const char *now = signal_get(signals, (size_t)index).s;
        if (now != NULL && strlen(now) == 5)
            memcpy(text, now, 6);
    }
    if (text[2] != ':' || strspn(text, "0123456789:") != 5)
        return wall;
    int64_t minute =
        (text[0] - '0') * 600 + (text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
    return wall % DAY_MS / 60000 == minute ? wall : wall - wall % DAY_MS + minute * 60000;
}

/* Pops nothing; the list of paths is at `index`. */
static void read_channels(lua_State *L, int index, struct recording *r,
                          struct series_channel_head *heads)
{
    const struct signal_schema *schema = r->car->vehicle->tcu->signals.schema;
    lua_Integer count = luaL_len(L, index);

    if (count < 1 || count > CHANNELS_MAX)
        luaL_error(L, "t:record(): 1 to %d signals can be recorded together", CHANNELS_MAX);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, index, i + 1);
        const char *path = luaL_checkstring(L, -1);
        bool link = strcmp(path, "link") == 0;
        int signal = link ? LINK : signal_schema_find(schema, slice_str(path));
        if (signal < 0 && !link)
            names_no_signal(L, schema, slice_str(path));
        r->signals[i] = signal;
        heads[i] = (struct series_channel_head){.path = "link", .type = SERIES_TEXT};
        if (!link) {
            const struct signal_def *def = signal_schema_def(schema, (size_t)signal);
            static const enum series_type types[SIGNAL_TYPE_COUNT] = {
                SERIES_BOOLEAN, SERIES_NUMBER, SERIES_NUMBER, SERIES_TEXT, SERIES_TEXT};
            heads[i] = (struct series_channel_head){
                .path = def->path, .unit = def->unit, .type = types[def->type]};
        }
        lua_pop(L, 1);
    }
    r->count = (size_t)count;
}

/* record(car, paths, every, name): a run without results only checks what it is asked for */
static int f_record(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct script *script = car->script;
    struct recording draft = {.car = car};
    struct series_channel_head channels[CHANNELS_MAX];

    luaL_checktype(L, 2, LUA_TTABLE);
    read_channels(L, 2, &draft, channels);
    draft.every = script_check_seconds(L, 3);
    if (draft.every < USEC_PER_MSEC)
        return luaL_error(L, "t:record(): every must be at least a millisecond");
    struct series_head head = {
        .name = luaL_optstring(L, 4, ""),
        .car = car->vehicle->identity.vin,
        .model = signal_schema_model(car->vehicle->tcu->signals.schema),
        .scenario = car->owner->name,
        .start_ms = start_of(car->vehicle),
        .channels = channels,
        .channel_count = draft.count,
    };
    if (script->series == NULL)
        return 0;
    struct recording *r = xmalloc(sizeof *r);
    *r = draft;
    r->series = series_begin(script->series, &head);
    r->began = loop_simulated_now(script->sim->loop);
    r->next = car->recordings;
    car->recordings = r;
    loop_timer_init(&r->timer, script->sim->loop, on_time, r);
    loop_timer_start_scaled(&r->timer, r->every);
    sample(r);
    return 0;
}

void record_free_all(struct car *car)
{
    while (car->recordings != NULL) {
        struct recording *r = car->recordings;
        car->recordings = r->next;
        loop_timer_stop(&r->timer);
        task_cancel(r->look);
        sample(r);
        series_end(r->series);
        free(r);
    }
}

void record_open(lua_State *L)
{
    lua_pushcfunction(L, f_record);
    lua_setfield(L, -2, "record");
}
