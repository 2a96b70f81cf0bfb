#include "cli/cmd_fleetwise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "cli/cloud_ask.h"

#define WHAT  "fleetwise"
#define DEPTH 64

static const int one_word[2] = {1, 1}, two_words[2] = {2, 2}, three_words[2] = {3, 3};

/* Asks fleetwise/<kind>s/<rest>; takes the document. */
static cJSON *ask(const char *dir, const char *kind, const char *rest, cJSON *document,
                  struct error *err)
{
    static const char *const kinds[] = {"campaign", "manifest", "template", NULL};
    const char *const *known = kinds;
    cJSON *answer = NULL;

    while (*known != NULL && strcmp(*known, kind) != 0)
        known++;
    if (*known != NULL) {
        char *call = xasprintf("fleetwise/%ss/%s", kind, rest);
        answer = cloud_ask(dir, WHAT, call, document, err);
        free(call);
    } else {
        cJSON_Delete(document);
        error_set(err, ERROR_USAGE, "%s: no such kind (campaign, manifest or template)", kind);
    }
    return answer;
}

static cJSON *ask_about(const char *dir, const char *const words[2], const char *verb,
                        cJSON *document, struct error *err)
{
    char *rest = xasprintf("%s/%s", words[1], verb);
    cJSON *answer = ask(dir, words[0], rest, document, err);

    free(rest);
    return answer;
}

static int put(const char *dir, const char *const words[2], const char *path)
{
    struct error err;
    char *text = cloud_read_text(path, &err);
    cJSON *document = text != NULL ? json_parse(slice_str(text), DEPTH) : NULL;

    if (text != NULL && document == NULL)
        error_set(&err, ERROR_USAGE, "%s: not JSON (docs/fleetwise.md says what it is)", path);
    free(text);
    if (document == NULL)
        return options_fail(&err);
    cJSON *answer = ask_about(dir, words, "put", document, &err);
    if (answer == NULL)
        return options_fail(&err);
    printf("%s: cars have it from their next check-in\n", words[1]);
    cJSON_Delete(answer);
    return 0;
}

static int fleetwise_cmd_put(int argc, char **argv)
{
    const char *dir = NULL;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {
        "fleetsim cloud fleetwise put", "KIND NAME FILE",
        "Gives the cloud a campaign, a manifest or a template, in the place of the one of that\n"
        "name, from a file of JSON (-: the standard input; docs/fleetwise.md).",
        specs,
        "  fleetsim cloud fleetwise put --dir lab manifest m-1 manifest.json\n"
        "  fleetsim cloud fleetwise put --dir lab campaign charge campaign.json\n"};

    if (!cloud_parse(&command, argc, argv, three_words, &first, &status))
        return status;
    const char *const words[2] = {argv[first], argv[first + 1]};
    return put(dir, words, argv[first + 2]);
}

static int fleetwise_cmd_list(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {"fleetsim cloud fleetwise list", "KIND",
                                         "Lists the names of campaigns, manifests or templates.",
                                         specs,
                                         "  fleetsim cloud fleetwise list --dir lab campaign\n"};
    const cJSON *name;

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    cJSON *answer = ask(dir, argv[first], "list", NULL, &err);
    if (answer == NULL)
        return options_fail(&err);
    cJSON_ArrayForEach(name, json_get(answer, "names")) puts(name->valuestring);
    cJSON_Delete(answer);
    return 0;
}

static int fleetwise_cmd_get(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {
        "fleetsim cloud fleetwise get", "KIND NAME", "Prints one as JSON.", specs,
        "  fleetsim cloud fleetwise get --dir lab campaign charge\n"};

    if (!cloud_parse(&command, argc, argv, two_words, &first, &status))
        return status;
    const char *const words[2] = {argv[first], argv[first + 1]};
    cJSON *answer = ask_about(dir, words, "get", NULL, &err);
    if (answer == NULL)
        return options_fail(&err);
    cJSON *document = cJSON_DetachItemFromObject(answer, "document");
    cJSON_Delete(answer);
    return cloud_print_json(document);
}

static int fleetwise_cmd_delete(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {
        "fleetsim cloud fleetwise delete", "KIND NAME",
        "Forgets one; cars lose a campaign or a template at their next check-in.", specs,
        "  fleetsim cloud fleetwise delete --dir lab campaign charge\n"};

    if (!cloud_parse(&command, argc, argv, two_words, &first, &status))
        return status;
    const char *const words[2] = {argv[first], argv[first + 1]};
    cJSON *answer = ask_about(dir, words, "delete", NULL, &err);
    cJSON_Delete(answer);
    return answer != NULL ? 0 : options_fail(&err);
}

int cmd_fleetwise(int argc, char **argv)
{
    static const struct cloud_subcommand subcommands[] = {
        {"put",                                                  fleetwise_cmd_put, "give the cloud a campaign, a manifest or a template"},
        {"list", fleetwise_cmd_list, "list names"},
        {"get",                                                 fleetwise_cmd_get, "print one"},
        {"delete",                                          fleetwise_cmd_delete, "forget one"},
        {0                                                 },
    };

    return cloud_dispatch(
        "cloud fleetwise",
        "FleetWise in the local cloud that fleetsim cloud --dir DIR runs: campaigns, decoder\n"
        "manifests and state templates, which cars get at their check-ins (docs/fleetwise.md).",
        "  fleetsim cloud fleetwise put --dir lab manifest m-1 manifest.json\n"
        "  fleetsim cloud fleetwise put --dir lab campaign charge campaign.json\n"
        "  fleetsim cloud fleetwise list --dir lab campaign\n",
        subcommands, argc, argv);
}
