#include "script/task_pace.h"

#include "metrics/recorder.h"

void task_pace_begin(struct task_pace *p, usec_t cpu)
{
    usec_t elsewhere = p->behind ? cpu - p->ended : 0;

    p->began = cpu;
    p->slice = elsewhere > TASK_SLICE_MOST ? TASK_SLICE_MOST
               : elsewhere > TASK_SLICE    ? elsewhere
                                           : TASK_SLICE;
}

bool task_pace_is_over(const struct task_pace *p, usec_t cpu)
{
    return cpu - p->began > p->slice;
}

void task_pace_end(struct task_pace *p, usec_t cpu, bool behind)
{
    p->ended = cpu;
    p->behind = behind;
}

void task_pace_ran(const struct task_pace *p, usec_t due, usec_t now)
{
    if (p->recorder != NULL)
        recorder_value(p->recorder, "task.lateness", now > due ? now - due : 0);
}
