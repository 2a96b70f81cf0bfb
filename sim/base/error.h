/*
 * error.h — what went wrong, in words a user can act on, with the exit status it leads to.
 *
 * Functions that can fail take `struct error *err` last and return false (or NULL); on success err
 * is untouched. Texts read "what: why (what to do)"; the caller may put its own "what" in front.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* The values are the program's exit statuses (design: command line). */
enum error_code {
    ERROR_NONE = 0,
    ERROR_FAILED = 1,   /* a scenario failed */
    ERROR_USAGE = 2,    /* wrong usage, option or file */
    ERROR_SCRIPT = 3,   /* an error inside a script */
    ERROR_TARGET = 4,   /* the target could not be reached, or refused us */
    ERROR_LIMIT = 5,    /* a stated limit was missed */
    ERROR_INVALID = 6,  /* the run itself is invalid */
    ERROR_TIMEOUT = 124 /* time limit */
};

struct error {
    enum error_code code;
    char text[512];
};

/* Always returns false, so that a failing function can end in `return error_set(…)`. */
bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of the text that is there; returns false. */
bool error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
