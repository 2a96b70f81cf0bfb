#include "cli/cmd_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/xmem.h"
#include "cli/cloud_command.h"

#define WORDS_MAX 100
#define NAMES_MAX 10000

/* ---- things ---- */

static void print_names(const cJSON *list, char separator)
{
    const cJSON *name;
    bool first = true;

    cJSON_ArrayForEach(name, list)
    {
        printf("%s%s",
               first              ? ""
               : separator == ',' ? ","
                                  : " ",
               cJSON_IsString(name) ? name->valuestring : "?");
        first = false;
    }
    if (first)
        putchar('-');
}

static void print_attributes(const cJSON *attributes)
{
    const cJSON *a;

    cJSON_ArrayForEach(a, attributes)
        printf("  %s=%s", a->string, cJSON_IsString(a) ? a->valuestring : "?");
}

/* Since when it is connected, or not. */
static void print_connectivity(const cJSON *c)
{
    char when[32] = "-";
    time_t at = (time_t)(json_num(c, "timestamp", 0) / 1000);
    struct tm parts;

    if (at != 0 && gmtime_r(&at, &parts) != NULL)
        strftime(when, sizeof when, "%F %T", &parts);
    printf("%-9s  %-19s", cJSON_IsTrue(json_get(c, "connected")) ? "connected" : "-", when);
}

static void print_things(const cJSON *list)
{
    const cJSON *thing;

    printf("%-24s  %-9s  %-19s  %-16s  %s\n", "thing", "link", "since (UTC)", "type", "groups");
    cJSON_ArrayForEach(thing, list)
    {
        printf("%-24s  ", json_str(thing, "thingName", "?"));
        print_connectivity(json_get(thing, "connectivity"));
        printf("  %-16s  ", json_str(thing, "thingTypeName", "-"));
        print_names(json_get(thing, "thingGroupNames"), ',');
        print_attributes(json_get(thing, "attributes"));
        putchar('\n');
    }
    printf("%d things\n", cJSON_GetArraySize(list));
}

/* The words of a query as one, so that it needs no quotes where the shell leaves it alone. */
static char *join(int argc, char **argv)
{
    char *query = xstrdup(argc > 0 ? argv[0] : "*");

    for (int i = 1; i < argc; i++) {
        char *longer = xasprintf("%s %s", query, argv[i]);
        free(query);
        query = longer;
    }
    return query;
}

static void print_count(const cJSON *answer)
{
    printf("%.0f\n", json_num(answer, "count", 0));
}

bool cmd_things_is_query(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return false;
    return *word == '-' || strpbrk(word, ":<>*?()\" ") != NULL || strcmp(word, "NOT") == 0;
}

int cmd_things(int argc, char **argv)
{
    bool json = false, count = false;
    const struct option_spec options[] = {
        {"count",      'c', OPTION_FLAG, &count, NULL, "how many alone"},
        {"json", 0, OPTION_FLAG, &json, NULL, "for programs; with shadows"},
        {0       }
    };
    struct cloud_command c = {
        .name = "fleetsim cloud things",
        .arguments = "[QUERY]",
        .summary = "Lists the things that match a query of the fleet index: all, if there is none.",
        .examples =
            "  fleetsim cloud things --dir lab\n"
            "  fleetsim cloud things --dir lab 'connectivity.connected:false'\n"
            "  fleetsim cloud things --dir lab 'shadow.reported.battery.state_of_charge<20 NOT "
            "thingGroupNames:recalled'\n",
        .most = WORDS_MAX,
        .options = options};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    char *query = join(c.count, c.words);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "queryString", query);
    free(query);
    if (count)
        return cloud_show(&c, cloud_call(&c, document, "index/count"), print_count);
    c.json = json;
    cJSON_AddBoolToObject(document, "shadow", json);
    return cloud_show(&c, cloud_list(&c, document, "things", "index/search"), print_things);
}

/* ---- groups ---- */

static int group_cmd_create(int argc, char **argv)
{
    const char *parent = NULL, *query = NULL;
    // clang-format off
    const struct option_spec options[] = {
        {"parent", 0, OPTION_STRING, &parent, "GROUP", "of which it becomes a child"},
        {"query", 0, OPTION_STRING, &query, "QUERY", "a dynamic group, of all things that match"},
        {0},
    };
    // clang-format on
    struct cloud_command c = {.name = "fleetsim cloud group create",
                              .arguments = "GROUP",
                              .summary = "Creates a thing group.",
                              .examples = "  fleetsim cloud group create --dir lab recalled\n"
                                          "  fleetsim cloud group create --dir lab low --query "
                                          "'shadow.reported.battery.state_of_charge<20'\n",
                              .least = 1,
                              .most = 1,
                              .options = options};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    cJSON *document = cJSON_CreateObject();
    if (parent != NULL)
        cJSON_AddStringToObject(document, "parentGroupName", parent);
    if (query != NULL)
        cJSON_AddStringToObject(document, "queryString", query);
    return cloud_end(&c, cloud_call(&c, document, "groups/%s/create", c.words[0]));
}

static int group_cmd_delete(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim cloud group delete",
                              .arguments = "GROUP",
                              .summary = "Deletes a thing group that has no children.",
                              .examples = "  fleetsim cloud group delete --dir lab recalled\n",
                              .least = 1,
                              .most = 1};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_end(&c, cloud_call(&c, NULL, "groups/%s/delete", c.words[0]));
}

static void print_groups(const cJSON *answer)
{
    const cJSON *group;

    printf("%-24s  %-16s  %6s  %-24s  %s\n", "group", "parent", "things", "policies", "query");
    cJSON_ArrayForEach(group, json_get(answer, "thingGroups"))
    {
        printf("%-24s  %-16s  %6.0f  ", json_str(group, "thingGroupName", "?"),
               json_str(group, "parentGroupName", "-"), json_num(group, "things", 0));
        print_names(json_get(group, "policies"), ',');
        printf("  %s\n", json_str(group, "queryString", ""));
    }
}

static int group_cmd_list(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim cloud group list",
                              .arguments = "",
                              .summary = "Lists thing groups.",
                              .examples = "  fleetsim cloud group list --dir lab\n",
                              .lists = true};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_show(&c, cloud_call(&c, NULL, "groups/list"), print_groups);
}

static void print_members(const cJSON *list)
{
    const cJSON *name;

    cJSON_ArrayForEach(name, list) puts(cJSON_IsString(name) ? name->valuestring : "?");
}

static int group_cmd_things(int argc, char **argv)
{
    bool recursive = false;
    const struct option_spec options[] = {
        {"recursive",  'r', OPTION_FLAG, &recursive, NULL, "those of its descendants, too"},
        {0}
    };
    struct cloud_command c = {.name = "fleetsim cloud group things",
                              .arguments = "GROUP",
                              .summary = "Lists the things of a group, a line for each.",
                              .examples = "  fleetsim cloud group things --dir lab recalled\n",
                              .least = 1,
                              .most = 1,
                              .options = options};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "recursive", recursive);
    return cloud_show(&c, cloud_list(&c, document, "things", "groups/%s/things", c.words[0]),
                      print_members);
}

/* Adds or removes. */
static int change(struct cloud_command *c, const char *verb, int argc, char **argv)
{
    const char *query = NULL;
    const struct option_spec options[] = {
        {"query",        0, OPTION_STRING, &query, "QUERY", "all things that match now, instead of names"},
        {0}
    };

    c->arguments = "GROUP [THING…]";
    c->least = 1;
    c->most = NAMES_MAX;
    c->options = options;
    if (!cloud_begin(c, argc, argv))
        return c->status;
    cJSON *document = cJSON_CreateObject();
    if (query != NULL)
        cJSON_AddStringToObject(document, "queryString", query);
    else
        cJSON_AddItemToObject(
            document, "things",
            cJSON_CreateStringArray((const char *const *)c->words + 1, c->count - 1));
    return cloud_end(c, cloud_call(c, document, "groups/%s/%s", c->words[0], verb));
}

static int group_cmd_add(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud group add",
        .summary = "Puts things into a group.",
        .examples = "  fleetsim cloud group add --dir lab recalled FLT1A0000RA000017\n"
                    "  fleetsim cloud group add --dir lab recalled --query "
                    "'attributes.model:compact*'\n"};

    return change(&c, "add", argc, argv);
}

static int group_cmd_remove(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud group remove",
        .summary = "Takes things out of a group.",
        .examples = "  fleetsim cloud group remove --dir lab recalled FLT1A0000RA000017\n"
                    "  fleetsim cloud group remove --dir lab recalled --query "
                    "'attributes.model:compact*'\n"};

    return change(&c, "remove", argc, argv);
}

int cmd_group(int argc, char **argv)
{
    static const struct cloud_subcommand subcommands[] = {
        {"create",                             group_cmd_create, "create a group, static or dynamic"},
        {"list", group_cmd_list, "list groups"},
        {"things",                               group_cmd_things, "list the things of a group"},
        {"add",                       group_cmd_add, "put things into a group"},
        {"remove",                             group_cmd_remove, "take things out of a group"},
        {"delete",        group_cmd_delete, "delete a group"},
        {0                               }
    };

    return cloud_dispatch(
        "cloud group",
        "Thing groups of the local cloud that fleetsim cloud --dir DIR runs; policies and jobs\n"
        "may be for a group (docs/fleet-index.md).",
        "  fleetsim cloud group create --dir lab recalled\n"
        "  fleetsim cloud group add --dir lab recalled --query 'attributes.model:compact*'\n"
        "  fleetsim cloud policy attach --dir lab quarantine group/recalled\n",
        subcommands, argc, argv);
}
