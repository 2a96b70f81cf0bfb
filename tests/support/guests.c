#include "support/guests.h"

#include <stdio.h>

#include "base/hash.h"

const int guest_handles[4];

int guests_setup(void **state)
{
    static struct cloud_world w;

    w = (struct cloud_world){.cloud = cloud_new(1), .now_ms = CLOUD_NOW};
    cloud_actions_init(&w.out);
    *state = &w;
    return w.cloud != NULL ? 0 : -1;
}

const char *guest_principal(const char *client_id, const char *unit)
{
    static char ids[8][65];
    static size_t next;
    char *id = ids[next++ % 8];

    snprintf(id, 65, "%032llx%032llx", (unsigned long long)hash_text(client_id),
             (unsigned long long)hash_text(unit != NULL ? unit : ""));
    return id;
}

struct presence_peer guest(int handle, const char *client_id, const char *unit)
{
    return (struct presence_peer){.handle = &guest_handles[handle],
                                  .client_id = client_id,
                                  .address = "192.0.2.7",
                                  .common_name = client_id,
                                  .unit = unit,
                                  .principal = guest_principal(client_id, unit)};
}

enum cloud_verdict guest_connects(struct cloud_world *w, int handle, const char *client_id,
                                  const char *unit)
{
    struct presence_peer p = guest(handle, client_id, unit);

    cloud_actions_done(&w->out);
    return cloud_connect(w->cloud, &p, w->now_ms, &w->out);
}

void guest_leaves(struct cloud_world *w, int handle, const char *client_id,
                  enum presence_reason reason)
{
    cloud_actions_done(&w->out);
    assert_true(
        cloud_disconnect(w->cloud, &guest_handles[handle], client_id, reason, w->now_ms, &w->out));
}

enum cloud_verdict guest_subscribes(struct cloud_world *w, const char *client_id,
                                    const char *filter)
{
    return cloud_subscribe(w->cloud, client_id, filter, w->now_ms, &w->out);
}

enum cloud_verdict guest_publishes(struct cloud_world *w, int handle, const char *client_id,
                                   const char *topic, bool retain)
{
    struct cloud_message m = {.handle = &guest_handles[handle],
                              .client_id = client_id,
                              .topic = topic,
                              .payload = slice_str("{}"),
                              .retain = retain};

    return cloud_publish(w->cloud, &m, CLOUD_NOW);
}

cJSON *event_at(const struct cloud_world *w, size_t i, const char *topic)
{
    if (i >= w->out.count)
        fail_msg("no action %zu (%s)", i, topic);
    assert_string_equal(w->out.items[i].topic, topic);
    cJSON *doc = json_parse(slice_of(w->out.items[i].payload, w->out.items[i].payload_len), 8);
    assert_non_null(doc);
    return doc;
}
