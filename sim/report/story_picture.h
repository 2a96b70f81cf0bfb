/*
 * story_picture.h — what a car went through as a picture: lanes from left to right, time from top
 * to bottom, messages as arrows. SVG inside the page. Private to this room.
 */
#ifndef REPORT_STORY_PICTURE_H
#define REPORT_STORY_PICTURE_H

#include "base/buf.h"
#include "report/story_moments.h"

struct story_frame {
    const cJSON *failure; /* whose steps and message are marked */
    const cJSON *car;
    double began; /* of the scenario: what is 0 in the picture */
};

/* "0.312 s", "2:05:00 h" */
void story_time(double t, char *out, size_t size);
void story_picture(const struct story_frame *frame, const struct moments *m, struct buf *out);

#endif
