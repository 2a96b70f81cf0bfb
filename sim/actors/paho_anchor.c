#include "actors/paho_anchor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <MQTTAsync.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BEAT_MS 20

static struct {
    pthread_mutex_t lock;
    pthread_cond_t held;
    unsigned holders;
    bool started;
    MQTTAsync handle;
} anchor = {.lock = PTHREAD_MUTEX_INITIALIZER, .held = PTHREAD_COND_INITIALIZER};

static void wait_until_held(void)
{
    pthread_mutex_lock(&anchor.lock);
    while (anchor.holders == 0)
        pthread_cond_wait(&anchor.held, &anchor.lock);
    pthread_mutex_unlock(&anchor.lock);
}

static bool say(int fd, const char *packet, size_t len)
{
    return send(fd, packet, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* False at the end of the stream. What Paho says is its CONNECT, and of no interest. */
static bool listen_for(int fd, int timeout_ms)
{
    char scratch[256];
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, timeout_ms) <= 0)
        return true;
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
    bool alive = listen_for(fd, 1000) && say(fd, "\x20\x02\0\0", 4); /* CONNACK */
    while (alive) {
        wait_until_held();
        alive = listen_for(fd, BEAT_MS) && say(fd, "\xd0\0", 2); /* PINGRESP */
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
    pthread_mutex_lock(&anchor.lock);
    bool ok = anchor.started || start(err);
    if (ok) {
        anchor.started = true;
        anchor.holders++;
        pthread_cond_signal(&anchor.held);
    }
    pthread_mutex_unlock(&anchor.lock);
    return ok;
}

void paho_anchor_release(void)
{
    pthread_mutex_lock(&anchor.lock);
    anchor.holders--;
    pthread_mutex_unlock(&anchor.lock);
}
