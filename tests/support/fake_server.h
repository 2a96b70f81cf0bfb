/*
 * fake_server.h — a server with a script, for one client at a time, on the test's own loop: plain
 * TCP or TLS. It notes what it receives and sends what it is told. Header-only, because only some
 * tests link libev and OpenSSL.
 */
#ifndef SUPPORT_FAKE_SERVER_H
#define SUPPORT_FAKE_SERVER_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "support/fake_certs.h"

struct fake_server {
    struct loop *loop;
    SSL_CTX *tls; /* NULL: plain */
    int listener, fd;
    uint16_t port;
    ev_io accepting, io;
    SSL *ssl;
    struct buf in, out;
    size_t chunk;      /* bytes per write; 0: all at once */
    unsigned accepted; /* connections so far */
    bool mute;         /* accepts, but neither reads nor shakes hands */
    bool gone;         /* the client closed */
};

static inline void fake_server_drop(struct fake_server *s)
{
    if (s->fd < 0)
        return;
    ev_io_stop(s->loop->ev, &s->io);
    SSL_free(s->ssl);
    s->ssl = NULL;
    close(s->fd);
    s->fd = -1;
    buf_clear(&s->out);
}

/* Reads all there is; false: the connection is over. */
static inline bool fake_server_read(struct fake_server *s)
{
    uint8_t data[4096];

    for (;;) {
        ssize_t n = s->ssl != NULL ? SSL_read(s->ssl, data, sizeof data)
                                   : recv(s->fd, data, sizeof data, 0);
        if (n > 0) {
            buf_append(&s->in, data, (size_t)n);
            continue;
        }
        if (s->ssl != NULL) {
            int why = SSL_get_error(s->ssl, (int)n);
            return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        }
        return n < 0 && errno == EAGAIN;
    }
}

static inline void fake_server_write(struct fake_server *s)
{
    while (buf_len(&s->out) > 0) {
        size_t len = s->chunk != 0 && s->chunk < buf_len(&s->out) ? s->chunk : buf_len(&s->out);
        ssize_t n = s->ssl != NULL ? SSL_write(s->ssl, buf_data(&s->out), (int)len)
                                   : send(s->fd, buf_data(&s->out), len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        buf_consume(&s->out, (size_t)n);
        if (s->chunk != 0)
            return; /* the rest in later turns of the loop */
    }
}

static inline void fake_server_on_io(struct ev_loop *ev, ev_io *w, int events)
{
    struct fake_server *s = w->data;

    (void)ev;
    ERR_clear_error();
    if (s->ssl != NULL && !SSL_is_init_finished(s->ssl)) {
        int n = SSL_accept(s->ssl);
        int why = SSL_get_error(s->ssl, n);
        if (n != 1 && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
            s->gone = true;
            fake_server_drop(s);
            return;
        }
        if (n != 1)
            return;
    }
    if (!fake_server_read(s)) {
        s->gone = true;
        fake_server_drop(s);
        return;
    }
    if ((events & EV_WRITE) != 0 && buf_len(&s->out) > 0)
        fake_server_write(s);
    ev_io_stop(s->loop->ev, &s->io);
    ev_io_set(&s->io, s->fd, buf_len(&s->out) > 0 ? EV_READ | EV_WRITE : EV_READ);
    ev_io_start(s->loop->ev, &s->io);
}

static inline void fake_server_on_accept(struct ev_loop *ev, ev_io *w, int events)
{
    struct fake_server *s = w->data;
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);

    (void)events;
    if (fd < 0)
        return;
    fake_server_drop(s);
    s->fd = fd;
    s->accepted++;
    s->gone = false;
    buf_clear(&s->in);
    if (s->mute)
        return;
    if (s->tls != NULL) {
        s->ssl = SSL_new(s->tls);
        SSL_set_fd(s->ssl, fd);
        SSL_set_accept_state(s->ssl);
    }
    ev_io_set(&s->io, fd, EV_READ);
    ev_io_start(ev, &s->io);
}

static inline void fake_server_init(struct fake_server *s, struct loop *loop, SSL_CTX *tls)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    *s = (struct fake_server){.loop = loop, .tls = tls, .fd = -1};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(s->listener, (struct sockaddr *)&at, len) != 0 || listen(s->listener, 16) != 0)
        assert(!"loopback");
    getsockname(s->listener, (struct sockaddr *)&at, &len);
    s->port = ntohs(at.sin_port);
    buf_init(&s->in, 1 << 24);
    buf_init(&s->out, 1 << 24);
    ev_io_init(&s->accepting, fake_server_on_accept, s->listener, EV_READ);
    s->accepting.data = s;
    ev_init(&s->io, fake_server_on_io);
    s->io.data = s;
    ev_io_start(loop->ev, &s->accepting);
}

static inline void fake_server_done(struct fake_server *s)
{
    fake_server_drop(s);
    ev_io_stop(s->loop->ev, &s->accepting);
    close(s->listener);
    buf_done(&s->in);
    buf_done(&s->out);
}

/* To be sent in the coming turns of the loop. */
static inline void fake_server_send(struct fake_server *s, const void *data, size_t len)
{
    buf_append(&s->out, data, len);
    if (s->fd < 0)
        return;
    ev_io_stop(s->loop->ev, &s->io);
    ev_io_set(&s->io, s->fd, EV_READ | EV_WRITE);
    ev_io_start(s->loop->ev, &s->io);
}

/* A server context with this certificate; `client_ca` not NULL: clients must show one of its. */
static inline SSL_CTX *fake_server_tls(const struct fake_cert *cert,
                                       const struct fake_cert *client_ca)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    SSL_CTX_use_certificate(tls, cert->cert);
    SSL_CTX_use_PrivateKey(tls, cert->key);
    /* Without it a server that asks for certificates ends each handshake that would resume. */
    SSL_CTX_set_session_id_context(tls, (const unsigned char *)"fake", 4);
    if (client_ca != NULL) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), client_ca->cert);
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return tls;
}

/* Turns the loop until *what reaches `at_least`; false after ten seconds of real time. */
static inline bool fake_server_until(struct fake_server *s, const unsigned *what, unsigned at_least)
{
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;

    while (*what < at_least && clock_now() < limit)
        ev_run(s->loop->ev, EVRUN_NOWAIT);
    return *what >= at_least;
}

#endif
