#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

double width_glass(const struct body_shape *s, double y)
{
    double front = s->screen_top.side, rear = s->rear_top.side, x;

    if (y < front) {
        double t = (y - s->cowl.side) / (front - s->cowl.side);
        x = s->cowl.half + (s->screen_top.half - s->cowl.half) * t + 0.05;
    } else if (y > rear) {
        double t = (y - rear) / fmax(0.05, s->rear_foot.side - rear);
        double from = width_roof(s, rear) + 0.035;
        x = from + (s->rear_foot.half + 0.06 - from) * fmin(1, t);
    } else {
        x = width_roof(s, y) + 0.035;
    }
    return fmin(x, width_belt(s, y));
}

void shell_gap(const struct brush *b, double alpha)
{
    cairo_t *cr = b->cr;
    cairo_path_t *path = cairo_copy_path(cr);

    cairo_set_line_width(cr, fmax(b->px * 1.0, 0.007));
    paint_colour(cr, black, alpha * 0.85);
    cairo_stroke(cr);
    cairo_save(cr);
    cairo_translate(cr, b->px * 0.9, b->px * 0.9);
    cairo_append_path(cr, path);
    cairo_set_line_width(cr, b->px * 0.8);
    paint_colour(cr, white, alpha * 0.32);
    cairo_stroke(cr);
    cairo_restore(cr);
    cairo_path_destroy(path);
}

/* ---- paint ---- */

/* The light comes from the front left; the sides fall away into the dark. */
static void paint_across(const struct brush *b)
{
    static const double stops[][2] = {
        {0,    0.62},
        {0.06, 0.82},
        {0.12, 1.05},
        {0.20, 1.10},
        {0.34, 1.04},
        {0.5,  1.0 },
        {0.68, 0.94},
        {0.82, 0.86},
        {0.92, 0.74},
        {1,    0.52}
    };
    double w = b->s->width / 2;
    cairo_pattern_t *p = cairo_pattern_create_linear(-w, 0, w, 0);

    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        paint_stop(p, stops[i][0], rgb_shade(b->paint, stops[i][1]), 1);
    paint_all(b->cr, p);
}

static void paint_lengthwise(const struct brush *b)
{
    double length = b->s->length, nose = 0.9 / length, tail = 1 - 0.7 / length;
    cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, length);

    paint_stop(p, 0, black, 0.34);
    paint_stop(p, nose * 0.35, black, 0.10);
    paint_stop(p, nose * 0.65, black, 0.02);
    paint_stop(p, nose, black, 0);
    paint_stop(p, tail, black, 0);
    paint_stop(p, tail + (1 - tail) * 0.35, black, 0.025);
    paint_stop(p, tail + (1 - tail) * 0.7, black, 0.15);
    paint_stop(p, 1, black, 0.44);
    paint_all(b->cr, p);
}

/* The metal bends down all around: a rim of dark that follows the outline, softest inwards. */
static void paint_rim(const struct brush *b)
{
    enum { RINGS = 7 };
    cairo_t *cr = b->cr;
    double deep = fmin(0.15, b->s->width * 0.085);

    for (int i = 1; i <= RINGS; i++) {
        path_outline(cr, b->s, 0);
        cairo_set_line_width(cr, 2 * deep * i / RINGS);
        paint_colour(cr, black, 0.075);
        cairo_stroke(cr);
    }
}

/* Clear coat: the sky in the shoulder, bright on the side of the light, narrow and sharp. */
static void gloss(const struct brush *b, const double line[3])
{
    cairo_t *cr = b->cr;
    double w = b->s->width / 2, length = b->s->length;
    cairo_pattern_t *p = cairo_pattern_create_linear(-w, 0, w, length * 0.35);

    path_outline(cr, b->s, line[0]);
    cairo_set_line_width(cr, line[1]);
    paint_stop(p, 0, white, line[2]);
    paint_stop(p, 0.45, white, line[2] * 0.25);
    paint_stop(p, 0.75, white, line[2] * 0.12);
    paint_stop(p, 1, white, line[2] * 0.42);
    cairo_set_source(cr, p);
    cairo_stroke(cr);
    cairo_pattern_destroy(p);
}

static void paint_gloss(const struct brush *b)
{
    /* Inset, width, alpha. */
    static const double lines[][3] = {
        {0.135, 0.10,  0.10},
        {0.125, 0.045, 0.20},
        {0.118, 0.014, 0.50}
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        gloss(b, lines[i]);
}

void shell_rim(const struct brush *b)
{
    gloss(b, (double[3]){0.012, 0.022, 0.75});
    gloss(b, (double[3]){0.03, 0.07, 0.16});
}

/* The bonnet bulges: light on its left half, shade on its right, and the sky in front of the
   windscreen. */
static void paint_bonnet_light(const struct brush *b)
{
    double w = b->s->width / 2, y = b->s->cowl.middle * 0.55;
    cairo_t *cr = b->cr;
    cairo_pattern_t *p =
        cairo_pattern_create_radial(-w * 0.42, y, 0, -w * 0.30, y, b->s->cowl.side * 0.95);

    paint_stop(p, 0, white, 0.30);
    paint_stop(p, 0.4, white, 0.12);
    paint_stop(p, 1, white, 0);
    paint_all(cr, p);
    p = cairo_pattern_create_radial(w * 0.5, y * 1.3, 0, w * 0.45, y * 1.3, b->s->cowl.side * 0.75);
    paint_stop(p, 0, black, 0.16);
    paint_stop(p, 1, black, 0);
    paint_all(cr, p);
    double foot = b->s->cowl.middle;
    p = cairo_pattern_create_linear(0, foot - 0.30, 0, foot + 0.1);
    paint_stop(p, 0, white, 0);
    paint_stop(p, 0.55, white, 0.13);
    paint_stop(p, 0.8, white, 0.02);
    paint_stop(p, 1, black, 0.18);
    cairo_rectangle(cr, -w, foot - 0.30, 2 * w, 0.5);
    paint_fill(cr, p);
}

void shell_paint(const struct brush *b)
{
    if (b->coat != NULL) {
        cairo_set_source(b->cr, b->coat);
        cairo_paint(b->cr);
        return;
    }
    paint_across(b);
    if (b->s->bonnet.half > 0)
        paint_bonnet_light(b);
    paint_lengthwise(b);
    paint_rim(b);
    paint_gloss(b);
}

/* ---- lines ---- */

/* Soft light and shadow along the shoulder, between belt and outline. */
static void shoulder(const struct brush *b, int side, double y0, double y1)
{
    static const struct {
        double t, width, light, dark;
    } lines[] = {
        {0.06, 0.018, 0.0,  0.26},
        {0.20, 0.060, 0.10, 0.0 },
        {0.58, 0.060, 0.0,  0.10},
        {0.66, 0.014, 0.0,  0.16},
        {0.70, 0.012, 0.22, 0.0 },
    };
    cairo_t *cr = b->cr;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        path_along(cr, b->s, width_belt, width_outline, lines[i].t, (struct stretch){side, y0, y1});
        cairo_set_line_width(cr, lines[i].width);
        if (lines[i].light > 0)
            paint_colour(cr, white, lines[i].light * (side < 0 ? 1 : 0.45));
        else
            paint_colour(cr, black, lines[i].dark);
        cairo_stroke(cr);
    }
}

/* The arch over a wheel: the metal swells, and ends in a lip. */
static void arch(const struct brush *b, int side, double axle)
{
    double half = b->s->tyre_length * 0.62;
    cairo_t *cr = b->cr;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    path_along(cr, b->s, width_outline, width_belt, 0.16,
               (struct stretch){side, axle - half * 0.8, axle + half * 0.8});
    cairo_set_line_width(cr, 0.05);
    paint_colour(cr, white, side < 0 ? 0.17 : 0.10);
    cairo_stroke(cr);
    path_along(cr, b->s, width_outline, width_belt, 0.035,
               (struct stretch){side, axle - half, axle + half});
    cairo_set_line_width(cr, 0.016);
    paint_colour(cr, black, 0.5);
    cairo_stroke(cr);
}

static void handle(const struct brush *b, int side, double rear)
{
    cairo_t *cr = b->cr;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    path_along(cr, b->s, width_belt, width_outline, 0.70,
               (struct stretch){side, rear - 0.27, rear - 0.09});
    cairo_set_line_width(cr, 0.030);
    paint_colour(cr, black, 0.38);
    cairo_stroke(cr);
    path_along(cr, b->s, width_belt, width_outline, 0.67,
               (struct stretch){side, rear - 0.26, rear - 0.10});
    cairo_set_line_width(cr, 0.013);
    paint_colour(cr, rgb_shade(b->paint, 1.35), 0.85);
    cairo_stroke(cr);
}

static void cut_line(const struct brush *b, int side, double y)
{
    cairo_move_to(b->cr, side * (width_outline(b->s, y) - 0.004), y + 0.012);
    cairo_line_to(b->cr, side * width_belt(b->s, y), y);
    cairo_line_to(b->cr, side * width_glass(b->s, y), y + 0.02);
    shell_gap(b, 0.5);
}

void shell_side_details(const struct brush *b, int side, int row)
{
    double front = b->s->row[row].front, rear = b->s->row[row].rear;

    shoulder(b, side, front, rear);
    handle(b, side, rear);
    cut_line(b, side, front);
    cut_line(b, side, rear);
}

static void bonnet_lines(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;

    path_bonnet(cr, s);
    shell_gap(b, 0.42);
    for (int side = -1; side <= 1; side += 2) {
        double foot = s->cowl.half * 0.66, nose = s->bonnet.half * 0.42;
        cairo_move_to(cr, side * foot, body_arc_at(&s->cowl, foot) - 0.09);
        cairo_curve_to(cr, side * foot, s->cowl.middle * 0.6, side * nose * 1.35,
                       s->bonnet.middle + 0.25, side * nose, s->bonnet.middle + 0.09);
        cairo_path_t *line = cairo_copy_path(cr);
        cairo_set_line_width(cr, 0.055);
        paint_colour(cr, side < 0 ? white : black, 0.10);
        cairo_stroke(cr);
        cairo_append_path(cr, line);
        cairo_path_destroy(line);
        cairo_set_line_width(cr, fmax(0.012, b->px));
        paint_colour(cr, side < 0 ? white : black, 0.20);
        cairo_stroke(cr);
    }
    double y = s->bonnet.middle * 0.66;
    cairo_pattern_t *p = cairo_pattern_create_linear(-0.03, y - 0.03, 0.03, y + 0.03);
    paint_stop(p, 0, rgb_hex(0xf4f7f9), 1);
    paint_stop(p, 1, rgb_hex(0x7b858d), 1);
    cairo_arc(cr, 0, y, 0.028, 0, 2 * M_PI);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.45);
    cairo_stroke(cr);
}

static void nose_and_tail(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double w = body_outline_at(b->s, 0.18), length = b->s->length;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr, -w * 0.62, 0.085);
    cairo_curve_to(cr, -w * 0.3, 0.03, w * 0.3, 0.03, w * 0.62, 0.085);
    cairo_set_line_width(cr, 0.035);
    paint_colour(cr, black, 0.42);
    cairo_stroke(cr);
    if (b->s->lid.half > 0 && b->s->tail_kind != BODY_TAIL_BARN) {
        path_lid(cr, b->s);
        shell_gap(b, 0.42);
    }
    w = body_outline_at(b->s, length - 0.1);
    cairo_move_to(cr, -w * 0.8, length - 0.035);
    cairo_line_to(cr, w * 0.8, length - 0.035);
    cairo_set_line_width(cr, 0.02);
    paint_colour(cr, black, 0.35);
    cairo_stroke(cr);
}

/* ---- the whole ---- */

static void fixed_lines(const struct brush *b)
{
    const struct body_shape *s = b->s;

    for (int side = -1; side <= 1; side += 2) {
        shoulder(b, side, s->nose.depth * 0.5, s->length - s->tail.depth * 0.5);
        arch(b, side, s->axle[0]);
        arch(b, side, s->axle[1]);
    }
    for (int door = 0; door < PICTURE_DOOR_COUNT; door++)
        if (s->door[door / 2] != BODY_DOOR_NONE && !door_is_open(b, door)) {
            cut_line(b, door_side(door), s->row[door / 2].front);
            cut_line(b, door_side(door), s->row[door / 2].rear);
            handle(b, door_side(door), s->row[door / 2].rear);
        }
    if (s->bonnet.half > 0)
        bonnet_lines(b);
    nose_and_tail(b);
}

void shell_draw(const struct brush *b)
{
    cairo_t *cr = b->cr;

    cairo_save(cr);
    path_outline(cr, b->s, 0);
    openings_holes(b);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_clip(cr);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_WINDING);
    shell_paint(b);
    fixed_lines(b);
    roof_draw(b);
    cairo_restore(cr);
    path_outline(cr, b->s, b->px * 0.5);
    cairo_set_line_width(cr, b->px * 1.1);
    paint_colour(cr, rgb_shade(b->paint, 0.25), 0.45);
    cairo_stroke(cr);
}

/* ---- mirrors and tyres ---- */

static void mirror(const struct brush *b, int side)
{
    cairo_t *cr = b->cr;
    double y = b->s->mirror, root = width_belt(b->s, y) + 0.02, fold = (double)b->p->mirrors;
    double reach = width_outline(b->s, y) + b->s->mirror_reach - root;

    cairo_save(cr);
    cairo_translate(cr, side * root, y);
    cairo_scale(cr, side, 1);
    cairo_rotate(cr, 1.15 * fold);
    for (int shadow = 1; shadow >= 0; shadow--) {
        double d = shadow ? 0.03 : 0;
        cairo_move_to(cr, 0, -0.02 + d);
        cairo_curve_to(cr, reach * 0.3, -0.09 + d, reach * 0.8, -0.10 + d, reach, -0.02 + d);
        cairo_curve_to(cr, reach * 1.02, 0.07 + d, reach * 0.95, 0.10 + d, reach * 0.8, 0.10 + d);
        cairo_curve_to(cr, reach * 0.6, 0.10 + d, reach * 0.4, 0.07 + d, 0, 0.045 + d);
        cairo_close_path(cr);
        if (shadow) {
            paint_colour(cr, black, 0.28);
            cairo_fill(cr);
        }
    }
    cairo_pattern_t *p = cairo_pattern_create_linear(0, -0.1, 0, 0.11);
    paint_stop(p, 0, rgb_shade(b->paint, 0.7), 1);
    paint_stop(p, 0.35, rgb_shade(b->paint, side < 0 ? 1.25 : 1.08), 1);
    paint_stop(p, 0.75, rgb_shade(b->paint, 0.75), 1);
    paint_stop(p, 1, rgb_hex(0x14181c), 1);
    paint_fill_keep(cr, p);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.45);
    cairo_stroke(cr);
    cairo_restore(cr);
}

void shell_mirrors(const struct brush *b)
{
    mirror(b, -1);
    mirror(b, 1);
}

/* What looks out from below the arches; the tread moves. */
static void tyre(const struct brush *b, int side, double axle, double angle)
{
    cairo_t *cr = b->cr;
    double l = b->s->tyre_length, w = b->s->tyre_width;

    cairo_save(cr);
    cairo_translate(cr, side * (width_outline(b->s, axle) - 0.002 - w / 2), axle);
    cairo_rotate(cr, angle);
    path_round(cr, -w / 2, -l / 2, w, l, 0.07);
    cairo_pattern_t *p = cairo_pattern_create_linear(0, -l / 2, 0, l / 2);
    paint_stop(p, 0, rgb_hex(0x0a0b0c), 1);
    paint_stop(p, 0.5, rgb_hex(0x2b2e31), 1);
    paint_stop(p, 1, rgb_hex(0x0a0b0c), 1);
    paint_fill_keep(cr, p);
    cairo_clip(cr);
    double pitch = 0.09, from = -l / 2 - pitch + fmod(b->rolled, pitch);
    int lugs = (int)(l / pitch) + 3;
    for (int i = 0; i < lugs; i++) {
        cairo_move_to(cr, -w / 2, from + i * pitch);
        cairo_line_to(cr, w / 2, from + i * pitch + 0.02);
    }
    cairo_set_line_width(cr, 0.02);
    paint_colour(cr, black, 0.55);
    cairo_stroke(cr);
    cairo_restore(cr);
}

void shell_tyres(const struct brush *b)
{
    for (int side = -1; side <= 1; side += 2) {
        tyre(b, side, b->s->axle[0], 0.42 * (double)b->p->steer);
        tyre(b, side, b->s->axle[1], 0);
    }
}
