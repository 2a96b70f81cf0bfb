/*
 * party.h — a client on Paho at a real broker, and what it has told. Waiting has a deadline;
 * nothing else depends on time. All clients show the same certificate: the one to be cut off is
 * always the newest.
 */
#ifndef UNIT_PAHO_PARTY_H
#define UNIT_PAHO_PARTY_H

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

static inline void happened(struct party *p, enum event event)
{
    p->count[event]++;
    if (p->free_in != event)
        return;
    mqtt_client_free(p->client);
    p->client = NULL;
}

static inline void keep(char *to, struct slice from)
{
    snprintf(to, 64, "%.*s", (int)from.len, from.len != 0 ? (const char *)from.data : "");
}

static inline void on_phase(void *ctx, enum mqtt_phase phase, usec_t at)
{
    struct party *p = ctx;

    assert_true(at != 0);
    p->phases[phase]++;
}

static inline void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct party *p = ctx;

    assert_int_equal(connack->reason_code, 0);
    assert_int_equal(connack->keep_alive_s,
                     p->kept_alive != 0 ? p->kept_alive : p->connect.keep_alive_s);
    p->session_present = connack->session_present;
    happened(p, CONNECTED);
}

static inline void on_subscribed(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct party *p = ctx;

    assert_true(count <= sizeof p->codes);
    p->packet_id = packet_id;
    p->code_count = count;
    memcpy(p->codes, codes, count);
    happened(p, SUBSCRIBED);
}

static inline void on_message(void *ctx, const struct mqtt_message *m)
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

static inline void on_published(void *ctx, uint16_t packet_id, uint8_t reason_code)
{
    struct party *p = ctx;

    p->packet_id = packet_id;
    p->reason_code = reason_code;
    happened(p, PUBLISHED);
}

static inline void on_closed(void *ctx, const struct mqtt_closed *closed)
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

static inline void on_deadline(void *arg)
{
    *(bool *)arg = true;
}

/* Runs the loop until the event has happened `target` times. */
static inline void run_until(struct party *p, enum event event, unsigned target)
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

static inline char *read_file(const char *name)
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

static inline void party_init_with(struct party *p, struct loop *loop, enum mqtt_version version,
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

static inline void party_init(struct party *p, struct loop *loop, enum mqtt_version version,
                              const char *id, const char *pem_file)
{
    party_init_with(p, loop, version, id, pem_file, NULL);
}

/* Paho now and then loses a connection that gets the descriptor of one just closed: try again. */
static inline void start(struct party *p)
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

static inline void subscribe(struct party *p, const char *filter)
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

static inline int32_t publish(struct party *p, const char *topic, const char *payload, uint8_t qos)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = qos};

    return mqtt_client_publish(p->client, &m);
}

static const enum mqtt_version versions[] = {MQTT_5, MQTT_3_1_1};

static inline int broker_setup(void **state)
{
    (void)state;
    return throwaway_broker_make(&broker) && throwaway_broker_start(&broker) ? 0 : -1;
}

static inline int broker_teardown(void **state)
{
    (void)state;
    throwaway_broker_done(&broker);
    return 0;
}

#endif
