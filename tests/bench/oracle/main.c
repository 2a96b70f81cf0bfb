/* fleetsim-bench-oracle — what the oracle costs: time for each thing that it sees, bytes for each
   car. Without network, Lua and cloud; docs/oracle.md quotes it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xmem.h"
#include "oracle/oracle.h"

enum { CARS = 1000, SIGNALS = 88, ROUNDS = 200 };

struct inner {
    struct mqtt_client client;
    int32_t next;
};

struct car {
    struct tcu *tcu;
    struct oracle_car *oracle;
    struct mqtt_client *tap; /* as its TCU sees it */
    char thing[20];
    int version;
};

struct bench {
    struct loop *loop;
    struct oracle *oracle;
    struct signal_schema *schema;
    struct tcu_config config;
    struct car cars[CARS];
    char payload[16384], topic[256];
    size_t whole; /* bytes of a report of all signals, in `reported` */
    char reported[8192];
};

/* ---- a client that takes all, a TCU that hears nothing ---- */

static void op_free(struct mqtt_client *c)
{
    free(c);
}

static int32_t op_publish(struct mqtt_client *c, const struct mqtt_message *m)
{
    struct inner *inner = (struct inner *)c;

    return m->qos == 0 ? 0 : (inner->next = inner->next % 60000 + 1);
}

static uint16_t op_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count)
{
    (void)c;
    (void)filters;
    (void)count;
    return 1;
}

static void op_abort(struct mqtt_client *c)
{
    (void)c;
}

static struct mqtt_client *make_client(void *maker, uint32_t index,
                                       const struct mqtt_client_events *events, void *ctx)
{
    static const struct mqtt_client_ops ops = {
        .free = op_free, .publish = op_publish, .subscribe = op_subscribe, .abort = op_abort};
    static const struct mqtt_client_events deaf = {.message = NULL};
    struct car *car = maker;
    struct inner *inner = xcalloc(1, sizeof *inner);

    (void)index;
    (void)events;
    inner->client =
        (struct mqtt_client){.ops = &ops, .events = &oracle_tap_events, .ctx = car->oracle};
    car->tap = oracle_tap_wrap(car->oracle, &inner->client, &deaf, ctx);
    return car->tap;
}

static void on_violated(void *ctx, void *car, const struct oracle_violation *violation)
{
    (void)ctx;
    fprintf(stderr, "fleetsim-bench-oracle: %s: %s: %s\n", ((struct car *)car)->thing,
            violation->name, violation->text);
    exit(1);
}

/* ---- what it sees ---- */

static struct signal_schema *schema_new(void)
{
    struct signal_schema *schema = signal_schema_new("bench");
    char path[40];
    struct error err;

    for (int i = 0; i < SIGNALS; i++) {
        snprintf(path, sizeof path, "part_%02d.signal_%d", i / 4, i % 4);
        struct signal_def def = {.path = path,
                                 .type = i % 2 != 0 ? SIGNAL_FLOAT : SIGNAL_BOOL,
                                 .flags = SIGNAL_REPORTED | SIGNAL_DESIRED,
                                 .min = -1e9,
                                 .max = 1e9};
        if (!signal_schema_add(schema, &def, &err))
            abort();
    }
    signal_schema_seal(schema);
    return schema;
}

static struct mqtt_message message(struct bench *b, const struct car *car, const char *what)
{
    snprintf(b->topic, sizeof b->topic, "$aws/things/%s/shadow/%s", car->thing, what);
    return (struct mqtt_message){
        .topic = slice_str(b->topic), .payload = slice_str(b->payload), .qos = 1};
}

static void hear(struct bench *b, struct car *car, const char *what)
{
    struct mqtt_message m = message(b, car, what);

    oracle_tap_events.message(car->oracle, &m);
}

static void hear_all_reported(struct bench *b, struct car *car)
{
    snprintf(b->payload, sizeof b->payload,
             "{\"state\":{\"reported\":%s},\"version\":%d,\"clientToken\":\"%s-1000\"}",
             b->reported, ++car->version, car->thing);
    hear(b, car, "update/accepted");
}

static void hear_desired(struct bench *b, struct car *car)
{
    car->version++;
    snprintf(b->payload, sizeof b->payload,
             "{\"state\":{\"desired\":{\"part_03\":{\"signal_1\":%d}}},\"metadata\":{\"desired\":{"
             "\"part_03\":{\"signal_1\":{\"timestamp\":1700000000}}}},\"version\":%d,\"timestamp\":"
             "1700000000,\"clientToken\":\"app-1234\"}",
             car->version, car->version);
    hear(b, car, "update/accepted");
}

static void hear_delta(struct bench *b, struct car *car)
{
    snprintf(b->payload, sizeof b->payload,
             "{\"version\":%d,\"timestamp\":1700000000,\"state\":{\"part_03\":{\"signal_1\":%d}},"
             "\"metadata\":{\"part_03\":{\"signal_1\":{\"timestamp\":1700000000}}},\"clientToken\":"
             "\"app-1234\"}",
             car->version, car->version);
    hear(b, car, "update/delta");
}

static void say_report(struct bench *b, struct car *car)
{
    snprintf(b->payload, sizeof b->payload,
             "{\"state\":{\"reported\":{\"part_03\":{\"signal_1\":0,\"signal_2\":false}}},"
             "\"clientToken\":\"%s-1001\"}",
             car->thing);
    struct mqtt_message m = message(b, car, "update");
    mqtt_client_publish(car->tap, &m);
    oracle_tap_events.published(car->oracle, 1, 0);
}

static void change_signal(struct bench *b, struct car *car)
{
    (void)b;
    oracle_car_signal(car->oracle, 1);
}

static void say_telemetry(struct bench *b, struct car *car)
{
    struct mqtt_message m = {.topic = slice_str("dt/fleetsim/bench/telemetry"),
                             .payload = slice_str("{\"speed\":50.2,\"odometer\":12345.6}")};

    (void)b;
    mqtt_client_publish(car->tap, &m);
}

/* ---- measuring ---- */

/* Nanoseconds of processor time. */
static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds each. */
static double time_of(struct bench *b, void (*see)(struct bench *b, struct car *car), int rounds)
{
    double began = now_ns();

    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < CARS; i++)
            see(b, &b->cars[i]);
    return (now_ns() - began) / rounds / CARS;
}

static void measure(struct bench *b, const char *what, void (*see)(struct bench *b, struct car *c),
                    int rounds)
{
    printf("  %-44s %7.0f ns\n", what, time_of(b, see, rounds));
}

/* Desired, then its delta. */
static void hear_both(struct bench *b, struct car *car)
{
    hear_desired(b, car);
    hear_delta(b, car);
}

/* It asks, and there is none: from here on the oracle knows the whole of it. */
static void find_no_shadow(struct bench *b, struct car *car)
{
    snprintf(b->payload, sizeof b->payload, "{\"clientToken\":\"%s-1\"}", car->thing);
    struct mqtt_message m = message(b, car, "get");
    mqtt_client_publish(car->tap, &m);
    oracle_tap_events.published(car->oracle, 1, 0);
    snprintf(b->payload, sizeof b->payload, "{\"code\":404,\"clientToken\":\"%s-1\"}", car->thing);
    hear(b, car, "get/rejected");
}

static void begin(struct bench *b)
{
    struct oracle_options options = {.loop = b->loop, .violated = on_violated};
    struct mqtt_connack connack = {.session_present = true, .keep_alive_s = 60};
    struct error err;

    if (!oracle_rules_parse("-session.subscribed-before-request,-asleep.sends-nothing", options.on,
                            &err))
        abort();
    b->oracle = oracle_new(&options);
    b->schema = schema_new();
    tcu_config_defaults(&b->config);
    for (uint32_t i = 0; i < CARS; i++) {
        struct car *car = &b->cars[i];
        snprintf(car->thing, sizeof car->thing, "WFSBENCH0%07" PRIu32, i);
        car->oracle = oracle_car_new(b->oracle, car->thing, car);
        car->tcu = tcu_new(&(struct tcu_params){.loop = b->loop,
                                                .config = &b->config,
                                                .schema = b->schema,
                                                .index = i,
                                                .thing_name = car->thing,
                                                .make_client = make_client,
                                                .maker = car});
        oracle_car_adopt(car->oracle, car->tcu);
        oracle_tap_events.connected(car->oracle, &connack);
        find_no_shadow(b, car);
    }
    struct buf all;
    buf_init(&all, sizeof b->reported - 1);
    signal_write_all(&b->cars[0].tcu->signals, true, &all);
    memcpy(b->reported, buf_cstr(&all), buf_len(&all) + 1);
    buf_done(&all);
}

static void end(struct bench *b)
{
    for (size_t i = 0; i < CARS; i++) {
        tcu_free(b->cars[i].tcu);
        oracle_car_free(b->cars[i].oracle);
    }
    oracle_free(b->oracle);
    signal_schema_free(b->schema);
    loop_free(b->loop);
}

int main(void)
{
    static struct bench b;
    size_t bytes = 0;

    b.loop = loop_new();
    b.loop->time_scale = 1;
    begin(&b);
    time_of(&b, hear_all_reported, 1);
    for (size_t i = 0; i < CARS; i++)
        bytes += oracle_car_bytes(b.cars[i].oracle);
    printf("%d cars of %d reported signals: %zu bytes each\n", CARS, SIGNALS, bytes / CARS);
    measure(&b, "all signals accepted", hear_all_reported, 5);
    measure(&b, "a wish accepted, and its delta", hear_both, ROUNDS);
    measure(&b, "a report of two signals, and its PUBACK", say_report, ROUNDS);
    measure(&b, "a changed signal", change_signal, ROUNDS);
    measure(&b, "a message of telemetry", say_telemetry, ROUNDS);
    end(&b);
    return 0;
}
