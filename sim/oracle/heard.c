/* What a car hears of its shadow, and what companions hear of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle/car.h"

enum {
    DOCUMENT_MAX = 8192, /* desired and reported together (contract 1.9) */
    DEPTH_MAX = 8,
    /* Seconds for which numbering goes on after a deletion (contract 1.5). */
    MEMORY_S = 48 * 3600,
};

/* "at locks.all" */
static const char *place_text(const struct oracle_car *c, path_id path, struct buf *room)
{
    buf_init(room, 512);
    buf_append_str(room, path != 0 ? "at " : "somewhere");
    if (path != 0)
        names_write(c->oracle->room.names, path, room);
    return buf_cstr(room);
}

static int shown(struct slice s)
{
    return (int)(s.len < 300 ? s.len : 300);
}

/* ---- versions ---- */

static void saw(struct watch *s, uint64_t version)
{
    if (version > s->seen && version <= UINT32_MAX)
        s->seen = (uint32_t)version;
}

/* The shadow is gone: numbering may begin again. */
static void forget_versions(struct watch *s)
{
    s->seen = s->get.floor = s->update.floor = 0;
}

static bool answers(const struct question *q, const struct envelope *e)
{
    return q->token != 0 && q->token == e->token;
}

/* An update that was asked for when `floor` had been seen makes a higher version (contract 1.5). */
static void check_update_version(struct oracle_car *c, struct watch *s, const struct envelope *e)
{
    if (s->update_answered || !answers(&s->update, e))
        return;
    /* The answer to the update that had this token before may come twice (contract 1.1). */
    if (s->token_again && e->version <= s->update.floor)
        return;
    WATCH_CHECK(c, s, ORACLE_VERSION_RISES, e->version > s->update.floor,
                "expected a version above %" PRIu32
                ", which the car had seen when it asked; update/accepted says %" PRIu64,
                s->update.floor, e->version);
    s->update_answered = true;
    s->reports++;
    /* What comes after it cannot be told. */
    if (e->version <= s->update.floor)
        replica_forget(&s->replica);
}

static void check_get_version(struct oracle_car *c, struct watch *s, const struct envelope *e)
{
    int64_t now_s = loop_wall_ms(c->oracle->options.loop) / 1000;
    bool forgotten = c->left_s != 0 && now_s - c->left_s >= MEMORY_S;

    if (!answers(&s->get, e))
        return;
    s->get.token = 0;
    /* It may have been deleted and made anew while nobody looked. */
    if (forgotten && e->version < s->get.floor) {
        forget_versions(s);
        return;
    }
    WATCH_CHECK(
        c, s, ORACLE_VERSION_RISES, e->version >= s->get.floor,
        "expected version %" PRIu32
        ", which the car had seen when it asked, or a later one; get/accepted says %" PRIu64,
        s->get.floor, e->version);
}

/* ---- limits ---- */

static unsigned depth_of(const struct json_value *object)
{
    struct json_value item;
    unsigned deepest = 0;

    for (struct json_cursor c = json_enter(object); json_next(&c, &item);) {
        unsigned depth = item.type == JSON_OBJECT ? depth_of(&item) : 0;
        deepest = depth + 1 > deepest ? depth + 1 : deepest;
    }
    return deepest;
}

static bool check_depth(struct oracle_car *c, struct watch *s, unsigned depth)
{
    WATCH_CHECK(c, s, ORACLE_WITHIN_LIMITS, depth <= DEPTH_MAX,
                "the cloud took a document of %u levels; at most %d are allowed", depth, DEPTH_MAX);
    return depth <= DEPTH_MAX;
}

/* Of a whole document. False: there is no use in looking on. */
static bool check_limits(struct oracle_car *c, struct watch *s, const struct envelope *e)
{
    static const char *const names[] = {"desired", "reported"};
    size_t bytes = 0;
    unsigned depth = 0;

    if (!c->oracle->options.on[ORACLE_WITHIN_LIMITS])
        return true;
    for (size_t i = 0; i < 2; i++) {
        struct json_value section;
        if (!json_find(&e->state, names[i], &section) || section.type != JSON_OBJECT)
            continue;
        unsigned levels = depth_of(&section);
        depth = levels > depth ? levels : depth;
        bytes += section.text.len;
    }
    WATCH_CHECK(c, s, ORACLE_WITHIN_LIMITS, bytes <= DOCUMENT_MAX,
                "the cloud keeps a document of %zu bytes; at most %d are allowed", bytes,
                DOCUMENT_MAX);
    return check_depth(c, s, depth) && bytes <= DOCUMENT_MAX;
}

/* ---- the document ---- */

static void take_delta(struct oracle_car *c, struct watch *s, const struct replica_message *m)
{
    path_id path;
    enum replica_verdict verdict = replica_delta(&s->replica, &c->oracle->room, m, &path);

    if (verdict != REPLICA_AGREES && verdict != REPLICA_DIFFERS)
        return;
    struct buf room;
    const char *place = verdict == REPLICA_DIFFERS ? place_text(c, path, &room) : "";
    WATCH_CHECK(c, s, ORACLE_DELTA_EXACT, verdict == REPLICA_AGREES,
                "update/delta of version %" PRIu64
                " is not desired minus reported: it differs %s; the cloud says %.*s",
                m->version, place, shown(m->state.text), (const char *)m->state.text.data);
    if (verdict == REPLICA_DIFFERS)
        buf_done(&room);
}

/* Has what is asked of the car changed? Then it has time to act. */
static void note_wishes(struct oracle_car *c, struct watch *s)
{
    uint32_t outstanding = replica_outstanding(&s->replica);

    if (outstanding == s->outstanding)
        return;
    s->outstanding = outstanding;
    s->wished_at = outstanding != 0 ? oracle_moment(c) : 0;
}

/* What had come too early. */
static void settle_held(struct oracle_car *c, struct watch *s)
{
    struct replica_held *h;

    while ((h = replica_take_held(&s->replica)) != NULL) {
        struct envelope e;
        struct slice payload = slice_of(h->payload, h->len);
        if (oracle_envelope(c, payload, &e)) {
            struct replica_message m = {
                .version = e.version, .state = e.state, .own = h->own, .payload = payload};
            if (h->is_delta)
                take_delta(c, s, &m);
            else
                replica_accepted(&s->replica, &c->oracle->room, &m);
        }
        free(h);
    }
}

static void take_accepted(struct oracle_car *c, struct watch *s, const struct envelope *e,
                          struct slice payload)
{
    struct replica_message m = {
        .version = e->version, .state = e->state, .own = e->own, .payload = payload};

    if (replica_accepted(&s->replica, &c->oracle->room, &m) != REPLICA_TAKEN)
        return;
    check_depth(c, s, c->oracle->room.depth);
    settle_held(c, s);
    note_wishes(c, s);
}

static void check_document(struct oracle_car *c, struct watch *s, enum oracle_rule rule,
                           enum replica_verdict verdict, path_id path, const char *what)
{
    struct buf room;

    if (verdict != REPLICA_AGREES && verdict != REPLICA_DIFFERS)
        return;
    const char *place = place_text(c, path, &room);
    WATCH_CHECK(c, s, rule, verdict == REPLICA_AGREES, "%s: it differs %s", what, place);
    buf_done(&room);
}

static void take_document(struct oracle_car *c, struct watch *s, const struct envelope *e,
                          struct slice payload)
{
    struct replica_message m = {.version = e->version, .state = e->state, .payload = payload};
    struct replica_room *room = &c->oracle->room;
    char what[128];
    path_id path;

    enum replica_verdict verdict = replica_document_delta(room, &m, &path);
    snprintf(what, sizeof what,
             "state.delta in get/accepted of version %" PRIu64
             " is not its desired minus its reported",
             e->version);
    check_document(c, s, ORACLE_DELTA_EXACT, verdict, path, what);
    verdict = replica_document(&s->replica, room, &m, &path);
    snprintf(what, sizeof what,
             "get/accepted of version %" PRIu64 " is not what the accepted updates add up to",
             e->version);
    check_document(c, s, ORACLE_DOCUMENT_AGREES, verdict, path, what);
    settle_held(c, s);
    note_wishes(c, s);
}

/* ---- what the car hears ---- */

static void on_accepted(struct oracle_car *c, struct watch *s, const struct envelope *e,
                        struct slice payload)
{
    if (e->version == 0 || !e->has_state)
        return;
    check_update_version(c, s, e);
    saw(s, e->version);
    take_accepted(c, s, e, payload);
}

static void on_delta(struct oracle_car *c, struct watch *s, const struct envelope *e,
                     struct slice payload)
{
    struct replica_message m = {.version = e->version, .state = e->state, .payload = payload};

    if (e->version == 0 || e->state.type != JSON_OBJECT)
        return;
    saw(s, e->version);
    take_delta(c, s, &m);
}

static void on_document(struct oracle_car *c, struct watch *s, const struct envelope *e,
                        struct slice payload)
{
    s->reports = 0;
    if (e->version == 0 || e->state.type != JSON_OBJECT)
        return;
    check_get_version(c, s, e);
    saw(s, e->version);
    if (check_limits(c, s, e))
        take_document(c, s, e, payload);
    else
        replica_forget(&s->replica);
}

static void on_update_rejected(struct oracle_car *c, struct watch *s, const struct envelope *e,
                               struct slice payload)
{
    (void)payload;
    if (s->update_answered || !answers(&s->update, e))
        return;
    s->update_answered = true;
    s->reports = 0;
    c->refused = true;
}

static void on_get_rejected(struct oracle_car *c, struct watch *s, const struct envelope *e,
                            struct slice payload)
{
    bool asked = answers(&s->get, e);
    /* It may be older than an update that was heard of meanwhile, and come twice. */
    bool latest = asked && s->seen == s->get.floor;

    (void)c;
    (void)payload;
    s->reports = 0;
    if (asked)
        s->get.token = 0;
    if (e->code != 404 || !e->own)
        return;
    forget_versions(s);
    if (latest)
        replica_absent(&s->replica);
}

static void on_deleted(struct oracle_car *c, struct watch *s, const struct envelope *e,
                       struct slice payload)
{
    (void)payload;
    s->reports = 0;
    forget_versions(s);
    if (replica_deleted(&s->replica, e->version))
        settle_held(c, s);
}

void oracle_heard(struct oracle_car *c, const struct mqtt_message *m)
{
    static const struct {
        const char *topic;
        void (*take)(struct oracle_car *c, struct watch *s, const struct envelope *e,
                     struct slice payload);
    } routes[] = {
        {"update/accepted", on_accepted       },
        {"update/delta",    on_delta          },
        {"get/accepted",    on_document       },
        {"update/rejected", on_update_rejected},
        {"get/rejected",    on_get_rejected   },
        {"delete/accepted", on_deleted        },
    };
    struct slice topic = oracle_shadow_topic(c, m->topic);
    struct envelope e;

    if (topic.len == 0) {
        requests_heard(c, m);
        return;
    }
    struct watch *s = oracle_watch_of(c, &topic);
    for (size_t i = 0; s != NULL && i < sizeof routes / sizeof *routes; i++) {
        if (!slice_is(topic, routes[i].topic))
            continue;
        if (oracle_envelope(c, m->payload, &e))
            routes[i].take(c, s, &e, m->payload);
        return;
    }
}

/* ---- what a companion hears ---- */

void oracle_car_seen(struct oracle_car *c, const char *shadow, enum oracle_sight what,
                     uint64_t version, struct slice payload)
{
    struct watch *s = oracle_watch_named(c, shadow);
    struct envelope e;

    /* Most of it the car has told already. */
    if (s == NULL ||
        (what == ORACLE_SAW_ACCEPTED && version <= s->replica.version && !s->replica.was_deleted))
        return;
    if (!oracle_envelope(c, payload, &e))
        return;
    oracle_touch(c, NO_SIGNAL);
    if (what == ORACLE_SAW_DELETED)
        on_deleted(c, s, &e, payload);
    else if (e.version == 0 || !e.has_state)
        return;
    else if (what == ORACLE_SAW_ACCEPTED)
        take_accepted(c, s, &e, payload);
    else if (e.state.type == JSON_OBJECT)
        take_document(c, s, &e, payload);
}
