#include "cli/client_table.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fetch/ask.h"

#define BUCKETS_FIRST 64

/* The id is a digest: any part of it will do. */
static size_t bucket_of(const struct client_table *t, const char *id)
{
    char head[9] = {0};

    memcpy(head, id, sizeof head - 1);
    return strtoul(head, NULL, 16) % t->bucket_count;
}

static bool is_id(const char *id)
{
    return strlen(id) == CLIENT_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == CLIENT_ID_SIZE - 1;
}

void client_table_done(struct client_table *t)
{
    while (t->all != NULL) {
        struct client_entry *e = t->all;
        t->all = e->next;
        ask_free(e->ask);
        X509_free(e->leaf);
        X509_free(e->issuer);
        free(e);
    }
    free(t->buckets);
    *t = (struct client_table){0};
}

struct client_entry *client_table_find(const struct client_table *t, const char *id)
{
    struct client_entry *e = t->count != 0 && is_id(id) ? t->buckets[bucket_of(t, id)] : NULL;

    while (e != NULL && strcmp(e->id, id) != 0)
        e = e->same_bucket;
    return e;
}

static void make_room(struct client_table *t)
{
    if (t->count < t->bucket_count)
        return;
    free(t->buckets);
    t->bucket_count = t->bucket_count != 0 ? 2 * t->bucket_count : BUCKETS_FIRST;
    t->buckets = xcalloc(t->bucket_count, sizeof(struct client_entry *));
    for (struct client_entry *e = t->all; e != NULL; e = e->next) {
        struct client_entry **bucket = &t->buckets[bucket_of(t, e->id)];
        e->same_bucket = *bucket;
        *bucket = e;
    }
}

struct client_entry *client_table_add(struct client_table *t, const char *id)
{
    struct client_entry *e = client_table_find(t, id);

    if (e != NULL || !is_id(id))
        return e;
    make_room(t);
    e = xcalloc(1, sizeof *e);
    memcpy(e->id, id, sizeof e->id);
    struct client_entry **bucket = &t->buckets[bucket_of(t, id)];
    e->same_bucket = *bucket;
    *bucket = e;
    e->next = t->all;
    t->all = e;
    t->count++;
    return e;
}

void client_table_enqueue(struct client_table *t, struct client_entry *e)
{
    e->state = CLIENT_QUEUED;
    e->queued = NULL;
    if (t->last != NULL)
        t->last->queued = e;
    else
        t->first = e;
    t->last = e;
}

struct client_entry *client_table_next(struct client_table *t)
{
    struct client_entry *e = t->first;

    if (e == NULL)
        return NULL;
    t->first = e->queued;
    if (t->first == NULL)
        t->last = NULL;
    e->queued = NULL;
    return e;
}
