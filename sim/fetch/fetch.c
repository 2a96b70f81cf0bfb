#include "fetch/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xmem.h"
#include "fetch/fetch_inside.h"

#define LOOK_AGAIN USEC_PER_SEC       /* for a network */
#define SILENCE    (2 * USEC_PER_SEC) /* real; a loaded machine takes its time as well */

const char *fetch_end_name(enum fetch_end end)
{
    /* ORDER FETCH_END */
    static const char *const names[] = {"runs",      "done",      "refused", "broken",
                                        "timed out", "untrusted", "bad url"};

    return names[end];
}

/* ---- time ---- */

static void hold(struct fetch *f, bool on)
{
    struct fetcher *x = f->fetcher;

    if (x->hold == NULL || !loop_is_virtual(x->loop))
        return;
    if (on)
        loop_timer_start(&f->silence, SILENCE);
    else
        loop_timer_stop(&f->silence);
    if (f->holds == on)
        return;
    f->holds = on;
    x->hold(x->hold_ctx, on);
}

static void on_silence(void *arg)
{
    hold(arg, false);
}

static void be_patient(struct fetch *f)
{
    loop_timer_start_scaled(&f->patience, f->patience_for);
}

/* ---- the end ---- */

static void end(struct fetch *f, enum fetch_end how, const char *why)
{
    hold(f, false);
    loop_timer_stop(&f->patience);
    loop_timer_stop(&f->arrival);
    if (f->easy != NULL) {
        curl_multi_remove_handle(f->fetcher->multi, f->easy);
        curl_easy_cleanup(f->easy);
        f->easy = NULL;
        fetcher_leave(f->fetcher, f);
    }
    curl_slist_free_all(f->headers);
    f->headers = NULL;
    f->state.end = how;
    if (why != NULL && f->state.why[0] == '\0')
        snprintf(f->state.why, sizeof f->state.why, "%s", why);
    loop_timer_start(&f->tell, 0);
}

static void on_patience(void *arg)
{
    end(arg, FETCH_TIMED_OUT, "nothing came for too long");
}

/* What S3 says in its error document, or nothing. */
static void name_refusal(struct fetch *f)
{
    static const char opening[] = "<Message>";
    const char *begin = strstr(f->refusal, opening);
    size_t len = begin != NULL ? strcspn(begin + sizeof opening - 1, "<") : 0;

    snprintf(f->state.why, sizeof f->state.why, "HTTP %u%s%.*s", f->state.status,
             len != 0 ? ": " : "", (int)len, len != 0 ? begin + sizeof opening - 1 : "");
}

static enum fetch_end judge(const struct fetch *f, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum fetch_end how;
    } known[] = {
        {CURLE_PEER_FAILED_VERIFICATION, FETCH_UNTRUSTED},
        {CURLE_SSL_CACERT_BADFILE,       FETCH_UNTRUSTED},
        {CURLE_SSL_ISSUER_ERROR,         FETCH_UNTRUSTED},
        {CURLE_SSL_INVALIDCERTSTATUS,    FETCH_UNTRUSTED},
        {CURLE_UNSUPPORTED_PROTOCOL,     FETCH_BAD_URL  },
        {CURLE_URL_MALFORMAT,            FETCH_BAD_URL  },
        {CURLE_OPERATION_TIMEDOUT,       FETCH_TIMED_OUT},
    };

    if (code == CURLE_OK)
        return f->state.status == 200 || f->state.status == 206 ? FETCH_DONE : FETCH_REFUSED;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            return known[i].how;
    return FETCH_BROKEN;
}

static void on_ended(struct fetch_work *w, CURLcode code)
{
    struct fetch *f = (struct fetch *)w;
    enum fetch_end how = judge(f, code);

    if (how == FETCH_REFUSED)
        name_refusal(f);
    end(f, how, f->curl_says[0] != '\0' ? f->curl_says : curl_easy_strerror(code));
}

/* ---- bytes ---- */

static size_t wait_with(struct fetch *f)
{
    f->paused = true;
    hold(f, false);
    return CURL_WRITEFUNC_PAUSE;
}

static void go_on(struct fetch *f)
{
    if (!f->paused)
        return;
    f->paused = false;
    hold(f, true);
    curl_easy_pause(f->easy, CURLPAUSE_CONT);
    fetcher_nudge(f->fetcher);
}

static void on_arrival(void *arg)
{
    go_on(arg);
}

/* Has the next piece arrived? If not, its arrival is awaited. */
static bool has_arrived(struct fetch *f, size_t bytes)
{
    usec_t delay = f->allowed ? 0 : f->owner.delay(f->owner.ctx, bytes);

    f->allowed = delay != 0 && delay != FETCH_NO_WAY;
    if (delay == 0)
        return true;
    if (f->allowed)
        loop_timer_stop(&f->patience);
    loop_timer_start_scaled(&f->arrival, f->allowed ? delay : LOOK_AGAIN);
    return false;
}

static void keep_refusal(struct fetch *f, const char *at, size_t len)
{
    size_t room = sizeof f->refusal - 1 - f->refusal_len;

    len = len < room ? len : room;
    memcpy(f->refusal + f->refusal_len, at, len);
    f->refusal_len += len;
}

static size_t on_bytes(char *at, size_t one, size_t count, void *ctx)
{
    struct fetch *f = ctx;
    size_t len = one * count;

    hold(f, true);
    if (f->state.status != 200 && f->state.status != 206) {
        keep_refusal(f, at, len);
        return len;
    }
    if (f->state.status == 206 && f->state.from != f->from) {
        snprintf(f->state.why, sizeof f->state.why, "it begins at byte %" PRIu64 ", not %" PRIu64,
                 f->state.from, f->from);
        return 0;
    }
    if (f->piece_len != 0 || !has_arrived(f, len))
        return wait_with(f);
    if (len > f->piece_room) {
        f->piece_room = len;
        f->piece = xrealloc(f->piece, len);
    }
    memcpy(f->piece, at, len);
    f->piece_len = len;
    loop_timer_stop(&f->patience); /* it is the owner's turn */
    loop_timer_start(&f->tell, 0);
    return len;
}

/* ---- headers ---- */

/* The value of that header, without blanks around it; false: it is another. */
static bool is_header(struct slice line, const char *name, char *ret, size_t room)
{
    size_t len = strlen(name);
    const char *at = (const char *)line.data;

    if (line.len <= len || strncasecmp(at, name, len) != 0 || at[len] != ':')
        return false;
    const char *begin = at + len + 1, *end = at + line.len;
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (end > begin && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    if ((size_t)(end - begin) >= room)
        return false;
    memcpy(ret, begin, (size_t)(end - begin));
    ret[end - begin] = '\0';
    return true;
}

/* "bytes 200-999/1000" */
static void read_range(struct fetch *f, const char *text)
{
    static const char unit[] = "bytes ";
    const char *slash = strchr(text, '/');
    char *end;

    if (strncmp(text, unit, sizeof unit - 1) != 0 || slash == NULL)
        return;
    uint64_t from = strtoull(text + sizeof unit - 1, &end, 10);
    if (*end != '-')
        return;
    uint64_t size = strtoull(slash + 1, &end, 10);
    f->state.from = from;
    if (end != slash + 1 && *end == '\0')
        f->state.size = size;
}

static size_t on_header(char *at, size_t one, size_t count, void *ctx)
{
    struct fetch *f = ctx;
    struct slice line = slice_of(at, one * count);
    struct fetch_state *s = &f->state;
    char text[FETCH_ETAG_MAX];
    long status = 0;

    hold(f, true);
    if (line.len > 5 && memcmp(at, "HTTP/", 5) == 0) {
        curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
        *s = (struct fetch_state){
            .status = (unsigned)status, .from = status == 206 ? f->from : 0, .size = UINT64_MAX};
    } else if (is_header(line, "ETag", text, sizeof text) && text[0] == '"') {
        memcpy(s->etag, text, sizeof text); /* a weak one does not say that bytes are the same */
    } else if (is_header(line, "Content-Range", text, sizeof text) && s->status == 206) {
        read_range(f, text);
    } else if (is_header(line, "Content-Length", text, sizeof text) && s->status == 200) {
        s->size = strtoull(text, NULL, 10);
    }
    return line.len;
}

/* ---- its life ---- */

static void ask_for_rest(struct fetch *f)
{
    char text[FETCH_ETAG_MAX + 16];

    if (f->from == 0)
        return;
    snprintf(text, sizeof text, "%" PRIu64 "-", f->from);
    curl_easy_setopt(f->easy, CURLOPT_RANGE, text);
    snprintf(text, sizeof text, "If-Range: %s", f->asked_etag);
    f->headers = curl_slist_append(NULL, text);
    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers);
}

CURL *fetch_easy(struct fetcher *x, struct fetch_work *work, const char *url, const char *protocols)
{
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)work);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* a car's network is its own */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_SHARE, x->share);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "fleetsim/" FLEETSIM_VERSION);
    return easy;
}

void fetch_begin(struct fetch *f)
{
    struct fetcher *x = f->fetcher;

    f->easy = fetch_easy(x, &f->work, f->url, "https");
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->curl_says);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, f);
    if (x->ca_file != NULL) {
        curl_easy_setopt(f->easy, CURLOPT_CAINFO, x->ca_file);
        curl_easy_setopt(f->easy, CURLOPT_CAPATH, NULL);
    }
    ask_for_rest(f);
    be_patient(f);
    hold(f, true);
    curl_multi_add_handle(x->multi, f->easy);
}

static void on_tell(void *arg)
{
    struct fetch *f = arg;

    f->owner.changed(f->owner.ctx);
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
                          const struct fetch_owner *owner)
{
    struct fetch *f = xcalloc(1, sizeof *f);

    f->work.ended = on_ended;
    f->fetcher = fetcher;
    f->owner = *owner;
    f->url = xstrdup(request->url);
    f->state.size = UINT64_MAX;
    f->patience_for = request->patience;
    if (request->etag != NULL && strlen(request->etag) < sizeof f->asked_etag) {
        f->from = request->from;
        memcpy(f->asked_etag, request->etag, strlen(request->etag) + 1);
    }
    loop_timer_init(&f->arrival, fetcher->loop, on_arrival, f);
    loop_timer_init(&f->patience, fetcher->loop, on_patience, f);
    loop_timer_init(&f->silence, fetcher->loop, on_silence, f);
    loop_timer_init(&f->tell, fetcher->loop, on_tell, f);
    fetcher_enqueue(fetcher, f);
    return f;
}

void fetch_free(struct fetch *f)
{
    if (f == NULL)
        return;
    if (f->queued)
        fetcher_leave(f->fetcher, f);
    end(f, f->state.end, NULL);
    loop_timer_stop(&f->tell);
    free(f->piece);
    free(f->url);
    free(f);
}

const struct fetch_state *fetch_look(const struct fetch *f)
{
    return &f->state;
}

struct slice fetch_piece(const struct fetch *f)
{
    return slice_of(f->piece, f->piece_len);
}

void fetch_took(struct fetch *f)
{
    f->piece_len = 0;
    if (f->easy == NULL)
        return;
    be_patient(f);
    go_on(f);
}
