/*
 * selection.h — which scenarios a run is about, by their tags.
 *
 * An expression is names with commas, "smoke,shadow": one of them is enough; with "!" before it,
 * none of them may be there. Of several expressions all must hold.
 */
#ifndef SCRIPT_SELECTION_H
#define SCRIPT_SELECTION_H

#include "base/error.h"
#include "script/scenario_record.h"

/* ERROR_USAGE for what is no expression. */
bool selection_check(const char *expression, struct error *err);
/* Expressions are checked ones. */
bool selection_has(const char *const *expressions, size_t count,
                   const struct scenario_record *record);

#endif
