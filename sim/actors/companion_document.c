#include "actors/companion_document.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/xmem.h"

#define MAX_DEPTH 64

/* Prints and deletes; cJSON fails for want of memory only. */
static char *print(cJSON *document)
{
    char *printed = cJSON_PrintUnformatted(document);
    char *text = xstrdup(printed != NULL ? printed : "");

    cJSON_free(printed);
    cJSON_Delete(document);
    return text;
}

static bool check_json(const char *what, const char *text, struct error *err)
{
    cJSON *value = text != NULL ? json_parse(slice_str(text), MAX_DEPTH) : NULL;

    if (value == NULL)
        return error_set(err, ERROR_SCRIPT, "%s: not JSON: %.80s", what, text ? text : "(nothing)");
    cJSON_Delete(value);
    return true;
}

static bool check_text(const char *what, const char *text, struct error *err)
{
    if (json_is_utf8(slice_str(text)))
        return true;
    return error_set(err, ERROR_SCRIPT, "%s: not UTF-8", what);
}

char *companion_document_desire(const char *state_json, const char *token, struct error *err)
{
    if (!check_json("desired state", state_json, err) || !check_text("client token", token, err))
        return NULL;
    cJSON *document = cJSON_CreateObject();
    cJSON *state = cJSON_AddObjectToObject(document, "state");
    cJSON_AddRawToObject(state, "desired", state_json);
    if (token != NULL)
        cJSON_AddStringToObject(document, "clientToken", token);
    return print(document);
}

char *companion_document_token(const char *token, struct error *err)
{
    if (token == NULL)
        return xstrdup("");
    if (!check_text("client token", token, err))
        return NULL;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "clientToken", token);
    return print(document);
}

char *companion_document_request(const struct companion_document_request *r, struct error *err)
{
    if (!check_json("command", r->command_json, err) ||
        !check_text("request id", r->request_id, err))
        return NULL;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "requestId", r->request_id);
    cJSON_AddStringToObject(document, "responseTopic", r->response_topic);
    cJSON_AddNumberToObject(document, "issuedAt", (double)r->issued_at_ms);
    if (r->expires_at_ms != 0)
        cJSON_AddNumberToObject(document, "expiresAt", (double)r->expires_at_ms);
    cJSON_AddRawToObject(document, "command", r->command_json);
    return print(document);
}

char *companion_document_start(const char *command_id, const char *command_json, uint32_t timeout_s,
                               struct error *err)
{
    if (!check_json("command", command_json, err))
        return NULL;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "commandId", command_id);
    cJSON_AddRawToObject(document, "payload", command_json);
    if (timeout_s != 0)
        cJSON_AddNumberToObject(document, "executionTimeoutSeconds", (double)timeout_s);
    return print(document);
}
