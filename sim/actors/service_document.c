#include "actors/service_document.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/xmem.h"

#define DEPTH_MAX 16

static void add(cJSON *to, const char *key, const char *value)
{
    if (value != NULL)
        cJSON_AddStringToObject(to, key, value);
}

char *service_document_make(const struct service_document *d)
{
    cJSON *document = cJSON_CreateObject();

    add(document, "requestId", d->id);
    add(document, "car", d->thing);
    add(document, "user", d->user);
    add(document, "channel", d->channel);
    add(document, "status", d->status);
    add(document, "reason", d->reason);
    add(document, "description", d->description);
    if (d->command_json != NULL)
        cJSON_AddRawToObject(document, "command", d->command_json);
    cJSON_AddNumberToObject(document, "at", (double)d->at_ms);
    char *printed = cJSON_PrintUnformatted(document);
    char *text = xstrdup(printed != NULL ? printed : "");
    cJSON_free(printed);
    cJSON_Delete(document);
    return text;
}

static char *text_of(const cJSON *object, const char *key)
{
    const char *text = json_str(object, key, NULL);

    return text != NULL ? xstrdup(text) : NULL;
}

char *service_document_read(const char *response, struct service_reason *ret)
{
    cJSON *document = json_parse(slice_str(response), DEPTH_MAX);
    const cJSON *reason = json_get(document, "statusReason");
    char *status = text_of(document, "status");

    ret->code = text_of(reason, "reasonCode");
    ret->description = text_of(reason, "reasonDescription");
    cJSON_Delete(document);
    return status;
}
