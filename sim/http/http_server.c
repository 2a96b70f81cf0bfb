#include "http/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmem.h"
#include "http/http_exchange.h"

/* ---- the library's ---- */

// NOLINTNEXTLINE(readability-function-size): the library's parameters
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_size, void **state)
{
    struct http_exchange *x = *state;

    (void)version;
    if (x != NULL && *piece_size != 0) {
        size_t size = *piece_size;
        *piece_size = 0;
        return http_exchange_body(x, piece, size);
    }
    enum MHD_Result result = http_exchange_run(ctx, connection, url, method, &x);
    *state = x;
    return result;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    (void)why;
    http_exchange_free(*state);
    *state = NULL;
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *ctx, const char *fmt,
                                                                 va_list args)
{
    char text[256];

    (void)ctx;
    vsnprintf(text, sizeof text, fmt, args);
    log_debug("http: %.*s", (int)strcspn(text, "\n"), text);
}

/* ---- on the loop ---- */

static void drive(void *arg)
{
    struct http_server *s = arg;
    MHD_UNSIGNED_LONG_LONG wait_ms;

    MHD_run(s->daemon);
    if (MHD_get_timeout(s->daemon, &wait_ms) == MHD_YES)
        loop_timer_start(&s->timer, (usec_t)wait_ms * USEC_PER_MSEC);
    else
        loop_timer_stop(&s->timer);
}

static void on_ready(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev;
    (void)events;
    drive(w->data);
}

/* ---- opening ---- */

/* Ours rather than the library's, so that a refusal comes with its reason. -1: failed. */
static int listen_at(const struct http_address *address, struct error *err)
{
    char text[HTTP_ADDRESS_TEXT];
    int family = address->addr.ss_family, yes = 1;

    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
        bind(fd, (const struct sockaddr *)&address->addr, address->len) == 0 &&
        listen(fd, HTTP_SERVER_CONNECTIONS) == 0;
    if (ok)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    http_address_text(address, text);
    error_set(err, ERROR_USAGE, "cannot listen at %s: %s (another port, or :0 for any)", text,
              strerror(why));
    return -1;
}

static void name_url(struct http_server *s, int fd)
{
    struct http_address own = {.len = sizeof own.addr};
    char text[HTTP_ADDRESS_TEXT];

    getsockname(fd, (struct sockaddr *)&own.addr, &own.len);
    http_address_text(&own, text);
    snprintf(s->url, sizeof s->url, "http://%s", text);
}

static bool start(struct http_server *s, int fd, struct error *err)
{
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_SERVER_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_SERVER_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_SERVER_IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_END);
    if (s->daemon == NULL) {
        close(fd);
        return error_set(err, ERROR_USAGE, "%s: the HTTP server did not start", s->url);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return error_set(err, ERROR_USAGE, "%s: this libmicrohttpd has no epoll", s->url);
    ev_io_init(&s->ready, on_ready, info->epoll_fd, EV_READ);
    s->ready.data = s;
    ev_io_start(s->loop->ev, &s->ready);
    return true;
}

struct http_server *http_server_new(struct loop *loop, const struct http_address *address,
                                    const struct http_route *routes, struct error *err)
{
    int fd = listen_at(address, err);

    if (fd < 0)
        return NULL;
    struct http_server *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->routes = routes;
    loop_timer_init(&s->timer, loop, drive, s);
    name_url(s, fd);
    if (start(s, fd, err))
        return s;
    http_server_free(s);
    return NULL;
}

void http_server_guard(struct http_server *s, const struct http_guard *guard)
{
    s->guard = *guard;
}

void http_server_free(struct http_server *s)
{
    if (s == NULL)
        return;
    s->closing = true;
    for (struct http_exchange *x = s->exchanges; x != NULL; x = http_exchange_next(x))
        http_exchange_give_up(x);
    ev_io_stop(s->loop->ev, &s->ready);
    loop_timer_stop(&s->timer);
    if (s->daemon != NULL) {
        MHD_run(s->daemon); /* the last words go out */
        MHD_stop_daemon(s->daemon);
    }
    free(s);
}

const char *http_server_url(const struct http_server *s)
{
    return s->url;
}
