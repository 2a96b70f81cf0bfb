#include "net/revocation.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "pki/ocsp.h"

#define KEPT_MAX      32
#define DIGEST_SIZE   32
#define QUESTION_MAX  4096
#define TROUBLE_LASTS (5 * USEC_PER_SEC) /* before a responder that failed is asked again */

/* What is known of one certificate. */
struct kept {
    struct kept *next;
    struct revocation *owner;
    uint8_t digest[DIGEST_SIZE]; /* of the leaf; the cache is under one trust store */
    bool known;
    struct ocsp_judgement judgement;
    usec_t trouble_until; /* no answer: so long, by the monotonic clock */
    /* While it is asked: */
    void *asked; /* NULL: it is not */
    X509 *leaf, *issuer;
    X509_STORE *trust;
    struct revocation_waiter *waiters;
    int64_t told_at; /* Unix seconds, while waiters are told of an answer; 0: they are not */
};

struct revocation {
    enum revocation_mode mode;
    char *responder;
    struct revocation_asker asker;
    struct kept *kept; /* the newest first */
};

bool revocation_mode_parse(const char *name, enum revocation_mode *ret, struct error *err)
{
    /* ORDER REVOCATION_MODE */
    static const char *const names[REVOCATION_MODE_COUNT] = {"off", "if_stapled", "require"};

    for (int i = 0; i < REVOCATION_MODE_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum revocation_mode)i;
            return true;
        }
    return error_set(err, ERROR_USAGE, "OCSP: \"%.40s\" is none of off, if_stapled and require",
                     name);
}

struct revocation *revocation_new(enum revocation_mode mode, const char *responder)
{
    struct revocation *r = xcalloc(1, sizeof *r);

    r->mode = mode;
    r->responder = responder != NULL ? xstrdup(responder) : NULL;
    return r;
}

void revocation_set_asker(struct revocation *r, const struct revocation_asker *asker)
{
    r->asker = *asker;
}

/* ---- what is kept ---- */

static void forget_subject(struct kept *k)
{
    X509_free(k->leaf);
    X509_free(k->issuer);
    X509_STORE_free(k->trust);
    k->leaf = k->issuer = NULL;
    k->trust = NULL;
    k->asked = NULL;
}

static void kept_free(struct kept *k)
{
    if (k->asked != NULL)
        k->owner->asker.cancel(k->owner->asker.ctx, k->asked);
    forget_subject(k);
    free(k);
}

void revocation_free(struct revocation *r)
{
    if (r == NULL)
        return;
    while (r->kept != NULL) {
        struct kept *next = r->kept->next;
        kept_free(r->kept);
        r->kept = next;
    }
    free(r->responder);
    free(r);
}

static void digest_of(X509 *leaf, uint8_t ret[DIGEST_SIZE])
{
    unsigned len = 0;

    memset(ret, 0, DIGEST_SIZE);
    X509_digest(leaf, EVP_sha256(), ret, &len);
}

static struct kept *find(const struct revocation *r, X509 *leaf)
{
    uint8_t digest[DIGEST_SIZE];

    digest_of(leaf, digest);
    for (struct kept *k = r->kept; k != NULL; k = k->next)
        if (memcmp(k->digest, digest, DIGEST_SIZE) == 0)
            return k;
    return NULL;
}

/* A server whose certificate is another each time does not make it grow. */
static void trim(struct revocation *r)
{
    struct kept **at = &r->kept;

    for (size_t i = 0; *at != NULL && i < KEPT_MAX; i++)
        at = &(*at)->next;
    while (*at != NULL) {
        struct kept *k = *at;
        if (k->asked != NULL || k->told_at != 0) {
            at = &k->next;
            continue;
        }
        *at = k->next;
        kept_free(k);
    }
}

static struct kept *find_or_add(struct revocation *r, X509 *leaf)
{
    struct kept *k = find(r, leaf);

    if (k != NULL)
        return k;
    k = xcalloc(1, sizeof *k);
    k->owner = r;
    digest_of(leaf, k->digest);
    k->next = r->kept;
    r->kept = k;
    trim(r);
    return k;
}

static bool is_definite(enum ocsp_verdict verdict)
{
    return verdict == OCSP_VERDICT_GOOD || verdict == OCSP_VERDICT_REVOKED ||
           verdict == OCSP_VERDICT_UNKNOWN;
}

static void keep(struct kept *k, const struct ocsp_judgement *judgement)
{
    k->known = true;
    k->judgement = *judgement;
    k->trouble_until = is_definite(judgement->verdict) ? 0 : clock_now() + TROUBLE_LASTS;
}

/* Is there something to go by? Whether an answer still holds, our own clock says: a car whose clock
   is wrong does not make others ask. Who is told of an answer goes by it, though it ends meanwhile:
   the next question might be answered no better. */
static bool is_current(const struct kept *k)
{
    if (k == NULL || !k->known)
        return false;
    if (k->told_at != 0)
        return true;
    if (!is_definite(k->judgement.verdict))
        return clock_now() < k->trouble_until;
    return k->judgement.until + OCSP_SKEW >= (int64_t)time(NULL);
}

/* ---- judging ---- */

static enum revocation_state say(const struct ocsp_judgement *j, char *why, size_t size)
{
    if (j->verdict == OCSP_VERDICT_GOOD)
        return REVOCATION_FINE;
    snprintf(why, size, "certificate verify failed: OCSP: %s: %s", ocsp_verdict_name(j->verdict),
             j->why);
    return REVOCATION_BAD;
}

static enum revocation_state judge_kept(const struct kept *k, const struct revocation_subject *s,
                                        char *why, size_t size)
{
    const struct ocsp_judgement *j = &k->judgement;
    int64_t passed = k->told_at != 0 ? (int64_t)time(NULL) - k->told_at : 0;

    if (j->verdict == OCSP_VERDICT_GOOD && j->until + OCSP_SKEW < s->now - passed) {
        snprintf(why, size,
                 "certificate verify failed: OCSP: %s: by this car's clock there should be a newer "
                 "answer (check its clock)",
                 ocsp_verdict_name(OCSP_VERDICT_TOO_OLD));
        return REVOCATION_BAD;
    }
    return say(j, why, size);
}

/* A server may go on stapling, and a responder saying, what was so before it was revoked. */
static bool is_newer_kept(const struct kept *k, const struct ocsp_judgement *other)
{
    return is_current(k) && is_definite(k->judgement.verdict) && k->judgement.since > other->since;
}

static enum revocation_state judge_stapled(struct revocation *r, const struct revocation_subject *s,
                                           struct slice stapled, char *why, size_t size)
{
    const struct ocsp_subject subject = {
        .certificate = s->leaf, .issuer = s->issuer, .trust = s->trust, .now = s->now};
    struct ocsp_judgement judgement;

    ocsp_judge(stapled, &subject, &judgement);
    if (!is_definite(judgement.verdict))
        return say(&judgement, why, size);
    struct kept *k = find_or_add(r, s->leaf);
    if (is_newer_kept(k, &judgement))
        return judge_kept(k, s, why, size);
    /* For sessions that are resumed. */
    keep(k, &judgement);
    return say(&judgement, why, size);
}

/* NULL: there is none; free() it. */
static char *whom_to_ask(const struct revocation *r, X509 *leaf)
{
    return r->responder != NULL ? xstrdup(r->responder) : ocsp_responder_of(leaf);
}

static bool can_ask(const struct revocation *r, X509 *leaf)
{
    char *url = r->asker.ask != NULL ? whom_to_ask(r, leaf) : NULL;
    bool can = url != NULL;

    free(url);
    return can;
}

enum revocation_state revocation_judge(struct revocation *r, const struct revocation_subject *s,
                                       struct slice stapled, char *why, size_t size)
{
    if (stapled.len != 0 && s->issuer != NULL)
        return judge_stapled(r, s, stapled, why, size);
    const struct kept *k = find(r, s->leaf);
    bool current = is_current(k);
    if (r->mode == REVOCATION_IF_STAPLED)
        return current && is_definite(k->judgement.verdict) && s->issuer == NULL
                   ? judge_kept(k, s, why, size)
                   : REVOCATION_FINE;
    if (current)
        return judge_kept(k, s, why, size);
    if (s->issuer != NULL && can_ask(r, s->leaf))
        return REVOCATION_ASK;
    snprintf(why, size, "certificate verify failed: OCSP: %s: %s",
             ocsp_verdict_name(OCSP_VERDICT_MISSING),
             s->issuer != NULL ? "the server staples no answer, and its certificate names nobody "
                                 "who could be asked (name one: --ocsp-responder)"
                               : "what was known when the session began holds no more");
    return REVOCATION_BAD;
}

bool revocation_allows_resuming(const struct revocation *r, X509 *leaf, int64_t now)
{
    const struct revocation_subject subject = {.leaf = leaf, .now = now};
    const struct kept *k = find(r, leaf);
    char ignored[512];

    if (!is_current(k) || !is_definite(k->judgement.verdict))
        return r->mode != REVOCATION_REQUIRE;
    return judge_kept(k, &subject, ignored, sizeof ignored) == REVOCATION_FINE;
}

/* ---- asking ---- */

/* Who waits again while it is told waits for the next answer. */
static void tell(struct kept *k, int64_t now)
{
    struct revocation_waiter *told = k->waiters;

    if (told != NULL)
        told->link = &told;
    k->waiters = NULL;
    k->told_at = now;
    while (told != NULL) {
        struct revocation_waiter *w = told;
        revocation_cancel(w);
        w->fn(w->arg);
    }
    k->told_at = 0;
}

static void on_answer(void *arg, struct slice answer, const char *why)
{
    struct kept *k = arg;
    const struct ocsp_subject subject = {
        .certificate = k->leaf, .issuer = k->issuer, .trust = k->trust, .now = (int64_t)time(NULL)};
    struct ocsp_judgement judgement = {.verdict = OCSP_VERDICT_UNREACHABLE};

    if (why == NULL)
        ocsp_judge(answer, &subject, &judgement);
    else
        snprintf(judgement.why, sizeof judgement.why, "the responder: %s", why);
    if (!is_newer_kept(k, &judgement))
        keep(k, &judgement);
    forget_subject(k);
    tell(k, subject.now);
}

static void wait_for(struct kept *k, struct revocation_waiter *w)
{
    w->next = k->waiters;
    w->link = &k->waiters;
    if (w->next != NULL)
        w->next->link = &w->next;
    k->waiters = w;
}

void revocation_cancel(struct revocation_waiter *w)
{
    if (w->link == NULL)
        return;
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    w->link = NULL;
}

static void ask(struct kept *k, const struct revocation_subject *s)
{
    struct revocation *r = k->owner;
    char *url = whom_to_ask(r, s->leaf);
    struct buf question;
    struct error err;

    X509_up_ref(s->leaf);
    X509_up_ref(s->issuer);
    X509_STORE_up_ref(s->trust);
    k->leaf = s->leaf;
    k->issuer = s->issuer;
    k->trust = s->trust;
    buf_init(&question, QUESTION_MAX);
    ocsp_question(s->leaf, s->issuer, &question, &err);
    k->asked = r->asker.ask(r->asker.ctx, url, buf_slice(&question), on_answer, k);
    buf_done(&question);
    free(url);
}

void revocation_wait(struct revocation *r, const struct revocation_subject *s,
                     struct revocation_waiter *w)
{
    struct kept *k = find_or_add(r, s->leaf);

    wait_for(k, w);
    if (k->asked == NULL)
        ask(k, s);
}
