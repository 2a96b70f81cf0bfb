#include "report/fleet_merge.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/atomic_file.h"
#include "report/fleet_log.h"

#define TEXT_MAX ((size_t)1 << 30)
/* Parts end within so many seconds of each other, and their cars do not seem to leave before. */
#define LINGER 3

/* How the values of a column become one. ORDER MERGING */
enum merging { MERGE_SUM, MERGE_LEVEL, MERGE_MAX, MERGE_NONE };

static enum merging merging_of(const char *name)
{
    static const struct {
        const char *name;
        enum merging how;
    } columns[] = {
        {"vehicles",             MERGE_LEVEL},
        {"off",                  MERGE_LEVEL},
        {"asleep",               MERGE_LEVEL},
        {"connecting",           MERGE_LEVEL},
        {"syncing",              MERGE_LEVEL},
        {"online",               MERGE_LEVEL},
        {"backing_off",          MERGE_LEVEL},
        {"provisioning",         MERGE_LEVEL},
        {"commands_open",        MERGE_LEVEL},
        {"memory_mib",           MERGE_LEVEL},
        {"loop_lag_p99_ms",      MERGE_MAX  },
        {"loop_lag_max_ms",      MERGE_MAX  },
        {"lateness_max_ms",      MERGE_MAX  },
        {"task_lateness_max_ms", MERGE_MAX  },
        {"broker_cpu_percent",   MERGE_MAX  }, /* all see the same one */
        {"broker_memory_mib",    MERGE_MAX  },
        {"command_p50_ms",       MERGE_NONE },
        {"command_p99_ms",       MERGE_NONE },
    };

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strcmp(columns[i].name, name) == 0)
            return columns[i].how;
    return MERGE_SUM;
}

/* The second, from 0, in which a line ends: its counts are that second's, so that none is split. */
static size_t second_of(const struct fleet_part *part, const double *ends, size_t row)
{
    return (size_t)fmax(ceil(ends[row] + part->later - 0.5) - 1, 0);
}

static const double *ends_of(const struct fleet_part *part)
{
    const double *ends = fleet_table_column(part->table, "seconds");

    /* The reader knows that its first column never falls. */
    bool usable = ends != NULL && ends == part->table->columns[0] && isfinite(part->later) &&
                  ends[part->table->rows - 1] + fabs(part->later) < FLEET_ROWS_MAX;
    return usable ? ends : NULL;
}

/* ---- one column ---- */

static void add(double *to, double value, enum merging how)
{
    if (isnan(value))
        return;
    *to = isnan(*to) ? value : how == MERGE_MAX ? fmax(*to, value) : *to + value;
}

/* What a part last said holds until it says something else. */
static void add_levels(const struct fleet_part *part, const double *values, double *to,
                       size_t seconds)
{
    const double *ends = ends_of(part);
    double *level = xcalloc(seconds, sizeof *level);

    for (size_t i = 0; i < seconds; i++)
        level[i] = (double)NAN;
    for (size_t row = 0; row < part->table->rows; row++)
        level[second_of(part, ends, row)] = values[row];
    size_t since = 0;
    for (size_t i = 1; i < seconds; i++) {
        since = isnan(level[i]) ? since + 1 : 0;
        if (isnan(level[i]) && since <= LINGER)
            level[i] = level[i - 1];
    }
    for (size_t i = 0; i < seconds; i++)
        add(&to[i], level[i], MERGE_LEVEL);
    free(level);
}

static double *merge_column(const struct fleet_part *parts, size_t count, const char *name,
                            size_t seconds)
{
    enum merging how = merging_of(name);
    double *to = xcalloc(seconds, sizeof *to);

    for (size_t i = 0; i < seconds; i++)
        to[i] = (double)NAN;
    for (size_t n = 0; n < count && how != MERGE_NONE; n++) {
        const double *ends = ends_of(&parts[n]);
        const double *values = fleet_table_column(parts[n].table, name);
        if (ends == NULL || values == NULL)
            continue;
        if (how == MERGE_LEVEL)
            add_levels(&parts[n], values, to, seconds);
        else
            for (size_t row = 0; row < parts[n].table->rows; row++)
                add(&to[second_of(&parts[n], ends, row)], values[row], how);
    }
    return to;
}

/* ---- errors ---- */

struct merged_errors {
    const char *names[FLEET_ERRORS_MAX];
    double *counts[FLEET_ERRORS_MAX]; /* per second */
    size_t count;
};

/* Beyond what there is room for, the last stands for all. */
static double *error_counts(struct merged_errors *e, const char *name, size_t seconds)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->names[i], name) == 0)
            return e->counts[i];
    if (e->count == FLEET_ERRORS_MAX)
        return e->counts[FLEET_ERRORS_MAX - 1];
    e->names[e->count] = name;
    e->counts[e->count] = xcalloc(seconds, sizeof *e->counts[0]);
    return e->counts[e->count++];
}

static void merge_errors(struct merged_errors *e, const struct fleet_part *part, size_t seconds)
{
    const double *ends = ends_of(part);

    for (size_t n = 0; ends != NULL && n < part->table->error_count; n++) {
        const struct fleet_error *from = &part->table->errors[n];
        double *to = error_counts(e, from->name, seconds);
        for (size_t i = 0; i < from->count; i++)
            to[second_of(part, ends, from->at[i].row)] += from->at[i].count;
    }
}

static void put_errors(const struct merged_errors *e, size_t second, struct buf *out)
{
    bool any = false;

    for (size_t i = 0; i < e->count; i++) {
        if (e->counts[i][second] <= 0)
            continue;
        buf_printf(out, "%s%s=%.0f", any ? ";" : "", e->names[i], e->counts[i][second]);
        any = true;
    }
}

/* ---- the whole ---- */

static size_t seconds_of(const struct fleet_part *parts, size_t count)
{
    size_t seconds = 0;

    for (size_t n = 0; n < count; n++) {
        const double *ends = ends_of(&parts[n]);
        if (ends == NULL)
            continue;
        size_t last = second_of(&parts[n], ends, parts[n].table->rows - 1);
        seconds = last + 1 > seconds ? last + 1 : seconds;
    }
    return seconds;
}

static bool is_time(const char *name)
{
    return strcmp(name, "seconds") == 0 || strcmp(name, "interval") == 0;
}

static void put_lines(const struct fleet_table *like, double *const *columns,
                      const struct merged_errors *errors, size_t seconds, struct buf *out)
{
    for (size_t second = 0; second < seconds; second++) {
        for (size_t c = 0; c < like->column_count; c++) {
            const char *name = like->names[c];
            buf_append_str(out, c > 0 ? "," : "");
            if (strcmp(name, "seconds") == 0)
                buf_printf(out, "%zu.000", second + 1);
            else if (strcmp(name, "interval") == 0)
                buf_append_str(out, "1.000");
            else if (strcmp(name, "errors") == 0)
                put_errors(errors, second, out);
            else if (!isnan(columns[c][second]))
                buf_printf(out, "%.10g", columns[c][second]);
        }
        buf_append_str(out, "\n");
    }
}

void fleet_merge(const struct fleet_part *parts, size_t count, struct buf *out)
{
    size_t seconds = seconds_of(parts, count), first = 0;
    double *columns[FLEET_COLUMNS_MAX] = {NULL};
    struct merged_errors errors = {.count = 0};

    if (seconds == 0)
        return;
    while (ends_of(&parts[first]) == NULL)
        first++;
    const struct fleet_table *like = parts[first].table;
    for (size_t c = 0; c < like->column_count; c++) {
        buf_printf(out, "%s%s", c > 0 ? "," : "", like->names[c]);
        if (!is_time(like->names[c]))
            columns[c] = merge_column(parts, count, like->names[c], seconds);
    }
    buf_append_str(out, "\n");
    for (size_t n = 0; n < count; n++)
        merge_errors(&errors, &parts[n], seconds);
    put_lines(like, columns, &errors, seconds, out);
    for (size_t c = 0; c < like->column_count; c++)
        free(columns[c]);
    for (size_t i = 0; i < errors.count; i++)
        free(errors.counts[i]);
}

/* ---- folders ---- */

static void read_table(const char *dir, struct fleet_table *table)
{
    char *path = xasprintf("%s/" FLEET_LOG_FILE, dir);
    FILE *file = fopen(path, "re");

    *table = (struct fleet_table){0};
    if (file != NULL) {
        fleet_table_read(table, file);
        fclose(file);
    }
    free(path);
}

bool fleet_merge_folders(const struct fleet_folder *folders, size_t count, const char *to,
                         struct error *err)
{
    struct fleet_table *tables = xcalloc(count, sizeof *tables);
    struct fleet_part *parts = xcalloc(count, sizeof *parts);
    struct buf text;
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        read_table(folders[i].dir, &tables[i]);
        parts[i] = (struct fleet_part){&tables[i], folders[i].later};
    }
    buf_init(&text, TEXT_MAX);
    fleet_merge(parts, count, &text);
    if (buf_len(&text) > 0) {
        char *path = xasprintf("%s/" FLEET_LOG_FILE, to);
        ok = text.overflow ? error_set(err, ERROR_USAGE, "%s: too large", path)
                           : atomic_file_write(path, buf_slice(&text), err);
        free(path);
    }
    buf_done(&text);
    for (size_t i = 0; i < count; i++)
        fleet_table_done(&tables[i]);
    free(parts);
    free(tables);
    return ok;
}
