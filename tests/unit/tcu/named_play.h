/*
 * named_play.h — a car whose signals live in a classic shadow and two named ones, and the cloud's
 * side of them (contract 1.1).
 */
#ifndef UNIT_TCU_NAMED_PLAY_H
#define UNIT_TCU_NAMED_PLAY_H

#include "unit/tcu/shadow_play.h"

#define COMFORT  "/name/comfort"
#define CHARGING "/name/charging"

static inline void declare_in(struct signal_schema *s, const char *path, enum signal_type type,
                              const char *shadow)
{
    struct signal_def def = {.path = (char *)(uintptr_t)path,
                             .shadow = (char *)(uintptr_t)shadow,
                             .type = type,
                             .flags = SIGNAL_REPORTED | SIGNAL_DESIRED,
                             .min = -(double)INFINITY,
                             .max = (double)INFINITY};
    struct error err;

    if (!signal_schema_add(s, &def, &err))
        fail_msg("%s", err.text);
}

static inline struct signal_schema *named_schema(void)
{
    struct signal_schema *s = signal_schema_new("named");

    car_declare(s, "locks.all", SIGNAL_ENUM, SIGNAL_REPORTED | SIGNAL_DESIRED, 0, 0);
    declare_in(s, "climate.on", SIGNAL_BOOL, "comfort");
    declare_in(s, "climate.target", SIGNAL_INT, "comfort");
    declare_in(s, "charge.limit", SIGNAL_INT, "charging");
    signal_schema_seal(s);
    return s;
}

static inline struct car *named_car(void)
{
    struct car *car = car_draft();

    signal_schema_free(car->schema);
    car->schema = named_schema();
    car_build(car);
    return car;
}

static inline void no_shadow_yet(struct car *car, const char *get)
{
    car_reply(car, get, "/rejected", "\"code\":404,\"message\":\"No shadow exists\"");
}

static inline void accept_in(struct car *car, const char *update, int version)
{
    char text[64];

    snprintf(text, sizeof text, "\"version\":%d,\"timestamp\":1700000100", version);
    car_reply(car, update, "/accepted", text);
}

static inline void connect(struct car *car)
{
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    for (int i = 0; i < 3; i++)
        fake_suback(car->client, 1);
}

/* All three shadows made, at version 1. */
static inline struct car *named_online(void)
{
    struct car *car = named_car();

    connect(car);
    no_shadow_yet(car, "/get");
    no_shadow_yet(car, COMFORT "/get");
    no_shadow_yet(car, CHARGING "/get");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_turn(car);
    accept_in(car, "/update", 1);
    accept_in(car, COMFORT "/update", 1);
    accept_in(car, CHARGING "/update", 1);
    assert_true(tcu_in_step(car->tcu));
    car_blank(car);
    return car;
}

static inline void delta_in(struct car *car, const char *shadow, int version, const char *state)
{
    char topic[128], payload[512];

    snprintf(topic, sizeof topic, SHADOW "%s/update/delta", shadow);
    snprintf(
        payload, sizeof payload,
        "{\"version\":%d,\"timestamp\":%d,\"state\":%s,\"metadata\":{},\"clientToken\":\"app\"}",
        version, 1700000000 + version, state);
    fake_message(car->client, topic, payload);
}

static inline void set_target(struct car *car, int64_t value)
{
    tcu_set_signal(car->tcu, (size_t)signal_schema_find(car->schema, slice_str("climate.target")),
                   (union signal_value){.i = value});
}

static inline size_t said(struct car *car, const char *topic_end)
{
    return fake_count(car->client, topic_end);
}

static inline const char *last(struct car *car, const char *topic_end)
{
    const struct fake_publish *p = fake_last(car->client, topic_end);

    assert_non_null(p);
    return p->payload;
}

#endif
