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
#include "cli/cloud_command.h"

#define PEM_MAX        262144
#define TEMPLATE_MAX   65536
#define TEMPLATE_DEPTH 40

/* What the options of all these commands hold; each command shows its own. */
struct registry_options {
    const char *type, *status, *activation, *template_name, *auto_register;
    struct option_list attributes, allowed;
    bool force;
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
    const char
        *rows; /* options it has besides --dir and --json, by their letters in option_rows() */
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
    {"things", "list", "", "whom the cloud knows", SHAPE_LIST, NULL, fill_nothing, "things", ""},
    {"things", "show", "THING", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "thing", ""},
    {"things", "create", "THING", "a thing without certificates", SHAPE_NAMED, NULL, fill_thing, NULL, "ta"},
    {"things", "update", "THING", "its type and attributes", SHAPE_NAMED, NULL, fill_thing, NULL, "tar"},
    {"things", "delete", "THING", "forget a thing", SHAPE_NAMED, NULL, fill_force, NULL, "f"},
    {"things", "attach", "THING ID", "a certificate to a thing", SHAPE_NAMED, NULL, fill_certificate_id, NULL, ""},
    {"things", "detach", "THING ID", "a certificate from a thing", SHAPE_NAMED, NULL, fill_certificate_id, NULL, ""},
    {"certificates", "list", "", "all that it knows", SHAPE_LIST, NULL, fill_nothing, "certificates", "s"},
    {"certificates", "show", "ID", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "certificate", ""},
    {"certificates", "register", "FILE", "a certificate that others made (PEM)", SHAPE_FILE, NULL, fill_new_certificate, "certificateId", "s"},
    {"certificates", "set", "ID STATUS", "ACTIVE, INACTIVE or REVOKED", SHAPE_NAMED, "update", fill_status, NULL, ""},
    {"certificates", "delete", "ID", "forget one that is not ACTIVE", SHAPE_NAMED, NULL, fill_force, NULL, "f"},
    {"certificates", "attach-policy", "ID POLICY", "what it may do", SHAPE_NAMED, NULL, fill_policy, NULL, ""},
    {"certificates", "detach-policy", "ID POLICY", "what it may not do any more", SHAPE_NAMED, NULL, fill_policy, NULL, ""},
    {"authorities", "list", "", "whose certificates it registers", SHAPE_LIST, NULL, fill_nothing, "authorities", ""},
    {"authorities", "show", "ID", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "authority", ""},
    {"authorities", "register", "FILE", "an authority, and those below it (PEM)", SHAPE_FILE, NULL, fill_authority, "caCertificateId", "sckp"},
    {"authorities", "update", "ID", "how its certificates are met", SHAPE_NAMED, NULL, fill_authority, NULL, "sckp"},
    {"templates", "list", "", "what provisions cars", SHAPE_LIST, NULL, fill_nothing, "templates", ""},
    {"templates", "show", "NAME", "one, as JSON", SHAPE_NAMED, "get", fill_nothing, "templateBody", ""},
    {"templates", "create", "NAME FILE", "one, in place of that name's (JSON)", SHAPE_NAMED, NULL, fill_template, NULL, "w"},
    {"templates", "delete", "NAME", "forget one", SHAPE_NAMED, NULL, fill_nothing, NULL, ""},
    {"authorities", "delete", "ID", "forget one that is INACTIVE", SHAPE_NAMED, NULL, fill_nothing, NULL, ""},
};
// clang-format on
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

/* The options that the letters stand for; ret has room for all. */
static void option_rows(struct registry_options *o, const char *letters, struct option_spec *ret)
{
    // clang-format off
    const struct { char letter; struct option_spec row; } all[] = {
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

static void print_each(const cJSON *list, const char *heading, void (*print)(const cJSON *record))
{
    const cJSON *record;

    puts(heading);
    cJSON_ArrayForEach(record, list) print(record);
}

static void print_things(const cJSON *list)
{
    print_each(list, "thing                 type          connected  certificate       attributes",
               print_thing);
}

static void print_certificates(const cJSON *list)
{
    print_each(list,
               "certificate                                                       status           "
               "   policy        thing",
               print_certificate);
}

static void print_authorities(const cJSON *list)
{
    print_each(list,
               "authority                                                         status    "
               "registers  activation",
               print_authority);
}

static void print_templates(const cJSON *list)
{
    print_each(list, "template                              hook", print_template);
}

static const struct {
    const char *family;
    void (*print)(const cJSON *list);
} families[] = {
    {"things",       print_things      },
    {"certificates", print_certificates},
    {"authorities",  print_authorities },
    {"templates",    print_templates   },
};
#define FAMILY_COUNT (sizeof families / sizeof *families)

static size_t family_of(const char *word)
{
    size_t i = 0;

    while (i < FAMILY_COUNT && strcmp(families[i].family, word) != 0)
        i++;
    return i;
}

/* ---- running one ---- */

static int list_all(const struct registry_command *r, const struct registry_options *o,
                    struct cloud_command *c)
{
    cJSON *document = cJSON_CreateObject();

    if (o->status != NULL)
        cJSON_AddStringToObject(document, "status", o->status);
    return cloud_show(c, cloud_list(c, document, r->shows, "%s/list", r->family),
                      families[family_of(r->family)].print);
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

static int change_one(const struct registry_command *r, const struct registry_options *o,
                      struct cloud_command *c)
{
    cJSON *document = cJSON_CreateObject();
    const char *call = r->call != NULL ? r->call : r->name;
    bool file = r->shape == SHAPE_FILE;
    struct error err;

    if (!r->fill(o, c->count > 1 ? c->words[1] : NULL, document, &err) ||
        (file && !add_pem(c->words[0], document, &err))) {
        cJSON_Delete(document);
        return cloud_fail(c, &err);
    }
    cJSON *answer = file ? cloud_call(c, document, "%s/%s", r->family, call)
                         : cloud_call(c, document, "%s/%s/%s", r->family, c->words[0], call);
    const char *word = r->shows != NULL ? json_str(answer, r->shows, NULL) : NULL;
    if (word != NULL)
        puts(word);
    return word == NULL && r->shows != NULL ? cloud_show_member(c, answer, r->shows)
                                            : cloud_end(c, answer);
}

static int run(const struct registry_command *r, int argc, char **argv)
{
    struct registry_options o = {0};
    struct option_spec rows[12];
    char name[64];

    snprintf(name, sizeof name, "fleetsim cloud %s %s", r->family, r->name);
    option_rows(&o, r->rows, rows);
    int words = *r->arguments == '\0' ? 0 : strchr(r->arguments, ' ') != NULL ? 2 : 1;
    struct cloud_command c = {.name = name,
                              .arguments = r->arguments,
                              .summary = r->help,
                              .least = words,
                              .most = words,
                              .options = rows,
                              .lists = r->shape == SHAPE_LIST};
    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return r->shape == SHAPE_LIST ? list_all(r, &o, &c) : change_one(r, &o, &c);
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
    return family_of(word) < FAMILY_COUNT;
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
