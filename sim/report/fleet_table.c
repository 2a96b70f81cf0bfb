#include "report/fleet_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define ROWS_FIRST     256
#define NAME_MAX_BYTES 64
#define OTHERS         "others"

/* The next cell, with its end cut off; NULL after the last. */
static char *next_cell(char **line)
{
    char *cell = *line;

    if (cell == NULL)
        return NULL;
    size_t len = strcspn(cell, ",");
    *line = cell[len] == ',' ? cell + len + 1 : NULL;
    cell[len] = '\0';
    return cell;
}

static void read_header(struct fleet_table *t, char *line)
{
    for (char *cell; t->column_count < FLEET_COLUMNS_MAX && (cell = next_cell(&line)) != NULL;)
        t->names[t->column_count++] = xstrdup(cell);
}

/* A plain decimal number; anything else is NaN. */
static double number_of(const char *cell)
{
    char *end;

    if (strspn(cell, "0123456789.-") != strlen(cell) || *cell == '\0')
        return (double)NAN;
    double value = strtod(cell, &end);
    return *end == '\0' && isfinite(value) ? value : (double)NAN;
}

static struct fleet_error *error_of(struct fleet_table *t, const char *name)
{
    for (size_t i = 0; i < t->error_count; i++)
        if (strcmp(t->errors[i].name, name) == 0)
            return &t->errors[i];
    if (t->error_count == FLEET_ERRORS_MAX)
        return &t->errors[FLEET_ERRORS_MAX - 1];
    if (t->error_count == FLEET_ERRORS_MAX - 1)
        name = OTHERS;
    t->errors = xrealloc(t->errors, (t->error_count + 1) * sizeof *t->errors);
    struct fleet_error *e = &t->errors[t->error_count++];
    *e = (struct fleet_error){.name = xstrdup(name)};
    return e;
}

/* "connect.failed.tls=3;commands.lost=1" */
static void read_errors(struct fleet_table *t, size_t row, char *cell)
{
    for (char *save = NULL, *one = strtok_r(cell, ";", &save); one != NULL;
         one = strtok_r(NULL, ";", &save)) {
        char *equals = strchr(one, '=');
        double count = equals != NULL ? number_of(equals + 1) : (double)NAN;
        if (equals == NULL || equals == one || equals - one >= NAME_MAX_BYTES || !(count > 0))
            continue;
        *equals = '\0';
        struct fleet_error *e = error_of(t, one);
        if (e->count % ROWS_FIRST == 0)
            e->at = xrealloc(e->at, (e->count + ROWS_FIRST) * sizeof *e->at);
        e->at[e->count++] = (struct fleet_error_at){row, count};
        e->total += count;
    }
}

static void make_room(struct fleet_table *t)
{
    if (t->rows < t->room)
        return;
    t->room = t->room != 0 ? 2 * t->room : ROWS_FIRST;
    for (size_t i = 0; i < t->column_count; i++)
        t->columns[i] = xrealloc(t->columns[i], t->room * sizeof *t->columns[i]);
}

/* Times never fall, and each line has a cell for each column. */
static void read_row(struct fleet_table *t, char *line)
{
    double row[FLEET_COLUMNS_MAX];
    char *errors = NULL, *cell;
    size_t n = 0;

    for (; n < t->column_count && (cell = next_cell(&line)) != NULL; n++) {
        bool is_errors = strcmp(t->names[n], "errors") == 0;
        errors = is_errors ? cell : errors;
        row[n] = is_errors ? (double)NAN : number_of(cell);
    }
    bool later = n > 0 && row[0] >= (t->rows > 0 ? t->columns[0][t->rows - 1] : 0);
    if (n != t->column_count || line != NULL || !later || t->rows == FLEET_ROWS_MAX) {
        t->bad_lines++;
        return;
    }
    make_room(t);
    for (size_t i = 0; i < n; i++)
        t->columns[i][t->rows] = row[i];
    if (errors != NULL)
        read_errors(t, t->rows, errors);
    t->rows++;
}

static int more_first(const void *a, const void *b)
{
    const struct fleet_error *x = a, *y = b;

    return x->total < y->total ? 1 : x->total > y->total ? -1 : strcmp(x->name, y->name);
}

void fleet_table_read(struct fleet_table *t, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    *t = (struct fleet_table){0};
    while ((len = getline(&line, &room, file)) > 0) {
        bool whole = line[len - 1] == '\n';
        line[strcspn(line, "\r\n")] = '\0';
        if (t->column_count == 0)
            read_header(t, line);
        else if (whole)
            read_row(t, line);
        else
            t->bad_lines++; /* a killed run */
    }
    free(line);
    if (t->error_count > 1)
        qsort(t->errors, t->error_count, sizeof *t->errors, more_first);
}

void fleet_table_done(struct fleet_table *t)
{
    for (size_t i = 0; i < t->column_count; i++) {
        free(t->names[i]);
        free(t->columns[i]);
    }
    for (size_t i = 0; i < t->error_count; i++) {
        free(t->errors[i].name);
        free(t->errors[i].at);
    }
    free(t->errors);
    *t = (struct fleet_table){0};
}

const double *fleet_table_column(const struct fleet_table *t, const char *name)
{
    for (size_t i = 0; i < t->column_count; i++)
        if (strcmp(t->names[i], name) == 0)
            return t->rows > 0 ? t->columns[i] : NULL;
    return NULL;
}

double fleet_table_max(const struct fleet_table *t, const char *name)
{
    const double *values = fleet_table_column(t, name);
    double max = 0;

    for (size_t i = 0; values != NULL && i < t->rows; i++)
        max = fmax(max, values[i]);
    return max;
}
