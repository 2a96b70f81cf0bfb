/*
 * theme.h — the colours of everything around the car, by day and by night.
 */
#ifndef RENDER_THEME_H
#define RENDER_THEME_H

#include "render/paint.h"

struct theme {
    double night;                    /* 0 to 1 */
    struct rgb ground, ground_light; /* of the stage: edge and middle */
    struct rgb panel, line;          /* line: over the panel, with its alpha below */
    double line_alpha;
    struct rgb text, dim, faint;
    struct rgb accent, good, warn, bad;
};

struct theme theme_at(double night);

#endif
