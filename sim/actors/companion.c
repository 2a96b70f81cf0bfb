#include "actors/companion.h"

#include <stdlib.h>

#include "actors/companion_core.h"
#include "actors/companion_options.h"
#include "actors/json_peek.h"
#include "base/hash.h"
#include "base/xmem.h"
#include "mqtt/props.h"
#include "paho/paho_anchor.h"

/* After so long the back-off starts over (contract 6.12). */
#define STABLE_AFTER (20 * USEC_PER_SEC)
#define BACKOFF_BASE (500 * USEC_PER_MSEC)
#define BACKOFF_CAP  (30 * USEC_PER_SEC)

static void unref(struct companion *c)
{
    if (atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    companion_options_done(&c->options);
    free(c);
}

/* ---- letters: written on Paho's threads, read on the loop's ------------------------------------
 */

static void deliver(void *arg)
{
    struct companion_letter *letter = arg;
    struct companion *c = letter->companion;

    if (!c->freed)
        letter->deliver(c, letter);
    companion_letter_free(letter);
    unref(c);
}

static void post(struct companion *c, struct companion_letter *letter,
                 void (*read)(struct companion *c, const struct companion_letter *letter))
{
    letter->companion = c;
    letter->deliver = read;
    atomic_fetch_add(&c->refs, 1);
    loop_post(c->loop, deliver, letter);
}

static bool is_current(const struct companion *c, const struct companion_letter *letter)
{
    return c->link != NULL && letter->link == c->link_number;
}

/* ---- connecting --------------------------------------------------------------------------------
 */

static usec_t backoff(struct companion *c)
{
    usec_t ceiling = c->backoff_base;

    for (unsigned i = 1; i < c->attempts && ceiling < c->backoff_cap; i++)
        ceiling *= 2;
    if (ceiling > c->backoff_cap)
        ceiling = c->backoff_cap;
    return rng_below(&c->rng, ceiling) + 1;
}

static void drop_link(struct companion *c)
{
    struct paho_link *link = c->link;

    c->link = NULL;
    c->connected = false;
    companion_forget_pending(c);
    paho_link_free(link);
}

/* Drops what is left of the connection, arms the timer, tells the owner. */
static void lose(struct companion *c, const char *text, uint8_t reason_code, usec_t at)
{
    struct companion_lost e = {
        .text = text, .reason_code = reason_code, .was_connected = c->connected, .at = at};

    if (c->connack_at != 0 && at - c->connack_at >= STABLE_AFTER)
        c->attempts = 0;
    c->connack_at = 0;
    drop_link(c);
    e.retry_in = backoff(c);
    loop_timer_start_script(&c->retry, e.retry_in);
    if (c->events->lost != NULL)
        c->events->lost(c->ctx, &e);
}

static void read_down(struct companion *c, const struct companion_letter *letter)
{
    if (is_current(c, letter))
        lose(c, letter->text, (uint8_t)letter->code, letter->at);
}

static struct companion_server server_of(struct slice wire)
{
    struct companion_server server = {.qos_max = 2};
    struct mqtt_props p;
    const char *why = NULL;

    if (mqtt_props_read(wire, MQTT_TYPE_CONNACK, &p, &why) != 0)
        return server;
    if (mqtt_props_has(&p, MQTT_PROP_MAXIMUM_QOS))
        server.qos_max = p.maximum_qos;
    server.no_retain = mqtt_props_has(&p, MQTT_PROP_RETAIN_AVAILABLE) && p.retain_available == 0;
    server.no_shared = mqtt_props_has(&p, MQTT_PROP_SHARED_SUBSCRIPTION_AVAILABLE) &&
                       p.shared_subscription_available == 0;
    server.no_wildcards = mqtt_props_has(&p, MQTT_PROP_WILDCARD_SUBSCRIPTION_AVAILABLE) &&
                          p.wildcard_subscription_available == 0;
    server.no_identifiers = mqtt_props_has(&p, MQTT_PROP_SUBSCRIPTION_IDENTIFIER_AVAILABLE) &&
                            p.subscription_identifier_available == 0;
    return server;
}

static void read_connack(struct companion *c, const struct companion_letter *letter)
{
    if (!is_current(c, letter))
        return;
    c->connack_at = letter->at;
    c->session_present = letter->flag;
    c->has_session = true;
    c->server = server_of(letter->props);
    companion_renew(c);
}

static void become_ready(struct companion *c, const struct companion_letter *letter)
{
    struct companion_connected e = {.at = c->connack_at,
                                    .ready_at = letter->at,
                                    .responses = letter->refused == 0,
                                    .session_present = c->session_present,
                                    .attempt = c->attempts};

    c->connected = true;
    if (c->events->connected != NULL)
        c->events->connected(c->ctx, &e);
}

static void read_answer(struct companion *c, const struct companion_letter *letter)
{
    if (is_current(c, letter) && companion_answered(c, letter))
        become_ready(c, letter);
}

/* ---- what arrives ------------------------------------------------------------------------------
 */

static void read_acked(struct companion *c, const struct companion_letter *letter)
{
    struct companion_acked e = letter->acked;

    e.text = letter->text;
    c->unacked--;
    if (c->events->acked != NULL)
        c->events->acked(c->ctx, &e);
}

static void read_shadow(struct companion *c, const struct companion_letter *letter)
{
    struct companion_shadow e = {.thing = letter->subject,
                                 .name = letter->detail,
                                 .verb = letter->verb,
                                 .outcome = letter->outcome,
                                 .payload = letter->payload,
                                 .client_token = letter->token,
                                 .version = letter->version,
                                 .code = letter->code,
                                 .received_at = letter->at};

    if (c->events->shadow != NULL)
        c->events->shadow(c->ctx, &e);
}

static void read_response(struct companion *c, const struct companion_letter *letter)
{
    struct companion_response e = {.thing = letter->subject,
                                   .request_id = letter->token,
                                   .correlated = letter->flag,
                                   .payload = letter->payload,
                                   .received_at = letter->at};

    if (c->events->response != NULL)
        c->events->response(c->ctx, &e);
}

static void read_presence(struct companion *c, const struct companion_letter *letter)
{
    struct companion_presence e = {.client_id = letter->subject,
                                   .connected = letter->kind == COMPANION_TOPIC_CONNECTED,
                                   .version = letter->version,
                                   .session_id = letter->token != NULL ? letter->token : "",
                                   .reason = letter->text != NULL ? letter->text : "",
                                   .client_initiated = letter->flag,
                                   .timestamp_ms = letter->timestamp_ms,
                                   .received_at = letter->at};

    if (c->events->presence != NULL)
        c->events->presence(c->ctx, &e);
}

static void read_listening(struct companion *c, const struct companion_letter *letter)
{
    struct json_peek topics = {.name = "topics"};

    json_peek(letter->payload, &topics, 1);
    struct companion_listening e = {.client_id = letter->subject,
                                    .subscribed = letter->kind == COMPANION_TOPIC_SUBSCRIBED,
                                    .session_id = letter->token != NULL ? letter->token : "",
                                    .topics = topics.value,
                                    .received_at = letter->at};

    if (c->events->listening != NULL)
        c->events->listening(c->ctx, &e);
}

static void read_execution(struct companion *c, const struct companion_letter *letter)
{
    struct companion_execution e = {.thing = letter->subject,
                                    .execution_id = letter->token,
                                    .status = letter->text,
                                    .rejected = letter->flag,
                                    .payload = letter->payload,
                                    .received_at = letter->at};

    if (c->events->execution != NULL)
        c->events->execution(c->ctx, &e);
}

static void read_message(struct companion *c, const struct companion_letter *letter)
{
    struct mqtt_message m = {.topic = letter->topic,
                             .payload = letter->payload,
                             .qos = letter->qos,
                             .retain = letter->retain,
                             .dup = letter->dup};
    const char *why = NULL;

    if (c->events->message == NULL || !companion_listens_to(c, letter->topic))
        return;
    if (mqtt_props_read(letter->props, MQTT_TYPE_PUBLISH, &m.props, &why) != 0)
        m.props = (struct mqtt_props){0};
    c->events->message(c->ctx, &m, letter->at);
}

/* ---- the sink, on Paho's threads ---------------------------------------------------------------
 */

static void on_connack(void *ctx, uint64_t link, bool session_present, struct slice props,
                       usec_t at)
{
    struct companion_letter *letter = companion_letter_new(at);

    letter->link = link;
    letter->flag = session_present;
    letter->props = companion_letter_copy(props);
    post(ctx, letter, read_connack);
}

static void on_down(void *ctx, uint64_t link, const struct paho_conn_down *down)
{
    struct companion_letter *letter = companion_letter_new(down->at);

    letter->link = link;
    letter->code = down->reason_code;
    letter->text = xstrdup(down->text);
    post(ctx, letter, read_down);
}

static void on_answer(void *ctx, uint64_t link, uint64_t cookie, const struct paho_answer *answer)
{
    struct companion_letter *letter = companion_letter_new(clock_now());

    letter->link = link;
    letter->cookie = cookie;
    letter->code = answer->count != 0 ? answer->codes[0] : 0;
    letter->text = xstrdup(answer->remark);
    for (size_t i = 0; i < answer->count; i++)
        if (answer->codes[i] >= PAHO_FAILURE)
            letter->refused |= 1u << i;
    post(ctx, letter, read_answer);
}

static void on_acked(void *ctx, const struct companion_acked *acked)
{
    struct companion_letter *letter = companion_letter_new(acked->at);

    letter->acked = *acked;
    letter->text = xstrdup(acked->text);
    post(ctx, letter, read_acked);
}

static void on_message(void *ctx, uint64_t link, const struct paho_arrival *arrival)
{
    static void (*const readers[COMPANION_TOPIC_KIND_COUNT])(
        struct companion * c, const struct companion_letter *letter) = {
        [COMPANION_TOPIC_OTHER] = read_message,
        [COMPANION_TOPIC_SHADOW] = read_shadow,
        [COMPANION_TOPIC_RESPONSE] = read_response,
        [COMPANION_TOPIC_CONNECTED] = read_presence,
        [COMPANION_TOPIC_DISCONNECTED] = read_presence,
        [COMPANION_TOPIC_SUBSCRIBED] = read_listening,
        [COMPANION_TOPIC_UNSUBSCRIBED] = read_listening,
        [COMPANION_TOPIC_EXECUTION] = read_execution,
    };
    struct companion *c = ctx;
    usec_t at = clock_now();
    struct companion_letter *known = companion_letter_read(c->topics.response, arrival->topic,
                                                           arrival->payload, arrival->props, at);

    (void)link;
    if (known != NULL)
        post(c, known, readers[known->kind]);
    if (!atomic_load(&c->listening))
        return;
    struct companion_letter *whole = companion_letter_new(at);
    whole->topic = companion_letter_copy(arrival->topic);
    whole->payload = companion_letter_copy(arrival->payload);
    whole->props = companion_letter_copy(arrival->props);
    whole->qos = arrival->qos;
    whole->retain = arrival->retain;
    whole->dup = arrival->dup;
    post(c, whole, readers[whole->kind]);
}

static const struct paho_link_sink sink = {
    .connected = on_connack,
    .down = on_down,
    .answered = on_answer,
    .acked = on_acked,
    .message = on_message,
};

/* ---- life --------------------------------------------------------------------------------------
 */

static bool connect_link(struct companion *c, struct error *err)
{
    c->attempts++;
    /* The first connection begins anew: a session that somebody else left is none of ours. 3.1.1
       cannot say that and keep the session as well. */
    c->options.clean_start =
        c->options.session_expiry_s == 0 || (c->options.version == MQTT_5 && !c->has_session);
    c->link = paho_link_new(&c->options, &sink, c, ++c->link_number, err);
    return c->link != NULL;
}

static void on_retry(void *arg)
{
    struct companion *c = arg;
    struct error err;

    if (c->events->connecting != NULL)
        c->events->connecting(c->ctx);
    if (!connect_link(c, &err))
        lose(c, err.text, 0, clock_now());
}

bool companion_prepare(const struct paho_tls *tls, struct error *err)
{
    if ((tls != NULL && !paho_tls_choose(tls, err)) || !paho_anchor_hold(err))
        return false;
    paho_anchor_release();
    return true;
}

struct companion *companion_new(struct loop *loop, const struct companion_options *options,
                                const struct companion_events *events, void *ctx, struct error *err)
{
    if (!companion_options_check(options, err) || !paho_anchor_hold(err))
        return NULL;
    struct companion *c = xcalloc(1, sizeof *c);
    c->loop = loop;
    c->events = events;
    c->ctx = ctx;
    atomic_init(&c->refs, 1);
    companion_options_copy(options, &c->options);
    c->backoff_base = options->backoff_base != 0 ? options->backoff_base : BACKOFF_BASE;
    c->backoff_cap = options->backoff_cap != 0 ? options->backoff_cap : BACKOFF_CAP;
    if (options->topics != NULL)
        c->topics = *options->topics;
    else
        topic_set_defaults(&c->topics);
    c->watch_qos = options->watch_at_most_once ? 0 : 1;
    rng_init(&c->rng, options->seed, hash_text(options->client_id));
    loop_timer_init(&c->retry, loop, on_retry, c);
    companion_add_watch(c, NULL, 0);
    if (connect_link(c, err))
        return c;
    companion_free(c);
    return NULL;
}

void companion_free(struct companion *c)
{
    if (c == NULL)
        return;
    c->freed = true;
    loop_timer_stop(&c->retry);
    drop_link(c);
    paho_anchor_release();
    companion_free_subscriptions(c);
    unref(c);
}

void companion_close(struct companion *c)
{
    c->closed = true;
    loop_timer_stop(&c->retry);
    drop_link(c);
}

void companion_open(struct companion *c)
{
    if (!c->closed)
        return;
    c->closed = false;
    c->attempts = 0;
    loop_timer_start(&c->retry, 1);
}

const char *companion_client_id(const struct companion *c)
{
    return c->options.client_id;
}

bool companion_is_connected(const struct companion *c)
{
    return c->connected;
}

const struct topic_set *companion_topics(const struct companion *c)
{
    return &c->topics;
}
