#include "actors/paho_link.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "paho/paho_anchor.h"
#include "paho/paho_failure.h"
#include "paho/paho_nodelay.h"

/* AWS IoT's in-flight quota (contract 6.8). Whatever is above it or above the server's Receive
   Maximum waits here and not in Paho's queue, which is looked at once a second when it is blocked.
 */
#define MAX_IN_FLIGHT 100
#define MAX_QUEUED    100000

struct paho_link {
    const struct paho_link_options *options;
    const struct paho_link_sink *sink;
    void *ctx;
    uint64_t number;
    MQTTAsync handle;
    pthread_mutex_t lock; /* for what Paho's threads write: */
    bool was_connected;
    bool down;
    bool hurrying;        /* on the way to a CONNACK */
    char tls_error[160];  /* the last line OpenSSL said */
    char disconnect[128]; /* what the server's DISCONNECT said */
    /* publishing; under the lock too */
    bool closing;
    size_t in_flight, in_flight_max;
    size_t queued;
    struct publication *first, *last; /* waiting for their turn */
};

/* What Paho carries along with a SUBSCRIBE or a PUBLISH. */
struct subscription {
    struct paho_link *link;
    uint64_t cookie;
    size_t count;
};

struct publication {
    struct publication *next;
    struct paho_link *link;
    struct companion_publish publish;
    char *topic;
    char *payload;
    size_t len;
    MQTTProperties properties;
};

static bool is_5(const struct paho_link *link)
{
    return link->options->mqtt_version == MQTTVERSION_5;
}

/* ---- connect and connection loss --------------------------------------------------------------
 */

static void stop_hurrying(struct paho_link *link)
{
    if (link->hurrying)
        paho_anchor_relax();
    link->hurrying = false;
}

static void on_connected(struct paho_link *link, size_t receive_max)
{
    usec_t at = clock_now();

    pthread_mutex_lock(&link->lock);
    link->was_connected = true;
    link->in_flight_max = receive_max;
    stop_hurrying(link);
    pthread_mutex_unlock(&link->lock);
    paho_nodelay(paho_nodelay_port(link->options->uri));
    link->sink->connected(link->ctx, link->number, at);
}

static void on_connect_success(void *context, MQTTAsync_successData *data)
{
    (void)data;
    on_connected(context, MAX_IN_FLIGHT);
}

static void on_connect_success5(void *context, MQTTAsync_successData5 *data)
{
    int64_t max = MAX_IN_FLIGHT;

    if (MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
        max = MQTTProperties_getNumericValue(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
    /* One is left free: Paho counts a SUBSCRIBE too. */
    max = max > MAX_IN_FLIGHT ? MAX_IN_FLIGHT : max - 1;
    on_connected(context, max > 0 ? (size_t)max : 1);
}

static void go_down(struct paho_link *link, int code, int reason_code, const char *message)
{
    usec_t at = clock_now();
    char text[512];

    pthread_mutex_lock(&link->lock);
    bool first = !link->down;
    link->down = true;
    stop_hurrying(link);
    paho_failure_text(
        &(struct paho_failure){
            .uri = link->options->uri,
            .ca_file = link->options->ca_file,
            .cert_file = link->options->cert_file,
            .was_connected = link->was_connected,
            .code = code,
            .reason_code = reason_code,
            .message = message,
            .tls_error = link->tls_error,
            .disconnect = link->disconnect,
        },
        text, sizeof text);
    pthread_mutex_unlock(&link->lock);
    if (first)
        link->sink->down(link->ctx, link->number, text, at);
}

static void on_connect_failure(void *context, MQTTAsync_failureData *data)
{
    go_down(context, data != NULL ? data->code : MQTTASYNC_FAILURE, 0,
            data != NULL ? data->message : NULL);
}

static void on_connect_failure5(void *context, MQTTAsync_failureData5 *data)
{
    go_down(context, data != NULL ? data->code : MQTTASYNC_FAILURE,
            data != NULL ? (int)data->reasonCode : 0, data != NULL ? data->message : NULL);
}

static void on_connection_lost(void *context, char *cause)
{
    go_down(context, 0, 0, cause);
}

static void on_server_disconnect(void *context, MQTTProperties *properties,
                                 enum MQTTReasonCodes reason_code)
{
    struct paho_link *link = context;
    const char *name = MQTTReasonCode_toString(reason_code);

    (void)properties;
    pthread_mutex_lock(&link->lock);
    snprintf(link->disconnect, sizeof link->disconnect, "0x%02x %s", (unsigned)reason_code,
             name != NULL ? name : "unknown reason");
    pthread_mutex_unlock(&link->lock);
}

static int on_tls_error(const char *text, size_t len, void *context)
{
    struct paho_link *link = context;

    pthread_mutex_lock(&link->lock);
    paho_failure_tls_reason(slice_of(text, len), link->tls_error, sizeof link->tls_error);
    pthread_mutex_unlock(&link->lock);
    return 1;
}

/* ---- SUBSCRIBE ---------------------------------------------------------------------------------
 */

static void subscribed(struct subscription *s, unsigned refused)
{
    s->link->sink->subscribed(s->link->ctx, s->link->number, s->cookie, refused, clock_now());
    free(s);
}

static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    struct subscription *s = context;
    unsigned refused = 0;

    for (size_t i = 0; s->count > 1 && i < s->count; i++)
        if (data->alt.qosList[i] >= MQTT_BAD_SUBSCRIBE)
            refused |= 1u << i;
    subscribed(s, refused);
}

static void on_subscribed5(void *context, MQTTAsync_successData5 *data)
{
    struct subscription *s = context;
    size_t count = (size_t)data->alt.sub.reasonCodeCount;
    unsigned refused = 0;

    for (size_t i = 0; s->count > 1 && i < s->count && i < count; i++)
        if ((int)data->alt.sub.reasonCodes[i] >= MQTT_BAD_SUBSCRIBE)
            refused |= 1u << i;
    subscribed(s, refused);
}

static void on_subscribe_failure(void *context, MQTTAsync_failureData *data)
{
    struct subscription *s = context;

    (void)data;
    subscribed(s, (1u << s->count) - 1);
}

static void on_subscribe_failure5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    on_subscribe_failure(context, NULL);
}

bool paho_link_subscribe(struct paho_link *link, char *const *filters, size_t count, int qos,
                         uint64_t cookie)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    struct subscription *s = xmalloc(sizeof *s);
    int qoss[PAHO_LINK_MAX_FILTERS];

    *s = (struct subscription){.link = link, .cookie = cookie, .count = count};
    for (size_t i = 0; i < count; i++)
        qoss[i] = qos;
    response.context = s;
    if (is_5(link)) {
        response.onSuccess5 = on_subscribed5;
        response.onFailure5 = on_subscribe_failure5;
    } else {
        response.onSuccess = on_subscribed;
        response.onFailure = on_subscribe_failure;
    }
    if (MQTTAsync_subscribeMany(link->handle, (int)count, filters, qoss, &response) ==
        MQTTASYNC_SUCCESS)
        return true;
    free(s);
    return false;
}

/* ---- PUBLISH -----------------------------------------------------------------------------------
 */

static void free_publication(struct publication *p)
{
    MQTTProperties_free(&p->properties);
    free(p->topic);
    free(p->payload);
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
static void acked(struct publication *p, bool ok, int reason_code, const char *text)
{
    struct paho_link *link = p->link;

    report(p, ok, reason_code, text);
    paho_anchor_relax();
    for (p = take(link); p != NULL && send_to_paho(p) != MQTTASYNC_SUCCESS; p = take(link))
        report_lost(p);
}

static void on_acked(void *context, MQTTAsync_successData *data)
{
    (void)data;
    acked(context, true, 0, "");
}

static void on_acked5(void *context, MQTTAsync_successData5 *data)
{
    acked(context, true, (int)data->reasonCode, "");
}

static void on_publish_failure(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    acked(context, false, 0, "the connection ended before the acknowledgement");
}

static void on_publish_failure5(void *context, MQTTAsync_failureData5 *data)
{
    if (data == NULL || (int)data->reasonCode < MQTT_BAD_SUBSCRIBE) {
        on_publish_failure(context, NULL);
        return;
    }
    const char *name = MQTTReasonCode_toString(data->reasonCode);
    acked(context, false, (int)data->reasonCode, name != NULL ? name : "refused");
}

/* Not under the lock: Paho's callbacks take it while they hold Paho's. */
static int send_to_paho(struct publication *p)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;

    response.context = p;
    if (is_5(p->link)) {
        response.onSuccess5 = on_acked5;
        response.onFailure5 = on_publish_failure5;
        response.properties = p->properties;
    } else {
        response.onSuccess = on_acked;
        response.onFailure = on_publish_failure;
    }
    paho_anchor_hurry();
    int rc = MQTTAsync_send(p->link->handle, p->topic, (int)p->len, p->payload, 1, 0, &response);
    if (rc != MQTTASYNC_SUCCESS)
        paho_anchor_relax();
    return rc;
}

static void add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, const char *text)
{
    MQTTProperty property = {.identifier = code};

    if (text == NULL)
        return;
    /* Paho copies; its struct merely lacks the const. */
    property.value.data.data = (char *)(uintptr_t)text;
    property.value.data.len = (int)strlen(text);
    MQTTProperties_add(properties, &property);
}

static void add_properties(MQTTProperties *properties, const struct paho_publish *publish)
{
    add_text(properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, publish->response_topic);
    add_text(properties, MQTTPROPERTY_CODE_CORRELATION_DATA, publish->correlation);
    add_text(properties, MQTTPROPERTY_CODE_CONTENT_TYPE, publish->content_type);
    if (publish->expiry_s != 0) {
        MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};
        expiry.value.integer4 = publish->expiry_s;
        MQTTProperties_add(properties, &expiry);
    }
}

static struct publication *new_publication(struct paho_link *link,
                                           const struct paho_publish *publish)
{
    struct publication *p = xcalloc(1, sizeof *p);

    p->link = link;
    p->topic = xstrdup(publish->topic);
    p->len = publish->payload.len;
    p->payload = xmalloc(p->len + 1);
    if (p->len != 0)
        memcpy(p->payload, publish->payload.data, p->len);
    if (is_5(link))
        add_properties(&p->properties, publish);
    p->publish = (struct companion_publish){.id = publish->id, .sent_at = clock_now()};
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

bool paho_link_publish(struct paho_link *link, const struct paho_publish *publish,
                       usec_t *ret_sent_at, struct error *err)
{
    struct publication *p = new_publication(link, publish);
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
    return error_set(err, ERROR_TARGET, "%s: cannot publish to %s: %s", link->options->client_id,
                     publish->topic, paho_failure_code(rc));
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

/* ---- messages ----------------------------------------------------------------------------------
 */

static struct slice correlation_of(MQTTAsync_message *message)
{
    MQTTProperty *property = NULL;

    if (message->struct_version >= 1)
        property =
            MQTTProperties_getProperty(&message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
    if (property == NULL || property->value.data.len < 0)
        return slice_of(NULL, 0);
    return slice_of(property->value.data.data, (size_t)property->value.data.len);
}

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    usec_t at = clock_now();
    struct paho_link *link = context;
    struct paho_message m = {
        /* The length is given only when a NUL hides in the topic. */
        .topic = slice_of(topic, topic_len > 0 ? (size_t)topic_len : strlen(topic)),
        .payload = slice_of(message->payload, (size_t)message->payloadlen),
        .correlation = correlation_of(message),
    };

    link->sink->message(link->ctx, &m, at);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- the link ----------------------------------------------------------------------------------
 */

static int create_handle(struct paho_link *link)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;

    options.MQTTVersion = link->options->mqtt_version;
    options.maxBufferedMessages = MAX_IN_FLIGHT + 1;
    int rc =
        MQTTAsync_createWithOptions(&link->handle, link->options->uri, link->options->client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (rc != MQTTASYNC_SUCCESS)
        return rc;
    rc = MQTTAsync_setCallbacks(link->handle, link, on_connection_lost, on_message, NULL);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setDisconnected(link->handle, link, on_server_disconnect);
    return rc;
}

static void set_tls(struct paho_link *link, MQTTAsync_SSLOptions *tls)
{
    const struct paho_link_options *o = link->options;

    tls->trustStore = o->ca_file;
    tls->keyStore = o->cert_file;
    tls->privateKey = o->key_file;
    tls->enableServerCertAuth = !o->insecure;
    tls->verify = !o->insecure;
    tls->disableDefaultTrustStore = o->ca_file != NULL;
    tls->ssl_error_cb = on_tls_error;
    tls->ssl_error_context = link;
    if (o->alpn != NULL) {
        tls->protos = (const unsigned char *)o->alpn;
        tls->protos_len = (unsigned)strlen(o->alpn);
    }
}

static int start_connecting(struct paho_link *link)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;

    set_tls(link, &tls);
    if (is_5(link)) {
        options = options5;
        options.onSuccess5 = on_connect_success5;
        options.onFailure5 = on_connect_failure5;
    } else {
        options.onSuccess = on_connect_success;
        options.onFailure = on_connect_failure;
    }
    options.MQTTVersion = link->options->mqtt_version;
    options.context = link;
    options.ssl = &tls;
    options.keepAliveInterval = link->options->keep_alive_s;
    options.connectTimeout = (int)(link->options->connect_timeout / USEC_PER_SEC);
    return MQTTAsync_connect(link->handle, &options);
}

struct paho_link *paho_link_new(const struct paho_link_options *options,
                                const struct paho_link_sink *sink, void *ctx, uint64_t number,
                                struct error *err)
{
    struct paho_link *link = xcalloc(1, sizeof *link);

    link->options = options;
    link->sink = sink;
    link->ctx = ctx;
    link->number = number;
    link->in_flight_max = MAX_IN_FLIGHT;
    pthread_mutex_init(&link->lock, NULL);
    int rc = create_handle(link);
    if (rc == MQTTASYNC_SUCCESS) {
        link->hurrying = true;
        paho_anchor_hurry();
        rc = start_connecting(link);
    }
    if (rc == MQTTASYNC_SUCCESS)
        return link;
    error_set(err, ERROR_TARGET, "%s: cannot connect to %s: %s", options->client_id, options->uri,
              paho_failure_code(rc));
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
    /* Every callback runs under Paho's lock, which this takes: afterwards none is running. */
    if (link->handle != NULL)
        MQTTAsync_destroy(&link->handle);
    report_queue(link);
    stop_hurrying(link);
    pthread_mutex_destroy(&link->lock);
    free(link);
}
