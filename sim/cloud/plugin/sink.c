#include "cloud/plugin/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX  10000
#define BYTES_MAX  ((size_t)64 << 20)
#define FILES_MAX  16
#define TIMEOUT_MS 3000 /* of a post */
#define FINISH_MS  1000

struct item {
    struct item *next;
    char *target;
    size_t len;
    bool post;
    char bytes[];
};

struct file {
    char *path;
    int fd;
};

struct sink {
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something waits, or it is to end; nothing waits any more */
    struct item *first, **last;
    size_t count, bytes;
    bool ends, idle;
    struct sink_counts counts;
    /* The thread's own. */
    struct file files[FILES_MAX];
    size_t file_count;
};

static void free_item(struct item *item)
{
    free(item->target);
    free(item);
}

/* ---- files ---- */

/* The descriptor of that file; the one opened first gives way when there are too many. */
static int open_file(struct sink *s, const char *path)
{
    for (size_t i = 0; i < s->file_count; i++)
        if (strcmp(s->files[i].path, path) == 0)
            return s->files[i].fd;
    /* A pipe that nobody reads is no file: it would hold the thread up for ever. */
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
    char *copy = fd >= 0 ? strdup(path) : NULL;
    if (copy == NULL) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (s->file_count == FILES_MAX) {
        close(s->files[0].fd);
        free(s->files[0].path);
        memmove(s->files, s->files + 1, (FILES_MAX - 1) * sizeof *s->files);
        s->file_count--;
    }
    s->files[s->file_count++] = (struct file){.path = copy, .fd = fd};
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool append(struct sink *s, const struct item *item)
{
    int fd = open_file(s, item->target);

    return fd >= 0 && write_all(fd, item->bytes, item->len);
}

/* ---- HTTP ---- */

struct address {
    char host[256], port[8];
    const char *path; /* within the URL; "" is "/" */
};

/* http://host[:port][/path] */
static bool read_address(const char *url, struct address *ret)
{
    const char *host = url + strlen("http://");
    bool v6 = *host == '[';
    size_t len = v6 ? strcspn(host, "]") : strcspn(host, ":/");
    const char *rest = host + len + (v6 && host[len] == ']' ? 1 : 0);
    size_t port_len = *rest == ':' ? strcspn(rest + 1, "/") : 0;

    host += v6 ? 1 : 0;
    len -= v6 ? 1 : 0;
    if (len == 0 || len >= sizeof ret->host || port_len >= sizeof ret->port)
        return false;
    memcpy(ret->host, host, len);
    ret->host[len] = '\0';
    snprintf(ret->port, sizeof ret->port, "%.*s", port_len != 0 ? (int)port_len : 2,
             port_len != 0 ? rest + 1 : "80");
    ret->path = *rest == ':' ? rest + 1 + port_len : rest;
    return true;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool ready(int fd, short events, int64_t until)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = until - now_ms();

    return left > 0 && poll(&p, 1, (int)left) > 0;
}

static int try_connect(const struct addrinfo *a, int64_t until)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int why = 0;
    socklen_t size = sizeof why;

    if (fd < 0)
        return -1;
    if ((connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) &&
        ready(fd, POLLOUT, until) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 &&
        why == 0)
        return fd;
    close(fd);
    return -1;
}

static int connect_to(const struct address *to, int64_t until)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int fd = -1;

    if (getaddrinfo(to->host, to->port, &hints, &list) != 0)
        return -1;
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
        fd = try_connect(a, until);
    freeaddrinfo(list);
    return fd;
}

static bool send_all(int fd, const char *bytes, size_t len, int64_t until)
{
    while (len > 0) {
        ssize_t n = ready(fd, POLLOUT, until) ? send(fd, bytes, len, MSG_NOSIGNAL) : -1;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* "HTTP/1.1 2xx": what comes after it is of no interest. */
static bool was_taken(int fd, int64_t until)
{
    char answer[13];
    size_t len = 0;

    while (len < sizeof answer - 1) {
        ssize_t n =
            ready(fd, POLLIN, until) ? recv(fd, answer + len, sizeof answer - 1 - len, 0) : -1;
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    answer[len] = '\0';
    return strncmp(answer, "HTTP/1.", 7) == 0 && answer[9] == '2';
}

static bool post(const struct item *item)
{
    int64_t until = now_ms() + TIMEOUT_MS;
    struct address to;
    char head[2048];

    if (!read_address(item->target, &to))
        return false;
    const char *type = item->len != 0 && strchr("{[", item->bytes[0]) != NULL
                           ? "application/json"
                           : "application/octet-stream";
    bool v6 = strchr(to.host, ':') != NULL;
    int n = snprintf(head, sizeof head,
                     "POST %s%s HTTP/1.1\r\nHost: %s%s%s:%s\r\nContent-Type: %s\r\nContent-Length: "
                     "%zu\r\nConnection: close\r\n\r\n",
                     *to.path == '/' ? "" : "/", to.path, v6 ? "[" : "", to.host, v6 ? "]" : "",
                     to.port, type, item->len);
    int fd = n > 0 && (size_t)n < sizeof head ? connect_to(&to, until) : -1;
    bool ok = fd >= 0 && send_all(fd, head, (size_t)n, until) &&
              send_all(fd, item->bytes, item->len, until) && was_taken(fd, until);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* ---- the thread ---- */

static struct item *take(struct sink *s)
{
    struct item *item;

    pthread_mutex_lock(&s->lock);
    while (s->first == NULL && !s->ends) {
        s->idle = true;
        pthread_cond_broadcast(&s->changed);
        pthread_cond_wait(&s->changed, &s->lock);
    }
    item = s->first;
    s->idle = item == NULL;
    if (item != NULL) {
        s->first = item->next;
        if (s->first == NULL)
            s->last = &s->first;
        s->count--;
        s->bytes -= item->len;
    }
    if (s->idle)
        pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return item;
}

static void *run(void *arg)
{
    struct sink *s = arg;
    struct item *item;

    while ((item = take(s)) != NULL) {
        bool ok = item->post ? post(item) : append(s, item);
        pthread_mutex_lock(&s->lock);
        s->counts.failed += ok ? 0 : 1;
        s->counts.posted += ok && item->post ? 1 : 0;
        s->counts.written += ok && !item->post ? 1 : 0;
        pthread_mutex_unlock(&s->lock);
        free_item(item);
    }
    return NULL;
}

struct sink *sink_new(void)
{
    struct sink *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->last = &s->first;
    return s;
}

/* The broker wants its signals for itself. */
static bool start(struct sink *s)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    s->started = pthread_create(&s->thread, NULL, run, s) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return s->started;
}

void sink_put(struct sink *s, bool is_post, const char *target, const char *bytes, size_t len)
{
    struct item *item = s->started || start(s) ? malloc(sizeof *item + len) : NULL;
    char *copy = item != NULL ? strdup(target) : NULL;
    bool taken = false;

    pthread_mutex_lock(&s->lock);
    if (copy != NULL && s->count < QUEUE_MAX && s->bytes + len <= BYTES_MAX) {
        *item = (struct item){.target = copy, .len = len, .post = is_post};
        if (len != 0)
            memcpy(item->bytes, bytes, len);
        *s->last = item;
        s->last = &item->next;
        s->count++;
        s->bytes += len;
        taken = true;
        pthread_cond_broadcast(&s->changed);
    } else {
        s->counts.dropped++;
    }
    pthread_mutex_unlock(&s->lock);
    if (!taken) {
        free(copy);
        free(item);
    }
}

struct sink_counts sink_counts(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    struct sink_counts counts = s->counts;
    pthread_mutex_unlock(&s->lock);
    return counts;
}

static void finish(struct sink *s)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FINISH_MS / 1000;
    pthread_mutex_lock(&s->lock);
    while (!(s->first == NULL && s->idle) &&
           pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0) {
    }
    s->ends = true;
    for (struct item *item = s->first, *next; item != NULL; item = next) {
        next = item->next;
        s->counts.dropped++;
        free_item(item);
    }
    s->first = NULL;
    s->last = &s->first;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
}

void sink_free(struct sink *s)
{
    if (s == NULL)
        return;
    if (s->started)
        finish(s);
    for (size_t i = 0; i < s->file_count; i++) {
        close(s->files[i].fd);
        free(s->files[i].path);
    }
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}
