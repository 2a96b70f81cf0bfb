#include <stdlib.h>

#include "actors/companion_core.h"
#include "actors/companion_document.h"
#include "actors/companion_filters.h"
#include "base/xmem.h"
#include "fleetsim/topics.h"
#include "mqtt/topic.h"

#define CONTENT_TYPE "application/json"

static bool publish(struct companion *c, const struct mqtt_message *m,
                    struct companion_publish *ret, struct error *err)
{
    usec_t sent_at = 0;
    uint64_t id = c->last_publish + 1;

    if (!c->connected)
        return error_set(err, ERROR_TARGET, "%s: not connected to %s", c->options.client_id,
                         c->options.setup.uri);
    if (!paho_link_publish(c->link, id, m, &sent_at, err))
        return false;
    c->last_publish = id;
    c->unacked++;
    if (ret != NULL)
        *ret = (struct companion_publish){.id = id, .sent_at = sent_at};
    return true;
}

static bool check_twin(struct companion_twin twin, struct error *err)
{
    return companion_check_thing(twin.thing, err) &&
           (twin.name == NULL || companion_check_shadow(twin.name, err));
}

static char *shadow_topic(struct companion_twin twin, enum companion_verb verb)
{
    const char *name = twin.name != NULL ? twin.name : "";

    return xasprintf(TOPIC_SHADOW_PREFIX "%s%s/%s", twin.thing, *name != '\0' ? "/name/" : "", name,
                     companion_verb_name(verb));
}

/* Takes the payload. */
static bool publish_shadow(struct companion *c, char *topic, char *payload,
                           struct companion_publish *ret, struct error *err)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = 1};
    bool ok = payload != NULL && publish(c, &m, ret, err);

    free(topic);
    free(payload);
    return ok;
}

bool companion_desire(struct companion *c, struct companion_twin twin, const char *state_json,
                      const char *token, struct companion_publish *ret, struct error *err)
{
    return check_twin(twin, err) &&
           publish_shadow(c, shadow_topic(twin, COMPANION_VERB_UPDATE),
                          companion_document_desire(state_json, token, err), ret, err);
}

bool companion_get_shadow(struct companion *c, struct companion_twin twin, const char *token,
                          struct companion_publish *ret, struct error *err)
{
    return check_twin(twin, err) && publish_shadow(c, shadow_topic(twin, COMPANION_VERB_GET),
                                                   companion_document_token(token, err), ret, err);
}

bool companion_delete_shadow(struct companion *c, struct companion_twin twin, const char *token,
                             struct companion_publish *ret, struct error *err)
{
    return check_twin(twin, err) && publish_shadow(c, shadow_topic(twin, COMPANION_VERB_DELETE),
                                                   companion_document_token(token, err), ret, err);
}

bool companion_update_raw(struct companion *c, struct companion_twin twin, struct slice payload,
                          struct companion_publish *ret, struct error *err)
{
    if (!check_twin(twin, err))
        return false;
    char *topic = shadow_topic(twin, COMPANION_VERB_UPDATE);
    bool ok = companion_publish_raw(c, topic, payload, ret, err);
    free(topic);
    return ok;
}

static bool check_message(const struct companion *c, const struct mqtt_message *m,
                          struct error *err)
{
    if (!mqtt_topic_name_valid(m->topic))
        return error_set(err, ERROR_SCRIPT, "topic: cannot publish to \"%.*s\"",
                         (int)(m->topic.len < 200 ? m->topic.len : 200),
                         m->topic.len != 0 ? (const char *)m->topic.data : "");
    if (m->qos > c->server.qos_max)
        return error_set(err, ERROR_TARGET, "%s: the broker takes QoS %d at most",
                         c->options.client_id, c->server.qos_max);
    if (m->retain && c->server.no_retain)
        return error_set(err, ERROR_TARGET, "%s: the broker keeps no retained messages",
                         c->options.client_id);
    return true;
}

bool companion_publish(struct companion *c, const struct mqtt_message *message,
                       struct companion_publish *ret, struct error *err)
{
    return check_message(c, message, err) && publish(c, message, ret, err);
}

bool companion_publish_raw(struct companion *c, const char *topic, struct slice payload,
                           struct companion_publish *ret, struct error *err)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = payload, .qos = 1};

    return companion_publish(c, &m, ret, err);
}

/* Whole seconds left, rounded up; 0 if none: an expired command travels without the property, so
   that it is the car that has to refuse it. */
static uint32_t seconds_left(const struct companion *c, int64_t expires_at_ms)
{
    int64_t left = expires_at_ms - loop_wall_ms(c->loop);

    if (expires_at_ms == 0 || left <= 0)
        return 0;
    left = (left + 999) / 1000;
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

static void add_properties(struct mqtt_props *p, const char *answer_to, const char *request_id,
                           uint32_t expiry_s)
{
    p->response_topic = slice_str(answer_to);
    mqtt_props_set(p, MQTT_PROP_RESPONSE_TOPIC);
    p->correlation_data = slice_str(request_id);
    mqtt_props_set(p, MQTT_PROP_CORRELATION_DATA);
    p->content_type = slice_str(CONTENT_TYPE);
    mqtt_props_set(p, MQTT_PROP_CONTENT_TYPE);
    p->message_expiry_interval = expiry_s;
    if (expiry_s != 0)
        mqtt_props_set(p, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
}

bool companion_request(struct companion *c, const struct companion_request *request,
                       struct companion_publish *ret, struct error *err)
{
    if (!companion_check_thing(request->thing, err))
        return false;
    if (request->request_id == NULL || request->request_id[0] == '\0')
        return error_set(err, ERROR_SCRIPT, "request: no request id");
    int64_t issued = request->issued_at_ms != 0 ? request->issued_at_ms : loop_wall_ms(c->loop);
    int64_t expires = request->expires_at_ms;
    if (expires == 0 && request->expiry != 0)
        expires = issued + (int64_t)(request->expiry / USEC_PER_MSEC);
    char *answer_to = topic_pattern_make(c->topics.response, request->thing, c->options.client_id);
    char *topic = topic_pattern_make(c->topics.request, request->thing, NULL);
    char *payload = companion_document_request(
        &(struct companion_document_request){.request_id = request->request_id,
                                             .response_topic = answer_to,
                                             .issued_at_ms = issued,
                                             .expires_at_ms = expires,
                                             .command_json = request->command_json},
        err);
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = 1};
    if (!request->bare)
        add_properties(&m.props, answer_to, request->request_id, seconds_left(c, expires));
    bool ok = payload != NULL && publish(c, &m, ret, err);
    free(answer_to);
    free(topic);
    free(payload);
    return ok;
}

/* Takes the payload. */
static bool control_execution(struct companion *c, const struct companion_start *start,
                              const char *verb, char *payload, struct companion_publish *ret,
                              struct error *err)
{
    if (!companion_check_thing(start->thing, err)) {
        free(payload);
        return false;
    }
    char *topic = xasprintf(TOPIC_EXECUTION_CONTROL, start->thing, start->execution_id, verb);
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = 1};
    bool ok = companion_publish(c, &m, ret, err);
    free(topic);
    free(payload);
    return ok;
}

bool companion_execute(struct companion *c, const struct companion_start *start,
                       struct companion_publish *ret, struct error *err)
{
    char *payload =
        companion_document_start(c->options.client_id, start->command_json, start->timeout_s, err);

    return payload != NULL && control_execution(c, start, "start", payload, ret, err);
}

bool companion_get_execution(struct companion *c, const char *thing, const char *execution_id,
                             struct error *err)
{
    const struct companion_start which = {.thing = thing, .execution_id = execution_id};

    return control_execution(c, &which, "get", xstrdup(""), NULL, err);
}
