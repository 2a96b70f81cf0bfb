#include "tcu/routes.h"

#include <fleetsim/topics.h>

#include "tcu/core.h"

/* Of each shadow. */
static const struct {
    const char *rest;
    shadow_handler *handle;
} answers[] = {
    {"get/accepted",    shadow_on_get_accepted   },
    {"get/rejected",    shadow_on_get_rejected   },
    {"update/accepted", shadow_on_update_accepted},
    {"update/rejected", shadow_on_update_rejected},
    {"update/delta",    shadow_on_delta          },
    {"delete/accepted", shadow_on_delete_accepted},
};

enum { ANSWERS = sizeof answers / sizeof *answers, SUBACK_FAILURE = 0x80 };
_Static_assert(ANSWERS + 2 <= ROUTES_MAX, "too many filters for one SUBSCRIBE");

/* A broker without shadows has no AWS IoT Commands either. */
size_t routes_batches(const struct tcu *t)
{
    return t->p->config->no_shadow ? 1 : core_shadow_count(t);
}

struct slice routes_shadow_topic(const struct tcu *t, size_t shadow, const char *rest,
                                 char room[ROUTE_TOPIC_MAX])
{
    return route_shadow_topic(room, t->thing_name,
                              signal_schema_shadow_name(t->signals.schema, shadow), rest);
}

size_t routes_filters(const struct tcu *t, size_t batch, char rooms[ROUTES_MAX][ROUTE_TOPIC_MAX],
                      struct mqtt_filter ret[ROUTES_MAX])
{
    bool shadows = !t->p->config->no_shadow;
    size_t count = 0;

    for (size_t i = 0; shadows && i < ANSWERS; i++, count++)
        ret[count].filter = routes_shadow_topic(t, batch, answers[i].rest, rooms[count]);
    if (batch == 0 && shadows) {
        ret[count].filter =
            route_compose(rooms[count], TOPIC_EXECUTION_REQUEST, t->thing_name, NULL);
        count++;
    }
    if (batch == 0) {
        ret[count].filter =
            route_compose(rooms[count], tcu_topics(t)->request, t->thing_name, NULL);
        count++;
    }
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct mqtt_filter){.filter = ret[i].filter, .qos = 1};
    return count;
}

/* AWS IoT Commands. */
static bool is_optional(const struct tcu *t, size_t batch, size_t filter)
{
    return !t->p->config->no_shadow && batch == 0 && filter == ANSWERS;
}

struct slice routes_refused(const struct tcu *t, size_t batch, struct slice codes,
                            char room[ROUTE_TOPIC_MAX], unsigned *ret_code)
{
    char rooms[ROUTES_MAX][ROUTE_TOPIC_MAX];
    struct mqtt_filter filters[ROUTES_MAX];
    size_t count = routes_filters(t, batch, rooms, filters);

    for (size_t i = 0; i < count; i++) {
        *ret_code = i < codes.len ? codes.data[i] : SUBACK_FAILURE;
        if (*ret_code < SUBACK_FAILURE || is_optional(t, batch, i))
            continue;
        memcpy(room, rooms[i], filters[i].filter.len);
        return slice_of(room, filters[i].filter.len);
    }
    return slice_of(NULL, 0);
}

static bool handle_shadow(struct tcu *t, struct slice rest, const struct mqtt_message *m, usec_t at)
{
    struct slice name;
    int slot = -1;

    if (route_take_shadow_name(&rest, &name))
        slot = name.data == NULL ? 0 : signal_schema_find_shadow(t->signals.schema, name);
    for (size_t i = 0; slot >= 0 && i < ANSWERS; i++) {
        if (!slice_is(rest, answers[i].rest))
            continue;
        answers[i].handle(t, core_shadow(t, (size_t)slot), m, at);
        return true;
    }
    return false;
}

bool routes_handle(struct tcu *t, const struct mqtt_message *m, usec_t at)
{
    struct slice rest;

    if (!t->p->config->no_shadow &&
        route_begins(TOPIC_SHADOW_PREFIX "/", t->thing_name, m->topic, &rest))
        return handle_shadow(t, rest, m, at);
    if (!t->p->config->no_shadow &&
        route_matches(TOPIC_EXECUTION_REQUEST, t->thing_name, m->topic, NULL))
        command_on_execution(t, m, at);
    else if (route_matches(tcu_topics(t)->request, t->thing_name, m->topic, NULL))
        command_on_request(t, m, at);
    else
        return false;
    return true;
}
