/*
 * vehicle_radio.h — a car's modem (radio/radio.h) between its client and the broker. Cars without
 * one are on a perfect network.
 *
 * Owns      the model, and a profile of the car's own if it has one.
 * Threads   the simulation thread.
 */
#ifndef FLEET_VEHICLE_RADIO_H
#define FLEET_VEHICLE_RADIO_H

#include "base/error.h"
#include "radio/radio.h"

struct vehicle;
struct vehicle_radio;

/* The network of the car from now on; the profile is copied, its texts are borrowed for good. False
   with ERROR_USAGE if the car's client cannot (Paho's). */
bool vehicle_radio_set(struct vehicle *v, const struct radio_profile *profile, struct error *err);
/* What it is on; NULL: a perfect network. Its state is up to date. */
const struct radio *vehicle_radio(struct vehicle *v);
/* Bytes that come for the car outside of its MQTT connection: how long they take. False: there is
   no network now. */
bool vehicle_radio_receive(struct vehicle *v, size_t bytes, usec_t *ret_delay);
/* Is it on the network, so that text messages reach it? */
bool vehicle_radio_attached(struct vehicle *v);

/* For the vehicle: the car's power comes or goes; it wants to connect (false: vehicle_connect() is
   called when there is a network); it does not any more. */
void vehicle_radio_power(struct vehicle *v, bool on);
bool vehicle_radio_ready(struct vehicle *v);
void vehicle_radio_leave(struct vehicle *v);
void vehicle_radio_free(struct vehicle *v);

#endif
