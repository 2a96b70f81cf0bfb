#include <fcntl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/store.h"
#include "pki/rotation.h"
#include "pki/signing_request.h"

#define HEADER_SIZE 56
#define VEHICLES    4

struct fixture {
    char dir[32];
    char path[64]; /* of rotated.bin */
    struct pki *pki;
};

static struct pki *open_or_fail(const struct fixture *f)
{
    struct error err = {0};
    struct pki *pki = pki_open(f->dir, &err);

    if (pki == NULL)
        fail_msg("%s", err.text);
    return pki;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err;

    snprintf(f->dir, sizeof f->dir, "/tmp/rotation-XXXXXX");
    if (mkdtemp(f->dir) == NULL ||
        !pki_init(f->dir, &(struct pki_options){.seed = "42", .vehicles = VEHICLES}, &err))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/pki/rotated.bin", f->dir);
    f->pki = open_or_fail(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[80];

    pki_free(f->pki);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    int rc = system(command);
    free(f);
    return rc;
}

static struct pki_car car_of(const struct pki *pki, uint32_t k)
{
    struct error err = {0};
    struct pki_car car;

    if (!pki_car(pki, k, &car, &err))
        fail_msg("%s", err.text);
    return car;
}

static void rotate(struct pki *pki, uint32_t first, uint32_t count)
{
    struct error err = {0};

    if (!pki_rotate(pki, first, count, &err))
        fail_msg("%s", err.text);
}

static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void assert_same(const struct pki_car *a, const struct pki_car *b)
{
    assert_int_equal(a->generation, b->generation);
    assert_string_equal(a->identity.thing_name, b->identity.thing_name);
    assert_true(slice_equal(a->certificate, b->certificate));
    assert_int_equal(a->issuer.len, b->issuer.len);
    assert_memory_equal(a->key, b->key, sizeof *a->key);
}

/* The certificate is of the key, says the car's name, and the fleet's authority has signed it. */
static void assert_genuine(const struct pki *pki, const struct pki_car *car)
{
    struct slice issuer = pki_intermediate(pki);
    const unsigned char *at = car->certificate.data, *issuer_at = issuer.data;
    X509 *leaf = d2i_X509(NULL, &at, (long)car->certificate.len);
    X509 *above = d2i_X509(NULL, &issuer_at, (long)issuer.len);
    EVP_PKEY *key = ec_key_to_pkey(car->key, NULL);
    char name[64];

    assert_int_equal(X509_check_private_key(leaf, key), 1);
    assert_int_equal(X509_verify(leaf, X509_get0_pubkey(above)), 1);
    X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, name, sizeof name);
    assert_string_equal(name, car->identity.thing_name);
    assert_true(slice_equal(car->issuer, issuer));
    EVP_PKEY_free(key);
    X509_free(above);
    X509_free(leaf);
}

static void test_a_rotation_lasts(void **state)
{
    const struct fixture *f = *state;
    struct stat st;
    const struct pki_car first = car_of(f->pki, 2), untouched = car_of(f->pki, 1);

    rotate(f->pki, 2, 2);
    const struct pki_car second = car_of(f->pki, 2);
    assert_int_equal(first.generation, 0);
    assert_int_equal(second.generation, 1);
    assert_int_equal(car_of(f->pki, 3).generation, 1);
    assert_memory_not_equal(first.key, second.key, sizeof *first.key);
    assert_genuine(f->pki, &first); /* what was got before is still there */
    assert_genuine(f->pki, &second);
    rotate(f->pki, 2, 1);
    const struct pki_car third = car_of(f->pki, 2);
    assert_int_equal(third.generation, 2);
    assert_genuine(f->pki, &second);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    struct pki *again = open_or_fail(f);
    const struct pki_car there = car_of(again, 2), same = car_of(again, 1);
    assert_same(&there, &third);
    assert_same(&same, &untouched);
    /* A fleet that grows keeps it. */
    struct error err;
    assert_true(pki_grow(again, VEHICLES + 3, &err));
    const struct pki_car grown = car_of(again, 2);
    assert_same(&grown, &third);
    pki_free(again);
}

static void test_a_generation_is_the_same_everywhere(void **state)
{
    const struct fixture *f = *state;
    struct pki_credential issued;
    struct error err;
    const struct pki_car car = car_of(f->pki, 1);
    const struct pki_request request = {
        .role = CERTIFICATE_VEHICLE, .name = car.identity.thing_name, .index = 1, .generation = 1};

    assert_true(pki_issue(f->pki, &request, &issued, &err));
    rotate(f->pki, 1, 1);
    const struct pki_car now = car_of(f->pki, 1);
    assert_true(slice_equal(now.certificate, slice_of(issued.certificate, issued.certificate_len)));
    assert_memory_equal(now.key, &issued.key, sizeof issued.key);
}

static void test_two_processes_take_turns(void **state)
{
    const struct fixture *f = *state;
    struct pki *other = open_or_fail(f);

    rotate(f->pki, 0, 1);
    rotate(other, 0, 1);
    rotate(f->pki, 0, 2);
    assert_int_equal(car_of(f->pki, 0).generation, 3);
    pki_free(other);
    other = open_or_fail(f);
    assert_int_equal(car_of(other, 0).generation, 3);
    assert_int_equal(car_of(other, 1).generation, 1);
    pki_free(other);
}

static void test_no_such_car(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct pki_car car;

    assert_false(pki_car(f->pki, VEHICLES, &car, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_false(pki_rotate(f->pki, VEHICLES - 1, 2, &err));
    assert_non_null(strstr(err.text, "the fleet has 4"));
    assert_int_equal(size_of(f->path), -1);
    assert_int_equal(car_of(f->pki, VEHICLES - 1).generation, 0);
}

/* A key that was made in the car, certified by somebody else: here, by itself. */
static void make_foreign(struct buf *certificate, struct buf *key)
{
    struct buf csr;
    struct error err;
    X509 *x509 = X509_new();
    unsigned char *der = NULL;

    buf_init(certificate, 4096);
    buf_init(key, 4096);
    buf_init(&csr, 4096);
    assert_true(signing_request_make("car", key, &csr, &err));
    const unsigned char *at = buf_data(key);
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)buf_len(key));
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, pkey);
    assert_true(X509_sign(x509, pkey, EVP_sha256()) > 0);
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    buf_append(certificate, der, (size_t)len);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    X509_free(x509);
    buf_done(&csr);
}

static void test_what_a_car_has_made_is_kept(void **state)
{
    const struct fixture *f = *state;
    struct buf certificate, key;
    struct error err = {0};

    make_foreign(&certificate, &key);
    const struct pki_found found = {.certificate = buf_slice(&certificate), .key = buf_slice(&key)};
    if (!pki_keep(f->pki, 9, &found, &err))
        fail_msg("%s", err.text);
    struct pki *again = open_or_fail(f);
    const struct pki_car kept = car_of(again, 9); /* beyond the fleet file */
    assert_true(slice_equal(kept.certificate, buf_slice(&certificate)));
    assert_int_equal(kept.issuer.len, 0);
    assert_int_equal(kept.generation, 1);
    assert_int_equal(kept.identity.index, 9);
    EVP_PKEY *pkey = ec_key_to_pkey(kept.key, NULL);
    const unsigned char *at = kept.certificate.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)kept.certificate.len);
    assert_int_equal(X509_check_private_key(x509, pkey), 1);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    pki_free(again);

    /* The next one is the fleet's again. */
    assert_true(pki_keep(f->pki, 1, &found, &err));
    rotate(f->pki, 1, 1);
    const struct pki_car next = car_of(f->pki, 1);
    assert_int_equal(next.generation, 2);
    assert_genuine(f->pki, &next);

    const struct pki_car another = car_of(f->pki, 0);
    const struct pki_found unlike = {.certificate = another.certificate, .key = found.key};
    assert_false(pki_keep(f->pki, 0, &unlike, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    const struct pki_found none = {.certificate = slice_str("x"), .key = slice_str("y")};
    assert_false(pki_keep(f->pki, 0, &none, &err));
    assert_int_equal(car_of(f->pki, 0).generation, 0);
    buf_done(&certificate);
    buf_done(&key);
}

/* A run goes on while "fleetsim pki" is at work in another process. */
static void test_who_will_not_wait_need_not(void **state)
{
    const struct fixture *f = *state;
    struct buf certificate, key;
    struct error err = {0};
    bool busy;
    char folder[64];

    make_foreign(&certificate, &key);
    const struct pki_found found = {.certificate = buf_slice(&certificate), .key = buf_slice(&key)};
    snprintf(folder, sizeof folder, "%s/pki", f->dir);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_SH), 0);
    assert_false(pki_try_keep(f->pki, 1, &found, &busy, &err));
    assert_true(busy);
    assert_int_equal(car_of(f->pki, 1).generation, 0);
    close(fd);
    assert_true(pki_try_keep(f->pki, 1, &found, &busy, &err));
    assert_false(busy);
    assert_int_equal(car_of(f->pki, 1).generation, 1);
    /* What will not do is not waited for. */
    const struct pki_found none = {.certificate = slice_str("x"), .key = slice_str("y")};
    assert_false(pki_try_keep(f->pki, 0, &none, &busy, &err));
    assert_false(busy);
    buf_done(&certificate);
    buf_done(&key);
}

/* For a local cloud that begins anew, and knows nothing of what it has issued. */
static void test_foreign_ones_are_recalled(void **state)
{
    const struct fixture *f = *state;
    struct buf certificate, key;
    struct error err = {0};
    uint32_t count = 7;

    assert_true(pki_recall(f->pki, &count, &err));
    assert_int_equal(count, 0);
    assert_int_equal(size_of(f->path), -1);
    make_foreign(&certificate, &key);
    const struct pki_found found = {.certificate = buf_slice(&certificate),
                                    .issuer = slice_str("what it sends with it"),
                                    .key = buf_slice(&key)};
    assert_true(pki_keep(f->pki, 1, &found, &err));
    assert_true(pki_keep(f->pki, 9, &found, &err));
    /* Of another cloud, which knows it as ever. */
    const struct pki_found elsewhere = {.certificate = found.certificate, .key = found.key};
    assert_true(pki_keep(f->pki, 3, &elsewhere, &err));
    rotate(f->pki, 2, 1);
    const struct pki_car own = car_of(f->pki, 2);
    struct pki *again = open_or_fail(f);
    const struct pki_car kept = car_of(again, 9);
    assert_true(kept.foreign);
    assert_true(slice_equal(kept.issuer, found.issuer));
    assert_true(slice_equal(kept.certificate, found.certificate));
    assert_false(car_of(again, 2).foreign);
    assert_true(pki_recall(again, &count, &err));
    assert_int_equal(count, 2);
    pki_free(again);
    again = open_or_fail(f);
    for (uint32_t k = 1; k <= 9; k += 8) {
        const struct pki_car car = car_of(again, k);
        assert_int_equal(car.generation, 2);
        assert_false(car.foreign);
        assert_genuine(again, &car);
    }
    const struct pki_car same = car_of(again, 2), other = car_of(again, 3);
    assert_same(&same, &own);
    assert_true(slice_equal(other.certificate, elsewhere.certificate));
    assert_true(pki_recall(again, &count, &err));
    assert_int_equal(count, 0);
    pki_free(again);
    buf_done(&certificate);
    buf_done(&key);
}

/* Power fails while a record is written: it does not count, and the next one takes its place. */
static void test_a_torn_record_is_dropped(void **state)
{
    const struct fixture *f = *state;

    rotate(f->pki, 0, 1);
    off_t whole = size_of(f->path);
    rotate(f->pki, 1, 1);
    off_t all = size_of(f->path);
    for (off_t cut = whole; cut < all; cut += 61) {
        assert_int_equal(truncate(f->path, cut), 0);
        struct pki *pki = open_or_fail(f);
        assert_int_equal(car_of(pki, 0).generation, 1);
        assert_int_equal(car_of(pki, 1).generation, 0);
        rotate(pki, 1, 1);
        assert_int_equal(car_of(pki, 1).generation, 1);
        assert_int_equal(size_of(f->path), all);
        pki_free(pki);
    }
}

static void flip(const char *path, off_t at)
{
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void expect_refused(const struct fixture *f, const char *why)
{
    struct error err = {0};

    assert_null(pki_open(f->dir, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.text, why) == NULL)
        fail_msg("expected \"%s\" in: %s", why, err.text);
}

static void test_damage_is_told(void **state)
{
    const struct fixture *f = *state;

    for (int i = 0; i < 4; i++)
        rotate(f->pki, 0, VEHICLES); /* more than one record could be */
    flip(f->path, HEADER_SIZE + 130);
    expect_refused(f, "damaged at byte 56");
    flip(f->path, HEADER_SIZE + 130);
    flip(f->path, 2);
    expect_refused(f, "no list of rotated cars");
    flip(f->path, 2);
    pki_free(open_or_fail(f));
    assert_int_equal(truncate(f->path, HEADER_SIZE - 1), 0);
    expect_refused(f, "no list of rotated cars");
}

/* However short what comes after it: a record that is torn is the last. */
static void test_damage_near_the_end_is_told(void **state)
{
    const struct fixture *f = *state;

    rotate(f->pki, 0, 1);
    off_t one = size_of(f->path) - HEADER_SIZE;
    rotate(f->pki, 1, 1);
    for (off_t at = 0; at < one; at++) {
        flip(f->path, HEADER_SIZE + at);
        expect_refused(f, "damaged at byte 56");
        flip(f->path, HEADER_SIZE + at);
    }
    /* What the disk has given for the last one, and never got: nothing. */
    off_t whole = size_of(f->path);
    assert_int_equal(truncate(f->path, whole + 300), 0);
    struct pki *pki = open_or_fail(f);
    rotate(pki, 1, 1);
    assert_int_equal(car_of(pki, 1).generation, 2);
    assert_int_equal(size_of(f->path), HEADER_SIZE + 3 * one);
    pki_free(pki);
}

static void test_anothers_is_refused(void **state)
{
    struct fixture *f = *state;
    char command[160];
    struct error err;

    rotate(f->pki, 0, 1);
    snprintf(command, sizeof command, "cp %s %s/kept && rm -r %s/pki", f->path, f->dir, f->dir);
    assert_int_equal(system(command), 0);
    assert_true(pki_init(f->dir, &(struct pki_options){.seed = "43", .vehicles = 1}, &err));
    snprintf(command, sizeof command, "mv %s/kept %s", f->dir, f->path);
    assert_int_equal(system(command), 0);
    expect_refused(f, "another seed");
}

/* Rotated again and again, the file does not grow for ever; who has it open follows. */
static void test_it_is_written_anew(void **state)
{
    const struct fixture *f = *state;
    struct pki *other = open_or_fail(f);
    off_t before = 0;
    bool shrank = false;

    rotate(other, 0, 1);
    for (int i = 0; i < 60; i++) {
        rotate(f->pki, 0, VEHICLES);
        off_t now = size_of(f->path);
        shrank = shrank || now < before;
        before = now;
    }
    assert_true(shrank);
    assert_true(before < (off_t)128 * 1024);
    rotate(other, 0, 1);
    assert_int_equal(car_of(other, 0).generation, 62);
    assert_int_equal(car_of(other, 3).generation, 60);
    pki_free(other);
    other = open_or_fail(f);
    const struct pki_car last = car_of(other, 0);
    assert_int_equal(last.generation, 62);
    assert_genuine(other, &last);
    pki_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_rotation_lasts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_generation_is_the_same_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_processes_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_such_car, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_car_has_made_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_will_not_wait_need_not, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_ones_are_recalled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_torn_record_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_near_the_end_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anothers_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_is_written_anew, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
