/*
 * A TCU on a fake client, fed with whatever a broker could say: the input is a script of events,
 * topics and payloads. Nothing may crash, leak or stay open.
 *
 * The script: one byte says what happens; a message takes one byte for its topic (or a free topic),
 * one for its properties, and text up to the next 0xff. The car may be given another model, some of
 * whose signals live in a named shadow.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../support/fake_client.c"
#include "tcu/tcu.h"

struct world {
    struct fake_client *client;
    struct tcu *tcu;
    struct tcu_order *orders[32];
    size_t order_count;
    unsigned mischief; /* what observers do: bits */
};

static struct slice take_text(struct slice *in)
{
    struct slice text = *in;
    const uint8_t *end = in->len != 0 ? memchr(in->data, 0xff, in->len) : NULL;

    if (end != NULL)
        text.len = (size_t)(end - in->data);
    size_t used = text.len + (end != NULL ? 1 : 0);
    in->data += used;
    in->len -= used;
    return text;
}

static uint8_t take_byte(struct slice *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->data++;
}

static void on_note(void *ctx, struct tcu *t, enum tcu_note note, const char *detail)
{
    struct world *w = ctx;

    (void)note;
    if (strlen(detail) > 4096)
        abort();
    if ((w->mischief & 1) != 0)
        tcu_power_off(t);
}

static void on_order(void *ctx, struct tcu *t, struct tcu_order *order)
{
    struct world *w = ctx;

    for (size_t i = 0; i < order->change_count; i++) {
        const struct signal_def *def =
            signal_schema_def(t->signals.schema, order->changes[i].index);
        if ((def->flags & SIGNAL_DESIRED) == 0)
            abort();
        tcu_set_signal(t, order->changes[i].index, order->changes[i].value);
    }
    tcu_order_started(t, order);
    if ((w->mischief & 2) != 0 || w->order_count == 32)
        tcu_order_done(t, order, TCU_FAILED, "fuzz", order->token);
    else
        w->orders[w->order_count++] = order;
}

static void on_cancelled(void *ctx, struct tcu *t, struct tcu_order *order)
{
    struct world *w = ctx;

    (void)t;
    for (size_t i = 0; i < w->order_count; i++)
        if (w->orders[i] == order)
            w->orders[i--] = w->orders[--w->order_count];
}

static void on_state(void *ctx, struct tcu *t, enum tcu_state from, enum tcu_state to)
{
    struct world *w = ctx;

    (void)from;
    if ((w->mischief & 4) != 0 && to == TCU_ONLINE)
        tcu_sleep(t);
}

static struct mqtt_client *make_client(void *maker, uint32_t index,
                                       const struct mqtt_client_events *events, void *ctx)
{
    struct world *w = maker;

    (void)index;
    w->client = fake_client_new(events, ctx);
    return &w->client->base;
}

static void add(struct signal_schema *s, const char *path, enum signal_type type, unsigned flags,
                const char *shadow)
{
    char on[] = "on";
    char off[] = "off";
    char *values[] = {on, off};
    struct signal_def def = {.type = type, .flags = flags, .min = 0, .max = 100};
    struct error err;

    def.path = (char *)(uintptr_t)path;
    def.shadow = (char *)(uintptr_t)shadow;
    def.values = values;
    def.value_count = 2;
    signal_schema_add(s, &def, &err);
}

/* With or without a named shadow. */
static const struct signal_schema *schema(bool named)
{
    static struct signal_schema *schemas[2];
    struct signal_schema *s = schemas[named];
    const char *shadow = named ? "n" : NULL;

    if (s != NULL)
        return s;
    s = schemas[named] = signal_schema_new("fuzz");
    add(s, "a", SIGNAL_BOOL, 3, NULL);
    add(s, "b.c", SIGNAL_ENUM, 3, shadow);
    add(s, "b.d.e", SIGNAL_FLOAT, 3, NULL);
    add(s, "s", SIGNAL_STRING, 3, shadow);
    add(s, "i", SIGNAL_INT, 3, NULL);
    add(s, "r", SIGNAL_BOOL, SIGNAL_REPORTED, shadow);
    signal_schema_seal(s);
    return s;
}

/* %T in a payload becomes the token of the last get or update, so that answers can be ours. */
static void with_token(struct world *w, struct slice text, const char *request, struct buf *out)
{
    const struct fake_publish *p = fake_last(w->client, request);
    const char *token = p != NULL ? strstr(p->payload, "\"clientToken\":\"") : NULL;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '%' && i + 1 < text.len && text.data[i + 1] == 'T' && token != NULL) {
            const char *start = token + strlen("\"clientToken\":\"");
            buf_append(out, start, strcspn(start, "\""));
            i++;
        } else {
            buf_append(out, text.data + i, 1);
        }
    }
}

static void message(struct world *w, struct slice *in)
{
    static const struct {
        const char *topic, *request;
    } topics[] = {
        {"$aws/things/car/shadow/get/accepted",           "/shadow/get"   },
        {"$aws/things/car/shadow/get/rejected",           "/shadow/get"   },
        {"$aws/things/car/shadow/update/accepted",        "/shadow/update"},
        {"$aws/things/car/shadow/update/rejected",        "/shadow/update"},
        {"$aws/things/car/shadow/update/delta",           "/shadow/update"},
        {"$aws/things/car/shadow/delete/accepted",        "/shadow/update"},
        {"cmd/fleetsim/car/request",                      "/update"       },
        {NULL,                                            "/get"          },
        {"$aws/things/car/shadow/name/n/get/accepted",    "/n/get"        },
        {"$aws/things/car/shadow/name/n/get/rejected",    "/n/get"        },
        {"$aws/things/car/shadow/name/n/update/accepted", "/n/update"     },
        {"$aws/things/car/shadow/name/n/update/rejected", "/n/update"     },
        {"$aws/things/car/shadow/name/n/update/delta",    "/n/update"     },
        {"$aws/things/car/shadow/name/n/delete/accepted", "/n/update"     },
        {NULL,                                            "/get"          },
        {NULL,                                            "/get"          },
    };
    uint8_t which = take_byte(in) & 15;
    uint8_t props = take_byte(in);
    struct mqtt_message m = {.topic = slice_of(NULL, 0)};
    struct buf payload;

    buf_init(&payload, 1U << 20);
    if (topics[which].topic != NULL)
        m.topic = slice_str(topics[which].topic);
    else
        m.topic = take_text(in);
    if ((props & 1) != 0) {
        m.props.present |= (uint64_t)1 << MQTT_PROP_RESPONSE_TOPIC;
        m.props.response_topic =
            (props & 8) != 0 ? take_text(in) : slice_str("cmd/fleetsim/car/response/x");
    }
    if ((props & 2) != 0) {
        m.props.present |= (uint64_t)1 << MQTT_PROP_CORRELATION_DATA;
        m.props.correlation_data = take_text(in);
    }
    if ((props & 4) != 0) {
        m.props.present |= (uint64_t)1 << MQTT_PROP_MESSAGE_EXPIRY_INTERVAL;
        m.props.message_expiry_interval = props >> 4;
    }
    with_token(w, take_text(in), topics[which].request, &payload);
    m.payload = buf_slice(&payload);
    if (w->client->started)
        w->client->base.events->message(w->client->base.ctx, &m);
    buf_done(&payload);
}

static void finish_order(struct world *w, enum tcu_outcome outcome)
{
    if (w->order_count == 0)
        return;
    struct tcu_order *order = w->orders[--w->order_count];
    tcu_order_done(w->tcu, order, outcome, outcome == TCU_SUCCEEDED ? NULL : "x", NULL);
}

/* The answer to each SUBSCRIBE that follows of the one before. */
static void suback(struct world *w, uint8_t code)
{
    for (unsigned answered = 0; w->client->up && answered != w->client->subscribes;) {
        answered = w->client->subscribes;
        fake_suback(w->client, code);
    }
}

static void change_model(struct world *w)
{
    bool named = signal_schema_shadow_count(w->tcu->signals.schema) > 1;

    tcu_change_schema(w->tcu, schema(!named));
}

static void step(struct world *w, struct loop *loop, struct slice *in)
{
    uint8_t what = take_byte(in);

    switch (what & 15) {
    case 0:
        tcu_power_on(w->tcu);
        tcu_wake(w->tcu);
        fake_connected(w->client, (what & 16) != 0);
        break;
    case 1:
        suback(w, (what & 16) != 0 ? 0x80 : 1);
        break;
    case 2:
        tcu_power_off(w->tcu);
        break;
    case 3:
        tcu_sleep(w->tcu);
        break;
    case 4:
        tcu_drop_connection(w->tcu);
        break;
    case 5:
        w->mischief = what >> 5;
        break;
    case 6:
        if (w->client->up)
            fake_puback(w->client, take_byte(in), (what & 16) != 0 ? 0x87 : 0);
        break;
    case 7:
        if (w->client->started)
            fake_close(w->client, MQTT_CLOSE_TCP, "gone");
        break;
    case 8:
        ev_run(loop->ev, EVRUN_NOWAIT);
        break;
    case 9:
        finish_order(w, (what & 16) != 0 ? TCU_SUCCEEDED : TCU_REJECTED);
        break;
    case 10:
        w->client->fail_publish = (what & 16) != 0;
        break;
    case 12:
        change_model(w);
        break;
    default:
        message(w, in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.order_count = 0};
    struct loop *loop = loop_new();
    struct slice in = slice_of(data, size);
    struct tcu_config config;
    const struct tcu_observer observer = {
        .state = on_state, .order = on_order, .order_cancelled = on_cancelled, .note = on_note};
    const struct tcu_params params = {.loop = loop,
                                      .config = &config,
                                      .schema = schema(false),
                                      .thing_name = "car",
                                      .make_client = make_client,
                                      .maker = &w,
                                      .observer = &observer,
                                      .ctx = &w};

    tcu_config_defaults(&config);
    config.backoff_base = config.backoff_cap = 0;
    w.tcu = tcu_new(&params);
    for (int i = 0; i < 200 && in.len != 0; i++)
        step(&w, loop, &in);
    w.mischief = 0;
    tcu_power_off(w.tcu);
    if (tcu_orders_open(w.tcu) != 0 || w.tcu->state != TCU_OFF)
        abort();
    tcu_free(w.tcu);
    loop_free(loop);
    return 0;
}
