/*
 * scenario.h — one scenario: how a file declares it, how it runs, how it ends, and the story of its
 * failure. Each has cars, companions, tasks and randomness of its own.
 *
 * Who runs many of them is their host (runner.h).
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_SCENARIO_H
#define SCRIPT_SCENARIO_H

#include "script/car.h"
#include "script/runtime.h"
#include "script/scenario_record.h"
#include "script/violation.h"

struct scenario;
struct open_step;
struct params;

/* What scenarios may use, and who is told of them. Fill it, and let script->scenarios point at it.
 */
struct scenario_host {
    const char *loading;   /* the file that may declare now; NULL: none. Outlives its scenarios */
    uint32_t vehicles;     /* size of a fleet that does not say it; 0: 10 */
    bool vehicles_forced;  /* … and of one that does */
    usec_t timeout;        /* of scenarios that do not say it; 0: 30 s */
    struct params *params; /* of --param; NULL: none; borrowed */
    /* Can this process have so many cars at once? Asked before a fleet is made; may be NULL. */
    bool (*fits)(void *ctx, uint64_t vehicles, struct error *err);
    void *fits_ctx;
    /* A file declares one of that name: is it wanted? */
    bool (*wanted)(struct scenario_host *host, const char *name);
    /* A file has declared it: the host's from now on, to scenario_free(). */
    void (*declared)(struct scenario_host *host, struct scenario *s);
    /* It has its verdict; its cars and tasks are gone. */
    void (*ended)(struct scenario_host *host, struct scenario *s);
};

struct scenario {
    struct script_owner owner; /* first: name, randomness */
    struct scenario_host *host;
    /* Set by the host: */
    uint64_t seed;            /* of its randomness, with its name */
    unsigned round, attempt;  /* from 1 */
    struct scenario *earlier; /* the attempt before, which failed; NULL: there was none */
    const char *file;
    unsigned line;
    bool alone; /* no other runs beside it */
    enum scenario_verdict verdict;
    usec_t started, took;
    usec_t began; /* on the script clock */
    uint64_t assertions;
    char *message;                 /* why not passed, one line; NULL if passed as expected */
    char *where;                   /* "file:line", or NULL */
    char *detail;                  /* the long story: traceback, timelines */
    struct violations violations;  /* what the oracle found wrong */
    struct scenario_record record; /* tags, parameters, steps, soft failures */
    const void *origin;            /* the host's */
    void *user;                    /* the host's caller's */
    struct scenario *next;         /* the host's */
    /* Private part */
    enum task_about about; /* ABOUT_SCENARIO: the subject of its script's tasks */
    char *name_copy;
    int declaration;                 /* registry ref: what the prelude runs */
    int test;                        /* registry ref: its t */
    usec_t timeout, timeout_per_car; /* the first grows with each fleet */
    usec_t after_timeout;            /* of what runs after it; 0: nothing does */
    enum scenario_verdict outcome;   /* its verdict, once it is known, while that runs */
    bool cloud_down;                 /* its script has paused the cloud */
    struct task *main;
    struct loop_timer clock;
    struct open_step *open_steps;
    struct cJSON *story; /* story.c's: what its cars had gone through when it failed; or NULL */
};

/* Adds its functions to the core table on top of the stack. */
void scenario_open(lua_State *L);

/* Did it pass only after it had failed? */
bool scenario_is_flaky(const struct scenario *s);
/* Declared by a file, with what the prelude runs on top of L's stack, which it takes. */
struct scenario *scenario_new(lua_State *L, struct scenario_host *host, const char *name);
/* Begins one that waits; its first task runs later. */
void scenario_start(struct scenario *s);
/* Ends one that runs from outside, with the story of its cars. Takes the message. */
void scenario_end(struct scenario *s, enum scenario_verdict verdict, char *message);
/* Fails one that runs, for what `task`, which is suspended, waits for. Takes the message. */
void scenario_fail(struct scenario *s, struct task *task, char *message);
/* Ends it without a word, if it runs; and with it its earlier attempts. */
void scenario_free(struct scenario *s);

/* The scenario whose task runs; NULL: what runs is no scenario's. Raises outside of tasks. */
struct scenario *scenario_current(lua_State *L);
/* Does it run, and is its verdict still open? */
bool scenario_is_open(const struct scenario *s);

#endif
