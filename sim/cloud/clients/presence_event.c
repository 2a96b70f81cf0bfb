#include "cloud/clients/presence_event.h"

#include <stdio.h>
#include <string.h>

void presence_event_begin(struct text *t, const char *client_id, bool thing, const char *type,
                          int64_t now_ms)
{
    text_init(t);
    text_str(t, "{\"clientId\":");
    text_quoted(t, client_id);
    if (thing) {
        text_key(t, "thingName");
        text_quoted(t, client_id);
    }
    text_key(t, "timestamp");
    text_int(t, now_ms);
    text_key(t, "eventType");
    text_quoted(t, type);
}

void presence_event_session(struct text *t, const char *session_id, const char *principal)
{
    text_key(t, "sessionIdentifier");
    text_quoted(t, session_id);
    text_key(t, "principalIdentifier");
    text_quoted(t, principal);
}

bool presence_event_publish(struct cloud_actions *out, const char *family, const char *client_id,
                            const char *type, struct text *t)
{
    char topic[PRESENCE_CLIENT_ID_MAX + 64];

    text_bytes(t, "}", 1);
    snprintf(topic, sizeof topic, "$aws/events/%s/%s/%s", family, type, client_id);
    return cloud_actions_publish(out, NULL, topic, t);
}

bool presence_is_silent(const char *client_id, bool owner)
{
    return owner || strpbrk(client_id, "+#/") != NULL;
}

bool presence_event_connected(const struct client *c, int64_t now_ms, struct cloud_actions *out)
{
    struct text t;

    if (presence_is_silent(c->id, c->owner))
        return true;
    presence_event_begin(&t, c->id, c->is_thing, "connected", now_ms);
    presence_event_session(&t, c->session_id, c->principal);
    text_key(&t, "ipAddress");
    text_quoted(&t, c->address);
    text_key(&t, "versionNumber");
    text_int(&t, c->version);
    return presence_event_publish(out, "presence", c->id, "connected", &t);
}

bool presence_event_disconnected(const struct client *c, enum presence_reason reason,
                                 struct cloud_actions *out)
{
    struct text t;

    if (presence_is_silent(c->id, c->owner))
        return true;
    presence_event_begin(&t, c->id, c->is_thing, "disconnected", c->gone_at);
    presence_event_session(&t, c->session_id, c->principal);
    text_key(&t, "clientInitiatedDisconnect");
    text_str(&t, reason == PRESENCE_CLIENT_INITIATED ? "true" : "false");
    text_key(&t, "disconnectReason");
    text_quoted(&t, presence_reason_name(reason));
    text_key(&t, "versionNumber");
    text_int(&t, c->version);
    return presence_event_publish(out, "presence", c->id, "disconnected", &t);
}
