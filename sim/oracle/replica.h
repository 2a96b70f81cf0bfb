/*
 * replica.h — one shadow of a car as the oracle knows it: kept from the documents and accepted
 * updates that anybody saw, and compared with what the cloud says of it.
 *
 * Messages of one update come in any order, more than once, or not at all (contract 1.1). A patch
 * is merged on the version right before it; one that is early waits, and so does a delta. If what
 * is missing does not come, the document is not known until the next whole one.
 *
 * Owns      its leaves, and copies of what waits.
 * Borrows   the names, shapes and lists of a struct replica_room, shared by all cars.
 */
#ifndef ORACLE_REPLICA_H
#define ORACLE_REPLICA_H

#include "oracle/leaves.h"

enum {
    REPLICA_DEPTH_MAX = 32, /* of documents that are looked at */
    REPLICA_DELTAS = 3,     /* versions whose delta is remembered */
    REPLICA_HELD_MAX = 8,
    REPLICA_LEAVES_MAX = 4096, /* of a section */
};

struct replica_room {
    struct names *names;
    struct shapes *shapes;
    struct leaf_list list, other;
    unsigned depth; /* levels of the patch that was merged last */
};

struct replica_held;

struct replica {
    uint64_t version; /* of what is known; 0: none */
    struct leaves desired, reported;
    struct {
        uint64_t sum;
        uint32_t version; /* its low bits; 0: none */
        uint16_t count;
        bool sure;
    } deltas[REPLICA_DELTAS];
    struct replica_held *held; /* NULL: nothing waits */
    path_id *foreign;          /* what others have written into reported; sorted in no way */
    uint16_t foreign_count;
    bool known;       /* the leaves are the document as of `version` */
    bool was_deleted; /* and nothing is known to have been written since */
    bool foreign_all; /* others may have written any of it */
    bool ever_known;
    uint8_t turn; /* of deltas */
};

void replica_done(struct replica *r);

/* What was said of a shadow; all of it checked JSON. */
struct replica_message {
    uint64_t version;
    struct json_value state;
    bool own; /* the car asked for it */
    /* The whole payload: copied if it has to wait. */
    struct slice payload;
};

/* What a message meant. `ret_path`, where asked for: a place at which the cloud is wrong. */
enum replica_verdict {
    REPLICA_TAKEN,   /* news */
    REPLICA_AGREES,  /* it was compared, and is right */
    REPLICA_DIFFERS, /* … and is wrong */
    REPLICA_SKIPPED, /* old, repeated, too early to tell, or nothing to compare it with */
};

/* update/accepted. What had waited for it comes from replica_take_held(). */
enum replica_verdict replica_accepted(struct replica *r, struct replica_room *room,
                                      const struct replica_message *m);
/* update/delta. */
enum replica_verdict replica_delta(struct replica *r, struct replica_room *room,
                                   const struct replica_message *m, path_id *ret_path);
/* get/accepted. Whether it agrees with what is known. */
enum replica_verdict replica_document(struct replica *r, struct replica_room *room,
                                      const struct replica_message *m, path_id *ret_path);
/* Is state.delta of this document exactly its desired minus its reported? */
enum replica_verdict replica_document_delta(struct replica_room *room,
                                            const struct replica_message *m, path_id *ret_path);
/* The next message that waited and whose turn has come: to be freed with free(), and
   handed in again. NULL: none. */
struct replica_held {
    struct replica_held *next;
    uint64_t version;
    bool is_delta, own;
    size_t len;
    char payload[];
};
struct replica_held *replica_take_held(struct replica *r);

/* It is not known any more. */
void replica_forget(struct replica *r);
/* What is outstanding, as a sum; 0: nothing, or not known. */
uint32_t replica_outstanding(const struct replica *r);
/* delete/accepted with that version, which is that of the document deleted. False: it is older than
   what is known. */
bool replica_deleted(struct replica *r, uint64_t version);
/* There is no shadow. */
void replica_absent(struct replica *r);
/* Messages may have been missed: what waits is let go. */
void replica_missed(struct replica *r);
/* Has somebody but the car written that leaf of reported last? */
bool replica_is_foreign(const struct replica *r, path_id path);

#endif
