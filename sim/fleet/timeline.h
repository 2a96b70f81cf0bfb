/*
 * timeline.h — what one car went through lately: packets, state, signals, notes, with their times.
 *
 * A ring of lines with a fixed number of places; the oldest gives way. Kept so that a failure
 * explains itself: as text, and line by line to whoever draws it. Packets are kept as they came.
 * With a trace file every line also goes there, as one JSON object.
 *
 * Owns its lines. Threads: the simulation thread.
 */
#ifndef FLEET_TIMELINE_H
#define FLEET_TIMELINE_H

#include <stddef.h>

#include "base/buf.h"
#include "fleet/trace.h"
#include "loop/loop.h"
#include "mqtt/kept.h"

/* From so many places on, payloads are kept up to TIMELINE_PAYLOAD_MAX; below, as much of them as
   the text shows. */
#define TIMELINE_DETAILED    200
#define TIMELINE_PAYLOAD_MAX ((size_t)4096)

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
    TIMELINE_ORACLE, /* a rule of the oracle was broken */
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
/* Adds a line where its time belongs; NULL does nothing. In virtual time `at` is not looked at: it
   is now. Control characters in the text become blanks, what is not UTF-8 question marks. */
void timeline_add(struct timeline *t, usec_t at, enum timeline_kind kind, struct slice text);
void timeline_addf(struct timeline *t, usec_t at, enum timeline_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A line of three parts: subject and rest as they are, and what stands between them, with its
   blanks and punctuation: "locks.all" " = " "\"locked\"", "app-1" " desires " "{…}". */
struct timeline_parts {
    struct slice subject, between, rest;
};
void timeline_add_parts(struct timeline *t, usec_t at, enum timeline_kind kind,
                        const struct timeline_parts *parts);
/* A packet; the describer is the connection's. */
void timeline_add_packet(struct timeline *t, usec_t at, bool outgoing, struct slice packet,
                         enum mqtt_version version, struct mqtt_describer *describer);

/* One line, borrowed until the next is added. */
struct timeline_line {
    usec_t at; /* since the loop was made, or in virtual time */
    enum timeline_kind kind;
    const struct mqtt_kept *packet; /* NULL: it has a text */
    struct slice text;
    struct timeline_parts parts; /* of the text; one that was added whole is all subject */
};
/* Lines that are there; NULL: 0. */
size_t timeline_count(const struct timeline *t);
/* How many more have been and gone. */
size_t timeline_gone(const struct timeline *t);
/* The i-th line, from 0, the oldest. */
struct timeline_line timeline_at(const struct timeline *t, size_t i);
bool timeline_is_detailed(const struct timeline *t);
/* Bytes that it takes. */
size_t timeline_size(const struct timeline *t);

/* Appends the last `most` lines, oldest first, each as "  +12.345 s  kind   text\n". */
void timeline_write(const struct timeline *t, size_t most, struct buf *out);

#endif
