#include <math.h>

#include "render/car_layer.h"
#include "render/scene.h"

static float hole(float opening)
{
    return opening > 0.004F ? 1 : 0;
}

/* What the still layer shows: without what is drawn over it each time. Of doors and lids it has the
   openings; they themselves are in the layer above, so that only they are drawn while they swing.
 */
static struct car_picture still_of(const struct car_picture *p)
{
    struct car_picture of = *p;

    of.left = of.right = of.charging = of.warm = of.cold = of.defrost = of.rear_defrost = 0;
    of.locked = of.horn = of.alarm = of.road = of.speed = of.steer = 0;
    of.fog_front = of.high_beam = of.flap = of.cable = 0;
    of.interior = of.night = of.asleep = 0;
    if (of.driver < 0.86F)
        of.driver = 0;
    if (of.passenger < 0.86F)
        of.passenger = 0;
    for (int door = 0; door < PICTURE_DOOR_COUNT; door++)
        of.door[door] = hole(of.door[door]);
    of.trunk = hole(of.trunk);
    of.bonnet = hole(of.bonnet);
    return of;
}

/* ---- where it has changed ---- */

enum area {
    AREA_LEFT,
    AREA_RIGHT,
    AREA_NOSE,
    AREA_TAIL,
    AREA_ROOF,
    AREA_MIRRORS,
    AREA_SEATS,
    AREA_COUNT
};
#define ALL ((1u << AREA_COUNT) - 1)

static unsigned if_differs(float a, float b, unsigned areas)
{
    return a < b || a > b ? areas : 0;
}

/* ALL if anything else has changed than what these areas are for. */
static unsigned changed_areas(const struct car_picture *a, const struct car_picture *b)
{
    struct car_picture rest = *a;
    unsigned areas = 0, lamps = 1u << AREA_NOSE | 1u << AREA_TAIL;

    for (int door = 0; door < PICTURE_DOOR_COUNT; door++) {
        unsigned side = 1u << (door % 2 == 0 ? AREA_LEFT : AREA_RIGHT);
        areas |= if_differs(a->door[door], b->door[door], side);
        areas |= if_differs(a->window[door], b->window[door], side);
        rest.door[door] = b->door[door];
        rest.window[door] = b->window[door];
    }
    areas |= if_differs(a->bonnet, b->bonnet, 1u << AREA_NOSE);
    areas |= if_differs(a->trunk, b->trunk, 1u << AREA_TAIL);
    areas |= if_differs(a->sunroof, b->sunroof, 1u << AREA_ROOF);
    areas |= if_differs(a->mirrors, b->mirrors, 1u << AREA_MIRRORS);
    areas |= if_differs(a->driver, b->driver, 1u << AREA_SEATS);
    areas |= if_differs(a->passenger, b->passenger, 1u << AREA_SEATS);
    areas |= if_differs(a->low_beam, b->low_beam, lamps);
    areas |= if_differs(a->parking, b->parking, lamps);
    areas |= if_differs(a->daytime, b->daytime, lamps);
    areas |= if_differs(a->brake, b->brake, 1u << AREA_TAIL);
    areas |= if_differs(a->fog_rear, b->fog_rear, 1u << AREA_TAIL);
    rest.bonnet = b->bonnet;
    rest.trunk = b->trunk;
    rest.sunroof = b->sunroof;
    rest.mirrors = b->mirrors;
    rest.driver = b->driver;
    rest.passenger = b->passenger;
    rest.low_beam = b->low_beam;
    rest.parking = b->parking;
    rest.daytime = b->daytime;
    rest.brake = b->brake;
    rest.fog_rear = b->fog_rear;
    return scene_same(&rest, b, sizeof rest) ? areas : ALL;
}

struct box {
    double x0, y0, x1, y1; /* metres */
};

static struct box side_box(const struct body_shape *s, int side)
{
    double front = s->row[0].front - 0.12, rear = s->row[1].rear + 0.14;
    double middle = (front + rear) / 2, in = width_glass(s, middle), out = s->width / 2 + 0.05;

    in = fmin(in, fmin(width_glass(s, front), width_glass(s, rear))) - 0.08;
    return side < 0 ? (struct box){-out, front, -in, rear} : (struct box){in, front, out, rear};
}

/* Of that area; for the nose and the tail as far as lids and lamps go. */
static struct box area_box(const struct body_shape *s, enum area area, unsigned lids)
{
    double w = s->width / 2 + 0.4, l = s->length;
    double nose = (lids & 1u << AREA_NOSE) != 0 ? s->cowl.side + 0.1 : s->nose.depth + 0.1;
    double tail =
        (lids & 1u << AREA_TAIL) != 0 ? s->rear_top.middle - 0.1 : l - s->tail.depth - 0.1;

    switch (area) {
    case AREA_LEFT:
        return side_box(s, -1);
    case AREA_RIGHT:
        return side_box(s, 1);
    case AREA_NOSE:
        return (struct box){-w, -0.1, w, nose};
    case AREA_TAIL:
        return (struct box){-w, tail, w, l + 0.1};
    case AREA_ROOF:
        return (struct box){-w + 0.5, s->screen_top.middle - 0.1, w - 0.5,
                            s->rear_top.middle + 0.3};
    case AREA_MIRRORS:
        return (struct box){-w, s->mirror - 0.25, w, s->mirror + 0.5};
    case AREA_SEATS:
        return (struct box){-w + 0.4, s->seat[0] - 0.75, w - 0.4, s->seat[0] + 0.55};
    case AREA_COUNT:
        break;
    }
    return (struct box){-w, -1, w, l + 1};
}

/* Only there is drawn, on whole pixels, and nothing is there. */
static void clear_areas(cairo_t *cr, const struct body_shape *s, unsigned areas, unsigned lids)
{
    for (int i = 0; i < AREA_COUNT; i++) {
        if ((areas >> i & 1) == 0)
            continue;
        struct box at = area_box(s, (enum area)i, lids);
        cairo_user_to_device(cr, &at.x0, &at.y0);
        cairo_user_to_device(cr, &at.x1, &at.y1);
        cairo_save(cr);
        cairo_identity_matrix(cr);
        cairo_rectangle(cr, floor(at.x0), floor(at.y0), ceil(at.x1) - floor(at.x0),
                        ceil(at.y1) - floor(at.y0));
        cairo_restore(cr);
    }
    cairo_clip(cr);
    cairo_set_operator(cr, CAIRO_OPERATOR_CLEAR);
    cairo_paint(cr);
    cairo_set_operator(cr, CAIRO_OPERATOR_OVER);
}

/* ---- the layers ---- */

static const struct margin room_for_doors = {1.35, 0.4, 0.9};

/* The paint depends on nothing that moves: it is drawn once, and doors and lids are cut from it. */
static cairo_pattern_t *coat_of(struct layer *l, enum picture_body body,
                                const struct car_place *place)
{
    static const struct car_picture any;
    static const struct margin none = {0.05, 0.05, 0.05};
    const struct body_shape *s = body_shape(body);
    struct layer_place at = layer_place(s, &none, place);
    cairo_matrix_t m;

    if (layer_begin(l, body, &any, place->scale, &at)) {
        cairo_t *cr = layer_context(l, place, &at);
        struct brush b = layer_brush(cr, body, &any);
        shell_paint(&b);
        cairo_destroy(cr);
    }
    cairo_pattern_t *p = cairo_pattern_create_for_surface(l->surface);
    cairo_matrix_init(&m, place->scale, 0, 0, place->scale, place->x - at.x,
                      place->y - at.y - s->length / 2 * place->scale);
    cairo_pattern_set_matrix(p, &m);
    cairo_pattern_set_extend(p, CAIRO_EXTEND_PAD);
    return p;
}

static void draw_still(cairo_t *cr, enum picture_body body, const struct car_picture *of,
                       cairo_pattern_t *coat)
{
    struct brush b = layer_brush(cr, body, of);

    b.coat = coat;
    cabin_draw(&b);
    openings_below(&b);
    shell_mirrors(&b);
    shell_draw(&b);
    glass_draw(&b);
    lights_lamps(&b);
}

void still_show(struct layer *l, struct layer *coat, cairo_t *target, enum picture_body body,
                const struct car_picture *p, const struct car_place *place)
{
    struct car_picture of = still_of(p), old = l->of;
    struct layer_place at = layer_place(body_shape(body), &room_for_doors, place);
    bool kept = l->surface != NULL && l->body == body && !(l->scale < place->scale) &&
                !(l->scale > place->scale);
    unsigned areas = kept ? changed_areas(&old, &of) : ALL;

    if (areas == ALL)
        layer_begin(l, body, &of, place->scale, &at);
    if (areas != 0) {
        cairo_t *cr = layer_context(l, place, &at);
        unsigned lids = if_differs(old.bonnet, of.bonnet, 1u << AREA_NOSE) |
                        if_differs(old.trunk, of.trunk, 1u << AREA_TAIL);
        if (areas != ALL)
            clear_areas(cr, body_shape(body), areas, lids);
        cairo_pattern_t *paint = coat_of(coat, body, place);
        draw_still(cr, body, &of, paint);
        cairo_pattern_destroy(paint);
        cairo_destroy(cr);
        l->of = of;
        layer_changed(l);
    }
    layer_show(target, l, &at, 1);
    layer_darken(target, l, &at, p);
}

/* What the layer of doors and lids shows. */
static struct car_picture swinging_of(const struct car_picture *p)
{
    struct car_picture of = {.trunk = p->trunk, .bonnet = p->bonnet};

    for (int door = 0; door < PICTURE_DOOR_COUNT; door++) {
        of.door[door] = p->door[door];
        of.window[door] = p->door[door] > 0.004F ? p->window[door] : 0;
    }
    return of;
}

static bool anything_swings(const struct car_picture *p)
{
    float most = fmaxf(p->trunk, p->bonnet);

    for (int door = 0; door < PICTURE_DOOR_COUNT; door++)
        most = fmaxf(most, p->door[door]);
    return most > 0.004F;
}

void swinging_show(struct layer *l, struct layer *coat, cairo_t *target, enum picture_body body,
                   const struct car_picture *p, const struct car_place *place)
{
    struct car_picture of = swinging_of(p);
    struct layer_place at = layer_place(body_shape(body), &room_for_doors, place);

    if (!anything_swings(p))
        return;
    if (layer_begin(l, body, &of, place->scale, &at)) {
        cairo_t *cr = layer_context(l, place, &at);
        struct brush b = layer_brush(cr, body, &of);
        b.coat = coat_of(coat, body, place);
        openings_draw(&b);
        cairo_pattern_destroy(b.coat);
        cairo_destroy(cr);
    }
    layer_show(target, l, &at, 1);
    layer_darken(target, l, &at, p);
}
