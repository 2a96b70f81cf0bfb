/*
 * websocket_upgrade.h — the HTTP exchange that turns a connection into a WebSocket for MQTT (RFC
 * 6455 section 4, MQTT 5 section 6): makes the request, judges the answer. No sockets.
 *
 * Owns      the answer so far, at most WEBSOCKET_ANSWER_MAX bytes.
 * Promises  whatever arrives never crashes it; redirects are not followed.
 */
#ifndef NET_WEBSOCKET_UPGRADE_H
#define NET_WEBSOCKET_UPGRADE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/* Status line and header together. */
#define WEBSOCKET_ANSWER_MAX ((size_t)8192)
#define WEBSOCKET_NONCE_SIZE 16

enum websocket_answer {
    WEBSOCKET_INCOMPLETE, /* more of it is to come */
    WEBSOCKET_ACCEPTED,
    WEBSOCKET_REFUSED /* or not understood */
};

struct websocket_upgrade {
    char key[25]; /* Sec-WebSocket-Key */
    struct buf answer;
};

void websocket_upgrade_init(struct websocket_upgrade *u, const uint8_t nonce[WEBSOCKET_NONCE_SIZE]);
void websocket_upgrade_done(struct websocket_upgrade *u);

/* authority: "host" or "host:port", IPv6 in brackets; path: with its slash, and query if any. */
bool websocket_upgrade_request(const struct websocket_upgrade *u, const char *authority,
                               const char *path, struct buf *out);
/* Feeds the answer. ACCEPTED: the input that is left is of the WebSocket. REFUSED: err has a
   sentence. */
enum websocket_answer websocket_upgrade_next(struct websocket_upgrade *u, struct slice *input,
                                             struct error *err);

#endif
