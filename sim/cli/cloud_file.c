#include "cli/cloud_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmem.h"

char *cloud_file_write(const char *dir, const struct broker *broker, const char *ca,
                       struct error *err)
{
    cJSON *doc = cJSON_CreateObject();
    char *path = xasprintf("%s/cloud.json", dir);
    char *aside = xasprintf("%s.new", path);
    const char *websocket = broker_websocket(broker);

    cJSON_AddStringToObject(doc, "endpoint", broker_endpoint(broker));
    if (websocket != NULL)
        cJSON_AddStringToObject(doc, "websocket", websocket);
    if (broker_page(broker) != NULL)
        cJSON_AddStringToObject(doc, "page", broker_page(broker));
    cJSON_AddStringToObject(doc, "ca", ca);
    cJSON_AddNumberToObject(doc, "pid", (double)getpid());
    cJSON_AddNumberToObject(doc, "broker_pid", (double)broker_pid(broker));
    char *text = cJSON_PrintUnformatted(doc);
    FILE *f = text != NULL ? fopen(aside, "we") : NULL;
    bool ok = f != NULL && fprintf(f, "%s\n", text) > 0;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    ok = ok && rename(aside, path) == 0;
    if (!ok) {
        error_set(err, ERROR_USAGE, "%s: %s (is there room, and may it be written?)", path,
                  strerror(errno));
        free(path);
        path = NULL;
    }
    cJSON_free(text);
    cJSON_Delete(doc);
    free(aside);
    return path;
}
