#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

static struct rgb leather(const struct brush *b)
{
    static const uint32_t colours[PICTURE_BODY_COUNT] = {0x59636c, 0x8d6b4c, 0x6d675c, 0x464c52,
                                                         0x3d5e7c};

    return rgb_hex(colours[b->body]);
}

static void cushion(const struct brush *b, double x, double y, double w, double h, double r)
{
    cairo_t *cr = b->cr;
    struct rgb c = leather(b);
    cairo_pattern_t *p = cairo_pattern_create_linear(x, y, x + w * 0.4, y + h);

    path_round(cr, x + 0.015, y + 0.02, w, h, r);
    paint_colour(cr, black, 0.4);
    cairo_fill(cr);
    paint_stop(p, 0, rgb_shade(c, 1.18), 1);
    paint_stop(p, 0.6, c, 1);
    paint_stop(p, 1, rgb_shade(c, 0.7), 1);
    path_round(cr, x, y, w, h, r);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.35);
    cairo_stroke(cr);
}

/* Cushion, bolsters, backrest, headrest. */
static void seat(const struct brush *b, double x, double y)
{
    cairo_t *cr = b->cr;

    cushion(b, x - 0.25, y - 0.24, 0.50, 0.50, 0.12);
    for (int side = -1; side <= 1; side += 2)
        cushion(b, x + side * 0.21 - 0.045, y - 0.20, 0.09, 0.44, 0.045);
    cairo_move_to(cr, x, y - 0.20);
    cairo_rel_line_to(cr, 0, 0.40);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.25);
    cairo_stroke(cr);
    cushion(b, x - 0.255, y + 0.20, 0.51, 0.19, 0.08);
    cushion(b, x - 0.12, y + 0.33, 0.24, 0.10, 0.05);
}

static void bench(const struct brush *b, double y)
{
    double half = width_glass(b->s, y) * 0.93;

    cushion(b, -half, y - 0.24, 2 * half, 0.50, 0.12);
    cushion(b, -half, y + 0.21, 2 * half, 0.20, 0.08);
    for (int i = -1; i <= 1; i++)
        cushion(b, i * half * 0.62 - 0.12, y + 0.34, 0.24, 0.09, 0.045);
}

static void dashboard(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double y = s->cowl.middle + 0.15, half = s->cowl.half * 0.96;
    double x = -half * 0.52, wheel = s->seat[0] - 0.46;

    cairo_move_to(cr, -half, s->cowl.side);
    cairo_curve_to(cr, -half * 0.5, y - 0.12, half * 0.5, y - 0.12, half, s->cowl.side);
    cairo_line_to(cr, half * 1.02, s->cowl.side + 0.30);
    cairo_curve_to(cr, half * 0.5, y + 0.50, -half * 0.5, y + 0.50, -half * 1.02,
                   s->cowl.side + 0.30);
    cairo_close_path(cr);
    cairo_pattern_t *p = cairo_pattern_create_linear(0, y - 0.1, 0, y + 0.5);
    paint_stop(p, 0, rgb_hex(0x12161a), 1);
    paint_stop(p, 0.8, rgb_hex(0x2c333a), 1);
    paint_stop(p, 1, rgb_hex(0x171c20), 1);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, 0.012);
    paint_colour(cr, white, 0.14);
    cairo_stroke(cr);
    /* Screens. */
    path_round(cr, -0.17, y + 0.36, 0.36, 0.035, 0.015);
    paint_colour(cr, rgb_hex(0x6fb7e8), 0.75);
    cairo_fill(cr);
    path_round(cr, x - 0.15, y + 0.33, 0.30, 0.028, 0.012);
    paint_colour(cr, rgb_hex(0x8fd0ff), 0.6);
    cairo_fill(cr);
    /* The wheel, nearly on edge. */
    cairo_save(cr);
    cairo_translate(cr, x, wheel);
    cairo_scale(cr, 1, 0.36);
    cairo_arc(cr, 0, 0, 0.18, 0, 2 * M_PI);
    cairo_restore(cr);
    cairo_set_line_width(cr, 0.035);
    paint_colour(cr, rgb_hex(0x0d1013), 1);
    cairo_stroke_preserve(cr);
    cairo_set_line_width(cr, 0.010);
    paint_colour(cr, white, 0.25);
    cairo_stroke(cr);
}

static void bus_floor(const struct brush *b)
{
    seat(b, -0.62, b->s->seat[0]);
    for (int i = 0; i < 9; i++)
        for (int side = -1; side <= 1; side += 2)
            if (side < 0 || (i != 2 && i != 5)) {
                seat(b, side * 0.90, 3.0 + i * 0.92);
                seat(b, side * 0.42, 3.0 + i * 0.92);
            }
}

static void floor_paint(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double w = b->s->width / 2;
    cairo_pattern_t *p = cairo_pattern_create_linear(-w, 0, w, 0);

    paint_stop(p, 0, rgb_hex(0x0c0f12), 1);
    paint_stop(p, 0.5, rgb_hex(0x20262b), 1);
    paint_stop(p, 1, rgb_hex(0x0c0f12), 1);
    path_outline(cr, b->s, 0.01);
    paint_fill(cr, p);
}

void cabin_draw(const struct brush *b)
{
    const struct body_shape *s = b->s;

    floor_paint(b);
    if (s->roof_kind == BODY_ROOF_BUS) {
        bus_floor(b);
    } else {
        double x = s->cowl.half * 0.50;
        path_round(b->cr, -0.10, s->seat[0] - 0.5, 0.20, 0.95, 0.06);
        paint_colour(b->cr, rgb_hex(0x2a3036), 1);
        cairo_fill(b->cr);
        seat(b, -x, s->seat[0]);
        seat(b, x, s->seat[0]);
        if (s->seat[1] > 0)
            bench(b, s->seat[1]);
    }
    dashboard(b);
    people_inside(b);
}

void cabin_light(const struct brush *b)
{
    cairo_t *cr = b->cr;

    cairo_save(cr);
    openings_glass(b);
    cairo_clip(cr);
    for (int row = 0; row < 2; row++)
        if (b->s->seat[row] > 0)
            paint_glow(cr, 0, b->s->seat[row] - 0.1, 1.25, rgb_hex(0xffd9a0), 0.46);
    cairo_restore(cr);
}
