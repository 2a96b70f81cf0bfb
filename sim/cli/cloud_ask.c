#include "cli/cloud_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "cli/job_talk.h"

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

bool cloud_parse(const struct command_spec *command, int argc, char **argv, const int bounds[2],
                 int *ret_first, int *ret_status)
{
    struct error err;
    enum options_result result = options_parse(command, argc, argv, ret_first, &err);
    int given = argc - *ret_first;

    if (result == OPTIONS_HELP_SHOWN) {
        *ret_status = 0;
        return false;
    }
    if (result == OPTIONS_OK && given >= bounds[0] && given <= bounds[1])
        return true;
    if (result == OPTIONS_OK)
        error_set(&err, ERROR_USAGE, "%s: %s (usage: %s [OPTION]… %s)",
                  command->name + strlen("fleetsim "),
                  given < bounds[0] ? "something is missing" : "too many words", command->name,
                  command->arguments);
    *ret_status = options_fail(&err);
    return false;
}

cJSON *cloud_ask(const char *dir, const char *what, const char *call, cJSON *document,
                 struct error *err)
{
    if (dir == NULL || *dir == '\0') {
        cJSON_Delete(document);
        error_set(err, ERROR_USAGE, "%s: no directory given (give --dir DIR)", what);
        return NULL;
    }
    char *topic = xasprintf("fleetsim/%s", call);
    cJSON *answer = job_talk_topic(dir, topic, document, err);
    free(topic);
    return answer;
}

cJSON *cloud_ask_pages(const char *dir, const char *what, const char *call, const char *member,
                       const cJSON *document, struct error *err)
{
    cJSON *all = cJSON_CreateArray();
    cJSON *page = cJSON_Duplicate(document, true);

    while (page != NULL) {
        cJSON *answer = cloud_ask(dir, what, call, page, err);
        const char *next = json_str(answer, "nextToken", NULL);
        cJSON *list = json_get(answer, member);
        if (answer == NULL) {
            cJSON_Delete(all);
            return NULL;
        }
        page = next != NULL ? cJSON_Duplicate(document, true) : NULL;
        if (next != NULL)
            cJSON_AddStringToObject(page, "nextToken", next);
        /* An array's children are moved, not copied. */
        while (list != NULL && list->child != NULL)
            cJSON_AddItemToArray(all, cJSON_DetachItemViaPointer(list, list->child));
        cJSON_Delete(answer);
    }
    return all;
}

int cloud_print_json(cJSON *json)
{
    char *text = cJSON_Print(json);

    puts(text);
    cJSON_free(text);
    cJSON_Delete(json);
    return 0;
}

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
