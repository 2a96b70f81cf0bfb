/*
 * desired.h — reads what a cloud asks for, a nested object like {"locks":{"all":"unlocked"}}, as
 * changes of signals. Shadow documents and requests share it.
 */
#ifndef TCU_DESIRED_H
#define TCU_DESIRED_H

#include "base/error.h"
#include "base/json.h"
#include "tcu/signals.h"

struct desired_leaf {
    struct signal_change change; /* strings borrowed from the document */
    uint32_t timestamp;          /* of its metadata, seconds; 0 if it has none */
};

struct desired {
    struct desired_leaf *leaves; /* in signal order, each signal once */
    size_t count;
    size_t bad;             /* leaves that match no desired signal or have bad values */
    struct error first_bad; /* says which, if bad != 0 */
    /* Private part */
    const struct signal_schema *schema;
    size_t capacity;
};

/* `state` must be an object; `metadata` mirrors it (contract 1.4) or is NULL. */
void desired_read(struct desired *ret, const struct signal_schema *schema, const cJSON *state,
                  const cJSON *metadata);
void desired_done(struct desired *d);

#endif
