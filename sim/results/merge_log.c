#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/hlog_codec.h"
#include "results/merge_inside.h"

#define ENCODED_MAX ((size_t)4 << 30)
#define SECONDS_MAX 100000000.0

/* An interval of one run, as text: there are many, and few fit into memory side by side
   otherwise. */
struct piece {
    uint32_t second; /* since the earliest run began */
    uint32_t tag;
    usec_t length, max;
    size_t at, len; /* in the text */
};

struct gathering {
    const struct merge *merge;
    char **tags;
    size_t tag_count;
    struct piece *pieces;
    size_t count, room;
    struct buf text;
};

static uint32_t tag_index(struct gathering *g, const char *tag)
{
    for (size_t i = 0; i < g->tag_count; i++)
        if (strcmp(g->tags[i], tag) == 0)
            return (uint32_t)i;
    g->tags = xrealloc(g->tags, (g->tag_count + 1) * sizeof *g->tags);
    g->tags[g->tag_count] = xstrdup(tag);
    return (uint32_t)g->tag_count++;
}

static uint32_t second_of(const struct gathering *g, double start)
{
    double since = start - (double)g->merge->started_wall_ms / 1000;

    return since > 0 ? (uint32_t)(since < SECONDS_MAX ? since : SECONDS_MAX) : 0;
}

static bool gather(void *arg, const struct hlog_entry *entry)
{
    struct gathering *g = arg;
    size_t at = buf_len(&g->text);

    if (!hlog_encode(entry->histogram, &g->text))
        return false;
    if (g->count == g->room) {
        g->room = g->room != 0 ? g->room * 2 : 1024;
        g->pieces = xrealloc(g->pieces, g->room * sizeof *g->pieces);
    }
    g->pieces[g->count++] = (struct piece){
        .second = second_of(g, entry->start),
        .tag = tag_index(g, entry->tag),
        .length = (usec_t)((entry->length < SECONDS_MAX ? entry->length : SECONDS_MAX) * 1e6),
        .max = histogram_max(entry->histogram),
        .at = at,
        .len = buf_len(&g->text) - at,
    };
    return true;
}

static int in_order(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->tag < y->tag ? -1 : x->tag > y->tag ? 1 : 0;
}

/* The pieces from `i` on that belong together become one line; returns the one after them. */
static size_t write_group(const struct gathering *g, size_t i, struct histogram *sum,
                          struct buf *out)
{
    const struct piece *first = &g->pieces[i];
    usec_t length = USEC_PER_SEC, max = 0;
    struct error err;

    histogram_clear(sum);
    for (; i < g->count && in_order(first, &g->pieces[i]) == 0; i++) {
        const struct piece *p = &g->pieces[i];
        struct slice all = buf_slice(&g->text);
        hlog_decode(slice_of(all.data + p->at, p->len), sum, &err); /* it is our own */
        length = p->length > length ? p->length : length;
        max = p->max > max ? p->max : max;
    }
    sum->max = max; /* the text has it to three digits only */
    hlog_write_entry(out, g->tags[first->tag], first->second * USEC_PER_SEC, length, sum);
    return i;
}

static bool gather_all(struct gathering *g, struct error *err)
{
    for (size_t i = 0; i < g->merge->count; i++)
        if (g->merge->parts[i].run != NULL &&
            !past_run_intervals(g->merge->parts[i].run, gather, g, err))
            return false;
    return !g->text.overflow || error_set(err, ERROR_USAGE, "latency.hlog: too large to merge");
}

bool merge_write_log(const struct merge *m, struct buf *out, struct error *err)
{
    struct gathering g = {.merge = m};
    struct histogram sum;

    buf_init(&g.text, ENCODED_MAX);
    histogram_init(&sum);
    bool ok = gather_all(&g, err);
    if (ok && g.count > 0)
        qsort(g.pieces, g.count, sizeof *g.pieces, in_order);
    hlog_write_header(out,
                      "fleetsim " FLEETSIM_VERSION ": several runs added up, values in "
                      "microseconds, Interval_Max in milliseconds",
                      m->started_wall_ms);
    for (size_t i = 0; ok && i < g.count;)
        i = write_group(&g, i, &sum, out);
    if (ok && out->overflow)
        ok = error_set(err, ERROR_USAGE, "latency.hlog: too large to merge");
    for (size_t i = 0; i < g.tag_count; i++)
        free(g.tags[i]);
    free(g.tags);
    free(g.pieces);
    histogram_done(&sum);
    buf_done(&g.text);
    return ok;
}
