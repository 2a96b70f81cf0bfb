/*
 * commands.h — what a remote command by shadow costs the simulator: cars as `fleetsim run` makes
 * them obey "unlock" and "lock" in turn.
 *
 *     app's update accepted → delta → Lua → report → accepted
 *
 * The simulator runs in this process; what commands, and the cloud, are other processes, so that
 * getrusage() counts nothing else. Without a network the cloud is a few lines in this process.
 */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/target.h"
#include "fleet/simulation.h"

/* Commands on their way at any time, without a rate. */
#define COMMANDS_OUTSTANDING 64

/* ---- the cloud inside this process: no sockets, no TLS, no MQTT ---- */

struct pretend;

/* Takes over `sim->make_client`. */
struct pretend *pretend_new(struct simulation *sim, uint32_t vehicles);
/* Commands one car after another, COMMANDS_OUTSTANDING at a time, until pretend_stop(). */
void pretend_start(struct pretend *p);
void pretend_stop(struct pretend *p);
/* Commands that have ended. */
uint64_t pretend_commands(const struct pretend *p);
void pretend_free(struct pretend *p);

/* ---- the source: a process of its own that publishes desired states to the broker ---- */

struct source {
    pid_t pid;
    int go;                     /* a byte starts it, closing ends it */
    _Atomic uint64_t *accepted; /* commands that the broker has acknowledged; shared with it */
};

/* Before anything has threads or cars. rate 0: as fast as the broker acknowledges,
   COMMANDS_OUTSTANDING at a time. */
bool source_fork(struct source *s, const struct target *target, uint32_t vehicles, double rate);
void source_start(struct source *s);
void source_end(struct source *s);

/* The n-th command as a shadow document: all cars unlock, then all lock, and so on. */
int command_document(char *room, size_t size, uint64_t n, uint32_t vehicles);

#endif
