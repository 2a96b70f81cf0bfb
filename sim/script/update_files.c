#include "script/update_files.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/store.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "pki/code_signing.h"
#include "pki/pem_file.h"
#include "script/runtime.h"

#define FAULTS_ENDING ".faults" /* artifacts/artifact_server.h */

static struct slice bytes_arg(lua_State *L, int index)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, index, &len);

    return slice_of(bytes, len);
}

/* ---- artifacts ---- */

/* The file and the folders above it; path is relative. */
static bool put_file(const char *dir, const char *path, struct slice bytes, struct error *err)
{
    char *whole = xasprintf("%s/%s", dir, path);
    char *slash = strrchr(whole, '/');

    *slash = '\0';
    bool ok = store_make_dir(whole, err);
    *slash = '/';
    ok = ok && store_write(whole, STORE_SECRET, bytes, err);
    free(whole);
    return ok;
}

/* put_artifact(path, bytes, faults): faults are lines of text, or "". False: there is no artifact
   server that would serve it. */
static int f_put_artifact(lua_State *L)
{
    const char *dir = script_of(L)->updates.artifacts_dir;
    const char *path = luaL_checkstring(L, 1);
    struct slice bytes = bytes_arg(L, 2), faults = bytes_arg(L, 3);
    struct error err;

    lua_pushboolean(L, dir != NULL);
    if (dir == NULL)
        return 1;
    const char *beside = lua_pushfstring(L, "%s" FAULTS_ENDING, path);
    bool ok = (faults.len == 0 || put_file(dir, beside, faults, &err)) &&
              put_file(dir, path, bytes, &err);
    lua_pop(L, 1);
    return ok ? 1 : luaL_error(L, "%s", err.text);
}

/* ---- signatures ---- */

static bool read_digest(lua_State *L, int index, uint8_t ret[EC_DIGEST_SIZE])
{
    struct slice hex = bytes_arg(L, index);
    char pair[3] = "";
    char *end;

    if (hex.len != (size_t)2 * EC_DIGEST_SIZE)
        return false;
    for (size_t i = 0; i < EC_DIGEST_SIZE; i++) {
        memcpy(pair, hex.data + 2 * i, 2);
        ret[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != '\0')
            return false;
    }
    return true;
}

static bool make_signer(lua_State *L, const char *dir, const char *signer, struct error *err)
{
    bool timed = !lua_isnoneornil(L, 3);
    int64_t now = loop_wall_ms(script_of(L)->sim->loop) / 1000;
    int64_t begins = (int64_t)luaL_optnumber(L, 3, (lua_Number)(now - 86400));
    int64_t ends = (int64_t)luaL_optnumber(L, 4, (lua_Number)(now + INT64_C(315360000)));

    return (!timed && code_signer_exists(dir, signer)) ||
           code_signer_make(dir, signer, begins, ends, err);
}

/* sign_code(sha256, signer, begins, ends): signature (base64) and certificate (PEM); false if there
   is no place for signers. With times (Unix seconds) the signer is made anew. */
static int f_sign_code(lua_State *L)
{
    const char *dir = script_of(L)->updates.signing_dir;
    const char *signer = luaL_checkstring(L, 2);
    uint8_t digest[EC_DIGEST_SIZE];
    struct buf signature, certificate, text;
    struct error err;

    if (!read_digest(L, 1, digest))
        return luaL_error(L, "a SHA-256 has 64 hex digits");
    if (dir == NULL) {
        lua_pushboolean(L, 0);
        return 1;
    }
    buf_init(&signature, EC_SIGNATURE_SIZE);
    buf_init(&certificate, PEM_FILE_MAX);
    buf_init(&text, PEM_FILE_MAX);
    bool ok = make_signer(L, dir, signer, &err) &&
              code_sign(dir, signer, digest, &signature, &certificate, &err);
    base64_put(&text, buf_slice(&signature));
    lua_pushstring(L, ok ? buf_cstr(&text) : err.text);
    lua_pushstring(L, buf_cstr(&certificate));
    buf_done(&signature);
    buf_done(&certificate);
    buf_done(&text);
    if (ok)
        return 2;
    lua_pop(L, 1);
    return lua_error(L);
}

/* verify_code(sha256, signature, certificate): "GOOD", or why not */
static int f_verify_code(lua_State *L)
{
    const struct script *script = script_of(L);
    const char *dir = script->updates.signing_dir;
    struct slice text = bytes_arg(L, 2);
    uint8_t digest[EC_DIGEST_SIZE];
    struct code_claim claim = {.certificate = bytes_arg(L, 3), .digest = digest};
    enum code_verdict verdict = CODE_UNREADABLE;
    size_t len = 0;

    if (!read_digest(L, 1, digest))
        return luaL_error(L, "a SHA-256 has 64 hex digits");
    uint8_t *signature = xcalloc(1, text.len + 3);
    char *authority = xasprintf("%s/" CODE_AUTHORITY_FILE, dir != NULL ? dir : "");
    if (base64_read(text, signature, &len)) {
        claim.signature = slice_of(signature, len);
        verdict = code_verify(authority, &claim, loop_wall_ms(script->sim->loop) / 1000);
    }
    free(authority);
    free(signature);
    lua_pushstring(L, code_verdict_name(verdict));
    return 1;
}

void update_files_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"put_artifact", f_put_artifact},
        {"sign_code",    f_sign_code   },
        {"verify_code",  f_verify_code },
        {NULL,           NULL          },
    };

    luaL_setfuncs(L, functions, 0);
}
