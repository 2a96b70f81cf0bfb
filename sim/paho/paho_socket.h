/*
 * paho_socket.h — the socket under a TLS connection of Paho, found by its client certificate.
 *
 * Paho neither gives its sockets out nor can close one without a DISCONNECT. Each of its
 * connections has an SSL object of its own, though, and OpenSSL tells whoever asks of every one
 * that comes and goes. Watching is process-wide, because OpenSSL's extra data is. Any thread.
 */
#ifndef PAHO_PAHO_SOCKET_H
#define PAHO_PAHO_SOCKET_H

#include <openssl/types.h>
#include <stdbool.h>

/* Before the first connection is made. Idempotent. */
void paho_socket_watch(void);

/* Ends the newest connection that shows this certificate, without a word: what Paho still writes to
   it goes nowhere, what it reads is the end. False if there is none: it is closed already, not TLS,
   or shows no certificate. *ret_sink is where it goes: close() it once Paho has let go of the
   connection. An error at a write would not do: Paho 1.3.12 frees a message twice whose write
   fails. */
bool paho_socket_cut(const X509 *certificate, int *ret_sink);
/* Turns Nagle's algorithm off on it (paho_nodelay.h says why). */
bool paho_socket_nodelay(const X509 *certificate);

#endif
