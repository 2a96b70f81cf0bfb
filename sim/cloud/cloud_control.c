/* What the owner tells the cloud (cloud.h, CLOUD_CONTROL_TOPIC). */
#include <string.h>

#include "base/json.h"
#include "cloud/cloud_core.h"

#define CONTROL_DEPTH 32

static const char *control_disconnect(struct cloud *cloud, const cJSON *request, struct text *reply,
                                      struct cloud_actions *out)
{
    const char *client_id = json_str(request, "clientId", NULL);
    struct client *client = client_id != NULL ? presence_find(&cloud->presence, client_id) : NULL;

    (void)reply;
    if (client_id == NULL)
        return "clientId: missing (name the client to disconnect)";
    if (client == NULL || client->handle == NULL)
        return "clientId: not connected";
    if (!cloud_actions_kick(out, client_id, !cJSON_IsTrue(json_get(request, "preventWillMessage"))))
        return "no memory";
    client->closing = PRESENCE_API_INITIATED;
    return NULL;
}

static const char *control_status(struct cloud *cloud, const cJSON *request, struct text *reply,
                                  struct cloud_actions *out)
{
    (void)request;
    (void)out;
    text_key(reply, "connected");
    text_int(reply, (int64_t)presence_connected_count(&cloud->presence));
    text_key(reply, "shadows");
    text_int(reply, (int64_t)shadow_service_count(&cloud->shadows));
    text_key(reply, "jobs");
    text_int(reply, (int64_t)job_service_count(&cloud->jobs));
    text_key(reply, "things");
    text_int(reply, (int64_t)cloud->registry.things.count);
    text_key(reply, "rules");
    text_int(reply, (int64_t)cloud->rules.count);
    text_key(reply, "droppedByRules");
    text_int(reply, (int64_t)cloud->rules.dropped);
    for (enum quota_kind k = 0; cloud->quota.on && k < QUOTA_COUNT; k++) {
        text_key(reply, quota_name(k));
        text_int(reply, (int64_t)cloud->quota.broken[k]);
    }
    return NULL;
}

static const char *control_rule(struct cloud *cloud, const cJSON *request, struct text *reply,
                                struct cloud_actions *out)
{
    struct error err;

    (void)out;
    const cJSON *rule = json_get(request, "rule");

    if (rules_add(&cloud->rules, rule, ".", &err)) {
        rules_remember(&cloud->rules, json_str(rule, "name", ""));
        return NULL;
    }
    text_key(reply, "why");
    text_quoted(reply, err.text);
    return "rule: not taken";
}

static const char *control_remove_rule(struct cloud *cloud, const cJSON *request,
                                       struct text *reply, struct cloud_actions *out)
{
    (void)reply;
    (void)out;
    return rules_remove(&cloud->rules, json_str(request, "name", "")) ? NULL : "name: no such rule";
}

static const struct {
    const char *name;
    /* Adds to the reply, or returns what is wrong. */
    const char *(*run)(struct cloud *cloud, const cJSON *request, struct text *reply,
                       struct cloud_actions *out);
} commands[] = {
    {"disconnect",  control_disconnect },
    {"status",      control_status     },
    {"rule",        control_rule       },
    {"remove-rule", control_remove_rule},
};

static const char *control(struct cloud *cloud, const cJSON *request, struct text *reply,
                           struct cloud_actions *out)
{
    const char *name = json_str(request, "command", "");

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(cloud, request, reply, out);
    return "command: unknown (disconnect, status, rule or remove-rule)";
}

bool cloud_control(struct cloud *cloud, const char *client_id, struct slice payload,
                   struct cloud_actions *out)
{
    cJSON *request = json_is_utf8(payload) ? json_parse(payload, CONTROL_DEPTH) : NULL;
    const char *token = json_str(request, "clientToken", NULL);
    struct text reply;

    cloud->retained_for = NULL;
    cloud->changes++;
    text_init(&reply);
    text_bytes(&reply, "{", 1);
    const char *problem =
        request != NULL ? control(cloud, request, &reply, out) : "request: not JSON";
    if (problem != NULL) {
        text_key(&reply, "error");
        text_quoted(&reply, problem);
    }
    if (token != NULL) {
        text_key(&reply, "clientToken");
        text_quoted(&reply, token);
    }
    text_bytes(&reply, "}", 1);
    cJSON_Delete(request);
    return cloud_actions_publish(out, client_id, CLOUD_CONTROL_TOPIC "/response", &reply);
}
