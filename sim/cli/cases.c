#include "cli/cases.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xmem.h"

static enum verdict_state verdict_state_of(enum scenario_verdict verdict)
{
    switch (verdict) {
    case SCENARIO_PASSED:
        return VERDICT_PASSED;
    case SCENARIO_FAILED:
        return VERDICT_FAILED;
    case SCENARIO_SKIPPED:
        return VERDICT_SKIPPED;
    case SCENARIO_TODO:
        return VERDICT_TODO;
    case SCENARIO_ERRORED:
    case SCENARIO_WAITING:
    case SCENARIO_RUNNING:
    case SCENARIO_VERDICT_COUNT:
        break;
    }
    return VERDICT_ERROR;
}

/* Each round's cases are cases of their own. */
static char *case_name(const struct scenario *s, uint64_t rounds)
{
    if (rounds <= 1)
        return xstrdup(s->owner.name);
    return xasprintf("%s (%u of %" PRIu64 ")", s->owner.name, s->round, rounds);
}

void cases_add(struct verdicts *all, struct scenario *s, uint64_t rounds)
{
    const struct scenario_record *r = &s->record;
    char *name = case_name(s, rounds);
    struct verdict_case *c = verdict_case_add(verdict_suite_of(all, s->file), name, NULL, s->line);

    s->user = c;
    free(name);
    verdict_case_set_round(c, s->round);
    for (size_t i = 0; i < r->tag_count; i++)
        verdict_case_add_tag(c, r->tags[i]);
    for (size_t i = 0; i < r->param_count; i++)
        verdict_case_add_param(c, r->params[i].name, r->params[i].value, r->params[i].bare);
}

static void add_steps(struct verdict_case *c, const struct scenario *s)
{
    for (const struct scenario_step *step = s->record.first_step; step != NULL; step = step->next)
        verdict_case_add_step(c,
                              &(struct verdict_step){
                                  .name = step->name,
                                  .depth = step->depth,
                                  .began = step->started > s->began ? step->started - s->began : 0,
                                  .duration = step->took,
                                  .state = verdict_state_of(step->verdict),
                                  .message = step->message,
                                  .where = step->where,
                              });
}

void cases_finish(const struct scenario *s)
{
    struct verdict_case *c = s->user;
    char *message = NULL;

    if (s->message != NULL)
        message = xasprintf("%s%s%s", s->where != NULL ? s->where : "",
                            s->where != NULL ? ": " : "", s->message);
    add_steps(c, s);
    verdict_case_finish(c, verdict_state_of(s->verdict), s->took, message, s->detail);
    verdict_case_set_where(c, s->where);
    verdict_case_set_assertions(c, s->assertions);
    free(message);
}

void cases_view(const struct scenario *s, struct verdict *ret)
{
    verdict_of(s->user, ret);
}
