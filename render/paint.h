/*
 * paint.h — what drawing is made of: colours, soft shadows, fine lines, shapes of a body.
 *
 * Cairo's user space is metres of the car (body.h) where a shape is asked for; `px` is the size of
 * a pixel there, so that lines stay fine whatever the scale.
 */
#ifndef RENDER_PAINT_H
#define RENDER_PAINT_H

#include <cairo.h>

#include "render/body.h"

struct rgb {
    double r, g, b;
};

struct rgb rgb_hex(uint32_t hex);
struct rgb rgb_mix(struct rgb a, struct rgb b, double t);
/* Brighter (towards white) above 1, darker below. */
struct rgb rgb_shade(struct rgb c, double factor);
void paint_colour(cairo_t *cr, struct rgb c, double alpha);
void paint_stop(cairo_pattern_t *p, double at, struct rgb c, double alpha);
/* Fills the path with the pattern, and frees it. */
void paint_fill(cairo_t *cr, cairo_pattern_t *p);
/* Likewise, and keeps the path. */
void paint_fill_keep(cairo_t *cr, cairo_pattern_t *p);
void paint_all(cairo_t *cr, cairo_pattern_t *p);
double paint_px(cairo_t *cr);
/* A glow: a radial gradient that fades out at `radius`. */
void paint_glow(cairo_t *cr, double x, double y, double radius, struct rgb c, double alpha);

void path_round(cairo_t *cr, double x, double y, double w, double h, double r);
/* Blurs an ARGB32 or A8 surface in place, as three boxes do: nearly a Gaussian of that sigma. */
void paint_blur(cairo_surface_t *surface, double sigma);

/* ---- shapes of a body, in its metres ---- */

typedef double (*path_width)(const struct body_shape *s, double y);
double width_outline(const struct body_shape *s, double y);
double width_belt(const struct body_shape *s, double y);
double width_roof(const struct body_shape *s, double y);
/* The whole outline; `inset` metres inside it. */
void path_outline(cairo_t *cr, const struct body_shape *s, double inset);
/* On side -1 (left) or 1, from y0 to y1. */
struct stretch {
    int side;
    double y0, y1;
};
/* A closed strip between two widths. */
void path_strip(cairo_t *cr, const struct body_shape *s, path_width outer, path_width inner,
                struct stretch on);
/* A line along a width, mixed `t` of the way to another. */
void path_along(cairo_t *cr, const struct body_shape *s, path_width a, path_width b, double t,
                struct stretch on);
/* Continues the path along an arc from x0 to x1. */
void path_arc_to(cairo_t *cr, const struct body_arc *a, double x0, double x1);
/* The windscreen and the rear screen, between their arcs. */
void path_screen(cairo_t *cr, const struct body_shape *s);
void path_rear_screen(cairo_t *cr, const struct body_shape *s);
/* The roof between its edges and two ends. */
void path_roof(cairo_t *cr, const struct body_shape *s, double inset);
void path_bonnet(cairo_t *cr, const struct body_shape *s);
void path_lid(cairo_t *cr, const struct body_shape *s);

#endif
