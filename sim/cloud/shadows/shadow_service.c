#include "cloud/shadows/shadow_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cloud/shadows/shadow_request.h"
#include "cloud/shadows/shadow_tree.h"

#define MEMORY_MS ((int64_t)48 * 3600 * 1000)

/* ORDER SECTION */
enum { DESIRED, REPORTED, SECTION_COUNT };
static const char *const section_names[SECTION_COUNT] = {"desired", "reported"};

struct shadow {
    struct shadow_node *sections[SECTION_COUNT]; /* NULL: deleted */
    char *document; /* {"state":…,"metadata":…,"version":…}, as `documents` carried it; or NULL */
    size_t document_len;
    int64_t version;    /* of the document, or of the one that was deleted */
    int64_t deleted_at; /* ms; while there is no document */
};

/* One request on its way through the service. */
struct exchange {
    struct shadow_service *service;
    const struct shadow_address *address;
    const struct shadow_request *request;
    struct shadow *shadow; /* NULL: never seen, or forgotten */
    int64_t now_ms;
    struct cloud_actions *out;
};

static int64_t seconds(const struct exchange *x)
{
    return x->now_ms / 1000;
}

static bool exists(const struct shadow *shadow)
{
    return shadow != NULL && shadow->sections[DESIRED] != NULL;
}

static void drop_document(struct shadow *shadow)
{
    for (int i = 0; i < SECTION_COUNT; i++) {
        shadow_tree_free(shadow->sections[i]);
        shadow->sections[i] = NULL;
    }
    free(shadow->document);
    shadow->document = NULL;
}

static void free_shadow(void *value)
{
    drop_document(value);
    free(value);
}

void shadow_service_init(struct shadow_service *s)
{
    table_init(&s->shadows);
    s->with_documents = true;
}

void shadow_service_done(struct shadow_service *s)
{
    table_done(&s->shadows, free_shadow);
}

static bool publish(struct exchange *x, const char *suffix, struct text *payload)
{
    char topic[SHADOW_TOPIC_SIZE + 16];

    snprintf(topic, sizeof topic, "%s/%s", x->address->topic, suffix);
    return cloud_actions_publish(x->out, NULL, topic, payload);
}

/* `"timestamp":…,"clientToken":"…"}`: how every answer ends. */
static void finish(struct exchange *x, struct text *t, bool with_timestamp)
{
    if (with_timestamp) {
        text_key(t, "timestamp");
        text_int(t, seconds(x));
    }
    if (x->request->token != NULL) {
        text_key(t, "clientToken");
        text_quoted(t, x->request->token);
    }
    text_bytes(t, "}", 1);
}

static bool reject(struct exchange *x, const struct shadow_error *error)
{
    char message[SHADOW_THING_MAX + 64];
    struct text t;
    const char *hole = strstr(error->text, "%s");

    if (hole != NULL)
        snprintf(message, sizeof message, "%.*s%s%s", (int)(hole - error->text), error->text,
                 error->argument, hole + 2);
    else
        snprintf(message, sizeof message, "%s", error->text);
    text_init(&t);
    text_str(&t, "{\"code\":");
    text_int(&t, error->code);
    text_key(&t, "message");
    text_quoted(&t, message);
    /* Captures of these two carry no timestamp (contract 1.8). */
    finish(x, &t, error->code != 404 && error->code != 409);
    return publish(x, "rejected", &t);
}

static bool reject_missing(struct exchange *x)
{
    struct shadow_error error = {.code = 404, .text = "No shadow exists with name: '%s'"};

    snprintf(error.argument, sizeof error.argument, "%s", x->address->name);
    return reject(x, &error);
}

/* `"<key>":{"desired":…,"reported":…}` without its closing brace; an empty section is left out. */
static void write_sections(struct text *t, const char *key,
                           struct shadow_node *const sections[SECTION_COUNT],
                           void (*write)(const struct shadow_node *section, struct text *to))
{
    text_key(t, key);
    text_bytes(t, "{", 1);
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (shadow_tree_is_empty(sections[i]))
            continue;
        text_key(t, section_names[i]);
        write(sections[i], t);
    }
}

/* Without its closing brace and what follows the state. */
static void write_state(struct text *t, struct shadow_node *const sections[SECTION_COUNT])
{
    text_bytes(t, "{", 1);
    write_sections(t, "state", sections, shadow_tree_state);
    text_bytes(t, "}", 1);
}

static void write_rest(struct text *t, struct shadow_node *const sections[SECTION_COUNT],
                       int64_t version)
{
    write_sections(t, "metadata", sections, shadow_tree_metadata);
    text_bytes(t, "}", 1);
    text_key(t, "version");
    text_int(t, version);
    text_bytes(t, "}", 1);
}

static void write_document(struct text *t, const struct shadow *shadow)
{
    if (shadow->document != NULL) {
        text_bytes(t, shadow->document, shadow->document_len);
        return;
    }
    write_state(t, shadow->sections);
    write_rest(t, shadow->sections, shadow->version);
}

static bool on_get(struct exchange *x)
{
    struct text t, delta, delta_metadata;

    if (!exists(x->shadow))
        return reject_missing(x);
    text_init(&t);
    text_init(&delta);
    text_init(&delta_metadata);
    text_bytes(&t, "{", 1);
    write_sections(&t, "state", x->shadow->sections, shadow_tree_state);
    if (shadow_tree_delta(x->shadow->sections[DESIRED], x->shadow->sections[REPORTED], &delta,
                          &delta_metadata)) {
        t.failed |= delta.failed;
        text_key(&t, "delta");
        text_bytes(&t, delta.data, delta.len);
    }
    text_bytes(&t, "}", 1);
    write_sections(&t, "metadata", x->shadow->sections, shadow_tree_metadata);
    text_bytes(&t, "}", 1);
    text_key(&t, "version");
    text_int(&t, x->shadow->version);
    finish(x, &t, true);
    text_done(&delta);
    text_done(&delta_metadata);
    return publish(x, "accepted", &t);
}

static bool on_delete(struct exchange *x)
{
    struct text t;

    if (!exists(x->shadow))
        return reject_missing(x);
    text_init(&t);
    text_str(&t, "{\"version\":");
    text_int(&t, x->shadow->version);
    finish(x, &t, true);
    if (!publish(x, "accepted", &t))
        return false;
    drop_document(x->shadow);
    x->shadow->deleted_at = x->now_ms;
    return true;
}

/* What the update would leave behind. */
struct draft {
    struct shadow_node *sections[SECTION_COUNT];
    struct text document;
    int64_t version;
};

static void draft_done(struct draft *d)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        shadow_tree_free(d->sections[i]);
    text_done(&d->document);
}

static int64_t next_version(const struct exchange *x)
{
    if (x->shadow == NULL)
        return 1;
    /* The deletion itself consumed a number (contract 1.5). */
    return x->shadow->version + (exists(x->shadow) ? 1 : 2);
}

static enum shadow_merge merge_section(struct exchange *x, struct draft *d, int i,
                                       const cJSON *patch)
{
    if (cJSON_IsObject(patch))
        return shadow_tree_merge(d->sections[i], patch, seconds(x), SHADOW_DOCUMENT_MAX);
    struct shadow_node *empty = shadow_tree_new();
    if (empty == NULL)
        return SHADOW_NO_MEMORY;
    shadow_tree_free(d->sections[i]);
    d->sections[i] = empty;
    return SHADOW_MERGED;
}

static enum shadow_merge merge_request(struct exchange *x, struct draft *d)
{
    const cJSON *state = x->request->state;
    bool keep = exists(x->shadow) && !cJSON_IsNull(state);

    for (int i = 0; i < SECTION_COUNT; i++) {
        d->sections[i] = keep ? shadow_tree_copy(x->shadow->sections[i]) : shadow_tree_new();
        if (d->sections[i] == NULL)
            return SHADOW_NO_MEMORY;
    }
    for (const cJSON *patch = state->child; patch != NULL; patch = patch->next) {
        enum shadow_merge result =
            merge_section(x, d, patch->string[0] == 'd' ? DESIRED : REPORTED, patch);
        if (result != SHADOW_MERGED)
            return result;
    }
    return SHADOW_MERGED;
}

/* Names, colons and braces around the sections' own JSON. */
static size_t frame_length(const struct draft *d)
{
    size_t len = strlen("{\"state\":{}");
    bool first = true;

    for (int i = 0; i < SECTION_COUNT; i++) {
        if (shadow_tree_is_empty(d->sections[i]))
            continue;
        len += strlen(section_names[i]) + strlen("\"\":") + (first ? 0 : 1);
        first = false;
    }
    return len;
}

static enum shadow_merge make_draft(struct exchange *x, struct draft *d)
{
    d->version = next_version(x);
    enum shadow_merge result = merge_request(x, d);
    if (result != SHADOW_MERGED)
        return result;
    write_state(&d->document, d->sections);
    if (d->document.failed)
        return SHADOW_NO_MEMORY;
    if (d->document.len - frame_length(d) > SHADOW_DOCUMENT_MAX)
        return SHADOW_TOO_LARGE;
    if (!x->service->with_documents) {
        text_done(&d->document);
        return SHADOW_MERGED;
    }
    write_rest(&d->document, d->sections, d->version);
    return d->document.failed ? SHADOW_NO_MEMORY : SHADOW_MERGED;
}

static bool publish_accepted(struct exchange *x, const struct draft *d)
{
    const cJSON *state = x->request->state;
    struct text t;

    text_init(&t);
    text_str(&t, "{\"state\":");
    text_json(&t, state);
    text_key(&t, "metadata");
    shadow_tree_request_metadata(state, seconds(x), &t);
    text_key(&t, "version");
    text_int(&t, d->version);
    finish(x, &t, true);
    return publish(x, "accepted", &t);
}

static bool publish_delta(struct exchange *x, const struct draft *d)
{
    struct text t, metadata;
    bool ok = true;

    text_init(&t);
    text_init(&metadata);
    text_str(&t, "{\"version\":");
    text_int(&t, d->version);
    text_key(&t, "timestamp");
    text_int(&t, seconds(x));
    text_key(&t, "state");
    if (shadow_tree_delta(d->sections[DESIRED], d->sections[REPORTED], &t, &metadata)) {
        t.failed |= metadata.failed;
        text_key(&t, "metadata");
        text_bytes(&t, metadata.data, metadata.len);
        finish(x, &t, false);
        ok = publish(x, "delta", &t);
    } else {
        ok = !t.failed && !metadata.failed;
    }
    text_done(&t);
    text_done(&metadata);
    return ok;
}

static bool publish_documents(struct exchange *x, const struct draft *d)
{
    struct text t;

    if (!x->service->with_documents)
        return true;
    text_init(&t);
    text_str(&t, "{\"previous\":");
    if (exists(x->shadow))
        write_document(&t, x->shadow);
    else
        text_str(&t, "null");
    text_key(&t, "current");
    text_bytes(&t, d->document.data, d->document.len);
    finish(x, &t, true);
    return publish(x, "documents", &t);
}

/* Takes over what the draft holds. False: no memory, and nothing is changed. */
static bool commit(struct exchange *x, struct draft *d)
{
    struct shadow *shadow = x->shadow;

    if (shadow == NULL) {
        shadow = calloc(1, sizeof *shadow);
        if (shadow == NULL || !table_put(&x->service->shadows, x->address->key, shadow)) {
            free(shadow);
            return false;
        }
        x->shadow = shadow;
    }
    drop_document(shadow);
    for (int i = 0; i < SECTION_COUNT; i++) {
        shadow->sections[i] = d->sections[i];
        d->sections[i] = NULL;
    }
    shadow->version = d->version;
    shadow->document = text_take(&d->document, &shadow->document_len);
    if (shadow->document == NULL)
        return true;
    /* It stays for long: give back what it grew too much. */
    char *tight = realloc(shadow->document, shadow->document_len + 1);
    if (tight != NULL)
        shadow->document = tight;
    return true;
}

static bool version_conflicts(const struct exchange *x)
{
    if (!x->request->has_version)
        return false;
    if (exists(x->shadow))
        return x->request->version != x->shadow->version;
    return x->request->version > 1;
}

static bool on_update(struct exchange *x)
{
    struct draft d = {0};
    bool ok = false;

    if (version_conflicts(x))
        return reject(x, &(struct shadow_error){.code = 409, .text = "Version conflict"});
    text_init(&d.document);
    switch (make_draft(x, &d)) {
    case SHADOW_MERGED:
        ok = publish_accepted(x, &d) && publish_delta(x, &d) && publish_documents(x, &d) &&
             commit(x, &d);
        break;
    case SHADOW_TOO_LARGE:
        ok = reject(x, &(struct shadow_error){
                           .code = 413, .text = "The payload exceeds the maximum size allowed"});
        break;
    case SHADOW_NO_MEMORY:
        break;
    }
    draft_done(&d);
    return ok;
}

bool shadow_service_request(struct shadow_service *s, const struct shadow_address *address,
                            struct slice payload, int64_t now_ms, struct cloud_actions *out)
{
    static bool (*const handlers[SHADOW_OPERATION_COUNT])(struct exchange * x) = {on_get, on_update,
                                                                                  on_delete};
    struct shadow_request request;
    struct shadow_error error;
    struct exchange x = {.service = s,
                         .address = address,
                         .request = &request,
                         .shadow = table_get(&s->shadows, address->key),
                         .now_ms = now_ms,
                         .out = out};
    size_t before = out->count;

    if (x.shadow != NULL && !exists(x.shadow) && now_ms - x.shadow->deleted_at >= MEMORY_MS) {
        free_shadow(table_remove(&s->shadows, address->key));
        x.shadow = NULL;
    }
    bool ok = shadow_request_parse(address->op, payload, &request, &error)
                  ? handlers[address->op](&x)
                  : reject(&x, &error);
    shadow_request_done(&request);
    if (!ok)
        cloud_actions_cut(out, before);
    return ok;
}

bool shadow_service_throttle(struct shadow_service *s, const struct shadow_address *address,
                             struct slice payload, int64_t now_ms, struct cloud_actions *out)
{
    struct shadow_request request;
    struct shadow_error error;
    struct exchange x = {
        .service = s, .address = address, .request = &request, .now_ms = now_ms, .out = out};

    /* For its token alone. */
    (void)shadow_request_parse(address->op, payload, &request, &error);
    bool ok = reject(&x, &(struct shadow_error){.code = 429, .text = "Too many requests"});
    shadow_request_done(&request);
    return ok;
}

static bool is_forgotten(void *value, void *ctx)
{
    const struct shadow *shadow = value;
    const int64_t *now_ms = ctx;

    if (exists(shadow) || *now_ms - shadow->deleted_at < MEMORY_MS)
        return false;
    free_shadow(value);
    return true;
}

void shadow_service_sweep(struct shadow_service *s, int64_t now_ms)
{
    table_sweep(&s->shadows, is_forgotten, &now_ms);
}

static bool count_document(void *value, void *ctx)
{
    size_t *count = ctx;

    *count += exists(value) ? 1 : 0;
    return false;
}

size_t shadow_service_count(const struct shadow_service *s)
{
    struct table shadows = s->shadows;
    size_t count = 0;

    table_sweep(&shadows, count_document, &count);
    return count;
}

static void save_shadow(const char *key, const void *value, void *ctx)
{
    const struct shadow *shadow = value;
    struct text *t = ctx;

    text_str(t, "{\"shadow\":");
    text_quoted(t, key);
    if (exists(shadow)) {
        text_key(t, "document");
        write_document(t, shadow);
    } else {
        text_key(t, "version");
        text_int(t, shadow->version);
        text_key(t, "deletedAt");
        text_int(t, shadow->deleted_at);
    }
    text_str(t, "}\n");
}

void shadow_service_save(const struct shadow_service *s, struct text *to)
{
    table_each(&s->shadows, save_shadow, to);
}

static bool load_document(struct shadow *shadow, const cJSON *document)
{
    for (int i = 0; i < SECTION_COUNT; i++) {
        const cJSON *state = json_get(json_get(document, "state"), section_names[i]);
        shadow->sections[i] = shadow_tree_new();
        if (shadow->sections[i] == NULL ||
            (cJSON_IsObject(state) && shadow_tree_merge(shadow->sections[i], state, 0,
                                                        SHADOW_DOCUMENT_MAX) != SHADOW_MERGED))
            return false;
        shadow_tree_stamp(shadow->sections[i],
                          json_get(json_get(document, "metadata"), section_names[i]));
    }
    shadow->version = (int64_t)json_num(document, "version", 1);
    return true;
}

bool shadow_service_load(struct shadow_service *s, const cJSON *record)
{
    const char *key = json_str(record, "shadow", NULL);
    const cJSON *document = json_get(record, "document");
    struct shadow *shadow =
        key != NULL && table_get(&s->shadows, key) == NULL ? calloc(1, sizeof *shadow) : NULL;

    if (shadow == NULL)
        return false;
    shadow->version = (int64_t)json_num(record, "version", 0);
    shadow->deleted_at = (int64_t)json_num(record, "deletedAt", 0);
    if ((document == NULL || load_document(shadow, document)) &&
        table_put(&s->shadows, key, shadow))
        return true;
    free_shadow(shadow);
    return false;
}

bool shadow_service_look(const struct shadow_service *s, const char *key, enum shadow_part part,
                         const char *path, struct text *to)
{
    const struct shadow *shadow = table_get(&s->shadows, key);
    struct text other;

    if (!exists(shadow))
        return false;
    if (part == SHADOW_DESIRED || part == SHADOW_REPORTED)
        return shadow_tree_at(shadow->sections[part == SHADOW_DESIRED ? DESIRED : REPORTED], path,
                              to);
    text_init(&other);
    bool there = true;
    if (part == SHADOW_DELTA) {
        there =
            shadow_tree_delta(shadow->sections[DESIRED], shadow->sections[REPORTED], to, &other);
    } else {
        text_str(to, "{\"desired\":");
        shadow_tree_metadata(shadow->sections[DESIRED], to);
        text_str(to, ",\"reported\":");
        shadow_tree_metadata(shadow->sections[REPORTED], to);
        text_str(to, "}");
    }
    text_done(&other);
    return there;
}
