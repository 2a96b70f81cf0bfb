#include "metrics/json_text.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/xmem.h"

void json_add_text(cJSON *object, const char *key, const char *text)
{
    if (text == NULL) {
        cJSON_AddNullToObject(object, key);
        return;
    }
    if (json_is_utf8(slice_str(text))) {
        cJSON_AddStringToObject(object, key, text);
        return;
    }
    char *clean = xstrdup(text);
    for (char *p = clean; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    cJSON_AddStringToObject(object, key, clean);
    free(clean);
}

void json_put(cJSON *object, const char *key, cJSON *value)
{
    if (json_get(object, key) != NULL)
        cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
    else
        cJSON_AddItemToObject(object, key, value);
}
