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

#define STEP 22.0 /* from line to line */

/* How many rows of each there is room for, if each but a lone one has a line for its name: a fair
   share, and what others leave goes to the first. */
static void share_rows(const struct scene_shadows *s, int lines, int ret[static SCENE_SHADOWS])
{
    int left = lines - (s->count > 1 ? s->count : 0);

    for (int i = 0; i < s->count; i++)
        ret[i] = 0;
    for (bool more = true; more && left > 0;) {
        more = false;
        for (int i = 0; i < s->count && left > 0; i++) {
            if (ret[i] == s->shadow[i].count)
                continue;
            ret[i]++;
            left--;
            more = true;
        }
    }
}

static void shadow_version(const struct panel *p, const struct scene_shadow *s, double y)
{
    char text[32] = "not known yet";

    if (s->version != 0)
        snprintf(text, sizeof text, "version %u", s->version);
    text_draw(
        p->cr, p->w - 16, y,
        &(struct text_style){
            .size = 11, .weight = TEXT_MEDIUM, .colour = p->theme->faint, .align = TEXT_RIGHT},
        text);
}

/* The line above the rows of one of several. */
static void shadow_name(const struct panel *p, const struct scene_shadow *s, double y)
{
    const struct theme *t = p->theme;

    text_draw(p->cr, 16, y,
              &(struct text_style){
                  .size = 12, .weight = TEXT_SEMIBOLD, .colour = t->accent, .width = p->w - 130},
              s->name[0] != '\0' ? s->name : "classic");
    shadow_version(p, s, y);
    cairo_rectangle(p->cr, 16, y + 6, p->w - 32, 1);
    paint_colour(p->cr, t->line, t->line_alpha);
    cairo_fill(p->cr);
}

void panel_shadows(const struct panel *p, const struct scene_shadows *s)
{
    struct text_style head = {.size = 11, .weight = TEXT_MEDIUM, .colour = p->theme->faint};
    int rows[SCENE_SHADOWS];
    double y = 48;

    panel_frame(p, s->count > 1 ? "Shadows" : "Shadow");
    text_draw(p->cr, p->w * 0.50, s->count > 1 ? 26 : y, &head, "desired");
    text_draw(p->cr, p->w * 0.75, s->count > 1 ? 26 : y, &head, "reported");
    if (s->count > 1)
        y -= STEP;
    else if (s->count == 1 && s->shadow[0].version != 0)
        shadow_version(p, &s->shadow[0], 26);
    if (s->count == 0 || (s->count == 1 && s->shadow[0].version == 0))
        text_draw(p->cr, 16, y + STEP, &(struct text_style){.size = 12, .colour = p->theme->faint},
                  "nothing is known of it yet");
    share_rows(s, (int)((p->h - 8 - y) / STEP - 1e-9), rows);
    for (int i = 0; i < s->count; i++) {
        if (s->count > 1 && y + STEP < p->h - 8)
            shadow_name(p, &s->shadow[i], y += STEP);
        for (int k = 0; k < rows[i]; k++)
            shadow_row(p, &s->shadow[i].row[k], y += STEP);
    }
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
