#include "actors/dispatch.h"

#include <string.h>

static const char *const status_names[DISPATCH_STATUS_COUNT] = {
    /* ORDER DISPATCH_STATUS */
    "NEW", "CREATED", "WAKING", "SENT", "SUCCEEDED", "REJECTED", "FAILED", "TIMED_OUT", "EXPIRED",
};

const char *dispatch_status_name(enum dispatch_status status)
{
    return (unsigned)status < DISPATCH_STATUS_COUNT ? status_names[status] : "?";
}

enum dispatch_status dispatch_status_of(const char *name)
{
    for (unsigned s = DISPATCH_SUCCEEDED; s < DISPATCH_EXPIRED; s++)
        if (strcmp(name, status_names[s]) == 0)
            return (enum dispatch_status)s;
    return DISPATCH_STATUS_COUNT;
}

void dispatch_init(struct dispatch *d, usec_t now)
{
    *d = (struct dispatch){.first = NULL};
    d->last_over = &d->over;
    car_presence_init(&d->presence, now);
}

void dispatch_add(struct dispatch *d, struct dispatch_command *command)
{
    struct dispatch_command **place = &d->first;

    while (*place != NULL && (*place)->arrives <= command->arrives)
        place = &(*place)->next;
    command->status = command->told = DISPATCH_NEW;
    command->answered = command->undelivered = false;
    command->next = *place;
    *place = command;
}

static struct dispatch_command *find(struct dispatch_command *list, const char *id)
{
    while (list != NULL && strcmp(list->id, id) != 0)
        list = list->next;
    return list;
}

struct dispatch_command *dispatch_find(const struct dispatch *d, const char *id)
{
    struct dispatch_command *open = find(d->first, id);

    return open != NULL ? open : find(d->over, id);
}

/* From the open ones to those that are over. */
static void finish(struct dispatch *d, struct dispatch_command *c, enum dispatch_status status)
{
    struct dispatch_command **place = &d->first;

    while (*place != c)
        place = &(*place)->next;
    *place = c->next;
    c->next = NULL;
    c->status = status;
    *d->last_over = c;
    d->last_over = &c->next;
    d->over_count++;
    if (d->first == NULL)
        d->taps = 0;
}

/* ---- what happens ---- */

enum dispatch_reply dispatch_answer(struct dispatch *d, const char *id, enum dispatch_status status)
{
    struct dispatch_command *c = dispatch_find(d, id);

    if (c == NULL)
        return DISPATCH_REPLY_STRAY;
    if (c->answered)
        return DISPATCH_REPLY_DUPLICATE;
    c->answered = true;
    if (!dispatch_is_over(c->status)) {
        finish(d, c, status);
        return DISPATCH_REPLY_TAKEN;
    }
    c->status = status;
    return DISPATCH_REPLY_LATE;
}

static void may_be_lost(struct dispatch *d)
{
    if (d->first != NULL && d->first->status == DISPATCH_SENT)
        d->first->undelivered = true;
}

void dispatch_subscribed(struct dispatch *d, const char *session, usec_t now)
{
    if (car_presence_subscribed(&d->presence, session, now) == CAR_NEWS_TAKEN)
        may_be_lost(d);
}

void dispatch_undelivered(struct dispatch *d, const char *id, bool deaf, usec_t now)
{
    struct dispatch_command *c = find(d->first, id);

    if (c == NULL || c->status != DISPATCH_SENT)
        return;
    c->undelivered = true;
    if (deaf)
        car_presence_deaf(&d->presence, now);
}

void dispatch_repeated(struct dispatch_command *command)
{
    command->told = DISPATCH_NEW;
}

void dispatch_resync(struct dispatch *d, usec_t now)
{
    car_presence_forget(&d->presence, now);
    may_be_lost(d);
}

/* ---- what is to be done ---- */

static bool act(struct dispatch_action *ret, enum dispatch_what what, struct dispatch_command *c)
{
    *ret = (struct dispatch_action){.what = what, .command = c};
    if (what == DISPATCH_TELL)
        c->told = c->status;
    return true;
}

/* Ends what is dead, welcomes what has arrived. */
static void pass_time(struct dispatch *d, usec_t now)
{
    for (struct dispatch_command *c = d->first, *next; c != NULL; c = next) {
        next = c->next;
        if (now >= c->deadline)
            finish(d, c, c->status == DISPATCH_SENT ? DISPATCH_TIMED_OUT : DISPATCH_EXPIRED);
        else if (c->status == DISPATCH_NEW && now >= c->arrives)
            c->status = DISPATCH_CREATED;
    }
}

static bool tell(struct dispatch_command *list, struct dispatch_action *ret)
{
    for (struct dispatch_command *c = list; c != NULL; c = c->next)
        if (c->told != c->status)
            return act(ret, DISPATCH_TELL, c);
    return false;
}

/* It is the turn of this command, and its car is ready. */
static bool send(struct dispatch_command *c, bool linked, struct dispatch_action *ret)
{
    bool again = c->status == DISPATCH_SENT;

    if (!linked || (again && !c->undelivered))
        return false;
    c->status = DISPATCH_SENT;
    c->undelivered = false;
    act(ret, DISPATCH_SEND, c);
    ret->again = again;
    return true;
}

static usec_t pause_after(const struct dispatch_rules *rules, unsigned taps)
{
    double pause = (double)rules->tap_every;

    for (unsigned i = 1; i < taps && pause < 1e12; i++)
        pause *= rules->tap_backoff;
    return (usec_t)pause;
}

/* It is the turn of this command, and its car is offline. */
static bool wake(struct dispatch *d, const struct dispatch_rules *rules, usec_t now,
                 struct dispatch_action *ret)
{
    struct dispatch_command *c = d->first;

    if (c->status == DISPATCH_CREATED) {
        c->status = DISPATCH_WAKING;
        return act(ret, DISPATCH_TELL, c);
    }
    if (d->taps >= rules->taps_most || (d->taps != 0 && now < d->tap_at))
        return false;
    act(ret, DISPATCH_TAP, c);
    ret->again = d->taps++ != 0;
    d->tap_at = now + pause_after(rules, d->taps);
    return true;
}

bool dispatch_next(struct dispatch *d, const struct dispatch_rules *rules, usec_t now, bool linked,
                   struct dispatch_action *ret)
{
    car_presence_tick(&d->presence, &rules->presence, now);
    pass_time(d, now);
    if (tell(d->over, ret) || tell(d->first, ret))
        return true;
    if (d->presence.link != CAR_LINK_OFFLINE)
        d->taps = 0;
    struct dispatch_command *c = d->first;
    if (c == NULL || c->status == DISPATCH_NEW)
        return false;
    if (d->presence.link == CAR_LINK_OFFLINE)
        return wake(d, rules, now, ret);
    return car_presence_ready(&d->presence, &rules->presence, now) && send(c, linked, ret);
}

static usec_t earlier(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

usec_t dispatch_due(const struct dispatch *d, const struct dispatch_rules *rules, usec_t now)
{
    usec_t due = CAR_PRESENCE_NEVER;

    /* Nobody waits for a car without commands: it may stay leaving until somebody asks. */
    if (d->first == NULL)
        return due;
    due = car_presence_due(&d->presence, &rules->presence, now);
    for (const struct dispatch_command *c = d->first; c != NULL; c = c->next)
        due = earlier(due,
                      c->status == DISPATCH_NEW ? earlier(c->arrives, c->deadline) : c->deadline);
    if (d->presence.link == CAR_LINK_OFFLINE && d->first->status != DISPATCH_NEW &&
        d->taps < rules->taps_most)
        due = earlier(due, d->tap_at);
    return due;
}

/* ---- the end ---- */

struct dispatch_command *dispatch_trim(struct dispatch *d, size_t keep)
{
    struct dispatch_command *c = d->over;

    if (d->over_count <= keep)
        return NULL;
    d->over = c->next;
    if (d->over == NULL)
        d->last_over = &d->over;
    d->over_count--;
    return c;
}

struct dispatch_command *dispatch_take(struct dispatch *d)
{
    struct dispatch_command *c = d->first;

    if (c == NULL)
        return dispatch_trim(d, 0);
    d->first = c->next;
    return c;
}
