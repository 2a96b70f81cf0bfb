#include "cloud/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* A message comes twice, or late, in one of so many. */
#define REPEATS_ONE_IN 2
#define LATE_ONE_IN    8
/* How long what is late waits for what comes after it. */
#define LATE_MS 20

/* Behind what keeps its place. */
#define OTHERS_FIRST (UINT64_C(1) << 63)

/* What the draws are for. */
enum draw { DRAW_REPEAT, DRAW_LATE, DRAW_PLACE, DRAW_PLACE_AGAIN };

bool delivery_parse(const char *text, struct delivery *ret)
{
    static const struct {
        const char *text;
        bool shuffle, duplicate;
    } ways[] = {
        {"in-order",          false, false},
        {"shuffle",           true,  false},
        {"duplicate",         false, true },
        {"shuffle,duplicate", true,  true },
        {"duplicate,shuffle", true,  true },
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(text, ways[i].text) == 0) {
            ret->shuffle = ways[i].shuffle;
            ret->duplicate = ways[i].duplicate;
            return true;
        }
    return false;
}

void delivery_done(struct delivery *d)
{
    cloud_actions_done(&d->late);
}

bool delivery_is_plain(const struct delivery *d)
{
    return !d->shuffle && !d->duplicate && d->late.count == 0;
}

/* splitmix64's finish. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

static uint64_t draw(const struct delivery *d, enum draw what, const char *topic,
                     struct slice payload)
{
    return mix(mix(d->seed + (uint64_t)what + 1) ^ hash_text(topic) ^ mix(hash_bytes(payload)));
}

static uint64_t draw_of(const struct delivery *d, enum draw what, const struct cloud_action *a)
{
    return draw(d, what, a->topic, slice_of(a->payload, a->payload_len));
}

bool delivery_repeats(const struct delivery *d, const char *topic, struct slice payload)
{
    return d->duplicate && draw(d, DRAW_REPEAT, topic, payload) % REPEATS_ONE_IN == 0;
}

static bool for_everybody(const struct cloud_action *a)
{
    return a->kind == CLOUD_ACTION_PUBLISH && a->client_id == NULL;
}

/* Those that come twice, once more behind the others. */
static void repeat(const struct delivery *d, struct cloud_actions *list)
{
    size_t count = list->count;

    for (size_t i = 0; d->duplicate && i < count; i++) {
        const struct cloud_action *a = &list->items[i];
        if (for_everybody(a) && delivery_repeats(d, a->topic, slice_of(a->payload, a->payload_len)))
            cloud_actions_copy(list, i);
    }
}

/* Moves what is going to be late out of the list. */
static void hold_back(struct delivery *d, struct cloud_actions *list, int64_t now_ms)
{
    size_t kept = 0;

    if (d->late.count == 0)
        d->late_until = now_ms + LATE_MS;
    for (size_t i = 0; i < list->count; i++) {
        struct cloud_action *a = &list->items[i];
        if (for_everybody(a) && draw_of(d, DRAW_LATE, a) % LATE_ONE_IN == 0 &&
            cloud_actions_move(&d->late, a))
            continue;
        list->items[kept++] = *a;
    }
    list->count = kept;
}

static void bring_late(struct delivery *d, struct cloud_actions *list)
{
    size_t moved = 0;

    while (moved < d->late.count && cloud_actions_move(list, &d->late.items[moved]))
        moved++;
    memmove(d->late.items, d->late.items + moved, (d->late.count - moved) * sizeof *d->late.items);
    d->late.count -= moved;
}

struct place {
    uint64_t key;
    struct cloud_action action;
};

static int by_key(const void *a, const void *b)
{
    uint64_t x = ((const struct place *)a)->key;
    uint64_t y = ((const struct place *)b)->key;

    return (x > y) - (x < y);
}

/* From `first` on; the second of two copies has a place of its own. */
static void shuffle(const struct delivery *d, struct cloud_actions *list, size_t first)
{
    struct place *places = list->count > 1 ? malloc(list->count * sizeof *places) : NULL;

    if (places == NULL)
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct cloud_action *a = &list->items[i];
        uint64_t key = i;
        if (for_everybody(a))
            key = draw_of(d, i < first ? DRAW_PLACE : DRAW_PLACE_AGAIN, a) | OTHERS_FIRST;
        places[i] = (struct place){.key = key, .action = *a};
    }
    qsort(places, list->count, sizeof *places, by_key);
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = places[i].action;
    free(places);
}

void delivery_arrange(struct delivery *d, struct cloud_actions *list, bool hold, int64_t now_ms)
{
    struct cloud_actions late = d->late;
    bool due = late.count != 0 && (now_ms >= d->late_until || d->late_until - now_ms > LATE_MS);

    if (due)
        cloud_actions_init(&d->late);
    if (d->shuffle && hold)
        hold_back(d, list, now_ms);
    if (due) {
        struct delivery was = {.late = late};
        bring_late(&was, list);
        delivery_done(&was);
    }
    size_t once = list->count;
    repeat(d, list);
    if (d->shuffle)
        shuffle(d, list, once);
}
