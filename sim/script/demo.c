#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/demo_core.h"
#include "script/loader.h"
#include "script/service.h"

#define NOTICE_FOR (6 * USEC_PER_SEC)
#define STORY_MAX  ((size_t)1 << 20)

/* ---- tasks ---- */

void demo_notice(struct demo *demo, const char *text)
{
    snprintf(demo->scene.notice, sizeof demo->scene.notice, "%s", text);
    demo->notice_until = clock_now() + NOTICE_FOR;
    demo->notice_stays = true;
    demo->fresh = true;
}

void demo_caption(struct demo *demo, const char *text)
{
    snprintf(demo->scene.caption, sizeof demo->scene.caption, "%s", text);
    demo->fresh = true;
    if (!demo->notice_stays) /* it would hide the caption */
        demo->scene.notice[0] = '\0';
}

/* Of the physics, the acting out of commands, a story: seen, and survived. */
static void on_raised(struct script_owner *owner, lua_State *co)
{
    struct demo *demo = (struct demo *)owner;

    lua_pushvalue(co, -1);
    char *text = script_take_text(owner->script, co);
    char *end = strchr(text, '\n');
    if (end != NULL)
        *end = '\0';
    demo_notice(demo, text);
    free(demo->raised);
    demo->raised = xstrdup(text);
    if (!demo->begun || (demo->options.strict && !demo->ready))
        demo->options.failed(demo->options.ctx, text);
    free(text);
}

static void on_told(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct demo *demo = arg;

    script_task_end(NULL, task, end, co);
    if (demo->options.told != NULL)
        demo->options.told(demo->options.ctx, end == TASK_RAISED ? demo->raised : NULL);
}

/* Runs prelude.NAME with the `nargs` values on top of the stack. */
static void start(struct demo *demo, const char *name, int nargs, bool story)
{
    lua_State *L = demo->owner.script->L;
    struct task_params params = {.owner = &demo->owner, .end = story ? on_told : script_task_end};

    params.arg = demo;
    script_push_prelude(L, name);
    lua_insert(L, -nargs - 1);
    task_start(&demo->owner.script->scheduler, L, nargs, &params);
}

static void start_with_car(struct demo *demo, const char *name, const char *what)
{
    lua_State *L = demo->owner.script->L;

    if (demo->car_count == 0)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, demo->cars[demo->selected]->ref);
    if (what != NULL)
        lua_pushstring(L, what);
    start(demo, name, what != NULL ? 2 : 1, false);
}

void demo_act(struct demo *demo, const char *what)
{
    start_with_car(demo, "demo_act", what);
}

/* What is known of the car that is shown is seen anew. */
static void forget_car(struct demo *demo)
{
    memset(&demo->scene.map, 0, sizeof demo->scene.map);
    memset(&demo->scene.messages, 0, sizeof demo->scene.messages);
    demo->told_lines = 0;
    demo_clear_journey(demo);
    demo->token[0] = '\0';
    demo->seen_lines = SIZE_MAX;
    demo->fresh = demo->anew = true;
}

void demo_select(struct demo *demo, int64_t index)
{
    int64_t last = (int64_t)demo->car_count - 1;

    if (last < 0)
        return;
    demo->selected = (uint32_t)(index < 0 ? 0 : index > last ? last : index);
    forget_car(demo);
    start_with_car(demo, "demo_shown", NULL);
}

uint32_t demo_selected(const struct demo *demo)
{
    return demo->selected;
}

/* ---- what the prelude is given ---- */

static struct demo *current(lua_State *L)
{
    struct script_owner *owner = script_owner_current(L, "the demo");

    if (owner->raised != on_raised)
        luaL_error(L, "only in `fleetsim demo`");
    return (struct demo *)owner;
}

/* demo_car(): the one that is shown */
static int f_demo_car(lua_State *L)
{
    struct demo *demo = current(L);

    if (demo->car_count == 0)
        lua_pushnil(L);
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, demo->cars[demo->selected]->ref);
    return 1;
}

/* demo_notice(text): for a while, or until a story says something */
static int f_demo_notice(lua_State *L)
{
    struct demo *demo = current(L);

    demo_notice(demo, luaL_checkstring(L, 1));
    demo->notice_stays = false;
    return 0;
}

/* caption(text): below the car, until another one; without a text: none */
static int f_demo_caption(lua_State *L)
{
    demo_caption(current(L), luaL_optstring(L, 1, ""));
    return 0;
}

/* demo_waits(yes): somebody has to press a key for the story to go on */
static int f_demo_waits(lua_State *L)
{
    struct demo *demo = current(L);

    demo->scene.waits = lua_toboolean(L, 1) != 0;
    demo->fresh = true;
    return 0;
}

/* demo_pace(pace): of time as it is seen; without one it stays. Returns it. */
static int f_demo_pace(lua_State *L)
{
    struct demo *demo = current(L);
    struct loop *loop = demo->owner.script->sim->loop;
    double pace = luaL_optnumber(L, 1, (double)demo->scene.pace);

    luaL_argcheck(L, pace > 0 && pace <= 1, 1, "a share of the full speed expected");
    if (!lua_isnoneornil(L, 1)) {
        scheduler_set_time_scale(&demo->owner.script->scheduler,
                                 loop->time_scale / (double)demo->scene.pace * pace);
        demo->scene.pace = (float)pace;
        demo->fresh = true;
    }
    lua_pushnumber(L, (double)demo->scene.pace);
    return 1;
}

/* demo_reset(car): its signals are as its model has them at first; with the power off */
static int f_demo_reset(lua_State *L)
{
    struct demo *demo = current(L);
    struct car *car = car_check(L, 1);
    struct tcu *tcu = car->vehicle->tcu;

    for (size_t i = 0; i < signal_schema_count(tcu->signals.schema); i++)
        tcu_set_signal(tcu, i, signal_schema_def(tcu->signals.schema, i)->initial);
    if (demo->car_count > 0 && demo->cars[demo->selected] == car)
        forget_car(demo);
    return 0;
}

static void list_cars(struct demo *demo)
{
    struct script *script = demo->owner.script;
    uint32_t count = 0;

    for (const struct car *car = script->cars; car != NULL; car = car->next)
        count += car->owner == &demo->owner;
    demo->cars = xrealloc(demo->cars, (count + 1) * sizeof(void *));
    demo->cells = xrealloc(demo->cells, count + 1);
    demo->car_count = count;
    for (struct car *car = script->cars; car != NULL; car = car->next)
        if (car->owner == &demo->owner)
            demo->cars[--count] = car; /* the newest is the first of the list */
}

/* demo_ready(): first when the cars are made, then when the app is there, too */
static int f_demo_ready(lua_State *L)
{
    struct demo *demo = current(L);

    list_cars(demo);
    if (!demo->begun) {
        demo->begun = true;
        return 0;
    }
    demo->ready = true;
    demo_watch_now(demo);
    demo->options.ready(demo->options.ctx);
    return 0;
}

static const luaL_Reg functions[] = {
    {"demo_car",     f_demo_car    },
    {"demo_notice",  f_demo_notice },
    {"demo_caption", f_demo_caption},
    {"demo_pace",    f_demo_pace   },
    {"demo_ready",   f_demo_ready  },
    {"demo_reset",   f_demo_reset  },
    {"demo_waits",   f_demo_waits  },
    {NULL,           NULL          }
};

void demo_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

/* ---- its life ---- */

static char *read_story(const char *path, struct error *err)
{
    struct buf text;
    FILE *file = fopen(path, "rb");
    char *room, *all = NULL;
    size_t got;

    if (file == NULL) {
        error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    buf_init(&text, STORY_MAX);
    while ((room = (char *)buf_reserve(&text, 4096)) != NULL &&
           (got = fread(room, 1, 4096, file)) > 0)
        buf_commit(&text, got);
    if (ferror(file) || room == NULL)
        error_set(err, ERROR_USAGE, "%s: cannot be read (a Lua file of at most 1 MB)", path);
    else
        all = xstrdup(buf_cstr(&text));
    fclose(file);
    buf_done(&text);
    return all;
}

static void begin(struct demo *demo)
{
    lua_State *L = demo->owner.script->L;

    lua_createtable(L, (int)demo->options.model_count, 0);
    for (size_t i = 0; i < demo->options.model_count; i++) {
        lua_pushstring(L, demo->options.models[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, demo->options.vehicles);
    lua_pushboolean(L, demo->options.strict);
    start(demo, "demo_begin", 3, false);
    if (demo->story == NULL)
        return;
    lua_pushstring(L, demo->story);
    lua_pushstring(L, demo->options.story);
    lua_pushboolean(L, demo->options.led);
    start(demo, "demo_story", 3, true);
}

struct demo *demo_new(struct script *script, const struct demo_options *options, struct error *err)
{
    char *story = options->story != NULL ? read_story(options->story, err) : NULL;

    if (options->story != NULL && story == NULL)
        return NULL;
    struct demo *demo = xcalloc(1, sizeof *demo);
    demo->options = *options;
    demo->story = story;
    demo->owner = (struct script_owner){.script = script,
                                        .name = "demo",
                                        .seed = options->seed,
                                        .first_vehicle = script->next_index,
                                        .raised = on_raised};
    rng_init(&demo->owner.rng, options->seed, 0);
    scene_init(&demo->scene);
    demo_watch_open(demo);
    begin(demo);
    return demo;
}

void demo_free(struct demo *demo)
{
    if (demo == NULL)
        return;
    struct script *script = demo->owner.script;
    demo_watch_close(demo);
    car_free_all(script, &demo->owner);
    app_free_all(script, &demo->owner);
    service_script_free_all(script, &demo->owner);
    scheduler_cancel_owner(&script->scheduler, &demo->owner);
    loader_forget(script, &demo->owner);
    free(demo->cars);
    free(demo->cells);
    free(demo->story);
    free(demo->raised);
    free(demo);
}
