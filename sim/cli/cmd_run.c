#include "cli/cmd_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/facts.h"
#include "cli/run_options.h"
#include "cli/watch.h"
#include "script/runner.h"
#include "script/selection.h"

/* The command line's own state; nothing below reads it but through a pointer. */
static struct run_options o = RUN_OPTIONS_DEFAULT("run");
static bool watch;
static struct option_list tags;

// clang-format off
static const struct option_spec options[] = {
    {"filter", 'f', OPTION_STRING, &o.settings.filter, "TEXT",
     "only scenarios whose name contains TEXT"},
    {"tag", 0, OPTION_LIST, &tags, "TAGS",
     "only scenarios with one of these tags (smoke,shadow), or with none of\nthem ('!slow'); "
     "repeated: all must hold"},
    {"vehicles", 'n', OPTION_NUMBER, &o.settings.vehicles, "N",
     "size of every fleet in the scenarios"},
    {"timeout", 't', OPTION_DURATION, &o.settings.timeout, "TIME",
     "of scenarios that set none themselves (default 30s)"},
    {"jobs", 'j', OPTION_NUMBER, &o.settings.jobs, "N",
     "scenarios that run at once (default 64; in virtual time 8)"},
    {"shuffle", 0, OPTION_FLAG, &o.settings.shuffle, NULL,
     "in an order that follows from the seed, another one each round"},
    {"repeat", 'r', OPTION_NUMBER, &o.settings.repeat, "N",
     "run each scenario N times; round k has the seed + k - 1"},
    {"until-fail", 0, OPTION_FLAG, &o.settings.until_fail, NULL,
     "repeat (at most 1000 times, or --repeat) until one fails"},
    {"retries", 0, OPTION_NUMBER, &o.settings.retries, "N",
     "let what fails try again; what passes then is told as flaky"},
    {"fail-on-flaky", 0, OPTION_FLAG, &o.settings.fail_on_flaky, NULL,
     "exit status 1 for these, too"},
    {"fail-fast", 0, OPTION_FLAG, &o.settings.fail_fast, NULL,
     "after the first that fails begin no other"},
    {"tap", 0, OPTION_STRING, &o.settings.tap, "FILE",
     "write TAP 14 as scenarios end; - for stdout"},
    {"jsonl", 0, OPTION_STRING, &o.settings.jsonl, "FILE",
     "write JSON lines, one for each event; - for stdout"},
    {"no-check", 0, OPTION_FLAG, &o.settings.no_check, NULL,
     "run scripts even if `fleetsim check` finds errors in them"},
    {"list", 'l', OPTION_FLAG, &o.settings.list, NULL,
     "print the scenarios, with their tags, and run none (with --jsonl:\nas JSON lines)"},
    {"watch", 'w', OPTION_FLAG, &watch, NULL,
     "run again whenever a file of theirs is saved, until Ctrl-C"},
    RUN_OPTIONS_ROWS(o),
    {0},
};
// clang-format on

static const char examples[] = "  fleetsim run scenarios/\n"
                               "  fleetsim run scenarios/fleet_unlock.lua --vehicles 1000\n"
                               "  fleetsim run scenarios/ --filter SMS --trace\n"
                               "  fleetsim run scenarios/ --tag smoke --tag '!slow'\n"
                               "  fleetsim run scenarios/language/params.lua --param count=5\n"
                               "  fleetsim run scenarios/ --junit junit.xml --seed 42\n"
                               "  fleetsim run scenarios/fleet_unlock.lua --vehicles 1000 --limit "
                               "'command.total p99 < 2s'\n"
                               "  fleetsim run scenarios/ --cloud /tmp/cloud        a running "
                               "`fleetsim cloud --dir /tmp/cloud`\n";

static const struct command_spec command = {
    .name = "fleetsim run",
    .arguments = "SCENARIO…",
    .summary = "Runs Lua scenarios (files or folders) against simulated cars. Without --cloud or\n"
               "--endpoint it starts a local cloud of its own and ends it afterwards.",
    .options = options,
    .examples = examples,
};

/* One run after the other leaves no results, unless they are asked for. */
static bool check_watch(struct run_settings *s, struct error *err)
{
    bool to_stdout = (s->tap != NULL && strcmp(s->tap, "-") == 0) ||
                     (s->jsonl != NULL && strcmp(s->jsonl, "-") == 0);

    if (watch && (s->list || to_stdout))
        return error_set(err, ERROR_USAGE,
                         "--watch: not with --list, --tap - or --jsonl - (give files)");
    s->no_results = s->no_results || (watch && s->results == NULL);
    return true;
}

#define UNTIL_FAIL_ROUNDS 1000
#define RETRIES_MAX       100

static bool check_rounds(struct run_settings *s, struct error *err)
{
    if (s->repeat > RUNNER_ROUNDS_MAX)
        return error_set(err, ERROR_USAGE, "--repeat %" PRIu64 ": at most %d rounds", s->repeat,
                         RUNNER_ROUNDS_MAX);
    if (s->retries > RETRIES_MAX)
        return error_set(err, ERROR_USAGE, "--retries %" PRIu64 ": at most %d", s->retries,
                         RETRIES_MAX);
    if (s->until_fail && s->repeat == 0)
        s->repeat = UNTIL_FAIL_ROUNDS;
    return true;
}

static bool check_tags(struct run_settings *s, struct error *err)
{
    s->tags = tags.items;
    s->tag_count = tags.count;
    for (size_t i = 0; i < tags.count; i++)
        if (!selection_check(tags.items[i], err))
            return false;
    return true;
}

int cmd_run(int argc, char **argv)
{
    struct error err;
    int first, status;

    if (!options_take(&command, argc, argv, &first, &status))
        return status;
    if (first == argc)
        error_set(&err, ERROR_USAGE, "no scenario given (try `fleetsim run scenarios/`)");
    struct run_settings *settings = &o.settings;
    if (first == argc || !check_watch(settings, &err) || !check_tags(settings, &err) ||
        !check_rounds(settings, &err) || !run_options_check(&o, &err))
        return options_fail(&err);
    char *found = run_options_find_models(&o);
    char *line = facts_command_line(argc, argv);
    settings->command_line = line;
    settings->options = options;
    status = watch ? watch_scenarios(settings, argv + first, argc - first)
                   : run_scenarios(settings, argv + first, argc - first);
    run_options_done(&o);
    free(line);
    free(found);
    return status;
}
