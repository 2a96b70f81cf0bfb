/*
 * condition.h — what a campaign waits for: comparisons of signals, in a small language that can do
 * nothing but compare.
 *
 *     or         = and  { "||" and }
 *     and        = not  { "&&" not }
 *     not        = "!" not | "(" or ")" | comparison
 *     comparison = signal ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) value
 *     value      = number | true | false | "text"
 *
 * A signal is named by its path or its VSS path. Texts and booleans are only equal or not.
 */
#ifndef TELEMETRY_CONDITION_H
#define TELEMETRY_CONDITION_H

#include "base/error.h"
#include "tcu/signals.h"

struct condition;

/* NULL with ERROR_FAILED for what it is not; the schema must outlive it. */
struct condition *condition_parse(struct slice text, const struct signal_schema *schema,
                                  struct error *err);
void condition_free(struct condition *c);
bool condition_holds(const struct condition *c, const struct signal_table *signals);
/* Does it look at this signal? */
bool condition_uses(const struct condition *c, size_t index);

/* By path or VSS path, or -1. */
int condition_signal(const struct signal_schema *schema, struct slice name);

#endif
