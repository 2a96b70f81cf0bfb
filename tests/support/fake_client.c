#include "fake_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"

static struct fake_client *of(struct mqtt_client *c)
{
    return (struct fake_client *)(void *)c;
}

static void fake_free(struct mqtt_client *c)
{
    struct fake_client *f = of(c);

    for (size_t i = 0; i < f->sent_count; i++) {
        free(f->sent[i].topic);
        free(f->sent[i].payload);
        free(f->sent[i].correlation);
    }
    free(f->sent);
    free(c->refusal);
    free(f);
}

static void keep(char *room, size_t size, struct slice s)
{
    snprintf(room, size, "%.*s", SLICE_ARGS(s));
}

static bool fake_connect(struct mqtt_client *c, const struct mqtt_connect *options,
                         struct error *err)
{
    struct fake_client *f = of(c);

    if (f->started)
        abort(); /* "Must be closed" (mqtt/client.h) */
    f->connects++;
    if (f->fail_connect)
        return error_set(err, ERROR_TARGET, "connect: no descriptors left");
    f->started = true;
    f->options = *options;
    keep(f->client_id, sizeof f->client_id, options->client_id);
    if (options->will != NULL) {
        keep(f->will_topic, sizeof f->will_topic, options->will->message.topic);
        keep(f->will_payload, sizeof f->will_payload, options->will->message.payload);
    }
    return true;
}

static uint16_t fake_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters,
                               size_t count)
{
    struct fake_client *f = of(c);

    f->subscribes++;
    if (!f->up || f->fail_subscribe)
        return 0;
    f->filter_count = count < 16 ? count : 16;
    for (size_t i = 0; i < f->filter_count; i++)
        keep(f->filters[i], sizeof f->filters[i], filters[i].filter);
    f->subscribe_id = ++f->last_id;
    return f->subscribe_id;
}

static int32_t fake_publish(struct mqtt_client *c, const struct mqtt_message *m)
{
    struct fake_client *f = of(c);

    if (!f->up || f->fail_publish)
        return -1;
    f->sent = xrealloc(f->sent, (f->sent_count + 1) * sizeof *f->sent);
    struct fake_publish *p = &f->sent[f->sent_count++];
    struct slice correlation = m->props.correlation_data;
    if (m->qos != 0 && ++f->last_id == 0)
        f->last_id = 1;
    *p = (struct fake_publish){.topic = xstrndup((const char *)m->topic.data, m->topic.len),
                               .payload = xstrndup((const char *)m->payload.data, m->payload.len),
                               .correlation =
                                   mqtt_props_has(&m->props, MQTT_PROP_CORRELATION_DATA)
                                       ? xstrndup((const char *)correlation.data, correlation.len)
                                       : NULL,
                               .qos = m->qos,
                               .id = m->qos != 0 ? f->last_id : 0};
    return p->id;
}

static void fake_disconnect(struct mqtt_client *c, uint8_t reason_code)
{
    (void)reason_code;
    of(c)->disconnects++;
    of(c)->started = of(c)->up = false;
}

static void fake_abort(struct mqtt_client *c)
{
    of(c)->aborts++;
    of(c)->started = of(c)->up = false;
}

static bool fake_ping(struct mqtt_client *c)
{
    if (of(c)->answers_pings)
        of(c)->pings++;
    return of(c)->answers_pings;
}

/* Nothing comes or goes by itself: there is nothing to delay. */
static bool fake_shape(struct mqtt_client *c, const struct mqtt_shaper *shaper)
{
    (void)c;
    (void)shaper;
    return true;
}

struct fake_client *fake_client_new(const struct mqtt_client_events *events, void *ctx)
{
    static const struct mqtt_client_ops ops = {.free = fake_free,
                                               .connect = fake_connect,
                                               .subscribe = fake_subscribe,
                                               .publish = fake_publish,
                                               .disconnect = fake_disconnect,
                                               .abort = fake_abort,
                                               .ping = fake_ping,
                                               .shape = fake_shape};
    struct fake_client *f = xcalloc(1, sizeof *f);

    f->base = (struct mqtt_client){.ops = &ops, .events = events, .ctx = ctx};
    return f;
}

void fake_connected(struct fake_client *f, bool session_present)
{
    static const enum mqtt_phase phases[] = {MQTT_PHASE_TCP, MQTT_PHASE_TLS, MQTT_PHASE_CONNACK};
    struct mqtt_connack connack = {.session_present = session_present};

    if (f->packet_max != 0) {
        connack.props.present |= (uint64_t)1 << MQTT_PROP_MAXIMUM_PACKET_SIZE;
        connack.props.maximum_packet_size = f->packet_max;
    }
    if (f->session_expiry_s != 0) {
        connack.props.present |= (uint64_t)1 << MQTT_PROP_SESSION_EXPIRY_INTERVAL;
        connack.props.session_expiry_interval = f->session_expiry_s;
    }

    for (size_t i = 0; i < sizeof phases / sizeof phases[0] && f->started; i++)
        f->base.events->phase(f->base.ctx, phases[i], clock_now());
    if (!f->started)
        return;
    f->up = true;
    f->base.events->connected(f->base.ctx, &connack);
}

void fake_suback(struct fake_client *f, uint8_t code)
{
    uint8_t codes[16];

    memset(codes, code, sizeof codes);
    f->base.events->subscribed(f->base.ctx, f->subscribe_id, codes, f->filter_count);
}

void fake_pong(struct fake_client *f)
{
    f->base.events->pong(f->base.ctx);
}

void fake_message_with(struct fake_client *f, const char *topic, const char *payload,
                       const struct mqtt_props *props)
{
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = 1};

    if (props != NULL)
        m.props = *props;
    f->base.events->message(f->base.ctx, &m);
}

void fake_message(struct fake_client *f, const char *topic, const char *payload)
{
    fake_message_with(f, topic, payload, NULL);
}

void fake_puback(struct fake_client *f, int32_t id, uint8_t reason_code)
{
    f->base.events->published(f->base.ctx, (uint16_t)id, reason_code);
}

void fake_close(struct fake_client *f, enum mqtt_close why, const char *text)
{
    struct mqtt_closed closed = {.why = why, .text = text};

    f->started = f->up = false;
    f->base.events->closed(f->base.ctx, &closed);
}

static bool ends(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

const struct fake_publish *fake_last(const struct fake_client *f, const char *topic_end)
{
    for (size_t i = f->sent_count; i > 0; i--)
        if (ends(f->sent[i - 1].topic, topic_end))
            return &f->sent[i - 1];
    return NULL;
}

size_t fake_count(const struct fake_client *f, const char *topic_end)
{
    size_t count = 0;

    for (size_t i = 0; i < f->sent_count; i++)
        count += ends(f->sent[i].topic, topic_end) ? 1 : 0;
    return count;
}
