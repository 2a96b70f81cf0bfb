/*
 * service_core.h — what the files of the script's command service share: service.c (its life, what
 * Lua asks of it), service_events.c (what its actor tells).
 */
#ifndef SCRIPT_SERVICE_CORE_H
#define SCRIPT_SERVICE_CORE_H

#include <cjson/cJSON.h>

#include "actors/service.h"
#include "fleet/simulation.h"
#include "fleet/wire.h"
#include "script/service.h"

struct change {
    enum dispatch_status status;
    usec_t at; /* by the script clock */
};

/* A command that a script has given. Kept for as long as the service: what the actor holds is a
   pointer to it. */
struct order {
    struct command_service *service;
    char id[DISPATCH_ID_MAX + 1];
    enum dispatch_status status;
    cJSON *answer;
    struct change *changes;
    size_t change_count;
};

struct command_service {
    struct command_service *next; /* of all */
    struct script *script;
    struct script_owner *owner;
    struct service *actor; /* NULL: gone */
    char *client_id;
    int ref;
    struct wire_party party; /* in virtual time */
    struct wait_queue changed;
    char trouble[256];
    unsigned losses;
    struct order **orders;
    size_t order_count;
};

static inline struct simulation *service_simulation(const struct command_service *s)
{
    return s->script->sim;
}

/* Something has changed: whoever waits for it looks again. */
static inline void service_notify(struct command_service *s)
{
    queue_notify(&s->script->scheduler, &s->changed);
}

/* ---- service_events.c ---- */

extern const struct service_events service_script_events;

#endif
