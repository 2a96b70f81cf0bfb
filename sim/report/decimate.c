#include "report/decimate.h"

#include <math.h>
#include <stdbool.h>

/* What stays of one column, by position in the series. */
struct column {
    size_t first, low, high, last;
    size_t gap; /* a NaN in it */
    bool any, broken;
};

static void look(struct column *c, const double *y, size_t i)
{
    if (isnan(y[i])) {
        c->gap = i;
        c->broken = true;
        return;
    }
    if (!c->any)
        *c = (struct column){i, i, i, i, c->gap, true, c->broken};
    c->last = i;
    c->low = y[i] < y[c->low] ? i : c->low;
    c->high = y[i] > y[c->high] ? i : c->high;
}

static size_t emit(const struct column *c, const double *x, const double *y,
                   struct decimated_point *ret)
{
    size_t low_first = c->low < c->high;
    size_t order[5] = {c->first, low_first ? c->low : c->high, low_first ? c->high : c->low,
                       c->last, c->gap};
    size_t n = 0, from = c->any ? 0 : 4, to = c->broken ? 5 : 4;

    /* The gap takes its place among the others. */
    for (size_t i = 4; c->any && c->broken && i > 0 && order[i - 1] > order[i]; i--) {
        size_t swap = order[i];
        order[i] = order[i - 1];
        order[i - 1] = swap;
    }
    for (size_t i = from; i < to; i++)
        if (i == from || order[i] != order[i - 1])
            ret[n++] = (struct decimated_point){x[order[i]], y[order[i]]};
    return n;
}

size_t decimate(const double *x, const double *y, size_t count, double width, size_t columns,
                struct decimated_point *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < count;) {
        struct column c = {0};
        double number = floor(x[i] / width * (double)columns);
        for (; i < count && floor(x[i] / width * (double)columns) <= number; i++)
            look(&c, y, i);
        n += emit(&c, x, y, ret + n);
    }
    return n;
}
