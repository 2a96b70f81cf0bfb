/*
 * remote.h — what somebody outside of any script does at a car, as a task: presses its buttons,
 * opens its doors, pins outcomes. It goes the way that scripts go, so that refusals, faults and the
 * time that motors take are the same.
 *
 * Owns      the tasks. Borrows the script.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_REMOTE_H
#define SCRIPT_REMOTE_H

#include <cjson/cJSON.h>

#include "script/runtime.h"

struct remote;
struct vehicle;

/* ORDER REMOTE_END */
enum remote_end {
    REMOTE_DONE,    /* value: what it returns, as JSON */
    REMOTE_REFUSED, /* the car will not: code and text say why */
    REMOTE_FAILED,  /* it has tried, and could not */
    REMOTE_WRONG,   /* that cannot be asked of this car: text says why */
    REMOTE_GONE,    /* the car's scenario has ended */
    REMOTE_END_COUNT
};

/* Borrowed during the call. */
struct remote_answer {
    enum remote_end end;
    const char *code, *text; /* "" if there are none */
    const char *value;
};

struct remote_request {
    const char *verb;
    const cJSON *arguments;
    void (*answer)(void *ctx, const struct remote_answer *answer);
    void *ctx;
};

struct remote *remote_new(struct script *script);
/* Ends its tasks without a word; before the script is freed. NULL is fine. */
void remote_free(struct remote *remote);

/* Adds its functions to the core table on top of the stack. */
void remote_open(lua_State *L);

/* Begins what prelude/remote.lua has under that verb; `arguments` is borrowed, NULL for none.
   answer() is called once, after this has returned, but not once the remote is freed. */
void remote_begin(struct remote *remote, const struct vehicle *v,
                  const struct remote_request *request);

#endif
