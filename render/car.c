#include "render/car.h"

#include <math.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "render/car_layer.h"

struct car_painter {
    struct layer coat, still, swinging, glow[GLOW_COUNT];
};

struct car_painter *car_painter_new(void)
{
    return xcalloc(1, sizeof(struct car_painter));
}

void car_painter_free(struct car_painter *painter)
{
    if (painter == NULL)
        return;
    layer_done(&painter->coat);
    layer_done(&painter->still);
    layer_done(&painter->swinging);
    for (int i = 0; i < GLOW_COUNT; i++)
        layer_done(&painter->glow[i]);
    free(painter);
}

/* ---- the car ---- */

void car_paint(struct car_painter *painter, cairo_t *cr, enum picture_body body,
               const struct car_picture *p, const struct car_place *place,
               const struct car_moment *moment)
{
    struct brush b = layer_brush(cr, body, p);

    b.phase = moment->phase;
    b.rolled = moment->rolled;
    glow_show(painter->glow, cr, &b, place, GLOW_SHADOW, GLOW_ABOVE);
    b.px = 1 / place->scale;
    cairo_save(cr);
    layer_metres(cr, b.s, place);
    shell_tyres(&b);
    cairo_restore(cr);
    still_show(&painter->still, &painter->coat, cr, body, p, place);
    swinging_show(&painter->swinging, &painter->coat, cr, body, p, place);
    cairo_save(cr);
    layer_metres(cr, b.s, place);
    air_draw(&b);
    people_outside(&b);
    charge_draw(&b);
    lights_indicators(&b);
    cairo_restore(cr);
    glow_show(painter->glow, cr, &b, place, GLOW_ABOVE, GLOW_COUNT);
    cairo_save(cr);
    layer_metres(cr, b.s, place);
    air_signals(&b);
    cairo_restore(cr);
}

void car_extent(enum picture_body body, double *ret_width, double *ret_length)
{
    const struct body_shape *s = body_shape(body);

    *ret_width = s->width;
    *ret_length = s->length;
}

/* ---- what lies where ---- */

static const char *hit_door(const struct body_shape *s, double x, double y)
{
    static const char *const doors[] = {"door.front_left", "door.front_right", "door.rear_left",
                                        "door.rear_right"};
    static const char *const windows[] = {"window.front_left", "window.front_right",
                                          "window.rear_left", "window.rear_right"};

    for (int row = 0; row < 2; row++) {
        if (s->door[row] == BODY_DOOR_NONE || y < s->row[row].front || y > s->row[row].rear)
            continue;
        int door = row * 2 + (x > 0);
        if (fabs(x) > width_belt(s, y))
            return doors[door];
        if (fabs(x) > width_glass(s, y) && s->door[row] == BODY_DOOR_SWINGS)
            return windows[door];
    }
    return NULL;
}

static const char *hit_middle(const struct body_shape *s, double x, double y)
{
    if (fabs(y - s->flap) < 0.16 && x * s->flap_side > width_outline(s, y) - 0.16)
        return "cable";
    if (y < s->nose.depth * 0.6 && fabs(x) > width_outline(s, y) * 0.6)
        return "low_beam";
    if (s->bonnet.half > 0 && y < body_arc_at(&s->cowl, x))
        return "bonnet";
    if (y < body_arc_at(&s->screen_top, x))
        return "warm";
    double lid = s->tail_kind == BODY_TAIL_LID ? s->rear_foot.middle : s->rear_top.middle;
    if (s->tail_kind != BODY_TAIL_PLAIN && y > lid)
        return "trunk";
    if (s->roof_kind == BODY_ROOF_RAILS && y < s->screen_top.middle + 0.9)
        return "sunroof";
    return "locked";
}

const char *car_hit(enum picture_body body, const struct car_place *place, double x, double y)
{
    const struct body_shape *s = body_shape(body);
    double mx = (x - place->x) / place->scale, my = (y - place->y) / place->scale + s->length / 2;

    if (my < 0 || my > s->length || fabs(mx) > width_outline(s, my) + 0.12)
        return NULL;
    const char *door = hit_door(s, mx, my);
    return door != NULL ? door : hit_middle(s, mx, my);
}
