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

static void check_subscribed(struct oracle_car *c, const char *what)
{
    ORACLE_CHECK(c, ORACLE_SUBSCRIBED_FIRST, c->subscribed,
                 "shadow %s before the SUBACK for its answers: they may be lost (contract 1.1)",
                 what);
}

/* ---- reports ---- */

/* A model that was exchanged withdraws what it does not report any more. */
static bool is_right(const struct oracle_car *c, size_t index, leaf_value value)
{
    bool withdrawn = leaf_kind_of(value) == LEAF_NULL;

    if (index == SIZE_MAX)
        return withdrawn;
    if (withdrawn && (signal_schema_def(c->map->schema, index)->flags & SIGNAL_REPORTED) == 0)
        return true;
    return signal_shows(c, index, value);
}

static void check_leaf(struct oracle_car *c, const struct leaf *leaf)
{
    size_t index = signal_map_index(c->map, leaf->path);
    struct names *names = c->oracle->room.names;
    struct buf text;

    if (is_right(c, index, leaf->value)) {
        c->oracle->checks[ORACLE_REPORT_MATCHES]++;
        return;
    }
    buf_init(&text, 1024);
    names_write(names, leaf->path, &text);
    if (index == SIZE_MAX) {
        buf_append_str(&text, " is no signal of the car");
    } else {
        buf_append_str(&text, " is ");
        leaf_write(names, signal_leaf(c, index, signal_get(&c->tcu->signals, index)), &text);
    }
    buf_append_str(&text, "; the car reports ");
    leaf_write(names, leaf->value, &text);
    ORACLE_CHECK(c, ORACLE_REPORT_MATCHES, false, "%s", buf_cstr(&text));
    buf_done(&text);
}

static void check_report(struct oracle_car *c, const struct json_value *reported)
{
    struct leaf_list *list = &c->oracle->room.list;

    if (reported->type != JSON_OBJECT || !leaf_list_read(list, c->oracle->room.names, reported))
        return;
    ORACLE_CHECK(c, ORACLE_WITHIN_LIMITS,
                 list->depth <= DEPTH_MAX && reported->text.len <= SECTION_MAX,
                 "the car reports %zu bytes in %u levels; at most %d in %d are allowed",
                 reported->text.len, list->depth, SECTION_MAX, DEPTH_MAX);
    if (!c->oracle->options.on[ORACLE_REPORT_MATCHES] || c->tcu == NULL ||
        c->map->schema != c->tcu->signals.schema)
        return;
    for (size_t i = 0; i < list->count; i++)
        check_leaf(c, &list->items[i]);
}

static void check_echo(struct oracle_car *c)
{
    ORACLE_CHECK(c, ORACLE_NO_ECHO, c->reports <= REPORTS_MAX,
                 "%u reports in a row were accepted although no signal changed, no order ended and "
                 "nothing was asked for",
                 c->reports);
    if (c->reports > REPORTS_MAX)
        c->reports = 0;
}

static void said_update(struct oracle_car *c, const struct mqtt_message *m, bool taken)
{
    struct envelope e;
    struct json_value reported;

    if (!oracle_envelope(c, m->payload, &e))
        return;
    ORACLE_CHECK(c, ORACLE_WITHIN_LIMITS, e.token_len <= TOKEN_MAX,
                 "the car's clientToken has %zu bytes; at most %d are allowed", e.token_len,
                 TOKEN_MAX);
    if (json_find(&e.state, "reported", &reported))
        check_report(c, &reported);
    if (!taken)
        return;
    check_subscribed(c, "update");
    check_echo(c);
    c->token_again = e.token != 0 && e.token == c->update.token;
    c->update_answered = false;
    c->update = (struct question){.token = e.token, .floor = c->seen};
}

static void said_get(struct oracle_car *c, const struct mqtt_message *m)
{
    struct envelope e;

    check_subscribed(c, "get");
    if (oracle_envelope(c, m->payload, &e))
        c->get = (struct question){.token = e.token, .floor = c->seen};
}

void oracle_said(struct oracle_car *c, const struct mqtt_message *m, bool taken)
{
    if (taken)
        check_awake(c, m->topic);
    if (taken && m->qos != 0)
        c->published_s = (uint32_t)(c->touched / USEC_PER_SEC);
    if (c->script_speaks) {
        c->reports = 0;
        return;
    }
    struct slice topic = oracle_shadow_topic(c, m->topic);
    if (slice_is(topic, "update"))
        said_update(c, m, taken);
    else if (slice_is(topic, "get") && taken)
        said_get(c, m);
    else if (topic.len == 0 && taken)
        requests_said(c, m);
}
