/*
 * shadow_play.h — what the tests of a car's shadow have the cloud say, and look for in what the car
 * says.
 */
#ifndef UNIT_TCU_SHADOW_PLAY_H
#define UNIT_TCU_SHADOW_PLAY_H

#include "unit/tcu/car.h"

/* A delta from an update of `token` ("": none): version, time, state, metadata. */
static inline void delta(struct car *car, int version, int time, const char *token,
                         const char *state, const char *metadata)
{
    char payload[4096];

    snprintf(payload, sizeof payload,
             "{\"version\":%d,\"timestamp\":%d,\"state\":%s,\"metadata\":%s%s%s%s}", version, time,
             state, metadata, token[0] != '\0' ? ",\"clientToken\":\"" : "", token,
             token[0] != '\0' ? "\"" : "");
    fake_message(car->client, SHADOW "/update/delta", payload);
}

#define UNLOCK   "{\"locks\":{\"all\":\"unlocked\"}}"
#define LOCK     "{\"locks\":{\"all\":\"locked\"}}"
#define STAMP(t) "{\"locks\":{\"all\":{\"timestamp\":" #t "}}}"

static inline void accept(struct car *car, int version)
{
    char text[64];
    snprintf(text, sizeof text, "\"version\":%d,\"timestamp\":1700000100", version);
    car_reply(car, "/update", "/accepted", text);
}

static inline size_t updates(struct car *car)
{
    return fake_count(car->client, "/shadow/update");
}

static inline const char *last_update(struct car *car)
{
    return fake_last(car->client, "/shadow/update")->payload;
}

static inline void set_bool(struct car *car, const char *path, bool value)
{
    tcu_set_signal(car->tcu, (size_t)signal_schema_find(car->schema, slice_str(path)),
                   (union signal_value){.b = value});
}

#endif
