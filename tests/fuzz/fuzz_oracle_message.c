/*
 * Each line of the input is something that happens to a car: a letter, and what belongs to it. The
 * oracle must take anything that cloud, apps and scripts may say, and keep its memory bounded.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/car.h"

#define THING  "car"
#define SHADOW "$aws/things/" THING "/shadow/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a client that takes all ---- */

struct inner {
    struct mqtt_client client;
    int32_t next;
};

static void op_free(struct mqtt_client *c)
{
    free(c);
}

static bool op_connect(struct mqtt_client *c, const struct mqtt_connect *options, struct error *err)
{
    (void)c;
    (void)options;
    (void)err;
    return true;
}

static uint16_t op_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count)
{
    (void)c;
    (void)filters;
    (void)count;
    return 7;
}

static int32_t op_publish(struct mqtt_client *c, const struct mqtt_message *m)
{
    struct inner *inner = (struct inner *)c;

    return m->qos == 0 ? 0 : (inner->next = inner->next % 60000 + 1);
}

static void op_disconnect(struct mqtt_client *c, uint8_t reason_code)
{
    (void)c;
    (void)reason_code;
}

static void op_abort(struct mqtt_client *c)
{
    (void)c;
}

static struct mqtt_client *make(void *maker, uint32_t index,
                                const struct mqtt_client_events *events, void *ctx)
{
    static const struct mqtt_client_ops ops = {.free = op_free,
                                               .connect = op_connect,
                                               .subscribe = op_subscribe,
                                               .publish = op_publish,
                                               .disconnect = op_disconnect,
                                               .abort = op_abort};
    struct inner *inner = calloc(1, sizeof *inner);

    (void)index;
    inner->client = (struct mqtt_client){.ops = &ops, .events = &oracle_tap_events, .ctx = maker};
    return oracle_tap_wrap(maker, &inner->client, events, ctx);
}

/* ---- the car ---- */

static void on_state(void *ctx, struct tcu *t, enum tcu_state from, enum tcu_state to)
{
    (void)t;
    (void)from;
    oracle_car_state(ctx, to);
}

static void on_signal(void *ctx, struct tcu *t, size_t index)
{
    (void)t;
    oracle_car_signal(ctx, index);
}

static void on_order(void *ctx, struct tcu *t, struct tcu_order *order)
{
    oracle_car_order(ctx, order);
    for (size_t i = 0; i < order->change_count; i++)
        tcu_set_signal(t, order->changes[i].index, order->changes[i].value);
    oracle_car_order_done(ctx, order);
    tcu_order_done(t, order, TCU_SUCCEEDED, NULL, NULL);
}

static struct signal_schema *schema_new(void)
{
    static const struct {
        const char *path;
        enum signal_type type;
        const char *shadow;
    } signals[] = {
        {"a",   SIGNAL_BOOL,   NULL},
        {"b.c", SIGNAL_FLOAT,  NULL},
        {"b.d", SIGNAL_STRING, NULL},
        {"n.x", SIGNAL_FLOAT,  "n" },
    };
    struct signal_schema *schema = signal_schema_new("fuzz");
    struct error err;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct signal_def def = {.path = (char *)(uintptr_t)signals[i].path,
                                 .shadow = (char *)(uintptr_t)signals[i].shadow,
                                 .type = signals[i].type,
                                 .flags = SIGNAL_REPORTED | SIGNAL_DESIRED,
                                 .min = -1e9,
                                 .max = 1e9};
        if (!signal_schema_add(schema, &def, &err))
            abort();
    }
    signal_schema_seal(schema);
    return schema;
}

/* ---- what happens ---- */

static const char *topic_of(char letter)
{
    static const char *const topics[] = {
        "a" SHADOW "update/accepted",
        "d" SHADOW "update/delta",
        "g" SHADOW "get/accepted",
        "j" SHADOW "get/rejected",
        "r" SHADOW "update/rejected",
        "x" SHADOW "delete/accepted",
        "q"
        "cmd/fleetsim/" THING "/request",
        "1" SHADOW "name/n/update/accepted",
        "2" SHADOW "name/n/update/delta",
        "3" SHADOW "name/n/get/accepted",
        "4" SHADOW "name/n/get/rejected",
        "5" SHADOW "name/n/update/rejected",
        "6" SHADOW "name/n/delete/accepted",
        "7" SHADOW "name/other/update/delta",
        "8" SHADOW "name/n",
    };

    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (topics[i][0] == letter)
            return topics[i] + 1;
    return NULL;
}

static void compare(struct oracle_car *c, const char *shadow, struct slice what)
{
    const struct oracle_idea idea = {
        .who = "app", .version = oracle_car_version(c, shadow), .desired = what, .reported = what};

    oracle_car_compare(c, shadow, &idea);
}

static void publish(struct oracle_car *c, const char *topic, struct slice what)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = what, .qos = 1};

    oracle_tap_publish(c, &m);
}

static void happen(struct oracle_car *c, struct tcu *t, char letter, struct slice what)
{
    const struct mqtt_client_events *e = &oracle_tap_events;
    static const uint8_t codes[7] = {1, 1, 1, 1, 1, 1, 1};
    const char *topic = topic_of(letter);

    if (topic != NULL) {
        struct mqtt_message m = {.topic = slice_str(topic), .payload = what, .qos = 1};
        e->message(c, &m);
        return;
    }
    struct mqtt_connack connack = {.session_present = what.len % 2 != 0, .keep_alive_s = 60};
    switch (letter) {
    case 'C':
        tcu_power_on(t);
        e->connected(c, &connack);
        break;
    case 'S':
        for (int i = 0; i < 2; i++) /* a SUBSCRIBE for each shadow */
            e->subscribed(c, 7, codes, what.len % 2 != 0 ? 3 : 7);
        break;
    case 'P':
        e->published(c, what.len != 0 ? what.data[0] : 1, 0);
        break;
    case 'O':
        tcu_power_off(t);
        break;
    case 'A':
        oracle_car_seen(c, NULL, what.len % 3, what.len, what);
        break;
    case 'N':
        oracle_car_seen(c, what.len % 5 != 0 ? "n" : "m", what.len % 3, what.len, what);
        break;
    case 'V':
        compare(c, NULL, what);
        compare(c, "n", what);
        break;
    case 'U':
        publish(c, SHADOW "update", what);
        break;
    case 'W':
        publish(c, SHADOW "name/n/update", what);
        break;
    case 'B':
        oracle_car_sabotage(c, (enum oracle_sabotage)(what.len % ORACLE_SABOTAGE_COUNT));
        break;
    default:
        tcu_set_signal(t, 1, (union signal_value){.f = (double)what.len});
        oracle_car_settle(c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tcu_observer observer = {
        .state = on_state, .signal = on_signal, .order = on_order};
    struct loop *loop = loop_new();
    struct oracle_options options = {.loop = loop, .quiet = 1};
    struct signal_schema *schema = schema_new();
    struct tcu_config config;
    struct error err;

    if (!oracle_rules_parse("on", options.on, &err))
        abort();
    struct oracle *oracle = oracle_new(&options);
    struct oracle_car *car = oracle_car_new(oracle, THING, NULL);
    tcu_config_defaults(&config);
    struct tcu *tcu = tcu_new(&(struct tcu_params){.loop = loop,
                                                   .config = &config,
                                                   .schema = schema,
                                                   .thing_name = THING,
                                                   .make_client = make,
                                                   .maker = car,
                                                   .observer = &observer,
                                                   .ctx = car});
    oracle_car_adopt(car, tcu);
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        if (len > 0)
            happen(car, tcu, (char)data[0], slice_of(data + 1, len - 1));
        size_t step = end != NULL ? len + 1 : len;
        data += step;
        size -= step;
    }
    tcu_free(tcu);
    oracle_car_free(car);
    oracle_free(oracle);
    signal_schema_free(schema);
    loop_free(loop);
    return 0;
}
