#include "render/icon.h"

#include <math.h>

/* All in a square from -1 to 1. */

static void lock(cairo_t *cr, bool open)
{
    path_round(cr, -0.62, -0.10, 1.24, 0.98, 0.20);
    cairo_fill(cr);
    cairo_move_to(cr, -0.36, -0.1);
    cairo_line_to(cr, -0.36, -0.48);
    cairo_arc(cr, 0, -0.48, 0.36, M_PI, open ? -0.45 : 0);
    if (!open)
        cairo_line_to(cr, 0.36, -0.1);
    cairo_set_line_width(cr, 0.20);
    cairo_stroke(cr);
}

static void bolt(cairo_t *cr)
{
    static const double p[][2] = {
        {0.18,  -0.95},
        {-0.55, 0.12 },
        {-0.05, 0.12 },
        {-0.20, 0.95 },
        {0.58,  -0.22},
        {0.06,  -0.22}
    };

    for (size_t i = 0; i < sizeof p / sizeof *p; i++)
        cairo_line_to(cr, p[i][0], p[i][1]);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void moon(cairo_t *cr)
{
    cairo_arc(cr, 0, 0, 0.82, -0.5, M_PI + 1.07);
    cairo_arc_negative(cr, 0.36, -0.36, 0.66, M_PI + 0.62, 0.95);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void sun(cairo_t *cr)
{
    cairo_arc(cr, 0, 0, 0.42, 0, 2 * M_PI);
    cairo_fill(cr);
    for (int i = 0; i < 8; i++) {
        double a = i * M_PI / 4;
        cairo_move_to(cr, 0.64 * cos(a), 0.64 * sin(a));
        cairo_line_to(cr, 0.9 * cos(a), 0.9 * sin(a));
    }
    cairo_set_line_width(cr, 0.16);
    cairo_stroke(cr);
}

static void phone(cairo_t *cr)
{
    path_round(cr, -0.50, -0.92, 1.0, 1.84, 0.20);
    cairo_set_line_width(cr, 0.17);
    cairo_stroke(cr);
    cairo_move_to(cr, -0.14, 0.62);
    cairo_line_to(cr, 0.14, 0.62);
    cairo_stroke(cr);
}

static void cloud(cairo_t *cr)
{
    cairo_arc(cr, -0.48, 0.22, 0.40, M_PI_2, M_PI * 1.45);
    cairo_arc(cr, -0.02, -0.16, 0.50, M_PI * 1.12, M_PI * 1.88);
    cairo_arc(cr, 0.55, 0.26, 0.36, M_PI * 1.55, M_PI_2);
    cairo_close_path(cr);
    cairo_set_line_width(cr, 0.17);
    cairo_stroke(cr);
}

static void car(cairo_t *cr)
{
    path_round(cr, -0.50, -0.95, 1.0, 1.90, 0.42);
    cairo_set_line_width(cr, 0.17);
    cairo_stroke(cr);
    cairo_move_to(cr, -0.34, -0.28);
    cairo_curve_to(cr, -0.12, -0.44, 0.12, -0.44, 0.34, -0.28);
    cairo_move_to(cr, -0.30, 0.52);
    cairo_line_to(cr, 0.30, 0.52);
    cairo_set_line_width(cr, 0.15);
    cairo_stroke(cr);
}

static void gear(cairo_t *cr)
{
    cairo_set_line_width(cr, 0.17);
    cairo_arc(cr, 0, 0, 0.56, 0, 2 * M_PI);
    cairo_stroke(cr);
    for (int i = 0; i < 8; i++) {
        double a = i * M_PI / 4;
        cairo_move_to(cr, 0.60 * cos(a), 0.60 * sin(a));
        cairo_line_to(cr, 0.88 * cos(a), 0.88 * sin(a));
    }
    cairo_set_line_width(cr, 0.24);
    cairo_stroke(cr);
    cairo_arc(cr, 0, 0, 0.18, 0, 2 * M_PI);
    cairo_fill(cr);
}

static void twin(cairo_t *cr)
{
    cairo_set_line_width(cr, 0.17);
    path_round(cr, -0.85, -0.85, 1.15, 1.15, 0.22);
    cairo_stroke(cr);
    path_round(cr, -0.30, -0.30, 1.15, 1.15, 0.22);
    cairo_fill(cr);
}

static void bell(cairo_t *cr)
{
    cairo_move_to(cr, -0.75, 0.45);
    cairo_curve_to(cr, -0.35, 0.2, -0.65, -0.85, 0, -0.85);
    cairo_curve_to(cr, 0.65, -0.85, 0.35, 0.2, 0.75, 0.45);
    cairo_close_path(cr);
    cairo_fill(cr);
    cairo_arc(cr, 0, 0.55, 0.24, 0, M_PI);
    cairo_fill(cr);
}

static void air(cairo_t *cr)
{
    for (int i = -1; i <= 1; i++) {
        cairo_move_to(cr, -0.8, i * 0.5);
        cairo_curve_to(cr, -0.3, i * 0.5 - 0.35, 0.3, i * 0.5 + 0.35, 0.8, i * 0.5);
    }
    cairo_set_line_width(cr, 0.17);
    cairo_stroke(cr);
}

static void dial(cairo_t *cr)
{
    cairo_arc(cr, 0, 0, 0.82, 0, 2 * M_PI);
    cairo_move_to(cr, 0, -0.45);
    cairo_line_to(cr, 0, 0);
    cairo_line_to(cr, 0.34, 0.22);
    cairo_set_line_width(cr, 0.17);
    cairo_stroke(cr);
}

void icon_draw(cairo_t *cr, enum icon icon, double x, double y, double size, struct rgb c)
{
    static void (*const draw[])(cairo_t *) = {
        [ICON_BOLT] = bolt, [ICON_MOON] = moon, [ICON_PHONE] = phone, [ICON_CLOUD] = cloud,
        [ICON_CAR] = car,   [ICON_GEAR] = gear, [ICON_TWIN] = twin,   [ICON_BELL] = bell,
        [ICON_SUN] = sun,   [ICON_AIR] = air,   [ICON_CLOCK] = dial,
    };

    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, size / 2, size / 2);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    paint_colour(cr, c, 1);
    cairo_new_path(cr);
    if (icon == ICON_LOCKED || icon == ICON_UNLOCKED)
        lock(cr, icon == ICON_UNLOCKED);
    else
        draw[icon](cr);
    cairo_restore(cr);
}

void icon_signal(cairo_t *cr, double x, double y, double size, int bars, const struct rgb c[2])
{
    double w = size * 0.17, gap = size * 0.10;

    for (int i = 0; i < 4; i++) {
        double h = size * (0.28 + 0.24 * i);
        path_round(cr, x - size / 2 + i * (w + gap), y + size / 2 - h, w, h, w * 0.35);
        paint_colour(cr, c[i < bars ? 0 : 1], i < bars ? 1 : 0.45);
        cairo_fill(cr);
    }
}
