/*
 * outputs.h — the machine formats that a run writes as it goes: TAP, JSON lines, GitHub's
 * annotations and job summary. (JUnit XML and summary.json are kept current by the results.)
 *
 * Owns      the files.
 */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include <stdio.h>

#include "base/error.h"
#include "cli/run.h"
#include "metrics/event_lines.h"
#include "script/runner.h"

struct outputs {
    FILE *tap, *events;         /* NULL: not wanted */
    size_t told;                /* cases in the TAP */
    bool github;                /* annotations */
    char github_pause[40];      /* word that ends the time in which GitHub takes no commands; "" */
    char *github_root;          /* or NULL */
    const char *github_summary; /* file to append to; NULL: none */
    struct verdicts *verdicts;  /* borrowed */
    uint64_t seed;
};

/* Opens what the settings, and GitHub Actions' environment, ask for. A format that goes to stdout
   ("-") has it for itself: what people read goes to stderr from then on. ERROR_USAGE. */
bool outputs_open(struct outputs *o, const struct run_settings *s, struct error *err);
/* Instead of a run: the scenarios as JSON lines, if these are asked for. */
void outputs_list(struct outputs *o, struct scenario *first);
/* `scenarios` of a round. From here to outputs_close() what scripts print is no command to GitHub,
   whatever it looks like. */
void outputs_begin(struct outputs *o, const struct run_settings *s, size_t scenarios,
                   struct verdicts *verdicts);
void outputs_started(struct outputs *o, const struct scenario *s);
/* It has ended; `again`: it is tried once more. Its case has the verdict. */
void outputs_ended(struct outputs *o, const struct scenario *s, bool again);
/* `reason` (or NULL) says why the run ended early. Closes; ERROR_USAGE if something could not be
   written. Without outputs_begin() nothing is said. */
bool outputs_close(struct outputs *o, int exit_status, const char *reason, struct error *err);

#endif
