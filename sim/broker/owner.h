/*
 * owner.h — one question to the cloud plugin over the owner's Unix socket, which only the cloud's
 * own user can open, and whose client may publish anything.
 */
#ifndef BROKER_OWNER_H
#define BROKER_OWNER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

struct owner_answer {
    char *topic;
    char *payload; /* NUL-terminated */
    size_t len;
};

/* Publishes this and waits for the message that comes back to this client alone: some 0.2 ms, 2 s
   at most. False: nothing came (ERROR_TARGET; the text says no more than that). Blocks. */
bool owner_ask(const char *socket_path, const char *topic, struct slice payload,
               struct owner_answer *ret, struct error *err);
void owner_answer_done(struct owner_answer *answer);

#endif
