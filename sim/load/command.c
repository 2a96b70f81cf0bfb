#include <inttypes.h>
#include <stdio.h>

#include "fleet/simulation.h"
#include "load/core.h"
#include "metrics/recorder.h"

/* More would be beyond what the recorder follows. */
#define WAITING_MAX ((size_t)RECORDER_JOURNEYS_MAX / 2)
/* So many cars in a row are found busy before a command waits for the first of them. */
#define BUSY_MAX 64
/* So many that have ended are kept behind one that has not, and twice as many as are open. */
#define ENDED_MAX 1024

void load_token(const struct load *load, uint64_t number, char *ret, size_t size)
{
    snprintf(ret, size, "%s-%" PRIu64, load->name, number);
}

/* ---- which car, and what ---- */

static uint16_t look_up_abilities(const struct load *load, const struct signal_schema *schema)
{
    uint16_t kinds = 0;

    for (size_t i = 0; i < load->kind_count; i++)
        if (signal_schema_find(schema, slice_str(load->kinds[i].signal)) >= 0)
            kinds |= (uint16_t)(1u << i);
    return kinds;
}

/* The kinds that the car can do, as bits. */
static uint16_t abilities_of(struct load *load, const struct vehicle *v)
{
    const struct signal_schema *schema = v->tcu->signals.schema;
    size_t count = sizeof load->abilities / sizeof *load->abilities;

    for (size_t i = 0; i < count; i++)
        if (load->abilities[i].schema == schema)
            return load->abilities[i].kinds;
    struct load_ability *a = &load->abilities[load->next_ability++ % count];
    *a = (struct load_ability){schema, look_up_abilities(load, schema)};
    return a->kinds;
}

/* By their shares, among those that it can do; there are some. */
static uint16_t pick_kind(struct load *load, uint16_t can)
{
    double all = 0;
    size_t last = 0;

    for (size_t i = 0; i < load->kind_count; i++)
        all += (can >> i & 1) != 0 ? load->kinds[i].share : 0;
    double at = rng_unit(&load->rng) * all;
    for (size_t i = 0; i < load->kind_count; i++) {
        if ((can >> i & 1) == 0)
            continue;
        last = i;
        at -= load->kinds[i].share;
        if (at < 0)
            break;
    }
    return (uint16_t)last;
}

static bool is_open(const struct load *load, uint64_t number)
{
    char token[JOURNEY_TOKEN_MAX];

    if (number == 0)
        return false;
    load_token(load, number, token, sizeof token);
    const struct journey *j = recorder_journey(load->recorder, token);
    return j != NULL && j->outcome == JOURNEY_OPEN;
}

/* A newer wish would replace the one that is open. */
static bool is_busy(const struct load *load, const struct load_car *car)
{
    return load->way == LOAD_BY_SHADOW && is_open(load, car->open);
}

static bool has_been_online(struct load_car *car)
{
    car->was_online |= car->v->tcu->state == TCU_ONLINE;
    return car->was_online;
}

/* ORDER CHOICE */
enum choice { CHOICE_MADE, CHOICE_ALL_BUSY, CHOICE_NONE };

/* The next car in turn that can do something and is free. */
static enum choice choose_car(struct load *load, struct load_fleet *fleet, struct load_command *c)
{
    size_t busy = 0;

    for (size_t i = 0; i < fleet->used && busy < BUSY_MAX; i++) {
        size_t at = (fleet->turn + i) % fleet->used;
        struct load_car *car = &fleet->cars[at];
        if (!has_been_online(car) || abilities_of(load, car->v) == 0)
            continue;
        if (is_busy(load, car)) {
            busy++;
            continue;
        }
        c->car = (uint32_t)at;
        fleet->turn = at + 1;
        return CHOICE_MADE;
    }
    return busy != 0 ? CHOICE_ALL_BUSY : CHOICE_NONE;
}

/* What its car is asked for. */
static void choose_wish(struct load *load, struct load_car *car, struct load_command *c)
{
    c->kind = pick_kind(load, abilities_of(load, car->v));
    c->second = (car->second >> c->kind & 1) != 0;
    car->second ^= (uint16_t)(1u << c->kind);
}

void load_command_due(struct load *load, usec_t due, bool probe)
{
    struct load_queue *q = probe ? &load->probes_waiting : &load->waiting;

    if (q->count >= WAITING_MAX) {
        load_unsent(load, "backlog");
        return;
    }
    load_queue_put(q, &(struct load_command){.due = due, .probe = probe});
    load_dispatch(load);
}

/* ---- sending ---- */

/* One that is connected and has room, in turn; NULL: none. */
static struct load_app *free_app(struct load *load)
{
    for (size_t i = 0; i < load->app_count; i++) {
        struct load_app *app = &load->apps[(load->next_app + i) % load->app_count];
        if (!load_app_ready(app) || app->in_flight >= load->in_flight)
            continue;
        load->next_app = (load->next_app + i + 1) % load->app_count;
        return app;
    }
    return NULL;
}

static struct load_app *probe_app(struct load *load)
{
    struct load_app *app = &load->apps[load->app_count];

    return load_app_ready(app) && app->in_flight < load->in_flight ? app : NULL;
}

static void note_sent(struct load *load, const struct load_command *c)
{
    struct load_command sent = *c;

    if (c->due >= load->measured_from)
        load->sources[c->probe ? LOAD_PROBES : LOAD_COMMANDS].tally.sent++;
    sent.number = load->last_number;
    sent.due = clock_now();
    load_queue_put(&load->under_way, &sent);
}

/* Sends the command that has waited longest. False: it has to wait on. */
static bool send_first(struct load *load, struct load_command *c)
{
    struct load_fleet *fleet = c->probe ? &load->probe : &load->background;
    struct load_app *app = c->probe ? probe_app(load) : free_app(load);

    if (app == NULL)
        return false;
    switch (choose_car(load, fleet, c)) {
    case CHOICE_ALL_BUSY:
        if (!c->waited)
            recorder_count(load->recorder, "load.busy", 1);
        c->waited = true;
        return false;
    case CHOICE_NONE:
        load_unsent(load, "no_car");
        return true;
    case CHOICE_MADE:
        break;
    }
    choose_wish(load, &fleet->cars[c->car], c);
    if (!load_app_send(app, c, load->last_number + 1))
        return false;
    load->last_number++;
    note_sent(load, c);
    return true;
}

static void send_waiting(struct load *load, struct load_queue *q)
{
    struct load_command *c;

    while ((c = load_queue_first(q)) != NULL && send_first(load, c))
        load_queue_drop(q);
}

void load_dispatch(struct load *load)
{
    send_waiting(load, &load->waiting);
    if (load->probes)
        send_waiting(load, &load->probes_waiting);
}

/* One that is not answered holds up all that were sent after it. */
static void let_ended_go(struct load *load)
{
    struct load_queue *q = &load->under_way;
    size_t open = recorder_journeys_open(load->recorder);

    if (q->count < ENDED_MAX + 2 * open)
        return;
    for (size_t left = q->count; left > 0; left--) {
        const struct load_command c = *load_queue_first(q);
        load_queue_drop(q);
        if (is_open(load, c.number))
            load_queue_put(q, &c);
    }
}

void load_give_up(struct load *load, usec_t now)
{
    const struct load_command *c;
    char token[JOURNEY_TOKEN_MAX];

    let_ended_go(load);
    while ((c = load_queue_first(&load->under_way)) != NULL) {
        load_token(load, c->number, token, sizeof token);
        const struct journey *j = recorder_journey(load->recorder, token);
        if (j != NULL && j->outcome == JOURNEY_OPEN) {
            if (now < c->due + load->patience)
                return;
            recorder_journey_end(load->recorder, token, JOURNEY_TIMED_OUT, now);
        }
        load_queue_drop(&load->under_way);
    }
}
