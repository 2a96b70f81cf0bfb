/*
 * names.h — paths and short texts of shadow documents as small numbers, one table for all cars.
 *
 * A path is its parent and a key: "locks.front_left" is a child of "locks". What all cars of a
 * model have in common is kept once; a car keeps numbers.
 *
 * Owns      its texts. Bounded: NAMES_PATHS_MAX and NAMES_TEXTS_MAX; whoever asks for more gets 0.
 */
#ifndef ORACLE_NAMES_H
#define ORACLE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json_reader.h"

#define NAMES_PATHS_MAX 65536
#define NAMES_TEXTS_MAX 4096
#define NAMES_TEXT_LEN  64 /* longer texts are not kept */

/* 0 is the root, above all keys; as an answer: no room. */
typedef uint32_t path_id;

struct names;

struct names *names_new(void);
void names_free(struct names *n);

/* The child of `parent` with that key (as it is meant, not as it is written). */
path_id names_path(struct names *n, path_id parent, struct slice key);
/* The same for a member of a JSON object; 0 also if its key is too long. */
path_id names_member(struct names *n, path_id parent, const struct json_value *member);
/* A whole path, dots between its keys. */
path_id names_dotted(struct names *n, const char *path);
path_id names_parent(const struct names *n, path_id path);
/* Are there paths below it (of any document)? */
bool names_has_children(const struct names *n, path_id path);
bool names_is_under(const struct names *n, path_id path, path_id ancestor);
/* Appends "locks.front_left". */
void names_write(const struct names *n, path_id path, struct buf *out);
/* Has the path been asked about since the last names_begin_turn()? */
void names_begin_turn(struct names *n);
bool names_seen(struct names *n, path_id path);
size_t names_count(const struct names *n);

/* The number of a text, from 1. */
uint32_t names_text(struct names *n, struct slice text);
struct slice names_text_of(const struct names *n, uint32_t id);

#endif
