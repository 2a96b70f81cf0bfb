#include "cli/cmd_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "broker/policy_file.h"
#include "cli/cloud_ask.h"

#define WHAT "policy"

static const int no_words[2] = {0, 0}, one_word[2] = {1, 1}, two_words[2] = {2, 2};

/* Asks policies/<name>/<verb>. */
static cJSON *ask(const char *dir, const char *name, const char *verb, cJSON *document,
                  struct error *err)
{
    char *call = xasprintf("policies/%s/%s", name, verb);
    cJSON *answer = cloud_ask(dir, WHAT, call, document, err);

    free(call);
    return answer;
}

static int done(cJSON *answer, const struct error *err)
{
    cJSON_Delete(answer);
    return answer != NULL ? 0 : options_fail(err);
}

/* ---- put ---- */

static int put(const char *dir, const char *name, const char *path)
{
    struct error err;
    char *text = cloud_read_text(path, &err);
    cJSON *document = cJSON_CreateObject();

    if (text == NULL) {
        cJSON_Delete(document);
        return options_fail(&err);
    }
    cJSON_AddStringToObject(document, "policyDocument", text);
    free(text);
    cJSON *answer = ask(dir, name, "put", document, &err);
    if (answer == NULL) {
        error_prefix(&err, "%s", path);
        return options_fail(&err);
    }
    printf("%s version %d, statements: %d\n", name, (int)json_num(answer, "version", 0),
           (int)json_num(answer, "statements", 0));
    const char *warning = json_str(answer, "warning", NULL);
    if (warning != NULL)
        fprintf(stderr, "fleetsim: policy: warning: %s\n", warning);
    cJSON_Delete(answer);
    return 0;
}

static int policy_cmd_put(int argc, char **argv)
{
    const char *dir = NULL;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {
        "fleetsim cloud policy put", "NAME FILE",
        "Puts a policy document into the cloud, from now on: a new policy, or in the place of "
        "one.\n"
        "`vehicle`, `companion` and `claim` are those that certificates have from the start.",
        specs,
        "  fleetsim cloud policy put --dir lab vehicle production-policy.json\n"
        "  fleetsim cloud policy put --dir lab quarantine - < quarantine.json\n"};

    return cloud_parse(&command, argc, argv, two_words, &first, &status)
               ? put(dir, argv[first], argv[first + 1])
               : status;
}

/* ---- list, get, delete ---- */

static int print_list(cJSON *answer)
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
    cJSON_Delete(answer);
    return 0;
}

static int policy_cmd_list(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(dir), {"json",       0, OPTION_FLAG, &json, NULL, "for programs"},
         {0}
    };
    const struct command_spec command = {"fleetsim cloud policy list", "",
                                         "Lists the policies of the cloud.", specs,
                                         "  fleetsim cloud policy list --dir lab\n"};

    if (!cloud_parse(&command, argc, argv, no_words, &first, &status))
        return status;
    cJSON *answer = cloud_ask(dir, WHAT, "policies/list", NULL, &err);
    if (answer == NULL)
        return options_fail(&err);
    return json ? cloud_print_json(answer) : print_list(answer);
}

static int policy_cmd_get(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {"fleetsim cloud policy get", "NAME",
                                         "Prints a policy's document.", specs,
                                         "  fleetsim cloud policy get --dir lab vehicle\n"};

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    cJSON *answer = ask(dir, argv[first], "get", NULL, &err);
    if (answer == NULL)
        return options_fail(&err);
    cJSON *document = cJSON_DetachItemFromObject(answer, "policyDocument");
    cJSON_Delete(answer);
    return cloud_print_json(document);
}

static int policy_cmd_delete(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {
        "fleetsim cloud policy delete", "NAME",
        "Deletes a policy that is attached to nothing, or brings back a default as it was.", specs,
        "  fleetsim cloud policy delete --dir lab quarantine\n"};

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    return done(ask(dir, argv[first], "delete", NULL, &err), &err);
}

/* ---- attach, detach, targets ---- */

static int policy_cmd_targets(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    const cJSON *target;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {
        "fleetsim cloud policy targets", "NAME",
        "Lists what a policy is attached to: groups, then certificates (the first 250).", specs,
        "  fleetsim cloud policy targets --dir lab quarantine\n"};

    if (!cloud_parse(&command, argc, argv, one_word, &first, &status))
        return status;
    cJSON *answer = ask(dir, argv[first], "targets", NULL, &err);
    cJSON_ArrayForEach(target, json_get(answer, "targets"))
        puts(cJSON_IsString(target) ? target->valuestring : "?");
    return done(answer, &err);
}

static int attach(int argc, char **argv, const char *verb, const char *name, const char *summary)
{
    const char *dir = NULL;
    char example[160];
    struct error err;
    int first, status;
    const struct option_spec specs[] = {CLOUD_DIR_ROW(dir), {0}};
    const struct command_spec command = {name, "NAME group/GROUP|thing/THING|cert/ID", summary,
                                         specs, example};

    snprintf(example, sizeof example, "  %s --dir lab quarantine group/recalled\n", name);
    if (!cloud_parse(&command, argc, argv, two_words, &first, &status))
        return status;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "target", argv[first + 1]);
    return done(ask(dir, argv[first], verb, document, &err), &err);
}

static int policy_cmd_attach(int argc, char **argv)
{
    return attach(
        argc, argv, "attach", "fleetsim cloud policy attach",
        "Attaches a policy to a group of things, to the certificates of a thing, or to a\n"
        "certificate. It holds at once, also for what is connected.");
}

static int policy_cmd_detach(int argc, char **argv)
{
    return attach(argc, argv, "detach", "fleetsim cloud policy detach",
                  "Takes a policy from what it is attached to.");
}

/* ---- test ---- */

struct test {
    const char *dir, *policy;
    struct policy_question question;
};

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
static int test_there(const struct test *t)
{
    struct error err;
    const cJSON *name;
    cJSON *answer = cloud_ask(t->dir, WHAT, "policies/test", test_document(&t->question), &err);

    if (answer == NULL)
        return options_fail(&err);
    const struct decision d = {.word = json_str(answer, "authDecision", "?"),
                               .action = json_str(answer, "action", "?"),
                               .resource = json_str(answer, "resource", "?"),
                               .policy = json_str(answer, "policyName", NULL),
                               .statement = (int)json_num(answer, "statement", 0),
                               .sid = json_str(answer, "sid", NULL)};
    int status = print_decision(&t->question, &d);
    printf("  of the policies it has:");
    cJSON_ArrayForEach(name, json_get(answer, "policies"))
        printf(" %s", cJSON_IsString(name) ? name->valuestring : "?");
    puts(cJSON_GetArraySize(json_get(answer, "policies")) == 0 ? " none" : "");
    if (!cJSON_IsTrue(json_get(answer, "seen")))
        puts("  (it has not connected to this cloud: what its certificate says is not known)");
    cJSON_Delete(answer);
    return status;
}

/* With a file alone. */
static int test_here(const struct test *t)
{
    struct policy_verdict verdict;
    struct error err;

    if (!policy_file_test(t->policy, &t->question, &verdict, &err))
        return options_fail(&err);
    const struct decision d = {.word = verdict.allowed ? "ALLOWED" : "DENIED",
                               .action = verdict.action,
                               .resource = verdict.resource,
                               .policy = verdict.decided ? t->policy : NULL,
                               .statement = (int)verdict.statement,
                               .sid = verdict.sid};
    int status = print_decision(&t->question, &d);
    free(verdict.sid);
    return status;
}

static int policy_cmd_test(int argc, char **argv)
{
    struct test t = {0};
    struct policy_question *q = &t.question;
    struct error err;
    int first, status;
    // clang-format off
    const struct option_spec specs[] = {
        CLOUD_DIR_ROW(t.dir),
        {"policy", 0, OPTION_STRING, &t.policy, "FILE", "ask this document instead of a cloud that runs: of a car whose\nclient id, thing and certificate are all THING"},
        {"thing", 0, OPTION_STRING, &q->thing, "THING", "the car, or the client id of an app"},
        {"action", 0, OPTION_STRING, &q->action, "ACTION", "connect, publish, retain-publish, subscribe or receive"},
        {"topic", 0, OPTION_STRING, &q->resource, "TOPIC", "the topic, or the filter that it subscribes to"},
        {"will", 0, OPTION_STRING, &q->will, "TOPIC", "it connects with a will on this topic"},
        {"will-retain", 0, OPTION_FLAG, &q->will_retain, NULL, "which is to be retained"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim cloud policy test", "",
        "Tells whether a car may do something, and which statement decides. Nothing is done. Exit\n"
        "status 0 if it may, 1 if not.",
        specs,
        "  fleetsim cloud policy test --dir lab --thing FLT1A0000RA000017 \\\n"
        "    --action publish --topic 'dt/fleetsim/FLT1A0000RA000017/position'\n"
        "  fleetsim cloud policy test --policy vehicle.json --thing car-1 \\\n"
        "    --action subscribe --topic '$aws/things/+/shadow/update/delta'\n"
        "  fleetsim cloud policy test --policy vehicle.json --thing car-1 \\\n"
        "    --action connect --will dt/fleetsim/car-1/lost\n"};

    if (!cloud_parse(&command, argc, argv, no_words, &first, &status))
        return status;
    if (q->thing == NULL || q->action == NULL) {
        error_set(&err, ERROR_USAGE, "policy: %s: missing (of whom, and what?)",
                  q->thing == NULL ? "--thing" : "--action");
        return options_fail(&err);
    }
    if ((q->will != NULL || q->will_retain) && strcmp(q->action, "connect") != 0) {
        error_set(&err, ERROR_USAGE,
                  "policy: --will: goes with --action connect, whose will it is");
        return options_fail(&err);
    }
    return t.policy != NULL ? test_here(&t) : test_there(&t);
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
