#include "actors/service.h"

#include <fleetsim/topics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion_filters.h"
#include "actors/service_core.h"
#include "actors/service_document.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/xmem.h"

#define DEPTH_MAX 16

void service_rules_defaults(struct dispatch_rules *rules)
{
    *rules = (struct dispatch_rules){
        .presence = {.confirm_offline = 5 * USEC_PER_SEC,
                     .subscribe_within = 10 * USEC_PER_SEC,
                     .session_expiry = 3600 * USEC_PER_SEC},
        .tap_every = 10 * USEC_PER_SEC,
        .tap_backoff = 2,
        .taps_most = 5,
    };
}

/* ---- cars ---- */

struct service_car *service_find_car(const struct service *s, const char *thing)
{
    struct service_car *car = s->cars[hash_text(thing) % s->bucket_count];

    while (car != NULL && strcmp(car->thing, thing) != 0)
        car = car->next;
    return car;
}

static void grow(struct service *s)
{
    size_t count = s->bucket_count * 2;
    struct service_car **cars = xcalloc(count, sizeof(struct service_car *));

    for (size_t i = 0; i < s->bucket_count; i++)
        for (struct service_car *car = s->cars[i], *next; car != NULL; car = next) {
            struct service_car **place = &cars[hash_text(car->thing) % count];
            next = car->next;
            car->next = *place;
            *place = car;
        }
    free(s->cars);
    s->cars = cars;
    s->bucket_count = count;
}

static void on_timer(void *arg)
{
    service_run(arg);
}

static void watch(struct service *s, const char *thing)
{
    struct error err;

    if (s->watch_all)
        return;
    if (s->watched == SERVICE_WATCH_MOST) {
        s->watch_all = true;
        companion_watch_all(s->companion, COMPANION_WATCH_LIFECYCLE);
    } else if (companion_watch(s->companion, thing, COMPANION_WATCH_LIFECYCLE, &err)) {
        s->watched++;
    }
}

struct service_car *service_car(struct service *s, const char *thing)
{
    struct service_car *car = service_find_car(s, thing);

    if (car != NULL)
        return car;
    if (s->car_count >= s->bucket_count)
        grow(s);
    car = xcalloc(1, sizeof *car);
    car->service = s;
    car->thing = xstrdup(thing);
    dispatch_init(&car->dispatch, loop_script_now(s->loop));
    loop_timer_init(&car->timer, s->loop, on_timer, car);
    struct service_car **place = &s->cars[hash_text(thing) % s->bucket_count];
    car->next = *place;
    *place = car;
    s->car_count++;
    watch(s, thing);
    return car;
}

static void free_command(struct service_command *c)
{
    free(c->json);
    free(c->user);
    free(c->reason.code);
    free(c->reason.description);
    free(c->answer);
    free(c);
}

static void free_car(struct service_car *car)
{
    struct dispatch_command *c;

    loop_timer_stop(&car->timer);
    while ((c = dispatch_take(&car->dispatch)) != NULL)
        free_command((struct service_command *)c);
    for (size_t i = 0; i < car->owner_count; i++)
        free(car->owners[i]);
    free(car->owners);
    free(car->thing);
    free(car);
}

/* In a turn of its own, so that nothing is said from inside of anything; in virtual time when the
   wire is quiet. */
void service_wake(struct service_car *car)
{
    loop_timer_start_script(&car->timer, 0);
}

/* ---- what is to be done ---- */

static void note(struct service_car *car, const char *what, const char *text)
{
    const struct service *s = car->service;

    if (s->events->note != NULL)
        s->events->note(s->ctx, car->thing, what, text, clock_now());
}

void service_count(const struct service *s, const char *counter)
{
    if (s->recorder != NULL)
        recorder_count(s->recorder, counter, 1);
}

static bool publish_request(struct service_car *car, struct service_command *c, bool again)
{
    struct service *s = car->service;
    struct companion_publish sent;
    struct error err;
    struct companion_request request = {.thing = car->thing,
                                        .command_json = c->json,
                                        .request_id = c->base.id,
                                        .issued_at_ms = c->issued_at_ms,
                                        .expires_at_ms = c->expires_at_ms};

    if (s->events->speaks != NULL)
        s->events->speaks(s->ctx);
    if (!companion_request(s->companion, &request, &sent, &err)) {
        dispatch_undelivered(&car->dispatch, c->base.id, false, loop_script_now(s->loop));
        note(car, "cannot send", err.text);
        return false;
    }
    service_await_ack(s, &(struct service_parcel){.publish_id = sent.id, .car = car}, c->base.id);
    usec_t now = loop_script_now(s->loop);
    if (again)
        service_count(s, "service.resent");
    else if (s->recorder != NULL)
        recorder_value(s->recorder, "service.wait", now - c->base.arrives);
    c->sent_at = now;
    if (s->events->sent != NULL)
        s->events->sent(s->ctx, car->thing, c->base.id, again, sent.sent_at);
    return true;
}

static void tap(struct service_car *car, struct service_command *c, bool again)
{
    struct service *s = car->service;

    service_count(s, "service.taps");
    if (s->events->tap != NULL)
        s->events->tap(s->ctx, car->thing, c->base.id, again);
}

static void tell_user(struct service_car *car, const char *user, const char *document)
{
    struct service *s = car->service;

    if (s->events->speaks != NULL)
        s->events->speaks(s->ctx);
    service_post(s,
                 &(struct service_parcel){.topic = xasprintf(TOPIC_USER_COMMANDS, user, car->thing),
                                          .payload = xstrdup(document)});
}

/* The user who gave it hears how it fares; of a command by nobody, all who own the car. */
static void tell(struct service_car *car, struct service_command *c)
{
    const struct service *s = car->service;
    char *document = service_document_make(
        &(struct service_document){.id = c->base.id,
                                   .thing = car->thing,
                                   .status = dispatch_status_name(c->base.status),
                                   .user = c->user,
                                   .channel = c->channel,
                                   .reason = c->reason.code,
                                   .description = c->reason.description,
                                   .command_json = c->json,
                                   .at_ms = loop_wall_ms(s->loop)});

    if (c->user != NULL)
        tell_user(car, c->user, document);
    for (size_t i = 0; c->user == NULL && i < car->owner_count; i++)
        tell_user(car, car->owners[i], document);
    free(document);
}

/* A command that died has a reason too. */
static void add_reason(struct service_command *c)
{
    static const struct {
        enum dispatch_status status;
        const char *code, *description;
    } reasons[] = {
        {DISPATCH_TIMED_OUT, "NO_RESPONSE", "the car did not answer in time"         },
        {DISPATCH_EXPIRED,   "EXPIRED",     "it could not be sent to the car in time"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (c->base.status == reasons[i].status && c->reason.code == NULL) {
            c->reason.code = xstrdup(reasons[i].code);
            c->reason.description = xstrdup(reasons[i].description);
        }
}

static void report(struct service_car *car, struct service_command *c)
{
    const struct service *s = car->service;

    if (c->base.status == DISPATCH_EXPIRED)
        service_count(s, "service.expired");
    add_reason(c);
    tell(car, c);
    struct service_status e = {.thing = car->thing,
                               .id = c->base.id,
                               .tag = c->tag,
                               .status = c->base.status,
                               .reason = c->reason.code,
                               .description = c->reason.description,
                               .at = c->answered_at != 0 ? c->answered_at : clock_now()};
    if (c->answer != NULL)
        e.answer = slice_str(c->answer);
    note(car, dispatch_status_name(c->base.status), c->base.id);
    if (s->events->status != NULL)
        s->events->status(s->ctx, &e);
}

static bool perform(struct service_car *car, const struct dispatch_action *action)
{
    struct service_command *c = (struct service_command *)action->command;

    if (action->what == DISPATCH_SEND)
        return publish_request(car, c, action->again);
    if (action->what == DISPATCH_TAP)
        tap(car, c, action->again);
    else
        report(car, c);
    return true;
}

static bool is_told(const struct service_car *car)
{
    const struct service *s = car->service;

    return s->connected && (car->watching || s->watching_all);
}

static bool may_look_up(const struct service_car *car)
{
    /* Not before its events come: what happens in between would be missed. */
    return is_told(car) && car->dispatch.presence.link == CAR_LINK_UNKNOWN &&
           car->service->events->look_up != NULL;
}

void service_look_up(struct service_car *car)
{
    const struct service *s = car->service;
    struct dispatch *d = &car->dispatch;
    bool connected = false;

    if (may_look_up(car) && s->events->look_up(s->ctx, car->thing, &connected))
        car_presence_learn(&d->presence, connected, loop_script_now(s->loop));
}

void service_run(struct service_car *car)
{
    struct service *s = car->service;
    struct dispatch *d = &car->dispatch;
    struct dispatch_action action;
    struct dispatch_command *old;
    usec_t now = loop_script_now(s->loop);

    if (d->first != NULL)
        service_look_up(car);
    while (dispatch_next(d, &s->rules, now, is_told(car), &action))
        if (!perform(car, &action)) {
            loop_timer_start_script(&car->timer, SERVICE_RETRY);
            return;
        }
    while ((old = dispatch_trim(d, SERVICE_REMEMBERED)) != NULL)
        free_command((struct service_command *)old);
    usec_t due = dispatch_due(d, &s->rules, now);
    /* The index may know by then. */
    if (may_look_up(car) && due > now + SERVICE_LOOK_UP && d->first != NULL)
        due = now + SERVICE_LOOK_UP;
    if (due != CAR_PRESENCE_NEVER)
        loop_timer_start_script(&car->timer, due > now ? due - now : 0);
}

/* ---- commands ---- */

static bool is_name(const char *text, size_t max, const char *letters)
{
    size_t len = text != NULL ? strlen(text) : 0;

    return len > 0 && len <= max && strspn(text, letters) == len;
}

static bool check_order(const struct service_order *o, struct error *err)
{
    size_t len = o->id != NULL ? strlen(o->id) : 0;

    if (!companion_check_thing(o->thing, err))
        return false;
    if (len == 0 || len > DISPATCH_ID_MAX || !json_is_utf8(slice_str(o->id)))
        return error_set(err, ERROR_SCRIPT, "id: 1 to %d bytes of UTF-8", DISPATCH_ID_MAX);
    if (!is_name(o->channel, SERVICE_CHANNEL_MAX, "abcdefghijklmnopqrstuvwxyz0123456789_-"))
        return error_set(err, ERROR_SCRIPT, "channel: 1 to %d of a-z 0-9 - _ (try \"app\")",
                         SERVICE_CHANNEL_MAX);
    cJSON *json =
        o->command_json != NULL ? json_parse(slice_str(o->command_json), DEPTH_MAX) : NULL;
    bool ok = cJSON_IsObject(json);
    cJSON_Delete(json);
    return ok || error_set(err, ERROR_SCRIPT, "command: not a JSON object of at most %d levels",
                           DEPTH_MAX);
}

static bool owns(const struct service_car *car, const char *user)
{
    for (size_t i = 0; user != NULL && i < car->owner_count; i++)
        if (strcmp(car->owners[i], user) == 0)
            return true;
    return false;
}

static struct service_command *new_command(const struct service *s, const struct service_order *o)
{
    struct service_command *c = xcalloc(1, sizeof *c);
    usec_t now = loop_script_now(s->loop);

    snprintf(c->base.id, sizeof c->base.id, "%s", o->id);
    snprintf(c->channel, sizeof c->channel, "%s", o->channel);
    c->base.arrives = now + o->front;
    c->base.deadline = now + o->expiry;
    c->asked_at = now;
    c->issued_at_ms = loop_wall_ms(s->loop);
    c->expires_at_ms = c->issued_at_ms + (int64_t)(o->expiry / USEC_PER_MSEC);
    c->tag = o->tag;
    c->json = xstrdup(o->command_json);
    c->user = o->user != NULL ? xstrdup(o->user) : NULL;
    return c;
}

bool service_command(struct service *s, const struct service_order *order, void **ret_tag,
                     struct error *err)
{
    if (!check_order(order, err))
        return false;
    struct service_car *car = service_car(s, order->thing);
    struct service_command *c = (struct service_command *)dispatch_find(&car->dispatch, order->id);
    service_wake(car);
    if (c != NULL) {
        service_count(s, "service.repeated");
        dispatch_repeated(&c->base);
        *ret_tag = c->tag;
        return true;
    }
    c = new_command(s, order);
    *ret_tag = c->tag;
    dispatch_add(&car->dispatch, &c->base);
    if (car->owner_count == 0 || order->user == NULL || owns(car, order->user))
        return true;
    c->reason.code = xstrdup("NOT_OWNER");
    c->reason.description = xstrdup("the car belongs to somebody else");
    dispatch_answer(&car->dispatch, c->base.id, DISPATCH_REJECTED);
    return true;
}

bool service_own(struct service *s, const char *user, const char *thing, struct error *err)
{
    if (!companion_check_thing(user, err) || !companion_check_thing(thing, err))
        return false;
    struct service_car *car = service_car(s, thing);
    if (owns(car, user))
        return true;
    car->owners = xrealloc(car->owners, (car->owner_count + 1) * sizeof *car->owners);
    car->owners[car->owner_count++] = xstrdup(user);
    return true;
}

enum car_link service_presence(struct service *s, const char *thing)
{
    struct service_car *car = service_car(s, thing);

    service_look_up(car);
    car_presence_tick(&car->dispatch.presence, &s->rules.presence, loop_script_now(s->loop));
    return car->dispatch.presence.link;
}

/* ---- life ---- */

struct service *service_new(struct loop *loop, const struct service_options *options,
                            const struct service_events *events, void *ctx, struct error *err)
{
    struct service *s = xcalloc(1, sizeof *s);

    s->loop = loop;
    s->events = events;
    s->ctx = ctx;
    s->rules = options->rules;
    s->recorder = options->recorder;
    s->bucket_count = 16;
    s->cars = xcalloc(s->bucket_count, sizeof(struct service_car *));
    s->last_waiting = &s->waiting;
    s->companion = companion_new(loop, &options->link, &service_companion_events, s, err);
    if (s->companion == NULL) {
        service_free(s);
        return NULL;
    }
    if (options->watch_all)
        companion_watch_all(s->companion, COMPANION_WATCH_LIFECYCLE);
    s->watch_all = options->watch_all;
    return s;
}

void service_free(struct service *s)
{
    if (s == NULL)
        return;
    companion_free(s->companion);
    service_drop_parcels(s);
    for (size_t i = 0; i < s->bucket_count; i++)
        for (struct service_car *car = s->cars[i], *next; car != NULL; car = next) {
            next = car->next;
            free_car(car);
        }
    free(s->cars);
    free(s);
}

bool service_is_ready(const struct service *s)
{
    return s->connected && (s->watch_all ? s->watching_all : s->watching == s->watched);
}

void service_close(struct service *s)
{
    service_disconnected(s);
    companion_close(s->companion);
}

void service_open(struct service *s)
{
    companion_open(s->companion);
}

bool service_fence(struct service *s)
{
    return companion_fence(s->companion);
}
