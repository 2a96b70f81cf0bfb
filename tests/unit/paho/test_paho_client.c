/*
 * The client on Paho against a real broker. Waiting has a deadline; nothing else depends on time.
 * All clients show the same certificate: the one to be cut off is always the newest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "paho/paho_client.h"
#include "support/throwaway_broker.h"

#define DEADLINE (20 * USEC_PER_SEC)

static struct throwaway_broker broker;

enum event { CONNECTED, SUBSCRIBED, PUBLISHED, MESSAGE, CLOSED, ENDED, EVENT_COUNT };

/* One client, and what it told. */
struct party {
    struct loop *loop;
    struct mqtt_client *client;
    struct mqtt_connect connect;
    struct mqtt_will will;
    unsigned count[EVENT_COUNT];
    unsigned phases[MQTT_PHASE_COUNT];
    enum event free_in; /* EVENT_COUNT: none */
    bool session_present;
    uint16_t packet_id;
    uint8_t codes[8];
    size_t code_count;
    uint8_t reason_code;
    char topic[64], payload[64], content_type[64], response_topic[64], correlation[64], user[64];
    uint32_t expiry;
    uint16_t kept_alive; /* seconds, if it is not what was asked for */
    uint8_t qos;
    bool retain;
    enum mqtt_close why;
    char text[512];
};

static void happened(struct party *p, enum event event)
{
    p->count[event]++;
    if (p->free_in != event)
        return;
    mqtt_client_free(p->client);
    p->client = NULL;
}

static void keep(char *to, struct slice from)
{
    snprintf(to, 64, "%.*s", (int)from.len, from.len != 0 ? (const char *)from.data : "");
}

static void on_phase(void *ctx, enum mqtt_phase phase, usec_t at)
{
    struct party *p = ctx;

    assert_true(at != 0);
    p->phases[phase]++;
}

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct party *p = ctx;

    assert_int_equal(connack->reason_code, 0);
    assert_int_equal(connack->keep_alive_s,
                     p->kept_alive != 0 ? p->kept_alive : p->connect.keep_alive_s);
    p->session_present = connack->session_present;
    happened(p, CONNECTED);
}

static void on_subscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct party *p = ctx;

    assert_true(count <= sizeof p->codes);
    p->packet_id = packet_id;
    p->code_count = count;
    memcpy(p->codes, codes, count);
    happened(p, SUBSCRIBED);
}

static void on_message(void *ctx, const struct mqtt_message *m)
{
    struct party *p = ctx;
    struct slice rest = m->props.user;
    struct slice name;
    struct slice value;

    keep(p->topic, m->topic);
    keep(p->payload, m->payload);
    keep(p->content_type, m->props.content_type);
    keep(p->response_topic, m->props.response_topic);
    keep(p->correlation, m->props.correlation_data);
    p->expiry = m->props.message_expiry_interval;
    p->count[ENDED] += slice_is(m->payload, "end") ? 1 : 0; /* others may follow it */
    p->qos = m->qos;
    p->retain = m->retain;
    p->user[0] = '\0';
    if (mqtt_props_user_next(&rest, &name, &value))
        snprintf(p->user, sizeof p->user, "%.*s=%.*s", (int)name.len, (const char *)name.data,
                 (int)value.len, (const char *)value.data);
    happened(p, MESSAGE);
}

static void on_published(void *ctx, uint16_t packet_id, uint8_t reason_code)
{
    struct party *p = ctx;

    p->packet_id = packet_id;
    p->reason_code = reason_code;
    happened(p, PUBLISHED);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct party *p = ctx;

    p->why = closed->why;
    p->reason_code = closed->reason_code;
    snprintf(p->text, sizeof p->text, "%s", closed->text);
    happened(p, CLOSED);
}

static const struct mqtt_client_events events = {
    .phase = on_phase,
    .connected = on_connected,
    .subscribed = on_subscribed,
    .unsubscribed = on_subscribed,
    .message = on_message,
    .published = on_published,
    .closed = on_closed,
};

static void on_deadline(void *arg)
{
    *(bool *)arg = true;
}

/* Runs the loop until the event has happened `target` times. */
static void run_until(struct party *p, enum event event, unsigned target)
{
    bool late = false;
    struct loop_timer deadline;

    loop_timer_init(&deadline, p->loop, on_deadline, &late);
    loop_timer_start(&deadline, DEADLINE);
    while (p->count[event] < target && !late)
        ev_run(p->loop->ev, EVRUN_ONCE);
    loop_timer_stop(&deadline);
    if (p->count[event] < target)
        fail_msg("event %d: %u of %u; %s", (int)event, p->count[event], target, p->text);
}

static char *read_file(const char *name)
{
    char path[96];
    char *text = xcalloc(1, 8192);

    snprintf(path, sizeof path, "%s/%s", broker.dir, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, 8191, f) > 0);
    fclose(f);
    return text;
}

static void party_init_with(struct party *p, struct loop *loop, enum mqtt_version version,
                            const char *id, const char *pem_file,
                            const struct mqtt_profile *profile)
{
    char uri[64];
    char ca[96];
    char *pem = read_file(pem_file);

    *p = (struct party){.loop = loop, .free_in = EVENT_COUNT};
    snprintf(uri, sizeof uri, "ssl://127.0.0.1:%u", broker.port);
    snprintf(ca, sizeof ca, "%s/ca.pem", broker.dir);
    struct paho_client_config config = {
        .uri = uri, .ca_file = ca, .pem = slice_str(pem), .profile = profile};
    p->client = paho_client_new(loop, &config, &events, p);
    free(pem);
    p->connect = (struct mqtt_connect){.version = version,
                                       .client_id = slice_str(id),
                                       .keep_alive_s = 30,
                                       .clean_start = true,
                                       .tcp_timeout = 5 * USEC_PER_SEC,
                                       .tls_timeout = 5 * USEC_PER_SEC,
                                       .connack_timeout = 5 * USEC_PER_SEC};
}

static void party_init(struct party *p, struct loop *loop, enum mqtt_version version,
                       const char *id, const char *pem_file)
{
    party_init_with(p, loop, version, id, pem_file, NULL);
}

/* Paho now and then loses a connection that gets the descriptor of one just closed: try again. */
static void start(struct party *p)
{
    struct error err = {.text = ""};
    unsigned before = p->count[CONNECTED];
    unsigned tries = 20;

    assert_true(mqtt_client_connect(p->client, &p->connect, &err));
    assert_int_equal(p->count[CONNECTED], before);
    while (p->count[CONNECTED] == before && tries > 0) {
        unsigned closed = p->count[CLOSED];
        ev_run(p->loop->ev, EVRUN_ONCE);
        if (p->count[CLOSED] == closed)
            continue;
        p->count[CLOSED] = closed;
        tries--;
        assert_true(mqtt_client_connect(p->client, &p->connect, &err));
    }
    assert_int_equal(p->count[CONNECTED], before + 1);
}

static void subscribe(struct party *p, const char *filter)
{
    struct mqtt_filter f = {.filter = slice_str(filter), .qos = 1};
    unsigned before = p->count[SUBSCRIBED];
    uint16_t id = mqtt_client_subscribe(p->client, &f, 1);

    assert_true(id != 0);
    run_until(p, SUBSCRIBED, before + 1);
    assert_int_equal(p->packet_id, id);
    assert_int_equal(p->code_count, 1);
    assert_int_equal(p->codes[0], 1);
}

static int32_t publish(struct party *p, const char *topic, const char *payload, uint8_t qos)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = qos};

    return mqtt_client_publish(p->client, &m);
}

static const enum mqtt_version versions[] = {MQTT_5, MQTT_3_1_1};

/* ---- a conversation ---- */

static void test_conversation(void **state)
{
    struct mqtt_filter filters[] = {
        {.filter = slice_str("a/+"), .qos = 1},
        {.filter = slice_str("b"),   .qos = 0},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party p;

        party_init(&p, loop, versions[i], "car", "client.pem");
        assert_int_equal(publish(&p, "a/1", "x", 1), -1);
        assert_int_equal(mqtt_client_subscribe(p.client, filters, 2), 0);
        start(&p);
        assert_false(p.session_present);
        assert_int_equal(p.phases[MQTT_PHASE_CONNACK], 1);
        assert_int_equal(p.phases[MQTT_PHASE_TCP] + p.phases[MQTT_PHASE_TLS], 0);

        uint16_t id = mqtt_client_subscribe(p.client, filters, 2);
        run_until(&p, SUBSCRIBED, 1);
        assert_int_equal(p.packet_id, id);
        assert_int_equal(p.code_count, 2);
        assert_int_equal(p.codes[0], 1);
        assert_int_equal(p.codes[1], 0);

        assert_int_equal(publish(&p, "b", "nought", 0), 0);
        run_until(&p, MESSAGE, 1);
        assert_string_equal(p.topic, "b");
        assert_string_equal(p.payload, "nought");
        assert_int_equal(p.qos, 0);

        int32_t first = publish(&p, "a/1", "one", 1);
        int32_t second = publish(&p, "a/2", "", 1);
        assert_true(first > 0 && second > 0 && first != second);
        run_until(&p, MESSAGE, 3);
        run_until(&p, PUBLISHED, 2);
        assert_string_equal(p.topic, "a/2");
        assert_string_equal(p.payload, "");
        assert_int_equal(p.qos, 1);
        assert_int_equal(p.packet_id, second);
        assert_int_equal(p.reason_code, 0);

        int32_t third = publish(&p, "a/1", "three", 2);
        run_until(&p, MESSAGE, 4);
        run_until(&p, PUBLISHED, 3);
        assert_int_equal(p.packet_id, third);
        assert_string_equal(p.payload, "three");
        assert_int_equal(publish(&p, "a/1", "four", 3), -1);
        mqtt_client_disconnect(p.client, 0);
        assert_int_equal(publish(&p, "a/1", "x", 1), -1);
        mqtt_client_free(p.client);
        assert_int_equal(p.count[CLOSED], 0);
        loop_free(loop);
    }
}

static void test_properties(void **state)
{
    struct loop *loop = loop_new();
    struct party p;
    struct buf run;
    struct mqtt_message m = {
        .topic = slice_str("t"), .payload = slice_str("{}"), .qos = 1, .retain = true};

    (void)state;
    party_init(&p, loop, MQTT_5, "car", "client.pem");
    start(&p);
    subscribe(&p, "t");
    /* What we say on "own" does not come back. */
    struct mqtt_filter special = {.filter = slice_str("own"), .no_local = true, .identifier = 9};
    uint16_t id = mqtt_client_subscribe(p.client, &special, 1);
    run_until(&p, SUBSCRIBED, 2);
    assert_int_equal(p.packet_id, id);
    assert_true(publish(&p, "own", "mine", 1) > 0);
    id = mqtt_client_unsubscribe(p.client, &special.filter, 1);
    run_until(&p, SUBSCRIBED, 3);
    assert_int_equal(p.packet_id, id);
    assert_int_equal(p.codes[0], 0);
    buf_init(&run, 1024);
    mqtt_props_add_user(&run, slice_str("colour"), slice_str("red"));
    m.props.user = buf_slice(&run);
    m.props.content_type = slice_str("application/json");
    m.props.response_topic = slice_str("answers");
    m.props.correlation_data = slice_str("c-1");
    m.props.message_expiry_interval = 77;
    mqtt_props_set(&m.props, MQTT_PROP_CONTENT_TYPE);
    mqtt_props_set(&m.props, MQTT_PROP_RESPONSE_TOPIC);
    mqtt_props_set(&m.props, MQTT_PROP_CORRELATION_DATA);
    mqtt_props_set(&m.props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
    mqtt_props_set(&m.props, MQTT_PROP_USER_PROPERTY);
    assert_true(mqtt_client_publish(p.client, &m) > 0);
    buf_done(&run);
    run_until(&p, MESSAGE, 1);
    assert_string_equal(p.content_type, "application/json");
    assert_string_equal(p.response_topic, "answers");
    assert_string_equal(p.correlation, "c-1");
    assert_string_equal(p.user, "colour=red");
    assert_true(p.expiry > 70 && p.expiry <= 77);
    assert_false(p.retain);
    /* Retained, it comes at once to whoever subscribes. */
    subscribe(&p, "t");
    run_until(&p, MESSAGE, 2);
    assert_true(p.retain);
    m = (struct mqtt_message){.topic = slice_str("t"), .qos = 1, .retain = true};
    assert_true(mqtt_client_publish(p.client, &m) > 0);
    run_until(&p, PUBLISHED, p.count[PUBLISHED] + 1);
    mqtt_client_free(p.client);
    loop_free(loop);
}

/* ---- sessions and wills ---- */

static void test_session_resumed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party car;
        struct party peer;

        party_init(&peer, loop, versions[i], "peer", "client.pem");
        start(&peer);
        party_init(&car, loop, versions[i], "sleeper", "client.pem");
        start(&car); /* clean: nothing of an earlier test */
        mqtt_client_disconnect(car.client, 0);
        car.connect.clean_start = false;
        car.connect.session_expiry_s = 60;
        start(&car);
        assert_false(car.session_present);
        subscribe(&car, "wake");
        mqtt_client_disconnect(car.client, 0);
        assert_true(publish(&peer, "wake", "up", 1) > 0);
        run_until(&peer, PUBLISHED, 1);
        assert_int_equal(car.count[MESSAGE], 0);
        start(&car);
        assert_true(car.session_present);
        run_until(&car, MESSAGE, 1);
        assert_string_equal(car.payload, "up");
        /* Nobody acknowledges what is cut off; it goes with the next connection. */
        int32_t id = publish(&car, "wake", "again", 1);
        mqtt_client_abort(car.client);
        start(&car);
        run_until(&car, PUBLISHED, 1);
        assert_int_equal(car.packet_id, id);
        assert_int_equal(car.count[CLOSED], 0);
        car.connect.clean_start = true;
        mqtt_client_abort(car.client);
        start(&car);
        assert_false(car.session_present);
        mqtt_client_free(car.client);
        mqtt_client_free(peer.client);
        loop_free(loop);
    }
}

static void test_will(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party car;
        struct party peer;

        party_init(&peer, loop, versions[i], "peer", "client.pem");
        start(&peer);
        subscribe(&peer, "news");
        party_init(&car, loop, versions[i], "car", "client.pem");
        car.will.message = (struct mqtt_message){
            .topic = slice_str("news"), .payload = slice_str("gone"), .qos = 1};
        car.connect.will = &car.will;
        start(&car);
        mqtt_client_disconnect(car.client, 0);
        start(&car);
        assert_true(publish(&car, "news", "back", 1) > 0);
        run_until(&peer, MESSAGE, 1);
        assert_string_equal(peer.payload, "back"); /* so there was no will */
        mqtt_client_abort(car.client);
        run_until(&peer, MESSAGE, 2);
        assert_string_equal(peer.payload, "gone");
        /* What stands in for it where the socket cannot be found. */
        if (versions[i] == MQTT_5) {
            start(&car);
            mqtt_client_disconnect(car.client, 0x04);
            run_until(&peer, MESSAGE, 3);
            assert_string_equal(peer.payload, "gone");
        }
        assert_int_equal(car.count[CLOSED], 0);
        mqtt_client_free(car.client);
        mqtt_client_free(peer.client);
        loop_free(loop);
    }
}

/* ---- the end of a connection ---- */

static void test_taken_over(void **state)
{
    struct loop *loop = loop_new();
    struct party first;
    struct party second;

    (void)state;
    party_init(&first, loop, MQTT_5, "twin", "client.pem");
    party_init(&second, loop, MQTT_5, "twin", "client.pem");
    start(&first);
    start(&second);
    run_until(&first, CLOSED, 1);
    /* Mosquitto hangs up right after its DISCONNECT, which Paho then does not read. */
    assert_true(first.why == MQTT_CLOSE_TCP || first.why == MQTT_CLOSE_SERVER);
    assert_true(strstr(first.text, "connection lost") != NULL ||
                strstr(first.text, "disconnected us") != NULL);
    mqtt_client_free(first.client);
    mqtt_client_free(second.client);
    loop_free(loop);
}

static void test_lost_and_refused(void **state)
{
    struct loop *loop = loop_new();
    struct party p;

    (void)state;
    party_init(&p, loop, MQTT_5, "car", "client.pem");
    start(&p);
    throwaway_broker_stop(&broker);
    run_until(&p, CLOSED, 1);
    assert_int_equal(p.why, MQTT_CLOSE_TCP);
    assert_non_null(strstr(p.text, "connection lost"));
    assert_true(mqtt_client_connect(p.client, &p.connect, NULL));
    run_until(&p, CLOSED, 2);
    assert_int_equal(p.why, MQTT_CLOSE_TCP);
    assert_non_null(strstr(p.text, "cannot connect"));
    assert_true(throwaway_broker_start(&broker));
    start(&p);
    mqtt_client_free(p.client);
    loop_free(loop);
}

static void test_stranger(void **state)
{
    struct loop *loop = loop_new();
    struct party p;

    (void)state;
    party_init(&p, loop, MQTT_5, "stranger", "stranger.pem");
    assert_true(mqtt_client_connect(p.client, &p.connect, NULL));
    run_until(&p, CLOSED, 1);
    assert_int_equal(p.count[CONNECTED], 0);
    assert_true(p.why == MQTT_CLOSE_TLS || p.why == MQTT_CLOSE_TCP);
    assert_true(p.text[0] != '\0');
    mqtt_client_free(p.client);
    loop_free(loop);
}

/* ---- promises ---- */

static void test_freed_in_event(void **state)
{
    (void)state;
    for (enum event event = 0; event <= CLOSED; event++) {
        struct loop *loop = loop_new();
        struct party p;
        struct party thief;
        struct mqtt_filter f = {.filter = slice_str("x"), .qos = 1};

        party_init(&p, loop, MQTT_5, "brief", "client.pem");
        party_init(&thief, loop, MQTT_5, "brief", "client.pem");
        p.free_in = event == CLOSED ? EVENT_COUNT : event;
        start(&p);
        p.free_in = event;
        if (p.client != NULL) {
            assert_true(mqtt_client_subscribe(p.client, &f, 1) != 0);
            run_until(&p, SUBSCRIBED, 1);
        }
        if (p.client != NULL) {
            publish(&p, "x", "1", 1);
            publish(&p, "x", "2", 1);
            run_until(&p, event == PUBLISHED ? PUBLISHED : MESSAGE, 1);
        }
        if (event == CLOSED) {
            start(&thief);
            run_until(&p, CLOSED, 1);
        }
        assert_null(p.client);
        assert_int_equal(p.count[event], 1);
        mqtt_client_free(thief.client);
        loop_free(loop);
        assert_int_equal(p.count[event], 1);
    }
}

/* Whatever is on its way when the client hangs up stays unheard. */
static void test_silent_after_end(void **state)
{
    static void (*const ends[])(struct mqtt_client * c,
                                uint8_t reason_code) = {mqtt_client_disconnect, NULL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party p;
        struct party witness;
        struct mqtt_filter f = {.filter = slice_str("#"), .qos = 1};

        party_init(&witness, loop, MQTT_5, "witness", "client.pem");
        start(&witness);
        subscribe(&witness, "y");
        party_init(&p, loop, MQTT_5, "quiet", "client.pem");
        assert_true(mqtt_client_connect(p.client, &p.connect, NULL));
        mqtt_client_abort(p.client); /* half-way */
        start(&p);
        assert_int_equal(p.count[CONNECTED], 1);
        assert_true(mqtt_client_subscribe(p.client, &f, 1) != 0);
        /* The 101st unacknowledged message is too many. */
        for (unsigned n = 0; n < 100; n++)
            assert_true(publish(&p, "y", "z", 1) > 0);
        assert_int_equal(publish(&p, "y", "z", 1), -1);
        if (ends[i] != NULL)
            ends[i](p.client, 0);
        else
            mqtt_client_abort(p.client);
        assert_true(publish(&witness, "y", "end", 1) > 0);
        run_until(&witness, ENDED, 1);
        assert_int_equal(
            p.count[SUBSCRIBED] + p.count[PUBLISHED] + p.count[MESSAGE] + p.count[CLOSED], 0);
        mqtt_client_free(p.client);
        mqtt_client_free(witness.client);
        loop_free(loop);
    }
}

/* ---- within a profile ---- */

static void expect_refusal(const struct party *p, const char *part)
{
    if (strstr(mqtt_client_refusal(p->client), part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", mqtt_client_refusal(p->client), part);
}

static void party_init_aws(struct party *p, struct loop *loop, enum mqtt_version version)
{
    const struct mqtt_profile *aws = NULL;

    assert_true(mqtt_profile_find("aws", &aws));
    party_init_with(p, loop, version, "within", "client.pem", aws);
}

static void test_profile_pace(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct loop *loop = loop_new();
        struct party witness;
        struct party p;

        party_init(&witness, loop, MQTT_5, "witness", "client.pem");
        start(&witness);
        subscribe(&witness, "paced");
        party_init_aws(&p, loop, versions[v]);
        start(&p);
        usec_t began = clock_now();
        for (int i = 0; i < 130; i++)
            assert_int_equal(publish(&p, "paced", "x", 0), 0);
        assert_true(publish(&p, "paced", "end", 1) > 0);
        unsigned more = 0;
        while (publish(&p, "paced", "x", 0) == 0 && more < 1000)
            more++;
        expect_refusal(&p, "profile aws: more than 100 messages a second, and 100 wait already");
        assert_true(publish(&p, "paced", "x", 1) < 0);
        expect_refusal(&p, "100 messages wait");
        run_until(&p, PUBLISHED, 1);
        /* 31 had to wait for their turn, and were not overtaken. */
        assert_true(clock_now() - began >= 300000);
        run_until(&witness, ENDED, 1);
        assert_true(witness.count[MESSAGE] >= 131);
        mqtt_client_free(p.client);
        mqtt_client_free(witness.client);
        loop_free(loop);
    }
}

static void test_profile_subscriptions(void **state)
{
    struct mqtt_filter nine[9] = {0};
    char text[8];
    struct loop *loop = loop_new();
    struct party p;

    (void)state;
    for (size_t i = 0; i < 9; i++)
        nine[i] = (struct mqtt_filter){.filter = slice_of(&"123456789"[i], 1), .qos = 1};
    party_init_aws(&p, loop, MQTT_3_1_1);
    assert_int_equal(mqtt_client_subscribe(p.client, nine, 1), 0);
    expect_refusal(&p, "not connected");
    start(&p);
    assert_int_equal(mqtt_client_subscribe(p.client, nine, 9), 0);
    expect_refusal(&p, "profile aws: 9 filters in one SUBSCRIBE");
    for (unsigned i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "t%u", i);
        subscribe(&p, text);
    }
    assert_int_equal(mqtt_client_subscribe(p.client, nine, 1), 0);
    expect_refusal(&p, "profile aws: 1 more subscriptions beside 50");
    subscribe(&p, "t7"); /* it is held already */
    assert_true(mqtt_client_unsubscribe(p.client, &(struct slice){(const uint8_t *)"t7", 2}, 1) !=
                0);
    run_until(&p, SUBSCRIBED, 52);
    assert_true(mqtt_client_subscribe(p.client, nine, 1) != 0);
    run_until(&p, SUBSCRIBED, 53);
    /* With the session they go. */
    mqtt_client_disconnect(p.client, 0);
    start(&p);
    assert_true(mqtt_client_subscribe(p.client, nine, 8) != 0);
    mqtt_client_free(p.client);
    loop_free(loop);
}

static void test_profile_messages(void **state)
{
    static const uint8_t large[128 * 1024 + 1];
    struct mqtt_message m = {.topic = slice_str("a"), .payload = slice_of(large, sizeof large)};
    struct mqtt_will will = {
        .message = {.topic = slice_str("w"), .qos = 2}
    };
    struct mqtt_filter identified = {.filter = slice_str("a"), .identifier = 7};
    struct loop *loop = loop_new();
    struct error err = {.text = ""};
    struct party p;

    (void)state;
    party_init_aws(&p, loop, MQTT_5);
    p.connect.will = &will;
    assert_false(mqtt_client_connect(p.client, &p.connect, &err));
    assert_non_null(strstr(err.text, "profile aws: a will of QoS 2"));
    p.connect.will = NULL;
    start(&p);
    assert_true(publish(&p, "a", "x", 2) < 0);
    expect_refusal(&p, "profile aws: a message of QoS 2");
    assert_true(mqtt_client_publish(p.client, &m) < 0);
    expect_refusal(&p, "profile aws: a message of 131073 bytes");
    assert_int_equal(mqtt_client_subscribe(p.client, &identified, 1), 0);
    expect_refusal(&p, "profile aws: a subscription identifier");
    mqtt_client_disconnect(p.client, 0);
    /* The keep-alive is brought into range. */
    p.connect.keep_alive_s = 10;
    p.kept_alive = 30;
    start(&p);
    mqtt_client_free(p.client);
    loop_free(loop);
}

static int setup(void **state)
{
    (void)state;
    return throwaway_broker_make(&broker) && throwaway_broker_start(&broker) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    throwaway_broker_done(&broker);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_session_resumed),
        cmocka_unit_test(test_will),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_lost_and_refused),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_freed_in_event),
        cmocka_unit_test(test_silent_after_end),
        cmocka_unit_test(test_profile_pace),
        cmocka_unit_test(test_profile_subscriptions),
        cmocka_unit_test(test_profile_messages),
    };

    if (!throwaway_broker_available())
        return 0;
    return cmocka_run_group_tests(tests, setup, teardown);
}
