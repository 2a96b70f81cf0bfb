/*
 * guests.h — clients of a cloud_world that has no operator: each is told apart by the number of its
 * connection, and has a certificate of its own in each unit.
 */
#ifndef SUPPORT_GUESTS_H
#define SUPPORT_GUESTS_H

#include "support/cloud_world.h"

/* Addresses to tell connections apart. */
extern const int guest_handles[4];

/* For cmocka, with cloud_world_teardown: a cloud_world is the state. */
int guests_setup(void **state);

/* Its certificate's id; valid until the eighth next call. */
const char *guest_principal(const char *client_id, const char *unit);

struct presence_peer guest(int handle, const char *client_id, const char *unit);

enum cloud_verdict guest_connects(struct cloud_world *w, int handle, const char *client_id,
                                  const char *unit);
void guest_leaves(struct cloud_world *w, int handle, const char *client_id,
                  enum presence_reason reason);
/* What came before stays in `out`. */
enum cloud_verdict guest_subscribes(struct cloud_world *w, const char *client_id,
                                    const char *filter);
/* May it publish? */
enum cloud_verdict guest_publishes(struct cloud_world *w, int handle, const char *client_id,
                                   const char *topic, bool retain);

/* The payload of action i, whose topic must be as given; to be freed. */
cJSON *event_at(const struct cloud_world *w, size_t i, const char *topic);

#define WITH_GUESTS(test) cmocka_unit_test_setup_teardown(test, guests_setup, cloud_world_teardown)

#endif
