/*
 * link_party.h — a link, and a server made for it on the same loop: what the tests of this room
 * have in common. Header-only; each test program is one of its own.
 */
#ifndef UNIT_NET_LINK_PARTY_H
#define UNIT_NET_LINK_PARTY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/link.h"
#include "support/fake_server.h"

static struct fake_cert ca, other_ca, intermediate, server_cert, client_cert, deep_cert;

struct party {
    struct loop *loop;
    struct net *net;
    struct fake_server server;
    struct endpoint *endpoint;
    struct tls_context *tls;
    struct link link;
    struct link_options options;
    unsigned connected, opened, closed, received;
    enum link_failure why;
    char text[512];
    struct buf in;
    void (*on_opened)(struct party *p);
    void (*on_received)(struct party *p);
    void (*on_closed)(struct party *p);
};

static inline void on_connected(void *ctx)
{
    struct party *p = ctx;

    p->connected++;
}

static inline void on_opened(void *ctx)
{
    struct party *p = ctx;

    p->opened++;
    if (p->on_opened != NULL)
        p->on_opened(p);
}

static inline void on_received(void *ctx, struct slice bytes)
{
    struct party *p = ctx;

    buf_append_slice(&p->in, bytes);
    p->received = (unsigned)buf_len(&p->in);
    if (p->on_received != NULL)
        p->on_received(p);
}

static inline void on_closed(void *ctx, enum link_failure why, const char *text)
{
    struct party *p = ctx;

    assert_int_equal(p->link.state, LINK_CLOSED);
    p->closed++;
    p->why = why;
    snprintf(p->text, sizeof p->text, "%s", text);
    if (p->on_closed != NULL)
        p->on_closed(p);
}

static const struct link_events events = {on_connected, on_opened, on_received, on_closed};

static inline void party_init(struct party *p, SSL_CTX *tls, const char *host)
{
    char url[128];

    memset(p, 0, sizeof *p);
    p->loop = loop_new();
    p->net = net_new(p->loop);
    fake_server_init(&p->server, p->loop, tls);
    snprintf(url, sizeof url, "%s://%s:%u", tls != NULL ? "mqtts" : "mqtt", host, p->server.port);
    p->endpoint = endpoint_new(url, NULL);
    assert_non_null(p->endpoint);
    assert_int_equal(endpoint_is_tls(p->endpoint), tls != NULL);
    link_init(&p->link, p->net, &events, p, 1 << 24);
    buf_init(&p->in, 1 << 24);
    p->options = (struct link_options){.endpoint = p->endpoint,
                                       .tcp_timeout = 10 * USEC_PER_SEC,
                                       .tls_timeout = 10 * USEC_PER_SEC};
}

static inline void party_trust(struct party *p, const struct fake_cert *root)
{
    char *pem = fake_cert_pem(root);
    struct error err;

    tls_context_free(p->tls);
    p->tls = tls_context_new(&(struct tls_options){.ca_pem = slice_str(pem)}, &err);
    assert_non_null(p->tls);
    p->options.tls = p->tls;
    free(pem);
}

static inline void party_done(struct party *p)
{
    SSL_CTX *tls = p->server.tls;

    link_close(&p->link);
    fake_server_done(&p->server);
    tls_context_free(p->tls);
    endpoint_free(p->endpoint);
    net_free(p->net);
    loop_free(p->loop);
    buf_done(&p->in);
    SSL_CTX_free(tls);
}

static inline void open_link(struct party *p)
{
    struct error err;
    unsigned before = p->connected + p->opened + p->closed;

    assert_true(link_open(&p->link, &p->options, &err));
    assert_int_equal(p->connected + p->opened + p->closed, before);
}

static inline bool until(struct party *p, const unsigned *what, unsigned at_least)
{
    return fake_server_until(&p->server, what, at_least);
}

static inline bool turn(struct party *p)
{
    ev_run(p->loop->ev, EVRUN_NOWAIT);
    return true;
}

static inline struct tls_identity identity_of(const struct fake_cert *c)
{
    return (struct tls_identity){.leaf = slice_of(c->der, c->der_len),
                                 .key_der = slice_of(c->key_der, c->key_der_len)};
}

static inline void say(struct party *p, const char *text)
{
    buf_append_str(&p->link.out, text);
    link_kick(&p->link);
}

static inline void say_hello(struct party *p)
{
    say(p, "hel");
    say(p, "lo");
}

static inline void expect_failure(struct party *p, enum link_failure why, const char *part)
{
    assert_true(until(p, &p->closed, 1));
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->why, why);
    if (strstr(p->text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", p->text, part);
    assert_int_equal(p->link.fd, -1);
    assert_null(p->link.ssl);
}

static inline void echo_once(struct party *p)
{
    p->on_opened = say_hello;
    open_link(p);
    assert_true(until(p, &p->opened, 1));
    assert_int_equal(p->connected, 1);
    while (buf_len(&p->server.in) < 5 && turn(p))
        ;
    assert_memory_equal(buf_data(&p->server.in), "hello", 5);
    fake_server_send(&p->server, "world", 5);
    assert_true(until(p, &p->received, 5));
    assert_memory_equal(buf_data(&p->in), "world", 5);
    assert_null(p->link.out.data);
}

static inline int make_certificates(void **state)
{
    (void)state;
    ca = fake_cert_make(&(struct fake_request){.name = "CA", .ca = true, .to_days = 9});
    other_ca = fake_cert_make(&(struct fake_request){.name = "Other", .ca = true, .to_days = 9});
    intermediate = fake_cert_make(
        &(struct fake_request){.name = "Issuing", .issuer = &ca, .ca = true, .to_days = 9});
    server_cert = fake_cert_make(&(struct fake_request){
        .name = "server", .issuer = &ca, .to_days = 9, .alt_names = "DNS:localhost,IP:127.0.0.1"});
    client_cert =
        fake_cert_make(&(struct fake_request){.name = "car", .issuer = &ca, .to_days = 9});
    deep_cert = fake_cert_make(
        &(struct fake_request){.name = "deep car", .issuer = &intermediate, .to_days = 9});
    return 0;
}

static inline int free_certificates(void **state)
{
    (void)state;
    fake_cert_free(&ca);
    fake_cert_free(&other_ca);
    fake_cert_free(&intermediate);
    fake_cert_free(&server_cert);
    fake_cert_free(&client_cert);
    fake_cert_free(&deep_cert);
    return 0;
}

#endif
