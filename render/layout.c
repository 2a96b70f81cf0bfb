#include "render/layout.h"

#include <math.h>

#define DESIGN_W 1280.0
#define DESIGN_H 800.0
#define MARGIN   20.0
#define GAP      14.0

/* Pixels below which nobody could read the panels: the car has the window alone. */
#define PANELS_W 720
#define PANELS_H 450
#define ALONE    480.0 /* units that a small window is high and wide, so that its words are read */

bool rect_has(const struct rect *r, double x, double y)
{
    return x >= r->x && y >= r->y && x < r->x + r->w && y < r->y + r->h;
}

struct layout layout_of(int width_px, int height_px, bool clean)
{
    bool small = width_px < PANELS_W || height_px < PANELS_H;
    double unit = small ? fmin(fmin(width_px, height_px) / ALONE, 1)
                        : fmin(width_px / DESIGN_W, height_px / DESIGN_H);
    struct layout l = {.unit = fmax(0.25, unit)};

    l.width = width_px / l.unit;
    l.height = height_px / l.unit;
    if (clean || small) {
        l.stage = (struct rect){0, 0, l.width, l.height};
        return l;
    }
    double column = fmax(660, fmin(860, l.width * 0.52));
    l.stage = (struct rect){0, 0, l.width - column - MARGIN, l.height};
    double x = l.stage.w, y = MARGIN, card = (column - 3 * GAP) / 4;
    for (int i = 0; i < 4; i++)
        l.panel[LAYOUT_CHARGE + i] = (struct rect){x + i * (card + GAP), y, card, 112};
    y += 112 + GAP;
    l.panel[LAYOUT_JOURNEY] = (struct rect){x, y, column, 156};
    y += 156 + GAP;
    double bottom = 150, middle = l.height - y - bottom - GAP - MARGIN;
    double half = (column - GAP) / 2;
    l.panel[LAYOUT_SHADOW] = (struct rect){x, y, half, middle};
    l.panel[LAYOUT_MESSAGES] = (struct rect){x + half + GAP, y, half, middle};
    y += middle + GAP;
    l.panel[LAYOUT_MAP] = (struct rect){x, y, half, bottom};
    l.panel[LAYOUT_FLEET] = (struct rect){x + half + GAP, y, half, bottom};
    return l;
}
