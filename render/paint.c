#include "render/paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

struct rgb rgb_hex(uint32_t hex)
{
    return (struct rgb){(hex >> 16 & 255) / 255.0, (hex >> 8 & 255) / 255.0, (hex & 255) / 255.0};
}

struct rgb rgb_mix(struct rgb a, struct rgb b, double t)
{
    return (struct rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

struct rgb rgb_shade(struct rgb c, double factor)
{
    if (factor <= 1)
        return rgb_mix((struct rgb){0, 0, 0}, c, factor);
    return rgb_mix(c, (struct rgb){1, 1, 1}, fmin(1, factor - 1));
}

void paint_colour(cairo_t *cr, struct rgb c, double alpha)
{
    cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha);
}

void paint_stop(cairo_pattern_t *p, double at, struct rgb c, double alpha)
{
    cairo_pattern_add_color_stop_rgba(p, at, c.r, c.g, c.b, alpha);
}

void paint_fill_keep(cairo_t *cr, cairo_pattern_t *p)
{
    cairo_set_source(cr, p);
    cairo_fill_preserve(cr);
    cairo_pattern_destroy(p);
}

void paint_fill(cairo_t *cr, cairo_pattern_t *p)
{
    paint_fill_keep(cr, p);
    cairo_new_path(cr);
}

void paint_all(cairo_t *cr, cairo_pattern_t *p)
{
    cairo_set_source(cr, p);
    cairo_paint(cr);
    cairo_pattern_destroy(p);
}

double paint_px(cairo_t *cr)
{
    double x = 1, y = 0;

    cairo_device_to_user_distance(cr, &x, &y);
    return hypot(x, y);
}

void paint_glow(cairo_t *cr, double x, double y, double radius, struct rgb c, double alpha)
{
    cairo_pattern_t *p = cairo_pattern_create_radial(x, y, 0, x, y, radius);

    paint_stop(p, 0, c, alpha);
    paint_stop(p, 0.25, c, alpha * 0.45);
    paint_stop(p, 0.6, c, alpha * 0.1);
    paint_stop(p, 1, c, 0);
    cairo_new_path(cr);
    cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
    paint_fill(cr, p);
}

void path_round(cairo_t *cr, double x, double y, double w, double h, double r)
{
    r = fmin(r, fmin(w, h) / 2);
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + w - r, y + r, r, -M_PI_2, 0);
    cairo_arc(cr, x + w - r, y + h - r, r, 0, M_PI_2);
    cairo_arc(cr, x + r, y + h - r, r, M_PI_2, M_PI);
    cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI_2);
    cairo_close_path(cr);
}

/* ---- blur ---- */

/* One line of `count` bytes that lie `step` apart, by a box of 2 r + 1. */
static void blur_line(uint8_t *line, size_t step, int count, int r, uint8_t *old)
{
    int sum = 0, box = 2 * r + 1;

    for (int i = 0; i < count; i++)
        old[i] = line[(size_t)i * step];
    for (int i = 0; i <= r && i < count; i++)
        sum += old[i];
    for (int i = 0; i < count; i++) {
        line[(size_t)i * step] = (uint8_t)((sum + box / 2) / box);
        if (i + r + 1 < count)
            sum += old[i + r + 1];
        if (i - r >= 0)
            sum -= old[i - r];
    }
}

void paint_blur(cairo_surface_t *surface, double sigma)
{
    int w = cairo_image_surface_get_width(surface), h = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    int depth = cairo_image_surface_get_format(surface) == CAIRO_FORMAT_A8 ? 1 : 4;
    int r = (int)lround((sqrt(4 * sigma * sigma + 1) - 1) / 2);
    uint8_t *old = xmalloc((size_t)(w > h ? w : h) + 1);

    cairo_surface_flush(surface);
    uint8_t *data = cairo_image_surface_get_data(surface);
    for (int pass = 0; pass < 3 && r > 0 && data != NULL; pass++) {
        for (int y = 0; y < h; y++)
            for (int c = 0; c < depth; c++)
                blur_line(data + (ptrdiff_t)y * stride + c, (size_t)depth, w, r, old);
        for (int x = 0; x < w * depth; x++)
            blur_line(data + x, (size_t)stride, h, r, old);
    }
    cairo_surface_mark_dirty(surface);
    free(old);
}

/* ---- shapes ---- */

#define STEP 0.04

double width_outline(const struct body_shape *s, double y)
{
    return body_outline_at(s, y);
}

double width_belt(const struct body_shape *s, double y)
{
    return fmin(body_profile_at(&s->belt, y), body_outline_at(s, y));
}

double width_roof(const struct body_shape *s, double y)
{
    return body_profile_at(&s->roof, y);
}

/* Down the side from y0 to y1, either way. */
static void line_along(cairo_t *cr, const struct body_shape *s, int side, path_width width,
                       double y0, double y1)
{
    int steps = (int)fmax(1, ceil(fabs(y1 - y0) / STEP));

    for (int i = 0; i <= steps; i++) {
        double y = y0 + (y1 - y0) * i / steps;
        cairo_line_to(cr, side * width(s, y), y);
    }
}

#define CORNER_STEPS 28

/* Half an outline, from nose to tail or back. The corners are closely sampled where they are round.
 */
static void line_outline(cairo_t *cr, const struct body_shape *s, int side, double inset, bool down)
{
    double y[2 * CORNER_STEPS + 64];
    int n = 0;

    for (int i = 0; i <= CORNER_STEPS; i++)
        y[n++] = s->nose.depth * (1 - cos(M_PI_2 * i / CORNER_STEPS));
    double from = s->nose.depth, to = s->length - s->tail.depth;
    for (int i = 1; i < 60; i++)
        y[n++] = from + (to - from) * i / 60;
    for (int i = CORNER_STEPS; i >= 0; i--)
        y[n++] = s->length - s->tail.depth * (1 - cos(M_PI_2 * i / CORNER_STEPS));
    double scale = (s->length - 2 * inset) / s->length;
    for (int i = 0; i < n; i++) {
        double at = y[down ? i : n - 1 - i];
        double x = fmax(0, body_outline_at(s, at) - inset);
        cairo_line_to(cr, side * x, inset + at * scale);
    }
}

void path_outline(cairo_t *cr, const struct body_shape *s, double inset)
{
    cairo_new_sub_path(cr);
    line_outline(cr, s, 1, inset, true);
    line_outline(cr, s, -1, inset, false);
    cairo_close_path(cr);
}

void path_strip(cairo_t *cr, const struct body_shape *s, path_width outer, path_width inner,
                struct stretch on)
{
    cairo_new_sub_path(cr);
    line_along(cr, s, on.side, outer, on.y0, on.y1);
    line_along(cr, s, on.side, inner, on.y1, on.y0);
    cairo_close_path(cr);
}

void path_along(cairo_t *cr, const struct body_shape *s, path_width a, path_width b, double t,
                struct stretch on)
{
    int steps = (int)fmax(1, ceil((on.y1 - on.y0) / STEP));

    cairo_new_sub_path(cr);
    for (int i = 0; i <= steps; i++) {
        double y = on.y0 + (on.y1 - on.y0) * i / steps;
        cairo_line_to(cr, on.side * (a(s, y) + (b(s, y) - a(s, y)) * t), y);
    }
}

void path_arc_to(cairo_t *cr, const struct body_arc *a, double x0, double x1)
{
    enum { STEPS = 24 };

    for (int i = 0; i <= STEPS; i++) {
        double x = x0 + (x1 - x0) * i / STEPS;
        cairo_line_to(cr, x, body_arc_at(a, x));
    }
}

static void path_between_arcs(cairo_t *cr, const struct body_arc *upper,
                              const struct body_arc *lower)
{
    cairo_new_sub_path(cr);
    path_arc_to(cr, upper, -upper->half, upper->half);
    path_arc_to(cr, lower, lower->half, -lower->half);
    cairo_close_path(cr);
}

void path_screen(cairo_t *cr, const struct body_shape *s)
{
    path_between_arcs(cr, &s->cowl, &s->screen_top);
}

void path_rear_screen(cairo_t *cr, const struct body_shape *s)
{
    path_between_arcs(cr, &s->rear_top, &s->rear_foot);
}

static void roof_edge(cairo_t *cr, const struct body_shape *s, double inset, struct stretch on)
{
    int steps = (int)fmax(1, ceil(fabs(on.y1 - on.y0) / STEP));

    for (int i = 0; i <= steps; i++) {
        double y = on.y0 + (on.y1 - on.y0) * i / steps;
        cairo_line_to(cr, on.side * (width_roof(s, y) - inset), y);
    }
}

void path_roof(cairo_t *cr, const struct body_shape *s, double inset)
{
    struct body_arc front = s->screen_top, rear = s->rear_top;

    front.half = width_roof(s, front.side + inset) - inset;
    rear.half = width_roof(s, rear.side - inset) - inset;
    cairo_new_sub_path(cr);
    for (int i = 0; i <= 20; i++) {
        double x = -front.half + 2 * front.half * i / 20;
        cairo_line_to(cr, x, body_arc_at(&front, x) + inset);
    }
    roof_edge(cr, s, inset, (struct stretch){1, front.side + inset, rear.side - inset});
    for (int i = 0; i <= 20; i++) {
        double x = rear.half - 2 * rear.half * i / 20;
        cairo_line_to(cr, x, body_arc_at(&rear, x) - inset);
    }
    roof_edge(cr, s, inset, (struct stretch){-1, rear.side - inset, front.side + inset});
    cairo_close_path(cr);
}

void path_bonnet(cairo_t *cr, const struct body_shape *s)
{
    struct body_arc foot = s->cowl;

    foot.half = s->cowl.half * 1.02;
    cairo_new_sub_path(cr);
    path_arc_to(cr, &s->bonnet, -s->bonnet.half, s->bonnet.half);
    cairo_curve_to(cr, s->bonnet.half + 0.07, s->bonnet.side + 0.2, foot.half + 0.03,
                   foot.side - 0.35, foot.half, foot.side - 0.05);
    for (int i = 0; i <= 20; i++) {
        double x = foot.half - 2 * foot.half * i / 20;
        cairo_line_to(cr, x, body_arc_at(&foot, x) - 0.05);
    }
    cairo_curve_to(cr, -foot.half - 0.03, foot.side - 0.35, -s->bonnet.half - 0.07,
                   s->bonnet.side + 0.2, -s->bonnet.half, s->bonnet.side);
    cairo_close_path(cr);
}

void path_lid(cairo_t *cr, const struct body_shape *s)
{
    struct body_arc top = s->tail_kind == BODY_TAIL_HATCH ? s->rear_top : s->rear_foot;
    double gap = s->tail_kind == BODY_TAIL_HATCH ? 0 : 0.04;

    cairo_new_sub_path(cr);
    for (int i = 0; i <= 20; i++) {
        double x = -top.half + 2 * top.half * i / 20;
        cairo_line_to(cr, x, body_arc_at(&top, x) + gap);
    }
    path_arc_to(cr, &s->lid, s->lid.half, -s->lid.half);
    cairo_close_path(cr);
}
