/* companion_document.h — the payloads that a companion publishes. Pure. */
#ifndef ACTORS_COMPANION_DOCUMENT_H
#define ACTORS_COMPANION_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* All return text to be freed, or NULL with err. */

/* {"state":{"desired":STATE},"clientToken":TOKEN} (contract 1.2); the state is passed on byte for
   byte once it is known to be JSON. token NULL: none. */
char *companion_document_desire(const char *state_json, const char *token, struct error *err);
/* {"clientToken":TOKEN}, or the empty text for NULL. */
char *companion_document_token(const char *token, struct error *err);

struct companion_document_request {
    const char *request_id;
    const char *response_topic;
    int64_t issued_at_ms;
    int64_t expires_at_ms; /* 0: never, the member is left out */
    const char *command_json;
};

char *companion_document_request(const struct companion_document_request *r, struct error *err);
/* {"commandId":COMMAND,"payload":JSON,"executionTimeoutSeconds":S}; timeout_s 0: left out. */
char *companion_document_start(const char *command_id, const char *command_json, uint32_t timeout_s,
                               struct error *err);

#endif
