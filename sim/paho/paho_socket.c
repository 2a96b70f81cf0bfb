#include "paho/paho_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xmem.h"

struct entry {
    struct entry *next, **link;
    SSL *ssl;
};

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;
    struct entry *first; /* newest first */
} sockets = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static void on_new(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    struct entry *e = xcalloc(1, sizeof *e);

    (void)ptr;
    (void)argl;
    (void)argp;
    e->ssl = parent;
    CRYPTO_set_ex_data(data, index, e);
    pthread_mutex_lock(&sockets.lock);
    e->next = sockets.first;
    e->link = &sockets.first;
    if (e->next != NULL)
        e->next->link = &e->next;
    sockets.first = e;
    pthread_mutex_unlock(&sockets.lock);
}

static void on_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    struct entry *e = ptr;

    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    if (e == NULL)
        return;
    pthread_mutex_lock(&sockets.lock);
    *e->link = e->next;
    if (e->next != NULL)
        e->next->link = e->link;
    pthread_mutex_unlock(&sockets.lock);
    free(e);
}

static void watch(void)
{
    CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, on_new, NULL, on_free);
}

void paho_socket_watch(void)
{
    pthread_once(&sockets.once, watch);
}

/* Under the lock: the SSL object, and so the descriptor, which Paho closes after it, live. */
static int find(const X509 *certificate)
{
    for (struct entry *e = sockets.first; e != NULL; e = e->next) {
        const X509 *own = SSL_get_certificate(e->ssl);
        if (own != NULL && X509_cmp(own, certificate) == 0)
            return SSL_get_fd(e->ssl);
    }
    return -1;
}

/* Puts one end of a pair of sockets in the place of the connection; the other says nothing more. */
static bool divert(int fd, int *ret_sink)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return false;
    bool ok = shutdown(pair[1], SHUT_WR) == 0 && dup3(pair[0], fd, O_CLOEXEC) == fd;
    close(pair[0]);
    if (ok)
        *ret_sink = pair[1];
    else
        close(pair[1]);
    return ok;
}

bool paho_socket_cut(const X509 *certificate, int *ret_sink)
{
    pthread_mutex_lock(&sockets.lock);
    int fd = certificate != NULL ? find(certificate) : -1;
    bool ok = fd >= 0 && divert(fd, ret_sink);
    pthread_mutex_unlock(&sockets.lock);
    return ok;
}

bool paho_socket_nodelay(const X509 *certificate)
{
    int on = 1;

    pthread_mutex_lock(&sockets.lock);
    int fd = certificate != NULL ? find(certificate) : -1;
    bool ok = fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
    pthread_mutex_unlock(&sockets.lock);
    return ok;
}
