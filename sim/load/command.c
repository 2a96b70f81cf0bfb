#include <inttypes.h>
#include <stdio.h>

#include "fleet/simulation.h"
#include "load/core.h"
#include "metrics/recorder.h"

/* More would be beyond what the recorder follows. */
#define WAITING_MAX ((size_t)RECORDER_JOURNEYS_MAX / 2)
/* So many cars in a row are found busy before a command waits for the first of them. */
#define BUSY_MAX 64

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
    uint16_t last = 0;

    for (uint16_t i = 0; i < load->kind_count; i++)
        all += (can >> i & 1) != 0 ? load->kinds[i].share : 0;
    double at = rng_unit(&load->rng) * all;
    for (uint16_t i = 0; i < load->kind_count; i++) {
        if ((can >> i & 1) == 0)
            continue;
        last = i;
        at -= load->kinds[i].share;
        if (at < 0)
            break;
    }
    return last;
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

/* The next car in turn that can do something and, if possible, is free. False: there is none. */
static bool choose_car(struct load *load, struct load_fleet *fleet, struct load_command *c)
{
    size_t busy = 0;

    for (size_t i = 0; i < fleet->count && busy < BUSY_MAX; i++) {
        size_t at = (fleet->turn + i) % fleet->count;
        struct load_car *car = &fleet->cars[at];
        if (!has_been_online(car) || abilities_of(load, car->v) == 0)
            continue;
        bool is_free = !is_busy(load, car);
        if (is_free || busy == 0)
            c->car = (uint32_t)at;
        if (is_free) {
            fleet->turn = at + 1;
            return true;
        }
        busy++;
    }
    if (busy != 0)
        fleet->turn = c->car + 1;
    return busy != 0;
}

void load_command_due(struct load *load, usec_t due, bool probe)
{
    struct load_fleet *fleet = probe ? &load->probe : &load->background;
    struct load_queue *q = probe ? &load->probes_waiting : &load->waiting;
    struct load_command c = {.due = due, .probe = probe};

    if (q->count >= WAITING_MAX) {
        load_unsent(load, "backlog");
        return;
    }
    if (!choose_car(load, fleet, &c)) {
        load_unsent(load, "no_car");
        return;
    }
    struct load_car *car = &fleet->cars[c.car];
    if (is_busy(load, car))
        recorder_count(load->recorder, "load.busy", 1);
    c.kind = pick_kind(load, abilities_of(load, car->v));
    c.second = (car->second >> c.kind & 1) != 0;
    car->second ^= (uint16_t)(1u << c.kind);
    load_queue_put(q, &c);
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

/* By shadow the first may have to wait for its car, and those behind it wait too, in their order.
 */
static void send_waiting(struct load *load, struct load_queue *q, bool probe)
{
    struct load_fleet *fleet = probe ? &load->probe : &load->background;
    struct load_command *c;

    while ((c = load_queue_first(q)) != NULL) {
        struct load_app *app = probe ? probe_app(load) : free_app(load);
        uint64_t number = load->last_number + 1;
        if (app == NULL || is_busy(load, &fleet->cars[c->car]) || !load_app_send(app, c, number))
            return;
        load->last_number = number;
        if (c->due >= load->measured_from)
            load->sources[probe ? LOAD_PROBES : LOAD_COMMANDS].tally.sent++;
        struct load_command sent = *c;
        sent.number = number;
        sent.due = clock_now();
        load_queue_drop(q);
        load_queue_put(&load->under_way, &sent);
    }
}

void load_dispatch(struct load *load)
{
    send_waiting(load, &load->waiting, false);
    if (load->probes)
        send_waiting(load, &load->probes_waiting, true);
}

void load_give_up(struct load *load, usec_t now)
{
    const struct load_command *c;
    char token[JOURNEY_TOKEN_MAX];

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
