#include "report/plot.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "metrics/xml.h"
#include "report/plot_panel.h"

#define GRID_MAX    ((size_t)256 * 1024)
#define TIME_TICKS  9
#define LINES_MAX   4 /* in one panel */
#define DAY         86400.0
#define DUSK        (18 * 3600.0) /* vehicles/parts/sky.lua: no sunshine from then to 6:00 */
#define NIGHT       (12 * 3600.0)
#define NIGHTS_FROM (2 * 3600.0)   /* shorter plots are not shaded */
#define NIGHTS_TO   (60 * 86400.0) /* nor longer ones */

static void write_nights(struct plot *p, double start)
{
    double span = p->time.max;

    if (span < NIGHTS_FROM || span > NIGHTS_TO)
        return;
    double first = floor(start / DAY) * DAY - DAY + DUSK;
    for (unsigned day = 0; first + day * DAY < start + span; day++) {
        double dusk = first + day * DAY;
        double from = fmax(dusk - start, 0), to = fmin(dusk + NIGHT - start, span);
        if (to > from)
            buf_printf(&p->grid, "<rect class=\"night\" x=\"%.2f\" width=\"%.2f\" height=\"%d\"/>",
                       from / span * PLOT_WIDTH, (to - from) / span * PLOT_WIDTH, PLOT_HEIGHT);
    }
}

static void write_grid(struct plot *p)
{
    write_nights(p, (double)p->series->start_ms / 1000);
    for (size_t i = 0; i < p->time.tick_count; i++)
        buf_printf(&p->grid, "<path class=\"tick%s\" d=\"M%.2f 0v%d\"/>",
                   p->time.ticks[i].strong ? " strong" : "", p->time.ticks[i].at * PLOT_WIDTH,
                   PLOT_HEIGHT);
}

static void write_time_axis(const struct plot *p, struct buf *out)
{
    buf_append_str(out, "<div class=\"axis\">");
    for (size_t i = 0; i < p->time.tick_count; i++) {
        const struct axis_tick *tick = &p->time.ticks[i];
        const char *edge = tick->at < 0.03 ? " first" : tick->at > 0.97 ? " last" : "";
        buf_printf(out, "<span class=\"%s%s\" style=\"left:%.2f%%\">%s</span>",
                   tick->strong ? "strong" : "time", edge, tick->at * 100, tick->label);
    }
    buf_append_str(out, "</div>\n");
}

/* A panel is begun by the first channel of its unit. */
static bool begins_panel(const struct series *s, size_t channel)
{
    const struct series_channel *c = &s->channels[channel];

    if (c->unit == NULL || strcmp(c->unit, "celsius") != 0)
        return true;
    for (size_t i = 0; i < channel; i++)
        if (s->channels[i].type == SERIES_NUMBER && s->channels[i].unit != NULL &&
            strcmp(s->channels[i].unit, c->unit) == 0)
            return false;
    return true;
}

/* Temperatures are compared, other quantities have panels of their own. */
static void write_lines(const struct plot *p, size_t channel, struct buf *out)
{
    const struct series *s = p->series;
    size_t members[LINES_MAX], count = 0;

    if (!begins_panel(s, channel))
        return;
    members[count++] = channel;
    for (size_t i = channel + 1; i < s->channel_count && count < LINES_MAX; i++)
        if (s->channels[i].type == SERIES_NUMBER && !begins_panel(s, i) &&
            s->channels[channel].unit != NULL &&
            strcmp(s->channels[i].unit, s->channels[channel].unit) == 0)
            members[count++] = i;
    plot_panel_lines(p, members, count, out);
}

static void write_caption(const struct series *s, struct buf *out)
{
    buf_append_str(out, "<figcaption><h3>");
    xml_text(out, s->name[0] != '\0' ? s->name : s->car);
    buf_append_str(out, "</h3><p>");
    const char *const parts[] = {s->model, s->car, s->scenario};
    bool any = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i][0] == '\0' || strcmp(parts[i], s->name) == 0)
            continue;
        buf_append_str(out, any ? " · " : "");
        xml_text(out, parts[i]);
        any = true;
    }
    buf_append_str(out, "</p><output class=\"when\"></output></figcaption>\n");
}

void plot_write(const struct series *s, struct buf *out)
{
    struct plot p = {.series = s};

    if (s->rows == 0)
        return;
    axis_time(&p.time, s->start_ms, s->t[s->rows - 1], TIME_TICKS);
    buf_init(&p.grid, GRID_MAX);
    write_grid(&p);
    buf_printf(out, "<figure class=\"car\" data-start=\"%" PRId64 "\" data-span=\"%.6g\">\n",
               s->start_ms, p.time.max);
    write_caption(s, out);
    buf_append_str(out, "<div class=\"panels\">\n");
    for (size_t i = 0; i < s->channel_count; i++)
        if (s->channels[i].type == SERIES_NUMBER)
            write_lines(&p, i, out);
    for (size_t i = 0; i < s->channel_count; i++)
        if (s->channels[i].type != SERIES_NUMBER)
            plot_panel_band(&p, i, out);
    write_time_axis(&p, out);
    buf_append_str(out, "<div class=\"cursor\"></div></div>\n</figure>\n");
    buf_done(&p.grid);
}
