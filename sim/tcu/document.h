/*
 * document.h — the members of a message from the shadow service, picked out where they lie. Pure.
 */
#ifndef TCU_DOCUMENT_H
#define TCU_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_reader.h"
#include "tcu/token.h"

/* Contract 1.4 to 1.8; what is missing is 0, "" or null. */
struct document {
    struct json_value state, metadata, message; /* borrow from the payload */
    double timestamp;
    uint64_t version;
    int code;
    char token[TOKEN_SIZE]; /* a longer one is nobody's that matters */
};

/* False if the payload is no JSON object, or too deep. Of members with one name the last counts. */
bool document_read(struct document *ret, struct slice payload, int max_depth);
/* "404 No shadow exists with name: …": what a refusal says, as valid UTF-8. */
void document_refusal(const struct document *doc, char ret[256]);

#endif
