/*
 * car_parts.h — what the files that draw a car share. Nobody else includes it.
 *
 *     car.c          the whole, layer by layer       car_lights.c  lamps, cones, indicators
 *     car_shell.c    painted metal, seams            car_charge.c  flap, cable, station
 *     car_glass.c    screens and side windows        car_people.c  driver and passenger
 *     car_openings.c doors, lids, what is below      car_air.c     climate, horn, alarm
 *     car_cabin.c    seats and dashboard         car_roof.c    rails, ribs, what a bus has there
 *
 * User space is metres from the middle of the nose, y towards the tail.
 */
#ifndef RENDER_CAR_PARTS_H
#define RENDER_CAR_PARTS_H

#include "render/paint.h"

struct brush {
    cairo_t *cr;
    const struct body_shape *s;
    const struct car_picture *p;
    enum picture_body body;
    double px;    /* a pixel in metres */
    double phase; /* seconds, for what moves by itself */
    double rolled;
    struct rgb paint;
    cairo_pattern_t *coat; /* shell_paint() as it was drawn once, in metres; NULL: it is not kept */
};

static inline int door_side(int door)
{
    return door % 2 == 0 ? -1 : 1;
}

/* A door that is open far enough to be drawn apart. */
static inline bool door_is_open(const struct brush *b, int door)
{
    return b->s->door[door / 2] != BODY_DOOR_NONE && b->p->door[door] > 0.004F;
}

/* 0 to 1 as indicators blink: 1.5 times a second, with the glow of a lamp. */
double blink(double phase);

/* Where the side glass meets roof and pillars. */
double width_glass(const struct body_shape *s, double y);
/* A dark joint between panels, with the light on its edge: strokes the path. */
void shell_gap(const struct brush *b, double alpha);
/* The paint within the clip; from b->coat, if there is one. */
void shell_paint(const struct brush *b);
/* Seams, handles, lamps' housings within the clip. */
void shell_side_details(const struct brush *b, int side, int row);
void shell_draw(const struct brush *b);
/* The light of a lamp on its edge, by night. */
void shell_rim(const struct brush *b);
/* What is on it, within the shell. */
void roof_draw(const struct brush *b);
void shell_mirrors(const struct brush *b);
void shell_tyres(const struct brush *b);

/* The path as glass: tint, reflection, edge. */
void glass_fill(const struct brush *b, double tint);
/* Adds the outline of a side window; false: that row has none. */
bool glass_window_path(const struct brush *b, int door);
void glass_quarter_path(const struct brush *b, int side);
void glass_window(const struct brush *b, int door);
void glass_draw(const struct brush *b);

/* Adds to the path what the shell leaves open. */
void openings_holes(const struct brush *b);
/* A path around all panes that the cabin is seen through from above. */
void openings_glass(const struct brush *b);
void openings_below(const struct brush *b);
void openings_draw(const struct brush *b);

void cabin_draw(const struct brush *b);
/* The lamps in the cabin, at full strength. */
void cabin_light(const struct brush *b);
void people_inside(const struct brush *b);
void people_outside(const struct brush *b);

/* ORDER BEAM */
enum beam { BEAM_LOW, BEAM_HIGH, BEAM_FOG, BEAM_COUNT };
/* What a pair of lamps throws ahead at full strength, with hard edges. */
void lights_beam(const struct brush *b, enum beam beam);
void lights_behind(const struct brush *b);
void lights_head(const struct brush *b);
void lights_tail(const struct brush *b);
void lights_left(const struct brush *b);
void lights_right(const struct brush *b);
void lights_indicators(const struct brush *b);
void lights_lamps(const struct brush *b);

void charge_below(const struct brush *b);
double charge_pulse(double phase);
void charge_draw(const struct brush *b);
/* Where the plug is. */
void charge_port(const struct body_shape *s, double *ret_x, double *ret_y);

void air_draw(const struct brush *b);
void air_signals(const struct brush *b);
/* What glows around a car whose alarm sounds, with hard edges; and how it beats, 0 to 1. */
void air_aura(const struct brush *b);
double air_beat(double phase);

#endif
