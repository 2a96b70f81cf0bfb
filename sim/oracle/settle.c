/* What must hold of a car when things have gone quiet. */
#include <inttypes.h>
#include <math.h>

#include "oracle/car.h"

enum {
    /* Behind a radio, a connection may be dead for so long. */
    RADIO_PATIENCE = 300,
    /* Without keep-alive nothing tells. */
    NO_KEEP_ALIVE = 3600,
};

/* How long nothing may come although the connection stands: half as long again as keep-alive. */
static usec_t patience(const struct oracle_car *c)
{
    usec_t radio = c->client.shaped ? RADIO_PATIENCE * USEC_PER_SEC : 0;
    usec_t keep_alive = c->keep_alive_s != 0 ? c->keep_alive_s : NO_KEEP_ALIVE;

    return c->oracle->options.quiet + keep_alive * (3 * USEC_PER_SEC / 2) + radio;
}

/* ---- wishes ---- */

/* Is the leaf one that the car has to act on, and has not? */
static bool is_lost(const struct oracle_car *c, const struct watch *s, size_t i)
{
    const struct leaves *desired = &s->replica.desired;
    const struct names *names = c->oracle->room.names;
    size_t index = signal_map_index(c->map, desired->paths[i]);
    leaf_value acted;

    if (index == SIZE_MAX)
        return false;
    const struct signal_def *def = signal_schema_def(c->map->schema, index);
    if (def->shadow_slot != s->slot || (def->flags & SIGNAL_DESIRED) == 0 ||
        !signal_takes(c, index, desired->values[i]))
        return false;
    if (leaves_outstanding(desired, i, &s->replica.reported, names) != LEAVES_YES)
        return false;
    return c->answered == NULL || !leaves_get(c->answered, desired->paths[i], &acted) ||
           acted != desired->values[i];
}

static bool find_lost(const struct oracle_car *c, const struct watch *s, struct buf *text)
{
    for (size_t i = 0; i < s->replica.desired.count; i++) {
        if (!is_lost(c, s, i))
            continue;
        names_write(c->oracle->room.names, s->replica.desired.paths[i], text);
        buf_append_str(text, " is desired to be ");
        leaf_write(c->oracle->room.names, s->replica.desired.values[i], text);
        buf_printf(text, " (version %" PRIu64 "); the car, which is online, has not acted on it",
                   s->replica.version);
        return true;
    }
    return false;
}

/* ---- signals ---- */

/* May the report wait, or differ by so much (signal_def.report_every, .deadband)? */
static bool is_paced(const struct signal_def *def)
{
    return def->report_every > 0 || def->deadband > 0;
}

static bool differs(const struct oracle_car *c, const struct watch *s, size_t index)
{
    const struct signal_def *def = signal_schema_def(c->map->schema, index);
    path_id path = c->map->paths[index];
    leaf_value value;

    /* There was no room for its path: nothing is known of it. */
    if (path == 0 || def->shadow_slot != s->slot || (def->flags & SIGNAL_REPORTED) == 0 ||
        is_paced(def))
        return false;
    if (!leaves_get(&s->replica.reported, path, &value))
        value = leaf_plain(LEAF_NULL);
    return !signal_shows(c, index, value) && !replica_is_foreign(&s->replica, path);
}

static bool find_different(const struct oracle_car *c, const struct watch *s, size_t changed,
                           struct buf *text)
{
    struct names *names = c->oracle->room.names;
    size_t count = signal_schema_count(c->map->schema);
    leaf_value value;

    for (size_t i = 0; i < count; i++) {
        if (i == changed || !differs(c, s, i))
            continue;
        path_id path = c->map->paths[i];
        names_write(names, path, text);
        buf_append_str(text, " is ");
        leaf_write(names, signal_leaf(c, i, signal_get(&c->tcu->signals, i)), text);
        buf_printf(text, " in the car; the shadow (version %" PRIu64 ") says ", s->replica.version);
        if (leaves_get(&s->replica.reported, path, &value))
            leaf_write(names, value, text);
        else
            buf_append_str(text, "nothing");
        return true;
    }
    return false;
}

/* ---- judging ---- */

/* May what it has to do be judged at all? */
static bool is_judged(const struct oracle_car *c)
{
    return c->tcu != NULL && c->map->schema == c->tcu->signals.schema && c->state == TCU_ONLINE &&
           c->tcu->state == TCU_ONLINE && tcu_orders_open(c->tcu) == 0;
}

static bool is_known(const struct replica *r)
{
    return r->known && !r->was_deleted && r->held == NULL;
}

/* Is nothing under way besides? */
static bool is_settled(const struct oracle_car *c, const struct watch *s)
{
    return !c->held && !c->refused && c->unacked == 0 &&
           (s->update.token == 0 || s->update_answered) && s->get.token == 0;
}

static void judge_pubacks(struct oracle_car *c, usec_t now)
{
    usec_t since = now - c->published_s * USEC_PER_SEC;

    if (c->state != TCU_ONLINE || c->unacked == 0 || since < patience(c))
        return;
    ORACLE_CHECK(c, ORACLE_PUBACK, false,
                 "%u publish%s of QoS 1 without a PUBACK for %.1f s; the connection stands",
                 c->unacked, c->unacked == 1 ? "" : "es", (double)(since) / 1e6);
    c->unacked = 0;
}

/* What it may take before the car has to agree: its session may not have brought yet what others
   know of. */
static usec_t time_to_agree(const struct oracle_car *c, const struct watch *s)
{
    bool heard = s->seen >= s->replica.version && !c->client.shaped;

    return heard ? c->oracle->options.quiet : patience(c);
}

/* True if it may come to act on them yet. */
static bool judge_wishes(struct oracle_car *c, struct watch *s, usec_t now)
{
    struct buf text;

    if (s->wished_at == 0 || !c->oracle->options.on[ORACLE_DESIRED_NOT_LOST])
        return false;
    buf_init(&text, 1024);
    bool lost = find_lost(c, s, &text);
    bool late = now + 1 - s->wished_at >= time_to_agree(c, s);
    if (!lost || late) {
        WATCH_CHECK(c, s, ORACLE_DESIRED_NOT_LOST, !lost, "%s for %.1f s", buf_cstr(&text),
                    (double)(now + 1 - s->wished_at) / 1e6);
        s->wished_at = 0;
    }
    buf_done(&text);
    return lost && !late;
}

/* True if it may come to agree yet. */
static bool judge_twin(struct oracle_car *c, struct watch *s, usec_t now, size_t changed)
{
    usec_t quiet = now - c->touched;
    bool late = quiet >= time_to_agree(c, s);
    struct buf text;

    if (late && s->slot == 0)
        requests_settle(c);
    if (!c->oracle->options.on[ORACLE_TWIN_AGREES])
        return false;
    buf_init(&text, 1024);
    bool any = find_different(c, s, changed, &text);
    if (!any || late)
        WATCH_CHECK(c, s, ORACLE_TWIN_AGREES, !any, "%s, after %.1f s of quiet", buf_cstr(&text),
                    (double)quiet / 1e6);
    buf_done(&text);
    return any && !late;
}

enum oracle_calm oracle_judge(struct oracle_car *c, size_t changed)
{
    usec_t now = loop_script_now(c->oracle->options.loop);
    bool restless = false;

    judge_pubacks(c, now);
    if (!is_judged(c))
        return ORACLE_CALM;
    for (size_t i = 0; i < oracle_watch_count(c); i++) {
        struct watch *s = oracle_watch(c, i);
        if (!is_known(&s->replica))
            continue;
        restless |= judge_wishes(c, s, now);
        if (is_settled(c, s))
            restless |= judge_twin(c, s, now, changed);
    }
    return restless ? ORACLE_RESTLESS : ORACLE_CALM;
}

enum oracle_calm oracle_car_settle(struct oracle_car *c)
{
    return oracle_judge(c, NO_SIGNAL);
}

/* ---- a companion's idea ---- */

uint64_t oracle_car_version(struct oracle_car *c, const char *shadow)
{
    const struct watch *s = oracle_watch_named(c, shadow);

    return s != NULL && s->replica.known ? s->replica.version : 0;
}

static bool same(struct oracle_car *c, const struct leaves *known, struct slice json,
                 path_id *ret_path)
{
    struct leaf_list *list = &c->oracle->room.list;
    struct leaves said = {.paths = NULL};
    struct json_value doc;

    if (!json_check(json, REPLICA_DEPTH_MAX, &doc) || doc.type != JSON_OBJECT ||
        !leaf_list_read(list, c->oracle->room.names, &doc))
        return true;
    leaves_become(&said, list);
    bool equal = leaves_equal(known, &said, ret_path);
    leaves_done(&said);
    return equal;
}

void oracle_car_compare(struct oracle_car *c, const char *shadow, const struct oracle_idea *idea)
{
    const struct watch *s = oracle_watch_named(c, shadow);
    path_id path = 0;
    struct buf text;

    if (s == NULL || !s->replica.known || s->replica.was_deleted ||
        s->replica.version != idea->version)
        return;
    bool equal = same(c, &s->replica.desired, idea->desired, &path) &&
                 same(c, &s->replica.reported, idea->reported, &path);
    buf_init(&text, 512);
    if (path != 0)
        names_write(c->oracle->room.names, path, &text);
    WATCH_CHECK(c, s, ORACLE_TWIN_AGREES, equal,
                "%s has another idea of version %" PRIu64 " of the shadow at %s", idea->who,
                idea->version, buf_cstr(&text));
    buf_done(&text);
}
