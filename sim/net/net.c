#include "net/net.h"

#include <assert.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "net/farewell.h"
#include "net/link.h"

/* Turns of the loop for which output waits at most, so that those who always have something to do
   do not keep others waiting. */
#define HELD_BACK_MAX 4
/* A loop that has much to do takes long for a turn. */
#define HELD_BACK_FOR (5 * USEC_PER_MSEC)

void net_flush(struct net *net)
{
    net->held_back = 0;
    while (net->dirty != NULL)
        link_flush(net->dirty);
}

static void on_before_wait(struct ev_loop *ev, ev_prepare *w, int events)
{
    struct net *net = w->data;
    usec_t now = clock_now();

    (void)ev;
    (void)events;
    if (net->held_back == 0)
        net->held_since = now;
    /* What the next turn adds can leave in the same piece: a send costs more than most turns. */
    if (loop_goes_on(net->loop) && net->held_back < HELD_BACK_MAX &&
        now - net->held_since <= HELD_BACK_FOR) {
        net->held_back++;
        return;
    }
    net_flush(net);
}

struct net *net_new(struct loop *loop)
{
    struct net *net = xmalloc(sizeof *net);

    net->loop = loop;
    net->dirty = NULL;
    net->held_back = 0;
    net->open = NULL;
    net->carried = (struct net_carried){0};
    net->farewells = NULL;
    net->farewell_count = 0;
    net->sources = NULL;
    net->resumed = NULL;
    net->resumed_ctx = NULL;
    net->random_left = 0;
    ev_prepare_init(&net->before_wait, on_before_wait);
    net->before_wait.data = net;
    ev_prepare_start(loop->ev, &net->before_wait);
    /* The loop ends when nobody waits for anything; this watcher waits for nothing. */
    ev_unref(loop->ev);
    return net;
}

void net_free(struct net *net)
{
    if (net == NULL)
        return;
    assert(net->dirty == NULL);
    farewell_end_all(net);
    ev_ref(net->loop->ev);
    ev_prepare_stop(net->loop->ev, &net->before_wait);
    free(net);
}

uint32_t net_random(struct net *net)
{
    if (net->random_left == 0) {
        /* Only fails on a machine whose kernel has no entropy source. */
        int ok = RAND_bytes((unsigned char *)net->random, (int)sizeof net->random);
        assert(ok == 1);
        (void)ok;
        net->random_left = sizeof net->random / sizeof net->random[0];
    }
    return net->random[--net->random_left];
}
