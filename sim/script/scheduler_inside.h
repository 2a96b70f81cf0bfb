/* scheduler_inside.h — what the files of scheduler.h share. Private to them. */
#ifndef SCRIPT_SCHEDULER_INSIDE_H
#define SCRIPT_SCHEDULER_INSIDE_H

#include "script/scheduler.h"

struct task {
    struct scheduler *s;
    struct task *prev, *next; /* of all tasks */
    struct task *ready_prev, *ready_next;
    struct task *queue_prev, *queue_next;
    struct task *subject_prev, *subject_next; /* same chain */
    struct wait_queue *queue;
    struct loop_timer timer;
    lua_State *co;
    int ref; /* registry anchor of co */
    int nargs;
    int rest;           /* handed over when it waits; 0: nothing */
    int used;           /* instructions since it last waited */
    uint64_t ready_for; /* the turn in which it runs */
    uint64_t number;    /* rises with each task */
    bool ready, timed_wait;
    volatile bool hooked; /* its instructions are counted */
    bool over_budget;
    bool over_memory; /* it was refused memory */
    bool handed_over; /* the rest that it named last */
    bool ending;      /* its end function runs: nobody may free it */
    bool returned;    /* its coroutine has nothing left on its stack that runs */
    usec_t due;       /* when it is to run, or was made ready */
    struct task_params params;
};

/* scheduler_subjects.c: a task without a subject is in no chain. */
void scheduler_enter_subject(struct task *task);
void scheduler_leave_subject(struct task *task);

#endif
