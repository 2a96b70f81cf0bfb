#include <stdlib.h>
#include <string.h>

#include "actors/companion_core.h"
#include "actors/companion_filters.h"
#include "base/xmem.h"
#include "mqtt/topic.h"

/* Cookies: of a watch its index and which of its filters; of a subscription its id and this. */
#define COOKIE_SUBSCRIPTION ((uint64_t)1 << 63)
#define COOKIE_UNSUBSCRIBE  ((uint64_t)1 << 62)
#define COOKIE_FENCE        ((uint64_t)1 << 61)

/* Nobody subscribes to it: to unsubscribe from it is a round trip that changes nothing. */
#define FENCE_FILTER "fleetsim/fence"

/* ---- watches ---- */

void companion_add_watch(struct companion *c, const char *thing, unsigned flags)
{
    c->watches = xrealloc(c->watches, (c->watch_count + 1) * sizeof *c->watches);
    c->watches[c->watch_count++] =
        (struct watch){.thing = thing != NULL ? xstrdup(thing) : NULL, .flags = flags};
}

static void subscribe(struct companion *c, size_t index)
{
    struct watch *w = &c->watches[index];
    struct companion_filters f;

    if (index == 0)
        companion_filters_init_responses(&f, c->topics.response, c->options.client_id);
    else
        companion_filters_init(&f, w->thing != NULL ? w->thing : "+", w->flags);
    free(w->refused);
    w->refused = NULL;
    w->pending = 0;
    for (size_t i = 0; i < f.count; i += PAHO_LINK_MAX_FILTERS) {
        size_t count = f.count - i < PAHO_LINK_MAX_FILTERS ? f.count - i : PAHO_LINK_MAX_FILTERS;
        struct mqtt_filter filters[PAHO_LINK_MAX_FILTERS];
        for (size_t j = 0; j < count; j++)
            filters[j] = (struct mqtt_filter){.filter = slice_str(f.filter[i + j]),
                                              .qos = index == 0 ? 1 : c->watch_qos};
        if (paho_link_subscribe(c->link, filters, count, (uint64_t)index << 8 | i))
            w->pending++;
    }
    companion_filters_done(&f);
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

/* The answer to a part of a watch. */
static void watch_answered(struct companion *c, const struct companion_letter *letter)
{
    size_t index = letter->cookie >> 8;

    if (index >= c->watch_count)
        return;
    struct watch *w = &c->watches[index];
    note_refused(w, letter->cookie & 0xff, letter->refused);
    if (w->pending == 0 || --w->pending != 0)
        return;
    struct companion_watching e = {.thing = w->thing,
                                   .flags = w->flags,
                                   .ok = w->refused == NULL,
                                   .text = w->refused != NULL ? w->refused : "",
                                   .at = letter->at};
    if (c->events->watching != NULL)
        c->events->watching(c->ctx, &e);
}

static void watch(struct companion *c, const char *thing, unsigned flags)
{
    size_t i = 1;

    while (i < c->watch_count &&
           (c->watches[i].flags != flags || (thing == NULL) != (c->watches[i].thing == NULL) ||
            (thing != NULL && strcmp(thing, c->watches[i].thing) != 0)))
        i++;
    if (i == c->watch_count)
        companion_add_watch(c, thing, flags);
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

void companion_watch_executions(struct companion *c)
{
    watch(c, c->options.client_id, COMPANION_WATCH_EXECUTIONS);
}

/* ---- subscriptions ---- */

static bool is_link_up(const struct companion *c)
{
    return c->link != NULL && c->connack_at != 0;
}

static struct subscription **find_subscription(struct companion *c, struct slice filter)
{
    struct subscription **p = &c->subscriptions;

    while (*p != NULL && !slice_equal((*p)->filter.filter, filter))
        p = &(*p)->next;
    return p;
}

static void remove_subscription(struct subscription **p)
{
    struct subscription *s = *p;

    *p = s->next;
    free((char *)(uintptr_t)s->filter.filter.data);
    free(s);
}

static void send_subscription(struct companion *c, struct subscription *s)
{
    s->id = ++c->last_subscription;
    s->sent = paho_link_subscribe(c->link, &s->filter, 1, COOKIE_SUBSCRIPTION | s->id);
}

static bool check_filter(const struct companion *c, const struct mqtt_filter *f, struct error *err)
{
    bool shared = f->filter.len > 7 && memcmp(f->filter.data, "$share/", 7) == 0;
    bool wild = f->filter.len != 0 && (memchr(f->filter.data, '+', f->filter.len) != NULL ||
                                       memchr(f->filter.data, '#', f->filter.len) != NULL);
    const char *why = NULL;

    if (!mqtt_topic_filter_valid(f->filter))
        why = "not a topic filter";
    else if (shared && f->no_local)
        why = "a shared subscription cannot be no_local"; /* MQTT-3.8.3-4 */
    else if (shared && c->server.no_shared)
        why = "the broker has no shared subscriptions";
    else if (wild && c->server.no_wildcards)
        why = "the broker takes no wildcards";
    else if (f->identifier != 0 && c->server.no_identifiers)
        why = "the broker takes no subscription identifiers";
    if (why == NULL)
        return true;
    return error_set(err, ERROR_SCRIPT, "filter: %s: \"%.*s\"", why,
                     (int)(f->filter.len < 200 ? f->filter.len : 200),
                     f->filter.len != 0 ? (const char *)f->filter.data : "");
}

bool companion_subscribe(struct companion *c, const struct mqtt_filter *filter, uint64_t *ret_id,
                         struct error *err)
{
    if (!c->connected)
        return error_set(err, ERROR_TARGET, "%s: not connected to %s", c->options.client_id,
                         c->options.setup.uri);
    if (!check_filter(c, filter, err))
        return false;
    struct subscription **place = find_subscription(c, filter->filter);
    if (*place == NULL) {
        *place = xcalloc(1, sizeof **place);
        (*place)->filter = *filter;
        (*place)->filter.filter = slice_of(
            xstrndup((const char *)filter->filter.data, filter->filter.len), filter->filter.len);
    } else {
        struct slice own = (*place)->filter.filter;
        (*place)->filter = *filter;
        (*place)->filter.filter = own;
    }
    atomic_store(&c->listening, true);
    send_subscription(c, *place);
    *ret_id = (*place)->id;
    return true;
}

bool companion_unsubscribe(struct companion *c, struct slice filter, uint64_t *ret_id,
                           struct error *err)
{
    struct subscription **place = find_subscription(c, filter);

    if (*place == NULL)
        return error_set(err, ERROR_SCRIPT, "%s: not subscribed to \"%.*s\"", c->options.client_id,
                         (int)(filter.len < 200 ? filter.len : 200),
                         filter.len != 0 ? (const char *)filter.data : "");
    *ret_id = ++c->last_subscription;
    bool sent =
        is_link_up(c) && paho_link_unsubscribe(c->link, filter, COOKIE_UNSUBSCRIBE | *ret_id);
    remove_subscription(place);
    return sent || error_set(err, ERROR_TARGET, "%s: not connected to %s", c->options.client_id,
                             c->options.setup.uri);
}

bool companion_fence(struct companion *c)
{
    return c->connected && paho_link_unsubscribe(c->link, slice_str(FENCE_FILTER), COOKIE_FENCE);
}

/* Publishes may have waited their turn behind it. */
static void fence_answered(struct companion *c)
{
    if ((c->unacked == 0 || !companion_fence(c)) && c->events->fenced != NULL)
        c->events->fenced(c->ctx);
}

static void tell_subscribed(struct companion *c, const struct companion_letter *letter, uint64_t id)
{
    struct companion_subscribed e = {.id = id,
                                     .ok = letter->refused == 0,
                                     .reason_code = letter->code,
                                     .remark = letter->text,
                                     .at = letter->at};

    if (c->events->subscribed != NULL)
        c->events->subscribed(c->ctx, &e);
}

static void subscription_answered(struct companion *c, const struct companion_letter *letter,
                                  uint64_t id)
{
    struct subscription **p = &c->subscriptions;

    while (*p != NULL && (*p)->id != id)
        p = &(*p)->next;
    if (*p != NULL && letter->refused != 0)
        remove_subscription(p);
    else if (*p != NULL)
        (*p)->granted = true;
    tell_subscribed(c, letter, id);
}

bool companion_answered(struct companion *c, const struct companion_letter *letter)
{
    if ((letter->cookie & COOKIE_SUBSCRIPTION) != 0)
        subscription_answered(c, letter, letter->cookie & ~COOKIE_SUBSCRIPTION);
    else if ((letter->cookie & COOKIE_UNSUBSCRIBE) != 0)
        tell_subscribed(c, letter, letter->cookie & ~COOKIE_UNSUBSCRIBE);
    else if (letter->cookie == COOKIE_FENCE)
        fence_answered(c);
    else if (letter->cookie >> 8 == 0)
        return true;
    else
        watch_answered(c, letter);
    return false;
}

void companion_renew(struct companion *c)
{
    for (size_t i = 0; i < c->watch_count; i++)
        subscribe(c, i);
    for (struct subscription *s = c->subscriptions; s != NULL; s = s->next)
        send_subscription(c, s);
}

/* Clouds hang up on whoever asks for what is not his: to ask again would go on for ever. */
void companion_forget_pending(struct companion *c)
{
    for (struct subscription **p = &c->subscriptions; *p != NULL;) {
        (*p)->sent = false;
        if ((*p)->granted)
            p = &(*p)->next;
        else
            remove_subscription(p);
    }
}

bool companion_listens_to(const struct companion *c, struct slice topic)
{
    for (const struct subscription *s = c->subscriptions; s != NULL; s = s->next)
        if (mqtt_topic_matches(s->filter.filter, topic))
            return true;
    return false;
}

void companion_free_subscriptions(struct companion *c)
{
    while (c->subscriptions != NULL)
        remove_subscription(&c->subscriptions);
    for (size_t i = 0; i < c->watch_count; i++) {
        free(c->watches[i].thing);
        free(c->watches[i].refused);
    }
    free(c->watches);
}
