#include "broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/shared_clock.h"
#include "base/xmem.h"
#include "broker/config.h"
#include "broker/kept.h"
#include "broker/port.h"
#include "cloud/authorizer.h"
#include "pki/pki.h"

#define START_TIMEOUT_MS 10000
/* It has much to write and to read, and many may be at work beside it. */
#define RESTART_TIMEOUT_MS 60000
#define STOP_TIMEOUT_MS    2000
#define LAST_TIMEOUT_MS    20000 /* of one that writes down what it has */
#define STOP_RETRY_MS      200
#define LAST_WORDS         400

/* Of a restart. */
enum phase { PHASE_RUNS, PHASE_ENDS, PHASE_STARTS };

struct broker {
    char *dir; /* absolute: dir/broker of the options */
    char *endpoint, *websocket, *page, *owner_socket, *log_path;
    char *found; /* of an earlier life, in words; NULL: nothing */
    bool lasts;
    struct port port, websocket_port, page_port;
    int dir_fd;
    int life_fd;     /* reads end-of-file when the child is gone */
    int notify_fd;   /* its READY=1 comes here */
    char notify[32]; /* for $NOTIFY_SOCKET */
    pid_t pid;       /* 0: not running, or waited for */
    int status;      /* once waited for */
    enum phase phase;
    bool forgets; /* when it starts again */
    usec_t since; /* when the phase began, if it is not PHASE_RUNS */
    ev_io watcher;
    struct loop *loop; /* NULL: not watched */
    void (*exited)(void *ctx, const char *why);
    void *ctx;
    struct shared_clock clock;
};

static int elapsed_ms(usec_t since)
{
    return (int)((clock_now() - since) / USEC_PER_MSEC);
}

/* Waits for the child, which is known to be ending. */
static void reap(struct broker *b)
{
    if (b->pid == 0)
        return;
    while (waitpid(b->pid, &b->status, 0) < 0 && errno == EINTR) {
    }
    b->pid = 0;
}

/* Has the child gone within that time? */
static bool gone_within(const struct broker *b, int timeout_ms)
{
    struct pollfd p = {.fd = b->life_fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) > 0;
}

/* The last lines of its log on one line. */
static void last_words(const struct broker *b, char *ret, size_t size)
{
    char *p = ret;
    int fd = open(b->log_path, O_RDONLY | O_CLOEXEC);
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t from = end > (off_t)size - 1 ? end - ((off_t)size - 1) : 0;
    ssize_t n = fd >= 0 ? pread(fd, ret, size - 1, from) : 0;

    if (fd >= 0)
        close(fd);
    ret[n > 0 ? n : 0] = '\0';
    while (n > 0 && ret[n - 1] == '\n')
        ret[--n] = '\0';
    /* A line that is cut in front says nothing. */
    if (from > 0 && strchr(ret, '\n') != NULL)
        memmove(ret, strchr(ret, '\n') + 1, strlen(strchr(ret, '\n')));
    while ((p = strchr(p, '\n')) != NULL)
        *p = ';';
}

static void explain_exit(const struct broker *b, char *ret, size_t size)
{
    char words[LAST_WORDS];
    int n;

    if (WIFSIGNALED(b->status))
        n = snprintf(ret, size, "mosquitto: killed by signal %d", WTERMSIG(b->status));
    else
        n = snprintf(ret, size, "mosquitto: ended with exit status %d", WEXITSTATUS(b->status));
    last_words(b, words, sizeof words);
    if (*words != '\0' && n > 0 && (size_t)n < size)
        snprintf(ret + n, size - (size_t)n, " (its last words: %s)", words);
}

/* A datagram socket for its readiness; the kernel picks an abstract name of five characters. */
static bool open_notify(struct broker *b, struct error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t len = sizeof name.sun_family;

    b->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (b->notify_fd < 0 || bind(b->notify_fd, (struct sockaddr *)&name, len) != 0)
        return error_set(err, ERROR_TARGET, "notify socket: %s", strerror(errno));
    len = sizeof name;
    getsockname(b->notify_fd, (struct sockaddr *)&name, &len);
    snprintf(b->notify, sizeof b->notify, "@%.*s",
             (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), name.sun_path + 1);
    return true;
}

/* The child's environment: ours, with where to say that it is ready. */
static char **make_environment(const struct broker *b)
{
    size_t n = 0;
    size_t out = 0;

    while (environ[n] != NULL)
        n++;
    char **env = xcalloc(n + 3, sizeof *env);
    env[out++] = xasprintf("NOTIFY_SOCKET=%s", b->notify);
    char *preload = config_preload();
    if (preload != NULL)
        env[out++] = preload;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "NOTIFY_SOCKET=", 14) != 0 &&
            (preload == NULL || strncmp(environ[i], "LD_PRELOAD=", 11) != 0))
            env[out++] = xstrdup(environ[i]);
    return env;
}

static void free_environment(char **env)
{
    for (char **e = env; *e != NULL; e++)
        free(*e);
    free(env);
}

/* Between fork and exec, so only what is safe there. */
static _Noreturn void become_mosquitto(const struct broker *b, const char *program, char **env,
                                       pid_t parent, int log_fd)
{
    static char name[] = "mosquitto";
    static char option[] = "-c";
    static char file[] = CONFIG_FILE;
    char *argv[] = {name, option, file, NULL};
    struct rlimit files;
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || fchdir(b->dir_fd) != 0)
        _exit(127);
    /* A Ctrl-C at the terminal is for us to pass on. */
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    dup2(log_fd, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    execve(program, argv, env);
    _exit(127);
}

static bool spawn(struct broker *b, const char *program, struct error *err)
{
    int life[2];
    int log_fd = open(b->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

    if (log_fd < 0)
        return error_set(err, ERROR_USAGE, "%s: %s (is the directory writable?)", b->log_path,
                         strerror(errno));
    if (pipe2(life, O_CLOEXEC) != 0) {
        close(log_fd);
        return error_set(err, ERROR_TARGET, "pipe: %s", strerror(errno));
    }
    char **env = make_environment(b);
    pid_t parent = getpid();
    b->pid = fork();
    if (b->pid == 0) {
        fcntl(life[1], F_SETFD, 0); /* the child holds it until it is gone */
        become_mosquitto(b, program, env, parent, log_fd);
    }
    int saved = errno;
    free_environment(env);
    close(log_fd);
    close(life[1]);
    b->life_fd = life[0];
    if (b->pid > 0)
        return true;
    b->pid = 0;
    return error_set(err, ERROR_TARGET, "mosquitto: cannot start: %s", strerror(saved));
}

static bool came_to_nothing(struct broker *b, struct error *err)
{
    char why[sizeof err->text];

    reap(b);
    explain_exit(b, why, sizeof why);
    return error_set(err, ERROR_TARGET, "%s", why);
}

static bool said_ready(const struct broker *b)
{
    char text[256];
    ssize_t n = recv(b->notify_fd, text, sizeof text - 1, MSG_DONTWAIT);

    text[n > 0 ? n : 0] = '\0';
    return strstr(text, "READY=1") != NULL;
}

static bool wait_ready(struct broker *b, struct error *err)
{
    struct pollfd p[] = {
        {.fd = b->notify_fd, .events = POLLIN},
        {.fd = b->life_fd,   .events = POLLIN}
    };
    const usec_t started = clock_now();
    const int timeout = b->lasts ? RESTART_TIMEOUT_MS + kept_work_ms(b->dir_fd) : START_TIMEOUT_MS;

    for (;;) {
        int left = timeout - elapsed_ms(started);
        if (left <= 0 || (poll(p, 2, left) == 0))
            return error_set(err, ERROR_TARGET,
                             "mosquitto: not ready after %d s (see %s for what it does)",
                             timeout / 1000, b->log_path);
        if (p[1].revents != 0)
            return came_to_nothing(b, err);
        if (said_ready(b))
            return true;
    }
}

/* A SIGTERM between READY and the main loop would be lost: an answered CONNECT proves the loop. */
static bool wait_answer(struct broker *b, struct error *err)
{
    static const uint8_t hello[] = {0x10, 19, 0,   4,   'M', 'Q', 'T', 'T', 4,   2,    0, 5,
                                    0,    7,  'f', 'l', 'e', 'e', 't', '-', '0', 0xe0, 0};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    uint8_t answer[4] = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd p[] = {
        {.fd = fd,         .events = POLLIN},
        {.fd = b->life_fd, .events = POLLIN}
    };

    snprintf(name.sun_path, sizeof name.sun_path, "%s", b->owner_socket);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
              send(fd, hello, sizeof hello, MSG_NOSIGNAL) == (ssize_t)sizeof hello &&
              poll(p, 2, START_TIMEOUT_MS) > 0 && p[0].revents != 0 &&
              recv(fd, answer, sizeof answer, MSG_DONTWAIT) == 4 && answer[0] == 0x20 &&
              answer[3] == 0;
    if (fd >= 0)
        close(fd);
    if (ok)
        return true;
    if (gone_within(b, 0))
        return came_to_nothing(b, err);
    return error_set(err, ERROR_TARGET, "mosquitto: does not answer (see %s for why)", b->log_path);
}

/* Of an earlier life. */
static void remove_files(const struct broker *b)
{
    unlinkat(b->dir_fd, CONFIG_SOCKET, 0);
    unlinkat(b->dir_fd, BROKER_PAGE_TOKEN, 0);
    if (!b->lasts)
        kept_remove(b->dir_fd);
}

static bool open_dir(struct broker *b, const struct broker_options *options, struct error *err)
{
    const char *dir = options->dir;
    char *under = xasprintf("%s/broker", dir);

    if ((mkdir(dir, 0700) != 0 && errno != EEXIST) ||
        (mkdir(under, 0700) != 0 && errno != EEXIST) || (b->dir = realpath(under, NULL)) == NULL ||
        (b->dir_fd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        error_set(err, ERROR_USAGE, "%s: %s (name a directory that can be written)", under,
                  strerror(errno));
    free(under);
    if (b->dir_fd < 0)
        return false;
    b->log_path = xasprintf("%s/" CONFIG_LOG, b->dir);
    /* A Unix socket's path may have 107 characters; this one always has few. */
    b->owner_socket = xasprintf("/proc/self/fd/%d/" CONFIG_SOCKET, b->dir_fd);
    remove_files(b);
    if (options->fresh)
        kept_remove(b->dir_fd);
    return !options->lasts || kept_look(b->dir, &b->found, err);
}

static bool configure(const struct broker *b, const struct broker_options *options,
                      const char *address, struct error *err)
{
    struct broker_options o = *options;
    const struct config_listen listen = {address, b->port.number, b->websocket_port.number,
                                         b->page_port.number};

    if (o.certificate != NULL)
        return config_write(b->dir, &o, &listen, err);
    struct pki *pki = pki_open(o.dir, err);
    if (pki == NULL)
        return false;
    o.certificate = pki_path(pki, PKI_FILE_SERVER);
    o.key = pki_path(pki, PKI_FILE_SERVER_KEY);
    o.ca = pki_path(pki, PKI_FILE_CA);
    o.intermediate = pki_path(pki, PKI_FILE_INTERMEDIATE);
    if (access(pki_path(pki, PKI_FILE_CLOUD), R_OK) == 0) {
        o.issuer = pki_path(pki, PKI_FILE_CLOUD);
        o.issuer_key = pki_path(pki, PKI_FILE_CLOUD_KEY);
    }
    bool ok = config_write(b->dir, &o, &listen, err);
    pki_free(pki);
    return ok;
}

static bool make_clock(struct broker *b, const struct broker_options *options, struct error *err)
{
    if (!options->virtual_clock)
        return true;
    char *path = xasprintf("%s/" CONFIG_CLOCK, b->dir);
    bool ok = shared_clock_create(&b->clock, path, options->clock_ms, err);
    free(path);
    return ok;
}

static bool start(struct broker *b, const struct broker_options *options, struct error *err)
{
    const char *address = options->bind != NULL ? options->bind : "127.0.0.1";
    char *program = config_find_mosquitto(err);

    if (program == NULL)
        return false;
    bool ok =
        open_dir(b, options, err) && make_clock(b, options, err) &&
        port_reserve(&b->port, address, options->port, err) &&
        (!options->websocket || port_reserve(&b->websocket_port, address, 0, err)) &&
        (options->page_token == NULL || port_reserve(&b->page_port, CONFIG_PAGE_ADDRESS, 0, err)) &&
        configure(b, options, address, err) && open_notify(b, err) && spawn(b, program, err) &&
        wait_ready(b, err) && wait_answer(b, err);
    free(program);
    if (!ok)
        return b->lasts ? kept_blame(b->dir, err) : false;
    b->endpoint = port_uri("mqtts", address, b->port.number, "");
    if (options->websocket)
        b->websocket = port_uri("wss", address, b->websocket_port.number, "/mqtt");
    if (options->page_token != NULL)
        b->page = port_uri("ws", CONFIG_PAGE_ADDRESS, b->page_port.number, "/mqtt");
    return true;
}

struct broker *broker_start(const struct broker_options *options, struct error *err)
{
    struct broker *b = xcalloc(1, sizeof *b);

    b->dir_fd = b->life_fd = b->notify_fd = b->port.fd = b->websocket_port.fd = -1;
    b->page_port.fd = -1;
    b->lasts = options->lasts;
    if (start(b, options, err))
        return b;
    broker_stop(b);
    return NULL;
}

static void end_process(struct broker *b)
{
    usec_t since = clock_now();
    int timeout = b->lasts ? LAST_TIMEOUT_MS + kept_work_ms(b->dir_fd) : STOP_TIMEOUT_MS;

    if (b->pid == 0)
        return;
    kill(b->pid, SIGTERM);
    while (!gone_within(b, STOP_RETRY_MS))
        kill(b->pid, elapsed_ms(since) < timeout ? SIGTERM : SIGKILL);
    reap(b);
}

static void unwatch(struct broker *b)
{
    if (b->loop != NULL)
        ev_io_stop(b->loop->ev, &b->watcher);
    b->loop = NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void broker_stop(struct broker *b)
{
    if (b == NULL)
        return;
    unwatch(b);
    end_process(b);
    if (b->dir_fd >= 0)
        remove_files(b);
    close_fd(b->dir_fd);
    close_fd(b->life_fd);
    close_fd(b->notify_fd);
    port_release(&b->port);
    port_release(&b->websocket_port);
    port_release(&b->page_port);
    shared_clock_close(&b->clock);
    free(b->dir);
    free(b->endpoint);
    free(b->websocket);
    free(b->page);
    free(b->owner_socket);
    free(b->log_path);
    free(b->found);
    free(b);
}

void broker_set_clock(struct broker *b, int64_t wall_ms)
{
    if (b->clock.wall_ms != NULL)
        *b->clock.wall_ms = wall_ms;
}

pid_t broker_pid(const struct broker *b)
{
    return b->pid;
}

uint16_t broker_port(const struct broker *b)
{
    return b->port.number;
}

const char *broker_endpoint(const struct broker *b)
{
    return b->endpoint;
}

const char *broker_websocket(const struct broker *b)
{
    return b->websocket;
}

const char *broker_page(const struct broker *b)
{
    return b->page;
}

const char *broker_page_user(void)
{
    return AUTHORIZER_USER "?x-amz-customauthorizer-name=" AUTHORIZER_NAME;
}

const char *broker_owner_socket(const struct broker *b)
{
    return b->owner_socket;
}

const char *broker_found(const struct broker *b)
{
    return b->found;
}

const char *broker_log_path(const struct broker *b)
{
    return b->log_path;
}

bool broker_alive(const struct broker *b)
{
    return b->pid != 0 && !gone_within(b, 0);
}

static void on_gone(struct ev_loop *ev, ev_io *w, int events)
{
    struct broker *b = w->data;
    char why[sizeof(struct error)];

    (void)events;
    reap(b);
    if (b->phase != PHASE_RUNS) {
        ev_io_stop(ev, w);
        return;
    }
    unwatch(b);
    explain_exit(b, why, sizeof why);
    b->exited(b->ctx, why);
}

static void arm(struct broker *b)
{
    ev_io_init(&b->watcher, on_gone, b->life_fd, EV_READ);
    b->watcher.data = b;
    ev_io_start(b->loop->ev, &b->watcher);
}

void broker_watch(struct broker *b, struct loop *loop, void (*exited)(void *ctx, const char *why),
                  void *ctx)
{
    unwatch(b);
    b->loop = loop;
    b->exited = exited;
    b->ctx = ctx;
    arm(b);
}

void broker_pause(struct broker *b)
{
    if (b->phase != PHASE_RUNS || b->pid == 0)
        return;
    b->phase = PHASE_ENDS;
    b->since = clock_now();
    kill(b->pid, SIGTERM);
}

/* The old one is gone: the next in its place. */
static bool start_again(struct broker *b, struct error *err)
{
    char *program = config_find_mosquitto(err);

    if (b->loop != NULL)
        ev_io_stop(b->loop->ev, &b->watcher);
    reap(b);
    close_fd(b->life_fd);
    b->life_fd = -1;
    unlinkat(b->dir_fd, CONFIG_SOCKET, 0);
    if (b->forgets)
        kept_remove(b->dir_fd);
    b->forgets = false;
    b->phase = PHASE_STARTS;
    b->since = clock_now();
    bool ok = program != NULL && spawn(b, program, err);
    free(program);
    return ok;
}

static bool resume(struct broker *b, struct error *err)
{
    if (b->pid == 0 || (b->phase == PHASE_ENDS && gone_within(b, 0)))
        return start_again(b, err);
    if (b->phase == PHASE_STARTS && gone_within(b, 0))
        return came_to_nothing(b, err);
    if (b->phase == PHASE_STARTS && said_ready(b)) {
        b->phase = PHASE_RUNS;
        if (b->loop != NULL)
            arm(b);
    }
    if (b->phase == PHASE_RUNS || elapsed_ms(b->since) < RESTART_TIMEOUT_MS)
        return true;
    return error_set(err, ERROR_TARGET, "mosquitto: does not %s within %d s (see %s for why)",
                     b->phase == PHASE_ENDS ? "end" : "start", RESTART_TIMEOUT_MS / 1000,
                     b->log_path);
}

void broker_forget(struct broker *b)
{
    b->forgets = true;
}

bool broker_resume(struct broker *b, bool *ret_running, struct error *err)
{
    bool ok = resume(b, err);

    *ret_running = ok && b->phase == PHASE_RUNS;
    if (!ok)
        b->loop = NULL;
    return ok;
}
