#include "report/story_rows.h"

#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

/* What is not further apart happens at once, to the eye. */
#define AT_ONCE  0.02
#define TOGETHER 0.05

static bool is_signal(const struct moment *m)
{
    return m->from == MOMENT_ACTUATORS && json_get(m->event, "path") != NULL; /* no order */
}

static void take_signal(struct row *row, const struct moment *m)
{
    row->signal_count++;
    row->last = m->t;
    for (size_t i = 0; i < ROW_SIGNALS && m != NULL; i++) {
        const struct moment *was = row->signals[i];
        if (was != NULL && m->tone <= was->tone)
            continue;
        row->signals[i] = m;
        m = was; /* finds a place further behind, or none */
    }
}

static bool joins(const struct row *row, const struct moment *m, bool left)
{
    if (row->wide != NULL || moment_is_said(m))
        return false;
    if (row->right != NULL && is_signal(row->right) && is_signal(m))
        return m->t - row->last < TOGETHER;
    return m->t - row->t < AT_ONCE && (left ? row->left : row->right) == NULL;
}

static void put(struct row *row, const struct moment *m, bool left)
{
    if (moment_is_said(m))
        row->wide = m;
    else if (left)
        row->left = m;
    else if (row->right == NULL)
        row->right = m;
    if (!left && is_signal(m))
        take_signal(row, m);
}

struct rows rows_make(const struct moments *m)
{
    struct rows rows = {.list = xcalloc(m->count != 0 ? m->count : 1, sizeof *rows.list)};

    for (size_t i = 0; i < m->count; i++) {
        const struct moment *moment = &m->list[i];
        bool left = moment->from == MOMENT_APP || moment->to == MOMENT_APP;
        if (moment->tone == MOMENT_QUIET)
            continue;
        if (rows.count == 0 || !joins(&rows.list[rows.count - 1], moment, left))
            rows.list[rows.count++] = (struct row){.t = moment->t, .last = moment->t};
        put(&rows.list[rows.count - 1], moment, left);
    }
    if (rows.count > ROWS_MAX) {
        rows.hidden = rows.count - ROWS_MAX;
        memmove(rows.list, rows.list + rows.hidden, ROWS_MAX * sizeof *rows.list);
        rows.count = ROWS_MAX;
    }
    return rows;
}
