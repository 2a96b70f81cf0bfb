/* What to think of an OCSP answer, and what our own responder says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "pki/crl.h"
#include "pki/ocsp.h"
#include "pki/ocsp_responder.h"
#include "pki/pem_file.h"
#include "pki/rotation.h"
#include "support/fake_ocsp.h"

static struct fake_cert root, issuing, server, other, delegate, stranger, plain, outdated;

static int make_certificates(void **state)
{
    (void)state;
    root = fake_cert_make(&(struct fake_request){.name = "Root", .ca = true, .to_days = 9});
    issuing = fake_cert_make(
        &(struct fake_request){.name = "Issuing", .issuer = &root, .ca = true, .to_days = 9});
    server = fake_cert_make(&(struct fake_request){
        .name = "server", .issuer = &issuing, .responder = "http://127.0.0.1:9/", .to_days = 9});
    other =
        fake_cert_make(&(struct fake_request){.name = "other", .issuer = &issuing, .to_days = 9});
    delegate = fake_cert_make(&(struct fake_request){
        .name = "responder", .issuer = &issuing, .key_usage = "OCSPSigning", .to_days = 9});
    plain = fake_cert_make(
        &(struct fake_request){.name = "no responder", .issuer = &issuing, .to_days = 9});
    outdated = fake_cert_make(&(struct fake_request){.name = "old responder",
                                                     .issuer = &issuing,
                                                     .key_usage = "OCSPSigning",
                                                     .from_days = -9,
                                                     .to_days = -1});
    stranger = fake_cert_make(&(struct fake_request){.name = "Issuing", .ca = true, .to_days = 9});
    return 0;
}

static int free_certificates(void **state)
{
    struct fake_cert *all[] = {&root,     &issuing, &server,   &other,
                               &delegate, &plain,   &stranger, &outdated};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        fake_cert_free(all[i]);
    return 0;
}

static void judge(struct slice answer, struct ocsp_judgement *ret)
{
    X509_STORE *trust = X509_STORE_new();

    X509_STORE_add_cert(trust, root.cert);
    ocsp_judge(answer,
               &(struct ocsp_subject){.certificate = server.cert,
                                      .issuer = issuing.cert,
                                      .trust = trust,
                                      .now = (int64_t)time(NULL)},
               ret);
    X509_STORE_free(trust);
}

static void test_verdicts(void **state)
{
    const int good = V_OCSP_CERTSTATUS_GOOD;
    static const long day = 86400;
    const struct {
        struct fake_answer answer;
        enum ocsp_verdict verdict;
        const char *why;
    } cases[] = {
        {{&server, &issuing, NULL, good, 0, day, false},                         OCSP_VERDICT_GOOD,      ""                        },
        {{&server, &issuing, NULL, good, 0, day, true},                          OCSP_VERDICT_GOOD,      ""                        },
        {{&server, &issuing, &delegate, good, 0, day, false},                    OCSP_VERDICT_GOOD,      ""                        },
        {{&server, &issuing, NULL, good, -10, 0, false},                         OCSP_VERDICT_GOOD,      ""                        },
        {{&server, &issuing, NULL, V_OCSP_CERTSTATUS_REVOKED, -day, day, false},
         OCSP_VERDICT_REVOKED,                                                                           "(keyCompromise)"         },
        {{&server, &issuing, NULL, V_OCSP_CERTSTATUS_UNKNOWN, 0, day, false},
         OCSP_VERDICT_UNKNOWN,                                                                           "does not know \"server\""},
        {{&server, &issuing, NULL, good, -2 * day, -day, false},
         OCSP_VERDICT_TOO_OLD,                                                                           "a newer one since"       },
        {{&server, &issuing, NULL, good, -day, 0, false},                        OCSP_VERDICT_TOO_OLD,   "too old"                 },
        {{&server, &issuing, NULL, good, day, 2 * day, false},                   OCSP_VERDICT_NOT_YET,   "clocks"                  },
        {{&server, &issuing, &plain, good, 0, day, false},
         OCSP_VERDICT_UNTRUSTED,                                                                         "not signed by its issuer"},
        {{&server, &issuing, &stranger, good, 0, day, false},                    OCSP_VERDICT_UNTRUSTED, "not signed"              },
        {{&server, &issuing, &root, good, 0, day, false},                        OCSP_VERDICT_UNTRUSTED, "not signed"              },
        {{&server, &issuing, &outdated, good, 0, day, false},                    OCSP_VERDICT_UNTRUSTED, "not signed"              },
        {{&other, &issuing, NULL, good, 0, day, false},                          OCSP_VERDICT_OTHER,     "not about \"server\""    },
        {{&server, &stranger, NULL, good, 0, day, false},                        OCSP_VERDICT_OTHER,     "not about"               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ocsp_judgement j;
        struct buf der;
        buf_init(&der, OCSP_ANSWER_MAX);
        fake_ocsp_make(&cases[i].answer, &der);
        judge(buf_slice(&der), &j);
        if (j.verdict != cases[i].verdict || strstr(j.why, cases[i].why) == NULL)
            fail_msg("case %zu: %s: %s", i, ocsp_verdict_name(j.verdict), j.why);
        if (j.verdict == OCSP_VERDICT_GOOD)
            assert_string_equal(j.why, "");
        buf_done(&der);
    }
}

static void test_what_is_no_answer(void **state)
{
    struct ocsp_judgement j;
    struct buf der;

    (void)state;
    buf_init(&der, OCSP_ANSWER_MAX);
    fake_ocsp_make(
        &(struct fake_answer){&server, &issuing, NULL, V_OCSP_CERTSTATUS_GOOD, 0, 99, false}, &der);
    for (size_t len = 0; len < buf_len(&der); len++) {
        judge(slice_of(buf_data(&der), len), &j);
        assert_int_not_equal(j.verdict, OCSP_VERDICT_GOOD);
    }
    judge(slice_str("HTTP/1.1 200 OK"), &j);
    assert_int_equal(j.verdict, OCSP_VERDICT_MALFORMED);
    judge(slice_of("\x30\x03\x0a\x01\x03", 5), &j);
    assert_int_equal(j.verdict, OCSP_VERDICT_REFUSED);
    assert_non_null(strstr(j.why, "trylater"));
    buf_done(&der);
}

static void test_whom_a_certificate_names(void **state)
{
    char *url = ocsp_responder_of(server.cert);

    (void)state;
    assert_string_equal(url, "http://127.0.0.1:9/");
    assert_null(ocsp_responder_of(other.cert));
    free(url);
}

static char *named_by(const char *path)
{
    struct buf der;
    struct error err;

    buf_init(&der, PEM_FILE_MAX);
    assert_true(pem_file_read_certificate(path, &der, &err));
    const unsigned char *at = buf_data(&der);
    X509 *certificate = d2i_X509(NULL, &at, (long)buf_len(&der));
    char *url = ocsp_responder_of(certificate);
    X509_free(certificate);
    buf_done(&der);
    return url;
}

/* `fleetsim pki init --responder` and `pki issue --responder`. */
static void test_certificates_that_name_a_responder(void **state)
{
    char dir[] = "/tmp/ocsp-aia-XXXXXX", command[64];
    struct pki_options options = {.seed = "9"};
    struct pki_credential issued;
    struct error err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    static const char *const urls[] = {NULL, "http://127.0.0.1:1/", NULL, "http://127.0.0.1:2/"};
    const char *expected = NULL;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        options.responder = urls[i];
        expected = urls[i] != NULL ? urls[i] : expected; /* not given: as it was */
        assert_true(pki_init(dir, &options, &err));
        struct pki *pki = pki_open(dir, &err);
        char *url = named_by(pki_path(pki, PKI_FILE_SERVER));
        if (expected == NULL)
            assert_null(url);
        else
            assert_string_equal(url, expected);
        free(url);
        pki_free(pki);
    }
    options.responder = "https://127.0.0.1/";
    assert_false(pki_init(dir, &options, &err));
    assert_non_null(strstr(err.text, "plain HTTP"));
    struct pki *pki = pki_open(dir, &err);
    const struct pki_request request = {.role = CERTIFICATE_COMPANION,
                                        .name = "phone",
                                        .index = -1,
                                        .responder = "http://[::1]:8888/ocsp"};
    assert_true(pki_issue(pki, &request, &issued, &err));
    const unsigned char *at = issued.certificate;
    X509 *phone = d2i_X509(NULL, &at, (long)issued.certificate_len);
    char *url = ocsp_responder_of(phone);
    assert_string_equal(url, request.responder);
    free(url);
    X509_free(phone);
    pki_free(pki);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

/* ---- our responder ---- */

struct lab {
    char dir[32];
    struct pki *pki;
    struct ocsp_responder *responder;
    X509 *issuer;
    X509_STORE *trust;
};

static X509 *parse(struct slice der)
{
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);

    assert_non_null(certificate);
    return certificate;
}

static int open_lab(void **state)
{
    struct lab *lab = calloc(1, sizeof *lab);
    struct error err;

    snprintf(lab->dir, sizeof lab->dir, "/tmp/ocsp-XXXXXX");
    if (mkdtemp(lab->dir) == NULL ||
        !pki_init(lab->dir, &(struct pki_options){.seed = "9", .vehicles = 2}, &err))
        return -1;
    lab->pki = pki_open(lab->dir, &err);
    lab->responder = ocsp_responder_new(lab->dir, 60, &err);
    assert_non_null(lab->responder);
    lab->issuer = parse(pki_intermediate(lab->pki));
    lab->trust = X509_STORE_new();
    X509 *root_certificate = parse(pki_root(lab->pki));
    X509_STORE_add_cert(lab->trust, root_certificate);
    X509_free(root_certificate);
    *state = lab;
    return 0;
}

static int close_lab(void **state)
{
    struct lab *lab = *state;
    char command[64];

    ocsp_responder_free(lab->responder);
    pki_free(lab->pki);
    X509_free(lab->issuer);
    X509_STORE_free(lab->trust);
    snprintf(command, sizeof command, "rm -rf %s", lab->dir);
    int rc = system(command);
    free(lab);
    return rc;
}

static enum ocsp_verdict ask(const struct lab *lab, X509 *certificate, X509 *issuer,
                             struct ocsp_judgement *ret)
{
    struct buf question, answer;
    struct error err;
    char said[OCSP_SAID_SIZE];
    const int64_t now = (int64_t)time(NULL);

    buf_init(&question, 4096);
    buf_init(&answer, OCSP_ANSWER_MAX);
    assert_true(ocsp_question(certificate, issuer, &question, &err));
    ocsp_responder_answer(lab->responder, buf_slice(&question), now, &answer, said);
    assert_true(said[0] != '\0');
    ocsp_judge(buf_slice(&answer), &(struct ocsp_subject){certificate, issuer, lab->trust, now},
               ret);
    buf_done(&question);
    buf_done(&answer);
    return ret->verdict;
}

static void revoke(const struct lab *lab, struct slice certificate, const char *reason)
{
    struct error err;
    const struct crl_change change = {.certificates = &certificate,
                                      .count = 1,
                                      .reason = reason,
                                      .now = (int64_t)time(NULL),
                                      .days = 30};

    if (!crl_update(lab->pki, lab->dir, &change, &err))
        fail_msg("%s", err.text);
}

static void test_the_responder_follows_the_list(void **state)
{
    const struct lab *lab = *state;
    struct ocsp_judgement j;
    struct pki_car cars[2];
    X509 *leaves[2];
    struct error err;

    for (uint32_t i = 0; i < 2; i++) {
        assert_true(pki_car(lab->pki, i, &cars[i], &err));
        leaves[i] = parse(cars[i].certificate);
        assert_int_equal(ask(lab, leaves[i], lab->issuer, &j), OCSP_VERDICT_GOOD);
        assert_in_range(j.until, time(NULL) + 55, time(NULL) + 65);
    }
    revoke(lab, cars[0].certificate, NULL);
    assert_int_equal(ask(lab, leaves[0], lab->issuer, &j), OCSP_VERDICT_REVOKED);
    assert_null(strchr(j.why, '('));
    revoke(lab, cars[1].certificate, "superseded");
    assert_int_equal(ask(lab, leaves[1], lab->issuer, &j), OCSP_VERDICT_REVOKED);
    assert_non_null(strstr(j.why, "(superseded)"));
    /* A certificate of nobody that it speaks for. */
    assert_int_equal(ask(lab, server.cert, issuing.cert, &j), OCSP_VERDICT_REFUSED);
    assert_non_null(strstr(j.why, "unauthorized"));
    for (size_t i = 0; i < 2; i++)
        X509_free(leaves[i]);
}

static void test_questions_that_are_none(void **state)
{
    const struct lab *lab = *state;
    static const char *const questions[] = {"", "junk", "\x30\x80", "\x30\x02\x30"};

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct buf answer;
        char said[OCSP_SAID_SIZE];
        buf_init(&answer, OCSP_ANSWER_MAX);
        ocsp_responder_answer(lab->responder, slice_str(questions[i]), 0, &answer, said);
        assert_string_equal(said, "malformedrequest");
        assert_int_equal(buf_len(&answer), 5);
        buf_done(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_what_is_no_answer),
        cmocka_unit_test(test_whom_a_certificate_names),
        cmocka_unit_test(test_certificates_that_name_a_responder),
        cmocka_unit_test_setup_teardown(test_the_responder_follows_the_list, open_lab, close_lab),
        cmocka_unit_test_setup_teardown(test_questions_that_are_none, open_lab, close_lab),
    };

    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
