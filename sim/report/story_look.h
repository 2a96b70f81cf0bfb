/*
 * story_look.h — the car as it looked when its scenario failed, drawn by the view. Private to this
 * room. A build without the view draws nothing.
 */
#ifndef REPORT_STORY_LOOK_H
#define REPORT_STORY_LOOK_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* From the car's member "picture"; nothing if there is none. */
void story_look(const cJSON *car, struct buf *out);

#endif
