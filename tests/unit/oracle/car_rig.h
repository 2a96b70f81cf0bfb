/*
 * car_rig.h — a TCU on a fake client with the oracle between, and a cloud that the tests play.
 */
#ifndef ORACLE_TEST_CAR_RIG_H
#define ORACLE_TEST_CAR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "oracle/car.h"
#include "support/fake_client.h"

#define THING  "car-0001"
#define SHADOW "$aws/things/" THING "/shadow"
#define CMD    "cmd/fleetsim/" THING
#define QUIET  (2 * USEC_PER_MSEC)

enum { HORN, LOCK, SPEED };

struct rig {
    struct loop *loop;
    struct tcu_config config;
    struct signal_schema *schema;
    struct oracle *oracle;
    struct oracle_car *car;
    struct tcu *tcu;
    struct fake_client *client;
    struct tcu_order *open; /* the last that was not done at once */
    bool lazy;              /* orders stay open */
    uint64_t found[ORACLE_RULE_COUNT];
    char text[1024]; /* of the last violation */
};

/* ---- the car ---- */

static inline void declare(struct signal_schema *s, const char *path, enum signal_type type,
                           unsigned flags)
{
    char locked[] = "locked", unlocked[] = "unlocked";
    char *values[] = {locked, unlocked};
    struct signal_def def = {.type = type, .flags = flags, .min = -1000, .max = 1000};
    struct error err;

    def.path = (char *)(uintptr_t)path;
    if (type == SIGNAL_ENUM) {
        def.values = values;
        def.value_count = 2;
    }
    assert_true(signal_schema_add(s, &def, &err));
}

static inline struct mqtt_client *make_client(void *maker, uint32_t index,
                                              const struct mqtt_client_events *events, void *ctx)
{
    struct rig *rig = maker;

    (void)index;
    rig->client = fake_client_new(&oracle_tap_events, rig->car);
    return oracle_tap_wrap(rig->car, &rig->client->base, events, ctx);
}

static inline void on_state(void *ctx, struct tcu *t, enum tcu_state from, enum tcu_state to)
{
    (void)t;
    (void)from;
    oracle_car_state(((struct rig *)ctx)->car, to);
}

static inline void on_signal(void *ctx, struct tcu *t, size_t index)
{
    (void)t;
    oracle_car_signal(((struct rig *)ctx)->car, index);
}

static inline void on_order(void *ctx, struct tcu *t, struct tcu_order *order)
{
    struct rig *rig = ctx;

    oracle_car_order(rig->car, order);
    if (rig->lazy) {
        rig->open = order;
        return;
    }
    for (size_t i = 0; i < order->change_count; i++)
        tcu_set_signal(t, order->changes[i].index, order->changes[i].value);
    oracle_car_order_done(rig->car, order);
    tcu_order_done(t, order, TCU_SUCCEEDED, NULL, NULL);
}

static inline void on_cancelled(void *ctx, struct tcu *t, struct tcu_order *order)
{
    (void)t;
    oracle_car_order_cancelled(((struct rig *)ctx)->car, order);
}

static inline void on_note(void *ctx, struct tcu *t, enum tcu_note note, const char *detail)
{
    (void)t;
    (void)detail;
    oracle_car_note(((struct rig *)ctx)->car, note);
}

static inline void on_violated(void *ctx, void *car, const struct oracle_violation *violation)
{
    struct rig *rig = car;

    (void)ctx;
    assert_string_equal(violation->name, oracle_rule_name(violation->rule));
    rig->found[violation->rule]++;
    snprintf(rig->text, sizeof rig->text, "%s: %s", violation->name, violation->text);
}

/* With a fan that lives in the shadow of that name; NULL: it has none. */
static inline struct signal_schema *rig_schema(const char *shadow)
{
    struct signal_schema *schema = signal_schema_new("test");
    char path[] = "fan";
    struct signal_def fan = {.path = path,
                             .shadow = (char *)(uintptr_t)shadow,
                             .type = SIGNAL_FLOAT,
                             .flags = SIGNAL_REPORTED | SIGNAL_DESIRED,
                             .max = 1000};
    struct error err;

    declare(schema, "horn", SIGNAL_BOOL, SIGNAL_REPORTED | SIGNAL_DESIRED);
    declare(schema, "lock.front", SIGNAL_ENUM, SIGNAL_REPORTED | SIGNAL_DESIRED);
    declare(schema, "speed", SIGNAL_FLOAT, SIGNAL_REPORTED);
    if (shadow != NULL)
        assert_true(signal_schema_add(schema, &fan, &err));
    signal_schema_seal(schema);
    return schema;
}

static inline int make_with(void **state, const char *shadow)
{
    static const struct tcu_observer observer = {.state = on_state,
                                                 .signal = on_signal,
                                                 .order = on_order,
                                                 .order_cancelled = on_cancelled,
                                                 .note = on_note};
    struct rig *rig = calloc(1, sizeof *rig);
    struct oracle_options options = {.quiet = QUIET, .violated = on_violated};
    struct error err;

    rig->loop = loop_new();
    rig->loop->time_scale = 1;
    options.loop = rig->loop;
    assert_true(oracle_rules_parse("on", options.on, &err));
    rig->oracle = oracle_new(&options);
    rig->car = oracle_car_new(rig->oracle, THING, rig);
    rig->schema = rig_schema(shadow);
    tcu_config_defaults(&rig->config);
    struct tcu_params params = {.loop = rig->loop,
                                .config = &rig->config,
                                .schema = rig->schema,
                                .thing_name = THING,
                                .make_client = make_client,
                                .maker = rig,
                                .observer = &observer,
                                .ctx = rig};
    rig->tcu = tcu_new(&params);
    oracle_car_adopt(rig->car, rig->tcu);
    *state = rig;
    return 0;
}

static inline int make(void **state)
{
    return make_with(state, NULL);
}

static inline int unmake(void **state)
{
    struct rig *rig = *state;

    tcu_free(rig->tcu);
    oracle_car_free(rig->car);
    oracle_free(rig->oracle);
    signal_schema_free(rig->schema);
    loop_free(rig->loop);
    free(rig);
    return 0;
}

/* ---- playing ---- */

static inline void expect_none(struct rig *rig)
{
    for (size_t i = 0; i < ORACLE_RULE_COUNT; i++)
        if (rig->found[i] != 0)
            fail_msg("%s", rig->text);
}

/* So many violations of this rule, and none of others; then they are forgotten. */
static inline void expect(struct rig *rig, enum oracle_rule rule, uint64_t count)
{
    if (rig->found[rule] != count)
        fail_msg("%s: %u times; last: %s", oracle_rule_name(rule), (unsigned)rig->found[rule],
                 rig->text);
    rig->found[rule] = 0;
    expect_none(rig);
}

static inline void be_quiet(struct rig *rig)
{
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    usleep(2 * QUIET);
}

/* The clientToken of the last publish on that topic. */
static inline void token_of(struct rig *rig, const char *topic, char ret[80])
{
    const struct fake_publish *p = fake_last(rig->client, topic);

    assert_non_null(p);
    cJSON *doc = json_parse(slice_str(p->payload), 16);
    snprintf(ret, 80, "%s", json_str(doc, "clientToken", ""));
    cJSON_Delete(doc);
}

static inline void say(struct rig *rig, const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static inline void say(struct rig *rig, const char *topic, const char *fmt, ...)
{
    char text[2000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fake_message(rig->client, topic, text);
}

/* The last report was accepted, at this version. */
static inline void say_accepted(struct rig *rig, int version)
{
    char token[80];
    const struct fake_publish *p = fake_last(rig->client, "/update");

    assert_non_null(p);
    token_of(rig, "/update", token);
    cJSON *doc = json_parse(slice_str(p->payload), 16);
    char *state = cJSON_PrintUnformatted(json_get(doc, "state"));
    say(rig, SHADOW "/update/accepted", "{\"state\":%s,\"version\":%d,\"clientToken\":\"%s\"}",
        state, version, token);
    free(state);
    cJSON_Delete(doc);
}

/* Acknowledges and accepts the last report, at this version. */
static inline void accept_report(struct rig *rig, int version)
{
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    const struct fake_publish *p = fake_last(rig->client, "/update");
    assert_non_null(p);
    fake_puback(rig->client, p->id, 0);
    say_accepted(rig, version);
}

static inline void connect(struct rig *rig)
{
    tcu_power_on(rig->tcu);
    fake_connected(rig->client, false);
    fake_suback(rig->client, 1);
    fake_puback(rig->client, fake_last(rig->client, "/get")->id, 0);
}

/* Online for the first time, everything reported: version 1. */
static inline void come_online(struct rig *rig)
{
    char token[80];

    connect(rig);
    token_of(rig, "/get", token);
    say(rig, SHADOW "/get/rejected", "{\"code\":404,\"clientToken\":\"%s\"}", token);
    assert_int_equal(rig->tcu->state, TCU_ONLINE);
    rig->car->keep_alive_s = 60; /* the fake CONNACK says none */
    accept_report(rig, 1);
    expect_none(rig);
}

static inline void desire(struct rig *rig, int version, const char *desired)
{
    say(rig, SHADOW "/update/accepted",
        "{\"state\":{\"desired\":%s},\"version\":%d,\"clientToken\":\"app\"}", desired, version);
}

static inline void delta(struct rig *rig, int version, const char *state)
{
    say(rig, SHADOW "/update/delta", "{\"version\":%d,\"timestamp\":%d,\"state\":%s}", version,
        1000 + version, state);
}

#endif
