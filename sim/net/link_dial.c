/* The link's way to a TCP connection: one address after the other. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "net/link_inside.h"
#include "net/sources.h"

/* For an address that is not the last: time for one SYN that gets lost, not for two. */
#define ATTEMPT_MAX (USEC_PER_SEC + USEC_PER_SEC / 4)

/* How many addresses are left, besides the one in hand. */
static size_t others_left(const struct link *l)
{
    size_t left = endpoint_known(l->endpoint);

    for (uint32_t bits = l->tried; bits != 0 && left > 0; bits &= bits - 1)
        left--;
    return left;
}

/* The last one has all the time there is; an address that does not answer leaves some for the
   others. */
static usec_t attempt_time(const struct link *l)
{
    usec_t now = clock_now();
    size_t others = others_left(l);
    usec_t left = now < l->step_deadline ? l->step_deadline - now : 1;

    if (others == 0)
        return l->step_deadline != 0 ? left : 0;
    if (l->step_deadline == 0 || left / (others + 1) > ATTEMPT_MAX)
        return ATTEMPT_MAX;
    return left / (others + 1) + 1;
}

static int start_connect(struct link *l, const struct endpoint_address *to)
{
    int on = 1, errnum = 0;

    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (l->net->sources != NULL)
        errnum = sources_bind(l->net->sources, l->fd, to->addr.ss_family);
    if (errnum == 0 && connect(l->fd, (const struct sockaddr *)&to->addr, to->len) != 0 &&
        errno != EINPROGRESS)
        errnum = errno;
    return errnum;
}

bool link_dial(struct link *l, struct error *err)
{
    size_t index = 0;

    if (!endpoint_pick(l->endpoint, l->tried, &index))
        return false;
    const struct endpoint_address *to = endpoint_at(l->endpoint, index);
    l->at = (uint8_t)index;
    l->tried |= (uint32_t)1 << index;
    l->state = LINK_CONNECTING;
    l->fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int errnum = l->fd < 0 ? errno : 0;
    /* A machine without IPv6 goes on to the next address. */
    if (errnum != 0 && errnum != EAFNOSUPPORT)
        return error_set(err, ERROR_TARGET, "no socket: %s%s", strerror(errnum),
                         link_remedy(errnum));
    link_set_deadline(l, attempt_time(l));
    if (errnum == 0)
        errnum = start_connect(l, to);
    if (errnum != 0) {
        /* Reported from the loop, not from inside link_open(). */
        l->connect_errno = errnum;
        ev_feed_event(l->net->loop->ev, &l->io, EV_WRITE);
    }
    link_watch(l);
    return true;
}

bool link_dial_next(struct link *l)
{
    /* Those are our own troubles. */
    if (l->connect_errno != EADDRNOTAVAIL && l->connect_errno != EMFILE)
        endpoint_report(l->endpoint, l->at, false);
    if (others_left(l) == 0)
        return false;
    link_close_socket(l);
    return link_dial(l, NULL);
}

void link_finish_connect(struct link *l, int events)
{
    int errnum = l->connect_errno;
    socklen_t len = sizeof errnum;

    (void)events;
    if (errnum == 0)
        getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &errnum, &len);
    if (errnum == 0) {
        endpoint_report(l->endpoint, l->at, true);
        link_connect_up(l);
    } else if (!link_dial_next(l)) {
        endpoint_distrust(l->endpoint);
        link_fail_tcp(l, errnum);
    }
}
