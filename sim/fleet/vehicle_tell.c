#include "fleet/vehicle_tell.h"

#include "fleet/simulation.h"
#include "mqtt/describe.h"

static bool has(uint32_t kinds, enum vehicle_event_kind kind)
{
    return (kinds >> kind & 1) != 0;
}

static bool is_watched(const struct vehicle *v, enum vehicle_event_kind kind)
{
    return (v->watched != NULL && has(*v->watched, kind)) || has(v->sim->watched, kind);
}

static void tell(struct vehicle *v, const struct vehicle_event *e)
{
    if (v->watched != NULL && has(*v->watched, e->kind))
        v->behaviour->event(v->ctx, v, e);
    if (has(v->sim->watched, e->kind))
        v->sim->event(v->sim->event_ctx, v, e);
}

void vehicle_tell_packet(struct vehicle *v, bool outgoing, struct slice bytes, usec_t at)
{
    struct vehicle_event e = {.kind = outgoing ? VEHICLE_EVENT_OUT : VEHICLE_EVENT_IN, .at = at};
    struct mqtt_packet packet;
    const char *why;

    if (!is_watched(v, e.kind))
        return;
    e.packet.size = bytes.len;
    if (mqtt_describer_decode(&v->describer, outgoing, bytes, tcu_version(v->tcu), &packet, &why) ==
        0)
        e.packet.decoded = &packet;
    tell(v, &e);
}

void vehicle_tell_state(struct vehicle *v, enum tcu_state from, enum tcu_state to, usec_t at)
{
    struct vehicle_event e = {.kind = VEHICLE_EVENT_STATE, .at = at};

    if (!is_watched(v, e.kind))
        return;
    e.state.from = from;
    e.state.to = to;
    tell(v, &e);
}

void vehicle_tell_signal(struct vehicle *v, size_t index)
{
    if (is_watched(v, VEHICLE_EVENT_SIGNAL))
        tell(v, &(struct vehicle_event){
                    .kind = VEHICLE_EVENT_SIGNAL, .at = clock_now(), .signal = index});
}

void vehicle_tell_note(struct vehicle *v, const char *name, const char *detail)
{
    struct vehicle_event e = {.kind = VEHICLE_EVENT_NOTE};

    if (!is_watched(v, e.kind))
        return;
    e.at = clock_now();
    e.note.name = name;
    e.note.detail = detail != NULL ? detail : "";
    tell(v, &e);
}

void vehicle_tell_sms(struct vehicle *v, const char *text)
{
    if (is_watched(v, VEHICLE_EVENT_SMS))
        tell(v,
             &(struct vehicle_event){.kind = VEHICLE_EVENT_SMS, .at = clock_now(), .text = text});
}

/* ---- commands ---- */

static void tell_command(struct vehicle *v, const char *stage, const char *token,
                         const struct tcu_order *order, usec_t at)
{
    struct vehicle_event e = {.kind = VEHICLE_EVENT_COMMAND, .at = at};

    e.command.stage = stage;
    e.command.token = token;
    e.command.order = order;
    e.command.outcome = TCU_OUTCOME_COUNT;
    tell(v, &e);
}

void vehicle_tell_order(struct vehicle *v, const struct tcu_order *order)
{
    if (is_watched(v, VEHICLE_EVENT_COMMAND))
        tell_command(v, "received", order->token, order, clock_now());
}

void vehicle_tell_stage(struct vehicle *v, const char *stage, const char *token, usec_t at)
{
    if (is_watched(v, VEHICLE_EVENT_COMMAND))
        tell_command(v, stage, token, NULL, at);
}

void vehicle_tell_done(struct vehicle *v, const struct tcu_order *order, enum tcu_outcome outcome,
                       const char *reason, const char *description)
{
    struct vehicle_event e = {.kind = VEHICLE_EVENT_COMMAND};

    if (!is_watched(v, e.kind))
        return;
    e.at = clock_now();
    e.command.stage = "done";
    e.command.token = order->token;
    e.command.order = order;
    e.command.outcome = outcome;
    e.command.reason = reason;
    e.command.description = description;
    tell(v, &e);
}
