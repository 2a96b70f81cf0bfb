#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/store.h"
#include "pki/pem_file.h"
#include "pki/pki.h"

struct fixture {
    char dir[32];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->dir, sizeof f->dir, "/tmp/pki-test-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) != NULL ? 0 : -1;
}

static int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *fmt, ...)
{
    char command[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    int rc = run("rm -rf %s", f->dir);

    free(f);
    return rc;
}

static void init(const char *dir, const struct pki_options *options)
{
    struct error err = {0};

    if (!pki_init(dir, options, &err))
        fail_msg("%s", err.text);
}

static struct pki *open_or_fail(const char *dir)
{
    struct error err = {0};
    struct pki *pki = pki_open(dir, &err);

    if (pki == NULL)
        fail_msg("%s", err.text);
    return pki;
}

static void refused(const char *dir, const struct pki_options *options, const char *why)
{
    struct error err = {0};

    assert_false(pki_init(dir, options, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.text, why) == NULL)
        fail_msg("expected \"%s\" in: %s", why, err.text);
}

static int mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (int)(st.st_mode & 07777);
}

static void test_layout_and_modes(void **state)
{
    const struct fixture *f = *state;
    static const int modes[PKI_FILE_COUNT] = {0644, 0600, 0644, 0600, 0644,
                                              0600, 0644, 0600, 0600, 0600};
    char path[128];
    mode_t before = umask(0); /* the modes must not depend on it */

    snprintf(path, sizeof path, "%s/deep/er", f->dir);
    init(path, &(struct pki_options){.vehicles = 2});
    umask(before);
    struct pki *pki = open_or_fail(path);
    for (int i = 0; i < PKI_FILE_COUNT; i++)
        assert_int_equal(mode_of(pki_path(pki, (enum pki_file)i)), modes[i]);
    assert_int_equal(mode_of(path), 0700);
    snprintf(path, sizeof path, "%s/deep/er/pki", f->dir);
    assert_int_equal(mode_of(path), 0700);
    assert_int_equal(run("test $(ls -A %s | wc -l) -eq %d", path, PKI_FILE_COUNT), 0);
    assert_int_equal(strlen(pki_seed(pki)), 32);
    pki_free(pki);
}

/* The judge is the tool that everybody has. */
static void test_openssl_verifies(void **state)
{
    const struct fixture *f = *state;
    static const char *const names[] = {"cloud.example.test", "192.0.2.7"};
    static const char verify[] = "openssl verify -x509_strict -CAfile %s/pki/ca.pem -untrusted "
                                 "%s/pki/intermediate.pem %s >/dev/null 2>&1";
    char args[256];

    init(f->dir, &(struct pki_options){
                     .seed = "42", .vehicles = 1, .server_names = names, .server_name_count = 2});
    const char *hosts[] = {"-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip ::1",
                           "-verify_hostname cloud.example.test", "-verify_ip 192.0.2.7"};
    for (size_t i = 0; i < 5; i++) {
        snprintf(args, sizeof args, "-purpose sslserver %s %s/pki/server.pem", hosts[i], f->dir);
        assert_int_equal(run(verify, f->dir, f->dir, args), 0);
    }
    snprintf(args, sizeof args, "-purpose sslclient %s/pki/server.pem", f->dir);
    assert_int_not_equal(run(verify, f->dir, f->dir, args), 0);
    snprintf(args, sizeof args, "-verify_hostname elsewhere.test %s/pki/server.pem", f->dir);
    assert_int_not_equal(run(verify, f->dir, f->dir, args), 0);
    /* The chain in server.pem leads to the root by itself. */
    assert_int_equal(run("openssl verify -CAfile %s/pki/ca.pem -untrusted %s/pki/server.pem "
                         "%s/pki/server.pem >/dev/null 2>&1",
                         f->dir, f->dir, f->dir),
                     0);
    assert_int_equal(run("openssl ec -in %s/pki/server.key -check -noout >/dev/null 2>&1", f->dir),
                     0);
}

static struct slice issued(struct pki *pki, const struct pki_request *request,
                           struct pki_credential *ret)
{
    struct error err = {0};

    if (!pki_issue(pki, request, ret, &err))
        fail_msg("%s", err.text);
    return slice_of(ret->certificate, ret->certificate_len);
}

static void test_issued_credentials(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        struct pki_request request;
        int verifies;
    } cases[] = {
        {{.role = CERTIFICATE_COMPANION, .name = "phone", .index = -1},         0},
        {{.role = CERTIFICATE_CLAIM, .name = "claim", .index = -1},             0},
        {{.role = CERTIFICATE_VEHICLE, .name = "a-car-of-my-own", .index = -1}, 0},
        {{.role = CERTIFICATE_VEHICLE, .name = "seventh", .index = 7},          0},
        {{.role = CERTIFICATE_VEHICLE,
          .name = "late",
          .index = -1,
          .not_before = 1,
          .not_after = 2},
         2                                                                       },
    };
    struct pki_credential c;
    struct error err = {0};

    init(f->dir, &(struct pki_options){.seed = "42"});
    struct pki *pki = open_or_fail(f->dir);
    assert_null(pki_fleet(pki));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *dir = pki_issued_dir(pki, cases[i].request.name, &err);
        struct slice der = issued(pki, &cases[i].request, &c);
        assert_true(pki_write_credential(pki, dir, der, &c.key, &err));
        assert_int_equal(run("cd %s && openssl verify -x509_strict -purpose sslclient -CAfile "
                             "ca.pem -untrusted cert.pem cert.pem >/dev/null 2>&1",
                             dir),
                         cases[i].verifies);
        assert_int_equal(run("cd %s && test \"$(openssl pkey -in key.pem -pubout)\" = \"$(openssl "
                             "x509 -in cert.pem -noout -pubkey)\"",
                             dir),
                         0);
        assert_int_equal(run("test $(stat -c %%a %s/key.pem) = 600", dir), 0);
        free(dir);
    }
    pki_free(pki);
}

static void test_issuing_is_pure(void **state)
{
    const struct fixture *f = *state;
    struct pki_request request = {.role = CERTIFICATE_VEHICLE, .name = "car", .index = 1};
    struct pki_credential a, b;

    init(f->dir, &(struct pki_options){.seed = "42", .vehicles = 2});
    struct pki *pki = open_or_fail(f->dir);
    struct fleet_car car;
    assert_true(fleet_file_car(pki_fleet(pki), 1, &car, NULL));
    assert_true(slice_equal(issued(pki, &request, &a), issued(pki, &request, &b)));
    assert_memory_equal(&a.key, car.key, sizeof a.key);
    /* The VIN makes it the very certificate of the fleet. */
    request.name = car.identity.vin;
    assert_true(slice_equal(issued(pki, &request, &a), car.certificate));
    request.generation = 1;
    issued(pki, &request, &b);
    assert_memory_not_equal(a.key.scalar, b.key.scalar, EC_SCALAR_SIZE);
    request = (struct pki_request){.role = CERTIFICATE_COMPANION, .name = "car", .index = 1};
    issued(pki, &request, &b);
    assert_memory_not_equal(a.key.scalar, b.key.scalar, EC_SCALAR_SIZE);
    pki_free(pki);
}

static void test_bad_issues(void **state)
{
    const struct fixture *f = *state;
    static const char *const bad_names[] = {"a b"};
    static const struct {
        struct pki_request request;
        const char *expected;
    } cases[] = {
        {{.role = CERTIFICATE_ROOT, .name = "x"},                                                 "role root"        },
        {{.role = CERTIFICATE_INTERMEDIATE, .name = "x"},                                         "role intermediate"},
        {{.role = CERTIFICATE_COMPANION, .name = ""},                                             "1 to 64"          },
        {{.role = CERTIFICATE_SERVER, .name = "two words"},                                       "neither"          },
        {{.role = CERTIFICATE_SERVER, .name = "x", .alt_names = bad_names, .alt_name_count = 1},
         "neither"                                                                                                   },
        {{.role = CERTIFICATE_SERVER, .name = "x", .alt_names = bad_names, .alt_name_count = 65},
         "fewer"                                                                                                     },
    };
    static const char *const bad_dirs[] = {"", ".", "..", "a/b", ".hidden", "-rf"};
    struct pki_credential c;

    init(f->dir, &(struct pki_options){.seed = "42"});
    struct pki *pki = open_or_fail(f->dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_false(pki_issue(pki, &cases[i].request, &c, &err));
        if (strstr(err.text, cases[i].expected) == NULL)
            fail_msg("case %zu: %s", i, err.text);
    }
    for (size_t i = 0; i < sizeof bad_dirs / sizeof *bad_dirs; i++) {
        struct error err = {0};
        assert_null(pki_issued_dir(pki, bad_dirs[i], &err));
    }
    pki_free(pki);
}

static void test_same_seed_same_directory(void **state)
{
    const struct fixture *f = *state;
    char one[64], two[64];

    snprintf(one, sizeof one, "%s/one", f->dir);
    snprintf(two, sizeof two, "%s/two", f->dir);
    init(one, &(struct pki_options){.seed = "42", .vehicles = 20});
    init(two, &(struct pki_options){.seed = "42"});
    struct pki *pki = open_or_fail(two);
    struct error err = {0};
    assert_true(pki_grow(pki, 20, &err));
    assert_int_equal(fleet_file_count(pki_fleet(pki)), 20);
    pki_free(pki);
    /* The server certificate tells the day. */
    assert_int_equal(run("diff -r -x server.pem %s %s", one, two), 0);

    snprintf(two, sizeof two, "%s/three", f->dir);
    init(two, &(struct pki_options){.seed = "43", .vehicles = 20});
    assert_int_not_equal(run("cmp -s %s/pki/ca.key %s/pki/ca.key", one, two), 0);
    assert_int_not_equal(run("cmp -s %s/pki/fleet.bin %s/pki/fleet.bin", one, two), 0);
}

static void test_random_seeds_differ(void **state)
{
    const struct fixture *f = *state;
    char one[64], two[64];

    snprintf(one, sizeof one, "%s/one", f->dir);
    snprintf(two, sizeof two, "%s/two", f->dir);
    init(one, &(struct pki_options){0});
    init(two, &(struct pki_options){.seed = ""});
    assert_int_not_equal(run("cmp -s %s/pki/ca.key %s/pki/ca.key", one, two), 0);
}

static void test_init_again(void **state)
{
    const struct fixture *f = *state;
    static const char *const names[] = {"cloud.test"};
    static const char *const bad[] = {"a b"};
    char saved[64];

    snprintf(saved, sizeof saved, "%s-saved", f->dir);
    init(f->dir, &(struct pki_options){.seed = "42", .vehicles = 3});
    run("cp -r %s %s", f->dir, saved);
    init(f->dir, &(struct pki_options){0});
    init(f->dir, &(struct pki_options){.seed = "42", .vehicles = 1});
    assert_int_equal(run("diff -r %s %s", f->dir, saved), 0);
    refused(f->dir, &(struct pki_options){.seed = "43"}, "another seed");
    refused(f->dir, &(struct pki_options){.not_before = 1, .not_after = 2}, "another validity");
    refused(f->dir, &(struct pki_options){.not_before = 2, .not_after = 1}, "before it begins");
    refused(f->dir, &(struct pki_options){.vehicles = IDENTITY_MAX + 1}, "at most");
    refused(f->dir, &(struct pki_options){.seed = "\xff"}, "UTF-8");
    refused(f->dir, &(struct pki_options){.server_names = bad, .server_name_count = 1}, "neither");
    assert_int_equal(run("diff -r %s %s", f->dir, saved), 0);

    /* Only the server certificate changes for a new name; the key stays. */
    init(f->dir, &(struct pki_options){.server_names = names, .server_name_count = 1});
    assert_int_equal(run("diff -r -x server.pem -x pki.json %s %s", f->dir, saved), 0);
    assert_int_equal(
        run("openssl x509 -in %s/pki/server.pem -noout -checkhost cloud.test | grep -q "
            "'does match'",
            f->dir),
        0);

    /* What was lost is made again, byte for byte. */
    run("rm %s/pki/ca.* %s/pki/intermediate.* %s/pki/fleet.bin", f->dir, f->dir, f->dir);
    init(f->dir, &(struct pki_options){.vehicles = 3});
    assert_int_equal(run("diff -r -x server.pem -x pki.json %s %s", f->dir, saved), 0);
    run("rm -rf %s", saved);
}

static void test_an_old_server_certificate_is_renewed(void **state)
{
    const struct fixture *f = *state;
    struct pki_credential c;
    struct buf der;
    struct error err = {0};
    int64_t from, to;
    const struct pki_request old = {.role = CERTIFICATE_SERVER,
                                    .name = "localhost",
                                    .index = -1,
                                    .not_before = 1,
                                    .not_after = 2};

    init(f->dir, &(struct pki_options){.seed = "42"});
    struct pki *pki = open_or_fail(f->dir);
    struct slice expired = issued(pki, &old, &c);
    assert_true(pem_file_write_certificates(pki_path(pki, PKI_FILE_SERVER), &expired, 1, &err));
    init(f->dir, &(struct pki_options){0});
    buf_init(&der, CERTIFICATE_MAX);
    assert_true(pem_file_read_certificate(pki_path(pki, PKI_FILE_SERVER), &der, &err));
    assert_true(certificate_validity(buf_slice(&der), &from, &to, &err));
    assert_true(to > time(NULL));
    assert_true(to - from <= 398 * 86400);
    buf_done(&der);
    pki_free(pki);
}

static void test_damaged_directories(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *damage, *expected;
    } cases[] = {
        {"rm pki.json",                                                          "no PKI there"           },
        {"echo '{' > pki.json",                                                  "not a PKI's settings"   },
        {"echo '{}' > pki.json",                                                 "not a PKI's settings"   },
        {"echo '{\"version\":2}' > pki.json",                                    "another release"        },
        {"echo '{\"version\":1}' > pki.json",                                    "missing or wrong"       },
        {"sed -i 's/2025-01-01T/2025-01-01 /' pki.json",                         "missing or wrong"       },
        {"sed -i 's/\"::1\"/7/' pki.json",                                       "missing or wrong"       },
        {"sed -i 's/\"42\"/\"43\"/' pki.json",                                   "another seed"           },
        {"head -c 100000 /dev/zero > pki.json",                                  "longer than"            },
        {"rm ca.pem",                                                            "No such file"           },
        {": > ca.pem",                                                           "no certificate"         },
        {"echo hello > intermediate.pem",                                        "no certificate"         },
        {"cp ca.pem intermediate.pem",                                           "not of this private key"},
        {"cp server.pem intermediate.pem; cp server.key intermediate.key",       "no authority's"         },
        {"echo hello > intermediate.key",                                        "no private key"         },
        {"cp server.key intermediate.key",                                       "not of this private key"},
        {"openssl ecparam -name secp384r1 -genkey -noout -out intermediate.key", "P-256"                  },
        {"truncate -s -1 fleet.bin",                                             "truncated"              },
        {"rm intermediate.key; mkfifo intermediate.key",                         "not a regular file"     },
        {"rm intermediate.key; mkdir intermediate.key",                          "not a regular file"     },
    };
    char saved[64];

    snprintf(saved, sizeof saved, "%s-saved", f->dir);
    init(saved, &(struct pki_options){.seed = "42", .vehicles = 2});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        run("rm -rf %s && cp -r %s %s && cd %s/pki && { %s; }", f->dir, saved, f->dir, f->dir,
            cases[i].damage);
        struct pki *pki = pki_open(f->dir, &err);
        assert_null(pki);
        assert_int_equal(err.code, ERROR_USAGE);
        if (strstr(err.text, cases[i].expected) == NULL)
            fail_msg("%s: %s", cases[i].damage, err.text);
    }
    /* Keys whose settings are lost are never overwritten. */
    run("rm -rf %s && cp -r %s %s && rm %s/pki/pki.json", f->dir, saved, f->dir, f->dir);
    refused(f->dir, &(struct pki_options){.seed = "42"}, "keys but no pki.json");
    run("rm -rf %s", saved);
}

static void test_unusable_places(void **state)
{
    const struct fixture *f = *state;
    char path[64];
    struct error err = {0};

    snprintf(path, sizeof path, "%s/file", f->dir);
    assert_int_equal(run(": > %s", path), 0);
    refused(path, &(struct pki_options){0}, "Not a directory");
    refused("", &(struct pki_options){0}, "empty name");
    assert_null(pki_open("/nonexistent", &err));
    assert_non_null(strstr(err.text, "fleetsim pki init"));
}

/* Shards start at once and all make sure of the same PKI. */
static void test_many_processes_at_once(void **state)
{
    const struct fixture *f = *state;
    pid_t pids[6];

    for (size_t i = 0; i < 6; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct error err = {0};
            struct pki_options o = {.seed = "42", .vehicles = (uint32_t)(10 + i)};
            struct pki *pki = pki_init(f->dir, &o, &err) ? pki_open(f->dir, &err) : NULL;
            bool ok = pki != NULL && fleet_file_count(pki_fleet(pki)) >= o.vehicles;
            pki_free(pki);
            _exit(ok ? 0 : 1);
        }
    }
    for (size_t i = 0; i < 6; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    struct pki *pki = open_or_fail(f->dir);
    assert_int_equal(fleet_file_count(pki_fleet(pki)), 15);
    pki_free(pki);
}

/* An intermediate from elsewhere may sit in the directory. */
static void test_bring_your_own_authority(void **state)
{
    const struct fixture *f = *state;

    assert_int_equal(
        run("mkdir -p %s/pki && cd %s/pki && exec >/dev/null 2>&1 && "
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key "
            "-out ca.pem -days 30 -subj '/C=XX/O=Own Company/CN=Own Root' && "
            "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
            "intermediate.key -out i.csr -subj '/C=XX/O=Own Company/CN=Own Issuer' && "
            "printf 'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=critical,keyCertSign\\n"
            "subjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' > ext && "
            "openssl x509 -req -in i.csr -CA ca.pem -CAkey ca.key -extfile ext -days 20 -out "
            "intermediate.pem && rm i.csr ext && printf '{\"version\":1,\"seed\":\"own\","
            "\"not_before\":\"2025-01-01T00:00:00Z\",\"not_after\":\"2045-01-01T00:00:00Z\","
            "\"server_names\":[\"localhost\"]}' > pki.json",
            f->dir, f->dir),
        0);
    init(f->dir, &(struct pki_options){.vehicles = 2});
    struct pki *pki = open_or_fail(f->dir);
    struct fleet_car car;
    struct error err = {0};
    assert_true(fleet_file_car(pki_fleet(pki), 1, &car, &err));
    char *dir = pki_issued_dir(pki, car.identity.vin, &err);
    assert_true(pki_write_credential(pki, dir, car.certificate, car.key, &err));
    assert_int_equal(run("cd %s && openssl verify -CAfile ca.pem -untrusted cert.pem "
                         "cert.pem >/dev/null 2>&1",
                         dir),
                     0);
    free(dir);
    pki_free(pki);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_layout_and_modes),
        WITH_DIR(test_openssl_verifies),
        WITH_DIR(test_issued_credentials),
        WITH_DIR(test_issuing_is_pure),
        WITH_DIR(test_bad_issues),
        WITH_DIR(test_same_seed_same_directory),
        WITH_DIR(test_random_seeds_differ),
        WITH_DIR(test_init_again),
        WITH_DIR(test_an_old_server_certificate_is_renewed),
        WITH_DIR(test_damaged_directories),
        WITH_DIR(test_unusable_places),
        WITH_DIR(test_many_processes_at_once),
        WITH_DIR(test_bring_your_own_authority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
