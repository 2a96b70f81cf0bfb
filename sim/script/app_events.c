#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "fleet/simulation.h"
#include "metrics/recorder.h"
#include "oracle/oracle.h"
#include "script/app_core.h"
#include "script/car.h"
#include "script/story.h"

/* ---- the shadow ---- */

/* The car says in its classic shadow which wish it last refused, and why. */
static cJSON *refusal_of(struct app *app, const struct view *view, const char *token)
{
    const struct view *classic = view->name == NULL ? view : app_find_view(app, view->thing, NULL);
    const struct twin *twin = classic != NULL ? &classic->twin : NULL;
    if (twin == NULL)
        return NULL;
    const cJSON *refusal = json_get(twin->reported, "refusal");
    cJSON *answer, *reason;

    if (!twin->known || strcmp(json_str(refusal, "token", ""), token) != 0)
        return NULL;
    answer = command_status("REJECTED");
    reason = cJSON_AddObjectToObject(answer, "statusReason");
    cJSON_AddStringToObject(reason, "reasonCode", json_str(refusal, "reason", ""));
    cJSON_AddStringToObject(reason, "reasonDescription", json_str(refusal, "description", ""));
    return answer;
}

/* Ends the desired-state commands whose wish the car now reports, or refuses. */
static void check_wishes(struct app *app, struct view *view, usec_t at)
{
    for (struct command *c = view->commands; c != NULL; c = c->next) {
        if (c->done || c->kind != COMMAND_DESIRE)
            continue;
        bool shown = twin_shows(&view->twin, c->wish);
        cJSON *answer = shown ? command_status("SUCCEEDED") : refusal_of(app, view, c->token);
        if (answer == NULL)
            continue;
        recorder_journey_mark(app_recorder(app), c->token, JOURNEY_SEEN, at);
        recorder_journey_end(app_recorder(app), c->token,
                             shown ? JOURNEY_SUCCEEDED : JOURNEY_REJECTED, at);
        command_finish(c, answer);
    }
}

/* Those of named shadows, which the classic one may say are refused. */
static void check_named_wishes(struct app *app, const char *thing, usec_t at)
{
    for (struct view *view = app_first_view(app, thing); view != NULL; view = view->next)
        if (view->name != NULL && strcmp(view->thing, thing) == 0)
            check_wishes(app, view, at);
}

static void on_update_rejected(struct app *app, struct view *view, const struct companion_shadow *e)
{
    if (e->client_token == NULL)
        return;
    recorder_journey_end(app_recorder(app), e->client_token, JOURNEY_REJECTED, e->received_at);
    for (struct command *c = view->commands; c != NULL; c = c->next) {
        if (c->kind == COMMAND_REQUEST || c->done || strcmp(c->token, e->client_token) != 0)
            continue;
        cJSON *answer = json_parse(e->payload, APP_DEPTH_MAX);
        if (!cJSON_IsObject(answer)) {
            cJSON_Delete(answer);
            answer = cJSON_CreateObject();
        }
        cJSON_AddStringToObject(answer, "status", "REJECTED");
        command_finish(c, answer);
    }
}

/* Ends a raw update, which has no wish: all it waits for is to be accepted. */
static void accept_update(struct view *view, const struct companion_shadow *e)
{
    for (struct command *c = view->commands; c != NULL; c = c->next) {
        if (c->kind != COMMAND_UPDATE || c->done || strcmp(c->token, e->client_token) != 0)
            continue;
        cJSON *answer = command_status("SUCCEEDED");
        cJSON_AddNumberToObject(answer, "version", (double)e->version);
        command_finish(c, answer);
    }
}

static void on_update_accepted(struct app *app, struct view *view, const struct companion_shadow *e)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(view->thing));

    if (e->client_token != NULL) {
        recorder_journey_mark(app_recorder(app), e->client_token, JOURNEY_ACCEPTED, e->received_at);
        if (v != NULL)
            vehicle_report_seen(v, e->client_token, e->received_at);
        accept_update(view, e);
    }
    if (e->version > view->newest)
        view->newest = e->version;
    if (twin_take_patch(&view->twin, e->payload) == TWIN_GAP)
        app_ask(app, view);
}

/* What was heard of while the document was on its way may be missing in it: then once more. */
static void on_document(struct app *app, struct view *view, const struct companion_shadow *e)
{
    bool older = twin_take_document(&view->twin, e->payload) && view->twin.version < view->newest;

    view->newest = 0;
    if (older)
        app_ask(app, view);
}

/* What the oracle of the car may not have heard yet. */
static void tell_oracle(struct app *app, const struct companion_shadow *e)
{
    /* ORDER COMPANION_VERB */
    static const enum oracle_sight sights[] = {[COMPANION_VERB_UPDATE] = ORACLE_SAW_ACCEPTED,
                                               [COMPANION_VERB_GET] = ORACLE_SAW_DOCUMENT,
                                               [COMPANION_VERB_DELETE] = ORACLE_SAW_DELETED};
    struct simulation *sim = app->script->sim;

    if (sim->oracle == NULL || e->outcome != COMPANION_OUTCOME_ACCEPTED)
        return;
    const struct vehicle *v = simulation_find(sim, slice_str(e->thing));
    if (v != NULL && v->oracle != NULL)
        oracle_car_seen(v->oracle, e->name, sights[e->verb],
                        e->version > 0 ? (uint64_t)e->version : 0, e->payload);
}

static void on_shadow(void *ctx, const struct companion_shadow *e)
{
    struct app *app = ctx;
    struct view *view = app_find_view(app, e->thing, e->name);

    tell_oracle(app, e);
    app_tell_shadow(app, e);
    if (view == NULL)
        return;
    if (app->script->sim->timeline_places > 0) {
        char what[128];
        snprintf(what, sizeof what, "sees %s%s%s/%s", e->name != NULL ? e->name : "",
                 e->name != NULL ? " " : "", companion_verb_name(e->verb),
                 companion_outcome_name(e->outcome));
        app_note(app, view->thing, what, e->payload, e->received_at);
    }
    struct vehicle *v = simulation_find(app->script->sim, slice_str(view->thing));
    if (v != NULL)
        car_story_shadow(v->ctx, e);
    bool accepted = e->outcome == COMPANION_OUTCOME_ACCEPTED;
    if (e->verb == COMPANION_VERB_GET) {
        view->asked = false;
        if (accepted)
            on_document(app, view, e);
        else if (e->code == 404)
            twin_take_absence(&view->twin);
    } else if (e->verb == COMPANION_VERB_DELETE) {
        if (accepted)
            twin_take_absence(&view->twin);
    } else if (accepted) {
        on_update_accepted(app, view, e);
    } else if (e->outcome == COMPANION_OUTCOME_REJECTED) {
        on_update_rejected(app, view, e);
    }
    check_wishes(app, view, e->received_at);
    if (view->name == NULL)
        check_named_wishes(app, view->thing, e->received_at);
    queue_notify(app_scheduler(app), &view->changed);
}

/* ---- responses and presence ---- */

static enum journey_outcome outcome_of(const char *status)
{
    static const struct {
        const char *status;
        enum journey_outcome outcome;
    } map[] = {
        {"SUCCEEDED", JOURNEY_SUCCEEDED},
        {"REJECTED",  JOURNEY_REJECTED },
        {"TIMED_OUT", JOURNEY_EXPIRED  }
    };

    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (strcmp(status, map[i].status) == 0)
            return map[i].outcome;
    return JOURNEY_FAILED;
}

static void on_response(void *ctx, const struct companion_response *e)
{
    struct app *app = ctx;
    struct view *view = app_find_view(app, e->thing, NULL);

    app_note(app, e->thing, "receives response", e->payload, e->received_at);
    app_tell_response(app, e);
    if (e->request_id == NULL)
        return;
    cJSON *json = json_parse(e->payload, APP_DEPTH_MAX);
    const char *status = json_str(json, "status", "");
    recorder_journey_mark(app_recorder(app), e->request_id, JOURNEY_SEEN, e->received_at);
    recorder_journey_end(app_recorder(app), e->request_id, outcome_of(status), e->received_at);
    for (struct command *c = view != NULL ? view->commands : NULL; c != NULL; c = c->next) {
        if (c->kind != COMMAND_REQUEST || strcmp(c->token, e->request_id) != 0)
            continue;
        c->answers++;
        command_finish(c, cJSON_IsObject(json) ? cJSON_Duplicate(json, 1)
                                               : command_status("MALFORMED"));
    }
    cJSON_Delete(json);
}

static cJSON *execution_answer(const struct companion_execution *e)
{
    cJSON *answer = json_parse(e->payload, APP_DEPTH_MAX);

    if (!cJSON_IsObject(answer)) {
        cJSON_Delete(answer);
        answer = cJSON_CreateObject();
    }
    if (e->rejected) {
        cJSON_AddStringToObject(answer, "status", "REJECTED");
        cJSON_AddStringToObject(answer, "code", json_str(answer, "error", ""));
        cJSON_AddStringToObject(answer, "message", json_str(answer, "errorMessage", ""));
    }
    return answer;
}

static void end_execution(struct app *app, struct command *c, const struct companion_execution *e)
{
    const char *status = e->rejected ? "REJECTED" : e->status;
    bool timed_out = strcmp(status, "TIMED_OUT") == 0;

    /* Late word of the time-out, when the car has answered already (contract 8.3). */
    if (c->done && (timed_out || e->rejected))
        return;
    recorder_journey_mark(app_recorder(app), c->token, JOURNEY_SEEN, e->received_at);
    recorder_journey_end(app_recorder(app), c->token, outcome_of(status), e->received_at);
    c->answers++;
    command_finish(c, execution_answer(e));
}

static void on_execution(void *ctx, const struct companion_execution *e)
{
    struct app *app = ctx;
    struct view *view = e->thing != NULL ? app_find_view(app, e->thing, NULL) : NULL;
    bool open = e->status != NULL &&
                (strcmp(e->status, "CREATED") == 0 || strcmp(e->status, "IN_PROGRESS") == 0);

    if (view == NULL || e->execution_id == NULL || (e->status == NULL && !e->rejected))
        return;
    app_note(app, e->thing, "sees execution", e->payload, e->received_at);
    for (struct command *c = view->commands; c != NULL; c = c->next) {
        if (c->kind != COMMAND_EXECUTION || strcmp(c->token, e->execution_id) != 0)
            continue;
        if (open)
            recorder_journey_mark(app_recorder(app), c->token, JOURNEY_ACCEPTED, e->received_at);
        else
            end_execution(app, c, e);
    }
}

static void on_presence(void *ctx, const struct companion_presence *e)
{
    struct app *app = ctx;
    struct view *view = app_find_view(app, e->client_id, NULL);

    app_note(app, e->client_id, e->connected ? "sees connected" : "sees disconnected",
             slice_str(e->reason), e->received_at);
    app_tell_presence(app, e);
    /* Events are unordered; the version tells which connection they are about (contract 2.2). */
    if (view == NULL || e->version < view->presence_version)
        return;
    if (e->version == view->presence_version && view->presence == 0)
        return;
    view->presence = e->connected;
    view->presence_version = e->version;
    queue_notify(app_scheduler(app), &view->changed);
}

/* ---- the connection ---- */

static void on_connected(void *ctx, const struct companion_connected *e)
{
    struct app *app = ctx;

    (void)e;
    wire_release(&app->party);
    wire_stir(&app->party);
    app->trouble[0] = '\0';
    app->script->sim->companion_reached = true;
    queue_notify(app_scheduler(app), &app->changed);
}

/* What happens to the shadow meanwhile is not seen, and a get on its way may never be answered. */
static void lose_view(struct app *app, struct view *view)
{
    view->watching = view->asked = false;
    view->twin.known = false;
    view->newest = 0;
    queue_notify(app_scheduler(app), &view->changed);
}

static void on_lost(void *ctx, const struct companion_lost *e)
{
    struct app *app = ctx;

    wire_cut(&app->party);
    snprintf(app->trouble, sizeof app->trouble, "%s", e->text);
    snprintf(app->lost_text, sizeof app->lost_text, "%s", e->text);
    app_messages_lost(app, e);
    recorder_count(app_recorder(app), e->was_connected ? "companion.lost" : "companion.failed", 1);
    if (!app->script->sim->companion_reached)
        simulation_connect_failed(app->script->sim, e->text);
    if (e->was_connected) {
        app->watching_all = app->watching_named = app->watching_executions = false;
        for (size_t i = 0; i < app->view_buckets; i++)
            for (struct view *view = app->views[i]; view != NULL; view = view->next)
                lose_view(app, view);
    }
    queue_notify(app_scheduler(app), &app->changed);
}

/* A wish may have come true while nobody watched. */
static void watch_view(struct app *app, struct view *view, bool ok)
{
    view->watching = ok;
    for (struct command *c = view->commands; ok && c != NULL; c = c->next)
        if (c->kind == COMMAND_DESIRE && !c->done)
            app_ask(app, view);
    queue_notify(app_scheduler(app), &view->changed);
}

static void on_watching(void *ctx, const struct companion_watching *e)
{
    struct app *app = ctx;
    bool named = (e->flags & COMPANION_WATCH_NAMED) != 0;

    if (!e->ok)
        snprintf(app->trouble, sizeof app->trouble, "subscriptions refused: %s", e->text);
    if (e->flags == COMPANION_WATCH_EXECUTIONS)
        app->watching_executions = e->ok;
    else if (e->thing == NULL && named)
        app->watching_named = e->ok;
    else if (e->thing == NULL)
        app->watching_all = e->ok;
    for (size_t i = 0; i < app->view_buckets; i++)
        for (struct view *view = app->views[i]; view != NULL; view = view->next)
            if ((view->name != NULL) == named &&
                (e->thing == NULL || strcmp(view->thing, e->thing) == 0))
                watch_view(app, view, e->ok);
    queue_notify(app_scheduler(app), &app->changed);
}

static void on_connecting(void *ctx)
{
    struct app *app = ctx;

    wire_hold(&app->party);
}

static void on_fenced(void *ctx)
{
    struct app *app = ctx;

    wire_release(&app->party);
}

const struct companion_events app_events = {
    .connecting = on_connecting,
    .fenced = on_fenced,
    .connected = on_connected,
    .lost = on_lost,
    .watching = on_watching,
    .shadow = on_shadow,
    .response = on_response,
    .presence = on_presence,
    .execution = on_execution,
    .acked = app_on_acked,
    .subscribed = app_on_subscribed,
    .message = app_on_message,
};
