/*
 * car.h — the `car` of the scripts: one vehicle, as its own parts and as scenarios see it.
 *
 * The userdata is anchored while its vehicle lives; afterwards every use of it is a Lua error.
 * Orders reach the parts as tasks that run the prelude's act().
 */
#ifndef SCRIPT_CAR_H
#define SCRIPT_CAR_H

#include "base/buf.h"
#include "script/events.h"
#include "script/runtime.h"

struct vehicle;
struct recording;
struct car_story;
struct fetch;

/* What a task can be about: its subject begins with it, so that bindings can tell. */
enum task_about { ABOUT_CAR, ABOUT_ORDER, ABOUT_LINE, ABOUT_SCENARIO };

struct car {
    enum task_about about; /* ABOUT_CAR */
    struct script *script;
    struct script_owner *owner;
    struct vehicle *vehicle; /* NULL: gone */
    struct rng rng;          /* its own, so that a car's day does not depend on its neighbours */
    struct wait_queue changed;
    struct event_source events;   /* for scripts that listen */
    struct car_mqtt *mqtt;        /* messages of its own; NULL: none yet */
    struct fetch *fetch;          /* car_fetch.c's; NULL: it downloads nothing */
    struct car_timer *timers;     /* car_timer.c's; NULL: none */
    struct recording *recordings; /* record.c's; NULL: none */
    struct car_story *story;      /* for a report of what went wrong; NULL: not kept */
    struct car *next;             /* of all */
    int ref;                      /* registry anchor of the userdata */
};

void car_open(lua_State *L);
/* The car at `index`; raises if it is none, or gone. */
struct car *car_check(lua_State *L, int index);
/* NULL if the value at `index` is no car, or it is gone. */
struct car *car_test(lua_State *L, int index);
/* Ends every car of this owner: cancels their tasks, frees their vehicles. */
void car_free_all(struct script *script, const struct script_owner *owner);
/* Appends the last lines of the car's timeline under a heading. */
void car_write_timeline(const struct car *car, size_t most_lines, struct buf *out);
/* The same for at most `most_cars` of the owner: the one that was last used, then the latest. */
void car_write_timelines(const struct script *script, const struct script_owner *owner,
                         size_t most_cars, size_t most_lines, struct buf *out);

#endif
