/* What a client may subscribe to, say and hear. */
#include <string.h>

#include "cloud/client_topic.h"
#include "cloud/clients/filter.h"
#include "cloud/cloud_core.h"

#define PAYLOAD_MAX       131072
#define SUBSCRIPTIONS_MAX 50

/* ORDER CLOUD_VERDICT */
static const struct {
    const char *name;
    uint8_t reason_code;
    enum presence_reason closing;
} verdicts[CLOUD_VERDICT_COUNT] = {
    {"allow",          0,    PRESENCE_NONE        },
    {"deny",           0,    PRESENCE_NONE        },
    {"not authorized", 0x87, PRESENCE_AUTH_ERROR  },
    {"bad topic",      0x90, PRESENCE_CLIENT_ERROR},
    {"bad filter",     0x8f, PRESENCE_CLIENT_ERROR},
    {"quota exceeded", 0x97, PRESENCE_CLIENT_ERROR},
    {"not active",     0,    PRESENCE_NONE        },
    {"no memory",      0,    PRESENCE_SERVER_ERROR},
};

const char *cloud_verdict_name(enum cloud_verdict verdict)
{
    return verdict < CLOUD_VERDICT_COUNT ? verdicts[verdict].name : "?";
}

uint8_t cloud_verdict_reason_code(enum cloud_verdict verdict)
{
    return verdict < CLOUD_VERDICT_COUNT ? verdicts[verdict].reason_code : 0;
}

/* Remembers why the connection is going to end. */
static enum cloud_verdict judge(struct cloud *cloud, struct client *client,
                                enum cloud_verdict verdict)
{
    if (verdict == CLOUD_CLOSE_NOT_AUTHORIZED)
        cloud_count(cloud, client, DEFENDER_AUTHORIZATION_FAILURES, 1);
    if (verdicts[verdict].closing != PRESENCE_NONE)
        client->closing = verdicts[verdict].closing;
    return verdict;
}

static bool allows_as(struct cloud *cloud, struct client *client,
                      const struct policy_principal *who, enum policy_action action,
                      const char *name)
{
    const struct access_subject subject = presence_subject(client);

    struct policy_decision d =
        access_decide(&cloud->access, &client->view, &subject, who, action, name);
    client->is_thing = client->view.is_thing;
    if (!d.allowed && action != POLICY_RECEIVE)
        access_explain(&d, action, name, cloud->denial);
    return d.allowed;
}

static bool allows(struct cloud *cloud, struct client *client, enum policy_action action,
                   const char *name)
{
    const struct policy_principal who = presence_principal(client);

    return allows_as(cloud, client, &who, action, name);
}

const char *cloud_denial(const struct cloud *cloud)
{
    return cloud->denial;
}

static enum cloud_verdict check_filter(struct cloud *cloud, struct client *client,
                                       const char *filter)
{
    const char *bare = filter_unshared(filter);

    if (bare == NULL || !filter_within_limits(bare))
        return CLOUD_CLOSE_BAD_FILTER;
    if (!allows(cloud, client, POLICY_SUBSCRIBE, bare))
        return CLOUD_CLOSE_NOT_AUTHORIZED;
    /* The broker would grant a shared $aws filter and never deliver to it; a failure is honest. */
    if (bare != filter && *bare == '$')
        return CLOUD_DENY;
    if (client->filter_count >= SUBSCRIPTIONS_MAX && !presence_has_filter(client, filter))
        return CLOUD_DENY;
    return CLOUD_ALLOW;
}

enum cloud_verdict cloud_subscribe(struct cloud *cloud, const char *client_id, const char *filter,
                                   int64_t now_ms, struct cloud_actions *out)
{
    struct client *client = presence_find(&cloud->presence, client_id);

    cloud->retained_for = NULL;
    if (client == NULL || client->handle == NULL)
        return CLOUD_DENY;
    enum cloud_verdict verdict = check_filter(cloud, client, filter);
    if (verdict != CLOUD_ALLOW)
        return judge(cloud, client, verdict);
    cloud->changes++;
    if (!presence_subscribe(&cloud->presence, client, filter, now_ms, out))
        return judge(cloud, client, CLOUD_NO_MEMORY);
    if (filter_has_wildcard(filter) || filter_is_shared(filter))
        cloud->retained_for = client;
    return CLOUD_ALLOW;
}

enum cloud_verdict cloud_unsubscribe(struct cloud *cloud, const char *client_id, const char *filter,
                                     int64_t now_ms, struct cloud_actions *out)
{
    struct client *client = presence_find(&cloud->presence, client_id);

    cloud->retained_for = NULL;
    if (client == NULL || client->handle == NULL)
        return CLOUD_DENY;
    cloud->changes++;
    return presence_unsubscribe(&cloud->presence, client, filter, now_ms, out)
               ? CLOUD_ALLOW
               : judge(cloud, client, CLOUD_NO_MEMORY);
}

static enum cloud_verdict check_publish(struct cloud *cloud, struct client *client,
                                        const struct cloud_message *message)
{
    if (message->payload.len > PAYLOAD_MAX)
        return CLOUD_CLOSE_QUOTA;
    if (!topic_within_limits(message->topic))
        return CLOUD_CLOSE_BAD_TOPIC;
    if (!allows(cloud, client, POLICY_PUBLISH, message->topic) ||
        (message->retain && !allows(cloud, client, POLICY_RETAIN_PUBLISH, message->topic)))
        return CLOUD_CLOSE_NOT_AUTHORIZED;
    if (!client->owner && !client_topic_is_open(message->topic))
        return CLOUD_CLOSE_BAD_TOPIC;
    return CLOUD_ALLOW;
}

/* Whether the client might have connected with that will, besides (contract 7.1, 7.2). */
static enum cloud_verdict check_will(struct cloud *cloud, struct client *client, const char *topic)
{
    struct policy_principal who = presence_principal(client);

    who.will = POLICY_WILL;
    who.will_topic = topic;
    if (allows_as(cloud, client, &who, POLICY_CONNECT, client->id))
        return CLOUD_ALLOW;
    cloud_count(cloud, client, DEFENDER_AUTHORIZATION_FAILURES, 1);
    return CLOUD_DENY;
}

enum cloud_verdict cloud_publish(struct cloud *cloud, const struct cloud_message *message,
                                 int64_t now_ms)
{
    struct client *client = presence_find(&cloud->presence, message->client_id);

    cloud->retained_for = NULL;
    if (client == NULL)
        return CLOUD_DENY;
    enum cloud_verdict verdict = check_publish(cloud, client, message);
    if (client->handle == NULL || client->handle != message->handle) {
        /* Whoever takes a client id over does not vouch for the will of who had it. */
        bool vouched = client->handle == NULL || !client->was_another;
        return verdict == CLOUD_ALLOW && vouched ? check_will(cloud, client, message->topic)
                                                 : CLOUD_DENY;
    }
    /* The excess is thrown away (contract 6.8). */
    if (verdict == CLOUD_ALLOW && !client->owner &&
        !quota_take(&cloud->quota, QUOTA_MESSAGES, client->id, now_ms))
        return CLOUD_DENY;
    cloud_count(cloud, client, DEFENDER_MESSAGES_SENT, 1);
    cloud_count(cloud, client, DEFENDER_MESSAGE_SIZE, (double)message->payload.len);
    return judge(cloud, client, verdict);
}

/* The broker lets `a/#` match `a`, AWS does not: is there a filter that matches as AWS does? */
static bool matches_any(const struct client *client, const char *topic)
{
    bool open = false;

    for (size_t i = 0; i < client->filter_count; i++) {
        const char *bare = filter_unshared(client->filters[i]);
        if (bare == NULL || filter_matches(bare, topic))
            return true;
        open |= filter_is_open(bare);
    }
    /* Without an open filter the broker's word is as good. */
    return !open;
}

enum cloud_verdict cloud_deliver(struct cloud *cloud, const char *client_id, const char *topic,
                                 bool retain, int64_t now_ms)
{
    struct client *client = presence_find(&cloud->presence, client_id);

    if (client == NULL || (retain && client == cloud->retained_for) ||
        command_service_is_stale(&cloud->commands, topic) || provision_topic_is_request(topic) ||
        !allows(cloud, client, POLICY_RECEIVE, topic) || !matches_any(client, topic))
        return CLOUD_DENY;
    cloud_count(cloud, client, DEFENDER_MESSAGES_RECEIVED, 1);
    return client->owner || client->handle == NULL ||
                   quota_take(&cloud->quota, QUOTA_MESSAGES, client_id, now_ms)
               ? CLOUD_ALLOW
               : CLOUD_DENY;
}

bool cloud_hears_itself(const struct cloud *cloud, const char *client_id, const char *topic)
{
    const struct client *client = presence_find(&cloud->presence, client_id);

    for (size_t i = 0; client != NULL && i < client->filter_count; i++) {
        const char *bare = filter_unshared(client->filters[i]);
        if (bare != NULL && filter_matches(bare, topic))
            return true;
    }
    return false;
}
