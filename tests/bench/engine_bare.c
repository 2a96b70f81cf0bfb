/*
 * The yardstick: libev and OpenSSL as plainly as they can be used, without an MQTT library. It
 * trusts the broker, knows the length of everything in advance and copies almost nothing.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xmem.h"

struct conn {
    ev_io io;
    struct bench *bench;
    uint32_t index;
    int fd;
    SSL *ssl;
    uint16_t next_id;
    uint16_t in_len, out_len;
    uint8_t in[600], out[600];
};

struct bare {
    struct ev_loop *ev;
    SSL_CTX *ctx;
    X509 *intermediate;
    struct conn *conns;
};

static void watch(struct conn *c, int events)
{
    struct bare *bare = c->bench->ctx;

    if (c->io.events == events && ev_is_active(&c->io))
        return;
    ev_io_stop(bare->ev, &c->io);
    ev_io_set(&c->io, c->fd, events);
    ev_io_start(bare->ev, &c->io);
}

static void drain(struct conn *c)
{
    while (c->out_len > 0) {
        int n = SSL_write(c->ssl, c->out, c->out_len);
        if (n <= 0) {
            watch(c, EV_READ | EV_WRITE);
            return;
        }
        c->out_len = (uint16_t)(c->out_len - n);
        memmove(c->out, c->out + n, c->out_len);
    }
    watch(c, EV_READ);
}

static void put(struct conn *c, const void *data, size_t len)
{
    if (c->out_len + len > sizeof c->out) {
        bench_on_failure(c->bench, "output full");
        return;
    }
    memcpy(c->out + c->out_len, data, len);
    c->out_len = (uint16_t)(c->out_len + len);
}

static void send_connect(struct conn *c)
{
    uint8_t packet[64] = {
        0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, BENCH_KEEP_ALIVE >> 8, BENCH_KEEP_ALIVE & 0xff};
    char id[24];

    bench_topic(c->index, id);
    size_t len = strlen(id);
    packet[1] = (uint8_t)(10 + 2 + len);
    packet[13] = (uint8_t)len;
    memcpy(packet + 14, id, len);
    put(c, packet, 14 + len);
    drain(c);
}

static void send_subscribe(struct conn *c)
{
    uint8_t packet[64] = {0x82, 0, 0, 1};
    char topic[24];

    bench_topic(c->index, topic);
    size_t len = strlen(topic);
    packet[1] = (uint8_t)(2 + 2 + len + 1);
    packet[5] = (uint8_t)len;
    memcpy(packet + 6, topic, len);
    packet[6 + len] = 1;
    put(c, packet, 7 + len);
}

static void bare_publish(struct bench *b, uint32_t k)
{
    struct bare *bare = b->ctx;
    struct conn *c = &bare->conns[k];
    uint8_t packet[256] = {0x32};
    char topic[24];

    bench_topic(k, topic);
    size_t topic_len = strlen(topic), len = 2 + topic_len + 2 + BENCH_PAYLOAD;
    packet[1] = (uint8_t)(len & 0x7f) | 0x80;
    packet[2] = (uint8_t)(len >> 7);
    packet[4] = (uint8_t)topic_len;
    memcpy(packet + 5, topic, topic_len);
    if (++c->next_id == 0)
        c->next_id = 1;
    packet[5 + topic_len] = (uint8_t)(c->next_id >> 8);
    packet[6 + topic_len] = (uint8_t)c->next_id;
    put(c, packet, 3 + len);
    drain(c);
}

static void take_packet(struct conn *c, const uint8_t *packet, size_t body)
{
    switch (packet[0] >> 4) {
    case 2:
        send_subscribe(c);
        bench_on_connected(c->bench, c->index);
        break;
    case 9:
        bench_on_subscribed(c->bench, c->index);
        break;
    case 3: {
        size_t topic_len = (size_t)packet[body] << 8 | packet[body + 1];
        const uint8_t *id = packet + body + 2 + topic_len;
        put(c, (uint8_t[]){0x40, 2, id[0], id[1]}, 4);
        bench_on_message(c->bench);
        break;
    }
    default:
        break;
    }
}

static void take_packets(struct conn *c)
{
    size_t at = 0;

    while (c->in_len - at >= 2) {
        const uint8_t *p = c->in + at;
        size_t header = 2, len = p[1] & 0x7f;
        if ((p[1] & 0x80) != 0) {
            if (c->in_len - at < 3)
                break;
            len |= (size_t)p[2] << 7;
            header = 3;
        }
        if (c->in_len - at < header + len)
            break;
        take_packet(c, p, header);
        at += header + len;
    }
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len = (uint16_t)(c->in_len - at);
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    struct conn *c = w->data;

    (void)ev;
    (void)events;
    if (!SSL_is_init_finished(c->ssl)) {
        int n = SSL_connect(c->ssl);
        if (n == 1) {
            send_connect(c);
            return;
        }
        int why = SSL_get_error(c->ssl, n);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
            watch(c, why == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE);
        else
            bench_on_failure(c->bench, "TLS handshake failed");
        return;
    }
    for (;;) {
        int n = SSL_read(c->ssl, c->in + c->in_len, (int)(sizeof c->in - c->in_len));
        if (n <= 0) {
            int why = SSL_get_error(c->ssl, n);
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
                bench_on_failure(c->bench, "connection lost");
                return;
            }
            break;
        }
        c->in_len = (uint16_t)(c->in_len + n);
        take_packets(c);
    }
    drain(c);
}

static void bare_connect(struct bench *b, uint32_t k)
{
    struct bare *bare = b->ctx;
    struct conn *c = &bare->conns[k];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(b->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct fleet_car own;
    int on = 1;

    c->bench = b;
    c->index = k;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0 ||
        (connect(c->fd, (struct sockaddr *)&at, sizeof at) != 0 && errno != EINPROGRESS)) {
        bench_on_failure(b, strerror(errno));
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->ssl = SSL_new(bare->ctx);
    bench_fleet_car(b->fleet, k, &own);
    EVP_PKEY *key = ec_key_to_pkey(own.key, NULL);
    SSL_use_certificate_ASN1(c->ssl, own.certificate.data, (int)own.certificate.len);
    SSL_use_PrivateKey(c->ssl, key);
    SSL_add1_chain_cert(c->ssl, bare->intermediate);
    EVP_PKEY_free(key);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), "127.0.0.1");
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
    ev_io_init(&c->io, on_io, c->fd, EV_WRITE);
    c->io.data = c;
    ev_io_start(bare->ev, &c->io);
}

static void bare_stop(struct bench *b)
{
    struct bare *bare = b->ctx;

    ev_break(bare->ev, EVBREAK_ALL);
}

static bool bare_run(struct bench *b, struct error *err)
{
    struct bare bare = {.ev = ev_loop_new(0), .ctx = SSL_CTX_new(TLS_client_method())};
    const char *ca = pki_path(b->fleet->pki, PKI_FILE_CA);
    const unsigned char *der = b->fleet->intermediate.data;

    signal(SIGPIPE, SIG_IGN);
    bare.intermediate = d2i_X509(NULL, &der, (long)b->fleet->intermediate.len);
    if (SSL_CTX_load_verify_file(bare.ctx, ca) != 1)
        return error_set(err, ERROR_TARGET, "%s: not readable", ca);
    SSL_CTX_set_verify(bare.ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(bare.ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(bare.ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bare.conns = xcalloc(b->vehicles, sizeof *bare.conns);
    b->ctx = &bare;
    bench_start(b);
    ev_run(bare.ev, 0);
    for (uint32_t k = 0; k < b->vehicles; k++) {
        if (bare.conns[k].ssl == NULL)
            continue;
        SSL_free(bare.conns[k].ssl);
        close(bare.conns[k].fd);
    }
    SSL_CTX_free(bare.ctx);
    X509_free(bare.intermediate);
    ev_loop_destroy(bare.ev);
    free(bare.conns);
    return true;
}

const struct bench_engine bench_bare = {"bare", bare_run, bare_connect, bare_publish, bare_stop};
