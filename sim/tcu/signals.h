/*
 * signals.h — what a car knows of itself: one compact typed table per vehicle, one schema per
 * model.
 *
 * A schema is declared by the model (Lua) and shared by all its vehicles: name, type, unit, VSS
 * path, whether the signal is reported to, or desired through, a shadow, and which of the car's
 * shadows that is. A table holds the values of one vehicle and two bits for each reported signal:
 * changed since the last report, and part of the report in flight. Shadow documents are written
 * from and read into tables without walking Lua.
 */
#ifndef TCU_SIGNALS_H
#define TCU_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json_reader.h"
#include "base/slice.h"

/* ORDER SIGNAL_TYPE */
enum signal_type {
    SIGNAL_BOOL,
    SIGNAL_INT,
    SIGNAL_FLOAT,
    SIGNAL_ENUM,
    SIGNAL_STRING,
    SIGNAL_TYPE_COUNT
};
const char *
signal_type_name(enum signal_type type); /* "boolean", "integer", "float", "enum", "string" */

/* Shadows of a car: the classic one, slot 0, and those with names (contract 1.1). The named ones
   take 6 filters each, which leaves 12 of a connection's 50 (contract 6.8) to jobs and scripts. */
enum { SIGNAL_SHADOWS_MAX = 6 };

enum signal_flag {
    SIGNAL_REPORTED = 1, /* goes into its shadow's reported section */
    SIGNAL_DESIRED = 2,  /* may be asked for by desired state or request */
};

/* In a table SIGNAL_STRING values are owned by it; in arguments they are borrowed. */
union signal_value {
    bool b;
    int64_t i;
    double f;
    uint32_t e; /* index into signal_def.values */
    const char *s;
};

struct signal_def {
    char *path;   /* place in the shadow, dots between levels: "locks.front_left" */
    char *vss;    /* COVESA VSS path, or NULL */
    char *unit;   /* or NULL */
    char *shadow; /* the named shadow that it lives in; NULL: the classic one */
    enum signal_type type;
    unsigned flags;
    char **values; /* SIGNAL_ENUM: the names */
    size_t value_count;
    double min,
        max; /* SIGNAL_INT, SIGNAL_FLOAT: limits for desired values, -inf and +inf if none */
    union signal_value initial;
    /* A change does not cause a report by itself before so many simulated seconds since its last
       report have passed, nor (SIGNAL_INT, SIGNAL_FLOAT) while it differs from what was reported by
       less than the deadband; it goes along with any other report. 0: at once. */
    double report_every, deadband;
    int desired_slot;   /* index among desired signals, -1 if not desired; set by sealing */
    int paced_slot;     /* likewise among those with a report_every or a deadband */
    size_t shadow_slot; /* of its shadow, 0: the classic one; set by signal_schema_add() */
};

struct signal_schema; /* opaque: sorted definitions */

struct signal_schema *signal_schema_new(const char *model);
void signal_schema_free(struct signal_schema *s);
/* Copies `def`. Fails on a bad or repeated path, a path that is a prefix level of another, more
   than 5 levels (contract 1.9 keeps simulated payloads at 5), a key of more than 60 bytes, a shadow
   whose name is none (contract 1.1), or one too many. */
bool signal_schema_add(struct signal_schema *s, const struct signal_def *def, struct error *err);
/* Sorts; call once, before the first table. Indices are valid from here on. */
void signal_schema_seal(struct signal_schema *s);
const char *signal_schema_model(const struct signal_schema *s);
size_t signal_schema_count(const struct signal_schema *s);
size_t signal_schema_desired_count(const struct signal_schema *s);
/* Those with a report_every or a deadband: how many, and the index of each by its slot. */
size_t signal_schema_paced_count(const struct signal_schema *s);
size_t signal_schema_paced(const struct signal_schema *s, size_t slot);
/* The same as a bitset by index; NULL: none. */
const uint64_t *signal_schema_paced_set(const struct signal_schema *s);
const struct signal_def *signal_schema_def(const struct signal_schema *s, size_t index);
/* How many shadows its signals live in, with the classic one, which is always there. */
size_t signal_schema_shadow_count(const struct signal_schema *s);
/* NULL: the classic one. */
const char *signal_schema_shadow_name(const struct signal_schema *s, size_t shadow);
/* The slot of a named one, or -1. */
int signal_schema_find_shadow(const struct signal_schema *s, struct slice name);
/* The signals of one shadow as a bitset by index; NULL: all, there is only the classic one. */
const uint64_t *signal_schema_shadow_set(const struct signal_schema *s, size_t shadow);
/* Index by full path, or -1. */
int signal_schema_find(const struct signal_schema *s, struct slice path);
/* Is there any signal at or below this path? For "locks" true, for "lock" false. */
bool signal_schema_has_prefix(const struct signal_schema *s, struct slice path);

/* Do they live in the shadow of the same name? */
bool signal_same_shadow(const struct signal_def *a, const struct signal_def *b);

struct signal_table {
    const struct signal_schema *schema;
    union signal_value *values;
    uint64_t *dirty;  /* bitset: differs from what was last reported */
    uint64_t *flying; /* bitset: in the report now in flight */
};

/* All reported signals start dirty. */
void signal_table_init(struct signal_table *t, const struct signal_schema *schema);
void signal_table_done(struct signal_table *t);
/* Gives the table another schema. Signals of the same path keep their values where the new type can
   hold them (an enum by its name, a number as a number), and what is known of their reports; the
   others begin with their initial values, dirty if reported. Indices change. */
void signal_table_migrate(struct signal_table *t, const struct signal_schema *schema);
/* Appends one nested JSON object with null for each signal that `from` reports in that shadow of
   its own and `to` does not in the one of the same name; false, with nothing appended, if there is
   none or no room. */
bool signal_write_withdrawn(const struct signal_schema *from, const struct signal_schema *to,
                            size_t shadow, struct buf *out);
union signal_value signal_get(const struct signal_table *t, size_t index);
/* True if the value changed; then it is dirty if reported. */
bool signal_set(struct signal_table *t, size_t index, union signal_value value);
void signal_touch(struct signal_table *t, size_t index); /* dirty although unchanged, if reported */
void signal_touch_all(struct signal_table *t);
/* What is said of a shadow, by its slot, is about the signals that live in it. */
void signal_touch_shadow(struct signal_table *t, size_t shadow);
bool signal_any_dirty(const struct signal_table *t, size_t shadow);
bool signal_any_prompt(const struct signal_table *t, size_t shadow); /* dirty, and not paced */
bool signal_is_dirty(const struct signal_table *t, size_t index);
bool signal_is_flying(const struct signal_table *t, size_t index);
/* Dirty bits are dropped, unreported. */
void signal_drop_dirty(struct signal_table *t, size_t shadow);

/* Appends dirty signals as one nested JSON object, and moves their bits to flying: all of them, or
   as many as fit before `out` holds more than `limit` bytes; the others stay dirty. False, with
   nothing appended: not one of them fits. */
bool signal_write_dirty(struct signal_table *t, size_t shadow, struct buf *out, size_t limit);
/* Appends all (or all reported) signals as one nested JSON object; changes no bit. */
bool signal_write_all(const struct signal_table *t, bool reported_only, struct buf *out);
/* Flying bits are dropped; or become dirty again. */
void signal_report_accepted(struct signal_table *t, size_t shadow);
void signal_report_lost(struct signal_table *t, size_t shadow);

/* Appends one value as JSON. Floats are printed with at most 10 significant digits, shortest form.
 */
bool signal_write_value(const struct signal_def *def, union signal_value value, struct buf *out);
/* Reads a JSON value; false with a reason ("locks.all: \"open\" is not one of locked, unlocked") if
   it is of the wrong type, not in the enum or outside min..max. The text of a SIGNAL_STRING is
   written to `room`, which has json->text.len + 1 bytes, and borrowed from there. */
bool signal_read_value(const struct signal_def *def, const struct json_value *json, char *room,
                       union signal_value *ret, struct error *err);

/* One leaf of a desired document that was matched with a signal. */
struct signal_change {
    size_t index;
    union signal_value value; /* strings borrowed */
};

#endif
