#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "metrics/recorder.h"
#include "script/scheduler.h"

/* Tasks write words into `said`; `ends` gets how they ended. */
struct stage {
    struct loop *loop;
    lua_State *L;
    struct scheduler s;
    struct wait_queue queue;
    struct buf said, ends;
    struct task *victim;
    char owner, other, subject; /* only their addresses count */
};

static struct stage *stage_of(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "stage");
    struct stage *st = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return st;
}

static void on_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct stage *st = arg;

    assert_ptr_equal(task_state(task), co);
    assert_null(task_running(&st->s));
    buf_printf(&st->ends, "%s[%s] ", end == TASK_RETURNED ? "returned" : "raised",
               lua_gettop(co) > 0 && lua_isstring(co, -1) ? lua_tostring(co, -1) : "");
}

static int f_say(lua_State *L)
{
    buf_printf(&stage_of(L)->said, "%s ", luaL_checkstring(L, 1));
    return 0;
}

static int f_sleep(lua_State *L)
{
    return task_sleep(&stage_of(L)->s, L, (usec_t)(luaL_checknumber(L, 1) * 1e6));
}

static int f_wait(lua_State *L)
{
    struct stage *st = stage_of(L);

    return task_wait(&st->s, L, &st->queue, (usec_t)(luaL_checknumber(L, 1) * 1e6));
}

static int f_notify(lua_State *L)
{
    struct stage *st = stage_of(L);

    queue_notify(&st->s, &st->queue);
    return 0;
}

static int f_spawn(lua_State *L)
{
    struct stage *st = stage_of(L);
    struct task_params params = {
        .owner = task_owner(task_current(&st->s, L, "spawn")), .end = on_end, .arg = st};

    task_start(&st->s, L, lua_gettop(L) - 1, &params);
    return 0;
}

static int f_cancel_victim(lua_State *L)
{
    struct stage *st = stage_of(L);

    task_cancel(st->victim);
    st->victim = NULL;
    return 0;
}

static int f_cancel_owner(lua_State *L)
{
    struct stage *st = stage_of(L);

    scheduler_cancel_owner(&st->s, (const struct script_owner *)(const void *)&st->owner);
    return 0;
}

static struct task *start_as(struct stage *st, const char *code, void *owner, void *subject)
{
    struct task_params params = {.owner = owner, .subject = subject, .end = on_end, .arg = st};

    if (luaL_loadstring(st->L, code) != LUA_OK)
        fail_msg("%s", lua_tostring(st->L, -1));
    struct task *task = task_start(&st->s, st->L, 0, &params);
    assert_ptr_equal(task_owner(task), owner);
    assert_ptr_equal(task_subject(task), subject);
    return task;
}

static struct task *start(struct stage *st, const char *code)
{
    return start_as(st, code, &st->owner, NULL);
}

/* Until no task is left. */
static void run_all(struct stage *st)
{
    for (int i = 0; i < 1000000 && st->s.tasks != NULL; i++)
        ev_run(st->loop->ev, EVRUN_ONCE);
    assert_null(st->s.tasks);
}

static void turn(struct stage *st)
{
    for (int i = 0; i < 3; i++)
        ev_run(st->loop->ev, EVRUN_NOWAIT);
}

static const char *said(struct stage *st)
{
    return buf_cstr(&st->said);
}

static const char *ends(struct stage *st)
{
    return buf_cstr(&st->ends);
}

static int open_stage(void **state, bool gc_pressure)
{
    static const luaL_Reg functions[] = {
        {"say",           f_say          },
        {"sleep",         f_sleep        },
        {"wait",          f_wait         },
        {"notify",        f_notify       },
        {"spawn",         f_spawn        },
        {"cancel_victim", f_cancel_victim},
        {"cancel_owner",  f_cancel_owner },
        {NULL,            NULL           }
    };
    struct stage *st = xcalloc(1, sizeof *st);

    st->loop = loop_new();
    st->L = luaL_newstate();
    luaL_openlibs(st->L);
    lua_pushlightuserdata(st->L, st);
    lua_setfield(st->L, LUA_REGISTRYINDEX, "stage");
    lua_pushglobaltable(st->L);
    luaL_setfuncs(st->L, functions, 0);
    lua_pop(st->L, 1);
    if (gc_pressure)
        lua_gc(st->L, LUA_GCINC, 1, 1000, 1);
    buf_init(&st->said, 1 << 20);
    buf_init(&st->ends, 1 << 20);
    scheduler_init(&st->s, st->L, st->loop);
    *state = st;
    return 0;
}

static int make(void **state)
{
    return open_stage(state, false);
}

static int make_under_pressure(void **state)
{
    return open_stage(state, true);
}

static int unmake(void **state)
{
    struct stage *st = *state;

    assert_int_equal(lua_gettop(st->L), 0);
    scheduler_done(&st->s);
    assert_null(st->queue.first);
    lua_close(st->L);
    loop_free(st->loop);
    buf_done(&st->said);
    buf_done(&st->ends);
    free(st);
    return 0;
}

/* ---- waiting ---- */

static void nothing_runs_inside_the_call_that_starts_it(void **state)
{
    struct stage *st = *state;

    start(st, "say('a') spawn(function() say('c') end) say('b')");
    assert_string_equal(said(st), "");
    run_all(st);
    assert_string_equal(said(st), "a b c ");
    assert_string_equal(ends(st), "returned[] returned[] ");
}

static bool always_quiet(void *ctx)
{
    (void)ctx;
    return true;
}

/* In virtual time: of real time some passes between one start and the next. */
static void sleepers_wake_in_their_order(void **state)
{
    struct stage *st = *state;

    loop_make_virtual(st->loop, &(struct loop_virtual){.quiet = always_quiet});
    start(st, "sleep(0.006) say('late')");
    start(st, "sleep(0.002) say('early') return 'done'");
    start(st, "sleep(0) say('now')");
    run_all(st);
    assert_string_equal(said(st), "now early late ");
    assert_string_equal(ends(st), "returned[] returned[done] returned[] ");
}

static void a_wait_tells_notice_from_time_out(void **state)
{
    struct stage *st = *state;

    start(st, "say(tostring(wait(60)))");
    start(st, "say(tostring(wait(0.001)))");
    start(st, "sleep(0.02) say('notify') notify() say('after')");
    run_all(st);
    assert_string_equal(said(st), "false notify after true ");
}

static void a_notice_wakes_all_and_is_not_kept(void **state)
{
    struct stage *st = *state;

    start(st, "notify()");
    turn(st);
    start(st, "wait(60) say('a') wait(60) say('b')");
    start(st, "wait(60) say('c')");
    turn(st);
    assert_string_equal(said(st), "");
    queue_notify(&st->s, &st->queue);
    turn(st);
    assert_string_equal(said(st), "a c ");
    queue_done(&st->s, &st->queue);
    run_all(st);
    assert_string_equal(said(st), "a c b ");
}

static void tasks_that_notify_each_other_do_not_starve_the_loop(void **state)
{
    struct stage *st = *state;

    start(st, "while true do notify() wait(60) end");
    start(st, "while true do notify() wait(60) end");
    start(st, "cancel_victim()");
    /* The last of the turn is cancelled in it. */
    st->victim = start(st, "say('never')");
    turn(st);
    turn(st);
    assert_string_equal(said(st), "");
    assert_non_null(st->s.tasks);
    scheduler_cancel_owner(&st->s, (const struct script_owner *)(const void *)&st->owner);
    assert_null(st->s.tasks);
}

static void nobody_waits_inside_a_library_function(void **state)
{
    struct stage *st = *state;

    start(st, "local ok, why = pcall(table.sort, {1, 2, 3}, function() wait(60) end)"
              " say(tostring(ok)) say(why)"
              " say(tostring(pcall(string.gsub, 'x', 'x', function() sleep(1) end)))"
              " say(tostring(wait(0.001))) sleep(0.001) say('fine')");
    run_all(st);
    assert_non_null(strstr(said(st), "waiting cannot be used inside a function that a library "
                                     "calls back false false fine "));
}

static void only_tasks_can_wait(void **state)
{
    struct stage *st = *state;

    start(st, "local co = coroutine.wrap(function() wait(1) end)"
              " local ok, why = pcall(co) say(why)");
    run_all(st);
    assert_non_null(strstr(said(st), "waiting cannot be used inside a coroutine of your own"));
    luaL_loadstring(st->L, "sleep(1)");
    assert_int_equal(lua_pcall(st->L, 0, 0, 0), LUA_ERRRUN);
    assert_non_null(strstr(lua_tostring(st->L, -1), "only while a scenario or a car runs"));
    lua_pop(st->L, 1);
}

/* ---- cancelling ---- */

static void a_cancelled_task_says_no_more(void **state)
{
    struct stage *st = *state;
    struct task *ready = start(st, "say('ready')");
    struct task *sleeping = start(st, "sleep(0.001) say('slept')");
    struct task *waiting = start(st, "wait(0.001) say('waited')");
    struct task *behind = start(st, "wait(60) say('behind')");

    task_cancel(NULL);
    task_cancel(ready);
    turn(st);
    task_cancel(sleeping);
    task_cancel(waiting);
    queue_notify(&st->s, &st->queue);
    (void)behind;
    run_all(st);
    assert_string_equal(said(st), "behind ");
    assert_string_equal(ends(st), "returned[] ");
}

static void cancelling_runs_nothing_of_the_script(void **state)
{
    struct stage *st = *state;
    struct task *task =
        start(st, "local x <close> = setmetatable({}, {__close = function() while true do end end})"
                  " wait(60)");

    turn(st);
    task_cancel(task);
    lua_gc(st->L, LUA_GCCOLLECT);
    assert_null(st->s.tasks);
    assert_string_equal(ends(st), "");
}

static void an_owner_ends_all_but_the_running(void **state)
{
    struct stage *st = *state;

    start(st, "wait(60) say('a')");
    start(st, "sleep(60) say('b')");
    start_as(st, "wait(60) say('other')", &st->other, NULL);
    start(st, "spawn(say, 'c') cancel_owner() say('survivor')");
    start(st, "say('d')");
    turn(st);
    queue_notify(&st->s, &st->queue);
    run_all(st);
    assert_string_equal(said(st), "survivor other ");
}

static void a_subject_ends_its_tasks(void **state)
{
    struct stage *st = *state;

    start_as(st, "wait(60) say('about')", &st->owner, &st->subject);
    start_as(st, "wait(60) say('not about')", &st->owner, &st->other);
    turn(st);
    scheduler_cancel_subject(&st->s, &st->subject);
    queue_notify(&st->s, &st->queue);
    run_all(st);
    assert_string_equal(said(st), "not about ");
}

/* More subjects than the index begins with, two tasks each, ended in no order. */
static void many_subjects_are_told_apart(void **state)
{
    enum { SUBJECTS = 300, STRIDE = 7 };
    static char subjects[SUBJECTS];
    struct stage *st = *state;

    for (size_t i = 0; i < SUBJECTS; i++) {
        start_as(st, "wait(60) say('first')", &st->owner, &subjects[i]);
        start_as(st, "wait(60) say('second')", &st->owner, &subjects[i]);
    }
    turn(st);
    assert_int_equal(st->s.subject_count, 2 * SUBJECTS);
    for (size_t i = 0; i < SUBJECTS - 1; i++) {
        scheduler_cancel_subject(&st->s, &subjects[i * STRIDE % SUBJECTS]);
        assert_int_equal(st->s.subject_count, 2 * (SUBJECTS - 1 - i));
        scheduler_cancel_subject(&st->s, &subjects[i * STRIDE % SUBJECTS]);
    }
    scheduler_cancel_subject(&st->s, &st->subject);
    scheduler_cancel_subject(&st->s, NULL);
    queue_notify(&st->s, &st->queue);
    run_all(st);
    assert_string_equal(said(st), "first second ");
    assert_int_equal(st->s.subject_count, 0);
}

/* ---- errors and budgets ---- */

static void errors_reach_the_end(void **state)
{
    struct stage *st = *state;

    start(st, "sleep(0.001) error('boom', 0)");
    run_all(st);
    assert_string_equal(ends(st), "raised[boom] ");
}

static void no_script_escapes_its_budget(void **state)
{
    struct stage *st = *state;
    static const char *const codes[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "pcall(pcall, pcall, function() while true do end end) say('escaped')",
        "xpcall(function() while true do end end, function() while true do end end) say('escaped')",
        "while true do pcall(table.sort, {1, 2, 3}, function() while true do end end) end",
        "table.sort({1, 2, 3}, function() while true do end end)",
        "local x <close> = setmetatable({}, {__close = function() while true do end end})"
        " while true do end",
        "local x <close> = setmetatable({}, {__close = function() while true do end end})"
        " table.sort({1, 2, 3}, function() while true do end end)",
        "setmetatable(_ENV, {__index = function() while true do end end}) local y = x",
    };

    st->s.instruction_budget = 100000;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        buf_clear(&st->ends);
        start(st, codes[i]);
        run_all(st);
        if (strstr(ends(st), "raised[") == NULL || strstr(ends(st), "instruction budget") == NULL)
            fail_msg("%s: %s", codes[i], ends(st));
    }
    assert_string_equal(said(st), "");
}

static void each_wait_renews_the_budget(void **state)
{
    struct stage *st = *state;

    st->s.instruction_budget = 100000;
    start(st, "for _ = 1, 10 do for _ = 1, 40000 do end sleep(0) end say('done')");
    run_all(st);
    assert_string_equal(said(st), "done ");
    st->s.instruction_budget = 0;
    start(st, "for _ = 1, 1000000 do end say('unlimited')");
    run_all(st);
    assert_string_equal(said(st), "done unlimited ");
}

/* ---- many ---- */

static void arguments_arrive_however_many(void **state)
{
    struct stage *st = *state;

    start(st, "local t = {} for i = 1, 5000 do t[i] = i end"
              " spawn(function(...) say(select('#', ...)) say((select(5000, ...))) end,"
              " table.unpack(t))");
    run_all(st);
    assert_string_equal(said(st), "5000 5000 ");
}

static void ten_thousand_tasks(void **state)
{
    struct stage *st = *state;

    start(st, "n = 0 for i = 1, 10000 do spawn(function()"
              "  sleep(i % 7 / 1000) if i % 3 == 0 then wait(0.001) else wait(60) end"
              "  n = n + 1 end) end"
              " sleep(0.05) while n < 10000 do notify() sleep(0.001) end say(n)");
    run_all(st);
    assert_string_equal(said(st), "10000 ");
}

static void ten_thousand_cancelled_while_ready(void **state)
{
    struct stage *st = *state;

    for (int i = 0; i < 10000; i++)
        start(st, "say('never')");
    scheduler_cancel_owner(&st->s, (const struct script_owner *)(const void *)&st->owner);
    turn(st);
    assert_string_equal(said(st), "");
}

/* ---- when there is too much to do ---- */

/* Of the processor, whoever else wants it. */
static void burn(usec_t time)
{
    usec_t began = clock_cpu();

    while (clock_cpu() - began < time)
        ;
}

static int f_burn(lua_State *L)
{
    burn((usec_t)(luaL_checknumber(L, 1) * 1e6));
    return 0;
}

static void on_busy(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev;
    (void)w;
    (void)events;
    burn(20 * USEC_PER_MSEC);
}

/* Packets that take 20 ms a turn leave as long to the tasks: 100 ms of them take some six turns; by
   slices of 5 ms it would be 17 and more. */
static void a_busy_loop_leaves_half_of_its_time_to_tasks(void **state)
{
    struct stage *st = *state;
    ev_prepare busy;

    lua_register(st->L, "burn", f_burn);
    ev_prepare_init(&busy, on_busy);
    ev_prepare_start(st->loop->ev, &busy);
    for (int i = 0; i < 50; i++)
        start(st, "burn(0.002)");
    run_all(st);
    ev_prepare_stop(st->loop->ev, &busy);
    assert_in_range(st->s.turns, 3, 13);
}

static void what_a_task_waits_for_the_loop_is_recorded(void **state)
{
    struct stage *st = *state;
    struct recorder *rec = recorder_new();

    st->s.pace.recorder = rec;
    lua_register(st->L, "burn", f_burn);
    start(st, "sleep(0.01)");
    start(st, "burn(0.04)");
    start(st, "wait(60)");
    turn(st);
    queue_notify(&st->s, &st->queue);
    burn(15 * USEC_PER_MSEC);
    run_all(st);
    const struct histogram *h = &recorder_stage(rec, "task.lateness")->total;
    /* Three began, one of them 40 ms late; the sleeper went on 30 ms late, the waiter 15. */
    assert_int_equal(histogram_total(h), 5);
    assert_in_range(histogram_max(h), 29 * USEC_PER_MSEC, 5 * USEC_PER_SEC);
    assert_true(histogram_percentile(h, 75) >= 14 * USEC_PER_MSEC);
    st->s.pace.recorder = NULL;
    recorder_free(rec);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, make, unmake),                                           \
    {                                                                                              \
#test ", collecting all the time", test, make_under_pressure, unmake, NULL                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(nothing_runs_inside_the_call_that_starts_it),
        BOTH(sleepers_wake_in_their_order),
        BOTH(a_wait_tells_notice_from_time_out),
        BOTH(a_notice_wakes_all_and_is_not_kept),
        BOTH(tasks_that_notify_each_other_do_not_starve_the_loop),
        BOTH(nobody_waits_inside_a_library_function),
        BOTH(only_tasks_can_wait),
        BOTH(a_cancelled_task_says_no_more),
        BOTH(cancelling_runs_nothing_of_the_script),
        BOTH(an_owner_ends_all_but_the_running),
        BOTH(a_subject_ends_its_tasks),
        BOTH(many_subjects_are_told_apart),
        BOTH(errors_reach_the_end),
        BOTH(no_script_escapes_its_budget),
        BOTH(each_wait_renews_the_budget),
        BOTH(arguments_arrive_however_many),
        cmocka_unit_test_setup_teardown(ten_thousand_tasks, make, unmake),
        BOTH(ten_thousand_cancelled_while_ready),
        cmocka_unit_test_setup_teardown(a_busy_loop_leaves_half_of_its_time_to_tasks, make, unmake),
        cmocka_unit_test_setup_teardown(what_a_task_waits_for_the_loop_is_recorded, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
