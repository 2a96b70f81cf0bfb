#include "script/story_twin.h"

#include <stdlib.h>

#include "base/json.h"

#define SHADOW_DEPTH 16

static cJSON *document_of(const struct story_twin *story)
{
    cJSON *doc = cJSON_CreateObject();

    cJSON_AddNumberToObject(doc, "t", (double)story->changed / 1e6);
    cJSON_AddBoolToObject(doc, "exists", story->twin.exists);
    cJSON_AddNumberToObject(doc, "version", (double)story->twin.version);
    cJSON_AddItemToObject(doc, "desired", cJSON_Duplicate(story->twin.desired, 1));
    cJSON_AddItemToObject(doc, "reported", cJSON_Duplicate(story->twin.reported, 1));
    return doc;
}

/* Car and apps are told on connections of their own, so it may be older than what is known. */
static void take_document(struct story_twin *story, struct slice payload)
{
    cJSON *doc = json_parse(payload, SHADOW_DEPTH);
    double version = json_num(doc, "version", 0);

    cJSON_Delete(doc);
    if (story->twin.known && version < (double)story->twin.version)
        return;
    twin_take_document(&story->twin, payload);
    story->gap = false;
}

/* A change that was missed leaves the rest as it is. */
static void take_patch(struct story_twin *story, struct slice payload)
{
    struct twin *twin = &story->twin;
    struct twin old = *twin;

    if (!twin->known && twin->desired == NULL && twin->reported == NULL)
        return;
    enum twin_patch result = twin_take_patch(twin, payload);
    if (result != TWIN_GAP)
        return;
    /* Once more, as if it were the next. */
    cJSON *doc = json_parse(payload, SHADOW_DEPTH);
    story->gap = true;
    twin->known = true;
    twin->exists = true;
    twin->version = (int64_t)json_num(doc, "version", 0) - 1;
    if (twin->version < old.version || twin_take_patch(twin, payload) != TWIN_APPLIED)
        twin->version = old.version;
    cJSON_Delete(doc);
}

/* What a new car first reports counts as what was there, even if its shadow was made meanwhile. */
static void remember_first(struct story_twin *story)
{
    if (story->before_text != NULL || !story->twin.known)
        return;
    if (story->before == NULL)
        story->before = document_of(story);
    if (story->twin.reported == NULL)
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(story->before, "reported");
    cJSON_AddItemToObject(story->before, "reported", cJSON_Duplicate(story->twin.reported, 1));
    story->before_text = cJSON_PrintUnformatted(story->before);
    cJSON_Delete(story->before);
    story->before = NULL;
}

void story_twin_hear(struct story_twin *story, const struct story_said *said, usec_t now)
{
    int64_t version = story->twin.version;
    bool known = story->twin.known;

    if (said->verb == COMPANION_VERB_GET && said->accepted)
        take_document(story, said->payload);
    else if ((said->verb == COMPANION_VERB_GET && said->code == 404 && !known) ||
             (said->verb == COMPANION_VERB_DELETE && said->accepted))
        twin_take_absence(&story->twin);
    else if (said->verb == COMPANION_VERB_UPDATE && said->accepted)
        take_patch(story, said->payload);
    if (story->twin.version != version || story->twin.known != known)
        story->changed = now;
    remember_first(story);
}

cJSON *story_twin_tell(const struct story_twin *story)
{
    cJSON *before = story->before_text != NULL
                        ? json_parse(slice_str(story->before_text), SHADOW_DEPTH + 1)
                        : cJSON_Duplicate(story->before, 1);

    if (before == NULL)
        return NULL;
    cJSON *shadow = cJSON_CreateObject();
    cJSON_AddItemToObject(shadow, "before", before);
    cJSON_AddItemToObject(shadow, "after", document_of(story));
    if (story->gap)
        cJSON_AddTrueToObject(shadow, "gap");
    return shadow;
}

void story_twin_done(struct story_twin *story)
{
    twin_done(&story->twin);
    cJSON_Delete(story->before);
    free(story->before_text);
}
