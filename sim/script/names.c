#include "script/names.h"

#include <dirent.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "tcu/signals.h"

/* A part's file; larger ones are not looked at. */
#define SOURCE_MAX ((size_t)1 << 20)

void names_push(lua_State *L, const struct suggestion *s)
{
    if (s->best[0] != '\0')
        lua_pushfstring(L, "; did you mean '%s'?", s->best);
    else
        lua_pushliteral(L, "");
}

/* ---- files ---- */

static int is_lua(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

bool names_offer_folder(struct suggestion *s, const char *dir, const char *prefix, struct buf *list)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, is_lua, alphasort);

    for (int i = 0; i < n; i++) {
        const char *file = entries[i]->d_name;
        char *name = xasprintf("%s%.*s", prefix, (int)strlen(file) - 4, file);
        suggestion_offer(s, slice_str(name));
        if (list != NULL)
            buf_printf(list, "%s%s", buf_len(list) != 0 ? ", " : "", name);
        free(name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n >= 0;
}

/* ---- signals ---- */

/* The path, and each group that it is in. */
static void offer_path(struct suggestion *s, const char *path)
{
    for (const char *dot = strchr(path, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
        suggestion_offer(s, slice_of(path, (size_t)(dot - path)));
    suggestion_offer(s, slice_str(path));
}

int names_no_signal(lua_State *L, const struct signal_schema *schema, struct slice path)
{
    const char *name = lua_pushlstring(L, (const char *)path.data, path.len);
    const char *model = signal_schema_model(schema);
    struct suggestion s;

    if (signal_schema_has_prefix(schema, path))
        return script_raise(L, "no signal '%s' in model %s: it is a group of signals", name, model);
    suggestion_init(&s, path);
    for (size_t i = 0; i < signal_schema_count(schema); i++)
        offer_path(&s, signal_schema_def(schema, i)->path);
    names_push(L, &s);
    return script_raise(L, "no signal '%s' in model %s%s", name, model, lua_tostring(L, -1));
}

/* ---- what the prelude is given ---- */

/* did_you_mean(wrong, names): "; did you mean 'x'?", or "" */
static int f_did_you_mean(lua_State *L)
{
    size_t len;
    const char *wrong = luaL_tolstring(L, 1, &len);
    struct suggestion s;

    luaL_checktype(L, 2, LUA_TTABLE);
    suggestion_init(&s, slice_of(wrong, len));
    lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, i);
        if (lua_type(L, -1) == LUA_TSTRING)
            suggestion_offer(&s, slice_str(lua_tostring(L, -1)));
        lua_pop(L, 1);
    }
    names_push(L, &s);
    return 1;
}

/* source(path): text of a script file that was loaded, or nil */
static int f_source(lua_State *L)
{
    FILE *file = fopen(luaL_checkstring(L, 1), "re");

    if (file == NULL)
        return 0;
    char *room = xmalloc(SOURCE_MAX);
    size_t len = fread(room, 1, SOURCE_MAX, file);
    fclose(file);
    room[len < SOURCE_MAX ? len : 0] = '\0';
    script_push_released(L, room, free);
    return 1;
}

static const luaL_Reg functions[] = {
    {"did_you_mean", f_did_you_mean},
    {"source",       f_source      },
    {NULL,           NULL          }
};

void names_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
