/* The static check: any text gets problems with places, never a crash, and what the compiler takes
   is no syntax error. */
#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "script/check.h"

struct heard {
    const char *text;
    size_t len;
    bool syntax;
};

static void on_problem(void *ctx, const struct check_problem *p)
{
    struct heard *heard = ctx;
    size_t lines = 1;

    for (size_t i = 0; i < heard->len; i++)
        lines += heard->text[i] == '\n' || heard->text[i] == '\r'; /* Lua ends a line at either */
    if (p->line < 1 || (size_t)p->line > lines || p->column < 1 || *p->text == '\0')
        abort();
    heard->syntax = heard->syntax || strcmp(p->rule, "syntax") == 0;
    /* Only what is nested beyond reason may be too much for the check. */
    if (strcmp(p->rule, "check") == 0 && heard->len < 1000)
        abort();
}

static bool compiles(lua_State *L, const char *text, size_t len)
{
    bool ok = luaL_loadbufferx(L, text, len, "=x", "t") == LUA_OK;

    lua_settop(L, 0);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct script_checker *checker;
    static lua_State *L;
    struct heard heard = {.text = (const char *)data, .len = size};
    struct error err;

    if (checker == NULL) {
        checker = script_checker_new("vehicles", &err);
        L = luaL_newstate();
    }
    if (checker == NULL || L == NULL)
        abort();
    script_checker_text(checker, "x.lua", slice_of(data, size),
                        &(struct check_listener){.tell = on_problem, .ctx = &heard});
    /* A first line that begins with # is a file's own. */
    if ((size == 0 || *data != '#') && compiles(L, heard.text, size) == heard.syntax)
        abort();
    return 0;
}
