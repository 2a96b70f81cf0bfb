/*
 * Sessions that are resumed after a connection has ended, and those that must not be.
 */
#include "link_party.h"

static void count(void *ctx)
{
    (*(unsigned *)ctx)++;
}

static void begin(struct party *p, unsigned *resumed, int max_version, const char *host,
                  const struct tls_options *options)
{
    struct tls_options o = *options;
    SSL_CTX *server = fake_server_tls(&server_cert, &ca);
    char *pem = fake_cert_pem(&ca);

    SSL_CTX_set_max_proto_version(server, max_version);
    party_init(p, server, host);
    o.ca_pem = slice_str(pem);
    p->tls = tls_context_new(&o, NULL);
    assert_non_null(p->tls);
    p->options.tls = p->tls;
    p->net->resumed = count;
    p->net->resumed_ctx = resumed;
    *resumed = 0;
    free(pem);
}

static void again(struct party *p)
{
    p->opened = p->connected = p->received = 0;
    buf_clear(&p->in);
    echo_once(p);
}

static void test_resumed(void **state)
{
    static const struct {
        int version;
        const char *host;
        bool abrupt;
        struct tls_options options;
        unsigned resumed; /* of four reconnects */
    } cases[] = {
        {TLS1_3_VERSION, "127.0.0.1", false, {.resumption = true},                   4},
        {TLS1_3_VERSION, "localhost", true,  {.resumption = true},                   4},
        {TLS1_2_VERSION, "127.0.0.1", false, {.resumption = true},                   4},
        {TLS1_2_VERSION, "localhost", true,  {.resumption = true},                   4},
        {TLS1_3_VERSION, "127.0.0.1", false, {.insecure = true, .resumption = true}, 4},
        {TLS1_3_VERSION, "127.0.0.1", false, {.insecure = false},                    0},
        {TLS1_2_VERSION, "127.0.0.1", true,  {.insecure = false},                    0},
    };
    struct tls_identity id = identity_of(&client_cert);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        unsigned resumed;
        begin(&p, &resumed, cases[i].version, cases[i].host, &cases[i].options);
        p.options.identity = &id;
        for (int round = 0; round < 5; round++) {
            again(&p);
            if (cases[i].abrupt)
                link_close(&p.link);
            else
                link_finish(&p.link);
        }
        assert_int_equal(resumed, cases[i].resumed);
        party_done(&p);
    }
}

/* A session belongs to the certificate that it was made with. */
static void test_other_identity(void **state)
{
    struct party p;
    unsigned resumed;
    struct slice chain[] = {slice_of(intermediate.der, intermediate.der_len)};
    struct tls_identity one = identity_of(&client_cert), other = identity_of(&deep_cert);

    (void)state;
    other.chain = chain;
    other.chain_count = 1;
    begin(&p, &resumed, TLS1_3_VERSION, "127.0.0.1", &(struct tls_options){.resumption = true});
    p.options.identity = &one;
    again(&p);
    link_finish(&p.link);
    p.options.identity = &other;
    again(&p);
    assert_int_equal(resumed, 0);
    link_finish(&p.link);
    p.options.identity = &one;
    again(&p);
    assert_int_equal(resumed, 1);
    party_done(&p);
}

/* The server knows it no more: a whole handshake takes its place. */
static void test_forgotten_by_server(void **state)
{
    struct party p;
    unsigned resumed;
    unsigned char keys[80] = {1};
    struct tls_identity id = identity_of(&client_cert);

    (void)state;
    begin(&p, &resumed, TLS1_3_VERSION, "127.0.0.1", &(struct tls_options){.resumption = true});
    p.options.identity = &id;
    again(&p);
    link_finish(&p.link);
    assert_int_equal(SSL_CTX_set_tlsext_ticket_keys(p.server.tls, keys, sizeof keys), 1);
    again(&p);
    assert_int_equal(resumed, 0);
    assert_int_equal(p.closed, 0);
    party_done(&p);
}

/* OpenSSL's server, set up to ask for certificates but without a session id context, ends the
   handshake. That must not happen at every second connect. */
static void test_server_that_cannot(void **state)
{
    struct party p;
    unsigned resumed;
    struct tls_identity id = identity_of(&client_cert);

    (void)state;
    begin(&p, &resumed, TLS1_3_VERSION, "127.0.0.1", &(struct tls_options){.resumption = true});
    SSL_CTX_set_session_id_context(p.server.tls, NULL, 0);
    p.options.identity = &id;
    again(&p);
    link_finish(&p.link);
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TLS, "alert");
    p.closed = 0;
    for (int round = 0; round < 3; round++) {
        again(&p);
        link_finish(&p.link);
    }
    assert_int_equal(resumed, 0);
    party_done(&p);
}

/* The certificate has expired since: what the session remembers is not believed for ever. */
static void test_expired_since(void **state)
{
    struct party p;
    unsigned resumed;
    struct tls_identity id = identity_of(&client_cert);

    (void)state;
    begin(&p, &resumed, TLS1_3_VERSION, "127.0.0.1", &(struct tls_options){.resumption = true});
    p.options.identity = &id;
    again(&p);
    X509 *seen = SSL_get0_peer_certificate(p.link.ssl);
    X509_time_adj_ex(X509_getm_notAfter(seen), -2, 0, NULL);
    link_finish(&p.link);
    p.opened = p.connected = 0;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TLS, "resumed session: \"CN=server\" expired on");
    assert_int_equal(p.opened, 0);
    /* And it is gone: the next handshake is a whole one, which says so in other words. */
    p.closed = 0;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TLS, "certificate has expired: \"CN=server\"");
    assert_int_equal(resumed, 0);
    party_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_other_identity),
        cmocka_unit_test(test_forgotten_by_server),
        cmocka_unit_test(test_server_that_cannot),
        cmocka_unit_test(test_expired_since),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
