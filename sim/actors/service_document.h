/* service_document.h — what a command service tells the apps of a user, as JSON. Pure. */
#ifndef ACTORS_SERVICE_DOCUMENT_H
#define ACTORS_SERVICE_DOCUMENT_H

#include <stdint.h>

/* Strings may be NULL where there is nothing to say, but for id, thing and status. */
struct service_document {
    const char *id, *thing, *status;
    const char *user, *channel;
    const char *reason, *description;
    const char *command_json;
    int64_t at_ms;
};

/* {"requestId","car","user"?,"channel"?,"status","reason"?,"description"?,"command"?,"at"}; free()
   it. */
char *service_document_make(const struct service_document *d);

/* Reason and description of a car's response: its statusReason. Both NULL if it gives none; free()
   them. */
struct service_reason {
    char *code, *description;
};
/* Reads status (free() it; NULL: there is none) and reason out of a response; any bytes will do. */
char *service_document_read(const char *response, struct service_reason *ret);

#endif
