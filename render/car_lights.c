#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

/* Beams of today's lamps, running lights, amber, red. */
#define BEAM  rgb_hex(0xfff3dc)
#define FRONT rgb_hex(0xe8f3ff)
#define AMBER rgb_hex(0xffa01e)
#define RED   rgb_hex(0xff2418)

double blink(double phase)
{
    double t = fmod(phase * 1.5, 1), on = 0.5;

    if (t < 0.08)
        return t / 0.08;
    if (t < on)
        return 1;
    return t < on + 0.12 ? 1 - (t - on) / 0.12 : 0;
}

/* Where the lamps sit: a stretch of the outline at each corner. */
struct lamp {
    double y0, y1, depth; /* along the car, and inwards at its wide end */
};

static struct lamp head_lamp(const struct body_shape *s)
{
    double d = s->nose.depth;

    return (struct lamp){d * 0.15, d * 0.64, 0.135};
}

static struct lamp tail_lamp(const struct body_shape *s)
{
    double d = s->tail.depth;

    return (struct lamp){s->length - d * 0.62, s->length - d * 0.10, 0.13};
}

static void lamp_path(const struct brush *b, int side, const struct lamp *l, bool head)
{
    enum { STEPS = 14 };
    cairo_t *cr = b->cr;

    cairo_new_sub_path(cr);
    for (int i = 0; i <= STEPS; i++) {
        double y = l->y0 + (l->y1 - l->y0) * i / STEPS;
        cairo_line_to(cr, side * (width_outline(b->s, y) - 0.015), y);
    }
    for (int i = STEPS; i >= 0; i--) {
        double t = (double)i / STEPS, y = l->y0 + (l->y1 - l->y0) * t;
        double in = l->depth * (head ? 1 - 0.75 * t : 0.25 + 0.75 * t);
        cairo_line_to(cr, side * (width_outline(b->s, y) - 0.02 - in), y + (head ? 0.05 : -0.03));
    }
    cairo_close_path(cr);
}

/* The line of light along a lamp. */
static void lamp_line(const struct brush *b, int side, const struct lamp *l, double inset)
{
    enum { STEPS = 14 };

    cairo_new_sub_path(b->cr);
    for (int i = 0; i <= STEPS; i++) {
        double y = l->y0 + (l->y1 - l->y0) * (0.04 + 0.92 * i / STEPS);
        cairo_line_to(b->cr, side * (width_outline(b->s, y) - inset), y + 0.01);
    }
}

static void head_housing(const struct brush *b, int side)
{
    struct lamp l = head_lamp(b->s);
    cairo_t *cr = b->cr;
    double on = fmax(fmax((double)b->p->low_beam, (double)b->p->high_beam),
                     fmax((double)b->p->daytime, 0.6 * (double)b->p->parking));

    lamp_path(b, side, &l, true);
    cairo_pattern_t *p = cairo_pattern_create_linear(0, l.y0, 0, l.y1);
    paint_stop(p, 0, rgb_hex(0x39434c), 1);
    paint_stop(p, 0.5, rgb_hex(0x11161b), 1);
    paint_stop(p, 1, rgb_hex(0x080b0e), 1);
    paint_fill_keep(cr, p);
    cairo_save(cr);
    cairo_clip_preserve(cr);
    cairo_set_line_width(cr, 0.03);
    paint_colour(cr, white, 0.16);
    cairo_stroke(cr);
    /* Modules behind the glass, then the line of light at its edge. */
    for (int i = 0; i < 3; i++) {
        double t = 0.10 + 0.17 * i, y = l.y0 + (l.y1 - l.y0) * t + 0.03;
        double at = side * (width_outline(b->s, y) - 0.085);
        path_round(cr, at - 0.026, y - 0.022, 0.052, 0.044, 0.012);
        paint_colour(cr, rgb_mix(rgb_hex(0x46525c), BEAM, (double)b->p->low_beam), 1);
        cairo_fill(cr);
    }
    cairo_restore(cr);
    lamp_line(b, side, &l, 0.030);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, 0.020);
    paint_colour(cr, rgb_mix(rgb_hex(0xc3ccd3), FRONT, on), 0.75 + 0.25 * on);
    cairo_stroke(cr);
    lamp_path(b, side, &l, true);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.5);
    cairo_stroke(cr);
}

static void tail_housing(const struct brush *b, int side)
{
    struct lamp l = tail_lamp(b->s);
    cairo_t *cr = b->cr;
    double on = fmax(0.62 * fmax((double)b->p->parking, (double)b->p->low_beam),
                     fmax((double)b->p->brake, 0.9 * (double)b->p->fog_rear));

    lamp_path(b, side, &l, false);
    paint_colour(cr, rgb_mix(rgb_hex(0x4d0d10), rgb_hex(0xd01410), on), 1);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.55);
    cairo_stroke(cr);
    lamp_line(b, side, &l, 0.035);
    cairo_set_line_width(cr, 0.028);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    paint_colour(cr, rgb_mix(rgb_hex(0x8c1d1c), rgb_hex(0xff7a66), on), 0.9);
    cairo_stroke(cr);
}

/* From lamp to lamp across the tail. */
static void light_bar(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double y = b->s->length - b->s->tail.depth * 0.16, x = width_outline(b->s, y) - 0.12;
    double on =
        fmax(0.62 * fmax((double)b->p->parking, (double)b->p->low_beam), (double)b->p->brake);

    if (b->s->tail_kind != BODY_TAIL_HATCH && b->s->tail_kind != BODY_TAIL_LID)
        return;
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr, -x, y - 0.012);
    cairo_curve_to(cr, -x * 0.5, y + 0.035, x * 0.5, y + 0.035, x, y - 0.012);
    cairo_set_line_width(cr, 0.034);
    paint_colour(cr, rgb_mix(rgb_hex(0x3d0c0e), rgb_hex(0xd01410), on), 1);
    cairo_stroke_preserve(cr);
    cairo_set_line_width(cr, 0.012);
    paint_colour(cr, rgb_mix(rgb_hex(0x7c2322), rgb_hex(0xff9b88), on), 0.9);
    cairo_stroke(cr);
}

void lights_lamps(const struct brush *b)
{
    if (b->p->trunk < 0.2F || b->s->tail_kind == BODY_TAIL_BARN)
        light_bar(b);
    for (int side = -1; side <= 1; side += 2) {
        head_housing(b, side);
        tail_housing(b, side);
    }
}

/* ---- glow, at full strength ---- */

static void amber(const struct brush *b, int side)
{
    struct lamp head = head_lamp(b->s), tail = tail_lamp(b->s);
    double scale = b->s->roof_kind == BODY_ROOF_BUS ? 1.8 : 1;
    double mirror = width_outline(b->s, b->s->mirror) + b->s->mirror_reach * 0.8;

    for (int i = 0; i < 2; i++) {
        const struct lamp *l = i == 0 ? &head : &tail;
        double y = (l->y0 + l->y1) / 2;
        paint_glow(b->cr, side * width_outline(b->s, y), y, 0.62 * scale, AMBER, 0.95);
    }
    paint_glow(b->cr, side * mirror, b->s->mirror - 0.06, 0.22, AMBER, 0.8);
}

void lights_left(const struct brush *b)
{
    amber(b, -1);
}

void lights_right(const struct brush *b)
{
    amber(b, 1);
}

/* The lines of light themselves. */
void lights_indicators(const struct brush *b)
{
    struct lamp lamps[2] = {head_lamp(b->s), tail_lamp(b->s)};
    cairo_t *cr = b->cr;

    for (int side = -1; side <= 1; side += 2) {
        double on = blink(b->phase) * (double)(side < 0 ? b->p->left : b->p->right);
        double mirror = width_outline(b->s, b->s->mirror) + b->s->mirror_reach * 0.8;
        if (on <= 0.01)
            continue;
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
        cairo_set_line_width(cr, 0.034);
        paint_colour(cr, rgb_mix(AMBER, white, 0.35), on);
        for (int i = 0; i < 2; i++) {
            lamp_line(b, side, &lamps[i], 0.03);
            cairo_stroke(cr);
        }
        cairo_arc(cr, side * mirror, b->s->mirror - 0.06, 0.022, 0, 2 * M_PI);
        cairo_fill(cr);
    }
}

void lights_tail(const struct brush *b)
{
    struct lamp l = tail_lamp(b->s);

    for (int side = -1; side <= 1; side += 2) {
        double y = l.y1 - 0.05;
        paint_glow(b->cr, side * (width_outline(b->s, y) - 0.12), y, 0.75, RED, 1);
    }
    paint_glow(b->cr, 0, b->s->length - 0.03, 0.9, RED, 0.5);
}

void lights_head(const struct brush *b)
{
    struct lamp l = head_lamp(b->s);

    for (int side = -1; side <= 1; side += 2) {
        double y = l.y0 + 0.08, x = side * (width_outline(b->s, y) - 0.07);
        paint_glow(b->cr, x, y, 0.45, FRONT, 0.9);
        paint_glow(b->cr, x, y, 0.12, white, 1);
    }
}

void lights_behind(const struct brush *b)
{
    paint_glow(b->cr, 0, b->s->length + 0.25, 1.5, RED, 0.42);
}

/* ---- cones on the ground ---- */

struct cone {
    double x, y, angle, spread, reach, alpha;
};

/* Brightest near the lamp and in its middle; who keeps it blurs its edges. */
static void cone(const struct brush *b, const struct cone *c)
{
    enum { LAYERS = 4 };
    cairo_t *cr = b->cr;

    for (int i = 0; i < LAYERS; i++) {
        double spread = c->spread * (1 - 0.7 * i / LAYERS);
        cairo_pattern_t *p = cairo_pattern_create_radial(c->x, c->y, 0.05, c->x, c->y, c->reach);
        paint_stop(p, 0, BEAM, c->alpha / LAYERS * 1.5);
        paint_stop(p, 0.25, BEAM, c->alpha / LAYERS);
        paint_stop(p, 0.6, BEAM, c->alpha / LAYERS * 0.36);
        paint_stop(p, 1, BEAM, 0);
        cairo_move_to(cr, c->x, c->y);
        cairo_arc(cr, c->x, c->y, c->reach, -M_PI_2 + c->angle - spread,
                  -M_PI_2 + c->angle + spread);
        cairo_close_path(cr);
        paint_fill(cr, p);
    }
}

void lights_beam(const struct brush *b, enum beam beam)
{
    /* By enum beam: angle, spread, reach, alpha, place within the lamp. */
    static const double how[BEAM_COUNT][5] = {
        {0.08, 0.40, 4.6, 0.50, 1  },
        {0.02, 0.20, 7.2, 0.75, 1  },
        {0.25, 0.75, 2.2, 0.42, 0.8}
    };
    struct lamp l = head_lamp(b->s);
    const double *h = how[beam];

    for (int side = -1; side <= 1; side += 2) {
        double x = side * (width_outline(b->s, l.y0 + 0.05) - 0.10);
        cone(b, &(struct cone){x * h[4], l.y0 + 0.08, side * h[0] + 0.02, h[1], h[2], h[3]});
    }
}
