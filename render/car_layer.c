#include "render/car_layer.h"

#include <math.h>

#include "render/scene.h"

void layer_done(struct layer *l)
{
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
