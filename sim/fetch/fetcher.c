#include "fetch/fetcher.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "fetch/fetch_inside.h"

/* One of libcurl's sockets. */
struct watched {
    ev_io io;
    struct fetcher *fetcher;
};

/* ---- turns ---- */

static void begin_next(struct fetcher *x)
{
    while (x->first != NULL && x->running < x->at_once) {
        struct fetch *f = x->first;
        x->first = f->next;
        if (x->first != NULL)
            x->first->prev = NULL;
        else
            x->last = NULL;
        f->next = NULL;
        f->queued = false;
        x->waiting--;
        x->running++;
        fetch_begin(f);
    }
}

void fetcher_enqueue(struct fetcher *x, struct fetch *f)
{
    f->queued = true;
    f->prev = x->last;
    if (x->last != NULL)
        x->last->next = f;
    else
        x->first = f;
    x->last = f;
    x->waiting++;
    begin_next(x);
}

void fetcher_leave(struct fetcher *x, struct fetch *f)
{
    if (!f->queued) {
        x->running--;
        begin_next(x);
        return;
    }
    if (f->prev != NULL)
        f->prev->next = f->next;
    else
        x->first = f->next;
    if (f->next != NULL)
        f->next->prev = f->prev;
    else
        x->last = f->prev;
    f->queued = false;
    x->waiting--;
}

/* ---- libcurl on the loop ---- */

static void collect(struct fetcher *x)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(x->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct fetch_work *work = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&work);
        work->ended(work, code);
    }
}

static void act(struct fetcher *x, curl_socket_t fd, int what)
{
    int running;

    curl_multi_socket_action(x->multi, fd, what, &running);
    collect(x);
}

static void on_socket(struct ev_loop *ev, ev_io *w, int events)
{
    struct watched *watched = w->data;
    int what = ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

    (void)ev;
    act(watched->fetcher, w->fd, what);
}

static void on_timer(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct fetcher *x = ctx;
    struct watched *watched = known;

    (void)easy;
    if (watched != NULL)
        ev_io_stop(x->loop->ev, &watched->io);
    if (what == CURL_POLL_REMOVE) {
        free(watched);
        curl_multi_assign(x->multi, fd, NULL);
        return 0;
    }
    if (watched == NULL) {
        watched = xcalloc(1, sizeof *watched);
        watched->fetcher = x;
        curl_multi_assign(x->multi, fd, watched);
    }
    int events =
        ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0);
    ev_io_init(&watched->io, on_socket, fd, events);
    watched->io.data = watched;
    ev_io_start(x->loop->ev, &watched->io);
    return 0;
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    struct fetcher *x = ctx;

    (void)multi;
    if (ms < 0)
        loop_timer_stop(&x->timer);
    else
        loop_timer_start(&x->timer, (usec_t)ms * USEC_PER_MSEC);
    return 0;
}

void fetcher_nudge(struct fetcher *x)
{
    loop_timer_start(&x->timer, 0);
}

/* ---- its life ---- */

struct fetcher *fetcher_new(struct loop *loop, const struct fetcher_options *options)
{
    struct fetcher *x = xcalloc(1, sizeof *x);

    curl_global_init(CURL_GLOBAL_DEFAULT);
    x->loop = loop;
    x->at_once = options->at_once != 0 ? options->at_once : FETCHER_AT_ONCE;
    x->ca_file = options->ca_file != NULL ? xstrdup(options->ca_file) : NULL;
    x->hold = options->hold;
    x->hold_ctx = options->hold_ctx;
    loop_timer_init(&x->timer, loop, on_timer, x);
    x->multi = curl_multi_init();
    curl_multi_setopt(x->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(x->multi, CURLMOPT_SOCKETDATA, x);
    curl_multi_setopt(x->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(x->multi, CURLMOPT_TIMERDATA, x);
    curl_multi_setopt(x->multi, CURLMOPT_MAXCONNECTS, (long)x->at_once);
    curl_multi_setopt(x->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    x->share = curl_share_init();
    curl_share_setopt(x->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return x;
}

void fetcher_free(struct fetcher *x)
{
    if (x == NULL)
        return;
    curl_multi_cleanup(x->multi);
    curl_share_cleanup(x->share);
    loop_timer_stop(&x->timer);
    curl_global_cleanup();
    free(x->ca_file);
    free(x);
}

size_t fetcher_running(const struct fetcher *x)
{
    return x->running;
}

size_t fetcher_waiting(const struct fetcher *x)
{
    return x->waiting;
}
