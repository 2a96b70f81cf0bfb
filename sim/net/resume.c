#include "net/resume.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/xmem.h"

#define FIRST_BUCKETS ((size_t)64)

struct resume_entry {
    struct resume_entry *next;
    uint64_t key;
    SSL_SESSION *session;
};

static struct resume_entry **place_of(const struct resume *r, uint64_t key)
{
    struct resume_entry **at = &r->buckets[(key ^ key >> 32) & (r->bucket_count - 1)];

    while (*at != NULL && (*at)->key != key)
        at = &(*at)->next;
    return at;
}

static void grow(struct resume *r)
{
    struct resume old = *r;

    r->bucket_count = old.bucket_count != 0 ? old.bucket_count * 2 : FIRST_BUCKETS;
    r->buckets = xcalloc(r->bucket_count, sizeof(struct resume_entry *));
    for (size_t i = 0; i < old.bucket_count; i++) {
        for (struct resume_entry *e = old.buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            e->next = NULL;
            *place_of(r, e->key) = e;
        }
    }
    free(old.buckets);
}

void resume_done(struct resume *r)
{
    for (size_t i = 0; i < r->bucket_count; i++) {
        for (struct resume_entry *e = r->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            SSL_SESSION_free(e->session);
            free(e);
        }
    }
    free(r->buckets);
    *r = (struct resume){0};
}

void resume_put(struct resume *r, uint64_t key, SSL_SESSION *session)
{
    SSL_SESSION_free(resume_take(r, key));
    if (r->count >= RESUME_MAX) {
        SSL_SESSION_free(session);
        return;
    }
    if (r->count >= r->bucket_count)
        grow(r);
    struct resume_entry *e = xcalloc(1, sizeof *e);
    e->key = key;
    e->session = session;
    *place_of(r, key) = e;
    r->count++;
}

SSL_SESSION *resume_take(struct resume *r, uint64_t key)
{
    struct resume_entry **at = r->bucket_count != 0 ? place_of(r, key) : NULL;

    if (at == NULL || *at == NULL)
        return NULL;
    struct resume_entry *e = *at;
    SSL_SESSION *session = e->session;
    *at = e->next;
    r->count--;
    free(e);
    return session;
}
