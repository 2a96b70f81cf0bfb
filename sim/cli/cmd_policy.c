#include "cli/cmd_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "broker/policy_file.h"
#include "cli/cloud_command.h"

/* ---- put ---- */

static int policy_cmd_put(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud policy put",
        .arguments = "NAME FILE",
        .summary = "Puts a policy document into the cloud, from now on: a new policy, or in the "
                   "place of one.\n"
                   "`vehicle`, `companion` and `claim` are those that certificates have from the "
                   "start.",
        .examples = "  fleetsim cloud policy put --dir lab vehicle production-policy.json\n"
                    "  fleetsim cloud policy put --dir lab quarantine - < quarantine.json\n",
        .least = 2,
        .most = 2};
    struct error err;

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    char *text = cloud_read_text(c.words[1], &err);
    if (text == NULL)
        return cloud_fail(&c, &err);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "policyDocument", text);
    free(text);
    cJSON *answer = cloud_call(&c, document, "policies/%s/put", c.words[0]);
    if (answer == NULL)
        return c.status;
    printf("%s version %d, statements: %d\n", c.words[0], (int)json_num(answer, "version", 0),
           (int)json_num(answer, "statements", 0));
    const char *warning = json_str(answer, "warning", NULL);
    if (warning != NULL)
        fprintf(stderr, "fleetsim: policy: warning: %s\n", warning);
    return cloud_end(&c, answer);
}

/* ---- list, get, delete ---- */

static void print_list(const cJSON *answer)
{
    const cJSON *policy;

    printf("%-32s  %7s  %10s\n", "policy", "version", "statements");
    cJSON_ArrayForEach(policy, json_get(answer, "policies"))
    {
        int version = (int)json_num(policy, "version", 0);
        printf("%-32s  ", json_str(policy, "policyName", "?"));
        if (version != 0)
            printf("%7d", version);
        else
            printf("%7s", "default");
        printf("  %10d\n", (int)json_num(policy, "statements", 0));
    }
}

static int policy_cmd_list(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim cloud policy list",
                              .arguments = "",
                              .summary = "Lists the policies of the cloud.",
                              .examples = "  fleetsim cloud policy list --dir lab\n",
                              .lists = true};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_show(&c, cloud_call(&c, NULL, "policies/list"), print_list);
}

static int policy_cmd_get(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim cloud policy get",
                              .arguments = "NAME",
                              .summary = "Prints a policy's document.",
                              .examples = "  fleetsim cloud policy get --dir lab vehicle\n",
                              .least = 1,
                              .most = 1};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_show_member(&c, cloud_call(&c, NULL, "policies/%s/get", c.words[0]),
                             "policyDocument");
}

static int policy_cmd_delete(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud policy delete",
        .arguments = "NAME",
        .summary = "Deletes a policy that is attached to nothing, or brings back a default as it "
                   "was.",
        .examples = "  fleetsim cloud policy delete --dir lab quarantine\n",
        .least = 1,
        .most = 1};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_end(&c, cloud_call(&c, NULL, "policies/%s/delete", c.words[0]));
}

/* ---- attach, detach, targets ---- */

static void print_targets(const cJSON *answer)
{
    const cJSON *target;

    cJSON_ArrayForEach(target, json_get(answer, "targets"))
        puts(cJSON_IsString(target) ? target->valuestring : "?");
}

static int policy_cmd_targets(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud policy targets",
        .arguments = "NAME",
        .summary = "Lists what a policy is attached to: groups, then certificates (the first 250).",
        .examples = "  fleetsim cloud policy targets --dir lab quarantine\n",
        .least = 1,
        .most = 1};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_show(&c, cloud_call(&c, NULL, "policies/%s/targets", c.words[0]), print_targets);
}

static int attach(struct cloud_command *c, const char *verb, int argc, char **argv)
{
    c->arguments = "NAME group/GROUP|thing/THING|cert/ID";
    c->least = c->most = 2;
    if (!cloud_begin(c, argc, argv))
        return c->status;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "target", c->words[1]);
    return cloud_end(c, cloud_call(c, document, "policies/%s/%s", c->words[0], verb));
}

static int policy_cmd_attach(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud policy attach",
        .summary = "Attaches a policy to a group of things, to the certificates of a thing, or to "
                   "a\n"
                   "certificate. It holds at once, also for what is connected.",
        .examples = "  fleetsim cloud policy attach --dir lab quarantine group/recalled\n"};

    return attach(&c, "attach", argc, argv);
}

static int policy_cmd_detach(int argc, char **argv)
{
    struct cloud_command c = {
        .name = "fleetsim cloud policy detach",
        .summary = "Takes a policy from what it is attached to.",
        .examples = "  fleetsim cloud policy detach --dir lab quarantine group/recalled\n"};

    return attach(&c, "detach", argc, argv);
}

/* ---- test ---- */

struct decision {
    const char *word; /* ALLOWED, … */
    const char *action, *resource;
    const char *policy, *sid; /* NULL: no statement is about it; it has none */
    int statement;
};

/* The exit status. */
static int print_decision(const struct policy_question *q, const struct decision *d)
{
    bool allowed = strcmp(d->word, "ALLOWED") == 0;

    printf("%s  %s %s %s%s%s\n", allowed ? "allowed" : "denied ", q->thing, q->action,
           q->resource != NULL ? q->resource : "", q->will != NULL ? "with the will " : "",
           q->will != NULL ? q->will : "");
    if (q->will != NULL && !allowed)
        printf("  %s %s:\n", d->action, d->resource);
    if (d->policy == NULL)
        printf("  no statement is about it, and what nothing allows is denied\n");
    else
        printf("  by policy %s, Statement[%d]%s%s%s\n", d->policy, d->statement,
               d->sid != NULL ? " (" : "", d->sid != NULL ? d->sid : "", d->sid != NULL ? ")" : "");
    return allowed ? 0 : 1;
}

static cJSON *test_document(const struct policy_question *q)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "thingName", q->thing);
    cJSON_AddStringToObject(document, "action", q->action);
    if (q->resource != NULL)
        cJSON_AddStringToObject(document, "resource", q->resource);
    if (q->will != NULL) {
        cJSON *will = cJSON_AddObjectToObject(document, "will");
        cJSON_AddStringToObject(will, "topic", q->will);
        cJSON_AddBoolToObject(will, "retain", q->will_retain);
    }
    return document;
}

/* In the cloud that runs. */
static int test_there(struct cloud_command *c, const struct policy_question *q)
{
    const cJSON *name;
    cJSON *answer = cloud_call(c, test_document(q), "policies/test");

    if (answer == NULL)
        return c->status;
    const struct decision d = {.word = json_str(answer, "authDecision", "?"),
                               .action = json_str(answer, "action", "?"),
                               .resource = json_str(answer, "resource", "?"),
                               .policy = json_str(answer, "policyName", NULL),
                               .statement = (int)json_num(answer, "statement", 0),
                               .sid = json_str(answer, "sid", NULL)};
    c->status = print_decision(q, &d);
    printf("  of the policies it has:");
    cJSON_ArrayForEach(name, json_get(answer, "policies"))
        printf(" %s", cJSON_IsString(name) ? name->valuestring : "?");
    puts(cJSON_GetArraySize(json_get(answer, "policies")) == 0 ? " none" : "");
    if (!cJSON_IsTrue(json_get(answer, "seen")))
        puts("  (it has not connected to this cloud: what its certificate says is not known)");
    return cloud_end(c, answer);
}

/* With a file alone. */
static int test_here(const char *path, const struct policy_question *q)
{
    struct policy_verdict verdict;
    struct error err;

    if (!policy_file_test(path, q, &verdict, &err))
        return options_fail(&err);
    const struct decision d = {.word = verdict.allowed ? "ALLOWED" : "DENIED",
                               .action = verdict.action,
                               .resource = verdict.resource,
                               .policy = verdict.decided ? path : NULL,
                               .statement = (int)verdict.statement,
                               .sid = verdict.sid};
    int status = print_decision(q, &d);
    free(verdict.sid);
    return status;
}

static bool check_question(const struct policy_question *q, struct error *err)
{
    if (q->thing == NULL || q->action == NULL)
        return error_set(err, ERROR_USAGE, "policy: %s: missing (of whom, and what?)",
                         q->thing == NULL ? "--thing" : "--action");
    return (q->will == NULL && !q->will_retain) || strcmp(q->action, "connect") == 0 ||
           error_set(err, ERROR_USAGE,
                     "policy: --will: goes with --action connect, whose will it is");
}

static int policy_cmd_test(int argc, char **argv)
{
    struct policy_question q = {0};
    const char *file = NULL;
    struct error err;
    // clang-format off
    const struct option_spec options[] = {
        {"policy", 0, OPTION_STRING, &file, "FILE", "ask this document instead of a cloud that runs: of a car whose\nclient id, thing and certificate are all THING"},
        {"thing", 0, OPTION_STRING, &q.thing, "THING", "the car, or the client id of an app"},
        {"action", 0, OPTION_STRING, &q.action, "ACTION", "connect, publish, retain-publish, subscribe or receive"},
        {"topic", 0, OPTION_STRING, &q.resource, "TOPIC", "the topic, or the filter that it subscribes to"},
        {"will", 0, OPTION_STRING, &q.will, "TOPIC", "it connects with a will on this topic"},
        {"will-retain", 0, OPTION_FLAG, &q.will_retain, NULL, "which is to be retained"},
        {0},
    };
    // clang-format on
    struct cloud_command c = {
        .name = "fleetsim cloud policy test",
        .arguments = "",
        .summary = "Tells whether a car may do something, and which statement decides. Nothing is "
                   "done. Exit\n"
                   "status 0 if it may, 1 if not.",
        .examples = "  fleetsim cloud policy test --dir lab --thing FLT1A0000RA000017 \\\n"
                    "    --action publish --topic 'dt/fleetsim/FLT1A0000RA000017/position'\n"
                    "  fleetsim cloud policy test --policy vehicle.json --thing car-1 \\\n"
                    "    --action subscribe --topic '$aws/things/+/shadow/update/delta'\n"
                    "  fleetsim cloud policy test --policy vehicle.json --thing car-1 \\\n"
                    "    --action connect --will dt/fleetsim/car-1/lost\n",
        .options = options,
        .instead = &file};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    if (!check_question(&q, &err))
        return cloud_fail(&c, &err);
    return file != NULL ? test_here(file, &q) : test_there(&c, &q);
}

int cmd_policy(int argc, char **argv)
{
    static const struct cloud_subcommand subcommands[] = {
        {"put",                                    policy_cmd_put, "put a document into the cloud"},
        {"list",         policy_cmd_list, "list policies"},
        {"get",                                   policy_cmd_get, "print a document"},
        {"delete",                         policy_cmd_delete, "delete a policy, or restore a default"},
        {"attach",                                    policy_cmd_attach, "attach it to a group, a thing or a certificate"},
        {"detach",                      policy_cmd_detach, "take it from one"},
        {"targets",                                 policy_cmd_targets, "list what it is attached to"},
        {"test", policy_cmd_test, "may this car do that, and who says so?"},
        {0                                }
    };

    return cloud_dispatch(
        "cloud policy",
        "AWS IoT policies of the local cloud that fleetsim cloud --dir DIR runs: who may connect,\n"
        "publish, subscribe and receive (docs/policy.md).",
        "  fleetsim cloud policy put --dir lab vehicle production-policy.json\n"
        "  fleetsim cloud policy attach --dir lab quarantine group/recalled\n"
        "  fleetsim cloud policy test --dir lab --thing FLT1A0000RA000017 --action publish \\\n"
        "    --topic dt/fleetsim/FLT1A0000RA000017/position\n",
        subcommands, argc, argv);
}
