/*
 * command_status.h — the status of a command's execution and what goes with it (contract 8.2, 8.3):
 * reading a device's report, and which status may follow which. Pure.
 */
#ifndef CLOUD_COMMANDS_COMMAND_STATUS_H
#define CLOUD_COMMANDS_COMMAND_STATUS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/text.h"

/* ORDER COMMAND_STATUS */
enum command_status {
    COMMAND_CREATED,
    COMMAND_IN_PROGRESS,
    COMMAND_SUCCEEDED,
    COMMAND_FAILED,
    COMMAND_REJECTED,
    COMMAND_TIMED_OUT,
    COMMAND_STATUS_COUNT
};
const char *command_status_name(enum command_status status);

/* Texts are JSON, from malloc(). */
struct command_report {
    enum command_status status;
    char *reason; /* the statusReason object; NULL: none */
    char *result; /* NULL: none */
};

/* What the service answers to what it does not take. */
struct command_error {
    const char *name; /* "InvalidRequest", …; NULL: no memory */
    char text[160];
};

/* What a device says; false with the error. command_report_done() after either. */
bool command_report_read(const cJSON *document, struct command_report *ret,
                         struct command_error *ret_error);
/* TIMED_OUT as the service says it. False: no memory. */
bool command_report_no_response(struct command_report *ret);
void command_report_done(struct command_report *report);
/* `,"status":…,"statusReason":…,"result":…` */
void command_report_write(const struct command_report *report, struct text *to);

/* May a device change one into the other? `by_service`: the time-out was the service's. */
bool command_status_may_follow(enum command_status from, bool by_service, enum command_status to,
                               struct command_error *ret_error);

#endif
