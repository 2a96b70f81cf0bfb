#include "script/check.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/check_text.h"
#include "script/loader.h"
#include "script/model.h"
#include "script/names.h"
#include "script/prelude.h"
#include "script/runtime.h"
#include "script/scenario_files.h"

/* Nobody writes a script that long. */
#define TEXT_MAX ((size_t)16 << 20)

struct script_checker {
    struct simulation sim; /* no car is ever made: its loop alone is used */
    struct script *script;
    int check; /* registry ref of the table that the parts of the check share */
};

/* ---- what the check is given ---- */

static int f_annotations(lua_State *L)
{
    lua_pushlstring(L, (const char *)check_annotations, check_annotations_len);
    return 1;
}

/* check_prelude(): the texts of its files */
static int f_prelude(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < prelude_file_count; i++) {
        lua_pushlstring(L, (const char *)prelude_files[i].text, *prelude_files[i].len);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static void push_description(lua_State *L, const struct signal_def *def)
{
    lua_newtable(L);
    lua_pushstring(L, def->path);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, signal_type_name(def->type));
    lua_setfield(L, -2, "type");
    lua_pushstring(L, def->shadow != NULL ? def->shadow : "");
    lua_setfield(L, -2, "shadow");
    if (def->type != SIGNAL_ENUM)
        return;
    lua_newtable(L);
    for (size_t i = 0; i < def->value_count; i++) {
        lua_pushstring(L, def->values[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "values");
}

/* check_signals(model): a list of { path =, type =, shadow =, values = }; shadow "": the classic
 * one
 */
static int f_signals(lua_State *L)
{
    const struct signal_schema *schema = model_schema(L, 1);

    lua_newtable(L);
    for (size_t i = 0; i < signal_schema_count(schema); i++) {
        push_description(L, signal_schema_def(schema, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* Runs `fn` with the string on top, under the budget and the memory cap of files that load; leaves
   its result, or nil and the error's first line. */
static int guarded(lua_State *L, lua_CFunction fn, const char *dir)
{
    struct script *script = script_of(L);

    lua_pushcfunction(L, fn);
    lua_insert(L, -2);
    script->beside = dir;
    script->loading = true;
    lua_newtable(L);
    script->loading_modules = luaL_ref(L, LUA_REGISTRYINDEX);
    script->scheduler.grown = 0;
    lua_sethook(L, script_on_budget, LUA_MASKCOUNT, SCRIPT_OUTSIDE_BUDGET);
    int status = lua_pcall(L, 1, 1, 0);
    lua_sethook(L, NULL, 0, 0);
    script->loading = false;
    luaL_unref(L, LUA_REGISTRYINDEX, script->loading_modules);
    script->beside = NULL;
    if (status == LUA_OK)
        return 1;
    luaL_tolstring(L, -1, NULL);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static int push_model(lua_State *L)
{
    script_push_model(L, luaL_checkstring(L, 1));
    return 1;
}

/* check_model(dir, name): the model as a script in that folder gets it; nil and why not */
static int f_model(lua_State *L)
{
    lua_settop(L, 2);
    return guarded(L, push_model, luaL_checkstring(L, 1));
}

static int push_model_file(lua_State *L)
{
    script_push_model_file(L, luaL_checkstring(L, 1));
    return 1;
}

/* check_model_file(path): nil, or what is wrong with the model in it */
static int f_model_file(lua_State *L)
{
    lua_settop(L, 1);
    if (guarded(L, push_model_file, NULL) == 1)
        return 0;
    return 1;
}

static int push_module_path(lua_State *L)
{
    script_push_module_path(L, luaL_checkstring(L, 1));
    return 1;
}

/* check_find(dir, name): the file that require(name) loads there; nil and why there is none */
static int f_find(lua_State *L)
{
    lua_settop(L, 2);
    return guarded(L, push_module_path, luaL_checkstring(L, 1));
}

/* check_models(): the names in the vehicles folder, with commas */
static int f_models(lua_State *L)
{
    struct suggestion unused;
    struct buf list;

    buf_init(&list, 1 << 16);
    suggestion_init(&unused, slice_str(""));
    names_offer_folder(&unused, script_of(L)->vehicles_dir, "", &list);
    script_push_released(L, xstrdup(buf_cstr(&list)), free);
    buf_done(&list);
    return 1;
}

/* check_read(path): its text; raises */
static int f_read(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    FILE *file = fopen(path, "re");
    luaL_Buffer b;

    if (file == NULL)
        return luaL_error(L, "%s: %s", path, strerror(errno));
    luaL_buffinit(L, &b);
    size_t total = 0, n;
    char room[4096];
    while (total < TEXT_MAX && (n = fread(room, 1, sizeof room, file)) > 0) {
        luaL_addlstring(&b, room, n);
        total += n;
    }
    fclose(file);
    luaL_pushresult(&b);
    return 1;
}

static const luaL_Reg functions[] = {
    {"check_annotations", f_annotations},
    {"check_prelude",     f_prelude    },
    {"check_signals",     f_signals    },
    {"check_model",       f_model      },
    {"check_model_file",  f_model_file },
    {"check_models",      f_models     },
    {"check_find",        f_find       },
    {"check_read",        f_read       },
    {NULL,                NULL         }
};

/* ---- the checker ---- */

/* Runs the parts of the check; each gets what a file of the prelude gets, and the table that they
   share, which is left. Raises. */
static int open_check(lua_State *L)
{
    static const struct {
        const char *name;
        const unsigned char *text;
        const size_t *len;
    } parts[] = {
        {"=check/lexer",        check_lexer,        &check_lexer_len       },
        {"=check/parser",       check_parser,       &check_parser_len      },
        {"=check/api",          check_api,          &check_api_len         },
        {"=check/signals",      check_signals,      &check_signals_len     },
        {"=check/walk",         check_walk,         &check_walk_len        },
        {"=check/shadows",      check_shadows,      &check_shadows_len     },
        {"=check/members",      check_members,      &check_members_len     },
        {"=check/options",      check_options,      &check_options_len     },
        {"=check/methods",      check_methods,      &check_methods_len     },
        {"=check/declarations", check_declarations, &check_declarations_len},
        {"=check/calls",        check_calls,        &check_calls_len       },
        {"=check/waits",        check_waits,        &check_waits_len       },
        {"=check/files",        check_files,        &check_files_len       },
    };

    lua_settop(L, 0);
    script_push_prelude(L, "insides");
    lua_call(L, 0, 4);
    lua_newtable(L);
    lua_pushvalue(L, 1);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (luaL_loadbufferx(L, (const char *)parts[i].text, *parts[i].len, parts[i].name, "t") !=
            LUA_OK)
            lua_error(L);
        for (int argument = 1; argument <= 5; argument++)
            lua_pushvalue(L, argument);
        lua_call(L, 5, 0);
    }
    return 1;
}

struct script_checker *script_checker_new(const char *vehicles_dir, struct error *err)
{
    struct script_checker *checker = xcalloc(1, sizeof *checker);
    struct script_options options = {.simulation = &checker->sim, .vehicles_dir = vehicles_dir};

    checker->sim.loop = loop_new();
    checker->script = script_new(&options, err);
    if (checker->script != NULL) {
        lua_State *L = checker->script->L;
        lua_pushcfunction(L, open_check);
        if (lua_pcall(L, 0, 1, 0) == LUA_OK) {
            checker->check = luaL_ref(L, LUA_REGISTRYINDEX);
            return checker;
        }
        error_set(err, ERROR_SCRIPT, "check: %s", lua_tostring(L, -1));
    }
    script_checker_free(checker);
    return NULL;
}

void script_checker_free(struct script_checker *checker)
{
    if (checker == NULL)
        return;
    script_free(checker->script);
    loop_free(checker->sim.loop);
    free(checker);
}

/* ---- telling ---- */

static const char *text_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* it stays in its table */
    return text != NULL ? text : "";
}

static int number_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    int number = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

static void tell_one(lua_State *L, const struct check_listener *listener, struct check_result *ret)
{
    struct check_problem problem = {
        .file = text_field(L, "file"),
        .line = number_field(L, "line"),
        .column = number_field(L, "column"),
        .rule = text_field(L, "rule"),
        .text = text_field(L, "text"),
    };

    lua_getfield(L, -1, "warning");
    problem.warning = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    ret->errors += !problem.warning;
    ret->warnings += problem.warning;
    listener->tell(listener->ctx, &problem);
}

/* The list of problems is at `index`. */
static void tell_all(lua_State *L, int index, const struct check_listener *listener,
                     struct check_result *ret)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);

    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, index, i);
        tell_one(L, listener, ret);
        lua_pop(L, 1);
    }
}

/* ---- files ---- */

struct file_list {
    char **paths;
    size_t count;
};

static bool add_file(void *ctx, const char *path, struct error *err)
{
    struct file_list *list = ctx;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    fclose(file);
    list->paths = xrealloc(list->paths, (list->count + 1) * sizeof *list->paths);
    list->paths[list->count++] = xstrdup(path);
    return true;
}

/* Arguments: the check, a struct file_list. Returns the problems, and how many files were read. */
static int check_files_protected(lua_State *L)
{
    const struct file_list *list = lua_touserdata(L, 2);

    lua_getfield(L, 1, "files");
    lua_createtable(L, (int)list->count, 0);
    for (size_t i = 0; i < list->count; i++) {
        lua_pushstring(L, list->paths[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_call(L, 1, 2);
    return 2;
}

static bool check_list(struct script_checker *checker, struct file_list *list,
                       const struct check_listener *listener, struct check_result *ret,
                       struct error *err)
{
    lua_State *L = checker->script->L;
    bool ok = false;

    lua_pushcfunction(L, check_files_protected);
    lua_rawgeti(L, LUA_REGISTRYINDEX, checker->check);
    lua_pushlightuserdata(L, list);
    if (lua_pcall(L, 2, 2, 0) == LUA_OK) {
        ret->files = (size_t)lua_tointeger(L, -1);
        tell_all(L, lua_gettop(L) - 1, listener, ret);
        ok = true;
    } else {
        error_set(err, ERROR_USAGE, "%s", lua_tostring(L, -1));
    }
    lua_settop(L, 0);
    return ok;
}

bool script_check(const char *vehicles_dir, char *const *paths,
                  const struct check_listener *listener, struct check_result *ret,
                  struct error *err)
{
    struct file_list list = {0};
    bool ok = true;

    *ret = (struct check_result){0};
    for (size_t i = 0; paths[i] != NULL && ok; i++)
        ok = scenario_files_each(paths[i], add_file, &list, err);
    struct script_checker *checker = ok ? script_checker_new(vehicles_dir, err) : NULL;
    ok = checker != NULL && check_list(checker, &list, listener, ret, err);
    script_checker_free(checker);
    for (size_t i = 0; i < list.count; i++)
        free(list.paths[i]);
    free(list.paths);
    return ok;
}

struct text_at {
    const char *path;
    struct slice text;
};

static int check_text_protected(lua_State *L)
{
    const struct text_at *at = lua_touserdata(L, 2);

    lua_getfield(L, 1, "text");
    lua_pushstring(L, at->path);
    lua_pushlstring(L, (const char *)at->text.data, at->text.len);
    lua_call(L, 2, 1);
    return 1;
}

void script_checker_text(struct script_checker *checker, const char *path, struct slice text,
                         const struct check_listener *listener)
{
    lua_State *L = checker->script->L;
    struct text_at at = {.path = path, .text = text};
    struct check_result ret = {0};

    lua_pushcfunction(L, check_text_protected);
    lua_rawgeti(L, LUA_REGISTRYINDEX, checker->check);
    lua_pushlightuserdata(L, &at);
    if (lua_pcall(L, 2, 1, 0) == LUA_OK) {
        tell_all(L, lua_gettop(L), listener, &ret);
    } else {
        struct check_problem problem = {.file = path,
                                        .line = 1,
                                        .column = 1,
                                        .rule = "check",
                                        .text = lua_tostring(L, -1),
                                        .warning = true};
        listener->tell(listener->ctx, &problem);
    }
    lua_settop(L, 0);
}
