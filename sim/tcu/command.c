#include "tcu/command.h"

#include <fleetsim/topics.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/xmem.h"
#include "tcu/core.h"
#include "tcu/desired.h"
#include "tcu/json_out.h"
#include "tcu/order.h"
#include "tcu/progress.h"

enum {
    ID_MAX = 64,
    ANSWER_MAX = 16 * 1024,
    CODE_MAX = 64,         /* contract 8.2 */
    DESCRIPTION_MAX = 1024 /* contract 8.2 */
};

/* How a request ended. Ids are kept as hashes: 64 bits tell the last 64 apart. */
struct command_outcome {
    uint64_t id_hash;
    int64_t completed_at; /* ms since the epoch */
    char *reason;         /* the statusReason object, or NULL */
    enum tcu_outcome outcome;
};

struct command_answer {
    struct command_answer *next;
    char *topic, *payload;
    uint8_t *correlation;
    size_t correlation_len;
    char token[ID_MAX + 1]; /* to be marked; "": a repetition */
    uint16_t packet_id;     /* 0: not sent */
};

/* A request as read; borrows from the message and its document. */
struct request {
    char id[ID_MAX + 1];
    struct slice response_topic, correlation;
    bool expired;
    struct json_value command;
    char topic_room[ROUTE_TOPIC_MAX + 1];
};

static struct command *command_of(struct tcu *t)
{
    return &t->p->command;
}

void command_init(struct tcu *t)
{
    *command_of(t) = (struct command){.outcomes = NULL};
}

static void answer_free(struct command_answer *a)
{
    free(a->topic);
    free(a->payload);
    free(a->correlation);
    free(a);
}

static void forget_outcomes(struct command *c)
{
    for (size_t i = 0; i < c->outcome_count; i++)
        free(c->outcomes[i].reason);
    free(c->outcomes);
    c->outcomes = NULL;
    c->outcome_count = c->outcome_capacity = c->outcome_next = 0;
}

void tcu_forget_requests(struct tcu *t)
{
    forget_outcomes(command_of(t));
}

void command_done(struct tcu *t)
{
    struct command *c = command_of(t);

    forget_outcomes(c);
    progress_done(t);
    while (c->answers != NULL) {
        struct command_answer *a = c->answers;
        c->answers = a->next;
        answer_free(a);
    }
    command_init(t);
}

/* ── Reasons ─────────────────────────────────────────────────────────────────────────────────── */

/* Contract 8.2: [A-Z0-9_-]{1,64}. */
static void append_code(struct buf *out, const char *code)
{
    buf_append_str(out, "\"");
    for (size_t i = 0; i < CODE_MAX && code[i] != '\0'; i++) {
        char c = code[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-')
            c = '_';
        buf_append(out, &c, 1);
    }
    buf_append_str(out, "\"");
}

/* The statusReason object, or NULL if there is nothing to say. */
static char *make_reason(enum tcu_outcome outcome, const char *code, const char *description)
{
    struct buf out;

    if (outcome == TCU_SUCCEEDED || (code == NULL && description == NULL))
        return NULL;
    buf_init(&out, ANSWER_MAX / 2);
    buf_append_str(&out, "{\"reasonCode\":");
    append_code(&out, code != NULL && code[0] != '\0' ? code : tcu_outcome_name(outcome));
    if (description != NULL) {
        struct slice text = slice_str(description);
        if (text.len > DESCRIPTION_MAX) {
            text.len = DESCRIPTION_MAX;
            while (text.len > DESCRIPTION_MAX - 4 && (text.data[text.len] & 0xc0) == 0x80)
                text.len--; /* not through a character */
        }
        buf_append_str(&out, ",\"reasonDescription\":");
        json_out_string(&out, text);
    }
    buf_append_str(&out, "}");
    char *reason = xstrdup(buf_cstr(&out));
    buf_done(&out);
    return reason;
}

/* ── Memory of outcomes ─────────────────────────────────────────────────────────────────────── */

static const struct command_outcome *recall(struct tcu *t, const char *id)
{
    const struct command *c = command_of(t);
    uint64_t h = hash_text(id);

    for (size_t i = 0; i < c->outcome_count; i++)
        if (c->outcomes[i].id_hash == h)
            return &c->outcomes[i];
    return NULL;
}

static const struct command_outcome *remember(struct tcu *t, const char *id,
                                              enum tcu_outcome outcome, const char *reason_code,
                                              const char *description)
{
    struct command *c = command_of(t);

    if (c->outcome_count == c->outcome_capacity && c->outcome_capacity < COMMAND_REMEMBERED) {
        c->outcome_capacity = c->outcome_capacity != 0 ? c->outcome_capacity * 2 : 4;
        c->outcomes = xrealloc(c->outcomes, c->outcome_capacity * sizeof *c->outcomes);
    }
    struct command_outcome *slot = &c->outcomes[c->outcome_next];
    if (c->outcome_count < c->outcome_capacity)
        slot = &c->outcomes[c->outcome_count++];
    else
        free(slot->reason);
    c->outcome_next = (uint16_t)((slot - c->outcomes + 1) % COMMAND_REMEMBERED);
    *slot = (struct command_outcome){.id_hash = hash_text(id),
                                     .completed_at = loop_wall_ms(t->p->loop),
                                     .reason = make_reason(outcome, reason_code, description),
                                     .outcome = outcome};
    return slot;
}

/* ── Answers ────────────────────────────────────────────────────────────────────────────────── */

void command_flush(struct tcu *t)
{
    uint32_t epoch = t->p->epoch;

    if (!core_connected(t))
        return;
    for (struct command_answer *a = command_of(t)->answers; a != NULL; a = a->next) {
        if (a->packet_id != 0)
            continue;
        int32_t id = core_publish(t, slice_str(a->topic), slice_str(a->payload), 1,
                                  slice_of(a->correlation, a->correlation_len));
        if (id < 0)
            return;
        a->packet_id = (uint16_t)id;
        core_mark(t, a->token, TCU_MARK_REPORTED, clock_now(), NULL);
        if (t->p->epoch != epoch)
            return;
    }
}

void command_session_lost(struct tcu *t)
{
    for (struct command_answer *a = command_of(t)->answers; a != NULL; a = a->next)
        a->packet_id = 0;
}

bool command_on_puback(struct tcu *t, uint16_t packet_id, uint8_t reason_code)
{
    struct command_answer **at = &command_of(t)->answers;

    while (*at != NULL && (*at)->packet_id != packet_id)
        at = &(*at)->next;
    struct command_answer *a = *at;
    if (a == NULL || packet_id == 0)
        return false;
    *at = a->next;
    command_flush(t);
    if (reason_code >= 0x80)
        core_note(t, TCU_NOTE_REPORT_REJECTED, "answer to request %s: PUBACK 0x%02x", a->token,
                  reason_code);
    else
        core_mark(t, a->token, TCU_MARK_REPORT_ACCEPTED, clock_now(), NULL);
    answer_free(a);
    return true;
}

/* The oldest unsent answers give way; their outcomes can still be asked for. */
static void trim(struct command *c)
{
    size_t unsent = 0;

    for (const struct command_answer *a = c->answers; a != NULL; a = a->next)
        unsent += a->packet_id == 0 ? 1 : 0;
    for (struct command_answer **at = &c->answers; unsent > COMMAND_UNSENT;) {
        struct command_answer *a = *at;
        if (a->packet_id != 0) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        answer_free(a);
        unsent--;
    }
}

/* An execution's topic says which it is, and takes what contract 8.2 has. */
static void write_answer(struct buf *out, const char *id, const struct command_outcome *o,
                         bool execution)
{
    buf_append_str(out, "{");
    if (!execution) {
        buf_append_str(out, "\"requestId\":");
        json_out_string(out, slice_str(id));
        buf_append_str(out, ",");
    }
    buf_printf(out, "\"status\":\"%s\"", tcu_outcome_name(o->outcome));
    if (o->reason != NULL) {
        buf_append_str(out, ",\"statusReason\":");
        buf_append_str(out, o->reason);
    }
    if (!execution)
        buf_printf(out, ",\"completedAt\":%" PRId64, o->completed_at);
    buf_append_str(out, "}");
}

static void answer(struct tcu *t, const char *id, const struct command_outcome *o,
                   struct slice topic, struct slice correlation, bool marked)
{
    struct command *c = command_of(t);
    struct command_answer **end = &c->answers;
    struct command_answer *a = xcalloc(1, sizeof *a);
    struct buf payload;

    buf_init(&payload, ANSWER_MAX);
    write_answer(&payload, id, o, topic.len != 0 && topic.data[0] == '$');
    a->payload = xstrdup(buf_cstr(&payload));
    buf_done(&payload);
    a->topic = xstrndup((const char *)topic.data, topic.len);
    if (correlation.len != 0) {
        a->correlation = xmalloc(correlation.len);
        memcpy(a->correlation, correlation.data, correlation.len);
        a->correlation_len = correlation.len;
    }
    if (marked)
        memcpy(a->token, id, strlen(id) + 1);
    while (*end != NULL)
        end = &(*end)->next;
    *end = a;
    trim(c);
    command_flush(t);
}

void command_order_done(struct tcu *t, const struct tcu_order *order, enum tcu_outcome outcome,
                        const char *reason_code, const char *description)
{
    const struct command_outcome *o = remember(t, order->token, outcome, reason_code, description);
    struct slice topic = slice_str(order->response_topic);
    struct slice correlation = slice_of(order->correlation, order->correlation_len);

    answer(t, order->token, o, topic, correlation, true);
    if (order->answer_twice)
        answer(t, order->token, o, topic, correlation, false);
}

/* ── Requests ───────────────────────────────────────────────────────────────────────────────── */

static bool bad_request(struct tcu *t, const char *why)
{
    core_note(t, TCU_NOTE_BAD_MESSAGE, "request: %s", why);
    return false;
}

static bool printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return s.len != 0 && json_is_utf8(s);
}

static bool read_id(struct tcu *t, const struct json_value *doc, struct request *r)
{
    char room[6 * ID_MAX];
    struct json_value item;
    struct slice id = r->correlation;

    if (json_find(doc, "requestId", &item)) {
        if (item.type != JSON_STRING)
            return bad_request(t, "requestId is not a string");
        id = item.text;
        if (item.escaped)
            id = json_text(&item, room, sizeof room) ? slice_str(room) : slice_of(NULL, 0);
    }
    if (id.data == NULL || !printable(id))
        return bad_request(t, "it has neither a requestId nor printable correlation data");
    if (id.len > ID_MAX)
        return bad_request(t, "its requestId is longer than 64 bytes");
    memcpy(r->id, id.data, id.len);
    r->id[id.len] = '\0';
    return true;
}

static bool read_response_topic(struct tcu *t, const struct json_value *doc,
                                const struct mqtt_message *m, struct request *r)
{
    char room[ROUTE_TOPIC_MAX];
    const char *pattern = tcu_topics(t)->response;
    struct slice prefix = route_compose(room, pattern, t->thing_name, "");
    struct json_value item;

    /* What stands behind the companion's place is the companion's own business. */
    prefix.len -= strlen(strstr(strstr(pattern, "%s") + 2, "%s") + 2);

    if (mqtt_props_has(&m->props, MQTT_PROP_RESPONSE_TOPIC))
        r->response_topic = m->props.response_topic;
    else if (json_find(doc, "responseTopic", &item) &&
             json_text(&item, r->topic_room, sizeof r->topic_room))
        r->response_topic = slice_str(r->topic_room);
    struct slice topic = r->response_topic;
    if (topic.len <= prefix.len || memcmp(topic.data, prefix.data, prefix.len) != 0)
        return bad_request(t, "its response topic is missing, or not one of this car's");
    if (topic.len > ROUTE_TOPIC_MAX || !printable(topic) ||
        memchr(topic.data, '+', topic.len) != NULL || memchr(topic.data, '#', topic.len) != NULL)
        return bad_request(t, "its response topic is too long, has wildcards or is no text");
    return true;
}

static bool read_request(struct tcu *t, const struct json_value *doc, const struct mqtt_message *m,
                         struct request *r)
{
    struct json_value expires = {.type = JSON_NULL};

    if (mqtt_props_has(&m->props, MQTT_PROP_CORRELATION_DATA))
        r->correlation = m->props.correlation_data;
    if (!read_response_topic(t, doc, m, r) || !read_id(t, doc, r))
        return false;
    json_find(doc, "expiresAt", &expires);
    if (expires.type != JSON_NULL && expires.type != JSON_NUMBER)
        return bad_request(t, "its expiresAt is not a number of milliseconds");
    r->expired = (expires.type == JSON_NUMBER &&
                  json_number(&expires) <= (double)loop_wall_ms(t->p->loop)) ||
                 (mqtt_props_has(&m->props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL) &&
                  m->props.message_expiry_interval == 0);
    json_find(doc, "command", &r->command);
    return true;
}

static bool in_progress(const struct tcu *t, const char *id)
{
    for (const struct tcu_order *o = t->p->open; o != NULL; o = o->next)
        if (o->kind == TCU_ORDER_REQUEST && strcmp(o->token, id) == 0)
            return true;
    return false;
}

/* Was this request seen before? Then it is answered, if it can be. */
static bool handle_repeated(struct tcu *t, const struct request *r)
{
    const struct command_outcome *o = recall(t, r->id);

    if (o == NULL && !in_progress(t, r->id))
        return false;
    if (o != NULL)
        answer(t, r->id, o, r->response_topic, r->correlation, false);
    core_note(t, TCU_NOTE_DUPLICATE_REQUEST, "%s: %s", r->id,
              o != NULL ? "answered again" : "still being executed");
    return true;
}

static void refuse(struct tcu *t, const struct request *r, enum tcu_outcome outcome,
                   const char *code, const char *description)
{
    const struct command_outcome *o = remember(t, r->id, outcome, code, description);
    answer(t, r->id, o, r->response_topic, r->correlation, true);
}

static void execute(struct tcu *t, const struct request *r, usec_t at)
{
    struct desired d;

    desired_read(&d, t->signals.schema, DESIRED_ANYWHERE, &r->command,
                 &(struct json_value){.type = JSON_NULL});
    if (d.bad != 0 || d.count == 0) {
        desired_done(&d);
        refuse(t, r, TCU_REJECTED, "INVALID_COMMAND",
               d.bad != 0 ? d.first_bad.text : "command: it names no signal");
        return;
    }
    struct signal_change *changes = xcalloc(d.count, sizeof *changes);
    for (size_t i = 0; i < d.count; i++)
        changes[i] = d.leaves[i].change;
    struct tcu_order *order =
        order_new(TCU_ORDER_REQUEST, r->id, t->signals.schema, changes, d.count);
    free(changes);
    desired_done(&d);
    order_set_response(order, r->response_topic, r->correlation);
    progress_expect(t, order);
    core_hand_out(t, order, at);
}

static void judge(struct tcu *t, const struct request *r, usec_t at)
{
    if (handle_repeated(t, r))
        return;
    if (r->expired) {
        refuse(t, r, TCU_TIMED_OUT, "EXPIRED", "the request had expired before it arrived");
        core_note(t, TCU_NOTE_EXPIRED_REQUEST, "%s", r->id);
    } else if (r->command.type != JSON_OBJECT) {
        refuse(t, r, TCU_REJECTED, "INVALID_COMMAND", "command: expected an object");
    } else {
        execute(t, r, at);
    }
}

void command_on_request(struct tcu *t, const struct mqtt_message *m, usec_t at)
{
    struct request r = {.expired = false};
    struct json_value doc;

    if (!json_check(m->payload, CORE_JSON_DEPTH, &doc) || doc.type != JSON_OBJECT)
        bad_request(t, "its payload is not a JSON object");
    else if (read_request(t, &doc, m, &r))
        judge(t, &r, at);
}

void command_on_execution(struct tcu *t, const struct mqtt_message *m, usec_t at)
{
    struct request r = {.command = {.type = JSON_NULL}};
    struct slice id = slice_of(NULL, 0);

    route_matches(TOPIC_EXECUTION_REQUEST, t->thing_name, m->topic, &id);
    if (!printable(id) || id.len > ID_MAX) {
        bad_request(t, "its execution id is empty, no text, or longer than 64 bytes");
        return;
    }
    memcpy(r.id, id.data, id.len);
    r.id[id.len] = '\0';
    r.response_topic = route_compose(r.topic_room, TOPIC_EXECUTION_RESPONSE, t->thing_name, r.id);
    r.expired = mqtt_props_has(&m->props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL) &&
                m->props.message_expiry_interval == 0;
    if (!json_check(m->payload, CORE_JSON_DEPTH, &r.command))
        r.command.type = JSON_NULL;
    judge(t, &r, at);
}
