/* story.h — the failures of a run, each with its story. Private to this room. */
#ifndef REPORT_STORY_H
#define REPORT_STORY_H

#include "report/sections.h"

/* From failures.jsonl; what is not in there, from the summary. */
void section_failures(const struct report *r, struct buf *out);

#endif
