/*
 * stage.h — the words about the car on its stage: who it is, the time, locks, captions.
 */
#ifndef RENDER_STAGE_H
#define RENDER_STAGE_H

#include "render/layout.h"
#include "render/scene.h"
#include "render/theme.h"
#include "render/view.h"

/* All in units of the design. */
void stage_top(cairo_t *cr, const struct theme *t, double width, const struct scene *s);
void stage_bottom(cairo_t *cr, const struct theme *t, double width, double height,
                  const struct scene *s);
void stage_help(cairo_t *cr, const struct theme *t, const struct rect *where,
                const struct view_key *keys);

#endif
