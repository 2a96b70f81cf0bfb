/*
 * scheduler.h — Lua coroutines as tasks on the loop: sleep, wait for a notice, cancel, join.
 *
 * One task is one activity: a scenario, one car's part of it, one command acted out. A task waits
 * for at most one thing at a time. Each run of a task between two waits has a budget of
 * instructions and of memory; beyond it the task ends with an error that the script cannot catch.
 *
 * Owns      the tasks and their coroutines.
 * Promises  a task never runs from inside the call that started, woke or cancelled it.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_SCHEDULER_H
#define SCRIPT_SCHEDULER_H

#include <lua.h>
#include <stdbool.h>

#include "loop/loop.h"
#include "script/task_pace.h"
#include "script/watchdog.h"

struct task;
struct script_owner;

/* Things that happen and that tasks wait for. Embedded by value; zeroed is empty. */
struct wait_queue {
    struct task *first, *last;
};

/* Coroutines kept for the next tasks. */
#define SCHEDULER_SPARES 64

struct spare_thread {
    lua_State *co;
    int ref; /* its anchor in the registry */
};

struct scheduler {
    lua_State *L;
    struct loop *loop;
    int instruction_budget; /* per run between two waits; 0: unlimited */
    size_t growth_limit;    /* bytes that it may allocate meanwhile, freed ones included */
    struct task_pace pace;  /* its recorder may be set, until lateness is recorded no more */
    /* Private part */
    size_t grown;
    usec_t run_began; /* of the running task */
    struct task *ready_first, *ready_last;
    struct task *tasks;
    struct task **subjects; /* those that are about something, by what: chains */
    size_t subject_chains;  /* a power of two */
    size_t subject_count;
    struct task *volatile current;
    struct spare_thread spares[SCHEDULER_SPARES];
    size_t spare_count;
    struct loop_timer turn;
    uint64_t turns, started;
    struct watchdog watchdog;
    /* Shared with its signal handler: */
    volatile uint64_t runs; /* of tasks */
    volatile uint64_t runs_seen;
    volatile bool watched;
};

enum task_end { TASK_RETURNED, TASK_RAISED };

struct task_params {
    struct script_owner *owner; /* whose errors and randomness these are; borrowed */
    void *subject;              /* what it is about (an order), for the bindings; borrowed */
    void *scope;                /* what it is part of (a step), for the bindings; borrowed */
    /* Called once, unless the task is cancelled; the coroutine's results or the error value are on
       top of co's stack. May start and cancel other tasks. */
    void (*end)(void *arg, struct task *task, enum task_end end, lua_State *co);
    void *arg;
    /* It waits for the first time since task_hand_over(task, rest): somebody else may do the rest.
       NULL: nobody does. */
    void (*waits)(struct task *task, int rest);
    /* Its place among tasks that become ready in one turn of virtual time; 0: behind all that were
       started before. */
    uint64_t number;
};

void scheduler_init(struct scheduler *s, lua_State *L, struct loop *loop);
/* Cancels what is left. Call before lua_close(). */
void scheduler_done(struct scheduler *s);

/* For the allocator. May what runs now allocate that much more? If not, its task ends soon. */
bool scheduler_may_grow(struct scheduler *s, size_t bytes);
/* The running task, if any, was refused memory for another reason. */
void scheduler_refused(struct scheduler *s);

/* loop_set_time_scale(), and what sleeps is not late for it. */
void scheduler_set_time_scale(struct scheduler *s, double scale);

/* Takes a function and `nargs` arguments from the top of L's stack and makes them a task. */
struct task *task_start(struct scheduler *s, lua_State *L, int nargs,
                        const struct task_params *params);
/* Ends it without a word: nothing of its script runs any more, to-be-closed variables included.
   NULL is fine. A task may not cancel itself. */
void task_cancel(struct task *task);
/* Cancels every task of an owner, except the one that is running. */
void scheduler_cancel_owner(struct scheduler *s, const struct script_owner *owner);

/* Likewise every task about this subject; costs no more than these. */
void scheduler_cancel_subject(struct scheduler *s, const void *subject);

/* The running task; raises a Lua error outside of one ("… can be used only inside a scenario"). */
struct task *task_current(struct scheduler *s, lua_State *L, const char *what);
/* NULL if none is running. */
struct task *task_running(const struct scheduler *s);
struct script_owner *task_owner(const struct task *task);
void *task_subject(const struct task *task);
void *task_scope(const struct task *task);
void task_set_scope(struct task *task, void *scope);
/* The rest of what it does is handed over if it waits; 0: nothing is. True if the rest that was
   named before has been handed over: then it is none of its business any more. */
bool task_hand_over(struct task *task, int rest);
/* One that no task has, for the `number` of tasks to come. */
uint64_t scheduler_next_number(struct scheduler *s);
lua_State *task_state(const struct task *task);
/* Does it still live? Takes any pointer; goes through all tasks. */
bool scheduler_has(const struct scheduler *s, const struct task *task);
/* The task whose coroutine this is. */
struct task *task_of_state(lua_State *co);

/* Use as `return task_breathe(…)` in a lua_CFunction: what has run for long lets all others have
   their turn, and the loop its events. In virtual time nobody is waiting for the machine. */
int task_breathe(struct scheduler *s, lua_State *L);
/* Use as `return task_sleep(…)` in a lua_CFunction: simulated time; the call returns nothing. */
int task_sleep(struct scheduler *s, lua_State *L, usec_t delay);
/* Likewise: waits for queue_notify(), at most `timeout` by the script clock; the call returns true,
   or false when the time ran out. */
int task_wait(struct scheduler *s, lua_State *L, struct wait_queue *queue, usec_t timeout);

/* Lets all waiting tasks go on. */
void queue_notify(struct scheduler *s, struct wait_queue *queue);
/* The queue goes away: waiting tasks go on as if notified. */
void queue_done(struct scheduler *s, struct wait_queue *queue);

#endif
