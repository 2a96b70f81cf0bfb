/*
 * fake_link.h — a link (net/link.h) without a socket, for the native engine: what the engine sends
 * stays in link->out, what it receives is what the test says. These functions take the place of
 * those of sim/net when the program is linked, so include it in one file of a program only.
 */
#ifndef SUPPORT_FAKE_LINK_H
#define SUPPORT_FAKE_LINK_H

#include <stdlib.h>

#include "net/link.h"

/* The last one initialised. */
static struct link *the_link;

static inline void fake_link_require(bool ok)
{
    if (!ok)
        abort();
}

void link_init(struct link *l, struct net *net, const struct link_events *events, void *ctx,
               size_t out_max)
{
    *l = (struct link){.net = net, .events = events, .ctx = ctx};
    buf_init(&l->out, out_max);
    the_link = l;
}

bool link_open(struct link *l, const struct link_options *options, struct error *err)
{
    (void)options;
    (void)err;
    l->state = LINK_CONNECTING;
    return true;
}

void link_kick(struct link *l)
{
    fake_link_require(l->state != LINK_CLOSED);
}

void link_flush(struct link *l)
{
    (void)l;
}

void link_finish(struct link *l)
{
    link_close(l);
}

void link_close(struct link *l)
{
    l->state = LINK_CLOSED;
    buf_done(&l->out);
}

int link_abandon(struct link *l)
{
    link_close(l);
    return -1;
}

static inline void fake_link_up(struct link *l)
{
    l->events->connected(l->ctx);
    if (l->state != LINK_CONNECTING)
        return;
    l->state = LINK_OPEN;
    l->events->opened(l->ctx);
}

/* Lost, from the other side. */
static inline void fake_link_lose(struct link *l)
{
    if (l->state == LINK_CLOSED)
        return;
    link_close(l);
    l->events->closed(l->ctx, LINK_FAILURE_TCP, "reset");
}

static inline void fake_link_receive(struct link *l, struct slice bytes)
{
    l->events->received(l->ctx, bytes);
}

#endif
