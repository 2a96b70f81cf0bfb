#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "report/sections.h"
#include "report/time_plot.h"

#define FLEET_FROM   20   /* cars, and */
#define LINES_LEAST  3    /* lines: with fewer there is nothing to be seen over time */
#define ERRORS_SHOWN 7    /* the others together */
#define LINES_FROM   3    /* columns with samples: fewer make no curve */
#define STAYS        2    /* columns */
#define PART         0.25 /* of a column, that a line must cover to be its value */

/* ---- lines of timeline.csv by column ---- */

/* ORDER GATHER */
enum gather { GATHER_RATE, GATHER_MEAN, GATHER_MAX, GATHER_LAST };

/* What the page's columns are made of. */
struct source {
    const struct fleet_table *table;
    const struct time_plot *plot;
    const double *end, *length; /* of each line, seconds */
};

static bool source_open(struct source *s, const struct fleet_table *table,
                        const struct time_plot *plot)
{
    *s = (struct source){.table = table, .plot = plot};
    if (table == NULL)
        return false;
    s->end = fleet_table_column(table, "seconds");
    s->length = fleet_table_column(table, "interval");
    return s->end != NULL && s->length != NULL;
}

static double *new_columns(const struct time_plot *plot)
{
    double *values = xcalloc(plot->columns, sizeof *values);

    for (size_t i = 0; i < plot->columns; i++)
        values[i] = (double)NAN;
    return values;
}

/* A line's value goes to the columns that it covers, in proportion. */
struct gathering {
    double *values, *weights;
    enum gather how;
};

static void gather(const struct gathering *g, size_t column, double value, double covered,
                   double most)
{
    double *to = &g->values[column];

    switch (g->how) {
    case GATHER_RATE:
    case GATHER_MEAN:
        *to = (isnan(*to) ? 0 : *to) + value * covered;
        g->weights[column] += covered;
        return;
    case GATHER_MAX:
        if (covered >= PART * most)
            *to = fmax(*to, value);
        return;
    case GATHER_LAST:
        if (covered >= PART * most)
            *to = value;
        return;
    }
}

static void gather_row(const struct source *s, const struct gathering *g, size_t row, double value)
{
    double step = s->plot->step, length = s->length[row];
    double from = fmax(s->end[row] - length, 0), to = s->end[row];

    if (isnan(value) || !(length > 0) || !(from < s->plot->seconds))
        return;
    for (size_t i = (size_t)(from / step); i < s->plot->columns && (double)i * step < to; i++) {
        double covered = fmin(to, (double)(i + 1) * step) - fmax(from, (double)i * step);
        gather(g, i, g->how == GATHER_RATE ? value / length : value, covered, fmin(step, length));
    }
}

static double *gather_rows(const struct source *s, const double *rows, enum gather how,
                           double scale)
{
    struct gathering g = {new_columns(s->plot), xcalloc(s->plot->columns, sizeof(double)), how};

    for (size_t row = 0; row < s->table->rows; row++)
        gather_row(s, &g, row, rows[row]);
    for (size_t i = 0; i < s->plot->columns; i++)
        g.values[i] *= scale / (g.weights[i] > 0 ? g.weights[i] : 1);
    /* What is so stays so for a while: the last line seldom reaches the last column. */
    size_t since = 0;
    for (size_t i = 1; how == GATHER_LAST && i < s->plot->columns; i++) {
        since = isnan(g.values[i]) ? since + 1 : 0;
        if (since != 0 && since <= STAYS)
            g.values[i] = g.values[i - 1];
    }
    free(g.weights);
    return g.values;
}

/* One value per column; NULL if timeline.csv has none. `scale` multiplies. */
static double *gather_values(const struct source *s, const char *name, enum gather how,
                             double scale)
{
    const double *rows = fleet_table_column(s->table, name);

    return rows != NULL ? gather_rows(s, rows, how, scale) : NULL;
}

/* ---- panels ---- */

static void add_line(struct time_panel *panel, const char *label, const char *tone, double *values)
{
    if (values == NULL)
        return;
    if (panel->count == TIME_LINES_MAX) {
        free(values);
        return;
    }
    panel->lines[panel->count++] = (struct time_line){label, tone, values};
}

static void panel_done(struct time_panel *panel)
{
    for (size_t i = 0; i < panel->count; i++)
        free(panel->lines[i].values);
}

static bool all_zero(const struct time_plot *plot, const struct time_panel *panel)
{
    for (size_t n = 0; n < panel->count; n++)
        for (size_t i = 0; i < plot->columns; i++)
            if (panel->lines[n].values[i] > 0)
                return false;
    return true;
}

static void write_lines(const struct time_plot *plot, struct time_panel *panel, struct buf *out)
{
    if (!all_zero(plot, panel))
        time_plot_lines(plot, panel, out);
    panel_done(panel);
}

static void write_cars(const struct source *s, struct buf *out)
{
    static const struct {
        const char *column, *label, *tone;
    } states[] = {
        {"online",       "online",       "online"    },
        {"syncing",      "syncing",      "syncing"   },
        {"provisioning", "provisioning", "syncing"   },
        {"connecting",   "connecting",   "connecting"},
        {"backing_off",  "backing off",  "backoff"   },
        {"asleep",       "asleep",       "asleep"    },
        {"off",          "off",          "off"       },
    };
    struct time_panel panel = {.title = "Cars", .unit = TIME_CARS};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (fleet_table_max(s->table, states[i].column) > 0)
            add_line(&panel, states[i].label, states[i].tone,
                     gather_values(s, states[i].column, GATHER_LAST, 1));
    time_plot_stack(s->plot, &panel, out);
    panel_done(&panel);
}

/* How many there have been up to each line; NULL: the file has no such column. */
static double *sum_rows(const struct source *s, const char *name)
{
    const double *rows = fleet_table_column(s->table, name);
    double sum = 0, *sums = NULL;

    if (rows == NULL)
        return NULL;
    sums = xcalloc(s->table->rows, sizeof *sums);
    for (size_t row = 0; row < s->table->rows; row++)
        sums[row] = sum += isnan(rows[row]) ? 0 : rows[row];
    return sums;
}

static void add_stock(const struct source *s, struct time_panel *panel, const char *label,
                      const char *tone, const double *rows)
{
    double most = 0;

    for (size_t row = 0; row < s->table->rows; row++)
        most = fmax(most, rows[row]);
    if (most > 0)
        add_line(panel, label, tone, gather_rows(s, rows, GATHER_LAST, 1));
}

/* Jobs: what has become of the executions that cars have begun. */
static void write_rollout(const struct source *s, struct buf *out)
{
    static const char *const ends[][3] = {
        {"jobs_succeeded", "succeeded",          "c0"},
        {"jobs_failed",    "failed",             "c1"},
        {"jobs_rejected",  "rejected",           "c4"},
        {"jobs_ended",     "ended by the cloud", "c7"},
    };
    struct time_panel panel = {
        .title = "Roll-out", .what = "executions of jobs", .unit = TIME_CARS};
    double *open = sum_rows(s, "jobs_begun");

    if (open == NULL)
        return;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        double *ended = sum_rows(s, ends[i][0]);
        for (size_t row = 0; ended != NULL && row < s->table->rows; row++)
            open[row] = fmax(open[row] - ended[row], 0);
        if (ended != NULL)
            add_stock(s, &panel, ends[i][1], ends[i][2], ended);
        free(ended);
    }
    add_stock(s, &panel, "in progress", "c2", open);
    free(open);
    if (panel.count != 0)
        time_plot_stack(s->plot, &panel, out);
    panel_done(&panel);
}

/* Rates of counters, one panel for each group. */
static void write_rates(const struct source *s, const char *title, const char *const (*lines)[3],
                        size_t count, struct buf *out)
{
    struct time_panel panel = {.title = title, .unit = TIME_RATE};

    for (size_t i = 0; i < count; i++)
        if (fleet_table_max(s->table, lines[i][0]) > 0)
            add_line(&panel, lines[i][1], lines[i][2],
                     gather_values(s, lines[i][0], GATHER_RATE, 1));
    write_lines(s->plot, &panel, out);
}

static void write_commands(const struct source *s, struct buf *out)
{
    static const char *const lines[][3] = {
        {"commands_due",       "due",       "c7"},
        {"commands_sent",      "sent",      "c2"},
        {"commands_succeeded", "succeeded", "c0"},
    };

    write_rates(s, "Commands", lines, sizeof lines / sizeof *lines, out);
}

static void write_messages(const struct source *s, struct buf *out)
{
    static const char *const messages[][3] = {
        {"telemetry_due",     "telemetry due",  "c7"},
        {"telemetry_sent",    "telemetry sent", "c6"},
        {"messages_sent",     "from cars",      "c3"},
        {"messages_received", "to cars",        "c5"},
    };
    static const char *const connects[][3] = {
        {"connects",           "begun",     "c2"},
        {"connects_succeeded", "succeeded", "c0"},
        {"connections_lost",   "lost",      "c1"},
    };

    write_rates(s, "Connects", connects, sizeof connects / sizeof *connects, out);
    write_rates(s, "Messages", messages, sizeof messages / sizeof *messages, out);
}

/* Of the errors from … to - 1, together. */
static double *gather_errors(const struct source *s, size_t from, size_t to)
{
    double *rows = xcalloc(s->table->rows, sizeof *rows);

    for (size_t n = from; n < to; n++)
        for (size_t i = 0; i < s->table->errors[n].count; i++)
            rows[s->table->errors[n].at[i].row] += s->table->errors[n].at[i].count;
    double *values = gather_rows(s, rows, GATHER_RATE, 1);
    free(rows);
    return values;
}

static void write_errors(const struct source *s, struct buf *out)
{
    static const char *const tones[] = {"c1", "c4", "c6", "c3", "c5", "c2", "c0", "c7"};
    struct time_panel panel = {.title = "Errors", .unit = TIME_RATE};
    size_t count = s->table->error_count;
    size_t shown = count <= TIME_LINES_MAX ? count : ERRORS_SHOWN;

    for (size_t i = 0; i < shown; i++)
        add_line(&panel, s->table->errors[i].name, tones[i], gather_errors(s, i, i + 1));
    if (shown < count)
        add_line(&panel, "others", tones[ERRORS_SHOWN], gather_errors(s, shown, count));
    if (!all_zero(s->plot, &panel))
        time_plot_stack(s->plot, &panel, out);
    panel_done(&panel);
}

static void write_simulator(const struct source *s, struct buf *out)
{
    struct time_panel lag = {.title = "Simulator's lateness", .unit = TIME_USEC};
    bool broker = fleet_table_max(s->table, "broker_memory_mib") > 0;
    struct time_panel cpu = {.title = broker ? "CPU of simulator and broker" : "Simulator's CPU",
                             .unit = TIME_PERCENT};
    struct time_panel memory = {.title = broker ? "Memory of simulator and broker"
                                                : "Simulator's memory",
                                .unit = TIME_MIB};

    add_line(&lag, "schedule", "c6", gather_values(s, "lateness_max_ms", GATHER_MAX, 1000));
    add_line(&lag, "tasks", "c3", gather_values(s, "task_lateness_max_ms", GATHER_MAX, 1000));
    add_line(&lag, "loop, max", "c1", gather_values(s, "loop_lag_max_ms", GATHER_MAX, 1000));
    add_line(&lag, "loop, p99", "c2", gather_values(s, "loop_lag_p99_ms", GATHER_MAX, 1000));
    write_lines(s->plot, &lag, out);
    add_line(&cpu, broker ? "simulator, of a core" : "of a core", "c4",
             gather_values(s, "cpu_percent", GATHER_MEAN, 1));
    if (broker)
        add_line(&cpu, "broker", "c2", gather_values(s, "broker_cpu_percent", GATHER_MEAN, 1));
    write_lines(s->plot, &cpu, out);
    add_line(&memory, broker ? "simulator" : "resident", "c3",
             gather_values(s, "memory_mib", GATHER_LAST, 1));
    if (broker)
        add_line(&memory, "broker", "c2", gather_values(s, "broker_memory_mib", GATHER_LAST, 1));
    write_lines(s->plot, &memory, out);
}

/* ---- latency ---- */

static double *percentile_columns(const struct time_plot *plot, const struct latency_stage *stage,
                                  double percent)
{
    double *values = new_columns(plot);

    for (size_t i = 0; i < plot->columns; i++)
        if (histogram_total(&stage->columns[i]) != 0)
            values[i] = (double)histogram_percentile(&stage->columns[i], percent);
    return values;
}

static size_t columns_with_samples(const struct time_plot *plot, const struct latency_stage *stage)
{
    size_t count = 0;

    for (size_t i = 0; i < plot->columns; i++)
        count += histogram_total(&stage->columns[i]) != 0;
    return count;
}

static void write_stage(const struct time_plot *plot, const struct latency_stage *stage,
                        struct buf *out)
{
    struct time_panel panel = {.title = stage->name, .what = "percentiles", .unit = TIME_USEC};

    if (columns_with_samples(plot, stage) < LINES_FROM)
        return;
    /* Probes are too few for more than lines. */
    if (strncmp(stage->name, "probe/", strlen("probe/")) != 0)
        time_plot_heat(plot, stage->name, stage, out);
    add_line(&panel, "max", "c7", percentile_columns(plot, stage, 100));
    add_line(&panel, "p99", "c1", percentile_columns(plot, stage, 99));
    add_line(&panel, "p90", "c4", percentile_columns(plot, stage, 90));
    add_line(&panel, "p50", "c2", percentile_columns(plot, stage, 50));
    write_lines(plot, &panel, out);
}

static bool is_connect(const struct latency_stage *stage)
{
    return strncmp(stage->name, "connect.", strlen("connect.")) == 0;
}

static void write_latency(const struct report *r, const struct time_plot *plot, bool connects,
                          struct buf *out)
{
    for (size_t i = 0; r->latency != NULL && i < r->latency->stage_count; i++)
        if (is_connect(&r->latency->stages[i]) == connects)
            write_stage(plot, &r->latency->stages[i], out);
}

/* ---- the section ---- */

bool report_is_load(const struct report *r)
{
    return strcmp(json_str(r->summary, "command", ""), "load") == 0;
}

bool report_has_fleet(const struct report *r)
{
    bool fleet = r->fleet != NULL && r->fleet->rows >= LINES_LEAST &&
                 fleet_table_max(r->fleet, "vehicles") >= FLEET_FROM;

    return fleet || report_is_load(r);
}

double report_seconds(const cJSON *summary)
{
    return json_num(summary, "duration_us", 0) / 1e6;
}

size_t report_columns(const cJSON *summary, double *ret_step)
{
    return time_plot_columns(report_seconds(summary), ret_step);
}

void section_over_time(const struct report *r, struct buf *out)
{
    struct time_plot plot;
    struct source s;

    if (!report_has_fleet(r))
        return;
    buf_append_str(out, "<section id=\"over-time\">\n<h2>Over time</h2>\n");
    time_plot_open(&plot, report_seconds(r->summary),
                   json_get(json_get(r->summary, "load"), "phases"), out);
    bool any = source_open(&s, r->fleet, &plot);
    if (any) {
        write_cars(&s, out);
        write_rollout(&s, out);
        write_commands(&s, out);
    }
    write_latency(r, &plot, false, out);
    if (any) {
        write_errors(&s, out);
        write_messages(&s, out);
    }
    write_latency(r, &plot, true, out);
    if (any)
        write_simulator(&s, out);
    time_plot_close(&plot, out);
    buf_append_str(out, "</section>\n");
}
