#include "cli/cmd_fleetwise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cloud_command.h"

#define DEPTH 64

/* Of fleetwise/<kind>s/…; false: there is no such kind. */
static bool check_kind(struct cloud_command *c)
{
    static const char *const kinds[] = {"campaign", "manifest", "template"};
    struct error err;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], c->words[0]) == 0)
            return true;
    error_set(&err, ERROR_USAGE, "%s: no such kind (campaign, manifest or template)", c->words[0]);
    cloud_fail(c, &err);
    return false;
}

static cJSON *ask(struct cloud_command *c, const char *verb, cJSON *document)
{
    return cloud_call(c, document, "fleetwise/%ss/%s/%s", c->words[0], c->words[1], verb);
}

static cJSON *read_document(const char *path, struct error *err)
{
    char *text = cloud_read_text(path, err);
    cJSON *document = text != NULL ? json_parse(slice_str(text), DEPTH) : NULL;

    if (text != NULL && document == NULL)
        error_set(err, ERROR_USAGE, "%s: not JSON (docs/fleetwise.md says what it is)", path);
    free(text);
    return document;
}

static int fleetwise_cmd_put(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud fleetwise put",
        .arguments = "KIND NAME FILE",
        .summary = "Gives the cloud a campaign, a manifest or a template, in the place of the one "
                   "of that\n"
                   "name, from a file of JSON (-: the standard input; docs/fleetwise.md).",
        .examples = "  fleetsim cloud fleetwise put --dir lab manifest m-1 manifest.json\n"
                    "  fleetsim cloud fleetwise put --dir lab campaign charge campaign.json\n",
        .least = 3,
        .most = 3};
    struct error err;

    if (!cloud_begin(&c, argc, argv) || !check_kind(&c))
        return c.status;
    cJSON *document = read_document(c.words[2], &err);
    if (document == NULL)
        return cloud_fail(&c, &err);
    cJSON *answer = ask(&c, "put", document);
    if (answer != NULL)
        printf("%s: cars have it from their next check-in\n", c.words[1]);
    return cloud_end(&c, answer);
}

static void print_names(const cJSON *answer)
{
    const cJSON *name;

    cJSON_ArrayForEach(name, json_get(answer, "names")) puts(name->valuestring);
}

static int fleetwise_cmd_list(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim cloud fleetwise list",
                              .arguments = "KIND",
                              .summary = "Lists the names of campaigns, manifests or templates.",
                              .examples = "  fleetsim cloud fleetwise list --dir lab campaign\n",
                              .least = 1,
                              .most = 1};

    if (!cloud_begin(&c, argc, argv) || !check_kind(&c))
        return c.status;
    return cloud_show(&c, cloud_call(&c, NULL, "fleetwise/%ss/list", c.words[0]), print_names);
}

static int fleetwise_cmd_get(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim cloud fleetwise get",
                              .arguments = "KIND NAME",
                              .summary = "Prints one as JSON.",
                              .examples =
                                  "  fleetsim cloud fleetwise get --dir lab campaign charge\n",
                              .least = 2,
                              .most = 2};

    if (!cloud_begin(&c, argc, argv) || !check_kind(&c))
        return c.status;
    return cloud_show_member(&c, ask(&c, "get", NULL), "document");
}

static int fleetwise_cmd_delete(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud fleetwise delete",
        .arguments = "KIND NAME",
        .summary = "Forgets one; cars lose a campaign or a template at their next check-in.",
        .examples = "  fleetsim cloud fleetwise delete --dir lab campaign charge\n",
        .least = 2,
        .most = 2};

    if (!cloud_begin(&c, argc, argv) || !check_kind(&c))
        return c.status;
    return cloud_end(&c, ask(&c, "delete", NULL));
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
