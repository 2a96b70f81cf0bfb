#include "script/car_timer.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/car.h"

/* Of a car's functions that have been called. */
#define KEPT_MOST 32

struct car_timer {
    struct car_timer *next; /* of the same car */
    struct car *car;
    struct loop_timer timer;
    uint64_t number; /* of the tasks that it starts */
    int fn;          /* registry anchor */
};

static void on_timer(void *arg)
{
    struct car_timer *t = arg;
    struct car *car = t->car;
    lua_State *L = car->script->L;

    script_tune_collector(car->script);
    car->script->uncapped++;
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->fn);
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    struct task_params params = {
        .owner = car->owner, .subject = car, .end = script_task_end, .number = t->number};
    task_start(&car->script->scheduler, L, 1, &params);
    car->script->uncapped--;
}

static void free_timer(struct car_timer *t)
{
    loop_timer_stop(&t->timer);
    luaL_unref(t->car->script->L, LUA_REGISTRYINDEX, t->fn);
    free(t);
}

/* Those that have run stay, for their functions may want to run again, but not any number: some
   scripts make a new function each time. */
static void forget_old(struct car *car)
{
    size_t kept = 0;

    for (struct car_timer **p = &car->timers; *p != NULL;) {
        struct car_timer *t = *p;
        if (loop_timer_active(&t->timer) || kept++ < KEPT_MOST) {
            p = &t->next;
        } else {
            *p = t->next;
            free_timer(t);
        }
    }
}

/* The car's timer for the function at `index`, or NULL. */
static struct car_timer *timer_of(lua_State *L, const struct car *car, int index)
{
    struct car_timer *t = car->timers;
    bool same = false;

    for (; t != NULL; t = t->next) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, t->fn);
        same = lua_rawequal(L, -1, index) != 0;
        lua_pop(L, 1);
        if (same)
            break;
    }
    return t;
}

int car_timer_after(lua_State *L)
{
    struct car *car = car_check(L, 1);
    usec_t delay = script_check_seconds(L, 2);

    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct car_timer *t = timer_of(L, car, 3);
    if (t == NULL) {
        lua_pushvalue(L, 3);
        int fn = luaL_ref(L, LUA_REGISTRYINDEX);
        t = xcalloc(1, sizeof *t);
        t->car = car;
        t->fn = fn;
        t->number = scheduler_next_number(&car->script->scheduler);
        loop_timer_init(&t->timer, car->script->sim->loop, on_timer, t);
        t->next = car->timers;
        car->timers = t;
        forget_old(car);
    }
    loop_timer_start_scaled(&t->timer, delay);
    return 0;
}

void car_timer_free(struct car *car)
{
    while (car->timers != NULL) {
        struct car_timer *t = car->timers;
        car->timers = t->next;
        free_timer(t);
    }
}
