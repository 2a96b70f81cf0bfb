/*
 * first_frame.h — how long it takes from an app's command until the car on screen is another: the
 * newest figure, and the median of the newest FIRST_FRAME_KEPT.
 *
 * Of each command counts the first frame that shows the change, when it is on screen; without what
 * the actuator took until then, which is the car's own.
 */
#ifndef RENDER_FIRST_FRAME_H
#define RENDER_FIRST_FRAME_H

#include "render/scene.h"

#define FIRST_FRAME_KEPT 512

struct first_frame {
    uint32_t number;    /* of the newest command that was measured; 0: none was */
    float ms, actuator; /* of it: from the command to the frame; of that, the actuator's own */
    float rest[FIRST_FRAME_KEPT]; /* ms without the actuator, of the newest that were measured */
    float whole[FIRST_FRAME_KEPT];
    size_t count; /* measured so far */
};

/* A frame of the scene with this journey is on screen since `now` (clock_now()). True: it is the
   first that shows what its command has changed. */
bool first_frame_shown(struct first_frame *f, const struct scene_journey *j, int64_t now);
/* How many are kept. */
size_t first_frame_kept(const struct first_frame *f);
/* Of those that are kept: so that this share of them is below; whole: with the actuator's time.
   Below 0: none was measured. */
float first_frame_share(const struct first_frame *f, bool whole, double share);

#endif
