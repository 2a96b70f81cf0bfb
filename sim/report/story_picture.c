#include "report/story_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "metrics/xml.h"
#include "report/story_rows.h"

/* In units of the picture, which is 1000 wide. */
#define WIDTH      1000.0
#define ROW        24.0
#define TOP        46.0
#define GUTTER     62.0
#define CHARACTER  6.5 /* of a label, about */
#define BOLD       7.6
#define STRIP      10.0
#define STATE      88.0 /* room for the name of a state */
#define NOTE_AFTER 1.0  /* seconds in which nothing happens are said */
#define BODY_MAX   ((size_t)8 << 20)

struct picture {
    const struct moments *m;
    const struct story_frame *frame;
    struct rows rows;
    double apps[MOMENT_APPS_MAX];
    double cloud, radio, tcu, notes; /* where the lanes are; radio 0: none */
    double y;
    struct buf body;
};

/* ---- pieces ---- */

/* At most `most` characters. */
static void put_cut(struct buf *out, const char *text, double width)
{
    size_t most = width > 3 * CHARACTER ? (size_t)(width / CHARACTER) : 3, len = 0, n = 0;
    char cut[256];

    while (text[len] != '\0' && len + 8 < sizeof cut) {
        size_t step = 1;
        while ((text[len + step] & 0xc0) == 0x80)
            step++;
        if (++n > most)
            break;
        len += step;
    }
    snprintf(cut, sizeof cut, "%.*s%s", (int)len, text, text[len] != '\0' ? "…" : "");
    xml_text(out, cut);
}

/* Whoever stands out is set in bold. */
static double room_of(const struct moment *m, double width)
{
    return m->tone >= MOMENT_ODD ? width * CHARACTER / BOLD : width;
}

static void put_label(struct picture *p, double x, double y, const char *anchor, const char *text,
                      double width)
{
    buf_printf(&p->body, "<text x=\"%.1f\" y=\"%.1f\"%s%s%s>", x, y,
               anchor[0] != '\0' ? " text-anchor=\"" : "", anchor, anchor[0] != '\0' ? "\"" : "");
    put_cut(&p->body, text, width);
    buf_append_str(&p->body, "</text>");
}

static void open_group(struct picture *p, const struct moment *m)
{
    buf_printf(&p->body, "<g class=\"%s\"><title>", moment_tone_name(m->tone));
    xml_text(&p->body, m->label);
    buf_append_str(&p->body, "</title>");
}

static void close_group(struct picture *p)
{
    buf_append_str(&p->body, "</g>\n");
}

static void put_arrow(struct picture *p, double from, double to, double y)
{
    double way = to > from ? 1 : -1;

    buf_printf(&p->body, "<path class=\"wire\" d=\"M%.1f %.1fH%.1f\"/>", from, y, to - way * 6);
    buf_printf(&p->body, "<path class=\"head\" d=\"M%.1f %.1fl%.1f -4v8z\"/>", to, y, -way * 8);
}

void story_time(double t, char *out, size_t size)
{
    double seconds = fabs(t) < 1e12 ? t : 0;

    if (seconds < 100)
        snprintf(out, size, "%.3f s", seconds);
    else if (seconds < 3600)
        snprintf(out, size, "%.1f s", seconds);
    else
        snprintf(out, size, "%.0f:%02d:%02d h", floor(seconds / 3600), (int)fmod(seconds / 60, 60),
                 (int)fmod(seconds, 60));
}

/* ---- lanes ---- */

static double lane_width(size_t apps)
{
    return apps < 3 ? 118 : 76;
}

static void place_lanes(struct picture *p)
{
    size_t apps = p->m->app_count;

    for (size_t i = 0; i < apps; i++)
        p->apps[i] = GUTTER + 50 + (double)i * lane_width(apps);
    p->cloud = apps == 0 ? GUTTER + 60 : p->apps[apps - 1] + (apps < 2 ? 232 : 196);
    p->tcu = p->cloud + (p->m->radio ? 330 : 280);
    p->radio = p->m->radio ? p->tcu - STATE - STRIP : 0;
    p->notes = p->tcu + 26;
}

/* The end of a long name tells more. */
static const char *end_of(const char *name, double width)
{
    size_t len = strlen(name), most = (size_t)(width / 8.5);

    if (len <= most)
        return name;
    name += len - most;
    while ((*name & 0xc0) == 0x80)
        name++;
    const char *part = strchr(name, '-');
    return part != NULL ? part : name;
}

static void put_lane(struct picture *p, struct buf *out, double x, const char *name)
{
    buf_printf(out, "<path class=\"lane\" d=\"M%.1f %.1fV%.1f\"/>", x, TOP - 14, p->y);
    buf_printf(out, "<text class=\"name\" x=\"%.1f\" y=\"20\" text-anchor=\"middle\">", x);
    double width = p->m->app_count > 1 ? lane_width(p->m->app_count) : 160;
    const char *end = end_of(name, width);
    if (end != name)
        buf_append_str(out, "…");
    xml_text(out, end);
    buf_append_str(out, "</text>\n");
}

static void put_lanes(struct picture *p, struct buf *out)
{
    for (size_t i = 0; i < p->m->app_count; i++)
        put_lane(p, out, p->apps[i], p->m->apps[i]);
    put_lane(p, out, p->cloud, "cloud");
    if (p->radio > 0)
        buf_printf(out,
                   "<text class=\"name\" x=\"%.1f\" y=\"20\" text-anchor=\"middle\">radio</text>\n",
                   p->radio);
    buf_printf(out,
               "<text class=\"name\" x=\"%.1f\" y=\"20\" text-anchor=\"middle\">TCU</text>\n"
               "<text class=\"name\" x=\"%.1f\" y=\"20\">actuators and signals</text>\n",
               p->tcu, p->notes + 24);
}

/* ---- bands: what holds for a while ---- */

static const char *style_of(const char *state)
{
    static const char *const styles[][2] = {
        {"online",       "online"    },
        {"connecting",   "connecting"},
        {"syncing",      "syncing"   },
        {"provisioning", "syncing"   },
        {"backing off",  "backoff"   },
        {"asleep",       "asleep"    },
        {"off",          "off"       },
        {"attached",     "online"    },
        {"attaching",    "connecting"},
        {"no coverage",  "backoff"   },
        {"detached",     "off"       },
    };

    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (strcmp(state, styles[i][0]) == 0)
            return styles[i][1];
    return NULL;
}

static void put_strip(const struct picture *p, struct buf *out, double x, const double ys[2],
                      const char *state)
{
    (void)p;
    buf_printf(out,
               "<rect class=\"strip %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" "
               "height=\"%.1f\"><title>",
               style_of(state), x - STRIP / 2, ys[0], STRIP, ys[1] > ys[0] ? ys[1] - ys[0] : 0);
    xml_text(out, state);
    buf_append_str(out, "</title></rect>\n");
}

/* Where in the picture something happened: what was hidden, at its top. */
static double y_of(const struct picture *p, const struct moment *m)
{
    for (size_t i = 0; i < p->rows.count; i++)
        if (p->rows.list[i].right == m)
            return p->rows.list[i].y;
    return TOP - 14;
}

/* One band, of the changes of one lane that name states. */
static void put_band(const struct picture *p, struct buf *out, enum moment_lane lane, double x,
                     const char *last)
{
    const char *state = NULL;
    double from = TOP - 14;

    for (size_t i = 0; i < p->m->count; i++) {
        const struct moment *m = &p->m->list[i];
        const char *to = json_str(m->event, "to", "");
        if (m->from != lane || m->to != lane || style_of(to) == NULL)
            continue;
        double y = y_of(p, m);
        const char *was = state != NULL ? state : json_str(m->event, "from", "");
        if (y > from && style_of(was) != NULL)
            put_strip(p, out, x, (double[]){from, y}, was);
        from = y;
        state = to;
    }
    state = state != NULL ? state : last;
    if (style_of(state) != NULL)
        put_strip(p, out, x, (double[]){from, p->y}, state);
}

static void put_bands(const struct picture *p, struct buf *out)
{
    const cJSON *radio = json_get(p->frame->car, "radio");

    if (p->radio > 0)
        put_band(p, out, MOMENT_RADIO, p->radio, json_str(radio, "state", ""));
    put_band(p, out, MOMENT_TCU, p->tcu, json_str(p->frame->car, "link", ""));
}

/* An order is a bracket from when it was taken to when it was done. */
static void put_orders(const struct picture *p, struct buf *out)
{
    for (size_t i = 0; i < p->m->count; i++) {
        const struct moment *m = &p->m->list[i];
        const char *token = json_str(m->event, "token", ""), *what = json_str(m->event, "what", "");
        if (m->from != MOMENT_ACTUATORS ||
            (strcmp(what, "desired") != 0 && strcmp(what, "request") != 0))
            continue;
        double from = y_of(p, m), to = p->y;
        const char *style = "open";
        for (size_t k = i + 1; k < p->m->count; k++) {
            const struct moment *end = &p->m->list[k];
            if (end->from == MOMENT_ACTUATORS && json_get(end->event, "what") != NULL &&
                strcmp(json_str(end->event, "token", ""), token) == 0) {
                to = y_of(p, end);
                style = moment_tone_name(end->tone);
                break;
            }
        }
        buf_printf(out, "<path class=\"order %s\" d=\"M%.1f %.1fh-6V%.1fh6\"/>\n", style,
                   p->notes + 4, from - 4, to > from ? to - 4 : from);
    }
}

/* ---- rows ---- */

static void put_left(struct picture *p, const struct moment *m, double y)
{
    double app = p->apps[m->app], last = p->apps[p->m->app_count - 1];
    bool out = m->from == MOMENT_APP;

    open_group(p, m);
    if (m->from == m->to) {
        buf_printf(&p->body, "<circle class=\"head\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", app,
                   y - 4);
        put_label(p, app + 10, y, "", m->label, room_of(m, p->cloud - app - 16));
        close_group(p);
        return;
    }
    put_arrow(p, out ? app : p->cloud, out ? p->cloud : app, y);
    put_label(p, (last + p->cloud) / 2, y - 5, "middle", m->label,
              room_of(m, p->cloud - last - 10));
    close_group(p);
}

static void put_message(struct picture *p, const struct moment *m, double y)
{
    double edge = p->radio > 0 ? p->radio - STRIP : p->tcu - STRIP;
    bool out = m->from == MOMENT_TCU;
    double car = p->tcu - STRIP / 2 - 1;

    open_group(p, m);
    put_arrow(p, out ? car : p->cloud, out ? p->cloud : car, y);
    put_label(p, (p->cloud + edge) / 2, y - 5, "middle", m->label, room_of(m, edge - p->cloud - 8));
    close_group(p);
}

/* A message that goes no further than the cloud, or no nearer. */
static void put_cloud(struct picture *p, const struct moment *m, double y)
{
    open_group(p, m);
    buf_printf(&p->body, "<circle class=\"head\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", p->cloud,
               y - 4);
    put_label(p, p->cloud + 10, y, "", m->label, p->tcu - p->cloud - 20);
    close_group(p);
}

static void put_signals(struct picture *p, const struct row *row, double y)
{
    char text[400];
    size_t more = row->signal_count > ROW_SIGNALS ? row->signal_count - ROW_SIGNALS : 0;
    const char *second = row->signals[1] != NULL ? row->signals[1]->label : "";

    snprintf(text, sizeof text, "%s%s%s", row->signals[0]->label, second[0] != '\0' ? ", " : "",
             second);
    double room = WIDTH - p->notes - 24 - (more > 0 ? 40 : 0);
    if ((double)strlen(text) * CHARACTER > room && second[0] != '\0') {
        snprintf(text, sizeof text, "%s", row->signals[0]->label);
        more++;
    }
    text[json_utf8_prefix(slice_str(text))] = '\0';
    open_group(p, row->signals[0]);
    buf_printf(&p->body, "<text x=\"%.1f\" y=\"%.1f\">", p->notes + 24, y);
    put_cut(&p->body, text, room);
    if (more > 0)
        buf_printf(&p->body, "<tspan class=\"more\"> +%zu</tspan>", more);
    buf_append_str(&p->body, "</text>");
    close_group(p);
}

static void put_note(struct picture *p, const struct moment *m, double y)
{
    bool order = m->from == MOMENT_ACTUATORS;
    double x = order ? p->notes + 8 : p->tcu + STRIP / 2 + 6;
    const char *mark = m->tone == MOMENT_BAD ? "✕ " : m->tone == MOMENT_ODD ? "! " : "";
    char text[200];

    snprintf(text, sizeof text, "%s%s", order ? "" : mark, m->label);
    open_group(p, m);
    put_label(p, x, y, "", text, room_of(m, WIDTH - x));
    close_group(p);
}

static void put_radio(struct picture *p, const struct moment *m, double y)
{
    open_group(p, m);
    put_label(p, p->radio - STRIP, y, "end", m->label, p->radio - p->cloud - 20);
    close_group(p);
}

static void put_state(struct picture *p, const struct moment *m, double y)
{
    open_group(p, m);
    put_label(p, p->tcu - STRIP, y, "end", m->label, STATE);
    close_group(p);
}

static void put_right(struct picture *p, const struct row *row, double y)
{
    const struct moment *m = row->right;

    if (row->signal_count > 0)
        put_signals(p, row, y);
    else if (m->from != m->to)
        put_message(p, m, y);
    else if (m->from == MOMENT_CLOUD)
        put_cloud(p, m, y);
    else if (m->from == MOMENT_RADIO)
        put_radio(p, m, y);
    else if (json_get(m->event, "to") != NULL)
        put_state(p, m, y);
    else
        put_note(p, m, y);
}

static void put_time(struct picture *p, double t, double y)
{
    char text[32];

    story_time(t, text, sizeof text);
    buf_printf(&p->body, "<text class=\"time\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
               GUTTER - 6, y, text);
}

/* Room for the time in which nothing was seen. */
static void leave_gap(struct picture *p, double seconds)
{
    char text[32];

    if (!(seconds > 0.05))
        return;
    double room = 12 * log10(seconds / 0.05);
    if (seconds < NOTE_AFTER) {
        p->y += room;
        return;
    }
    p->y += (room < 40 ? room : 40) + 8;
    duration_human(seconds * 1e6, text, sizeof text);
    buf_printf(&p->body,
               "<path class=\"gap\" d=\"M%.0f %.1fH%.0f\"/><text class=\"gap\" x=\"%.0f\" "
               "y=\"%.1f\" text-anchor=\"end\">⋮ %s</text>\n",
               GUTTER, p->y - 6, WIDTH, GUTTER - 6, p->y - 2, text);
}

static void put_step(struct picture *p, const cJSON *step, double t)
{
    char text[200];

    p->y += 22;
    buf_printf(&p->body, "<path class=\"step\" d=\"M%.0f %.1fH%.0f\"/>", GUTTER, p->y + 4, WIDTH);
    put_time(p, t, p->y);
    snprintf(text, sizeof text, "step: %s", json_str(step, "name", "?"));
    text[json_utf8_prefix(slice_str(text))] = '\0';
    buf_append_str(&p->body, "<g class=\"step\">");
    put_label(p, GUTTER, p->y, "", text, WIDTH - GUTTER);
    buf_append_str(&p->body, "</g>\n");
}

/* Lines where steps of the scenario begin, up to this time; *before is when something last was. */
static const cJSON *put_steps(struct picture *p, const cJSON *step, double until, double *before)
{
    for (; step != NULL; step = step->next) {
        double t = json_num(step, "began", 0) - p->frame->began;
        if (!(t <= until))
            break;
        leave_gap(p, t - *before);
        *before = t > *before ? t : *before;
        put_step(p, step, t);
    }
    return step;
}

static void put_said(struct picture *p, const struct moment *m, double y)
{
    char text[200];

    snprintf(text, sizeof text, "%s%s", m->from == MOMENT_ORACLE ? "✕ oracle: " : "", m->label);
    open_group(p, m);
    put_label(p, GUTTER + 4, y, "", text, room_of(m, WIDTH - GUTTER));
    close_group(p);
}

static void put_rows(struct picture *p, double end)
{
    const cJSON *step = json_get(p->frame->failure, "steps");
    double before = p->rows.count > 0 ? p->rows.list[0].t : 0;

    step = step != NULL ? step->child : NULL;
    for (size_t i = 0; i < p->rows.count; i++) {
        struct row *row = &p->rows.list[i];
        step = put_steps(p, step, row->t, &before);
        leave_gap(p, row->t - before);
        before = row->last;
        p->y += ROW;
        row->y = p->y;
        put_time(p, row->t, p->y);
        if (row->wide != NULL) {
            put_said(p, row->wide, p->y);
        }
        if (row->left != NULL)
            put_left(p, row->left, p->y);
        if (row->right != NULL)
            put_right(p, row, p->y);
    }
    put_steps(p, step, end, &before);
    leave_gap(p, end - before);
}

static void put_end(struct picture *p, double end)
{
    char text[300];
    const char *verdict = json_str(p->frame->failure, "verdict", "failed");

    snprintf(text, sizeof text, "%s: %s", verdict, json_str(p->frame->failure, "message", ""));
    text[json_utf8_prefix(slice_str(text))] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    p->y += 30;
    buf_printf(&p->body,
               "<g class=\"end\"><rect x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" "
               "height=\"24\" rx=\"4\"/>",
               GUTTER, p->y - 16, WIDTH - GUTTER);
    put_label(p, GUTTER + 10, p->y, "", text, (WIDTH - GUTTER - 20) * CHARACTER / BOLD);
    buf_append_str(&p->body, "</g>");
    put_time(p, end, p->y);
    p->y += 8;
}

void story_picture(const struct story_frame *frame, const struct moments *m, struct buf *out)
{
    double end = json_num(frame->failure, "ended", frame->began) - frame->began;
    struct picture p = {.m = m, .frame = frame, .rows = rows_make(m), .y = TOP - 14};

    buf_init(&p.body, BODY_MAX);
    place_lanes(&p);
    put_rows(&p, end);
    double bottom = p.y + 4;
    put_end(&p, end);
    if (p.rows.hidden > 0)
        buf_printf(out, "<p class=\"note\">The picture shows the end of it; what came before is in "
                        "the table below.</p>\n");
    buf_printf(out,
               "<div class=\"chart\"><svg class=\"sequence\" "
               "xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n",
               WIDTH, p.y + 8);
    p.y = bottom;
    put_lanes(&p, out);
    put_bands(&p, out);
    put_orders(&p, out);
    buf_append_slice(out, buf_slice(&p.body));
    buf_append_str(out, "</svg></div>\n");
    buf_done(&p.body);
    free(p.rows.list);
}
