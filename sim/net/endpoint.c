#include "net/endpoint.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define RETRY_AFTER (5 * USEC_PER_SEC)

struct lookup {
    struct endpoint *endpoint; /* NULL once it is gone; loop's thread only */
    struct loop *loop;
    pthread_t thread;
    bool threaded;
    const char *host;
    char port[8];
    int status; /* of getaddrinfo() */
    struct addrinfo *found;
};

struct endpoint {
    char *host;
    uint16_t port;
    bool tls, numeric, stale;
    struct endpoint_address *addresses;
    size_t count;
    usec_t looked_up;
    struct lookup *lookup; /* under way */
    struct endpoint_waiter *waiters;
};

static const struct scheme {
    const char *prefix;
    bool tls;
    uint16_t port;
} schemes[] = {
    {"mqtts://", true,  8883},
    {"ssl://",   true,  8883},
    {"mqtt://",  false, 1883},
    {"tcp://",   false, 1883},
};

/* Splits "host[:port]" or "[v6][:port]". */
static bool split(const char *text, char **ret_host, const char **ret_port)
{
    const char *end, *rest;

    if (text[0] == '[') {
        text++;
        end = strchr(text, ']');
        if (end == NULL)
            return false;
        rest = end + 1;
    } else {
        end = text + strcspn(text, ":/");
        rest = end;
    }
    if (end == text || (rest[0] != '\0' && rest[0] != ':' && strcmp(rest, "/") != 0))
        return false;
    *ret_host = xstrndup(text, (size_t)(end - text));
    *ret_port = rest[0] == ':' ? rest + 1 : NULL;
    return true;
}

static bool port_parse(const char *text, uint16_t *ret)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || (end[0] != '\0' && strcmp(end, "/") != 0) || port == 0 ||
        port > 65535)
        return false;
    *ret = (uint16_t)port;
    return true;
}

static int look_up(const char *host, const char *port, int flags, struct addrinfo **ret)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};

    return getaddrinfo(host, port, &hints, ret);
}

/* Takes the addresses over and frees the list. */
static void adopt(struct endpoint *e, struct addrinfo *found)
{
    size_t count = 0;

    for (struct addrinfo *at = found; at != NULL; at = at->ai_next)
        count++;
    free(e->addresses);
    e->addresses = xcalloc(count, sizeof *e->addresses);
    e->count = count;
    count = 0;
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        memcpy(&e->addresses[count].addr, at->ai_addr, at->ai_addrlen);
        e->addresses[count++].len = at->ai_addrlen;
    }
    e->stale = false;
    freeaddrinfo(found);
}

struct endpoint *endpoint_new(const char *url, struct error *err)
{
    struct scheme scheme = schemes[0];
    const char *rest = url, *port = NULL;
    char *host = NULL;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncmp(url, schemes[i].prefix, len) == 0) {
            scheme = schemes[i];
            rest = url + len;
            break;
        }
    }
    uint16_t number = scheme.port;
    if (!split(rest, &host, &port) || (port != NULL && !port_parse(port, &number))) {
        error_set(
            err, ERROR_USAGE,
            "endpoint \"%s\": not an address (mqtts://host:port or mqtt://host:port is needed)",
            url);
        free(host);
        return NULL;
    }
    struct endpoint *e = xcalloc(1, sizeof *e);
    e->host = host;
    e->port = number;
    e->tls = scheme.tls;
    char digits[8];
    struct addrinfo *found = NULL;
    snprintf(digits, sizeof digits, "%u", number);
    if (look_up(host, digits, AI_NUMERICHOST, &found) == 0) {
        adopt(e, found);
        e->numeric = true;
    }
    return e;
}

void endpoint_free(struct endpoint *e)
{
    if (e == NULL)
        return;
    while (e->waiters != NULL)
        endpoint_cancel(e->waiters);
    if (e->lookup != NULL) {
        /* The thread's letter is in the mailbox then, and frees the lookup. */
        if (e->lookup->threaded)
            pthread_join(e->lookup->thread, NULL);
        e->lookup->endpoint = NULL;
    }
    free(e->addresses);
    free(e->host);
    free(e);
}

const char *endpoint_host(const struct endpoint *e)
{
    return e->host;
}

uint16_t endpoint_port(const struct endpoint *e)
{
    return e->port;
}

bool endpoint_is_tls(const struct endpoint *e)
{
    return e->tls;
}

bool endpoint_is_numeric(const struct endpoint *e)
{
    return e->numeric;
}

size_t endpoint_count(const struct endpoint *e)
{
    return e->stale ? 0 : e->count;
}

const struct endpoint_address *endpoint_at(const struct endpoint *e, size_t index)
{
    return &e->addresses[index];
}

void endpoint_distrust(struct endpoint *e)
{
    if (!e->numeric && clock_now() - e->looked_up > RETRY_AFTER)
        e->stale = true;
}

static bool settle(struct endpoint *e, int status, struct addrinfo *found, struct error *err)
{
    e->looked_up = clock_now();
    if (status == 0) {
        adopt(e, found);
        return true;
    }
    if (e->count > 0) {
        /* The old answer is better than none. */
        e->stale = false;
        return true;
    }
    return error_set(err, ERROR_TARGET, "host \"%s\" cannot be resolved: %s (check name and DNS)",
                     e->host, gai_strerror(status));
}

bool endpoint_resolve(struct endpoint *e, struct error *err)
{
    struct addrinfo *found = NULL;
    char digits[8];

    if (endpoint_count(e) > 0)
        return true;
    snprintf(digits, sizeof digits, "%u", e->port);
    int status = look_up(e->host, digits, 0, &found);
    return settle(e, status, found, err);
}

static void on_looked_up(void *arg)
{
    struct lookup *lookup = arg;
    struct endpoint *e = lookup->endpoint;
    struct error err = {0};

    if (e == NULL) {
        if (lookup->found != NULL)
            freeaddrinfo(lookup->found);
        free(lookup);
        return;
    }
    if (lookup->threaded)
        pthread_join(lookup->thread, NULL);
    e->lookup = NULL;
    bool ok = settle(e, lookup->status, lookup->found, &err);
    free(lookup);
    /* Waiters that come while these are called belong to the next lookup. */
    struct endpoint_waiter *waiting = e->waiters;
    e->waiters = NULL;
    if (waiting != NULL)
        waiting->link = &waiting;
    while (waiting != NULL) {
        struct endpoint_waiter *w = waiting;
        endpoint_cancel(w);
        w->fn(w->arg, ok ? NULL : &err);
    }
}

static void *look_up_thread(void *arg)
{
    struct lookup *lookup = arg;

    lookup->status = look_up(lookup->host, lookup->port, 0, &lookup->found);
    loop_post(lookup->loop, on_looked_up, lookup);
    return NULL;
}

static void start_lookup(struct endpoint *e, struct loop *loop)
{
    struct lookup *lookup = xcalloc(1, sizeof *lookup);

    lookup->endpoint = e;
    lookup->loop = loop;
    lookup->host = e->host;
    snprintf(lookup->port, sizeof lookup->port, "%u", e->port);
    e->lookup = lookup;
    lookup->threaded = pthread_create(&lookup->thread, NULL, look_up_thread, lookup) == 0;
    /* No thread to be had: a lookup that blocks is better than none. */
    if (!lookup->threaded)
        look_up_thread(lookup);
}

void endpoint_lookup(struct endpoint *e, struct loop *loop, struct endpoint_waiter *w)
{
    endpoint_cancel(w);
    w->next = e->waiters;
    w->link = &e->waiters;
    if (w->next != NULL)
        w->next->link = &w->next;
    e->waiters = w;
    if (e->lookup == NULL)
        start_lookup(e, loop);
}

void endpoint_cancel(struct endpoint_waiter *w)
{
    if (w->link == NULL)
        return;
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    w->next = NULL;
    w->link = NULL;
}
