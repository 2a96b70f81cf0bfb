#include "metrics/openmetrics.h"

#include <stdio.h>
#include <string.h>

#include "metrics/exposition.h"
#include "metrics/names.h"

#define PREFIX      "fleetsim_"
#define PROBE       "probe/"
#define UNCORRECTED "/uncorrected"
#define KIND        "command.total/"
#define LAG         "loop.lag"
#define COMMANDS    "commands."

/* Counters that come apart by a detail, with what the detail is. */
static const struct {
    const char *counter, *label;
} detailed[] = {
    {"connect.failed",    "reason"},
    {"commands.rejected", "reason"},
    {"load.intended",     "stream"},
    {"load.unsent",       "reason"},
    {"connect.lost",      "reason"},
    {"oracle.violations", "rule"  },
    {"oracle.expected",   "rule"  },
    {"oracle.checks",     "rule"  },
};

/* Whose unit has to stand at the end. */
static const struct {
    const char *counter, *family;
} renamed[] = {
    {"bytes.sent",     PREFIX "sent_bytes"    },
    {"bytes.received", PREFIX "received_bytes"},
};

const char *openmetrics_content_type(enum openmetrics_form form)
{
    return form == OPENMETRICS_1_0 ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                   : "text/plain; version=0.0.4; charset=utf-8";
}

static void count_with(struct exposition *e, const char *label, const char *value, uint64_t n)
{
    const struct exposition_label labels[] = {
        {label, value},
        {0    }
    };

    exposition_count(e, labels, n);
}

/* ---- counters ---- */

/* Is it one of the ways in which a command ends? */
static bool is_outcome(const char *name)
{
    if (strncmp(name, COMMANDS, strlen(COMMANDS)) != 0)
        return false;
    for (int o = JOURNEY_OPEN + 1; o < JOURNEY_OUTCOME_COUNT; o++)
        if (strcmp(name + strlen(COMMANDS), journey_outcome_name((enum journey_outcome)o)) == 0)
            return true;
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* "telemetry.sent" is fleetsim_telemetry_sent. */
static void family_of(const char *counter, char ret[static EXPOSITION_NAME_MAX])
{
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (strcmp(counter, renamed[i].counter) == 0) {
            snprintf(ret, EXPOSITION_NAME_MAX, "%s", renamed[i].family);
            return;
        }
    snprintf(ret, EXPOSITION_NAME_MAX, PREFIX "%s", counter);
    for (char *p = ret; *p != '\0'; p++)
        if (*p == '.' || *p == '/' || *p == '-')
            *p = '_';
}

static const char *detail_label(const char *counter)
{
    for (size_t i = 0; i < sizeof detailed / sizeof *detailed; i++)
        if (strcmp(counter, detailed[i].counter) == 0)
            return detailed[i].label;
    return NULL;
}

/* The detail in "connect.failed.tls" for connect.failed; NULL: it is about something else. */
static const char *detail_of(const char *name, const char *counter)
{
    size_t n = strlen(counter);

    return strncmp(name, counter, n) == 0 && name[n] == '.' ? name + n + 1 : NULL;
}

/* One sample for each detail, and one for what came without, so that their sum is the counter and
   there is something to see before the first. */
static void put_details(struct exposition *e, const struct recorder *rec, const char *counter,
                        const char *label)
{
    uint64_t rest = recorder_counter(rec, counter);

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        const char *detail = detail_of(c->name, counter);
        if (detail == NULL || strcmp(detail, "other") == 0)
            continue;
        count_with(e, label, detail, c->value);
        rest -= c->value < rest ? c->value : rest;
    }
    count_with(e, label, "other", rest);
}

/* Commands of the fleet, and of the probe app if there is one. */
static void put_populations(struct exposition *e, const struct recorder *rec, const char *counter,
                            const char *outcome)
{
    char probe[RECORDER_NAME_MAX];

    snprintf(probe, sizeof probe, PROBE "%s", counter);
    for (int i = 0; i < 2; i++) {
        const struct exposition_label labels[] = {
            {"outcome",                   outcome},
            {"population",                           i == 0 ? "fleet" : "probe"},
            {0}
        };
        if (i == 0 || recorder_counter(rec, PROBE "commands.sent") > 0)
            exposition_count(e, labels, recorder_counter(rec, i == 0 ? counter : probe));
    }
}

static void put_counter(struct exposition *e, const struct recorder *rec,
                        const struct metric_name *name)
{
    char family[EXPOSITION_NAME_MAX];
    const char *label = detail_label(name->name);

    family_of(name->name, family);
    exposition_family(e, family, EXPOSITION_COUNTER, ends_with(family, "_bytes") ? "bytes" : NULL,
                      name->help);
    if (label != NULL)
        put_details(e, rec, name->name, label);
    else if (strncmp(name->name, COMMANDS, strlen(COMMANDS)) == 0)
        put_populations(e, rec, name->name, NULL);
    else
        exposition_count(e, NULL, recorder_counter(rec, name->name));
}

static void put_outcomes(struct exposition *e, const struct recorder *rec)
{
    char name[RECORDER_NAME_MAX];

    exposition_family(e, PREFIX "commands_ended", EXPOSITION_COUNTER, NULL,
                      "commands whose journey ended, by how it did");
    for (int o = JOURNEY_OPEN + 1; o < JOURNEY_OUTCOME_COUNT; o++) {
        const char *outcome = journey_outcome_name((enum journey_outcome)o);
        snprintf(name, sizeof name, COMMANDS "%s", outcome);
        put_populations(e, rec, name, outcome);
    }
}

static bool is_own(const char *name)
{
    for (size_t i = 0; i < sizeof detailed / sizeof *detailed; i++)
        if (detail_of(name, detailed[i].counter) != NULL)
            return true;
    return metric_counter_rank(name) < metric_counter_count;
}

/* Those of scripts: any name, so none of a family. */
static void put_others(struct exposition *e, const struct recorder *rec)
{
    bool any = false;

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        if (is_own(c->name))
            continue;
        if (!any)
            exposition_family(e, PREFIX "script_events", EXPOSITION_COUNTER, NULL,
                              "what scripts counted, by the name that they gave it");
        any = true;
        count_with(e, "name", c->name, c->value);
    }
}

static void put_counters(struct exposition *e, const struct recorder *rec)
{
    for (size_t i = 0; i < metric_counter_count; i++) {
        const struct metric_name *name = &metric_counters[i];
        bool several = ends_with(name->name, ".") || ends_with(name->name, "/");
        if (!several && (!is_outcome(name->name) || detail_label(name->name) != NULL))
            put_counter(e, rec, name);
    }
    put_outcomes(e, rec);
    put_others(e, rec);
}

/* ---- stages ---- */

/* A stage's name taken apart: "probe/command.total/unlock/uncorrected". */
struct stage_labels {
    char name[RECORDER_NAME_MAX];
    const char *population, *correction;
    const char *kind; /* of command; NULL: all */
};

static void take_apart(const char *stage, struct stage_labels *ret)
{
    bool probe = strncmp(stage, PROBE, strlen(PROBE)) == 0;

    snprintf(ret->name, sizeof ret->name, "%s", stage + (probe ? strlen(PROBE) : 0));
    bool uncorrected = ends_with(ret->name, UNCORRECTED);
    if (uncorrected)
        ret->name[strlen(ret->name) - strlen(UNCORRECTED)] = '\0';
    ret->population = probe ? "probe" : "fleet";
    ret->correction = uncorrected ? "none" : "intended";
    ret->kind = strncmp(ret->name, KIND, strlen(KIND)) == 0 ? ret->name + strlen(KIND) : NULL;
}

enum stage_group { STAGES, KINDS };

typedef void (*put_stage_fn)(struct exposition *e, const struct exposition_label *labels,
                             const struct histogram *h);

static void put_group(struct exposition *e, const struct recorder *rec, enum stage_group group,
                      put_stage_fn put)
{
    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(rec, i);
        struct stage_labels l = {0};
        take_apart(stage->name, &l);
        if ((l.kind != NULL) != (group == KINDS) || strcmp(stage->name, LAG) == 0)
            continue;
        const struct exposition_label labels[] = {
            {group == KINDS ? "kind" : "stage", group == KINDS ? l.kind : l.name},
            {"population",                                 l.population},
            {"correction",l.correction},
            {0                     }
        };
        put(e, labels, &stage->total);
    }
}

static bool any_kinds(const struct recorder *rec)
{
    struct stage_labels l = {0};

    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        take_apart(recorder_stage_at(rec, i)->name, &l);
        if (l.kind != NULL)
            return true;
    }
    return false;
}

static void put_stages(struct exposition *e, const struct recorder *rec)
{
    const struct recorder_stage *lag = recorder_stage(rec, LAG);

    exposition_family(e, PREFIX "stage_duration_seconds", EXPOSITION_HISTOGRAM, "seconds",
                      "how long a stage of commands, connects or messages took");
    put_group(e, rec, STAGES, exposition_histogram);
    exposition_family(e, PREFIX "stage_exact_seconds", EXPOSITION_SUMMARY, "seconds",
                      "the same over the whole run so far, to three digits");
    put_group(e, rec, STAGES, exposition_summary);
    if (any_kinds(rec)) {
        exposition_family(e, PREFIX "command_duration_seconds", EXPOSITION_HISTOGRAM, "seconds",
                          "the stage command.total by kind of command");
        put_group(e, rec, KINDS, exposition_histogram);
    }
    if (lag == NULL)
        return;
    exposition_family(e, PREFIX "loop_lag_seconds", EXPOSITION_HISTOGRAM, "seconds",
                      "how late the simulator's own loop ran a timer");
    exposition_histogram(e, NULL, &lag->total);
}

/* ---- the rest ---- */

static void put_gauge(struct exposition *e, const char *family, const char *help, uint64_t value)
{
    exposition_family(e, family, EXPOSITION_GAUGE, ends_with(family, "_bytes") ? "bytes" : NULL,
                      help);
    exposition_count(e, NULL, value);
}

static void put_counts(struct exposition *e, const char *family, const char *help,
                       const char *label, const struct openmetrics_counts *counts)
{
    if (counts->count == 0)
        return;
    exposition_family(e, family, EXPOSITION_GAUGE, NULL, help);
    for (size_t i = 0; i < counts->count; i++) {
        char word[RECORDER_NAME_MAX]; /* "backing off" would have to be quoted everywhere */
        snprintf(word, sizeof word, "%s", counts->items[i].name);
        for (char *p = word; *p != '\0'; p++)
            if (*p == ' ')
                *p = '_';
        count_with(e, label, word, counts->items[i].value);
    }
}

static void put_run(struct exposition *e, const struct openmetrics_facts *f)
{
    const struct exposition_label run[] = {
        {"run",       f->run},
        {"command",           f->command},
        {0}
    };

    exposition_family(e, PREFIX "build", EXPOSITION_INFO, NULL, "the program");
    count_with(e, "version", f->version, 1);
    exposition_family(e, PREFIX "run", EXPOSITION_INFO, NULL, "what runs");
    exposition_count(e, run, 1);
    exposition_family(e, PREFIX "run_lasted_seconds", EXPOSITION_GAUGE, "seconds",
                      "since the run began");
    exposition_seconds(e, NULL, f->lasted);
    if (f->phase == NULL)
        return;
    exposition_family(e, PREFIX "run_phase", EXPOSITION_GAUGE, NULL, "1 for the phase of the load");
    count_with(e, "phase", f->phase, 1);
}

/* The names that every Prometheus client has for them. */
static void put_process(struct exposition *e, const struct openmetrics_facts *f)
{
    const struct process_usage *u = &f->usage;

    exposition_family(e, "process_cpu_seconds", EXPOSITION_COUNTER, "seconds",
                      "processor time of the simulator, user and system");
    exposition_seconds(e, NULL, u->cpu);
    put_gauge(e, "process_resident_memory_bytes", "memory of the simulator", u->resident);
    put_gauge(e, "process_open_fds", "descriptors that it has open", u->descriptors);
    if (u->descriptors_max != UINT64_MAX)
        put_gauge(e, "process_max_fds", "and how many it may", u->descriptors_max);
    exposition_family(e, "process_start_time_seconds", EXPOSITION_GAUGE, "seconds",
                      "when it began, since the Unix epoch");
    exposition_seconds(e, NULL, f->process_started_wall);
}

bool openmetrics_write(const struct recorder *rec, const struct openmetrics_facts *facts,
                       enum openmetrics_form form, struct buf *out)
{
    struct exposition e = {.form = form, .out = out};

    put_run(&e, facts);
    put_counts(&e, PREFIX "vehicles", "cars by state of their life cycle", "state",
               &facts->vehicles);
    put_gauge(&e, PREFIX "vehicles_queued", "cars that wait for their turn to connect",
              facts->queued);
    put_counts(&e, PREFIX "scenarios", "scenarios by verdict", "verdict", &facts->scenarios);
    put_gauge(&e, PREFIX "commands_open", "commands under way", recorder_journeys_open(rec));
    put_counters(&e, rec);
    put_stages(&e, rec);
    put_process(&e, facts);
    exposition_end(&e);
    return !out->overflow;
}
