#include "cli/cmd_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/facts.h"
#include "cli/load_run.h"
#include "cli/paths.h"
#include "cli/run_options.h"
#include "cli/shard_options.h"
#include "cli/shards.h"

#define PROFILE_DEFAULT "steady"
#define NOT_GIVEN       UINT64_MAX

/* As it is typed; `load` is what it means. */
struct load_words {
    const char *models, *kinds, *ramp, *commands, *telemetry, *telemetry_per_car, *probe_rate;
    const char *arrivals, *by;
    const char *search, *search_for, *search_from, *search_most;
    const char *events[LOAD_EVENT_KIND_COUNT];
    usec_t warm_up, duration, patience, step, settle;
    usec_t lag_budget, lateness_budget, task_budget;
    uint64_t apps, in_flight, probes, telemetry_size;
};

/* The command line's own state; nothing below reads it but through a pointer. */
static struct run_options o = RUN_OPTIONS_DEFAULT("load");
static struct shard_options shard;
static struct load_flags load = LOAD_FLAGS_NONE;
static struct load_words words = {.warm_up = NOT_GIVEN,
                                  .duration = NOT_GIVEN,
                                  .patience = NOT_GIVEN,
                                  .lag_budget = NOT_GIVEN,
                                  .lateness_budget = NOT_GIVEN,
                                  .task_budget = NOT_GIVEN,
                                  .step = NOT_GIVEN,
                                  .settle = NOT_GIVEN,
                                  .apps = NOT_GIVEN,
                                  .in_flight = NOT_GIVEN,
                                  .probes = NOT_GIVEN,
                                  .telemetry_size = NOT_GIVEN};

// clang-format off
static const struct option_spec options[] = {
    {"vehicles", 'n', OPTION_NUMBER, &o.settings.vehicles, "N",
     "cars (default: what the profile says; steady: 1000)"},
    {"mix", 0, OPTION_STRING, &words.models, "MIX",
     "their models by share, as compact_ev=3,electric_bus=1"},
    {"ramp", 0, OPTION_STRING, &words.ramp, "RAMP",
     "how they come: 60s evenly, steps:5x30s, or spread:60s, each at a moment of\nits own "
     "(default: 150 a second and processor)"},
    {"warm-up", 0, OPTION_DURATION, &words.warm_up, "TIME",
     "with the load, but not measured (default 10s)"},
    {"duration", 'd', OPTION_DURATION, &words.duration, "TIME",
     "of the measured phases together (default 60s)"},
    {"commands", 'c', OPTION_STRING, &words.commands, "RATE",
     "commands to all cars together: 1000/s, 60/min (default: 0.05/s for each car)"},
    {"arrivals", 0, OPTION_STRING, &words.arrivals, "HOW",
     "poisson, as many people who know nothing of each other, or constant\n(default: commands "
     "poisson, telemetry constant)"},
    {"command", 0, OPTION_STRING, &words.kinds, "KINDS",
     "what they ask for, by share: locks, lights, climate, charging (default locks)"},
    {"by", 0, OPTION_STRING, &words.by, "WAY",
     "how: request, answered by the car, or shadow, a desired state (default request)"},
    {"patience", 0, OPTION_DURATION, &words.patience, "TIME",
     "a command without result after so long has timed out (default 30s)"},
    {"apps", 0, OPTION_NUMBER, &words.apps, "N",
     "that share the sending (default: one for each 250 commands/s)"},
    {"in-flight", 0, OPTION_NUMBER, &words.in_flight, "N",
     "of an app's publishes that have no PUBACK yet; more wait (default 100)"},
    {"telemetry", 0, OPTION_STRING, &words.telemetry, "RATE",
     "messages of all cars together (default none)"},
    {"telemetry-per-car", 0, OPTION_STRING, &words.telemetry_per_car, "RATE",
     "or of each car, as 6/min"},
    {"telemetry-size", 0, OPTION_NUMBER, &words.telemetry_size, "BYTES",
     "of their payloads (default 200)"},
    {"burst", 0, OPTION_STRING, &words.events[LOAD_EVENT_BURST], "RATE:TIME",
     "in the middle commands come at that rate for so long"},
    {"storm", 0, OPTION_STRING, &words.events[LOAD_EVENT_STORM], "SHARE:TIME",
     "in the middle so many cars lose their connections at once, and connect\nagain; looked at "
     "for TIME (as 100%:10s)"},
    {"outage", 0, OPTION_STRING, &words.events[LOAD_EVENT_OUTAGE], "SHARE:TIME",
     "the same, but their network stays away for TIME"},
    {"probes", 0, OPTION_NUMBER, &words.probes, "N",
     "cars of these that are measured apart, with an app of their own\n(default 1 in 100, at "
     "most 5)"},
    {"probe-rate", 0, OPTION_STRING, &words.probe_rate, "RATE",
     "commands to them (default 1/s)"},
    {"lag-budget", 0, OPTION_DURATION, &words.lag_budget, "TIME",
     "the run is invalid if the simulator's loop lags more, at its 99th\npercentile (default "
     "100ms)"},
    {"lateness-budget", 0, OPTION_DURATION, &words.lateness_budget, "TIME",
     "or if it begins what is due later than that (default 50ms)"},
    {"task-budget", 0, OPTION_DURATION, &words.task_budget, "TIME",
     "or if it goes on with what cars do later than that (default 100ms)"},
    {"search", 0, OPTION_STRING, &words.search, "EXPR",
     "find the most that holds this limit, as 'command.total p99 < 500ms'"},
    {"search-for", 0, OPTION_STRING, &words.search_for, "WHAT",
     "the most commands a second, or vehicles (default commands)"},
    {"search-from", 0, OPTION_STRING, &words.search_from, "VALUE",
     "the first to try: a rate, or a number of cars (default: --commands, or an\neighth of "
     "--vehicles)"},
    {"search-most", 0, OPTION_STRING, &words.search_most, "VALUE",
     "more is not tried (default: 100000/s, or --vehicles)"},
    {"step", 0, OPTION_DURATION, &words.step, "TIME",
     "that each try is measured for (default 20s)"},
    {"settle", 0, OPTION_DURATION, &words.settle, "TIME",
     "that it has before (default 5s)"},
    SHARD_OPTIONS_ROWS(shard),
    RUN_OPTIONS_ROWS(o),
    {0},
};
// clang-format on

static const char examples[] =
    "  fleetsim load\n"
    "  fleetsim load --vehicles 10000 --commands 1000/s --duration 5m\n"
    "  fleetsim load --vehicles 2000 --mix compact_ev=3,electric_bus=1 --telemetry-per-car 6/min\n"
    "  fleetsim load --vehicles 5000 --storm 100%:30s\n"
    "  fleetsim load morning_rush --vehicles 3000\n"
    "  fleetsim load ota_wave --param by=https --param size=1000000\n"
    "  fleetsim load --vehicles 2000 --search 'command.total p99 < 500ms'\n"
    "  fleetsim load --vehicles 20000 --search 'connect.total p99 < 5s' --search-for vehicles\n"
    "  fleetsim load my/profile.lua --cloud /tmp/cloud\n"
    "  fleetsim load --vehicles 20000 --shards 4                   four processes here\n"
    "  srun -n 8 fleetsim load --vehicles 80000 --seed 1 --endpoint … --pki …     eight, "
    "anywhere\n";

static const struct command_spec command = {
    .name = "fleetsim load",
    .arguments = "[PROFILE]",
    .summary =
        "Lets a fleet come, sends commands (and telemetry) at a stated rate whatever becomes of\n"
        "them, and measures. PROFILE is a Lua file, or one that ships (scenarios/load/) by its\n"
        "name; without one the load is steady. Without --cloud or --endpoint it starts a local\n"
        "cloud of its own. Exit status 6: the simulator could not keep up. docs/load.md.",
    .options = options,
    .examples = examples,
};

static bool wrong(const char *option, const char *text, const char *expected, struct error *err)
{
    return error_set(err, ERROR_USAGE, "--%s %s: not valid (expected %s)", option, text, expected);
}

static bool take_rates(const struct load_words *w, struct load_flags *f, struct error *err)
{
    const struct {
        const char *option, *text;
        double *to;
    } rates[] = {
        {"commands",          w->commands,          &f->commands         },
        {"telemetry",         w->telemetry,         &f->telemetry        },
        {"telemetry-per-car", w->telemetry_per_car, &f->telemetry_per_car},
        {"probe-rate",        w->probe_rate,        &f->probe_rate       },
    };

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (rates[i].text != NULL && !rate_parse(rates[i].text, rates[i].to))
            return wrong(rates[i].option, rates[i].text, "a rate, as 100/s or 60/min", err);
    return true;
}

static bool take_choices(const struct load_words *w, struct load_flags *f, struct error *err)
{
    enum arrivals_process process;
    enum load_way way;

    f->process = w->arrivals;
    f->way = w->by;
    if (w->arrivals != NULL && !arrivals_process_parse(w->arrivals, &process))
        return wrong("arrivals", w->arrivals, "constant or poisson", err);
    if (w->by != NULL && !load_way_parse(w->by, &way))
        return wrong("by", w->by, "request or shadow", err);
    if (w->ramp != NULL && !load_ramp_parse(w->ramp, &f->ramp))
        return wrong("ramp", w->ramp, "60s, steps:5x30s or spread:60s", err);
    return (w->models == NULL || mix_parse(w->models, "--mix", &f->models, err)) &&
           (w->kinds == NULL || mix_parse(w->kinds, "--command", &f->kinds, err));
}

static bool take_event(const struct load_words *w, struct load_flags *f, struct error *err)
{
    /* ORDER LOAD_EVENT */
    static const char *const names[LOAD_EVENT_KIND_COUNT] = {"", "burst", "storm", "outage"};

    for (unsigned i = 0; i < LOAD_EVENT_KIND_COUNT; i++) {
        if (w->events[i] == NULL)
            continue;
        if (f->event.kind != LOAD_EVENT_NONE)
            return error_set(err, ERROR_USAGE,
                             "--%s: only one of --burst, --storm and --outage (a profile can have "
                             "more)",
                             names[i]);
        if (!load_event_parse((enum load_event_kind)i, w->events[i], &f->event))
            return wrong(names[i], w->events[i],
                         i == LOAD_EVENT_BURST ? "a rate and a time, as 5000/s:10s"
                                               : "a share and a time, as 50%:30s",
                         err);
    }
    return true;
}

static bool take_search(const struct load_words *w, struct load_flags *f, struct error *err)
{
    struct load_search *s = &f->search;

    s->wanted = w->search != NULL;
    if (!s->wanted && (w->search_for != NULL || w->search_from != NULL || w->search_most != NULL))
        return error_set(err, ERROR_USAGE,
                         "--search-for, --search-from, --search-most: with --search EXPR only");
    if (!s->wanted)
        return true;
    if (f->event.kind != LOAD_EVENT_NONE)
        return error_set(err, ERROR_USAGE, "--search: not with --burst, --storm or --outage");
    if (!limit_parse(w->search, &s->limit, err))
        return error_prefix(err, "--search");
    if (w->search_for != NULL && !search_what_parse(w->search_for, &s->what))
        return wrong("search-for", w->search_for, "commands or vehicles", err);
    if (w->search_from != NULL && (!rate_parse(w->search_from, &s->from) || s->from <= 0))
        return wrong("search-from", w->search_from, "a rate, or a number of cars", err);
    if (w->search_most != NULL && (!rate_parse(w->search_most, &s->most) || s->most <= 0))
        return wrong("search-most", w->search_most, "a rate, or a number of cars", err);
    return true;
}

static double seconds_of(usec_t time)
{
    return time == NOT_GIVEN ? -1 : (double)time / 1e6;
}

static int64_t count_of(uint64_t n)
{
    return n == NOT_GIVEN ? -1 : n > INT32_MAX ? INT32_MAX : (int64_t)n;
}

static bool take_words(const struct load_words *w, struct load_flags *f, struct error *err)
{
    if (!take_rates(w, f, err) || !take_choices(w, f, err) || !take_event(w, f, err))
        return false;
    if (!take_search(w, f, err))
        return false;
    f->search.step = seconds_of(w->step);
    f->search.settle = seconds_of(w->settle);
    f->warm_up = seconds_of(w->warm_up);
    f->duration = seconds_of(w->duration);
    f->patience = seconds_of(w->patience);
    f->apps = count_of(w->apps);
    f->in_flight = count_of(w->in_flight);
    f->probes = count_of(w->probes);
    f->telemetry_size = count_of(w->telemetry_size);
    if (w->lag_budget != NOT_GIVEN)
        f->budget.lag = w->lag_budget;
    if (w->lateness_budget != NOT_GIVEN)
        f->budget.lateness = w->lateness_budget;
    if (w->task_budget != NOT_GIVEN)
        f->budget.tasks = w->task_budget;
    if (f->duration == 0)
        return error_set(err, ERROR_USAGE, "--duration 0: nothing would be measured");
    return true;
}

/* Its steps depend on what came of those before, which no shard knows of the others. */
static void refuse_shared_search(const struct run_settings *s, struct error *err)
{
    error_set(err, ERROR_USAGE,
              "--search: not with %s: one process alone can step. Search with one, or bracket the "
              "result by hand: the load with %s and --limit '%s', once for each --%s",
              s->shard.source != NULL ? s->shard.source : "--shards",
              s->shard.source != NULL ? "all shards" : "--shards", load.search.limit.expression,
              load.search.what == SEARCH_VEHICLES ? "vehicles" : "commands");
}

int cmd_load(int argc, char **argv)
{
    struct run_settings *settings = &o.settings;
    struct error err;
    int first, status;

    if (!options_take(&command, argc, argv, &first, &status))
        return status;
    if (argc - first > 1) {
        error_set(&err, ERROR_USAGE, "%s: one profile at a time", argv[first + 1]);
        return options_fail(&err);
    }
    const char *name = argc > first ? argv[first] : PROFILE_DEFAULT;
    char *profile = paths_load_profile(name);
    if (profile == NULL) {
        error_set(&err, ERROR_USAGE, "%s: no such load profile (see scenarios/load/)", name);
        return options_fail(&err);
    }
    /* Watching each car costs as much as it does: what is measured is the cloud. */
    if (settings->oracle == NULL)
        settings->oracle = "off";
    bool seeded = settings->seed != 0;
    if (!take_words(&words, &load, &err) || !run_options_check(&o, &err) ||
        !shard_options_apply(&shard, settings, seeded, &err)) {
        free(profile);
        return options_fail(&err);
    }
    if (load.search.wanted && (shard.shards > 1 || settings->shard.count > 1)) {
        refuse_shared_search(settings, &err);
        free(profile);
        return options_fail(&err);
    }
    settings->load = &load;
    char *found = run_options_find_models(&o);
    char *line = facts_command_line(argc, argv);
    settings->command_line = line;
    settings->options = options;
    char *paths[] = {profile, NULL};
    status = shard.shards > 1 ? shards_run(settings, (uint32_t)shard.shards, argc, argv)
                              : run_scenarios(settings, paths, 1);
    run_options_done(&o);
    free(line);
    free(found);
    free(profile);
    return status;
}
