/*
 * load.h — what load profiles can do (prelude/load.lua): a load of the running scenario, which ends
 * with it.
 */
#ifndef SCRIPT_LOAD_H
#define SCRIPT_LOAD_H

#include "script/runtime.h"

struct load;
struct load_flags;
struct load_plan;
struct script_load;
struct search_run;

/* Who runs loads (`fleetsim load`): then there is one, and the recorder measures it. */
struct load_host {
    const struct load_flags *flags;
    /* What a profile is going to do, before its first car. False: it must not; may be NULL. */
    bool (*planned)(void *ctx, const struct load_plan *plan, struct error *err);
    /* What runs now, and what it searches for; NULL: none. */
    const struct load *load;
    const struct search_run *search;
    /* It ends, and is still there. */
    void (*ended)(void *ctx, const struct load *load);
    void *ctx;
};

/* Adds its functions to the core table on top of the stack. */
void load_open(lua_State *L);
/* Before its cars go. */
void load_script_free_all(struct script *script, const struct script_owner *owner);

#endif
