#include <fleetsim/topics.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "tests/bench/commands/commands.h"

/* What a car is owed; paid at the end of the loop's turn, because a client calls back never from
   inside a call. */
struct debt {
    bool connack, suback, get, update;
    uint16_t id;
    char token[80];
};

struct pretend_client {
    struct mqtt_client base;
    struct pretend *pretend;
    const char *thing;
    uint64_t version;
    uint16_t last_id, subscribe_id;
    bool owed; /* in the list */
    struct pretend_client *next;
    struct debt debt;
};

struct pretend {
    struct simulation *sim;
    struct pretend_client **clients; /* by car */
    uint32_t vehicles;
    uint64_t commands, ended;
    bool running;
    struct pretend_client *first, *last;
    struct loop_timer turn;
};

static struct pretend_client *of(struct mqtt_client *c)
{
    return (struct pretend_client *)(void *)c;
}

static struct debt *owe(struct pretend_client *c)
{
    struct pretend *p = c->pretend;

    if (!c->owed) {
        c->owed = true;
        c->next = NULL;
        if (p->last != NULL)
            p->last->next = c;
        else
            p->first = c;
        p->last = c;
    }
    if (!loop_timer_active(&p->turn))
        loop_timer_start(&p->turn, 0);
    return &c->debt;
}

static bool do_connect(struct mqtt_client *c, const struct mqtt_connect *options, struct error *err)
{
    (void)options;
    (void)err;
    owe(of(c))->connack = true;
    return true;
}

static uint16_t do_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count)
{
    (void)filters;
    (void)count;
    owe(of(c))->suback = true;
    return of(c)->subscribe_id = ++of(c)->last_id;
}

static bool topic_ends(struct slice topic, const char *end)
{
    size_t n = strlen(end);
    return topic.len >= n && memcmp(topic.data + topic.len - n, end, n) == 0;
}

/* The clientToken is the last member of what a car publishes. */
static void keep_token(struct debt *debt, struct slice payload)
{
    static const char key[] = "\"clientToken\":\"";
    const char *at = memmem(payload.data, payload.len, key, sizeof key - 1);
    size_t n = 0;

    for (at = at != NULL ? at + sizeof key - 1 : "\""; at[n] != '"' && n + 1 < sizeof debt->token;)
        n++;
    memcpy(debt->token, at, n);
    debt->token[n] = '\0';
}

static int32_t do_publish(struct mqtt_client *c, const struct mqtt_message *m)
{
    struct pretend_client *client = of(c);
    struct debt *debt = owe(client);

    if (++client->last_id == 0)
        client->last_id = 1;
    debt->get |= topic_ends(m->topic, "/get");
    debt->update |= topic_ends(m->topic, "/update");
    debt->id = client->last_id;
    keep_token(debt, m->payload);
    return client->last_id;
}

static void do_disconnect(struct mqtt_client *c, uint8_t reason_code)
{
    (void)reason_code;
    of(c)->debt = (struct debt){.connack = false};
}

static void do_abort(struct mqtt_client *c)
{
    do_disconnect(c, 0);
}

static void do_free(struct mqtt_client *c)
{
    (void)c; /* pretend_free() does */
}

static struct mqtt_client *make_client(void *vehicle, uint32_t index,
                                       const struct mqtt_client_events *events, void *ctx)
{
    static const struct mqtt_client_ops ops = {.free = do_free,
                                               .connect = do_connect,
                                               .subscribe = do_subscribe,
                                               .publish = do_publish,
                                               .disconnect = do_disconnect,
                                               .abort = do_abort};
    const struct vehicle *v = vehicle;
    struct pretend *p = v->sim->unreachable_ctx;
    struct pretend_client *c = xcalloc(1, sizeof *c);

    c->base = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    c->pretend = p;
    c->thing = v->identity.thing_name;
    p->clients[index % p->vehicles] = c;
    return &c->base;
}

/* ---- what the cloud says ---- */

static void say(struct pretend_client *c, const char *about, const char *payload, int len)
{
    char topic[256];
    int n = snprintf(topic, sizeof topic, TOPIC_SHADOW_PREFIX "%s", c->thing, about);
    struct mqtt_message m = {
        .topic = slice_of(topic, (size_t)n), .payload = slice_of(payload, (size_t)len), .qos = 1};

    c->base.events->message(c->base.ctx, &m);
}

#define STAMP "{\"timestamp\":1800000000}"

/* An app's wish arrives: its own accepted comes first, as from the real service. */
static void command(struct pretend *p)
{
    uint64_t n = p->commands++;
    struct pretend_client *c = p->clients[n % p->vehicles];
    const char *wish = n / p->vehicles % 2 == 0 ? "unlocked" : "locked";
    char text[512];

    c->version++;
    int len =
        snprintf(text, sizeof text,
                 "{\"state\":{\"desired\":{\"locks\":{\"all\":\"%s\"}}},\"metadata\":{\"desired\":{"
                 "\"locks\":{\"all\":" STAMP "}}},\"version\":%" PRIu64
                 ",\"timestamp\":1800000000,\"clientToken\":\"bench-%" PRIu64 "\"}",
                 wish, c->version, n);
    say(c, "/update/accepted", text, len);
    len = snprintf(text, sizeof text,
                   "{\"version\":%" PRIu64 ",\"timestamp\":%" PRIu64
                   ",\"state\":{\"locks\":{\"all\":\"%s\"}},"
                   "\"metadata\":{\"locks\":{\"all\":{\"timestamp\":%" PRIu64
                   "}}},\"clientToken\":\"bench-%" PRIu64 "\"}",
                   c->version, 1800000000 + n / p->vehicles, wish, 1800000000 + n / p->vehicles, n);
    say(c, "/update/delta", text, len);
}

static void answer_update(struct pretend_client *c, const char *token)
{
    static const char body[] =
        "{\"state\":{\"reported\":{\"locks\":{\"all\":\"locked\",\"front_left\":\"locked\","
        "\"front_right\":\"locked\",\"rear_left\":\"locked\",\"rear_right\":\"locked\",\"trunk\":"
        "\"locked\"}}},\"metadata\":{\"reported\":{\"locks\":{\"all\":" STAMP
        ",\"front_left\":" STAMP ",\"front_right\":" STAMP ",\"rear_left\":" STAMP
        ",\"rear_right\":" STAMP ",\"trunk\":" STAMP "}}},\"version\":";
    char text[1024];

    memcpy(text, body, sizeof body - 1);
    int len = (int)sizeof body - 1;
    len += snprintf(text + len, sizeof text - (size_t)len,
                    "%" PRIu64 ",\"timestamp\":1800000000,\"clientToken\":\"%s\"}", ++c->version,
                    token);
    say(c, "/update/accepted", text, len);
}

static void pay(struct pretend_client *c)
{
    const struct mqtt_client_events *e = c->base.events;
    void *ctx = c->base.ctx;
    struct debt debt = c->debt;
    uint8_t codes[8] = {1, 1, 1, 1, 1, 1, 1, 1};

    c->debt = (struct debt){.connack = false};
    if (debt.connack) {
        e->phase(ctx, MQTT_PHASE_CONNACK, clock_now());
        e->connected(ctx, &(struct mqtt_connack){.keep_alive_s = 60});
    }
    if (debt.suback)
        e->subscribed(ctx, c->subscribe_id, codes, sizeof codes);
    if (debt.get || debt.update)
        e->published(ctx, debt.id, 0);
    if (debt.get) {
        char text[128];
        int n = snprintf(text, sizeof text,
                         "{\"code\":404,\"message\":\"none\",\"clientToken\":\"%s\"}", debt.token);
        say(c, "/get/rejected", text, n);
    }
    if (debt.update) {
        answer_update(c, debt.token);
        c->pretend->ended++;
        if (c->pretend->running)
            command(c->pretend);
    }
}

static void on_turn(void *arg)
{
    struct pretend *p = arg;
    struct pretend_client *c = p->first;

    p->first = p->last = NULL;
    while (c != NULL) {
        struct pretend_client *next = c->next;
        c->owed = false;
        pay(c);
        c = next;
    }
}

struct pretend *pretend_new(struct simulation *sim, uint32_t vehicles)
{
    struct pretend *p = xcalloc(1, sizeof *p);

    p->sim = sim;
    p->vehicles = vehicles;
    p->clients = xcalloc(vehicles, sizeof *p->clients);
    loop_timer_init(&p->turn, sim->loop, on_turn, p);
    sim->make_client = make_client;
    sim->unreachable_ctx = p;
    return p;
}

void pretend_start(struct pretend *p)
{
    p->running = true;
    for (uint32_t i = 0; i < COMMANDS_OUTSTANDING && i < p->vehicles; i++)
        command(p);
}

void pretend_stop(struct pretend *p)
{
    p->running = false;
}

uint64_t pretend_commands(const struct pretend *p)
{
    return p->ended;
}

void pretend_free(struct pretend *p)
{
    if (p == NULL)
        return;
    loop_timer_stop(&p->turn);
    for (uint32_t i = 0; i < p->vehicles; i++)
        free(p->clients[i]);
    free(p->clients);
    free(p);
}
