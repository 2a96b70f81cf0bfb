/*
 * console.h — what people see of a run: a status line while it runs on a terminal, a line for each
 * scenario, the story of each failure, and the summary. Results on stdout, status on stderr.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "base/timeunit.h"
#include "cli/run.h"
#include "script/scenario.h"

struct simulation;

struct console {
    const struct run_settings *settings;
    const struct simulation *sim;
    const struct runner *runner;
    usec_t started;
    bool status_line; /* something stands on the terminal's last line */
};

/* Makes room for other output. */
void console_clear(struct console *c);
/* Does nothing when stderr is no terminal. */
void console_status(struct console *c);
void console_verdict(struct console *c, const struct scenario *s);
/* `results` NULL: none are left behind. */
void console_summary(struct console *c, const char *results);
void console_list(const struct console *c);

#endif
