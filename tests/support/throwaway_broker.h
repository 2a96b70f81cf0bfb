/*
 * throwaway_broker.h — a Mosquitto with mutual TLS on a free loopback port, for one test program.
 *
 * Makes its certificates with the openssl command in a directory of its own under /tmp:
 * ca.pem, server.pem, client.pem (certificate, then key), other-ca.pem (signed nothing here) and
 * stranger.pem (a client certificate of that other CA).
 */
#ifndef SUPPORT_THROWAWAY_BROKER_H
#define SUPPORT_THROWAWAY_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct throwaway_broker {
    char dir[64];
    uint16_t port;
    pid_t pid; /* 0: not running */
};

/* Is there a mosquitto to run? */
bool throwaway_broker_available(void);
/* Makes directory, certificates and configuration, and chooses the port. */
bool throwaway_broker_make(struct throwaway_broker *b);
/* Returns when the port answers. */
bool throwaway_broker_start(struct throwaway_broker *b);
/* Returns when the process is gone. */
void throwaway_broker_stop(struct throwaway_broker *b);
/* Stops it and removes the directory. */
void throwaway_broker_done(struct throwaway_broker *b);

#endif
