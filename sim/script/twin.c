#include "script/twin.h"

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

bool twin_take_document(struct twin *t, struct slice payload)
{
    cJSON *doc = json_parse(payload, DEPTH_MAX);
    cJSON *state = json_get(doc, "state");
    int64_t version = (int64_t)json_num(doc, "version", 0);

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

/* Merges patch into *section (contract 1.3): null deletes, objects merge, the rest replaces. */
static void merge(cJSON **section, cJSON *patch)
{
    cJSON *next;

    if (*section == NULL)
        *section = cJSON_CreateObject();
    for (cJSON *item = patch->child; item != NULL; item = next) {
        next = item->next;
        cJSON *old = json_get(*section, item->string);
        if (cJSON_IsNull(item)) {
            cJSON_DeleteItemFromObjectCaseSensitive(*section, item->string);
        } else if (cJSON_IsObject(item) && item->child != NULL) {
            cJSON *inner = cJSON_IsObject(old) ? cJSON_DetachItemViaPointer(*section, old) : NULL;
            merge(&inner, item);
            cJSON_DeleteItemFromObjectCaseSensitive(*section, item->string);
            cJSON_AddItemToObject(*section, item->string, inner);
        } else if (!cJSON_IsObject(item) || !cJSON_IsObject(old)) {
            cJSON_DeleteItemFromObjectCaseSensitive(*section, item->string);
            cJSON_AddItemToObject(*section, item->string, cJSON_Duplicate(item, 1));
        }
    }
}

static void merge_section(cJSON **section, cJSON *state, const char *name)
{
    cJSON *patch = json_get(state, name);

    if (cJSON_IsNull(patch) || cJSON_IsNull(state)) {
        cJSON_Delete(*section);
        *section = NULL;
    } else if (cJSON_IsObject(patch)) {
        merge(section, patch);
    }
}

enum twin_patch twin_take_patch(struct twin *t, struct slice payload)
{
    cJSON *doc = json_parse(payload, DEPTH_MAX);
    cJSON *state = json_get(doc, "state");
    int64_t version = (int64_t)json_num(doc, "version", 0);
    enum twin_patch result = TWIN_APPLIED;

    if (state == NULL || version < 1)
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
