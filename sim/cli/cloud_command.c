#include "cli/cloud_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "cli/cloud_talk.h"

#define TEXT_MAX ((size_t)1 << 20)

static void print_help(const char *of, const char *introduction, const char *examples,
                       const struct cloud_subcommand *subcommands)
{
    printf("Usage: fleetsim %s COMMAND [OPTION]…\n\n%s\n\nCommands:\n", of, introduction);
    for (const struct cloud_subcommand *s = subcommands; s->name != NULL; s++)
        printf("  %-8s %s\n", s->name, s->help);
    printf("\nExamples:\n%s\n`fleetsim %s COMMAND --help` explains each.\n", examples, of);
}

int cloud_dispatch(const char *of, const char *introduction, const char *examples,
                   const struct cloud_subcommand *subcommands, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    struct error err;

    for (const struct cloud_subcommand *s = subcommands; name != NULL && s->name != NULL; s++)
        if (strcmp(s->name, name) == 0)
            return s->run(argc - 1, argv + 1);
    if (name != NULL &&
        (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)) {
        print_help(of, introduction, examples, subcommands);
        return 0;
    }
    error_set(&err, ERROR_USAGE, "%s: %s%s (try `fleetsim %s --help`)", of,
              name != NULL ? "no such command: " : "no command given", name != NULL ? name : "",
              of);
    return options_fail(&err);
}

/* ---- beginning ---- */

/* --dir, perhaps --json, then its own. */
static void fill_options(struct cloud_command *c, struct option_spec ret[CLOUD_OPTIONS_MAX + 2])
{
    size_t n = 0;

    ret[n++] = (struct option_spec){"dir",   'd',   OPTION_STRING,
                                    &c->dir, "DIR", "of the cloud: what fleetsim cloud --dir has"};
    for (const struct option_spec *o = c->options; o != NULL && o->name != NULL; o++)
        ret[n++] = *o;
    if (c->lists)
        ret[n++] = (struct option_spec){"json", 0, OPTION_FLAG, &c->json, NULL, "for programs"};
    ret[n] = (struct option_spec){0};
}

static bool check(const struct cloud_command *c, struct error *err)
{
    const char *name = c->name + strlen("fleetsim ");
    bool anywhere = c->instead != NULL && *c->instead != NULL;

    if (c->count < c->least || c->count > c->most)
        return error_set(err, ERROR_USAGE, "%s: %s (usage: %s [OPTION]… %s%s%s)", name,
                         c->count < c->least ? "something is missing" : "too many words", c->name,
                         c->arguments, c->hint != NULL ? "; " : "", c->hint != NULL ? c->hint : "");
    return anywhere || (c->dir != NULL && *c->dir != '\0') ||
           error_set(err, ERROR_USAGE, "%s: no directory given (give --dir DIR)", name);
}

bool cloud_begin(struct cloud_command *c, int argc, char **argv)
{
    struct option_spec options[CLOUD_OPTIONS_MAX + 2];
    const struct command_spec spec = {c->name, c->arguments, c->summary, options, c->examples};
    struct error err;
    int first = 0;

    fill_options(c, options);
    enum options_result result = options_parse(&spec, argc, argv, &first, &err);
    c->words = argv + first;
    c->count = argc - first;
    c->status = 0;
    if (result == OPTIONS_HELP_SHOWN)
        return false;
    if (result == OPTIONS_OK && check(c, &err))
        return true;
    cloud_fail(c, &err);
    return false;
}

/* ---- asking ---- */

int cloud_fail(struct cloud_command *c, const struct error *err)
{
    c->status = options_fail(err);
    return c->status;
}

static char *topic_of(const char *fmt, va_list ap)
{
    char *rest = xvasprintf(fmt, ap);
    char *topic = xasprintf("fleetsim/%s", rest);

    free(rest);
    return topic;
}

cJSON *cloud_call(struct cloud_command *c, cJSON *document, const char *topic, ...)
{
    struct error err;
    va_list ap;

    va_start(ap, topic);
    char *whole = topic_of(topic, ap);
    va_end(ap);
    cJSON *answer = cloud_talk(c->dir, whole, document, &err);
    free(whole);
    if (answer == NULL)
        cloud_fail(c, &err);
    return answer;
}

cJSON *cloud_list(struct cloud_command *c, cJSON *document, const char *member, const char *topic,
                  ...)
{
    struct error err;
    va_list ap;

    va_start(ap, topic);
    char *whole = topic_of(topic, ap);
    va_end(ap);
    cJSON *list = cloud_talk_list(c->dir, whole, document, member, &err);
    free(whole);
    cJSON_Delete(document);
    if (list == NULL)
        cloud_fail(c, &err);
    return list;
}

/* ---- ending ---- */

int cloud_end(struct cloud_command *c, cJSON *answer)
{
    cJSON_Delete(answer);
    return c->status;
}

static void print_json(const cJSON *json)
{
    char *text = cJSON_Print(json);

    puts(text != NULL ? text : "null");
    cJSON_free(text);
}

int cloud_show(struct cloud_command *c, cJSON *answer, void (*print)(const cJSON *answer))
{
    if (answer != NULL && c->json)
        print_json(answer);
    else if (answer != NULL)
        print(answer);
    return cloud_end(c, answer);
}

int cloud_show_member(struct cloud_command *c, cJSON *answer, const char *member)
{
    if (answer != NULL)
        print_json(json_get(answer, member));
    return cloud_end(c, answer);
}

/* ---- files ---- */

char *cloud_read_text(const char *path, struct error *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "re");
    char *text = xmalloc(TEXT_MAX + 1);
    size_t len = f != NULL ? fread(text, 1, TEXT_MAX, f) : 0;
    bool ok = f != NULL && ferror(f) == 0;

    if (!ok)
        error_set(err, ERROR_USAGE, "%s: %s (give a file that exists, or - for the standard input)",
                  path, strerror(errno));
    if (f != NULL && !standard)
        fclose(f);
    text[len] = '\0';
    if (ok)
        return text;
    free(text);
    return NULL;
}
