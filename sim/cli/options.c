#include "cli/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/timeunit.h"

#define MAX_OPTIONS     128
#define OPTION_TEXT_MAX ((size_t)64 * 1024)

/* getopt_long() returns this plus the table index for options without a letter. */
#define FIRST_LONG 256

static bool parse_number(const char *text, uint64_t *ret)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    uint64_t factor = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : 1;
    if (factor != 1)
        end++;
    if (errno != 0 || *end != '\0' || value > UINT64_MAX / factor)
        return false;
    *ret = value * factor;
    return true;
}

static bool parse_real(const char *text, double *ret)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

static const char *expected(enum option_kind kind)
{
    static const char *const words[OPTION_KIND_COUNT] = {
        "1 or 0",
        "text",
        "text",
        "a whole number such as 200 or 10k",
        "a number",
        "a duration such as 30s or 1h30m",
        "fewer repetitions",
    };
    return kind < OPTION_KIND_COUNT ? words[kind] : "";
}

static bool store_flag(bool *target, const char *text)
{
    if (text == NULL || strcmp(text, "1") == 0 || strcmp(text, "true") == 0)
        *target = true;
    else if (strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
        *target = false;
    else
        return false;
    return true;
}

static bool store_list(struct option_list *list, const char *text)
{
    if (list->count == sizeof list->items / sizeof *list->items)
        return false;
    list->items[list->count++] = text;
    return true;
}

static bool store(const struct option_spec *spec, const char *text)
{
    switch (spec->kind) {
    case OPTION_FLAG:
        return store_flag(spec->target, text);
    case OPTION_STRING:
    case OPTION_SECRET:
        *(const char **)spec->target = text;
        return true;
    case OPTION_NUMBER:
        return parse_number(text, spec->target);
    case OPTION_REAL:
        return parse_real(text, spec->target);
    case OPTION_DURATION:
        return duration_parse(text, spec->target);
    case OPTION_LIST:
        return store_list(spec->target, text);
    case OPTION_KIND_COUNT:
        break;
    }
    return false;
}

static bool from_environment(const struct option_spec *spec, struct error *err)
{
    char name[64] = "FLEETSIM_";
    size_t n = strlen(name);

    for (const char *p = spec->name; *p != '\0' && n + 1 < sizeof name; p++)
        name[n++] = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
    name[n] = '\0';
    const char *text = getenv(name);
    if (text == NULL || *text == '\0' || store(spec, text))
        return true;
    return error_set(err, ERROR_USAGE, "%s=%s: not valid (expected %s)", name, text,
                     expected(spec->kind));
}

static void print_option(const struct option_spec *spec)
{
    char left[64];

    snprintf(left, sizeof left, "  %c%c%s --%s%s%s", spec->letter != 0 ? '-' : ' ',
             spec->letter != 0 ? spec->letter : ' ', spec->letter != 0 ? "," : " ", spec->name,
             spec->value_name != NULL ? " " : "", spec->value_name != NULL ? spec->value_name : "");
    printf("%-30s ", left);
    for (const char *p = spec->help; *p != '\0'; p++) {
        putchar(*p);
        if (*p == '\n')
            printf("%31s", "");
    }
    putchar('\n');
}

static void print_help(const struct command_spec *command)
{
    printf("Usage: %s [OPTION]… %s\n\n%s\n\nOptions:\n", command->name, command->arguments,
           command->summary);
    for (const struct option_spec *spec = command->options; spec->name != NULL; spec++)
        print_option(spec);
    printf(
        "      --help                   show this and exit\n"
        "\nEvery option can also be set by the environment: --some-name as FLEETSIM_SOME_NAME.\n");
    if (command->examples != NULL)
        printf("\nExamples:\n%s", command->examples);
}

struct tables {
    struct option longs[MAX_OPTIONS + 2];
    char letters[2 * MAX_OPTIONS + 2];
    size_t count;
};

static void build(const struct option_spec *specs, struct tables *t)
{
    size_t letter = 0;

    memset(t, 0, sizeof *t);
    t->letters[letter++] = ':';
    for (; specs[t->count].name != NULL; t->count++) {
        assert(t->count < MAX_OPTIONS);
        const struct option_spec *spec = &specs[t->count];
        bool takes_value = spec->kind != OPTION_FLAG;
        t->longs[t->count] =
            (struct option){spec->name, takes_value ? required_argument : no_argument, NULL,
                            FIRST_LONG + (int)t->count};
        if (spec->letter != 0) {
            t->letters[letter++] = spec->letter;
            if (takes_value)
                t->letters[letter++] = ':';
        }
    }
    t->longs[t->count] = (struct option){"help", no_argument, NULL, FIRST_LONG + MAX_OPTIONS};
}

static const struct option_spec *find(const struct option_spec *specs, int code)
{
    if (code >= FIRST_LONG)
        return &specs[code - FIRST_LONG];
    for (; specs->name != NULL; specs++)
        if (specs->letter == code)
            return specs;
    return NULL;
}

static enum options_result bad(const struct command_spec *command, struct error *err,
                               const char *what, const char *why)
{
    error_set(err, ERROR_USAGE, "%s: %s (try `%s --help`)", what, why, command->name);
    return OPTIONS_BAD;
}

/* getopt_long() returned '?': an option that there is not, or a value for one that takes none. */
static enum options_result unknown(const struct command_spec *command, char **argv,
                                   struct error *err)
{
    char letter[3] = {'-', (char)optopt, '\0'};

    if (optopt >= FIRST_LONG)
        return bad(command, err, argv[optind - 1], "takes no value");
    return bad(command, err, optopt != 0 ? letter : argv[optind - 1], "unknown option");
}

enum options_result options_parse(const struct command_spec *command, int argc, char **argv,
                                  int *ret_first, struct error *err)
{
    struct tables t;
    bool given[MAX_OPTIONS] = {false};
    int code;

    build(command->options, &t);
    optind = 0;
    opterr = 0;
    for (;;) {
        code = getopt_long(argc, argv, t.letters, t.longs, NULL);
        if (code == -1)
            break;
        if (code == FIRST_LONG + MAX_OPTIONS) {
            print_help(command);
            return OPTIONS_HELP_SHOWN;
        }
        if (code == '?')
            return unknown(command, argv, err);
        if (code == ':')
            return bad(command, err, argv[optind - 1], "needs a value");
        const struct option_spec *spec = find(command->options, code);
        if (spec == NULL)
            continue;
        given[spec - command->options] = true;
        if (!store(spec, optarg)) {
            error_set(err, ERROR_USAGE, "--%s %s: not valid (expected %s)", spec->name,
                      optarg != NULL ? optarg : "", expected(spec->kind));
            return OPTIONS_BAD;
        }
    }
    /* What the command line says need not be right in the environment. */
    for (size_t i = 0; i < t.count; i++)
        if (!given[i] && !from_environment(&command->options[i], err))
            return OPTIONS_BAD;
    *ret_first = optind;
    return OPTIONS_OK;
}

static void put_list(const struct option_list *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", list->items[i]);
}

static void put_option(const struct option_spec *spec, struct buf *out)
{
    char text[32];

    switch (spec->kind) {
    case OPTION_FLAG:
        if (*(const bool *)spec->target)
            buf_append_str(out, "yes");
        return;
    case OPTION_STRING:
        if (*(const char *const *)spec->target != NULL)
            buf_append_str(out, *(const char *const *)spec->target);
        return;
    case OPTION_NUMBER:
        if (*(const uint64_t *)spec->target != 0 && *(const uint64_t *)spec->target != UINT64_MAX)
            buf_printf(out, "%" PRIu64, *(const uint64_t *)spec->target);
        return;
    case OPTION_REAL:
        buf_printf(out, "%.9g", *(const double *)spec->target);
        return;
    case OPTION_DURATION:
        if (*(const usec_t *)spec->target == 0 || *(const usec_t *)spec->target == UINT64_MAX)
            return;
        duration_human((double)*(const usec_t *)spec->target, text, sizeof text);
        buf_append_str(out, text);
        return;
    case OPTION_LIST:
        put_list(spec->target, out);
        return;
    case OPTION_SECRET:
    case OPTION_KIND_COUNT:
        return;
    }
}

cJSON *options_json(const struct option_spec *options)
{
    cJSON *object = cJSON_CreateObject();

    for (; options->name != NULL; options++) {
        struct buf text;
        buf_init(&text, OPTION_TEXT_MAX);
        put_option(options, &text);
        if (buf_len(&text) > 0)
            cJSON_AddStringToObject(object, options->name,
                                    json_is_utf8(buf_slice(&text)) ? buf_cstr(&text)
                                                                   : "(not UTF-8)");
        buf_done(&text);
    }
    return object;
}

bool options_take(const struct command_spec *command, int argc, char **argv, int *ret_first,
                  int *ret_status)
{
    struct error err;
    int first = 0;
    enum options_result result = options_parse(command, argc, argv, &first, &err);

    if (result == OPTIONS_OK && ret_first == NULL && first < argc) {
        error_set(&err, ERROR_USAGE, "%s: not an option (try --help)", argv[first]);
        result = OPTIONS_BAD;
    }
    if (ret_first != NULL)
        *ret_first = first;
    *ret_status = result == OPTIONS_BAD ? options_fail(&err) : 0;
    return result == OPTIONS_OK;
}

int options_fail(const struct error *err)
{
    fprintf(stderr, "fleetsim: %s\n", err->text);
    return (int)err->code;
}
