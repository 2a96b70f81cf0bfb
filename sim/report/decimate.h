/* decimate.h — thins out a series for drawing: what can be seen stays. */
#ifndef REPORT_DECIMATE_H
#define REPORT_DECIMATE_H

#include <stddef.h>

struct decimated_point {
    double x, y; /* y is NaN where the line breaks */
};

/* The points of (x, y), x between 0 and `width` and never falling, with at most the first, lowest,
   highest and last of each of `columns` columns of equal width, in their order; NaNs are kept, one
   for a run of them. `ret` has room for 5 * (columns + 1) points, or for `count` if that is less.
   Returns how many there are. */
size_t decimate(const double *x, const double *y, size_t count, double width, size_t columns,
                struct decimated_point *ret);

#endif
