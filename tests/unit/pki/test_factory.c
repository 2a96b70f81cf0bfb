/* Factories and signing requests: OpenSSL's own tools are the judge of what they make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pki/factory.h"
#include "pki/signing_request.h"

#define FROM INT64_C(1735689600)
#define TO   INT64_C(2366841600)

static char dir[] = "/tmp/fleetsim-factory-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void put(const char *name, struct slice bytes)
{
    char path[96];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
    fclose(f);
}

static int run(const char *fmt)
{
    char command[512];

    snprintf(command, sizeof command, "cd %s && (%s) >/dev/null 2>&1", dir, fmt);
    return system(command);
}

static struct factory *found(const char *seed, const char *name)
{
    struct error err;
    struct factory *f = factory_new(slice_str(seed), name, FROM, TO, &err);

    if (f == NULL)
        fail_msg("%s", err.text);
    return f;
}

static void put_car(const struct factory *f, const char *name, struct ec_key *key)
{
    struct buf der, pem;
    struct error err;

    buf_init(&der, CERTIFICATE_MAX);
    buf_init(&pem, (size_t)CERTIFICATE_MAX * 2);
    assert_true(factory_issue(f, "car-7", 7, key, &der, &err));
    assert_true(certificate_pem(buf_slice(&der), &pem));
    put(name, buf_slice(&pem));
    buf_done(&der);
    buf_done(&pem);
}

static void openssl_verifies_the_chain(void **state)
{
    struct factory *f = found("1", "north"), *other = found("1", "south");
    struct buf pem;
    struct ec_key key, again;

    (void)state;
    buf_init(&pem, 16384);
    assert_true(factory_pem(f, &pem));
    put("bundle.pem", buf_slice(&pem));
    put_car(f, "car.pem", &key);
    put_car(f, "again.pem", &again);
    put_car(other, "other.pem", &again);
    assert_int_equal(run("openssl x509 -in bundle.pem -out root.pem && sed '1,/END/d' bundle.pem "
                         ">line.pem && openssl verify -x509_strict -purpose sslclient -CAfile "
                         "root.pem -untrusted line.pem car.pem"),
                     0);
    assert_int_equal(run("cmp car.pem again.pem"), 0);
    assert_int_not_equal(run("openssl verify -CAfile root.pem -untrusted line.pem other.pem"), 0);
    buf_done(&pem);
    factory_free(f);
    factory_free(other);
}

static void openssl_verifies_a_request(void **state)
{
    struct buf key, csr;
    struct error err;

    (void)state;
    buf_init(&key, 4096);
    buf_init(&csr, 4096);
    assert_true(signing_request_make("WFS0", &key, &csr, &err));
    put("car.csr", buf_slice(&csr));
    put("car.key.der", buf_slice(&key));
    assert_int_equal(run("openssl req -in car.csr -verify -noout"), 0);
    assert_int_equal(run("openssl req -in car.csr -noout -subject | grep -q 'CN = WFS0'"), 0);
    assert_int_equal(run("openssl req -in car.csr -noout -pubkey >a && openssl pkey -inform DER "
                         "-in car.key.der -pubout >b && cmp a b"),
                     0);
    buf_done(&key);
    buf_done(&csr);
}

static void keys_are_of_their_certificates(void **state)
{
    static const char *const kinds[] = {"genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
                                        "ecparam -name prime256v1 -genkey -noout"};
    struct error err;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char command[400], path[96], text[8192];
        struct buf key, der;
        snprintf(command, sizeof command,
                 "openssl %s -out k && openssl req -x509 -new -key k -subj /CN=x -out c", kinds[i]);
        assert_int_equal(run(command), 0);
        buf_init(&key, 8192);
        buf_init(&der, 8192);
        const char *const names[] = {"k", "c"};
        for (size_t n = 0; n < 2; n++) {
            snprintf(path, sizeof path, "%s/%s", dir, names[n]);
            FILE *f = fopen(path, "r");
            struct slice pem = slice_of(text, fread(text, 1, sizeof text, f));
            fclose(f);
            assert_true(n == 0 ? signing_key_from_pem(pem, &key, &err)
                               : certificate_from_pem(pem, &der, &err));
        }
        assert_true(signing_key_fits(buf_slice(&der), buf_slice(&key), &err));
        struct buf stranger, csr;
        buf_init(&stranger, 4096);
        buf_init(&csr, 4096);
        assert_true(signing_request_make("x", &stranger, &csr, &err));
        assert_false(signing_key_fits(buf_slice(&der), buf_slice(&stranger), &err));
        buf_done(&stranger);
        buf_done(&csr);
        buf_done(&key);
        buf_done(&der);
    }
    struct buf key;
    buf_init(&key, 4096);
    assert_false(signing_key_from_pem(slice_str("no key"), &key, &err));
    assert_false(signing_key_from_pem(slice_str(""), &key, &err));
    buf_done(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_verifies_the_chain),
        cmocka_unit_test(openssl_verifies_a_request),
        cmocka_unit_test(keys_are_of_their_certificates),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
