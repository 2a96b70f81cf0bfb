#include "net/link.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sources.h"

/* Reads of one link in a row, so that a flood on one does not starve the others. */
#define READS_PER_TURN 64

/* ORDER LINK_STATE */
static const char *const state_names[LINK_STATE_COUNT] = {"closed", "resolving", "connecting",
                                                          "securing", "open"};

const char *link_state_name(enum link_state state)
{
    return (unsigned)state < LINK_STATE_COUNT ? state_names[state] : "unknown";
}

/* --- Watchers --- */

/* The one place that knows what a link waits for. */
static int wants(const struct link *l)
{
    switch (l->state) {
    case LINK_CONNECTING:
        return l->connect_errno == 0 ? EV_WRITE : 0;
    case LINK_SECURING:
        return l->tls_wants_write ? EV_WRITE : EV_READ;
    case LINK_OPEN:
        return EV_READ | (l->write_blocked ? EV_WRITE : 0);
    case LINK_CLOSED:
    case LINK_RESOLVING:
    case LINK_STATE_COUNT:
        break;
    }
    return 0;
}

static void watch(struct link *l)
{
    int events = wants(l);

    if (events == l->watching)
        return;
    ev_io_stop(l->net->loop->ev, &l->io);
    if (events != 0) {
        ev_io_set(&l->io, l->fd, events);
        ev_io_start(l->net->loop->ev, &l->io);
    }
    l->watching = events;
}

static void set_deadline(struct link *l, usec_t delay)
{
    struct ev_loop *ev = l->net->loop->ev;

    ev_timer_stop(ev, &l->deadline);
    if (delay == 0)
        return;
    /* ev_now() is as old as this turn of the loop. */
    ev_timer_set(&l->deadline, (double)delay / 1e6 + (ev_time() - ev_now(ev)), 0);
    ev_timer_start(ev, &l->deadline);
}

static void set_clean(struct link *l)
{
    if (l->link == NULL)
        return;
    *l->link = l->next;
    if (l->next != NULL)
        l->next->link = l->link;
    l->link = NULL;
}

/* --- Closing --- */

static void close_socket(struct link *l)
{
    ev_io_stop(l->net->loop->ev, &l->io);
    l->watching = 0;
    tls_free(l->tls, l->ssl, l->session_key);
    l->ssl = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->connect_errno = 0;
    l->write_blocked = l->tls_wants_write = false;
}

/* The one teardown. */
static void tear_down(struct link *l)
{
    set_clean(l);
    endpoint_cancel(&l->waiter);
    ev_timer_stop(l->net->loop->ev, &l->deadline);
    close_socket(l);
    buf_done(&l->out);
    l->state = LINK_CLOSED;
}

void link_close(struct link *l)
{
    struct linger reset = {.l_onoff = 1};

    if (l->fd >= 0)
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    tear_down(l);
}

static void fail(struct link *l, enum link_failure why, const char *text)
{
    tear_down(l);
    l->events->closed(l->ctx, why, text);
}

/* What a user can do about it. */
static const char *remedy(int errnum)
{
    static const struct remedy {
        int errnum;
        const char *text;
    } remedies[] = {
        {ECONNREFUSED,  " (nothing listens there: is the broker running?)"             },
        {EADDRNOTAVAIL, " (no local port left: widen net.ipv4.ip_local_port_range, or use more "
                        "local addresses with --source-address)"},
        {EMFILE,        " (raise the limit of open files: ulimit -n)"                  },
        {ENFILE,        " (raise the system's limit of open files: fs.file-max)"       },
        {ENETUNREACH,   " (check the route to it)"                                     },
        {EHOSTUNREACH,  " (check the route to it)"                                     },
    };

    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (remedies[i].errnum == errnum)
            return remedies[i].text;
    return "";
}

static void fail_tcp(struct link *l, int errnum)
{
    char text[384];

    snprintf(text, sizeof text, "%s %s port %u: %s%s",
             l->state == LINK_CONNECTING ? "cannot connect to" : "connection to",
             endpoint_host(l->endpoint), endpoint_port(l->endpoint), strerror(errnum),
             remedy(errnum));
    fail(l, LINK_FAILURE_TCP, text);
}

static void fail_eof(struct link *l)
{
    fail(l, LINK_FAILURE_TCP,
         l->state == LINK_SECURING ? "closed by the peer during the TLS handshake"
                                   : "closed by the peer");
}

/* A status of tls.h that is none of the WANTs. */
static void fail_status(struct link *l, ptrdiff_t status, int errnum)
{
    char text[512];

    if (status == TLS_EOF) {
        fail_eof(l);
    } else if (status == TLS_RESET) {
        fail_tcp(l, errnum);
    } else {
        snprintf(text, sizeof text, "%s", tls_why(l->tls));
        fail(l, LINK_FAILURE_TLS, text);
    }
}

/* --- Open --- */

static ptrdiff_t read_some(struct link *l)
{
    uint8_t *data = l->net->scratch;

    if (l->ssl != NULL)
        return tls_read(l->tls, l->ssl, data, NET_SCRATCH_SIZE);
    ssize_t n = recv(l->fd, data, NET_SCRATCH_SIZE, 0);
    if (n > 0)
        return n;
    if (n == 0)
        return TLS_EOF;
    return errno == EAGAIN || errno == EINTR ? TLS_WANT_READ : TLS_RESET;
}

static ptrdiff_t write_some(struct link *l)
{
    if (l->ssl != NULL)
        return tls_write(l->tls, l->ssl, buf_data(&l->out), buf_len(&l->out));
    ssize_t n = send(l->fd, buf_data(&l->out), buf_len(&l->out), MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? TLS_WANT_WRITE : TLS_RESET;
}

/* Writes until all is gone, the socket takes no more or the connection is broken: the last status,
   0 if all is gone. */
static ptrdiff_t drain(struct link *l)
{
    ptrdiff_t n = 0;

    l->write_blocked = false;
    while (buf_len(&l->out) > 0) {
        n = write_some(l);
        if (n < 0)
            break;
        buf_consume(&l->out, (size_t)n);
        n = 0;
    }
    if (n == TLS_WANT_WRITE)
        l->write_blocked = true;
    if (buf_len(&l->out) == 0)
        buf_done(&l->out);
    return n;
}

void link_flush(struct link *l)
{
    set_clean(l);
    if (l->state != LINK_OPEN)
        return;
    ptrdiff_t status = drain(l);
    int errnum = errno;
    if (status == TLS_EOF || status == TLS_RESET || status == TLS_ERROR) {
        /* Whoever closed may have said why: what it sent is there to be read still. */
        ptrdiff_t last = l->ssl != NULL && status == TLS_RESET ? read_some(l) : 0;
        fail_status(l, last == TLS_ERROR ? last : status, errnum);
        return;
    }
    watch(l);
}

static void receive(struct link *l)
{
    for (int i = 0; i < READS_PER_TURN; i++) {
        ptrdiff_t n = read_some(l);
        if (n == TLS_WANT_READ || n == TLS_WANT_WRITE)
            return;
        if (n < 0) {
            fail_status(l, n, errno);
            return;
        }
        l->events->received(l->ctx, slice_of(l->net->scratch, (size_t)n));
        if (l->state != LINK_OPEN || l->ssl == NULL || !tls_has_more(l->ssl))
            return;
    }
    /* What TLS has read ahead does not wake the watcher. */
    ev_feed_event(l->net->loop->ev, &l->io, EV_READ);
}

static void on_open(struct link *l, int events)
{
    if ((events & EV_READ) != 0)
        receive(l);
    if (l->state == LINK_OPEN && (buf_len(&l->out) > 0 || l->write_blocked))
        link_flush(l);
}

/* --- Opening --- */

static void open_up(struct link *l)
{
    l->state = LINK_OPEN;
    set_deadline(l, 0);
    l->events->opened(l->ctx);
    if (l->state != LINK_OPEN)
        return;
    /* What was read ahead with the handshake does not wake the watcher. */
    if (l->ssl != NULL && tls_has_more(l->ssl))
        ev_feed_event(l->net->loop->ev, &l->io, EV_READ);
    link_flush(l);
}

static void secure(struct link *l, int events)
{
    (void)events;
    enum tls_status status = tls_handshake(l->tls, l->ssl);
    int errnum = errno;

    l->tls_wants_write = status == TLS_WANT_WRITE;
    if (status == TLS_DONE && tls_resumed(l->ssl) && l->net->resumed != NULL)
        l->net->resumed(l->net->resumed_ctx);
    if (status == TLS_DONE)
        open_up(l);
    else if (status == TLS_WANT_READ || status == TLS_WANT_WRITE)
        watch(l);
    else
        fail_status(l, status, errnum);
}

static void connect_up(struct link *l)
{
    if (l->tls == NULL) {
        l->state = LINK_OPEN;
        l->events->connected(l->ctx);
        if (l->state == LINK_OPEN)
            open_up(l);
        return;
    }
    l->state = LINK_SECURING;
    set_deadline(l, l->tls_timeout);
    l->events->connected(l->ctx);
    if (l->state != LINK_SECURING)
        return;
    l->ssl = tls_new(l->tls, l->fd, &l->target);
    secure(l, 0);
}

/* The time left is shared among the addresses left, so that one that does not answer leaves some
   for the others. */
static usec_t attempt_time(const struct link *l)
{
    usec_t now = clock_now();
    size_t left = endpoint_count(l->endpoint) - l->attempt;

    if (l->step_deadline == 0)
        return 0;
    if (now >= l->step_deadline)
        return 1;
    return (l->step_deadline - now) / (left > 0 ? left : 1) + 1;
}

/* Starts with the address at l->attempt; false: no socket. */
static bool dial(struct link *l, struct error *err)
{
    const struct endpoint_address *at = endpoint_at(l->endpoint, l->attempt);
    int on = 1;

    l->state = LINK_CONNECTING;
    l->fd = socket(at->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int errnum = l->fd < 0 ? errno : 0;
    /* A machine without IPv6 goes on to the next address. */
    if (errnum != 0 && errnum != EAFNOSUPPORT)
        return error_set(err, ERROR_TARGET, "no socket: %s%s", strerror(errnum), remedy(errnum));
    set_deadline(l, attempt_time(l));
    if (errnum == 0) {
        setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (l->net->sources != NULL)
            errnum = sources_bind(l->net->sources, l->fd, at->addr.ss_family);
        if (errnum == 0 && connect(l->fd, (const struct sockaddr *)&at->addr, at->len) != 0 &&
            errno != EINPROGRESS)
            errnum = errno;
    }
    if (errnum != 0) {
        /* Reported from the loop, not from inside link_open(). */
        l->connect_errno = errnum;
        ev_feed_event(l->net->loop->ev, &l->io, EV_WRITE);
    }
    watch(l);
    return true;
}

static bool dial_next(struct link *l)
{
    if ((size_t)l->attempt + 1 >= endpoint_count(l->endpoint))
        return false;
    close_socket(l);
    l->attempt++;
    return dial(l, NULL);
}

static void finish_connect(struct link *l, int events)
{
    int errnum = l->connect_errno;
    socklen_t len = sizeof errnum;

    (void)events;
    if (errnum == 0)
        getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &errnum, &len);
    if (errnum == 0) {
        connect_up(l);
    } else if (!dial_next(l)) {
        endpoint_distrust(l->endpoint);
        fail_tcp(l, errnum);
    }
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    /* ORDER LINK_STATE */
    static void (*const steps[LINK_STATE_COUNT])(struct link *, int) = {NULL, NULL, finish_connect,
                                                                        secure, on_open};
    struct link *l = w->data;

    (void)ev;
    if (steps[l->state] == NULL)
        return;
    l->busy = true;
    steps[l->state](l, events);
    l->busy = false;
    /* An event may have closed the link and opened it again, with output for later. */
    if (buf_len(&l->out) > 0 && !l->write_blocked)
        link_kick(l);
}

static void on_deadline(struct ev_loop *ev, ev_timer *w, int events)
{
    /* ORDER LINK_STATE */
    static const char *const steps[LINK_STATE_COUNT] = {"", "resolving", "TCP connect to",
                                                        "TLS handshake with", ""};
    struct link *l = w->data;
    char text[320];

    (void)ev;
    (void)events;
    if (l->state == LINK_CONNECTING && dial_next(l))
        return;
    if (l->state == LINK_CONNECTING)
        endpoint_distrust(l->endpoint);
    snprintf(text, sizeof text, "%s %s port %u took too long", steps[l->state],
             endpoint_host(l->endpoint), endpoint_port(l->endpoint));
    fail(l, LINK_FAILURE_TIMEOUT, text);
}

static void on_resolved(void *arg, const struct error *failure)
{
    struct link *l = arg;
    struct error err;

    if (failure != NULL)
        fail(l, LINK_FAILURE_RESOLVE, failure->text);
    else if (!dial(l, &err))
        fail(l, LINK_FAILURE_TCP, err.text);
}

void link_init(struct link *l, struct net *net, const struct link_events *events, void *ctx,
               size_t out_max)
{
    *l = (struct link){.fd = -1, .net = net, .events = events, .ctx = ctx};
    buf_init(&l->out, out_max);
    ev_init(&l->io, on_io);
    l->io.data = l;
    ev_init(&l->deadline, on_deadline);
    l->deadline.data = l;
    l->waiter.fn = on_resolved;
    l->waiter.arg = l;
}

bool link_open(struct link *l, const struct link_options *options, struct error *err)
{
    assert(l->state == LINK_CLOSED);
    l->endpoint = options->endpoint;
    l->tls = options->tls;
    l->target = (struct tls_target){.host = endpoint_host(options->endpoint),
                                    .host_is_ip = endpoint_is_numeric(options->endpoint),
                                    .identity = options->identity};
    l->session_key = l->tls != NULL ? tls_target_key(&l->target) : 0;
    l->tls_timeout = options->tls_timeout;
    l->step_deadline = options->tcp_timeout != 0 ? clock_now() + options->tcp_timeout : 0;
    l->attempt = 0;
    if (endpoint_count(l->endpoint) == 0) {
        l->state = LINK_RESOLVING;
        set_deadline(l, options->tcp_timeout);
        endpoint_lookup(l->endpoint, l->net->loop, &l->waiter);
        return true;
    }
    if (dial(l, err))
        return true;
    tear_down(l);
    return false;
}

void link_kick(struct link *l)
{
    if (l->busy || l->link != NULL || l->state != LINK_OPEN)
        return;
    l->next = l->net->dirty;
    l->link = &l->net->dirty;
    if (l->next != NULL)
        l->next->link = &l->next;
    l->net->dirty = l;
}

void link_finish(struct link *l)
{
    char ignored[512];

    if (l->state == LINK_OPEN) {
        drain(l);
        if (l->ssl != NULL)
            tls_goodbye(l->ssl);
        /* Unread bytes would turn the close into a reset, which overtakes what was sent. */
        shutdown(l->fd, SHUT_WR);
        for (int i = 0; i < READS_PER_TURN && recv(l->fd, ignored, sizeof ignored, 0) > 0; i++)
            ;
    }
    tear_down(l);
}
