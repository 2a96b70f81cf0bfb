#include <string.h>

#include "api/api_inside.h"
#include "base/json.h"
#include "fleet/roster.h"
#include "http/http_problem.h"

#define JSON_DEPTH_MAX 8

struct vehicle *api_vehicle(const struct api *api, const struct http_request *request,
                            struct http_reply *reply)
{
    struct slice name = request->param[0];
    struct vehicle *v = roster_find(api->sim, name);

    if (v == NULL)
        http_problem(reply, 404, "there is no car '%.*s' (GET /v1/vehicles lists them)",
                     (int)(name.len < 64 ? name.len : 64), name.data);
    return v;
}

cJSON *api_body(const struct http_request *request, struct http_reply *reply)
{
    if (request->body.len == 0)
        return cJSON_CreateObject();
    if (request->content_type != NULL &&
        strncmp(request->content_type, "application/json", strlen("application/json")) != 0) {
        http_problem(reply, 415, "a body of type %s is not understood (send application/json)",
                     request->content_type);
        return NULL;
    }
    cJSON *body = json_parse(request->body, JSON_DEPTH_MAX);
    if (cJSON_IsObject(body) || cJSON_IsArray(body))
        return body;
    http_problem(reply, 400,
                 "the body is not a JSON document of at most %d levels (see "
                 "/v1/openapi.yaml)",
                 JSON_DEPTH_MAX);
    cJSON_Delete(body);
    return NULL;
}

void api_reply_json(struct http_reply *reply, unsigned status, cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document);

    cJSON_Delete(document);
    reply->status = status;
    reply->content_type = "application/json";
    buf_append_str(&reply->body, text);
    buf_append_str(&reply->body, "\n");
    cJSON_free(text);
}
