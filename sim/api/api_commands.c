#include <stdlib.h>
#include <string.h>

#include "api/api_inside.h"
#include "base/json.h"
#include "base/xmem.h"
#include "http/http_problem.h"

/* Begins a verb with these arguments, which it takes over. */
static void begin(struct api *api, const struct http_request *request, struct http_reply *reply,
                  const char *verb, cJSON *arguments)
{
    struct vehicle *v = api_vehicle(api, request, reply);

    if (v == NULL) {
        cJSON_Delete(arguments);
        return;
    }
    api_begin(api, request, reply,
              &(struct api_plan){.vehicle = v,
                                 .verb = verb,
                                 .arguments = arguments,
                                 .look = request->method == HTTP_GET});
}

/* ---- signals ---- */

void api_set_signals(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const char *how = http_request_query(request, "how");
    cJSON *signals = api_body(request, reply);

    if (signals == NULL)
        return;
    if (how != NULL && strcmp(how, "ask") != 0 && strcmp(how, "set") != 0) {
        cJSON_Delete(signals);
        http_problem(reply, 422,
                     "how=%.20s is no way to change signals (there are ask, the parts "
                     "of the car, and set, past them)",
                     how);
        return;
    }
    cJSON *arguments = cJSON_CreateObject();
    cJSON_AddItemToObject(arguments, "signals", signals);
    cJSON_AddBoolToObject(arguments, "set", how != NULL && strcmp(how, "set") == 0);
    begin(ctx, request, reply, "signals", arguments);
}

/* ---- actions ---- */

void api_list_actions(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    begin(ctx, request, reply, "actions", NULL);
}

void api_act(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct slice action = request->param[1];
    cJSON *body = api_body(request, reply);

    if (body == NULL)
        return;
    cJSON *list = cJSON_IsArray(body) ? body : cJSON_DetachItemFromObject(body, "arguments");
    if (list != body)
        cJSON_Delete(body);
    if (list != NULL && !cJSON_IsArray(list)) {
        cJSON_Delete(list);
        http_problem(reply, 422,
                     "arguments are a list (as [\"front_left\"]; GET …/actions tells "
                     "their names)");
        return;
    }
    cJSON *arguments = cJSON_CreateObject();
    char *name = xstrndup((const char *)action.data, action.len);
    cJSON_AddStringToObject(arguments, "name", name);
    cJSON_AddItemToObject(arguments, "arguments", list != NULL ? list : cJSON_CreateArray());
    free(name);
    begin(ctx, request, reply, "action", arguments);
}

/* ---- outcomes ---- */

static void unpin(struct api *api, const struct http_request *request, struct http_reply *reply)
{
    const char *target = http_request_query(request, "target");
    cJSON *arguments = cJSON_CreateObject();

    if (target != NULL)
        cJSON_AddStringToObject(arguments, "target", target);
    begin(api, request, reply, "unpin", arguments);
}

void api_outcomes(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    if (request->method == HTTP_GET) {
        begin(ctx, request, reply, "pins", NULL);
        return;
    }
    if (request->method == HTTP_DELETE) {
        unpin(ctx, request, reply);
        return;
    }
    cJSON *pin = api_body(request, reply);
    if (pin == NULL)
        return;
    if (json_str(pin, "target", NULL) == NULL || json_str(pin, "outcome", NULL) == NULL) {
        cJSON_Delete(pin);
        http_problem(reply, 422,
                     "a pin has a target and an outcome (as {\"target\": \"locks\", "
                     "\"outcome\": \"refuse:DOOR_OPEN\"}; docs/outcomes.md)");
        return;
    }
    begin(ctx, request, reply, "pin", pin);
}

/* ---- network and power ---- */

void api_radio(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    cJSON *network = NULL;

    if (request->method != HTTP_GET) {
        network = api_body(request, reply);
        if (network == NULL)
            return;
        if (network->child == NULL || !cJSON_IsObject(network)) {
            cJSON_Delete(network);
            http_problem(reply, 422,
                         "no network is named (as {\"profile\": \"garage\"}; "
                         "docs/radio.md)");
            return;
        }
    }
    begin(ctx, request, reply, "radio", network);
}

void api_power(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    cJSON *power = api_body(request, reply);

    if (power == NULL)
        return;
    if (json_str(power, "to", NULL) == NULL) {
        cJSON_Delete(power);
        http_problem(reply, 422,
                     "what is to be done is not said (as {\"to\": \"sleep\"}; there "
                     "are sleep, wake, cut, restore, drop, ignition_on, ignition_off)");
        return;
    }
    begin(ctx, request, reply, "power", power);
}
