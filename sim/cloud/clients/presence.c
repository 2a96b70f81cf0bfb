#include "cloud/clients/presence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/clients/presence_event.h"
#include "cloud/policies/policy_variable.h"

/* Sessions and version numbers live that long without a connection (contract 2.2, 6.5). */
#define MEMORY_MS ((int64_t)3600 * 1000)
/* After a restart observers come back first, then they hear of cars that did not. */
#define CUT_OFF_MS 5000

/* Wildcards in the first level match no reserved topic (contract 6.2), and no share gets one. */
static bool takes_documents(const char *filter)
{
    const char *last = strrchr(filter, '/');

    return last != NULL && strncmp(filter, "$aws/", 5) == 0 &&
           (strcmp(last, "/documents") == 0 || strcmp(last, "/#") == 0 || strcmp(last, "/+") == 0);
}

static void forget_filter(struct client *c, char *filter)
{
    *c->document_filters -= takes_documents(filter) ? 1 : 0;
    free(filter);
}

static void clear_filters(struct client *c)
{
    for (size_t i = 0; i < c->filter_count; i++)
        forget_filter(c, c->filters[i]);
    free(c->filters);
    c->filters = NULL;
    c->filter_count = 0;
}

static void free_client(void *value)
{
    struct client *c = value;

    clear_filters(c);
    free(c->id);
    access_view_done(&c->view);
    free(c->common_name);
    free(c->unit);
    free(c->attributes);
    free(c);
}

static void clear_event(struct presence *p)
{
    while (p->event_topic_count > 0)
        free(p->event_topics[--p->event_topic_count]);
    p->event_client = NULL;
}

void presence_init(struct presence *p, uint64_t seed)
{
    *p = (struct presence){0};
    table_init(&p->clients);
    rng_init(&p->rng, seed, 0);
}

void presence_done(struct presence *p)
{
    clear_event(p);
    table_done(&p->clients, free_client);
}

struct client *presence_find(const struct presence *p, const char *client_id)
{
    return table_get(&p->clients, client_id);
}

static bool count_connected(void *value, void *ctx)
{
    const struct client *c = value;
    size_t *count = ctx;

    *count += c->handle != NULL && !c->owner ? 1 : 0;
    return false;
}

size_t presence_connected_count(const struct presence *p)
{
    struct table clients = p->clients;
    size_t count = 0;

    table_sweep(&clients, count_connected, &count);
    return count;
}

struct policy_principal presence_principal(const struct client *c)
{
    return (struct policy_principal){.client_id = c->id,
                                     .common_name = c->common_name,
                                     .unit = c->unit,
                                     .certificate = c->attributes,
                                     .source_ip = c->address,
                                     .persistent = c->persistent};
}

struct access_subject presence_subject(const struct client *c)
{
    return (struct access_subject){.owner = c->owner,
                                   .user = c->is_user ? c->principal : NULL,
                                   .certificate = c->principal,
                                   .client_id = c->id};
}

struct policy_principal presence_peer_principal(const struct presence_peer *peer)
{
    return (struct policy_principal){.client_id = peer->client_id,
                                     .common_name = peer->common_name,
                                     .unit = peer->unit,
                                     .certificate = peer->attributes,
                                     .source_ip = peer->address,
                                     .persistent = !peer->clean_start};
}

/* RFC 9562, version 4. */
static void make_uuid(struct rng *rng, char ret[37])
{
    uint64_t a = rng_next(rng);
    uint64_t b = rng_next(rng);

    snprintf(ret, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
             0x8000 | ((unsigned)(b >> 48) & 0x3fff), (unsigned long long)(b & 0xffffffffffffu));
}

bool presence_refuse(struct presence *p, const struct presence_peer *peer, int64_t now_ms,
                     struct cloud_actions *out)
{
    struct text t;
    char session_id[37];

    if (peer->principal == NULL || presence_is_silent(peer->client_id, peer->owner) ||
        *peer->client_id == '\0' || strlen(peer->client_id) > PRESENCE_CLIENT_ID_MAX)
        return true;
    make_uuid(&p->rng, session_id);
    presence_event_begin(&t, peer->client_id, peer->is_thing, "connect_failed", now_ms);
    text_str(&t, ",\"connectFailureReason\":\"AUTHORIZATION_FAILED\"");
    presence_event_session(&t, session_id, peer->principal);
    text_key(&t, "ipAddress");
    text_quoted(&t, peer->address);
    return presence_event_publish(out, "presence", peer->client_id, "connect_failed", &t);
}

static void tell_change(const struct presence *p, const struct client *c)
{
    if (p->changed != NULL)
        p->changed(p->ctx, c->id);
}

bool presence_disconnect(struct presence *p, struct client *c, enum presence_reason reason,
                         int64_t now_ms, struct cloud_actions *out)
{
    bool flushed = p->event_client != c || presence_flush(p, now_ms, out);

    if (c->closing != PRESENCE_NONE)
        reason = c->closing;
    c->handle = NULL;
    c->closing = PRESENCE_NONE;
    c->gone_at = now_ms;
    c->gone_why = reason;
    tell_change(p, c);
    return presence_event_disconnected(c, reason, out) && flushed;
}

struct telling {
    const struct table *principals;
    struct cloud_actions *out;
    bool ok;
};

static bool tell_cut_off(void *value, void *ctx)
{
    struct client *c = value;
    struct telling *telling = ctx;

    if (c->cut_off)
        telling->ok &= presence_event_disconnected(c, PRESENCE_SERVER_INITIATED, telling->out);
    c->cut_off = false;
    return false;
}

bool presence_tell_cut_off(struct presence *p, int64_t now_ms, struct cloud_actions *out)
{
    struct telling telling = {.out = out, .ok = true};

    if (p->tell_at == 0 || now_ms < p->tell_at)
        return true;
    p->tell_at = 0;
    table_sweep(&p->clients, tell_cut_off, &telling);
    return telling.ok;
}

static bool cut_one(void *value, void *ctx)
{
    struct client *c = value;
    struct telling *telling = ctx;

    if (c->handle == NULL || table_get(telling->principals, c->principal) == NULL)
        return false;
    c->closing = PRESENCE_SERVER_INITIATED;
    telling->ok &= cloud_actions_kick(telling->out, c->id, true);
    return false;
}

bool presence_cut(struct presence *p, const struct table *principals, struct cloud_actions *out)
{
    struct telling telling = {.principals = principals, .out = out, .ok = true};

    table_sweep(&p->clients, cut_one, &telling);
    return telling.ok;
}

static struct client *new_client(struct presence *p, const char *client_id)
{
    struct client *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->version = -1;
    c->document_filters = &p->document_filters;
    c->id = strdup(client_id);
    if (c->id == NULL || !table_put(&p->clients, client_id, c)) {
        free_client(c);
        return NULL;
    }
    return c;
}

/* Replaces a string that may be NULL. */
static bool set_string(char **field, const char *value)
{
    char *copy = value != NULL ? strdup(value) : NULL;

    if (value != NULL && copy == NULL)
        return false;
    free(*field);
    *field = copy;
    return true;
}

/* Pairs of texts up to an empty one. */
static bool set_attributes(struct client *c, const char *attributes)
{
    const char *end = attributes, *name, *value;
    char *copy = NULL;

    while (policy_certificate_next(&end, &name, &value))
        continue;
    if (attributes != NULL) {
        copy = malloc((size_t)(end - attributes) + 1);
        if (copy == NULL)
            return false;
        memcpy(copy, attributes, (size_t)(end - attributes) + 1);
    }
    free(c->attributes);
    c->attributes = copy;
    return true;
}

struct client *presence_connect(struct presence *p, const struct presence_peer *peer,
                                int64_t now_ms, struct cloud_actions *out)
{
    struct client *c = presence_find(p, peer->client_id);

    if (c == NULL)
        c = new_client(p, peer->client_id);
    if (c == NULL || !set_string(&c->common_name, peer->common_name) ||
        !set_string(&c->unit, peer->unit) || !set_attributes(c, peer->attributes))
        return NULL;
    if (c->handle != NULL) {
        c->closing = PRESENCE_DUPLICATE_CLIENT_ID;
        if (!presence_disconnect(p, c, PRESENCE_NONE, now_ms, out))
            return NULL;
    }
    if (c->cut_off && !presence_event_disconnected(c, PRESENCE_SERVER_INITIATED, out))
        return NULL;
    if (peer->clean_start)
        clear_filters(c);
    const char *principal = peer->principal != NULL ? peer->principal : "";
    c->was_another = c->principal[0] != '\0' && strcmp(c->principal, principal) != 0;
    c->cut_off = false;
    c->handle = peer->handle;
    c->closing = PRESENCE_NONE;
    /* Another certificate has other policies. */
    access_view_done(&c->view);
    c->persistent = !peer->clean_start;
    c->connected_ms = now_ms;
    c->owner = peer->owner;
    c->is_user = peer->user != NULL;
    c->is_thing = peer->is_thing;
    c->version++;
    snprintf(c->principal, sizeof c->principal, "%s", principal);
    snprintf(c->address, sizeof c->address, "%s", peer->address != NULL ? peer->address : "");
    make_uuid(&p->rng, c->session_id);
    tell_change(p, c);
    return presence_event_connected(c, now_ms, out) ? c : NULL;
}

bool presence_flush(struct presence *p, int64_t now_ms, struct cloud_actions *out)
{
    const struct client *c = p->event_client;
    const char *type = p->event_subscribed ? "subscribed" : "unsubscribed";
    struct text t;

    if (c == NULL)
        return true;
    presence_event_begin(&t, c->id, c->is_thing, type, now_ms);
    presence_event_session(&t, c->session_id, c->principal);
    text_key(&t, "topics");
    for (size_t i = 0; i < p->event_topic_count; i++) {
        text_bytes(&t, i == 0 ? "[" : ",", 1);
        text_quoted(&t, p->event_topics[i]);
    }
    text_bytes(&t, "]", 1);
    bool ok = presence_event_publish(out, "subscriptions", c->id, type, &t);
    clear_event(p);
    return ok;
}

static bool collect(struct presence *p, struct client *c, bool subscribed, const char *filter,
                    int64_t now_ms, struct cloud_actions *out)
{
    bool same = p->event_client == c && p->event_subscribed == subscribed &&
                p->event_topic_count < PRESENCE_EVENT_TOPICS;
    bool ok = same || presence_flush(p, now_ms, out);

    if (presence_is_silent(c->id, c->owner))
        return ok;
    char *copy = strdup(filter);
    if (copy == NULL)
        return false;
    p->event_client = c;
    p->event_subscribed = subscribed;
    p->event_topics[p->event_topic_count++] = copy;
    return ok;
}

static size_t filter_index(const struct client *c, const char *filter)
{
    size_t i = 0;

    while (i < c->filter_count && strcmp(c->filters[i], filter) != 0)
        i++;
    return i;
}

bool presence_hears_documents(const struct presence *p)
{
    return p->document_filters != 0;
}

bool presence_has_filter(const struct client *c, const char *filter)
{
    return filter_index(c, filter) < c->filter_count;
}

static bool add_filter(struct client *c, const char *filter)
{
    if (presence_has_filter(c, filter))
        return true;
    char **filters = realloc(c->filters, (c->filter_count + 1) * sizeof *filters);
    if (filters == NULL)
        return false;
    c->filters = filters;
    c->filters[c->filter_count] = strdup(filter);
    if (c->filters[c->filter_count] == NULL)
        return false;
    c->filter_count++;
    *c->document_filters += takes_documents(filter) ? 1 : 0;
    return true;
}

bool presence_subscribe(struct presence *p, struct client *c, const char *filter, int64_t now_ms,
                        struct cloud_actions *out)
{
    return add_filter(c, filter) && collect(p, c, true, filter, now_ms, out);
}

bool presence_unsubscribe(struct presence *p, struct client *c, const char *filter, int64_t now_ms,
                          struct cloud_actions *out)
{
    size_t i = filter_index(c, filter);

    /* What was not subscribed to is no event: the fences of virtual time are such. */
    if (i == c->filter_count)
        return true;
    forget_filter(c, c->filters[i]);
    c->filters[i] = c->filters[--c->filter_count];
    return collect(p, c, false, filter, now_ms, out);
}

struct sweep {
    const struct presence *presence;
    int64_t now_ms;
};

static bool is_forgotten(void *value, void *ctx)
{
    const struct client *c = value;
    const struct sweep *sweep = ctx;

    if (c->handle != NULL || sweep->now_ms - c->gone_at < MEMORY_MS)
        return false;
    tell_change(sweep->presence, c);
    free_client(value);
    return true;
}

void presence_sweep(struct presence *p, int64_t now_ms)
{
    struct sweep sweep = {.presence = p, .now_ms = now_ms};

    table_sweep(&p->clients, is_forgotten, &sweep);
}

static void save_attributes(struct text *t, const char *attributes)
{
    const char *name, *value, *mark = "[";

    if (attributes == NULL)
        return;
    text_key(t, "attributes");
    for (; policy_certificate_next(&attributes, &name, &value); mark = ",") {
        text_str(t, mark);
        text_quoted(t, name);
        text_str(t, ",");
        text_quoted(t, value);
    }
    text_str(t, *mark == '[' ? "[]" : "]");
}

struct saving {
    struct text *to;
    int64_t now_ms;
};

static void save_client(const char *key, const void *value, void *ctx)
{
    const struct client *c = value;
    const struct saving *saving = ctx;
    struct text *t = saving->to;

    if (c->owner)
        return;
    text_str(t, "{\"client\":");
    text_quoted(t, key);
    text_member(t, "name", c->common_name);
    text_member(t, "unit", c->unit);
    text_member(t, "principal", c->principal);
    text_member(t, "address", c->address);
    save_attributes(t, c->attributes);
    text_key(t, "persistent");
    text_str(t, c->persistent ? "true" : "false");
    text_member(t, "session", c->session_id);
    text_key(t, "version");
    text_int(t, c->version);
    text_key(t, "goneAt");
    text_int(t, c->handle != NULL ? saving->now_ms : c->gone_at);
    text_key(t, "connected");
    text_str(t, c->handle != NULL || c->cut_off ? "true" : "false");
    text_key(t, "user");
    text_str(t, c->is_user ? "true" : "false");
    text_key(t, "thing");
    text_str(t, c->is_thing ? "true" : "false");
    text_key(t, "filters");
    text_bytes(t, "[", 1);
    for (size_t i = 0; i < c->filter_count; i++) {
        text_bytes(t, ",", i != 0);
        text_quoted(t, c->filters[i]);
    }
    text_str(t, "]}\n");
}

void presence_save(const struct presence *p, int64_t now_ms, struct text *to)
{
    struct saving saving = {.to = to, .now_ms = now_ms};

    table_each(&p->clients, save_client, &saving);
}

/* Names and values in turn. */
static bool load_attributes(struct client *c, const cJSON *list)
{
    const cJSON *item;
    struct text t;

    text_init(&t);
    cJSON_ArrayForEach(item, list)
    {
        const char *s = cJSON_IsString(item) ? item->valuestring : "?";
        text_bytes(&t, s, strlen(s) + 1);
    }
    /* A name without value has an empty one. */
    text_bytes(&t, "\0\0", 2);
    bool ok = !t.failed && (list == NULL || set_attributes(c, t.data));
    text_done(&t);
    return ok;
}

bool presence_load(struct presence *p, const cJSON *record, int64_t now_ms)
{
    const char *id = json_str(record, "client", NULL);
    const cJSON *filter;
    struct client *c = id != NULL && presence_find(p, id) == NULL ? new_client(p, id) : NULL;

    if (c == NULL)
        return false;
    bool ok = set_string(&c->common_name, json_str(record, "name", NULL)) &&
              set_string(&c->unit, json_str(record, "unit", NULL)) &&
              load_attributes(c, json_get(record, "attributes"));
    c->persistent = cJSON_IsTrue(json_get(record, "persistent"));
    c->is_thing = cJSON_IsTrue(json_get(record, "thing"));
    c->is_user = cJSON_IsTrue(json_get(record, "user"));
    c->cut_off = cJSON_IsTrue(json_get(record, "connected"));
    if (c->cut_off)
        p->tell_at = now_ms + CUT_OFF_MS;
    c->version = (int64_t)json_num(record, "version", 0);
    c->gone_at = (int64_t)json_num(record, "goneAt", 0);
    snprintf(c->principal, sizeof c->principal, "%s", json_str(record, "principal", ""));
    snprintf(c->address, sizeof c->address, "%s", json_str(record, "address", ""));
    snprintf(c->session_id, sizeof c->session_id, "%s", json_str(record, "session", ""));
    cJSON_ArrayForEach(filter, json_get(record, "filters")) ok =
        ok && (!cJSON_IsString(filter) || add_filter(c, filter->valuestring));
    return ok;
}
