#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

/* Bands of sky across all glass, so that they run on from pane to pane. */
static void reflections(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double w = b->s->width, length = b->s->length;
    static const struct {
        double y, width, alpha;
    } bands[] = {
        {0.20, 0.34, 0.11},
        {0.34, 0.10, 0.08},
        {0.55, 0.42, 0.08},
        {0.74, 0.12, 0.07}
    };

    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++) {
        double y = bands[i].y * length, h = bands[i].width;
        cairo_move_to(cr, -w, y + w * 0.9);
        cairo_line_to(cr, w, y - w * 0.9);
        cairo_line_to(cr, w, y + h - w * 0.9);
        cairo_line_to(cr, -w, y + h + w * 0.9);
        cairo_close_path(cr);
        cairo_pattern_t *p = cairo_pattern_create_linear(-w / 2, 0, w / 2, 0);
        paint_stop(p, 0, white, bands[i].alpha * 1.5);
        paint_stop(p, 0.6, white, bands[i].alpha * 0.6);
        paint_stop(p, 1, white, 0);
        paint_fill(cr, p);
    }
}

void glass_fill(const struct brush *b, double tint)
{
    cairo_t *cr = b->cr;
    double w = b->s->width / 2;
    cairo_path_t *path = cairo_copy_path(cr);
    cairo_pattern_t *p = cairo_pattern_create_linear(-w, 0, w, 0.6);

    paint_stop(p, 0, rgb_hex(0x43566a), tint);
    paint_stop(p, 0.35, rgb_hex(0x1e2a36), tint);
    paint_stop(p, 0.7, rgb_hex(0x111820), tint);
    paint_stop(p, 1, rgb_hex(0x0b0f14), tint);
    cairo_save(cr);
    cairo_clip(cr);
    paint_all(cr, p);
    reflections(b);
    cairo_restore(cr);
    cairo_new_path(cr);
    cairo_append_path(cr, path);
    cairo_path_destroy(path);
    cairo_set_line_width(cr, fmax(b->px * 1.1, 0.009));
    paint_colour(cr, black, 0.62);
    cairo_stroke(cr);
}

/* ---- side windows ---- */

#define POINTED                                                                                    \
    0.5 /* metres in which the side glass runs out to a point, under the roof's edge               \
         */

static double width_pane(const struct body_shape *s, double y)
{
    double out = width_belt(s, y) - 0.022, in = width_glass(s, y);
    double end = fmax(s->row[1].rear - 0.045, s->rear_top.side + 0.10);
    double t = fmin(1, fmax(0, (y - end + POINTED) / POINTED));

    return out + (in - out) * t * t;
}

bool glass_window_path(const struct brush *b, int door)
{
    const struct body_shape *s = b->s;
    int row = door / 2;

    if (s->door[row] != BODY_DOOR_SWINGS)
        return false;
    path_strip(
        b->cr, s, width_pane, width_glass,
        (struct stretch){door_side(door), s->row[row].front + 0.05, s->row[row].rear - 0.045});
    return true;
}

void glass_quarter_path(const struct brush *b, int side)
{
    const struct body_shape *s = b->s;

    if (s->roof_kind == BODY_ROOF_BUS) {
        for (int i = 0; i < 8; i++)
            path_strip(b->cr, s, width_pane, width_glass,
                       (struct stretch){side, 0.75 + 1.36 * i, 2.05 + 1.36 * i});
        return;
    }
    if (s->door[1] == BODY_DOOR_SWINGS)
        path_strip(b->cr, s, width_pane, width_glass,
                   (struct stretch){side, s->row[1].rear + 0.03, s->rear_top.side + 0.10});
}

/* The pane slides down behind the belt: what is left of it hugs the belt. */
void glass_window(const struct brush *b, int door)
{
    cairo_t *cr = b->cr;
    double open = (double)b->p->window[door];
    int row = door / 2;

    if (!glass_window_path(b, door))
        return;
    if (open < 0.004) {
        glass_fill(b, 0.80);
        return;
    }
    cairo_set_line_width(cr, fmax(b->px, 0.012));
    paint_colour(cr, black, 0.7);
    cairo_stroke(cr);
    if (open > 0.97)
        return;
    const struct body_shape *s = b->s;
    double y0 = s->row[row].front + 0.05, y1 = s->row[row].rear - 0.045;
    int side = door_side(door), steps = 24;
    cairo_new_sub_path(cr);
    for (int i = 0; i <= steps; i++) {
        double y = y0 + (y1 - y0) * i / steps;
        cairo_line_to(cr, side * width_pane(s, y), y);
    }
    for (int i = steps; i >= 0; i--) {
        double y = y0 + (y1 - y0) * i / steps;
        double in = width_glass(s, y), out = width_pane(s, y);
        cairo_line_to(cr, side * (in + (out - in) * open), y);
    }
    cairo_close_path(cr);
    glass_fill(b, 0.80);
    path_along(cr, s, width_glass, width_pane, open, (struct stretch){side, y0, y1});
    cairo_set_line_width(cr, b->px * 1.2);
    paint_colour(cr, white, 0.55);
    cairo_stroke(cr);
}

/* ---- roof ---- */

/* From screen to roof the glass is one, by a black edge between the two. */
static void header(const struct brush *b, const struct body_arc *arc, int inwards)
{
    cairo_t *cr = b->cr;
    double half = arc->half - 0.02;

    cairo_new_path(cr);
    for (int i = 0; i <= 20; i++) {
        double x = -half + 2 * half * i / 20;
        cairo_line_to(cr, x, body_arc_at(arc, x) + 0.022 * inwards);
    }
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    cairo_set_line_width(cr, 0.062);
    paint_colour(cr, rgb_hex(0x0b0f13), 1);
    cairo_stroke_preserve(cr);
    cairo_set_line_width(cr, 0.008);
    paint_colour(cr, white, 0.10);
    cairo_stroke(cr);
}

static void glass_roof(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double bar = s->row[1].front + 0.10;

    path_roof(cr, s, 0.045);
    glass_fill(b, 0.76);
    header(b, &s->screen_top, 1);
    header(b, &s->rear_top, -1);
    cairo_save(cr);
    path_roof(cr, s, 0.045);
    cairo_clip(cr);
    cairo_move_to(cr, -s->width, bar);
    cairo_line_to(cr, s->width, bar);
    cairo_set_line_width(cr, 0.05);
    paint_colour(cr, rgb_hex(0x0b0f13), 0.9);
    cairo_stroke(cr);
    cairo_restore(cr);
}

/* Slid open it goes back over the roof; tilted its rear edge rises. */
static void sunroof(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double y = b->s->screen_top.middle + 0.20, h = 0.62, half = width_roof(b->s, y + 0.3) * 0.68;
    double slid = fmax(0, (double)b->p->sunroof), tilt = fmax(0, -(double)b->p->sunroof);

    if (slid > 0.004 || tilt > 0.004) {
        path_round(cr, -half, y, 2 * half, h, 0.06);
        cairo_set_line_width(cr, 0.03);
        paint_colour(cr, black, 0.75);
        cairo_stroke(cr);
    }
    double shift = slid * h * 0.86, lift = fmax(slid * 0.5, tilt);
    if (lift > 0.01) {
        path_round(cr, -half + 0.035 * lift, y + shift + 0.06 * lift, 2 * half, h, 0.06);
        paint_colour(cr, black, 0.35);
        cairo_fill(cr);
    }
    path_round(cr, -half, y + shift, 2 * half, h * (1 - 0.08 * tilt), 0.06);
    glass_fill(b, 0.88 - 0.08 * tilt);
    cairo_move_to(cr, -half + 0.05, y + shift + h * (1 - 0.08 * tilt) - 0.012);
    cairo_rel_line_to(cr, 2 * half - 0.1, 0);
    cairo_set_line_width(cr, b->px * (1 + 1.5 * tilt));
    paint_colour(cr, white, 0.22 + 0.4 * tilt);
    cairo_stroke(cr);
    path_round(cr, -half, y + 0.80, 2 * half, 1.05, 0.06);
    glass_fill(b, 0.9);
}

static void wipers(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 0; i < 2; i++) {
        double x0 = s->cowl.half * (i == 0 ? 0.12 : 0.86), x1 = x0 - s->cowl.half * 0.80;
        cairo_move_to(cr, x0, body_arc_at(&s->cowl, x0) + 0.02);
        cairo_line_to(cr, x1, body_arc_at(&s->cowl, x1) + 0.055);
    }
    cairo_set_line_width(cr, 0.017);
    paint_colour(cr, rgb_hex(0x07090b), 0.9);
    cairo_stroke(cr);
}

/* Black between the side windows, so that they look like one. */
static void pillars(const struct brush *b)
{
    const struct body_shape *s = b->s;
    double ends[2][2] = {
        {s->row[0].rear - 0.05, s->row[1].front + 0.055},
        {s->row[1].rear - 0.05, s->row[1].rear + 0.035 }
    };

    if (s->door[1] != BODY_DOOR_SWINGS)
        return;
    for (int i = 0; i < 2; i++)
        for (int side = 0; side < 2; side++) {
            if (door_is_open(b, side) || door_is_open(b, 2 + side))
                continue;
            path_strip(b->cr, s, width_pane, width_glass,
                       (struct stretch){side == 0 ? -1 : 1, ends[i][0], ends[i][1]});
            paint_colour(b->cr, rgb_hex(0x0b0e12), 0.97);
            cairo_fill(b->cr);
        }
}

void glass_draw(const struct brush *b)
{
    cairo_t *cr = b->cr;
    double trunk = b->s->tail_kind == BODY_TAIL_HATCH ? (double)b->p->trunk : 0;

    path_screen(cr, b->s);
    glass_fill(b, 0.66);
    wipers(b);
    if (b->s->rear_screen && trunk < 0.004) {
        path_rear_screen(cr, b->s);
        glass_fill(b, 0.82);
    }
    for (int side = -1; side <= 1; side += 2) {
        glass_quarter_path(b, side);
        glass_fill(b, 0.86);
    }
    for (int door = 0; door < PICTURE_DOOR_COUNT; door++)
        if (!door_is_open(b, door))
            glass_window(b, door);
    pillars(b);
    if (b->s->roof_kind == BODY_ROOF_GLASS)
        glass_roof(b);
    else if (b->s->roof_kind == BODY_ROOF_RAILS)
        sunroof(b);
}
