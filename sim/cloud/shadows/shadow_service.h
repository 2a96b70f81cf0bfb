/*
 * shadow_service.h — the Device Shadow service, classic and named (contract 1).
 *
 * Input is a request topic with its payload and the time; output is a list of messages in the order
 * accepted, delta, documents. No registry thing is needed, and nothing is retained.
 *
 * Owns      every shadow, and for 48 h the version of a deleted one (contract 1.5).
 * Errors    no memory: false, nothing published, no shadow changed.
 */
#ifndef CLOUD_SHADOWS_SHADOW_SERVICE_H
#define CLOUD_SHADOWS_SHADOW_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "base/text.h"
#include "cloud/clients/actions.h"

/* `desired` and `reported` together, without metadata, after the merge (contract 1.9). */
#define SHADOW_DOCUMENT_MAX 8192

struct shadow_address;

struct shadow_service {
    struct table shadows; /* by thing, or thing~shadow */
    /* Does anybody hear update/documents? It is the dearest of all messages, and what is kept for
       the next one takes most of a shadow's memory. Initially true. */
    bool with_documents;
};

void shadow_service_init(struct shadow_service *s);
void shadow_service_done(struct shadow_service *s);

/* Answers one request. now_ms: wall time. */
bool shadow_service_request(struct shadow_service *s, const struct shadow_address *address,
                            struct slice payload, int64_t now_ms, struct cloud_actions *out);
/* Refuses one with 429: too many. */
bool shadow_service_throttle(struct shadow_service *s, const struct shadow_address *address,
                             struct slice payload, int64_t now_ms, struct cloud_actions *out);
/* Forgets the versions of shadows that were deleted more than 48 h ago. */
void shadow_service_sweep(struct shadow_service *s, int64_t now_ms);
/* Appends a line of JSON, {"shadow":KEY,…}, for each shadow and each version that is remembered. */
void shadow_service_save(const struct shadow_service *s, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool shadow_service_load(struct shadow_service *s, const cJSON *record);
/* What of a shadow, by its key, is asked for. ORDER SHADOW_PART */
enum shadow_part { SHADOW_DESIRED, SHADOW_REPORTED, SHADOW_DELTA, SHADOW_METADATA };
/* Writes it, or of desired and reported what is at "hvac.t". False: there is none, and nothing is
   written. */
bool shadow_service_look(const struct shadow_service *s, const char *key, enum shadow_part part,
                         const char *path, struct text *to);
/* Shadows that exist. */
size_t shadow_service_count(const struct shadow_service *s);

#endif
