/* What a car says: its requests to the shadow, and its answers to commands. */
#include <inttypes.h>
#include <math.h>

#include "oracle/car.h"

enum {
    REPORTS_MAX = 16, /* in a row, accepted, without a cause: a large one comes in parts */
    SECTION_MAX = 8192,
    DEPTH_MAX = 8,
    TOKEN_MAX = 64, /* contract 1.9 */
};

/* ---- its own state ---- */

static void check_awake(struct oracle_car *c, struct slice topic)
{
    bool awake = c->state != TCU_ASLEEP && c->state != TCU_OFF;

    ORACLE_CHECK(c, ORACLE_ASLEEP_SILENT, awake,
                 "expected silence of a car that is %s; it publishes on %.*s",
                 tcu_state_name((enum tcu_state)c->state), (int)(topic.len < 200 ? topic.len : 200),
                 (const char *)topic.data);
}

static void check_subscribed(struct oracle_car *c, struct watch *s, const char *what)
{
    WATCH_CHECK(c, s, ORACLE_SUBSCRIBED_FIRST, s->subscribed,
                "shadow %s before the SUBACK for its answers: they may be lost (contract 1.1)",
                what);
}

/* ---- reports ---- */

static bool lives_there(const struct oracle_car *c, const struct watch *s, size_t index)
{
    return index != SIZE_MAX && signal_schema_def(c->map->schema, index)->shadow_slot == s->slot;
}

/* A model that was exchanged withdraws what it does not report any more. */
static bool is_right(const struct oracle_car *c, const struct watch *s, size_t index,
                     leaf_value value)
{
    bool withdrawn = leaf_kind_of(value) == LEAF_NULL;

    if (!lives_there(c, s, index))
        return withdrawn;
    if (withdrawn && (signal_schema_def(c->map->schema, index)->flags & SIGNAL_REPORTED) == 0)
        return true;
    return signal_shows(c, index, value);
}

static void check_leaf(struct oracle_car *c, struct watch *s, const struct leaf *leaf)
{
    size_t index = signal_map_index(c->map, leaf->path);
    struct names *names = c->oracle->room.names;
    struct buf text;

    if (is_right(c, s, index, leaf->value)) {
        c->oracle->checks[ORACLE_REPORT_MATCHES]++;
        return;
    }
    buf_init(&text, 1024);
    names_write(names, leaf->path, &text);
    if (index == SIZE_MAX) {
        buf_append_str(&text, " is no signal of the car");
    } else if (!lives_there(c, s, index)) {
        buf_append_str(&text, " is a signal of another shadow");
    } else {
        buf_append_str(&text, " is ");
        leaf_write(names, signal_leaf(c, index, signal_get(&c->tcu->signals, index)), &text);
    }
    buf_append_str(&text, "; the car reports ");
    leaf_write(names, leaf->value, &text);
    WATCH_CHECK(c, s, ORACLE_REPORT_MATCHES, false, "%s", buf_cstr(&text));
    buf_done(&text);
}

static void check_report(struct oracle_car *c, struct watch *s, const struct json_value *reported)
{
    struct leaf_list *list = &c->oracle->room.list;

    if (reported->type != JSON_OBJECT || !leaf_list_read(list, c->oracle->room.names, reported))
        return;
    WATCH_CHECK(c, s, ORACLE_WITHIN_LIMITS,
                list->depth <= DEPTH_MAX && reported->text.len <= SECTION_MAX,
                "the car reports %zu bytes in %u levels; at most %d in %d are allowed",
                reported->text.len, list->depth, SECTION_MAX, DEPTH_MAX);
    if (!c->oracle->options.on[ORACLE_REPORT_MATCHES] || c->tcu == NULL ||
        c->map->schema != c->tcu->signals.schema)
        return;
    for (size_t i = 0; i < list->count; i++)
        check_leaf(c, s, &list->items[i]);
}

static void check_echo(struct oracle_car *c, struct watch *s)
{
    WATCH_CHECK(c, s, ORACLE_NO_ECHO, s->reports <= REPORTS_MAX,
                "%u reports in a row were accepted although no signal changed, no order ended and "
                "nothing was asked for",
                s->reports);
    if (s->reports > REPORTS_MAX)
        s->reports = 0;
}

static void said_update(struct oracle_car *c, struct watch *s, const struct mqtt_message *m,
                        bool taken)
{
    struct envelope e;
    struct json_value reported;

    if (!oracle_envelope(c, m->payload, &e))
        return;
    WATCH_CHECK(c, s, ORACLE_WITHIN_LIMITS, e.token_len <= TOKEN_MAX,
                "the car's clientToken has %zu bytes; at most %d are allowed", e.token_len,
                TOKEN_MAX);
    if (json_find(&e.state, "reported", &reported))
        check_report(c, s, &reported);
    if (!taken)
        return;
    check_subscribed(c, s, "update");
    check_echo(c, s);
    s->token_again = e.token != 0 && e.token == s->update.token;
    s->update_answered = false;
    s->update = (struct question){.token = e.token, .floor = s->seen};
}

static void said_get(struct oracle_car *c, struct watch *s, const struct mqtt_message *m)
{
    struct envelope e;

    check_subscribed(c, s, "get");
    if (oracle_envelope(c, m->payload, &e))
        s->get = (struct question){.token = e.token, .floor = s->seen};
}

void oracle_said(struct oracle_car *c, const struct mqtt_message *m, bool taken)
{
    if (taken)
        check_awake(c, m->topic);
    if (taken && m->qos != 0)
        c->published_s = (uint32_t)(c->touched / USEC_PER_SEC);
    if (c->script_speaks) {
        oracle_caused(c);
        return;
    }
    struct slice topic = oracle_shadow_topic(c, m->topic);
    if (topic.len == 0) {
        if (taken)
            requests_said(c, m);
        return;
    }
    struct watch *s = oracle_watch_of(c, &topic);
    if (s != NULL && slice_is(topic, "update"))
        said_update(c, s, m, taken);
    else if (s != NULL && slice_is(topic, "get") && taken)
        said_get(c, s, m);
}
