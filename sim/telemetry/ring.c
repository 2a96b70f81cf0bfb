#include "telemetry/ring.h"

#include <stdlib.h>

#include "base/xmem.h"

void ring_init(struct ring *r, const struct signal_schema *schema, size_t max)
{
    *r = (struct ring){.schema = schema, .max = max};
}

struct waiting *ring_at(const struct ring *r, size_t i)
{
    size_t at = r->start + i;

    return &r->items[at < r->room ? at : at - r->room];
}

static bool is_text(const struct ring *r, const struct waiting *w)
{
    return signal_schema_def(r->schema, w->signal)->type == SIGNAL_STRING;
}

static void end(const struct ring *r, struct waiting *w)
{
    if (is_text(r, w))
        free((char *)(uintptr_t)w->value.s);
    campaign_drop(w->campaign);
}

void ring_clear(struct ring *r)
{
    for (size_t i = 0; i < r->count; i++)
        end(r, ring_at(r, i));
    r->start = r->count = 0;
}

void ring_done(struct ring *r)
{
    ring_clear(r);
    free(r->items);
    r->items = NULL;
    r->room = 0;
}

static void grow(struct ring *r)
{
    size_t room = r->room == 0 ? 16 : r->room * 2;

    room = room < r->max ? room : r->max;
    struct waiting *items = xmalloc(room * sizeof *items);
    for (size_t i = 0; i < r->count; i++)
        items[i] = *ring_at(r, i);
    free(r->items);
    r->items = items;
    r->room = room;
    r->start = 0;
}

/* Takes what w owns. */
static bool put(struct ring *r, const struct waiting *w)
{
    bool full = r->count == r->max;

    if (full) {
        end(r, ring_at(r, 0));
        r->start = r->start + 1 < r->room ? r->start + 1 : 0;
        r->count--;
    } else if (r->count == r->room) {
        grow(r);
    }
    *ring_at(r, r->count++) = *w;
    return full;
}

bool ring_push(struct ring *r, const struct waiting *w)
{
    struct waiting own = *w;

    if (is_text(r, w))
        own.value.s = xstrdup(w->value.s != NULL ? w->value.s : "");
    campaign_keep(own.campaign);
    return put(r, &own);
}

size_t ring_move(struct ring *from, struct ring *to)
{
    size_t lost = 0;

    for (size_t i = 0; i < from->count; i++)
        lost += put(to, ring_at(from, i));
    from->start = from->count = 0;
    return lost;
}

void ring_drop(struct ring *r, const struct campaign *campaign, size_t most)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct waiting *w = ring_at(r, i);
        if (most > 0 && w->campaign == campaign) {
            most--;
            end(r, w);
        } else {
            *ring_at(r, kept++) = *w;
        }
    }
    r->count = kept;
}
