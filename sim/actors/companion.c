#include "actors/companion.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion_document.h"
#include "actors/companion_filters.h"
#include "actors/companion_letter.h"
#include "actors/companion_options.h"
#include "actors/paho_link.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/xmem.h"
#include "fleetsim/topics.h"
#include "paho/paho_anchor.h"

#define CONTENT_TYPE "application/json"
/* After so long the back-off starts over (contract 6.12). */
#define STABLE_AFTER (20 * USEC_PER_SEC)
#define BACKOFF_BASE (500 * USEC_PER_MSEC)
#define BACKOFF_CAP  (30 * USEC_PER_SEC)

/* One companion_watch(), one companion_watch_all(), or the responses (index 0). */
struct watch {
    char *thing; /* NULL: all things, or the responses */
    unsigned flags;
    unsigned pending; /* SUBACKs still to come */
    char *refused;    /* names of the refused filters, or NULL */
};

struct companion {
    struct loop *loop;
    const struct companion_events *events;
    void *ctx;
    struct paho_link_options options; /* owns its strings */
    usec_t backoff_base, backoff_cap;
    int watch_qos;
    struct rng rng;
    struct loop_timer retry;
    atomic_uint refs; /* the owner and each letter on its way */
    bool freed;
    bool closed;
    bool connected; /* `connected` was told */
    struct paho_link *link;
    uint64_t link_number; /* rises with each link: letters of older ones are stale */
    uint64_t last_publish;
    unsigned attempts;
    usec_t connack_at;
    struct watch *watches;
    size_t watch_count;
};

static void unref(struct companion *c)
{
    if (atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    companion_options_done(&c->options);
    free(c);
}

/* ---- letters: written on Paho's threads, read on the loop's ------------------------------------
 */

static void deliver(void *arg)
{
    struct companion_letter *letter = arg;
    struct companion *c = letter->companion;

    if (!c->freed)
        letter->deliver(c, letter);
    companion_letter_free(letter);
    unref(c);
}

static void post(struct companion *c, struct companion_letter *letter,
                 void (*read)(struct companion *c, const struct companion_letter *letter))
{
    letter->companion = c;
    letter->deliver = read;
    atomic_fetch_add(&c->refs, 1);
    loop_post(c->loop, deliver, letter);
}

static bool is_current(const struct companion *c, const struct companion_letter *letter)
{
    return c->link != NULL && letter->link == c->link_number;
}

/* ---- connecting --------------------------------------------------------------------------------
 */

static usec_t backoff(struct companion *c)
{
    usec_t ceiling = c->backoff_base;

    for (unsigned i = 1; i < c->attempts && ceiling < c->backoff_cap; i++)
        ceiling *= 2;
    if (ceiling > c->backoff_cap)
        ceiling = c->backoff_cap;
    return rng_below(&c->rng, ceiling) + 1;
}

static void drop_link(struct companion *c)
{
    struct paho_link *link = c->link;

    c->link = NULL;
    c->connected = false;
    paho_link_free(link);
}

/* Drops what is left of the connection, arms the timer, tells the owner. */
static void lose(struct companion *c, const char *text, usec_t at)
{
    struct companion_lost e = {.text = text, .was_connected = c->connected, .at = at};

    if (c->connack_at != 0 && at - c->connack_at >= STABLE_AFTER)
        c->attempts = 0;
    c->connack_at = 0;
    drop_link(c);
    e.retry_in = backoff(c);
    loop_timer_start(&c->retry, e.retry_in);
    if (c->events->lost != NULL)
        c->events->lost(c->ctx, &e);
}

static void read_down(struct companion *c, const struct companion_letter *letter)
{
    if (is_current(c, letter))
        lose(c, letter->text, letter->at);
}

static void subscribe(struct companion *c, size_t index)
{
    struct watch *w = &c->watches[index];
    struct companion_filters f;

    if (index == 0)
        companion_filters_init_responses(&f, c->options.client_id);
    else
        companion_filters_init(&f, w->thing != NULL ? w->thing : "+", w->flags);
    free(w->refused);
    w->refused = NULL;
    w->pending = 0;
    for (size_t i = 0; i < f.count; i += PAHO_LINK_MAX_FILTERS) {
        size_t count = f.count - i < PAHO_LINK_MAX_FILTERS ? f.count - i : PAHO_LINK_MAX_FILTERS;
        if (paho_link_subscribe(c->link, f.filter + i, count, index == 0 ? 1 : c->watch_qos,
                                (uint64_t)index << 8 | i))
            w->pending++;
    }
    companion_filters_done(&f);
}

static void read_connack(struct companion *c, const struct companion_letter *letter)
{
    if (!is_current(c, letter))
        return;
    c->connack_at = letter->at;
    for (size_t i = 0; i < c->watch_count; i++)
        subscribe(c, i);
}

static void note_refused(struct watch *w, size_t first, unsigned refused)
{
    struct companion_filters f;

    companion_filters_init(&f, w->thing != NULL ? w->thing : "+", w->flags);
    for (size_t i = first; i < f.count && refused != 0; i++, refused >>= 1)
        if (refused & 1) {
            char *longer = xasprintf("%s%s%s", w->refused != NULL ? w->refused : "",
                                     w->refused != NULL ? ", " : "", f.filter[i]);
            free(w->refused);
            w->refused = longer;
        }
    companion_filters_done(&f);
}

static void become_ready(struct companion *c, const struct companion_letter *letter)
{
    struct companion_connected e = {.at = c->connack_at,
                                    .ready_at = letter->at,
                                    .responses = letter->refused == 0,
                                    .attempt = c->attempts};

    c->connected = true;
    if (c->events->connected != NULL)
        c->events->connected(c->ctx, &e);
}

static void read_suback(struct companion *c, const struct companion_letter *letter)
{
    size_t index = letter->cookie >> 8;

    if (!is_current(c, letter) || index >= c->watch_count)
        return;
    if (index == 0) {
        become_ready(c, letter);
        return;
    }
    struct watch *w = &c->watches[index];
    note_refused(w, letter->cookie & 0xff, letter->refused);
    if (w->pending == 0 || --w->pending != 0)
        return;
    struct companion_watching e = {.thing = w->thing,
                                   .ok = w->refused == NULL,
                                   .text = w->refused != NULL ? w->refused : "",
                                   .at = letter->at};
    if (c->events->watching != NULL)
        c->events->watching(c->ctx, &e);
}

/* ---- what arrives ------------------------------------------------------------------------------
 */

static void read_acked(struct companion *c, const struct companion_letter *letter)
{
    struct companion_acked e = letter->acked;

    e.text = letter->text;
    if (c->events->acked != NULL)
        c->events->acked(c->ctx, &e);
}

static void read_shadow(struct companion *c, const struct companion_letter *letter)
{
    struct companion_shadow e = {.thing = letter->subject,
                                 .name = letter->detail,
                                 .verb = letter->verb,
                                 .outcome = letter->outcome,
                                 .payload = letter->payload,
                                 .client_token = letter->token,
                                 .version = letter->version,
                                 .code = letter->code,
                                 .received_at = letter->at};

    if (c->events->shadow != NULL)
        c->events->shadow(c->ctx, &e);
}

static void read_response(struct companion *c, const struct companion_letter *letter)
{
    struct companion_response e = {.thing = letter->subject,
                                   .request_id = letter->token,
                                   .correlated = letter->flag,
                                   .payload = letter->payload,
                                   .received_at = letter->at};

    if (c->events->response != NULL)
        c->events->response(c->ctx, &e);
}

static void read_presence(struct companion *c, const struct companion_letter *letter)
{
    struct companion_presence e = {.client_id = letter->subject,
                                   .connected = letter->kind == COMPANION_TOPIC_CONNECTED,
                                   .version = letter->version,
                                   .session_id = letter->token != NULL ? letter->token : "",
                                   .reason = letter->text != NULL ? letter->text : "",
                                   .client_initiated = letter->flag,
                                   .timestamp_ms = letter->timestamp_ms,
                                   .received_at = letter->at};

    if (c->events->presence != NULL)
        c->events->presence(c->ctx, &e);
}

/* ---- the sink, on Paho's threads ---------------------------------------------------------------
 */

static void on_connack(void *ctx, uint64_t link, usec_t at)
{
    struct companion_letter *letter = companion_letter_new(at);

    letter->link = link;
    post(ctx, letter, read_connack);
}

static void on_down(void *ctx, uint64_t link, const char *text, usec_t at)
{
    struct companion_letter *letter = companion_letter_new(at);

    letter->link = link;
    letter->text = xstrdup(text);
    post(ctx, letter, read_down);
}

static void on_suback(void *ctx, uint64_t link, uint64_t cookie, unsigned refused, usec_t at)
{
    struct companion_letter *letter = companion_letter_new(at);

    letter->link = link;
    letter->cookie = cookie;
    letter->refused = refused;
    post(ctx, letter, read_suback);
}

static void on_acked(void *ctx, const struct companion_acked *acked)
{
    struct companion_letter *letter = companion_letter_new(acked->at);

    letter->acked = *acked;
    letter->text = xstrdup(acked->text);
    post(ctx, letter, read_acked);
}

static void on_message(void *ctx, const struct paho_message *message, usec_t at)
{
    static void (*const readers[COMPANION_TOPIC_KIND_COUNT])(
        struct companion * c, const struct companion_letter *letter) = {
        [COMPANION_TOPIC_SHADOW] = read_shadow,
        [COMPANION_TOPIC_RESPONSE] = read_response,
        [COMPANION_TOPIC_CONNECTED] = read_presence,
        [COMPANION_TOPIC_DISCONNECTED] = read_presence,
    };
    struct companion_letter *letter =
        companion_letter_read(message->topic, message->payload, message->correlation, at);

    if (letter != NULL)
        post(ctx, letter, readers[letter->kind]);
}

static const struct paho_link_sink sink = {
    .connected = on_connack,
    .down = on_down,
    .subscribed = on_suback,
    .acked = on_acked,
    .message = on_message,
};

/* ---- life --------------------------------------------------------------------------------------
 */

static bool connect_link(struct companion *c, struct error *err)
{
    c->attempts++;
    c->link = paho_link_new(&c->options, &sink, c, ++c->link_number, err);
    return c->link != NULL;
}

static void on_retry(void *arg)
{
    struct companion *c = arg;
    struct error err;

    if (!connect_link(c, &err))
        lose(c, err.text, clock_now());
}

static struct watch *add_watch(struct companion *c, const char *thing, unsigned flags)
{
    c->watches = xrealloc(c->watches, (c->watch_count + 1) * sizeof *c->watches);
    struct watch *w = &c->watches[c->watch_count++];
    *w = (struct watch){.thing = thing != NULL ? xstrdup(thing) : NULL, .flags = flags};
    return w;
}

bool companion_prepare(struct error *err)
{
    if (!paho_anchor_hold(err))
        return false;
    paho_anchor_release();
    return true;
}

struct companion *companion_new(struct loop *loop, const struct companion_options *options,
                                const struct companion_events *events, void *ctx, struct error *err)
{
    if (!companion_options_check(options, err) || !paho_anchor_hold(err))
        return NULL;
    struct companion *c = xcalloc(1, sizeof *c);
    c->loop = loop;
    c->events = events;
    c->ctx = ctx;
    atomic_init(&c->refs, 1);
    companion_options_copy(options, &c->options);
    c->backoff_base = options->backoff_base != 0 ? options->backoff_base : BACKOFF_BASE;
    c->backoff_cap = options->backoff_cap != 0 ? options->backoff_cap : BACKOFF_CAP;
    c->watch_qos = options->watch_at_most_once ? 0 : 1;
    rng_init(&c->rng, options->seed, hash_text(options->client_id));
    loop_timer_init(&c->retry, loop, on_retry, c);
    add_watch(c, NULL, 0);
    if (connect_link(c, err))
        return c;
    companion_free(c);
    return NULL;
}

void companion_free(struct companion *c)
{
    if (c == NULL)
        return;
    c->freed = true;
    loop_timer_stop(&c->retry);
    drop_link(c);
    paho_anchor_release();
    for (size_t i = 0; i < c->watch_count; i++) {
        free(c->watches[i].thing);
        free(c->watches[i].refused);
    }
    free(c->watches);
    unref(c);
}

void companion_close(struct companion *c)
{
    c->closed = true;
    loop_timer_stop(&c->retry);
    drop_link(c);
}

void companion_open(struct companion *c)
{
    if (!c->closed)
        return;
    c->closed = false;
    c->attempts = 0;
    loop_timer_start(&c->retry, 1);
}

const char *companion_client_id(const struct companion *c)
{
    return c->options.client_id;
}

bool companion_is_connected(const struct companion *c)
{
    return c->connected;
}

/* ---- watches -----------------------------------------------------------------------------------
 */

static void watch(struct companion *c, const char *thing, unsigned flags)
{
    size_t i = 1;

    while (i < c->watch_count &&
           (c->watches[i].flags != flags || (thing == NULL) != (c->watches[i].thing == NULL) ||
            (thing != NULL && strcmp(thing, c->watches[i].thing) != 0)))
        i++;
    if (i == c->watch_count)
        add_watch(c, thing, flags);
    if (c->link != NULL && c->connack_at != 0)
        subscribe(c, i);
}

bool companion_watch(struct companion *c, const char *thing, unsigned flags, struct error *err)
{
    if (!companion_check_thing(thing, err))
        return false;
    watch(c, thing, flags);
    return true;
}

void companion_watch_all(struct companion *c, unsigned flags)
{
    watch(c, NULL, flags);
}

/* ---- publishing --------------------------------------------------------------------------------
 */

static bool publish(struct companion *c, struct paho_publish *p, struct companion_publish *ret,
                    struct error *err)
{
    usec_t sent_at = 0;

    if (!c->connected)
        return error_set(err, ERROR_TARGET, "%s: not connected to %s", c->options.client_id,
                         c->options.uri);
    p->id = c->last_publish + 1;
    if (!paho_link_publish(c->link, p, &sent_at, err))
        return false;
    c->last_publish = p->id;
    if (ret != NULL)
        *ret = (struct companion_publish){.id = p->id, .sent_at = sent_at};
    return true;
}

/* Takes the payload. */
static bool publish_shadow(struct companion *c, const char *thing, enum companion_verb verb,
                           char *payload, struct companion_publish *ret, struct error *err)
{
    if (payload == NULL)
        return false;
    char *topic = xasprintf(TOPIC_SHADOW_PREFIX "/%s", thing, companion_verb_name(verb));
    struct paho_publish p = {.topic = topic, .payload = slice_str(payload)};
    bool ok = publish(c, &p, ret, err);
    free(topic);
    free(payload);
    return ok;
}

bool companion_desire(struct companion *c, const char *thing, const char *state_json,
                      const char *token, struct companion_publish *ret, struct error *err)
{
    return companion_check_thing(thing, err) &&
           publish_shadow(c, thing, COMPANION_VERB_UPDATE,
                          companion_document_desire(state_json, token, err), ret, err);
}

bool companion_get_shadow(struct companion *c, const char *thing, const char *token,
                          struct companion_publish *ret, struct error *err)
{
    return companion_check_thing(thing, err) &&
           publish_shadow(c, thing, COMPANION_VERB_GET, companion_document_token(token, err), ret,
                          err);
}

bool companion_delete_shadow(struct companion *c, const char *thing, const char *token,
                             struct companion_publish *ret, struct error *err)
{
    return companion_check_thing(thing, err) &&
           publish_shadow(c, thing, COMPANION_VERB_DELETE, companion_document_token(token, err),
                          ret, err);
}

bool companion_update_raw(struct companion *c, const char *thing, struct slice payload,
                          struct companion_publish *ret, struct error *err)
{
    if (!companion_check_thing(thing, err))
        return false;
    char *topic = xasprintf(TOPIC_SHADOW_PREFIX "/update", thing);
    bool ok = companion_publish_raw(c, topic, payload, ret, err);
    free(topic);
    return ok;
}

bool companion_publish_raw(struct companion *c, const char *topic, struct slice payload,
                           struct companion_publish *ret, struct error *err)
{
    struct paho_publish p = {.topic = topic, .payload = payload};

    if (topic == NULL || topic[0] == '\0' || strpbrk(topic, "+#") != NULL)
        return error_set(err, ERROR_SCRIPT, "topic: cannot publish to \"%.200s\"",
                         topic != NULL ? topic : "");
    return publish(c, &p, ret, err);
}

/* Whole seconds left, rounded up; 0 if none: an expired command travels without the property, so
   that it is the car that has to refuse it. */
static uint32_t seconds_left(int64_t expires_at_ms)
{
    int64_t left = expires_at_ms - clock_wall_ms();

    if (expires_at_ms == 0 || left <= 0)
        return 0;
    left = (left + 999) / 1000;
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

bool companion_request(struct companion *c, const struct companion_request *request,
                       struct companion_publish *ret, struct error *err)
{
    if (!companion_check_thing(request->thing, err))
        return false;
    if (request->request_id == NULL || request->request_id[0] == '\0')
        return error_set(err, ERROR_SCRIPT, "request: no request id");
    int64_t issued = request->issued_at_ms != 0 ? request->issued_at_ms : clock_wall_ms();
    int64_t expires = request->expires_at_ms;
    if (expires == 0 && request->expiry != 0)
        expires = issued + (int64_t)(request->expiry / USEC_PER_MSEC);
    char *answer_to = xasprintf(TOPIC_COMMAND_RESPONSE, request->thing, c->options.client_id);
    char *topic = xasprintf(TOPIC_COMMAND_REQUEST, request->thing);
    char *payload = companion_document_request(
        &(struct companion_document_request){.request_id = request->request_id,
                                             .response_topic = answer_to,
                                             .issued_at_ms = issued,
                                             .expires_at_ms = expires,
                                             .command_json = request->command_json},
        err);
    struct paho_publish p = {.topic = topic, .payload = slice_str(payload)};
    if (!request->bare) {
        p.response_topic = answer_to;
        p.correlation = request->request_id;
        p.content_type = CONTENT_TYPE;
        p.expiry_s = seconds_left(expires);
    }
    bool ok = payload != NULL && publish(c, &p, ret, err);
    free(answer_to);
    free(topic);
    free(payload);
    return ok;
}
