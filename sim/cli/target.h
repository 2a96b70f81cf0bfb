/*
 * target.h — the cloud that a run talks to: one that it starts itself, one that `fleetsim cloud`
 * runs, or any other.
 *
 * Owns      a temporary directory and the broker child, if it made them.
 * Threads   the simulation thread; made before the loop runs.
 */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "broker/broker.h"
#include "loop/loop.h"

struct fleet_progress;

struct target_options {
    /* Verifies what updates come from; NULL: the cloud's own root, or the system's. */
    const char *artifacts_ca;

    const char *endpoint;     /* what endpoints_new() takes; NULL: see cloud_dir */
    const char *app_endpoint; /* the companions'; NULL: as the cars' */
    bool websocket;           /* the cars reach a local cloud so; companions do not */
    bool page;                /* a local cloud has to let the companion page in */
    const char *cloud_dir;    /* directory of a running `fleetsim cloud`; NULL: start our own */
    const char *pki_dir;      /* with endpoint: what `fleetsim pki init` made */
    const char *certificates; /* with endpoint: the cars', made elsewhere (credential_set.h) */
    const char *app_cert;     /* with endpoint: the companions', PEM; NULL: issued by the PKI */
    const char *app_key;
    const char *app_name;    /* their client ids begin with it; NULL: app_cert's common name */
    const char *ca_file;     /* with endpoint: what verifies the server; NULL: the PKI's root */
    const char *broker_conf; /* with our own cloud: struct broker_options' `more` */
    struct broker_services services;       /* of our own cloud */
    uint64_t seed;                         /* of the fleet, with our own cloud */
    bool virtual_time;                     /* our own cloud lives by target_set_clock() */
    int64_t epoch_ms;                      /* its first time of day */
    uint32_t vehicles;                     /* how many identities to make at once */
    const struct fleet_progress *progress; /* of that; NULL: none */
};

struct artifact_server;

/* What cars download updates from, and what proves them. */
struct target_updates {
    struct artifact_server *server; /* NULL: not ours */
    char *artifacts_dir;            /* what it serves; NULL: nothing that is ours */
    char *signing_dir;              /* of who signs updates; NULL: nobody does */
    const char *ca;                 /* borrowed: verifies the server; NULL: the system does */
};

struct target {
    struct target_updates updates;

    char *uri;
    char *app_uri; /* NULL: as the cars' */
    char *pki_dir;
    char *ca_file;  /* NULL: the PKI's root */
    char *app_cert; /* the companions' credentials, PEM */
    char *app_key;
    char *app_name;
    struct broker *broker; /* NULL: not ours */
    pid_t joined;          /* the broker of the local cloud that we have joined; 0: not known */
    char *page_uri;        /* where the page gets in; NULL: nowhere */
    char page_token[SECRET_SIZE]; /* what it shows there */
    char *temporary;              /* directory to remove */
    int lock;                     /* descriptor of its lock file; -1: none */
};

bool target_open(struct target *t, const struct target_options *options, struct error *err);
/* Tells when our own broker ends by itself; `text` says how, with its last words. The loop must
   live until target_close(). */
void target_watch(struct target *t, struct loop *loop, void (*ended)(void *ctx, const char *text),
                  void *ctx);
/* With virtual_time: the time of day in our own cloud. */
void target_set_clock(struct target *t, int64_t wall_ms);
/* Our own broker ends as for a restart, and starts again (broker.h). False: it is not ours, or it
   did not start again: err. */
bool target_pause(struct target *t);
/* Our own broker begins anew and remembers nothing; waits until it runs. Nothing happens with any
   other. While nobody is connected. */
bool target_renew(struct target *t, struct error *err);
bool target_resume(struct target *t, bool *ret_running, struct error *err);
/* Tells our own cloud something (broker/control.h); takes a struct target. False: it is not ours
   (err is ERROR_USAGE), or it says no. */
bool target_control(void *target, const char *request, struct error *err);
/* Is its PKI there for later runs, too? */
bool target_pki_lasts(const struct target *t);
/* False once our own broker has ended. */
bool target_alive(const struct target *t);
/* The local cloud's broker, ours or not; 0: there is none, or it does not run. */
pid_t target_broker_pid(const struct target *t);
/* Stops our broker and removes what was temporary. Also after a failed target_open(). */
void target_close(struct target *t);

#endif
