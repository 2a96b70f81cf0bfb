#include "paho/paho_anchor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <MQTTAsync.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BEAT_NS    20000000
#define HURRIED_NS 1000000

static struct {
    pthread_mutex_t starting; /* taken before Paho's lock: */
    bool started;
    MQTTAsync handle;
    pthread_mutex_t lock;   /* taken under Paho's lock too: */
    pthread_cond_t changed; /* a first holder, or a first in a hurry */
    unsigned holders;
    unsigned hurried;
    long interval_ns; /* until the next beat */
} anchor = {.starting = PTHREAD_MUTEX_INITIALIZER,
            .lock = PTHREAD_MUTEX_INITIALIZER,
            .changed = PTHREAD_COND_INITIALIZER,
            .interval_ns = BEAT_NS};

static struct timespec from_now(long ns)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ns;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* A hurry that has just begun is given its 1 ms: nearly always it is over by then, and a beat at
   the same instant would only be in its way. Then the beats slow down again: in a constant hurry
   Paho's threads are kept awake by their work. */
static void wait_for_beat(void)
{
    pthread_mutex_lock(&anchor.lock);
    while (anchor.holders == 0)
        pthread_cond_wait(&anchor.changed, &anchor.lock);
    struct timespec until = from_now(anchor.interval_ns);
    while (pthread_cond_timedwait(&anchor.changed, &anchor.lock, &until) != ETIMEDOUT)
        until = from_now(anchor.interval_ns);
    anchor.interval_ns = anchor.interval_ns * 2 < BEAT_NS ? anchor.interval_ns * 2 : BEAT_NS;
    pthread_mutex_unlock(&anchor.lock);
}

static bool say(int fd, const char *packet, size_t len)
{
    return send(fd, packet, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* False at the end of the stream. What Paho says is of no interest. */
static bool drain(int fd)
{
    char scratch[4096];

    return recv(fd, scratch, sizeof scratch, MSG_DONTWAIT) != 0;
}

static void *beat(void *arg)
{
    int listener = (int)(intptr_t)arg;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int on = 1;

    close(listener);
    if (fd < 0)
        return NULL;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* The CONNECT is on its way before we are accepted or soon after; wait for its first byte. */
    char first = 0;
    bool alive = recv(fd, &first, 1, 0) == 1 && say(fd, "\x20\x02\0\0", 4); /* CONNACK */
    while (alive) {
        wait_for_beat();
        MQTTAsync_send(anchor.handle, "beat", 0, "", 0, 0, NULL);
        alive = drain(fd) && say(fd, "\xd0\0", 2); /* PINGRESP */
    }
    close(fd);
    return NULL;
}

static int open_listener(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        close(fd);
        return -1;
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static bool start_thread(int listener)
{
    pthread_attr_t detached;
    pthread_t thread;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &detached, beat, (void *)(intptr_t)listener);
    pthread_attr_destroy(&detached);
    return rc == 0;
}

static bool start(struct error *err)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    char uri[64];
    uint16_t port = 0;
    int listener = open_listener(&port);

    if (listener < 0)
        return error_set(err, ERROR_FAILED, "companion: cannot listen on loopback: %s",
                         strerror(errno));
    snprintf(uri, sizeof uri, "tcp://127.0.0.1:%u", port);
    if (!start_thread(listener) ||
        MQTTAsync_create(&anchor.handle, uri, "anchor", MQTTCLIENT_PERSISTENCE_NONE, NULL) !=
            MQTTASYNC_SUCCESS) {
        shutdown(listener, SHUT_RDWR);
        return error_set(err, ERROR_FAILED, "companion: cannot start Paho's threads");
    }
    options.keepAliveInterval = 0;
    MQTTAsync_connect(anchor.handle, &options);
    return true;
}

bool paho_anchor_hold(struct error *err)
{
    pthread_mutex_lock(&anchor.starting);
    bool ok = anchor.started || start(err);
    anchor.started = ok;
    pthread_mutex_unlock(&anchor.starting);
    if (!ok)
        return false;
    pthread_mutex_lock(&anchor.lock);
    anchor.holders++;
    pthread_cond_signal(&anchor.changed);
    pthread_mutex_unlock(&anchor.lock);
    return true;
}

void paho_anchor_release(void)
{
    pthread_mutex_lock(&anchor.lock);
    anchor.holders--;
    pthread_mutex_unlock(&anchor.lock);
}

void paho_anchor_hurry(void)
{
    pthread_mutex_lock(&anchor.lock);
    anchor.interval_ns = anchor.hurried == 0 ? HURRIED_NS : anchor.interval_ns;
    if (anchor.hurried++ == 0)
        pthread_cond_signal(&anchor.changed);
    pthread_mutex_unlock(&anchor.lock);
}

void paho_anchor_relax(void)
{
    pthread_mutex_lock(&anchor.lock);
    anchor.hurried--;
    pthread_mutex_unlock(&anchor.lock);
}
