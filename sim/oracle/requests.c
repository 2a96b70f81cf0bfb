/* The requests that a car has had, the last REQUESTS_MAX of them: by the hash of their ids. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "oracle/car.h"

enum { REQUESTS_FIRST = 4, REQUESTS_MAX = 64, ID_MAX = 64 };

struct request {
    uint64_t id;
    int64_t expires_ms; /* 0: never */
    uint8_t arrivals, executions, answers, allowed;
    bool expired; /* when it last arrived */
    bool owed;    /* it can be answered */
    bool told;
};

struct requests {
    uint64_t arriving; /* the id of the message that is being delivered; 0: none */
    uint16_t count, capacity, oldest;
    struct request items[];
};

void requests_free(struct oracle_car *c)
{
    free(c->requests);
    c->requests = NULL;
}

size_t requests_bytes(const struct oracle_car *c)
{
    return c->requests != NULL
               ? sizeof *c->requests + c->requests->capacity * sizeof *c->requests->items
               : 0;
}

static struct request *find(const struct oracle_car *c, uint64_t id)
{
    for (size_t i = 0; c->requests != NULL && i < c->requests->count; i++)
        if (c->requests->items[i].id == id)
            return &c->requests->items[i];
    return NULL;
}

static struct requests *reserve(struct oracle_car *c)
{
    struct requests *r = c->requests;
    uint16_t capacity = r != NULL ? r->capacity : 0;

    if (r != NULL && (r->count < capacity || capacity == REQUESTS_MAX))
        return r;
    capacity = (uint16_t)(capacity == 0 ? REQUESTS_FIRST : capacity * 2);
    bool fresh = r == NULL;
    r = xrealloc(r, sizeof *r + capacity * sizeof *r->items);
    if (fresh)
        *r = (struct requests){.arriving = 0};
    r->capacity = capacity;
    return c->requests = r;
}

static struct request *add(struct oracle_car *c, uint64_t id)
{
    struct requests *r = reserve(c);
    uint16_t place = r->count;

    if (r->count < r->capacity) {
        r->count++;
    } else {
        place = r->oldest;
        r->oldest = (uint16_t)((r->oldest + 1) % r->capacity);
    }
    r->items[place] = (struct request){.id = id};
    return &r->items[place];
}

static void more(uint8_t *count)
{
    if (*count < UINT8_MAX)
        (*count)++;
}

/* ---- arriving ---- */

static uint64_t id_of(const struct json_value *doc, const struct mqtt_message *m)
{
    char room[6 * ID_MAX + 1];
    struct json_value item;

    if (json_find(doc, "requestId", &item))
        return json_text(&item, room, sizeof room) && room[0] != '\0' && strlen(room) <= ID_MAX
                   ? hash_text(room)
                   : 0;
    if (mqtt_props_has(&m->props, MQTT_PROP_CORRELATION_DATA) &&
        m->props.correlation_data.len != 0 && m->props.correlation_data.len <= ID_MAX)
        return hash_bytes(m->props.correlation_data);
    return 0;
}

/* Plain enough that the car must answer it? */
static bool is_owed(const struct oracle_car *c, const struct json_value *doc,
                    const struct mqtt_message *m)
{
    char room[256];
    struct json_value item;
    struct slice topic = slice_of(NULL, 0);

    if (!json_find(doc, "requestId", &item) || item.escaped)
        return false;
    if (mqtt_props_has(&m->props, MQTT_PROP_RESPONSE_TOPIC))
        topic = m->props.response_topic;
    else if (json_find(doc, "responseTopic", &item) && json_text(&item, room, sizeof room))
        topic = slice_str(room);
    struct slice rest = oracle_command_topic(c, topic);
    if (rest.len <= 9 || topic.len > 200 || memcmp(rest.data, "response/", 9) != 0)
        return false;
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] <= ' ' || rest.data[i] >= 0x7f || rest.data[i] == '+' ||
            rest.data[i] == '#')
            return false;
    return true;
}

static void requests_arrived(struct oracle_car *c, const struct mqtt_message *m)
{
    struct json_value doc, expires = {.type = JSON_NULL};

    if (!json_check(m->payload, REPLICA_DEPTH_MAX, &doc) || doc.type != JSON_OBJECT)
        return;
    uint64_t id = id_of(&doc, m);
    if (id == 0)
        return;
    struct request *r = find(c, id);
    bool first = r == NULL;
    if (first)
        r = add(c, id);
    c->requests->arriving = id;
    more(&r->arrivals);
    more(&r->allowed);
    bool dated = json_find(&doc, "expiresAt", &expires);
    double at = expires.type == JSON_NUMBER ? json_number(&expires) : 0;
    r->expires_ms = at >= 1 && at <= 0x1p53 ? (int64_t)at : 0;
    r->expired =
        dated && expires.type == JSON_NUMBER && at <= (double)loop_wall_ms(c->oracle->options.loop);
    if (first)
        r->owed = is_owed(c, &doc, m) &&
                  (!dated || expires.type == JSON_NULL || expires.type == JSON_NUMBER);
}

/* Of AWS IoT Commands: whatever it asks must be answered. */
static void execution_arrived(struct oracle_car *c, struct slice id, const struct mqtt_message *m)
{
    uint64_t hash = hash_bytes(id);
    struct request *r = find(c, hash);

    if (r == NULL) {
        r = add(c, hash);
        r->owed = true;
    }
    c->requests->arriving = hash;
    more(&r->arrivals);
    more(&r->allowed);
    r->expired = mqtt_props_has(&m->props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL) &&
                 m->props.message_expiry_interval == 0;
}

/* "<execution>/<rest>": the execution, if that is the rest and it has an id that counts. */
static struct slice execution_id(struct slice topic, const char *rest)
{
    size_t len = strlen(rest);
    struct slice id = slice_of(topic.data, topic.len > len ? topic.len - len : 0);

    if (id.len == 0 || id.len > ID_MAX || memcmp(topic.data + id.len, rest, len) != 0 ||
        memchr(id.data, '/', id.len) != NULL)
        return slice_of(NULL, 0);
    return id;
}

void requests_heard(struct oracle_car *c, const struct mqtt_message *m)
{
    struct slice id = execution_id(oracle_execution_topic(c, m->topic), "/request/json");

    if (id.len != 0)
        execution_arrived(c, id, m);
    else if (slice_is(oracle_command_topic(c, m->topic), "request"))
        requests_arrived(c, m);
}

/* ---- executing ---- */

void requests_executed(struct oracle_car *c, const char *token)
{
    uint64_t id = hash_text(token);
    struct request *r = find(c, id);

    ORACLE_CHECK(c, ORACLE_COMMAND_ASKED_FOR, r != NULL && c->requests->arriving == id,
                 "the car executes request %s, which has not just arrived", token);
    if (r == NULL)
        return;
    ORACLE_CHECK(c, ORACLE_COMMAND_ONCE, r->executions == 0,
                 "the car executes request %s again; it had executed it before", token);
    ORACLE_CHECK(c, ORACLE_COMMAND_IN_TIME, !r->expired,
                 "the car executes request %s, which had expired at %" PRId64
                 " (ms since the epoch), %" PRId64 " ms before it arrived",
                 token, r->expires_ms, loop_wall_ms(c->oracle->options.loop) - r->expires_ms);
    more(&r->executions);
}

void requests_done(struct oracle_car *c, const char *token, bool twice)
{
    struct request *r = find(c, hash_text(token));

    if (r == NULL)
        return;
    if (twice)
        more(&r->allowed);
    /* Of many answers that wait for a connection the oldest give way. */
    r->owed = r->owed && c->state == TCU_ONLINE;
}

/* ---- answering ---- */

static void answered(struct oracle_car *c, const char *id)
{
    struct request *r = find(c, hash_text(id));

    if (r == NULL)
        return;
    more(&r->answers);
    ORACLE_CHECK(c, ORACLE_RESPONSE, r->answers <= r->allowed || r->allowed == UINT8_MAX,
                 "request %s arrived %u time%s; this is its response number %u", id, r->arrivals,
                 r->arrivals == 1 ? "" : "s", r->answers);
}

void requests_said(struct oracle_car *c, const struct mqtt_message *m)
{
    struct slice topic = oracle_command_topic(c, m->topic);
    struct slice execution = execution_id(oracle_execution_topic(c, m->topic), "/response/json");
    struct json_value doc, item;
    char id[6 * ID_MAX + 1];

    if (c->requests == NULL)
        return;
    if (execution.len != 0 && json_check(m->payload, REPLICA_DEPTH_MAX, &doc) &&
        json_find(&doc, "status", &item) && item.type == JSON_STRING &&
        slice_is(item.text, "IN_PROGRESS"))
        return; /* no answer yet (contract 8.3) */
    if (execution.len != 0) {
        memcpy(id, execution.data, execution.len);
        id[execution.len] = '\0';
        answered(c, id);
    } else if (topic.len > 9 && memcmp(topic.data, "response/", 9) == 0 &&
               json_check(m->payload, REPLICA_DEPTH_MAX, &doc) &&
               json_find(&doc, "requestId", &item) && json_text(&item, id, sizeof id)) {
        answered(c, id);
    }
}

void requests_session_lost(struct oracle_car *c)
{
    for (size_t i = 0; c->requests != NULL && i < c->requests->count; i++)
        more(&c->requests->items[i].allowed);
}

void requests_settle(struct oracle_car *c)
{
    for (size_t i = 0; c->requests != NULL && i < c->requests->count; i++) {
        struct request *r = &c->requests->items[i];
        if (!r->owed || r->told)
            continue;
        r->told = r->answers == 0;
        ORACLE_CHECK(c, ORACLE_RESPONSE, r->answers != 0,
                     "a request arrived (%u time%s) and has no response", r->arrivals,
                     r->arrivals == 1 ? "" : "s");
    }
}
