#include <math.h>

#include "render/car_parts.h"

static const struct rgb black = {0, 0, 0};

struct person {
    double x, y, facing; /* radians; 0: to the nose */
    double stride;       /* -1 to 1 */
    bool seated;
    struct rgb coat, hair;
};

static void shape(const struct brush *b, struct rgb c)
{
    cairo_t *cr = b->cr;

    paint_colour(cr, c, 1);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, b->px);
    paint_colour(cr, black, 0.3);
    cairo_stroke(cr);
}

static void limb(const struct brush *b, const double at[4], double width, struct rgb c)
{
    cairo_t *cr = b->cr;

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr, at[0], at[1]);
    cairo_line_to(cr, at[2], at[3]);
    cairo_set_line_width(cr, width);
    paint_colour(cr, c, 1);
    cairo_stroke(cr);
}

static void person(const struct brush *b, const struct person *who)
{
    cairo_t *cr = b->cr;
    double s = who->stride;

    cairo_save(cr);
    cairo_translate(cr, who->x, who->y);
    cairo_rotate(cr, who->facing);
    if (!who->seated) {
        paint_glow(cr, 0.06, 0.10, 0.42, black, 0.55);
        limb(b, (double[4]){-0.09, 0, -0.09, -0.22 * s}, 0.11, rgb_hex(0x2a3038));
        limb(b, (double[4]){0.09, 0, 0.09, 0.22 * s}, 0.11, rgb_hex(0x2a3038));
    } else {
        limb(b, (double[4]){-0.10, -0.05, -0.11, -0.36}, 0.13, rgb_hex(0x2a3038));
        limb(b, (double[4]){0.10, -0.05, 0.11, -0.36}, 0.13, rgb_hex(0x2a3038));
    }
    double reach = who->seated ? -0.40 : 0.16 * s, other = who->seated ? -0.40 : -0.16 * s;
    limb(b, (double[4]){-0.21, 0, who->seated ? -0.12 : -0.23, reach}, 0.085,
         rgb_shade(who->coat, 0.85));
    limb(b, (double[4]){0.21, 0, who->seated ? 0.12 : 0.23, other}, 0.085,
         rgb_shade(who->coat, 0.85));
    path_round(cr, -0.25, -0.11, 0.50, 0.23, 0.115);
    shape(b, who->coat);
    cairo_arc(cr, 0, -0.015, 0.105, 0, 2 * M_PI);
    shape(b, who->hair);
    cairo_arc(cr, -0.03, -0.045, 0.05, 0, 2 * M_PI);
    paint_colour(cr, rgb_shade(who->hair, 1.25), 0.5);
    cairo_fill(cr);
    cairo_restore(cr);
}

/* 0: out of the picture, 1: seated. The door is passed at DOOR. */
#define DOOR 0.72

static void place(const struct brush *b, int side, double t, struct person *ret)
{
    const struct body_shape *s = b->s;
    double seat_x = side * (s->roof_kind == BODY_ROOF_BUS ? 0.62 : s->cowl.half * 0.50);
    double door_x = side * (s->width / 2 + 0.42), door_y = s->seat[0] + 0.05;

    if (t < DOOR) {
        double way = t / DOOR, far_x = side * (s->width / 2 + 1.9), far_y = door_y + 1.6;
        ret->x = far_x + (door_x - far_x) * way;
        ret->y = far_y + (door_y - far_y) * way;
        ret->facing = -side * (M_PI_2 * 0.72);
        ret->stride = sin(way * 14);
    } else {
        double way = (t - DOOR) / (1 - DOOR);
        way = way * way * (3 - 2 * way);
        ret->x = door_x + (seat_x - door_x) * way;
        ret->y = door_y + (s->seat[0] + 0.06 - door_y) * way;
        ret->facing = -side * M_PI_2 * 0.72 * (1 - way);
        ret->stride = 0;
    }
    ret->seated = t > 0.9;
}

static void draw(const struct brush *b, bool inside)
{
    double at[2] = {(double)b->p->driver, (double)b->p->passenger};

    for (int i = 0; i < 2; i++) {
        struct person who = {.coat = rgb_hex(i == 0 ? 0x3f6ea5 : 0xa0563f),
                             .hair = rgb_hex(i == 0 ? 0x4a3524 : 0x1f1a18)};
        int side = i == 0 ? -1 : 1;
        if (at[i] < 0.004 || (at[i] > 0.86) != inside)
            continue;
        place(b, side, at[i], &who);
        person(b, &who);
    }
}

void people_inside(const struct brush *b)
{
    draw(b, true);
}

void people_outside(const struct brush *b)
{
    draw(b, false);
}
