/*
 * cloud_world.h — a local cloud as its broker drives it, with the time in the test's hand and an
 * operator connected. Certificates are texts (cloud_world_issuer); what a call leads to is in `out`
 * until the next call.
 */
#ifndef SUPPORT_CLOUD_WORLD_H
#define SUPPORT_CLOUD_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/cloud.h"
#include "cloud/provisioning/first_contact.h"
#include "cloud/registry/issuer.h"

#define CLOUD_NOW            ((int64_t)1700000000000)
#define CLOUD_HOUR           ((int64_t)3600 * 1000)
#define CLOUD_WORLD_OPERATOR "fleet-0"
/* The id of the first certificate that cloud_world_issuer signs. */
#define MADE "00000000000000000000000000000000000000000000000000000000000000dd"

struct cloud_world {
    struct cloud *cloud;
    struct cloud_actions out;
    int64_t now_ms;
};

/* A certificate's text is its id, 64 characters; the signing request "CSR" gets the certificate
   MADE with the text "PEM", a key made here is "KEY". With a counter (unsigned) as its ctx the n-th
   one is cloud_world_made(n). */
extern const struct issuer cloud_world_issuer;
/* Valid until the next call. */
const char *cloud_world_made(unsigned n);

/* At CLOUD_NOW; the operator is CLOUD_WORLD_OPERATOR. For cmocka: a world is the state. */
int cloud_world_setup(void **state);
int cloud_world_teardown(void **state);

/* The broker ends and starts again; `prepare` (NULL: nothing) gives the new cloud what its broker
   was started with, then it loads what was saved, all of it; the operator is back. */
void cloud_world_restart(struct cloud_world *w, void (*prepare)(struct cloud *cloud));
/* The same with what the test says was saved. */
void cloud_world_load(struct cloud_world *w, struct slice saved);

/* Time passes, and is told to the cloud. */
void cloud_world_wait(struct cloud_world *w, int64_t ms);

/* A message from the client with that handle; policy lets it through. */
void cloud_world_send(struct cloud_world *w, const void *handle, const char *client_id,
                      const char *topic, struct slice payload);

/* The message at that place, on that topic, to client `to` alone (NULL: to everybody), as JSON or,
   if the topic says so, from CBOR; to be freed. */
cJSON *cloud_world_said(struct cloud_world *w, size_t at, const char *topic, const char *to);

/* What the operator says on a topic, and on fleetsim/<call>. */
void operator_publishes(struct cloud_world *w, const char *topic, const char *payload);
void operator_sends(struct cloud_world *w, const char *call, const char *payload);
/* What the operator asks on fleetsim/<call>: the one answer, which is on …/<expected>; to be
   freed. */
cJSON *operator_asks(struct cloud_world *w, const char *call, const char *payload,
                     const char *expected);
/* It is accepted. */
void operator_tells(struct cloud_world *w, const char *call, const char *payload);
/* It is rejected with that code, and in words. */
void operator_is_refused(struct cloud_world *w, const char *call, const char *payload,
                         const char *code);

/* The certificate as the operator sees it; to be freed. */
cJSON *certificate_of(struct cloud_world *w, const char *id);
/* The first text of an object's list, "" if there is none. */
const char *first_of(const cJSON *object, const char *list);
void expect_status(struct cloud_world *w, const char *id, const char *status);

#define IN_CLOUD_WORLD(test)                                                                       \
    cmocka_unit_test_setup_teardown(test, cloud_world_setup, cloud_world_teardown)

#endif
