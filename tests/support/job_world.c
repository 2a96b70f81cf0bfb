#include "support/job_world.h"

#include <stdio.h>

void job_world_init(struct job_world *w)
{
    job_service_init(&w->service);
    cloud_actions_init(&w->out);
    w->now_ms = NOW;
}

void job_world_done(struct job_world *w)
{
    cloud_actions_done(&w->out);
    job_service_done(&w->service);
}

int job_world_setup(void **state)
{
    static struct job_world w;

    job_world_init(&w);
    *state = &w;
    return 0;
}

int job_world_teardown(void **state)
{
    job_world_done(*state);
    return 0;
}

void job_say(struct job_world *w, const char *topic, const char *payload)
{
    struct job_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(job_address_parse(topic, &a));
    assert_true(job_service_request(&w->service, &a,
                                    job_address_is_device(&a) ? "client-1" : "app-1",
                                    slice_str(payload), w->now_ms, &w->out));
}

void job_tick(struct job_world *w, int64_t now_ms)
{
    cloud_actions_cut(&w->out, 0);
    w->now_ms = now_ms;
    assert_true(job_service_tick(&w->service, now_ms, &w->out));
}

void create_job(struct job_world *w, const char *job)
{
    char topic[200];

    snprintf(topic, sizeof topic, OPERATOR "%s/create", job);
    job_say(w, topic, CREATE);
    snprintf(topic, sizeof topic, OPERATOR "%s/create/accepted", job);
    said(&w->out, topic);
}
