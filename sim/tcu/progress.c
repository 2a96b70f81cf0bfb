#include "tcu/progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "tcu/core.h"

/* Made with a car's first execution. */
struct progress {
    struct loop_timer timer;
};

static void say(struct tcu *t, const struct tcu_order *order)
{
    if (core_connected(t))
        core_publish(t, slice_str(order->response_topic), slice_str("{\"status\":\"IN_PROGRESS\"}"),
                     1, slice_of(NULL, 0));
}

/* The next of the open orders that has not said it yet; 0: none. */
static usec_t next_due(const struct tcu *t)
{
    usec_t due = 0;

    for (const struct tcu_order *o = t->p->open; o != NULL; o = o->next)
        if (o->goes_on_at != 0 && (due == 0 || o->goes_on_at < due))
            due = o->goes_on_at;
    return due;
}

static void on_timer(void *arg)
{
    struct tcu *t = arg;
    usec_t now = loop_script_now(t->p->loop);

    for (struct tcu_order *o = t->p->open; o != NULL; o = o->next) {
        if (o->goes_on_at == 0 || o->goes_on_at > now)
            continue;
        o->goes_on_at = 0;
        say(t, o);
    }
    usec_t due = next_due(t);
    if (due != 0)
        loop_timer_start_script(&t->p->command.progress->timer, due - now);
}

void progress_expect(struct tcu *t, struct tcu_order *order)
{
    struct command *c = &t->p->command;
    usec_t after = t->p->config->progress_after;

    if (after == 0 || order->response_topic[0] != '$')
        return;
    if (c->progress == NULL) {
        c->progress = xcalloc(1, sizeof *c->progress);
        loop_timer_init(&c->progress->timer, t->p->loop, on_timer, t);
    }
    order->goes_on_at = loop_script_now(t->p->loop) + after;
    if (!loop_timer_active(&c->progress->timer))
        loop_timer_start_script(&c->progress->timer, after);
}

void progress_done(struct tcu *t)
{
    struct progress *progress = t->p->command.progress;

    if (progress != NULL)
        loop_timer_stop(&progress->timer);
    free(progress);
    t->p->command.progress = NULL;
}
