#include "cli/cmd_check.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "script/check.h"

/* The command line's own state. */
static const char *vehicles_dir;
static bool as_json, strict, quiet;

// clang-format off
static const struct option_spec options[] = {
    {"json", 'j', OPTION_FLAG, &as_json, NULL,
     "one JSON document on stdout: files, errors, warnings, problems"},
    {"strict", 0, OPTION_FLAG, &strict, NULL,
     "warnings fail as well"},
    {"quiet", 'q', OPTION_FLAG, &quiet, NULL,
     "print problems only"},
    {"vehicles-dir", 0, OPTION_STRING, &vehicles_dir, "DIR",
     "where the models are"},
    {0},
};
// clang-format on

static const struct command_spec command = {
    .name = "fleetsim check",
    .arguments = "FILE…",
    .summary =
        "Says what is wrong with scenarios, models and parts (files or folders) before anything\n"
        "runs: syntax, names and options that do not exist, signals that no car of theirs has,\n"
        "values that none can hold, waits that never end. `fleetsim run` does it first.\n"
        "A comment `-- check: ignore` on a line keeps it silent there, `-- check: ignore file` in "
        "a\nwhole file. Exit status: 0 nothing is wrong; 2 something is.",
    .options = options,
    .examples = "  fleetsim check scenarios/ vehicles/\n"
                "  fleetsim check my.lua --json | jq -r '.problems[].text'\n",
};

static void print_line(FILE *to, const struct check_problem *p)
{
    fprintf(to, "%s:%d:%d: %s: %s\n", p->file, p->line, p->column, p->warning ? "warning" : "error",
            p->text);
}

static void on_problem(void *ctx, const struct check_problem *problem)
{
    print_line(ctx, problem);
}

/* ---- JSON ---- */

static void add_problem(void *ctx, const struct check_problem *p)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "file", p->file);
    cJSON_AddNumberToObject(json, "line", p->line);
    cJSON_AddNumberToObject(json, "column", p->column);
    cJSON_AddStringToObject(json, "severity", p->warning ? "warning" : "error");
    cJSON_AddStringToObject(json, "rule", p->rule);
    cJSON_AddStringToObject(json, "text", p->text);
    cJSON_AddItemToArray(ctx, json);
}

static void print_json(cJSON *problems, const struct check_result *result)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddNumberToObject(json, "files", (double)result->files);
    cJSON_AddNumberToObject(json, "errors", (double)result->errors);
    cJSON_AddNumberToObject(json, "warnings", (double)result->warnings);
    cJSON_AddItemToObject(json, "problems", problems);
    char *text = cJSON_Print(json);
    puts(text);
    cJSON_free(text);
    cJSON_Delete(json);
}

/* ---- the command ---- */

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void print_summary(const struct check_result *r)
{
    if (r->errors + r->warnings == 0)
        printf("%zu file%s, nothing wrong\n", r->files, plural(r->files));
    else
        printf("%zu file%s: %zu error%s, %zu warning%s\n", r->files, plural(r->files), r->errors,
               plural(r->errors), r->warnings, plural(r->warnings));
}

static bool check_paths(char **paths, struct check_result *ret, struct error *err)
{
    cJSON *problems = as_json ? cJSON_CreateArray() : NULL;
    struct check_listener listener = {.tell = on_problem, .ctx = stdout};

    if (as_json)
        listener = (struct check_listener){.tell = add_problem, .ctx = problems};
    bool ok = script_check(vehicles_dir, paths, &listener, ret, err);

    if (ok && as_json)
        print_json(problems, ret);
    else if (ok && !quiet)
        print_summary(ret);
    if (!ok)
        cJSON_Delete(problems);
    return ok;
}

int cmd_check(int argc, char **argv)
{
    struct check_result result;
    struct error err;
    int first, status;

    if (!options_take(&command, argc, argv, &first, &status))
        return status;
    if (first == argc) {
        error_set(&err, ERROR_USAGE, "no file given (try `fleetsim check scenarios/ vehicles/`)");
        return options_fail(&err);
    }
    char *found = vehicles_dir == NULL ? paths_vehicles() : NULL;
    if (vehicles_dir == NULL)
        vehicles_dir = found != NULL ? found : "vehicles";
    bool ok = check_paths(argv + first, &result, &err);
    free(found);
    if (!ok)
        return options_fail(&err);
    return result.errors > 0 || (strict && result.warnings > 0) ? ERROR_USAGE : 0;
}

bool check_before_run(const char *dir, char *const *paths, struct error *err)
{
    struct check_listener listener = {.tell = on_problem, .ctx = stderr};
    struct check_result result;

    if (!script_check(dir, paths, &listener, &result, err))
        return false;
    if (result.errors == 0)
        return true;
    return error_set(err, ERROR_SCRIPT,
                     "%zu error%s found before anything ran (--no-check runs all the same)",
                     result.errors, plural(result.errors));
}
