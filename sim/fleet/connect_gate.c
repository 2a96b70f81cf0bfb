#include "fleet/connect_gate.h"

/* How far entries may catch up: enough for a timer that comes late, too little for a burst that
   fills a listen backlog. */
#define CATCH_UP_MAX (50 * USEC_PER_MSEC)

const char *connect_place_name(enum connect_place place)
{
    /* ORDER CONNECT_PLACE */
    static const char *const names[CONNECT_PLACE_COUNT] = {"away", "queued", "inside"};
    return (unsigned)place < CONNECT_PLACE_COUNT ? names[place] : "?";
}

/* ---- the rate ---- */

/* How long until one more may enter: a token bucket, kept as the moment of the next token. */
static usec_t time_to_wait(const struct connect_gate *gate)
{
    usec_t now = clock_now();

    return gate->next_at > now ? gate->next_at - now : 0;
}

static void pay(struct connect_gate *gate)
{
    usec_t earliest = clock_now() - CATCH_UP_MAX;

    if (gate->rate == 0)
        return;
    if (gate->next_at < earliest)
        gate->next_at = earliest;
    gate->next_at += USEC_PER_SEC / gate->rate;
}

/* ---- the queue ---- */

static void append(struct connect_gate *gate, struct connect_ticket *ticket)
{
    ticket->place = CONNECT_QUEUED;
    ticket->next = NULL;
    ticket->prev = gate->last;
    if (gate->last != NULL)
        gate->last->next = ticket;
    else
        gate->first = ticket;
    gate->last = ticket;
    gate->queued++;
}

static void take_out(struct connect_gate *gate, struct connect_ticket *ticket)
{
    if (ticket->prev != NULL)
        ticket->prev->next = ticket->next;
    else
        gate->first = ticket->next;
    if (ticket->next != NULL)
        ticket->next->prev = ticket->prev;
    else
        gate->last = ticket->prev;
    ticket->prev = ticket->next = NULL;
    gate->queued--;
}

static void let_in(struct connect_gate *gate, struct connect_ticket *ticket)
{
    ticket->place = CONNECT_INSIDE;
    gate->inside++;
    pay(gate);
}

/* Sees to it that those who wait are looked at when the first of them may enter. */
static void arrange(struct connect_gate *gate)
{
    if (gate->first == NULL)
        loop_timer_stop(&gate->timer);
    else if (gate->inside < gate->concurrency && !loop_timer_active(&gate->timer))
        loop_timer_start(&gate->timer, time_to_wait(gate));
}

static void on_timer(void *arg)
{
    struct connect_gate *gate = arg;

    /* Those that fail at once leave at once, and would let the queue rush through in one turn. */
    for (size_t n = 0; n < gate->concurrency && gate->first != NULL; n++) {
        struct connect_ticket *ticket = gate->first;
        if (gate->inside >= gate->concurrency || time_to_wait(gate) > 0)
            break;
        usec_t now = clock_now();
        take_out(gate, ticket);
        let_in(gate, ticket);
        gate->admitted(gate->ctx, ticket, now > ticket->since ? now - ticket->since : 0);
    }
    arrange(gate);
}

/* ---- in and out ---- */

void connect_gate_init(struct connect_gate *gate, struct loop *loop, uint64_t rate,
                       size_t concurrency,
                       void (*admitted)(void *ctx, struct connect_ticket *ticket, usec_t waited),
                       void *ctx)
{
    *gate =
        (struct connect_gate){.loop = loop,
                              .rate = rate,
                              .concurrency = concurrency != 0 ? concurrency : CONNECT_CONCURRENCY,
                              .admitted = admitted,
                              .ctx = ctx,
                              .next_at = clock_now()};
    loop_timer_init(&gate->timer, loop, on_timer, gate);
}

void connect_gate_done(struct connect_gate *gate)
{
    if (gate->loop != NULL)
        loop_timer_stop(&gate->timer);
}

bool connect_gate_enter(struct connect_gate *gate, struct connect_ticket *ticket)
{
    if (gate->first == NULL && gate->inside < gate->concurrency && time_to_wait(gate) == 0) {
        let_in(gate, ticket);
        return true;
    }
    ticket->since = clock_now();
    append(gate, ticket);
    arrange(gate);
    return false;
}

void connect_gate_leave(struct connect_gate *gate, struct connect_ticket *ticket)
{
    enum connect_place place = ticket->place;

    ticket->place = CONNECT_AWAY;
    if (place == CONNECT_QUEUED)
        take_out(gate, ticket);
    else if (place == CONNECT_INSIDE)
        gate->inside--;
    if (place != CONNECT_AWAY)
        arrange(gate);
}
