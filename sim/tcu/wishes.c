#include "tcu/wishes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "tcu/core.h"
#include "tcu/desired.h"
#include "tcu/order.h"

#define HASH_MASK 0x7fffffffU /* of shadow_handled.hash */

static uint32_t hash_of(const struct signal_def *def, union signal_value value)
{
    uint32_t h = 2166136261U; /* FNV-1a */
    const char *bytes = (const char *)&value;
    size_t len = sizeof value;
    union signal_value clean = {.i = 0};

    if (def->type == SIGNAL_STRING) {
        bytes = value.s;
        len = strlen(value.s);
    } else if (def->type == SIGNAL_BOOL) {
        clean.i = value.b ? 1 : 0;
        bytes = (const char *)&clean;
    } else if (def->type == SIGNAL_ENUM) {
        clean.i = value.e;
        bytes = (const char *)&clean;
    }
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)bytes[i]) * 16777619U;
    h &= HASH_MASK;
    return h != 0 ? h : 1;
}

static struct shadow_handled *handled_of(struct tcu *t, size_t index)
{
    return &t->p->handled[signal_schema_def(t->signals.schema, index)->desired_slot];
}

void shadow_forget(struct tcu *t, const struct tcu_order *order)
{
    for (size_t i = 0; i < order->change_count; i++)
        *handled_of(t, order->changes[i].index) = (struct shadow_handled){.hash = 0};
}

static bool fresh(struct tcu *t, const struct desired_leaf *leaf)
{
    const struct signal_def *def = signal_schema_def(t->signals.schema, leaf->change.index);
    const struct shadow_handled *h = handled_of(t, leaf->change.index);
    return h->hash != hash_of(def, leaf->change.value) || h->timestamp != leaf->timestamp;
}

/* Picks what to act on. A delta repeats every outstanding difference (contract 1.6), so what was
   handled before is left out. But an update that has written nothing new must have wished the same
   thing once more, within the second that timestamps can tell: then it is obeyed. */
static size_t choose(struct tcu *t, const struct wish *w, const struct desired *d,
                     struct signal_change *ret)
{
    size_t count = 0;

    for (size_t i = 0; i < d->count; i++)
        if (fresh(t, &d->leaves[i]))
            ret[count++] = d->leaves[i].change;
    if (count != 0 || w->written == 0)
        return count;
    for (size_t i = 0; i < d->count; i++)
        if (d->leaves[i].timestamp == w->written)
            ret[count++] = d->leaves[i].change;
    return count;
}

/* Has this update written the leaf? If others before it have not been heard of, and it shows
   several that are new and of its second, nobody can tell. */
static bool is_of(const struct wish *w, const struct desired_leaf *leaf, size_t news)
{
    return w->written != 0 && leaf->timestamp == w->written && (w->next || news == 1);
}

static void remember(struct tcu *t, const struct wish *w, const struct desired *d)
{
    size_t news = 0;

    for (size_t i = 0; i < d->count; i++)
        news += d->leaves[i].timestamp == w->written && fresh(t, &d->leaves[i]);
    for (size_t i = 0; i < d->count; i++) {
        const struct desired_leaf *leaf = &d->leaves[i];
        const struct signal_def *def = signal_schema_def(t->signals.schema, leaf->change.index);
        struct shadow_handled *h = handled_of(t, leaf->change.index);
        bool traced = is_of(w, leaf, news) || (!fresh(t, leaf) && h->traced != 0);
        *h = (struct shadow_handled){.hash = hash_of(def, leaf->change.value) & HASH_MASK,
                                     .traced = traced ? 1U : 0U,
                                     .timestamp = leaf->timestamp};
    }
}

/* What no signal can be, after the name of a shadow that has one. */
static void note_bad(struct tcu *t, const struct shadow *s, const char *first, size_t count)
{
    const char *name = signal_schema_shadow_name(t->signals.schema, s->slot);
    const char *in = name != NULL ? name : "", *colon = name != NULL ? ": " : "";

    if (count > 1)
        core_note(t, TCU_NOTE_UNKNOWN_DESIRED, "%s%s%s (and %zu more)", in, colon, first,
                  count - 1);
    else
        core_note(t, TCU_NOTE_UNKNOWN_DESIRED, "%s%s%s", in, colon, first);
}

void wishes_act_on(struct tcu *t, struct shadow *s, const struct wish *w, usec_t at)
{
    struct tcu_order *order = NULL;
    struct desired d;

    desired_read(&d, t->signals.schema, s->slot, &w->state, &w->metadata);
    if (d.count != 0) {
        struct signal_change few[DESIRED_FEW];
        struct signal_change *changes =
            d.count <= DESIRED_FEW ? few : xcalloc(d.count, sizeof *changes);
        size_t count = choose(t, w, &d, changes);
        if (count != 0)
            order = order_new(TCU_ORDER_DESIRED, w->token, t->signals.schema, changes, count);
        if (changes != few)
            free(changes);
    }
    remember(t, w, &d);
    bool news = d.bad != 0 && s->noted_version != w->version;
    desired_done(&d);
    if (news)
        s->noted_version = w->version;
    if (order != NULL)
        core_hand_out(t, order, at);
    if (news)
        note_bad(t, s, d.first_bad.text, d.bad);
}

/* What was handled, of this update's second; NULL: the leaf is none of it. */
static struct shadow_handled *handled_with(struct tcu *t, const struct wish *w,
                                           const struct desired_leaf *leaf)
{
    return leaf->timestamp == w->written && !fresh(t, leaf) ? handled_of(t, leaf->change.index)
                                                            : NULL;
}

bool wishes_forget_rewritten(struct tcu *t, const struct shadow *s, const struct wish *w)
{
    struct desired d;
    size_t first = 0, again = 0;

    desired_read(&d, t->signals.schema, s->slot, &w->state, &w->metadata);
    for (size_t i = 0; i < d.count; i++) {
        struct shadow_handled *h = handled_with(t, w, &d.leaves[i]);
        first += h != NULL && h->traced == 0;
        if (h != NULL)
            h->traced = 1;
    }
    for (size_t i = 0; i < d.count && first == 0; i++) {
        struct shadow_handled *h = handled_with(t, w, &d.leaves[i]);
        if (h == NULL)
            continue;
        *h = (struct shadow_handled){.hash = 0};
        again++;
    }
    desired_done(&d);
    return again != 0;
}
