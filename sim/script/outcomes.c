#include "script/outcomes.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"

/* More than anybody writes by hand. */
#define LINES_MAX 100000

/* nearest(name, {name…}): the name that was meant, or nil */
static int f_nearest(lua_State *L)
{
    struct suggestion s;
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);

    luaL_checktype(L, 2, LUA_TTABLE);
    suggestion_init(&s, slice_of(name, len));
    lua_Integer n = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, i);
        suggestion_offer(&s, slice_str(luaL_checkstring(L, -1)));
        lua_pop(L, 1);
    }
    if (s.best[0] == '\0')
        lua_pushnil(L);
    else
        lua_pushstring(L, s.best);
    return 1;
}

void outcomes_open(lua_State *L)
{
    lua_pushcfunction(L, f_nearest);
    lua_setfield(L, -2, "nearest");
}

static void add(lua_State *L, int list, const char *text)
{
    lua_pushstring(L, text);
    lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

/* The line without the white space around it. */
static char *trimmed(char *line)
{
    size_t len = strlen(line);

    while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
        line[--len] = '\0';
    return line + strspn(line, " \t");
}

static bool read_file(lua_State *L, int list, const char *path, struct error *err)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0, lines = 0;

    if (file == NULL)
        return error_set(err, ERROR_USAGE, "--pin @%s: %s", path, strerror(errno));
    while (lines < LINES_MAX && getline(&line, &size, file) != -1) {
        const char *text = trimmed(line);
        lines++;
        if (*text != '\0' && *text != '#')
            add(L, list, text);
    }
    bool ok = ferror(file) == 0 && lines < LINES_MAX;
    free(line);
    fclose(file);
    if (!ok)
        return error_set(err, ERROR_USAGE,
                         "--pin @%s: it cannot be read, or has more than %d lines", path,
                         LINES_MAX);
    return true;
}

bool outcomes_configure(struct script *script, const char *const *pins, size_t count, bool endings,
                        struct error *err)
{
    lua_State *L = script->L;
    int top = lua_gettop(L);
    bool ok = true;

    script_push_prelude(L, "configure_outcomes");
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; ok && i < count; i++) {
        if (pins[i][0] == '@')
            ok = read_file(L, top + 2, pins[i] + 1, err);
        else
            add(L, top + 2, pins[i]);
    }
    lua_pushboolean(L, endings);
    if (ok && lua_pcall(L, 2, 0, 0) != LUA_OK)
        ok = error_set(err, ERROR_USAGE, "%s", lua_tostring(L, -1));
    lua_settop(L, top);
    return ok;
}
