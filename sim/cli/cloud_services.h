/*
 * cloud_services.h — the options about what the local cloud does besides, or otherwise, that
 * several commands have (docs/cloud.md).
 */
#ifndef CLI_CLOUD_SERVICES_H
#define CLI_CLOUD_SERVICES_H

#include "broker/broker.h"

/* Rows of a table of struct option_spec, for a struct broker_services. */
// clang-format off
#define CLOUD_SERVICES_ROWS(services)                                                              \
    {"delivery", 0, OPTION_STRING, &(services).delivery, "HOW",                                    \
     "shuffle, duplicate or both, with a comma: what AWS IoT may do as well\n(docs/cloud.md)"},    \
    {"quotas", 0, OPTION_STRING, &(services).quotas, "WHOSE",                                      \
     "aws: the local cloud throttles as AWS IoT does (docs/cloud.md)"},                            \
    {"rules", 0, OPTION_STRING, &(services).rules, "FILE",                                         \
     "what the local cloud stores, posts or publishes again (docs/cloud.md)"},                     \
    {"policy", 0, OPTION_STRING, &(services).policy, "FILE",                                       \
     "AWS IoT policy of the vehicles instead of the default, or a directory of\nNAME.json "        \
     "(docs/policy.md)"}
// clang-format on

/* The first option that only a cloud of our own can follow, or NULL. */
static inline const char *cloud_services_chosen(const struct broker_services *s)
{
    return s->delivery != NULL ? "--delivery"
           : s->quotas != NULL ? "--quotas"
           : s->rules != NULL  ? "--rules"
           : s->policy != NULL ? "--policy"
                               : NULL;
}

#endif
