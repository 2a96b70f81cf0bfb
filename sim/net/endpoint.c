#include "net/endpoint.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define RETRY_AFTER (5 * USEC_PER_SEC)
/* How long an address that was not reached is tried last, unless somebody reaches it. */
#define AVOID_FOR    (30 * USEC_PER_SEC)
#define DEFAULT_PATH "/mqtt"

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
    char *host, *path, *url, *authority;
    uint16_t port;
    bool tls, numeric, stale;
    struct endpoint_address *addresses;
    usec_t *avoid_until; /* of each address */
    size_t count;
    size_t turn;    /* where the next link begins */
    size_t leading; /* addresses in front that are of one family: those are preferred */
    struct endpoint *next;
    usec_t looked_up;
    struct lookup *lookup; /* under way */
    struct endpoint_waiter *waiters;
};

static const struct scheme {
    const char *prefix;
    bool tls, websocket;
    uint16_t port;
} schemes[] = {
    {"mqtts://", true,  false, 8883},
    {"ssl://",   true,  false, 8883},
    {"mqtt://",  false, false, 1883},
    {"tcp://",   false, false, 1883},
    {"wss://",   true,  true,  443 },
    {"ws://",    false, true,  80  },
};

/* An URL taken apart; pointers into it, but for the host. */
struct parts {
    const struct scheme *scheme;
    char *host;
    uint16_t port;
    const char *path; /* "": none */
};

static const struct scheme *scheme_of(const char **text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncmp(*text, schemes[i].prefix, len) == 0) {
            *text += len;
            return &schemes[i];
        }
    }
    return &schemes[0];
}

/* ":8883"; advances past it. */
static bool take_port(const char **text, uint16_t *ret)
{
    char *end;

    if ((*text)[0] != ':')
        return true;
    if ((*text)[1] < '0' || (*text)[1] > '9')
        return false;
    unsigned long port = strtoul(*text + 1, &end, 10);
    *text = end;
    *ret = (uint16_t)port;
    return port != 0 && port <= UINT16_MAX;
}

/* "host" or "[v6]"; advances past it. NULL: neither. */
static char *take_host(const char **text)
{
    bool bracket = (*text)[0] == '[';
    const char *start = *text + bracket;
    const char *end = start + strcspn(start, bracket ? "]" : ":/");

    if (end == start || (bracket && *end != ']'))
        return NULL;
    *text = end + bracket;
    return xstrndup(start, (size_t)(end - start));
}

/* What may stand in a request line, which a space ends. */
static bool path_is_good(const char *path)
{
    for (const char *p = path; *p != '\0'; p++)
        if (*p <= ' ' || *p >= 0x7f || *p == '#')
            return false;
    return path[0] == '/';
}

static bool split(const char *url, struct parts *ret)
{
    ret->scheme = scheme_of(&url);
    ret->port = ret->scheme->port;
    ret->host = take_host(&url);
    if (ret->host == NULL || !take_port(&url, &ret->port))
        return false;
    ret->path = url;
    if (*url == '\0')
        return true;
    return ret->scheme->websocket ? path_is_good(url) : strcmp(url, "/") == 0;
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

    for (struct addrinfo *at = found; at != NULL && count < ENDPOINT_ADDRESS_MAX; at = at->ai_next)
        count++;
    free(e->addresses);
    free(e->avoid_until);
    e->addresses = xcalloc(count, sizeof *e->addresses);
    e->avoid_until = xcalloc(count, sizeof *e->avoid_until);
    e->count = e->leading = 0;
    for (struct addrinfo *at = found; e->count < count; at = at->ai_next) {
        memcpy(&e->addresses[e->count].addr, at->ai_addr, at->ai_addrlen);
        e->addresses[e->count].len = at->ai_addrlen;
        if (e->leading == e->count && at->ai_family == found->ai_family)
            e->leading++;
        e->count++;
    }
    e->stale = false;
    freeaddrinfo(found);
}

struct endpoint *endpoint_new(const char *url, struct error *err)
{
    struct parts parts;

    if (!split(url, &parts)) {
        error_set(err, ERROR_USAGE,
                  "endpoint \"%s\": not an address (mqtts://host:port, mqtt://host:port, "
                  "wss://host:port/path or ws://host:port/path is needed)",
                  url);
        free(parts.host);
        return NULL;
    }
    struct endpoint *e = xcalloc(1, sizeof *e);
    const struct scheme *scheme = parts.scheme;
    bool v6 = strchr(parts.host, ':') != NULL;
    char digits[8];
    struct addrinfo *found = NULL;
    e->host = parts.host;
    e->port = parts.port;
    e->tls = scheme->tls;
    e->next = e;
    if (scheme->websocket)
        e->path = xstrdup(*parts.path != '\0' ? parts.path : DEFAULT_PATH);
    char *name = xasprintf(v6 ? "[%s]" : "%s", e->host);
    e->url = xasprintf("%s%s:%u%s",
                       scheme->websocket ? scheme->prefix
                       : scheme->tls     ? "mqtts://"
                                         : "mqtt://",
                       name, e->port, e->path != NULL ? e->path : "");
    e->authority = e->port == scheme->port ? xstrdup(name) : xasprintf("%s:%u", name, e->port);
    free(name);
    snprintf(digits, sizeof digits, "%u", e->port);
    if (look_up(e->host, digits, AI_NUMERICHOST, &found) == 0) {
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
    char *texts[] = {e->host, e->path, e->url, e->authority};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    free(e->addresses);
    free(e->avoid_until);
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

const char *endpoint_path(const struct endpoint *e)
{
    return e->path;
}

const char *endpoint_url(const struct endpoint *e)
{
    return e->url;
}

const char *endpoint_authority(const struct endpoint *e)
{
    return e->authority;
}

bool endpoint_is_numeric(const struct endpoint *e)
{
    return e->numeric;
}

size_t endpoint_count(const struct endpoint *e)
{
    return e->stale ? 0 : e->count;
}

size_t endpoint_known(const struct endpoint *e)
{
    return e->count;
}

const struct endpoint_address *endpoint_at(const struct endpoint *e, size_t index)
{
    return &e->addresses[index];
}

/* How willingly it is tried, the least first: those of the preferred family in turn, then the
   others; those to be avoided after all that are not. */
static size_t rank(const struct endpoint *e, size_t index, usec_t now)
{
    size_t place = index;

    if (index < e->leading)
        place = (index + e->leading - e->turn % e->leading) % e->leading;
    return e->avoid_until[index] > now ? e->count + place : place;
}

bool endpoint_pick(struct endpoint *e, uint32_t tried, size_t *ret_index)
{
    usec_t now = clock_now();
    size_t best = SIZE_MAX;

    if (tried == 0)
        e->turn++;
    for (size_t i = 0; i < e->count; i++) {
        size_t r = rank(e, i, now);
        if ((tried & (uint32_t)1 << i) == 0 && r < best) {
            best = r;
            *ret_index = i;
        }
    }
    return best != SIZE_MAX;
}

void endpoint_report(struct endpoint *e, size_t index, bool reached)
{
    /* The list may be a newer one: then it is at worst the wrong address that comes last. */
    if (index < e->count)
        e->avoid_until[index] = reached ? 0 : clock_now() + AVOID_FOR;
}

struct endpoint *endpoint_next(struct endpoint *e)
{
    return e->next;
}

void endpoint_set_next(struct endpoint *e, struct endpoint *next)
{
    e->next = next;
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
