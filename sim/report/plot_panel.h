/* plot_panel.h — the panels of a plot. Private to this room. */
#ifndef REPORT_PLOT_PANEL_H
#define REPORT_PLOT_PANEL_H

#include "base/buf.h"
#include "report/axis.h"
#include "report/series.h"

/* What the SVGs of a figure are drawn in, stretched to the panel's size. */
#define PLOT_WIDTH  1000
#define PLOT_HEIGHT 100

struct plot {
    const struct series *series;
    struct axis time;
    struct buf grid; /* night and ticks, as SVG: behind each panel */
};

/* Numbers, one line each: those of one panel have one unit. */
void plot_panel_lines(const struct plot *p, const size_t *channels, size_t count, struct buf *out);
/* Booleans and texts, as a band of colours. */
void plot_panel_band(const struct plot *p, size_t channel, struct buf *out);

/* "battery.state_of_charge" → "Charge"; others by their last words. */
void plot_label(const char *path, struct buf *out);
/* "celsius" → "°C"; as it is if there is no shorter way; "" for NULL. */
const char *plot_unit(const char *unit);

#endif
