/*
 * TLS through a link, against servers made for it: whom each side trusts, and what it says if not.
 */
#include "link_party.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_with_client_certificate),
        cmocka_unit_test(test_tls_1_2),
        cmocka_unit_test(test_tls_1_1_refused),
        cmocka_unit_test(test_server_not_trusted),
        cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_client_not_trusted),
        cmocka_unit_test(test_key_sources),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_handshake_timeout),
        cmocka_unit_test(test_context_errors),
        cmocka_unit_test(test_alpn),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
