/*
 * leaf.h — one value of a shadow document in eight bytes, and reading documents as lists of them.
 *
 * A number is itself; short texts are kept by their number in struct names; arrays, and texts that
 * are too long or too many, by a hash of 48 bits.
 */
#ifndef ORACLE_LEAF_H
#define ORACLE_LEAF_H

#include "oracle/names.h"

/* A double, or a tag where a double would be "not a number". 0 is the number 0. */
typedef uint64_t leaf_value;

enum leaf_kind {
    LEAF_NUMBER,
    LEAF_FALSE,
    LEAF_TRUE,
    LEAF_TEXT,
    LEAF_HASH,  /* a long text or an array */
    LEAF_EMPTY, /* {} */
    LEAF_MAYBE, /* {} or nothing: the cloud may keep an emptied object (contract 1.3, rules 9, 10)
                 */
    LEAF_NULL   /* in a patch: deletes */
};

struct leaf {
    path_id path;
    leaf_value value;
};

enum leaf_kind leaf_kind_of(leaf_value value);
leaf_value leaf_plain(enum leaf_kind kind); /* without content */
leaf_value leaf_number(double number);
leaf_value leaf_text(struct names *names, struct slice text);
double leaf_number_of(leaf_value value);
leaf_value leaf_of_json(struct names *names, const struct json_value *json);
/* Appends it for people: 21, "locked", {}, … */
void leaf_write(const struct names *names, leaf_value value, struct buf *out);
/* A hash of place and value, for sums over sets of leaves. */
uint64_t leaf_mix(path_id path, leaf_value value);

/* The leaves of an object in the order written. */
struct leaf_list {
    struct leaf *items; /* owned; reused from document to document */
    size_t count, capacity;
    unsigned depth; /* keys in one another */
};

/* False if it cannot be told what it means: a name twice in an object, or no room in `names` (or
   past LEAF_LIST_MAX). The object is part of a checked text. */
#define LEAF_LIST_MAX 4096
bool leaf_list_read(struct leaf_list *list, struct names *names, const struct json_value *object);
void leaf_list_done(struct leaf_list *list);

#endif
