#include "mqtt/orphan.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    struct orphan *o = w->data;
    uint8_t ignored[4096];
    ssize_t n = recv(o->fd, ignored, sizeof ignored, 0);

    (void)ev;
    (void)events;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        orphan_close(o);
}

static void on_end(void *arg)
{
    struct orphan *o = arg;

    orphan_close(o);
    o->ended(o->ctx);
}

void orphan_init(struct orphan *o, struct loop *loop, void (*ended)(void *ctx), void *ctx)
{
    *o = (struct orphan){.fd = -1, .loop = loop, .ended = ended, .ctx = ctx};
    ev_init(&o->io, on_io);
    o->io.data = o;
    loop_timer_init(&o->end, loop, on_end, o);
}

void orphan_adopt(struct orphan *o, int fd, usec_t patience)
{
    orphan_close(o);
    if (fd < 0)
        return;
    o->fd = fd;
    ev_io_set(&o->io, fd, EV_READ);
    ev_io_start(o->loop->ev, &o->io);
    if (patience != 0 && loop_is_virtual(o->loop))
        loop_timer_start_scaled(&o->end, patience);
}

void orphan_close(struct orphan *o)
{
    struct linger reset = {.l_onoff = 1};

    if (o->fd < 0)
        return;
    loop_timer_stop(&o->end);
    ev_io_stop(o->loop->ev, &o->io);
    setsockopt(o->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(o->fd);
    o->fd = -1;
}
