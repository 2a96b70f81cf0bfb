#include "artifacts/artifact_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/byte_range.h"
#include "artifacts/fault_file.h"
#include "base/store.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cloud/jobs/presign.h"

#define PEM_MAX ((size_t)65536)
#define IDLE_S  120
#define BLOCK   16384

struct artifact_server {
    char *dir;
    struct MHD_Daemon *daemon;
    struct presign presign;
    char *how;                /* of presigning, as text */
    _Atomic int64_t clock_ms; /* 0: the system's */
    atomic_bool closing;
    pthread_mutex_t lock;
    struct body *stalled; /* under the lock */
};

/* What goes out in answer to one request. */
struct body {
    struct artifact_server *server;
    struct MHD_Connection *connection;
    struct body *next; /* of those that are stalled */
    int fd;
    struct byte_range range;
    struct fault fault;
    bool stalled;
};

/* ---- answers without a file ---- */

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status,
                                     struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* S3's form of it. */
static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *code,
                              const char *message)
{
    char text[512];

    int n = snprintf(text, sizeof text,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<Error><Code>%s</Code><Message>%s</Message></Error>",
                     code, message);
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)n, text, MHD_RESPMEM_MUST_COPY);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/xml");
    return send_response(connection, status, response);
}

static enum MHD_Result refuse_by_fault(struct MHD_Connection *connection, unsigned status)
{
    switch (status) {
    case MHD_HTTP_FORBIDDEN:
        return refuse(connection, status, "AccessDenied", "Access Denied");
    case MHD_HTTP_NOT_FOUND:
        return refuse(connection, status, "NoSuchKey", "The specified key does not exist.");
    case 503:
        return refuse(connection, status, "SlowDown", "Please reduce your request rate.");
    default:
        return refuse(connection, status, status < 500 ? "InvalidRequest" : "InternalError",
                      "We encountered an internal error. Please try again.");
    }
}

/* ---- bodies ---- */

/* Until the server ends: the library must not look at it before. */
static ssize_t stall(struct body *b)
{
    struct artifact_server *s = b->server;
    bool closing;

    pthread_mutex_lock(&s->lock);
    closing = s->closing;
    if (!closing) {
        b->stalled = true;
        b->next = s->stalled;
        s->stalled = b;
        MHD_suspend_connection(b->connection);
    }
    pthread_mutex_unlock(&s->lock);
    return closing ? MHD_CONTENT_READER_END_WITH_ERROR : 0;
}

static ssize_t read_body(void *ctx, uint64_t at, char *to, size_t room)
{
    struct body *b = ctx;
    bool bad = b->fault.kind == FAULT_TRUNCATE || b->fault.kind == FAULT_STALL;
    uint64_t end = bad && b->fault.number < b->range.count ? b->fault.number : b->range.count;

    if (b->stalled)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (at >= end)
        return b->fault.kind == FAULT_STALL ? stall(b) : MHD_CONTENT_READER_END_WITH_ERROR;
    size_t wanted = end - at < room ? (size_t)(end - at) : room;
    ssize_t n = pread(b->fd, to, wanted, (off_t)(b->range.from + at));
    return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_body(void *ctx)
{
    struct body *b = ctx;
    struct artifact_server *s = b->server;

    pthread_mutex_lock(&s->lock);
    for (struct body **p = &s->stalled; *p != NULL; p = &(*p)->next)
        if (*p == b) {
            *p = b->next;
            break;
        }
    pthread_mutex_unlock(&s->lock);
    close(b->fd);
    free(b);
}

static void add_headers(struct MHD_Response *response, const char *etag,
                        const struct byte_range *range, uint64_t size, bool part)
{
    char text[80];

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
    if (!part)
        return;
    snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->from,
             range->from + range->count - 1, size);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
}

/* ---- requests ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *query(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result refuse_range(struct MHD_Connection *connection, uint64_t size)
{
    char text[40];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

    snprintf(text, sizeof text, "bytes */%" PRIu64, size);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
    return send_response(connection, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

/* Takes over the descriptor. */
static enum MHD_Result send_file(struct artifact_server *s, struct MHD_Connection *connection,
                                 int fd, const struct fault *fault)
{
    const char *condition = header(connection, MHD_HTTP_HEADER_IF_RANGE);
    const char *wanted = header(connection, MHD_HTTP_HEADER_RANGE);
    struct byte_range range;
    char etag[80];
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return refuse_by_fault(connection, MHD_HTTP_NOT_FOUND);
    }
    uint64_t size = (uint64_t)st.st_size;
    snprintf(etag, sizeof etag, "\"%jx-%jx-%jx%09lx\"", (uintmax_t)st.st_ino, (uintmax_t)size,
             (uintmax_t)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
    if (condition != NULL && strcmp(condition, etag) != 0)
        wanted = NULL;
    enum byte_range_kind kind = byte_range_read(wanted, size, &range);
    if (kind == BYTE_RANGE_NONE) {
        close(fd);
        return refuse_range(connection, size);
    }
    struct body *b = xcalloc(1, sizeof *b);
    *b = (struct body){
        .server = s, .connection = connection, .fd = fd, .range = range, .fault = *fault};
    struct MHD_Response *response =
        MHD_create_response_from_callback(range.count, BLOCK, read_body, b, free_body);
    if (response == NULL) {
        free_body(b);
        return MHD_NO;
    }
    add_headers(response, etag, &range, size, kind == BYTE_RANGE_PART);
    return send_response(connection, kind == BYTE_RANGE_PART ? 206 : 200, response);
}

static int64_t now_ms(const struct artifact_server *s)
{
    int64_t set = s->clock_ms;

    return set != 0 ? set : clock_wall_ms();
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len >= n && strcmp(text + len - n, end) == 0;
}

static enum MHD_Result serve(struct artifact_server *s, struct MHD_Connection *connection,
                             const char *path)
{
    const struct presign_claim claim = {.path = path,
                                        .date = query(connection, "X-Amz-Date"),
                                        .expires = query(connection, "X-Amz-Expires"),
                                        .signature = query(connection, "X-Amz-Signature")};
    enum presign_verdict verdict = presign_check(&s->presign, &claim, now_ms(s));

    if (verdict == PRESIGN_EXPIRED)
        return refuse(connection, MHD_HTTP_FORBIDDEN, "AccessDenied", "Request has expired");
    if (verdict != PRESIGN_GOOD || ends_in(path, ARTIFACT_FAULTS))
        return refuse(connection, MHD_HTTP_FORBIDDEN, "SignatureDoesNotMatch",
                      "The signature of this URL is missing or not ours.");
    char *faults = xasprintf("%s%s" ARTIFACT_FAULTS, s->dir, path);
    struct fault fault = fault_take(faults);
    free(faults);
    if (fault.kind == FAULT_STATUS)
        return refuse_by_fault(connection, (unsigned)fault.number);
    char *name = xasprintf("%s%s", s->dir, path);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    free(name);
    return fd < 0 ? refuse_by_fault(connection, MHD_HTTP_NOT_FOUND)
                  : send_file(s, connection, fd, &fault);
}

// NOLINTNEXTLINE(readability-function-size): the library's parameters
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_size, void **state)
{
    static const char begun = 0;

    (void)version;
    (void)piece;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "MethodNotAllowed",
                      "The specified method is not allowed against this resource.");
    if (*state == NULL) {
        *state = (void *)(uintptr_t)&begun;
        return MHD_YES;
    }
    if (*piece_size != 0) { /* nobody sends bodies here */
        *piece_size = 0;
        return MHD_NO;
    }
    return serve(ctx, connection, url);
}

/* ---- its life ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool read_address(const struct artifact_server_options *o, union address *ret,
                         struct error *err)
{
    const char *bind = o->bind != NULL ? o->bind : "127.0.0.1";

    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, bind, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(o->port);
    } else if (inet_pton(AF_INET6, bind, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(o->port);
    } else {
        return error_set(err, ERROR_USAGE, "artifacts: %s: not an address", bind);
    }
    return true;
}

/* By numbers of the loopback where it listens everywhere. */
static void name_base(struct artifact_server *s, const char *bind)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    unsigned port = info != NULL ? info->port : 0;

    if (bind == NULL || strcmp(bind, "0.0.0.0") == 0)
        bind = "127.0.0.1";
    else if (strcmp(bind, "::") == 0)
        bind = "::1";
    snprintf(s->presign.base, sizeof s->presign.base,
             strchr(bind, ':') != NULL ? "https://[%s]:%u" : "https://%s:%u", bind, port);
}

static void name_secret(struct artifact_server *s)
{
    char hex[2 * PRESIGN_SECRET + 1];

    for (size_t i = 0; i < PRESIGN_SECRET; i++)
        snprintf(hex + 2 * i, 3, "%02x", s->presign.secret[i]);
    s->how = xasprintf("%s,%s", s->presign.base, hex);
}

static bool start(struct artifact_server *s, const struct artifact_server_options *o,
                  struct error *err)
{
    union address address;
    struct buf certificate, key;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_TLS |
                     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;

    if (!read_address(o, &address, err))
        return false;
    flags |= address.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    buf_init(&certificate, PEM_MAX);
    buf_init(&key, PEM_MAX);
    if (store_read(o->certificate, &certificate, err) && store_read(o->key, &key, err)) {
        s->daemon =
            MHD_start_daemon(flags, o->port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR,
                             &address.any, MHD_OPTION_HTTPS_MEM_CERT, buf_cstr(&certificate),
                             MHD_OPTION_HTTPS_MEM_KEY, buf_cstr(&key), MHD_OPTION_CONNECTION_LIMIT,
                             (unsigned)ARTIFACT_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                             (unsigned)IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
        if (s->daemon == NULL)
            error_set(err, ERROR_USAGE, "artifacts: cannot listen at %s port %u (is it in use?)",
                      o->bind != NULL ? o->bind : "127.0.0.1", o->port);
    }
    explicit_bzero(buf_data(&key), buf_len(&key));
    buf_done(&key);
    buf_done(&certificate);
    return s->daemon != NULL;
}

struct artifact_server *artifact_server_new(const struct artifact_server_options *options,
                                            struct error *err)
{
    struct artifact_server *s = xcalloc(1, sizeof *s);

    pthread_mutex_init(&s->lock, NULL);
    s->dir = xstrdup(options->dir);
    if (mkdir(s->dir, 0700) != 0 && errno != EEXIST)
        error_set(err, ERROR_USAGE, "%s: %s (name a folder that can be made)", s->dir,
                  strerror(errno));
    else if (getrandom(s->presign.secret, PRESIGN_SECRET, 0) != PRESIGN_SECRET)
        error_set(err, ERROR_USAGE, "artifacts: the system has no random bytes");
    else if (start(s, options, err)) {
        name_base(s, options->bind);
        name_secret(s);
        return s;
    }
    artifact_server_free(s);
    return NULL;
}

void artifact_server_free(struct artifact_server *s)
{
    if (s == NULL)
        return;
    s->closing = true;
    /* The library does not end while it is not to look at a connection. */
    pthread_mutex_lock(&s->lock);
    for (struct body *b = s->stalled; b != NULL; b = b->next)
        MHD_resume_connection(b->connection);
    pthread_mutex_unlock(&s->lock);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    pthread_mutex_destroy(&s->lock);
    free(s->how);
    free(s->dir);
    free(s);
}

const char *artifact_server_url(const struct artifact_server *s)
{
    return s->presign.base;
}

const char *artifact_server_presign(const struct artifact_server *s)
{
    return s->how;
}

void artifact_server_set_clock(struct artifact_server *s, int64_t wall_ms)
{
    s->clock_ms = wall_ms;
}
