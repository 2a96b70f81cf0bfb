/* What a car, or the cloud as it sees it, does wrong on purpose: messages are changed, dropped or
   made up where they pass the tap. */
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "oracle/car.h"

enum { ROOM_MAX = 256 * 1024, ECHOES_MAX = 100, OVERSIZE = 9000 };

struct sabotage {
    uint32_t kinds;    /* bits */
    struct buf room;   /* of the message that was changed last */
    struct buf report; /* the last, with its topic */
    size_t topic_len;
    unsigned echoes;
    uint8_t leaving_code;
    bool leaving; /* its DISCONNECT waits */
};

const char *oracle_sabotage_name(enum oracle_sabotage kind)
{
    /* ORDER ORACLE_SABOTAGE */
    static const char *const names[ORACLE_SABOTAGE_COUNT] = {
        "repeats_commands", "ignores_expiry",   "invents_commands", "reports_wrong",
        "forgets_desired",  "echoes",           "talks_asleep",     "answers_twice",
        "asks_too_soon",    "version_back",     "inexact_delta",    "drops_desired",
        "stores_wrong",     "changes_document", "oversize",         "swallows_puback"};

    return (unsigned)kind < ORACLE_SABOTAGE_COUNT ? names[kind] : "?";
}

void oracle_car_sabotage(struct oracle_car *c, enum oracle_sabotage kind)
{
    if (c->sabotage == NULL) {
        c->sabotage = xcalloc(1, sizeof *c->sabotage);
        buf_init(&c->sabotage->room, ROOM_MAX);
        buf_init(&c->sabotage->report, ROOM_MAX);
    }
    c->sabotage->kinds |= UINT32_C(1) << kind;
}

bool oracle_car_sabotaged(const struct oracle_car *c, enum oracle_sabotage kind)
{
    return c->sabotage != NULL && (c->sabotage->kinds & UINT32_C(1) << kind) != 0;
}

void sabotage_free(struct oracle_car *c)
{
    if (c->sabotage == NULL)
        return;
    buf_done(&c->sabotage->room);
    buf_done(&c->sabotage->report);
    free(c->sabotage);
    c->sabotage = NULL;
}

/* ---- changing texts ---- */

/* Where `what` begins, or SIZE_MAX. */
static size_t find(struct slice text, const char *what)
{
    const uint8_t *at = text.len != 0 ? memmem(text.data, text.len, what, strlen(what)) : NULL;

    return at != NULL ? (size_t)(at - text.data) : SIZE_MAX;
}

/* Puts `with` in the place of `len` bytes at `at`. */
static void replace(struct oracle_car *c, struct mqtt_message *m, size_t at, size_t len,
                    const char *with)
{
    struct buf changed;

    buf_init(&changed, ROOM_MAX);
    buf_append(&changed, m->payload.data, at);
    buf_append_str(&changed, with);
    buf_append(&changed, m->payload.data + at + len, m->payload.len - at - len);
    buf_done(&c->sabotage->room);
    c->sabotage->room = changed;
    m->payload = buf_slice(&c->sabotage->room);
}

static size_t digits(struct slice text, size_t at)
{
    size_t n = 0;

    while (at + n < text.len && text.data[at + n] >= '0' && text.data[at + n] <= '9')
        n++;
    return n;
}

/* The first value in the object that begins behind `name`, which ends in '{'. */
static size_t first_value(struct slice text, const char *name)
{
    size_t at = find(text, name);

    if (at == SIZE_MAX)
        return SIZE_MAX;
    for (at += strlen(name); at + 2 < text.len && text.data[at] == '"'; at++) {
        const uint8_t *colon = memmem(text.data + at, text.len - at, "\":", 2);
        if (colon == NULL)
            return SIZE_MAX;
        at = (size_t)(colon - text.data) + 2;
        if (at == text.len || text.data[at] != '{')
            return at;
    }
    return SIZE_MAX;
}

/* Another value there of the same type, as far as that is easy. */
static void falsify(struct oracle_car *c, struct mqtt_message *m, const char *name)
{
    size_t at = first_value(m->payload, name);

    if (at == SIZE_MAX || at + 5 > m->payload.len)
        return;
    const uint8_t *value = m->payload.data + at;
    if (memcmp(value, "true", 4) == 0)
        replace(c, m, at, 4, "false");
    else if (memcmp(value, "false", 5) == 0)
        replace(c, m, at, 5, "true");
    else if (*value == '"' || *value == '-')
        replace(c, m, at + 1, 0, "9");
    else if (*value >= '0' && *value <= '9')
        replace(c, m, at, 0, "9");
}

/* One more member in the object that begins with `name`. */
static void add_member(struct oracle_car *c, struct mqtt_message *m, const char *name,
                       const char *member)
{
    size_t at = find(m->payload, name);

    if (at != SIZE_MAX)
        replace(c, m, at + strlen(name), 0, member);
}

static void swell(struct oracle_car *c, struct mqtt_message *m)
{
    bool reported = find(m->payload, "\"reported\":{") != SIZE_MAX;
    struct buf member;

    buf_init(&member, ROOM_MAX);
    buf_append_str(&member, reported ? "\"sabotage\":\"" : "\"reported\":{\"sabotage\":\"");
    for (int i = 0; i < OVERSIZE; i++)
        buf_append_str(&member, "x");
    buf_append_str(&member, reported ? "\"," : "\"},");
    add_member(c, m, reported ? "\"reported\":{" : "\"state\":{", buf_cstr(&member));
    buf_done(&member);
}

static void turn_back(struct oracle_car *c, struct mqtt_message *m)
{
    static const char name[] = "\"version\":";
    struct slice rest = m->payload;
    size_t at = SIZE_MAX, next;

    /* The last: the document's own comes behind its state. */
    for (size_t from = 0; (next = find(rest, name)) != SIZE_MAX;
         rest = slice_of(m->payload.data + from, m->payload.len - from)) {
        at = from + next;
        from = at + sizeof name - 1;
    }
    if (at != SIZE_MAX)
        replace(c, m, at + sizeof name - 1, digits(m->payload, at + sizeof name - 1), "1");
}

/* ---- the cloud ---- */

/* Of any of the car's shadows. */
static bool is_shadow(struct oracle_car *c, const struct mqtt_message *m, const char *what)
{
    struct slice rest = oracle_shadow_topic(c, m->topic);

    return rest.len != 0 && oracle_watch_of(c, &rest) != NULL && slice_is(rest, what);
}

bool sabotage_cloud_says(struct oracle_car *c, struct mqtt_message *m)
{
    if (is_shadow(c, m, "update/delta")) {
        if (oracle_car_sabotaged(c, ORACLE_DROPS_DESIRED))
            return false;
        if (oracle_car_sabotaged(c, ORACLE_INEXACT_DELTA))
            add_member(c, m, "\"state\":{", "\"sabotage\":1,");
    } else if (is_shadow(c, m, "update/accepted")) {
        if (oracle_car_sabotaged(c, ORACLE_VERSION_BACK))
            turn_back(c, m);
    } else if (is_shadow(c, m, "get/accepted")) {
        if (oracle_car_sabotaged(c, ORACLE_CHANGES_DOCUMENT))
            add_member(c, m, "\"reported\":{", "\"sabotage\":1,");
        if (oracle_car_sabotaged(c, ORACLE_OVERSIZE))
            swell(c, m);
    }
    return true;
}

void sabotage_cloud_hears(struct oracle_car *c, struct mqtt_message *m)
{
    if (oracle_car_sabotaged(c, ORACLE_STORES_WRONG) && is_shadow(c, m, "update"))
        falsify(c, m, "\"reported\":{");
}

/* ---- the car ---- */

static bool is_request(const struct oracle_car *c, const struct mqtt_message *m)
{
    return slice_is(oracle_command_topic(c, m->topic), "request");
}

static void never_expires(struct oracle_car *c, struct mqtt_message *m)
{
    static const char name[] = "\"expiresAt\":";
    size_t at = find(m->payload, name);

    if (at != SIZE_MAX)
        replace(c, m, at + sizeof name - 1, digits(m->payload, at + sizeof name - 1),
                "9999999999999");
}

bool sabotage_car_hears(struct oracle_car *c, struct mqtt_message *m)
{
    if (is_request(c, m)) {
        if (oracle_car_sabotaged(c, ORACLE_REPEATS_COMMANDS))
            tcu_forget_requests(c->tcu);
        if (oracle_car_sabotaged(c, ORACLE_IGNORES_EXPIRY))
            never_expires(c, m);
    } else if (oracle_car_sabotaged(c, ORACLE_FORGETS_DESIRED)) {
        size_t at = is_shadow(c, m, "get/accepted") ? find(m->payload, "\"delta\":") : SIZE_MAX;
        if (at != SIZE_MAX)
            replace(c, m, at, 7, "\"Delta\"");
        return !is_shadow(c, m, "update/delta");
    }
    return true;
}

void sabotage_car_says(struct oracle_car *c, struct mqtt_message *m)
{
    struct sabotage *s = c->sabotage;

    if (!is_shadow(c, m, "update"))
        return;
    if (oracle_car_sabotaged(c, ORACLE_REPORTS_WRONG))
        falsify(c, m, "\"reported\":{");
    if (oracle_car_sabotaged(c, ORACLE_ECHOES)) {
        buf_clear(&s->report);
        buf_append_slice(&s->report, m->topic);
        s->topic_len = m->topic.len;
        buf_append_slice(&s->report, m->payload);
    }
}

/* What comes after a message that the car has sent. */
void sabotage_car_said(struct oracle_car *c, const struct mqtt_message *m)
{
    struct slice topic = oracle_command_topic(c, m->topic);

    if (oracle_car_sabotaged(c, ORACLE_ANSWERS_TWICE) && topic.len > 9 &&
        memcmp(topic.data, "response/", 9) == 0)
        oracle_tap_publish(c, m);
}

static void echo(struct oracle_car *c)
{
    struct sabotage *s = c->sabotage;
    struct slice all = buf_slice(&s->report);

    if (all.len == 0 || s->echoes == ECHOES_MAX)
        return;
    s->echoes++;
    struct mqtt_message m = {.topic = slice_of(all.data, s->topic_len),
                             .payload = slice_of(all.data + s->topic_len, all.len - s->topic_len),
                             .qos = 1};
    oracle_tap_publish(c, &m);
}

/* The same command under another id, which nobody gave. */
static void invent(struct oracle_car *c, const struct mqtt_message *heard)
{
    static const char name[] = "\"requestId\":\"";
    struct mqtt_message m = *heard;
    size_t at = find(m.payload, name);

    if (at == SIZE_MAX || c->client.events->message == NULL)
        return;
    replace(c, &m, at + sizeof name - 1, 0, "0");
    c->client.events->message(c->client.ctx, &m);
}

void sabotage_after(struct oracle_car *c, const struct mqtt_message *heard)
{
    if (oracle_car_sabotaged(c, ORACLE_ECHOES) && is_shadow(c, heard, "update/accepted"))
        echo(c);
    if (oracle_car_sabotaged(c, ORACLE_INVENTS_COMMANDS) && is_request(c, heard))
        invent(c, heard);
}

void sabotage_connected(struct oracle_car *c)
{
    char topic[256];

    if (!oracle_car_sabotaged(c, ORACLE_ASKS_TOO_SOON))
        return;
    for (size_t i = 0; i < oracle_watch_count(c); i++) {
        snprintf(topic, sizeof topic, "$aws/things/%s/shadow/%s%s%sget", c->thing,
                 i != 0 ? "name/" : "", oracle_watch_name(c, oracle_watch(c, i)),
                 i != 0 ? "/" : "");
        struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str("{}"), .qos = 1};
        oracle_tap_publish(c, &m);
    }
}

bool sabotage_leaving(struct oracle_car *c, uint8_t reason_code)
{
    if (!oracle_car_sabotaged(c, ORACLE_TALKS_ASLEEP))
        return false;
    c->sabotage->leaving = true;
    c->sabotage->leaving_code = reason_code;
    return true;
}

void sabotage_state(struct oracle_car *c)
{
    char topic[256];

    if (!c->sabotage->leaving)
        return;
    c->sabotage->leaving = false;
    snprintf(topic, sizeof topic, "dt/fleetsim/%s/insomnia", c->thing);
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str("{}")};
    oracle_tap_publish(c, &m);
    mqtt_client_disconnect(c->inner, c->sabotage->leaving_code);
}
