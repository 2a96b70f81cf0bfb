#include "oracle/replica.h"

#include <stdlib.h>

#include "base/xmem.h"

enum { HELD_BYTES_MAX = 32 * 1024, FOREIGN_MAX = 64 };

static void drop_held(struct replica *r)
{
    while (r->held != NULL) {
        struct replica_held *next = r->held->next;
        free(r->held);
        r->held = next;
    }
}

static void forget_foreign(struct replica *r)
{
    free(r->foreign);
    r->foreign = NULL;
    r->foreign_count = 0;
    r->foreign_all = false;
}

static void forget(struct replica *r)
{
    leaves_done(&r->desired);
    leaves_done(&r->reported);
    r->known = false;
}

void replica_done(struct replica *r)
{
    forget(r);
    forget_foreign(r);
    drop_held(r);
    *r = (struct replica){.version = 0};
}

void replica_missed(struct replica *r)
{
    drop_held(r);
}

/* ---- who wrote what is reported ---- */

static size_t foreign_place(const struct replica *r, path_id path)
{
    size_t i = 0;

    while (i < r->foreign_count && r->foreign[i] != path)
        i++;
    return i;
}

bool replica_is_foreign(const struct replica *r, path_id path)
{
    return r->foreign_all || foreign_place(r, path) < r->foreign_count;
}

static void note_writer(struct replica *r, path_id path, bool own)
{
    size_t i = foreign_place(r, path);

    if (own && i < r->foreign_count) {
        r->foreign[i] = r->foreign[--r->foreign_count];
    } else if (!own && i == r->foreign_count) {
        if (r->foreign_count == FOREIGN_MAX) {
            r->foreign_all = true;
            return;
        }
        r->foreign = xrealloc(r->foreign, (r->foreign_count + 1u) * sizeof *r->foreign);
        r->foreign[r->foreign_count++] = path;
    }
}

static void note_writers(struct replica *r, const struct leaf_list *list, bool own)
{
    if (own && r->foreign_count == 0)
        return;
    for (size_t i = 0; i < list->count; i++)
        note_writer(r, list->items[i].path, own);
}

/* ---- deltas ---- */

static void remember_delta(struct replica *r, const struct names *names)
{
    struct leaves_sum s = leaves_delta(&r->desired, &r->reported, names);

    r->turn = (uint8_t)((r->turn + 1) % REPLICA_DELTAS);
    r->deltas[r->turn].version = (uint32_t)r->version;
    r->deltas[r->turn].sum = s.sum;
    r->deltas[r->turn].count = s.count;
    r->deltas[r->turn].sure = s.sure;
}

/* Index of that version's, or REPLICA_DELTAS. */
static size_t delta_of(const struct replica *r, uint64_t version)
{
    size_t i = 0;

    while (i < REPLICA_DELTAS && r->deltas[i].version != (uint32_t)version)
        i++;
    return i;
}

/* ---- what has to wait ---- */

static void hold(struct replica *r, const struct replica_message *m, bool is_delta)
{
    size_t count = 0;

    for (const struct replica_held *h = r->held; h != NULL; h = h->next, count++)
        if (h->version == m->version && h->is_delta == is_delta)
            return;
    if (count == REPLICA_HELD_MAX || m->payload.len > HELD_BYTES_MAX) {
        if (!is_delta) {
            drop_held(r);
            forget(r);
        }
        return;
    }
    struct replica_held *h = xmalloc(sizeof *h + m->payload.len);
    *h = (struct replica_held){.next = r->held,
                               .version = m->version,
                               .is_delta = is_delta,
                               .own = m->own,
                               .len = m->payload.len};
    memcpy(h->payload, m->payload.data, m->payload.len);
    r->held = h;
}

struct replica_held *replica_take_held(struct replica *r)
{
    for (struct replica_held **p = &r->held; *p != NULL;) {
        struct replica_held *h = *p;
        bool due = h->is_delta ? h->version <= r->version : h->version == r->version + 1;
        bool late = !h->is_delta && h->version <= r->version;
        if (!due && !late) {
            p = &h->next;
            continue;
        }
        *p = h->next;
        if (due)
            return h;
        free(h);
    }
    return NULL;
}

/* ---- patches ---- */

/* False: the patch does not tell what it means. Leaves what it read in room->list. */
static bool merge_section(struct leaves *section, struct replica_room *room,
                          const struct json_value *state, const char *name)
{
    struct json_value patch;

    room->list.count = 0;
    if (state->type == JSON_NULL) {
        leaves_done(section);
        return true;
    }
    if (!json_find(state, name, &patch))
        return true;
    if (patch.type == JSON_NULL) {
        leaves_done(section);
        return true;
    }
    if (patch.type != JSON_OBJECT || !leaf_list_read(&room->list, room->names, &patch))
        return false;
    if (room->list.depth > room->depth)
        room->depth = room->list.depth;
    leaves_merge(section, room->names, &room->list);
    leaves_share(section, room->shapes);
    return section->count <= REPLICA_LEAVES_MAX;
}

/* Is this the first update of a shadow that was not there? Numbering starts at 1, or goes on for 48
   hours after a deletion, which may count itself (contract 1.5). */
static bool begins(const struct replica *r, uint64_t version)
{
    if (r->version == 0)
        return version == 1;
    return version == r->version + 1 || version == r->version + 2;
}

static void begin_anew(struct replica *r, uint64_t version)
{
    bool known = begins(r, version);

    forget(r);
    forget_foreign(r);
    r->known = known;
    r->was_deleted = false;
}

enum replica_verdict replica_accepted(struct replica *r, struct replica_room *room,
                                      const struct replica_message *m)
{
    bool restarts = r->was_deleted && m->version == 1;

    if (m->version <= r->version && !restarts)
        return REPLICA_SKIPPED;
    if (r->was_deleted)
        begin_anew(r, m->version);
    else if (r->known && m->version != r->version + 1) {
        hold(r, m, false);
        return REPLICA_SKIPPED;
    }
    r->version = m->version;
    room->depth = 0;
    if (!r->known)
        return REPLICA_TAKEN;
    if (!merge_section(&r->desired, room, &m->state, "desired") ||
        !merge_section(&r->reported, room, &m->state, "reported")) {
        forget(r);
        return REPLICA_TAKEN;
    }
    note_writers(r, &room->list, m->own);
    remember_delta(r, room->names);
    return REPLICA_TAKEN;
}

/* A place where the list, which claims to be the delta, is wrong; 0: none found. */
static path_id find_wrong(const struct replica *r, const struct leaf_list *list,
                          const struct names *names)
{
    for (size_t i = 0; i < list->count; i++) {
        leaf_value value;
        path_id path = list->items[i].path;
        if (!leaves_get(&r->desired, path, &value) || value != list->items[i].value)
            return path;
    }
    for (size_t i = 0; i < r->desired.count; i++) {
        bool asked = leaves_outstanding(&r->desired, i, &r->reported, names) == LEAVES_YES;
        bool listed = false;
        for (size_t j = 0; j < list->count && !listed; j++)
            listed = list->items[j].path == r->desired.paths[i];
        if (asked != listed)
            return r->desired.paths[i];
    }
    return 0;
}

enum replica_verdict replica_delta(struct replica *r, struct replica_room *room,
                                   const struct replica_message *m, path_id *ret_path)
{
    size_t i = delta_of(r, m->version);

    *ret_path = 0;
    if (m->version > r->version && r->known) {
        hold(r, m, true);
        return REPLICA_SKIPPED;
    }
    if (i == REPLICA_DELTAS || !r->deltas[i].sure ||
        !leaf_list_read(&room->list, room->names, &m->state))
        return REPLICA_SKIPPED;
    struct leaves_sum said = leaves_sum_of(&room->list);
    if (said.sum == r->deltas[i].sum && said.count == r->deltas[i].count)
        return REPLICA_AGREES;
    if (m->version == r->version && r->known)
        *ret_path = find_wrong(r, &room->list, room->names);
    return REPLICA_DIFFERS;
}

/* ---- documents ---- */

/* The section of a whole document; absent or no object: empty. */
static bool read_section(struct leaf_list *list, struct replica_room *room,
                         const struct json_value *state, const char *name)
{
    struct json_value section;

    list->count = 0;
    return !json_find(state, name, &section) || section.type != JSON_OBJECT ||
           leaf_list_read(list, room->names, &section);
}

/* Reported leaves that have changed while nobody told were not written by the car, as far as is
   known. */
static void note_changes(struct replica *r, const struct leaves *before)
{
    for (size_t i = 0; i < r->reported.count; i++) {
        leaf_value old;
        path_id path = r->reported.paths[i];
        if (!leaves_get(before, path, &old) || old != r->reported.values[i])
            note_writer(r, path, false);
    }
}

/* The list becomes one section of what is known. */
static void take_section(struct leaves *section, struct replica_room *room, struct leaf_list *list)
{
    leaves_become(section, list);
    leaves_share(section, room->shapes);
}

static void take_document(struct replica *r, struct replica_room *room, uint64_t version)
{
    struct leaves before = r->reported;
    bool had = r->known, before_that = r->ever_known;

    r->reported = (struct leaves){.paths = NULL};
    take_section(&r->desired, room, &room->list);
    take_section(&r->reported, room, &room->other);
    r->version = version;
    r->known = true;
    r->was_deleted = false;
    if (had)
        note_changes(r, &before);
    else if (before_that)
        r->foreign_all = true;
    r->ever_known = true;
    leaves_done(&before);
    remember_delta(r, room->names);
}

static bool same_section(const struct leaves *known, struct leaf_list *list, path_id *ret_path)
{
    struct leaves said = {.paths = NULL};

    leaves_become(&said, list);
    bool same = leaves_equal(known, &said, ret_path);
    leaves_done(&said);
    return same;
}

enum replica_verdict replica_document(struct replica *r, struct replica_room *room,
                                      const struct replica_message *m, path_id *ret_path)
{
    *ret_path = 0;
    if (m->version < r->version && !r->was_deleted)
        return REPLICA_SKIPPED;
    if (!read_section(&room->list, room, &m->state, "desired") ||
        !read_section(&room->other, room, &m->state, "reported")) {
        forget(r);
        r->version = m->version;
        return REPLICA_TAKEN;
    }
    bool same_version = r->known && m->version == r->version && !r->was_deleted;
    if (!same_version) {
        take_document(r, room, m->version);
        return REPLICA_TAKEN;
    }
    if (same_section(&r->desired, &room->list, ret_path) &&
        same_section(&r->reported, &room->other, ret_path))
        return REPLICA_AGREES;
    take_document(r, room, m->version);
    return REPLICA_DIFFERS;
}

enum replica_verdict replica_document_delta(struct replica_room *room,
                                            const struct replica_message *m, path_id *ret_path)
{
    struct replica said = {.known = true};
    struct json_value delta;
    bool any = json_find(&m->state, "delta", &delta) && delta.type == JSON_OBJECT;

    *ret_path = 0;
    if (!read_section(&room->list, room, &m->state, "desired") ||
        !read_section(&room->other, room, &m->state, "reported"))
        return REPLICA_SKIPPED;
    leaves_become(&said.desired, &room->list);
    leaves_become(&said.reported, &room->other);
    struct leaves_sum right = leaves_delta(&said.desired, &said.reported, room->names);
    enum replica_verdict verdict = REPLICA_SKIPPED;
    room->list.count = 0;
    if (!any || leaf_list_read(&room->list, room->names, &delta)) {
        struct leaves_sum is = leaves_sum_of(&room->list);
        verdict = is.sum == right.sum && is.count == right.count ? REPLICA_AGREES : REPLICA_DIFFERS;
    }
    if (verdict == REPLICA_DIFFERS)
        *ret_path = find_wrong(&said, &room->list, room->names);
    leaves_done(&said.desired);
    leaves_done(&said.reported);
    return verdict;
}

/* ---- the end of a document ---- */

bool replica_deleted(struct replica *r, uint64_t version)
{
    if (version < r->version)
        return false;
    forget(r);
    forget_foreign(r);
    r->known = true;
    r->version = version;
    r->was_deleted = true;
    return true;
}

void replica_forget(struct replica *r)
{
    drop_held(r);
    forget(r);
}

uint32_t replica_outstanding(const struct replica *r)
{
    uint64_t sum = r->deltas[r->turn].sum;

    if (!r->known || r->deltas[r->turn].version != (uint32_t)r->version)
        return 0;
    return (uint32_t)(sum ^ sum >> 32);
}

void replica_absent(struct replica *r)
{
    drop_held(r);
    replica_deleted(r, r->version);
}
