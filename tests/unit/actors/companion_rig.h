/*
 * companion_rig.h — a broker, and companions that write down what they are told. Waiting has a
 * deadline; nothing else depends on time.
 */
#ifndef COMPANION_RIG_H
#define COMPANION_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion.h"
#include "base/xmem.h"
#include "support/throwaway_broker.h"

#define DEADLINE (20 * USEC_PER_SEC)

static struct throwaway_broker broker;

/* What one companion told. */
struct heard {
    struct loop *loop;
    struct companion *companion;
    unsigned connected, lost, watching, shadow, response, presence, acked;
    bool watching_ok;
    bool acked_ok;
    bool correlated;
    bool free_on_message;
    char text[512];
    char thing[130], token[130], payload[512], reason[64], session[64];
    int64_t version;
    int code;
    bool online;
    enum companion_outcome outcome;
    struct companion_publish last_acked;
    /* subscriptions and messages */
    unsigned subscribed, message;
    struct companion_subscribed last_subscribed;
    int acked_code, lost_code;
    struct mqtt_message last_message; /* of its slices only those copied below are valid */
    char topic[300], user[128], content_type[64], answer[256], acked_text[256];
    usec_t received_at, acked_at;
};

static inline void on_connected(void *ctx, const struct companion_connected *e)
{
    struct heard *h = ctx;

    assert_true(e->responses);
    assert_true(e->ready_at >= e->at && e->at > 0);
    h->connected++;
}

static inline void on_lost(void *ctx, const struct companion_lost *e)
{
    struct heard *h = ctx;

    h->lost++;
    h->lost_code = e->reason_code;
    snprintf(h->text, sizeof h->text, "%s", e->text);
}

static inline void on_watching(void *ctx, const struct companion_watching *e)
{
    struct heard *h = ctx;

    h->watching++;
    h->watching_ok = e->ok;
}

static inline void keep(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text != NULL ? text : "(none)");
}

static inline void on_shadow(void *ctx, const struct companion_shadow *e)
{
    struct heard *h = ctx;

    h->shadow++;
    keep(h->thing, sizeof h->thing, e->thing);
    keep(h->token, sizeof h->token, e->client_token);
    keep(h->payload, sizeof h->payload, (const char *)e->payload.data);
    h->version = e->version;
    h->code = e->code;
    h->outcome = e->outcome;
    h->received_at = e->received_at;
    if (h->free_on_message) {
        companion_free(h->companion);
        h->companion = NULL;
    }
}

static inline void on_response(void *ctx, const struct companion_response *e)
{
    struct heard *h = ctx;

    h->response++;
    keep(h->thing, sizeof h->thing, e->thing);
    keep(h->token, sizeof h->token, e->request_id);
    keep(h->payload, sizeof h->payload, (const char *)e->payload.data);
    h->correlated = e->correlated;
    h->received_at = e->received_at;
}

static inline void on_presence(void *ctx, const struct companion_presence *e)
{
    struct heard *h = ctx;

    h->presence++;
    keep(h->thing, sizeof h->thing, e->client_id);
    keep(h->reason, sizeof h->reason, e->reason);
    keep(h->session, sizeof h->session, e->session_id);
    h->online = e->connected;
    h->version = e->version;
}

static inline void on_acked(void *ctx, const struct companion_acked *e)
{
    struct heard *h = ctx;

    h->acked++;
    h->acked_ok = e->ok;
    h->acked_code = e->reason_code;
    keep(h->acked_text, sizeof h->acked_text, e->text);
    h->last_acked = e->publish;
    h->acked_at = e->at;
}

static inline void on_subscribed(void *ctx, const struct companion_subscribed *e)
{
    struct heard *h = ctx;

    h->subscribed++;
    h->last_subscribed = *e;
    keep(h->answer, sizeof h->answer, e->remark);
}

static inline void keep_slice(char *to, size_t size, struct slice s)
{
    snprintf(to, size, "%.*s", SLICE_ARGS(s));
}

static inline void on_message(void *ctx, const struct mqtt_message *m, usec_t received_at)
{
    struct heard *h = ctx;
    struct slice rest = m->props.user;
    struct slice name, value;

    h->message++;
    h->last_message = *m;
    h->received_at = received_at;
    keep_slice(h->topic, sizeof h->topic, m->topic);
    keep_slice(h->payload, sizeof h->payload, m->payload);
    keep_slice(h->content_type, sizeof h->content_type, m->props.content_type);
    h->user[0] = '\0';
    if (mqtt_props_user_next(&rest, &name, &value))
        snprintf(h->user, sizeof h->user, "%.*s=%.*s", SLICE_ARGS(name), SLICE_ARGS(value));
}

static const struct companion_events events = {
    .connected = on_connected,
    .lost = on_lost,
    .watching = on_watching,
    .shadow = on_shadow,
    .response = on_response,
    .presence = on_presence,
    .acked = on_acked,
    .subscribed = on_subscribed,
    .message = on_message,
};

static inline void on_deadline(void *arg)
{
    *(bool *)arg = true;
}

/* Runs the loop until *counter reaches `target`. */
static inline void run_until(struct loop *loop, const unsigned *counter, unsigned target)
{
    bool late = false;
    struct loop_timer deadline;

    loop_timer_init(&deadline, loop, on_deadline, &late);
    loop_timer_start(&deadline, DEADLINE);
    while (*counter < target && !late)
        ev_run(loop->ev, EVRUN_ONCE);
    loop_timer_stop(&deadline);
    assert_true(*counter >= target);
}

static inline char *in_dir(const char *file)
{
    return xasprintf("%s/%s", broker.dir, file);
}

static inline struct companion *make(struct heard *h, const char *id, int version, const char *ca,
                                     const char *cert)
{
    char *ca_file = in_dir(ca);
    char *cert_file = in_dir(cert);
    struct companion_options o = {.host = "127.0.0.1",
                                  .port = broker.port,
                                  .client_id = id,
                                  .mqtt_version = version,
                                  .ca_file = ca_file,
                                  .cert_file = cert_file,
                                  .backoff_base = 100 * USEC_PER_MSEC,
                                  .backoff_cap = 400 * USEC_PER_MSEC};
    struct error err = {.text = ""};

    h->companion = companion_new(h->loop, &o, &events, h, &err);
    assert_string_equal(err.text, "");
    assert_non_null(h->companion);
    free(ca_file);
    free(cert_file);
    return h->companion;
}

static inline struct companion *make_connected(struct heard *h, const char *id, int version)
{
    struct companion *c = make(h, id, version, "ca.pem", "client.pem");

    run_until(h->loop, &h->connected, h->connected + 1);
    assert_true(companion_is_connected(c));
    return c;
}

/* No cloud behind this broker: the test itself says what the cloud would. */
static inline void say(struct companion *c, const char *topic, const char *payload)
{
    struct error err = {.text = ""};
    bool ok = companion_publish_raw(c, topic, slice_str(payload), NULL, &err);

    assert_string_equal(err.text, "");
    assert_true(ok);
}

static inline int rig_setup(void **state)
{
    (void)state;
    return throwaway_broker_make(&broker) && throwaway_broker_start(&broker) ? 0 : -1;
}

static inline int rig_teardown(void **state)
{
    (void)state;
    throwaway_broker_done(&broker);
    return 0;
}

static inline void rig_no_broker(void **state)
{
    (void)state;
    skip();
}

/* For main(): skipped where there is no broker to run. */
#define RIG_RUN(name, tests)                                                                       \
    (throwaway_broker_available()                                                                  \
         ? cmocka_run_group_tests_name(name, tests, rig_setup, rig_teardown)                       \
         : cmocka_run_group_tests_name(                                                            \
               name, ((const struct CMUnitTest[]){cmocka_unit_test(rig_no_broker)}), NULL, NULL))

#endif
