#include "render/body.h"

#include <math.h>

#define PROFILE(...)                                                                               \
    {                                                                                              \
        .at = {__VA_ARGS__}, .count = sizeof((double[][2]){__VA_ARGS__}) / sizeof(double[2])       \
    }

// clang-format off
static const struct body_shape shapes[PICTURE_BODY_COUNT] = {
    [PICTURE_HATCH] = {
        .length = 4.26, .width = 1.82, .paint = 0x7296b4,
        .outline = PROFILE({0, 0.83}, {0.5, 0.882}, {0.84, 0.906}, {1.55, 0.868}, {2.6, 0.872}, {3.5, 0.910}, {3.9, 0.892}, {4.26, 0.84}),
        .belt = PROFILE({0.9, 0.70}, {1.4, 0.765}, {2.3, 0.78}, {3.2, 0.765}, {3.7, 0.715}, {4.1, 0.64}),
        .roof = PROFILE({1.5, 0.565}, {2.1, 0.61}, {2.8, 0.605}, {3.3, 0.575}, {3.7, 0.54}),
        .nose = {0.66, 2.35}, .tail = {0.45, 2.7},
        .cowl = {1.04, 1.25, 0.715}, .screen_top = {1.68, 1.79, 0.565},
        .rear_top = {3.60, 3.53, 0.535}, .rear_foot = {4.00, 3.88, 0.60},
        .bonnet = {0.20, 0.44, 0.66}, .lid = {4.17, 4.05, 0.68},
        .row = {{1.43, 2.49}, {2.49, 3.36}}, .door = {BODY_DOOR_SWINGS, BODY_DOOR_SWINGS},
        .tail_kind = BODY_TAIL_HATCH, .roof_kind = BODY_ROOF_GLASS, .rear_screen = true,
        .axle = {0.84, 3.56}, .tyre_length = 0.66, .tyre_width = 0.22,
        .seat = {2.13, 2.98}, .mirror = 1.50, .mirror_reach = 0.19,
        .flap = 3.83, .flap_side = 1,
    },
    [PICTURE_SALOON] = {
        .length = 4.97, .width = 1.93, .paint = 0x46566b,
        .outline = PROFILE({0, 0.85}, {0.6, 0.928}, {0.98, 0.958}, {1.8, 0.912}, {2.9, 0.915}, {3.9, 0.965}, {4.4, 0.942}, {4.97, 0.86}),
        .belt = PROFILE({1.2, 0.72}, {1.7, 0.79}, {2.6, 0.815}, {3.4, 0.795}, {4.0, 0.73}, {4.4, 0.65}),
        .roof = PROFILE({1.9, 0.575}, {2.5, 0.625}, {3.0, 0.62}, {3.5, 0.575}, {3.9, 0.52}),
        .nose = {0.76, 2.25}, .tail = {0.55, 2.6},
        .cowl = {1.34, 1.57, 0.735}, .screen_top = {2.06, 2.19, 0.585},
        .rear_top = {3.52, 3.46, 0.56}, .rear_foot = {4.24, 4.10, 0.62},
        .bonnet = {0.22, 0.52, 0.68}, .lid = {4.87, 4.74, 0.70},
        .row = {{1.74, 2.80}, {2.80, 3.72}}, .door = {BODY_DOOR_SWINGS, BODY_DOOR_SWINGS},
        .tail_kind = BODY_TAIL_LID, .roof_kind = BODY_ROOF_GLASS, .rear_screen = true,
        .axle = {0.95, 3.95}, .tyre_length = 0.70, .tyre_width = 0.26,
        .seat = {2.48, 3.34}, .mirror = 1.82, .mirror_reach = 0.19,
        .flap = 4.33, .flap_side = -1,
    },
    [PICTURE_SUV] = {
        .length = 4.75, .width = 1.95, .paint = 0x66755f,
        .outline = PROFILE({0, 0.88}, {0.5, 0.945}, {0.92, 0.976}, {1.62, 0.934}, {2.7, 0.936}, {3.75, 0.978}, {4.2, 0.962}, {4.75, 0.91}),
        .belt = PROFILE({1.0, 0.76}, {1.6, 0.825}, {2.6, 0.84}, {3.6, 0.83}, {4.2, 0.785}, {4.6, 0.73}),
        .roof = PROFILE({1.7, 0.615}, {2.3, 0.665}, {3.2, 0.67}, {3.9, 0.645}, {4.3, 0.615}),
        .nose = {0.52, 2.8}, .tail = {0.38, 3.1},
        .cowl = {1.20, 1.38, 0.775}, .screen_top = {1.85, 1.96, 0.62},
        .rear_top = {4.16, 4.11, 0.615}, .rear_foot = {4.48, 4.40, 0.68},
        .bonnet = {0.20, 0.38, 0.74}, .lid = {4.66, 4.58, 0.76},
        .row = {{1.62, 2.66}, {2.66, 3.58}}, .door = {BODY_DOOR_SWINGS, BODY_DOOR_SWINGS},
        .tail_kind = BODY_TAIL_HATCH, .roof_kind = BODY_ROOF_RAILS, .rear_screen = true,
        .axle = {0.92, 3.75}, .tyre_length = 0.74, .tyre_width = 0.25,
        .seat = {2.34, 3.22}, .mirror = 1.70, .mirror_reach = 0.21,
        .flap = 1.30, .flap_side = -1,
    },
    [PICTURE_VAN] = {
        .length = 5.93, .width = 2.04, .paint = 0xe6e8e8,
        .outline = PROFILE({0, 0.88}, {0.5, 0.975}, {1.0, 1.01}, {1.8, 1.01}, {3.2, 1.02}, {4.6, 1.02}, {5.93, 1.0}),
        .belt = PROFILE({0.7, 0.80}, {1.2, 0.885}, {2.2, 0.94}, {4.0, 0.955}, {5.9, 0.95}),
        .roof = PROFILE({1.4, 0.765}, {2.0, 0.85}, {2.6, 0.875}, {4.0, 0.885}, {5.9, 0.875}),
        .nose = {0.56, 2.6}, .tail = {0.14, 2.8},
        .cowl = {0.78, 1.02, 0.83}, .screen_top = {1.52, 1.68, 0.78},
        .rear_top = {5.66, 5.66, 0.86}, .rear_foot = {5.80, 5.80, 0.88},
        .bonnet = {0.17, 0.36, 0.74}, .lid = {5.90, 5.88, 0.92},
        .row = {{1.16, 2.16}, {2.34, 3.56}}, .door = {BODY_DOOR_SWINGS, BODY_DOOR_SLIDES},
        .tail_kind = BODY_TAIL_BARN, .roof_kind = BODY_ROOF_RIBS, .rear_screen = false,
        .axle = {1.00, 4.62}, .tyre_length = 0.72, .tyre_width = 0.24,
        .seat = {1.92, 0}, .mirror = 1.30, .mirror_reach = 0.27,
        .flap = 2.24, .flap_side = -1,
    },
    [PICTURE_BUS] = {
        .length = 12.0, .width = 2.55, .paint = 0x3f9f96,
        .outline = PROFILE({0, 1.20}, {0.6, 1.265}, {2.0, 1.275}, {6.0, 1.275}, {11.0, 1.275}, {12.0, 1.23}),
        .belt = PROFILE({0.2, 1.16}, {0.8, 1.215}, {6.0, 1.22}, {11.4, 1.22}, {12.0, 1.18}),
        .roof = PROFILE({0.4, 1.08}, {1.0, 1.14}, {6.0, 1.145}, {11.4, 1.14}, {12.0, 1.10}),
        .nose = {0.40, 3.2}, .tail = {0.26, 3.6},
        .cowl = {0.10, 0.30, 1.13}, .screen_top = {0.46, 0.60, 1.06},
        .rear_top = {11.72, 11.68, 1.02}, .rear_foot = {11.88, 11.84, 1.08},
        .bonnet = {0, 0, 0}, .lid = {0, 0, 0},
        .row = {{0, 0}, {0, 0}}, .door = {BODY_DOOR_NONE, BODY_DOOR_NONE},
        .tail_kind = BODY_TAIL_PLAIN, .roof_kind = BODY_ROOF_BUS, .rear_screen = true,
        .axle = {2.75, 8.70}, .tyre_length = 0.96, .tyre_width = 0.30,
        .seat = {1.15, 0}, .mirror = 0.42, .mirror_reach = 0.30,
        .flap = 2.0, .flap_side = 1,
    },
};
// clang-format on

const struct body_shape *body_shape(enum picture_body body)
{
    return &shapes[body];
}

/* Hermite with the slopes of Catmull and Rom. */
double body_profile_at(const struct body_profile *p, double y)
{
    size_t last = p->count - 1, i = 0;

    if (y <= p->at[0].y)
        return p->at[0].x;
    if (y >= p->at[last].y)
        return p->at[last].x;
    while (p->at[i + 1].y < y)
        i++;
    size_t before = i > 0 ? i - 1 : i, after = i + 2 <= last ? i + 2 : last;
    double h = p->at[i + 1].y - p->at[i].y, t = (y - p->at[i].y) / h;
    double from = (p->at[i + 1].x - p->at[before].x) / (p->at[i + 1].y - p->at[before].y) * h;
    double to = (p->at[after].x - p->at[i].x) / (p->at[after].y - p->at[i].y) * h;
    double t2 = t * t, t3 = t2 * t;
    return (2 * t3 - 3 * t2 + 1) * p->at[i].x + (t3 - 2 * t2 + t) * from +
           (3 * t2 - 2 * t3) * p->at[i + 1].x + (t3 - t2) * to;
}

static double corner(const struct body_corner *c, double y)
{
    if (y >= c->depth)
        return 1;
    if (y <= 0)
        return 0;
    return pow(1 - pow(1 - y / c->depth, c->roundness), 1 / c->roundness);
}

double body_outline_at(const struct body_shape *s, double y)
{
    return body_profile_at(&s->outline, y) * corner(&s->nose, y) * corner(&s->tail, s->length - y);
}

double body_arc_at(const struct body_arc *a, double x)
{
    double t = a->half > 0 ? x / a->half : 0;

    return a->middle + (a->side - a->middle) * t * t;
}
