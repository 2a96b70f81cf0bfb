/*
 * presence_event.h — the documents of lifecycle and subscription events (contract 2), for the files
 * of presence.h.
 */
#ifndef CLOUD_CLIENTS_PRESENCE_EVENT_H
#define CLOUD_CLIENTS_PRESENCE_EVENT_H

#include "cloud/clients/presence.h"

/* An id that cannot be a topic level raises no events (contract 2). */
bool presence_is_silent(const char *client_id, bool owner);

void presence_event_begin(struct text *t, const char *client_id, bool thing, const char *type,
                          int64_t now_ms);
void presence_event_session(struct text *t, const char *session_id, const char *principal);
/* Takes the text's memory. `family`: "presence" or "subscriptions". */
bool presence_event_publish(struct cloud_actions *out, const char *family, const char *client_id,
                            const char *type, struct text *t);

bool presence_event_connected(const struct client *client, int64_t now_ms,
                              struct cloud_actions *out);
bool presence_event_disconnected(const struct client *client, enum presence_reason reason,
                                 struct cloud_actions *out);

#endif
