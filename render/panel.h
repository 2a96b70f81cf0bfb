/*
 * panel.h — what stands beside the car: each panel draws one part of a scene into its own corner of
 * user space, (0, 0) to (w, h) in units of the design.
 */
#ifndef RENDER_PANEL_H
#define RENDER_PANEL_H

#include "render/first_frame.h"
#include "render/layout.h"
#include "render/scene.h"
#include "render/theme.h"

struct panel {
    cairo_t *cr;
    const struct theme *theme;
    double w, h;
    double phase; /* seconds, for what moves */
};

/* Its card, and the title on it; NULL: none. */
void panel_frame(const struct panel *p, const char *title);

/* LAYOUT_CHARGE to LAYOUT_LINK. */
void panel_status(const struct panel *p, enum layout_panel which, const struct scene_status *s);
void panel_journey(const struct panel *p, const struct scene_journey *j,
                   const struct first_frame *first);
void panel_shadows(const struct panel *p, const struct scene_shadows *s);
void panel_messages(const struct panel *p, const struct scene_messages *m);
void panel_map(const struct panel *p, const struct scene_map *m);
void panel_fleet(const struct panel *p, const struct scene_fleet *f, const uint8_t *cells);
/* The cell under a point of the panel; -1: none. */
int64_t panel_fleet_hit(double w, double h, uint32_t count, double x, double y);
/* A temperature to the degree, without the sign of a zero. */
double panel_degrees(float value);
/* "Online", "Asleep", … and its colour. */
const char *panel_link_name(enum scene_link link);
struct rgb panel_link_colour(const struct theme *theme, int cell);

#endif
