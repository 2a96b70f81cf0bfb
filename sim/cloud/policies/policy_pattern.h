/*
 * policy_pattern.h — the patterns of policies: literal text, the wildcards `*` and `?`, variables,
 * and `${*}`, `${?}`, `${$}` for these characters themselves (contract 7.1, 7.2).
 *
 * A pattern is compiled into bytes: what stands for itself, and the codes below, up to a 0.
 */
#ifndef CLOUD_POLICIES_POLICY_PATTERN_H
#define CLOUD_POLICIES_POLICY_PATTERN_H

#include <stdint.h>

#include "cloud/policies/policy_variable.h"

#define PATTERN_END      0
#define PATTERN_STAR     1
#define PATTERN_ANY      2
#define PATTERN_VARIABLE 3 /* the next byte is its number, from 1 */

/* What a pattern is matched against, besides the text. */
struct pattern_scope {
    const struct policy_variables *variables; /* of its document */
    const struct policy_principal *who;
    bool any_case;
};

/* Free it. Adds to the document's variables. `wild`: `*` and `?` are wildcards. NULL with the
   error. */
uint8_t *policy_pattern_compile(const char *text, bool wild, struct policy_variables *variables,
                                struct error *err);
bool policy_pattern_matches(const uint8_t *pattern, const struct pattern_scope *scope,
                            const char *text);

#endif
