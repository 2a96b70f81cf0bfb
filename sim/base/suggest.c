#include "base/suggest.h"

#include <ctype.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned exchange(unsigned char a, unsigned char b)
{
    return tolower(a) != tolower(b);
}

/* One row of the table: what a[0..i] costs against every beginning of b. */
static void fill_row(struct slice a, struct slice b, size_t i, unsigned rows[3][SUGGEST_MAX + 1])
{
    const unsigned *before = rows[(i + 1) % 3];
    const unsigned *above = rows[(i + 2) % 3];
    unsigned *row = rows[i % 3];

    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b.len; j++) {
        row[j] = least(least(above[j], row[j - 1]) + 1,
                       above[j - 1] + exchange(a.data[i - 1], b.data[j - 1]));
        if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
            row[j] = least(row[j], before[j - 2] + 1);
    }
}

unsigned suggest_distance(struct slice a, struct slice b)
{
    unsigned rows[3][SUGGEST_MAX + 1];

    if (a.len > SUGGEST_MAX || b.len > SUGGEST_MAX)
        return SUGGEST_MAX + 1;
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++)
        fill_row(a, b, i, rows);
    return rows[a.len % 3][b.len];
}

void suggestion_init(struct suggestion *s, struct slice wrong)
{
    /* A third of the letters may be wrong, and always one: "id" is near "ip". */
    size_t mistakes = wrong.len / 3 > 1 ? wrong.len / 3 : 1;

    s->wrong = wrong;
    s->best[0] = '\0';
    s->distance = (unsigned)mistakes;
}

void suggestion_offer(struct suggestion *s, struct slice candidate)
{
    if (candidate.len == 0 || candidate.len > SUGGEST_MAX || s->wrong.len > SUGGEST_MAX)
        return;
    unsigned distance = suggest_distance(s->wrong, candidate);
    struct slice best = slice_str(s->best);
    if (distance > s->distance)
        return;
    if (distance == s->distance && best.len != 0) {
        size_t shared = best.len < candidate.len ? best.len : candidate.len;
        int order = memcmp(candidate.data, best.data, shared);
        if (order > 0 || (order == 0 && candidate.len >= best.len))
            return;
    }
    s->distance = distance;
    memcpy(s->best, candidate.data, candidate.len);
    s->best[candidate.len] = '\0';
}
