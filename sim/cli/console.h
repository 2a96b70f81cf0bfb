/*
 * console.h — what people see of a run: how far it has come, a line for each scenario, the story of
 * each failure, and the summary. Results on stdout, progress on stderr: on a terminal a status line
 * that is written anew, elsewhere a line every few seconds.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "base/timeunit.h"
#include "cli/live_screen.h"
#include "cli/run.h"
#include "script/runner.h"

struct load_run;
struct simulation;

struct console {
    const struct run_settings *settings;
    const struct simulation *sim;
    const struct runner *runner;
    usec_t started;
    bool status_line;         /* something stands on the terminal's last line */
    usec_t told_at;           /* when progress was last told */
    uint64_t connects;        /* that had succeeded then */
    struct live_screen *live; /* NULL: not shown so far */
};

/* Makes room for other output. */
void console_clear(struct console *c);
/* How far the run has come; about once a second. */
void console_status(struct console *c, const struct load_run *load);
/* How far its preparation has come, as fleet_progress.made; `ctx` is a struct console. */
void console_certificates(void *ctx, uint32_t made, uint32_t count);
void console_verdict(struct console *c, const struct scenario *s);
/* What was measured. */
void console_table(struct console *c);
/* `results` NULL: none are left behind. */
void console_summary(struct console *c, const char *results);
void console_list(const struct console *c);
/* Zeroes are fine. */
void console_close(struct console *c);

#endif
