#include "net/farewell.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xmem.h"

/* Reads in a row, so that a flood does not keep the loop. */
#define READS_PER_TURN 64

struct farewell {
    int fd;
    struct net *net;
    ev_io io;
    ev_timer deadline;
    struct farewell *next; /* in net->farewells, the latest first */
};

static void end(struct farewell *l)
{
    struct ev_loop *ev = l->net->loop->ev;

    ev_ref(ev);
    ev_io_stop(ev, &l->io);
    ev_ref(ev);
    ev_timer_stop(ev, &l->deadline);
    close(l->fd);
    struct farewell **at = &l->net->farewells;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    l->net->farewell_count--;
    free(l);
}

/* Throws away what has come. False: the peer has closed, or will say no more. */
static bool drain(int fd)
{
    char ignored[4096];

    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = recv(fd, ignored, sizeof ignored, 0);
        if (n <= 0)
            return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    return true;
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    struct farewell *l = w->data;

    (void)ev;
    (void)events;
    if (!drain(l->fd))
        end(l);
}

static void on_deadline(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev;
    (void)events;
    end(w->data);
}

void farewell_begin(struct net *net, int fd)
{
    struct ev_loop *ev = net->loop->ev;

    shutdown(fd, SHUT_WR);
    if (!drain(fd)) {
        close(fd);
        return;
    }
    if (net->farewell_count == FAREWELL_MAX) {
        struct farewell *oldest = net->farewells;
        while (oldest->next != NULL)
            oldest = oldest->next;
        end(oldest);
    }
    struct farewell *l = xmalloc(sizeof *l);
    l->fd = fd;
    l->net = net;
    l->next = net->farewells;
    net->farewells = l;
    net->farewell_count++;
    ev_io_init(&l->io, on_io, fd, EV_READ);
    l->io.data = l;
    ev_io_start(ev, &l->io);
    ev_unref(ev);
    /* ev_now() is as old as this turn of the loop. */
    ev_timer_init(&l->deadline, on_deadline, (double)FAREWELL_TIME / 1e6 + (ev_time() - ev_now(ev)),
                  0);
    l->deadline.data = l;
    ev_timer_start(ev, &l->deadline);
    ev_unref(ev);
}

void farewell_end_all(struct net *net)
{
    for (struct farewell *l = net->farewells, *next; l != NULL; l = next) {
        next = l->next;
        end(l);
    }
}
