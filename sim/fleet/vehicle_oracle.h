/*
 * vehicle_oracle.h — a car and the oracle that watches it, if the simulation has one.
 */
#ifndef FLEET_VEHICLE_ORACLE_H
#define FLEET_VEHICLE_ORACLE_H

#include "fleet/vehicle.h"
#include "oracle/oracle.h"

/* What the simulation makes for the car, with the oracle between it and the TCU. As make_client of
   struct tcu_params. */
struct mqtt_client *vehicle_make_client(void *vehicle, uint32_t index,
                                        const struct mqtt_client_events *events, void *ctx);

/* As in tcu.h, and tells the oracle. */
void vehicle_hold_reports(struct vehicle *v, bool hold);
void vehicle_change_schema(struct vehicle *v, const struct signal_schema *schema);
/* tcu_publish() for a script, which may say what it likes. */
int32_t vehicle_publish(struct vehicle *v, const struct mqtt_message *message, struct error *err);
/* What the simulation's oracle calls; ctx is not read. */
void vehicle_violated(void *ctx, void *vehicle, const struct oracle_violation *violation);

#endif
