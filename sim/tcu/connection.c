#include "tcu/connection.h"

#include <fleetsim/topics.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "tcu/core.h"

/* The client wants these to stay until the next connect. */
struct connection_will {
    struct mqtt_will will;
    uint8_t bytes[];
};

struct connection_own {
    struct tcu_connect options; /* its slices and its will point to what follows */
    char *client_id;            /* NULL: the thing's name */
    struct connection_will *will;
};

struct connection_seen {
    bool session_present;
    uint16_t keep_alive_s;
    uint32_t session_expiry_s; /* in force */
    size_t len;
    uint8_t props[]; /* encoded */
};

struct connection_end {
    enum mqtt_close why;
    uint8_t reason_code;
    char text[];
};

/* ---- wills ---- */

static struct slice copy(uint8_t **at, struct slice s)
{
    uint8_t *to = *at;

    if (s.len != 0)
        memcpy(to, s.data, s.len);
    *at += s.len;
    return slice_of(to, s.len);
}

/* NULL if its properties are none of a will. */
static struct connection_will *copy_will(const struct mqtt_will *will, struct error *err)
{
    const struct mqtt_message *m = &will->message;
    size_t props_len = mqtt_props_size(&m->props);
    const char *why = "too long";

    if (props_len == SIZE_MAX || m->payload.len > UINT16_MAX) {
        error_set(err, ERROR_USAGE, "will: %s", why);
        return NULL;
    }
    struct connection_will *w = xcalloc(1, sizeof *w + m->topic.len + m->payload.len + props_len);
    uint8_t *at = w->bytes;
    w->will = *will;
    w->will.message.topic = copy(&at, m->topic);
    w->will.message.payload = copy(&at, m->payload);
    mqtt_props_write(&m->props, at);
    if (mqtt_props_read(slice_of(at, props_len), MQTT_PROPS_WILL, &w->will.message.props, &why) ==
        0)
        return w;
    error_set(err, ERROR_USAGE, "will: %s", why);
    free(w);
    return NULL;
}

static struct connection_will *default_will(const struct tcu *t)
{
    static const char payload[] = "{\"status\":\"lost\"}";
    char room[ROUTE_TOPIC_MAX];
    struct mqtt_will will = {
        .message = {.payload = slice_str(payload), .qos = 1}
    };
    struct error err;

    will.message.topic = route_compose(room, tcu_topics(t)->telemetry, t->thing_name, "connection");
    return copy_will(&will, &err);
}

/* ---- what differs ---- */

static void own_free(struct connection_own *own)
{
    if (own == NULL)
        return;
    free(own->client_id);
    free(own->will);
    free(own);
}

/* As all. */
static struct connection_own *own_new(void)
{
    struct connection_own *own = xcalloc(1, sizeof *own);

    own->options =
        (struct tcu_connect){.clean_start = -1, .session_expiry_s = -1, .keep_alive_s = -1};
    return own;
}

/* 3.1.1 has no expiry: its sessions end with a clean start only. */
static bool session_over(const struct tcu *t)
{
    const struct loop *loop = t->p->loop;
    usec_t until = t->p->connection.session_until;

    return loop_is_virtual(loop) && tcu_version(t) == MQTT_5 && until != 0 &&
           loop_script_now(loop) > until;
}

struct mqtt_connect connection_options(const struct tcu *t)
{
    const struct tcu_config *c = t->p->config;
    struct connection *k = &t->p->connection;

    if (c->will && k->own == NULL) {
        k->own = own_new();
        k->own->will = default_will(t);
    }
    struct mqtt_connect o = {.version = tcu_version(t),
                             .client_id = slice_str(t->thing_name),
                             .keep_alive_s = c->keep_alive_s,
                             .session_expiry_s = c->session_expiry_s,
                             .tcp_timeout = c->tcp_timeout,
                             .tls_timeout = c->tls_timeout,
                             .connack_timeout = c->connack_timeout};
    const struct connection_own *own = k->own;
    if (own != NULL && own->options.session_expiry_s >= 0)
        o.session_expiry_s = (uint32_t)own->options.session_expiry_s;
    bool first = c->starts_anew && o.version == MQTT_5 && t->p->online_since == 0;
    o.clean_start = o.session_expiry_s == 0 || first || session_over(t);
    if (own != NULL && own->options.keep_alive_s >= 0)
        o.keep_alive_s = (uint16_t)own->options.keep_alive_s;
    o.keep_alive_s = mqtt_profile_keep_alive(c->profile, o.keep_alive_s);
    if (provision_options(t, &o) || own == NULL)
        return o;
    if (own->client_id != NULL)
        o.client_id = slice_str(own->client_id);
    if (own->options.clean_start >= 0)
        o.clean_start = own->options.clean_start != 0 || session_over(t);
    o.will = own->will != NULL ? &own->will->will : NULL;
    o.clean_start |= t->p->provision != NULL;
    return o;
}

static bool check(const struct tcu *t, const struct tcu_connect *options, struct error *err)
{
    struct mqtt_connect c = {.client_id = options->client_id, .will = options->will};

    if (options->keep_alive_s > UINT16_MAX)
        return error_set(err, ERROR_USAGE, "keep-alive: at most 65535 seconds");
    if (options->session_expiry_s > UINT32_MAX)
        return error_set(err, ERROR_USAGE, "session expiry: at most 4294967295 seconds");
    if (options->client_id.len > UINT16_MAX)
        return error_set(err, ERROR_USAGE, "client id: at most 65535 bytes");
    return mqtt_profile_check_connect(t->p->config->profile, &c, err);
}

bool tcu_configure(struct tcu *t, const struct tcu_connect *options, struct error *err)
{
    struct connection *k = &t->p->connection;

    if (!check(t, options, err))
        return false;
    struct connection_own *own = own_new();
    own->options = *options;
    own->options.will = NULL;
    if (options->client_id.data != NULL)
        own->client_id = xstrndup((const char *)options->client_id.data, options->client_id.len);
    own->options.client_id = slice_of(NULL, 0);
    if (options->will != NULL)
        own->will = copy_will(options->will, err);
    else if (t->p->config->will)
        own->will = default_will(t);
    if (options->will != NULL && own->will == NULL) {
        own_free(own);
        return false;
    }
    own_free(k->own);
    k->own = own;
    return true;
}

enum mqtt_version tcu_version(const struct tcu *t)
{
    const struct connection_own *own = t->p->connection.own;

    return own != NULL && own->options.version != 0 ? own->options.version : t->p->config->version;
}

/* ---- what the broker said ---- */

static uint32_t expiry_of(const struct tcu *t, const struct mqtt_connack *connack)
{
    if ((connack->props.present & (uint64_t)1 << MQTT_PROP_SESSION_EXPIRY_INTERVAL) != 0)
        return connack->props.session_expiry_interval;
    return connection_options(t).session_expiry_s;
}

void connection_opened(struct tcu *t, const struct mqtt_connack *connack)
{
    struct connection *k = &t->p->connection;
    struct slice assigned = connack->props.assigned_client_identifier;
    size_t len = mqtt_props_size(&connack->props);

    connection_over(t);
    if (len == SIZE_MAX)
        len = 0;
    k->seen = xmalloc(sizeof *k->seen + len);
    *k->seen = (struct connection_seen){.session_present = connack->session_present,
                                        .keep_alive_s = connack->keep_alive_s,
                                        .session_expiry_s = expiry_of(t, connack),
                                        .len = len};
    if (len != 0)
        mqtt_props_write(&connack->props, k->seen->props);
    /* With the id that it was given the car will find its session again. */
    if (assigned.len != 0 && k->own != NULL) {
        free(k->own->client_id);
        k->own->client_id = xstrndup((const char *)assigned.data, assigned.len);
    }
}

bool tcu_is_dialling(const struct tcu *t)
{
    return t->state == TCU_CONNECTING && t->p->wait != WAIT_ADMISSION;
}

bool tcu_connection(const struct tcu *t, struct tcu_connection *ret)
{
    const struct connection *k = &t->p->connection;
    const char *why;

    if (k->seen == NULL)
        return false;
    bool own_id = k->own != NULL && k->own->client_id != NULL;
    *ret =
        (struct tcu_connection){.session_present = k->seen->session_present,
                                .keep_alive_s = k->seen->keep_alive_s,
                                .version = tcu_version(t),
                                .client_id = slice_str(own_id ? k->own->client_id : t->thing_name)};
    if (mqtt_props_read(slice_of(k->seen->props, k->seen->len), MQTT_TYPE_CONNACK, &ret->props,
                        &why) != 0)
        ret->props = (struct mqtt_props){0};
    return true;
}

void connection_closed(struct tcu *t, const struct mqtt_closed *closed)
{
    struct connection *k = &t->p->connection;
    const char *text = closed->text != NULL ? closed->text : "the connection was closed";
    size_t size = strlen(text) + 1;

    k->end = xrealloc(k->end, sizeof *k->end + size);
    k->end->why = closed->why;
    k->end->reason_code = closed->reason_code;
    memcpy(k->end->text, text, size);
}

bool tcu_last_close(const struct tcu *t, struct mqtt_closed *ret)
{
    const struct connection_end *end = t->p->connection.end;

    if (end != NULL)
        *ret = (struct mqtt_closed){
            .why = end->why, .reason_code = end->reason_code, .text = end->text};
    return end != NULL;
}

void connection_leaving(struct tcu *t, const struct mqtt_props *props)
{
    struct connection_seen *seen = t->p->connection.seen;

    if (seen != NULL && (props->present & (uint64_t)1 << MQTT_PROP_SESSION_EXPIRY_INTERVAL) != 0)
        seen->session_expiry_s = props->session_expiry_interval;
}

void connection_over(struct tcu *t)
{
    struct connection *k = &t->p->connection;

    if (k->seen == NULL)
        return;
    usec_t lasts = k->seen->session_expiry_s != UINT32_MAX
                       ? k->seen->session_expiry_s * USEC_PER_SEC
                       : UINT64_MAX / 2;
    k->session_until = loop_script_now(t->p->loop) + lasts;
    free(k->seen);
    k->seen = NULL;
}

void connection_done(struct tcu *t)
{
    struct connection *k = &t->p->connection;

    connection_over(t);
    own_free(k->own);
    free(k->end);
    *k = (struct connection){0};
}
