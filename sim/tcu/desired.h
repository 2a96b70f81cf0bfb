/*
 * desired.h — reads what a cloud asks for, a nested object like {"locks":{"all":"unlocked"}}, as
 * changes of signals. Shadow documents and requests share it.
 */
#ifndef TCU_DESIRED_H
#define TCU_DESIRED_H

#include "base/error.h"
#include "base/json_reader.h"
#include "tcu/signals.h"

/* Most documents wish no more than this: then nothing is allocated. */
#define DESIRED_FEW 8

struct desired_leaf {
    struct signal_change change; /* strings owned by the struct desired */
    uint32_t timestamp;          /* of its metadata, seconds; 0 if it has none */
};

struct desired {
    struct desired_leaf *leaves; /* in signal order, each signal once */
    size_t count;
    size_t bad;             /* leaves that match no desired signal or have bad values */
    struct error first_bad; /* says which, if bad != 0 */
    /* Private part */
    const struct signal_schema *schema;
    int shadow;
    size_t capacity;
    char *strings; /* room for every text of the document */
    size_t strings_used;
    struct desired_leaf few[DESIRED_FEW];
};

/* A request may ask for any signal; the document of a shadow, by its slot, only for those that live
   there. */
enum { DESIRED_ANYWHERE = -1 };

/* `state` must be an object; `metadata` mirrors it (contract 1.4), or is anything but an object.
   Both of checked documents. `ret` must not be moved. */
void desired_read(struct desired *ret, const struct signal_schema *schema, int shadow,
                  const struct json_value *state, const struct json_value *metadata);
void desired_done(struct desired *d);

#endif
