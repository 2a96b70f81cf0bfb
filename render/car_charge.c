#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

#define ENERGY rgb_hex(0x35e08a)

void charge_port(const struct body_shape *s, double *ret_x, double *ret_y)
{
    *ret_y = s->flap;
    *ret_x = s->flap_side * (width_outline(s, s->flap) - 0.035);
}

/* The station stands beside the car, a little behind the port. */
static void station_at(const struct body_shape *s, double *ret_x, double *ret_y)
{
    *ret_x = s->flap_side * (s->width / 2 + 1.02);
    *ret_y = s->flap + 0.55;
}

static void cable_path(const struct brush *b)
{
    double x, y, sx, sy, side = b->s->flap_side;

    charge_port(b->s, &x, &y);
    station_at(b->s, &sx, &sy);
    cairo_new_sub_path(b->cr);
    cairo_move_to(b->cr, x + side * 0.12, y);
    cairo_curve_to(b->cr, x + side * 0.55, y - 0.05, sx - side * 0.75, sy + 0.75, sx - side * 0.1,
                   sy + 0.02);
}

/* The pack glows through the floor; blurred by who keeps it. */
void charge_below(const struct brush *b)
{
    path_outline(b->cr, b->s, -0.03);
    paint_colour(b->cr, ENERGY, 0.9);
    cairo_fill(b->cr);
}

double charge_pulse(double phase)
{
    return 0.62 + 0.38 * sin(phase * 2.6);
}

static void station(const struct brush *b, double on)
{
    cairo_t *cr = b->cr;
    double x, y;

    station_at(b->s, &x, &y);
    paint_glow(cr, x + 0.06, y + 0.08, 0.55, black, 0.5 * on);
    path_round(cr, x - 0.17, y - 0.20, 0.34, 0.40, 0.09);
    cairo_pattern_t *p = cairo_pattern_create_linear(x - 0.17, y - 0.2, x + 0.17, y + 0.2);
    paint_stop(p, 0, rgb_hex(0xfafbfb), on);
    paint_stop(p, 1, rgb_hex(0xb4bcc1), on);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.35 * on);
    cairo_stroke(cr);
    path_round(cr, x - 0.10, y - 0.13, 0.20, 0.05, 0.025);
    paint_colour(cr, rgb_mix(rgb_hex(0x8794a0), ENERGY, (double)b->p->charging), on);
    cairo_fill(cr);
    if (b->p->charging > 0.05F)
        paint_glow(cr, x, y - 0.10, 0.35, ENERGY, 0.6 * (double)b->p->charging);
}

static void cable(const struct brush *b, double on)
{
    cairo_t *cr = b->cr;
    double flow = (double)b->p->charging;

    cairo_save(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_save(cr);
    cairo_translate(cr, 0.03, 0.05);
    cable_path(b);
    cairo_restore(cr);
    cairo_set_line_width(cr, 0.07);
    paint_colour(cr, black, 0.25 * on);
    cairo_stroke(cr);
    cable_path(b);
    cairo_set_line_width(cr, 0.052);
    paint_colour(cr, rgb_hex(0x15191d), on);
    cairo_stroke_preserve(cr);
    cairo_set_line_width(cr, 0.014);
    paint_colour(cr, white, 0.28 * on);
    cairo_stroke(cr);
    if (flow > 0.01) {
        double dash[2] = {0.16, 0.30};
        cable_path(b);
        cairo_set_dash(cr, dash, 2, fmod(b->phase * 0.9, 0.46));
        cairo_set_line_width(cr, 0.075);
        paint_colour(cr, ENERGY, 0.22 * flow);
        cairo_stroke_preserve(cr);
        cairo_set_line_width(cr, 0.030);
        paint_colour(cr, rgb_mix(ENERGY, white, 0.35), flow);
        cairo_stroke(cr);
    }
    cairo_restore(cr);
}

/* The plug comes with the cable. */
static void plug(const struct brush *b, double on)
{
    cairo_t *cr = b->cr;
    double x, y, side = b->s->flap_side;

    charge_port(b->s, &x, &y);
    path_round(cr, side > 0 ? x - 0.02 : x - 0.16, y - 0.05, 0.18, 0.10, 0.04);
    paint_colour(cr, rgb_hex(0x1c2126), on);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, white, 0.35 * on);
    cairo_stroke(cr);
    if (b->p->charging > 0.01F) {
        double pulse = 0.6 + 0.4 * sin(b->phase * 5.2);
        paint_glow(cr, x, y, 0.30, ENERGY, (double)b->p->charging * pulse);
    }
}

static void flap(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double x, y, side = b->s->flap_side, t = (double)b->p->flap;

    charge_port(b->s, &x, &y);
    if (t < 0.01) {
        path_along(cr, b->s, width_outline, width_belt, 0.22,
                   (struct stretch){(int)side, y - 0.09, y + 0.09});
        cairo_set_line_width(cr, 0.05);
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
        paint_colour(cr, black, 0.13);
        cairo_stroke(cr);
        return;
    }
    path_round(cr, x - 0.045, y - 0.085, 0.09, 0.17, 0.03);
    paint_colour(cr, rgb_hex(0x0a0d0f), 1);
    cairo_fill(cr);
    cairo_arc(cr, x - side * 0.005, y, 0.022, 0, 2 * M_PI);
    paint_colour(cr, rgb_hex(0x5f6a73), 1);
    cairo_fill(cr);
    cairo_save(cr);
    cairo_translate(cr, x + side * 0.03, y - 0.085);
    cairo_rotate(cr, -side * 1.9 * t);
    path_round(cr, -0.018, 0, 0.036, 0.17, 0.014);
    paint_colour(cr, rgb_shade(b->paint, 1.12), 1);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.5);
    cairo_stroke(cr);
    cairo_restore(cr);
}

void charge_draw(const struct brush *b)
{
    double on = (double)b->p->cable;

    flap(b);
    if (on < 0.01)
        return;
    station(b, on);
    cable(b, on);
    plug(b, on);
}
