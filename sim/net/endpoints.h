/*
 * endpoints.h — the endpoints of one cloud, which stand in for each other: after the last comes the
 * first again.
 *
 * Who connects begins with one of them (endpoints_first()), goes to endpoint_next() when that has
 * failed, and stays where it has succeeded.
 *
 * Owns      its endpoints.
 */
#ifndef NET_ENDPOINTS_H
#define NET_ENDPOINTS_H

#include "base/error.h"
#include "net/endpoint.h"

/* ORDER ENDPOINT_POLICY */
enum endpoint_policy {
    ENDPOINT_ORDER,  /* all begin with the first: primary and standby */
    ENDPOINT_SPREAD, /* one after the other begin with different ones */
    ENDPOINT_POLICY_COUNT
};
const char *endpoint_policy_name(enum endpoint_policy policy);
bool endpoint_policy_parse(const char *name, enum endpoint_policy *ret);

struct endpoints;

/* urls: what endpoint_new() takes, commas between. ERROR_USAGE; also if some are TLS and some are
   not, for nobody should lose TLS by a failure. */
struct endpoints *endpoints_new(const char *urls, enum endpoint_policy policy, struct error *err);
/* NULL is a no-op. As endpoint_free(). */
void endpoints_free(struct endpoints *list);

size_t endpoints_count(const struct endpoints *list);
struct endpoint *endpoints_at(const struct endpoints *list, size_t index);
/* The one that the index-th of those who connect begins with. */
struct endpoint *endpoints_first(const struct endpoints *list, uint32_t index);
/* The URLs from that one on and round, commas between; to be freed. */
char *endpoints_join(const struct endpoints *list, uint32_t index);
/* Looks names up here and now until one resolves; fails, with the first one's error, if none does.
   Links look up the others when they need them. */
bool endpoints_resolve(struct endpoints *list, struct error *err);

#endif
