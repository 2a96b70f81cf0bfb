#include "net/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xmem.h"

struct source {
    struct sockaddr_storage addr;
    socklen_t len;
};

struct sources {
    struct source *list;
    size_t count, next;
};

static bool parse(const char *text, struct source *ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&ret->addr, &v4, ret->len = sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&ret->addr, &v6, ret->len = sizeof v6);
        return true;
    }
    return false;
}

static int bind_to(int fd, const struct source *at)
{
    int on = 1;

    /* Otherwise each port serves one connection, whatever it leads to. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)&at->addr, at->len) == 0 ? 0 : errno;
}

/* Is it there? */
static bool probe(const char *text, const struct source *at, struct error *err)
{
    int fd = socket(at->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int errnum = fd < 0 ? errno : bind_to(fd, at);

    if (fd >= 0)
        close(fd);
    if (errnum == 0)
        return true;
    return error_set(err, ERROR_USAGE,
                     "source address %s: %s (see this machine's addresses with: ip address)", text,
                     strerror(errnum));
}

static bool add(struct sources *s, const char *text, struct error *err)
{
    struct source one = {0};

    if (!parse(text, &one))
        return error_set(err, ERROR_USAGE,
                         "source address \"%s\": not an IP address (IPv4 or IPv6, commas between)",
                         text);
    if (!probe(text, &one, err))
        return false;
    s->list = xrealloc(s->list, (s->count + 1) * sizeof *s->list);
    s->list[s->count++] = one;
    return true;
}

struct sources *sources_new(const char *list, struct error *err)
{
    struct sources *s = xcalloc(1, sizeof *s);
    char *text = xstrdup(list), *rest = NULL;
    bool ok = true;

    for (char *one = strtok_r(text, ", ", &rest); ok && one != NULL;
         one = strtok_r(NULL, ", ", &rest))
        ok = add(s, one, err);
    if (ok && s->count == 0)
        ok = error_set(err, ERROR_USAGE, "source address: none given (as 127.0.0.1,127.0.0.2)");
    free(text);
    if (ok)
        return s;
    sources_free(s);
    return NULL;
}

void sources_free(struct sources *s)
{
    if (s == NULL)
        return;
    free(s->list);
    free(s);
}

size_t sources_count(const struct sources *s)
{
    return s->count;
}

int sources_bind(struct sources *s, int fd, int family)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct source *at = &s->list[s->next];
        s->next = (s->next + 1) % s->count;
        if (at->addr.ss_family == family)
            return bind_to(fd, at);
    }
    return 0;
}

uint64_t sources_ports(const char *range)
{
    char *end;
    unsigned long low = strtoul(range, &end, 10);
    unsigned long high = strtoul(end, NULL, 10);

    return low > 0 && low <= high && high <= 65535 ? high - low + 1 : 0;
}
