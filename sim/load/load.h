/*
 * load.h — the load on a cloud: apps that send commands at a stated rate to a fleet, cars that send
 * telemetry at one, and a few of both that only probe.
 *
 * An open model: what is due is due, whatever became of what came before. Each command's journey
 * begins at the moment it was intended for; if no app can send it then, it waits, and the wait is
 * part of its latency. What the simulator itself was late is told apart ("schedule.lateness").
 *
 *     load_new → load_add_kind… → load_ready → load_add_car… → load_stream… → load_stop → load_free
 *
 * A command is for the next car in turn, whatever that car is doing, so that the healthy are not
 * picked out: only one that has never been online is passed over. By shadow a car has one wish open
 * at a time, since a newer one would replace it: those that are busy are passed over as well, and
 * if all are, the command waits.
 *
 * Owns      its companions and what they have under way.
 * Borrows   the simulation; the cars, which must outlive it.
 * Threads   the simulation thread.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <cjson/cJSON.h>

#include "actors/companion.h"
#include "load/arrivals.h"

struct load;
struct simulation;
struct vehicle;

#define LOAD_KINDS_MAX  16
#define LOAD_APPS_MAX   64
#define LOAD_PHASES_MAX 256
/* What was begun later than this after it was due was late. */
#define LOAD_LATE (50 * USEC_PER_MSEC)

/* How a command reaches its car. ORDER LOAD_WAY */
enum load_way {
    LOAD_BY_REQUEST, /* request topic, answered on the response topic */
    LOAD_BY_SHADOW,  /* desired state */
    LOAD_WAY_COUNT
};
const char *load_way_name(enum load_way way); /* "request", "shadow" */
bool load_way_parse(const char *name, enum load_way *ret);

struct load_options {
    struct simulation *sim;
    /* Of its companions: all but client_id, which is made of `name`. Strings are copied. */
    struct companion_options link;
    const char *name; /* client ids and tokens begin with it; copied */
    size_t apps;      /* that send, 1 … LOAD_APPS_MAX */
    size_t in_flight; /* publishes of an app without their PUBACK */
    bool probes;      /* one more app, of the probe cars */
    enum load_way way;
    usec_t patience; /* a command without result after so long has timed out; also its expiry */
    size_t telemetry_size; /* bytes of a payload, about */
    bool measures;         /* the recorder is its own: it starts anew when the measurement begins */
    uint64_t seed;
};

/* NULL with err. Its apps begin to connect. */
struct load *load_new(const struct load_options *options, struct error *err);
/* Commands under way are given up as lost. NULL is fine. */
void load_free(struct load *load);

/* A kind of command: what it asks for, in turn, as JSON; and one signal by which it is seen whether
   a car can do that. All copied. False: too many. */
struct load_kind {
    const char *name, *signal;
    const char *first, *second; /* the second may be NULL: always the first */
    double share;               /* among the kinds that a car can do */
};
bool load_add_kind(struct load *load, const struct load_kind *kind);

/* Are all its apps connected and subscribed? If not, why, if that is known ("" otherwise). */
bool load_ready(const struct load *load, const char **ret_trouble);

/* From now on it is one of those that commands are sent to, and that send telemetry. A probe is
   one of the probe app's only. */
void load_add_car(struct load *load, struct vehicle *v, bool probe);
/* Its connection is gone, without a word. */
void load_cut(struct load *load, struct vehicle *v);
/* Commands and telemetry are for the first so many of the background only. */
void load_use(struct load *load, size_t cars);
size_t load_cars(const struct load *load);
size_t load_online(const struct load *load); /* of these; looks at all */

/* ORDER LOAD_STREAM */
enum load_stream { LOAD_COMMANDS, LOAD_TELEMETRY, LOAD_PROBES, LOAD_STREAM_COUNT };
const char *load_stream_name(enum load_stream stream); /* "commands", … */
/* Before its first stretch; constant if not said. */
void load_set_process(struct load *load, enum load_stream stream, enum arrivals_process process);
/* For `length` from now on the stream goes from a rate to another, per second. */
void load_stream(struct load *load, enum load_stream stream, double from, double to, usec_t length);
/* What has come due is begun; nothing more is due. What is under way goes on. */
void load_stop(struct load *load);
/* Commands that wait to be sent, and those that were since the oldest that is under way. */
size_t load_open_commands(struct load *load);
/* Measured telemetry that the probe app has not seen arrive yet. */
size_t load_unseen(const struct load *load);

/* Another phase begins. Names are copied. */
void load_begin_phase(struct load *load, const char *name);
const char *load_phase(const struct load *load); /* "" before the first */
/* The measurement begins: counts and the recorder start anew. */
void load_measure(struct load *load);
/* Nothing is under way any more: what has not arrived is lost. Before it is judged. */
void load_close_books(struct load *load);
/* What it measures has ended, but for what is under way. */
void load_finish(struct load *load);
bool load_finished(const struct load *load);
usec_t load_measured_from(const struct load *load); /* 0: not yet */
/* How long it has been measured, up to load_finish() or now. */
usec_t load_measured(const struct load *load);

/* One stream, as measured. */
struct load_tally {
    enum arrivals_process process;
    uint64_t intended, sent, late;
    double rate; /* per second, as last stated */
};
/* Commands sent since it was made. */
uint64_t load_sent(const struct load *load);
struct load_tally load_tally(const struct load *load, enum load_stream stream);

/* The member "load" of summary.json; the caller owns it. */
cJSON *load_json(const struct load *load);

#endif
