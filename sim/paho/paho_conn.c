#include "paho/paho_conn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/xmem.h"
#include "mqtt/reason.h"
#include "mqtt/remark.h"
#include "paho/paho_anchor.h"
#include "paho/paho_failure.h"
#include "paho/paho_props.h"
#include "paho/paho_socket.h"
#include "paho/paho_uris.h"

/* How long paho_conn_free() waits for Paho to see that a connection was cut. */
#define CUT_WAIT  (50 * USEC_PER_MSEC)
#define FAILURE   0x80 /* from here on reason codes mean a failure */
#define PROPS_MAX (1 << 20)

struct paho_conn {
    const struct paho_conn_setup *setup;
    const struct paho_conn_events *events;
    void *ctx;
    bool is_5;
    MQTTAsync handle;
    atomic_bool hurrying; /* on the way to a CONNACK, or out */
    bool cut;
    int sink;               /* of a connection that was cut */
    pthread_mutex_t lock;   /* for what Paho's threads write: */
    pthread_cond_t is_down; /* `down` has become true */
    bool was_connected;
    bool down;
    char tls_error[160];     /* the last line OpenSSL said */
    uint8_t disconnect_code; /* of the server's DISCONNECT */
    char disconnect[128 + MQTT_REMARK_SIZE];
};

static void start_hurrying(struct paho_conn *c)
{
    if (!atomic_exchange(&c->hurrying, true))
        paho_anchor_hurry();
}

static void stop_hurrying(struct paho_conn *c)
{
    if (atomic_exchange(&c->hurrying, false))
        paho_anchor_relax();
}

/* ---- connected and lost ---- */

static void on_connected(struct paho_conn *c, bool session_present, const MQTTProperties *props)
{
    pthread_mutex_lock(&c->lock);
    c->was_connected = true;
    pthread_mutex_unlock(&c->lock);
    stop_hurrying(c);
    if (!paho_socket_nodelay(c->setup->certificate))
        paho_uris_nodelay(c->setup->uri);
    c->events->connected(c->ctx, session_present, props);
}

static void on_connect_success(void *context, MQTTAsync_successData *data)
{
    on_connected(context, data != NULL && data->alt.connect.sessionPresent != 0, NULL);
}

static void on_connect_success5(void *context, MQTTAsync_successData5 *data)
{
    on_connected(context, data->alt.connect.sessionPresent != 0, &data->properties);
}

static enum mqtt_close why_of(const struct paho_conn *c, const struct paho_failure *f)
{
    if (c->disconnect[0] != '\0')
        return MQTT_CLOSE_SERVER;
    if (!f->was_connected && (f->reason_code >= FAILURE || f->code > 0))
        return MQTT_CLOSE_REFUSED;
    if (c->tls_error[0] != '\0')
        return MQTT_CLOSE_TLS;
    if (f->message != NULL && strstr(f->message, "timeout") != NULL)
        return MQTT_CLOSE_TIMEOUT;
    return MQTT_CLOSE_TCP;
}

static uint8_t reason_of(const struct paho_conn *c, const struct paho_failure *f,
                         enum mqtt_close why)
{
    if (why == MQTT_CLOSE_SERVER)
        return c->disconnect_code;
    if (why == MQTT_CLOSE_REFUSED)
        return (uint8_t)(f->reason_code >= FAILURE ? f->reason_code : f->code);
    return 0;
}

static void go_down(struct paho_conn *c, int code, int reason_code, const char *message)
{
    struct paho_conn_down down = {.at = clock_now()};
    char text[1024];

    stop_hurrying(c);
    pthread_mutex_lock(&c->lock);
    bool first = !c->down;
    struct paho_failure failure = {
        .uri = c->setup->uri,
        .ca_file = c->setup->ca_file,
        .cert_file = c->setup->whose != NULL ? c->setup->whose : c->setup->cert_file,
        .was_connected = c->was_connected,
        .code = code,
        .reason_code = reason_code,
        .message = message,
        .tls_error = c->tls_error,
        .disconnect = c->disconnect,
    };
    c->down = true;
    pthread_cond_signal(&c->is_down);
    down.why = why_of(c, &failure);
    down.reason_code = reason_of(c, &failure, down.why);
    paho_failure_text(&failure, text, sizeof text);
    pthread_mutex_unlock(&c->lock);
    down.text = text;
    if (first)
        c->events->down(c->ctx, &down);
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
    struct paho_conn *c = context;
    char remark[MQTT_REMARK_SIZE];

    paho_props_remark(properties, MQTT_TYPE_DISCONNECT, remark, sizeof remark);
    pthread_mutex_lock(&c->lock);
    c->disconnect_code = (uint8_t)reason_code;
    snprintf(c->disconnect, sizeof c->disconnect, "0x%02x %s%s%s", (unsigned)reason_code,
             mqtt_reason_name_in(MQTT_TYPE_DISCONNECT, (uint8_t)reason_code),
             remark[0] != '\0' ? ": " : "", remark);
    pthread_mutex_unlock(&c->lock);
    /* Paho closes the connection now, and may not call it lost. */
    go_down(c, 0, 0, NULL);
}

static int on_tls_error(const char *text, size_t len, void *context)
{
    struct paho_conn *c = context;

    pthread_mutex_lock(&c->lock);
    paho_failure_tls_reason(slice_of(text, len), c->tls_error, sizeof c->tls_error);
    pthread_mutex_unlock(&c->lock);
    return 1;
}

/* ---- messages ---- */

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct paho_conn *c = context;
    struct buf wire;

    buf_init(&wire, PROPS_MAX);
    if (message->struct_version >= 1)
        paho_props_encode(&message->properties, &wire);
    struct paho_arrival arrival = {
        /* The length is given only when a NUL hides in the topic. */
        .topic = slice_of(topic, topic_len > 0 ? (size_t)topic_len : strlen(topic)),
        .payload = slice_of(message->payload, (size_t)message->payloadlen),
        .props = buf_slice(&wire),
        .qos = (uint8_t)message->qos,
        .retain = message->retained != 0,
        .dup = message->dup != 0,
    };
    c->events->message(c->ctx, &arrival);
    buf_done(&wire);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- the end ---- */

static void on_disconnected(void *context, MQTTAsync_successData *data)
{
    struct paho_conn *c = context;

    (void)data;
    stop_hurrying(c);
    if (c->events->disconnected != NULL)
        c->events->disconnected(c->ctx);
}

static void on_disconnected5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    on_disconnected(context, NULL);
}

static void on_disconnect_failure(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    on_disconnected(context, NULL);
}

static void on_disconnect_failure5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    on_disconnected(context, NULL);
}

bool paho_conn_disconnect(struct paho_conn *c, uint8_t reason_code, const struct mqtt_props *props)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;

    if (c->is_5) {
        options = options5;
        options.reasonCode = (enum MQTTReasonCodes)reason_code;
        options.onSuccess5 = on_disconnected5;
        options.onFailure5 = on_disconnect_failure5;
        if (props != NULL)
            paho_props_add(&options.properties, props);
    } else {
        options.onSuccess = on_disconnected;
        options.onFailure = on_disconnect_failure;
    }
    options.context = c;
    start_hurrying(c);
    bool ok = MQTTAsync_disconnect(c->handle, &options) == MQTTASYNC_SUCCESS;
    MQTTProperties_free(&options.properties);
    if (!ok)
        stop_hurrying(c);
    return ok;
}

bool paho_conn_cut(struct paho_conn *c)
{
    c->cut = c->cut || paho_socket_cut(c->setup->certificate, &c->sink);
    return c->cut;
}

/*
 * Paho's receive thread tells a connection by its descriptor, and lets go of its lock between
 * reading the end of it and acting on that (1.3.12, MQTTAsync_receiveThread). If the connection is
 * destroyed in between, and the next one gets the same descriptor, it is the next one that Paho
 * closes: "socket error". So that thread has to close a connection that we cut.
 */
static void wait_until_down(struct paho_conn *c)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    usec_t nsec = (usec_t)end.tv_nsec + CUT_WAIT * 1000;
    end.tv_sec += (time_t)(nsec / 1000000000);
    end.tv_nsec = (long)(nsec % 1000000000);
    paho_anchor_hurry();
    pthread_mutex_lock(&c->lock);
    while (!c->down && pthread_cond_timedwait(&c->is_down, &c->lock, &end) == 0)
        ;
    pthread_mutex_unlock(&c->lock);
    paho_anchor_relax();
}

/* ---- the beginning ---- */

static bool is_tls(const char *uri)
{
    return strncmp(uri, "tcp://", 6) != 0 && strncmp(uri, "mqtt://", 7) != 0 &&
           strncmp(uri, "ws://", 5) != 0;
}

static void set_tls(struct paho_conn *c, MQTTAsync_SSLOptions *tls)
{
    const struct paho_conn_setup *setup = c->setup;

    tls->trustStore = setup->ca_file;
    tls->keyStore = setup->cert_file;
    tls->privateKey = setup->key_file;
    tls->enableServerCertAuth = !setup->insecure;
    tls->verify = !setup->insecure;
    tls->disableDefaultTrustStore = setup->ca_file != NULL;
    tls->ssl_error_cb = on_tls_error;
    tls->ssl_error_context = c;
    tls->protos = (const unsigned char *)setup->alpn;
    tls->protos_len = setup->alpn != NULL ? (unsigned)strlen(setup->alpn) : 0;
}

static char *text_of(struct slice s)
{
    return s.data != NULL ? xstrndup((const char *)s.data, s.len) : NULL;
}

static void set_session(struct paho_conn *c, const struct mqtt_connect *connect,
                        MQTTAsync_connectOptions *options, MQTTProperties *props)
{
    MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;

    if (c->is_5) {
        *options = options5;
        options->cleanstart = connect->clean_start;
        options->onSuccess5 = on_connect_success5;
        options->onFailure5 = on_connect_failure5;
        options->connectProperties = props;
        if (connect->session_expiry_s != 0)
            paho_props_add_number(props, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                                  connect->session_expiry_s);
    } else {
        options->cleansession = connect->clean_start;
        options->onSuccess = on_connect_success;
        options->onFailure = on_connect_failure;
    }
}

/* The topic is to be freed. */
static char *set_will(const struct paho_conn *c, const struct mqtt_will *from,
                      MQTTAsync_willOptions *will, MQTTProperties *props)
{
    const struct mqtt_message *m = &from->message;
    char *topic = text_of(m->topic);

    will->topicName = topic;
    will->payload.len = (int)m->payload.len;
    will->payload.data = m->payload.len != 0 ? (const void *)m->payload.data : "";
    will->qos = m->qos;
    will->retained = m->retain;
    if (c->is_5)
        paho_props_add(props, &m->props);
    if (c->is_5 && from->delay_s != 0)
        paho_props_add_number(props, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL, from->delay_s);
    return topic;
}

static int start_connecting(struct paho_conn *c, const struct mqtt_connect *connect)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTProperties props = MQTTProperties_initializer;
    MQTTProperties will_props = MQTTProperties_initializer;
    struct paho_uris uris;
    usec_t timeout = connect->tcp_timeout + connect->tls_timeout + connect->connack_timeout;
    char *will_topic = NULL;
    char *username = text_of(connect->username);

    set_session(c, connect, &options, &props);
    if (connect->will != NULL) {
        will_topic = set_will(c, connect->will, &will, &will_props);
        options.will = &will;
        options.willProperties = c->is_5 ? &will_props : NULL;
    }
    set_tls(c, &tls);
    options.ssl = is_tls(c->setup->uri) ? &tls : NULL;
    options.MQTTVersion = (int)connect->version;
    options.context = c;
    options.username = username;
    options.binarypwd.len = (int)connect->password.len;
    options.binarypwd.data = connect->password.data;
    options.keepAliveInterval = connect->keep_alive_s;
    options.connectTimeout = (int)((timeout + USEC_PER_SEC - 1) / USEC_PER_SEC);
    paho_uris_split(&uris, c->setup->uri);
    if (uris.count > 1) {
        options.serverURIs = uris.items;
        options.serverURIcount = uris.count;
    }
    int rc = MQTTAsync_connect(c->handle, &options);
    paho_uris_done(&uris);
    MQTTProperties_free(&props);
    MQTTProperties_free(&will_props);
    free(will_topic);
    free(username);
    return rc;
}

static int create_handle(struct paho_conn *c, const struct mqtt_connect *connect)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    char *client_id = text_of(connect->client_id);
    struct paho_uris uris;

    paho_uris_split(&uris, c->setup->uri);
    options.MQTTVersion = (int)connect->version;
    options.maxBufferedMessages = c->setup->max_buffered;
    int rc = MQTTAsync_createWithOptions(&c->handle, uris.items[0], client_id,
                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    paho_uris_done(&uris);
    free(client_id);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setCallbacks(c->handle, c, on_connection_lost, on_message, NULL);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setDisconnected(c->handle, c, on_server_disconnect);
    return rc;
}

struct paho_conn *paho_conn_new(const struct paho_conn_setup *setup,
                                const struct mqtt_connect *connect,
                                const struct paho_conn_events *events, void *ctx, struct error *err)
{
    struct paho_conn *c = xcalloc(1, sizeof *c);

    c->setup = setup;
    c->events = events;
    c->ctx = ctx;
    c->is_5 = connect->version == MQTT_5;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->is_down, NULL);
    int rc = create_handle(c, connect);
    if (rc == MQTTASYNC_SUCCESS) {
        start_hurrying(c);
        rc = start_connecting(c, connect);
    }
    if (rc == MQTTASYNC_SUCCESS)
        return c;
    error_set(err, ERROR_TARGET, "%.*s: cannot connect to %s: %s", SLICE_ARGS(connect->client_id),
              setup->uri, paho_failure_code(rc));
    paho_conn_free(c);
    return NULL;
}

void paho_conn_free(struct paho_conn *c)
{
    if (c == NULL)
        return;
    if (c->cut)
        wait_until_down(c);
    /* Every callback runs under Paho's lock, which this takes: afterwards none is running. */
    if (c->handle != NULL)
        MQTTAsync_destroy(&c->handle);
    if (c->cut)
        close(c->sink);
    stop_hurrying(c);
    pthread_cond_destroy(&c->is_down);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

MQTTAsync paho_conn_handle(const struct paho_conn *c)
{
    return c->handle;
}

bool paho_conn_is_5(const struct paho_conn *c)
{
    return c->is_5;
}
