/*
 * leaves.h — a section of a shadow (desired, reported) as a set of leaves, and the rules of merge
 * and delta on them, written from contract 1.3 and 1.6.
 *
 * Sorted by path. The paths of sections that look alike are shared between cars (struct shapes):
 * then a leaf takes eight bytes.
 */
#ifndef ORACLE_LEAVES_H
#define ORACLE_LEAVES_H

#include "oracle/leaf.h"

struct shape;
struct shapes;

struct leaves {
    path_id *paths; /* of the shape, if it has one, else its own */
    leaf_value *values;
    struct shape *shape; /* NULL: none */
    uint16_t count, capacity;
};

struct shapes *shapes_new(void);
/* All sets must be done. */
void shapes_free(struct shapes *s);

/* Empty without allocation: all zero. */
void leaves_done(struct leaves *l);
/* The value there; false if there is none. */
bool leaves_get(const struct leaves *l, path_id path, leaf_value *ret);
bool leaves_has_under(const struct leaves *l, const struct names *n, path_id path);
void leaves_set(struct leaves *l, path_id path, leaf_value value);
void leaves_remove(struct leaves *l, path_id path);
/* Merges a patch: null deletes, objects merge, the rest replaces. */
void leaves_merge(struct leaves *l, const struct names *n, const struct leaf_list *patch);
/* Becomes the list, which is sorted for it; nulls in it count for nothing. */
void leaves_become(struct leaves *l, struct leaf_list *list);
/* Shares its paths with other sets that have the same, if it is worth it. */
void leaves_share(struct leaves *l, struct shapes *s);
/* Do they hold the same? Empty objects are not looked at. `ret_differs`: one path where not. */
bool leaves_equal(const struct leaves *a, const struct leaves *b, path_id *ret_differs);

/* Does `desired`, whose leaf at this index is asked about, differ there from `reported`? */
enum leaves_answer { LEAVES_NO, LEAVES_YES, LEAVES_UNSURE };
enum leaves_answer leaves_outstanding(const struct leaves *desired, size_t index,
                                      const struct leaves *reported, const struct names *n);

/* The outstanding differences as a sum over leaf_mix(). */
struct leaves_sum {
    uint64_t sum;
    uint16_t count;
    bool sure; /* false: the cloud may tell one more or one less */
};
struct leaves_sum leaves_delta(const struct leaves *desired, const struct leaves *reported,
                               const struct names *n);
struct leaves_sum leaves_sum_of(const struct leaf_list *list);

#endif
