/*
 * command_service.h — AWS IoT Commands (contract 8): executions of commands, the requests that they
 * send to a device, the status that the device reports.
 *
 *     CREATED → IN_PROGRESS → SUCCEEDED | FAILED | REJECTED | TIMED_OUT (by the device)
 *     CREATED, IN_PROGRESS → TIMED_OUT (by the service) → any of the device's final ones
 *
 * AWS starts executions by HTTPS. Here that is a message of ours, answered to the asker alone:
 *
 *     fleetsim/commands/<kind>/<id>/executions/<x>/start
 *         {"commandId":"…","payload":{…},"executionTimeoutSeconds":10}
 *     fleetsim/commands/<kind>/<id>/executions/<x>/get
 *     …/start/accepted, …/get/accepted   {"executionId","status","statusReason"?,"result"?,…}
 *     …/start/rejected, …/get/rejected   {"error","errorMessage","executionId"}
 *
 * <kind> is "things" or "clients". To start the same execution again is answered, and nothing else.
 *
 * Owns      the executions; forgets them an hour after their end or time-out.
 * Errors    no memory: false, nothing published, no execution changed.
 */
#ifndef CLOUD_COMMANDS_COMMAND_SERVICE_H
#define CLOUD_COMMANDS_COMMAND_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "cloud/clients/actions.h"

#define COMMAND_ID_MAX     64
#define COMMAND_TARGET_MAX 128
/* "<kind>/<id>/<x>" */
#define COMMAND_KEY_SIZE (8 + COMMAND_TARGET_MAX + 1 + COMMAND_ID_MAX + 1)

/* ORDER COMMAND_OPERATION */
enum command_operation {
    COMMAND_START,
    COMMAND_GET,
    COMMAND_RESPONSE, /* the device's */
    COMMAND_OPERATION_COUNT
};

struct command_address {
    enum command_operation op;
    char kind[8]; /* "things", "clients" */
    char target[COMMAND_TARGET_MAX + 1];
    char execution[COMMAND_ID_MAX + 1];
};

/* False unless a client may have something to say on that topic. */
bool command_address_parse(const char *topic, struct command_address *ret);

struct command_service {
    struct table executions;
    int64_t next_ms; /* no execution times out before; INT64_MAX: none does */
};

void command_service_init(struct command_service *s);
void command_service_done(struct command_service *s);

/* One message on such a topic, by that client. */
bool command_service_request(struct command_service *s, const struct command_address *address,
                             const char *client_id, struct slice payload, int64_t now_ms,
                             struct cloud_actions *out);
/* Lets what is due time out. */
bool command_service_tick(struct command_service *s, int64_t now_ms, struct cloud_actions *out);
/* Forgets what is over for an hour. */
void command_service_sweep(struct command_service *s, int64_t now_ms);
/* Is that the request of an execution whose time is over? It is not delivered any more. */
bool command_service_is_stale(const struct command_service *s, const char *topic);

#endif
