/*
 * terminal.h — lines from stdin, one at a time, and text on stdout beside them: edited, with
 * history and completion, on a terminal; plain otherwise.
 *
 * Owns      the state of the terminal, which it restores. Borrows the loop.
 * Threads   the simulation thread; one at a time, as the program has one terminal.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

#include "loop/loop.h"

struct terminal;

struct terminal_options {
    const char *history; /* file that keeps the lines; NULL: none */
    /* A line that terminal_read() asked for; NULL: the input has ended. */
    void (*line)(void *ctx, const char *text);
    /* What the text before the cursor may become, as repl_complete() has it. */
    char **(*complete)(void *ctx, const char *text);
    void *ctx;
};

struct terminal *terminal_new(struct loop *loop, const struct terminal_options *options);
void terminal_free(struct terminal *t);
/* Is there a person? */
bool terminal_interactive(const struct terminal *t);
/* Asks for the next line. */
void terminal_read(struct terminal *t, const char *prompt);
/* Begins the line anew, as after Ctrl-C. */
void terminal_restart(struct terminal *t, const char *prompt);
/* Above the line that is being edited. */
void terminal_print(struct terminal *t, const char *text);

#endif
