/*
 * story_twin.h — one shadow of a car in the story of a failure: the cloud's document as it was
 * first known, and as it came to be, as far as car and apps here were told.
 *
 * Owns      both documents.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_STORY_TWIN_H
#define SCRIPT_STORY_TWIN_H

#include <cjson/cJSON.h>

#include "actors/companion_topic.h"
#include "base/timeunit.h"
#include "script/twin.h"

/* Begins all zero. */
struct story_twin {
    struct twin twin;
    bool gap;       /* some of its changes were not seen */
    usec_t changed; /* when it last was */
    /* {t, exists, version, desired, reported}: as it was first known, as JSON until `reported` is,
       then as text, which is a sixth of the bytes; both NULL: not known yet. */
    cJSON *before;
    char *before_text;
};

/* What the cloud says of it. */
struct story_said {
    enum companion_verb verb;
    bool accepted;
    int code; /* of a refusal */
    struct slice payload;
};

void story_twin_done(struct story_twin *story);
void story_twin_hear(struct story_twin *story, const struct story_said *said, usec_t now);
/* {before, after, gap}: a new object, or NULL if nothing is known of it. */
cJSON *story_twin_tell(const struct story_twin *story);

#endif
