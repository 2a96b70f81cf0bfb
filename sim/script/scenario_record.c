#include "script/scenario_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

const char *scenario_verdict_name(enum scenario_verdict verdict)
{
    static const char *const names[SCENARIO_VERDICT_COUNT] = {
        "waiting", "running", "passed", "failed", "error", "skipped", "todo"};
    return verdict < SCENARIO_VERDICT_COUNT ? names[verdict] : "?";
}

static char *copy_text(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

/* ---- of the declaration ---- */

void scenario_record_tag(struct scenario_record *r, const char *tag)
{
    if (scenario_record_has_tag(r, tag))
        return;
    r->tags = xrealloc(r->tags, (r->tag_count + 1) * sizeof *r->tags);
    r->tags[r->tag_count++] = xstrdup(tag);
}

bool scenario_record_has_tag(const struct scenario_record *r, const char *tag)
{
    for (size_t i = 0; i < r->tag_count; i++)
        if (strcmp(r->tags[i], tag) == 0)
            return true;
    return false;
}

static struct scenario_param *find_param(const struct scenario_record *r, const char *name)
{
    for (size_t i = 0; i < r->param_count; i++)
        if (strcmp(r->params[i].name, name) == 0)
            return &r->params[i];
    return NULL;
}

const struct scenario_param *scenario_record_find_param(const struct scenario_record *r,
                                                        const char *name)
{
    return find_param(r, name);
}

static void free_param(struct scenario_param *p)
{
    free(p->name);
    free(p->value);
}

void scenario_record_param(struct scenario_record *r, const char *name, const char *value,
                           bool bare, enum scenario_param_origin origin)
{
    struct scenario_param *place = find_param(r, name);

    if (place != NULL) {
        free_param(place);
    } else {
        r->params = xrealloc(r->params, (r->param_count + 1) * sizeof *r->params);
        place = &r->params[r->param_count++];
    }
    *place = (struct scenario_param){
        .name = xstrdup(name), .value = xstrdup(value), .bare = bare, .origin = origin};
}

void scenario_record_declare_as(struct scenario_record *to, const struct scenario_record *from)
{
    for (size_t i = 0; i < from->tag_count; i++)
        scenario_record_tag(to, from->tags[i]);
    for (size_t i = 0; i < from->param_count; i++)
        scenario_record_param(to, from->params[i].name, from->params[i].value, from->params[i].bare,
                              from->params[i].origin);
}

/* ---- of the run ---- */

struct scenario_step *scenario_record_step(struct scenario_record *r, struct scenario_step *parent,
                                           const char *name, usec_t now)
{
    struct scenario_step *step = xcalloc(1, sizeof *step);

    step->name = xstrdup(name);
    step->number = (unsigned)++r->step_count;
    step->parent = parent;
    step->depth = parent != NULL ? parent->depth + 1 : 0;
    step->started = now;
    step->verdict = SCENARIO_RUNNING;
    if (parent != NULL)
        parent->open++;
    if (r->last_step != NULL)
        r->last_step->next = step;
    else
        r->first_step = step;
    r->last_step = step;
    return step;
}

bool scenario_step_within(const struct scenario_step *inner, const struct scenario_step *step)
{
    while (inner != NULL && inner != step)
        inner = inner->parent;
    return inner != NULL;
}

struct scenario_step *scenario_step_running(struct scenario_step *step)
{
    while (step != NULL && step->verdict != SCENARIO_RUNNING)
        step = step->parent;
    return step;
}

static void explain(struct scenario_step *step, const char *message, const char *where)
{
    free(step->message);
    free(step->where);
    step->message = copy_text(message);
    step->where = copy_text(where);
}

static void end_one(struct scenario_step *step, enum scenario_verdict verdict, usec_t now)
{
    step->took = now - step->started;
    step->verdict = verdict;
    if (step->parent != NULL)
        step->parent->open--;
    if (verdict != SCENARIO_PASSED || step->soft == 0)
        return;
    step->verdict = SCENARIO_FAILED;
    step->message =
        xasprintf("%zu soft expectation%s did not hold", step->soft, step->soft == 1 ? "" : "s");
}

void scenario_step_end(struct scenario_step *step, enum scenario_verdict verdict,
                       const char *message, const char *where, usec_t now)
{
    if (step->verdict != SCENARIO_RUNNING)
        return;
    for (struct scenario_step *s = step->next; s != NULL && step->open > 0; s = s->next)
        if (s->verdict == SCENARIO_RUNNING && scenario_step_within(s, step))
            end_one(s, SCENARIO_SKIPPED, now);
    end_one(step, verdict, now);
    if (message != NULL)
        explain(step, message, where);
}

void scenario_record_end_steps(struct scenario_record *r, struct scenario_step *at,
                               enum scenario_verdict verdict, const char *message,
                               const char *where, usec_t now)
{
    for (struct scenario_step *s = r->first_step; s != NULL; s = s->next) {
        if (s->verdict != SCENARIO_RUNNING)
            continue;
        bool here = scenario_step_within(at, s);
        end_one(s, here ? verdict : SCENARIO_SKIPPED, now);
        if (here)
            explain(s, message, where);
    }
}

void scenario_step_path(const struct scenario_step *step, struct buf *out)
{
    if (step == NULL)
        return;
    scenario_step_path(step->parent, out);
    if (step->parent != NULL)
        buf_append_str(out, " › ");
    buf_append_str(out, step->name);
}

void scenario_record_todo(struct scenario_record *r, const char *reason)
{
    free(r->todo);
    r->todo = copy_text(reason);
}

void scenario_record_failure(struct scenario_failures *to, const char *message, const char *where,
                             struct scenario_step *step)
{
    to->count++;
    for (struct scenario_step *around = step; around != NULL; around = around->parent)
        around->soft++;
    if (to->count > SCENARIO_FAILURES_KEPT)
        return;
    struct scenario_failure *f = xcalloc(1, sizeof *f);
    f->message = xstrdup(message);
    f->where = copy_text(where);
    f->step = step;
    if (to->last != NULL)
        to->last->next = f;
    else
        to->first = f;
    to->last = f;
}

/* ---- ending ---- */

static void free_failures(struct scenario_failures *failures)
{
    for (struct scenario_failure *f = failures->first, *next; f != NULL; f = next) {
        next = f->next;
        free(f->message);
        free(f->where);
        free(f);
    }
    *failures = (struct scenario_failures){0};
}

void scenario_record_begin(struct scenario_record *r)
{
    for (struct scenario_step *s = r->first_step, *next; s != NULL; s = next) {
        next = s->next;
        free(s->name);
        free(s->message);
        free(s->where);
        free(s);
    }
    r->first_step = r->last_step = NULL;
    r->step_count = 0;
    free_failures(&r->soft);
    free_failures(&r->after);
    free(r->todo);
    r->todo = NULL;
}

void scenario_record_done(struct scenario_record *r)
{
    scenario_record_begin(r);
    for (size_t i = 0; i < r->tag_count; i++)
        free(r->tags[i]);
    free(r->tags);
    for (size_t i = 0; i < r->param_count; i++)
        free_param(&r->params[i]);
    free(r->params);
    *r = (struct scenario_record){0};
}
