#include "api/api.h"

#include <stdlib.h>
#include <string.h>

#include "api/api_inside.h"
#include "api/openapi.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleet/roster.h"
#include "fleet/simulation.h"
#include "http/http_problem.h"
#include "script/remote.h"

/* ---- the routes ---- */

static void show_openapi(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    (void)ctx;
    (void)request;
    reply->content_type = "application/yaml";
    buf_append(&reply->body, api_openapi, api_openapi_len);
}

static void show_root(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct api *api = ctx;
    cJSON *root = cJSON_CreateObject();

    (void)request;
    cJSON_AddStringToObject(root, "name", "fleetsim");
    cJSON_AddStringToObject(root, "version", FLEETSIM_VERSION);
    cJSON_AddNumberToObject(root, "vehicles", (double)api->sim->vehicle_count);
    cJSON *paths = cJSON_AddArrayToObject(root, "paths");
    for (const struct http_route *r = api->routes; r->path != NULL; r++)
        if (r == api->routes || strcmp(r[-1].path, r->path) != 0)
            cJSON_AddItemToArray(paths, cJSON_CreateString(r->path));
    api_reply_json(reply, 200, root);
}

// clang-format off
static const struct http_route routes[] = {
    {.path = "/v1",                                          .answer = show_root},
    {.path = "/v1/openapi.yaml",                             .answer = show_openapi},
    {.path = "/v1/vehicles",                                 .answer = api_list_vehicles},
    {.path = "/v1/vehicles/{vehicle}",                       .answer = api_show_vehicle},
    {.path = "/v1/vehicles/{vehicle}/signals",               .answer = api_set_signals,      .methods = HTTP_PATCH | HTTP_POST},
    {.path = "/v1/vehicles/{vehicle}/actions",               .answer = api_list_actions},
    {.path = "/v1/vehicles/{vehicle}/actions/{action}",      .answer = api_act,              .methods = HTTP_POST},
    {.path = "/v1/vehicles/{vehicle}/outcomes",              .answer = api_outcomes,         .methods = HTTP_GET | HTTP_POST | HTTP_DELETE},
    {.path = "/v1/vehicles/{vehicle}/radio",                 .answer = api_radio,            .methods = HTTP_GET | HTTP_POST},
    {.path = "/v1/vehicles/{vehicle}/power",                 .answer = api_power,            .methods = HTTP_POST},
    {.path = "/v1/vehicles/{vehicle}/timeline",              .answer = api_show_timeline},
    {.path = "/v1/operations/{operation}",                   .answer = api_operation_answer},
    {.path = "/v1/events",                                   .answer = api_events},
    {.path = "/v1/sms",                                      .answer = api_sms,              .methods = HTTP_POST},
    {.path = "/2010-04-01/Accounts/{account}/Messages.json", .answer = api_sms_twilio,       .methods = HTTP_POST, .proofs = HTTP_PROOF_BASIC},
    {.path = "/",                                            .answer = api_sms_sns,          .methods = HTTP_POST, .proofs = HTTP_PROOF_AWS},
    {0}
};
// clang-format on

static size_t add_routes(struct api *api, size_t n, const struct http_route *more)
{
    for (const struct http_route *r = more; r->path != NULL && n < API_ROUTES_MAX; r++) {
        api->routes[n] = *r;
        api->routes[n++].ctx = api;
    }
    return n;
}

static void make_routes(struct api *api, const struct http_route *more)
{
    size_t n = add_routes(api, add_routes(api, 0, routes), api_page_routes(api));

    for (const struct http_route *r = more; r != NULL && r->path != NULL && n < API_ROUTES_MAX; r++)
        api->routes[n++] = *r;
}

/* ---- its life ---- */

struct api *api_new(const struct api_options *options, struct error *err)
{
    struct api *api = xcalloc(1, sizeof *api);
    struct http_guard guard = {
        .token = options->token,
        .origins = options->origins,
        .origin_count = options->origin_count,
        .numbers_only = http_address_is_loopback(&options->address),
    };

    api->sim = options->sim;
    api->script = options->script;
    api_page_open(api, options->page);
    make_routes(api, options->more);
    api->server = http_server_new(api->sim->loop, &options->address, api->routes, err);
    if (api->server == NULL) {
        free(api);
        return NULL;
    }
    http_server_guard(api->server, &guard);
    api->remote = remote_new(api->script);
    api_events_open(api);
    return api;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    http_server_free(api->server); /* first: its clients ask the others */
    remote_free(api->remote);
    api_events_close(api);
    api_operations_free(api);
    free(api);
}

const char *api_url(const struct api *api)
{
    return http_server_url(api->server);
}

const struct http_route *api_own_routes(void)
{
    return routes;
}
