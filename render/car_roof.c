#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

/* ---- of cars ---- */

static double width_roof_glass(const struct body_shape *s, double y)
{
    return width_roof(s, y) - 0.045;
}

/* Roof rails in the paint between glass and side windows: a pipe, with light along it. */
static void roof_pipes(const struct brush *b)
{
    static const double lines[][3] = {
        {0.5,  0.034, 0.10},
        {0.35, 0.010, 0.42}
    };
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;

    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i < 2; i++) {
            path_along(cr, s, width_roof_glass, width_glass, lines[i][0],
                       (struct stretch){side, s->screen_top.side + 0.03, s->rear_top.side});
            cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
            cairo_set_line_width(cr, lines[i][1]);
            paint_colour(cr, white, lines[i][2] * (side < 0 ? 1 : 0.55));
            cairo_stroke(cr);
        }
}

static void roof_rails(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double y0 = b->s->screen_top.side + 0.12, y1 = b->s->rear_top.side - 0.12;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int side = -1; side <= 1; side += 2) {
        cairo_save(cr);
        cairo_translate(cr, 0.02, 0.02);
        path_along(cr, b->s, width_roof, width_belt, -0.16, (struct stretch){side, y0, y1});
        cairo_restore(cr);
        cairo_set_line_width(cr, 0.05);
        paint_colour(cr, black, 0.3);
        cairo_stroke(cr);
        path_along(cr, b->s, width_roof, width_belt, -0.16, (struct stretch){side, y0, y1});
        cairo_set_line_width(cr, 0.042);
        paint_colour(cr, rgb_hex(0x9aa1a6), 1);
        cairo_stroke(cr);
        path_along(cr, b->s, width_roof, width_belt, -0.19, (struct stretch){side, y0, y1});
        cairo_set_line_width(cr, 0.013);
        paint_colour(cr, white, 0.75);
        cairo_stroke(cr);
    }
}

static void roof_ribs(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double y0 = b->s->screen_top.side + 0.85, y1 = b->s->rear_top.side - 0.12;

    for (int i = -3; i <= 3; i++) {
        double x = i * width_roof(b->s, 4) * 0.26;
        cairo_pattern_t *p = cairo_pattern_create_linear(x - 0.06, 0, x + 0.06, 0);
        paint_stop(p, 0, white, 0.55);
        paint_stop(p, 0.35, white, 0.2);
        paint_stop(p, 0.7, black, 0.10);
        paint_stop(p, 1, black, 0.20);
        path_round(cr, x - 0.06, y0, 0.12, y1 - y0, 0.06);
        paint_fill(cr, p);
    }
    cairo_move_to(cr, -width_roof(b->s, y0 - 0.2), y0 - 0.2);
    cairo_line_to(cr, width_roof(b->s, y0 - 0.2), y0 - 0.2);
    shell_gap(b, 0.3);
}

/* A box on a roof, lit from the front left. */
static void roof_box(const struct brush *b, double y0, double y1, double half, struct rgb c)
{
    cairo_t *cr = b->cr;
    cairo_pattern_t *p;

    for (int i = 3; i >= 1; i--) {
        path_round(cr, -half + 0.035 * i, y0 + 0.04 * i, 2 * half, y1 - y0, 0.12);
        paint_colour(cr, black, 0.10);
        cairo_fill(cr);
    }
    p = cairo_pattern_create_linear(-half, y0, half, y1);
    paint_stop(p, 0, rgb_shade(c, 1.35), 1);
    paint_stop(p, 0.12, rgb_shade(c, 1.04), 1);
    paint_stop(p, 1, rgb_shade(c, 0.80), 1);
    path_round(cr, -half, y0, 2 * half, y1 - y0, 0.12);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.35);
    cairo_stroke(cr);
    path_round(cr, -half + 0.07, y0 + 0.07, 2 * half - 0.14, y1 - y0 - 0.14, 0.08);
    cairo_set_line_width(cr, 0.02);
    paint_colour(cr, black, 0.10);
    cairo_stroke(cr);
}

/* A grille with its wheel below it. */
static void roof_fan(const struct brush *b, double x, double y, double r)
{
    cairo_t *cr = b->cr;
    cairo_pattern_t *p = cairo_pattern_create_radial(x - r * 0.3, y - r * 0.3, 0, x, y, r);

    cairo_arc(cr, x, y, r, 0, 2 * M_PI);
    paint_stop(p, 0, rgb_hex(0x4a5457), 1);
    paint_stop(p, 1, rgb_hex(0x1c2224), 1);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, 0.03);
    paint_colour(cr, rgb_hex(0x8d989a), 1);
    cairo_stroke(cr);
    for (int i = 0; i < 6; i++) {
        double a = M_PI * i / 3 + 0.3;
        cairo_move_to(cr, x + r * 0.22 * cos(a), y + r * 0.22 * sin(a));
        cairo_curve_to(cr, x + r * 0.5 * cos(a + 0.3), y + r * 0.5 * sin(a + 0.3),
                       x + r * 0.7 * cos(a + 0.4), y + r * 0.7 * sin(a + 0.4),
                       x + r * 0.88 * cos(a + 0.35), y + r * 0.88 * sin(a + 0.35));
    }
    cairo_set_line_width(cr, r * 0.16);
    paint_colour(cr, black, 0.45);
    cairo_stroke(cr);
    cairo_arc(cr, x, y, r * 0.2, 0, 2 * M_PI);
    paint_colour(cr, rgb_hex(0x9aa5a7), 1);
    cairo_fill(cr);
}

/* A hatch of dark glass in its frame. */
static void roof_hatch(const struct brush *b, double y, double half)
{
    roof_box(b, y - half, y + half, half, rgb_hex(0xe4e9e8));
    path_round(b->cr, -half + 0.09, y - half + 0.09, 2 * half - 0.18, 2 * half - 0.18, 0.07);
    paint_colour(b->cr, rgb_hex(0x26323a), 1);
    cairo_fill(b->cr);
    path_round(b->cr, -half + 0.09, y - half + 0.09, half * 0.8, half * 0.5, 0.06);
    paint_colour(b->cr, white, 0.16);
    cairo_fill(b->cr);
}

/* Batteries: cases side by side, with handles and a warning sign's colour. */
static void roof_cases(const struct brush *b, double y0, double y1)
{
    cairo_t *cr = b->cr;

    for (int i = 0; i < 3; i++) {
        double h = (y1 - y0 - 0.08) / 3, y = y0 + i * (h + 0.04);
        roof_box(b, y, y + h, 0.88, rgb_hex(0xb9c3c3));
        path_round(cr, 0.60, y + h / 2 - 0.06, 0.14, 0.12, 0.02);
        paint_colour(cr, rgb_hex(0xe0a526), 0.9);
        cairo_fill(cr);
    }
}

/* White over the paint of the sides, so that it is cool below, and what works stands on it. */
static void roof_bus(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double half = width_roof(b->s, 6);
    cairo_pattern_t *p = cairo_pattern_create_linear(-half, 0, half, 0);

    paint_stop(p, 0, rgb_hex(0xd3dada), 1);
    paint_stop(p, 0.07, rgb_hex(0xffffff), 1);
    paint_stop(p, 0.5, rgb_hex(0xf1f4f4), 1);
    paint_stop(p, 0.93, rgb_hex(0xdde3e3), 1);
    paint_stop(p, 1, rgb_hex(0xa9b3b3), 1);
    path_roof(cr, b->s, 0.03);
    paint_fill_keep(cr, p);
    shell_gap(b, 0.3);
    for (int i = 1; i < 8; i++) {
        double y = 0.8 + 1.36 * i;
        cairo_move_to(cr, -half + 0.04, y);
        cairo_line_to(cr, half - 0.04, y);
    }
    cairo_set_line_width(cr, 0.015);
    paint_colour(cr, black, 0.12);
    cairo_stroke(cr);
    roof_box(b, 1.25, 3.05, 0.90, rgb_hex(0xccd4d4));
    roof_fan(b, -0.42, 2.15, 0.33);
    roof_fan(b, 0.42, 2.15, 0.33);
    roof_hatch(b, 3.85, 0.36);
    roof_cases(b, 4.7, 7.2);
    roof_hatch(b, 8.0, 0.36);
    roof_box(b, 8.85, 11.2, 0.90, rgb_hex(0xccd4d4));
    for (int i = 0; i < 3; i++)
        roof_fan(b, 0, 9.3 + 0.72 * i, 0.28);
}

void roof_draw(const struct brush *b)
{
    switch (b->s->roof_kind) {
    case BODY_ROOF_RAILS:
        roof_rails(b);
        break;
    case BODY_ROOF_RIBS:
        roof_ribs(b);
        break;
    case BODY_ROOF_BUS:
        roof_bus(b);
        break;
    case BODY_ROOF_GLASS:
        roof_pipes(b);
        break;
    }
}
