#include "script/task_pace.h"

#include "metrics/recorder.h"

void task_pace_begin(struct task_pace *p, usec_t now)
{
    usec_t elsewhere = p->behind && now > p->ended ? now - p->ended : 0;

    p->began = now;
    p->slice = elsewhere > TASK_SLICE_MOST ? TASK_SLICE_MOST
               : elsewhere > TASK_SLICE    ? elsewhere
                                           : TASK_SLICE;
}

bool task_pace_is_over(const struct task_pace *p, usec_t now)
{
    return now > p->began && now - p->began > p->slice;
}

void task_pace_end(struct task_pace *p, usec_t now, bool behind)
{
    p->ended = now;
    p->behind = behind;
}

void task_pace_ran(const struct task_pace *p, usec_t due, usec_t now)
{
    if (p->recorder != NULL)
        recorder_value(p->recorder, "task.lateness", now > due ? now - due : 0);
}
