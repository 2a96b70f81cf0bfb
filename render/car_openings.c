#include <math.h>

#include "render/car_parts.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

static bool is_open(float value)
{
    return value > 0.004F;
}

static void door_path(const struct brush *b, int door)
{
    const struct body_shape *s = b->s;

    path_strip(b->cr, s, width_outline, width_glass,
               (struct stretch){door_side(door), s->row[door / 2].front, s->row[door / 2].rear});
}

/* ---- what the shell leaves open ---- */

/* `behind`: and the pane behind it, which does not open. */
static void sunroof_path(const struct brush *b, bool behind)
{
    double y = b->s->screen_top.middle + 0.20, half = width_roof(b->s, y + 0.3) * 0.68;

    path_round(b->cr, -half, y, 2 * half, 0.62, 0.06);
    if (behind)
        path_round(b->cr, -half, y + 0.80, 2 * half, 1.05, 0.06);
}

void openings_glass(const struct brush *b)
{
    const struct body_shape *s = b->s;

    cairo_new_path(b->cr);
    path_screen(b->cr, s);
    if (s->rear_screen)
        path_rear_screen(b->cr, s);
    if (s->roof_kind == BODY_ROOF_GLASS)
        path_roof(b->cr, s, 0.045);
    else if (s->roof_kind == BODY_ROOF_RAILS)
        sunroof_path(b, true);
}

void openings_holes(const struct brush *b)
{
    const struct body_shape *s = b->s;

    path_screen(b->cr, s);
    if (is_open(b->p->trunk) && s->tail_kind != BODY_TAIL_BARN && s->lid.half > 0)
        path_lid(b->cr, s);
    else if (s->rear_screen && s->tail_kind != BODY_TAIL_LID)
        path_rear_screen(b->cr, s);
    if (s->rear_screen && s->tail_kind == BODY_TAIL_LID)
        path_rear_screen(b->cr, s);
    if (is_open(b->p->bonnet) && s->bonnet.half > 0)
        path_bonnet(b->cr, s);
    for (int side = -1; side <= 1; side += 2)
        glass_quarter_path(b, side);
    for (int door = 0; door < PICTURE_DOOR_COUNT; door++) {
        if (door_is_open(b, door))
            door_path(b, door);
        else
            glass_window_path(b, door);
    }
    if (s->roof_kind == BODY_ROOF_GLASS)
        path_roof(b->cr, s, 0.045);
    else if (s->roof_kind == BODY_ROOF_RAILS)
        sunroof_path(b, false);
}

/* ---- bays ---- */

static void bay(const struct brush *b, struct rgb lining)
{
    cairo_t *cr = b->cr;
    double y0, y1, x0, x1;

    cairo_fill_extents(cr, &x0, &y0, &x1, &y1);
    cairo_pattern_t *p = cairo_pattern_create_linear(0, y0, 0, y1);
    paint_stop(p, 0, rgb_shade(lining, 0.45), 1);
    paint_stop(p, 0.4, lining, 1);
    paint_stop(p, 1, rgb_shade(lining, 0.8), 1);
    paint_fill_keep(cr, p);
    cairo_save(cr);
    cairo_clip_preserve(cr);
    for (int i = 6; i >= 1; i--) {
        cairo_set_line_width(cr, 0.045 * i);
        paint_colour(cr, black, 0.10);
        cairo_stroke_preserve(cr);
    }
    cairo_restore(cr);
    cairo_new_path(cr);
}

static void bonnet_bay(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double y0 = s->bonnet.middle + 0.16, y1 = s->cowl.middle - 0.12, half = s->bonnet.half * 0.78;
    bool engine = s->roof_kind == BODY_ROOF_RAILS || s->roof_kind == BODY_ROOF_RIBS;

    path_bonnet(cr, s);
    bay(b, rgb_hex(0x202529));
    path_round(cr, -half, y0, 2 * half, y1 - y0, 0.1);
    bay(b, rgb_hex(engine ? 0x3a3f43 : 0x2b3035));
    if (!engine)
        return;
    path_round(cr, -half * 0.45, y0 + 0.08, half * 0.95, (y1 - y0) * 0.6, 0.05);
    paint_colour(cr, rgb_hex(0x555b60), 1);
    cairo_fill_preserve(cr);
    shell_gap(b, 0.6);
    for (int i = 0; i < 4; i++) {
        path_round(cr, -half * 0.36 + i * half * 0.21, y0 + 0.13, half * 0.13, (y1 - y0) * 0.42,
                   0.03);
        paint_colour(cr, rgb_hex(0x2c3135), 1);
        cairo_fill(cr);
    }
    path_round(cr, half * 0.6, y0 + 0.1, half * 0.28, 0.2, 0.03);
    paint_colour(cr, rgb_hex(0x15181a), 1);
    cairo_fill(cr);
}

static void trunk_bay(const struct brush *b)
{
    cairo_t *cr = b->cr;

    path_lid(cr, b->s);
    bay(b, rgb_hex(0x33383d));
    double y = b->s->lid.middle, half = b->s->lid.half;
    paint_glow(cr, -half * 0.75, y - 0.25, 0.5, rgb_hex(0xfff1d0), 0.5 * (double)b->p->trunk);
    paint_glow(cr, half * 0.75, y - 0.25, 0.5, rgb_hex(0xfff1d0), 0.5 * (double)b->p->trunk);
}

void openings_below(const struct brush *b)
{
    cairo_t *cr = b->cr;

    if (is_open(b->p->bonnet) && b->s->bonnet.half > 0)
        bonnet_bay(b);
    if (is_open(b->p->trunk) && b->s->tail_kind != BODY_TAIL_BARN && b->s->lid.half > 0)
        trunk_bay(b);
    for (int door = 0; door < PICTURE_DOOR_COUNT; door++) {
        if (!door_is_open(b, door))
            continue;
        const struct body_shape *s = b->s;
        int side = door_side(door);
        double y0 = s->row[door / 2].front, y1 = s->row[door / 2].rear;
        path_along(cr, s, width_outline, width_belt, 0.35, (struct stretch){side, y0, y1});
        cairo_set_line_width(cr, 0.11);
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
        paint_colour(cr, rgb_shade(b->paint, 0.55), 1);
        cairo_stroke(cr);
        path_along(cr, s, width_outline, width_belt, 0.55,
                   (struct stretch){side, y0 + 0.12, y1 - 0.12});
        cairo_set_line_width(cr, 0.035);
        paint_colour(cr, rgb_hex(0xaab2b8), 0.8);
        cairo_stroke(cr);
    }
}

/* ---- what swings ---- */

/* A soft shadow of the path, `d` metres away. */
static void shadow(cairo_t *cr, double d, double alpha)
{
    cairo_path_t *path = cairo_copy_path(cr);

    cairo_new_path(cr);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    for (int i = 0; i < 4; i++) {
        cairo_save(cr);
        cairo_append_path(cr, path);
        paint_colour(cr, black, alpha / 4);
        cairo_set_line_width(cr, d * (0.2 + 0.5 * i));
        cairo_fill_preserve(cr);
        cairo_stroke(cr);
        cairo_restore(cr);
    }
    cairo_append_path(cr, path);
    cairo_path_destroy(path);
}

/* The trim on the inner face, and the pockets of its edges. */
static void door_trim(const struct brush *b, int door)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double y0 = s->row[door / 2].front, y1 = s->row[door / 2].rear;

    path_along(cr, s, width_glass, width_belt, 0.0, (struct stretch){door_side(door), y0, y1});
    cairo_set_line_width(cr, 0.05);
    paint_colour(cr, rgb_hex(0x14181b), 1);
    cairo_stroke(cr);
}

static void door_piece(const struct brush *b, int door)
{
    cairo_t *cr = b->cr;

    cairo_save(cr);
    door_path(b, door);
    cairo_clip(cr);
    shell_paint(b);
    door_trim(b, door);
    shell_side_details(b, door_side(door), door / 2);
    glass_window(b, door);
    cairo_restore(cr);
    door_path(b, door);
    cairo_set_line_width(cr, b->px * 1.1);
    paint_colour(cr, black, 0.5);
    cairo_stroke(cr);
}

static void door_draw(const struct brush *b, int door)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    int side = door_side(door);
    double t = (double)b->p->door[door], front = s->row[door / 2].front;

    cairo_save(cr);
    if (s->door[door / 2] == BODY_DOOR_SLIDES) {
        double out = fmin(1, t * 5);
        cairo_translate(cr, side * 0.11 * out, 1.12 * t);
    } else {
        double x = side * (width_outline(s, front) - 0.05);
        cairo_translate(cr, x, front);
        cairo_rotate(cr, -side * (door < 2 ? 1.10 : 1.18) * t);
        cairo_translate(cr, -x, -front);
    }
    cairo_save(cr);
    cairo_translate(cr, 0.045 * t, 0.06 * t);
    door_path(b, door);
    shadow(cr, 0.07, 0.34 * fmin(1, t * 4));
    cairo_new_path(cr);
    cairo_restore(cr);
    door_piece(b, door);
    cairo_restore(cr);
}

/* A lid that rises about its hinge: seen from above it grows short, and nearer. */
static void lid_draw(const struct brush *b, double hinge, double t,
                     void (*path)(cairo_t *cr, const struct body_shape *s), bool screen)
{
    cairo_t *cr = b->cr;

    cairo_save(cr);
    cairo_translate(cr, 0, hinge);
    cairo_scale(cr, 1 + 0.07 * t, 1 - 0.72 * t);
    cairo_translate(cr, 0, -hinge);
    cairo_save(cr);
    cairo_translate(cr, 0.05 * t, 0.10 * t);
    path(cr, b->s);
    shadow(cr, 0.10, 0.5 * fmin(1, t * 3));
    cairo_new_path(cr);
    cairo_restore(cr);
    path(cr, b->s);
    cairo_clip(cr);
    shell_paint(b);
    paint_colour(cr, white, 0.10 * t);
    cairo_paint(cr);
    if (screen) {
        path_rear_screen(cr, b->s);
        glass_fill(b, 0.92);
    }
    path(cr, b->s);
    cairo_set_line_width(cr, 0.05);
    paint_colour(cr, rgb_shade(b->paint, 1.4), 0.5 * t);
    cairo_stroke_preserve(cr);
    cairo_set_line_width(cr, b->px * 2);
    paint_colour(cr, black, 0.55);
    cairo_stroke(cr);
    cairo_restore(cr);
}

static void barn_doors(const struct brush *b)
{
    cairo_t *cr = b->cr;
    const struct body_shape *s = b->s;
    double t = (double)b->p->trunk, y = s->length - 0.06, x = width_outline(s, s->length - 0.2);

    for (int side = -1; side <= 1; side += 2) {
        cairo_save(cr);
        cairo_translate(cr, side * x, y);
        cairo_scale(cr, -side, 1);
        cairo_rotate(cr, 1.75 * t);
        path_round(cr, 0.03, 0.04 * t, x - 0.03, 0.09, 0.02);
        paint_colour(cr, black, 0.3);
        cairo_fill(cr);
        path_round(cr, 0, 0, x - 0.01, 0.085, 0.02);
        cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, 0.09);
        paint_stop(p, 0, rgb_shade(b->paint, 0.62), 1);
        paint_stop(p, 1, rgb_shade(b->paint, 1.1), 1);
        paint_fill_keep(cr, p);
        cairo_set_line_width(cr, b->px);
        paint_colour(cr, black, 0.5);
        cairo_stroke(cr);
        cairo_restore(cr);
    }
}

void openings_draw(const struct brush *b)
{
    const struct body_shape *s = b->s;

    if (is_open(b->p->bonnet) && s->bonnet.half > 0)
        lid_draw(b, s->cowl.side - 0.1, (double)b->p->bonnet, path_bonnet, false);
    if (is_open(b->p->trunk)) {
        if (s->tail_kind == BODY_TAIL_HATCH)
            lid_draw(b, s->rear_top.middle, (double)b->p->trunk, path_lid, true);
        else if (s->tail_kind == BODY_TAIL_LID)
            lid_draw(b, s->rear_foot.middle, (double)b->p->trunk, path_lid, false);
        else if (s->tail_kind == BODY_TAIL_BARN)
            barn_doors(b);
    }
    for (int door = 0; door < PICTURE_DOOR_COUNT; door++)
        if (door_is_open(b, door))
            door_draw(b, door);
}
