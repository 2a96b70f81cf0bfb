#include "cloud/clients/actions.h"

#include <stdlib.h>
#include <string.h>

const char *cloud_action_name(enum cloud_action_kind kind)
{
    static const char *const names[CLOUD_ACTION_COUNT] = {"publish", "kick", "file", "post"};

    return kind < CLOUD_ACTION_COUNT ? names[kind] : "?";
}

void cloud_actions_init(struct cloud_actions *list)
{
    *list = (struct cloud_actions){0};
}

void cloud_actions_cut(struct cloud_actions *list, size_t count)
{
    while (list->count > count) {
        struct cloud_action *a = &list->items[--list->count];
        free(a->client_id);
        free(a->topic);
        free(a->payload);
    }
}

void cloud_actions_done(struct cloud_actions *list)
{
    cloud_actions_cut(list, 0);
    free(list->items);
    cloud_actions_init(list);
}

static struct cloud_action *append(struct cloud_actions *list, enum cloud_action_kind kind)
{
    if (list->count == list->cap) {
        size_t cap = list->cap != 0 ? list->cap * 2 : 8;
        struct cloud_action *items = realloc(list->items, cap * sizeof *items);
        if (items == NULL)
            return NULL;
        list->items = items;
        list->cap = cap;
    }
    struct cloud_action *a = &list->items[list->count++];
    *a = (struct cloud_action){.kind = kind};
    return a;
}

bool cloud_actions_publish(struct cloud_actions *list, const char *client_id, const char *topic,
                           struct text *payload)
{
    struct cloud_action *a = payload->failed ? NULL : append(list, CLOUD_ACTION_PUBLISH);

    if (a == NULL) {
        text_done(payload);
        return false;
    }
    a->qos = 1;
    a->topic = strdup(topic);
    a->client_id = client_id != NULL ? strdup(client_id) : NULL;
    a->payload = text_take(payload, &a->payload_len);
    if (a->topic == NULL || a->payload == NULL || (client_id != NULL && a->client_id == NULL)) {
        cloud_actions_cut(list, list->count - 1);
        return false;
    }
    return true;
}

bool cloud_actions_sink(struct cloud_actions *list, enum cloud_action_kind kind, const char *target,
                        struct text *payload)
{
    bool ok = cloud_actions_publish(list, NULL, target, payload);

    if (ok)
        list->items[list->count - 1].kind = kind;
    return ok;
}

bool cloud_actions_copy(struct cloud_actions *list, size_t index)
{
    struct text payload;

    text_init(&payload);
    text_bytes(&payload, list->items[index].payload, list->items[index].payload_len);
    if (!cloud_actions_publish(list, list->items[index].client_id, list->items[index].topic,
                               &payload))
        return false;
    list->items[list->count - 1].content_type = list->items[index].content_type;
    list->items[list->count - 1].expiry_s = list->items[index].expiry_s;
    return true;
}

bool cloud_actions_move(struct cloud_actions *list, struct cloud_action *from)
{
    struct cloud_action *a = append(list, from->kind);

    if (a == NULL)
        return false;
    *a = *from;
    *from = (struct cloud_action){.kind = a->kind};
    return true;
}

bool cloud_actions_kick(struct cloud_actions *list, const char *client_id, bool with_will)
{
    struct cloud_action *a = append(list, CLOUD_ACTION_KICK);

    if (a == NULL)
        return false;
    a->with_will = with_will;
    a->client_id = strdup(client_id);
    if (a->client_id == NULL) {
        cloud_actions_cut(list, list->count - 1);
        return false;
    }
    return true;
}
