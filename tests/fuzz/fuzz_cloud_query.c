/* Queries of the fleet index: arbitrary text parses or gets an error; what parses matches or not,
   and its opposite the other way round. */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/registry/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cJSON *value(void *ctx, const char *field)
{
    const cJSON *all = ctx;

    return cJSON_Duplicate(field != NULL ? json_get(all, field) : all, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char thing[] =
        "{\"thingName\":\"car-1\",\"thingGroupNames\":[\"a\",\"b\"],\"attributes.year\":\"2024\","
        "\"shadow.reported.a\":71.5,\"shadow.reported.b\":[1,{\"x\":true}],"
        "\"connectivity.connected\":true}";
    char *text = strndup((const char *)data, size);
    char *opposite = malloc(strlen(text) + 8);
    struct error err = {.text = ""};
    struct query *query = query_parse(text, &err);

    sprintf(opposite, "NOT (%s)", text);
    if (query != NULL) {
        cJSON *all = cJSON_Parse(thing);
        const struct query_source source = {.value = value, .ctx = all};
        struct query *other = query_parse(opposite, &err);
        bool found = query_matches(query, &source);
        if (other != NULL)
            assert(query_matches(other, &source) != found);
        query_free(other);
        cJSON_Delete(all);
    } else {
        assert(*err.text != '\0');
    }
    query_free(query);
    free(opposite);
    free(text);
    return 0;
}
