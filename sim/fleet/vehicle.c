#include "fleet/vehicle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/sms.h"
#include "fleet/vehicle_oracle.h"
#include "fleet/vehicle_provision.h"
#include "fleet/vehicle_radio.h"
#include "fleet/vehicle_rotation.h"
#include "fleet/vehicle_telemetry.h"
#include "fleet/vehicle_tell.h"
#include "metrics/recorder.h"
#include "mqtt/type.h"
#include "oracle/oracle.h"
#include "pki/credential_set.h"
#include "pki/rotation.h"

/* Results that nobody claims (no companion watches) must not pile up. */
#define RESULTS_MAX 64

struct vehicle_result {
    struct vehicle_result *next;
    char token[JOURNEY_TOKEN_MAX];
    char report_token[JOURNEY_TOKEN_MAX];
    enum journey_outcome outcome;
};

static struct vehicle_result *result_of(struct vehicle *v, const char *token)
{
    struct vehicle_result *r = v->results;

    while (r != NULL && strncmp(r->token, token, sizeof r->token - 1) != 0)
        r = r->next;
    return r;
}

static void copy_token(char to[JOURNEY_TOKEN_MAX], const char *from)
{
    size_t len = strnlen(from, JOURNEY_TOKEN_MAX - 1);

    memcpy(to, from, len);
    to[len] = '\0';
}

static void remember_result(struct vehicle *v, const char *token, enum journey_outcome outcome)
{
    size_t n = 0;
    struct vehicle_result **last = &v->results;

    for (; *last != NULL && n < RESULTS_MAX; last = &(*last)->next)
        n++;
    if (n == RESULTS_MAX) {
        struct vehicle_result *oldest = v->results;
        v->results = oldest->next;
        free(oldest);
        remember_result(v, token, outcome);
        return;
    }
    struct vehicle_result *r = xcalloc(1, sizeof *r);
    copy_token(r->token, token);
    r->outcome = outcome;
    *last = r;
}

void vehicle_report_seen(struct vehicle *v, const char *report_token, usec_t at)
{
    for (struct vehicle_result **p = &v->results; *p != NULL;) {
        struct vehicle_result *r = *p;
        if (r->report_token[0] == '\0' ||
            strncmp(r->report_token, report_token, sizeof r->report_token - 1) != 0) {
            p = &r->next;
            continue;
        }
        recorder_journey_mark(v->sim->recorder, r->token, JOURNEY_SEEN, at);
        recorder_journey_end(v->sim->recorder, r->token, r->outcome, at);
        *p = r->next;
        free(r);
    }
}

enum journey_outcome vehicle_journey_outcome(enum tcu_outcome outcome)
{
    switch (outcome) {
    case TCU_SUCCEEDED:
        return JOURNEY_SUCCEEDED;
    case TCU_REJECTED:
        return JOURNEY_REJECTED;
    case TCU_TIMED_OUT:
        return JOURNEY_EXPIRED;
    case TCU_FAILED:
    case TCU_OUTCOME_COUNT:
        break;
    }
    return JOURNEY_FAILED;
}

/* "done app-1-7: SUCCEEDED" */
static void note_order(struct vehicle *v, const char *what, const struct tcu_order *order,
                       const char *mark, struct slice rest)
{
    char between[sizeof order->token + 4];

    snprintf(between, sizeof between, " %s%s", order->token, mark);
    timeline_add_parts(v->timeline, clock_now(), TIMELINE_ORDER,
                       &(struct timeline_parts){slice_str(what), slice_str(between), rest});
}

void vehicle_order_done(struct vehicle *v, struct tcu_order *order, enum tcu_outcome outcome,
                        const char *reason_code, const char *description)
{
    char result[512];
    snprintf(result, sizeof result, "%s%s%s%s%s", tcu_outcome_name(outcome),
             reason_code != NULL ? " " : "", reason_code != NULL ? reason_code : "",
             description != NULL ? ": " : "", description != NULL ? description : "");
    note_order(v, "done", order, ": ", slice_str(result));
    if (order->kind == TCU_ORDER_DESIRED &&
        recorder_journey(v->sim->recorder, order->token) != NULL)
        remember_result(v, order->token, vehicle_journey_outcome(outcome));
    if (v->oracle != NULL)
        oracle_car_order_done(v->oracle, order);
    vehicle_tell_done(v, order, outcome, reason_code, description);
    tcu_order_done(v->tcu, order, outcome, reason_code, description);
}

void vehicle_expect_wake(struct vehicle *v, const char *token)
{
    free(v->wake_token);
    v->wake_token = token != NULL ? xstrdup(token) : NULL;
}

void vehicle_tapped(struct vehicle *v, const char *text)
{
    vehicle_tell_sms(v, text);
    v->tapped |= v->tcu->state == TCU_ASLEEP || v->tcu->state == TCU_BACKING_OFF;
    if (v->behaviour->sms != NULL)
        v->behaviour->sms(v->ctx, v, text);
    else
        tcu_wake(v->tcu);
}

void vehicle_woken(struct vehicle *v)
{
    if (v->wake_token != NULL)
        recorder_journey_mark(v->sim->recorder, v->wake_token, JOURNEY_WOKEN, clock_now());
}

static void begins_to_connect(struct vehicle *v)
{
    if (v->wake_token != NULL)
        recorder_journey_mark(v->sim->recorder, v->wake_token, JOURNEY_BOOTED, clock_now());
    if (v->tapped)
        recorder_count(v->sim->recorder, "sms.woken", 1);
    v->tapped = false;
}

/* ---- what the TCU tells ---- */

static void on_state(void *ctx, struct tcu *tcu, enum tcu_state from, enum tcu_state to)
{
    struct vehicle *v = ctx;
    struct simulation *sim = v->sim;
    usec_t now = clock_now();

    (void)tcu;
    sim->by_state[from]--;
    sim->by_state[to]++;
    if (v->oracle != NULL)
        oracle_car_state(v->oracle, to);
    if (from == TCU_CONNECTING) {
        connect_gate_leave(&sim->gate, &v->ticket);
        vehicle_radio_leave(v);
    }
    if (from == TCU_OFF || to == TCU_OFF)
        vehicle_radio_power(v, to != TCU_OFF);
    if (to == TCU_OFF)
        vehicle_rotation_power_lost(v);
    timeline_add_parts(v->timeline, now, TIMELINE_STATE,
                       &(struct timeline_parts){slice_str(tcu_state_name(from)), slice_str(" → "),
                                                slice_str(tcu_state_name(to))});
    if (from == TCU_ASLEEP)
        vehicle_woken(v);
    if (to == TCU_CONNECTING)
        begins_to_connect(v);
    if (from == TCU_OFF)
        sms_reachable(v);
    if (v->wake_token != NULL && to == TCU_ONLINE) {
        recorder_journey_mark(sim->recorder, v->wake_token, JOURNEY_CONNECTED, now);
        vehicle_expect_wake(v, NULL);
    }
    if (to == TCU_ONLINE)
        vehicle_provision_online(v);
    if (v->collector != NULL)
        collector_state(v->collector, to);
    vehicle_tell_state(v, from, to, now);
    v->behaviour->state(v->ctx, v, from, to);
    v->behaviour->changed(v->ctx, v);
}

static void note_attempt(const struct vehicle *v, usec_t waited)
{
    struct simulation *sim = v->sim;

    recorder_count(sim->recorder, "connect.attempts", 1);
    recorder_value(sim->recorder, "connect.queue", waited);
    sim->first_attempt = sim->first_attempt != 0 ? sim->first_attempt : clock_now();
}

static bool on_admit(void *ctx, struct tcu *tcu)
{
    struct vehicle *v = ctx;

    (void)tcu;
    if (!vehicle_radio_ready(v) || !connect_gate_enter(&v->sim->gate, &v->ticket))
        return false;
    note_attempt(v, 0);
    return true;
}

void vehicle_connect(struct vehicle *v)
{
    if (!connect_gate_enter(&v->sim->gate, &v->ticket))
        return;
    note_attempt(v, 0);
    tcu_admit(v->tcu);
}

void vehicle_admitted(void *ctx, struct connect_ticket *ticket, usec_t waited)
{
    struct vehicle *v = (struct vehicle *)((char *)ticket - offsetof(struct vehicle, ticket));

    (void)ctx;
    note_attempt(v, waited);
    tcu_admit(v->tcu);
}

static void write_changes(const struct vehicle *v, const struct tcu_order *order, struct buf *out)
{
    for (size_t i = 0; i < order->change_count; i++) {
        const struct signal_def *def =
            signal_schema_def(v->tcu->signals.schema, order->changes[i].index);
        buf_printf(out, "%s%s=", i != 0 ? ", " : "", def->path);
        signal_write_value(def, order->changes[i].value, out);
    }
}

static void on_order(void *ctx, struct tcu *tcu, struct tcu_order *order)
{
    struct vehicle *v = ctx;

    (void)tcu;
    if (v->timeline != NULL) {
        struct buf text;
        buf_init(&text, 1024);
        write_changes(v, order, &text);
        note_order(v, order->kind == TCU_ORDER_REQUEST ? "request" : "desired", order, ": ",
                   buf_slice(&text));
        buf_done(&text);
    }
    if (v->oracle != NULL)
        oracle_car_order(v->oracle, order);
    vehicle_tell_order(v, order);
    v->behaviour->order(v->ctx, v, order);
}

static void on_order_cancelled(void *ctx, struct tcu *tcu, struct tcu_order *order)
{
    struct vehicle *v = ctx;

    (void)tcu;
    note_order(v, "cancelled", order, "", slice_of(NULL, 0));
    if (v->oracle != NULL)
        oracle_car_order_cancelled(v->oracle, order);
    vehicle_tell_stage(v, "cancelled", order->token, clock_now());
    v->behaviour->order_cancelled(v->ctx, v, order);
}

static void on_mark(void *ctx, struct tcu *tcu, const char *token, enum tcu_mark mark, usec_t at,
                    const char *report_token)
{
    static const enum journey_mark marks[TCU_MARK_COUNT] = {
        JOURNEY_RECEIVED, JOURNEY_STARTED, JOURNEY_ACTED, JOURNEY_REPORTED, JOURNEY_REPORT_ACCEPTED,
    };
    struct vehicle *v = ctx;

    (void)tcu;
    recorder_journey_mark(v->sim->recorder, token, marks[mark], at);
    /* That it was received is told with what it asks for. */
    if (mark != TCU_MARK_RECEIVED)
        vehicle_tell_stage(v, journey_mark_name(marks[mark]), token, at);
    if (mark == TCU_MARK_REPORTED && report_token != NULL) {
        struct vehicle_result *r = result_of(v, token);
        if (r != NULL)
            copy_token(r->report_token, report_token);
    }
}

static void on_stage(void *ctx, struct tcu *tcu, enum tcu_stage stage, usec_t took)
{
    static const char *const names[TCU_STAGE_COUNT] = {
        "connect.tcp",          "connect.tls",        "connect.connack", "connect.subscribe",
        "connect.first_shadow", "connect.total",      "publish.puback",  "provision.key",
        "provision.create",     "provision.register", "provision.total",
    };
    struct vehicle *v = ctx;

    (void)tcu;
    char name[RECORDER_NAME_MAX];
    snprintf(name, sizeof name, "%s%s", v->probe ? RECORDER_PROBE : "", names[stage]);
    recorder_value(v->sim->recorder, name, took);
    if (stage == TCU_STAGE_PROVISION_TOTAL)
        recorder_count(v->sim->recorder, "provision.succeeded", 1);
    if (stage != TCU_STAGE_CONNECT_TOTAL)
        return;
    recorder_count(v->sim->recorder, "connect.succeeded", 1);
    v->sim->car_reached = true;
}

/* By why the connection ended, if that is what the note tells. */
static void count_note(struct vehicle *v, const char *counter, enum tcu_note note,
                       const char *detail)
{
    bool ended = note == TCU_NOTE_CONNECT_FAILED || note == TCU_NOTE_CONNECTION_LOST;
    struct mqtt_closed end;

    if (ended && detail != NULL && tcu_last_close(v->tcu, &end) &&
        strncmp(detail, end.text, strlen(end.text)) == 0)
        recorder_count_by(v->sim->recorder, counter, mqtt_close_name(end.why), 1);
    else
        recorder_count(v->sim->recorder, counter, 1);
}

static void on_note(void *ctx, struct tcu *tcu, enum tcu_note note, const char *detail)
{
    static const struct {
        const char *counter, *text;
    } notes[TCU_NOTE_COUNT] = {
        {"commands.stale_dropped",      "stale delta dropped"         },
        {"desired.unknown",             "desired value not understood"},
        {"commands.expired_dropped",    "expired request dropped"     },
        {"commands.duplicates_dropped", "repeated request dropped"    },
        {"messages.bad",                "bad message dropped"         },
        {"shadow.rejected",             "report rejected by the cloud"},
        {"connect.failed",              "connection failed"           },
        {"connect.lost",                "connection lost"             },
        {"mqtt.refused",                "not sent"                    },
        {"provision.failed",            "provisioning failed"         },
    };
    struct vehicle *v = ctx;

    (void)tcu;
    count_note(v, notes[note].counter, note, detail);
    timeline_add_parts(v->timeline, clock_now(), TIMELINE_NOTE,
                       &(struct timeline_parts){slice_str(notes[note].text), slice_str(": "),
                                                slice_str(detail != NULL ? detail : "")});
    if (v->oracle != NULL)
        oracle_car_note(v->oracle, note);
    vehicle_tell_note(v, notes[note].text, detail);
    if (note == TCU_NOTE_CONNECT_FAILED || note == TCU_NOTE_CONNECTION_LOST)
        simulation_connect_failed(v->sim, detail);
    v->behaviour->changed(v->ctx, v);
}

static void on_signal(void *ctx, struct tcu *tcu, size_t index)
{
    struct vehicle *v = ctx;

    if (v->timeline != NULL) {
        const struct signal_def *def = signal_schema_def(tcu->signals.schema, index);
        struct buf text;
        buf_init(&text, 512);
        signal_write_value(def, signal_get(&tcu->signals, index), &text);
        timeline_add_parts(
            v->timeline, clock_now(), TIMELINE_SIGNAL,
            &(struct timeline_parts){slice_str(def->path), slice_str(" = "), buf_slice(&text)});
        buf_done(&text);
    }
    if (v->oracle != NULL)
        oracle_car_signal(v->oracle, index);
    if (v->collector != NULL)
        collector_signal(v->collector, index);
    vehicle_tell_signal(v, index);
    v->behaviour->changed(v->ctx, v);
}

static void on_reported(void *ctx, struct tcu *tcu)
{
    struct vehicle *v = ctx;

    (void)tcu;
    v->behaviour->changed(v->ctx, v);
}

static void on_packet(void *ctx, struct tcu *tcu, bool outgoing, struct slice bytes, usec_t at)
{
    struct vehicle *v = ctx;

    if (bytes.len > 0 && mqtt_type_of(bytes.data[0]) == MQTT_TYPE_PUBLISH)
        recorder_count(v->sim->recorder, outgoing ? "messages.sent" : "messages.received", 1);
    recorder_count(v->sim->recorder, outgoing ? "bytes.sent" : "bytes.received", bytes.len);
    if (bytes.len > 0) {
        *(outgoing ? &v->traffic.bytes_out : &v->traffic.bytes_in) += bytes.len;
        ++*(outgoing ? &v->traffic.packets_out : &v->traffic.packets_in);
    }
    timeline_add_packet(v->timeline, at, outgoing, bytes, tcu_version(tcu), &v->describer);
    if (v->behaviour->packet != NULL)
        v->behaviour->packet(v->ctx, v, outgoing, bytes);
    vehicle_tell_packet(v, outgoing, bytes, at);
}

static void on_message(void *ctx, struct tcu *tcu, const struct mqtt_message *m)
{
    struct vehicle *v = ctx;

    (void)tcu;
    if (v->collector == NULL || !collector_message(v->collector, m))
        v->behaviour->message(v->ctx, v, m);
}

static void on_answered(void *ctx, struct tcu *tcu, uint16_t packet_id, const uint8_t *codes,
                        size_t count, const char *remark)
{
    struct vehicle *v = ctx;

    (void)tcu;
    if (v->collector == NULL || !collector_answered(v->collector, packet_id, codes, count))
        v->behaviour->answered(v->ctx, v, packet_id, codes, count, remark);
}

static const struct tcu_observer observer = {
    .message = on_message,
    .answered = on_answered,
    .state = on_state,
    .admit = on_admit,
    .order = on_order,
    .order_cancelled = on_order_cancelled,
    .mark = on_mark,
    .stage = on_stage,
    .note = on_note,
    .signal = on_signal,
    .reported = on_reported,
    .packet = on_packet,
};

static bool take_own(struct vehicle *v, struct error *err)
{
    const struct credential_set *own = v->sim->own;
    uint32_t index = v->identity.index;

    if (index >= credential_set_count(own))
        return error_set(err, ERROR_SCRIPT,
                         "no certificate for another car: --certificates has %zu (more of them, or "
                         "fewer cars at once: --jobs 1, --vehicles)",
                         credential_set_count(own));
    v->own = credential_set_at(own, index);
    simulation_use_index(v->sim, index, true);
    snprintf(v->identity.thing_name, sizeof v->identity.thing_name, "%s", v->own->thing);
    if (vin_is_valid(v->own->thing))
        snprintf(v->identity.vin, sizeof v->identity.vin, "%s", v->own->thing);
    return true;
}

/* TLS looks at the real clock. */
static void set_validity(struct pki_request *request, enum vehicle_validity validity)
{
    const int64_t day = 86400, now = clock_wall_ms() / 1000;

    if (validity == VEHICLE_EXPIRED)
        request->not_before = now - 30 * day, request->not_after = now - day;
    else if (validity == VEHICLE_NOT_YET_VALID)
        request->not_before = now + day, request->not_after = now + 30 * day;
}

static bool take_kept(struct vehicle *v, bool foreign, struct error *err)
{
    struct pki_car car;

    if (v->sim->pki == NULL || !pki_car(v->sim->pki, v->identity.index, &car, err) ||
        (foreign && !car.foreign))
        return false;
    v->identity = car.identity;
    v->certificate = car.certificate;
    v->issuer = car.issuer;
    v->key = car.key;
    return true;
}

/* Where all cars meet the cloud for the first time, those that have done so in an earlier run need
   not; where a car by itself does, it has just been made. */
static bool take_credentials(struct vehicle *v, const struct vehicle_contact *contact,
                             struct error *err)
{
    const struct vehicle_contact *c = contact != NULL ? contact : &v->sim->contact;

    if (c->kind != VEHICLE_KNOWN)
        return (contact == NULL && take_kept(v, true, err)) || vehicle_provision_new(v, c, err);
    if (v->sim->own != NULL)
        return take_own(v, err);
    if (c->validity == VEHICLE_VALID && take_kept(v, false, err))
        return true;
    struct pki *pki = v->sim->pki;
    uint32_t index = v->identity.index;
    struct pki_credential credential;
    struct pki_request request = {
        .role = CERTIFICATE_VEHICLE, .name = v->identity.thing_name, .index = index};
    set_validity(&request, c->validity);
    if (!pki_issue(pki, &request, &credential, err))
        return false;
    size_t size = offsetof(struct pki_credential, certificate) + credential.certificate_len;
    v->issued = xmalloc(size);
    memcpy(v->issued, &credential, size);
    v->certificate = slice_of(v->issued->certificate, credential.certificate_len);
    v->issuer = pki_intermediate(pki);
    v->key = &v->issued->key;
    return true;
}

struct vehicle *vehicle_new(struct simulation *sim, const struct vehicle_birth *birth,
                            const struct behaviour_ops *behaviour, void *ctx, struct error *err)
{
    struct vehicle *v = xcalloc(1, sizeof *v);

    v->sim = sim;
    v->behaviour = behaviour;
    v->ctx = ctx;
    v->seed = birth->seed;
    identity_make(sim->fleet, birth->index, &v->identity);
    if (!take_credentials(v, birth->contact, err)) {
        vehicle_free(v);
        return NULL;
    }
    if (sim->timeline_places > 0 || sim->trace != NULL)
        v->timeline =
            timeline_new(v->identity.thing_name, sim->timeline_places, sim->loop, sim->trace);
    struct tcu_params params = {
        .loop = sim->loop,
        .config = &sim->tcu,
        .schema = birth->schema,
        .index = birth->index,
        .thing_name = v->identity.thing_name,
        .seed = birth->seed,
        .make_client = vehicle_make_client,
        .maker = v,
        .observer = &observer,
        .ctx = v,
    };
    if (sim->oracle != NULL)
        v->oracle = oracle_car_new(sim->oracle, v->identity.thing_name, v);
    v->tcu = tcu_new(&params);
    if (v->provision != NULL)
        vehicle_provision_begin(v);
    if (v->oracle != NULL)
        oracle_car_adopt(v->oracle, v->tcu);
    sim->by_state[TCU_OFF]++;
    simulation_add(sim, v);
    if (sim->radio != NULL && !vehicle_radio_set(v, sim->radio, err)) {
        vehicle_free(v);
        return NULL;
    }
    return v;
}

void vehicle_free(struct vehicle *v)
{
    if (v == NULL)
        return;
    simulation_keep_last(v);
    if (v->tcu != NULL) {
        /* A thing that the next scenario uses must leave no will behind. */
        if (v->own != NULL)
            tcu_disconnect(v->tcu, 0, NULL);
        sms_forget(v);
        connect_gate_leave(&v->sim->gate, &v->ticket);
        simulation_remove(v->sim, v);
        v->sim->by_state[v->tcu->state]--;
        vehicle_collect(v, NULL);
        tcu_free(v->tcu);
        vehicle_radio_free(v);
    }
    oracle_car_free(v->oracle);
    if (v->own != NULL)
        simulation_use_index(v->sim, v->identity.index, false);
    timeline_free(v->timeline);
    mqtt_describer_done(&v->describer);
    while (v->results != NULL) {
        struct vehicle_result *next = v->results->next;
        free(v->results);
        v->results = next;
    }
    free(v->wake_token);
    vehicle_provision_free(v);
    vehicle_rotation_free(v);
    free(v->issued);
    free(v);
}
