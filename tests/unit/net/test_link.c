/*
 * A link against servers made for it: every way a connection can come about, fail and end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

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

static void on_connected(void *ctx)
{
    struct party *p = ctx;

    p->connected++;
}

static void on_opened(void *ctx)
{
    struct party *p = ctx;

    p->opened++;
    if (p->on_opened != NULL)
        p->on_opened(p);
}

static void on_received(void *ctx, struct slice bytes)
{
    struct party *p = ctx;

    buf_append_slice(&p->in, bytes);
    p->received = (unsigned)buf_len(&p->in);
    if (p->on_received != NULL)
        p->on_received(p);
}

static void on_closed(void *ctx, enum link_failure why, const char *text)
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

static void party_init(struct party *p, SSL_CTX *tls, const char *host)
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

static void party_trust(struct party *p, const struct fake_cert *root)
{
    char *pem = fake_cert_pem(root);
    struct error err;

    tls_context_free(p->tls);
    p->tls = tls_context_new(&(struct tls_options){.ca_pem = slice_str(pem)}, &err);
    assert_non_null(p->tls);
    p->options.tls = p->tls;
    free(pem);
}

static void party_done(struct party *p)
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

static void open_link(struct party *p)
{
    struct error err;
    unsigned before = p->connected + p->opened + p->closed;

    assert_true(link_open(&p->link, &p->options, &err));
    assert_int_equal(p->connected + p->opened + p->closed, before);
}

static bool until(struct party *p, const unsigned *what, unsigned at_least)
{
    return fake_server_until(&p->server, what, at_least);
}

static bool turn(struct party *p)
{
    ev_run(p->loop->ev, EVRUN_NOWAIT);
    return true;
}

static struct tls_identity identity_of(const struct fake_cert *c)
{
    return (struct tls_identity){.leaf = slice_of(c->der, c->der_len),
                                 .key_der = slice_of(c->key_der, c->key_der_len)};
}

static void say(struct party *p, const char *text)
{
    buf_append_str(&p->link.out, text);
    link_kick(&p->link);
}

static void say_hello(struct party *p)
{
    say(p, "hel");
    say(p, "lo");
}

static void expect_failure(struct party *p, enum link_failure why, const char *part)
{
    assert_true(until(p, &p->closed, 1));
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->why, why);
    if (strstr(p->text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", p->text, part);
    assert_int_equal(p->link.fd, -1);
    assert_null(p->link.ssl);
}

static void echo_once(struct party *p)
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

static void test_plain(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    echo_once(&p);
    link_finish(&p.link);
    assert_int_equal(p.link.state, LINK_CLOSED);
    while (!p.server.gone && turn(&p))
        ;
    assert_int_equal(p.closed, 0);
    party_done(&p);
}

static void test_plain_one_byte_at_a_time(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    p.server.chunk = 1;
    echo_once(&p);
    party_done(&p);
}

static void test_tls_with_client_certificate(void **state)
{
    struct party p;
    struct slice chain[] = {slice_of(intermediate.der, intermediate.der_len)};
    struct tls_identity direct = identity_of(&client_cert), deep = identity_of(&deep_cert);

    (void)state;
    deep.chain = chain;
    deep.chain_count = 1;
    const struct tls_identity *identities[] = {&direct, &deep};
    for (size_t i = 0; i < 2; i++) {
        party_init(&p, fake_server_tls(&server_cert, &ca), i == 0 ? "127.0.0.1" : "localhost");
        party_trust(&p, &ca);
        p.options.identity = identities[i];
        /* Twice with the same context: the second time the server's certificate is known. */
        for (int round = 0; round < 2; round++) {
            p.opened = p.connected = p.received = 0;
            buf_clear(&p.in);
            echo_once(&p);
            assert_string_equal(SSL_get_version(p.link.ssl), "TLSv1.3");
            link_finish(&p.link);
        }
        assert_int_equal(p.closed, 0);
        party_done(&p);
    }
}

static void test_tls_1_2(void **state)
{
    struct party p;
    struct tls_identity id = identity_of(&client_cert);
    SSL_CTX *tls = fake_server_tls(&server_cert, &ca);

    (void)state;
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    party_init(&p, tls, "127.0.0.1");
    party_trust(&p, &ca);
    p.options.identity = &id;
    p.server.chunk = 1;
    echo_once(&p);
    party_done(&p);
}

static void test_tls_1_1_refused(void **state)
{
    struct party p;
    SSL_CTX *tls = fake_server_tls(&server_cert, NULL);

    (void)state;
    SSL_CTX_set_min_proto_version(tls, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(tls, TLS1_1_VERSION);
    SSL_CTX_set_security_level(tls, 0);
    party_init(&p, tls, "127.0.0.1");
    party_trust(&p, &ca);
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TLS, "protocol");
    party_done(&p);
}

/* What the server shows, whom the client trusts and dials, and what it says about it. */
static void test_server_not_trusted(void **state)
{
    static const struct {
        const char *name, *alt_names, *host;
        const struct fake_cert *issuer, *trusted;
        long from, to;
        const char *text;
    } cases[] = {
        {"wrong ca",    "IP:127.0.0.1",    "127.0.0.1", &ca,  &other_ca, -1, 9,
         "unable to get local issuer certificate"                                               },
        {"self-signed", "IP:127.0.0.1",    "127.0.0.1", NULL, &other_ca, -1, 9,  "self-signed"  },
        {"expired",     "IP:127.0.0.1",    "127.0.0.1", &ca,  &ca,       -9, -2,
         "certificate has expired: \"CN=expired\" expired on "                                  },
        {"early",       "IP:127.0.0.1",    "127.0.0.1", &ca,  &ca,       2,  9,  "not yet valid"},
        {"other ip",    "IP:127.0.0.2",    "127.0.0.1", &ca,  &ca,       -1, 9,
         "\"CN=other ip\" was not issued for \"127.0.0.1\""                                     },
        {"other name",  "DNS:example.org", "localhost", &ca,  &ca,       -1, 9,
         "\"CN=other name\" was not issued for \"localhost\""                                   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        struct fake_cert cert =
            fake_cert_make(&(struct fake_request){.name = cases[i].name,
                                                  .issuer = cases[i].issuer,
                                                  .alt_names = cases[i].alt_names,
                                                  .from_days = cases[i].from,
                                                  .to_days = cases[i].to});
        party_init(&p, fake_server_tls(&cert, NULL), cases[i].host);
        party_trust(&p, cases[i].trusted);
        open_link(&p);
        expect_failure(&p, LINK_FAILURE_TLS, cases[i].text);
        assert_int_equal(p.opened, 0);
        assert_non_null(strstr(p.text, "certificate verify failed: "));
        party_done(&p);
        fake_cert_free(&cert);
    }
}

static void test_insecure(void **state)
{
    struct party p;
    struct error err;

    (void)state;
    party_init(&p, fake_server_tls(&other_ca, NULL), "127.0.0.1");
    p.tls = tls_context_new(&(struct tls_options){.insecure = true}, &err);
    p.options.tls = p.tls;
    echo_once(&p);
    party_done(&p);
}

/* The server does not like us: in TLS 1.3 that arrives after our side of the handshake is done. */
static void test_client_not_trusted(void **state)
{
    struct fake_cert expired = fake_cert_make(
        &(struct fake_request){.name = "old car", .issuer = &ca, .from_days = -9, .to_days = -2});
    struct tls_identity old = identity_of(&expired), foreign = identity_of(&other_ca), none = {0};
    struct tls_identity mixed = identity_of(&client_cert), broken = identity_of(&client_cert);
    uint8_t junk[] = {0x30, 0x82, 1, 2, 3};

    (void)state;
    mixed.key_der = old.key_der;
    broken.leaf = slice_of(junk, sizeof junk);
    const struct {
        const struct tls_identity *identity;
        const char *text;
    } cases[] = {
        {&old,     "certificate expired"  },
        {&foreign, "unknown ca"           },
        {&none,    "certificate required" },
        {NULL,     "certificate required" },
        {&mixed,   "private key mismatch" },
        {&broken,  "not a DER certificate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        party_init(&p, fake_server_tls(&server_cert, &ca), "127.0.0.1");
        party_trust(&p, &ca);
        p.options.identity = cases[i].identity;
        p.on_opened = say_hello;
        open_link(&p);
        expect_failure(&p, LINK_FAILURE_TLS, cases[i].text);
        party_done(&p);
    }
    fake_cert_free(&expired);
}

static EVP_PKEY *load_key(const void *arg)
{
    const struct fake_cert *c = arg;

    EVP_PKEY_up_ref(c->key);
    return c->key;
}

static void test_key_sources(void **state)
{
    struct tls_identity by_pkey = identity_of(&client_cert), by_call = identity_of(&client_cert);

    (void)state;
    by_pkey.key_der = by_call.key_der = slice_of(NULL, 0);
    by_pkey.key = client_cert.key;
    by_call.load_key = load_key;
    by_call.key_arg = &client_cert;
    const struct tls_identity *identities[] = {&by_pkey, &by_call};
    for (size_t i = 0; i < 2; i++) {
        struct party p;
        party_init(&p, fake_server_tls(&server_cert, &ca), "127.0.0.1");
        party_trust(&p, &ca);
        p.options.identity = identities[i];
        echo_once(&p);
        party_done(&p);
    }
}

static void test_not_tls(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    party_trust(&p, &ca);
    open_link(&p);
    assert_true(until(&p, &p.connected, 1));
    fake_server_send(&p.server, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    expect_failure(&p, LINK_FAILURE_TLS, "does not speak TLS on this port");
    party_done(&p);
}

static void test_refused(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    ev_io_stop(p.loop->ev, &p.server.accepting);
    close(p.server.listener);
    p.server.listener = -1;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TCP, "Connection refused (nothing listens there");
    party_done(&p);
}

static void test_no_such_host(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "nothing.invalid");
    open_link(&p);
    assert_int_equal(p.link.state, LINK_RESOLVING);
    expect_failure(&p, LINK_FAILURE_RESOLVE, "\"nothing.invalid\" cannot be resolved");
    party_done(&p);
}

static void test_closed_while_resolving(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "nothing.invalid");
    open_link(&p);
    link_close(&p.link);
    assert_int_equal(p.link.state, LINK_CLOSED);
    party_done(&p);
    assert_int_equal(p.closed, 0);
}

/* A listener whose backlog is full drops SYNs. */
static void test_connect_timeout(void **state)
{
    struct party p;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fillers[4];

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    ev_io_stop(p.loop->ev, &p.server.accepting);
    listen(p.server.listener, 0);
    at.sin_port = htons(p.server.port);
    for (size_t i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    p.options.tcp_timeout = 50000;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TIMEOUT, "TCP connect to 127.0.0.1 port");
    for (size_t i = 0; i < 4; i++)
        close(fillers[i]);
    party_done(&p);
}

static void test_handshake_timeout(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    party_trust(&p, &ca);
    p.server.mute = true;
    p.options.tls_timeout = 50000;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TIMEOUT, "TLS handshake with 127.0.0.1 port");
    assert_int_equal(p.connected, 1);
    party_done(&p);
}

static void test_closed_by_peer(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct party p;
        party_init(&p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
        if (tls)
            party_trust(&p, &ca);
        echo_once(&p);
        fake_server_drop(&p.server);
        expect_failure(&p, LINK_FAILURE_TCP, "closed by the peer");
        party_done(&p);
    }
}

static void test_no_descriptors(void **state)
{
    struct party p;
    struct rlimit old, none;
    struct error err = {0};

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    bool opened = link_open(&p.link, &p.options, &err);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_false(opened);
    assert_int_equal(p.link.state, LINK_CLOSED);
    assert_non_null(strstr(err.text, "ulimit -n"));
    /* Nothing is left behind: the same link works once there are descriptors. */
    echo_once(&p);
    party_done(&p);
}

/* Much more than the socket's buffers and a TLS record hold, against a reader that starts late. */
static void test_partial_writes(void **state)
{
    enum { SIZE = 8 << 20 };
    uint8_t *data = malloc(SIZE);

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (int tls = 0; tls < 2; tls++) {
        struct party p;
        party_init(&p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
        if (tls)
            party_trust(&p, &ca);
        echo_once(&p);
        buf_clear(&p.server.in);
        ev_io_stop(p.loop->ev, &p.server.io);
        assert_true(buf_append(&p.link.out, data, SIZE));
        link_kick(&p.link);
        for (int i = 0; i < 20; i++)
            turn(&p);
        assert_true(p.link.write_blocked);
        ev_io_start(p.loop->ev, &p.server.io);
        while (buf_len(&p.server.in) < SIZE && turn(&p))
            ;
        assert_memory_equal(buf_data(&p.server.in), data, SIZE);
        assert_false(p.link.write_blocked);
        /* And back. */
        buf_clear(&p.in);
        fake_server_send(&p.server, data, SIZE);
        assert_true(until(&p, &p.received, SIZE));
        assert_memory_equal(buf_data(&p.in), data, SIZE);
        party_done(&p);
    }
    free(data);
}

static void test_output_has_a_ceiling(void **state)
{
    struct party p;
    uint8_t block[4096] = {0};

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    link_init(&p.link, p.net, &events, &p, 10000);
    echo_once(&p);
    assert_true(buf_append(&p.link.out, block, sizeof block));
    assert_true(buf_append(&p.link.out, block, sizeof block));
    assert_false(buf_append(&p.link.out, block, sizeof block));
    party_done(&p);
}

static void close_it(struct party *p)
{
    link_close(&p->link);
}

static void finish_it(struct party *p)
{
    link_finish(&p->link);
}

static void reopen_it(struct party *p)
{
    p->on_opened = p->on_received = p->on_closed = NULL;
    if (p->link.state != LINK_CLOSED)
        link_close(&p->link);
    open_link(p);
}

static void test_closing_inside_events(void **state)
{
    static void (*const actions[])(struct party *) = {close_it, finish_it, reopen_it};

    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        for (int where = 0; where < 3; where++) {
            for (size_t i = 0; i < 3; i++) {
                struct party p;
                party_init(&p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
                if (tls)
                    party_trust(&p, &ca);
                *(where == 0   ? &p.on_opened
                  : where == 1 ? &p.on_received
                               : &p.on_closed) = actions[i];
                open_link(&p);
                assert_true(until(&p, &p.opened, 1));
                if (where == 1) {
                    while (p.server.fd < 0 && turn(&p))
                        ;
                    fake_server_send(&p.server, "x", 1);
                    assert_true(until(&p, &p.received, 1));
                } else if (where == 2) {
                    for (int k = 0; k < 10; k++)
                        turn(&p);
                    fake_server_drop(&p.server);
                    assert_true(until(&p, &p.closed, 1));
                }
                assert_int_equal(p.closed, where == 2);
                if (actions[i] == reopen_it)
                    assert_true(until(&p, &p.opened, 2));
                else
                    assert_int_equal(p.link.state, LINK_CLOSED);
                party_done(&p);
            }
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(link_state_name(LINK_SECURING), "securing");
    assert_string_equal(link_state_name(LINK_STATE_COUNT), "unknown");
}

static void test_context_errors(void **state)
{
    struct error err = {0};

    (void)state;
    assert_null(tls_context_new(&(struct tls_options){.ca_file = "/nonexistent/ca.pem"}, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "CA file /nonexistent/ca.pem: No such file"));
    assert_null(tls_context_new(&(struct tls_options){.ca_pem = slice_str("nothing")}, &err));
    assert_non_null(strstr(err.text, "no PEM certificate"));
    assert_null(tls_context_new(&(struct tls_options){.insecure = true, .alpn = ""}, &err));
    assert_non_null(strstr(err.text, "ALPN"));
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                       const unsigned char *in, unsigned int inlen, void *arg)
{
    (void)ssl;
    (void)arg;
    assert_int_equal(inlen, 15);
    assert_memory_equal(in, "\x0ex-amzn-mqtt-ca", 15);
    *out = in + 1;
    *outlen = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static void test_alpn(void **state)
{
    struct party p;
    SSL_CTX *tls = fake_server_tls(&server_cert, NULL);
    char *pem = fake_cert_pem(&ca);

    (void)state;
    SSL_CTX_set_alpn_select_cb(tls, select_alpn, NULL);
    party_init(&p, tls, "127.0.0.1");
    p.tls = tls_context_new(
        &(struct tls_options){.ca_pem = slice_str(pem), .alpn = "x-amzn-mqtt-ca"}, NULL);
    p.options.tls = p.tls;
    echo_once(&p);
    party_done(&p);
    free(pem);
}

static int make_certificates(void **state)
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

static int free_certificates(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_plain_one_byte_at_a_time),
        cmocka_unit_test(test_tls_with_client_certificate),
        cmocka_unit_test(test_tls_1_2),
        cmocka_unit_test(test_tls_1_1_refused),
        cmocka_unit_test(test_server_not_trusted),
        cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_client_not_trusted),
        cmocka_unit_test(test_key_sources),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_such_host),
        cmocka_unit_test(test_closed_while_resolving),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_handshake_timeout),
        cmocka_unit_test(test_closed_by_peer),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_partial_writes),
        cmocka_unit_test(test_output_has_a_ceiling),
        cmocka_unit_test(test_closing_inside_events),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_context_errors),
        cmocka_unit_test(test_alpn),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
