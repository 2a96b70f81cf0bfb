/*
 * shadows.h — all shadows of a car: the classic one, and one for each name that signals of its
 * model live in (signal_schema_shadow_name()). Each is kept by shadow.h, as if it were alone.
 *
 * Owns      the named ones; a car whose model has none pays a pointer for them.
 * Promises  online only once the get of each was answered; a model that brings a new one makes the
 *           car subscribe anew.
 */
#ifndef TCU_SHADOWS_H
#define TCU_SHADOWS_H

#include "tcu/tcu.h"

void shadows_init(struct tcu *t);
void shadows_done(struct tcu *t);
/* The car has another schema, `old` was the one before: shadows stay by their names. True if one is
   new, which the car has not subscribed to yet. */
bool shadows_reshape(struct tcu *t, const struct signal_schema *old);

/* Asks for each document that this connection has not brought and nobody has asked for, as far as
   the client can take it now. */
void shadows_get_missing(struct tcu *t);
/* Asks for all of them once more. */
void shadows_get_all(struct tcu *t);
/* Were they all answered? */
bool shadows_synced(const struct tcu *t);
/* Something is dirty: report at the end of this turn, if online and due. */
void shadows_schedule(struct tcu *t);
/* This signal is. */
void shadows_changed(struct tcu *t, size_t index);
void shadows_offline(struct tcu *t);
bool shadows_in_step(const struct tcu *t);
/* PUBACK; true if it was for a report. */
bool shadows_on_puback(struct tcu *t, uint16_t packet_id, uint8_t reason_code);

#endif
