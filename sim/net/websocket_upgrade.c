#include "net/websocket_upgrade.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* RFC 6455 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define ACCEPT_SIZE 29
/* [MQTT-6.0.0-3] */
#define PROTOCOL "mqtt"
/* Of what the server says, in a message of ours. */
#define QUOTE_MAX 60

void websocket_upgrade_init(struct websocket_upgrade *u, const uint8_t nonce[WEBSOCKET_NONCE_SIZE])
{
    buf_init(&u->answer, WEBSOCKET_ANSWER_MAX);
    EVP_EncodeBlock((unsigned char *)u->key, nonce, WEBSOCKET_NONCE_SIZE);
}

void websocket_upgrade_done(struct websocket_upgrade *u)
{
    buf_done(&u->answer);
}

bool websocket_upgrade_request(const struct websocket_upgrade *u, const char *authority,
                               const char *path, struct buf *out)
{
    return buf_printf(out,
                      "GET %s HTTP/1.1\r\n"
                      "Host: %s\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Key: %s\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Protocol: " PROTOCOL "\r\n"
                      "\r\n",
                      path, authority, u->key);
}

static void expected_accept(const struct websocket_upgrade *u, char ret[ACCEPT_SIZE])
{
    char text[sizeof u->key + sizeof ACCEPT_GUID];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    snprintf(text, sizeof text, "%s" ACCEPT_GUID, u->key);
    ret[0] = '\0';
    /* What the protocol asks for; it protects nothing. */
    if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL) == 1)
        EVP_EncodeBlock((unsigned char *)ret, digest, (int)len);
}

/* --- The answer --- */

static struct slice trim(struct slice s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = slice_of(s.data + 1, s.len - 1);
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool same(struct slice s, const char *text)
{
    return s.len == strlen(text) && strncasecmp((const char *)s.data, text, s.len) == 0;
}

/* What is before the separator; the rest loses it. All of it if there is none. */
static struct slice cut(struct slice *rest, const char *separator)
{
    size_t len = strlen(separator);
    const uint8_t *at = rest->len > 0 ? memmem(rest->data, rest->len, separator, len) : NULL;
    struct slice before = *rest;

    if (at == NULL) {
        *rest = (struct slice){NULL, 0};
        return before;
    }
    before.len = (size_t)(at - rest->data);
    *rest = slice_of(at + len, rest->len - before.len - len);
    return before;
}

static bool has_token(struct slice list, const char *token)
{
    while (list.len > 0)
        if (same(trim(cut(&list, ",")), token))
            return true;
    return false;
}

/* Printable, and not too long. */
static const char *quote(struct slice s, char ret[QUOTE_MAX + 1])
{
    size_t len = s.len < QUOTE_MAX ? s.len : QUOTE_MAX;

    for (size_t i = 0; i < len; i++)
        ret[i] = (char)(s.data[i] >= ' ' && s.data[i] < 0x7f ? s.data[i] : '?');
    ret[len] = '\0';
    return ret;
}

struct answer {
    bool upgrade, connection;
    struct slice accept, protocol, extensions;
};

static bool read_field(struct answer *a, struct slice line)
{
    struct slice value = line;
    struct slice name = cut(&value, ":");

    /* A line that begins with a space would continue the one before, which HTTP has given up. */
    if (name.len == line.len || name.len == 0 || trim(name).len != name.len)
        return false;
    value = trim(value);
    if (same(name, "Upgrade"))
        a->upgrade |= has_token(value, "websocket");
    else if (same(name, "Connection"))
        a->connection |= has_token(value, "upgrade");
    else if (same(name, "Sec-WebSocket-Accept"))
        a->accept = value;
    else if (same(name, "Sec-WebSocket-Protocol"))
        a->protocol = value;
    else if (same(name, "Sec-WebSocket-Extensions"))
        a->extensions = value;
    return true;
}

static bool refuse(struct error *err, const char *what)
{
    return error_set(err, ERROR_TARGET, "WebSocket upgrade: %s", what);
}

static const char *hint(struct slice code)
{
    static const struct hint {
        char first[4];
        const char *text;
    } hints[] = {
        {"301", " (redirects are not followed: give the address it leads to)"},
        {"302", " (redirects are not followed: give the address it leads to)"},
        {"307", " (redirects are not followed: give the address it leads to)"},
        {"308", " (redirects are not followed: give the address it leads to)"},
        {"400", " (does it speak WebSocket there, with TLS or without?)"     },
        {"404", " (is the path right? wss://host:port/path)"                 },
        {"426", " (does it speak WebSocket there?)"                          },
    };

    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (slice_is(code, hints[i].first))
            return hints[i].text;
    return "";
}

/* "HTTP/1.1 101 Switching Protocols" */
static bool check_status(struct slice line, struct error *err)
{
    char quoted[QUOTE_MAX + 1];
    struct slice rest = line;
    struct slice version = cut(&rest, " ");
    struct slice code = rest.len >= 3 ? slice_of(rest.data, 3) : rest;

    if (version.len < 5 || memcmp(version.data, "HTTP/", 5) != 0)
        return refuse(err, "the answer is not HTTP (does it speak WebSocket there?)");
    if (slice_is(code, "101") && (rest.len == 3 || rest.data[3] == ' ')) {
        if (slice_is(version, "HTTP/1.1"))
            return true;
        return refuse(err, "the answer is not HTTP/1.1");
    }
    return error_set(err, ERROR_TARGET, "the broker answered %s to the WebSocket upgrade%s",
                     quote(rest, quoted), hint(code));
}

static bool check_fields(const struct websocket_upgrade *u, const struct answer *a,
                         struct error *err)
{
    char accept[ACCEPT_SIZE], quoted[QUOTE_MAX + 1];

    expected_accept(u, accept);
    if (!a->upgrade || !a->connection)
        return refuse(err, "the answer switches, but not to WebSocket");
    if (!slice_is(a->accept, accept))
        return refuse(err, "Sec-WebSocket-Accept does not match our key (a cache between?)");
    if (!slice_is(a->protocol, PROTOCOL))
        return error_set(err, ERROR_TARGET,
                         "WebSocket upgrade: the broker chose the protocol \"%s\", not \"" PROTOCOL
                         "\" (is it an MQTT endpoint?)",
                         quote(a->protocol, quoted));
    if (a->extensions.len > 0)
        return error_set(err, ERROR_TARGET,
                         "WebSocket upgrade: the broker uses extensions that were not offered: %s",
                         quote(a->extensions, quoted));
    return true;
}

static bool check_answer(const struct websocket_upgrade *u, struct slice text, struct error *err)
{
    struct answer a = {0};

    if (!check_status(cut(&text, "\r\n"), err))
        return false;
    while (text.len > 0) {
        struct slice line = cut(&text, "\r\n");
        if (line.len == 0)
            break;
        if (!read_field(&a, line))
            return refuse(err, "the answer has a header line that is none");
    }
    return check_fields(u, &a, err);
}

enum websocket_answer websocket_upgrade_next(struct websocket_upgrade *u, struct slice *input,
                                             struct error *err)
{
    static const char end[] = "\r\n\r\n";
    size_t old = buf_len(&u->answer);
    size_t room = WEBSOCKET_ANSWER_MAX - old;
    size_t len = input->len < room ? input->len : room;

    if (len > 0)
        buf_append(&u->answer, input->data, len);
    /* The end may have begun in what came before. */
    size_t from = old < 3 ? 0 : old - 3;
    struct slice all = buf_slice(&u->answer);
    const uint8_t *at = all.data != NULL && all.len > from
                            ? memmem(all.data + from, all.len - from, end, sizeof end - 1)
                            : NULL;
    if (at != NULL) {
        size_t size = (size_t)(at - all.data) + sizeof end - 1;
        len = size - old;
        *input = slice_of(input->data + len, input->len - len);
        return check_answer(u, slice_of(all.data, size), err) ? WEBSOCKET_ACCEPTED
                                                              : WEBSOCKET_REFUSED;
    }
    *input = slice_of(input->data + len, input->len - len);
    /* What is not HTTP may never end. */
    if (all.len >= 5 && memcmp(all.data, "HTTP/", 5) != 0) {
        refuse(err, "the answer is not HTTP (does it speak WebSocket there?)");
        return WEBSOCKET_REFUSED;
    }
    if (all.len < WEBSOCKET_ANSWER_MAX)
        return WEBSOCKET_INCOMPLETE;
    refuse(err, "the answer's header has more than 8 KiB");
    return WEBSOCKET_REFUSED;
}
