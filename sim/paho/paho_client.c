#include "paho/paho_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "paho/paho_anchor.h"
#include "paho/paho_attempt.h"
#include "paho/paho_bounds.h"
#include "paho/paho_props.h"
#include "paho/paho_socket.h"

/* AWS IoT's in-flight quota (contract 6.8). */
#define MAX_KEPT          100
#define MAX_FILTERS       1024
#define DISCONNECT_NORMAL 0x00
#define DISCONNECT_WILL   0x04

/* A publish of QoS 1 or 2 until the broker's last word on it, or one of QoS 0 that waits. */
struct kept {
    struct kept *next;
    uint16_t packet_id;        /* QoS 0: 0 */
    struct paho_parcel parcel; /* owns what it points to */
    bool sent;                 /* on this connection */
};

struct paho_client {
    struct mqtt_client base;
    struct paho_setup setup;
    struct paho_mailbox *box;
    struct paho_attempt *attempt; /* NULL: closed */
    struct paho_attempt *leaving; /* on its way to a DISCONNECT; NULL: none */
    uint32_t attempts;
    bool holding; /* the anchor */
    bool connected;
    bool expires;     /* the session: not at once */
    bool identifiers; /* the broker takes them; 3.1.1: they do not count */
    enum mqtt_version version;
    uint16_t keep_alive_s;
    uint16_t last_id;
    struct kept *first; /* oldest first */
    size_t kept, in_flight, window;
    struct paho_bounds bounds;
};

static struct paho_client *client_of(struct mqtt_client *c)
{
    return (struct paho_client *)c;
}

/* ---- what is not acknowledged ---- */

static void kept_free(struct kept *k)
{
    MQTTProperties_free(&k->parcel.props);
    free((char *)(uintptr_t)k->parcel.topic);
    free((uint8_t *)(uintptr_t)k->parcel.payload.data);
    free(k);
}

static void forget_all(struct paho_client *c)
{
    while (c->first != NULL) {
        struct kept *next = c->first->next;
        kept_free(c->first);
        c->first = next;
    }
    c->kept = c->in_flight = 0;
}

static void drop(struct paho_client *c, struct kept **place)
{
    struct kept *k = *place;

    *place = k->next;
    c->kept--;
    if (k->sent)
        c->in_flight--;
    kept_free(k);
}

static bool forget(struct paho_client *c, uint16_t packet_id)
{
    for (struct kept **p = &c->first; *p != NULL; p = &(*p)->next) {
        if ((*p)->packet_id != packet_id)
            continue;
        drop(c, p);
        return true;
    }
    return false;
}

static bool something_waits(const struct paho_client *c)
{
    const struct kept *k = c->first;

    while (k != NULL && k->sent)
        k = k->next;
    return k != NULL;
}

/* What waits goes to Paho as far as the window and the profile's pace allow: Paho's own queue, once
   blocked, is looked at once a second. */
static void pump(void *arg)
{
    struct paho_client *c = arg;
    struct kept **p = &c->first;

    while (*p != NULL && c->connected) {
        struct kept *k = *p;
        if (!k->sent) {
            if (c->in_flight >= c->window || !paho_bounds_may_send(&c->bounds) ||
                !paho_attempt_publish(c->attempt, k->packet_id, &k->parcel))
                return;
            if (k->packet_id == 0) {
                drop(c, p);
                continue;
            }
            k->sent = true;
            c->in_flight++;
        }
        p = &k->next;
    }
}

static bool id_taken(const struct paho_client *c, uint16_t id)
{
    const struct kept *k = c->first;

    while (k != NULL && k->packet_id != id)
        k = k->next;
    return id == 0 || k != NULL;
}

static uint16_t next_id(struct paho_client *c)
{
    do
        c->last_id++;
    while (id_taken(c, c->last_id));
    return c->last_id;
}

/* ---- events ---- */

static void end_attempt(struct paho_client *c)
{
    paho_attempt_free(c->attempt);
    c->attempt = NULL;
    c->connected = false;
    paho_bounds_end(&c->bounds);
    struct kept **p = &c->first;
    while (*p != NULL) {
        if ((*p)->packet_id == 0) {
            drop(c, p);
            continue;
        }
        (*p)->sent = false;
        p = &(*p)->next;
    }
    c->in_flight = 0;
}

/* Every event is the last thing that happens, as the client may be gone after it, unless it says
   otherwise. */
static void connected(struct paho_client *c, const struct paho_letter *letter)
{
    const struct mqtt_client_events *events = c->base.events;
    struct paho_mailbox *box = letter->box;
    struct mqtt_connack connack = {.session_present = letter->session_present,
                                   .keep_alive_s = c->keep_alive_s};
    const char *why = NULL;

    if (mqtt_props_read(letter->props, MQTT_TYPE_CONNACK, &connack.props, &why) != 0)
        connack.props = (struct mqtt_props){0};
    if (mqtt_props_has(&connack.props, MQTT_PROP_SERVER_KEEP_ALIVE))
        connack.keep_alive_s = connack.props.server_keep_alive;
    c->connected = true;
    c->identifiers = c->version != MQTT_5 ||
                     !mqtt_props_has(&connack.props, MQTT_PROP_SUBSCRIPTION_IDENTIFIER_AVAILABLE) ||
                     connack.props.subscription_identifier_available != 0;
    c->window = MAX_KEPT;
    /* One is left free: Paho counts a SUBSCRIBE too. */
    if (mqtt_props_has(&connack.props, MQTT_PROP_RECEIVE_MAXIMUM) &&
        connack.props.receive_maximum <= MAX_KEPT)
        c->window = connack.props.receive_maximum > 1 ? connack.props.receive_maximum - 1u : 1;
    paho_bounds_begin(&c->bounds, letter->session_present);
    pump(c);
    if (events->phase != NULL)
        events->phase(c->base.ctx, MQTT_PHASE_CONNACK, letter->at);
    /* Still there, and still this connection? */
    if (box->owner != NULL && c->attempt != NULL &&
        paho_attempt_number(c->attempt) == letter->attempt && events->connected != NULL)
        events->connected(c->base.ctx, &connack);
}

static void down(struct paho_client *c, const struct paho_letter *letter)
{
    struct mqtt_closed closed = {.why = letter->why,
                                 .reason_code = letter->reason_code,
                                 .text = (const char *)letter->body.data};

    end_attempt(c);
    if (c->base.events->closed != NULL)
        c->base.events->closed(c->base.ctx, &closed);
}

/* Tells the remark of an answer, if there is one; is the client still there? */
static bool remark(struct paho_client *c, const struct paho_letter *letter)
{
    const struct mqtt_client_events *events = c->base.events;
    struct paho_mailbox *box = letter->box;

    if (letter->topic.len > 1 && events->remark != NULL)
        events->remark(c->base.ctx, letter->packet_id, (const char *)letter->topic.data);
    return box->owner != NULL;
}

static void subscribed(struct paho_client *c, const struct paho_letter *letter)
{
    paho_bounds_subscribed(&c->bounds, letter->packet_id, letter->body.data, letter->body.len);
    if (remark(c, letter) && c->base.events->subscribed != NULL)
        c->base.events->subscribed(c->base.ctx, letter->packet_id, letter->body.data,
                                   letter->body.len);
}

static void unsubscribed(struct paho_client *c, const struct paho_letter *letter)
{
    if (remark(c, letter) && c->base.events->unsubscribed != NULL)
        c->base.events->unsubscribed(c->base.ctx, letter->packet_id, letter->body.data,
                                     letter->body.len);
}

static void acked(struct paho_client *c, const struct paho_letter *letter)
{
    if (!forget(c, letter->packet_id))
        return;
    pump(c);
    if (remark(c, letter) && c->base.events->published != NULL)
        c->base.events->published(c->base.ctx, letter->packet_id, letter->reason_code);
}

static void message(struct paho_client *c, const struct paho_letter *letter)
{
    struct mqtt_message m = {.topic = letter->topic,
                             .payload = letter->body,
                             .qos = letter->qos,
                             .retain = letter->retain,
                             .dup = letter->dup};
    const char *why = NULL;

    if (mqtt_props_read(letter->props, MQTT_TYPE_PUBLISH, &m.props, &why) != 0)
        m.props = (struct mqtt_props){0};
    paho_bounds_note_message(&c->bounds);
    if (c->base.events->message != NULL)
        c->base.events->message(c->base.ctx, &m);
}

static void receive(void *owner, const struct paho_letter *letter)
{
    static void (*const handlers[PAHO_LETTER_COUNT])(struct paho_client * c,
                                                     const struct paho_letter *letter) = {
        [PAHO_LETTER_CONNECTED] = connected,   [PAHO_LETTER_DOWN] = down,
        [PAHO_LETTER_SUBSCRIBED] = subscribed, [PAHO_LETTER_ACKED] = acked,
        [PAHO_LETTER_MESSAGE] = message,       [PAHO_LETTER_UNSUBSCRIBED] = unsubscribed,
    };
    struct paho_client *c = owner;

    if (c->leaving != NULL && paho_attempt_number(c->leaving) == letter->attempt &&
        (letter->kind == PAHO_LETTER_DISCONNECTED || letter->kind == PAHO_LETTER_DOWN)) {
        paho_attempt_free(c->leaving);
        c->leaving = NULL;
        return;
    }
    if (c->attempt != NULL && paho_attempt_number(c->attempt) == letter->attempt &&
        handlers[letter->kind] != NULL)
        handlers[letter->kind](c, letter);
}

/* ---- calls ---- */

/* Its DISCONNECT goes out at once, if it has not. */
static void end_leaving(struct paho_client *c)
{
    paho_attempt_free(c->leaving);
    c->leaving = NULL;
}

/* It goes on without us until it has ended. */
static void let_go(struct paho_client *c)
{
    end_leaving(c);
    c->leaving = c->attempt;
    c->attempt = NULL;
}

static void client_disconnect_with(struct mqtt_client *base, uint8_t reason_code,
                                   const struct mqtt_props *props)
{
    struct paho_client *c = client_of(base);
    struct mqtt_props said = {0};

    if (props != NULL) {
        if (c->expires || props->session_expiry_interval == 0)
            said.present = props->present & ((uint64_t)1 << MQTT_PROP_SESSION_EXPIRY_INTERVAL);
        said.session_expiry_interval = props->session_expiry_interval;
        said.present |= props->present & ((uint64_t)1 << MQTT_PROP_REASON_STRING);
        said.reason_string = props->reason_string;
        said.user = props->user;
    }
    if (c->connected && paho_attempt_disconnect(c->attempt, reason_code, &said))
        let_go(c);
    end_attempt(c);
}

static void client_disconnect(struct mqtt_client *base, uint8_t reason_code)
{
    client_disconnect_with(base, reason_code, NULL);
}

static void client_abort(struct mqtt_client *base)
{
    struct paho_client *c = client_of(base);

    if (!c->connected) {
        end_attempt(c);
    } else if (paho_attempt_cut(c->attempt)) {
        let_go(c);
        end_attempt(c);
    } else {
        client_disconnect(base, c->version == MQTT_5 ? DISCONNECT_WILL : DISCONNECT_NORMAL);
    }
}

static void client_free(struct mqtt_client *base)
{
    struct paho_client *c = client_of(base);

    client_abort(base);
    end_leaving(c);
    paho_mailbox_close(c->box);
    forget_all(c);
    paho_bounds_done(&c->bounds);
    mqtt_client_refuse(base, NULL);
    if (c->holding)
        paho_anchor_release();
    X509_free(c->setup.certificate);
    free(c->setup.uri);
    free(c->setup.ca_file);
    free(c->setup.pem);
    free(c->setup.alpn);
    free(c);
}

static bool client_connect(struct mqtt_client *base, const struct mqtt_connect *options,
                           struct error *err)
{
    struct paho_client *c = client_of(base);
    struct mqtt_connect kept_to = *options;

    if (!mqtt_profile_check_connect(c->bounds.profile, options, err))
        return false;
    kept_to.keep_alive_s = mqtt_profile_keep_alive(c->bounds.profile, options->keep_alive_s);
    end_leaving(c);
    end_attempt(c);
    if (options->clean_start || options->version != c->version)
        forget_all(c);
    c->version = options->version;
    c->keep_alive_s = kept_to.keep_alive_s;
    c->expires = options->session_expiry_s != 0;
    if (!c->holding && !paho_anchor_hold(err))
        return false;
    c->holding = true;
    c->attempt = paho_attempt_new(&c->setup, c->box, ++c->attempts, &kept_to, err);
    return c->attempt != NULL;
}

static bool may_ask(struct paho_client *c, size_t filters)
{
    if (!c->connected)
        return mqtt_client_refuse(&c->base, "not connected");
    if (filters == 0 || filters > MAX_FILTERS)
        return mqtt_client_refuse(&c->base, "no filter, or more than %d", MAX_FILTERS);
    return true;
}

static bool may_subscribe(struct paho_client *c, const struct mqtt_filter *filters, size_t count)
{
    struct error err;

    if (!may_ask(c, count))
        return false;
    if (!paho_bounds_check_subscribe(&c->bounds, filters, count, &err))
        return mqtt_client_refuse(&c->base, "%s", err.text);
    if (filters[0].identifier != 0 && !c->identifiers)
        return mqtt_client_refuse(&c->base,
                                  "the broker takes no subscription identifiers (Subscription "
                                  "Identifier Available)");
    return true;
}

/* For a call that Paho does not take. */
static bool going(struct paho_client *c)
{
    return mqtt_client_refuse(&c->base, "the connection is about to end");
}

static uint16_t client_subscribe(struct mqtt_client *base, const struct mqtt_filter *filters,
                                 size_t count)
{
    struct paho_client *c = client_of(base);

    if (!may_subscribe(c, filters, count))
        return 0;
    uint16_t id = next_id(c);
    if (!paho_attempt_subscribe(c->attempt, id, filters, count))
        return going(c);
    paho_bounds_subscribe(&c->bounds, id, filters, count);
    return id;
}

static uint16_t client_unsubscribe(struct mqtt_client *base, const struct slice *filters,
                                   size_t count)
{
    struct paho_client *c = client_of(base);

    if (!may_ask(c, count))
        return 0;
    uint16_t id = next_id(c);
    if (!paho_attempt_unsubscribe(c->attempt, id, filters, count))
        return going(c);
    paho_bounds_unsubscribe(&c->bounds, filters, count);
    return id;
}

static struct kept *keep(struct paho_client *c, const struct mqtt_message *m)
{
    struct kept *k = xcalloc(1, sizeof *k);
    uint8_t *payload = xmalloc(m->payload.len + 1);

    if (m->payload.len != 0)
        memcpy(payload, m->payload.data, m->payload.len);
    k->parcel.topic = xstrndup((const char *)m->topic.data, m->topic.len);
    k->parcel.payload = slice_of(payload, m->payload.len);
    k->parcel.qos = m->qos;
    k->parcel.retain = m->retain;
    if (c->version == MQTT_5)
        paho_props_add(&k->parcel.props, &m->props);
    return k;
}

static bool may_publish(struct paho_client *c, const struct mqtt_message *m)
{
    struct error err;

    if (!c->connected)
        return mqtt_client_refuse(&c->base, "not connected");
    if (!mqtt_profile_check_publish(c->bounds.profile, m, &err))
        return mqtt_client_refuse(&c->base, "%s", err.text);
    if (m->qos > 2 || m->topic.len == 0 || memchr(m->topic.data, '\0', m->topic.len) != NULL)
        return mqtt_client_refuse(&c->base, "not a topic or not a QoS to publish with");
    if (m->qos != 0 && c->kept >= MAX_KEPT)
        return mqtt_client_refuse(&c->base,
                                  "%d messages wait for their turn or their acknowledgement "
                                  "already",
                                  MAX_KEPT);
    return true;
}

static void append(struct paho_client *c, struct kept *k)
{
    struct kept **last = &c->first;

    while (*last != NULL)
        last = &(*last)->next;
    *last = k;
    c->kept++;
}

/* QoS 0: it goes now, or waits behind what waits for the profile's pace. */
static int32_t publish_once(struct paho_client *c, struct kept *k)
{
    const struct mqtt_profile *profile = c->bounds.profile;

    if (profile == NULL || (!something_waits(c) && paho_bounds_may_send(&c->bounds))) {
        bool ok = paho_attempt_publish(c->attempt, 0, &k->parcel) || going(c);
        kept_free(k);
        return ok ? 0 : -1;
    }
    if (c->kept < MAX_KEPT) {
        append(c, k);
        return 0;
    }
    kept_free(k);
    mqtt_client_refuse(&c->base, "profile %s: more than %u messages a second, and %d wait already",
                       profile->name, profile->publishes_per_s, MAX_KEPT);
    return -1;
}

static int32_t client_publish(struct mqtt_client *base, const struct mqtt_message *m)
{
    struct paho_client *c = client_of(base);

    if (!may_publish(c, m))
        return -1;
    struct kept *k = keep(c, m);
    if (m->qos == 0)
        return publish_once(c, k);
    uint16_t id = next_id(c);
    k->packet_id = id;
    append(c, k);
    pump(c);
    return id;
}

/* ---- the client ---- */

static X509 *first_certificate(struct slice pem)
{
    BIO *bio = pem.len != 0 ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

void paho_client_set_pem(struct mqtt_client *client, struct slice pem)
{
    struct paho_setup *setup = &client_of(client)->setup;

    X509_free(setup->certificate);
    free(setup->pem);
    setup->pem = pem.len != 0 ? xstrndup((const char *)pem.data, pem.len) : NULL;
    setup->pem_len = pem.len;
    setup->certificate = first_certificate(pem);
}

struct mqtt_client *paho_client_new(struct loop *loop, const struct paho_client_config *config,
                                    const struct mqtt_client_events *events, void *ctx)
{
    static const struct mqtt_client_ops ops = {
        .free = client_free,
        .connect = client_connect,
        .subscribe = client_subscribe,
        .publish = client_publish,
        .disconnect = client_disconnect,
        .abort = client_abort,
        .unsubscribe = client_unsubscribe,
        .disconnect_with = client_disconnect_with,
    };
    struct paho_client *c = xcalloc(1, sizeof *c);

    paho_socket_watch();
    c->base = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    c->setup.uri = xstrdup(config->uri);
    c->setup.ca_file = config->ca_file != NULL ? xstrdup(config->ca_file) : NULL;
    if (config->alpn != NULL)
        c->setup.alpn = xasprintf("%c%s", (int)strlen(config->alpn), config->alpn);
    paho_client_set_pem(&c->base, config->pem);
    c->setup.insecure = config->insecure;
    c->version = MQTT_5;
    paho_bounds_init(&c->bounds, loop, config->profile, pump, c);
    c->box = paho_mailbox_new(loop, receive, c);
    return &c->base;
}
