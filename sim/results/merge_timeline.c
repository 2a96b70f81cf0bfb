#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "results/merge_inside.h"

#define TIMELINE    "timeline.csv"
#define COLUMNS_MAX 64
#define ERRORS_MAX  64
#define SECONDS_MAX 1000000

/* How the cells of a second add up over shards. */
enum kind {
    KIND_TIME,    /* the second itself */
    KIND_FLOW,    /* happened within the line's interval: all lines of the second, of all */
    KIND_LEVEL,   /* at that moment: the last line of each shard until then */
    KIND_HIGHEST, /* the worst of all */
    KIND_ERRORS,
};

struct cell {
    double sum; /* or the highest */
    bool any;
};

/* One second of the whole. */
struct second {
    struct cell cells[COLUMNS_MAX];
    char *errors;
};

struct line {
    uint32_t second;
    double values[COLUMNS_MAX]; /* NaN: empty */
};

struct timeline {
    char *header;
    enum kind kinds[COLUMNS_MAX];
    size_t columns;
    struct second *seconds;
    uint32_t count;
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum kind kind_of(const char *column)
{
    static const char *const levels[] = {"vehicles",    "off",       "asleep",      "connecting",
                                         "syncing",     "online",    "backing_off", "commands_open",
                                         "cpu_percent", "memory_mib"};

    if (strcmp(column, "seconds") == 0)
        return KIND_TIME;
    if (strcmp(column, "errors") == 0)
        return KIND_ERRORS;
    if (ends_with(column, "_ms") || strcmp(column, "interval") == 0)
        return KIND_HIGHEST;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(column, levels[i]) == 0)
            return KIND_LEVEL;
    return KIND_FLOW;
}

/* Cuts a line into cells; returns how many. */
static size_t split(char *line, char *cells[COLUMNS_MAX])
{
    size_t n = 0;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at != NULL && n < COLUMNS_MAX;) {
        cells[n++] = at;
        at = strchr(at, ',');
        if (at != NULL)
            *at++ = '\0';
    }
    return n;
}

/* All runs must have the same columns; the first says which. */
static bool take_header(struct timeline *t, char *line)
{
    char *cells[COLUMNS_MAX];

    line[strcspn(line, "\r\n")] = '\0';
    if (t->header != NULL)
        return strcmp(t->header, line) == 0;
    t->header = xstrdup(line);
    t->columns = split(line, cells);
    for (size_t i = 0; i < t->columns; i++)
        t->kinds[i] = kind_of(cells[i]);
    return t->columns > 1 && t->kinds[0] == KIND_TIME;
}

static struct second *second_at(struct timeline *t, uint32_t second)
{
    if (second >= t->count) {
        t->seconds = xrealloc(t->seconds, (second + 1) * sizeof *t->seconds);
        memset(t->seconds + t->count, 0, (second + 1 - t->count) * sizeof *t->seconds);
        t->count = second + 1;
    }
    return &t->seconds[second];
}

static void add_cell(struct cell *c, enum kind kind, double value)
{
    c->sum = kind != KIND_HIGHEST ? c->sum + value : c->any ? fmax(c->sum, value) : value;
    c->any = true;
}

static void add_errors(struct second *s, const char *text)
{
    if (*text == '\0')
        return;
    char *all = s->errors != NULL ? xasprintf("%s;%s", s->errors, text) : xstrdup(text);
    free(s->errors);
    s->errors = all;
}

/* What was so at the last line is still so, until the next one or the shard's end. */
static void carry_levels(struct timeline *t, const struct line *last, uint32_t until)
{
    for (uint32_t second = last->second; second < until; second++) {
        struct second *s = second_at(t, second);
        for (size_t i = 0; i < t->columns; i++)
            if (t->kinds[i] == KIND_LEVEL && !isnan(last->values[i]))
                add_cell(&s->cells[i], KIND_LEVEL, last->values[i]);
    }
}

static double number_of(const char *cell)
{
    char *end;
    double value = strtod(cell, &end);

    return *cell != '\0' && *end == '\0' && isfinite(value) ? value : (double)NAN;
}

/* False: it is no line of that table, or goes back in time. */
static bool read_line(struct timeline *t, char *text, double later_s, struct line *ret,
                      char **ret_errors)
{
    char *cells[COLUMNS_MAX];

    *ret_errors = NULL;
    if (split(text, cells) != t->columns)
        return false;
    for (size_t i = 0; i < t->columns; i++) {
        ret->values[i] = t->kinds[i] == KIND_ERRORS ? (double)NAN : number_of(cells[i]);
        if (t->kinds[i] == KIND_ERRORS)
            *ret_errors = cells[i];
    }
    double at = ret->values[0] + later_s;
    if (!(at >= 0 && at < SECONDS_MAX))
        return false;
    ret->second = (uint32_t)at;
    return true;
}

static void add_line(struct timeline *t, const struct line *line, const char *errors)
{
    struct second *s = second_at(t, line->second);

    for (size_t i = 0; i < t->columns; i++)
        if ((t->kinds[i] == KIND_FLOW || t->kinds[i] == KIND_HIGHEST) && !isnan(line->values[i]))
            add_cell(&s->cells[i], t->kinds[i], line->values[i]);
    if (errors != NULL)
        add_errors(s, errors);
}

static void add_file(struct timeline *t, FILE *file, double later_s)
{
    struct line line = {0}, last = {0};
    char *text = NULL, *errors;
    size_t room = 0;
    bool any = false;

    if (getline(&text, &room, file) > 0 && take_header(t, text)) {
        while (getline(&text, &room, file) > 0) {
            if (!read_line(t, text, later_s, &line, &errors) || (any && line.second < last.second))
                continue;
            if (any)
                carry_levels(t, &last, line.second);
            add_line(t, &line, errors);
            last = line;
            any = true;
        }
    }
    if (any)
        carry_levels(t, &last, last.second + 1);
    free(text);
}

/* ---- writing ---- */

struct tally {
    const char *names[ERRORS_MAX];
    double counts[ERRORS_MAX];
    size_t count;
};

/* "connect.failed.tls=3;connect.failed.tls=1" becomes "connect.failed.tls=4"; `text` is cut up. */
static void write_errors(char *text, struct buf *out)
{
    struct tally tally = {0};

    for (char *save = NULL, *one = strtok_r(text, ";", &save); one != NULL;
         one = strtok_r(NULL, ";", &save)) {
        char *equals = strchr(one, '=');
        size_t i = 0;
        if (equals == NULL)
            continue;
        *equals = '\0';
        while (i < tally.count && strcmp(tally.names[i], one) != 0)
            i++;
        if (i == ERRORS_MAX)
            continue;
        tally.count += i == tally.count;
        tally.names[i] = one;
        tally.counts[i] += strtod(equals + 1, NULL);
    }
    for (size_t i = 0; i < tally.count; i++)
        buf_printf(out, "%s%s=%.0f", i > 0 ? ";" : "", tally.names[i], tally.counts[i]);
}

static void write_second(const struct timeline *t, uint32_t second, struct buf *out)
{
    const struct second *s = &t->seconds[second];

    for (size_t i = 0; i < t->columns; i++) {
        buf_append_str(out, i > 0 ? "," : "");
        if (t->kinds[i] == KIND_TIME)
            buf_printf(out, "%u.000", (unsigned)second + 1);
        else if (t->kinds[i] == KIND_ERRORS && s->errors != NULL)
            write_errors(s->errors, out);
        else if (s->cells[i].any)
            buf_printf(out, "%.10g", s->cells[i].sum);
    }
    buf_append_str(out, "\n");
}

bool merge_write_timeline(const struct merge *m, struct buf *out)
{
    struct timeline t = {0};

    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        char *path = run != NULL ? xasprintf("%s/" TIMELINE, run->dir) : NULL;
        FILE *file = path != NULL ? fopen(path, "re") : NULL;
        free(path);
        if (file == NULL)
            continue;
        add_file(&t, file, (double)(run->started_wall_ms - m->started_wall_ms) / 1000);
        fclose(file);
    }
    if (t.count > 0)
        buf_printf(out, "%s\n", t.header);
    for (uint32_t second = 0; second < t.count; second++)
        if (t.seconds[second].cells[1].any) /* a line was there, of one at least */
            write_second(&t, second, out);
    for (uint32_t second = 0; second < t.count; second++)
        free(t.seconds[second].errors);
    free(t.seconds);
    free(t.header);
    return buf_len(out) > 0 && !out->overflow;
}
