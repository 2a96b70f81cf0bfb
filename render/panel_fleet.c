#include <math.h>
#include <stdio.h>

#include "render/panel.h"
#include "render/text.h"

/* The largest cells with which all cars have room. */
struct cells {
    double x, y, pitch;
    uint32_t columns;
};

#define MOST_PITCH 22.0

static struct cells cells_of(double w, double h, uint32_t count)
{
    double room_w = w - 32, room_h = h - 66;
    struct cells c = {.x = 16, .y = 40, .pitch = MOST_PITCH};

    while (c.pitch > 1 && floor(room_w / c.pitch) * floor(room_h / c.pitch) < (double)count)
        c.pitch -= c.pitch > 8 ? 0.5 : 0.1;
    c.columns = (uint32_t)fmax(1, floor(room_w / c.pitch));
    return c;
}

int64_t panel_fleet_hit(double w, double h, uint32_t count, double x, double y)
{
    struct cells c = cells_of(w, h, count);

    if (count == 0 || x < c.x || y < c.y)
        return -1;
    double column = floor((x - c.x) / c.pitch), row = floor((y - c.y) / c.pitch);
    int64_t index = (int64_t)row * c.columns + (int64_t)column;
    return column < c.columns && index < (int64_t)count ? index : -1;
}

static uint32_t row_of(const struct cells *c, uint32_t index)
{
    return index / c->columns;
}

/* One path for all cells of a colour: thousands of them cost a few fills. */
static void paint_cells(const struct panel *p, const struct scene_fleet *f, const uint8_t *cells,
                        const struct cells *c)
{
    double gap = c->pitch > 6 ? fmin(3, c->pitch * 0.16) : c->pitch > 3 ? 0.8 : 0;
    double side = c->pitch - gap;

    for (int state = 0; state <= SCENE_CELL_ALARM; state++) {
        bool any = false;
        for (uint32_t i = 0; i < f->count; i++) {
            if (cells[i] != state)
                continue;
            double x = c->x + (i % c->columns) * c->pitch, y = c->y + row_of(c, i) * c->pitch;
            any = true;
            if (side > 7)
                path_round(p->cr, x, y, side, side, side * 0.26);
            else
                cairo_rectangle(p->cr, x, y, side, side);
        }
        if (any) {
            paint_colour(p->cr, panel_link_colour(p->theme, state), 1);
            cairo_fill(p->cr);
        }
    }
    double x = c->x + (f->selected % c->columns) * c->pitch;
    double y = c->y + row_of(c, f->selected) * c->pitch;
    path_round(p->cr, x - 1.5, y - 1.5, side + 3, side + 3, fmax(2, side * 0.32));
    cairo_set_line_width(p->cr, 1.5);
    paint_colour(p->cr, p->theme->text, 1);
    cairo_stroke(p->cr);
}

static double key(const struct panel *p, double x, int state, uint32_t count, const char *name)
{
    struct text_style style = {.size = 11, .colour = p->theme->dim};
    char text[48];

    snprintf(text, sizeof text, "%u %s", count, name);
    double w = text_width(p->cr, &style, text);
    if (count == 0 || x + 12 + w > p->w - 12)
        return x;
    cairo_arc(p->cr, x + 4, p->h - 15, 3.5, 0, 2 * M_PI);
    paint_colour(p->cr, panel_link_colour(p->theme, state), 1);
    cairo_fill(p->cr);
    text_draw(p->cr, x + 12, p->h - 11, &style, text);
    return x + 12 + w + 11;
}

void panel_fleet(const struct panel *p, const struct scene_fleet *f, const uint8_t *cells)
{
    char text[32];

    panel_frame(p, "Fleet");
    snprintf(text, sizeof text, "%u %s", f->count, f->count == 1 ? "car" : "cars");
    text_draw(p->cr, p->w - 16, 26,
              &(struct text_style){
                  .size = 12, .weight = TEXT_MEDIUM, .colour = p->theme->text, .align = TEXT_RIGHT},
              text);
    if (f->count == 0 || cells == NULL)
        return;
    struct cells c = cells_of(p->w, p->h, f->count);
    paint_cells(p, f, cells, &c);
    uint32_t busy = f->charging + f->driving, online = f->by_link[SCENE_ONLINE];
    double x = key(p, 16, SCENE_ONLINE, online > busy ? online - busy : 0, "online");
    x = key(p, x, SCENE_CELL_DRIVING, f->driving, "driving");
    x = key(p, x, SCENE_CELL_CHARGING, f->charging, "charging");
    x = key(p, x, SCENE_ASLEEP, f->by_link[SCENE_ASLEEP], "asleep");
    x = key(p, x, SCENE_BACKING_OFF, f->by_link[SCENE_BACKING_OFF], "cut off");
    key(p, x, SCENE_CONNECTING,
        f->by_link[SCENE_CONNECTING] + f->by_link[SCENE_SYNCING] + f->by_link[SCENE_PROVISIONING],
        "connecting");
}
