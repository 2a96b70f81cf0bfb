/*
 * run.h — one run of scenarios from the first certificate to the exit status: sets up the cloud,
 * the simulation and the results, runs the loop, and judges.
 *
 * The composition root of `fleetsim run`: it knows every room and decides nothing that a room
 * could.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <stdint.h>

#include "cli/api_endpoint.h"
#include "cli/clock_options.h"
#include "cli/options.h"
#include "cli/shard.h"
#include "cli/target.h"
#include "net/endpoints.h"
#include "net/tls_options.h"

struct limits;
struct load_flags;

struct run_settings {
    const char *junit;       /* also write the JUnit XML here; NULL: no */
    const char *tap, *jsonl; /* likewise TAP, JSON lines; "-": stdout */
    const char *filter;      /* part of a scenario's name; NULL: all */
    const char *results;     /* folder of all runs; NULL: "results" */
    const char *name;        /* of the run */
    bool yes;                /* more than CONSENT_CARS may go to another machine's address */
    const char *metrics;     /* where to serve metrics (http_address.h); NULL: nowhere */
    struct api_endpoint_options api;
    const char *mqtt;    /* "5" or "3.1.1" */
    const char *client;  /* "native" or "paho" */
    const char *profile; /* "aws" or "generic"; NULL: as the endpoint's name says */
    const char *vehicles_dir;
    bool vehicles_found;               /* nobody has named it */
    const char *command_line;          /* as it was typed, for the results; NULL: nobody typed it */
    const struct option_spec *options; /* of the command, for the results; NULL: none */
    uint64_t seed, vehicles, first_vehicle, jobs, keep_alive;
    uint64_t connect_rate, connect_concurrency; /* 0: unlimited; default */
    usec_t timeout, time_limit;                 /* 0: default; none */
    struct clock_options clock;
    bool trace, insecure, quiet, list, no_results, no_check;
    uint64_t repeat, retries; /* rounds (0: one); further attempts of what fails */
    bool shuffle, fail_fast, until_fail, fail_on_flaky;
    enum endpoint_policy endpoint_policy;
    struct target_options target;
    struct tls_options tls; /* of the cars */
    const char *source_addresses;
    struct option_list topics; /* as topic_set_choose() takes them */
    bool no_shadows;           /* the endpoint has none */
    bool reset_things;         /* of each car, before it is switched on */
    const char *provision;     /* how cars meet the cloud: contact_choice.h; NULL: it knows them */
    const char *provision_template, *claim_cert, *claim_key; /* or NULL */
    const char *radio;         /* what radio_profile_find() takes; NULL: perfect */
    const char *telemetry_key; /* file; NULL: none */
    const char *const *pins;   /* outcomes pinned: script/outcomes.h */
    size_t pin_count;
    const char *const *tags; /* which scenarios: script/selection.h, checked */
    size_t tag_count;
    const char *const *params; /* "name=value" for the scenarios: script/params.h */
    size_t param_count;
    bool outcomes;       /* VIN endings mean outcomes */
    bool provision_cbor; /* cars with a claim ask in CBOR */
    /* Told each script file that the run has read, before it ends; may be NULL. */
    void (*read)(void *ctx, const char *path);
    void *read_ctx;
    struct limits *limits;         /* judged at the end; NULL: none */
    const struct load_flags *load; /* NULL: no load */
    struct shard shard;            /* count 0: this is the whole */
    uint64_t fleet, fleet_first;   /* of a shard: cars of all; which of them is its first */
    const char *results_folder;    /* below `results`; NULL: by time and name */
    int64_t start_at_ms;           /* wall time; 0: at once */
    const char *meet;              /* folder where shards meet; NULL: they do not */
    const char *oracle;            /* what oracle_rules_parse() takes; NULL: all rules */
    usec_t oracle_quiet;           /* 0: default */
};

/* Returns the exit status; says on stderr what went wrong. */
int run_scenarios(const struct run_settings *settings, char **paths, int count);

#endif
