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

    cairo_set_line_width(cr, fmax(b->px * 1.1, 0.008));
    paint_colour(cr, black, alpha);
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
        {0,     0.40},
        {0.03,  0.60},
        {0.07,  0.86},
        {0.105, 1.06},
        {0.14,  1.28},
        {0.185, 1.12},
        {0.30,  1.04},
        {0.5,   1.0 },
        {0.7,   0.96},
        {0.82,  0.90},
        {0.865, 0.98},
        {0.905, 0.82},
        {0.96,  0.55},
        {1,     0.34}
    };
    double w = b->s->width / 2;
    cairo_pattern_t *p = cairo_pattern_create_linear(-w, 0, w, 0);

    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        paint_stop(p, stops[i][0], rgb_shade(b->paint, stops[i][1]), 1);
    paint_all(b->cr, p);
}

static void paint_lengthwise(const struct brush *b)
{
    double length = b->s->length, nose = 0.75 / length, tail = 1 - 0.55 / length;
    cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, length);

    paint_stop(p, 0, black, 0.48);
    paint_stop(p, nose * 0.25, black, 0.17);
    paint_stop(p, nose, black, 0);
    paint_stop(p, tail, black, 0);
    paint_stop(p, tail + (1 - tail) * 0.7, black, 0.2);
    paint_stop(p, 1, black, 0.55);
    paint_all(b->cr, p);
}

static void paint_bonnet_light(const struct brush *b)
{
    double w = b->s->width / 2, y = b->s->cowl.middle * 0.55;
    cairo_pattern_t *p =
        cairo_pattern_create_radial(-w * 0.38, y, 0, -w * 0.30, y, b->s->cowl.side * 0.95);

    paint_stop(p, 0, white, 0.26);
    paint_stop(p, 0.5, white, 0.09);
    paint_stop(p, 1, white, 0);
    paint_all(b->cr, p);
    p = cairo_pattern_create_radial(w * 0.45, y * 1.3, 0, w * 0.45, y * 1.3, b->s->cowl.side * 0.7);
    paint_stop(p, 0, black, 0.13);
    paint_stop(p, 1, black, 0);
    paint_all(b->cr, p);
}

void shell_paint(const struct brush *b)
{
    paint_across(b);
    if (b->s->bonnet.half > 0)
        paint_bonnet_light(b);
    paint_lengthwise(b);
}

/* ---- lines ---- */

/* Soft light and shadow along the shoulder, between belt and outline. */
static void shoulder(const struct brush *b, int side, double y0, double y1)
{
    static const struct {
        double t, width, light, dark;
    } lines[] = {
        {0.10, 0.020, 0.10, 0.20},
        {0.34, 0.050, 0.20, 0.0 },
        {0.44, 0.018, 0.34, 0.0 },
        {0.60, 0.045, 0.0,  0.16},
        {0.86, 0.030, 0.12, 0.0 },
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
    cairo_arc(cr, 0, s->bonnet.middle * 0.62, 0.034, 0, 2 * M_PI);
    paint_colour(cr, white, 0.55);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.35);
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

/* ---- roofs ---- */

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

    path_round(cr, -half + 0.06, y0 + 0.07, 2 * half, y1 - y0, 0.10);
    paint_colour(cr, black, 0.20);
    cairo_fill(cr);
    p = cairo_pattern_create_linear(-half, y0, half, y1);
    paint_stop(p, 0, rgb_shade(c, 1.5), 1);
    paint_stop(p, 0.15, rgb_shade(c, 1.05), 1);
    paint_stop(p, 1, rgb_shade(c, 0.82), 1);
    path_round(cr, -half, y0, 2 * half, y1 - y0, 0.10);
    paint_fill_keep(cr, p);
    shell_gap(b, 0.4);
    int fins = (int)((y1 - y0 - 0.15) / 0.13);
    for (int i = 0; i < fins; i++) {
        cairo_move_to(cr, -half * 0.8, y0 + 0.16 + 0.13 * i);
        cairo_line_to(cr, half * 0.8, y0 + 0.16 + 0.13 * i);
    }
    cairo_set_line_width(cr, 0.03);
    paint_colour(cr, black, 0.09);
    cairo_stroke(cr);
}

static void roof_bus(const struct brush *b)
{
    cairo_t *cr = b->cr;
    struct rgb c = rgb_hex(0xc9d1d0), accent = rgb_hex(0x2f8f83);

    path_roof(cr, b->s, 0.02);
    shell_gap(b, 0.25);
    for (int side = -1; side <= 1; side += 2) {
        path_along(cr, b->s, width_roof, width_belt, -0.9, (struct stretch){side, 0.9, 11.3});
        cairo_set_line_width(cr, 0.05);
        paint_colour(cr, accent, 0.9);
        cairo_stroke(cr);
    }
    roof_box(b, 1.35, 2.75, 0.86, c);
    roof_box(b, 3.3, 4.35, 0.55, rgb_shade(c, 1.1));
    roof_box(b, 5.0, 7.3, 0.92, c);
    roof_box(b, 7.7, 8.6, 0.45, rgb_shade(c, 1.1));
    roof_box(b, 9.1, 11.2, 0.92, c);
}

static void roof_draw(const struct brush *b)
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
        break;
    }
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
    cairo_set_line_width(cr, b->px * 1.2);
    paint_colour(cr, black, 0.38);
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
