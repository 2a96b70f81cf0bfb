#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "metrics/recorder.h"
#include "script/app_core.h"

/* What is known of its stages: by the recorder, or from when it ended. NULL: nothing. */
static const struct journey *journey_of(const struct command *c)
{
    const struct journey *live = NULL;

    if (c->app != NULL)
        live = recorder_journey(app_recorder(c->app), c->token);
    return live != NULL ? live : c->journey;
}

void command_keep_stages(struct command *c)
{
    const struct journey *live = recorder_journey(app_recorder(c->app), c->token);

    if (live == NULL)
        return;
    if (c->journey == NULL)
        c->journey = xmalloc(sizeof *c->journey);
    *c->journey = *live;
}

/* ---- who waits for stages ---- */

static void on_mark(void *ctx, const struct journey *journey)
{
    struct script *script = ctx;

    for (struct command *c = script->awaited; c != NULL; c = c->next_awaited)
        if (strncmp(c->token, journey->token, JOURNEY_TOKEN_MAX - 1) == 0)
            queue_notify(&script->scheduler, &c->changed);
}

static void await(struct script *script, struct command *c)
{
    if (c->awaiting++ > 0)
        return;
    if (script->awaited == NULL) {
        script->stages = (struct recorder_listener){.marked = on_mark, .ctx = script};
        recorder_listen(script->sim->recorder, &script->stages);
    }
    c->awaited_by = script;
    c->next_awaited = script->awaited;
    script->awaited = c;
}

static void await_no_more(struct command *c)
{
    if (c->awaited_by == NULL || --c->awaiting > 0)
        return;
    struct command **p = &c->awaited_by->awaited;
    while (*p != c)
        p = &(*p)->next_awaited;
    *p = c->next_awaited;
    if (c->awaited_by->awaited == NULL)
        recorder_unlisten(c->awaited_by->sim->recorder, &c->awaited_by->stages);
    c->awaited_by = NULL;
}

void command_forget_stages(struct command *c)
{
    c->awaiting = 1;
    await_no_more(c);
    free(c->journey);
    c->journey = NULL;
}

/* ---- methods of commands ---- */

static void push_mark(lua_State *L, const struct journey *journey, enum journey_mark mark)
{
    double from = (double)journey->at[JOURNEY_INTENDED];

    lua_pushnumber(L, ((double)journey->at[mark] - from) / 1e6);
}

/* stages(): real seconds since it was to be sent, by the names of the stages that it has passed */
static int f_stages(lua_State *L)
{
    const struct journey *journey = journey_of(command_check(L, 1));

    lua_newtable(L);
    for (int mark = 0; journey != NULL && mark < JOURNEY_MARK_COUNT; mark++) {
        if (!journey_has(journey, (enum journey_mark)mark))
            continue;
        push_mark(L, journey, (enum journey_mark)mark);
        lua_setfield(L, -2, journey_mark_name((enum journey_mark)mark));
    }
    return 1;
}

/* listen(on): lets wait() return at each stage, too */
static int f_listen(lua_State *L)
{
    struct command *c = command_check(L, 1);

    if (lua_toboolean(L, 2))
        await(script_of(L), c);
    else
        await_no_more(c);
    return 0;
}

/* kind(): "desire", "request" or "update" */
static int f_kind(lua_State *L)
{
    static const char *const names[] = {"desire", "request", "update"};

    lua_pushstring(L, names[command_check(L, 1)->kind]);
    return 1;
}

const luaL_Reg command_stage_methods[] = {
    {"stages", f_stages},
    {"listen", f_listen},
    {"kind",   f_kind  },
    {NULL,     NULL    },
};

int command_stage_names(lua_State *L)
{
    lua_newtable(L);
    for (int mark = 0; mark < JOURNEY_MARK_COUNT; mark++) {
        lua_pushstring(L, journey_mark_name((enum journey_mark)mark));
        lua_rawseti(L, -2, mark + 1);
    }
    return 1;
}
