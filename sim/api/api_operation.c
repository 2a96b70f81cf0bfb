#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_inside.h"
#include "base/json.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "fleet/roster.h"
#include "fleet/simulation.h"
#include "http/http_problem.h"
#include "script/remote.h"

#define PATIENCE       (30 * USEC_PER_SEC)
#define PATIENCE_MAX   (600 * USEC_PER_SEC)
#define KEPT_MOST      256  /* that are done, to be asked for */
#define RUNNING_MOST   1024 /* at once */
#define TEXTS_MOST     4096 /* text messages: they are under way until their cars have coverage */
#define THING_NAME_MAX 129

struct api_operation {
    struct api *api;
    struct api_operation *next;
    uint64_t number;
    char thing[THING_NAME_MAX];
    char verb[16];
    void (*tell)(struct api *api, struct vehicle *v, struct http_reply *reply);
    bool look;
    struct http_exchange *exchange; /* whose client waits; NULL: nobody does */
    struct loop_timer patience;
    bool done;
    enum remote_end end;
    unsigned status;
    char *text; /* of the answer, once it is done */
};

/* ORDER REMOTE_END */
static const char *const end_names[REMOTE_END_COUNT] = {"succeeded", "rejected", "failed",
                                                        "impossible", "gone"};

static void dispose(struct api_operation *op)
{
    loop_timer_stop(&op->patience);
    free(op->text);
    free(op);
}

static void free_operation(struct api_operation *op)
{
    struct api_operation **p = &op->api->operations;

    while (*p != op)
        p = &(*p)->next;
    *p = op->next;
    dispose(op);
}

/* ---- answers ---- */

static void tell_problem(const struct remote_answer *a, struct http_reply *reply)
{
    if (a->end == REMOTE_REFUSED || a->end == REMOTE_FAILED)
        http_problem_code(reply, 409, a->end == REMOTE_FAILED ? "FAILED" : "REJECTED", a->code,
                          a->text);
    else
        http_problem(reply, a->end == REMOTE_GONE ? 410 : 422, "%s", a->text);
}

static void tell(struct api_operation *op, const struct remote_answer *a, struct http_reply *reply)
{
    struct vehicle *v = roster_find(op->api->sim, slice_str(op->thing));

    if (a->end != REMOTE_DONE) {
        tell_problem(a, reply);
    } else if (op->tell != NULL) {
        op->tell(op->api, v, reply);
    } else {
        reply->content_type = "application/json";
        buf_printf(&reply->body, "%s\n", strcmp(a->value, "null") != 0 ? a->value : "{}");
    }
}

static void on_answer(void *ctx, const struct remote_answer *a)
{
    struct api_operation *op = ctx;
    struct http_exchange *exchange = op->exchange;
    struct http_reply own = {.status = 200}, *reply = &own;

    buf_init(&own.body, HTTP_SERVER_BODY_MAX);
    if (exchange != NULL)
        reply = http_later_reply(exchange);
    tell(op, a, reply);
    loop_timer_stop(&op->patience);
    op->exchange = NULL;
    op->done = true;
    op->end = a->end;
    op->status = reply->status;
    if (op->look)
        free_operation(op);
    else
        op->text = xstrdup(buf_cstr(&reply->body));
    if (exchange != NULL)
        http_later_answer(exchange);
    buf_done(&own.body);
}

static void promise(const struct api_operation *op, struct http_reply *reply)
{
    cJSON *document = cJSON_CreateObject();

    snprintf(reply->location, sizeof reply->location, "/v1/operations/%" PRIu64, op->number);
    cJSON_AddNumberToObject(document, "operation", (double)op->number);
    cJSON_AddStringToObject(document, "status", "running");
    cJSON_AddStringToObject(document, "location", reply->location);
    api_reply_json(reply, 202, document);
}

static void too_late(struct http_reply *reply)
{
    http_problem(reply, 504,
                 "the car's parts are at something that takes longer (ask again, or wait longer: "
                 "Prefer: wait=120)");
}

static void on_impatient(void *arg)
{
    struct api_operation *op = arg;
    struct http_exchange *exchange = op->exchange;

    op->exchange = NULL;
    if (op->look) /* no trace of it is kept: there is nothing to ask for later */
        too_late(http_later_reply(exchange));
    else
        promise(op, http_later_reply(exchange));
    http_later_answer(exchange);
}

/* The client has gone: what it has begun goes on. */
static void on_gone(void *ctx)
{
    struct api_operation *op = ctx;

    loop_timer_stop(&op->patience);
    op->exchange = NULL;
}

/* ---- beginning ---- */

/* How long the client waits, as it prefers: "respond-async", "wait=5" (RFC 7240). Whoever only
   looks waits in any case. */
static usec_t patience_of(const struct http_request *request, bool look)
{
    const char *prefer = http_request_header(request, "Prefer");
    const char *wait = prefer != NULL ? strstr(prefer, "wait=") : NULL;

    if (!look && !http_later_may(request))
        return 0;
    if (!look && prefer != NULL && strstr(prefer, "respond-async") != NULL && wait == NULL)
        return 0;
    if (wait == NULL)
        return PATIENCE;
    double seconds = strtod(wait + strlen("wait="), NULL);
    if (!(seconds > 0))
        return look ? PATIENCE : 0;
    return seconds * 1e6 < (double)PATIENCE_MAX ? (usec_t)(seconds * 1e6) : PATIENCE_MAX;
}

static bool is_text(const char *verb)
{
    return strcmp(verb, "sms") == 0;
}

static size_t most(const char *verb)
{
    return is_text(verb) ? TEXTS_MOST : RUNNING_MOST;
}

/* Those that are done long ago are forgotten. Is there room for one more? */
static bool sweep(struct api *api, const char *verb)
{
    bool text = is_text(verb);
    size_t done = 0, running = 0;

    for (struct api_operation *op = api->operations, *next; op != NULL; op = next) {
        next = op->next;
        running += !op->done && is_text(op->verb) == text;
        if (op->done && ++done > KEPT_MOST)
            free_operation(op);
    }
    return running < most(verb);
}

static struct api_operation *begin(struct api *api, const struct api_plan *plan)
{
    struct api_operation *op = xcalloc(1, sizeof *op);

    *op = (struct api_operation){.api = api,
                                 .next = api->operations,
                                 .number = plan->look ? 0 : ++api->operation_count,
                                 .tell = plan->tell,
                                 .look = plan->look};
    api->operations = op;
    snprintf(op->thing, sizeof op->thing, "%s", plan->vehicle->identity.thing_name);
    snprintf(op->verb, sizeof op->verb, "%s", plan->verb);
    loop_timer_init(&op->patience, api->sim->loop, on_impatient, op);
    struct remote_request request = {
        .verb = plan->verb, .arguments = plan->arguments, .answer = on_answer, .ctx = op};
    remote_begin(api->remote, plan->vehicle, &request);
    cJSON_Delete(plan->arguments);
    return op;
}

bool api_begin_quietly(struct api *api, const struct api_plan *plan)
{
    if (!sweep(api, plan->verb)) {
        cJSON_Delete(plan->arguments);
        return false;
    }
    begin(api, plan);
    return true;
}

void api_begin(struct api *api, const struct http_request *request, struct http_reply *reply,
               const struct api_plan *plan)
{
    if (!sweep(api, plan->verb)) {
        cJSON_Delete(plan->arguments);
        http_problem(reply, 503, "%zu %s are under way already (wait for some of them)",
                     most(plan->verb), is_text(plan->verb) ? "text messages" : "operations");
        return;
    }
    struct api_operation *op = begin(api, plan);
    usec_t patience = patience_of(request, plan->look);
    if (patience == 0) {
        promise(op, reply);
        return;
    }
    op->exchange = request->exchange;
    loop_timer_start(&op->patience, patience);
    http_later(request, &(struct http_waiting){.gone = on_gone, .ctx = op});
}

/* ---- looking at one ---- */

void api_operation_answer(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct api *api = ctx;
    struct slice name = request->param[0];
    char *text = xstrndup((const char *)name.data, name.len);
    uint64_t number = strtoull(text, NULL, 10);
    const struct api_operation *op = api->operations;

    while (op != NULL && (op->look || op->number != number))
        op = op->next;
    if (op == NULL) {
        http_problem(reply, 404,
                     "there is no operation '%.20s' (the last %d that are done are "
                     "kept)",
                     text, KEPT_MOST);
        free(text);
        return;
    }
    free(text);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "operation", (double)op->number);
    cJSON_AddStringToObject(document, "vehicle", op->thing);
    cJSON_AddStringToObject(document, "what", op->verb);
    cJSON_AddStringToObject(document, "status", op->done ? end_names[op->end] : "running");
    if (op->done)
        cJSON_AddItemToObject(document, op->end == REMOTE_DONE ? "result" : "problem",
                              cJSON_Parse(op->text));
    api_reply_json(reply, 200, document);
}

void api_operations_free(struct api *api)
{
    for (struct api_operation *op = api->operations, *next; op != NULL; op = next) {
        next = op->next;
        dispose(op);
    }
    api->operations = NULL;
}
