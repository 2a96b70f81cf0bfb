/*
 * twin.h — what a companion knows of one car's shadow: the document, kept current from
 * update/accepted patches (contract 1.3), and whether the car is connected.
 *
 * A patch is applied only on the version right before it; a gap asks for a fresh get.
 *
 * Owns its JSON. Pure: does no I/O.
 */
#ifndef SCRIPT_TWIN_H
#define SCRIPT_TWIN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct twin {
    bool known;      /* the document below is the shadow as of `version` */
    bool exists;     /* the shadow exists */
    int64_t version; /* 0: none */
    cJSON *desired;  /* object or NULL */
    cJSON *reported; /* object or NULL */
};

void twin_init(struct twin *t);
void twin_done(struct twin *t);
/* get/accepted. False if it is not a shadow document. */
bool twin_take_document(struct twin *t, struct slice payload);
/* get/rejected 404 or delete/accepted: there is none. */
void twin_take_absence(struct twin *t);

enum twin_patch { TWIN_APPLIED, TWIN_OLD, TWIN_GAP, TWIN_BAD };
/* update/accepted. After TWIN_GAP the twin is not known until the next document. */
enum twin_patch twin_take_patch(struct twin *t, struct slice payload);
/* Does reported show everything in `wish`? */
bool twin_shows(const struct twin *t, const cJSON *wish);

#endif
