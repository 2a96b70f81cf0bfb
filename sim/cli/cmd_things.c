#include "cli/cmd_things.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/xmem.h"
#include "cli/cloud_ask.h"

static const int no_words[2] = {0, 0}, one_word[2] = {1, 1}, some_words[2] = {0, 100};
static const int one_or_more[2] = {1, 10000};

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

static int print_things(cJSON *list)
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
    cJSON_Delete(list);
    return 0;
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

static int count_things(const char *dir, cJSON *document)
{
    struct error err;
    cJSON *answer = cloud_ask(dir, "things", "index/count", document, &err);

    if (answer == NULL)
        return options_fail(&err);
    printf("%.0f\n", json_num(answer, "count", 0));
    cJSON_Delete(answer);
    return 0;
}

bool cmd_things_is_query(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return false;
    return *word == '-' || strpbrk(word, ":<>*?()\" ") != NULL || strcmp(word, "NOT") == 0;
}

int cmd_things(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false, count = false;
    struct error err;
    int first, status;
    // clang-format off
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(dir),
        {"count", 'c', OPTION_FLAG, &count, NULL, "how many alone"},
        {"json", 0, OPTION_FLAG, &json, NULL, "for programs; with shadows"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim cloud things", "[QUERY]",
        "Lists the things that match a query of the fleet index: all, if there is none.", specs,
        "  fleetsim cloud things --dir lab\n"
        "  fleetsim cloud things --dir lab 'connectivity.connected:false'\n"
        "  fleetsim cloud things --dir lab 'shadow.reported.battery.state_of_charge<20 NOT "
        "thingGroupNames:recalled'\n"};

    if (!cloud_parse(&command, argc, argv, some_words, &first, &status))
        return status;
    char *query = join(argc - first, argv + first);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "queryString", query);
    free(query);
    if (count)
        return count_things(dir, document);
    cJSON_AddBoolToObject(document, "shadow", json);
    cJSON *list = cloud_ask_pages(dir, "things", "index/search", "things", document, &err);
    cJSON_Delete(document);
    if (list == NULL)
        return options_fail(&err);
    return json ? cloud_print_json(list) : print_things(list);
}

/* ---- groups ---- */

/* Asks groups/<name>/<verb>. */
static cJSON *ask(const char *dir, const char *name, const char *verb, cJSON *document,
                  struct error *err)
{
    char *call = xasprintf("groups/%s/%s", name, verb);
    cJSON *answer = cloud_ask(dir, "group", call, document, err);

    free(call);
    return answer;
}

static int done(cJSON *answer, const struct error *err)
{
    cJSON_Delete(answer);
    return answer != NULL ? 0 : options_fail(err);
}

static int group_cmd_create(int argc, char **argv)
{
    const char *dir = NULL, *parent = NULL, *query = NULL;
    struct error err;
    int first, status;
    // clang-format off
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(dir),
        {"parent", 0, OPTION_STRING, &parent, "GROUP", "of which it becomes a child"},
        {"query", 0, OPTION_STRING, &query, "QUERY", "a dynamic group, of all things that match"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {"fleetsim cloud group create", "GROUP",
                                         "Creates a thing group.", specs,
                                         "  fleetsim cloud group create --dir lab recalled\n"
                                         "  fleetsim cloud group create --dir lab low --query "
                                         "'shadow.reported.battery.state_of_charge<20'\n"};

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    cJSON *document = cJSON_CreateObject();
    if (parent != NULL)
        cJSON_AddStringToObject(document, "parentGroupName", parent);
    if (query != NULL)
        cJSON_AddStringToObject(document, "queryString", query);
    return done(ask(dir, argv[first], "create", document, &err), &err);
}

static int group_cmd_delete(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {"fleetsim cloud group delete", "GROUP",
                                         "Deletes a thing group that has no children.", specs,
                                         "  fleetsim cloud group delete --dir lab recalled\n"};

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    return done(ask(dir, argv[first], "delete", NULL, &err), &err);
}

static int print_groups(cJSON *answer)
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
    cJSON_Delete(answer);
    return 0;
}

static int group_cmd_list(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(dir), {"json",       0, OPTION_FLAG, &json, NULL, "for programs"},
         {0}
    };
    const struct command_spec command = {"fleetsim cloud group list", "", "Lists thing groups.",
                                         specs, "  fleetsim cloud group list --dir lab\n"};

    if (!cloud_parse(&command, argc, argv, no_words, &first, &status))
        return status;
    cJSON *answer = cloud_ask(dir, "group", "groups/list", NULL, &err);
    if (answer == NULL)
        return options_fail(&err);
    return json ? cloud_print_json(answer) : print_groups(answer);
}

static int group_cmd_things(int argc, char **argv)
{
    const char *dir = NULL;
    bool recursive = false;
    struct error err;
    const cJSON *name;
    int first, status;
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(dir),
        {"recursive",  'r', OPTION_FLAG, &recursive, NULL, "those of its descendants, too"},
        {0}
    };
    const struct command_spec command = {"fleetsim cloud group things", "GROUP",
                                         "Lists the things of a group, a line for each.", specs,
                                         "  fleetsim cloud group things --dir lab recalled\n"};

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    char *call = xasprintf("groups/%s/things", argv[first]);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "recursive", recursive);
    cJSON *list = cloud_ask_pages(dir, "group", call, "things", document, &err);
    cJSON_Delete(document);
    free(call);
    cJSON_ArrayForEach(name, list) puts(cJSON_IsString(name) ? name->valuestring : "?");
    return done(list, &err);
}

/* Adds or removes. */
static int change(int argc, char **argv, const char *verb, const char *name, const char *summary)
{
    const char *dir = NULL, *query = NULL;
    char example[200];
    struct error err;
    int first, status;
    // clang-format off
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(dir),
        {"query", 0, OPTION_STRING, &query, "QUERY", "all things that match now, instead of names"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {name, "GROUP [THING…]", summary, specs, example};

    snprintf(example, sizeof example,
             "  %s --dir lab recalled FLT1A0000RA000017\n"
             "  %s --dir lab recalled --query 'attributes.model:compact*'\n",
             name, name);
    if (!cloud_parse(&command, argc, argv, one_or_more, &first, &status))
        return status;
    cJSON *document = cJSON_CreateObject();
    if (query != NULL)
        cJSON_AddStringToObject(document, "queryString", query);
    else
        cJSON_AddItemToObject(
            document, "things",
            cJSON_CreateStringArray((const char *const *)argv + first + 1, argc - first - 1));
    return done(ask(dir, argv[first], verb, document, &err), &err);
}

static int group_cmd_add(int argc, char **argv)
{
    return change(argc, argv, "add", "fleetsim cloud group add", "Puts things into a group.");
}

static int group_cmd_remove(int argc, char **argv)
{
    return change(argc, argv, "remove", "fleetsim cloud group remove",
                  "Takes things out of a group.");
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
