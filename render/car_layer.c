#include "render/car_layer.h"

#include <math.h>

#include "render/scene.h"

void layer_changed(struct layer *l)
{
    if (l->mask != NULL)
        cairo_surface_destroy(l->mask);
    l->mask = NULL;
}

void layer_done(struct layer *l)
{
    layer_changed(l);
    if (l->surface != NULL)
        cairo_surface_destroy(l->surface);
    l->surface = NULL;
}

struct layer_place layer_place(const struct body_shape *s, const struct margin *m,
                               const struct car_place *place)
{
    double left = (s->width / 2 + m->side) * place->scale;
    double top = (s->length / 2 + m->ahead) * place->scale;
    double height = (s->length + m->ahead + m->behind) * place->scale;

    return (struct layer_place){floor(place->x - left), floor(place->y - top),
                                (int)ceil(2 * left) + 2, (int)ceil(height) + 2};
}

void layer_metres(cairo_t *cr, const struct body_shape *s, const struct car_place *place)
{
    cairo_translate(cr, place->x, place->y);
    cairo_scale(cr, place->scale, place->scale);
    cairo_translate(cr, 0, -s->length / 2);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
}

struct brush layer_brush(cairo_t *cr, enum picture_body body, const struct car_picture *p)
{
    const struct body_shape *s = body_shape(body);

    return (struct brush){
        .cr = cr, .s = s, .p = p, .body = body, .px = paint_px(cr), .paint = rgb_hex(s->paint)};
}

bool layer_begin(struct layer *l, enum picture_body body, const struct car_picture *of,
                 double scale, const struct layer_place *at)
{
    if (l->surface != NULL && l->body == body && l->scale == scale &&
        scene_same(&l->of, of, sizeof *of))
        return false;
    layer_done(l);
    l->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, at->w, at->h);
    l->body = body;
    l->scale = scale;
    l->of = *of;
    return true;
}

cairo_t *layer_context(struct layer *l, const struct car_place *place, const struct layer_place *at)
{
    struct car_place inside = {place->x - at->x, place->y - at->y, place->scale};
    cairo_t *cr = cairo_create(l->surface);

    layer_metres(cr, body_shape(l->body), &inside);
    return cr;
}

void layer_show(cairo_t *cr, const struct layer *l, const struct layer_place *at, double alpha)
{
    cairo_set_source_surface(cr, l->surface, at->x, at->y);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    if (alpha >= 0.996)
        cairo_paint(cr);
    else
        cairo_paint_with_alpha(cr, alpha);
}

/* An alpha channel of its own: to fill through it is quicker than to draw a second picture. */
static void make_mask(struct layer *l)
{
    int w = cairo_image_surface_get_width(l->surface);
    int h = cairo_image_surface_get_height(l->surface);

    l->mask = cairo_image_surface_create(CAIRO_FORMAT_A8, w, h);
    cairo_t *cr = cairo_create(l->mask);
    cairo_set_operator(cr, CAIRO_OPERATOR_SOURCE);
    cairo_set_source_surface(cr, l->surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_destroy(cr);
}

void layer_darken(cairo_t *cr, struct layer *l, const struct layer_place *at,
                  const struct car_picture *p)
{
    static const struct rgb night_colour = {0.024, 0.043, 0.086},
                            sleep_colour = {0.094, 0.125, 0.169};
    double night = 0.50 * (double)p->night, sleep = 0.30 * (double)p->asleep;
    double alpha = 1 - (1 - night) * (1 - sleep);

    if (alpha < 0.004)
        return;
    if (l->mask == NULL)
        make_mask(l);
    paint_colour(cr, rgb_mix(night_colour, sleep_colour, sleep / alpha), alpha);
    cairo_mask_surface(cr, l->mask, at->x, at->y);
}
