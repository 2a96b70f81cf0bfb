/*
 * fleet_table.h — timeline.csv read back, for the report.
 *
 * Owns      everything below it.
 * Promises  survives any file: columns are found by their names, in any order and number; lines
 * that are not of the form are left out and counted.
 */
#ifndef REPORT_FLEET_TABLE_H
#define REPORT_FLEET_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FLEET_COLUMNS_MAX 64
#define FLEET_ROWS_MAX    1000000 /* eleven days; what comes later is not read */
#define FLEET_ERRORS_MAX  64      /* different ones; the others are not told apart */

/* How often something went wrong, and when. */
struct fleet_error {
    char *name;
    double total;
    struct fleet_error_at {
        size_t row;
        double count;
    } * at; /* in the order of the rows */
    size_t count;
};

struct fleet_table {
    char *names[FLEET_COLUMNS_MAX];
    double *columns[FLEET_COLUMNS_MAX]; /* a value per row; NaN: empty */
    size_t column_count;
    size_t rows;
    struct fleet_error *errors; /* the most frequent first */
    size_t error_count;
    size_t bad_lines;
    size_t room; /* private */
};

/* Reads to the end; what it makes is freed by fleet_table_done(). */
void fleet_table_read(struct fleet_table *table, FILE *file);
/* Zeroes are fine. */
void fleet_table_done(struct fleet_table *table);

/* NULL if there is no such column. */
const double *fleet_table_column(const struct fleet_table *table, const char *name);
/* The largest value of a column; 0 if there is none. */
double fleet_table_max(const struct fleet_table *table, const char *name);

#endif
