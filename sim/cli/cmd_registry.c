#include "cli/cmd_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/store.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/job_talk.h"
#include "cli/options.h"

#define PEM_MAX        262144
#define TEMPLATE_MAX   65536
#define TEMPLATE_DEPTH 40

/* What the options of all these commands hold; each command shows its own. */
struct registry_options {
    const char *dir, *type, *status, *activation, *template_name, *auto_register;
    struct option_list attributes, allowed;
    bool json, force, merge;
};

/* One command: `fleetsim cloud <family> <name>`. */
struct registry_command {
    const char *family, *name;
    const char *arguments; /* "THING", "ID STATUS", "FILE" or "" */
    const char *help;
    /* "name": argument 1 names the record; "file": it is a PEM file; "list". */
    enum { SHAPE_LIST, SHAPE_NAMED, SHAPE_FILE } shape;
    const char *call; /* its topic's last level; NULL: the name */
    /* Adds what it has to say; argument 2 or NULL. False with the error. */
    bool (*fill)(const struct registry_options *o, const char *more, cJSON *document,
                 struct error *err);
    const char *shows; /* member of the answer to print; NULL: nothing */
    const char *rows;  /* options it has, by their letters in option_rows() */
};

static bool needs(const char *more, const char *what, struct error *err)
{
    return more != NULL || error_set(err, ERROR_USAGE, "cloud: %s is missing", what);
}

/* ---- documents ---- */

static bool fill_thing(const struct registry_options *o, const char *more, cJSON *document,
                       struct error *err)
{
    cJSON *attributes =
        o->attributes.count != 0 ? cJSON_AddObjectToObject(document, "attributes") : NULL;

    (void)more;
    if (o->type != NULL)
        cJSON_AddStringToObject(document, "thingTypeName", o->type);
    cJSON_AddBoolToObject(document, "merge", !o->force);
    for (size_t i = 0; i < o->attributes.count; i++) {
        const char *item = o->attributes.items[i];
        size_t len = strcspn(item, "=");
        if (len == 0 || item[len] == '\0')
            return error_set(err, ERROR_USAGE,
                             "--attribute %s: no NAME=VALUE (an empty value removes it)", item);
        char *name = xstrndup(item, len);
        cJSON_AddStringToObject(attributes, name, item + len + 1);
        free(name);
    }
    return true;
}

static bool fill_certificate_id(const struct registry_options *o, const char *more, cJSON *document,
                                struct error *err)
{
    (void)o;
    return needs(more, "the certificate's id", err) &&
           cJSON_AddStringToObject(document, "certificateId", more) != NULL;
}

static bool fill_policy(const struct registry_options *o, const char *more, cJSON *document,
                        struct error *err)
{
    (void)o;
    return needs(more, "the policy's name", err) &&
           cJSON_AddStringToObject(document, "policyName", more) != NULL;
}

static bool fill_status(const struct registry_options *o, const char *more, cJSON *document,
                        struct error *err)
{
    (void)o;
    return needs(more, "the status (ACTIVE, INACTIVE or REVOKED)", err) &&
           cJSON_AddStringToObject(document, "status", more) != NULL;
}

static bool fill_force(const struct registry_options *o, const char *more, cJSON *document,
                       struct error *err)
{
    (void)more;
    (void)err;
    return cJSON_AddBoolToObject(document, "force", o->force) != NULL;
}

static bool fill_new_certificate(const struct registry_options *o, const char *more,
                                 cJSON *document, struct error *err)
{
    (void)more;
    (void)err;
    if (o->status != NULL)
        cJSON_AddStringToObject(document, "status", o->status);
    return true;
}

static bool fill_authority(const struct registry_options *o, const char *more, cJSON *document,
                           struct error *err)
{
    usec_t after;

    (void)more;
    if (o->status != NULL)
        cJSON_AddStringToObject(document, "status", o->status);
    if (o->template_name != NULL)
        cJSON_AddStringToObject(document, "templateName", o->template_name);
    if (o->auto_register != NULL)
        cJSON_AddStringToObject(document, "autoRegistrationStatus",
                                strcmp(o->auto_register, "on") == 0 ? "ENABLE" : "DISABLE");
    if (o->activation != NULL && strcmp(o->activation, "never") == 0)
        cJSON_AddNullToObject(document, "activateAfterSeconds");
    else if (o->activation != NULL && duration_parse(o->activation, &after))
        cJSON_AddNumberToObject(document, "activateAfterSeconds", (double)after / 1e6);
    else if (o->activation != NULL)
        return error_set(err, ERROR_USAGE,
                         "--activate-after %s: not a time (30s, 10m, 0, or never)", o->activation);
    return true;
}

/* NAME=EXPRESSION, as often as you like. */
static bool add_allowed(const struct option_list *allowed, cJSON *document, struct error *err)
{
    cJSON *hook =
        allowed->count != 0 ? cJSON_AddObjectToObject(document, "preProvisioningHook") : NULL;
    cJSON *allow = hook != NULL ? cJSON_AddObjectToObject(hook, "allow") : NULL;

    for (size_t i = 0; i < allowed->count; i++) {
        const char *item = allowed->items[i];
        size_t len = strcspn(item, "=");
        if (len == 0 || item[len] == '\0')
            return error_set(err, ERROR_USAGE, "--allow %s: no NAME=EXPRESSION", item);
        char *name = xstrndup(item, len);
        cJSON_AddStringToObject(allow, name, item + len + 1);
        free(name);
    }
    return true;
}

static bool fill_template(const struct registry_options *o, const char *more, cJSON *document,
                          struct error *err)
{
    struct buf text;

    buf_init(&text, TEMPLATE_MAX);
    bool ok = store_read(more, &text, err);
    cJSON *body = ok ? json_parse(buf_slice(&text), TEMPLATE_DEPTH) : NULL;
    buf_done(&text);
    if (ok && body == NULL)
        ok = error_set(err, ERROR_USAGE, "%s: not JSON (give a provisioning template)", more);
    if (body != NULL)
        cJSON_AddItemToObject(document, "templateBody", body);
    return ok && add_allowed(&o->allowed, document, err);
}

static bool fill_nothing(const struct registry_options *o, const char *more, cJSON *document,
                         struct error *err)
{
    (void)o;
    (void)more;
    (void)document;
    (void)err;
    return true;
}

/* ---- the commands ---- */

// clang-format off
static const struct registry_command commands[] = {
    {"things", "list", "", "whom the cloud knows", SHAPE_LIST, NULL, fill_nothing, "things", "j"},
    {"things", "show", "THING", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "thing", ""},
    {"things", "create", "THING", "a thing without certificates", SHAPE_NAMED, NULL, fill_thing, NULL, "ta"},
    {"things", "update", "THING", "its type and attributes", SHAPE_NAMED, NULL, fill_thing, NULL, "tar"},
    {"things", "delete", "THING", "forget a thing", SHAPE_NAMED, NULL, fill_force, NULL, "f"},
    {"things", "attach", "THING ID", "a certificate to a thing", SHAPE_NAMED, NULL, fill_certificate_id, NULL, ""},
    {"things", "detach", "THING ID", "a certificate from a thing", SHAPE_NAMED, NULL, fill_certificate_id, NULL, ""},
    {"certificates", "list", "", "all that it knows", SHAPE_LIST, NULL, fill_nothing, "certificates", "js"},
    {"certificates", "show", "ID", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "certificate", ""},
    {"certificates", "register", "FILE", "a certificate that others made (PEM)", SHAPE_FILE, NULL, fill_new_certificate, "certificateId", "s"},
    {"certificates", "set", "ID STATUS", "ACTIVE, INACTIVE or REVOKED", SHAPE_NAMED, "update", fill_status, NULL, ""},
    {"certificates", "delete", "ID", "forget one that is not ACTIVE", SHAPE_NAMED, NULL, fill_force, NULL, "f"},
    {"certificates", "attach-policy", "ID POLICY", "what it may do", SHAPE_NAMED, NULL, fill_policy, NULL, ""},
    {"certificates", "detach-policy", "ID POLICY", "what it may not do any more", SHAPE_NAMED, NULL, fill_policy, NULL, ""},
    {"authorities", "list", "", "whose certificates it registers", SHAPE_LIST, NULL, fill_nothing, "authorities", "j"},
    {"authorities", "show", "ID", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "authority", ""},
    {"authorities", "register", "FILE", "an authority, and those below it (PEM)", SHAPE_FILE, NULL, fill_authority, "caCertificateId", "sckp"},
    {"authorities", "update", "ID", "how its certificates are met", SHAPE_NAMED, NULL, fill_authority, NULL, "sckp"},
    {"templates", "list", "", "what provisions cars", SHAPE_LIST, NULL, fill_nothing, "templates", "j"},
    {"templates", "show", "NAME", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "templateBody", ""},
    {"templates", "create", "NAME FILE", "one, in place of that name's (JSON)", SHAPE_NAMED, NULL, fill_template, NULL, "w"},
    {"templates", "delete", "NAME", "forget one", SHAPE_NAMED, NULL, fill_nothing, NULL, ""},
    {"authorities", "delete", "ID", "forget one that is INACTIVE", SHAPE_NAMED, NULL, fill_nothing, NULL, ""},
};
// clang-format on
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

/* The options that the letters stand for, behind --dir; ret has room for all. */
static void option_rows(struct registry_options *o, const char *letters, struct option_spec *ret)
{
    // clang-format off
    const struct { char letter; struct option_spec row; } all[] = {
        {'j', {"json", 0, OPTION_FLAG, &o->json, NULL, "for programs"}},
        {'s', {"status", 0, OPTION_STRING, &o->status, "STATUS", "ACTIVE, INACTIVE, … (docs/provisioning.md)"}},
        {'t', {"type", 0, OPTION_STRING, &o->type, "TYPE", "its thing type"}},
        {'a', {"attribute", 'a', OPTION_LIST, &o->attributes, "NAME=VALUE", "sets it; an empty value removes it; may repeat"}},
        {'r', {"replace", 0, OPTION_FLAG, &o->force, NULL, "attributes that are not given go"}},
        {'f', {"force", 'f', OPTION_FLAG, &o->force, NULL, "though something is attached to it"}},
        {'c', {"activate-after", 0, OPTION_STRING, &o->activation, "TIME", "what is registered becomes ACTIVE then, or never (default: never)"}},
        {'k', {"auto-register", 0, OPTION_STRING, &o->auto_register, "on|off", "register unknown certificates at their first contact\n(default on)"}},
        {'w', {"allow", 0, OPTION_LIST, &o->allowed, "NAME=EXPRESSION", "who may be provisioned: what the parameter must match; may repeat"}},
        {'p', {"template", 0, OPTION_STRING, &o->template_name, "NAME", "provisions what is registered, just in time"}},
    };
    // clang-format on
    size_t n = 0;

    ret[n++] = (struct option_spec){"dir",   'd',   OPTION_STRING,
                                    &o->dir, "DIR", "of the cloud: what fleetsim cloud --dir has"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strchr(letters, all[i].letter) != NULL)
            ret[n++] = all[i].row;
    ret[n] = (struct option_spec){0};
}

/* ---- what is shown ---- */

static const char *first_of(const cJSON *record, const char *member)
{
    const cJSON *item = cJSON_GetArrayItem(json_get(record, member), 0);

    return cJSON_IsString(item) ? item->valuestring : "-";
}

static void print_thing(const cJSON *record)
{
    const cJSON *item;

    printf("%-20s  %-12s  %-9s  %-16.16s ", json_str(record, "thingName", "?"),
           json_str(record, "thingTypeName", "-"),
           cJSON_IsTrue(json_get(record, "connected")) ? "connected" : "-",
           first_of(record, "principals"));
    cJSON_ArrayForEach(item, json_get(record, "attributes"))
        printf(" %s=%s", item->string, cJSON_IsString(item) ? item->valuestring : "?");
    putchar('\n');
}

static void print_certificate(const cJSON *record)
{
    printf("%-64s  %-18s  %-12s  %s\n", json_str(record, "certificateId", "?"),
           json_str(record, "status", "?"), first_of(record, "policies"),
           first_of(record, "things"));
}

static void print_authority(const cJSON *record)
{
    const cJSON *after = json_get(record, "activateAfterSeconds");
    char activation[32] = "by others";

    if (cJSON_IsNumber(after))
        snprintf(activation, sizeof activation, "after %g s", after->valuedouble);
    printf("%-64s  %-8s  %-9s  %s\n", json_str(record, "caCertificateId", "?"),
           json_str(record, "status", "?"), json_str(record, "autoRegistrationStatus", "?"),
           json_str(record, "templateName", activation));
}

static void print_template(const cJSON *record)
{
    printf("%-36s  %s\n", json_str(record, "templateName", "?"), json_str(record, "hook", "-"));
}

static const struct {
    const char *family, *heading;
    void (*print)(const cJSON *record);
} families[] = {
    {"things",       "thing                 type          connected  certificate       attributes",
     print_thing                                                                                                     },
    {"certificates",
     "certificate                                                       status              policy "
     "       thing",                                                                                print_certificate},
    {"authorities",
     "authority                                                         status    registers  "
     "activation",                                                                                  print_authority  },
    {"templates",    "template                              hook",                                  print_template   },
};
#define FAMILY_COUNT (sizeof families / sizeof *families)

static int print_list(const struct registry_command *c, const cJSON *list)
{
    const cJSON *record;

    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (strcmp(families[i].family, c->family) != 0)
            continue;
        puts(families[i].heading);
        cJSON_ArrayForEach(record, list) families[i].print(record);
    }
    return 0;
}

static int print_json(const cJSON *json)
{
    char *text = cJSON_Print(json);

    puts(text != NULL ? text : "null");
    cJSON_free(text);
    return 0;
}

/* ---- running one ---- */

static int list_all(const struct registry_command *c, const struct registry_options *o)
{
    char *topic = xasprintf("fleetsim/%s/list", c->family);
    struct error err;
    cJSON *list = job_talk_topic_list(o->dir, topic, c->shows, o->status, &err);

    free(topic);
    if (list == NULL)
        return options_fail(&err);
    int status = o->json ? print_json(list) : print_list(c, list);
    cJSON_Delete(list);
    return status;
}

static bool add_pem(const char *path, cJSON *document, struct error *err)
{
    struct buf pem;

    buf_init(&pem, PEM_MAX);
    bool ok = store_read(path, &pem, err);
    if (ok)
        cJSON_AddStringToObject(document, "certificatePem", buf_cstr(&pem));
    buf_done(&pem);
    return ok;
}

static int change_one(const struct registry_command *c, const struct registry_options *o,
                      const char *subject, const char *more)
{
    cJSON *document = cJSON_CreateObject();
    const char *call = c->call != NULL ? c->call : c->name;
    struct error err;

    if (!c->fill(o, more, document, &err) ||
        (c->shape == SHAPE_FILE && !add_pem(subject, document, &err))) {
        cJSON_Delete(document);
        return options_fail(&err);
    }
    char *topic = c->shape == SHAPE_FILE ? xasprintf("fleetsim/%s/%s", c->family, call)
                                         : xasprintf("fleetsim/%s/%s/%s", c->family, subject, call);
    cJSON *answer = job_talk_topic(o->dir, topic, document, &err);
    free(topic);
    if (answer == NULL)
        return options_fail(&err);
    const char *word = c->shows != NULL ? json_str(answer, c->shows, NULL) : NULL;
    if (word != NULL)
        puts(word);
    else if (c->shows != NULL)
        print_json(json_get(answer, c->shows));
    cJSON_Delete(answer);
    return 0;
}

static int run(const struct registry_command *c, int argc, char **argv)
{
    struct registry_options o = {0};
    struct option_spec rows[12];
    char name[64];
    struct error err;
    int first = 0;

    snprintf(name, sizeof name, "fleetsim cloud %s %s", c->family, c->name);
    option_rows(&o, c->rows, rows);
    const struct command_spec command = {name, c->arguments, c->help, rows, NULL};
    enum options_result result = options_parse(&command, argc, argv, &first, &err);
    if (result == OPTIONS_HELP_SHOWN)
        return 0;
    if (result == OPTIONS_BAD)
        return options_fail(&err);
    int given = argc - first;
    int wanted = *c->arguments == '\0' ? 0 : strchr(c->arguments, ' ') != NULL ? 2 : 1;
    if (o.dir == NULL || *o.dir == '\0')
        error_set(&err, ERROR_USAGE, "cloud: no directory given (give --dir DIR)");
    else if (given != wanted)
        error_set(&err, ERROR_USAGE, "%s: %s (it takes: %s)", name + sizeof "fleetsim " - 1,
                  given < wanted ? "something is missing" : "too much is given",
                  wanted == 0 ? "nothing" : c->arguments);
    else if (c->shape == SHAPE_LIST)
        return list_all(c, &o);
    else
        return change_one(c, &o, argv[first], wanted == 2 ? argv[first + 1] : NULL);
    return options_fail(&err);
}

static void print_help(const char *family)
{
    printf("Usage: fleetsim cloud %s COMMAND [OPTION]…\n\n"
           "Asks and changes the registry of the local cloud that runs in a directory.\n\n"
           "Commands:\n",
           family);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].family, family) == 0)
            printf("  %-13s  %-10s  %s\n", commands[i].name, commands[i].arguments,
                   commands[i].help);
    puts("\nExamples:\n"
         "  fleetsim cloud things list --dir lab\n"
         "  fleetsim cloud things --dir lab 'connectivity.connected:false'\n"
         "  fleetsim cloud certificates list --dir lab --status PENDING_ACTIVATION\n"
         "  fleetsim cloud certificates set --dir lab 3fa9…c2 REVOKED\n"
         "  fleetsim cloud authorities register --dir lab factory.pem --activate-after 5s\n\n"
         "docs/provisioning.md has all of it.");
}

bool cmd_registry_knows(const char *word)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (strcmp(families[i].family, word) == 0)
            return true;
    return false;
}

int cmd_registry(int argc, char **argv)
{
    const char *family = argv[0];
    const char *name = argc > 1 ? argv[1] : "--help";
    struct error err;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].family, family) == 0 && strcmp(commands[i].name, name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(family);
        return argc > 1 ? 0 : 2;
    }
    error_set(&err, ERROR_USAGE, "cloud %s: no such command: %s (try `fleetsim cloud %s --help`)",
              family, name, family);
    return options_fail(&err);
}
