#include "script/digest.h"

#include <lauxlib.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/base64.h"

#define DIGEST_TYPE "fleetsim.digest"

static struct slice text_arg(lua_State *L, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);

    return slice_of(text, len);
}

/* ---- SHA-256 ---- */

struct digest {
    EVP_MD_CTX *context; /* NULL: collected */
};

static struct digest *digest_check(lua_State *L)
{
    return luaL_checkudata(L, 1, DIGEST_TYPE);
}

/* sha256(): a digest of nothing yet */
static int f_sha256(lua_State *L)
{
    struct digest *d = lua_newuserdatauv(L, sizeof *d, 0);

    *d = (struct digest){.context = NULL};
    luaL_setmetatable(L, DIGEST_TYPE);
    d->context = EVP_MD_CTX_new();
    if (d->context == NULL || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
        return luaL_error(L, "no SHA-256");
    return 1;
}

/* digest:add(bytes) */
static int f_add(lua_State *L)
{
    struct slice bytes = text_arg(L, 2);

    if (EVP_DigestUpdate(digest_check(L)->context, bytes.data, bytes.len) != 1)
        return luaL_error(L, "no SHA-256");
    return 0;
}

/* digest:hex(): of what was added; more may follow */
static int f_hex(lua_State *L)
{
    const struct digest *d = digest_check(L);
    unsigned char sum[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1];
    unsigned len = 0;
    EVP_MD_CTX *copy = EVP_MD_CTX_new();

    bool ok = copy != NULL && EVP_MD_CTX_copy_ex(copy, d->context) == 1 &&
              EVP_DigestFinal_ex(copy, sum, &len) == 1;
    EVP_MD_CTX_free(copy);
    if (!ok)
        return luaL_error(L, "no SHA-256");
    for (unsigned i = 0; i < len; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", sum[i]);
    lua_pushlstring(L, text, 2 * (size_t)len);
    return 1;
}

static int f_gc(lua_State *L)
{
    struct digest *d = digest_check(L);

    EVP_MD_CTX_free(d->context);
    d->context = NULL;
    return 0;
}

/* ---- base64 ---- */

/* to_base64(bytes) */
static int f_to_base64(lua_State *L)
{
    struct slice bytes = text_arg(L, 1);
    luaL_Buffer b;

    luaL_buffinitsize(L, &b, (bytes.len + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.len; i += 3) {
        char four[4];
        base64_four(bytes.data + i, bytes.len - i < 3 ? bytes.len - i : 3, four);
        luaL_addlstring(&b, four, sizeof four);
    }
    luaL_pushresult(&b);
    return 1;
}

/* from_base64(text): its bytes, or nil */
static int f_from_base64(lua_State *L)
{
    struct slice text = text_arg(L, 1);
    size_t len = 0;
    luaL_Buffer b;
    char *room = luaL_buffinitsize(L, &b, text.len / 4 * 3 + 3);

    if (base64_read(text, (uint8_t *)room, &len))
        luaL_pushresultsize(&b, len);
    else
        lua_pushnil(L);
    return 1;
}

void digest_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sha256",      f_sha256     },
        {"to_base64",   f_to_base64  },
        {"from_base64", f_from_base64},
        {NULL,          NULL         },
    };
    static const luaL_Reg methods[] = {
        {"add", f_add},
        {"hex", f_hex},
        {NULL,  NULL },
    };

    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, DIGEST_TYPE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, f_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
