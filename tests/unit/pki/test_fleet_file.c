#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/store.h"
#include "pki/fleet_file.h"

#define HEADER_SIZE 72
#define RECORD_SIZE 768

struct fixture {
    char dir[32];
    char path[64];
    struct fleet_recipe recipe;
    const struct fleet_progress *progress;
};

static struct fleet_recipe recipe_of(const char *seed)
{
    struct fleet_recipe recipe = {.seed = slice_str(seed),
                                  .not_before = INT64_C(1735689600),
                                  .not_after = INT64_C(2366841600)};
    struct ec *ec = ec_new();
    struct ec_key key;
    struct buf der;
    struct error err;
    uint8_t spki[EC_SPKI_SIZE] = {0};

    ec_key_derive(ec, slice_str(seed), "root", 0, 0, &key);
    ec_key_spki(&key, spki);
    const struct certificate_issuer self = {.key = key};
    const struct certificate_request request = {.role = CERTIFICATE_ROOT,
                                                .name = "test root",
                                                .spki = slice_of(spki, sizeof spki),
                                                .not_before = recipe.not_before,
                                                .not_after = recipe.not_after};
    buf_init(&der, CERTIFICATE_MAX);
    assert_true(certificate_make(ec, &self, &request, &der, &err));
    assert_true(certificate_issuer_init(&key, buf_slice(&der), &recipe.issuer, &err));
    buf_done(&der);
    ec_free(ec);
    return recipe;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->dir, sizeof f->dir, "/tmp/fleet-file-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/fleet.bin", f->dir);
    f->recipe = recipe_of("42");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    unlink(f->path);
    int rc = rmdir(f->dir); /* fails if a temporary file was left behind */
    free(f);
    return rc;
}

static void build(const struct fixture *f, uint32_t count, unsigned threads)
{
    struct error err = {0};

    if (!fleet_file_build(f->path, &f->recipe, count, threads, f->progress, &err))
        fail_msg("%s", err.text);
}

static void contents(const char *path, struct buf *ret)
{
    struct error err = {0};

    buf_init(ret, SIZE_MAX / 2);
    if (!store_read(path, ret, &err))
        fail_msg("%s", err.text);
}

static void test_every_car_is_whole(void **state)
{
    const struct fixture *f = *state;
    struct error err = {0};
    struct stat st;
    EVP_PKEY *authority = ec_key_to_pkey(&f->recipe.issuer.key, &err);

    build(f, 300, 2);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, HEADER_SIZE + 300 * RECORD_SIZE);
    struct fleet_file *ff = fleet_file_open(f->path, &f->recipe, &err);
    assert_non_null(ff);
    assert_int_equal(fleet_file_count(ff), 300);
    for (uint32_t k = 0; k < 300; k++) {
        struct fleet_car car;
        char name[64];
        assert_true(fleet_file_car(ff, k, &car, &err));
        assert_int_equal(car.identity.index, k);
        const unsigned char *at = car.certificate.data;
        X509 *x509 = d2i_X509(NULL, &at, (long)car.certificate.len);
        EVP_PKEY *pkey = ec_key_to_pkey(car.key, &err);
        assert_int_equal(X509_verify(x509, authority), 1);
        assert_int_equal(X509_check_private_key(x509, pkey), 1);
        X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof name);
        assert_string_equal(name, car.identity.thing_name);
        EVP_PKEY_free(pkey);
        X509_free(x509);
    }
    struct fleet_car car;
    assert_false(fleet_file_car(ff, 300, &car, &err));
    assert_non_null(strstr(err.text, "has 300"));
    fleet_file_free(ff);
    EVP_PKEY_free(authority);
}

static void test_same_seed_same_file(void **state)
{
    struct fixture *f = *state;
    struct buf one, grown;

    build(f, 700, 1);
    contents(f->path, &one);
    unlink(f->path);
    build(f, 10, 1);
    build(f, 300, 2);
    build(f, 700, 3);
    contents(f->path, &grown);
    assert_true(slice_equal(buf_slice(&one), buf_slice(&grown)));
    build(f, 5, 1); /* smaller: nothing to do */
    buf_done(&grown);
    contents(f->path, &grown);
    assert_true(slice_equal(buf_slice(&one), buf_slice(&grown)));
    buf_done(&one);
    buf_done(&grown);
}

static void test_an_open_fleet_survives_growth(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct fleet_car before, after;

    build(f, 3, 1);
    struct fleet_file *old = fleet_file_open(f->path, &f->recipe, &err);
    build(f, 6, 1);
    struct fleet_file *new = fleet_file_open(f->path, &f->recipe, &err);
    assert_int_equal(fleet_file_count(old), 3);
    assert_int_equal(fleet_file_count(new), 6);
    assert_true(fleet_file_car(old, 2, &before, &err));
    assert_true(fleet_file_car(new, 2, &after, &err));
    assert_true(slice_equal(before.certificate, after.certificate));
    assert_memory_equal(before.key, after.key, sizeof *after.key);
    fleet_file_free(old);
    fleet_file_free(new);
}

static void expect_refused(const struct fixture *f, const struct fleet_recipe *recipe,
                           const char *why)
{
    struct error err = {0};
    struct fleet_file *ff = fleet_file_open(f->path, recipe, &err);

    assert_null(ff);
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.text, why) == NULL)
        fail_msg("expected \"%s\" in: %s", why, err.text);
}

static void test_foreign_fleets_are_refused(void **state)
{
    struct fixture *f = *state;
    struct fleet_recipe other;
    struct error err = {0};

    build(f, 3, 1);
    struct fleet_file *any = fleet_file_open(f->path, NULL, &err);
    assert_non_null(any);
    fleet_file_free(any);
    other = recipe_of("43");
    expect_refused(f, &other, "another seed");
    other = f->recipe;
    other.not_after++;
    expect_refused(f, &other, "another seed, issuer or validity");
    other = f->recipe;
    other.seed = slice_str("43");
    expect_refused(f, &other, "another seed");
    assert_false(fleet_file_build(f->path, &other, 10, 1, NULL, &err));
    assert_false(fleet_file_build(f->path, &f->recipe, IDENTITY_MAX + 1, 1, NULL, &err));
}

static void overwrite(const struct fixture *f, struct slice bytes)
{
    struct error err = {0};

    assert_true(store_write(f->path, STORE_SECRET, bytes, &err));
}

static void test_truncated_files_are_refused(void **state)
{
    const struct fixture *f = *state;
    struct buf whole;

    build(f, 3, 1);
    contents(f->path, &whole);
    for (size_t len = 0; len < buf_len(&whole); len += len < 100 ? 1 : 37) {
        overwrite(f, slice_of(buf_data(&whole), len));
        expect_refused(f, &f->recipe, len < 8 ? "not a fleet file" : "truncated");
    }
    buf_append_str(&whole, "x");
    overwrite(f, buf_slice(&whole));
    expect_refused(f, &f->recipe, "too long");
    buf_done(&whole);
}

static void test_every_flipped_bit_is_found(void **state)
{
    const struct fixture *f = *state;
    struct buf whole;

    build(f, 2, 1);
    contents(f->path, &whole);
    for (size_t i = 0; i < buf_len(&whole); i++) {
        buf_data(&whole)[i] ^= (uint8_t)(1u << (i % 8));
        int fd = open(f->path, O_WRONLY);
        assert_int_equal(pwrite(fd, buf_data(&whole) + i, 1, (off_t)i), 1);
        struct error err = {0};
        if (fleet_file_open(f->path, &f->recipe, &err) != NULL)
            fail_msg("byte %zu changed unseen", i);
        assert_int_equal(err.code, ERROR_USAGE);
        buf_data(&whole)[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(pwrite(fd, buf_data(&whole) + i, 1, (off_t)i), 1);
        close(fd);
    }
    buf_done(&whole);
}

static void test_other_files_are_refused(void **state)
{
    struct fixture *f = *state;
    static char text[4096];

    expect_refused(f, &f->recipe, "No such file");
    overwrite(f, slice_of(NULL, 0));
    expect_refused(f, &f->recipe, "not a fleet file");
    memset(text, 'x', sizeof text);
    overwrite(f, slice_of(text, sizeof text));
    expect_refused(f, &f->recipe, "not a fleet file");
    unlink(f->path);
    mkdir(f->path, 0700);
    expect_refused(f, &f->recipe, "not a fleet file");
    rmdir(f->path);
}

static void test_an_empty_fleet(void **state)
{
    const struct fixture *f = *state;
    struct error err = {0};

    build(f, 0, 0);
    struct fleet_file *ff = fleet_file_open(f->path, &f->recipe, &err);
    assert_non_null(ff);
    assert_int_equal(fleet_file_count(ff), 0);
    fleet_file_free(ff);
}

static void on_made(void *ctx, uint32_t made, uint32_t count)
{
    uint32_t *last = ctx;

    assert_true(made > *last);
    assert_int_equal(count, 300);
    *last = made;
}

static void test_progress_is_told_up_to_the_last_car(void **state)
{
    struct fixture *f = *state;
    uint32_t last = 0;
    const struct fleet_progress progress = {.made = on_made, .ctx = &last};

    f->progress = &progress;
    build(f, 300, 2);
    assert_int_equal(last, 300);
    last = 400; /* nothing is made, so nothing is told */
    build(f, 300, 2);
    assert_int_equal(last, 400);
}

static void test_an_issuer_with_a_long_name(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct fleet_recipe recipe = f->recipe;

    memset(recipe.issuer.subject, 0, sizeof recipe.issuer.subject);
    recipe.issuer.subject_len = sizeof recipe.issuer.subject;
    assert_false(fleet_file_build(f->path, &recipe, 3, 2, NULL, &err));
    assert_non_null(strstr(err.text, "shorter"));
    assert_int_equal(access(f->path, F_OK), -1);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_every_car_is_whole),
        WITH_DIR(test_same_seed_same_file),
        WITH_DIR(test_an_open_fleet_survives_growth),
        WITH_DIR(test_foreign_fleets_are_refused),
        WITH_DIR(test_truncated_files_are_refused),
        WITH_DIR(test_every_flipped_bit_is_found),
        WITH_DIR(test_other_files_are_refused),
        WITH_DIR(test_an_empty_fleet),
        WITH_DIR(test_progress_is_told_up_to_the_last_car),
        WITH_DIR(test_an_issuer_with_a_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
