/*
 * broker.h — the local cloud's Mosquitto, as a child process of ours.
 *
 * broker_start() writes its configuration into a directory, starts it there with the cloud plugin,
 * and returns when it has answered a CONNECT (about 20 ms). The child dies with the thread that
 * started it, however that ends: start it from a thread that lives as long as the broker is needed.
 *
 * Owns      the process, the port it listens on, DIR/broker/ with configuration, log and socket.
 * Borrows   nothing: options are copied.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "loop/loop.h"

/* In DIR/broker/, mode 0600: what the page shows, while there is one. */
#define BROKER_PAGE_TOKEN "page.token"

/* What the cloud does besides, or otherwise (docs/cloud.md). All may be NULL. */
struct broker_services {
    const char *delivery;  /* "shuffle", "duplicate" or both with a comma; NULL: in order */
    uint64_t seed;         /* of that */
    const char *quotas;    /* "aws": its rates are kept to */
    const char *rules;     /* file with rules (cloud/rules.h) */
    const char *policy;    /* file or directory with policies (policy_file.h) */
    const char *presign;   /* what presign_read() takes (cloud/jobs/presign.h) */
    const char *artifacts; /* the folder that such URLs are of; NULL: nothing is put there */
};

struct broker_options {
    const char *dir;  /* made if missing; the broker's files go to dir/broker */
    const char *bind; /* NULL: 127.0.0.1 */
    uint16_t port;    /* 0: a free one */
    bool websocket;   /* another port, a free one, for MQTT over WebSocket */
    /* What the companion page shows to be let in (cloud/authorizer.h), which has a port of its own
       on the loopback, a free one: MQTT over WebSocket without TLS, for no browser knows our
       certificates. NULL: there is none. */
    const char *page_token;
    const char *plugin; /* NULL: $FLEETSIM_PLUGIN, beside the program, or in its libdir */
    /* A file with more lines for mosquitto.conf, for all or for our listener, in place of what we
       would say of the same setting; NULL: none. Other files are named in it by absolute paths. */
    const char *more;
    /* PEM files. `certificate` NULL: all of them come from the PKI in dir (pki/pki.h). */
    const char *certificate;  /* the server's chain */
    const char *key;          /* its key */
    const char *ca;           /* the root that clients' certificates end in */
    const char *intermediate; /* what issued them; NULL: the root did */
    const char *crl;          /* lists of those that are revoked (pki/crl.h); NULL: none */
    const char *issuer;       /* what signs what the cloud makes for cars; NULL: it makes nothing */
    const char *issuer_key;
    struct broker_services services;
    bool keeps_certificates; /* the registry has the fleet's own as PEM, too */
    bool lasts;              /* what the cloud has is kept in dir/broker for the next start */
    bool fresh;              /* with that: but begins anew, without what was kept */
    bool virtual_clock;      /* the cloud lives by broker_set_clock() */
    int64_t clock_ms;        /* its first time of day, since the Unix epoch */
};

struct broker;

/* ERROR_USAGE: no Mosquitto, no plugin, no PKI, port in use, unreadable files, what was kept is
   damaged. ERROR_TARGET:
   Mosquitto did not come up; the text ends in its last words. */
struct broker *broker_start(const struct broker_options *options, struct error *err);
/* Ends the broker and waits for that (65 to 110 ms; at most 2 s, or of one that lasts 20 s, then it
   is killed). NULL: no-op. */
void broker_stop(struct broker *broker);

/* With virtual_clock: the time of day. */
void broker_set_clock(struct broker *broker, int64_t wall_ms);

/* Asks the broker to end, as for a restart, and returns at once: sessions, queued messages and
   shadows are kept for broker_resume(), and so is the port, where nobody listens meanwhile. Not for
   the watcher of broker_watch(). A no-op if it is paused already. */
void broker_pause(struct broker *broker);
/* After broker_pause(): it begins anew, without sessions, retained messages and shadows. */
void broker_forget(struct broker *broker);
/* Starts it again once it has ended, by itself or paused; who watched it watches anew. Never waits:
   call it again (each some ms) until ret_running. False: it is stopped for good. */
bool broker_resume(struct broker *broker, bool *ret_running, struct error *err);

pid_t broker_pid(const struct broker *broker);
uint16_t broker_port(const struct broker *broker);
/* "mqtts://127.0.0.1:40123"; a broker bound to all addresses is named by the loopback one. */
const char *broker_endpoint(const struct broker *broker);
/* "wss://127.0.0.1:40124/mqtt"; NULL if it was not asked for. */
const char *broker_websocket(const struct broker *broker);
/* "ws://127.0.0.1:40125/mqtt", for the page; NULL if it was not asked for. */
const char *broker_page(const struct broker *broker);
/* CONNECT's user name there; the page's client ids begin with what is before the "?", and "-". */
const char *broker_page_user(void);
/* A Unix socket on which this process may do everything, without TLS; see CLOUD_CONTROL_TOPIC.
   Valid in this process alone. */
const char *broker_owner_socket(const struct broker *broker);
/* With `lasts`: what it found of its earlier life, "12 things, 3 jobs from 09:12"; NULL: nothing.
 */
const char *broker_found(const struct broker *broker);
const char *broker_log_path(const struct broker *broker);
bool broker_alive(const struct broker *broker);

/* Calls exited(ctx, why) once, on the loop, if the broker ends without broker_stop(); `why` is a
   sentence with its exit status and last words. broker_stop() may be called from inside. */
void broker_watch(struct broker *broker, struct loop *loop,
                  void (*exited)(void *ctx, const char *why), void *ctx);

#endif
