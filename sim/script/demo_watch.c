/* When the demo looks: as soon as something has happened to the car that is shown. */
#include <string.h>

#include "fleet/simulation.h"
#include "script/demo_core.h"

#define LOOK_EVERY (USEC_PER_SEC / 60) /* at most */
#define IDLE_EVERY (USEC_PER_SEC / 4)  /* the fleet, and what passes by itself */

/* Lines that its timeline has had: another number when anything has happened to the car. */
static size_t lines_of(const struct demo *demo)
{
    const struct timeline *t = demo->cars[demo->selected]->vehicle->timeline;

    return timeline_count(t) + timeline_gone(t);
}

static bool has_news(const struct demo *demo)
{
    return demo->fresh || demo->journey_news || lines_of(demo) != demo->seen_lines;
}

static void look(struct demo *demo)
{
    size_t lines = lines_of(demo);
    bool news = demo->fresh || lines != demo->seen_lines;

    demo->fresh = demo->journey_news = false;
    demo->seen_lines = lines;
    bool went_on = demo_look_at_journey(demo);
    demo->anew = false;
    demo->looked_at = clock_now();
    if (news) {
        demo_look(demo);
        demo_see_change(demo);
    }
    if (news || went_on)
        demo->options.seen(demo->options.ctx, &demo->scene);
}

static void on_look(void *arg)
{
    look(arg);
}

/* Before the loop goes to sleep: what the turn has brought is looked at. */
static void on_prepare(struct ev_loop *ev, ev_prepare *w, int events)
{
    struct demo *demo = w->data;

    (void)ev;
    (void)events;
    if (demo->car_count == 0 || loop_timer_active(&demo->look) || !has_news(demo))
        return;
    usec_t due = demo->looked_at + LOOK_EVERY, now = clock_now();
    loop_timer_start(&demo->look, due > now ? due - now : 0);
}

static void on_idle(void *arg)
{
    struct demo *demo = arg;
    uint32_t change = demo->scene.fleet.change;

    loop_timer_start(&demo->idle, IDLE_EVERY);
    if (demo->scene.notice[0] != '\0' && clock_now() >= demo->notice_until) {
        demo->scene.notice[0] = '\0';
        demo->fresh = true;
    }
    if (demo->car_count == 0)
        return;
    demo_look_at_fleet(demo);
    demo->fresh = demo->fresh || demo->scene.fleet.change != change;
}

static void on_journey(void *ctx, const struct journey *journey)
{
    struct demo *demo = ctx;
    const struct vehicle *v = demo->car_count != 0 ? demo->cars[demo->selected]->vehicle : NULL;

    if (v != NULL && v->identity.index == journey->vehicle_index &&
        strncmp(journey->token, JOURNEY_PAGE, strlen(JOURNEY_PAGE)) == 0)
        demo->guest = *journey;
    demo->journey_news = true;
}

void demo_watch_now(struct demo *demo)
{
    demo_look_at_fleet(demo);
    demo->fresh = true;
    look(demo);
}

void demo_watch_open(struct demo *demo)
{
    struct simulation *sim = demo->owner.script->sim;

    demo->listener =
        (struct recorder_listener){.marked = on_journey, .ended = on_journey, .ctx = demo};
    recorder_listen(sim->recorder, &demo->listener);
    loop_timer_init(&demo->look, sim->loop, on_look, demo);
    loop_timer_init(&demo->idle, sim->loop, on_idle, demo);
    loop_timer_start(&demo->idle, IDLE_EVERY);
    ev_prepare_init(&demo->prepare, on_prepare);
    demo->prepare.data = demo;
    ev_prepare_start(sim->loop->ev, &demo->prepare);
}

void demo_watch_close(struct demo *demo)
{
    struct simulation *sim = demo->owner.script->sim;

    ev_prepare_stop(sim->loop->ev, &demo->prepare);
    loop_timer_stop(&demo->look);
    loop_timer_stop(&demo->idle);
    recorder_unlisten(sim->recorder, &demo->listener);
}
