/*
 * plot.h — one recorded car as a figure of HTML and SVG: a panel for each group of its signals,
 * one above the other, on one axis of time.
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "base/buf.h"
#include "report/series.h"

/* Appends the figure, well-formed as XML whatever the texts are. */
void plot_write(const struct series *s, struct buf *out);

#endif
