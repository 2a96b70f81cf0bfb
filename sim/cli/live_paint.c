/* live_paint.c — the live view's picture: a section a function, from top to bottom. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/live_inside.h"
#include "cli/pen.h"
#include "metrics/recorder.h"

#define LABEL     19 /* columns of the names at the left */
#define CELL      10 /* of a number with its gap */
#define MANY_ROWS 26 /* from here on there is room for blank lines */
#define TROUBLES  8
#define LEGEND    80 /* columns that all states take */

#define LAG_SLOW     ((double)(50 * USEC_PER_MSEC)) /* other things wait noticeably */
#define LAG_BAD      ((double)(200 * USEC_PER_MSEC))
#define CPU_BUSY     0.8 /* of the one core that the loop has */
#define MIB          (1024.0 * 1024)
#define BYTES_PER_KB 1024.0

static const struct {
    enum tcu_state state;
    enum pen_colour colour;
    const char *cell;
    const char *name;
} states[TCU_STATE_COUNT] = {
    {TCU_ONLINE,       PEN_GREEN,  "█", "online"      },
    {TCU_SYNCING,      PEN_CYAN,   "▓", "syncing"     },
    {TCU_PROVISIONING, PEN_CYAN,   "▒", "provisioning"},
    {TCU_CONNECTING,   PEN_YELLOW, "▒", "connecting"  },
    {TCU_BACKING_OFF,  PEN_RED,    "░", "backing off" },
    {TCU_ASLEEP,       PEN_BLUE,   "·",  "asleep"      },
    {TCU_OFF,          PEN_DIM,    "·",  "off"         },
};

/* The stages that are shown, in this order; the first go when there is no room for those with a
   higher number. */
static const struct {
    const char *name;
    int sacrifice;
} stages[] = {
    {"command.total",        0 },
    {"probe/command.total",  1 },
    {"command.schedule",     7 },
    {"command.accept",       6 },
    {"command.delivery",     3 },
    {"command.actuation",    9 },
    {"command.report",       4 },
    {"command.notify",       8 },
    {"connect.total",        2 },
    {"connect.tls",          5 },
    {"connect.first_shadow", 10},
    {"publish.puback",       11},
};
#define STAGE_COUNT (sizeof stages / sizeof *stages)

/* ---- words ---- */

static void write_clock(usec_t t, char *ret, size_t size)
{
    unsigned long s = (unsigned long)(t / USEC_PER_SEC);

    if (s >= 3600)
        snprintf(ret, size, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(ret, size, "%lu:%02lu", s / 60, s % 60);
}

/* Rates below ten with their first decimal. */
static void write_rate(double rate, char *ret, size_t size)
{
    if (rate > 0 && rate < 9.95)
        snprintf(ret, size, "%.1f", rate);
    else
        pen_number((uint64_t)(rate + 0.5), ret, size);
}

static size_t fleet_size(const struct live_moment *m)
{
    size_t n = 0;

    for (int i = 0; i < TCU_STATE_COUNT; i++)
        n += m->states[i];
    return n;
}

/* ---- sections ---- */

static void paint_title(struct pen *p, const struct live_moment *m)
{
    char elapsed[24], whole[24], left[24], times[96];

    write_clock(m->elapsed, elapsed, sizeof elapsed);
    write_clock(m->elapsed + m->left, whole, sizeof whole);
    write_clock(m->left, left, sizeof left);
    if (m->left > 0)
        snprintf(times, sizeof times, "%s of %s, %s left", elapsed, whole, left);
    else
        snprintf(times, sizeof times, "%s", elapsed);
    pen_coloured(p, PEN_BOLD, m->title);
    pen_text(p, "  ");
    pen_coloured(p, PEN_CYAN, m->doing);
    pen_text(p, "  ");
    if (m->left > 0 && pen_left(p) < pen_width(times))
        snprintf(times, sizeof times, "%s left", left);
    size_t room = pen_left(p), need = pen_width(times) + 2;
    if (m->left > 0 && room > need + CELL) {
        struct pen_part parts[] = {
            {m->elapsed, PEN_CYAN, "█"},
            {m->left,    PEN_DIM,  "░"}
        };
        pen_bar(p, room - need, parts, 2);
        pen_text(p, "  ");
    }
    pen_text(p, times);
    pen_end_line(p);
}

static void paint_legend(struct pen *p, const struct live_moment *m)
{
    char number[24];

    for (size_t i = 0; i < TCU_STATE_COUNT; i++) {
        size_t n = m->states[states[i].state];
        if (n == 0)
            continue;
        pen_number(n, number, sizeof number);
        /* One that would be cut is left out. */
        if (pen_left(p) < strlen(number) + strlen(states[i].name) + 5)
            break;
        pen_coloured(p, states[i].colour, states[i].cell);
        pen_printf(p, " %s %s  ", number, states[i].name);
    }
    pen_number(m->queued, number, sizeof number);
    if (m->queued > 0 && pen_left(p) >= strlen(number) + 10)
        pen_printf(p, "(%s queued)", number);
    pen_end_line(p);
}

static void paint_fleet(struct pen *p, const struct live_moment *m)
{
    struct pen_part parts[TCU_STATE_COUNT];
    char number[24];

    pen_number(fleet_size(m), number, sizeof number);
    for (size_t i = 0; i < TCU_STATE_COUNT; i++)
        parts[i] = (struct pen_part){m->states[states[i].state], states[i].colour, states[i].cell};
    pen_coloured(p, PEN_BOLD, number);
    pen_text(p, fleet_size(m) == 1 ? " car" : " cars");
    pen_to(p, LABEL);
    pen_bar(p, pen_left(p), parts, TCU_STATE_COUNT);
    pen_end_line(p);
    pen_to(p, p->columns >= LABEL + LEGEND ? LABEL : 0);
    paint_legend(p, m);
}

static void paint_track(struct pen *p, const struct live_view *v, enum live_track track,
                        const char *name, const char *now, const char *total)
{
    pen_coloured(p, PEN_DIM, name);
    pen_to(p, LABEL);
    pen_right(p, LABEL + CELL, PEN_BOLD, now);
    pen_right(p, LABEL + CELL + 12, PEN_PLAIN, total);
    pen_text(p, "   ");
    pen_sparkline(p, pen_left(p), PEN_CYAN, v->history[track], LIVE_HISTORY);
    pen_end_line(p);
}

static void paint_rates(struct pen *p, const struct live_view *v, const struct live_moment *m)
{
    static const char *const names[] = {"commands/s", "connects/s", "messages/s"};
    char now[24], total[24];

    pen_right(p, LABEL + CELL, PEN_DIM, "now");
    pen_right(p, LABEL + CELL + 12, PEN_DIM, "total");
    pen_text(p, "   ");
    pen_coloured(p, PEN_DIM, "last minute");
    pen_end_line(p);
    for (int track = 0; track < LIVE_P99; track++) {
        write_rate(live_now(v, (enum live_track)track), now, sizeof now);
        pen_number(live_total(m, (enum live_track)track), total, sizeof total);
        paint_track(p, v, (enum live_track)track, names[track], now, total);
    }
    double p99 = live_now(v, LIVE_P99);
    duration_human(p99, now, sizeof now);
    paint_track(p, v, LIVE_P99, "command p99", p99 > 0 ? now : "", "");
}

/* Which percentiles there is room for, the last ones first to go. */
static const struct {
    const char *name;
    double percent;
    size_t columns; /* of the terminal, from which on it is there */
} percentiles[] = {
    {"p50",   50,   0 },
    {"p90",   90,   66},
    {"p99",   99,   0 },
    {"p99.9", 99.9, 76},
    {"max",   100,  56},
};
#define PERCENTILE_COUNT (sizeof percentiles / sizeof *percentiles)

static void paint_stage(struct pen *p, const char *name, const struct histogram *h)
{
    size_t column = LABEL + 1;
    char value[32];

    pen_text(p, name);
    for (size_t i = 0; i < PERCENTILE_COUNT; i++) {
        if (p->columns < percentiles[i].columns)
            continue;
        column += CELL + 1;
        duration_human((double)histogram_percentile(h, percentiles[i].percent), value,
                       sizeof value);
        pen_right(p, column, percentiles[i].percent == 99 ? PEN_BOLD : PEN_PLAIN, value);
    }
    pen_end_line(p);
}

static const struct histogram *stage_of(const struct live_moment *m, size_t i)
{
    const struct recorder_stage *stage = recorder_stage(m->recorder, stages[i].name);

    return stage != NULL && histogram_total(&stage->total) > 0 ? &stage->total : NULL;
}

/* How far down the list of sacrifices there is room for so many. */
static int least_of(const struct live_moment *m, size_t room)
{
    int least = -1;
    size_t shown = 0;

    for (int rank = 0; rank < (int)STAGE_COUNT && shown < room; rank++)
        for (size_t i = 0; i < STAGE_COUNT; i++)
            if (stages[i].sacrifice == rank && stage_of(m, i) != NULL) {
                shown++;
                least = rank;
            }
    return least;
}

static void paint_stages(struct pen *p, const struct live_moment *m, size_t room)
{
    size_t column = LABEL + 1;
    int least = room > 1 ? least_of(m, room - 1) : -1;

    if (least < 0)
        return;
    pen_coloured(p, PEN_DIM, "latency");
    for (size_t i = 0; i < PERCENTILE_COUNT; i++)
        if (p->columns >= percentiles[i].columns) {
            column += CELL + 1;
            pen_right(p, column, PEN_DIM, percentiles[i].name);
        }
    pen_end_line(p);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        if (stages[i].sacrifice <= least && stage_of(m, i) != NULL)
            paint_stage(p, stages[i].name, stage_of(m, i));
}

static void paint_errors(struct pen *p, const struct live_moment *m)
{
    struct live_trouble list[TROUBLES];
    size_t count;
    uint64_t sum = live_troubles(m, list, TROUBLES, &count);
    char number[24];

    pen_coloured(p, PEN_DIM, "errors");
    pen_to(p, LABEL);
    pen_number(sum, number, sizeof number);
    pen_coloured(p, sum > 0 ? PEN_RED : PEN_GREEN, sum > 0 ? number : "none");
    for (size_t i = 0; i < count; i++) {
        pen_number(list[i].value, number, sizeof number);
        pen_printf(p, "%s%s %s", i == 0 ? "  " : " · ", list[i].name, number);
    }
    pen_end_line(p);
}

static enum pen_colour colour_of_lag(double lag)
{
    return lag >= LAG_BAD ? PEN_RED : lag >= LAG_SLOW ? PEN_YELLOW : PEN_PLAIN;
}

/* The local cloud's, which shares the machine with us. */
static void paint_broker(struct pen *p, const struct live_view *v, const struct live_moment *m)
{
    double cpu = live_now(v, LIVE_BROKER);
    char text[64];

    pen_coloured(p, PEN_DIM, "broker");
    pen_to(p, LABEL);
    snprintf(text, sizeof text, "CPU %.0f %%", cpu * 100);
    pen_coloured(p, cpu >= CPU_BUSY ? PEN_YELLOW : PEN_PLAIN, text);
    pen_printf(p, " · %.0f MB", (double)m->broker.resident / MIB);
    pen_end_line(p);
}

static void paint_machine(struct pen *p, const struct live_view *v, const struct live_moment *m)
{
    double cpu = live_now(v, LIVE_CPU), lag = live_now(v, LIVE_LAG);
    double tasks = live_now(v, LIVE_TASKS);
    size_t cars = fleet_size(m);
    char text[64];

    pen_coloured(p, PEN_DIM, "simulator");
    pen_to(p, LABEL);
    snprintf(text, sizeof text, "CPU %.0f %%", cpu * 100);
    pen_coloured(p, cpu >= CPU_BUSY ? PEN_YELLOW : PEN_PLAIN, text);
    pen_text(p, " · loop lag ");
    duration_human(lag, text, sizeof text);
    pen_coloured(p, colour_of_lag(lag), text);
    if (tasks > lag && tasks >= LIVE_TASKS_LATE) {
        pen_text(p, " · cars late ");
        duration_human(tasks, text, sizeof text);
        pen_coloured(p, colour_of_lag(tasks), text);
    }
    pen_printf(p, " · %.0f MB", (double)m->usage.resident / MIB);
    if (cars >= 1000)
        pen_printf(p, " (%.0f KB/car)", (double)m->usage.resident / BYTES_PER_KB / (double)cars);
    pen_text(p, "  ");
    size_t room = pen_left(p);
    pen_sparkline(p, room < 20 ? room : 20, PEN_CYAN, v->history[LIVE_LAG], LIVE_HISTORY);
    pen_end_line(p);
}

static void paint_limit(struct pen *p, const struct live_limit *limit)
{
    bool none = limit->value == NULL;

    pen_coloured(p, PEN_DIM, "limit");
    pen_to(p, LABEL);
    pen_coloured(p,
                 none          ? PEN_DIM
                 : limit->held ? PEN_GREEN
                               : PEN_RED,
                 none          ? "·"
                 : limit->held ? "✓"
                               : "✗");
    pen_printf(p, " %s", limit->expression);
    if (!none)
        pen_printf(p, "  (%s)", limit->value);
    pen_end_line(p);
}

static void paint_gap(struct pen *p, const struct live_style *style)
{
    if (style->rows >= MANY_ROWS)
        pen_end_line(p);
}

/* Lines of all but the stages: title, fleet, rates, errors, simulator; one more with a broker. */
#define FIXED_LINES 10
#define GAPS        4

void live_view_paint(const struct live_view *v, const struct live_moment *m,
                     const struct live_style *style, struct buf *out)
{
    struct pen p = {
        .out = out, .columns = style->columns, .colour = style->colour, .unicode = style->unicode};
    size_t gaps = style->rows >= MANY_ROWS ? GAPS : 0;
    size_t fixed = FIXED_LINES + (m->broker.resident > 0);
    size_t used = fixed + gaps + m->limit_count + 1;

    paint_title(&p, m);
    if (style->rows <= fixed + 1) { /* hardly any room: what matters most */
        if (style->rows > 3)
            paint_fleet(&p, m);
        if (style->rows > 4)
            paint_errors(&p, m);
        return;
    }
    paint_gap(&p, style);
    paint_fleet(&p, m);
    paint_gap(&p, style);
    paint_rates(&p, v, m);
    paint_gap(&p, style);
    paint_stages(&p, m, style->rows > used ? style->rows - used : 0);
    paint_gap(&p, style);
    paint_errors(&p, m);
    paint_machine(&p, v, m);
    if (m->broker.resident > 0)
        paint_broker(&p, v, m);
    for (size_t i = 0; i < m->limit_count && fixed + i + 2 < style->rows; i++)
        paint_limit(&p, &m->limits[i]);
}

/* ---- one line ---- */

void live_view_line(const struct live_view *v, const struct live_moment *m, struct buf *out)
{
    char text[32];
    struct live_trouble worst;
    size_t count;
    uint64_t troubles = live_troubles(m, &worst, 1, &count);

    buf_printf(out, "%6.1f s  %s", (double)m->elapsed / (double)USEC_PER_SEC, m->doing);
    write_clock(m->left, text, sizeof text);
    if (m->left > 0)
        buf_printf(out, ", %s left", text);
    buf_printf(out, "  %zu cars:", fleet_size(m));
    const char *before = " ";
    for (size_t i = 0; i < TCU_STATE_COUNT; i++)
        if (m->states[states[i].state] > 0) {
            buf_printf(out, "%s%zu %s", before, m->states[states[i].state], states[i].name);
            before = ", ";
        }
    write_rate(live_now(v, LIVE_COMMANDS), text, sizeof text);
    buf_printf(out, "  %s commands/s", text);
    duration_human(live_now(v, LIVE_P99), text, sizeof text);
    if (live_now(v, LIVE_P99) > 0)
        buf_printf(out, " (p99 %s)", text);
    write_rate(live_now(v, LIVE_CONNECTS), text, sizeof text);
    buf_printf(out, ", %s connects/s", text);
    write_rate(live_now(v, LIVE_MESSAGES), text, sizeof text);
    buf_printf(out, ", %s messages/s", text);
    buf_printf(out, "  %" PRIu64 " error%s", troubles, troubles == 1 ? "" : "s");
    if (count > 0)
        buf_printf(out, " (%s %" PRIu64 ")", worst.name, worst.value);
    duration_human(live_now(v, LIVE_LAG), text, sizeof text);
    buf_printf(out, "  CPU %.0f %%, loop lag %s", live_now(v, LIVE_CPU) * 100, text);
    double tasks = live_now(v, LIVE_TASKS);
    duration_human(tasks, text, sizeof text);
    if (tasks > live_now(v, LIVE_LAG) && tasks >= LIVE_TASKS_LATE)
        buf_printf(out, ", cars late %s", text);
    if (m->broker.resident > 0)
        buf_printf(out, ", broker CPU %.0f %%", live_now(v, LIVE_BROKER) * 100);
    buf_append_str(out, "\n");
}
