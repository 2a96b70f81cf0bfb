#include <math.h>
#include <stdio.h>

#include "render/icon.h"
#include "render/panel.h"
#include "render/text.h"

static const struct {
    enum icon icon;
    const char *name;
} stops[SCENE_STOP_COUNT] = {
    {ICON_PHONE, "App"     },
    {ICON_CLOUD, "Cloud"   },
    {ICON_CAR,   "Car"     },
    {ICON_GEAR,  "Actuator"},
    {ICON_TWIN,  "Shadow"  },
    {ICON_PHONE, "App"     },
};

#define LINE_Y 78.0

static double stop_x(const struct panel *p, int i)
{
    return 44 + (p->w - 88) * i / (SCENE_STOP_COUNT - 1);
}

/* Where the command has got to: the last stop that was passed. */
static int reached(const struct scene_journey *j)
{
    int last = 0;

    for (int i = 1; i < SCENE_STOP_COUNT; i++)
        if (j->at[i] >= 0)
            last = i;
    return last;
}

/* Not every command is accepted by the cloud in a way that the app sees, but each goes through it;
   a refused one moves no actuator. */
static bool was_at(const struct scene_journey *j, int i)
{
    return i == SCENE_APP || j->at[i] >= 0 || (i == SCENE_CLOUD && reached(j) > i);
}

static struct rgb colour_of(const struct panel *p, const struct scene_journey *j)
{
    switch (j->outcome) {
    case SCENE_SUCCEEDED:
        return p->theme->good;
    case SCENE_REFUSED:
        return p->theme->warn;
    case SCENE_FAILED:
        return p->theme->bad;
    case SCENE_OPEN:
        break;
    }
    return p->theme->accent;
}

static void time_text(float ms, char *text, size_t size)
{
    if (ms < 1)
        snprintf(text, size, "<1 ms");
    else if (ms < 1000)
        snprintf(text, size, "%.*f ms", ms < 10 ? 1 : 0, (double)ms);
    else
        snprintf(text, size, "%.*f s", ms < 10000 ? 2 : 1, (double)ms / 1000);
}

/* The line from one stop to the next, with the time that it took. */
static void leg(const struct panel *p, const struct scene_journey *j, int i, struct rgb c)
{
    cairo_t *cr = p->cr;
    double x0 = stop_x(p, i) + 23, x1 = stop_x(p, i + 1) - 23;
    int last = reached(j);
    bool done = i < last, under_way = i == last && j->outcome == SCENE_OPEN && j->number != 0;
    char text[24];

    path_round(cr, x0, LINE_Y - 1.5, x1 - x0, 3, 1.5);
    paint_colour(cr, done ? c : p->theme->line, done ? 0.9 : 0.12);
    cairo_fill(cr);
    if (under_way) {
        double t = fmod(p->phase * 0.9, 1);
        for (int k = 0; k < 6; k++) {
            double at = t - k * 0.035;
            if (at < 0)
                continue;
            cairo_arc(cr, x0 + (x1 - x0) * at, LINE_Y, 3.6 - 0.45 * k, 0, 2 * M_PI);
            paint_colour(cr, c, 0.9 - 0.14 * k);
            cairo_fill(cr);
        }
    }
    if (!done || j->at[i + 1] < 0)
        return;
    float from = 0;
    for (int k = i; k > 0 && from <= 0; k--)
        from = fmaxf(0, j->at[k]);
    time_text(fmaxf(0, j->at[i + 1] - from), text, sizeof text);
    text_draw(cr, (x0 + x1) / 2, LINE_Y - 10,
              &(struct text_style){
                  .size = 11, .weight = TEXT_MEDIUM, .colour = p->theme->dim, .align = TEXT_CENTRE},
              text);
}

static void stop(const struct panel *p, const struct scene_journey *j, int i, struct rgb c)
{
    cairo_t *cr = p->cr;
    double x = stop_x(p, i);
    bool passed = j->number != 0 && was_at(j, i);

    cairo_arc(cr, x, LINE_Y, 19, 0, 2 * M_PI);
    paint_colour(cr, passed ? c : p->theme->line, passed ? 0.14 : 0.05);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, 1.25);
    paint_colour(cr, passed ? c : p->theme->line, passed ? 0.75 : 0.12);
    cairo_stroke(cr);
    icon_draw(cr, stops[i].icon, x, LINE_Y, 16, passed ? c : p->theme->faint);
    text_draw(cr, x, LINE_Y + 37,
              &(struct text_style){.size = 12,
                                   .weight = TEXT_MEDIUM,
                                   .colour = passed ? p->theme->text : p->theme->faint,
                                   .align = TEXT_CENTRE},
              stops[i].name);
}

static void heading(const struct panel *p, const struct scene_journey *j, struct rgb c)
{
    static const char *const outcomes[] = {"on its way", "done", "refused", "failed"};
    const struct theme *t = p->theme;
    char total[40] = "";
    int last = reached(j);

    if (j->number == 0) {
        text_draw(p->cr, 16, 26,
                  &(struct text_style){.size = 12, .weight = TEXT_SEMIBOLD, .colour = t->dim},
                  "Command");
        return;
    }
    text_draw(p->cr, 16, 27,
              &(struct text_style){
                  .size = 14, .weight = TEXT_SEMIBOLD, .colour = t->text, .width = p->w * 0.62},
              j->what);
    time_text(fmaxf(0, j->at[last]), total, sizeof total);
    double w =
        text_draw(p->cr, p->w - 16, 27,
                  &(struct text_style){
                      .size = 14, .weight = TEXT_SEMIBOLD, .colour = t->text, .align = TEXT_RIGHT},
                  total);
    text_draw(
        p->cr, p->w - 16 - w - 10, 27,
        &(struct text_style){.size = 12, .weight = TEXT_MEDIUM, .colour = c, .align = TEXT_RIGHT},
        outcomes[j->outcome]);
}

/* What is said of it: why, or how long until it was to be seen. */
static void comment(const struct panel *p, const struct scene_journey *j,
                    const struct first_frame *first)
{
    char text[200], ms[24], own[24] = "", median[24];

    if (j->number == 0 || first->number != j->number) {
        snprintf(text, sizeof text, "%s",
                 j->number == 0 ? "no command yet: press U to unlock from the app" : j->comment);
    } else {
        time_text(first->ms - first->actuator, ms, sizeof ms);
        time_text(first->actuator, own, sizeof own);
        time_text(first_frame_share(first, false, 0.5), median, sizeof median);
        snprintf(text, sizeof text, "first changed frame after %s%s%s · median of %zu: %s%s%s", ms,
                 first->actuator > 0 ? " and the actuator's " : "", first->actuator > 0 ? own : "",
                 first_frame_kept(first), median,
                 j->outcome == SCENE_SUCCEEDED || j->comment[0] == '\0' ? "" : " · ",
                 j->outcome == SCENE_SUCCEEDED ? "" : j->comment);
    }
    text_draw(p->cr, p->w / 2, p->h - 14,
              &(struct text_style){
                  .size = 11.5, .colour = p->theme->dim, .align = TEXT_CENTRE, .width = p->w - 32},
              text);
}

void panel_journey(const struct panel *p, const struct scene_journey *j,
                   const struct first_frame *first)
{
    struct rgb c = colour_of(p, j);

    panel_frame(p, NULL);
    heading(p, j, c);
    for (int i = 0; i + 1 < SCENE_STOP_COUNT; i++)
        leg(p, j, i, c);
    for (int i = 0; i < SCENE_STOP_COUNT; i++)
        stop(p, j, i, c);
    comment(p, j, first);
}
