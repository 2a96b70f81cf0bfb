#include "cloud/commands/command_service.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/commands/command_status.h"

#define MEMORY_MS         ((int64_t)3600 * 1000)
#define TIMEOUT_DEFAULT_S 10
#define TIMEOUT_MAX_S     43200
#define PARSE_DEPTH       64
#define TOPIC_SIZE        384

#define AWS_PREFIX   "$aws/commands/"
#define LOCAL_PREFIX "fleetsim/commands/"
#define ARN_PREFIX   "arn:aws:iot:local:000000000000:"

struct execution {
    struct command_address address;
    char command_id[COMMAND_ID_MAX + 1];
    struct command_report report; /* as last told */
    bool by_service;              /* TIMED_OUT: the device may still say better */
    int64_t created_ms, deadline_ms, changed_ms;
};

/* One message on its way through the service. */
struct exchange {
    struct command_service *service;
    const struct command_address *address;
    const char *client_id;
    struct execution *execution; /* NULL: unknown */
    int64_t now_ms;
    struct cloud_actions *out;
};

/* ---- topics ---- */

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

/* Takes a name up to the next slash; NULL if it is none. */
static const char *take_name(const char *p, size_t max, char *ret)
{
    size_t len = strcspn(p, "/");

    if (len == 0 || len > max || p[len] != '/' || strcspn(p, "+#") < len)
        return NULL;
    memcpy(ret, p, len);
    ret[len] = '\0';
    return p + len + 1;
}

/* "<kind>/<id>/executions/<x>/"; returns what follows. */
static const char *take_execution(const char *p, struct command_address *ret)
{
    p = take_name(p, sizeof ret->kind - 1, ret->kind);
    if (p == NULL || (strcmp(ret->kind, "things") != 0 && strcmp(ret->kind, "clients") != 0))
        return NULL;
    p = take_name(p, COMMAND_TARGET_MAX, ret->target);
    p = p != NULL ? skip(p, "executions/") : NULL;
    return p != NULL ? take_name(p, COMMAND_ID_MAX, ret->execution) : NULL;
}

bool command_address_parse(const char *topic, struct command_address *ret)
{
    const char *aws = skip(topic, AWS_PREFIX);
    const char *local = aws == NULL ? skip(topic, LOCAL_PREFIX) : NULL;
    const char *rest = aws != NULL     ? take_execution(aws, ret)
                       : local != NULL ? take_execution(local, ret)
                                       : NULL;

    if (rest == NULL)
        return false;
    if (aws != NULL)
        ret->op = COMMAND_RESPONSE;
    else
        ret->op = strcmp(rest, "start") == 0 ? COMMAND_START : COMMAND_GET;
    return strcmp(rest, aws != NULL                ? "response/json"
                        : ret->op == COMMAND_START ? "start"
                                                   : "get") == 0;
}

static void make_key(const struct command_address *a, char ret[COMMAND_KEY_SIZE])
{
    snprintf(ret, COMMAND_KEY_SIZE, "%s/%s/%s", a->kind, a->target, a->execution);
}

static void make_topic(const struct command_address *a, const char *prefix, const char *suffix,
                       char ret[TOPIC_SIZE])
{
    snprintf(ret, TOPIC_SIZE, "%s%s/%s/executions/%s/%s", prefix, a->kind, a->target, a->execution,
             suffix);
}

/* ---- life ---- */

static void free_execution(void *value)
{
    struct execution *e = value;

    command_report_done(&e->report);
    free(e);
}

void command_service_init(struct command_service *s)
{
    table_init(&s->executions);
    s->next_ms = INT64_MAX;
}

void command_service_done(struct command_service *s)
{
    table_done(&s->executions, free_execution);
}

static bool may_time_out(const struct execution *e)
{
    return e->report.status == COMMAND_CREATED || e->report.status == COMMAND_IN_PROGRESS;
}

/* ---- what is said ---- */

static void begin(struct text *t, const struct execution *e)
{
    text_init(t);
    text_str(t, "{\"executionId\":");
    text_quoted(t, e->address.execution);
    command_report_write(&e->report, t);
}

static bool publish_event(const struct execution *e, int64_t now_ms, struct cloud_actions *out)
{
    char topic[TOPIC_SIZE];
    char target[TOPIC_SIZE];
    struct text t;

    begin(&t, e);
    text_str(&t, ",\"eventType\":\"COMMAND_EXECUTION\",\"commandArn\":\"" ARN_PREFIX "command/");
    text_str(&t, e->command_id);
    text_str(&t, "\"");
    snprintf(target, sizeof target, ARN_PREFIX "%s/%s",
             strcmp(e->address.kind, "things") == 0 ? "thing" : "client", e->address.target);
    text_key(&t, "targetArn");
    text_quoted(&t, target);
    text_key(&t, "timestamp");
    text_int(&t, now_ms);
    text_bytes(&t, "}", 1);
    snprintf(topic, sizeof topic, "$aws/events/commandExecution/%s/%s", e->command_id,
             command_status_name(e->report.status));
    return cloud_actions_publish(out, NULL, topic, &t);
}

static bool reject(struct exchange *x, const struct command_error *error)
{
    static const char *const suffixes[COMMAND_OPERATION_COUNT] = {"start/rejected", "get/rejected",
                                                                  "response/rejected/json"};
    bool device = x->address->op == COMMAND_RESPONSE;
    char topic[TOPIC_SIZE];
    struct text t;

    text_init(&t);
    text_str(&t, "{\"error\":");
    text_quoted(&t, error->name);
    text_key(&t, "errorMessage");
    text_quoted(&t, error->text);
    text_key(&t, "executionId");
    text_quoted(&t, x->address->execution);
    text_bytes(&t, "}", 1);
    make_topic(x->address, device ? AWS_PREFIX : LOCAL_PREFIX, suffixes[x->address->op], topic);
    return cloud_actions_publish(x->out, device ? NULL : x->client_id, topic, &t);
}

static bool reject_as(struct exchange *x, const char *name, const char *text)
{
    struct command_error error = {.name = name};

    snprintf(error.text, sizeof error.text, "%s", text);
    return reject(x, &error);
}

/* The answer to a start or a get: how it stands. */
static bool show(struct exchange *x, const char *suffix)
{
    const struct execution *e = x->execution;
    char topic[TOPIC_SIZE];
    struct text t;

    begin(&t, e);
    text_key(&t, "createdAt");
    text_int(&t, e->created_ms);
    text_key(&t, "lastUpdatedAt");
    text_int(&t, e->changed_ms);
    text_bytes(&t, "}", 1);
    make_topic(&e->address, LOCAL_PREFIX, suffix, topic);
    return cloud_actions_publish(x->out, x->client_id, topic, &t);
}

/* ---- starting ---- */

static bool send_request(struct exchange *x, const cJSON *payload, uint32_t timeout_s)
{
    char topic[TOPIC_SIZE];
    struct text t;

    text_init(&t);
    text_json(&t, payload);
    make_topic(x->address, AWS_PREFIX, "request/json", topic);
    if (!cloud_actions_publish(x->out, NULL, topic, &t))
        return false;
    struct cloud_action *a = &x->out->items[x->out->count - 1];
    a->content_type = "application/json";
    a->expiry_s = timeout_s;
    return true;
}

static bool is_id(const char *s)
{
    size_t len = s != NULL ? strlen(s) : 0;

    return len > 0 && len <= COMMAND_ID_MAX &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static bool keep(struct exchange *x, struct execution *e)
{
    char key[COMMAND_KEY_SIZE];

    make_key(&e->address, key);
    if (!table_put(&x->service->executions, key, e))
        return false;
    if (e->deadline_ms < x->service->next_ms)
        x->service->next_ms = e->deadline_ms;
    return true;
}

static bool create(struct exchange *x, const cJSON *document, uint32_t timeout_s)
{
    struct execution *e = calloc(1, sizeof *e);

    if (e == NULL)
        return false;
    e->address = *x->address;
    snprintf(e->command_id, sizeof e->command_id, "%s", json_str(document, "commandId", ""));
    e->created_ms = e->changed_ms = x->now_ms;
    e->deadline_ms = x->now_ms + (int64_t)timeout_s * 1000;
    x->execution = e;
    if (show(x, "start/accepted") && publish_event(e, x->now_ms, x->out) &&
        send_request(x, json_get(document, "payload"), timeout_s) && keep(x, e))
        return true;
    x->execution = NULL;
    free_execution(e);
    return false;
}

static bool on_start(struct exchange *x, const cJSON *document)
{
    double timeout = json_num(document, "executionTimeoutSeconds", TIMEOUT_DEFAULT_S);

    if (x->execution != NULL)
        return show(x, "start/accepted");
    if (!is_id(x->address->execution))
        return reject_as(x, "InvalidRequest", "the execution id is not one (A-Z a-z 0-9 _ -)");
    if (!is_id(json_str(document, "commandId", NULL)))
        return reject_as(x, "InvalidRequest", "commandId: 1 to 64 of A-Z a-z 0-9 _ -");
    if (json_get(document, "payload") == NULL)
        return reject_as(x, "InvalidRequest", "payload: missing");
    if (!(timeout >= 1 && timeout <= TIMEOUT_MAX_S))
        return reject_as(x, "InvalidRequest", "executionTimeoutSeconds: 1 to 43200");
    return create(x, document, (uint32_t)timeout);
}

/* ---- time ---- */

/* Changes nothing without memory. */
static bool change(struct exchange *x, struct command_report *report)
{
    struct execution *e = x->execution;
    struct command_report old = e->report;

    e->report = *report;
    if (!publish_event(e, x->now_ms, x->out)) {
        e->report = old;
        return false;
    }
    *report = (struct command_report){.status = e->report.status};
    command_report_done(&old);
    e->changed_ms = x->now_ms;
    return true;
}

static bool time_out(struct exchange *x)
{
    struct command_report report;
    bool ok = command_report_no_response(&report) && change(x, &report);

    x->execution->by_service |= ok;
    command_report_done(&report);
    return ok;
}

static bool look_at(void *value, void *ctx)
{
    struct exchange *x = ctx;
    struct execution *e = value;
    bool open = may_time_out(e);

    x->execution = e;
    if (open && x->now_ms >= e->deadline_ms)
        open = !time_out(x);
    if (open && e->deadline_ms < x->service->next_ms)
        x->service->next_ms = e->deadline_ms;
    return false;
}

bool command_service_tick(struct command_service *s, int64_t now_ms, struct cloud_actions *out)
{
    struct exchange x = {.service = s, .now_ms = now_ms, .out = out};

    if (now_ms < s->next_ms)
        return true;
    s->next_ms = INT64_MAX;
    table_sweep(&s->executions, look_at, &x);
    /* What found no memory is still due. */
    return s->next_ms > now_ms;
}

static bool is_forgotten(void *value, void *ctx)
{
    const struct execution *e = value;
    const int64_t *now_ms = ctx;

    if (may_time_out(e) || *now_ms - e->changed_ms < MEMORY_MS)
        return false;
    free_execution(value);
    return true;
}

void command_service_sweep(struct command_service *s, int64_t now_ms)
{
    table_sweep(&s->executions, is_forgotten, &now_ms);
}

bool command_service_is_stale(const struct command_service *s, const char *topic)
{
    const char *p = skip(topic, AWS_PREFIX);
    struct command_address a;
    char key[COMMAND_KEY_SIZE];

    p = p != NULL ? take_execution(p, &a) : NULL;
    if (p == NULL || strcmp(p, "request/json") != 0)
        return false;
    make_key(&a, key);
    const struct execution *e = table_get(&s->executions, key);
    return e != NULL && e->report.status == COMMAND_TIMED_OUT;
}

/* ---- what the device says ---- */

static bool on_get(struct exchange *x, const cJSON *document)
{
    (void)document;
    if (x->execution == NULL)
        return reject_as(x, "ResourceNotFound", "there is no such execution");
    return show(x, "get/accepted");
}

static bool accept_response(struct exchange *x)
{
    char topic[TOPIC_SIZE];
    struct text t;

    text_init(&t);
    text_str(&t, "{\"executionId\":");
    text_quoted(&t, x->address->execution);
    text_bytes(&t, "}", 1);
    make_topic(x->address, AWS_PREFIX, "response/accepted/json", topic);
    return cloud_actions_publish(x->out, NULL, topic, &t);
}

static bool on_response(struct exchange *x, const cJSON *document)
{
    struct execution *e = x->execution;
    struct command_report report;
    struct command_error error;

    if (e == NULL)
        return reject_as(x, "ResourceNotFound", "there is no such execution");
    if (!command_report_read(document, &report, &error))
        return error.name != NULL && reject(x, &error);
    bool ok;
    if (command_status_may_follow(e->report.status, e->by_service, report.status, &error)) {
        ok = accept_response(x) && change(x, &report);
        if (ok)
            e->by_service = false;
    } else {
        ok = reject(x, &error);
    }
    command_report_done(&report);
    return ok;
}

bool command_service_request(struct command_service *s, const struct command_address *address,
                             const char *client_id, struct slice payload, int64_t now_ms,
                             struct cloud_actions *out)
{
    static bool (*const handlers[COMMAND_OPERATION_COUNT])(
        struct exchange * x, const cJSON *document) = {on_start, on_get, on_response};
    char key[COMMAND_KEY_SIZE];
    struct exchange x = {
        .service = s, .address = address, .client_id = client_id, .now_ms = now_ms, .out = out};
    size_t before = out->count;
    cJSON *document = json_is_utf8(payload) ? json_parse(payload, PARSE_DEPTH) : NULL;

    bool timely = command_service_tick(s, now_ms, out);
    make_key(address, key);
    x.execution = table_get(&s->executions, key);
    bool ok = address->op != COMMAND_GET && !cJSON_IsObject(document)
                  ? reject_as(&x, "InvalidJson", "the payload is not a JSON object")
                  : handlers[address->op](&x, document);
    cJSON_Delete(document);
    if (!ok)
        cloud_actions_cut(out, before);
    return ok && timely;
}
