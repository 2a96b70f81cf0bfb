#include "fleet/key_maker.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "pki/signing_request.h"

#define KEY_MAX 8192
#define CSR_MAX 8192

struct key_order {
    struct key_order *next;
    struct key_maker *maker;
    char *common_name;
    void (*done)(void *ctx, const struct key_made *made); /* NULL: cancelled; the loop's thread's */
    void *ctx;
    struct buf key, csr;
    bool ok;
    struct error err;
};

struct key_maker {
    struct loop *loop;
    struct wire_party party;
    pthread_t thread;
    bool started;
    size_t open; /* orders whose letters have not come back: they outlive it */
    bool freed;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct key_order *first, **last; /* waiting; under the lock */
    bool ending;
};

static void order_free(struct key_order *order)
{
    if (order->key.data != NULL)
        OPENSSL_cleanse(order->key.data, order->key.cap);
    buf_done(&order->key);
    buf_done(&order->csr);
    free(order->common_name);
    free(order);
}

static void maker_done(struct key_maker *m)
{
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* On the loop's thread. */
static void on_made(void *arg)
{
    struct key_order *order = arg;
    struct key_maker *m = order->maker;
    struct key_made made = {
        .key = order->ok ? buf_slice(&order->key) : slice_of(NULL, 0),
        .csr = order->ok ? buf_cstr(&order->csr) : NULL,
        .why = order->err.text,
    };

    m->open--;
    wire_release(&m->party);
    if (order->done != NULL)
        order->done(order->ctx, &made);
    order_free(order);
    if (m->freed && m->open == 0)
        maker_done(m);
}

static struct key_order *take(struct key_maker *m)
{
    pthread_mutex_lock(&m->lock);
    while (m->first == NULL && !m->ending)
        pthread_cond_wait(&m->changed, &m->lock);
    struct key_order *order = m->ending ? NULL : m->first;
    if (order != NULL)
        m->first = order->next;
    if (m->first == NULL)
        m->last = &m->first;
    pthread_mutex_unlock(&m->lock);
    return order;
}

static void make(struct key_order *order)
{
    order->ok = signing_request_make(order->common_name, &order->key, &order->csr, &order->err);
    loop_post(order->maker->loop, on_made, order);
}

static void *work(void *arg)
{
    struct key_order *order;

    while ((order = take(arg)) != NULL)
        make(order);
    return NULL;
}

/* It has no connection: nothing to be fenced. */
static bool no_fence(void *ctx)
{
    (void)ctx;
    return false;
}

struct key_maker *key_maker_new(struct loop *loop, struct wire *wire)
{
    struct key_maker *m = xcalloc(1, sizeof *m);

    m->loop = loop;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    if (wire != NULL)
        wire_join(wire, &m->party, no_fence, m, false);
    return m;
}

void key_maker_free(struct key_maker *m)
{
    if (m == NULL)
        return;
    pthread_mutex_lock(&m->lock);
    m->ending = true;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    if (m->started)
        pthread_join(m->thread, NULL);
    while (m->first != NULL) {
        struct key_order *order = m->first;
        m->first = order->next;
        order_free(order);
        m->open--;
    }
    wire_leave(&m->party);
    m->freed = true;
    if (m->open == 0)
        maker_done(m);
}

struct key_order *key_maker_order(struct key_maker *m, const char *common_name,
                                  void (*done)(void *ctx, const struct key_made *made), void *ctx)
{
    struct key_order *order = xcalloc(1, sizeof *order);

    order->maker = m;
    order->common_name = xstrdup(common_name);
    order->done = done;
    order->ctx = ctx;
    buf_init(&order->key, KEY_MAX);
    buf_init(&order->csr, CSR_MAX);
    m->open++;
    wire_hold(&m->party);
    pthread_mutex_lock(&m->lock);
    *m->last = order;
    m->last = &order->next;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    if (!m->started)
        m->started = pthread_create(&m->thread, NULL, work, m) == 0;
    /* Without a thread the loop has to wait. */
    if (!m->started && (order = take(m)) != NULL)
        make(order);
    return order;
}

void key_maker_cancel(struct key_order *order)
{
    order->done = NULL;
}
