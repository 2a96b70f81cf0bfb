#include "tcu/routes.h"

#include <fleetsim/topics.h>

#include "tcu/core.h"

const struct tcu_route routes[ROUTES_COUNT] = {
    {TOPIC_SHADOW_PREFIX "/get/accepted",    shadow_on_get_accepted,    false},
    {TOPIC_SHADOW_PREFIX "/get/rejected",    shadow_on_get_rejected,    false},
    {TOPIC_SHADOW_PREFIX "/update/accepted", shadow_on_update_accepted, false},
    {TOPIC_SHADOW_PREFIX "/update/rejected", shadow_on_update_rejected, false},
    {TOPIC_SHADOW_PREFIX "/update/delta",    shadow_on_delta,           false},
    {TOPIC_SHADOW_PREFIX "/delete/accepted", shadow_on_delete_accepted, false},
    {TOPIC_EXECUTION_REQUEST,                command_on_execution,      true },
    {NULL,                                   command_on_request,        false},
};

/* A broker without shadows has no AWS IoT Commands either. */
size_t routes_first(const struct tcu *t)
{
    return t->p->config->no_shadow ? ROUTES_COUNT - 1 : 0;
}

const char *routes_pattern(const struct tcu *t, size_t i)
{
    return routes[i].pattern != NULL ? routes[i].pattern : tcu_topics(t)->request;
}
