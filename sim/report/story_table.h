/* story_table.h — what a car went through line by line, packets decoded. Private to this room. */
#ifndef REPORT_STORY_TABLE_H
#define REPORT_STORY_TABLE_H

#include "base/buf.h"
#include "report/story_moments.h"

void story_table(const cJSON *car, const struct moments *m, struct buf *out);

#endif
