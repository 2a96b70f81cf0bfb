/*
 * lab.h — a simulation in a temporary directory whose cars ride on fake clients: no network at all.
 * The test plays the broker for car `index` through lab->clients[index].
 */
#ifndef SUPPORT_LAB_H
#define SUPPORT_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "support/fake_client.h"

#define LAB_CARS 256

struct lab {
    char dir[64];
    struct simulation *sim;
    struct fake_client *clients[LAB_CARS]; /* by the car's index; dangling once it is freed */
};

static inline struct mqtt_client *
lab_make_client(void *vehicle, uint32_t index, const struct mqtt_client_events *events, void *ctx)
{
    struct lab *lab = ((struct vehicle *)vehicle)->sim->unreachable_ctx;

    assert_true(index < LAB_CARS);
    lab->clients[index] = fake_client_new(events, ctx);
    return &lab->clients[index]->base;
}

static inline struct lab *lab_new(void)
{
    struct lab *lab = xcalloc(1, sizeof *lab);
    struct pki_options pki = {.seed = "1"};
    struct error err;

    snprintf(lab->dir, sizeof lab->dir, "/tmp/fleetsim-lab-XXXXXX");
    assert_non_null(mkdtemp(lab->dir));
    if (!pki_init(lab->dir, &pki, &err))
        fail_msg("%s", err.text);
    struct simulation_options options = {.endpoint = "mqtt://127.0.0.1:1",
                                         .pki_dir = lab->dir,
                                         .seed = 7,
                                         .time_scale = 1,
                                         .version = MQTT_5,
                                         .timeline_places = 50};
    lab->sim = simulation_new(&options, &err);
    if (lab->sim == NULL)
        fail_msg("%s", err.text);
    lab->sim->make_client = lab_make_client;
    lab->sim->unreachable_ctx = lab;
    lab->sim->tcu.backoff_base = lab->sim->tcu.backoff_cap = USEC_PER_MSEC;
    return lab;
}

static inline int lab_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void lab_free(struct lab *lab)
{
    simulation_free(lab->sim);
    nftw(lab->dir, lab_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(lab);
}

static inline void lab_turn(struct lab *lab)
{
    for (int i = 0; i < 5; i++)
        ev_run(lab->sim->loop->ev, EVRUN_NOWAIT);
}

/* Answers the car's last get or update; `body` goes before the clientToken. */
static inline void lab_reply(struct lab *lab, uint32_t index, const char *thing,
                             const char *request, const char *answer, const char *body)
{
    char end[64];
    char topic[256];
    char payload[2048];

    snprintf(end, sizeof end, "/shadow%s", request);
    const struct fake_publish *p = fake_last(lab->clients[index], end);
    assert_non_null(p);
    cJSON *doc = json_parse(slice_str(p->payload), 32);
    snprintf(payload, sizeof payload, "{%s,\"clientToken\":\"%s\"}", body,
             json_str(doc, "clientToken", ""));
    cJSON_Delete(doc);
    snprintf(topic, sizeof topic, "$aws/things/%s/shadow%s%s", thing, request, answer);
    fake_message(lab->clients[index], topic, payload);
}

/* The broker's side of a first connect: from connecting to online, first report accepted. */
static inline void lab_bring_online(struct lab *lab, struct vehicle *v)
{
    uint32_t index = v->identity.index;

    fake_connected(lab->clients[index], false);
    fake_suback(lab->clients[index], 1);
    lab_reply(lab, index, v->identity.thing_name, "/get", "/rejected",
              "\"code\":404,\"message\":\"No shadow exists\"");
    assert_int_equal(v->tcu->state, TCU_ONLINE);
    lab_turn(lab);
    lab_reply(lab, index, v->identity.thing_name, "/update", "/accepted",
              "\"state\":{},\"version\":1,\"timestamp\":1700000000");
}

#endif
