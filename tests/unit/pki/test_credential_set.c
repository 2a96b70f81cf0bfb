/* Certificates that somebody else has made: folders and lists, and what is wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xmem.h"
#include "pki/credential_set.h"
#include "pki/pki.h"

/* A PKI with two issued pairs, "car-1" and "car-2", whose files tests link and copy. */
struct bench {
    char dir[64], out[96];
};

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
    char command[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    assert_int_equal(system(command), 0); // NOLINT: a test's own words
}

static void issue(struct pki *pki, const struct bench *bench, const char *name)
{
    struct pki_request request = {.role = CERTIFICATE_VEHICLE, .name = name, .index = -1};
    struct pki_credential made;
    struct error err;
    char *to = xasprintf("%s/issued/%s", bench->dir, name);

    assert_true(pki_issue(pki, &request, &made, &err));
    assert_true(pki_write_credential(pki, to, slice_of(made.certificate, made.certificate_len),
                                     &made.key, &err));
    free(to);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    struct pki_options options = {.seed = "credentials"};
    struct error err;

    snprintf(bench->dir, sizeof bench->dir, "/tmp/fleetsim-test-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    snprintf(bench->out, sizeof bench->out, "%s/out", bench->dir);
    assert_true(pki_init(bench->dir, &options, &err));
    struct pki *pki = pki_open(bench->dir, &err);
    assert_non_null(pki);
    issue(pki, bench, "car-1");
    issue(pki, bench, "car-2");
    pki_free(pki);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    run("rm -rf %s", bench->dir);
    free(bench);
    return 0;
}

static void begin(const struct bench *bench)
{
    run("rm -rf %s && mkdir %s", bench->out, bench->out);
}

static void put(const struct bench *bench, const char *thing, const char *certificate,
                const char *key)
{
    run("cp -p %s/issued/%s/cert.pem %s/%s", bench->dir, thing, bench->out, certificate);
    run("cp -p %s/issued/%s/key.pem %s/%s", bench->dir, thing, bench->out, key);
}

static void list(const struct bench *bench, const char *text)
{
    char *path = xasprintf("%s/list.csv", bench->out);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static void expect(const struct bench *bench, const char *file, const char *things)
{
    struct error err;
    char seen[256] = "";
    char *path = xasprintf("%s%s", bench->out, file);
    struct credential_set *set = credential_set_load(path, &err);

    if (set == NULL)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < credential_set_count(set); i++) {
        const struct credential *c = credential_set_at(set, i);
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s ", c->thing);
        assert_true(c->leaf.len > 100 && c->key.len > 50);
        assert_int_equal(c->chain_count, 1);
    }
    assert_string_equal(seen, things);
    credential_set_free(set);
    free(path);
}

static void refuse(const struct bench *bench, const char *file, const char *why)
{
    struct error err = {0};
    char *path = xasprintf("%s%s", bench->out, file);

    assert_null(credential_set_load(path, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.text, why) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", why, err.text);
    free(path);
}

static void folders(void **state)
{
    const struct bench *bench = *state;

    begin(bench);
    put(bench, "car-1", "a.cert.pem", "a.key.pem");
    put(bench, "car-2", "b-certificate.pem.crt", "b-private.pem.key");
    put(bench, "car-1", "c.crt", "c.key");
    put(bench, "car-1", "d.pem", "d.key");
    run("mkdir %s/e && cp -p %s/issued/car-2/*.pem %s/e", bench->out, bench->dir, bench->out);
    run("cp %s/pki/ca.pem %s/ca.pem; cp %s/pki/ca.pem %s/root.pem; touch %s/readme.txt", bench->dir,
        bench->out, bench->dir, bench->out, bench->out);
    expect(bench, "", "a b c d e ");
}

static void lists(void **state)
{
    const struct bench *bench = *state;

    begin(bench);
    put(bench, "car-1", "1.pem", "1.key");
    put(bench, "car-2", "2.pem", "2.key");
    list(bench, "z,1.pem,1.key\r\n\n# a comment\n\"y\", 2.pem ,2.key\n");
    expect(bench, "/list.csv", "z y ");
    list(bench, "index,key,thing_name,certificate\n0,1.key,z,1.pem\n1,2.key,y,2.pem\n");
    expect(bench, "/list.csv", "z y ");
    list(bench, "z,1.pem\n");
    refuse(bench, "/list.csv", "list.csv:1: thing, cert and key expected");
    list(bench, "z,1.pem,1.key\nz,2.pem,2.key\n");
    refuse(bench, "/list.csv", "the thing z has two certificates");
    list(bench, "z z,1.pem,1.key\n");
    refuse(bench, "/list.csv", "\"z z\" is no thing's name");
    list(bench, "z,1.pem,2.key\n");
    refuse(bench, "/list.csv", "2.key: not the key of");
    list(bench, "z,1.key,1.key\n");
    refuse(bench, "/list.csv", "1.key: no certificate in it");
    list(bench, "z,1.pem,1.pem\n");
    run("chmod 600 %s/1.pem", bench->out);
    refuse(bench, "/list.csv", "1.pem: no private key in it");
    list(bench, "z,3.pem,1.key\n");
    refuse(bench, "/list.csv", "3.pem");
    list(bench, "");
    refuse(bench, "/list.csv", "no certificates in it");
}

static void keys_that_others_may_read(void **state)
{
    const struct bench *bench = *state;

    begin(bench);
    put(bench, "car-1", "a.cert.pem", "a.key.pem");
    run("chmod 640 %s/a.key.pem", bench->out);
    refuse(bench, "", "a.key.pem: others may read this key (chmod 600 it)");
    refuse(bench, "/nowhere", "nowhere: No such file");
}

static void as_files(void **state)
{
    const struct bench *bench = *state;
    struct error err;
    struct buf pem;
    char name[64];
    char *path = xasprintf("%s/issued/car-1/cert.pem", bench->dir);

    begin(bench);
    put(bench, "car-1", "a.cert.pem", "a.key.pem");
    struct credential_set *set = credential_set_load(bench->out, &err);
    assert_non_null(set);
    buf_init(&pem, 65536);
    assert_true(credential_pem(credential_set_at(set, 0), &pem));
    assert_non_null(strstr(buf_cstr(&pem), "BEGIN CERTIFICATE"));
    assert_non_null(strstr(buf_cstr(&pem), "PRIVATE KEY"));
    buf_done(&pem);
    credential_set_free(set);
    assert_true(credential_common_name(path, name, sizeof name, &err));
    assert_string_equal(name, "car-1");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders),
        cmocka_unit_test(lists),
        cmocka_unit_test(keys_that_others_may_read),
        cmocka_unit_test(as_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
