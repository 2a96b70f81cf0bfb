/*
 * The input is a desired and a reported document with a newline between them. The delta must be
 * what contract 1.6 says it is: merged into reported it makes desired come true, and it asks for
 * nothing that desired does not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* Stored documents hold no nulls (contract 1.3); names are unique in what these rules are about. */
static bool is_plain(const cJSON *json)
{
    for (const cJSON *a = json->child; a != NULL; a = a->next) {
        if (cJSON_IsNull(a) || !is_plain(a))
            return false;
        for (const cJSON *b = a->next; cJSON_IsObject(json) && b != NULL; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                return false;
    }
    return true;
}

static void merge(cJSON *to, const cJSON *patch)
{
    for (const cJSON *p = patch->child; p != NULL; p = p->next) {
        cJSON *old = json_get(to, p->string);
        if (cJSON_IsObject(p) && cJSON_IsObject(old)) {
            merge(old, p);
        } else {
            cJSON_DeleteItemFromObjectCaseSensitive(to, p->string);
            cJSON_AddItemToObject(to, p->string, cJSON_Duplicate(p, 1));
        }
    }
}

static void require_asks_for_no_more(const cJSON *delta, const cJSON *desired)
{
    for (const cJSON *d = delta->child; d != NULL; d = d->next) {
        const cJSON *wish = json_get(desired, d->string);
        require(wish != NULL);
        if (cJSON_IsObject(d) && cJSON_IsObject(wish))
            require_asks_for_no_more(d, wish);
        else
            require(json_equal(d, wish));
    }
}

static void require_empty(const cJSON *desired, const cJSON *reported)
{
    cJSON *delta = json_delta(desired, reported);

    require(delta != NULL && delta->child == NULL);
    cJSON_Delete(delta);
}

static void check(const cJSON *desired, const cJSON *reported)
{
    cJSON *delta = json_delta(desired, reported);
    cJSON *merged = cJSON_Duplicate(reported, 1);

    require(delta != NULL && merged != NULL);
    require(json_equal(desired, reported) == json_equal(reported, desired));
    require_asks_for_no_more(delta, desired);
    merge(merged, delta);
    require_empty(desired, merged);
    require_empty(desired, desired);
    if (json_equal(desired, reported))
        require(delta->child == NULL);
    cJSON *alone = json_delta(desired, NULL);
    require(json_equal(alone, desired));
    cJSON_Delete(alone);
    cJSON_Delete(merged);
    cJSON_Delete(delta);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size != 0 ? memchr(data, '\n', size) : NULL;
    size_t first = end != NULL ? (size_t)(end - data) : size;
    size_t skip = end != NULL ? first + 1 : first;
    struct slice rest = slice_of(size != 0 ? data + skip : data, size - skip);
    cJSON *desired = json_parse(slice_of(data, first), 16);
    cJSON *reported = json_parse(rest, 16);

    require(json_utf8_prefix(rest) <= rest.len);
    require(json_is_utf8(slice_of(rest.data, json_utf8_prefix(rest))));
    if (desired != NULL && is_plain(desired))
        require(json_equal(desired, desired));
    if (cJSON_IsObject(desired) && cJSON_IsObject(reported) && is_plain(desired) &&
        is_plain(reported))
        check(desired, reported);
    cJSON_Delete(desired);
    cJSON_Delete(reported);
    return 0;
}
