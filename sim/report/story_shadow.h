/* story_shadow.h — the shadow of a car before and after, and its signals. Private to this room. */
#ifndef REPORT_STORY_SHADOW_H
#define REPORT_STORY_SHADOW_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* `began`: of the scenario. Nothing if nobody was told of the shadow. */
void story_shadow(const cJSON *car, double began, struct buf *out);
/* All signals, those that have changed first. */
void story_signals(const cJSON *car, struct buf *out);

#endif
