/*
 * car_layer.h — surfaces that keep what was drawn of a car, so that it need not be drawn again.
 * For car.c, car_still.c and car_glow.c.
 */
#ifndef RENDER_CAR_LAYER_H
#define RENDER_CAR_LAYER_H

#include "render/car.h"
#include "render/car_parts.h"

/* A picture that was drawn, and of what. Zeroed: none. */
struct layer {
    cairo_surface_t *surface;
    cairo_surface_t *mask; /* where it is, for layer_darken(); NULL: not made yet */
    struct car_picture of;
    enum picture_body body;
    double scale;
};

/* Metres around the car that a layer has; below 0: less than the car. */
struct margin {
    double side, ahead, behind;
};

/* In pixels of the target. */
struct layer_place {
    double x, y; /* of the layer's corner */
    int w, h;
};

void layer_done(struct layer *l);
struct layer_place layer_place(const struct body_shape *s, const struct margin *m,
                               const struct car_place *place);
/* User space becomes metres of the body. */
void layer_metres(cairo_t *cr, const struct body_shape *s, const struct car_place *place);
struct brush layer_brush(cairo_t *cr, enum picture_body body, const struct car_picture *p);
/* True: it has to be drawn, and is empty. */
bool layer_begin(struct layer *l, enum picture_body body, const struct car_picture *of,
                 double scale, const struct layer_place *at);
cairo_t *layer_context(struct layer *l, const struct car_place *place,
                       const struct layer_place *at);
void layer_show(cairo_t *cr, const struct layer *l, const struct layer_place *at, double alpha);
/* Lays darkness over what it covers, after layer_show(). */
void layer_darken(cairo_t *cr, struct layer *l, const struct layer_place *at,
                  const struct car_picture *p);
/* It was drawn upon: what was made of it is out of date. */
void layer_changed(struct layer *l);

/* ---- car_still.c ---- */

/* coat: where the paint is kept. All that is drawn again only where it has changed: the car without
 * what moves over it. */
void still_show(struct layer *l, struct layer *coat, cairo_t *target, enum picture_body body,
                const struct car_picture *p, const struct car_place *place);
/* Doors and lids, while any is open. */
void swinging_show(struct layer *l, struct layer *coat, cairo_t *target, enum picture_body body,
                   const struct car_picture *p, const struct car_place *place);

/* ORDER GLOW: the first GLOW_ABOVE lie on the ground, below the car. */
enum glow {
    GLOW_SHADOW,
    GLOW_LOW,
    GLOW_HIGH,
    GLOW_FOG,
    GLOW_BEHIND,
    GLOW_ALARM,
    GLOW_ENERGY,
    GLOW_RIM,
    GLOW_CABIN,
    GLOW_HEAD,
    GLOW_TAIL,
    GLOW_LEFT,
    GLOW_RIGHT,
    GLOW_COUNT,
    GLOW_ABOVE = GLOW_RIM
};

/* Shows those from `first` to before `end`, as bright as the picture says; draws those that are not
   kept yet into `layers`, of which there are GLOW_COUNT. */
void glow_show(struct layer *layers, cairo_t *cr, const struct brush *b,
               const struct car_place *place, enum glow first, enum glow end);

#endif
