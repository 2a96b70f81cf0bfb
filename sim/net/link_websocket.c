/* The link's WebSocket: the upgrade, and frames around what goes in and out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "net/link_inside.h"

/* Besides the owner's output: the request, or frame headers and control frames. */
#define OVERHEAD_MAX ((size_t)16384)
/* Further PONGs are left out, for a peer that only sends PINGs and never reads. */
#define PONG_BYTES_MAX ((size_t)4096)
/* Of the peer's own words, in a message of ours. */
#define REASON_MAX 60

static void start(struct link *l)
{
    struct link_websocket *ws = xcalloc(1, sizeof *ws);
    uint32_t nonce[WEBSOCKET_NONCE_SIZE / sizeof(uint32_t)];

    for (size_t i = 0; i < sizeof nonce / sizeof nonce[0]; i++)
        nonce[i] = net_random(l->net);
    websocket_upgrade_init(&ws->upgrade, (const uint8_t *)nonce);
    buf_init(&ws->out, l->out.max + OVERHEAD_MAX);
    l->websocket = ws;
}

void link_websocket_free(struct link *l)
{
    if (l->websocket == NULL)
        return;
    websocket_upgrade_done(&l->websocket->upgrade);
    buf_done(&l->websocket->out);
    free(l->websocket);
    l->websocket = NULL;
}

/* --- Upgrading --- */

void link_upgrade_start(struct link *l)
{
    l->state = LINK_UPGRADING;
    link_set_deadline(l, l->tls_timeout);
    start(l);
    if (websocket_upgrade_request(&l->websocket->upgrade, endpoint_authority(l->endpoint),
                                  endpoint_path(l->endpoint), &l->websocket->out))
        link_upgrade(l, EV_WRITE);
    else
        link_fail(l, LINK_FAILURE_WEBSOCKET, "WebSocket upgrade: the path is too long");
}

/* False: the link is closed. */
static bool send_request(struct link *l)
{
    ptrdiff_t status = link_drain(l);

    if (status != TLS_EOF && status != TLS_RESET && status != TLS_ERROR)
        return true;
    link_fail_status(l, status, errno);
    return false;
}

void link_upgrade(struct link *l, int events)
{
    struct error err;

    if (!send_request(l))
        return;
    ptrdiff_t n = (events & EV_READ) != 0 ? link_read(l) : TLS_WANT_READ;
    if (n == TLS_WANT_READ || n == TLS_WANT_WRITE) {
        link_watch(l);
        return;
    }
    if (n < 0) {
        link_fail_status(l, n, errno);
        return;
    }
    struct slice input = slice_of(l->net->scratch, (size_t)n);
    switch (websocket_upgrade_next(&l->websocket->upgrade, &input, &err)) {
    case WEBSOCKET_ACCEPTED:
        websocket_upgrade_done(&l->websocket->upgrade);
        link_open_up(l, input);
        break;
    case WEBSOCKET_REFUSED:
        link_fail(l, LINK_FAILURE_WEBSOCKET, err.text);
        break;
    case WEBSOCKET_INCOMPLETE:
        /* What TLS has read ahead does not wake the watcher. */
        if (l->ssl != NULL && tls_has_more(l->ssl))
            ev_feed_event(l->net->loop->ev, &l->io, EV_READ);
        link_watch(l);
        break;
    }
}

/* --- Open --- */

struct buf *link_websocket_output(struct link *l)
{
    struct link_websocket *ws = l->websocket;

    if (l->state == LINK_OPEN && buf_len(&ws->out) == 0 && buf_len(&l->out) > 0) {
        websocket_pack(&ws->out, WEBSOCKET_BINARY, buf_slice(&l->out), net_random(l->net));
        buf_done(&l->out);
    }
    return &ws->out;
}

static void pong(struct link *l, struct slice payload)
{
    struct link_websocket *ws = l->websocket;

    if (buf_len(&ws->out) == 0)
        ws->pong_bytes = 0;
    ws->pong_bytes += WEBSOCKET_HEAD_MAX + payload.len;
    if (ws->pong_bytes <= PONG_BYTES_MAX)
        websocket_pack(&ws->out, WEBSOCKET_PONG, payload, net_random(l->net));
}

/* Nothing is to come: says so with the same code, as far as the socket takes it. */
static void answer_close(struct link *l, uint16_t code)
{
    struct buf *out = link_websocket_output(l);

    websocket_pack_close(out, code, net_random(l->net));
    link_drain(l);
}

static void on_closed(struct link *l, struct slice reason)
{
    uint16_t code = l->websocket->frames.code;
    char text[REASON_MAX + 128], said[REASON_MAX + 1];
    size_t len = reason.len < REASON_MAX ? reason.len : REASON_MAX;

    for (size_t i = 0; i < len; i++)
        said[i] = (char)(reason.data[i] >= ' ' && reason.data[i] < 0x7f ? reason.data[i] : '?');
    said[len] = '\0';
    snprintf(text, sizeof text, "closed by the peer: WebSocket close %u, %s%s%s", code,
             websocket_code_name(code), len > 0 ? ": " : "", said);
    answer_close(l, code == WEBSOCKET_NO_CODE ? WEBSOCKET_NORMAL : code);
    link_fail(l, LINK_FAILURE_TCP, text);
}

static void on_broken(struct link *l)
{
    const struct websocket *frames = &l->websocket->frames;
    char text[160];

    snprintf(text, sizeof text, "the broker broke the WebSocket protocol: %s", frames->why);
    answer_close(l, frames->code);
    link_fail(l, LINK_FAILURE_WEBSOCKET, text);
}

void link_websocket_receive(struct link *l, struct slice bytes)
{
    /* An event may close the link, and the WebSocket with it. */
    while (l->state == LINK_OPEN) {
        struct slice piece = {NULL, 0};
        switch (websocket_next(&l->websocket->frames, &bytes, &piece)) {
        case WEBSOCKET_MORE:
            return;
        case WEBSOCKET_DATA:
            l->events->received(l->ctx, piece);
            break;
        case WEBSOCKET_PINGED:
            pong(l, piece);
            break;
        case WEBSOCKET_CLOSED:
            on_closed(l, piece);
            break;
        case WEBSOCKET_BROKEN:
            on_broken(l);
            break;
        }
    }
}

void link_websocket_goodbye(struct link *l)
{
    websocket_pack_close(link_websocket_output(l), WEBSOCKET_NORMAL, net_random(l->net));
}
