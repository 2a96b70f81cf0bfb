/*
 * car.h — one TCU on a fake client, with an observer that writes all it sees into a journal.
 */
#ifndef TCU_TEST_CAR_H
#define TCU_TEST_CAR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/xmem.h"
#include "support/fake_client.h"
#include "tcu/tcu.h"

#define THING  "tcu-0001"
#define SHADOW "$aws/things/" THING "/shadow"
#define CMD    "cmd/fleetsim/" THING

struct car {
    struct loop *loop;
    struct tcu_config config;
    struct tcu_observer observer;
    struct signal_schema *schema;
    struct tcu *tcu;
    struct fake_client *client;
    struct buf journal;
    struct tcu_order *orders[64]; /* open */
    size_t order_count;
    bool obey; /* orders are done at once, by setting what they ask */
    /* Called from inside the first callback whose line in the journal starts with `meddle_at`. */
    void (*meddle)(struct car *car);
    const char *meddle_at;
};

static inline void car_log(struct car *car, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static inline void car_log(struct car *car, const char *kind, const char *fmt, ...)
{
    char line[800];
    va_list ap;

    int n = snprintf(line, sizeof line, "%s ", kind);
    va_start(ap, fmt);
    vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
    va_end(ap);
    buf_printf(&car->journal, "%s\n", line);
    if (car->meddle != NULL && strncmp(line, car->meddle_at, strlen(car->meddle_at)) == 0) {
        void (*meddle)(struct car *) = car->meddle;
        car->meddle = NULL;
        meddle(car);
    }
}

static inline void car_on_state(void *ctx, struct tcu *t, enum tcu_state from, enum tcu_state to)
{
    assert_int_equal(t->state, to);
    car_log(ctx, "state", "%s > %s", tcu_state_name(from), tcu_state_name(to));
}

static inline bool car_has(const struct car *car, const struct tcu_order *order)
{
    for (size_t i = 0; i < car->order_count; i++)
        if (car->orders[i] == order)
            return true;
    return false;
}

static inline void car_forget(struct car *car, struct tcu_order *order)
{
    for (size_t i = 0; i < car->order_count; i++)
        if (car->orders[i] == order)
            car->orders[i--] = car->orders[--car->order_count];
}

static inline void car_done(struct car *car, struct tcu_order *order, enum tcu_outcome outcome)
{
    if (outcome == TCU_SUCCEEDED) {
        for (size_t i = 0; i < order->change_count; i++) {
            tcu_set_signal(car->tcu, order->changes[i].index, order->changes[i].value);
            if (!car_has(car, order))
                return; /* cancelled, or done, from inside the signal's callback */
        }
        car_forget(car, order);
        tcu_order_done(car->tcu, order, outcome, NULL, NULL);
    } else {
        car_forget(car, order);
        tcu_order_done(car->tcu, order, outcome, "VEHICLE_MOVING", "the \"car\" is moving");
    }
}

static inline void car_on_order(void *ctx, struct tcu *t, struct tcu_order *order)
{
    struct car *car = ctx;
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; i < order->change_count; i++) {
        const struct signal_def *def = signal_schema_def(car->schema, order->changes[i].index);
        buf_printf(&text, " %s=", def->path);
        signal_write_value(def, order->changes[i].value, &text);
        if (i > 0)
            assert_true(order->changes[i].index > order->changes[i - 1].index);
    }
    assert_true(car->order_count < 64);
    car->orders[car->order_count++] = order;
    (void)t;
    car_log(car, "order", "%s [%s]%s", order->kind == TCU_ORDER_DESIRED ? "desired" : "request",
            order->token, buf_cstr(&text));
    buf_done(&text);
    if (car_has(car, order))
        tcu_order_started(car->tcu, order);
    if (car->obey && car_has(car, order))
        car_done(car, order, TCU_SUCCEEDED);
}

static inline void car_on_cancelled(void *ctx, struct tcu *t, struct tcu_order *order)
{
    (void)t;
    car_forget(ctx, order);
    car_log(ctx, "cancelled", "[%s]", order->token);
}

static inline void car_on_mark(void *ctx, struct tcu *t, const char *token, enum tcu_mark mark,
                               usec_t at, const char *report_token)
{
    static const char *const names[TCU_MARK_COUNT] = {"received", "started", "acted", "reported",
                                                      "accepted"};
    (void)t;
    assert_true(at != 0);
    assert_true(token[0] != '\0');
    car_log(ctx, "mark", "[%s] %s%s", token, names[mark], report_token != NULL ? " in report" : "");
}

static inline void car_on_stage(void *ctx, struct tcu *t, enum tcu_stage stage, usec_t took)
{
    static const char *const names[TCU_STAGE_COUNT] = {
        "tcp",    "tls", "connack", "subscribe", "first shadow", "total",
        "puback", "key", "create",  "register",  "provisioned"};
    (void)t;
    assert_true(took < 60 * USEC_PER_SEC);
    car_log(ctx, "stage", "%s", names[stage]);
}

static inline void car_on_note(void *ctx, struct tcu *t, enum tcu_note note, const char *detail)
{
    static const char *const names[TCU_NOTE_COUNT] = {
        "stale delta", "unknown desired", "expired request", "duplicate request",
        "bad message", "report rejected", "connect failed",  "connection lost",
        "refused",     "provisioning"};
    (void)t;
    car_log(ctx, "note", "%s: %s", names[note], detail);
}

static inline void car_on_signal(void *ctx, struct tcu *t, size_t index)
{
    car_log(ctx, "signal", "%s", signal_schema_def(t->signals.schema, index)->path);
}

static inline void car_on_packet(void *ctx, struct tcu *t, bool outgoing, struct slice bytes,
                                 usec_t at)
{
    (void)t;
    (void)at;
    car_log(ctx, "packet", "%s %zu", outgoing ? "out" : "in", bytes.len);
}

static inline void car_declare(struct signal_schema *s, const char *path, enum signal_type type,
                               unsigned flags, double min, double max)
{
    char locked[] = "locked";
    char unlocked[] = "unlocked";
    char *locks[] = {locked, unlocked};
    struct signal_def def = {.type = type, .flags = flags, .min = min, .max = max};
    struct error err;

    def.path = (char *)(uintptr_t)path;
    if (type == SIGNAL_ENUM) {
        def.values = locks;
        def.value_count = 2;
    } else if (type == SIGNAL_FLOAT) {
        def.initial.f = 20;
    } else if (type == SIGNAL_INT) {
        def.initial.i = 80;
    }
    if (!signal_schema_add(s, &def, &err))
        fail_msg("%s", err.text);
}

static inline struct signal_schema *car_schema(void)
{
    const unsigned both = SIGNAL_REPORTED | SIGNAL_DESIRED;
    struct signal_schema *s = signal_schema_new("test");

    car_declare(s, "locks.all", SIGNAL_ENUM, both, 0, 0);
    car_declare(s, "climate.on", SIGNAL_BOOL, both, 0, 0);
    car_declare(s, "climate.target", SIGNAL_FLOAT, both, 16, 28);
    car_declare(s, "charge.limit", SIGNAL_INT, both, 50, 100);
    car_declare(s, "label", SIGNAL_STRING, both, 0, 0);
    car_declare(s, "horn", SIGNAL_BOOL, SIGNAL_DESIRED, 0, 0);
    car_declare(s, "doors.open", SIGNAL_BOOL, SIGNAL_REPORTED, 0, 0);
    car_declare(s, "cabin.secret", SIGNAL_INT, 0, -(double)INFINITY, (double)INFINITY);
    signal_schema_seal(s);
    return s;
}

static inline struct mqtt_client *
car_make_client(void *maker, uint32_t index, const struct mqtt_client_events *events, void *ctx)
{
    struct car *car = maker;

    assert_int_equal(index, 7);
    car->client = fake_client_new(events, ctx);
    return &car->client->base;
}

/* Change car->config before car_build(). */
static inline struct car *car_draft(void)
{
    struct car *car = xcalloc(1, sizeof *car);

    car->loop = loop_new();
    car->schema = car_schema();
    buf_init(&car->journal, 16 * 1024 * 1024);
    tcu_config_defaults(&car->config);
    car->config.backoff_base = car->config.backoff_cap = USEC_PER_MSEC;
    car->observer = (struct tcu_observer){.state = car_on_state,
                                          .order = car_on_order,
                                          .order_cancelled = car_on_cancelled,
                                          .mark = car_on_mark,
                                          .stage = car_on_stage,
                                          .note = car_on_note,
                                          .signal = car_on_signal,
                                          .packet = car_on_packet};
    return car;
}

static inline void car_build(struct car *car)
{
    struct tcu_params params = {.loop = car->loop,
                                .config = &car->config,
                                .schema = car->schema,
                                .index = 7,
                                .thing_name = THING,
                                .seed = 42,
                                .make_client = car_make_client,
                                .maker = car,
                                .observer = &car->observer,
                                .ctx = car};
    car->tcu = tcu_new(&params);
}

static inline struct car *car_new(void)
{
    struct car *car = car_draft();

    car_build(car);
    return car;
}

static inline void car_free(struct car *car)
{
    tcu_free(car->tcu);
    signal_schema_free(car->schema);
    loop_free(car->loop);
    buf_done(&car->journal);
    free(car);
}

/* Some turns of the loop, without waiting. */
static inline void car_turn(struct car *car)
{
    for (int i = 0; i < 3; i++)
        ev_run(car->loop->ev, EVRUN_NOWAIT);
}

/* Until a timer brings the car into that state. */
static inline void car_await(struct car *car, enum tcu_state state)
{
    for (int i = 0; i < 10000 && car->tcu->state != state; i++)
        ev_run(car->loop->ev, EVRUN_ONCE);
    assert_int_equal(car->tcu->state, state);
}

static inline bool car_saw(struct car *car, const char *text)
{
    return strstr(buf_cstr(&car->journal), text) != NULL;
}

static inline size_t car_times(struct car *car, const char *text)
{
    size_t n = 0;
    for (const char *p = buf_cstr(&car->journal); (p = strstr(p, text)) != NULL; p++)
        n++;
    return n;
}

#define assert_saw(car, text)                                                                      \
    do {                                                                                           \
        if (!car_saw(car, text))                                                                   \
            fail_msg("no \"%s\" in:\n%s", text, buf_cstr(&(car)->journal));                        \
    } while (0)
#define assert_not_saw(car, text)                                                                  \
    do {                                                                                           \
        if (car_saw(car, text))                                                                    \
            fail_msg("\"%s\" in:\n%s", text, buf_cstr(&(car)->journal));                           \
    } while (0)

static inline void car_blank(struct car *car)
{
    buf_clear(&car->journal);
}

/* The clientToken of the last publish on that topic. */
static inline void car_token(struct car *car, const char *topic_end, char ret[80])
{
    const struct fake_publish *p = fake_last(car->client, topic_end);

    assert_non_null(p);
    cJSON *doc = json_parse(slice_str(p->payload), 32);
    assert_non_null(doc);
    snprintf(ret, 80, "%s", json_str(doc, "clientToken", ""));
    cJSON_Delete(doc);
}

/* Answers the last get or update: `fmt` has one %s, for the clientToken. */
static inline void car_reply(struct car *car, const char *request, const char *answer,
                             const char *before_token)
{
    char token[80];
    char topic[256];
    char payload[4096];

    snprintf(topic, sizeof topic, "/shadow%s", request);
    car_token(car, topic, token);
    snprintf(topic, sizeof topic, SHADOW "%s%s", request, answer);
    snprintf(payload, sizeof payload, "{%s%s\"clientToken\":\"%s\"}", before_token,
             before_token[0] != '\0' ? "," : "", token);
    fake_message(car->client, topic, payload);
}

/* From off to online with an empty shadow, its first report accepted as version 1. */
static inline void car_go_online(struct car *car)
{
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    car_reply(car, "/get", "/rejected", "\"code\":404,\"message\":\"No shadow exists\"");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_turn(car);
    car_reply(car, "/update", "/accepted", "\"state\":{},\"version\":1,\"timestamp\":1700000000");
    assert_true(tcu_in_step(car->tcu));
    car_blank(car);
}

static inline struct car *car_online(void)
{
    struct car *car = car_new();

    car_go_online(car);
    return car;
}

#endif
