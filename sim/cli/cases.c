#include "cli/cases.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xmem.h"

static enum junit_state junit_state_of(enum scenario_verdict verdict)
{
    switch (verdict) {
    case SCENARIO_PASSED:
        return JUNIT_PASSED;
    case SCENARIO_FAILED:
        return JUNIT_FAILED;
    case SCENARIO_SKIPPED:
    case SCENARIO_TODO:
        return JUNIT_SKIPPED;
    case SCENARIO_ERRORED:
    case SCENARIO_WAITING:
    case SCENARIO_RUNNING:
    case SCENARIO_VERDICT_COUNT:
        break;
    }
    return JUNIT_ERROR;
}

/* Each round's cases are cases of their own. */
static char *case_name(const struct scenario *s, uint64_t rounds)
{
    if (rounds <= 1)
        return xstrdup(s->owner.name);
    return xasprintf("%s (%u of %" PRIu64 ")", s->owner.name, s->round, rounds);
}

void cases_add(struct junit *j, struct scenario *s, uint64_t rounds)
{
    char *name = case_name(s, rounds);

    s->user = junit_case_add(junit_suite_of(j, s->file), name, NULL, s->line);
    free(name);
}

void cases_finish(const struct scenario *s)
{
    char *message = NULL;

    if (s->message != NULL)
        message = xasprintf("%s%s%s", s->where != NULL ? s->where : "",
                            s->where != NULL ? ": " : "", s->message);
    junit_case_finish(s->user, junit_state_of(s->verdict), s->took, message, s->detail);
    junit_case_set_assertions(s->user, s->assertions);
    free(message);
}
