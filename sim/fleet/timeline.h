/*
 * timeline.h — what one car went through lately: packets, state, signals, notes, with their times.
 *
 * A ring of text lines with a fixed number of places; the oldest gives way. Kept so that a failure
 * explains itself. With a trace file every line also goes there, as one JSON object.
 *
 * Owns its lines. Threads: the simulation thread.
 */
#ifndef FLEET_TIMELINE_H
#define FLEET_TIMELINE_H

#include <stddef.h>

#include "base/buf.h"
#include "fleet/trace.h"
#include "loop/loop.h"

/* ORDER TIMELINE_KIND */
enum timeline_kind {
    TIMELINE_IN,     /* packet from the cloud */
    TIMELINE_OUT,    /* packet to the cloud */
    TIMELINE_STATE,  /* life cycle */
    TIMELINE_SIGNAL, /* a signal changed */
    TIMELINE_ORDER,  /* an order was taken or done */
    TIMELINE_NOTE,   /* something dropped, refused or lost */
    TIMELINE_SMS,
    TIMELINE_APP,    /* what the companion did or saw */
    TIMELINE_SCRIPT, /* said by the script */
    TIMELINE_KIND_COUNT
};
const char *timeline_kind_name(enum timeline_kind kind);

struct timeline;

/* `name` is the car's; `trace` may be NULL; times are told from when the loop was made. All three
   are borrowed. Without places it only traces. */
struct timeline *timeline_new(const char *name, size_t places, const struct loop *loop,
                              struct trace *trace);
/* NULL is fine. */
void timeline_free(struct timeline *t);
/* Adds a line; NULL does nothing. In virtual time `at` is not looked at: it is now. Control
   characters in the text become blanks, what is not UTF-8 question marks. */
void timeline_add(struct timeline *t, usec_t at, enum timeline_kind kind, struct slice text);
void timeline_addf(struct timeline *t, usec_t at, enum timeline_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Appends the last `most` lines, oldest first, each as "  +12.345 s  kind   text\n". */
void timeline_write(const struct timeline *t, size_t most, struct buf *out);

#endif
