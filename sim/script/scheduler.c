#include "script/scheduler.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "script/scheduler_inside.h"

#define BUDGET_TEXT                                                                                \
    "instruction budget exceeded (%d instructions without waiting: an endless loop?)"

#define MEMORY_TEXT                                                                                \
    "not enough memory (more than %d MiB allocated without waiting, or too much held by all "      \
    "scripts)"

/* How often the budget is looked at, in instructions. */
#define HOOK_INTERVAL 10000

/* A hook makes every instruction dearer: with a budget as large as this, instructions count from
   when a run has taken some time. */
#define BUDGET_LARGE 10000000

static void drain(void *arg);
static void on_look(void *arg);

void scheduler_init(struct scheduler *s, lua_State *L, struct loop *loop)
{
    *s = (struct scheduler){
        .L = L, .loop = loop, .instruction_budget = 50000000, .growth_limit = (size_t)256 << 20};
    loop_timer_init(&s->turn, loop, drain, s);
    watchdog_init(&s->watchdog, on_look, s);
}

void scheduler_done(struct scheduler *s)
{
    /* task_cancel() takes the first one out of the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
     */
    while (s->tasks != NULL)
        task_cancel(s->tasks); /* NOLINT(clang-analyzer-unix.Malloc) */
    loop_timer_stop(&s->turn);
    watchdog_done(&s->watchdog);
    free(s->subjects);
    s->subjects = NULL;
    s->subject_chains = 0;
}

/* ---- ready list ---- */

/* First come, first served. In virtual time a turn comes when the wire is quiet, and tasks take it
   in the order in which they were started: which of their messages came first is the kernel's
   choice, and must not make the same day another one. */
static struct task *predecessor(const struct task *task)
{
    struct task *p = task->s->ready_last;

    if (loop_is_virtual(task->s->loop))
        while (p != NULL && p->ready_for == task->ready_for && p->number > task->number)
            p = p->ready_prev;
    return p;
}

static void make_ready(struct task *task)
{
    struct scheduler *s = task->s;

    if (task->ready)
        return;
    task->ready = true;
    task->ready_for = s->turns + 1;
    task->ready_prev = predecessor(task);
    task->ready_next = task->ready_prev != NULL ? task->ready_prev->ready_next : s->ready_first;
    *(task->ready_prev != NULL ? &task->ready_prev->ready_next : &s->ready_first) = task;
    *(task->ready_next != NULL ? &task->ready_next->ready_prev : &s->ready_last) = task;
    if (!loop_timer_active(&s->turn))
        loop_timer_start_script(&s->turn, 0);
}

static void leave_ready(struct task *task)
{
    struct scheduler *s = task->s;

    if (!task->ready)
        return;
    if (task->ready_prev != NULL)
        task->ready_prev->ready_next = task->ready_next;
    else
        s->ready_first = task->ready_next;
    if (task->ready_next != NULL)
        task->ready_next->ready_prev = task->ready_prev;
    else
        s->ready_last = task->ready_prev;
    task->ready = false;
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
    if (notified)
        task->due = clock_now(); /* or when its time was up */
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

/* Raises before anything is changed: inside table.sort() and the like nobody can wait. */
static struct task *waiting_task(struct scheduler *s, lua_State *L, const char *what)
{
    struct task *task = task_current(s, L, what);

    if (!lua_isyieldable(L))
        luaL_error(L, "%s cannot be used inside a function that a library calls back", what);
    return task;
}

int task_breathe(struct scheduler *s, lua_State *L)
{
    struct task *task = task_current(s, L, "breathe()");

    if (loop_is_virtual(s->loop) || clock_now() - s->run_began < TASK_SLICE || !lua_isyieldable(L))
        return 0;
    task->due = clock_now();
    make_ready(task);
    return lua_yield(L, 0);
}

int task_sleep(struct scheduler *s, lua_State *L, usec_t delay)
{
    struct task *task = waiting_task(s, L, "wait()");

    task->due = clock_now() + (usec_t)((double)delay / s->loop->time_scale);
    loop_timer_start_scaled(&task->timer, delay);
    return lua_yield(L, 0);
}

void scheduler_set_time_scale(struct scheduler *s, double scale)
{
    double factor = s->loop->time_scale / scale;
    usec_t now = clock_now();

    for (struct task *task = s->tasks; task != NULL; task = task->next)
        if (loop_timer_active(&task->timer) && !task->timed_wait && task->due > now)
            task->due = now + (usec_t)((double)(task->due - now) * factor);
    loop_set_time_scale(s->loop, scale);
}

int task_wait(struct scheduler *s, lua_State *L, struct wait_queue *queue, usec_t timeout)
{
    struct task *task = waiting_task(s, L, "waiting");

    task->queue = queue;
    task->queue_prev = queue->last;
    task->queue_next = NULL;
    if (queue->last != NULL)
        queue->last->queue_next = task;
    else
        queue->first = task;
    queue->last = task;
    task->timed_wait = true;
    task->due = clock_now() + timeout;
    loop_timer_start_script(&task->timer, timeout);
    return lua_yield(L, 0);
}

/* ---- running ---- */

struct task *task_of_state(lua_State *co)
{
    return *(struct task **)lua_getextraspace(co);
}

static void on_hook(lua_State *co, lua_Debug *ar)
{
    struct task *task = task_of_state(co);
    struct scheduler *s = task->s;

    (void)ar;
    if (!task->over_memory) {
        task->used += HOOK_INTERVAL;
        if (s->instruction_budget == 0 || task->used < s->instruction_budget)
            return;
    }
    /* No pcall() sees a yield; run() ends the task. */
    task->over_budget = true;
    if (lua_isyieldable(co)) {
        lua_yield(co, 0);
        return;
    }
    /* A library called back: raise at every instruction, until the script can be ended. */
    lua_sethook(co, on_hook, LUA_MASKCOUNT, 1);
    luaL_error(co, BUDGET_TEXT, s->instruction_budget);
}

static void hook(struct task *task)
{
    task->hooked = true;
    lua_sethook(task->co, on_hook, LUA_MASKCOUNT, HOOK_INTERVAL);
}

/* In a signal handler: of all that Lua offers, only lua_sethook() may be called here. */
static void on_look(void *arg)
{
    struct scheduler *s = arg;
    struct task *task = s->current;

    if (task == NULL && s->runs == s->runs_seen) {
        s->watched = false;
        watchdog_stop(&s->watchdog);
    } else if (task != NULL && s->runs == s->runs_seen && !task->hooked) {
        hook(task);
    }
    s->runs_seen = s->runs;
}

/* Who is about to run is watched, or its instructions are counted from the beginning. */
static void watch(struct scheduler *s, struct task *task)
{
    if (task->hooked && !task->over_memory)
        lua_sethook(task->co, NULL, 0, 0);
    task->hooked = false;
    s->runs++;
    s->current = task;
    if (!s->watchdog.made || (s->instruction_budget != 0 && s->instruction_budget < BUDGET_LARGE)) {
        hook(task);
    } else if (!s->watched) {
        s->watched = true;
        watchdog_start(&s->watchdog);
    }
}

bool scheduler_may_grow(struct scheduler *s, size_t bytes)
{
    s->grown += bytes;
    if (s->grown <= s->growth_limit)
        return true;
    scheduler_refused(s);
    return false;
}

void scheduler_refused(struct scheduler *s)
{
    struct task *task = s->current;

    if (task == NULL || task->over_memory)
        return;
    /* Each further try would cost a full collection: the hook ends it, whatever it catches. */
    task->over_memory = true;
    lua_sethook(task->co, on_hook, LUA_MASKCOUNT, 1);
}

static void free_task(struct task *task)
{
    struct scheduler *s = task->s;

    leave_queue(task);
    leave_ready(task);
    scheduler_leave_subject(task);
    loop_timer_stop(&task->timer);
    if (task->prev != NULL)
        task->prev->next = task->next;
    else
        s->tasks = task->next;
    if (task->next != NULL)
        task->next->prev = task->prev;
    /* Its to-be-closed variables are not closed: nothing of the script runs any more. */
    lua_sethook(task->co, NULL, 0, 0);
    if (task->returned && s->spare_count < SCHEDULER_SPARES) {
        lua_settop(task->co, 0);
        s->spares[s->spare_count++] = (struct spare_thread){.co = task->co, .ref = task->ref};
    } else {
        luaL_unref(s->L, LUA_REGISTRYINDEX, task->ref);
    }
    free(task);
}

static void end(struct task *task, enum task_end how)
{
    lua_sethook(task->co, NULL, 0, 0);
    task->ending = true;
    task->returned = how == TASK_RETURNED;
    if (task->params.end != NULL)
        task->params.end(task->params.arg, task, how, task->co);
    free_task(task);
}

/* Whoever is told may start tasks. */
static void hand_over(struct task *task)
{
    int rest = task->rest;

    if (rest == 0)
        return;
    task->rest = 0;
    task->handed_over = true;
    task->params.waits(task, rest);
}

static void run(struct task *task)
{
    struct scheduler *s = task->s;
    int nresults = 0;
    int nargs = task->nargs;

    task->nargs = 0;
    task->used = 0;
    s->grown = 0;
    s->run_began = clock_now();
    if (!loop_is_virtual(s->loop))
        task_pace_ran(&s->pace, task->due, s->run_began);
    watch(s, task);
    int status = lua_resume(task->co, s->L, nargs, &nresults);
    s->current = NULL;
    bool over_memory = task->over_memory;
    if (status != LUA_OK && task->over_memory) {
        lua_pushfstring(task->co, MEMORY_TEXT, (int)(s->growth_limit >> 20));
        end(task, TASK_RAISED);
    } else if (status == LUA_YIELD && task->over_budget) {
        lua_pushfstring(task->co, BUDGET_TEXT, s->instruction_budget);
        end(task, TASK_RAISED);
    } else if (status == LUA_YIELD) {
        lua_pop(task->co, nresults);
        hand_over(task);
    } else {
        end(task, status == LUA_OK ? TASK_RETURNED : TASK_RAISED);
    }
    if (over_memory)
        lua_gc(s->L, LUA_GCCOLLECT); /* or the next one is refused for what this one held */
}

/* The processor's clock is dearer: it is asked only if it may have gone so far. */
static bool is_over(const struct scheduler *s, usec_t began)
{
    return clock_now() - began > TASK_SLICE && task_pace_is_over(&s->pace, clock_cpu());
}

static void drain(void *arg)
{
    struct scheduler *s = arg;
    usec_t began = clock_now();
    bool is_virtual = loop_is_virtual(s->loop);

    task_pace_begin(&s->pace, clock_cpu());
    /* What becomes ready meanwhile waits for the next turn, so that the loop is never starved. */
    s->turns++;
    /* A task that is freed has left the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (s->ready_first != NULL && s->ready_first->ready_for <= s->turns) {
        struct task *task = s->ready_first;
        leave_ready(task);
        run(task);
        /* Two tasks that speak to the cloud at one instant do so one after the other. */
        if (is_virtual && !loop_is_quiet(s->loop))
            break;
        /* Nor by many that take long each: packets have waited meanwhile. */
        if (!is_virtual && is_over(s, began))
            break;
    }
    task_pace_end(&s->pace, s->ready_first != NULL ? clock_cpu() : 0, s->ready_first != NULL);
    if (s->ready_first != NULL && !loop_timer_active(&s->turn))
        loop_timer_start_script(&s->turn, 0);
}

/* A new coroutine costs its stack, which grows while it runs, and the collector's time: most
   activities are short, and take over one that has returned. */
static struct spare_thread take_thread(struct scheduler *s, lua_State *L)
{
    if (s->spare_count > 0)
        return s->spares[--s->spare_count];
    lua_State *co = lua_newthread(L);
    return (struct spare_thread){.co = co, .ref = luaL_ref(L, LUA_REGISTRYINDEX)};
}

struct task *task_start(struct scheduler *s, lua_State *L, int nargs,
                        const struct task_params *params)
{
    /* All that can raise comes before the task exists. */
    struct spare_thread thread = take_thread(s, L);
    if (!lua_checkstack(thread.co, nargs + 1))
        luaL_error(L, "too many arguments for a task");
    struct task *task = xcalloc(1, sizeof *task);
    task->s = s;
    task->params = *params;
    loop_timer_init(&task->timer, s->loop, on_timer, task);
    task->co = thread.co;
    task->ref = thread.ref;
    *(struct task **)lua_getextraspace(task->co) = task;
    lua_xmove(L, task->co, nargs + 1);
    task->nargs = nargs;
    task->due = clock_now();
    task->number = params->number != 0 ? params->number : scheduler_next_number(s);
    task->next = s->tasks;
    if (s->tasks != NULL)
        s->tasks->prev = task;
    s->tasks = task;
    scheduler_enter_subject(task);
    make_ready(task);
    return task;
}

void task_cancel(struct task *task)
{
    if (task == NULL || task->ending)
        return;
    assert(task != task->s->current);
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

void *task_scope(const struct task *task)
{
    return task->params.scope;
}

void task_set_scope(struct task *task, void *scope)
{
    task->params.scope = scope;
}

lua_State *task_state(const struct task *task)
{
    return task->co;
}

bool task_hand_over(struct task *task, int rest)
{
    bool handed_over = task->handed_over;

    task->handed_over = false;
    task->rest = task->params.waits != NULL ? rest : 0;
    return handed_over;
}

bool scheduler_has(const struct scheduler *s, const struct task *task)
{
    const struct task *t = s->tasks;

    while (t != NULL && t != task)
        t = t->next;
    return t != NULL;
}

uint64_t scheduler_next_number(struct scheduler *s)
{
    return ++s->started;
}
