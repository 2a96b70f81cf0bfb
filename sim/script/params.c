#include "script/params.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "base/xmem.h"
#include "script/scenario.h"

struct params {
    char **given; /* "name=value" */
    size_t given_count;
    char **declared;
    size_t declared_count;
    char *refused; /* why a value cannot be; NULL: all can */
};

static bool is_name(const char *text, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    return len > 0 && strchr(letters, *text) != NULL && strspn(text, all) == len;
}

struct params *params_new(const char *const *given, size_t count, struct error *err)
{
    struct params *p = xcalloc(1, sizeof *p);

    p->given = xcalloc(count + 1, sizeof *p->given);
    for (size_t i = 0; i < count; i++) {
        if (strchr(given[i], '=') == NULL || !is_name(given[i], strcspn(given[i], "="))) {
            error_set(err, ERROR_USAGE, "--param %s: not a parameter (as count=5)", given[i]);
            params_free(p);
            return NULL;
        }
        p->given[p->given_count++] = xstrdup(given[i]);
    }
    return p;
}

void params_free(struct params *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->given_count; i++)
        free(p->given[i]);
    for (size_t i = 0; i < p->declared_count; i++)
        free(p->declared[i]);
    free(p->given);
    free(p->declared);
    free(p->refused);
    free(p);
}

const char *params_given(const struct params *p, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = p != NULL ? p->given_count : 0; i-- > 0;)
        if (strncmp(p->given[i], name, len) == 0 && p->given[i][len] == '=')
            return p->given[i] + len + 1;
    return NULL;
}

static bool is_declared(const struct params *p, const char *name)
{
    for (size_t i = 0; i < p->declared_count; i++)
        if (strcmp(p->declared[i], name) == 0)
            return true;
    return false;
}

void params_declare(struct params *p, const char *name)
{
    if (is_declared(p, name))
        return;
    p->declared = xrealloc(p->declared, (p->declared_count + 1) * sizeof *p->declared);
    p->declared[p->declared_count++] = xstrdup(name);
}

static bool unknown(const struct params *p, const char *given, const char *name, struct error *err)
{
    struct suggestion s;
    struct buf known;

    suggestion_init(&s, slice_str(name));
    buf_init(&known, 1000);
    for (size_t i = 0; i < p->declared_count; i++) {
        suggestion_offer(&s, slice_str(p->declared[i]));
        buf_printf(&known, "%s%s", i != 0 ? ", " : "", p->declared[i]);
    }
    if (s.best[0] != '\0')
        error_set(
            err, ERROR_USAGE,
            "--param %s: no file declares a parameter '%s'; did you mean '%s'? (there are %s)",
            given, name, s.best, buf_cstr(&known));
    else if (p->declared_count > 0)
        error_set(err, ERROR_USAGE, "--param %s: no file declares a parameter '%s' (there are %s)",
                  given, name, buf_cstr(&known));
    else
        error_set(err, ERROR_USAGE,
                  "--param %s: no file declares a parameter (one does by `param(\"%s\", default)`)",
                  given, name);
    buf_done(&known);
    return false;
}

void params_blame(const struct params *p, struct error *err)
{
    if (p != NULL && p->refused != NULL)
        error_set(err, ERROR_USAGE, "%s", p->refused);
}

bool params_check(const struct params *p, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < p->given_count; i++) {
        char *name = xstrndup(p->given[i], strcspn(p->given[i], "="));
        if (!is_declared(p, name))
            ok = unknown(p, p->given[i], name, err);
        free(name);
    }
    return ok;
}

/* ---- what the prelude is given ---- */

/* param(name): the text that was given for it, or nil. While files are loaded it is declared. */
static int f_param(lua_State *L)
{
    const struct scenario_host *host = script_of(L)->scenarios;
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);

    if (!is_name(name, len))
        return luaL_error(L, "a parameter's name has letters, digits and _, not '%s'", name);
    if (host == NULL || host->params == NULL)
        return 0;
    if (host->loading != NULL)
        params_declare(host->params, name);
    lua_pushstring(L, params_given(host->params, name));
    return 1;
}

/* refuse_param(why): raises, and remembers that the value which was given is to blame */
static int f_refuse_param(lua_State *L)
{
    const struct scenario_host *host = script_of(L)->scenarios;
    const char *why = luaL_checkstring(L, 1);

    if (host != NULL && host->params != NULL && host->params->refused == NULL)
        host->params->refused = xstrdup(why);
    lua_settop(L, 1);
    return lua_error(L);
}

static const luaL_Reg functions[] = {
    {"param",        f_param       },
    {"refuse_param", f_refuse_param},
    {NULL,           NULL          }
};

void params_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
