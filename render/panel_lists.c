#include <stdio.h>

#include "render/panel.h"
#include "render/text.h"

/* ---- the shadow ---- */

static struct text_style cell_style(const struct theme *t, bool differs, double width)
{
    return (struct text_style){.size = 12,
                               .weight = differs ? TEXT_MEDIUM : TEXT_REGULAR,
                               .colour = differs ? t->warn : t->dim,
                               .width = width};
}

static void shadow_row(const struct panel *p, const struct scene_row *row, double y)
{
    const struct theme *t = p->theme;
    double wanted = p->w * 0.50, is = p->w * 0.75;
    struct text_style path = cell_style(t, row->differs, wanted - 24);
    struct text_style value = cell_style(t, row->differs, p->w * 0.24 - 6);

    if (row->differs) {
        path_round(p->cr, 8, y - 15, p->w - 16, 21, 6);
        paint_colour(p->cr, t->warn, 0.11);
        cairo_fill(p->cr);
    }
    path.colour = t->text;
    text_draw(p->cr, 16, y, &path, row->path);
    text_draw(p->cr, wanted, y, &value, row->desired[0] != '\0' ? row->desired : "–");
    text_draw(p->cr, is, y, &value, row->reported[0] != '\0' ? row->reported : "–");
}

void panel_shadow(const struct panel *p, const struct scene_shadow *s)
{
    const struct theme *t = p->theme;
    struct text_style head = {.size = 11, .weight = TEXT_MEDIUM, .colour = t->faint};
    char version[32];
    double step = 22, y = 48;

    panel_frame(p, "Shadow");
    if (s->version != 0) {
        snprintf(version, sizeof version, "version %u", s->version);
        head.align = TEXT_RIGHT;
        text_draw(p->cr, p->w - 16, 26, &head, version);
        head.align = TEXT_LEFT;
    }
    text_draw(p->cr, p->w * 0.50, y, &head, "desired");
    text_draw(p->cr, p->w * 0.75, y, &head, "reported");
    if (s->count == 0)
        text_draw(p->cr, 16, y + step, &(struct text_style){.size = 12, .colour = t->faint},
                  "nothing is known of it yet");
    for (int i = 0; i < s->count && y + step * (i + 1) < p->h - 8; i++)
        shadow_row(p, &s->row[i], y + step * (i + 1));
}

/* ---- messages ---- */

void panel_messages(const struct panel *p, const struct scene_messages *m)
{
    static const char *const signs[] = {"↓", "↑", "·"};
    const struct theme *t = p->theme;
    double step = 23, y = 50;

    panel_frame(p, "What happened");
    if (m->count == 0)
        text_draw(p->cr, 16, y, &(struct text_style){.size = 12, .colour = t->faint},
                  "nothing yet");
    for (int i = 0; i < m->count && y + step * i < p->h - 8; i++) {
        const struct scene_message *line = &m->message[i];
        struct rgb c = line->way == SCENE_TO_CAR     ? t->accent
                       : line->way == SCENE_FROM_CAR ? t->good
                                                     : t->faint;
        double at = y + step * i;
        text_draw(p->cr, 16, at, &(struct text_style){.size = 11, .colour = t->faint}, line->time);
        text_draw(p->cr, 68, at,
                  &(struct text_style){.size = 12, .weight = TEXT_SEMIBOLD, .colour = c},
                  signs[line->way]);
        text_draw(p->cr, 84, at,
                  &(struct text_style){
                      .size = 12, .colour = i == 0 ? t->text : t->dim, .width = p->w - 98},
                  line->text);
    }
}
