/* json_text.h — text of users in JSON documents, which must stay UTF-8; members put and replaced.
 */
#ifndef METRICS_JSON_TEXT_H
#define METRICS_JSON_TEXT_H

#include <cjson/cJSON.h>

/* Adds it as a string, null for NULL; if it is not UTF-8, what is not ASCII becomes '?'. */
void json_add_text(cJSON *object, const char *key, const char *text);

/* Adds the member, or puts it in the place of the one of that name. Takes `value` over. */
void json_put(cJSON *object, const char *key, cJSON *value);

#endif
