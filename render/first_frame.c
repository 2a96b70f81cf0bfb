#include "render/first_frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool first_frame_shown(struct first_frame *f, const struct scene_journey *j, int64_t now)
{
    if (!j->changed || j->number == 0 || j->number == f->number || now < j->sent_at)
        return false;
    size_t at = f->count++ % FIRST_FRAME_KEPT;

    f->number = j->number;
    f->ms = (float)(now - j->sent_at) / 1e3F;
    f->actuator = fminf(j->actuator, f->ms);
    f->rest[at] = f->ms - f->actuator;
    f->whole[at] = f->ms;
    return true;
}

static int compare(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

size_t first_frame_kept(const struct first_frame *f)
{
    return f->count < FIRST_FRAME_KEPT ? f->count : FIRST_FRAME_KEPT;
}

float first_frame_share(const struct first_frame *f, bool whole, double share)
{
    float sorted[FIRST_FRAME_KEPT];
    size_t count = first_frame_kept(f);

    if (count == 0)
        return -1;
    memcpy(sorted, whole ? f->whole : f->rest, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    size_t place = (size_t)ceil(share * (double)count);
    return sorted[place > 0 ? place - 1 : 0];
}
