/*
 * shadow_tree.h — one section (`desired` or `reported`) of a device shadow: a tree whose leaves
 * hold a value and the time it was written, so that state and metadata can never disagree.
 *
 * Names and scalar values are kept as JSON text: printing, which happens several times per update,
 * is copying. A section is built, copied and merged as a value of its own; a merge that fails
 * leaves a half-merged tree, so merge into a copy and swap.
 *
 * Rules     merge and null deletion: contract 1.3; metadata: 1.4; delta: 1.6.
 * Errors    no memory: NULL or false.
 */
#ifndef CLOUD_SHADOWS_SHADOW_TREE_H
#define CLOUD_SHADOWS_SHADOW_TREE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct shadow_node;

/* An empty section. */
struct shadow_node *shadow_tree_new(void);
/* NULL is a no-op. */
void shadow_tree_free(struct shadow_node *node);
struct shadow_node *shadow_tree_copy(const struct shadow_node *node);
bool shadow_tree_is_empty(const struct shadow_node *section);

enum shadow_merge { SHADOW_MERGED, SHADOW_TOO_LARGE, SHADOW_NO_MEMORY };

/* Merges a patch object, stamping what it writes with `now` (s). Gives up as soon as the patch
   alone brings more than `max_bytes` of values, so that the work stays bounded. */
enum shadow_merge shadow_tree_merge(struct shadow_node *section, const cJSON *patch, int64_t now,
                                    size_t max_bytes);

/* Sets the times of a section from its metadata; what does not correspond keeps its time. */
void shadow_tree_stamp(struct shadow_node *section, const cJSON *metadata);

/* The section as JSON: {"hvac":{"t":21}}. */
void shadow_tree_state(const struct shadow_node *section, struct text *to);
/* What is at "hvac.t" in it, as JSON. False: nothing, and nothing is written. */
bool shadow_tree_at(const struct shadow_node *section, const char *path, struct text *to);
/* Its metadata: {"hvac":{"t":{"timestamp":1700000010}}}. */
void shadow_tree_metadata(const struct shadow_node *section, struct text *to);
/* What desired asks for that reported does not show, and the metadata of that; either section may
   be NULL. False if there is nothing: then nothing is written. */
bool shadow_tree_delta(const struct shadow_node *desired, const struct shadow_node *reported,
                       struct text *state, struct text *metadata);

/* The metadata of a request's `state`, nulls included (contract 1.4). */
void shadow_tree_request_metadata(const cJSON *item, int64_t now, struct text *to);

#endif
