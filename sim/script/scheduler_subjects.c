/* Tasks by their subject, in chains of a hash table. */
#include <stdlib.h>

#include "base/xmem.h"
#include "script/scheduler_inside.h"

#define CHAINS_FIRST ((size_t)64)

static struct task **chain_of(const struct scheduler *s, const void *subject)
{
    uint64_t mixed = (uint64_t)(uintptr_t)subject * UINT64_C(0x9e3779b97f4a7c15);

    return &s->subjects[(size_t)(mixed >> 32) & (s->subject_chains - 1)];
}

static void link_subject(struct task *task)
{
    struct task **chain = chain_of(task->s, task->params.subject);

    task->subject_prev = NULL;
    task->subject_next = *chain;
    if (*chain != NULL)
        (*chain)->subject_prev = task;
    *chain = task;
}

static void grow_subjects(struct scheduler *s)
{
    struct task **old = s->subjects;
    size_t count = s->subject_chains;

    s->subject_chains = count != 0 ? count * 2 : CHAINS_FIRST;
    s->subjects = xcalloc(s->subject_chains, sizeof(struct task *));
    for (size_t i = 0; i < count; i++) {
        for (struct task *task = old[i], *next; task != NULL; task = next) {
            next = task->subject_next;
            link_subject(task);
        }
    }
    free(old);
}

void scheduler_enter_subject(struct task *task)
{
    struct scheduler *s = task->s;

    if (task->params.subject == NULL)
        return;
    if (s->subject_count >= s->subject_chains)
        grow_subjects(s);
    s->subject_count++;
    link_subject(task);
}

void scheduler_leave_subject(struct task *task)
{
    if (task->params.subject == NULL)
        return;
    if (task->subject_prev != NULL)
        task->subject_prev->subject_next = task->subject_next;
    else
        *chain_of(task->s, task->params.subject) = task->subject_next;
    if (task->subject_next != NULL)
        task->subject_next->subject_prev = task->subject_prev;
    task->s->subject_count--;
}

void scheduler_cancel_subject(struct scheduler *s, const void *subject)
{
    struct task *next;

    if (subject == NULL || s->subject_chains == 0)
        return;
    for (struct task *t = *chain_of(s, subject); t != NULL; t = next) {
        next = t->subject_next;
        if (t->params.subject == subject && t != s->current && !t->ending)
            task_cancel(t);
    }
}
