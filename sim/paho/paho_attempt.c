#include "paho/paho_attempt.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xmem.h"
#include "paho/paho_anchor.h"
#include "paho/paho_failure.h"
#include "paho/paho_nodelay.h"
#include "paho/paho_props.h"
#include "paho/paho_socket.h"

/* Never reached: the client's own window is smaller. */
#define MAX_BUFFERED 100000
#define FAILURE      0x80 /* from here on reason codes mean a failure */

struct paho_attempt {
    const struct paho_setup *setup;
    struct paho_mailbox *box;
    uint32_t number;
    bool is_5;
    MQTTAsync handle;
    int pem_fd; /* the memory file; -1: none */
    atomic_bool hurrying;
    pthread_mutex_t lock; /* for what Paho's threads write: */
    bool was_connected;
    bool down;
    char tls_error[160];
    uint8_t disconnect_code; /* of the server's DISCONNECT */
    char disconnect[128];
};

/* What Paho carries along with a packet that is answered. */
struct ticket {
    struct paho_attempt *attempt;
    uint16_t packet_id;
    size_t count; /* of filters; 0: a PUBLISH */
};

static struct paho_letter letter_of(struct paho_attempt *a, enum paho_letter_kind kind)
{
    return (struct paho_letter){
        .kind = kind, .box = a->box, .attempt = a->number, .at = clock_now()};
}

static void stop_hurrying(struct paho_attempt *a)
{
    if (atomic_exchange(&a->hurrying, false))
        paho_anchor_relax();
}

/* ---- connected and lost ---- */

static void on_connected(struct paho_attempt *a, bool session_present, const MQTTProperties *props)
{
    struct paho_letter letter = letter_of(a, PAHO_LETTER_CONNECTED);
    struct buf wire;

    pthread_mutex_lock(&a->lock);
    a->was_connected = true;
    pthread_mutex_unlock(&a->lock);
    stop_hurrying(a);
    if (!paho_socket_nodelay(a->setup->certificate))
        paho_nodelay(paho_nodelay_port(a->setup->uri));
    buf_init(&wire, 65536);
    if (props != NULL)
        paho_props_encode(props, &wire);
    letter.session_present = session_present;
    letter.props = buf_slice(&wire);
    paho_letter_post(&letter);
    buf_done(&wire);
}

static void on_connect_success(void *context, MQTTAsync_successData *data)
{
    on_connected(context, data != NULL && data->alt.connect.sessionPresent != 0, NULL);
}

static void on_connect_success5(void *context, MQTTAsync_successData5 *data)
{
    on_connected(context, data->alt.connect.sessionPresent != 0, &data->properties);
}

static enum mqtt_close why_of(const struct paho_attempt *a, const struct paho_failure *f)
{
    if (a->disconnect[0] != '\0')
        return MQTT_CLOSE_SERVER;
    if (!f->was_connected && (f->reason_code >= FAILURE || f->code > 0))
        return MQTT_CLOSE_REFUSED;
    if (a->tls_error[0] != '\0')
        return MQTT_CLOSE_TLS;
    if (f->message != NULL && strstr(f->message, "timeout") != NULL)
        return MQTT_CLOSE_TIMEOUT;
    return MQTT_CLOSE_TCP;
}

static uint8_t reason_of(const struct paho_attempt *a, const struct paho_failure *f,
                         enum mqtt_close why)
{
    if (why == MQTT_CLOSE_SERVER)
        return a->disconnect_code;
    if (why == MQTT_CLOSE_REFUSED)
        return (uint8_t)(f->reason_code >= FAILURE ? f->reason_code : f->code);
    return 0;
}

static void go_down(struct paho_attempt *a, int code, int reason_code, const char *message)
{
    struct paho_letter letter = letter_of(a, PAHO_LETTER_DOWN);
    char text[512];

    stop_hurrying(a);
    pthread_mutex_lock(&a->lock);
    bool first = !a->down;
    struct paho_failure failure = {
        .uri = a->setup->uri,
        .ca_file = a->setup->ca_file,
        .cert_file = a->setup->certificate != NULL ? "this car's certificate" : NULL,
        .was_connected = a->was_connected,
        .code = code,
        .reason_code = reason_code,
        .message = message,
        .tls_error = a->tls_error,
        .disconnect = a->disconnect,
    };
    a->down = true;
    letter.why = why_of(a, &failure);
    letter.reason_code = reason_of(a, &failure, letter.why);
    paho_failure_text(&failure, text, sizeof text);
    pthread_mutex_unlock(&a->lock);
    letter.body = slice_of(text, strlen(text) + 1);
    if (first)
        paho_letter_post(&letter);
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
    struct paho_attempt *a = context;
    const char *name = MQTTReasonCode_toString(reason_code);

    (void)properties;
    pthread_mutex_lock(&a->lock);
    a->disconnect_code = (uint8_t)reason_code;
    snprintf(a->disconnect, sizeof a->disconnect, "0x%02x %s", (unsigned)reason_code,
             name != NULL ? name : "unknown reason");
    pthread_mutex_unlock(&a->lock);
}

static int on_tls_error(const char *text, size_t len, void *context)
{
    struct paho_attempt *a = context;

    pthread_mutex_lock(&a->lock);
    paho_failure_tls_reason(slice_of(text, len), a->tls_error, sizeof a->tls_error);
    pthread_mutex_unlock(&a->lock);
    return 1;
}

/* ---- SUBSCRIBE and PUBLISH ---- */

static struct ticket *ticket_new(struct paho_attempt *a, uint16_t packet_id, size_t count)
{
    struct ticket *t = xmalloc(sizeof *t);

    *t = (struct ticket){.attempt = a, .packet_id = packet_id, .count = count};
    paho_anchor_hurry();
    return t;
}

static void ticket_free(struct ticket *t)
{
    paho_anchor_relax();
    free(t);
}

static void answer(struct ticket *t, uint8_t reason_code, struct slice codes)
{
    struct paho_letter letter =
        letter_of(t->attempt, t->count != 0 ? PAHO_LETTER_SUBSCRIBED : PAHO_LETTER_ACKED);

    letter.packet_id = t->packet_id;
    letter.reason_code = reason_code;
    letter.body = codes;
    paho_letter_post(&letter);
    ticket_free(t);
}

/* The same code for every filter. */
static void answer_all(struct ticket *t, uint8_t code)
{
    uint8_t *codes = xmalloc(t->count);

    memset(codes, code, t->count);
    answer(t, 0, slice_of(codes, t->count));
    free(codes);
}

static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    struct ticket *t = context;

    if (t->count == 1) {
        answer_all(t, (uint8_t)data->alt.qos);
        return;
    }
    uint8_t *codes = xmalloc(t->count);
    for (size_t i = 0; i < t->count; i++)
        codes[i] = (uint8_t)data->alt.qosList[i];
    answer(t, 0, slice_of(codes, t->count));
    free(codes);
}

static void on_subscribed5(void *context, MQTTAsync_successData5 *data)
{
    struct ticket *t = context;
    size_t given = (size_t)data->alt.sub.reasonCodeCount;

    if (t->count == 1 || given == 0) {
        answer_all(t, (uint8_t)data->reasonCode);
        return;
    }
    uint8_t *codes = xmalloc(t->count);
    for (size_t i = 0; i < t->count; i++)
        codes[i] = i < given ? (uint8_t)data->alt.sub.reasonCodes[i] : FAILURE;
    answer(t, 0, slice_of(codes, t->count));
    free(codes);
}

/* A code below 0x80 is the end of the connection, of which PAHO_LETTER_DOWN tells. */
static void refused(struct ticket *t, int code)
{
    if (code < FAILURE || code > UINT8_MAX)
        ticket_free(t);
    else if (t->count != 0)
        answer_all(t, (uint8_t)code);
    else
        answer(t, (uint8_t)code, slice_of(NULL, 0));
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    refused(context, data != NULL ? data->code : 0);
}

static void on_refused5(void *context, MQTTAsync_failureData5 *data)
{
    refused(context, data == NULL                       ? 0
                     : (int)data->reasonCode >= FAILURE ? (int)data->reasonCode
                                                        : data->code);
}

static void on_acked(void *context, MQTTAsync_successData *data)
{
    (void)data;
    answer(context, 0, slice_of(NULL, 0));
}

static void on_acked5(void *context, MQTTAsync_successData5 *data)
{
    answer(context, (uint8_t)data->reasonCode, slice_of(NULL, 0));
}

bool paho_attempt_subscribe(struct paho_attempt *a, uint16_t packet_id,
                            const struct mqtt_filter *filters, size_t count)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    char **names = xcalloc(count, sizeof *names);
    int *qoss = xcalloc(count, sizeof *qoss);
    struct ticket *t = ticket_new(a, packet_id, count);

    for (size_t i = 0; i < count; i++) {
        names[i] = xstrndup((const char *)filters[i].filter.data, filters[i].filter.len);
        qoss[i] = filters[i].qos;
    }
    response.context = t;
    if (a->is_5) {
        response.onSuccess5 = on_subscribed5;
        response.onFailure5 = on_refused5;
    } else {
        response.onSuccess = on_subscribed;
        response.onFailure = on_refused;
    }
    int rc = MQTTAsync_subscribeMany(a->handle, (int)count, names, qoss, &response);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(qoss);
    if (rc != MQTTASYNC_SUCCESS)
        ticket_free(t);
    return rc == MQTTASYNC_SUCCESS;
}

bool paho_attempt_publish(struct paho_attempt *a, const struct paho_parcel *p)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    struct ticket *t = p->qos != 0 ? ticket_new(a, p->packet_id, 0) : NULL;

    response.context = t;
    if (a->is_5) {
        response.properties = p->props;
        response.onSuccess5 = t != NULL ? on_acked5 : NULL;
        response.onFailure5 = t != NULL ? on_refused5 : NULL;
    } else {
        response.onSuccess = t != NULL ? on_acked : NULL;
        response.onFailure = t != NULL ? on_refused : NULL;
    }
    int rc = MQTTAsync_send(a->handle, p->topic, (int)p->payload.len,
                            p->payload.len != 0 ? (const void *)p->payload.data : "", p->qos,
                            p->retain ? 1 : 0, &response);
    if (rc != MQTTASYNC_SUCCESS && t != NULL)
        ticket_free(t);
    return rc == MQTTASYNC_SUCCESS;
}

/* ---- messages ---- */

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct paho_letter letter = letter_of(context, PAHO_LETTER_MESSAGE);
    struct buf wire;

    buf_init(&wire, 1 << 20);
    if (message->struct_version >= 1)
        paho_props_encode(&message->properties, &wire);
    /* The length is given only when a NUL hides in the topic. */
    letter.topic = slice_of(topic, topic_len > 0 ? (size_t)topic_len : strlen(topic));
    letter.body = slice_of(message->payload, (size_t)message->payloadlen);
    letter.props = buf_slice(&wire);
    letter.qos = (uint8_t)message->qos;
    letter.retain = message->retained != 0;
    letter.dup = message->dup != 0;
    paho_letter_post(&letter);
    buf_done(&wire);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- the end ---- */

static void post_disconnected(struct paho_attempt *a)
{
    struct paho_letter letter = letter_of(a, PAHO_LETTER_DISCONNECTED);

    stop_hurrying(a);
    paho_letter_post(&letter);
}

static void on_disconnected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    post_disconnected(context);
}

static void on_disconnected5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    post_disconnected(context);
}

static void on_disconnect_failure(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    post_disconnected(context);
}

static void on_disconnect_failure5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    post_disconnected(context);
}

bool paho_attempt_disconnect(struct paho_attempt *a, uint8_t reason_code)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;

    if (a->is_5) {
        options = options5;
        options.reasonCode = (enum MQTTReasonCodes)reason_code;
        options.onSuccess5 = on_disconnected5;
        options.onFailure5 = on_disconnect_failure5;
    } else {
        options.onSuccess = on_disconnected;
        options.onFailure = on_disconnect_failure;
    }
    options.context = a;
    if (!atomic_exchange(&a->hurrying, true))
        paho_anchor_hurry();
    if (MQTTAsync_disconnect(a->handle, &options) == MQTTASYNC_SUCCESS)
        return true;
    stop_hurrying(a);
    return false;
}

bool paho_attempt_cut(struct paho_attempt *a)
{
    return paho_socket_cut(a->setup->certificate);
}

/* ---- the beginning ---- */

static bool is_tls(const struct paho_setup *setup)
{
    return strncmp(setup->uri, "tcp://", 6) != 0 && strncmp(setup->uri, "mqtt://", 7) != 0;
}

/* A path to certificate and key for as long as the descriptor is open. */
static bool open_pem(struct paho_attempt *a, char path[64], struct error *err)
{
    const struct paho_setup *setup = a->setup;

    path[0] = '\0';
    if (setup->pem_len == 0 || !is_tls(setup))
        return true;
    a->pem_fd = memfd_create("certificate", MFD_CLOEXEC);
    if (a->pem_fd < 0 || write(a->pem_fd, setup->pem, setup->pem_len) != (ssize_t)setup->pem_len)
        return error_set(err, ERROR_FAILED,
                         "no file for the car's certificate: %s (are descriptors left? ulimit -n)",
                         strerror(errno));
    snprintf(path, 64, "/proc/self/fd/%d", a->pem_fd);
    return true;
}

static void set_tls(struct paho_attempt *a, const char *pem, MQTTAsync_SSLOptions *tls)
{
    const struct paho_setup *setup = a->setup;

    tls->trustStore = setup->ca_file;
    tls->keyStore = pem[0] != '\0' ? pem : NULL;
    tls->privateKey = tls->keyStore;
    tls->enableServerCertAuth = !setup->insecure;
    tls->verify = !setup->insecure;
    tls->disableDefaultTrustStore = setup->ca_file != NULL;
    tls->ssl_error_cb = on_tls_error;
    tls->ssl_error_context = a;
    tls->protos = (const unsigned char *)setup->alpn;
    tls->protos_len = setup->alpn != NULL ? (unsigned)strlen(setup->alpn) : 0;
}

static char *text_of(struct slice s)
{
    return s.data != NULL ? xstrndup((const char *)s.data, s.len) : NULL;
}

static void set_session(struct paho_attempt *a, const struct mqtt_connect *connect,
                        MQTTAsync_connectOptions *options, MQTTProperties *props)
{
    MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;

    if (a->is_5) {
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

static int start_connecting(struct paho_attempt *a, const struct mqtt_connect *connect,
                            const char *pem)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTProperties props = MQTTProperties_initializer;
    MQTTProperties will_props = MQTTProperties_initializer;
    usec_t timeout = connect->tcp_timeout + connect->tls_timeout + connect->connack_timeout;
    char *will_topic = NULL;
    char *username = text_of(connect->username);

    set_session(a, connect, &options, &props);
    if (connect->will != NULL) {
        const struct mqtt_message *m = &connect->will->message;
        will_topic = text_of(m->topic);
        will.topicName = will_topic;
        will.payload.len = (int)m->payload.len;
        will.payload.data = m->payload.len != 0 ? (const void *)m->payload.data : "";
        will.qos = m->qos;
        will.retained = m->retain;
        options.will = &will;
        if (a->is_5) {
            options.willProperties = &will_props;
            paho_props_add(&will_props, &m->props);
            if (connect->will->delay_s != 0)
                paho_props_add_number(&will_props, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL,
                                      connect->will->delay_s);
        }
    }
    set_tls(a, pem, &tls);
    options.ssl = is_tls(a->setup) ? &tls : NULL;
    options.MQTTVersion = (int)connect->version;
    options.context = a;
    options.username = username;
    options.binarypwd.len = (int)connect->password.len;
    options.binarypwd.data = connect->password.data;
    options.keepAliveInterval = connect->keep_alive_s;
    options.connectTimeout = (int)((timeout + USEC_PER_SEC - 1) / USEC_PER_SEC);
    int rc = MQTTAsync_connect(a->handle, &options);
    MQTTProperties_free(&props);
    MQTTProperties_free(&will_props);
    free(will_topic);
    free(username);
    return rc;
}

static int create_handle(struct paho_attempt *a, const struct mqtt_connect *connect)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    char *client_id = xstrndup((const char *)connect->client_id.data, connect->client_id.len);

    options.MQTTVersion = (int)connect->version;
    options.maxBufferedMessages = MAX_BUFFERED;
    int rc = MQTTAsync_createWithOptions(&a->handle, a->setup->uri, client_id,
                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    free(client_id);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setCallbacks(a->handle, a, on_connection_lost, on_message, NULL);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setDisconnected(a->handle, a, on_server_disconnect);
    return rc;
}

struct paho_attempt *paho_attempt_new(const struct paho_setup *setup, struct paho_mailbox *box,
                                      uint32_t number, const struct mqtt_connect *connect,
                                      struct error *err)
{
    struct paho_attempt *a = xcalloc(1, sizeof *a);
    char pem[64];

    a->setup = setup;
    a->box = box;
    a->number = number;
    a->is_5 = connect->version == MQTT_5;
    a->pem_fd = -1;
    pthread_mutex_init(&a->lock, NULL);
    if (open_pem(a, pem, err)) {
        int rc = create_handle(a, connect);
        if (rc == MQTTASYNC_SUCCESS) {
            atomic_store(&a->hurrying, true);
            paho_anchor_hurry();
            rc = start_connecting(a, connect, pem);
        }
        if (rc == MQTTASYNC_SUCCESS)
            return a;
        error_set(err, ERROR_TARGET, "cannot connect to %s: %s", setup->uri, paho_failure_code(rc));
    }
    paho_attempt_free(a);
    return NULL;
}

void paho_attempt_free(struct paho_attempt *a)
{
    if (a == NULL)
        return;
    /* Every callback runs under Paho's lock, which this takes: afterwards none is running. */
    if (a->handle != NULL)
        MQTTAsync_destroy(&a->handle);
    stop_hurrying(a);
    if (a->pem_fd >= 0)
        close(a->pem_fd);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

uint32_t paho_attempt_number(const struct paho_attempt *a)
{
    return a->number;
}
