#include "telemetry/seal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telemetry/bytes.h"

enum { VERSION = 1, HEAD_LEN = 1 + SEAL_ID_LEN + SEAL_NONCE_LEN, CONTEXT_MAX = 256 };

/* ---- keys ---- */

static bool hmac(const uint8_t key[SEAL_KEY_LEN], struct slice data, uint8_t ret[SEAL_KEY_LEN])
{
    unsigned len = 0;

    return HMAC(EVP_sha256(), key, SEAL_KEY_LEN, data.data, data.len, ret, &len) != NULL;
}

static bool read_hex(struct slice text, uint8_t ret[SEAL_KEY_LEN])
{
    const size_t digits = (size_t)SEAL_KEY_LEN * 2;

    for (size_t i = 0; i < digits; i++) {
        int c = text.len == digits ? tolower(text.data[i]) : 0;
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | digit);
    }
    return true;
}

bool seal_key_parse(struct slice text, struct seal_key *ret, struct error *err)
{
    uint8_t master[SEAL_KEY_LEN] = {0};
    uint8_t id[SEAL_KEY_LEN];

    while (text.len != 0 && isspace(text.data[0]))
        text = slice_of(text.data + 1, text.len - 1);
    while (text.len != 0 && isspace(text.data[text.len - 1]))
        text.len--;
    if (!read_hex(text, master))
        return error_set(err, ERROR_USAGE,
                         "not a telemetry key: 64 hexadecimal digits expected (openssl rand -hex "
                         "32)");
    bool ok = hmac(master, slice_str("fleetsim telemetry id"), id) &&
              hmac(master, slice_str("fleetsim telemetry cipher"), ret->cipher) &&
              hmac(master, slice_str("fleetsim telemetry nonce"), ret->nonce);
    memcpy(ret->id, id, SEAL_ID_LEN);
    OPENSSL_cleanse(master, sizeof master);
    return ok || error_set(err, ERROR_FAILED, "telemetry key: HMAC failed");
}

static bool read_key(int fd, const char *path, struct seal_key *ret, struct error *err)
{
    char text[256];
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return error_set(err, ERROR_USAGE, "%s: not a file", path);
    if ((st.st_mode & 077) != 0)
        return error_set(err, ERROR_USAGE, "%s: others may read it (chmod 600 %s)", path, path);
    ssize_t n = read(fd, text, sizeof text);
    bool ok = n >= 0 && seal_key_parse(slice_of(text, (size_t)n), ret, err);
    OPENSSL_cleanse(text, sizeof text);
    if (n < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    return ok || error_prefix(err, "%s", path);
}

bool seal_key_load(const char *path, struct seal_key *ret, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    bool ok = read_key(fd, path, ret, err);
    close(fd);
    return ok;
}

/* ---- sealing ---- */

/* What is authenticated besides: purpose, car, number. */
static bool put_context(struct buf *out, const char *thing, uint64_t seq)
{
    buf_append_str(out, "fleetsim telemetry");
    put_u8(out, VERSION);
    put_text(out, slice_str(thing));
    put_be(out, seq, 8);
    return !out->overflow;
}

static bool nonce_of(const struct seal_key *key, struct slice context, struct slice plain,
                     uint8_t ret[SEAL_NONCE_LEN])
{
    uint8_t mac[SEAL_KEY_LEN];
    struct buf text;

    buf_init(&text, context.len + plain.len);
    bool ok = buf_append_slice(&text, context) && buf_append_slice(&text, plain) &&
              hmac(key->nonce, buf_slice(&text), mac);
    buf_done(&text);
    if (ok)
        memcpy(ret, mac, SEAL_NONCE_LEN);
    return ok;
}

/* Encrypts and puts the tag behind the text; or decrypts, and checks the tag behind the text. */
static bool gcm(const struct seal_key *key, struct slice context, const uint8_t *nonce,
                struct slice in, uint8_t *out, bool encrypt)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[SEAL_TAG_LEN];
    int n = 0;
    bool ok = c != NULL && in.len <= INT32_MAX &&
              EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key->cipher, nonce, encrypt) == 1 &&
              EVP_CipherUpdate(c, NULL, &n, context.data, (int)context.len) == 1 &&
              EVP_CipherUpdate(c, out, &n, in.data, (int)in.len) == 1;

    if (ok && !encrypt) {
        memcpy(tag, in.data + in.len, sizeof tag);
        ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN, tag) == 1;
    }
    ok = ok && EVP_CipherFinal_ex(c, out + in.len, &n) == 1;
    if (ok && encrypt)
        ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN, out + in.len) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

bool seal(const struct seal_key *key, const char *thing, uint64_t seq, struct slice plain,
          struct buf *out)
{
    uint8_t nonce[SEAL_NONCE_LEN];
    struct buf context;

    buf_init(&context, CONTEXT_MAX);
    bool ok = put_context(&context, thing, seq) && nonce_of(key, buf_slice(&context), plain, nonce);
    put_u8(out, VERSION);
    buf_append(out, key->id, SEAL_ID_LEN);
    buf_append(out, nonce, SEAL_NONCE_LEN);
    uint8_t *room = ok ? buf_reserve(out, plain.len + SEAL_TAG_LEN) : NULL;
    ok = room != NULL && gcm(key, buf_slice(&context), nonce, plain, room, true);
    if (ok)
        buf_commit(out, plain.len + SEAL_TAG_LEN);
    buf_done(&context);
    return ok && !out->overflow;
}

bool seal_open(const struct seal_key *key, const char *thing, uint64_t seq, struct slice sealed,
               struct buf *out, struct error *err)
{
    struct buf context;

    if (sealed.len < HEAD_LEN + SEAL_TAG_LEN || sealed.data[0] != VERSION)
        return error_set(err, ERROR_FAILED, "not sealed by version %d", VERSION);
    if (memcmp(sealed.data + 1, key->id, SEAL_ID_LEN) != 0)
        return error_set(err, ERROR_FAILED, "sealed with another key");
    struct slice body = slice_of(sealed.data + HEAD_LEN, sealed.len - HEAD_LEN - SEAL_TAG_LEN);
    buf_init(&context, CONTEXT_MAX);
    uint8_t *room = put_context(&context, thing, seq) ? buf_reserve(out, body.len + 16) : NULL;
    bool ok = room != NULL &&
              gcm(key, buf_slice(&context), sealed.data + 1 + SEAL_ID_LEN, body, room, false);
    buf_done(&context);
    if (!ok)
        return error_set(err, ERROR_FAILED, "sealed by another car, or tampered with");
    buf_commit(out, body.len);
    return true;
}
