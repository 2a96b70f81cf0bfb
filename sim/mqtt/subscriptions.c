#include "mqtt/subscriptions.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "mqtt/reason.h"

void subscriptions_done(struct subscriptions *t)
{
    free(t->at);
    *t = (struct subscriptions){0};
}

static struct subscription *find(const struct subscriptions *t, struct slice filter)
{
    uint64_t hash = hash_bytes(filter);

    for (size_t i = 0; i < t->count; i++)
        if (t->at[i].filter == hash)
            return &t->at[i];
    return NULL;
}

static bool is_repeated(const struct mqtt_filter *filters, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (slice_equal(filters[i].filter, filters[index].filter))
            return true;
    return false;
}

size_t subscriptions_fresh(const struct subscriptions *t, const struct mqtt_filter *filters,
                           size_t count)
{
    size_t fresh = 0;

    for (size_t i = 0; i < count; i++)
        fresh += find(t, filters[i].filter) == NULL && !is_repeated(filters, i);
    return fresh;
}

void subscriptions_ask(struct subscriptions *t, uint16_t packet_id,
                       const struct mqtt_filter *filters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        /* What is held stays held even if it is refused this time. */
        if (find(t, filters[i].filter) != NULL)
            continue;
        t->at = xrealloc(t->at, (t->count + 1) * sizeof *t->at);
        t->at[t->count++] = (struct subscription){
            .filter = hash_bytes(filters[i].filter), .packet_id = packet_id, .index = (uint16_t)i};
    }
}

static void drop(struct subscriptions *t, struct subscription *s)
{
    *s = t->at[--t->count];
}

void subscriptions_answer(struct subscriptions *t, uint16_t packet_id, const uint8_t *codes,
                          size_t count)
{
    for (size_t i = t->count; i-- > 0;) {
        struct subscription *s = &t->at[i];
        if (s->packet_id != packet_id)
            continue;
        s->packet_id = 0;
        if (s->index >= count || codes[s->index] >= MQTT_REASON_UNSPECIFIED_ERROR)
            drop(t, s);
    }
}

void subscriptions_rewind(struct subscriptions *t)
{
    for (size_t i = t->count; i-- > 0;)
        if (t->at[i].packet_id != 0)
            drop(t, &t->at[i]);
}

void subscriptions_end(struct subscriptions *t, const struct slice *filters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct subscription *s = find(t, filters[i]);
        if (s != NULL)
            drop(t, s);
    }
}
