#include "script/twin.h"

#include <math.h>

#include "base/json.h"

/* AWS stops at 8 levels below the section; three more come with the envelope. */
#define DEPTH_MAX 16

void twin_init(struct twin *t)
{
    *t = (struct twin){0};
}

void twin_done(struct twin *t)
{
    cJSON_Delete(t->desired);
    cJSON_Delete(t->reported);
    twin_init(t);
}

static cJSON *take(cJSON *object, const char *name)
{
    cJSON *item = json_get(object, name);

    return cJSON_IsObject(item) ? cJSON_DetachItemViaPointer(object, item) : NULL;
}

/* 0: no version. */
static int64_t version_of(const cJSON *doc)
{
    double version = json_num(doc, "version", 0);

    return version >= 1 && version <= 0x1p53 && floor(version) == version ? (int64_t)version : 0;
}

bool twin_take_document(struct twin *t, struct slice payload)
{
    cJSON *doc = json_parse(payload, DEPTH_MAX);
    cJSON *state = json_get(doc, "state");
    int64_t version = version_of(doc);

    if (!cJSON_IsObject(state) || version < 1) {
        cJSON_Delete(doc);
        return false;
    }
    if (!t->known || version >= t->version) {
        twin_done(t);
        t->known = t->exists = true;
        t->version = version;
        t->desired = take(state, "desired");
        t->reported = take(state, "reported");
    }
    cJSON_Delete(doc);
    return true;
}

void twin_take_absence(struct twin *t)
{
    twin_done(t);
    t->known = true;
}

static void merge(cJSON *object, const cJSON *patch);

/* What a patch value makes where no object was: itself without nulls; NULL for an object that held
   nothing but nulls (contract 1.3, rule 10). */
static cJSON *fresh_value(const cJSON *item)
{
    if (!cJSON_IsObject(item))
        return cJSON_Duplicate(item, 1);
    cJSON *fresh = cJSON_CreateObject();
    merge(fresh, item);
    if (item->child != NULL && fresh->child == NULL) {
        cJSON_Delete(fresh);
        return NULL;
    }
    return fresh;
}

/* Contract 1.3: null deletes, objects merge, the rest replaces. */
static void merge(cJSON *object, const cJSON *patch)
{
    for (const cJSON *item = patch->child; item != NULL; item = item->next) {
        cJSON *old = json_get(object, item->string);
        if (cJSON_IsObject(item) && cJSON_IsObject(old)) {
            merge(old, item);
            continue;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(object, item->string);
        cJSON *fresh = cJSON_IsNull(item) ? NULL : fresh_value(item);
        if (fresh != NULL)
            cJSON_AddItemToObject(object, item->string, fresh);
    }
}

static void merge_section(cJSON **section, cJSON *state, const char *name)
{
    cJSON *patch = json_get(state, name);

    if (cJSON_IsObject(patch)) {
        if (*section == NULL)
            *section = cJSON_CreateObject();
        merge(*section, patch);
    }
    bool cleared = cJSON_IsNull(patch) || cJSON_IsNull(state);
    if (cleared || (*section != NULL && (*section)->child == NULL)) {
        cJSON_Delete(*section);
        *section = NULL;
    }
}

enum twin_patch twin_take_patch(struct twin *t, struct slice payload)
{
    cJSON *doc = json_parse(payload, DEPTH_MAX);
    cJSON *state = json_get(doc, "state");
    int64_t version = version_of(doc);
    enum twin_patch result = TWIN_APPLIED;

    if ((!cJSON_IsObject(state) && !cJSON_IsNull(state)) || version < 1)
        result = TWIN_BAD;
    else if (t->known && t->exists && version <= t->version)
        result = TWIN_OLD;
    else if (!t->known || (t->exists && version != t->version + 1))
        result = TWIN_GAP;
    if (result == TWIN_APPLIED) {
        merge_section(&t->desired, state, "desired");
        merge_section(&t->reported, state, "reported");
        t->exists = true;
        t->version = version;
    } else if (result == TWIN_GAP) {
        t->known = false;
    }
    cJSON_Delete(doc);
    return result;
}

bool twin_shows(const struct twin *t, const cJSON *wish)
{
    if (!t->known)
        return false;
    cJSON *left = json_delta(wish, t->reported);
    bool shows = left != NULL && left->child == NULL;
    cJSON_Delete(left);
    return shows;
}
