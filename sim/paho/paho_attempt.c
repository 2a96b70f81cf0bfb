#include "paho/paho_attempt.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xmem.h"
#include "paho/paho_props.h"
#include "paho/paho_socket.h"

/* Never reached: the client's own window is smaller. */
#define MAX_BUFFERED 100000
#define PROPS_MAX    65536

struct paho_attempt {
    struct paho_conn_setup conn_setup;
    struct paho_conn *conn;
    struct paho_mailbox *box;
    uint32_t number;
    X509 *certificate; /* its own reference: the client may come to have another; NULL: none */
    int pem_fd;        /* the memory file; -1: none */
    char pem[64];
};

/* What is told when the answer to a packet comes. */
struct ticket {
    struct paho_attempt *attempt;
    enum paho_letter_kind kind;
    uint16_t packet_id;
};

static struct paho_letter letter_of(struct paho_attempt *a, enum paho_letter_kind kind)
{
    return (struct paho_letter){
        .kind = kind, .box = a->box, .attempt = a->number, .at = clock_now()};
}

/* ---- events ---- */

static void on_connected(void *ctx, bool session_present, const MQTTProperties *props)
{
    struct paho_letter letter = letter_of(ctx, PAHO_LETTER_CONNECTED);
    struct buf wire;

    buf_init(&wire, PROPS_MAX);
    if (props != NULL)
        paho_props_encode(props, &wire);
    letter.session_present = session_present;
    letter.props = buf_slice(&wire);
    paho_letter_post(&letter);
    buf_done(&wire);
}

static void on_down(void *ctx, const struct paho_conn_down *down)
{
    struct paho_letter letter = letter_of(ctx, PAHO_LETTER_DOWN);

    letter.at = down->at;
    letter.why = down->why;
    letter.reason_code = down->reason_code;
    letter.body = slice_of(down->text, strlen(down->text) + 1);
    paho_letter_post(&letter);
}

static void on_message(void *ctx, const struct paho_arrival *arrival)
{
    struct paho_letter letter = letter_of(ctx, PAHO_LETTER_MESSAGE);

    letter.topic = arrival->topic;
    letter.body = arrival->payload;
    letter.props = arrival->props;
    letter.qos = arrival->qos;
    letter.retain = arrival->retain;
    letter.dup = arrival->dup;
    paho_letter_post(&letter);
}

static void on_disconnected(void *ctx)
{
    struct paho_letter letter = letter_of(ctx, PAHO_LETTER_DISCONNECTED);

    paho_letter_post(&letter);
}

/* ---- SUBSCRIBE, UNSUBSCRIBE and PUBLISH ---- */

static struct ticket *ticket_new(struct paho_attempt *a, enum paho_letter_kind kind,
                                 uint16_t packet_id)
{
    struct ticket *t = xmalloc(sizeof *t);

    *t = (struct ticket){.attempt = a, .kind = kind, .packet_id = packet_id};
    return t;
}

/* Of the end of the connection PAHO_LETTER_DOWN tells. */
static void on_answer(void *ctx, const struct paho_answer *answer)
{
    struct ticket *t = ctx;
    struct paho_letter letter = letter_of(t->attempt, t->kind);

    letter.packet_id = t->packet_id;
    letter.body = slice_of(answer->codes, answer->count);
    letter.reason_code = answer->count != 0 ? answer->codes[0] : 0;
    letter.topic = slice_of(answer->remark, strlen(answer->remark) + 1);
    if (!answer->lost)
        paho_letter_post(&letter);
    free(t);
}

static struct paho_asker asker_of(struct ticket *t)
{
    return (struct paho_asker){.answered = t != NULL ? on_answer : NULL, .ctx = t};
}

bool paho_attempt_subscribe(struct paho_attempt *a, uint16_t packet_id,
                            const struct mqtt_filter *filters, size_t count)
{
    struct ticket *t = ticket_new(a, PAHO_LETTER_SUBSCRIBED, packet_id);
    bool ok = paho_subscribe(a->conn, filters, count, asker_of(t));

    if (!ok)
        free(t);
    return ok;
}

bool paho_attempt_unsubscribe(struct paho_attempt *a, uint16_t packet_id,
                              const struct slice *filters, size_t count)
{
    struct ticket *t = ticket_new(a, PAHO_LETTER_UNSUBSCRIBED, packet_id);
    bool ok = paho_unsubscribe(a->conn, filters, count, asker_of(t));

    if (!ok)
        free(t);
    return ok;
}

bool paho_attempt_publish(struct paho_attempt *a, uint16_t packet_id, const struct paho_parcel *p)
{
    struct ticket *t = p->qos != 0 ? ticket_new(a, PAHO_LETTER_ACKED, packet_id) : NULL;
    bool ok = paho_publish(a->conn, p, asker_of(t)) == MQTTASYNC_SUCCESS;

    if (!ok)
        free(t);
    return ok;
}

bool paho_attempt_disconnect(struct paho_attempt *a, uint8_t reason_code,
                             const struct mqtt_props *props)
{
    return paho_conn_disconnect(a->conn, reason_code, props);
}

bool paho_attempt_cut(struct paho_attempt *a)
{
    return paho_conn_cut(a->conn);
}

/* ---- life ---- */

/* A path to certificate and key for as long as the descriptor is open. */
static bool open_pem(struct paho_attempt *a, const struct paho_setup *setup, struct error *err)
{
    if (setup->pem_len == 0)
        return true;
    a->pem_fd = memfd_create("certificate", MFD_CLOEXEC);
    if (a->pem_fd < 0 || write(a->pem_fd, setup->pem, setup->pem_len) != (ssize_t)setup->pem_len)
        return error_set(err, ERROR_FAILED,
                         "no file for the car's certificate: %s (are descriptors left? ulimit -n)",
                         strerror(errno));
    snprintf(a->pem, sizeof a->pem, "/proc/self/fd/%d", a->pem_fd);
    a->conn_setup.cert_file = a->conn_setup.key_file = a->pem;
    return true;
}

struct paho_attempt *paho_attempt_new(const struct paho_setup *setup, struct paho_mailbox *box,
                                      uint32_t number, const struct mqtt_connect *connect,
                                      struct error *err)
{
    static const struct paho_conn_events events = {.connected = on_connected,
                                                   .down = on_down,
                                                   .message = on_message,
                                                   .disconnected = on_disconnected};
    struct paho_attempt *a = xcalloc(1, sizeof *a);

    a->box = box;
    a->number = number;
    a->pem_fd = -1;
    if (setup->certificate != NULL && X509_up_ref(setup->certificate) == 1)
        a->certificate = setup->certificate;
    a->conn_setup = (struct paho_conn_setup){
        .uri = setup->uri,
        .ca_file = setup->ca_file,
        .alpn = setup->alpn,
        .whose = setup->certificate != NULL ? "this car's certificate" : NULL,
        .certificate = a->certificate,
        .max_buffered = MAX_BUFFERED,
        .insecure = setup->insecure,
    };
    if (open_pem(a, setup, err))
        a->conn = paho_conn_new(&a->conn_setup, connect, &events, a, err);
    if (a->conn != NULL)
        return a;
    paho_attempt_free(a);
    return NULL;
}

void paho_attempt_free(struct paho_attempt *a)
{
    if (a == NULL)
        return;
    paho_conn_free(a->conn);
    if (a->pem_fd >= 0)
        close(a->pem_fd);
    X509_free(a->certificate);
    free(a);
}

uint32_t paho_attempt_number(const struct paho_attempt *a)
{
    return a->number;
}
