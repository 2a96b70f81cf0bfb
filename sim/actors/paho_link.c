#include "actors/paho_link.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "paho/paho_failure.h"
#include "paho/paho_props.h"

/* AWS IoT's in-flight quota (contract 6.8). Whatever is above it or above the server's Receive
   Maximum waits here and not in Paho's queue, which is looked at once a second when it is blocked.
 */
#define MAX_IN_FLIGHT 100
#define MAX_QUEUED    100000
#define PROPS_MAX     65536

struct paho_link {
    const struct paho_link_options *options;
    const struct paho_link_sink *sink;
    void *ctx;
    uint64_t number;
    struct paho_conn *conn;
    pthread_mutex_t lock; /* for what Paho's threads and ours write: */
    bool closing;
    size_t in_flight, in_flight_max;
    size_t queued;
    struct publication *first, *last; /* waiting for their turn */
};

/* What is known of a SUBSCRIBE, UNSUBSCRIBE or PUBLISH when its answer comes. */
struct request {
    struct paho_link *link;
    uint64_t cookie;
};

struct publication {
    struct publication *next;
    struct paho_link *link;
    struct companion_publish publish;
    struct paho_parcel parcel; /* owns what it points to */
};

/* ---- connect and connection loss ---- */

static void on_connected(void *ctx, bool session_present, const MQTTProperties *from)
{
    struct paho_link *link = ctx;
    usec_t at = clock_now();
    struct mqtt_props props = {0};
    const char *why = NULL;
    size_t max = MAX_IN_FLIGHT;
    struct buf wire;

    buf_init(&wire, PROPS_MAX);
    if (from != NULL)
        paho_props_encode(from, &wire);
    /* One is left free: Paho counts a SUBSCRIBE too. */
    if (mqtt_props_read(buf_slice(&wire), MQTT_TYPE_CONNACK, &props, &why) == 0 &&
        mqtt_props_has(&props, MQTT_PROP_RECEIVE_MAXIMUM) && props.receive_maximum <= max)
        max = props.receive_maximum > 1 ? props.receive_maximum - 1u : 1;
    pthread_mutex_lock(&link->lock);
    link->in_flight_max = max;
    pthread_mutex_unlock(&link->lock);
    link->sink->connected(link->ctx, link->number, session_present, buf_slice(&wire), at);
    buf_done(&wire);
}

static void on_down(void *ctx, const struct paho_conn_down *down)
{
    struct paho_link *link = ctx;

    link->sink->down(link->ctx, link->number, down);
}

static void on_message(void *ctx, const struct paho_arrival *arrival)
{
    struct paho_link *link = ctx;

    link->sink->message(link->ctx, link->number, arrival);
}

/* ---- SUBSCRIBE and UNSUBSCRIBE ---- */

static struct request *request_new(struct paho_link *link, uint64_t cookie)
{
    struct request *r = xmalloc(sizeof *r);

    *r = (struct request){.link = link, .cookie = cookie};
    return r;
}

static void on_answer(void *ctx, const struct paho_answer *answer)
{
    struct request *r = ctx;
    struct paho_link *link = r->link;

    if (!answer->lost)
        link->sink->answered(link->ctx, link->number, r->cookie, answer);
    free(r);
}

bool paho_link_subscribe(struct paho_link *link, const struct mqtt_filter *filters, size_t count,
                         uint64_t cookie)
{
    struct request *r = request_new(link, cookie);
    bool ok = paho_subscribe(link->conn, filters, count,
                             (struct paho_asker){.answered = on_answer, .ctx = r});

    if (!ok)
        free(r);
    return ok;
}

bool paho_link_unsubscribe(struct paho_link *link, struct slice filter, uint64_t cookie)
{
    struct request *r = request_new(link, cookie);
    bool ok = paho_unsubscribe(link->conn, &filter, 1,
                               (struct paho_asker){.answered = on_answer, .ctx = r});

    if (!ok)
        free(r);
    return ok;
}

/* ---- PUBLISH ---- */

static void free_publication(struct publication *p)
{
    MQTTProperties_free(&p->parcel.props);
    free((char *)(uintptr_t)p->parcel.topic);
    free((uint8_t *)(uintptr_t)p->parcel.payload.data);
    free(p);
}

static void report(struct publication *p, bool ok, int reason_code, const char *text)
{
    struct companion_acked a = {.publish = p->publish,
                                .ok = ok,
                                .reason_code = reason_code,
                                .text = text,
                                .at = clock_now()};

    p->link->sink->acked(p->link->ctx, &a);
    free_publication(p);
}

static void report_lost(struct publication *p)
{
    report(p, false, 0, "the connection ended before the acknowledgement");
}

static int send_to_paho(struct publication *p);

/* The next in the queue that may be sent now, NULL if none. */
static struct publication *take(struct paho_link *link)
{
    pthread_mutex_lock(&link->lock);
    struct publication *p = link->closing ? NULL : link->first;
    if (p != NULL) {
        link->first = p->next;
        link->queued--;
    } else {
        link->in_flight--;
    }
    pthread_mutex_unlock(&link->lock);
    return p;
}

/* One is through: its place goes to the next. */
static void on_acked(void *ctx, const struct paho_answer *answer)
{
    struct publication *p = ctx;
    struct paho_link *link = p->link;
    uint8_t code = answer->count != 0 ? answer->codes[0] : 0;

    if (answer->lost)
        report_lost(p);
    else
        report(p, code < PAHO_FAILURE, code, answer->remark);
    for (p = take(link); p != NULL && send_to_paho(p) != MQTTASYNC_SUCCESS; p = take(link))
        report_lost(p);
}

/* Not under the lock: Paho's callbacks take it while they hold Paho's. */
static int send_to_paho(struct publication *p)
{
    return paho_publish(p->link->conn, &p->parcel,
                        (struct paho_asker){.answered = on_acked, .ctx = p});
}

static struct publication *new_publication(struct paho_link *link, uint64_t id,
                                           const struct mqtt_message *m)
{
    struct publication *p = xcalloc(1, sizeof *p);
    uint8_t *payload = xmalloc(m->payload.len + 1);

    if (m->payload.len != 0)
        memcpy(payload, m->payload.data, m->payload.len);
    p->link = link;
    p->parcel.topic = xstrndup((const char *)m->topic.data, m->topic.len);
    p->parcel.payload = slice_of(payload, m->payload.len);
    p->parcel.qos = m->qos;
    p->parcel.retain = m->retain;
    if (link->options->version == MQTT_5)
        paho_props_add(&p->parcel.props, &m->props);
    p->publish = (struct companion_publish){.id = id, .sent_at = clock_now()};
    return p;
}

enum turn { TURN_NOW, TURN_LATER, TURN_NEVER };

static enum turn enqueue(struct paho_link *link, struct publication *p)
{
    enum turn turn = TURN_NOW;

    pthread_mutex_lock(&link->lock);
    if (link->in_flight < link->in_flight_max) {
        link->in_flight++;
    } else if (link->queued < MAX_QUEUED) {
        turn = TURN_LATER;
        link->queued++;
        if (link->first == NULL)
            link->first = p;
        else
            link->last->next = p;
        link->last = p;
    } else {
        turn = TURN_NEVER;
    }
    pthread_mutex_unlock(&link->lock);
    return turn;
}

bool paho_link_publish(struct paho_link *link, uint64_t id, const struct mqtt_message *message,
                       usec_t *ret_sent_at, struct error *err)
{
    struct publication *p = new_publication(link, id, message);
    usec_t sent_at = p->publish.sent_at;
    enum turn turn = enqueue(link, p);
    int rc = turn == TURN_NEVER ? MQTTASYNC_MAX_BUFFERED_MESSAGES : MQTTASYNC_SUCCESS;

    if (turn == TURN_NOW)
        rc = send_to_paho(p);
    if (rc == MQTTASYNC_SUCCESS) {
        *ret_sent_at = sent_at;
        return true;
    }
    free_publication(p);
    if (turn == TURN_NOW) {
        pthread_mutex_lock(&link->lock);
        link->in_flight--;
        pthread_mutex_unlock(&link->lock);
    }
    return error_set(err, ERROR_TARGET, "%s: cannot publish to %.*s: %s", link->options->client_id,
                     SLICE_ARGS(message->topic), paho_failure_code(rc));
}

/* What never had its turn. */
static void report_queue(struct paho_link *link)
{
    while (link->first != NULL) {
        struct publication *p = link->first;
        link->first = p->next;
        report_lost(p);
    }
}

/* ---- the link ---- */

struct paho_link *paho_link_new(const struct paho_link_options *options,
                                const struct paho_link_sink *sink, void *ctx, uint64_t number,
                                struct error *err)
{
    static const struct paho_conn_events events = {
        .connected = on_connected, .down = on_down, .message = on_message};
    struct paho_link *link = xcalloc(1, sizeof *link);
    struct mqtt_connect connect = {
        .version = options->version,
        .client_id = slice_str(options->client_id),
        .keep_alive_s = options->keep_alive_s,
        .clean_start = options->clean_start,
        .session_expiry_s = options->session_expiry_s,
        .connack_timeout = options->connect_timeout,
    };

    link->options = options;
    link->sink = sink;
    link->ctx = ctx;
    link->number = number;
    link->in_flight_max = MAX_IN_FLIGHT;
    pthread_mutex_init(&link->lock, NULL);
    link->conn = paho_conn_new(&options->setup, &connect, &events, link, err);
    if (link->conn != NULL)
        return link;
    paho_link_free(link);
    return NULL;
}

void paho_link_free(struct paho_link *link)
{
    if (link == NULL)
        return;
    pthread_mutex_lock(&link->lock);
    link->closing = true;
    pthread_mutex_unlock(&link->lock);
    paho_conn_free(link->conn);
    report_queue(link);
    pthread_mutex_destroy(&link->lock);
    free(link);
}
