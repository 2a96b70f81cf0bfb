#include "script/verdict.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/story.h"

#define DETAIL_MAX     ((size_t)1 << 20)
#define TIMELINE_CARS  3
#define TIMELINE_LINES 60

void verdict_say(struct scenario *s, char *message)
{
    free(s->message);
    s->message = message;
}

void verdict_tell_cars(struct scenario *s, const char *prefix, const struct car *only)
{
    struct buf story;

    buf_init(&story, DETAIL_MAX);
    if (prefix != NULL)
        buf_append_str(&story, prefix);
    violations_write(&s->violations, &story);
    if (only != NULL)
        car_write_timeline(only, TIMELINE_LINES, &story);
    else
        car_write_timelines(s->owner.script, &s->owner, TIMELINE_CARS, TIMELINE_LINES, &story);
    free(s->detail);
    s->detail = xstrdup(buf_cstr(&story));
    buf_done(&story);
    story_take(s, only);
}

/* ---- lists of failures ---- */

static void write_failures(const struct scenario_failures *failures, struct buf *out)
{
    for (const struct scenario_failure *f = failures->first; f != NULL; f = f->next) {
        buf_printf(out, "    %s%s", f->where != NULL ? f->where : "", f->where != NULL ? ": " : "");
        buf_append_str(out, f->message);
        if (f->step != NULL) {
            buf_append_str(out, " (in step '");
            scenario_step_path(f->step, out);
            buf_append_str(out, "')");
        }
        buf_append_str(out, "\n");
    }
}

/* Puts a list of failures before the story. */
static void tell_failures(struct scenario *s, const char *heading,
                          const struct scenario_failures *failures)
{
    struct buf text;

    buf_init(&text, DETAIL_MAX);
    buf_printf(&text, "  %s\n", heading);
    write_failures(failures, &text);
    if (s->detail != NULL)
        buf_append_str(&text, s->detail);
    free(s->detail);
    s->detail = xstrdup(buf_cstr(&text));
    buf_done(&text);
}

/* ---- the oracle ---- */

/* The car that it complains of first; NULL: of none. */
static const struct car *culprit(const struct scenario *s)
{
    const struct violation *first = violations_first(&s->violations);
    const struct car *car = first != NULL ? s->owner.script->cars : NULL;

    while (car != NULL &&
           (car->owner != &s->owner || car->vehicle->identity.index != first->vehicle))
        car = car->next;
    return car;
}

bool verdict_by_oracle(struct scenario *s)
{
    char *complaint = violations_complaint(&s->violations);

    if (complaint == NULL)
        return false;
    verdict_say(s, complaint);
    verdict_tell_cars(s, NULL, culprit(s));
    return true;
}

static void count_violations(struct scenario *s)
{
    if (s->outcome == SCENARIO_PASSED && verdict_by_oracle(s))
        s->outcome = SCENARIO_FAILED;
}

/* ---- what it comes to ---- */

/* Expectations that did not hold fail what would have passed. */
static void count_soft(struct scenario *s)
{
    const struct scenario_failures *soft = &s->record.soft;

    if (soft->count == 0)
        return;
    if (s->outcome == SCENARIO_FAILED || s->outcome == SCENARIO_ERRORED) {
        tell_failures(s, "expectations that did not hold before:", soft);
        return;
    }
    if (soft->count == 1)
        verdict_say(s, xstrdup(soft->first->message));
    else
        verdict_say(s, xasprintf("%zu expectations did not hold, the first: %s", soft->count,
                                 soft->first->message));
    if (s->where == NULL && soft->first->where != NULL)
        s->where = xstrdup(soft->first->where);
    s->outcome = SCENARIO_FAILED;
    verdict_tell_cars(s, NULL, NULL);
    tell_failures(s, "expectations that did not hold:", soft);
}

static void count_todo(struct scenario *s)
{
    const char *reason = s->record.todo;

    if (reason == NULL || s->outcome == SCENARIO_SKIPPED)
        return;
    if (s->outcome == SCENARIO_PASSED) {
        verdict_say(s, xasprintf("passed, though it was to fail (%s): take t:todo away", reason));
        return;
    }
    verdict_say(s, xasprintf("%s (%s)", reason, s->message != NULL ? s->message : ""));
    s->outcome = SCENARIO_TODO;
}

void verdict_settle(struct scenario *s)
{
    count_violations(s);
    count_soft(s);
    count_todo(s);
}

void verdict_settle_after(struct scenario *s)
{
    const struct scenario_failures *after = &s->record.after;

    count_violations(s);
    if (after->count == 0)
        return;
    if (s->outcome == SCENARIO_PASSED) {
        s->outcome = SCENARIO_FAILED;
        verdict_say(s, xasprintf("after(): %s", after->first->message));
        if (s->where == NULL && after->first->where != NULL)
            s->where = xstrdup(after->first->where);
    }
    tell_failures(s, "what went wrong in after():", after);
}

void verdict_end_steps(struct scenario *s, const struct task *task, enum scenario_verdict verdict)
{
    struct scenario_step *step = task != NULL ? scenario_step_running(task_scope(task)) : NULL;

    scenario_record_end_steps(&s->record, step, verdict, s->message, s->where,
                              loop_script_now(s->owner.script->sim->loop));
    if (step == NULL || s->message == NULL || verdict == SCENARIO_SKIPPED)
        return;
    struct buf path;
    buf_init(&path, 1000);
    scenario_step_path(step, &path);
    verdict_say(s, xasprintf("%s (in step '%s')", s->message, buf_cstr(&path)));
    buf_done(&path);
}
