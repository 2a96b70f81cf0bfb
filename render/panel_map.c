#include <math.h>
#include <stdio.h>

#include "render/panel.h"
#include "render/text.h"

/* How many pixels a metre is, so that all of the track is to be seen, and its middle. */
struct view_of {
    double scale, east, north;
};

static struct view_of fit(const struct panel *p, const struct scene_map *m)
{
    double least_e = 0, most_e = 0, least_n = 0, most_n = 0;

    for (int i = 0; i < m->count; i++) {
        double e = (double)m->track[i].east, n = (double)m->track[i].north;
        least_e = i == 0 ? e : fmin(least_e, e);
        most_e = i == 0 ? e : fmax(most_e, e);
        least_n = i == 0 ? n : fmin(least_n, n);
        most_n = i == 0 ? n : fmax(most_n, n);
    }
    double wide = fmax(160, most_e - least_e), high = fmax(120, most_n - least_n);
    return (struct view_of){.scale = fmin((p->w - 70) / wide, (p->h - 60) / high),
                            .east = (least_e + most_e) / 2,
                            .north = (least_n + most_n) / 2};
}

/* Lines of a grid whose width is a round number of metres. */
static void grid(const struct panel *p, const struct view_of *v)
{
    cairo_t *cr = p->cr;
    double step = 50;
    char text[24];

    while (step * v->scale < 34)
        step *= step / pow(10, floor(log10(step))) > 4 ? 2 : 2.5;
    double pitch = step * v->scale;
    double x0 = fmod(p->w / 2 - v->east * v->scale, pitch);
    double y0 = fmod(p->h / 2 + v->north * v->scale, pitch);
    for (int i = 0; x0 + i * pitch < p->w; i++) {
        cairo_move_to(cr, x0 + i * pitch, 0);
        cairo_line_to(cr, x0 + i * pitch, p->h);
    }
    for (int i = 0; y0 + i * pitch < p->h; i++) {
        cairo_move_to(cr, 0, y0 + i * pitch);
        cairo_line_to(cr, p->w, y0 + i * pitch);
    }
    cairo_set_line_width(cr, 1);
    paint_colour(cr, p->theme->line, 0.055);
    cairo_stroke(cr);
    double x = p->w - 16 - pitch, y = p->h - 14;
    cairo_move_to(cr, x, y - 4);
    cairo_line_to(cr, x, y);
    cairo_line_to(cr, p->w - 16, y);
    cairo_line_to(cr, p->w - 16, y - 4);
    paint_colour(cr, p->theme->faint, 0.9);
    cairo_stroke(cr);
    if (step < 1000)
        snprintf(text, sizeof text, "%.0f m", step);
    else
        snprintf(text, sizeof text, "%g km", step / 1000);
    text_draw(cr, x - 6, y + 1,
              &(struct text_style){.size = 10, .colour = p->theme->faint, .align = TEXT_RIGHT},
              text);
}

static void track(const struct panel *p, const struct scene_map *m, const struct view_of *v)
{
    cairo_t *cr = p->cr;

    for (int i = 0; i < m->count; i++)
        cairo_line_to(cr, p->w / 2 + ((double)m->track[i].east - v->east) * v->scale,
                      p->h / 2 - ((double)m->track[i].north - v->north) * v->scale);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, 7);
    paint_colour(cr, p->theme->accent, 0.16);
    cairo_stroke_preserve(cr);
    cairo_set_line_width(cr, 2.6);
    paint_colour(cr, p->theme->accent, 1);
    cairo_stroke(cr);
}

static void here(const struct panel *p, const struct scene_map *m, const struct view_of *v)
{
    cairo_t *cr = p->cr;
    int last = m->count - 1;

    cairo_save(cr);
    cairo_translate(cr, p->w / 2 + ((double)m->track[last].east - v->east) * v->scale,
                    p->h / 2 - ((double)m->track[last].north - v->north) * v->scale);
    paint_glow(cr, 0, 0, 22, p->theme->accent, 0.55);
    cairo_rotate(cr, (double)m->heading * M_PI / 180);
    cairo_move_to(cr, 0, -9);
    cairo_line_to(cr, 6.5, 8);
    cairo_line_to(cr, 0, 4.5);
    cairo_line_to(cr, -6.5, 8);
    cairo_close_path(cr);
    paint_colour(cr, p->theme->accent, 1);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, 1.5);
    paint_colour(cr, p->theme->panel, 1);
    cairo_stroke(cr);
    cairo_restore(cr);
}

void panel_map(const struct panel *p, const struct scene_map *m)
{
    cairo_t *cr = p->cr;
    char text[32];

    panel_frame(p, NULL);
    cairo_save(cr);
    path_round(cr, 0.5, 0.5, p->w - 1, p->h - 1, 13.5);
    cairo_clip(cr);
    struct view_of v = fit(p, m);
    grid(p, &v);
    if (m->count > 1)
        track(p, m, &v);
    if (m->count > 0)
        here(p, m, &v);
    cairo_restore(cr);
    text_draw(
        cr, 16, 26,
        &(struct text_style){
            .size = 12, .weight = TEXT_SEMIBOLD, .colour = p->theme->dim, .width = p->w - 110},
        m->place[0] != '\0' ? m->place : "Trip");
    if (m->distance >= 0) {
        snprintf(text, sizeof text, "%.1f km", (double)m->distance / 1000);
        text_draw(
            cr, p->w - 16, 26,
            &(struct text_style){
                .size = 12, .weight = TEXT_MEDIUM, .colour = p->theme->text, .align = TEXT_RIGHT},
            text);
    }
}
