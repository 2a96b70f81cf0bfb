#include "load/search_run.h"

#include <stdio.h>
#include <string.h>

#include "fleet/simulation.h"
#include "load/core.h"
#include "metrics/recorder.h"

/* A step ends early when so much of what has ended has failed, or when so many seconds of commands
   are under way or wait; not before it has seen some. */
#define TRIP_FAILURES 0.1
#define TRIP_MIN      20
#define TRIP_BACKLOG  15.0
/* Or when so many of its cars have lost their connections. */
#define TRIP_LOST 0.1

/* ORDER SEARCH_WHAT */
static const char *const what_names[SEARCH_WHAT_COUNT] = {"commands", "vehicles"};

const char *search_what_name(enum search_what what)
{
    return (unsigned)what < SEARCH_WHAT_COUNT ? what_names[what] : "unknown";
}

bool search_what_parse(const char *name, enum search_what *ret)
{
    for (unsigned i = 0; i < SEARCH_WHAT_COUNT; i++)
        if (strcmp(what_names[i], name) == 0) {
            *ret = (enum search_what)i;
            return true;
        }
    return false;
}

void search_run_init(struct search_run *c, struct load *load,
                     const struct search_run_options *options)
{
    *c = (struct search_run){.load = load, .options = *options};
    search_init(&c->search, &options->range);
}

bool search_run_next(struct search_run *c, double *ret, bool *ret_again)
{
    if (!search_next(&c->search, ret, ret_again))
        return false;
    c->step = (struct search_step){.value = *ret, .again = *ret_again, .from = clock_now()};
    if (c->load->measures)
        recorder_start_all_anew(c->load->recorder, c->step.from);
    return true;
}

void search_run_measure(struct search_run *c)
{
    c->step.from = clock_now();
    load_measure(c->load);
}

struct endings {
    double ended, failed;
};

static struct endings endings_of(const struct recorder *rec)
{
    static const char *const failures[] = {"commands.rejected", "commands.failed",
                                           "commands.expired", "commands.lost",
                                           "commands.timed_out"};
    struct endings e = {0};

    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        e.failed += (double)recorder_counter(rec, failures[i]);
    e.ended = e.failed + (double)recorder_counter(rec, "commands.succeeded");
    return e;
}

const char *search_run_trip(const struct search_run *c)
{
    const struct load *load = c->load;
    struct endings e = endings_of(load->recorder);
    double rate = load->sources[LOAD_COMMANDS].tally.rate;
    double open = (double)(recorder_journeys_open(load->recorder) + load->waiting.count);
    double lost = (double)recorder_counter(load->recorder, "connect.lost");

    if (e.ended >= TRIP_MIN && e.failed > TRIP_FAILURES * e.ended)
        return "commands fail";
    if (open > TRIP_MIN && open > TRIP_BACKLOG * rate)
        return "commands pile up";
    if (lost > TRIP_LOST * (double)load_cars(load) && lost >= TRIP_MIN)
        return "cars lose their connections";
    return NULL;
}

static enum search_outcome outcome_of(struct search_run *c, bool tripped)
{
    struct endings e = endings_of(c->load->recorder);
    struct load_reasons reasons;
    struct limit_reached reached;

    limit_judge(&c->options.limit, c->load->recorder, &reached);
    c->step.known = reached.known;
    c->step.reached = reached.value;
    load_judge(c->load, &c->options.budget, &reasons);
    if (reasons.count > 0) {
        snprintf(c->step.why, sizeof c->step.why, "%s", reasons.text[0]);
        return SEARCH_INVALID;
    }
    if (tripped)
        return SEARCH_TRIPPED;
    if (e.failed > SEARCH_FAILURES * e.ended)
        return SEARCH_MISSED;
    if (reached.doubtful) {
        char late[32];
        duration_human(reached.late, late, sizeof late);
        snprintf(c->step.why, sizeof c->step.why,
                 "missed by less than the simulator itself was late (%s)", late);
        return SEARCH_INVALID;
    }
    return reached.held ? SEARCH_HELD : SEARCH_MISSED;
}

enum search_outcome search_run_judge(struct search_run *c, bool tripped)
{
    c->step.to = clock_now();
    c->step.outcome = outcome_of(c, tripped);
    search_tell(&c->search, &c->step);
    return c->step.outcome;
}

static double seconds_of(const struct search_run *c, usec_t at)
{
    usec_t began = c->load->sim->started;

    return at > began ? (double)(at - began) / 1e6 : 0;
}

cJSON *search_run_json(const struct search_run *c)
{
    cJSON *o = cJSON_CreateObject();
    double found;
    enum search_bound bound = search_result(&c->search, &found);

    cJSON_AddStringToObject(o, "expression", c->options.limit.expression);
    cJSON_AddStringToObject(o, "what", search_what_name(c->options.what));
    cJSON_AddStringToObject(o, "unit", c->options.what == SEARCH_VEHICLES ? "vehicles" : "per_s");
    cJSON_AddStringToObject(o, "bound", search_bound_name(bound));
    cJSON_AddNumberToObject(o, "result", found);
    cJSON_AddNumberToObject(o, "precision", c->options.range.precision);
    cJSON_AddStringToObject(o, "reached_unit", limit_unit(&c->options.limit));
    cJSON *list = cJSON_AddArrayToObject(o, "steps");
    for (size_t i = 0; i < c->search.count; i++) {
        const struct search_step *s = &c->search.steps[i];
        cJSON *step = cJSON_CreateObject();
        cJSON_AddNumberToObject(step, "value", s->value);
        cJSON_AddBoolToObject(step, "again", s->again);
        cJSON_AddStringToObject(step, "outcome", search_outcome_name(s->outcome));
        if (s->known)
            cJSON_AddNumberToObject(step, "reached", s->reached);
        else
            cJSON_AddNullToObject(step, "reached");
        if (s->why[0] != '\0')
            cJSON_AddStringToObject(step, "why", s->why);
        cJSON_AddNumberToObject(step, "from_s", seconds_of(c, s->from));
        cJSON_AddNumberToObject(step, "to_s", seconds_of(c, s->to));
        cJSON_AddItemToArray(list, step);
    }
    return o;
}
