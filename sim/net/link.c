#include "net/link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/farewell.h"
#include "net/link_inside.h"

/* Reads of one link in a row, so that a flood on one does not starve the others. */
#define READS_PER_TURN 64

/* ORDER LINK_STATE */
static const char *const state_names[LINK_STATE_COUNT] = {
    "closed", "resolving", "connecting", "securing", "checking", "upgrading", "open"};

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
    case LINK_UPGRADING:
    case LINK_OPEN:
        return (l->read_blocked ? 0 : EV_READ) |
               (l->write_blocked || l->read_blocked ? EV_WRITE : 0);
    case LINK_CLOSED:
    case LINK_RESOLVING:
    case LINK_CHECKING:
    case LINK_STATE_COUNT:
        break;
    }
    return 0;
}

void link_watch(struct link *l)
{
    int events = wants(l);

    if (events == l->watching)
        return;
    ev_io_stop(l->net->loop->ev, &l->io);
    if (events != 0) {
        ev_io_set(&l->io, l->fd, events);
        ev_io_start(l->net->loop->ev, &l->io);
    }
    l->watching = (uint8_t)events;
}

void link_set_deadline(struct link *l, usec_t delay)
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

void link_close_socket(struct link *l)
{
    ev_io_stop(l->net->loop->ev, &l->io);
    l->watching = 0;
    carried_end(l);
    tls_free(l->tls, l->ssl, l->session_key);
    l->ssl = NULL;
    link_websocket_free(l);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->connect_errno = 0;
    l->write_blocked = l->read_blocked = l->tls_wants_write = false;
}

/* The one teardown. */
static void tear_down(struct link *l)
{
    set_clean(l);
    endpoint_cancel(&l->waiter);
    revocation_cancel(&l->checked);
    ev_timer_stop(l->net->loop->ev, &l->deadline);
    link_close_socket(l);
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

int link_abandon(struct link *l)
{
    int fd = l->fd;

    carried_end(l);
    ev_io_stop(l->net->loop->ev, &l->io);
    l->fd = -1;
    tear_down(l);
    return fd;
}

void link_fail(struct link *l, enum link_failure why, const char *text)
{
    tear_down(l);
    l->events->closed(l->ctx, why, text);
}

const char *link_remedy(int errnum)
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

void link_fail_tcp(struct link *l, int errnum)
{
    char text[384];

    snprintf(text, sizeof text, "%s %s port %u: %s%s",
             l->state == LINK_CONNECTING ? "cannot connect to" : "connection to",
             endpoint_host(l->endpoint), endpoint_port(l->endpoint), strerror(errnum),
             link_remedy(errnum));
    link_fail(l, LINK_FAILURE_TCP, text);
}

static void fail_eof(struct link *l)
{
    const char *text = "closed by the peer";

    if (l->state == LINK_SECURING)
        text = "closed by the peer during the TLS handshake";
    else if (l->state == LINK_UPGRADING)
        text = "closed by the peer during the WebSocket upgrade (does it speak WebSocket there?)";
    link_fail(l, LINK_FAILURE_TCP, text);
}

void link_fail_status(struct link *l, ptrdiff_t status, int errnum)
{
    char text[512];

    if (status == TLS_EOF) {
        fail_eof(l);
    } else if (status == TLS_RESET) {
        link_fail_tcp(l, errnum);
    } else {
        snprintf(text, sizeof text, "%s", tls_why(l->tls));
        link_fail(l, LINK_FAILURE_TLS, text);
    }
}

/* --- Open --- */

ptrdiff_t link_read(struct link *l)
{
    uint8_t *data = l->net->scratch;

    if (l->ssl != NULL && l->write_blocked && tls_owes_keys(l->ssl))
        return TLS_WANT_WRITE;
    if (l->ssl != NULL)
        return tls_read(l->tls, l->ssl, data, NET_SCRATCH_SIZE);
    ssize_t n = recv(l->fd, data, NET_SCRATCH_SIZE, 0);
    if (n > 0)
        return n;
    if (n == 0)
        return TLS_EOF;
    return errno == EAGAIN || errno == EINTR ? TLS_WANT_READ : TLS_RESET;
}

static ptrdiff_t write_some(struct link *l, const struct buf *out)
{
    if (l->ssl != NULL)
        return tls_write(l->tls, l->ssl, buf_data(out), buf_len(out));
    ssize_t n = send(l->fd, buf_data(out), buf_len(out), MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? TLS_WANT_WRITE : TLS_RESET;
}

/* What goes to the socket next. */
static struct buf *output(struct link *l)
{
    return l->websocket != NULL ? link_websocket_output(l) : &l->out;
}

ptrdiff_t link_drain(struct link *l)
{
    struct buf *out = output(l);
    ptrdiff_t n = 0;

    l->write_blocked = false;
    while (buf_len(out) > 0) {
        n = write_some(l, out);
        if (n < 0)
            break;
        buf_consume(out, (size_t)n);
        n = 0;
        out = output(l);
    }
    if (n == TLS_WANT_WRITE)
        l->write_blocked = true;
    if (buf_len(out) == 0)
        buf_done(out);
    return n;
}

void link_flush(struct link *l)
{
    set_clean(l);
    if (l->state != LINK_OPEN)
        return;
    ptrdiff_t status = link_drain(l);
    int errnum = errno;
    if (status == TLS_EOF || status == TLS_RESET || status == TLS_ERROR) {
        /* Whoever closed may have said why: what it sent is there to be read still. */
        ptrdiff_t last = l->ssl != NULL && status == TLS_RESET ? link_read(l) : 0;
        link_fail_status(l, last == TLS_ERROR ? last : status, errnum);
        return;
    }
    link_watch(l);
}

static void deliver(struct link *l, struct slice bytes)
{
    if (l->websocket != NULL)
        link_websocket_receive(l, bytes);
    else
        l->events->received(l->ctx, bytes);
}

static void receive(struct link *l)
{
    l->read_blocked = false;
    for (int i = 0; i < READS_PER_TURN; i++) {
        ptrdiff_t n = link_read(l);
        if (n == TLS_WANT_READ || n == TLS_WANT_WRITE) {
            l->read_blocked = n == TLS_WANT_WRITE;
            return;
        }
        if (n < 0) {
            link_fail_status(l, n, errno);
            return;
        }
        deliver(l, slice_of(l->net->scratch, (size_t)n));
        if (l->state != LINK_OPEN || l->ssl == NULL || !tls_has_more(l->ssl))
            return;
    }
    /* What TLS has read ahead does not wake the watcher. */
    ev_feed_event(l->net->loop->ev, &l->io, EV_READ);
}

static void on_open(struct link *l, int events)
{
    if ((events & EV_READ) != 0 || l->read_blocked)
        receive(l);
    if (l->state != LINK_OPEN)
        return;
    if (l->write_blocked || (events & EV_WRITE) != 0)
        link_flush(l);
    else
        link_watch(l);
}

/* --- Opening --- */

void link_open_up(struct link *l, struct slice early)
{
    l->state = LINK_OPEN;
    link_set_deadline(l, 0);
    carried_open(l);
    l->events->opened(l->ctx);
    if (l->state == LINK_OPEN && early.len > 0)
        deliver(l, early);
    if (l->state != LINK_OPEN)
        return;
    /* What was read ahead with the handshake does not wake the watcher. */
    if (l->ssl != NULL && tls_has_more(l->ssl))
        ev_feed_event(l->net->loop->ev, &l->io, EV_READ);
    link_flush(l);
}

/* Before that: TCP, and TLS if there is any. */
static void upgrade_or_open(struct link *l)
{
    if (endpoint_path(l->endpoint) != NULL)
        link_upgrade_start(l);
    else
        link_open_up(l, (struct slice){NULL, 0});
}

/* The handshake is done; the server may still have to be asked about. */
static void settle(void *arg)
{
    struct link *l = arg;
    enum tls_status status = tls_settle(l->tls, l->ssl, &l->target, &l->checked);

    if (status == TLS_DONE) {
        upgrade_or_open(l);
    } else if (status == TLS_WANT_READ) {
        l->state = LINK_CHECKING;
        link_set_deadline(l, l->tls_timeout);
        link_watch(l);
    } else {
        link_fail_status(l, status, 0);
    }
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
        settle(l);
    else if (status == TLS_WANT_READ || status == TLS_WANT_WRITE)
        link_watch(l);
    else
        link_fail_status(l, status, errnum);
}

void link_connect_up(struct link *l)
{
    carried_begin(l);
    if (l->tls == NULL) {
        enum link_state next = endpoint_path(l->endpoint) != NULL ? LINK_UPGRADING : LINK_OPEN;
        l->state = next;
        l->events->connected(l->ctx);
        if (l->state == next)
            upgrade_or_open(l);
        return;
    }
    l->state = LINK_SECURING;
    link_set_deadline(l, l->tls_timeout);
    l->events->connected(l->ctx);
    if (l->state != LINK_SECURING)
        return;
    l->ssl = tls_new(l->tls, l->fd, &l->target);
    secure(l, 0);
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    /* ORDER LINK_STATE */
    static void (*const steps[LINK_STATE_COUNT])(struct link *, int) = {
        NULL, NULL, link_finish_connect, secure, NULL, link_upgrade, on_open};
    struct link *l = w->data;

    (void)ev;
    if (steps[l->state] == NULL)
        return;
    l->busy = true;
    steps[l->state](l, events);
    l->busy = false;
    /* An event may have closed the link and opened it again, with output for later. */
    if ((buf_len(&l->out) > 0 || buf_len(output(l)) > 0) && !l->write_blocked)
        link_kick(l);
}

static void on_deadline(struct ev_loop *ev, ev_timer *w, int events)
{
    /* ORDER LINK_STATE */
    static const char *const steps[LINK_STATE_COUNT] = {"",
                                                        "resolving",
                                                        "TCP connect to",
                                                        "TLS handshake with",
                                                        "asking by OCSP about",
                                                        "WebSocket upgrade at",
                                                        ""};
    struct link *l = w->data;
    char text[320];

    (void)ev;
    (void)events;
    if (l->state == LINK_CONNECTING && link_dial_next(l))
        return;
    if (l->state == LINK_CONNECTING)
        endpoint_distrust(l->endpoint);
    snprintf(text, sizeof text, "%s %s port %u took too long", steps[l->state],
             endpoint_host(l->endpoint), endpoint_port(l->endpoint));
    link_fail(l, LINK_FAILURE_TIMEOUT, text);
}

static void on_resolved(void *arg, const struct error *failure)
{
    struct link *l = arg;
    struct error err;

    if (failure != NULL)
        link_fail(l, LINK_FAILURE_RESOLVE, failure->text);
    else if (!link_dial(l, &err))
        link_fail(l, LINK_FAILURE_TCP, err.text);
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
    l->checked.fn = settle;
    l->checked.arg = l;
}

bool link_open(struct link *l, const struct link_options *options, struct error *err)
{
    assert(l->state == LINK_CLOSED);
    l->endpoint = options->endpoint;
    l->tls = options->tls;
    l->target = (struct tls_target){.host = endpoint_host(options->endpoint),
                                    .host_is_ip = endpoint_is_numeric(options->endpoint),
                                    .identity = options->identity,
                                    .clock_offset = options->clock_offset};
    l->session_key = l->tls != NULL ? tls_target_key(&l->target) : 0;
    l->tls_timeout = options->tls_timeout;
    l->step_deadline = options->tcp_timeout != 0 ? clock_now() + options->tcp_timeout : 0;
    l->tried = 0;
    if (endpoint_count(l->endpoint) == 0) {
        l->state = LINK_RESOLVING;
        link_set_deadline(l, options->tcp_timeout);
        endpoint_lookup(l->endpoint, l->net->loop, &l->waiter);
        return true;
    }
    if (link_dial(l, err))
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
    if (l->state != LINK_OPEN) {
        tear_down(l);
        return;
    }
    link_drain(l);
    if (l->websocket != NULL) {
        link_websocket_goodbye(l);
        link_drain(l);
    }
    if (l->ssl != NULL)
        tls_goodbye(l->ssl);
    farewell_begin(l->net, link_abandon(l));
}
