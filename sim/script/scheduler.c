#include "script/scheduler.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>

#include "base/xmem.h"

/* How often the budget is looked at, in instructions. */
#define HOOK_INTERVAL 10000

struct task {
    struct scheduler *s;
    struct task *prev, *next; /* of all tasks */
    struct task *ready_next;
    struct task *queue_prev, *queue_next;
    struct wait_queue *queue;
    struct loop_timer timer;
    lua_State *co;
    int ref; /* registry anchor of co */
    int nargs;
    int used; /* instructions since it last waited */
    bool ready, timed_wait;
    bool ending; /* its end function runs: nobody may free it */
    struct task_params params;
};

static void drain(void *arg);

void scheduler_init(struct scheduler *s, lua_State *L, struct loop *loop)
{
    *s = (struct scheduler){.L = L, .loop = loop, .instruction_budget = 50000000};
    loop_timer_init(&s->turn, loop, drain, s);
}

void scheduler_done(struct scheduler *s)
{
    while (s->tasks != NULL)
        task_cancel(s->tasks);
    loop_timer_stop(&s->turn);
}

/* ---- ready list ---- */

static void make_ready(struct task *task)
{
    struct scheduler *s = task->s;

    if (task->ready)
        return;
    task->ready = true;
    task->ready_next = NULL;
    if (s->ready_last != NULL)
        s->ready_last->ready_next = task;
    else
        s->ready_first = task;
    s->ready_last = task;
    if (!loop_timer_active(&s->turn))
        loop_timer_start(&s->turn, 0);
}

static void leave_ready(struct task *task)
{
    struct scheduler *s = task->s;
    struct task *before = NULL;

    if (!task->ready)
        return;
    for (struct task *t = s->ready_first; t != task; t = t->ready_next)
        before = t;
    if (before != NULL)
        before->ready_next = task->ready_next;
    else
        s->ready_first = task->ready_next;
    if (s->ready_last == task)
        s->ready_last = before;
    task->ready = false;
}

static struct task *take_ready(struct scheduler *s)
{
    struct task *task = s->ready_first;

    if (task == NULL)
        return NULL;
    s->ready_first = task->ready_next;
    if (s->ready_first == NULL)
        s->ready_last = NULL;
    task->ready = false;
    return task;
}

/* ---- waiting ---- */

static void leave_queue(struct task *task)
{
    struct wait_queue *q = task->queue;

    if (q == NULL)
        return;
    if (task->queue_prev != NULL)
        task->queue_prev->queue_next = task->queue_next;
    else
        q->first = task->queue_next;
    if (task->queue_next != NULL)
        task->queue_next->queue_prev = task->queue_prev;
    else
        q->last = task->queue_prev;
    task->queue = NULL;
    task->queue_prev = task->queue_next = NULL;
}

static void wake(struct task *task, bool notified)
{
    leave_queue(task);
    loop_timer_stop(&task->timer);
    if (task->timed_wait) {
        lua_pushboolean(task->co, notified);
        task->nargs = 1;
        task->timed_wait = false;
    }
    make_ready(task);
}

static void on_timer(void *arg)
{
    wake(arg, false);
}

void queue_notify(struct scheduler *s, struct wait_queue *queue)
{
    (void)s;
    while (queue->first != NULL)
        wake(queue->first, true);
}

void queue_done(struct scheduler *s, struct wait_queue *queue)
{
    queue_notify(s, queue);
}

int task_sleep(struct scheduler *s, lua_State *L, usec_t delay)
{
    struct task *task = task_current(s, L, "wait()");

    loop_timer_start_scaled(&task->timer, delay);
    return lua_yield(L, 0);
}

int task_wait(struct scheduler *s, lua_State *L, struct wait_queue *queue, usec_t timeout)
{
    struct task *task = task_current(s, L, "waiting");

    task->queue = queue;
    task->queue_prev = queue->last;
    task->queue_next = NULL;
    if (queue->last != NULL)
        queue->last->queue_next = task;
    else
        queue->first = task;
    queue->last = task;
    task->timed_wait = true;
    loop_timer_start(&task->timer, timeout);
    return lua_yield(L, 0);
}

/* ---- running ---- */

static struct task *task_of(lua_State *co)
{
    return *(struct task **)lua_getextraspace(co);
}

static void on_hook(lua_State *co, lua_Debug *ar)
{
    struct task *task = task_of(co);
    struct scheduler *s = task->s;

    (void)ar;
    task->used += HOOK_INTERVAL;
    if (s->instruction_budget == 0 || task->used < s->instruction_budget)
        return;
    /* From here on every instruction raises, so that no pcall() can keep the script running. */
    lua_sethook(co, on_hook, LUA_MASKCOUNT, 1);
    lua_pushfstring(
        co, "instruction budget exceeded (%d instructions without waiting: an endless loop?)",
        s->instruction_budget);
    lua_error(co);
}

static void free_task(struct task *task)
{
    struct scheduler *s = task->s;

    leave_queue(task);
    leave_ready(task);
    loop_timer_stop(&task->timer);
    if (task->prev != NULL)
        task->prev->next = task->next;
    else
        s->tasks = task->next;
    if (task->next != NULL)
        task->next->prev = task->prev;
    luaL_unref(s->L, LUA_REGISTRYINDEX, task->ref);
    free(task);
}

static void run(struct task *task)
{
    struct scheduler *s = task->s;
    struct task *before = s->current;
    int nresults = 0;
    int nargs = task->nargs;

    task->nargs = 0;
    task->used = 0;
    lua_sethook(task->co, on_hook, LUA_MASKCOUNT, HOOK_INTERVAL);
    s->current = task;
    int status = lua_resume(task->co, s->L, nargs, &nresults);
    s->current = before;
    if (status == LUA_YIELD) {
        lua_pop(task->co, nresults);
        /* coroutine.yield() by hand: goes on in the next turn. */
        if (task->queue == NULL && !loop_timer_active(&task->timer) && !task->ready)
            make_ready(task);
        return;
    }
    lua_sethook(task->co, NULL, 0, 0);
    task->ending = true;
    if (task->params.end != NULL)
        task->params.end(task->params.arg, task, status == LUA_OK ? TASK_RETURNED : TASK_RAISED,
                         task->co);
    lua_resetthread(task->co);
    free_task(task);
}

static void drain(void *arg)
{
    struct scheduler *s = arg;
    struct task *last = s->ready_last;
    struct task *task;

    /* What becomes ready meanwhile waits for the next turn, so that the loop is never starved. The
       last one may be cancelled meanwhile; then all that is ready runs, which does no harm. */
    s->draining = true;
    while ((task = take_ready(s)) != NULL) {
        bool end = task == last;
        run(task);
        if (end)
            break;
    }
    s->draining = false;
    if (s->ready_first != NULL && !loop_timer_active(&s->turn))
        loop_timer_start(&s->turn, 0);
}

struct task *task_start(struct scheduler *s, lua_State *L, int nargs,
                        const struct task_params *params)
{
    struct task *task = xcalloc(1, sizeof *task);

    task->s = s;
    task->params = *params;
    loop_timer_init(&task->timer, s->loop, on_timer, task);
    task->co = lua_newthread(L);
    task->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    *(struct task **)lua_getextraspace(task->co) = task;
    lua_xmove(L, task->co, nargs + 1);
    task->nargs = nargs;
    task->next = s->tasks;
    if (s->tasks != NULL)
        s->tasks->prev = task;
    s->tasks = task;
    make_ready(task);
    return task;
}

void task_cancel(struct task *task)
{
    if (task == NULL || task->ending)
        return;
    assert(task != task->s->current);
    lua_sethook(task->co, NULL, 0, 0);
    lua_resetthread(task->co);
    free_task(task);
}

void scheduler_cancel_owner(struct scheduler *s, const struct script_owner *owner)
{
    struct task *next;

    for (struct task *t = s->tasks; t != NULL; t = next) {
        next = t->next;
        if (t->params.owner == owner && t != s->current && !t->ending)
            task_cancel(t);
    }
}

void scheduler_cancel_subject(struct scheduler *s, const void *subject)
{
    struct task *next;

    for (struct task *t = s->tasks; t != NULL; t = next) {
        next = t->next;
        if (t->params.subject == subject && t != s->current && !t->ending)
            task_cancel(t);
    }
}

struct task *task_current(struct scheduler *s, lua_State *L, const char *what)
{
    if (s->current == NULL || s->current->co != L) {
        if (s->current != NULL)
            luaL_error(L, "%s cannot be used inside a coroutine of your own", what);
        luaL_error(L, "%s can be used only while a scenario or a car runs", what);
    }
    return s->current;
}

struct task *task_running(const struct scheduler *s)
{
    return s->current;
}

struct script_owner *task_owner(const struct task *task)
{
    return task->params.owner;
}

void *task_subject(const struct task *task)
{
    return task->params.subject;
}

lua_State *task_state(const struct task *task)
{
    return task->co;
}
