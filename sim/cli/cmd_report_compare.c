#include "cli/cmd_report_compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/options.h"
#include "results/compare.h"

#define TEXT_MAX ((size_t)1 << 20)

/* The command line's own state. */
static double tolerance = 5, confidence = 95;
static bool json, all;

// clang-format off
static const struct option_spec options[] = {
    {"tolerance", 0, OPTION_REAL, &tolerance, "PERCENT",
     "smaller changes are none (default 5)"},
    {"confidence", 0, OPTION_REAL, &confidence, "PERCENT",
     "that not one of all changes told is chance (default 95)"},
    {"all", 'a', OPTION_FLAG, &all, NULL,
     "print what did not change as well"},
    {"json", 0, OPTION_FLAG, &json, NULL,
     "print a JSON document instead (docs/limits.md)"},
    {0},
};
// clang-format on

static const struct command_spec command = {
    .name = "fleetsim report compare",
    .arguments = "A B",
    .summary =
        "Says what changed from run A to run B beyond noise: percentiles of stages, shares of\n"
        "what failed, limits and scenarios. A and B are folders of runs. Exit status: 0 nothing\n"
        "is worse, 1 something is, 6 one of them is not whole or was invalid.",
    .options = options,
    .examples = "  fleetsim report compare results/monday results/tuesday\n"
                "  fleetsim report compare baseline/ results/now --tolerance 10 --json\n",
};

static bool check(int argc, int first, struct error *err)
{
    if (argc - first != 2)
        return error_set(err, ERROR_USAGE, "two runs to compare, please (A, then B; %d given)",
                         argc - first);
    if (tolerance < 0)
        return error_set(err, ERROR_USAGE, "--tolerance %g: not a percentage", tolerance);
    if (confidence < 50 || confidence >= 100)
        return error_set(err, ERROR_USAGE, "--confidence %g: from 50 to below 100", confidence);
    return true;
}

static void print(const struct comparison *c)
{
    struct buf text;

    if (json) {
        cJSON *document = comparison_json(c);
        char *printed = cJSON_Print(document);
        printf("%s\n", printed);
        free(printed);
        cJSON_Delete(document);
        return;
    }
    buf_init(&text, TEXT_MAX);
    comparison_write(c, all, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL, &text);
    printf("%s", buf_cstr(&text));
    buf_done(&text);
}

int cmd_report_compare(int argc, char **argv)
{
    struct compare_options how;
    struct error err;
    int first, status;

    if (!options_take(&command, argc, argv, &first, &status))
        return status;
    if (!check(argc, first, &err))
        return options_fail(&err);
    how = (struct compare_options){.tolerance = tolerance / 100, .confidence = confidence / 100};
    struct comparison *c = compare_runs(argv[first], argv[first + 1], &how, &err);
    if (c == NULL)
        return options_fail(&err);
    print(c);
    status = c->worse > 0 ? ERROR_FAILED : 0;
    comparison_free(c);
    return status;
}
