/* Does the choice reach an SSL_CTX that nobody configures, as Paho makes it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <string.h>

#include "paho/paho_tls.h"

#define SUITE_13 "TLS_CHACHA20_POLY1305_SHA256"
#define SUITE_12 "ECDHE-ECDSA-AES256-GCM-SHA384"

static bool offers(SSL_CTX *ctx, const char *name)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);

    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)), name) == 0)
            return true;
    return false;
}

static void choices_reach_a_plain_context(void **state)
{
    static const struct {
        struct paho_tls choice;
        int min, max;
        const char *offered, *left_out;
    } cases[] = {
        {{0},                                          TLS1_2_VERSION, TLS1_3_VERSION, SUITE_12, NULL                         },
        {{.version = "1.2"},                           TLS1_2_VERSION, TLS1_2_VERSION, SUITE_12, NULL                         },
        {{.version = "1.3"},                           TLS1_3_VERSION, TLS1_3_VERSION, SUITE_13, NULL                         },
        {{.version = "any", .groups = "X25519,P-256"},
         TLS1_2_VERSION,                                               TLS1_3_VERSION,
         SUITE_13,                                                                               NULL                         },
        {{.ciphers = SUITE_13},                        TLS1_3_VERSION, TLS1_3_VERSION, SUITE_13, "TLS_AES_128_GCM_SHA256"     },
        {{.ciphers = SUITE_12},
         TLS1_2_VERSION,                                               TLS1_2_VERSION,
         SUITE_12,                                                                               "ECDHE-RSA-AES128-GCM-SHA256"},
        {{.ciphers = SUITE_12 "," SUITE_13},
         TLS1_2_VERSION,                                               TLS1_3_VERSION,
         SUITE_13,                                                                               "ECDHE-RSA-AES128-GCM-SHA256"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(paho_tls_choose(&cases[i].choice, &err));
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        assert_non_null(ctx);
        assert_int_equal(SSL_CTX_get_min_proto_version(ctx), cases[i].min);
        assert_int_equal(SSL_CTX_get_max_proto_version(ctx), cases[i].max);
        assert_true(offers(ctx, cases[i].offered));
        assert_false(cases[i].left_out != NULL && offers(ctx, cases[i].left_out));
        SSL_CTX_free(ctx);
    }
    assert_true(paho_tls_choose(&(struct paho_tls){0}, &err));
}

static void what_is_no_list_is_refused(void **state)
{
    static const struct paho_tls bad[] = {
        {.ciphers = ""},
        {.ciphers = "A\nMinProtocol = None"},
        {.groups = "X25519;P-256"},
        {.groups = "$HOME"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(paho_tls_choose(&bad[i], &err));
        assert_non_null(strstr(err.text, "not a list of names"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_reach_a_plain_context),
        cmocka_unit_test(what_is_no_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
