#include "script/run_order.h"

#include <stdlib.h>

#include "base/rng.h"
#include "base/xmem.h"
#include "script/scenario.h"

/* Apart from the draws of scenarios. */
#define ORDER_STREAM UINT64_C(0x6f72646572)

void run_order_shuffle(struct scenario **order, size_t count, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed, ORDER_STREAM);
    for (size_t i = count; i > 1; i--) {
        size_t k = (size_t)rng_below(&rng, i);
        struct scenario *s = order[i - 1];
        order[i - 1] = order[k];
        order[k] = s;
    }
}

void run_order_alone_last(struct scenario **order, size_t count)
{
    struct scenario **alone = xcalloc(count + 1, sizeof(struct scenario *));
    size_t beside = 0, alones = 0;

    for (size_t i = 0; i < count; i++) {
        if (order[i]->alone)
            alone[alones++] = order[i];
        else
            order[beside++] = order[i];
    }
    for (size_t i = 0; i < alones; i++)
        order[beside + i] = alone[i];
    free(alone);
}
