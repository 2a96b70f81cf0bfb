/*
 * What a user may choose of TLS: refused with a reason, or seen by the server.
 */
#include "link_party.h"

#include <unistd.h>

static void party_tls(struct party *p, SSL_CTX *server, const struct tls_options *options)
{
    struct tls_options o = *options;
    struct error err = {0};
    char *pem = fake_cert_pem(&ca);

    party_init(p, server, "localhost");
    o.ca_pem = slice_str(pem);
    p->tls = tls_context_new(&o, &err);
    if (p->tls == NULL)
        fail_msg("%s", err.text);
    p->options.tls = p->tls;
    free(pem);
}

static void test_refused_options(void **state)
{
    static const struct {
        struct tls_options options;
        const char *text;
    } cases[] = {
        {{.version = "1.1"},                                      "TLS version \"1.1\": not known"    },
        {{.ciphers = "TLS_NONE"},                                 "cipher \"TLS_NONE\": not known"    },
        {{.ciphers = "AES128-GCM-SHA256:NOTHING"},                "cipher \"NOTHING\": not known"     },
        {{.ciphers = ""},                                         "not a list of cipher names"        },
        {{.ciphers = "TLS_AES_128_GCM_SHA256", .version = "1.2"},
         "none of them belongs to TLS 1.2"                                                            },
        {{.ciphers = "AES128-GCM-SHA256", .version = "1.3"},      "none of them belongs to TLS 1.3"   },
        {{.groups = "X25519:P-0"},                                "groups \"X25519:P-0\": one of"     },
        {{.crl_file = "/nonexistent/crl"},                        "CRL file /nonexistent/crl: No such"},
        {{.crl_file = "/dev/null"},                               "no PEM revocation list in it"      },
        {{.crl_file = "/dev/null", .insecure = true},             "not used while the server is not"  },
        {{.alpn = ""},                                            "ALPN"                              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = {0};
        assert_null(tls_context_new(&cases[i].options, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        if (strstr(err.text, cases[i].text) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].text);
    }
}

/* What is chosen, and what a server that could do everything is left with. */
static void test_chosen(void **state)
{
    static const struct {
        struct tls_options options;
        const char *version, *cipher;
        int group; /* 0: any */
    } cases[] = {
        {{0},                                                                        "TLSv1.3", "TLS_AES_128_GCM_SHA256",        0            },
        {{.version = "any"},                                                         "TLSv1.3", NULL,                            0            },
        {{.version = "1.3"},                                                         "TLSv1.3", NULL,                            0            },
        {{.version = "1.2"},                                                         "TLSv1.2", NULL,                            0            },
        {{.ciphers = "TLS_CHACHA20_POLY1305_SHA256"},                                "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256",  0            },
        {{.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
         "TLSv1.2",                                                                             "ECDHE-ECDSA-AES256-GCM-SHA384",
         0                                                                                                                                    },
        {{.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256,!aNULL,TLS_AES_256_GCM_SHA384"},
         "TLSv1.3",                                                                             "TLS_AES_256_GCM_SHA384",
         0                                                                                                                                    },
        {{.groups = "P-384"},                                                        "TLSv1.3", NULL,                            NID_secp384r1},
        {{.groups = "P-521,X25519"},                                                 "TLSv1.3", NULL,                            NID_secp521r1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        party_tls(&p, fake_server_tls(&server_cert, NULL), &cases[i].options);
        echo_once(&p);
        assert_string_equal(SSL_get_version(p.link.ssl), cases[i].version);
        if (cases[i].cipher != NULL)
            assert_string_equal(SSL_get_cipher_name(p.link.ssl), cases[i].cipher);
        if (cases[i].group != 0)
            assert_int_equal(SSL_get_negotiated_group(p.link.ssl), cases[i].group);
        party_done(&p);
    }
}

static void test_version_not_offered(void **state)
{
    struct party p;
    SSL_CTX *server = fake_server_tls(&server_cert, NULL);

    (void)state;
    SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
    party_tls(&p, server, &(struct tls_options){.version = "1.3"});
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TLS, "protocol version");
    party_done(&p);
}

static int note_name(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    snprintf(arg, 64, "%s", name != NULL ? name : "none");
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 6066 3: the name that was dialled, and no address. */
static void test_server_name(void **state)
{
    static const char *const hosts[][2] = {
        {"localhost", "localhost"},
        {"127.0.0.1", "none"     },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct party p;
        char seen[64] = "";
        SSL_CTX *server = fake_server_tls(&server_cert, NULL);
        SSL_CTX_set_tlsext_servername_callback(server, note_name);
        SSL_CTX_set_tlsext_servername_arg(server, seen);
        party_init(&p, server, hosts[i][0]);
        party_trust(&p, &ca);
        echo_once(&p);
        assert_string_equal(seen, hosts[i][1]);
        party_done(&p);
    }
}

/* ---- revocation ---- */

static void write_crl(FILE *file, const struct fake_cert *issuer, const struct fake_cert *revoked,
                      long to_days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -9 * 86400L);
    ASN1_TIME *to = X509_gmtime_adj(NULL, to_days * 86400L);

    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, to);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->cert));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(crl, entry);
    }
    X509_CRL_sign(crl, issuer->key, EVP_sha256());
    PEM_write_X509_CRL(file, crl);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_CRL_free(crl);
}

static void test_revocation(void **state)
{
    static const struct {
        const struct fake_cert *issuer, *revoked;
        long to_days;
        const char *text; /* NULL: connects */
    } cases[] = {
        {&ca,       NULL,         9,  NULL                                                  },
        {&ca,       &client_cert, 9,  NULL                                                  },
        {&ca,       &server_cert, 9,  "certificate revoked: \"CN=server\""                  },
        {&other_ca, NULL,         9,  "\"CN=server\" (add the revocation list of its issuer"},
        {&ca,       NULL,         -2, "CRL has expired: that of the issuer of \"CN=server\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        char path[] = "/tmp/fleetsim-crl-XXXXXX";
        FILE *file = fdopen(mkstemp(path), "w");
        assert_non_null(file);
        write_crl(file, cases[i].issuer, cases[i].revoked, cases[i].to_days);
        fclose(file);
        party_tls(&p, fake_server_tls(&server_cert, NULL), &(struct tls_options){.crl_file = path});
        unlink(path);
        if (cases[i].text == NULL) {
            echo_once(&p);
        } else {
            open_link(&p);
            expect_failure(&p, LINK_FAILURE_TLS, cases[i].text);
        }
        party_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_options),     cmocka_unit_test(test_chosen),
        cmocka_unit_test(test_version_not_offered), cmocka_unit_test(test_server_name),
        cmocka_unit_test(test_revocation),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
