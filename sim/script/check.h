/*
 * check.h — what is wrong with scripts, said before any of them runs: syntax, names that do not
 * exist, signals that no car has, waits that never end.
 *
 * It parses, infers what variables hold, and reports what cannot be right; what it cannot be sure
 * of it passes over. Scenario files are not run; models are, as far as their parts and signals go.
 * The check itself is Lua (check/), in a state of its own.
 *
 * Threads   any, one at a time.
 */
#ifndef SCRIPT_CHECK_H
#define SCRIPT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

struct check_problem {
    const char *file;
    int line, column; /* from 1; columns are characters */
    const char *rule; /* "unknown-signal", …: docs/check.md */
    const char *text; /* one line */
    bool warning;     /* suspicious, but it may pass */
};

/* Told each problem. */
struct check_listener {
    void (*tell)(void *ctx, const struct check_problem *problem);
    void *ctx;
};

struct check_result {
    size_t files, errors, warnings;
};

/* Checks files, and the Lua files in folders (a list that ends with NULL), and whatever they
   require; tells each problem in the order of files and lines. False, with ERROR_USAGE, if one
   cannot be read. Strings are borrowed for the call. */
bool script_check(const char *vehicles_dir, char *const *paths,
                  const struct check_listener *listener, struct check_result *ret,
                  struct error *err);

struct script_checker;

/* For many texts one after the other, as an editor has them. NULL: err. */
struct script_checker *script_checker_new(const char *vehicles_dir, struct error *err);
/* Checks a text as if it stood in the file `path`. */
void script_checker_text(struct script_checker *checker, const char *path, struct slice text,
                         const struct check_listener *listener);
void script_checker_free(struct script_checker *checker);

#endif
