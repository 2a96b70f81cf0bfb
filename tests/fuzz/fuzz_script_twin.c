/*
 * Each line of the input is what the cloud says next: 'd' and a document, 'p' and a patch, 'a' the
 * absence of the shadow. A twin must take anything, and after each patch that it applied show what
 * the patch said.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "script/twin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* No nulls in objects, no name twice: then a patch says exactly what is to be seen. */
static bool is_plain(const cJSON *json)
{
    for (const cJSON *a = json->child; a != NULL; a = a->next) {
        if ((cJSON_IsObject(json) && cJSON_IsNull(a)) || !is_plain(a))
            return false;
        for (const cJSON *b = a->next; cJSON_IsObject(json) && b != NULL; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                return false;
    }
    return true;
}

static void check_shown(const struct twin *t, struct slice payload)
{
    cJSON *doc = json_parse(payload, 16);
    const cJSON *reported = json_get(json_get(doc, "state"), "reported");

    if (cJSON_IsObject(reported) && is_plain(doc))
        require(twin_shows(t, reported));
    cJSON_Delete(doc);
}

static void check(const struct twin *t)
{
    require(t->desired == NULL || cJSON_IsObject(t->desired));
    require(t->reported == NULL || cJSON_IsObject(t->reported));
    if (!t->known)
        return;
    require(t->exists == (t->version > 0));
    if (!t->exists)
        require(t->desired == NULL && t->reported == NULL);
}

static void take(struct twin *t, uint8_t kind, struct slice payload)
{
    int64_t before = t->version;
    bool known = t->known, existed = t->exists;

    if (kind == 'd') {
        require(!twin_take_document(t, payload) || t->known);
    } else if (kind == 'a') {
        twin_take_absence(t);
        require(t->known && !t->exists);
    } else {
        enum twin_patch result = twin_take_patch(t, payload);
        require((result == TWIN_GAP) == (known && !t->known) || !known);
        if (result == TWIN_APPLIED) {
            require(known && (!existed || t->version == before + 1));
            require(t->desired == NULL || t->desired->child != NULL);
            require(t->reported == NULL || t->reported->child != NULL);
            check_shown(t, payload);
        } else {
            require(t->version == before);
        }
    }
    check(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct twin t;

    twin_init(&t);
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        if (len > 0)
            take(&t, data[0], slice_of(data + 1, len - 1));
        size_t step = end != NULL ? len + 1 : len;
        data += step;
        size -= step;
    }
    twin_done(&t);
    return 0;
}
