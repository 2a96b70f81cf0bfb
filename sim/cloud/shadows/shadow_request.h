/*
 * shadow_request.h — what a client asks of a shadow: the topic and the document, checked in the
 * order AWS does, with the error codes and texts of contract 1.8.
 */
#ifndef CLOUD_SHADOWS_SHADOW_REQUEST_H
#define CLOUD_SHADOWS_SHADOW_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define SHADOW_THING_MAX 128
#define SHADOW_NAME_MAX  64
/* "thing" or "thing~shadow"; the tilde is in neither's alphabet. */
#define SHADOW_KEY_SIZE (SHADOW_THING_MAX + 1 + SHADOW_NAME_MAX + 1)
/* "$aws/things/…/shadow/name/…/update/documents" */
#define SHADOW_TOPIC_SIZE 256

/* ORDER SHADOW_OPERATION */
enum shadow_operation { SHADOW_GET, SHADOW_UPDATE, SHADOW_DELETE, SHADOW_OPERATION_COUNT };
const char *shadow_operation_name(enum shadow_operation op);

struct shadow_address {
    enum shadow_operation op;
    char key[SHADOW_KEY_SIZE];
    char name[SHADOW_THING_MAX + 1]; /* what the 404 text calls it: the shadow's, or the thing's */
    char topic[SHADOW_TOPIC_SIZE];   /* "$aws/things/tcu-0001/shadow/get"; answers go below it */
};

/* False unless the topic is a shadow request: $aws/things/<thing>/shadow[/name/<shadow>]/<op>. */
bool shadow_address_parse(const char *topic, struct shadow_address *ret);

/* A rejection; text NULL: none. `argument`, if any, goes into the text's %s. */
struct shadow_error {
    int code;
    const char *text;
    char argument[SHADOW_THING_MAX + 1];
};

struct shadow_request {
    cJSON *document;    /* owned; NULL: the payload was empty, or is of no interest */
    const cJSON *state; /* update: object or null */
    const char *token;  /* clientToken, or NULL */
    bool has_version;
    int64_t version;
};

/* Fills ret, whose token is set whenever there is a valid one, and returns true; or sets the error.
   Free with shadow_request_done() in either case. */
bool shadow_request_parse(enum shadow_operation op, struct slice payload,
                          struct shadow_request *ret, struct shadow_error *ret_error);
void shadow_request_done(struct shadow_request *request);

#endif
