#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/json_peek.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "load/core.h"
#include "metrics/recorder.h"
#include "oracle/oracle.h"

/* HTTP's and AWS IoT's code for it, and MQTT 5's. */
#define SHADOW_THROTTLED 429
#define QUOTA_EXCEEDED   0x97

/* ---- how commands end ---- */

static enum journey_outcome outcome_of(struct slice status)
{
    static const struct {
        const char *status;
        enum journey_outcome outcome;
    } map[] = {
        {"\"SUCCEEDED\"", JOURNEY_SUCCEEDED},
        {"\"REJECTED\"",  JOURNEY_REJECTED },
        {"\"TIMED_OUT\"", JOURNEY_EXPIRED  },
    };

    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (slice_is(status, map[i].status))
            return map[i].outcome;
    return JOURNEY_FAILED;
}

static void on_response(void *ctx, const struct companion_response *e)
{
    struct load_app *app = ctx;
    struct recorder *rec = app->load->recorder;
    struct json_peek status = {.name = "status"};

    if (e->request_id == NULL)
        return;
    json_peek(e->payload, &status, 1);
    recorder_journey_mark(rec, e->request_id, JOURNEY_SEEN, e->received_at);
    recorder_journey_end(rec, e->request_id, outcome_of(status.value), e->received_at);
}

/* The cloud would not have it. */
static void rejected(struct load *load, const char *token, const char *why, usec_t at)
{
    const struct journey *j = recorder_journey(load->recorder, token);
    char name[64];

    if (j == NULL || j->outcome != JOURNEY_OPEN)
        return;
    recorder_journey_end(load->recorder, token, JOURNEY_REJECTED, at);
    snprintf(name, sizeof name, "commands.rejected.%s", why);
    recorder_journey_count(load->recorder, token, name);
}

static void on_accepted(struct load *load, struct vehicle *v, const struct companion_shadow *e)
{
    if (v != NULL && v->oracle != NULL)
        oracle_car_seen(v->oracle, e->name, ORACLE_SAW_ACCEPTED,
                        e->version > 0 ? (uint64_t)e->version : 0, e->payload);
    if (e->client_token == NULL)
        return;
    recorder_journey_mark(load->recorder, e->client_token, JOURNEY_ACCEPTED, e->received_at);
    if (v != NULL)
        vehicle_report_seen(v, e->client_token, e->received_at);
}

static void on_shadow(void *ctx, const struct companion_shadow *e)
{
    struct load *load = ((struct load_app *)ctx)->load;
    char code[24];

    if (e->verb != COMPANION_VERB_UPDATE)
        return;
    if (e->outcome == COMPANION_OUTCOME_ACCEPTED) {
        on_accepted(load, simulation_find(load->sim, slice_str(e->thing)), e);
    } else if (e->outcome == COMPANION_OUTCOME_REJECTED && e->client_token != NULL) {
        snprintf(code, sizeof code, "%d", e->code);
        rejected(load, e->client_token, e->code == SHADOW_THROTTLED ? "throttled" : code,
                 e->received_at);
    }
    load_dispatch(load);
}

/* ---- the connection ---- */

static void on_acked(void *ctx, const struct companion_acked *e)
{
    struct load_app *app = ctx;
    char token[JOURNEY_TOKEN_MAX], code[24];

    if (app->in_flight > 0)
        app->in_flight--;
    if (!e->ok) {
        load_token(app->load, app->numbers[e->publish.id & (app->ring - 1)], token, sizeof token);
        snprintf(code, sizeof code, "0x%02x", (unsigned)e->reason_code & 0xff);
        rejected(app->load, token,
                 e->reason_code == QUOTA_EXCEEDED ? "throttled"
                 : e->reason_code == 0            ? "unacknowledged"
                                                  : code,
                 e->at);
    }
    load_dispatch(app->load);
}

static void on_connected(void *ctx, const struct companion_connected *e)
{
    struct load_app *app = ctx;

    (void)e;
    app->load->trouble[0] = '\0';
    app->load->sim->companion_reached = true;
    if (app->probe && !app->load->observer.listens)
        load_observer_listen(app);
    load_dispatch(app->load);
}

static void on_lost(void *ctx, const struct companion_lost *e)
{
    struct load_app *app = ctx;
    struct load *load = app->load;

    app->watching = false;
    snprintf(load->trouble, sizeof load->trouble, "%s", e->text);
    recorder_count(load->recorder, e->was_connected ? "companion.lost" : "companion.failed", 1);
    if (!load->sim->companion_reached)
        simulation_connect_failed(load->sim, e->text);
}

static void on_watching(void *ctx, const struct companion_watching *e)
{
    struct load_app *app = ctx;

    app->watching = e->ok;
    if (!e->ok)
        snprintf(app->load->trouble, sizeof app->load->trouble, "subscriptions refused: %s",
                 e->text);
    load_dispatch(app->load);
}

static void on_subscribed(void *ctx, const struct companion_subscribed *e)
{
    struct load_app *app = ctx;

    load_observer_granted(app->load, e->ok);
}

static void on_message(void *ctx, const struct mqtt_message *m, usec_t received_at)
{
    struct load_app *app = ctx;

    load_observer_saw(app->load, m->payload, received_at);
}

static const struct companion_events events = {
    .subscribed = on_subscribed,
    .message = on_message,
    .connected = on_connected,
    .lost = on_lost,
    .watching = on_watching,
    .shadow = on_shadow,
    .response = on_response,
    .acked = on_acked,
};

/* ---- life ---- */

bool load_app_open(struct load_app *app, const struct companion_options *link, struct error *err)
{
    struct load *load = app->load;

    for (app->ring = 1; app->ring <= load->in_flight; app->ring *= 2)
        continue;
    app->numbers = xcalloc(app->ring, sizeof *app->numbers);
    app->companion = companion_new(load->sim->loop, link, &events, app, err);
    if (app->companion == NULL)
        return false;
    if (app->watches)
        companion_watch_all(app->companion, COMPANION_WATCH_UPDATES);
    return true;
}

void load_app_close(struct load_app *app)
{
    companion_free(app->companion);
    free(app->numbers);
}

void load_app_watch_named(struct load_app *app)
{
    app->watching = false;
    companion_watch_all(app->companion, COMPANION_WATCH_UPDATES | COMPANION_WATCH_NAMED);
}

bool load_app_ready(const struct load_app *app)
{
    return companion_is_connected(app->companion) && (app->watching || !app->watches);
}

/* ---- sending ---- */

/* The shadow of the car in which the signal lives. */
static struct companion_twin twin_of(const struct vehicle *v, const char *signal)
{
    const struct signal_schema *schema = v->tcu->signals.schema;
    int index = signal_schema_find(schema, slice_str(signal));

    return (struct companion_twin){
        .thing = v->identity.thing_name,
        .name = index >= 0 ? signal_schema_def(schema, (size_t)index)->shadow : NULL};
}

static bool publish(struct load_app *app, const struct load_command *c, const char *token,
                    struct companion_publish *ret)
{
    const struct load *load = app->load;
    const struct load_fleet *fleet = c->probe ? &load->probe : &load->background;
    const struct load_kind_kept *kind = &load->kinds[c->kind];
    const struct vehicle *v = fleet->cars[c->car].v;
    const char *wish = c->second && kind->second != NULL ? kind->second : kind->first;
    struct error err;

    if (load->way == LOAD_BY_SHADOW)
        return companion_desire(app->companion, twin_of(v, kind->signal), wish, token, ret, &err);
    const struct companion_request request = {.thing = v->identity.thing_name,
                                              .command_json = wish,
                                              .request_id = token,
                                              .expiry = load->patience};
    return companion_request(app->companion, &request, ret, &err);
}

bool load_app_send(struct load_app *app, const struct load_command *c, uint64_t number)
{
    struct load *load = app->load;
    struct load_car *car = &(c->probe ? &load->probe : &load->background)->cars[c->car];
    struct companion_publish sent;
    char token[JOURNEY_TOKEN_MAX];

    load_token(load, number, token, sizeof token);
    if (!publish(app, c, token, &sent))
        return false;
    app->in_flight++;
    app->numbers[sent.id & (app->ring - 1)] = number;
    car->open = number;
    (c->probe ? recorder_journey_begin_probe
              : recorder_journey_begin)(load->recorder, token, car->v->identity.index,
                                        load->kinds[c->kind].name, c->due, sent.sent_at);
    /* The operator's network knows that it has no data session: its text message wakes it. */
    if (car->v->tcu->state == TCU_ASLEEP)
        sms_send(car->v, &(struct sms_request){.token = token});
    return true;
}
