#include "cli/cmd_report_merge.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/limit_options.h"
#include "cli/load_story.h"
#include "cli/options.h"
#include "metrics/limits.h"
#include "metrics/summary_file.h"
#include "metrics/table.h"
#include "report/fleet_merge.h"
#include "report/report.h"
#include "results/merge.h"

#define TEXT_MAX   ((size_t)1 << 20)
#define LOOK_MS    1000
#define TELL_EVERY (30 * USEC_PER_SEC)

/* The command line's own state. */
static const char *out_dir, *name;
static struct option_list limits;
static usec_t wait;

// clang-format off
static const struct option_spec options[] = {
    {"output", 'o', OPTION_STRING, &out_dir, "DIR",
     "the folder of the whole, made if missing"},
    {"name", 0, OPTION_STRING, &name, "NAME",
     "of the whole, in its results (default: that of the runs)"},
    LIMIT_OPTIONS_ROWS(limits),
    {"wait", 0, OPTION_DURATION, &wait, "TIME",
     "until all shards have ended, at most so long; then they are lost"},
    {0},
};
// clang-format on

static const struct command_spec command = {
    .name = "fleetsim report merge",
    .arguments = "DIR…",
    .summary =
        "Adds up the shards of a run, or repetitions of it, to one run with exact percentiles\n"
        "and one verdict: the limits that the runs were given, and those given here, are judged\n"
        "by the whole. DIR is a run's folder, or one that holds several. A shard that is missing\n"
        "or did not end makes the whole invalid (exit status 6).",
    .options = options,
    .examples = "  fleetsim report merge results/nightly -o results/nightly/merged\n"
                "  fleetsim report merge a/ b/ c/ -o all --limit 'command.total p99 < 2s'\n",
};

static void print_parts(const struct merge *m)
{
    size_t count = merge_part_count(m), whole = 0;

    for (size_t i = 0; i < count; i++) {
        struct merge_part p = merge_part_at(m, i);
        whole += p.trouble == NULL;
        if (p.trouble != NULL)
            printf("LOST   %s: %s\n", p.name, p.trouble);
    }
    printf("merged: %zu of %zu run%s whole", whole, count, count == 1 ? "" : "s");
}

/* What the fleet did, of all those that left something. */
static bool save_timeline(const struct merge *m, const char *dir, struct error *err)
{
    size_t count = 0;
    struct fleet_folder *folders = xcalloc(merge_part_count(m), sizeof *folders);

    for (size_t i = 0; i < merge_part_count(m); i++) {
        struct merge_part p = merge_part_at(m, i);
        if (p.dir != NULL)
            folders[count++] = (struct fleet_folder){p.dir, p.later_s};
    }
    bool ok = fleet_merge_folders(folders, count, dir, err);
    free(folders);
    return ok;
}

/* As one process tells it. */
static void tell_load(const char *dir, struct buf *out)
{
    struct error ignored;
    cJSON *summary = summary_read(dir, &ignored);
    const cJSON *load = json_get(summary, "load");

    if (load != NULL) {
        load_story_write(load, 0, out);
        buf_append_str(out, "\n");
    }
    cJSON_Delete(summary);
}

int merge_finish(struct merge *m, const char *dir)
{
    bool colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    struct error err;
    struct buf text;

    if (!merge_save(m, dir, &err))
        return options_fail(&err);
    if (!save_timeline(m, dir, &err) || !report_make(dir, &err))
        log_warn("%s", err.text);
    buf_init(&text, TEXT_MAX);
    table_write(merge_totals(m), colour, &text);
    if (limits_count(merge_limits(m)) > 0) {
        buf_append_str(&text, "\n");
        limits_table(merge_limits(m), colour, &text);
    }
    buf_append_str(&text, "\n");
    tell_load(dir, &text);
    merge_tell_phases(m, &text);
    fputs(buf_cstr(&text), stdout);
    buf_done(&text);
    print_parts(m);
    if (merge_status(m) != 0)
        printf("; %s%s (exit status %d)", merge_status(m) == ERROR_INVALID ? "INVALID: " : "",
               merge_reason(m), merge_status(m));
    printf("\nresults: %s\n", dir);
    return merge_status(m);
}

static bool all_there(const struct merge *m)
{
    for (size_t i = 0; m != NULL && i < merge_part_count(m); i++)
        if (merge_part_at(m, i).exit_status < 0)
            return false;
    return m != NULL;
}

/* As soon as all have ended, or when it is time. */
static struct merge *merge_when_there(const struct merge_options *o, struct error *err)
{
    usec_t began = clock_now(), told = began;
    struct merge *m;

    while (!all_there(m = merge_new(o, err)) && clock_now() - began < wait) {
        if (clock_now() - told > TELL_EVERY) {
            log_info("waiting for the shards to end");
            told = clock_now();
        }
        merge_free(m);
        poll(NULL, 0, LOOK_MS);
    }
    return m;
}

int cmd_report_merge(int argc, char **argv)
{
    struct error err;
    int first, status;

    if (!options_take(&command, argc, argv, &first, &status))
        return status;
    if (first == argc || out_dir == NULL) {
        error_set(&err, ERROR_USAGE, "%s",
                  first == argc ? "no run to merge (name their folders)"
                                : "where to? (give -o DIR, the folder of the whole)");
        return options_fail(&err);
    }
    struct merge *m =
        merge_when_there(&(struct merge_options){.dirs = (const char *const *)argv + first,
                                                 .dir_count = (size_t)(argc - first),
                                                 .name = name,
                                                 .limits = limits.items,
                                                 .limit_count = limits.count},
                         &err);
    status = m != NULL ? merge_finish(m, out_dir) : options_fail(&err);
    merge_free(m);
    return status;
}
