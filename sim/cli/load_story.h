/*
 * load_story.h — what a load came to, in lines for people: of one process, or of several merged.
 *
 * Threads   any.
 */
#ifndef CLI_LOAD_STORY_H
#define CLI_LOAD_STORY_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* `load` is the member of summary.json. `planned_s`: how long it was to be measured; 0: not known.
   Appends. */
void load_story_write(const cJSON *load, double planned_s, struct buf *out);

#endif
