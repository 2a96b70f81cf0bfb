#include <stdio.h>

#include "base/json.h"
#include "base/xmem.h"
#include "fleet/sms.h"
#include "metrics/recorder.h"
#include "script/car.h"
#include "script/service_core.h"

#define ANSWER_DEPTH 16

static struct vehicle *vehicle_of(const struct command_service *s, const char *thing)
{
    return simulation_find(service_simulation(s), slice_str(thing));
}

static void on_connected(void *ctx)
{
    struct command_service *s = ctx;

    wire_release(&s->party);
    wire_stir(&s->party);
    s->trouble[0] = '\0';
    service_simulation(s)->companion_reached = true;
    service_notify(s);
}

static void on_ready(void *ctx)
{
    service_notify(ctx);
}

static void on_lost(void *ctx, const struct companion_lost *e)
{
    struct command_service *s = ctx;

    wire_cut(&s->party);
    snprintf(s->trouble, sizeof s->trouble, "%s", e->text);
    s->losses += e->was_connected;
    recorder_count(service_simulation(s)->recorder,
                   e->was_connected ? "companion.lost" : "companion.failed", 1);
    if (!service_simulation(s)->companion_reached)
        simulation_connect_failed(service_simulation(s), e->text);
    service_notify(s);
}

static void on_connecting(void *ctx)
{
    struct command_service *s = ctx;

    wire_hold(&s->party);
}

static void on_fenced(void *ctx)
{
    struct command_service *s = ctx;

    wire_release(&s->party);
}

static void on_speaks(void *ctx)
{
    struct command_service *s = ctx;

    wire_stir(&s->party);
}

static void on_note(void *ctx, const char *thing, const char *what, const char *text, usec_t at)
{
    struct command_service *s = ctx;
    struct vehicle *v = vehicle_of(s, thing);

    if (v == NULL || v->timeline == NULL)
        return;
    char between[80];
    snprintf(between, sizeof between, " %s ", what);
    timeline_add_parts(
        v->timeline, at, TIMELINE_APP,
        &(struct timeline_parts){slice_str(s->client_id), slice_str(between), slice_str(text)});
}

static void on_sent(void *ctx, const char *thing, const char *id, bool again, usec_t at)
{
    on_note(ctx, thing, again ? "requests once more" : "requests", id, at);
}

static void on_tap(void *ctx, const char *thing, const char *id, bool again)
{
    struct command_service *s = ctx;
    struct vehicle *v = vehicle_of(s, thing);

    (void)again;
    if (v != NULL)
        sms_send(v, &(struct sms_request){.token = id});
}

/* The simulated index of connectivity: does the broker have a connection of that car? It is the
   car's own view, which lags behind the broker's: whether one that is dialling is in already, and
   its event went out before anybody listened, cannot be told. */
static bool on_look_up(void *ctx, const char *thing, bool *ret_connected)
{
    const struct vehicle *v = vehicle_of(ctx, thing);

    if (v == NULL || tcu_is_dialling(v->tcu))
        return false;
    *ret_connected = v->tcu->state == TCU_SYNCING || v->tcu->state == TCU_ONLINE;
    return true;
}

static enum journey_outcome outcome_of(enum dispatch_status status)
{
    /* ORDER DISPATCH_STATUS */
    static const enum journey_outcome outcomes[DISPATCH_STATUS_COUNT] = {
        JOURNEY_OPEN,     JOURNEY_OPEN,   JOURNEY_OPEN,      JOURNEY_OPEN,    JOURNEY_SUCCEEDED,
        JOURNEY_REJECTED, JOURNEY_FAILED, JOURNEY_TIMED_OUT, JOURNEY_EXPIRED,
    };
    return outcomes[status];
}

/* The car's own words if there are any, else in the same form. */
static cJSON *answer_of(const struct service_status *e)
{
    cJSON *answer = e->answer.len != 0 ? json_parse(e->answer, ANSWER_DEPTH) : NULL;

    if (!cJSON_IsObject(answer)) {
        cJSON_Delete(answer);
        answer = cJSON_CreateObject();
        cJSON_AddStringToObject(answer, "requestId", e->id);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(answer, "status");
    cJSON_AddStringToObject(answer, "status", dispatch_status_name(e->status));
    if (e->reason != NULL && json_get(answer, "statusReason") == NULL) {
        cJSON *reason = cJSON_AddObjectToObject(answer, "statusReason");
        cJSON_AddStringToObject(reason, "reasonCode", e->reason);
        if (e->description != NULL)
            cJSON_AddStringToObject(reason, "reasonDescription", e->description);
    }
    return answer;
}

static void end_journey(const struct command_service *s, const struct service_status *e)
{
    struct recorder *rec = service_simulation(s)->recorder;

    if (e->answer.len != 0)
        recorder_journey_mark(rec, e->id, JOURNEY_SEEN, e->at);
    recorder_journey_end(rec, e->id, outcome_of(e->status), e->at);
}

static void on_status(void *ctx, const struct service_status *e)
{
    struct command_service *s = ctx;
    struct order *o = e->tag;

    if (o == NULL || (o->change_count != 0 && o->changes[o->change_count - 1].status == e->status))
        return;
    o->status = e->status;
    o->changes = xrealloc(o->changes, (o->change_count + 1) * sizeof *o->changes);
    o->changes[o->change_count++] =
        (struct change){.status = e->status, .at = loop_script_now(service_simulation(s)->loop)};
    if (dispatch_is_over(e->status)) {
        cJSON_Delete(o->answer);
        o->answer = answer_of(e);
        end_journey(s, e);
    }
    service_notify(s);
}

const struct service_events service_script_events = {
    .connected = on_connected,
    .ready = on_ready,
    .lost = on_lost,
    .connecting = on_connecting,
    .fenced = on_fenced,
    .speaks = on_speaks,
    .status = on_status,
    .sent = on_sent,
    .tap = on_tap,
    .look_up = on_look_up,
    .note = on_note,
};
