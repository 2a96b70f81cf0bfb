#include "cli/cmd_report.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmem.h"
#include "cli/cmd_report_compare.h"
#include "cli/cmd_report_merge.h"
#include "cli/options.h"
#include "report/report.h"

/* The command line's own state. */
static const char *root = "results";

// clang-format off
static const struct option_spec options[] = {
    {"results", 'o', OPTION_STRING, &root, "DIR",
     "where runs leave their results (default results)"},
    {0},
};
// clang-format on

static const struct command_spec command = {
    .name = "fleetsim report",
    .arguments = "[DIR] | merge DIR… -o DIR | compare A B",
    .summary =
        "Makes the page of a run anew, DIR/report.html, and prints its path. DIR is a run's\n"
        "folder; without it, the latest one. `fleetsim report merge --help` adds runs up,\n"
        "`fleetsim report compare --help` says what changed.",
    .options = options,
    .examples = "  fleetsim report\n"
                "  fleetsim report results/20261121T051857Z-run\n",
};

static bool holds_run(const char *dir)
{
    char *path = xasprintf("%s/summary.json", dir);
    bool yes = access(path, R_OK) == 0;

    free(path);
    return yes;
}

/* Names begin with the time in UTC. NULL: there is none. */
static char *latest_run(const char *folder)
{
    DIR *dir = opendir(folder);
    char *best = NULL;

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *path = xasprintf("%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && (best == NULL || strcmp(path, best) > 0) && holds_run(path)) {
            free(best);
            best = path;
        } else {
            free(path);
        }
    }
    if (dir != NULL)
        closedir(dir);
    return best;
}

int cmd_report(int argc, char **argv)
{
    struct error err;
    int first, status;

    if (argc > 1 && strcmp(argv[1], "merge") == 0)
        return cmd_report_merge(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return cmd_report_compare(argc - 1, argv + 1);
    if (!options_take(&command, argc, argv, &first, &status))
        return status;
    if (argc - first > 1) {
        error_set(&err, ERROR_USAGE, "one folder at a time (%s is one too many)", argv[first + 1]);
        return options_fail(&err);
    }
    char *dir = first < argc ? xstrdup(argv[first]) : latest_run(root);
    bool ok = dir != NULL
                  ? report_make(dir, &err)
                  : error_set(&err, ERROR_USAGE,
                              "%s: no run in it (name the folder of one, or --results)", root);
    if (ok)
        printf("%s/" REPORT_FILE "\n", dir);
    free(dir);
    return ok ? 0 : options_fail(&err);
}
