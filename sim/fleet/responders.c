#include "fleet/responders.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "fetch/ask.h"
#include "fetch/fetcher.h"
#include "pki/ocsp.h"

/* Less than a handshake may take: so that it is the responder that is named. */
#define PATIENCE (5 * USEC_PER_SEC)

struct responders {
    struct fetcher *fetcher;
};

struct question {
    struct ask *ask;
    void (*done)(void *arg, struct slice answer, const char *why);
    void *arg;
};

static void end(struct question *q)
{
    ask_free(q->ask);
    free(q);
}

static void on_answered(void *ctx, struct slice answer, const char *why)
{
    struct question *q = ctx;

    q->done(q->arg, answer, why);
    end(q);
}

static void *ask(void *ctx, const char *url, struct slice question,
                 void (*done)(void *arg, struct slice answer, const char *why), void *arg)
{
    struct responders *r = ctx;
    struct question *q = xcalloc(1, sizeof *q);
    const struct ask_request request = {.url = url,
                                        .content_type = "application/ocsp-request",
                                        .body = question,
                                        .answer_max = OCSP_ANSWER_MAX,
                                        .patience = PATIENCE};

    *q = (struct question){.done = done, .arg = arg};
    q->ask = ask_start(r->fetcher, &request, &(struct ask_owner){on_answered, q});
    return q;
}

static void cancel(void *ctx, void *asked)
{
    (void)ctx;
    end(asked);
}

struct responders *responders_new(struct loop *loop)
{
    struct responders *r = xcalloc(1, sizeof *r);

    r->fetcher = fetcher_new(loop, &(struct fetcher_options){0});
    return r;
}

void responders_free(struct responders *r)
{
    if (r == NULL)
        return;
    fetcher_free(r->fetcher);
    free(r);
}

struct revocation_asker responders_asker(struct responders *r)
{
    return (struct revocation_asker){ask, cancel, r};
}
