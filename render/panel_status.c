#include <math.h>
#include <stdio.h>

#include "render/icon.h"
#include "render/panel.h"
#include "render/text.h"

static bool known(float value)
{
    return value > SCENE_NONE / 2;
}

/* The number and its unit, and what stands below it. */
static void figure(const struct panel *p, const char *number, const char *unit, const char *below)
{
    const struct theme *t = p->theme;
    double w = text_draw(
        p->cr, 16, 66, &(struct text_style){.size = 31, .weight = TEXT_SEMIBOLD, .colour = t->text},
        number);

    text_draw(p->cr, 16 + w + 4, 66,
              &(struct text_style){.size = 15, .weight = TEXT_MEDIUM, .colour = t->dim}, unit);
    text_draw(p->cr, 16, 90, &(struct text_style){.size = 12, .colour = t->dim, .width = p->w - 26},
              below);
}

/* ---- charge ---- */

static void charge_text(const struct scene_status *s, char *below, size_t size)
{
    if (s->power > 0.05F && known(s->power))
        snprintf(below, size, "%.*f kW · %.0f min left", s->power < 20 ? 1 : 0, (double)s->power,
                 (double)fmaxf(0, s->minutes_left));
    else if (s->plugged && s->charging[0] != '\0')
        snprintf(below, size, "plugged in, %s", s->charging);
    else if (known(s->range) && known(s->limit))
        snprintf(below, size, "%.0f km · limit %.0f %%", (double)s->range, (double)s->limit);
    else if (known(s->range))
        snprintf(below, size, "%.0f km", (double)s->range);
    else
        snprintf(below, size, "range unknown");
}

static void bar(const struct panel *p, double share, double limit, struct rgb c)
{
    cairo_t *cr = p->cr;
    double x = 16, w = p->w - 32, y = p->h - 13;

    path_round(cr, x, y, w, 4, 2);
    paint_colour(cr, p->theme->line, 0.10);
    cairo_fill(cr);
    if (share > 0.004) {
        path_round(cr, x, y, fmax(4, w * fmin(1, share)), 4, 2);
        paint_colour(cr, c, 1);
        cairo_fill(cr);
    }
    if (limit > 0) {
        cairo_rectangle(cr, x + w * limit - 0.75, y - 2, 1.5, 8);
        paint_colour(cr, p->theme->dim, 0.9);
        cairo_fill(cr);
    }
}

static void charge(const struct panel *p, const struct scene_status *s)
{
    bool battery = known(s->charge);
    float level = battery ? s->charge : s->fuel;
    char number[16] = "–", below[64];

    panel_frame(p, battery ? "Charge" : "Fuel");
    if (known(level))
        snprintf(number, sizeof number, "%.0f", (double)level);
    charge_text(s, below, sizeof below);
    figure(p, number, "%", below);
    struct rgb c = s->plugged   ? p->theme->good
                   : level < 12 ? p->theme->bad
                   : level < 25 ? p->theme->warn
                                : p->theme->good;
    bar(p, known(level) ? (double)level / 100 : 0,
        battery && known(s->limit) ? (double)s->limit / 100 : 0, c);
    if (s->plugged)
        icon_draw(p->cr, ICON_BOLT, p->w - 24, 22, 15, p->theme->good);
}

/* ---- cabin, speed ---- */

static void cabin(const struct panel *p, const struct scene_status *s)
{
    char number[16] = "–", below[64] = "";

    panel_frame(p, "Cabin");
    if (known(s->cabin))
        snprintf(number, sizeof number, "%.1f", (double)s->cabin);
    if (s->climate && known(s->target))
        snprintf(below, sizeof below, "to %.0f° · outside %.0f°", panel_degrees(s->target),
                 panel_degrees(s->outside));
    else if (known(s->outside))
        snprintf(below, sizeof below, "air off · outside %.0f°", panel_degrees(s->outside));
    figure(p, number, "°C", below);
    if (s->climate) {
        bool warms = s->target > s->cabin;
        icon_draw(p->cr, ICON_AIR, p->w - 24, 22, 15, warms ? p->theme->warn : p->theme->accent);
    }
}

static void speed(const struct panel *p, const struct scene_status *s)
{
    char number[16] = "0", below[64] = "";

    panel_frame(p, "Speed");
    if (known(s->speed))
        snprintf(number, sizeof number, "%.0f", (double)s->speed);
    if (known(s->odometer))
        snprintf(below, sizeof below, "%.0f km driven", (double)s->odometer);
    figure(p, number, "km/h", below);
}

/* ---- connection ---- */

static int bars_of(float dbm)
{
    return dbm > -85 ? 4 : dbm > -95 ? 3 : dbm > -105 ? 2 : dbm > -118 ? 1 : 0;
}

static void link_card(const struct panel *p, const struct scene_status *s)
{
    const struct theme *t = p->theme;
    char below[64] = "";
    bool up = s->link == SCENE_ONLINE || s->link == SCENE_SYNCING;

    panel_frame(p, "Connection");
    text_draw(p->cr, 16, 63,
              &(struct text_style){.size = 21,
                                   .weight = TEXT_SEMIBOLD,
                                   .colour = panel_link_colour(t, s->link),
                                   .width = p->w - 28},
              panel_link_name(s->link));
    if (s->link == SCENE_ASLEEP)
        snprintf(below, sizeof below, "%s", s->tcu[0] != '\0' ? s->tcu : "wakes by SMS");
    else if (s->technology[0] != '\0' && known(s->dbm))
        snprintf(below, sizeof below, "%s · %.0f dBm", s->technology, (double)s->dbm);
    text_draw(p->cr, 16, 90, &(struct text_style){.size = 12, .colour = t->dim, .width = p->w - 26},
              below);
    if (s->link == SCENE_ASLEEP)
        icon_draw(p->cr, ICON_MOON, p->w - 25, 22, 16, t->dim);
    else
        icon_signal(p->cr, p->w - 26, 21, 16, up ? known(s->dbm) ? bars_of(s->dbm) : 4 : 0,
                    (const struct rgb[2]){t->text, t->faint});
}

void panel_status(const struct panel *p, enum layout_panel which, const struct scene_status *s)
{
    switch ((int)which) {
    case LAYOUT_CHARGE:
        charge(p, s);
        break;
    case LAYOUT_CABIN:
        cabin(p, s);
        break;
    case LAYOUT_SPEED:
        speed(p, s);
        break;
    default:
        link_card(p, s);
    }
}
