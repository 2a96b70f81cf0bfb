/* paho_failure.h — why a connection failed, in words a user can act on. Pure. */
#ifndef PAHO_PAHO_FAILURE_H
#define PAHO_PAHO_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* All that is known at the end of a connection or of an attempt; strings may be NULL or empty. */
struct paho_failure {
    const char *uri;
    const char *ca_file, *cert_file;
    bool was_connected;
    int code;               /* Paho's, negative; or a 3.1.1 CONNACK return code, positive */
    int reason_code;        /* MQTT 5 */
    const char *message;    /* Paho's word */
    const char *tls_error;  /* paho_failure_tls_reason()'s */
    const char *disconnect; /* the server's DISCONNECT */
};

void paho_failure_text(const struct paho_failure *f, char *ret, size_t size);

/* The reason out of one line of OpenSSL's error queue: "…:error:0A000086:SSL
 * routines:f:REASON:file:…". */
void paho_failure_tls_reason(struct slice line, char *ret, size_t size);

/* A name for a Paho return code; unlike Paho's own, the text is constant. */
const char *paho_failure_code(int code);

#endif
