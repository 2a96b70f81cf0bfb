#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1};

#define WARM  rgb_hex(0xff7a3c)
#define COLD  rgb_hex(0x4db4ff)
#define ALARM rgb_hex(0xff2e2e)

static void cabin_edge(const struct brush *b, struct stretch on)
{
    enum { STEPS = 40 };

    for (int i = 0; i <= STEPS; i++) {
        double y = on.y0 + (on.y1 - on.y0) * i / STEPS;
        cairo_line_to(b->cr, on.side * (width_glass(b->s, y) - 0.02), y);
    }
}

/* Where air can be seen: the cabin, from the foot of the screen to behind the last seats. */
static void cabin_path(const struct brush *b)
{
    const struct body_shape *s = b->s;
    double rear = s->seat[1] > 0 ? s->rear_top.side : s->seat[0] + 0.62;
    struct body_arc foot = s->cowl, end = s->rear_top;

    foot.half *= 0.98;
    end.half = width_glass(s, rear) - 0.02;
    end.middle += rear - end.side;
    end.side = rear;
    cairo_new_path(b->cr);
    path_arc_to(b->cr, &foot, -foot.half, foot.half);
    cabin_edge(b, (struct stretch){1, foot.side, rear});
    path_arc_to(b->cr, &end, end.half, -end.half);
    cabin_edge(b, (struct stretch){-1, rear, foot.side});
    cairo_close_path(b->cr);
}

/* A breath of air, widest in the middle, that has drifted `t` of its way. */
static void breath(const struct brush *b, struct rgb c, double x, double t, const double way[2],
                   double on)
{
    cairo_t *cr = b->cr;
    double y = way[0] + (way[1] - way[0]) * t, fade = sin(M_PI * t);
    double drift = x * (0.86 + 0.22 * t) + 0.035 * sin(6 * t + 9 * x);

    cairo_save(cr);
    cairo_translate(cr, drift, y);
    cairo_scale(cr, 0.09 + 0.05 * t, 0.42 + 0.10 * t);
    paint_glow(cr, 0, 0, 1, rgb_mix(c, white, 0.30), on * fade);
    cairo_restore(cr);
}

/* Streams from the vents back over the seats. */
static void streams(const struct brush *b, struct rgb c, double on)
{
    enum { LANES = 5, EACH = 3 };
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double rear = s->seat[1] > 0 ? s->seat[1] + 0.25 : s->seat[0] + 0.55;
    double way[2] = {s->cowl.side + 0.05, rear}, half = width_glass(s, s->seat[0]) * 0.80;

    if (s->roof_kind != BODY_ROOF_GLASS)
        on *= s->roof_kind == BODY_ROOF_RAILS ? 0.75 : 0.5; /* through metal */
    cairo_save(cr);
    cabin_path(b);
    cairo_clip(cr);
    cairo_pattern_t *p = cairo_pattern_create_linear(0, s->cowl.middle, 0, rear + 0.3);
    paint_stop(p, 0, c, 0.42 * on);
    paint_stop(p, 0.35, c, 0.34 * on);
    paint_stop(p, 1, c, 0);
    paint_all(cr, p);
    cairo_restore(cr);
    for (int i = 0; i < LANES; i++)
        for (int k = 0; k < EACH; k++) {
            double at = fmod(b->phase * 0.30 + i * 0.437 + (double)k / EACH, 1);
            breath(b, c, half * (-1 + 2.0 * i / (LANES - 1)), at, way, 0.60 * on);
        }
}

/* Heated glass: warm light that rises from the foot of the screen. */
static void defrost(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double on = (double)b->p->defrost;

    if (on > 0.01) {
        cairo_save(cr);
        path_screen(cr, s);
        cairo_clip(cr);
        cairo_pattern_t *p = cairo_pattern_create_linear(0, s->screen_top.side, 0, s->cowl.middle);
        paint_stop(p, 0, WARM, 0.05 * on);
        paint_stop(p, 1, WARM, 0.62 * on);
        paint_all(cr, p);
        for (int i = -3; i <= 3; i++) {
            double x = i * s->cowl.half * 0.26, sway = 0.03 * sin(b->phase * 2 + i);
            cairo_move_to(cr, x, s->cowl.side + 0.02);
            cairo_curve_to(cr, x + 0.07 + sway, s->cowl.side + 0.16, x - 0.07 + sway,
                           s->screen_top.middle - 0.2, x + sway, s->screen_top.middle - 0.05);
            cairo_set_line_width(cr, 0.022);
            paint_colour(cr, rgb_hex(0xffd9b8), 0.75 * on);
            cairo_stroke(cr);
        }
        cairo_restore(cr);
    }
    on = (double)b->p->rear_defrost;
    if (on > 0.01 && s->rear_screen && b->p->trunk < 0.1F) {
        cairo_save(cr);
        path_rear_screen(cr, s);
        cairo_clip(cr);
        int wires = (int)((s->rear_foot.middle - s->rear_top.middle) / 0.055);
        for (int i = 1; i <= wires; i++) {
            cairo_move_to(cr, -1, s->rear_top.middle + 0.055 * i);
            cairo_line_to(cr, 1, s->rear_top.middle + 0.055 * i);
        }
        cairo_set_line_width(cr, 0.014);
        paint_colour(cr, WARM, 0.9 * on);
        cairo_stroke(cr);
        cairo_restore(cr);
    }
}

void air_draw(const struct brush *b)
{
    if (b->p->warm > 0.01F)
        streams(b, WARM, (double)b->p->warm);
    if (b->p->cold > 0.01F)
        streams(b, COLD, (double)b->p->cold);
    defrost(b);
}

/* ---- horn and alarm ---- */

static void waves(const struct brush *b, double on)
{
    cairo_t *cr = b->cr;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 0; i < 4; i++) {
        double t = fmod(b->phase * 1.5 + i * 0.25, 1), r = 0.35 + 1.25 * t;
        cairo_new_sub_path(cr);
        cairo_arc(cr, 0, 0.22, r, -M_PI_2 - 0.62, -M_PI_2 + 0.62);
        cairo_set_line_width(cr, 0.05 * (1 - 0.6 * t));
        paint_colour(cr, rgb_hex(0xffc24a), on * (1 - t) * 0.9);
        cairo_stroke(cr);
    }
}

void air_aura(const struct brush *b)
{
    path_outline(b->cr, b->s, -0.10);
    paint_colour(b->cr, ALARM, 1);
    cairo_fill(b->cr);
}

/* The red edge of a car that is being broken into. */
static void alarm_edge(const struct brush *b, double on)
{
    path_outline(b->cr, b->s, 0);
    cairo_set_line_width(b->cr, 0.028);
    paint_colour(b->cr, rgb_mix(ALARM, white, 0.25), on * (0.25 + 0.7 * air_beat(b->phase)));
    cairo_stroke(b->cr);
}

double air_beat(double phase)
{
    return 0.5 + 0.5 * sin(phase * 9.4);
}

void air_signals(const struct brush *b)
{
    if (b->p->alarm > 0.01F)
        alarm_edge(b, (double)b->p->alarm);
    if (b->p->horn > 0.01F)
        waves(b, (double)b->p->horn);
}
