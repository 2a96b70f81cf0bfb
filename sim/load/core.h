/*
 * core.h — what the files of a load share: load.c (its life, what is due when), app.c (its
 * companions), command.c (which car gets what), telemetry.c, phases.c (what was when).
 */
#ifndef LOAD_CORE_H
#define LOAD_CORE_H

#include "base/process_usage.h"
#include "load/load.h"
#include "load/volume.h"

struct recorder;

/* One command that is due, or was sent. */
struct load_command {
    usec_t due;      /* when it was intended; once sent, when it was sent */
    uint64_t number; /* of its token; 0: not sent */
    uint32_t car;
    uint16_t kind;
    bool second; /* what it asks for */
    bool probe;
    bool waited; /* because all cars were busy: counted */
};

/* First in, first out; grows. */
struct load_queue {
    struct load_command *items;
    size_t head, count, capacity; /* a power of two */
};
void load_queue_put(struct load_queue *q, const struct load_command *c);
/* NULL if empty; valid until the next put. */
struct load_command *load_queue_first(const struct load_queue *q);
void load_queue_drop(struct load_queue *q);
void load_queue_done(struct load_queue *q);

/* One companion. */
struct load_app {
    struct load *load;
    struct companion *companion;
    size_t in_flight;
    bool probe;
    bool watches, watching; /* the shadows' updates: asked for, granted */
    uint64_t *numbers;      /* of the commands by publish id, a ring */
    size_t ring;            /* its size, a power of two above in_flight */
};

struct load_car {
    struct vehicle *v;
    uint64_t open;   /* number of the last wish sent to it; 0: none */
    uint16_t second; /* by kind: it is the second one's turn */
    bool was_online;
};

struct load_fleet {
    struct load_car *cars;
    size_t count, capacity, turn;
    size_t used; /* of these, the first so many */
};

struct load_kind_kept {
    char *name, *signal, *first, *second;
    double share;
};

/* Which kinds the cars of a model can do, as bits. */
struct load_ability {
    const struct signal_schema *schema;
    uint16_t kinds;
};

struct load_source {
    struct load *load;
    enum load_stream stream;
    struct arrivals arrivals;
    struct loop_timer timer;
    struct load_tally tally;
};

/* The probe app, as it watches telemetry arrive. */
struct load_observer {
    struct load_sighting *sightings; /* a ring; NULL: nothing was sent yet */
    uint64_t stride;                 /* one of so many messages is for it */
    uint64_t observed;               /* so many were: the next one's place in the ring */
    bool listens, granted;
};

struct load_phase_kept {
    char *name;
    usec_t from, to; /* to 0: it goes on */
};

struct load {
    struct simulation *sim;
    struct recorder *recorder;
    char *name;
    enum load_way way;
    usec_t patience;
    size_t in_flight, telemetry_size;
    uint64_t seed;
    bool measures;
    struct rng rng; /* of kinds */
    struct load_app apps[LOAD_APPS_MAX + 1];
    size_t app_count; /* that send; the probes' is behind them */
    bool probes;
    bool watches_named;
    size_t next_app;
    char trouble[256];
    struct load_kind_kept kinds[LOAD_KINDS_MAX];
    size_t kind_count;
    struct load_ability abilities[16]; /* a cache: filled in turn */
    size_t next_ability;
    struct load_fleet background, probe;
    struct load_source sources[LOAD_STREAM_COUNT];
    struct load_queue waiting, probes_waiting, under_way;
    uint64_t last_number;
    struct loop_timer sweep;
    uint64_t telemetry_seq; /* of the last one */
    struct load_observer observer;
    struct load_phase_kept phases[LOAD_PHASES_MAX];
    size_t phase_count;
    usec_t measured_from, finished;            /* 0: not yet */
    struct process_usage usage_from, usage_to; /* then */
    struct process_usage broker_from, broker_to;
    usec_t busy_from, busy_to; /* and the whole machine */
    struct load_volume volume;
};

/* ---- app.c ---- */

bool load_app_open(struct load_app *app, const struct companion_options *link, struct error *err);
void load_app_close(struct load_app *app);
/* Some cars have named shadows: it is ready again once it sees those. */
void load_app_watch_named(struct load_app *app);
bool load_app_ready(const struct load_app *app);
/* Hands it to the app, whose turn it is; false: it did not take it. */
bool load_app_send(struct load_app *app, const struct load_command *c, uint64_t number);

/* ---- command.c ---- */

void load_token(const struct load *load, uint64_t number, char *ret, size_t size);
/* One command is due for the next car of the background, or of the probes. */
void load_command_due(struct load *load, usec_t due, bool probe);
/* Sends what waits and can be sent. */
void load_dispatch(struct load *load);
/* Those that were sent too long ago have timed out. */
void load_give_up(struct load *load, usec_t now);

/* ---- telemetry.c ---- */

void load_telemetry_due(struct load *load, usec_t due);

/* ---- observer.c ---- */

/* The kind of telemetry that the probe app is for. */
#define LOAD_OBSERVED "observed"

/* Telemetry comes at that rate from now on. */
void load_observe_rate(struct load *load, double rate);
/* The probe app is connected; later, whether it may listen. */
void load_observer_listen(struct load_app *app);
void load_observer_granted(struct load *load, bool ok);
/* Is this message one of those it is to see? Then it was sent; then it has arrived. */
bool load_observer_wants(const struct load *load, uint64_t seq);
void load_observer_sent(struct load *load, uint64_t seq, usec_t due);
void load_observer_saw(struct load *load, struct slice payload, usec_t at);
/* Nothing more will arrive: what has not is lost. */
void load_observer_close(struct load *load);

/* ---- load.c ---- */

/* It was due, and is never sent. */
void load_unsent(struct load *load, const char *why);
/* Begins whatever has come due. */
void load_catch_up(struct load *load);

#endif
