/*
 * job_world.h — the service of jobs alone (contract 3), with the time in the test's hand: what cars
 * and operators ask of it. What a call leads to is in `out` until the next call.
 */
#ifndef SUPPORT_JOB_WORLD_H
#define SUPPORT_JOB_WORLD_H

#include "cloud/jobs/job_service.h"
#include "support/said.h"

#define NOW      ((int64_t)1700000000000)
#define MINUTE   ((int64_t)60000)
#define DEVICE   "$aws/things/car-1/jobs/"
#define OPERATOR "fleetsim/jobs/"
#define CREATE   "{\"targets\":[\"car-1\"],\"document\":{\"operation\":\"install\"}}"
#define DONE     "{\"status\":\"SUCCEEDED\"}"

struct job_world {
    struct job_service service;
    struct cloud_actions out;
    int64_t now_ms;
};

/* A service without jobs at NOW. */
void job_world_init(struct job_world *w);
void job_world_done(struct job_world *w);

/* For cmocka: a job_world at NOW is the state. */
int job_world_setup(void **state);
int job_world_teardown(void **state);

/* Sends it: as client-1 what devices ask, as app-1 what operators do. */
void job_say(struct job_world *w, const char *topic, const char *payload);

/* It is that time, and the service is told so. */
void job_tick(struct job_world *w, int64_t now_ms);

/* A job for car-1, as CREATE has it. */
void create_job(struct job_world *w, const char *job);

#define WITH_JOBS(test) cmocka_unit_test_setup_teardown(test, job_world_setup, job_world_teardown)

#endif
