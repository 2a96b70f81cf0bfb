#include <fleetsim/topics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion_filters.h"
#include "actors/service_core.h"
#include "base/json.h"
#include "base/xmem.h"
#include "mqtt/topic.h"
#include "mqtt/topic_set.h"

/* ---- who is online ---- */

/* The record of a client that may be a car; NULL: its id is no name of a thing. */
static struct service_car *car_of(struct service *s, const char *client_id)
{
    struct error err;

    return companion_check_thing(client_id, &err) ? service_car(s, client_id) : NULL;
}

static void heard(struct service_car *car, enum car_news news)
{
    if (news == CAR_NEWS_STALE)
        service_count(car->service, "service.stale_events");
    if (news == CAR_NEWS_RETURNED)
        service_count(car->service, "service.false_disconnects");
    if (car->dispatch.first != NULL)
        service_wake(car);
}

static void on_presence(void *ctx, const struct companion_presence *e)
{
    struct service *s = ctx;
    struct service_car *car = car_of(s, e->client_id);
    struct car_event event = {
        .version = e->version, .session = e->session_id, .goodbye = e->client_initiated};
    usec_t now = loop_script_now(s->loop);

    if (car == NULL)
        return;
    struct car_presence *p = &car->dispatch.presence;
    car_presence_tick(p, &s->rules.presence, now);
    heard(car, e->connected ? car_presence_connected(p, &s->rules.presence, &event, now)
                            : car_presence_disconnected(p, &s->rules.presence, &event, now));
}

/* Is one of these filters for the car's requests? */
static bool for_requests(const struct service *s, const struct companion_listening *e)
{
    cJSON *topics = e->topics.len != 0 ? json_parse(e->topics, 2) : NULL;
    char *topic = topic_pattern_make(companion_topics(s->companion)->request, e->client_id, NULL);
    const cJSON *filter;
    bool found = false;

    cJSON_ArrayForEach(filter, topics) found =
        found || (cJSON_IsString(filter) &&
                  mqtt_topic_matches(slice_str(filter->valuestring), slice_str(topic)));
    free(topic);
    cJSON_Delete(topics);
    return found;
}

static void on_listening(void *ctx, const struct companion_listening *e)
{
    struct service *s = ctx;
    struct service_car *car = for_requests(s, e) ? car_of(s, e->client_id) : NULL;
    usec_t now = loop_script_now(s->loop);

    if (car == NULL)
        return;
    if (e->subscribed)
        dispatch_subscribed(&car->dispatch, e->session_id, now);
    else
        car_presence_unsubscribed(&car->dispatch.presence, e->session_id, now);
    heard(car, CAR_NEWS_TAKEN);
}

/* ---- answers ---- */

static void measure(const struct service *s, const struct service_command *c)
{
    char name[RECORDER_NAME_MAX];
    usec_t now = loop_script_now(s->loop);

    /* Paho's stamp is the better one, but in virtual time it says nothing. */
    if (!loop_is_virtual(s->loop) && c->answered_at > s->loop->started)
        now = c->answered_at - s->loop->started;
    if (s->recorder == NULL || now < c->sent_at)
        return;
    recorder_value(s->recorder, "service.answer", now - c->sent_at);
    if (c->base.status != DISPATCH_SUCCEEDED)
        return;
    snprintf(name, sizeof name, "command.total.%s", c->channel);
    recorder_value(s->recorder, name, now - c->asked_at);
}

static void keep(struct service_command *c, const struct companion_response *e,
                 struct service_reason *reason)
{
    free(c->answer);
    free(c->reason.code);
    free(c->reason.description);
    c->answer = xstrndup((const char *)e->payload.data, e->payload.len);
    c->reason = *reason;
    *reason = (struct service_reason){NULL, NULL};
    c->answered_at = e->received_at;
}

static void take(struct service *s, struct service_car *car, const struct companion_response *e,
                 enum dispatch_status status, struct service_reason *reason)
{
    struct dispatch *d = &car->dispatch;
    enum dispatch_reply reply = dispatch_answer(d, e->request_id, status);

    if (reply == DISPATCH_REPLY_DUPLICATE)
        service_count(s, "service.duplicates");
    if (reply != DISPATCH_REPLY_TAKEN && reply != DISPATCH_REPLY_LATE)
        return;
    struct service_command *c = (struct service_command *)dispatch_find(d, e->request_id);
    keep(c, e, reason);
    if (reply == DISPATCH_REPLY_TAKEN)
        measure(s, c);
    else
        service_count(s, "service.late");
    service_wake(car);
}

static void on_response(void *ctx, const struct companion_response *e)
{
    struct service *s = ctx;
    struct service_car *car = service_find_car(s, e->thing);

    if (s->events->note != NULL)
        s->events->note(s->ctx, e->thing, "receives response",
                        e->payload.len != 0 ? (const char *)e->payload.data : "", e->received_at);
    if (car == NULL || e->request_id == NULL)
        return;
    struct service_reason reason;
    char *name = service_document_read((const char *)e->payload.data, &reason);
    enum dispatch_status status = dispatch_status_of(name != NULL ? name : "");
    if (status == DISPATCH_STATUS_COUNT && name != NULL && strcmp(name, "IN_PROGRESS") == 0) {
        status = DISPATCH_NEW; /* it goes on */
    } else if (status == DISPATCH_STATUS_COUNT) {
        status = DISPATCH_FAILED;
        free(reason.code);
        reason.code = xstrdup("MALFORMED_ANSWER");
    }
    if (status != DISPATCH_NEW)
        take(s, car, e, status, &reason);
    free(name);
    free(reason.code);
    free(reason.description);
}

/* ---- the connection ---- */

static void each_car(struct service *s, void (*fn)(struct service_car *car))
{
    for (size_t i = 0; i < s->bucket_count; i++)
        for (struct service_car *car = s->cars[i]; car != NULL; car = car->next)
            fn(car);
}

static void resync(struct service_car *car)
{
    dispatch_resync(&car->dispatch, loop_script_now(car->service->loop));
}

static void on_connected(void *ctx, const struct companion_connected *e)
{
    struct service *s = ctx;

    s->connected = true;
    if (s->was_connected && !e->session_present)
        each_car(s, resync);
    s->was_connected = true;
    if (s->events->connected != NULL)
        s->events->connected(s->ctx);
    service_flush(s);
}

static void told_of(struct service_car *car)
{
    service_look_up(car);
    if (car->dispatch.first != NULL)
        service_wake(car);
}

static void on_watching(void *ctx, const struct companion_watching *e)
{
    struct service *s = ctx;

    struct service_car *car = e->thing != NULL ? service_find_car(s, e->thing) : NULL;

    if (!e->ok)
        return;
    if (e->thing == NULL) {
        s->watching_all = true;
        each_car(s, told_of);
    } else if (car != NULL) {
        s->watching += !car->watching;
        car->watching = true;
        told_of(car);
    }
    if (s->events->ready != NULL && service_is_ready(s))
        s->events->ready(s->ctx);
}

static void not_watching(struct service_car *car)
{
    car->watching = false;
}

void service_disconnected(struct service *s)
{
    s->connected = s->watching_all = false;
    s->watching = 0;
    each_car(s, not_watching);
}

static void on_lost(void *ctx, const struct companion_lost *e)
{
    struct service *s = ctx;

    service_disconnected(s);
    if (s->events->lost != NULL)
        s->events->lost(s->ctx, e);
}

static void on_connecting(void *ctx)
{
    struct service *s = ctx;

    if (s->events->connecting != NULL)
        s->events->connecting(s->ctx);
}

static void on_fenced(void *ctx)
{
    struct service *s = ctx;

    if (s->events->fenced != NULL)
        s->events->fenced(s->ctx);
}

const struct companion_events service_companion_events = {
    .connected = on_connected,
    .lost = on_lost,
    .watching = on_watching,
    .response = on_response,
    .presence = on_presence,
    .listening = on_listening,
    .acked = service_on_acked,
    .connecting = on_connecting,
    .fenced = on_fenced,
};
