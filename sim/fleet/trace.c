#include "fleet/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

struct entry {
    char vehicle[24]; /* thing names are VINs */
    char by[24];
    size_t order;
    char *line;
};

struct trace {
    FILE *file;
    const struct loop *loop;
    usec_t instant;
    struct entry *entries;
    size_t count, room;
};

struct trace *trace_new(FILE *file, const struct loop *loop)
{
    struct trace *t = xcalloc(1, sizeof *t);

    t->file = file;
    t->loop = loop;
    return t;
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int by_car = strcmp(x->vehicle, y->vehicle);

    if (by_car != 0)
        return by_car;
    int by_app = strcmp(x->by, y->by);
    if (by_app != 0)
        return by_app;
    return x->order < y->order ? -1 : 1;
}

static void end_instant(struct trace *t)
{
    if (t->count > 1)
        qsort(t->entries, t->count, sizeof *t->entries, compare);
    for (size_t i = 0; i < t->count; i++) {
        fprintf(t->file, "%s\n", t->entries[i].line);
        free(t->entries[i].line);
    }
    t->count = 0;
}

void trace_free(struct trace *t)
{
    if (t == NULL)
        return;
    end_instant(t);
    free(t->entries);
    free(t);
}

void trace_add(struct trace *t, const char *vehicle, struct slice by, const char *line)
{
    if (!loop_is_virtual(t->loop)) {
        fprintf(t->file, "%s\n", line);
        return;
    }
    usec_t now = loop_script_now(t->loop);
    if (now != t->instant)
        end_instant(t);
    t->instant = now;
    if (t->count == t->room) {
        t->room = t->room != 0 ? 2 * t->room : 64;
        t->entries = xrealloc(t->entries, t->room * sizeof *t->entries);
    }
    struct entry *e = &t->entries[t->count];
    *e = (struct entry){.order = t->count, .line = xstrdup(line)};
    memcpy(e->by, by.data, by.len < sizeof e->by ? by.len : sizeof e->by - 1);
    strncat(e->vehicle, vehicle, sizeof e->vehicle - 1);
    t->count++;
}

void trace_flush(struct trace *t)
{
    if (t == NULL)
        return;
    if (t->count > 0 && loop_script_now(t->loop) != t->instant)
        end_instant(t);
    fflush(t->file);
}
