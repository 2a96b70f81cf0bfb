/*
 * The native engine against a broker that says anything, at any time, in any pieces, while its
 * owner does anything: the link is a fake one, so that nothing depends on sockets. The first byte
 * chooses the version and what the owner does inside events; the rest are steps: a length and so
 * many bytes from the broker, or 0 and something the owner does. Promises: what goes out is MQTT; a
 * publish ends once; messages come with a topic, on a connection only.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mqtt/codec.h"
#include "mqtt/session.h"
#include "mqtt/topic.h"
#include "support/fake_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct mqtt_client *client;
    struct mqtt_connect connect;
    bool up;
    uint8_t mischief;
    unsigned events;
    uint8_t awaited[65536]; /* packet ids of publishes */
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* --- The owner --- */

static void end_inside(struct world *w)
{
    if (++w->events % 4 != 0 || (w->mischief & 6) == 0)
        return;
    w->up = false;
    if ((w->mischief & 6) == 6) {
        mqtt_client_free(w->client);
        w->client = NULL;
    } else if ((w->mischief & 2) != 0) {
        mqtt_client_abort(w->client);
    } else {
        mqtt_client_disconnect(w->client, 0);
    }
}

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct world *w = ctx;

    (void)connack;
    require(!w->up);
    w->up = true;
    end_inside(w);
}

static void on_message(void *ctx, const struct mqtt_message *m)
{
    struct world *w = ctx;

    require(w->up);
    end_inside(w);
    require(mqtt_topic_name_valid(m->topic));
}

static void on_published(void *ctx, uint16_t id, uint8_t code)
{
    struct world *w = ctx;

    (void)code;
    require(w->up && w->awaited[id] == 1);
    w->awaited[id] = 0;
    end_inside(w);
}

static void on_codes(void *ctx, uint16_t id, const uint8_t *codes, size_t count)
{
    struct world *w = ctx;

    (void)codes;
    require(w->up && id != 0 && count < 65536);
    end_inside(w);
}

static void on_remark(void *ctx, uint16_t id, const char *text)
{
    require(id != 0 && text[0] != '\0');
    end_inside(ctx);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct world *w = ctx;

    require(closed->text != NULL);
    w->up = false;
    end_inside(w);
}

static void on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    struct world *w = ctx;
    struct mqtt_packet packet;
    const char *why;

    (void)at;
    require(!outgoing || mqtt_decode(bytes, w->connect.version, &packet, &why) == 0);
}

static const struct mqtt_client_events events = {
    .connected = on_connected,
    .message = on_message,
    .published = on_published,
    .subscribed = on_codes,
    .unsubscribed = on_codes,
    .remark = on_remark,
    .closed = on_closed,
    .packet = on_packet,
};

static void go_online(struct world *w)
{
    static const uint8_t connack[2][5] = {
        {0x20, 2, 0, 0},
        { 0x20,   3, 0, 0, 0}
    };
    bool v5 = w->connect.version == MQTT_5;

    if (the_link->state != LINK_CLOSED || w->client == NULL)
        return;
    require(mqtt_client_connect(w->client, &w->connect, NULL));
    fake_link_up(the_link);
    if ((w->mischief & 1) == 0)
        fake_link_receive(the_link, slice_of(connack[v5], v5 ? 5 : 4));
}

static void publish(struct world *w, uint8_t how)
{
    static const char *const topics[] = {"a", "car/1", "car/2", "car/3"};
    struct mqtt_message m = {.topic = slice_str(topics[how >> 2 & 3]),
                             .payload = slice_str("x"),
                             .qos = how & 3,
                             .retain = (how & 16) != 0};
    if (m.qos == 3)
        m.qos = 2;
    int32_t id = mqtt_client_publish(w->client, &m);
    if (id > 0) {
        require(w->awaited[id] == 0);
        w->awaited[id] = 1;
    }
}

static void request(struct world *w, uint8_t how)
{
    struct mqtt_filter filter = {
        .filter = slice_str("a/#"), .qos = 1, .no_local = (how & 4) != 0, .identifier = how >> 3};

    if ((how & 2) != 0)
        mqtt_client_subscribe(w->client, &filter, 1);
    else
        mqtt_client_unsubscribe(w->client, &filter.filter, 1);
}

static void act(struct world *w, uint8_t what)
{
    switch (what & 3) {
    case 0:
    case 1:
        publish(w, what >> 1);
        break;
    case 2:
        request(w, what >> 2);
        break;
    default:
        fake_link_lose(the_link);
        break;
    }
}

static void steps(struct world *w, struct slice s)
{
    while (s.len >= 2 && w->client != NULL) {
        size_t len = s.data[0];
        s = slice_of(s.data + 1, s.len - 1);
        go_online(w);
        if (w->client == NULL)
            return;
        if (len == 0) {
            act(w, s.data[0]);
            len = 1;
        } else {
            len = len < s.len ? len : s.len;
            if (the_link->state == LINK_OPEN)
                fake_link_receive(the_link, slice_of(s.data, len));
        }
        s = slice_of(s.data + len, s.len - len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct loop *loop;
    static struct net *net;
    static struct world world;

    if (size == 0)
        return 0;
    if (loop == NULL) {
        loop = loop_new();
        net = net_new(loop);
    }
    world = (struct world){.mischief = data[0] >> 1};
    world.connect = (struct mqtt_connect){.version = (data[0] & 1) != 0 ? MQTT_5 : MQTT_3_1_1,
                                          .client_id = slice_str("car")};
    struct mqtt_session_config config = {.net = net};
    world.client = mqtt_session_new(loop, &config, &events, &world);
    steps(&world, slice_of(data + 1, size - 1));
    if (world.client != NULL)
        mqtt_client_free(world.client);
    ev_run(loop->ev, EVRUN_NOWAIT);
    return 0;
}
