/*
 * Is the server's certificate revoked? A server that staples, one that does not, and a responder
 * that is asked; and the clock by which a car verifies all that.
 */
#include "link_party.h"

#include <time.h>

#include "support/fake_ocsp.h"

#define DAY 86400L

/* A server with an answer to staple, and a responder; both may have none. */
struct scene {
    struct party p;
    struct buf stapled, answer;
    const char *why; /* the responder fails */
    unsigned asked, cancelled;
    char url[64];
    void (*done)(void *arg, struct slice answer, const char *why);
    void *arg;
};

static int staple(SSL *ssl, void *arg)
{
    struct scene *s = arg;
    size_t len = buf_len(&s->stapled);

    if (len == 0)
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_memdup(buf_data(&s->stapled), len);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)len);
    return SSL_TLSEXT_ERR_OK;
}

static void *ask(void *ctx, const char *url, struct slice question,
                 void (*done)(void *arg, struct slice answer, const char *why), void *arg)
{
    struct scene *s = ctx;

    assert_true(question.len > 0);
    snprintf(s->url, sizeof s->url, "%s", url);
    s->asked++;
    s->done = done;
    s->arg = arg;
    return s;
}

static void cancel(void *ctx, void *asked)
{
    struct scene *s = ctx;

    assert_ptr_equal(asked, s);
    s->cancelled++;
    s->done = NULL;
}

static void answer_now(struct scene *s)
{
    void (*done)(void *arg, struct slice answer, const char *why) = s->done;

    s->done = NULL;
    done(s->arg, buf_slice(&s->answer), s->why);
}

struct setting {
    const char *mode, *responder;
    const struct fake_cert *cert; /* NULL: server_cert */
    int max_version;
    bool resumption;
};

static void scene_init(struct scene *s, const struct setting *how)
{
    SSL_CTX *tls = fake_server_tls(how->cert != NULL ? how->cert : &server_cert, NULL);
    char *pem = fake_cert_pem(&ca);
    struct error err;

    memset(s, 0, sizeof *s);
    buf_init(&s->stapled, 16384);
    buf_init(&s->answer, 16384);
    SSL_CTX_set_max_proto_version(tls, how->max_version);
    SSL_CTX_set_tlsext_status_cb(tls, staple);
    SSL_CTX_set_tlsext_status_arg(tls, s);
    party_init(&s->p, tls, "127.0.0.1");
    s->p.tls = tls_context_new(&(struct tls_options){.ca_pem = slice_str(pem),
                                                     .ocsp = how->mode,
                                                     .ocsp_responder = how->responder,
                                                     .resumption = how->resumption},
                               &err);
    if (s->p.tls == NULL)
        fail_msg("%s", err.text);
    tls_context_ask_by(s->p.tls, &(struct revocation_asker){ask, cancel, s});
    s->p.options.tls = s->p.tls;
    free(pem);
}

static void scene_done(struct scene *s)
{
    party_done(&s->p);
    buf_done(&s->stapled);
    buf_done(&s->answer);
}

static void say_of(const struct fake_cert *about, int status, long from_s, long to_s,
                   struct buf *ret)
{
    buf_clear(ret);
    fake_ocsp_make(
        &(struct fake_answer){
            .about = about, .issuer = &ca, .status = status, .from_s = from_s, .to_s = to_s},
        ret);
}

static void again(struct scene *s)
{
    struct party *p = &s->p;

    link_finish(&p->link);
    p->opened = p->connected = p->received = p->closed = 0;
    buf_clear(&p->in);
    buf_clear(&p->server.in);
}

static void test_stapled(void **state)
{
    static const struct {
        const char *mode;
        int status;
        long from_s, to_s;
        const char *text; /* NULL: it connects */
    } cases[] = {
        {"require",    V_OCSP_CERTSTATUS_GOOD,    0,        DAY,  NULL                          },
        {"if_stapled", V_OCSP_CERTSTATUS_GOOD,    0,        DAY,  NULL                          },
        {"if_stapled", V_OCSP_CERTSTATUS_REVOKED, -DAY,     DAY,  "OCSP: revoked: \"server\" is"},
        {"require",    V_OCSP_CERTSTATUS_UNKNOWN, 0,        DAY,  "OCSP: unknown: "             },
        {"if_stapled", V_OCSP_CERTSTATUS_GOOD,    -2 * DAY, -DAY, "OCSP: too old: "             },
        {"if_stapled", V_OCSP_CERTSTATUS_GOOD,    DAY,      0,    "OCSP: from the future: "     },
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        size_t k = i / 2;
        struct scene s;
        scene_init(&s, &(struct setting){.mode = cases[k].mode,
                                         .max_version = i % 2 != 0 ? TLS1_2_VERSION : 0});
        say_of(&server_cert, cases[k].status, cases[k].from_s, cases[k].to_s, &s.stapled);
        if (cases[k].text == NULL) {
            echo_once(&s.p);
        } else {
            open_link(&s.p);
            expect_failure(&s.p, LINK_FAILURE_TLS, cases[k].text);
            assert_int_equal(s.p.opened, 0);
        }
        assert_int_equal(s.asked, 0);
        scene_done(&s);
    }
}

/* The newest answer counts, whatever is stapled later. */
static void test_an_older_answer_is_stapled(void **state)
{
    static const struct {
        int first, second;
        long first_from_s, second_from_s;
        bool connects;
    } cases[] = {
        {V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_GOOD,    0,   -60, false},
        {V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_GOOD,    -60, 0,   true },
        {V_OCSP_CERTSTATUS_GOOD,    V_OCSP_CERTSTATUS_REVOKED, -60, 0,   false},
        {V_OCSP_CERTSTATUS_GOOD,    V_OCSP_CERTSTATUS_REVOKED, 0,   -60, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        scene_init(&s, &(struct setting){.mode = "if_stapled"});
        say_of(&server_cert, cases[i].first, cases[i].first_from_s, DAY, &s.stapled);
        if (cases[i].first == V_OCSP_CERTSTATUS_GOOD) {
            echo_once(&s.p);
        } else {
            open_link(&s.p);
            expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: revoked: ");
        }
        again(&s);
        say_of(&server_cert, cases[i].second, cases[i].second_from_s, DAY, &s.stapled);
        if (cases[i].connects) {
            echo_once(&s.p);
        } else {
            open_link(&s.p);
            expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: revoked: ");
        }
        scene_done(&s);
    }
}

static void test_nothing_stapled(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, &(struct setting){.mode = "if_stapled"});
    echo_once(&s.p);
    scene_done(&s);
    /* Nobody is named who could be asked. */
    scene_init(&s, &(struct setting){.mode = "require"});
    open_link(&s.p);
    expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: missing: the server staples no answer");
    scene_done(&s);
    /* What is stapled is about something else, signed by somebody else, or nothing at all. */
    scene_init(&s, &(struct setting){.mode = "if_stapled"});
    say_of(&client_cert, V_OCSP_CERTSTATUS_GOOD, 0, DAY, &s.stapled);
    open_link(&s.p);
    expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: about another certificate: ");
    again(&s);
    buf_clear(&s.stapled);
    fake_ocsp_make(&(struct fake_answer){.about = &server_cert,
                                         .issuer = &ca,
                                         .signer = &other_ca,
                                         .status = V_OCSP_CERTSTATUS_GOOD,
                                         .to_s = DAY},
                   &s.stapled);
    open_link(&s.p);
    expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: not signed by the issuer: ");
    again(&s);
    buf_clear(&s.stapled);
    buf_append_str(&s.stapled, "junk");
    open_link(&s.p);
    expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: malformed: ");
    scene_done(&s);
}

/* One question for all, and none while its answer holds. */
static void test_a_responder_is_asked_once(void **state)
{
    static const int versions[] = {0, TLS1_2_VERSION};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;
        scene_init(&s, &(struct setting){.mode = "require",
                                         .responder = "http://127.0.0.1:1/ocsp",
                                         .max_version = versions[i]});
        say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, 0, DAY, &s.answer);
        open_link(&s.p);
        assert_true(until(&s.p, &s.asked, 1));
        assert_string_equal(s.url, "http://127.0.0.1:1/ocsp");
        for (int k = 0; k < 20; k++)
            turn(&s.p);
        assert_int_equal(s.p.opened, 0);
        assert_int_equal(s.p.link.state, LINK_CHECKING);
        answer_now(&s);
        assert_int_equal(s.p.opened, 1);
        for (int k = 0; k < 2; k++) {
            again(&s);
            echo_once(&s.p);
        }
        assert_int_equal(s.asked, 1);
        scene_done(&s);
    }
}

static void test_what_a_responder_may_say(void **state)
{
    static const struct {
        int status;
        const char *why, *text;
    } cases[] = {
        {V_OCSP_CERTSTATUS_REVOKED, NULL,       "OCSP: revoked: "                           },
        {V_OCSP_CERTSTATUS_UNKNOWN, NULL,       "OCSP: unknown: "                           },
        {V_OCSP_CERTSTATUS_GOOD,    "no route", "OCSP: unreachable: the responder: no route"},
    };
    struct fake_cert naming = fake_cert_make(&(struct fake_request){.name = "server",
                                                                    .issuer = &ca,
                                                                    .alt_names = "IP:127.0.0.1",
                                                                    .responder = "http://aia/",
                                                                    .to_days = 9});

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        scene_init(&s, &(struct setting){.mode = "require", .cert = &naming});
        s.why = cases[i].why;
        say_of(&naming, cases[i].status, 0, DAY, &s.answer);
        open_link(&s.p);
        assert_true(until(&s.p, &s.asked, 1));
        assert_string_equal(s.url, "http://aia/"); /* the one that the certificate names */
        answer_now(&s);
        expect_failure(&s.p, LINK_FAILURE_TLS, cases[i].text);
        /* The next car is told the same without asking again. */
        again(&s);
        open_link(&s.p);
        expect_failure(&s.p, LINK_FAILURE_TLS, cases[i].text);
        assert_int_equal(s.asked, 1);
        scene_done(&s);
    }
    fake_cert_free(&naming);
}

/* Closed, or given up, while the responder thinks. */
static void test_nobody_waits_any_more(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, &(struct setting){.mode = "require", .responder = "http://127.0.0.1:1/"});
    s.p.options.tls_timeout = 300 * USEC_PER_MSEC;
    open_link(&s.p);
    assert_true(until(&s.p, &s.asked, 1));
    expect_failure(&s.p, LINK_FAILURE_TIMEOUT, "asking by OCSP about 127.0.0.1");
    again(&s);
    s.p.options.tls_timeout = 0;
    open_link(&s.p); /* joins the question that is under way */
    while (s.p.link.state != LINK_CHECKING)
        turn(&s.p);
    link_close(&s.p.link);
    say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, 0, DAY, &s.answer);
    answer_now(&s);
    assert_int_equal(s.p.opened, 0);
    assert_int_equal(s.asked, 1);
    again(&s);
    echo_once(&s.p);
    scene_done(&s);

    scene_init(&s, &(struct setting){.mode = "require", .responder = "http://127.0.0.1:1/"});
    open_link(&s.p);
    assert_true(until(&s.p, &s.asked, 1));
    scene_done(&s);
    assert_int_equal(s.cancelled, 1);
}

/* A waiter that looks when the answer has just ended. */
struct late_waiter {
    struct revocation *revocation;
    struct revocation_subject subject;
    struct revocation_waiter waiter;
    time_t ends;
    unsigned told;
};

static enum revocation_state judge_or_wait(struct late_waiter *l)
{
    char why[512];
    l->subject.now = (int64_t)time(NULL);
    enum revocation_state state =
        revocation_judge(l->revocation, &l->subject, (struct slice){0}, why, sizeof why);

    if (state == REVOCATION_ASK)
        revocation_wait(l->revocation, &l->subject, &l->waiter);
    return state;
}

static void look_late(void *arg)
{
    struct late_waiter *l = arg;

    l->told++;
    while (time(NULL) <= l->ends)
        nanosleep(&(struct timespec){.tv_nsec = 20000000L}, NULL);
    assert_int_not_equal(judge_or_wait(l), REVOCATION_ASK);
}

/* It is told once, and goes by what it is told; the next asks anew. */
static void test_an_answer_that_ends_while_it_is_told(void **state)
{
    struct scene s = {0};
    struct late_waiter l = {
        .revocation = revocation_new(REVOCATION_REQUIRE, "http://127.0.0.1:1/"),
        .subject = {.leaf = server_cert.cert, .issuer = ca.cert},
        .waiter = {.fn = look_late,          .arg = &l        }
    };

    (void)state;
    l.subject.trust = X509_STORE_new();
    X509_STORE_add_cert(l.subject.trust, ca.cert);
    buf_init(&s.answer, 16384);
    revocation_set_asker(l.revocation, &(struct revocation_asker){ask, cancel, &s});
    assert_int_equal(judge_or_wait(&l), REVOCATION_ASK);
    l.ends = time(NULL) + 1;
    say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, -600, 1 - 300, &s.answer);
    answer_now(&s);
    assert_int_equal(l.told, 1);
    assert_int_equal(s.asked, 1);
    l.waiter.fn = NULL;
    judge_or_wait(&l);
    revocation_cancel(&l.waiter);
    revocation_free(l.revocation);
    X509_STORE_free(l.subject.trust);
    buf_done(&s.answer);
}

/* A session that is resumed goes by what is known. */
static void test_resumption(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, &(struct setting){.mode = "require", .resumption = true});
    say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, 0, DAY, &s.stapled);
    echo_once(&s.p);
    again(&s);
    buf_clear(&s.stapled); /* it would not do by itself */
    echo_once(&s.p);
    assert_true(tls_resumed(s.p.link.ssl));
    scene_done(&s);
}

/* What is kept has ended by this car's clock: a whole handshake, and sessions are resumed again. */
static void test_resumption_after_an_answer_has_ended(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, &(struct setting){.mode = "require", .resumption = true});
    say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, 0, DAY, &s.stapled);
    echo_once(&s.p);
    again(&s);
    say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, 0, 8 * DAY, &s.stapled);
    s.p.options.clock_offset = 3 * DAY;
    echo_once(&s.p);
    assert_false(tls_resumed(s.p.link.ssl));
    again(&s);
    echo_once(&s.p);
    assert_true(tls_resumed(s.p.link.ssl));
    scene_done(&s);
}

/* ---- the car's clock ---- */

static void test_a_wrong_clock(void **state)
{
    static const struct {
        int64_t offset;
        const char *text; /* NULL: it connects */
    } cases[] = {
        {0,                 NULL                                 },
        {3600,              NULL                                 },
        {-365 * DAY,        "certificate is not yet valid: \"CN="},
        {INT64_C(30) * DAY, "certificate has expired: \"CN="     },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct party p;
        party_init(&p, fake_server_tls(&server_cert, NULL), "127.0.0.1");
        party_trust(&p, &ca);
        p.options.clock_offset = cases[i].offset;
        if (cases[i].text == NULL) {
            echo_once(&p);
        } else {
            open_link(&p);
            expect_failure(&p, LINK_FAILURE_TLS, cases[i].text);
            assert_non_null(strstr(p.text, "; the car's clock says "));
        }
        party_done(&p);
    }
}

static void test_a_wrong_clock_and_a_staple(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, &(struct setting){.mode = "require"});
    say_of(&server_cert, V_OCSP_CERTSTATUS_GOOD, 0, DAY, &s.stapled);
    s.p.options.clock_offset = 3 * DAY;
    open_link(&s.p);
    expect_failure(&s.p, LINK_FAILURE_TLS, "OCSP: too old: ");
    /* Others are not told so. */
    again(&s);
    s.p.options.clock_offset = 0;
    echo_once(&s.p);
    scene_done(&s);
}

static void test_options(void **state)
{
    static const struct {
        struct tls_options options;
        const char *text;
    } cases[] = {
        {{.insecure = true, .ocsp = "require"},                 "while the server is not verified"   },
        {{.ocsp = "always"},                                    "none of off, if_stapled and require"},
        {{.ocsp = "if_stapled", .ocsp_responder = "http://x/"}, "nobody asks it"                     },
        {{.ocsp = "require", .ocsp_responder = "https://x/"},   "plain HTTP"                         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_null(tls_context_new(&cases[i].options, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        if (strstr(err.text, cases[i].text) == NULL)
            fail_msg("%s", err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stapled),
        cmocka_unit_test(test_an_older_answer_is_stapled),
        cmocka_unit_test(test_nothing_stapled),
        cmocka_unit_test(test_a_responder_is_asked_once),
        cmocka_unit_test(test_what_a_responder_may_say),
        cmocka_unit_test(test_nobody_waits_any_more),
        cmocka_unit_test(test_an_answer_that_ends_while_it_is_told),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_resumption_after_an_answer_has_ended),
        cmocka_unit_test(test_a_wrong_clock),
        cmocka_unit_test(test_a_wrong_clock_and_a_staple),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
