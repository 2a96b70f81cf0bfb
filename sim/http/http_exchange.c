#include "http/http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/xmem.h"
#include "http/http_problem.h"

#define PLAIN "text/plain; charset=utf-8"
#define DRAIN_MAX                                                                                  \
    ((size_t)1 << 20) /* of a body that is too large: so far it is read and dropped                \
                       */
#define PREFLIGHT_S "600"
#define THE_END     "the run has ended"

enum stage { READING, LATER, ANSWERED, STREAMING };

struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_exchange *prev, *next;
    struct http_request request;
    struct http_reply reply;
    struct http_match match;
    struct buf body;
    size_t size; /* of the body, as far as it has come */
    enum stage stage;
    bool refused;   /* the reply says why */
    bool preflight; /* it may be, and asks for nothing more */
    bool suspended; /* the library does not look at it */
    bool ended;     /* the stream, once its client has it all */
    struct buf stream;
    struct http_waiting waiting;
};

/* ---- what came ---- */

static const char *header(const struct http_exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return header(request->exchange, name);
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ---- who may ask ---- */

static void refuse(struct http_exchange *x, unsigned status, const char *why)
{
    x->refused = true;
    http_problem(&x->reply, status, "%s", why);
}

static bool shows_token(const struct http_exchange *x, unsigned proofs)
{
    const char *token = x->server->guard.token;
    const char *authorization = header(x, MHD_HTTP_HEADER_AUTHORIZATION);
    char *password = NULL;

    if (token == NULL || (proofs & HTTP_PROOF_NONE_NEEDED) != 0)
        return true;
    if (secret_equal(http_shown_token(authorization, (proofs & HTTP_PROOF_AWS) != 0),
                     slice_str(token)))
        return true;
    if ((proofs & HTTP_PROOF_BASIC) == 0)
        return false;
    char *user = MHD_basic_auth_get_username_password(x->connection, &password);
    bool equal = password != NULL && secret_equal(slice_str(password), slice_str(token));
    MHD_free(user);
    MHD_free(password);
    return equal;
}

static void refuse_path(struct http_exchange *x)
{
    struct buf paths;

    x->refused = true;
    buf_init(&paths, HTTP_SERVER_MEMORY);
    for (const struct http_route *r = x->server->routes; r != NULL && r->path != NULL; r++)
        if (r == x->server->routes || strcmp(r[-1].path, r->path) != 0)
            buf_printf(&paths, " %s", r->path);
    http_problem(&x->reply, MHD_HTTP_NOT_FOUND, "%s is not here (there is:%s)", x->request.path,
                 buf_cstr(&paths));
    buf_done(&paths);
}

static void refuse_method(struct http_exchange *x, const char *method)
{
    struct buf names;

    x->refused = true;
    buf_init(&names, HTTP_SERVER_MEMORY);
    http_method_names(x->match.allowed, &names);
    http_problem(&x->reply, MHD_HTTP_METHOD_NOT_ALLOWED, "%s cannot be asked for by %s (use %s)",
                 x->request.path, method, buf_cstr(&names));
    buf_done(&names);
}

/* Who asks, and for what: as far as the headers say. */
static void decide(struct http_exchange *x, const char *method)
{
    const struct http_guard *guard = &x->server->guard;
    const char *host = header(x, MHD_HTTP_HEADER_HOST);
    const char *origin = header(x, MHD_HTTP_HEADER_ORIGIN);

    if (guard->numbers_only && !http_host_is_number(host)) {
        refuse(x, 421,
               "this machine alone is served, under its number or as localhost (the Host "
               "header must not have another name)");
        return;
    }
    if (!http_origin_may(guard, origin, host)) {
        refuse(x, MHD_HTTP_FORBIDDEN,
               "a page of that origin may not ask (allow it by --api-origin)");
        return;
    }
    x->match = http_route_find(x->server->routes, x->request.method, x->request.path);
    x->preflight = x->request.method == HTTP_OPTIONS && http_origin_is_listed(guard, origin) &&
                   header(x, "Access-Control-Request-Method") != NULL;
    if (x->preflight)
        return;
    if (!shows_token(x, x->match.route != NULL ? x->match.route->proofs : 0))
        refuse(x, MHD_HTTP_UNAUTHORIZED,
               "the token is missing or wrong (send Authorization: Bearer TOKEN)");
    else if (x->match.allowed == 0)
        refuse_path(x);
    else if (x->match.route == NULL)
        refuse_method(x, method);
}

/* ---- the answer ---- */

static void add_cors(const struct http_exchange *x, struct MHD_Response *response)
{
    const char *origin = header(x, MHD_HTTP_HEADER_ORIGIN);
    struct buf names;

    if (!http_origin_is_listed(&x->server->guard, origin))
        return;
    MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
    MHD_add_response_header(response, "Access-Control-Expose-Headers", "Location");
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Origin");
    if (!x->preflight)
        return;
    buf_init(&names, HTTP_SERVER_MEMORY);
    http_method_names(x->match.allowed, &names);
    MHD_add_response_header(response, "Access-Control-Allow-Methods", buf_cstr(&names));
    MHD_add_response_header(response, "Access-Control-Allow-Headers",
                            "Authorization, Content-Type, Prefer, Last-Event-ID");
    MHD_add_response_header(response, "Access-Control-Max-Age", PREFLIGHT_S);
    buf_done(&names);
}

static void add_headers(const struct http_exchange *x, struct MHD_Response *response)
{
    const struct http_reply *reply = &x->reply;
    struct buf names;

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    /* No other page may have it as a picture or a script of its own. */
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (reply->policy != NULL) {
        MHD_add_response_header(response, "Content-Security-Policy", reply->policy);
        MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
        MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    }
    if (reply->location[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, reply->location);
    add_cors(x, response);
    if (reply->status == MHD_HTTP_UNAUTHORIZED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"fleetsim\"");
        if (x->match.route != NULL && (x->match.route->proofs & HTTP_PROOF_BASIC) != 0)
            MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                    "Basic realm=\"fleetsim\"");
    }
    if (reply->status != MHD_HTTP_METHOD_NOT_ALLOWED)
        return;
    buf_init(&names, HTTP_SERVER_MEMORY);
    http_method_names(x->match.allowed, &names);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, buf_cstr(&names));
    buf_done(&names);
}

static enum MHD_Result queue(struct http_exchange *x, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    add_headers(x, response);
    enum MHD_Result result = MHD_queue_response(x->connection, x->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_reply(struct http_exchange *x)
{
    if (x->reply.body.overflow)
        http_problem(&x->reply, MHD_HTTP_INTERNAL_SERVER_ERROR,
                     "the answer is larger than %zu bytes (ask for less)", HTTP_SERVER_BODY_MAX);
    x->stage = ANSWERED;
    return queue(x, MHD_create_response_from_buffer(
                        buf_len(&x->reply.body), buf_data(&x->reply.body), MHD_RESPMEM_MUST_COPY));
}

/* ---- streams ---- */

static ssize_t read_stream(void *ctx, uint64_t at, char *to, size_t room)
{
    struct http_exchange *x = ctx;
    size_t len = buf_len(&x->stream);

    (void)at;
    if (len == 0 && x->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (len == 0) {
        x->suspended = true;
        MHD_suspend_connection(x->connection);
        return 0;
    }
    len = len < room ? len : room;
    memcpy(to, buf_data(&x->stream), len);
    buf_consume(&x->stream, len);
    return (ssize_t)len;
}

static enum MHD_Result send_stream(struct http_exchange *x)
{
    enum { BLOCK = 4096 };

    return queue(x,
                 MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, x, NULL));
}

/* The library goes on with it in the loop's next turn. */
static void resume(struct http_exchange *x)
{
    if (!x->suspended)
        return;
    x->suspended = false;
    MHD_resume_connection(x->connection);
    loop_timer_start(&x->server->timer, 0);
}

bool http_stream(const struct http_request *request, struct http_reply *reply,
                 const struct http_waiting *waiting)
{
    struct http_exchange *x = request->exchange;

    if (x->server->streams == HTTP_SERVER_STREAMS) {
        http_problem(reply, MHD_HTTP_SERVICE_UNAVAILABLE,
                     "there are %d streams already (close one)", HTTP_SERVER_STREAMS);
        return false;
    }
    x->server->streams++;
    x->stage = STREAMING;
    x->waiting = *waiting;
    return true;
}

bool http_stream_write(struct http_exchange *x, struct slice bytes)
{
    bool fits = buf_append_slice(&x->stream, bytes);

    x->stream.overflow = false;
    resume(x);
    return fits;
}

size_t http_stream_behind(const struct http_exchange *x)
{
    return buf_len(&x->stream);
}

/* ---- later ---- */

void http_later(const struct http_request *request, const struct http_waiting *waiting)
{
    struct http_exchange *x = request->exchange;

    x->stage = LATER;
    x->waiting = *waiting;
    x->server->waiting++;
}

bool http_later_may(const struct http_request *request)
{
    return request->exchange->server->waiting < HTTP_SERVER_WAITING;
}

struct http_reply *http_later_reply(struct http_exchange *x)
{
    return &x->reply;
}

void http_later_answer(struct http_exchange *x)
{
    x->stage = ANSWERED;
    x->server->waiting--;
    resume(x);
}

/* ---- its life ---- */

static struct http_exchange *begin(struct http_server *s, struct MHD_Connection *connection,
                                   const char *url, const char *method)
{
    struct http_exchange *x = xcalloc(1, sizeof *x);

    x->server = s;
    x->connection = connection;
    x->next = s->exchanges;
    if (x->next != NULL)
        x->next->prev = x;
    s->exchanges = x;
    x->reply = (struct http_reply){.status = MHD_HTTP_OK, .content_type = PLAIN};
    buf_init(&x->reply.body, HTTP_SERVER_BODY_MAX);
    buf_init(&x->body, HTTP_SERVER_REQUEST_MAX);
    buf_init(&x->stream, HTTP_SERVER_STREAM_MAX);
    x->request = (struct http_request){.method = http_method_parse(method),
                                       .path = url,
                                       .accept = header(x, MHD_HTTP_HEADER_ACCEPT),
                                       .content_type = header(x, MHD_HTTP_HEADER_CONTENT_TYPE),
                                       .exchange = x};
    decide(x, method);
    memcpy(x->request.param, x->match.param, sizeof x->request.param);
    return x;
}

static void refuse_size(struct http_exchange *x)
{
    x->refused = true;
    http_problem(&x->reply, 413, "the body is larger than %zu bytes (send less at once)",
                 HTTP_SERVER_REQUEST_MAX);
}

/* Is it known to be larger than what is worth reading, only to be dropped? */
static bool is_huge(const struct http_exchange *x)
{
    const char *text = header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text != NULL && strtoull(text, NULL, 10) > DRAIN_MAX;
}

enum MHD_Result http_exchange_body(struct http_exchange *x, const char *piece, size_t size)
{
    x->size += size;
    if (x->size > DRAIN_MAX)
        return MHD_NO;
    if (!x->refused && !buf_append(&x->body, piece, size))
        refuse_size(x);
    return MHD_YES;
}

static enum MHD_Result answer(struct http_exchange *x)
{
    if (x->preflight) {
        x->reply.status = MHD_HTTP_NO_CONTENT;
    } else if (x->server->closing) {
        refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, THE_END);
    } else if (!x->refused) {
        x->request.body = buf_slice(&x->body);
        x->match.route->answer(x->match.route->ctx, &x->request, &x->reply);
    }
    if (x->stage == STREAMING)
        return send_stream(x);
    if (x->stage != LATER)
        return send_reply(x);
    x->suspended = true;
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

enum MHD_Result http_exchange_run(struct http_server *s, struct MHD_Connection *connection,
                                  const char *url, const char *method, struct http_exchange **state)
{
    if (*state == NULL) {
        *state = begin(s, connection, url, method);
        if (!is_huge(*state))
            return MHD_YES;
        refuse_size(*state);
        return send_reply(*state);
    }
    return (*state)->stage == READING ? answer(*state) : send_reply(*state);
}

void http_exchange_free(struct http_exchange *x)
{
    if (x == NULL)
        return;
    if (x->stage == STREAMING)
        x->server->streams--;
    if (x->stage == LATER)
        x->server->waiting--;
    if ((x->stage == STREAMING || x->stage == LATER) && x->waiting.gone != NULL)
        x->waiting.gone(x->waiting.ctx);
    if (x->next != NULL)
        x->next->prev = x->prev;
    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        x->server->exchanges = x->next;
    buf_done(&x->reply.body);
    buf_done(&x->body);
    buf_done(&x->stream);
    free(x);
}

struct http_exchange *http_exchange_next(const struct http_exchange *x)
{
    return x->next;
}

void http_exchange_give_up(struct http_exchange *x)
{
    if (x->stage == STREAMING) {
        x->ended = true;
        resume(x);
    } else if (x->stage == LATER) {
        if (x->waiting.gone != NULL)
            x->waiting.gone(x->waiting.ctx);
        refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, THE_END);
        http_later_answer(x);
    }
}
