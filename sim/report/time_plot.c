#include "report/time_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "metrics/xml.h"

#define WIDTH       1000 /* what the SVGs are drawn in, stretched to the panel's size */
#define HEIGHT      100
#define GRID_MAX    ((size_t)256 * 1024)
#define TIME_TICKS  9
#define VALUE_TICKS 4
#define PHASES_MAX  40
#define PHASE_NAMED 0.035 /* of the run, that a phase needs for its name to be written */
#define SECONDS_MAX 1e9

/* ORDER TIME_UNIT */
static const struct {
    const char *name, *sign;
} units[TIME_UNIT_COUNT] = {
    {"cars",    ""   },
    {"rate",    "/s" },
    {"usec",    ""   },
    {"percent", "%"  },
    {"mib",     "MiB"},
};

/* ---- values as text ---- */

/* "950", "12.5k", "3.2M": as much as fits beside an axis. */
static void short_number(double value, char *ret, size_t size)
{
    const char *suffix = value >= 1e7 ? "M" : value >= 1e4 ? "k" : "";

    value /= value >= 1e7 ? 1e6 : value >= 1e4 ? 1e3 : 1;
    snprintf(ret, size, "%.*f%s",
             value >= 100 || fabs(value - round(value)) < 0.05 ? 0
             : value >= 1                                      ? 1
                                                               : 2,
             value, suffix);
}

static void put_value(enum time_unit unit, double value, struct buf *out)
{
    char text[32];

    if (unit == TIME_USEC)
        duration_human(value, text, sizeof text);
    else
        short_number(value, text, sizeof text);
    xml_text(out, text);
    if (unit != TIME_USEC && units[unit].sign[0] != '\0')
        buf_printf(out, " %s", units[unit].sign);
}

/* For the page's own script; what is missing is "-". */
static void put_values(const double *values, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_str(out, " ");
        if (isnan(values[i]))
            buf_append_str(out, "-");
        else
            buf_printf(out, "%.5g", values[i]);
    }
}

/* ---- the frame ---- */

size_t time_plot_columns(double seconds, double *ret_step)
{
    static const double steps[] = {1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600};
    size_t i = 0;

    seconds = fmin(fmax(seconds, 1), SECONDS_MAX);
    while (i + 1 < sizeof steps / sizeof *steps && seconds / steps[i] > TIME_COLUMNS_MAX)
        i++;
    double step = steps[i];
    while (seconds / step > TIME_COLUMNS_MAX)
        step *= 2;
    *ret_step = step;
    return (size_t)ceil(seconds / step - 1e-9);
}

struct phase {
    const char *name;
    double from, to; /* 0 … 1 */
    bool warm_up;
};

static size_t read_phases(const struct time_plot *p, const cJSON *list,
                          struct phase ret[static PHASES_MAX])
{
    const cJSON *phase;
    size_t count = 0;

    cJSON_ArrayForEach(phase, list)
    {
        double from = json_num(phase, "from_s", -1) / p->seconds;
        double to = fmin(json_num(phase, "to_s", -1) / p->seconds, 1);
        if (count == PHASES_MAX || !(from >= 0) || !(to > from))
            continue;
        const char *name = json_str(phase, "name", "?");
        ret[count++] = (struct phase){name, from, to, strncmp(name, "warm", 4) == 0};
    }
    return count;
}

static void write_phases(struct time_plot *p, const cJSON *list, struct buf *out)
{
    struct phase phases[PHASES_MAX];
    size_t count = read_phases(p, list, phases);

    if (count == 0)
        return;
    buf_append_str(out, "<div class=\"phases\">");
    for (size_t i = 0; i < count; i++) {
        double width = phases[i].to - phases[i].from;
        buf_printf(out, "<span class=\"%s%s\" style=\"left:%.2f%%;width:%.2f%%\"",
                   phases[i].warm_up ? "warm"
                   : i % 2 == 0      ? "even"
                                     : "uneven",
                   width < PHASE_NAMED ? " brief" : "", phases[i].from * 100, width * 100);
        xml_attribute(out, "title", phases[i].name);
        buf_append_str(out, ">");
        if (width >= PHASE_NAMED)
            xml_text(out, phases[i].name);
        buf_append_str(out, "</span>");
        if (phases[i].warm_up)
            buf_printf(&p->grid, "<rect class=\"warm\" x=\"%.2f\" width=\"%.2f\" height=\"%d\"/>",
                       phases[i].from * WIDTH, width * WIDTH, HEIGHT);
        if (phases[i].from > 0)
            buf_printf(&p->grid, "<path class=\"phase\" d=\"M%.2f 0v%d\"/>", phases[i].from * WIDTH,
                       HEIGHT);
    }
    buf_append_str(out, "</div>\n");
}

void time_plot_open(struct time_plot *p, double seconds, const cJSON *phases, struct buf *out)
{
    *p = (struct time_plot){.seconds = fmin(fmax(seconds, 1), SECONDS_MAX)};
    p->columns = time_plot_columns(p->seconds, &p->step);
    axis_elapsed(&p->time, p->seconds, TIME_TICKS);
    buf_init(&p->grid, GRID_MAX);
    buf_printf(out,
               "<figure class=\"fleet\" data-seconds=\"%.6g\" data-step=\"%.6g\">\n<figcaption>"
               "<p>Each value is the highest of the run; move the pointer to read a moment.</p>"
               "<output class=\"when\"></output></figcaption>\n<div class=\"panels\">\n",
               p->seconds, p->step);
    for (size_t i = 0; i < p->time.tick_count; i++)
        buf_printf(&p->grid, "<path class=\"tick\" d=\"M%.2f 0v%d\"/>", p->time.ticks[i].at * WIDTH,
                   HEIGHT);
    write_phases(p, phases, out);
}

void time_plot_close(struct time_plot *p, struct buf *out)
{
    buf_append_str(out, "<div class=\"axis\">");
    for (size_t i = 0; i < p->time.tick_count; i++) {
        const struct axis_tick *tick = &p->time.ticks[i];
        const char *edge = tick->at < 0.03 ? "first" : tick->at > 0.97 ? "last" : "time";
        buf_printf(out, "<span class=\"%s\" style=\"left:%.2f%%\">%s</span>", edge, tick->at * 100,
                   tick->label);
    }
    buf_append_str(out, "</div>\n<div class=\"cursor\"></div></div>\n</figure>\n");
    buf_done(&p->grid);
}

/* ---- lines and areas ---- */

static double highest(const struct time_plot *p, const struct time_line *line)
{
    double max = (double)NAN;

    for (size_t i = 0; i < p->columns; i++)
        max = fmax(max, line->values[i]);
    return max;
}

/* Names of metrics may be cut behind a dot or an underscore, and nowhere else. */
static void put_label(const char *label, struct buf *out)
{
    for (size_t len; *label != '\0'; label += len) {
        char part[64];
        len = strcspn(label, "._");
        len += label[len] != '\0';
        len = len < sizeof part ? len : sizeof part - 1;
        snprintf(part, sizeof part, "%.*s", (int)len, label);
        xml_text(out, part);
        if (part[len - 1] == '.' || part[len - 1] == '_')
            buf_append_str(out, "\xe2\x80\x8b"); /* a space without width */
    }
}

static void open_panel(const struct time_plot *p, const struct time_panel *panel, const char *kind,
                       struct buf *out)
{
    buf_printf(out, "<div class=\"panel %s\"><div class=\"label\"><h4>", kind);
    xml_text(out, panel->title);
    if (units[panel->unit].sign[0] != '\0')
        buf_printf(out, " <small>%s</small>", units[panel->unit].sign);
    if (panel->what != NULL)
        buf_printf(out, " <small>%s</small>", panel->what);
    buf_append_str(out, "</h4>");
    for (size_t i = 0; i < panel->count; i++) {
        const struct time_line *line = &panel->lines[i];
        double max = highest(p, line);
        if (isnan(max))
            continue;
        buf_printf(out, "<div class=\"key %s\"><i></i><b>", line->tone);
        put_label(line->label, out);
        buf_printf(out, "</b><output data-unit=\"%s\" data-v=\"", units[panel->unit].name);
        put_values(line->values, p->columns, out);
        buf_append_str(out, "\">");
        put_value(panel->unit, max, out);
        buf_append_str(out, "</output></div>");
    }
    if (panel->note != NULL)
        buf_printf(out, "<p class=\"note\">%s</p>", panel->note);
    buf_append_str(out, "</div>");
}

static void open_svg(const struct time_plot *p, const struct axis *axis, bool log, struct buf *out)
{
    buf_append_str(out, "<div class=\"values\">");
    for (size_t i = 0; i < axis->tick_count; i++) {
        char text[32];
        short_number(axis->min + axis->ticks[i].at * (axis->max - axis->min), text, sizeof text);
        buf_printf(out, "<span style=\"bottom:%.2f%%\">%s</span>", axis->ticks[i].at * 100,
                   log ? axis->ticks[i].label : text);
    }
    buf_printf(out,
               "</div><div class=\"plot\"><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
               "xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\">",
               WIDTH, HEIGHT);
    buf_append_slice(out, buf_slice(&p->grid));
    for (size_t i = 0; i < axis->tick_count; i++)
        buf_printf(out, "<path class=\"rule\" d=\"M0 %.2fh%d\"/>", (1 - axis->ticks[i].at) * HEIGHT,
                   WIDTH);
}

static void close_svg(struct buf *out)
{
    buf_append_str(out, "</svg></div></div>\n");
}

/* The middle of a column; of the outermost, the edge of the plot. */
static double x_of(const struct time_plot *p, size_t column)
{
    if (column == 0)
        return 0;
    if (column + 1 == p->columns)
        return WIDTH;
    return fmin(((double)column + 0.5) * p->step / p->seconds, 1) * WIDTH;
}

static double y_of(const struct axis *axis, bool log, double value)
{
    double v = log ? log10(fmax(value, 1)) : value;

    return (1 - fmin(fmax((v - axis->min) / (axis->max - axis->min), 0), 1)) * HEIGHT;
}

static void write_line(const struct time_plot *p, const struct time_line *line,
                       const struct axis *axis, bool log, struct buf *out)
{
    bool pen = false;

    buf_printf(out, "<path class=\"line %s\" d=\"", line->tone);
    for (size_t i = 0; i < p->columns; i++) {
        if (isnan(line->values[i])) {
            pen = false;
            continue;
        }
        double y = y_of(axis, log, line->values[i]);
        buf_printf(out, "%c%.1f %.2f", pen ? 'L' : 'M', x_of(p, i), y);
        /* A value alone would be no line. */
        if (!pen && (i + 1 == p->columns || isnan(line->values[i + 1])))
            buf_printf(out, "h%.1f", fmax(WIDTH / (double)p->columns / 2, 2));
        pen = true;
    }
    buf_append_str(out, "\"/>");
}

static bool find_axis(const struct time_plot *p, const struct time_panel *panel, struct axis *ret)
{
    double min = (double)NAN, max = (double)NAN;

    for (size_t n = 0; n < panel->count; n++) {
        for (size_t i = 0; i < p->columns; i++) {
            double v = panel->lines[n].values[i];
            max = fmax(max, v);
            if (v > 0)
                min = fmin(min, v);
        }
    }
    if (isnan(max))
        return false;
    if (panel->unit == TIME_USEC)
        axis_latency(ret, isnan(min) ? 1 : min, max);
    else
        axis_values(ret, 0, max > 0 ? max : 1, VALUE_TICKS);
    return true;
}

void time_plot_lines(const struct time_plot *p, const struct time_panel *panel, struct buf *out)
{
    bool log = panel->unit == TIME_USEC;
    struct axis axis;

    if (!find_axis(p, panel, &axis))
        return;
    open_panel(p, panel, "lines", out);
    open_svg(p, &axis, log, out);
    for (size_t i = 0; i < panel->count; i++)
        write_line(p, &panel->lines[i], &axis, log, out);
    close_svg(out);
}

/* The area between what lies below and what lies below plus this; `base` becomes its upper edge. */
static void write_area(const struct time_plot *p, const struct time_line *line,
                       const struct axis *axis, double *base, struct buf *out)
{
    buf_printf(out, "<path class=\"area %s\" d=\"", line->tone);
    for (size_t i = p->columns; i-- > 0;)
        buf_printf(out, "%c%.1f %.2f", i + 1 == p->columns ? 'M' : 'L', x_of(p, i),
                   y_of(axis, false, base[i]));
    for (size_t i = 0; i < p->columns; i++) {
        base[i] += isnan(line->values[i]) ? 0 : line->values[i];
        buf_printf(out, "L%.1f %.2f", x_of(p, i), y_of(axis, false, base[i]));
    }
    buf_append_str(out, "Z\"/>");
}

void time_plot_stack(const struct time_plot *p, const struct time_panel *panel, struct buf *out)
{
    double base[TIME_COLUMNS_MAX + 1] = {0}, sum[TIME_COLUMNS_MAX + 1] = {0};
    struct time_panel whole = {.unit = panel->unit, .lines = {{.values = sum}}, .count = 1};
    struct axis axis;
    bool any = false;

    for (size_t n = 0; n < panel->count; n++) {
        for (size_t i = 0; i < p->columns; i++) {
            any = any || !isnan(panel->lines[n].values[i]);
            sum[i] += isnan(panel->lines[n].values[i]) ? 0 : panel->lines[n].values[i];
        }
    }
    if (!any || !find_axis(p, &whole, &axis))
        return;
    open_panel(p, panel, "stack", out);
    open_svg(p, &axis, false, out);
    for (size_t i = 0; i < panel->count; i++)
        if (highest(p, &panel->lines[i]) > 0)
            write_area(p, &panel->lines[i], &axis, base, out);
    close_svg(out);
}

/* ---- the heat map ---- */

#define HEAT_ROWS_MAX 64
#define HEAT_LEVELS   7
#define ROWS_WANTED   48

/* Samples by row, the quickest first. */
struct heat {
    struct axis axis;
    size_t rows;
    uint64_t cells[TIME_COLUMNS_MAX + 1][HEAT_ROWS_MAX];
    uint64_t most;
};

static size_t row_of(const struct heat *heat, usec_t value)
{
    double at = (log10(fmax((double)value, 1)) - heat->axis.min) /
                (heat->axis.max - heat->axis.min) * (double)heat->rows;

    return at <= 0 ? 0 : at >= (double)heat->rows ? heat->rows - 1 : (size_t)at;
}

static void count_column(struct heat *heat, const struct histogram *h, uint64_t *cells)
{
    if (histogram_total(h) == 0)
        return;
    size_t last = histogram_slot(histogram_max(h));
    for (size_t slot = histogram_slot(histogram_min(h)); slot <= last; slot++) {
        uint64_t count = histogram_slot_count(h, slot);
        if (count == 0)
            continue;
        size_t row = row_of(heat, (histogram_slot_low(slot) + histogram_slot_high(slot)) / 2);
        cells[row] += count;
        heat->most = cells[row] > heat->most ? cells[row] : heat->most;
    }
}

static void heat_count(struct heat *heat, const struct time_plot *p,
                       const struct latency_stage *stage)
{
    axis_latency(&heat->axis, (double)histogram_min(&stage->whole),
                 (double)histogram_max(&stage->whole));
    double decades = heat->axis.max - heat->axis.min;
    double rows = decades * fmin(floor(ROWS_WANTED / decades), 32);
    heat->rows = (size_t)fmin(fmax(round(rows), 8), HEAT_ROWS_MAX);
    for (size_t i = 0; i < p->columns; i++)
        count_column(heat, &stage->columns[i], heat->cells[i]);
}

/* 1 … HEAT_LEVELS by the logarithm, so that the few slow ones show beside the many quick ones. */
static unsigned level_of(const struct heat *heat, uint64_t count)
{
    double share = heat->most > 1 ? log((double)count) / log((double)heat->most) : 1;

    return 1 + (unsigned)fmin(share * HEAT_LEVELS, HEAT_LEVELS - 1);
}

/* One path for each level; neighbours in time are one rectangle. */
static void write_level(const struct heat *heat, const struct time_plot *p, unsigned level,
                        struct buf *out)
{
    buf_printf(out, "<path class=\"heat h%u\" d=\"", level);
    for (size_t row = 0; row < heat->rows; row++) {
        for (size_t i = 0; i < p->columns; i++) {
            size_t from = i;
            while (i < p->columns && heat->cells[i][row] != 0 &&
                   level_of(heat, heat->cells[i][row]) == level)
                i++;
            if (i > from)
                buf_printf(out, "M%zu %zuh%zuv1h-%zuz", from, heat->rows - 1 - row, i - from,
                           i - from);
        }
    }
    buf_append_str(out, "\"/>");
}

/* "12:5 8 1;;3:7": for each column its first row, then how many there are in each. */
static void write_cells(const struct heat *heat, const struct time_plot *p, struct buf *out)
{
    for (size_t i = 0; i < p->columns; i++) {
        const uint64_t *cells = heat->cells[i];
        size_t first = 0, last = heat->rows;
        buf_append_str(out, i > 0 ? ";" : "");
        while (first < last && cells[first] == 0)
            first++;
        while (last > first && cells[last - 1] == 0)
            last--;
        for (size_t row = first; row < last; row++)
            if (row == first)
                buf_printf(out, "%zu:%" PRIu64, row, cells[row]);
            else
                buf_printf(out, " %" PRIu64, cells[row]);
    }
}

static void write_heat(const struct heat *heat, const struct time_plot *p,
                       const struct time_panel *panel, struct buf *out)
{
    open_panel(p, panel, "heatmap", out);
    open_svg(p, &heat->axis, true, out);
    buf_printf(out,
               "</svg><svg class=\"cells\" viewBox=\"0 0 %.4f %zu\" preserveAspectRatio=\"none\" "
               "xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\" data-rows=\"%zu\" "
               "data-min=\"%.6g\" data-max=\"%.6g\" data-cells=\"",
               p->seconds / p->step, heat->rows, heat->rows, heat->axis.min, heat->axis.max);
    write_cells(heat, p, out);
    buf_append_str(out, "\">");
    for (unsigned level = 1; level <= HEAT_LEVELS; level++)
        write_level(heat, p, level, out);
    close_svg(out);
}

void time_plot_heat(const struct time_plot *p, const char *title, const struct latency_stage *stage,
                    struct buf *out)
{
    struct heat *heat = xcalloc(1, sizeof *heat);
    struct time_panel panel = {.title = title, .what = "samples", .unit = TIME_USEC};
    struct buf note;

    heat_count(heat, p, stage);
    buf_init(&note, 4096);
    buf_append_str(&note, "<span class=\"scale\">1 ");
    for (unsigned level = 1; level <= HEAT_LEVELS; level++)
        buf_printf(&note, "<i class=\"h%u\"></i>", level);
    char most[32];
    short_number((double)heat->most, most, sizeof most);
    buf_printf(&note, " %s</span><output class=\"cell\"></output>", most);
    panel.note = buf_cstr(&note);
    write_heat(heat, p, &panel, out);
    buf_done(&note);
    free(heat);
}
