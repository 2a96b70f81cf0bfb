/* The tiles below the head: what a reader asks first. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "metrics/names.h"
#include "metrics/xml.h"
#include "report/numbers.h"
#include "report/sections.h"

#define NOTE_MAX ((size_t)4096)

static void open_fact(struct buf *out, const char *name)
{
    buf_printf(out, "<div class=\"fact\"><dt>%s</dt><dd>", name);
}

/* Takes the note. */
static void close_fact(struct buf *out, struct buf *note)
{
    buf_append_str(out, "</dd>");
    if (buf_len(note) > 0) {
        buf_append_str(out, "<dd class=\"note\">");
        buf_append_slice(out, buf_slice(note));
        buf_append_str(out, "</dd>");
    }
    buf_append_str(out, "</div>\n");
    buf_done(note);
}

static const cJSON *stage_of(const struct report *r, const char *name)
{
    const cJSON *stage = json_get(json_get(r->summary, "stages_us"), name);

    return json_num(stage, "count", 0) > 0 ? stage : NULL;
}

static double counter_of(const struct report *r, const char *name)
{
    return json_num(json_get(r->summary, "counters"), name, 0);
}

static void write_scenarios(const struct report *r, struct buf *out)
{
    const cJSON *verdicts = json_get(r->summary, "verdicts"), *v;
    double total = 0;
    struct buf note;

    buf_init(&note, NOTE_MAX);
    cJSON_ArrayForEach(v, verdicts)
    {
        total += v->valuedouble;
        if (v->valuedouble <= 0 || strcmp(v->string, "passed") == 0)
            continue;
        buf_printf(&note, "%s%.0f ", buf_len(&note) > 0 ? ", " : "", v->valuedouble);
        xml_text(&note, v->string);
    }
    double flaky = json_num(r->summary, "flaky", 0);
    if (flaky > 0)
        buf_printf(&note, "%s%.0f only after a failure", buf_len(&note) > 0 ? ", " : "", flaky);
    if (total <= 0) {
        buf_done(&note);
        return;
    }
    open_fact(out, "Scenarios passed");
    number_write(out, json_num(verdicts, "passed", 0));
    buf_append_str(out, " <small>of ");
    number_write(out, total);
    buf_append_str(out, "</small>");
    if (buf_len(&note) == 0)
        buf_append_str(&note, "nothing failed");
    close_fact(out, &note);
}

static void write_cars(const struct report *r, struct buf *out)
{
    double cars = json_num(json_get(r->summary, "load"), "vehicles", 0);
    double online = r->fleet != NULL ? fleet_table_max(r->fleet, "online") : 0;
    struct buf note;

    if (cars <= 0 && r->fleet != NULL)
        cars = fleet_table_max(r->fleet, "vehicles");
    if (cars <= 0)
        return;
    buf_init(&note, NOTE_MAX);
    open_fact(out, "Cars");
    number_write(out, cars);
    if (online > 0) {
        number_write(&note, online);
        buf_append_str(&note, " online at most");
    }
    close_fact(out, &note);
}

/* Its stages and counters are those of its last step. */
static bool is_search(const struct report *r)
{
    return cJSON_IsObject(json_get(r->summary, "search"));
}

static void write_time(const struct report *r, struct buf *out)
{
    const char *lived = json_str(json_get(r->summary, "settings"), "simulated", NULL);
    double warm_up = json_num(json_get(r->summary, "load"), "warm_up_s", 0);
    struct buf note;

    buf_init(&note, NOTE_MAX);
    open_fact(out, "Took");
    number_duration(out, json_num(r->summary, "duration_us", 0));
    if (lived != NULL) {
        buf_append_str(&note, "for ");
        xml_text(&note, lived);
        buf_append_str(&note, " of virtual time");
    } else if (warm_up > 0 && !is_search(r)) {
        number_duration(&note, warm_up * 1e6);
        buf_append_str(&note, " of it to warm up");
    }
    close_fact(out, &note);
}

static void write_asked(const struct report *r, const char *what, struct buf *note)
{
    const cJSON *arrival;

    cJSON_ArrayForEach(arrival, json_get(json_get(r->summary, "load"), "arrivals"))
    {
        double rate = json_num(arrival, "rate_per_s", 0);
        if (strcmp(json_str(arrival, "what", ""), what) == 0 && rate > 0)
            buf_printf(note, "%.4g/s asked for, ", rate);
    }
}

static void write_commands(const struct report *r, struct buf *out)
{
    double sent = counter_of(r, "commands.sent");
    double succeeded = counter_of(r, "commands.succeeded");
    const cJSON *total = stage_of(r, "command.total");
    struct buf note;

    if (sent <= 0)
        return;
    buf_init(&note, NOTE_MAX);
    open_fact(out, "Commands");
    number_write(out, sent);
    if (is_search(r))
        buf_append_str(&note, "last step: ");
    write_asked(r, "commands", &note);
    if (report_is_load(r)) {
        number_share(&note, fmin(succeeded / sent, 1));
    } else {
        number_write(&note, succeeded);
    }
    buf_append_str(&note, " succeeded");
    close_fact(out, &note);
    if (total == NULL)
        return;
    open_fact(out, "Median command");
    number_duration(out, json_num(total, "p50", 0));
    buf_append_str(&note, "99 % within ");
    number_duration(&note, json_num(total, "p99", 0));
    close_fact(out, &note);
}

static void write_connects(const struct report *r, struct buf *out)
{
    double connects = counter_of(r, "connect.succeeded");
    struct buf note;

    if (connects <= 0)
        return;
    buf_init(&note, NOTE_MAX);
    open_fact(out, "Connects");
    number_write(out, connects);
    number_write(&note, counter_of(r, "messages.sent") + counter_of(r, "messages.received"));
    buf_append_str(&note, " messages");
    close_fact(out, &note);
}

static void write_errors(const struct report *r, struct buf *out)
{
    static const char *const counted[] = {
        "connect.failed",   "connect.lost",      "commands.rejected",  "commands.failed",
        "commands.expired", "commands.lost",     "commands.timed_out", "load.unsent",
        "shadow.rejected",  "oracle.violations",
    };
    double total = 0, most = 0;
    const char *worst = "none";
    struct buf note;

    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        double count = counter_of(r, counted[i]);
        /* What the load cut itself is no trouble. */
        if (strcmp(counted[i], "connect.lost") == 0)
            count = fmax(count - counter_of(r, "load.cut"), 0);
        total += count;
        if (count > most) {
            most = count;
            worst = counted[i];
        }
    }
    buf_init(&note, NOTE_MAX);
    buf_printf(out, "<div class=\"fact%s\"><dt>Errors</dt><dd>", total > 0 ? " trouble" : "");
    number_write(out, total);
    if (total > 0) {
        buf_append_str(&note, "most: ");
        xml_text(&note, worst);
    } else {
        buf_append_str(&note, "of cars, commands, connects");
    }
    close_fact(out, &note);
}

static void write_lag(const struct report *r, struct buf *out)
{
    const cJSON *lag = stage_of(r, "loop.lag"), *tasks = stage_of(r, "task.lateness");
    struct buf note;

    if (lag == NULL)
        return;
    buf_init(&note, NOTE_MAX);
    open_fact(out, "Loop lag, p99");
    number_duration(out, json_num(lag, "p99", 0));
    buf_append_str(&note, "max ");
    number_duration(&note, json_num(lag, "max", 0));
    if (tasks != NULL) {
        buf_append_str(&note, ", cars late p99 ");
        number_duration(&note, json_num(tasks, "p99", 0));
    }
    if (r->fleet != NULL && fleet_table_max(r->fleet, "cpu_percent") > 0)
        buf_printf(&note, ", CPU up to %.0f %%", fleet_table_max(r->fleet, "cpu_percent"));
    close_fact(out, &note);
}

void section_facts(const struct report *r, struct buf *out)
{
    bool fleet = report_has_fleet(r);

    buf_append_str(out, "<dl class=\"facts\">\n");
    if (!report_is_load(r) || report_has_trouble(r))
        write_scenarios(r, out);
    if (fleet)
        write_cars(r, out);
    write_time(r, out);
    write_commands(r, out);
    write_connects(r, out);
    if (fleet) {
        write_errors(r, out);
        write_lag(r, out);
    }
    buf_append_str(out, "</dl>\n");
}
