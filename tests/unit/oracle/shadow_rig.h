/* shadow_rig.h — a replica that is told JSON, and what it made of it. */
#ifndef ORACLE_TEST_SHADOW_RIG_H
#define ORACLE_TEST_SHADOW_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/rng.h"
#include "oracle/replica.h"

struct rig {
    struct replica replica;
    struct replica_room room;
    path_id wrong; /* where the last message that differed does */
    unsigned agreed, differed;
};

static inline void rig_init(struct rig *rig)
{
    *rig = (struct rig){.wrong = 0};
    rig->room.names = names_new();
    rig->room.shapes = shapes_new();
    replica_absent(&rig->replica);
}

static inline void rig_done(struct rig *rig)
{
    replica_done(&rig->replica);
    leaf_list_done(&rig->room.list);
    leaf_list_done(&rig->room.other);
    shapes_free(rig->room.shapes);
    names_free(rig->room.names);
}

enum said { SAID_ACCEPTED, SAID_DELTA, SAID_DOCUMENT };

static inline enum replica_verdict rig_take(struct rig *rig, enum said what, const char *payload,
                                            bool own)
{
    struct json_value doc, version;
    struct replica_message m = {.payload = slice_str(payload), .own = own};
    enum replica_verdict verdict, delta = REPLICA_AGREES;

    if (!json_check(m.payload, REPLICA_DEPTH_MAX, &doc) || !json_find(&doc, "state", &m.state) ||
        !json_find(&doc, "version", &version))
        fail_msg("bad test document: %s", payload);
    m.version = (uint64_t)json_number(&version);
    if (what == SAID_ACCEPTED) {
        verdict = replica_accepted(&rig->replica, &rig->room, &m);
    } else if (what == SAID_DELTA) {
        verdict = replica_delta(&rig->replica, &rig->room, &m, &rig->wrong);
    } else {
        path_id wrong;
        verdict = replica_document(&rig->replica, &rig->room, &m, &rig->wrong);
        delta = replica_document_delta(&rig->room, &m, &wrong);
        rig->wrong = delta == REPLICA_DIFFERS ? wrong : rig->wrong;
    }
    rig->agreed += verdict == REPLICA_AGREES;
    rig->differed += verdict == REPLICA_DIFFERS || delta == REPLICA_DIFFERS;
    return delta == REPLICA_DIFFERS ? delta : verdict;
}

/* Tells it, and what had waited for it. */
static inline enum replica_verdict rig_say_as(struct rig *rig, enum said what, const char *payload,
                                              bool own)
{
    enum replica_verdict verdict = rig_take(rig, what, payload, own);
    struct replica_held *h;

    while ((h = replica_take_held(&rig->replica)) != NULL) {
        char *text = strndup(h->payload, h->len);
        rig_take(rig, h->is_delta ? SAID_DELTA : SAID_ACCEPTED, text, h->own);
        free(text);
        free(h);
    }
    return verdict;
}

static inline enum replica_verdict rig_say(struct rig *rig, enum said what, const char *payload)
{
    return rig_say_as(rig, what, payload, false);
}

/* "at.this.path" of the last message that differed. */
static inline void rig_expect_wrong(const struct rig *rig, const char *path)
{
    struct buf text;

    buf_init(&text, 1000);
    if (rig->wrong != 0)
        names_write(rig->room.names, rig->wrong, &text);
    assert_string_equal(buf_cstr(&text), path);
    buf_done(&text);
}

#endif
