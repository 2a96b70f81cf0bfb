#include "script/loader.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script/model.h"
#include "script/names.h"

static const char loaded_key;

/* Text only: bytecode can crash the interpreter. */
static int load_text_file(lua_State *L, const char *path)
{
    struct stat st;
    const char *why = NULL;

    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        why = strerror(errno);
    else if (S_ISDIR(st.st_mode))
        why = "is a folder";
    if (why != NULL) {
        lua_pushfstring(L, "%s: %s", path, why);
        return LUA_ERRFILE;
    }
    int status = luaL_loadfilex(L, path, "t");
    if (status == LUA_ERRSYNTAX && strstr(lua_tostring(L, -1), "binary chunk") != NULL)
        lua_pushfstring(L, "%s: bytecode is not loaded (give the Lua source)", path);
    return status;
}

/* Calls the chunk on top with a new environment and leaves its result. What an earlier call has
   made keeps the environment of that call. */
static int run_chunk(lua_State *L)
{
    script_push_prelude(L, "environment_cell");
    lua_call(L, 0, 1);
    lua_upvaluejoin(L, -2, 1, -1, 1);
    lua_pop(L, 1);
    lua_call(L, 0, 1);
    return 1;
}

/* Pops what was raised. */
static bool failed(struct script *script, const char *path, enum error_code code, struct error *err)
{
    char *text = script_take_text(script, script->L);

    error_set(err, code, "%s", text);
    if (strncmp(text, path, strlen(path)) != 0)
        error_prefix(err, "%s", path);
    free(text);
    return false;
}

bool script_compile(struct script *script, const char *path, int *ret_chunk, struct error *err)
{
    int top = lua_gettop(script->L);
    int status = load_text_file(script->L, path);

    if (status != LUA_OK) {
        failed(script, path, status == LUA_ERRFILE ? ERROR_USAGE : ERROR_SCRIPT, err);
        lua_settop(script->L, top);
        return false;
    }
    *ret_chunk = luaL_ref(script->L, LUA_REGISTRYINDEX);
    return true;
}

bool script_run_chunk(struct script *script, int chunk, const char *path, int modules,
                      struct error *err)
{
    lua_State *L = script->L;
    int top = lua_gettop(L);

    lua_pushcfunction(L, script_traceback);
    lua_pushcfunction(L, run_chunk);
    lua_rawgeti(L, LUA_REGISTRYINDEX, chunk);
    script->loading = true;
    script->loading_modules = modules;
    script->loads++;
    script->scheduler.grown = 0;
    lua_sethook(L, script_on_budget, LUA_MASKCOUNT, SCRIPT_OUTSIDE_BUDGET);
    int status = lua_pcall(L, 1, 0, top + 1);
    lua_sethook(L, NULL, 0, 0);
    script->loading = false;
    bool ok = status == LUA_OK || failed(script, path, ERROR_SCRIPT, err);
    lua_settop(L, top);
    return ok;
}

static bool readable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The folder of the innermost script among the callers, or ".". Pushes nothing. */
static void caller_dir(lua_State *L, char *ret, size_t size)
{
    lua_Debug ar;

    const char *beside = script_of(L)->beside;

    snprintf(ret, size, "%s", beside != NULL ? beside : ".");
    for (int level = 1; lua_getstack(L, level, &ar) != 0; level++) {
        lua_getinfo(L, "S", &ar);
        if (ar.source[0] != '@')
            continue;
        const char *slash = strrchr(ar.source, '/');
        if (slash != NULL)
            snprintf(ret, size, "%.*s", (int)(slash - ar.source - 1), ar.source + 1);
        return;
    }
}

/* Pushes the path: "parts.doors" is DIR/parts/doors.lua. */
static bool find_module(lua_State *L, const char *name)
{
    char dir[1024];
    const char *dirs[2] = {dir, script_of(L)->vehicles_dir};

    caller_dir(L, dir, sizeof dir);
    const char *file = luaL_gsub(L, name, ".", "/");
    for (size_t i = 0; i < 2; i++) {
        const char *path = lua_pushfstring(L, "%s/%s.lua", dirs[i], file);
        if (readable(path)) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return false;
}

static bool module_name_ok(const char *name)
{
    return *name != '\0' && *name != '.' && strstr(name, "..") == NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
               strlen(name);
}

/* "parts.dors": looks at the names in parts/ beside the script and in the vehicles folder. */
static int no_module(lua_State *L, const char *name)
{
    const char *vehicles = script_of(L)->vehicles_dir;
    const char *dot = strrchr(name, '.');
    struct suggestion s;
    char dir[1024];

    caller_dir(L, dir, sizeof dir);
    const char *prefix = lua_pushlstring(L, name, dot != NULL ? (size_t)(dot - name) + 1 : 0);
    const char *folder = luaL_gsub(L, prefix, ".", "/");
    suggestion_init(&s, slice_str(name));
    names_offer_folder(&s, lua_pushfstring(L, "%s/%s", dir, folder), prefix, NULL);
    names_offer_folder(&s, lua_pushfstring(L, "%s/%s", vehicles, folder), prefix, NULL);
    names_push(L, &s);
    return script_raise(L, "module '%s' not found (looked beside the script and in %s)%s", name,
                        vehicles, lua_tostring(L, -1));
}

/* The folder's models, so that the right one can be chosen. */
static int no_model(lua_State *L, const char *name)
{
    const char *vehicles = script_of(L)->vehicles_dir;
    struct suggestion s;
    struct buf list;

    buf_init(&list, 1000);
    suggestion_init(&s, slice_str(name));
    bool readable_folder = names_offer_folder(&s, vehicles, "", &list);
    if (!readable_folder || buf_len(&list) == 0)
        lua_pushfstring(L, "there are none in %s", vehicles);
    else
        lua_pushfstring(L, "there are %s", buf_cstr(&list));
    buf_done(&list);
    names_push(L, &s);
    return script_raise(L, "no model '%s'; %s%s", name, lua_tostring(L, -2), lua_tostring(L, -1));
}

/* ---- modules ---- */

/* In a table of modules: it has all of them, also those of the vehicles folder. */
#define ALL_OWN 1

/* Pushes the modules of whoever asks, by path; false if it has none of its own. */
static bool push_own(lua_State *L)
{
    struct script *script = script_of(L);
    struct task *task = task_running(&script->scheduler);

    if (script->reloading != 0) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, script->reloading);
        return true;
    }
    if (script->loading) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, script->loading_modules);
        return true;
    }
    if (task != NULL && lua_rawgetp(L, LUA_REGISTRYINDEX, task_owner(task)) == LUA_TTABLE)
        return true;
    if (task != NULL)
        lua_pop(L, 1);
    return false;
}

static bool is_of_vehicles(const struct script *script, const char *path)
{
    size_t len = strlen(script->vehicles_dir);

    return strncmp(path, script->vehicles_dir, len) == 0 && path[len] == '/';
}

/* Pushes the table of modules in which that file belongs. */
static void push_loaded(lua_State *L, const char *path)
{
    if (push_own(L)) {
        bool all = lua_rawgeti(L, -1, ALL_OWN) != LUA_TNIL;
        lua_pop(L, 1);
        if (all || !is_of_vehicles(script_of(L), path))
            return;
        lua_pop(L, 1);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
}

/* Leaves what the file returned (true if it was nil): from the table if it has run before. */
static void push_module(lua_State *L, const char *path)
{
    push_loaded(L, path);
    int loaded = lua_gettop(L);
    if (lua_getfield(L, loaded, path) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushcfunction(L, run_chunk);
        if (load_text_file(L, path) != LUA_OK)
            lua_error(L);
        lua_call(L, 1, 1);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushboolean(L, 1);
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, loaded, path);
    }
    lua_remove(L, loaded);
}

static void check_model(lua_State *L, const char *name, const char *path)
{
    if (!model_is(L, -1))
        script_raise(L, "model '%s': its file does not return model{…}", name);
    lua_pushliteral(L, "file");
    lua_pushstring(L, path);
    lua_rawset(L, -3);
}

void script_push_module_path(lua_State *L, const char *name)
{
    if (!module_name_ok(name))
        script_raise(L, "'%s' is not a module's name (such as \"parts.doors\")", name);
    if (!find_module(L, name))
        no_module(L, name);
}

void script_push_model_file(lua_State *L, const char *path)
{
    push_module(L, path);
    check_model(L, path, path);
}

/* require(name): beside the script that asks, then in the vehicles folder; each file once. */
static int f_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    luaL_argcheck(L, module_name_ok(name), 1, "a module name such as \"parts.doors\" expected");
    if (!find_module(L, name))
        return no_module(L, name);
    push_module(L, lua_tostring(L, -1));
    return 1;
}

void script_push_model(lua_State *L, const char *name)
{
    if (!module_name_ok(name))
        script_raise(L, "model '%s': not a model's name", name);
    if (!find_module(L, name))
        no_model(L, name);
    const char *path = lua_tostring(L, -1);
    push_module(L, path);
    check_model(L, name, path);
    lua_remove(L, -2);
}

/* Models by file, all with modules of their own. */
static int load_anew(lua_State *L)
{
    lua_newtable(L);
    lua_Integer n = luaL_len(L, 1);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        const char *path = luaL_checkstring(L, -1);
        push_module(L, path);
        check_model(L, path, path);
        lua_rawset(L, 2);
    }
    return 1;
}

/* reload(files): runs these model files again, and whatever they require, for the running scenario;
   returns the models by file. Raises, and changes nothing, if one has an error. */
static int f_reload(lua_State *L)
{
    struct script *script = script_of(L);
    struct script_owner *owner = script_owner_current(L, "car:reload()");

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L);
    lua_pushboolean(L, 1);
    lua_rawseti(L, -2, ALL_OWN);
    lua_pushvalue(L, -1);
    int fresh = luaL_ref(L, LUA_REGISTRYINDEX);
    int before = script->reloading;
    script->reloading = fresh;
    lua_pushcfunction(L, load_anew);
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 1, 1, 0);
    script->reloading = before;
    luaL_unref(L, LUA_REGISTRYINDEX, fresh);
    if (status != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, owner);
    return 1;
}

void loader_each_file(struct script *script, const struct script_owner *owner,
                      void (*fn)(void *ctx, const char *path), void *ctx)
{
    lua_State *L = script->L;

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, owner) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
    }
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            fn(ctx, lua_tostring(L, -2));
    lua_pop(L, 1);
}

void loader_adopt(struct script *script, const struct script_owner *owner, int modules)
{
    lua_rawgeti(script->L, LUA_REGISTRYINDEX, modules);
    lua_rawsetp(script->L, LUA_REGISTRYINDEX, owner);
}

void loader_forget(struct script *script, const struct script_owner *owner)
{
    lua_pushnil(script->L);
    lua_rawsetp(script->L, LUA_REGISTRYINDEX, owner);
}

/* load(text): never bytecode, always in the caller's kind of environment. */
static int f_load(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *name = luaL_optstring(L, 2, "=(load)");

    if (luaL_loadbufferx(L, text, len, name, "t") != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    script_push_prelude(L, "environment");
    lua_call(L, 0, 1);
    lua_setupvalue(L, -2, 1);
    return 1;
}

/* model(name): as cars of that name have it */
static int f_model(lua_State *L)
{
    script_push_model(L, luaL_checkstring(L, 1));
    return 1;
}

static const luaL_Reg functions[] = {
    {"require", f_require},
    {"load",    f_load   },
    {"reload",  f_reload },
    {"model",   f_model  },
    {NULL,      NULL     }
};

void loader_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
}
