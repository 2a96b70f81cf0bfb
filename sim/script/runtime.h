/*
 * runtime.h — the one Lua state: its sandbox, its memory cap, its loader, and what C and the
 * prelude know of each other.
 *
 * Scripts see a small, safe library: no os.execute, no io, no bytecode, no debug. Each file runs in
 * an environment of its own in which an undefined name is an error. The half of the API that needs
 * no C is prelude/, compiled into the program.
 *
 * Owns      the Lua state and the scheduler. Borrows the simulation.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_RUNTIME_H
#define SCRIPT_RUNTIME_H

#include <lua.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/rng.h"
#include "fleet/sms.h"
#include "fleet/wire.h"
#include "metrics/recorder.h"
#include "script/scheduler.h"

struct seal_key;
struct signal_schema;
struct simulation;
struct car;
struct app;
struct command;
struct scenario_host;
struct command_service;
struct load_host;
struct script_load;
struct series_log;
struct failure_log;
struct scenario;
struct buf;
struct oracle_violation;
struct violations;
struct fetcher;

/* How the scripts' companions reach the cloud. Strings are borrowed. */
struct app_credentials {
    const char *name; /* the certificate's CN: client ids begin with it */
    const char *uri, *ca_file, *cert_file, *key_file;
    bool insecure;
};

/* The run's own cloud, for scenarios that restart it. Members NULL: there is none. */
struct local_cloud {
    bool is_local; /* ours, or that of a `fleetsim cloud` */
    /* Ends it, keeping what it knows; false: there is none. */
    bool (*pause)(void *ctx);
    /* To be called again until ret_running. False: it will not. */
    bool (*resume)(void *ctx, bool *ret_running, struct error *err);
    void *ctx;
    /* Tells it something. ERROR_USAGE: there is none. */
    bool (*control)(void *control_ctx, const char *request, struct error *err);
    void *control_ctx;
};

/* Of several processes that are one fleet, this one's cars: `size` of `total`, from `first` on. */
struct script_shard {
    uint32_t index, count; /* count 0: no shard, all cars are here */
    uint32_t first, size, total;
};

/* What updates come from, and what proves them. Paths are borrowed; NULL: there is none. */
struct update_places {
    const char *artifacts_dir; /* what the cloud's artifact server serves */
    const char *artifacts_ca;  /* PEM: verifies whatever server updates come from */
    const char *signing_dir;   /* of signers (pki/code_signing.h); of it cars trust ca.pem */
};

struct script_options {
    struct simulation *simulation;
    struct local_cloud local_cloud;
    const char *vehicles_dir; /* where models and parts are */
    struct app_credentials app;
    size_t memory_limit;                  /* bytes of Lua memory; 0: 4 GiB */
    const struct seal_key *telemetry_key; /* of the fleet; NULL: scripts name one */
    struct update_places updates;
    bool foreign_cloud; /* not fleetsim's own */
    bool reset_things;  /* of each car, before it is switched on */
    struct script_shard shard;
    uint32_t first_index; /* number of the first car in the fleet */
};

/* Where the signals are that scripts ask for: a cache of car_state.c's. */
enum { SCRIPT_PATH_PLACES = 512 };

struct path_place {
    const struct signal_schema *schema; /* may be gone */
    const void *path;                   /* where Lua's text lies, or lay */
    size_t index;
};

struct script {
    lua_State *L;
    struct scheduler scheduler;
    struct simulation *sim;
    char *vehicles_dir;
    struct pool pool; /* of the Lua state */
    size_t memory, memory_limit;
    size_t tuned_for;    /* the memory that the collector's pause was chosen for */
    const char *beside;  /* folder of scripts while none runs; NULL: "." */
    bool loading;        /* a file runs outside of any task */
    uint64_t loads;      /* how many files did: tells them apart */
    int loading_modules; /* registry ref of the table of its modules */
    int reloading;       /* registry ref of the modules that are being loaded anew; 0: none */
    unsigned uncapped;   /* > 0: C works on the main state, where a raised error ends the program */
    struct app_credentials app_credentials;
    struct local_cloud local_cloud;
    struct car *cars;     /* all that live */
    const void *car_meta; /* the metatable of cars */
    struct path_place paths[SCRIPT_PATH_PLACES];
    struct app *apps;
    struct command_service *services;
    struct script_load *running_loads;
    struct load_host *load_host; /* who runs loads; NULL: nobody, they are scenarios like others */
    struct command *awaited;     /* whose stages somebody waits for: app_stage.c's */
    struct recorder_listener stages; /* the same's, while there are any */
    const struct seal_key *telemetry_key;
    struct update_places updates;
    struct fetcher *fetcher;     /* car_fetch.c's: of all cars; NULL: none has downloaded */
    struct wire_party downloads; /* theirs */
    struct script_shard shard;
    uint32_t next_index; /* the next car of those whose owners have used up their own numbers */
    struct series_log *series;    /* what cars are recorded in; NULL: nothing is */
    struct failure_log *failures; /* what failures are told in; NULL: nothing is */
    /* Appends the command that repeats a scenario; NULL: none does. */
    void (*repeat)(void *ctx, const struct scenario *s, struct buf *out);
    void *repeat_ctx;
    bool foreign_cloud;              /* not fleetsim's own */
    int64_t began_ms;                /* of Unix time */
    uint64_t app_count;              /* companions made in a cloud that others use as well */
    bool reset_things;               /* of each car, before it is switched on */
    struct scenario_host *scenarios; /* who runs scenarios; NULL: nobody */
    /* Where print() goes; NULL: to the log. */
    void (*say)(void *ctx, const char *text);
    void *say_ctx;
};

/* Whose tasks, cars and randomness: one scenario. First member of the struct that owns them. What
   it is given depends on nobody else. */
struct script_owner {
    struct script *script;
    const char *name;
    struct rng rng;
    usec_t began;                   /* on the script clock */
    const struct car *touched;      /* the last one that was used; to compare with only */
    uint64_t seed;                  /* of its cars' and companions' randomness */
    uint32_t vehicles;              /* how many cars it made */
    uint32_t first_vehicle;         /* the first one's number in the fleet */
    uint32_t vehicle_room;          /* so many numbers from there on are its own */
    uint64_t next_token;            /* of its companions and their commands */
    struct sms_options sms_options; /* of its cars, if it has its own */
    bool own_sms_options;
    struct violations *violations; /* what the oracle found; NULL: nobody keeps it */
    /* It found something that was not expected; may be NULL. Must not end the owner's cars. */
    void (*violated)(struct script_owner *owner, const struct oracle_violation *violation);
    /* A task of this owner raised an error; the value is on top of co's stack. */
    void (*raised)(struct script_owner *owner, lua_State *co);
};

struct script *script_new(const struct script_options *options, struct error *err);
/* Cancels all tasks first; cars and apps must be gone. NULL is fine. */
void script_free(struct script *script);
struct script *script_of(lua_State *L);

/* Pushes a function of the prelude. */
void script_push_prelude(lua_State *L, const char *name);

/* Call it now and then. Lua waits with its next collection until its memory has doubled: tens of
   megabytes of garbage are cheap to keep while it is small, but not for a large fleet. */
void script_tune_collector(struct script *script);
/* The owner of the running task; raises a Lua error outside of one. */
struct script_owner *script_owner_current(lua_State *L, const char *what);
/* Use as `return script_random(…)` in a lua_CFunction: math.random of the arguments from `first`
 * on.
 */
int script_random(lua_State *L, struct rng *rng, int first);
/* The end function for tasks whose errors are their owner's; arg is not used. */
void script_task_end(void *arg, struct task *task, enum task_end end, lua_State *co);

/* Pops the value on top of `from` and returns it as text, whatever it is; free() it. A __tostring
   of the script's runs protected. */
char *script_take_text(struct script *script, lua_State *from);
/* Pushes a string and calls release(text), also if it raises. */
void script_push_released(lua_State *L, char *text, void (*release)(void *text));
/* Text of an error value with its traceback, as a message handler gives it; pushes it. */
int script_traceback(lua_State *L);
/* The innermost call in a script (not in C or the prelude) from *level outwards: its level and its
   name, source and line. False if there is none. */
bool script_frame(lua_State *L, int *level, lua_Debug *ret);
/* "file:line" of the innermost call in a script (not in the prelude); pushes it, or "". */
void script_push_where(lua_State *L);

/* Raises an error at the innermost call in a script, where luaL_error() would name the prelude.
   Use as `return script_raise(…)`; formats as lua_pushfstring() does. */
int script_raise(lua_State *L, const char *fmt, ...);

/* What runs outside of any task needs no more: files declare, … */
#define SCRIPT_OUTSIDE_BUDGET 100000000
/* … and error values show themselves. Meanwhile all other scripts wait, and time runs. */
#define SCRIPT_TEXT_BUDGET (SCRIPT_OUTSIDE_BUDGET / 10)
/* The hook that ends it. */
void script_on_budget(lua_State *L, lua_Debug *ar);

/* Seconds at argument `index` as usec_t; raises unless 0 … 1e9. */
usec_t script_check_seconds(lua_State *L, int index);

#endif
