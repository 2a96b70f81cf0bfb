/*
 * repl.h — Lua, line by line, at a car: what `fleetsim repl` does between the terminal and the
 * scripts. The half that is Lua is prelude/repl.lua.
 *
 * A line is a task of its own, so that it may wait; one runs at a time. Whatever it is, a mistake
 * ends the line and nothing else.
 *
 * Owns      its cars, companions and tasks. Borrows the script.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_REPL_H
#define SCRIPT_REPL_H

#include "script/runtime.h"

struct repl;

struct repl_options {
    const char *model; /* of the first car */
    uint64_t seed;
    bool events; /* tell when a car's state changes */
    /* What is to be shown: results, errors, events; one or more lines without the last newline. */
    void (*print)(void *ctx, const char *text);
    /* The line has ended. `failed`: with an error, which was printed. */
    void (*ready)(void *ctx, bool failed);
    void (*quit)(void *ctx); /* `:quit` */
    void *ctx;
};

/* Adds its functions to the core table on top of the stack. */
void repl_open(lua_State *L);

/* Makes the first car and waits until it is online; ready() says when. */
struct repl *repl_new(struct script *script, const struct repl_options *options);
/* Ends whatever runs. NULL is fine. */
void repl_free(struct repl *repl);

bool repl_busy(const struct repl *repl);
/* Not while it is busy. True: it runs, ready() follows. False: the input is incomplete, and the
   next line continues it. */
bool repl_line(struct repl *repl, const char *line);
/* Ends the line that runs, and what lines have begun beside themselves; forgets incomplete input.
 */
void repl_interrupt(struct repl *repl);
/* Reads the cars' models and parts again, beside the line that runs. */
void repl_reload(struct repl *repl);
/* What `text` may become, which ends at the cursor: a list that ends with NULL, each and the list
   to be freed; NULL: nothing. Whole words of the text, "car.state.lo" as "car.state.locks". */
char **repl_complete(struct repl *repl, const char *text);
const struct script_owner *repl_owner(const struct repl *repl);

#endif
