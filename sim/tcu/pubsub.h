/*
 * pubsub.h — what a car publishes and subscribes to besides its shadow and its commands. Allocated
 * by the first tcu_publish(), tcu_subscribe() or tcu_unsubscribe().
 */
#ifndef TCU_PUBSUB_H
#define TCU_PUBSUB_H

#include "tcu/tcu.h"

struct pubsub;

void pubsub_done(struct tcu *t);
/* The broker has forgotten the session. */
void pubsub_session_lost(struct tcu *t);
/* Has a subscription of the car's own asked for this topic? */
bool pubsub_wants(const struct tcu *t, struct slice topic);
/* Comes before the answer with this id. */
void pubsub_remark(struct tcu *t, uint16_t packet_id, const char *text);
void pubsub_answered(struct tcu *t, uint16_t packet_id, const uint8_t *codes, size_t count);

#endif
