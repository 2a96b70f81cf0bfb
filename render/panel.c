#include "render/panel.h"

#include <math.h>

#include "render/text.h"

static const struct rgb black = {0, 0, 0};

void panel_frame(const struct panel *p, const char *title)
{
    cairo_t *cr = p->cr;
    const struct theme *t = p->theme;

    for (int i = 3; i >= 1; i--) {
        path_round(cr, -i * 0.7, -i * 0.3 + 1, p->w + i * 1.4, p->h + i * 1.2, 14 + i);
        paint_colour(cr, black, 0.018);
        cairo_fill(cr);
    }
    path_round(cr, 0, 0, p->w, p->h, 14);
    paint_colour(cr, t->panel, 1);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, 1);
    paint_colour(cr, t->line, t->line_alpha);
    cairo_stroke(cr);
    if (title != NULL)
        text_draw(cr, 16, 26,
                  &(struct text_style){
                      .size = 12, .weight = TEXT_SEMIBOLD, .colour = t->dim, .width = p->w - 32},
                  title);
}

const char *panel_link_name(enum scene_link link)
{
    static const char *const names[SCENE_LINK_COUNT] = {
        "Power off", "Asleep", "Connecting", "Syncing", "Online", "No connection", "Provisioning"};

    return names[link];
}

struct rgb panel_link_colour(const struct theme *theme, int cell)
{
    switch (cell) {
    case SCENE_ONLINE:
        return theme->good;
    case SCENE_CELL_CHARGING:
        return rgb_mix(theme->good, theme->accent, 0.55);
    case SCENE_CELL_DRIVING:
        return theme->accent;
    case SCENE_CELL_ALARM:
    case SCENE_BACKING_OFF:
        return theme->bad;
    case SCENE_CONNECTING:
    case SCENE_SYNCING:
    case SCENE_PROVISIONING:
        return theme->warn;
    case SCENE_ASLEEP:
        return rgb_mix(theme->faint, theme->accent, 0.25);
    default:
        return rgb_mix(theme->faint, theme->panel, 0.45);
    }
}

double panel_degrees(float value)
{
    return round((double)value) + 0.0;
}
