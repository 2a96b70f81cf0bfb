/*
 * story_rows.h — the moments of a story as the rows of its picture: what happens at once on both
 * sides of the cloud shares a row, signals that change together too. Private to this room.
 */
#ifndef REPORT_STORY_ROWS_H
#define REPORT_STORY_ROWS_H

#include "report/story_moments.h"

/* Of more, the last are shown. */
#define ROWS_MAX 70

#define ROW_SIGNALS 2

struct row {
    double t, last;                            /* of its first and last moment */
    const struct moment *left;                 /* between an app and the cloud; NULL: none */
    const struct moment *right;                /* what the car does or hears; NULL: none */
    const struct moment *wide;                 /* something else; then it is alone */
    const struct moment *signals[ROW_SIGNALS]; /* the most telling, if `right` is a signal */
    size_t signal_count;
    double y; /* the picture's */
};

struct rows {
    struct row *list;
    size_t count;
    size_t hidden; /* earlier rows */
};

/* Borrows the moments. Release with free(rows.list). */
struct rows rows_make(const struct moments *m);

#endif
