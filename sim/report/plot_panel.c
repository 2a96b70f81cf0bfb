#include "report/plot_panel.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/xml.h"
#include "report/decimate.h"

#define COLUMNS      750 /* more than that many pixels are rarely a panel's width */
#define VALUE_TICKS  4
#define BAND_SMALL   0.6  /* what is shorter is drawn as wide as this */
#define BAND_NOTHING 0.15 /* … and left out if it would begin as close to the last one */
#define PALETTE      8

/* ---- words ---- */

static const struct {
    const char *path, *label;
} labels[] = {
    {"battery.state_of_charge",     "Charge"    },
    {"climate.cabin_temperature",   "Cabin"     },
    {"climate.outside_temperature", "Outside"   },
    {"battery.temperature",         "Battery"   },
    {"driving.speed",               "Speed"     },
    {"link",                        "Connection"},
    {"tcu.state",                   "TCU"       },
    {"charging.power",              "Charging"  },
    {"fuel.level",                  "Fuel"      },
};

void plot_label(const char *path, struct buf *out)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(path, labels[i].path) == 0) {
            buf_append_str(out, labels[i].label);
            return;
        }
    }
    char *words = xstrdup(path);
    for (char *p = words; *p != '\0'; p++)
        if (*p == '.' || *p == '_')
            *p = ' ';
    words[0] = (char)toupper((unsigned char)words[0]);
    xml_text(out, words);
    free(words);
}

const char *plot_unit(const char *unit)
{
    static const struct {
        const char *unit, *sign;
    } signs[] = {
        {"celsius", "°C"},
        {"percent", "%"  },
        {"degrees", "°" },
    };

    for (size_t i = 0; unit != NULL && i < sizeof signs / sizeof *signs; i++)
        if (strcmp(unit, signs[i].unit) == 0)
            return signs[i].sign;
    return unit != NULL ? unit : "";
}

/* ---- lines ---- */

static void find_range(const struct plot *p, const size_t *channels, size_t count, struct axis *ret)
{
    double min = HUGE_VAL, max = -HUGE_VAL;

    for (size_t i = 0; i < count; i++) {
        const double *values = p->series->channels[channels[i]].values;
        for (size_t row = 0; row < p->series->rows; row++) {
            min = fmin(min, values[row]); /* a NaN leaves it as it is */
            max = fmax(max, values[row]);
        }
    }
    const char *unit = plot_unit(p->series->channels[channels[0]].unit);
    bool percent = strcmp(unit, "%") == 0;
    if (!isfinite(min) || !isfinite(max))
        min = max = 0;
    bool from_zero = strcmp(unit, "°C") != 0 && min >= 0 && (min < max / 2 || max <= 0);
    if (from_zero && max <= 0)
        max = 1;
    axis_values(ret,
                percent     ? fmin(min, 0)
                : from_zero ? 0
                            : min,
                percent ? fmax(max, 100) : max, VALUE_TICKS);
}

/* One `d`, relative to nothing, for the page's own script reads it too. With `base`, each run is
   closed at the panel's foot. */
static void write_path(const struct decimated_point *points, size_t count, const struct axis *axis,
                       bool base, struct buf *out)
{
    double begun = (double)NAN, x = 0;

    for (size_t i = 0; i <= count; i++) {
        bool gap = i == count || isnan(points[i].y);
        if (gap && !isnan(begun) && base)
            buf_printf(out, "L%.2f %dL%.2f %dZ", x, PLOT_HEIGHT, begun, PLOT_HEIGHT);
        if (gap) {
            begun = (double)NAN;
            continue;
        }
        x = points[i].x;
        buf_printf(out, "%c%.2f %.2f", isnan(begun) ? 'M' : 'L', x,
                   (1 - (points[i].y - axis->min) / (axis->max - axis->min)) * PLOT_HEIGHT);
        begun = isnan(begun) ? x : begun;
    }
}

static void write_line(const struct plot *p, size_t channel, size_t place, bool area,
                       const struct axis *axis, struct buf *out)
{
    const struct series *s = p->series;
    double *x = xcalloc(s->rows, sizeof *x);
    struct decimated_point *points = xcalloc((size_t)5 * (COLUMNS + 1), sizeof *points);

    for (size_t i = 0; i < s->rows; i++)
        x[i] = s->t[i] / p->time.max * PLOT_WIDTH;
    size_t count = decimate(x, s->channels[channel].values, s->rows, PLOT_WIDTH, COLUMNS, points);
    if (area) {
        buf_printf(out, "<path class=\"fill c%zu\" d=\"", place);
        write_path(points, count, axis, true, out);
        buf_append_str(out, "\"/>");
    }
    buf_printf(out, "<path class=\"line c%zu\" data-min=\"%.9g\" data-max=\"%.9g\" d=\"", place,
               axis->min, axis->max);
    write_path(points, count, axis, false, out);
    buf_append_str(out, "\"/>");
    free(points);
    free(x);
}

static void write_value_axis(const struct axis *axis, struct buf *out)
{
    buf_append_str(out, "<div class=\"values\">");
    for (size_t i = 0; i < axis->tick_count; i++)
        buf_printf(out, "<span style=\"bottom:%.2f%%\">%s</span>", axis->ticks[i].at * 100,
                   axis->ticks[i].label);
    buf_append_str(out, "</div>");
}

static void open_svg(const struct plot *p, struct buf *out)
{
    buf_printf(out,
               "<div class=\"plot\"><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
               "xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\">",
               PLOT_WIDTH, PLOT_HEIGHT);
    buf_append_slice(out, buf_slice(&p->grid));
}

/* Which of the page's colours a line has: by what it shows, so that cars can be compared. */
static size_t colour_of(const char *path, size_t place)
{
    static const struct {
        const char *path;
        size_t colour;
    } colours[] = {
        {"battery.state_of_charge",     0},
        {"climate.cabin_temperature",   1},
        {"climate.outside_temperature", 2},
        {"driving.speed",               3},
        {"battery.temperature",         4},
        {"fuel.level",                  5},
        {"charging.power",              6},
    };

    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcmp(path, colours[i].path) == 0)
            return colours[i].colour;
    return (place + 4) % PALETTE;
}

void plot_panel_lines(const struct plot *p, const size_t *channels, size_t count, struct buf *out)
{
    const struct series *s = p->series;
    const char *unit = plot_unit(s->channels[channels[0]].unit);
    struct axis axis;

    find_range(p, channels, count, &axis);
    buf_append_str(out, "<div class=\"panel\"><div class=\"label\">");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "<div class=\"key c%zu\"><i></i><b>",
                   colour_of(s->channels[channels[i]].path, channels[i]));
        plot_label(s->channels[channels[i]].path, out);
        buf_append_str(out, "</b> <small>");
        xml_text(out, unit);
        buf_append_str(out, "</small><output></output></div>");
    }
    buf_append_str(out, "</div>");
    write_value_axis(&axis, out);
    open_svg(p, out);
    for (size_t i = 0; i < axis.tick_count; i++)
        buf_printf(out, "<path class=\"rule\" d=\"M0 %.2fh%d\"/>",
                   (1 - axis.ticks[i].at) * PLOT_HEIGHT, PLOT_WIDTH);
    for (size_t i = 0; i < count; i++)
        write_line(p, channels[i], colour_of(s->channels[channels[i]].path, channels[i]),
                   count == 1 && strcmp(unit, "°C") != 0, &axis, out);
    buf_append_str(out, "</svg></div></div>\n");
}

/* ---- bands ---- */

/* ORDER tcu_state_name(): the life of a connection and of a TCU have colours of their own. */
static const struct {
    const char *text, *name;
} states[] = {
    {"online",       "online"    },
    {"awake",        "online"    },
    {"connecting",   "connecting"},
    {"booting",      "connecting"},
    {"syncing",      "syncing"   },
    {"standby",      "syncing"   },
    {"provisioning", "syncing"   },
    {"backing off",  "backoff"   },
    {"asleep",       "asleep"    },
    {"deep_sleep",   "asleep"    },
    {"deep sleep",   "asleep"    },
    {"off",          "off"       },
};

static void write_state_class(const struct series_channel *c, size_t value, struct buf *out)
{
    if (c->type == SERIES_BOOLEAN) {
        buf_append_str(out, value != 0 ? "yes" : "no");
        return;
    }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(c->texts[value], states[i].text) == 0) {
            buf_append_str(out, states[i].name);
            return;
        }
    }
    buf_printf(out, "c%zu", (value + 4) % PALETTE);
}

static const char *state_text(const struct series_channel *c, size_t value)
{
    return c->type == SERIES_BOOLEAN ? (value != 0 ? "yes" : "no") : c->texts[value];
}

/* The rectangles of one value; returns the seconds that it lasted. */
static double write_rectangles(const struct plot *p, const struct series_channel *c, double value,
                               struct buf *out)
{
    const struct series *s = p->series;
    double total = 0, last = -1;

    for (size_t i = 0; i < s->rows;) {
        size_t begin = i;
        if (!(c->values[i] >= value && c->values[i] <= value)) {
            i++;
            continue;
        }
        while (i < s->rows && c->values[i] >= value && c->values[i] <= value)
            i++;
        double end = i < s->rows ? s->t[i] : p->time.max;
        double x = s->t[begin] / p->time.max * PLOT_WIDTH;
        double width = (end - s->t[begin]) / p->time.max * PLOT_WIDTH;
        total += end - s->t[begin];
        if (width < BAND_SMALL && x < last + BAND_NOTHING)
            continue;
        width = fmax(width, BAND_SMALL);
        buf_printf(out, "M%.2f 0h%.2fv%dh-%.2fz", x, width, PLOT_HEIGHT, width);
        last = x + width;
    }
    return total;
}

static void write_legend(const struct series_channel *c, const double *share, size_t count,
                         struct buf *out)
{
    buf_append_str(out, "<div class=\"legend\">");
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, "<span class=\"state ");
        write_state_class(c, i, out);
        buf_append_str(out, "\"><i></i>");
        xml_text(out, state_text(c, i));
        if (share[i] >= 0.0005)
            buf_printf(out, " <small>%.*f %%</small>", share[i] >= 0.0995 ? 0 : 1, share[i] * 100);
        buf_append_str(out, "</span>");
    }
    buf_append_str(out, "</div>");
}

void plot_panel_band(const struct plot *p, size_t channel, struct buf *out)
{
    const struct series_channel *c = &p->series->channels[channel];
    size_t count = c->type == SERIES_BOOLEAN ? 2 : c->text_count;
    double share[SERIES_TEXTS_MAX];

    buf_append_str(out, "<div class=\"panel band\"><div class=\"label\"><div class=\"key\"><b>");
    plot_label(c->path, out);
    buf_append_str(out, "</b><output></output></div></div><div class=\"values\"></div>");
    open_svg(p, out);
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, "<path class=\"state ");
        write_state_class(c, i, out);
        buf_append_str(out, "\"");
        xml_attribute(out, "data-name", state_text(c, i));
        buf_append_str(out, " d=\"");
        share[i] = write_rectangles(p, c, (double)i, out) / p->time.max;
        buf_append_str(out, "\"/>");
    }
    buf_append_str(out, "</svg>");
    write_legend(c, share, count, out);
    buf_append_str(out, "</div></div>\n");
}
