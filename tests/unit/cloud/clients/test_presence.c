/* Who is connected and who is not, and the lifecycle events about it (contract 2). */
#include <stdio.h>
#include <string.h>

#include "support/guests.h"

static void connected_and_disconnected(void **state)
{
    struct cloud_world *w = *state;
    char session[64];

    assert_int_equal(guest_connects(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
    cJSON *e = event_at(w, 0, "$aws/events/presence/connected/tcu-1");
    assert_string_equal(json_str(e, "clientId", ""), "tcu-1");
    assert_string_equal(json_str(e, "thingName", ""), "tcu-1");
    assert_string_equal(json_str(e, "eventType", ""), "connected");
    assert_string_equal(json_str(e, "principalIdentifier", ""),
                        guest_principal("tcu-1", "vehicle"));
    assert_string_equal(json_str(e, "ipAddress", ""), "192.0.2.7");
    assert_true((int64_t)json_num(e, "timestamp", 0) == CLOUD_NOW);
    assert_int_equal((int)json_num(e, "versionNumber", -1), 0);
    snprintf(session, sizeof session, "%s", json_str(e, "sessionIdentifier", ""));
    assert_int_equal(strlen(session), 36);
    assert_true(session[14] == '4');
    cJSON_Delete(e);

    guest_leaves(w, 0, "tcu-1", PRESENCE_CLIENT_INITIATED);
    e = event_at(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "sessionIdentifier", ""), session);
    assert_true(cJSON_IsTrue(json_get(e, "clientInitiatedDisconnect")));
    assert_string_equal(json_str(e, "disconnectReason", ""), "CLIENT_INITIATED_DISCONNECT");
    assert_int_equal((int)json_num(e, "versionNumber", -1), 0);
    assert_null(json_get(e, "ipAddress"));
    cJSON_Delete(e);
    /* The broker may tell twice. */
    guest_leaves(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    assert_int_equal(w->out.count, 0);
}

static int next_version(struct cloud_world *w, int64_t pause_ms)
{
    guest_leaves(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    w->now_ms += pause_ms;
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    assert_int_equal(guest_connects(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    cJSON *e = event_at(w, 0, "$aws/events/presence/connected/tcu-1");
    int version = (int)json_num(e, "versionNumber", -1);
    cJSON_Delete(e);
    return version;
}

static void version_number(void **state)
{
    struct cloud_world *w = *state;

    guest_connects(w, 0, "tcu-1", "vehicle");
    assert_int_equal(next_version(w, 0), 1);
    assert_int_equal(next_version(w, CLOUD_HOUR - 1), 2);
    assert_int_equal(next_version(w, CLOUD_HOUR), 0);
}

static void takeover(void **state)
{
    struct cloud_world *w = *state;

    guest_connects(w, 0, "tcu-1", "vehicle");
    assert_ptr_equal(cloud_handle(w->cloud, "tcu-1"), &guest_handles[0]);
    assert_int_equal(guest_connects(w, 1, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 2);
    cJSON *e = event_at(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "disconnectReason", ""), "DUPLICATE_CLIENTID");
    assert_int_equal((int)json_num(e, "versionNumber", -1), 0);
    cJSON_Delete(e);
    e = event_at(w, 1, "$aws/events/presence/connected/tcu-1");
    assert_int_equal((int)json_num(e, "versionNumber", -1), 1);
    cJSON_Delete(e);
    /* The old connection's will is judged, but closes nobody; its end is old news. */
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "dt/fleetsim/tcu-1/will", false), CLOUD_ALLOW);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "dt/fleetsim/tcu-2/will", false), CLOUD_DENY);
    guest_leaves(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    assert_int_equal(w->out.count, 0);
    assert_true(cloud_is_current(w->cloud, &guest_handles[1], "tcu-1"));
    guest_leaves(w, 1, "tcu-1", PRESENCE_CONNECTION_LOST);
    e = event_at(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "disconnectReason", ""), "CONNECTION_LOST");
    cJSON_Delete(e);
}

static void connect_refused(void **state)
{
    static const struct {
        const char *client_id, *unit;
        bool event;
    } cases[] = {
        {"tcu-1", NULL,      true },
        {"tcu-1", "nobody",  true },
        {"",      "vehicle", false},
        {"$tcu",  "vehicle", true },
        {"a+b",   "vehicle", false},
    };
    struct cloud_world *w = *state;
    char id[140];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(guest_connects(w, 0, cases[i].client_id, cases[i].unit),
                         CLOUD_CLOSE_NOT_AUTHORIZED);
        assert_int_equal(w->out.count, cases[i].event ? 1 : 0);
    }
    memset(id, 'x', sizeof id);
    id[129] = '\0';
    assert_int_equal(guest_connects(w, 0, id, "vehicle"), CLOUD_CLOSE_NOT_AUTHORIZED);
    id[128] = '\0';
    assert_int_equal(guest_connects(w, 0, id, "vehicle"), CLOUD_ALLOW);
    guest_connects(w, 0, "tcu-1", "nobody");
    cJSON *e = event_at(w, 0, "$aws/events/presence/connect_failed/tcu-1");
    assert_string_equal(json_str(e, "connectFailureReason", ""), "AUTHORIZATION_FAILED");
    cJSON_Delete(e);
    /* A refused stranger does not disturb the one who is in. */
    guest_connects(w, 1, "tcu-1", "vehicle");
    guest_connects(w, 0, "tcu-1", "nobody");
    assert_true(cloud_is_current(w->cloud, &guest_handles[1], "tcu-1"));
}

static void subscription_events(void **state)
{
    struct cloud_world *w = *state;

    guest_connects(w, 0, "tcu-1", "vehicle");
    cloud_actions_done(&w->out);
    assert_int_equal(guest_subscribes(w, "tcu-1", "$aws/things/tcu-1/shadow/update/delta"),
                     CLOUD_ALLOW);
    assert_int_equal(guest_subscribes(w, "tcu-1", "cmd/fleetsim/tcu-1/request"), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 0);
    assert_int_equal(
        cloud_unsubscribe(w->cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", CLOUD_NOW, &w->out),
        CLOUD_ALLOW);
    cJSON *e = event_at(w, 0, "$aws/events/subscriptions/subscribed/tcu-1");
    assert_int_equal(cJSON_GetArraySize(json_get(e, "topics")), 2);
    assert_string_equal(json_str(e, "eventType", ""), "subscribed");
    cJSON_Delete(e);
    assert_true(cloud_tick(w->cloud, CLOUD_NOW, &w->out));
    e = event_at(w, 1, "$aws/events/subscriptions/unsubscribed/tcu-1");
    assert_int_equal(cJSON_GetArraySize(json_get(e, "topics")), 1);
    cJSON_Delete(e);
    assert_true(cloud_tick(w->cloud, CLOUD_NOW, &w->out));
    assert_int_equal(w->out.count, 2);
}

static void reasons_from_the_log(void **state)
{
    static const struct {
        const char *log;
        enum presence_reason reason;
    } cases[] = {
        {"1700000000: Client tcu-1 disconnected.\n",                                           PRESENCE_CLIENT_INITIATED  },
        {"1700000000: Client tcu-1 closed its connection.\n",                                  PRESENCE_CONNECTION_LOST   },
        {"1: Client tcu-1 has exceeded timeout, disconnecting.\n",                             PRESENCE_KEEP_ALIVE_TIMEOUT},
        {"1: Client tcu-1 already connected, closing old connection.\n",
         PRESENCE_DUPLICATE_CLIENT_ID                                                                                     },
        {"1: Client tcu-1 disconnected due to protocol error.\n",                              PRESENCE_CLIENT_ERROR      },
        {"1: Client tcu-1 disconnected due to oversize packet.\n",                             PRESENCE_CLIENT_ERROR      },
        {"1: Client tcu-1 disconnected due to out of memory.\n",                               PRESENCE_SERVER_ERROR      },
        {"1: Client tcu-1 disconnected, not authorised.\n",                                    PRESENCE_AUTH_ERROR        },
        {"1: Client tcu-1 been disconnected by administrative action.\n",                      PRESENCE_API_INITIATED     },
        {"1: Client tcu-1 disconnected: Protocol error.\n",                                    PRESENCE_CONNECTION_LOST   },
        {"1: Bad socket read/write on client tcu-1: Connection reset.\n",                      PRESENCE_CONNECTION_LOST   },
        {"1: Bad socket read/write on client tcu-1: Unknown error.\n",                         PRESENCE_CLIENT_ERROR      },
        {"1: Bad socket read/write on client tcu-1: Requested QoS not supported on server.\n",
         PRESENCE_CLIENT_ERROR                                                                                            },
        {"1: Client tcu-12 disconnected.\n",                                                   PRESENCE_NONE              },
        {"1: Client tcu disconnected.\n",                                                      PRESENCE_NONE              },
        {"1: New client connected from 127.0.0.1 as tcu-1 (p2, c1, k60).\n",                   PRESENCE_NONE              },
        {"1: Client tcu-1 disconnected.\n2: Client tcu-1 closed its connection.\n3: Client x "
         "disconnected.\n",                                                           PRESENCE_CONNECTION_LOST   },
        {"nt tcu-1 disconnected.\n",                                                           PRESENCE_NONE              },
        {"Client ",                                                                            PRESENCE_NONE              },
        {"\n\n",                                                                               PRESENCE_NONE              },
        {"",                                                                                   PRESENCE_NONE              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (presence_reason_from_log(slice_str(cases[i].log), "tcu-1") != cases[i].reason)
            fail_msg("%s", cases[i].log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GUESTS(connected_and_disconnected),
        WITH_GUESTS(version_number),
        WITH_GUESTS(takeover),
        WITH_GUESTS(connect_refused),
        WITH_GUESTS(subscription_events),
        cmocka_unit_test(reasons_from_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
