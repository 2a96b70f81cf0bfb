/*
 * body.h — the shapes of bodies in metres, seen from above: y from the nose to the tail, x from the
 * middle to the right.
 *
 * Three profiles give the half widths along the car: the outline, the belt (where the side windows
 * begin) and the edge of the roof. What runs across the car is an arc: the foot of the windscreen,
 * the edges of roof, bonnet and lid.
 */
#ifndef RENDER_BODY_H
#define RENDER_BODY_H

#include "render/picture.h"

#define BODY_PROFILE_MAX 8

struct body_profile {
    struct {
        double y, x;
    } at[BODY_PROFILE_MAX];
    size_t count;
};

/* y at the middle and at `half` from it; a parabola between. */
struct body_arc {
    double middle, side, half;
};

struct body_corner {
    double depth, roundness; /* of a superellipse */
};

enum body_door { BODY_DOOR_NONE, BODY_DOOR_SWINGS, BODY_DOOR_SLIDES };
enum body_tail { BODY_TAIL_HATCH, BODY_TAIL_LID, BODY_TAIL_BARN, BODY_TAIL_PLAIN };
enum body_roof { BODY_ROOF_GLASS, BODY_ROOF_RAILS, BODY_ROOF_RIBS, BODY_ROOF_BUS };

struct body_shape {
    double length, width;
    struct body_profile outline, belt, roof;
    struct body_corner nose, tail;
    struct body_arc cowl, screen_top, rear_top, rear_foot; /* of the two screens */
    struct body_arc bonnet, lid;                           /* front edge; rear edge */
    struct {
        double front, rear;
    } row[2]; /* of doors */
    double axle[2], tyre_length, tyre_width;
    double seat[2]; /* rows, at their cushions; 0: none */
    double mirror, mirror_reach;
    double flap; /* the charging port */
    int flap_side;
    uint32_t paint;         /* 0xRRGGBB */
    enum body_door door[2]; /* by row */
    enum body_tail tail_kind;
    enum body_roof roof_kind;
    bool rear_screen;
};

const struct body_shape *body_shape(enum picture_body body);
/* Half widths at y. */
double body_profile_at(const struct body_profile *p, double y);
double body_outline_at(const struct body_shape *s, double y);
double body_arc_at(const struct body_arc *a, double x);

#endif
