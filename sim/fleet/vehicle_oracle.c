#include "fleet/vehicle_oracle.h"

#include "fleet/simulation.h"

struct mqtt_client *vehicle_make_client(void *vehicle, uint32_t index,
                                        const struct mqtt_client_events *events, void *ctx)
{
    struct vehicle *v = vehicle;

    if (v->oracle == NULL)
        return v->sim->make_client(v, index, events, ctx);
    struct mqtt_client *inner = v->sim->make_client(v, index, &oracle_tap_events, v->oracle);
    return oracle_tap_wrap(v->oracle, inner, events, ctx);
}

void vehicle_hold_reports(struct vehicle *v, bool hold)
{
    if (v->oracle != NULL)
        oracle_car_held(v->oracle, hold);
    tcu_hold_reports(v->tcu, hold);
}

void vehicle_change_schema(struct vehicle *v, const struct signal_schema *schema)
{
    if (v->oracle != NULL)
        oracle_car_speaks(v->oracle, true);
    tcu_change_schema(v->tcu, schema);
    if (v->oracle == NULL)
        return;
    oracle_car_changed_schema(v->oracle);
    oracle_car_speaks(v->oracle, false);
}

int32_t vehicle_publish(struct vehicle *v, const struct mqtt_message *message, struct error *err)
{
    if (v->oracle != NULL)
        oracle_car_speaks(v->oracle, true);
    int32_t id = tcu_publish(v->tcu, message, err);
    if (v->oracle != NULL)
        oracle_car_speaks(v->oracle, false);
    return id;
}

void vehicle_violated(void *ctx, void *vehicle, const struct oracle_violation *violation)
{
    struct vehicle *v = vehicle;

    (void)ctx;
    timeline_addf(v->timeline, clock_now(), TIMELINE_ORACLE, "%s: %s", violation->name,
                  violation->text);
    if (v->behaviour->violated != NULL)
        v->behaviour->violated(v->ctx, v, violation);
}
