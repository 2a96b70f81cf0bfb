#include "cloud/registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* "Within minutes, not instantly" (contract 4.4): tests should not wait for minutes. */
#define CUT_AFTER_MS 1000
#define NAME_BYTES   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-"

/* ORDER REGISTRY_STATUS */
static const char *const status_names[REGISTRY_STATUS_COUNT] = {
    "ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "PENDING_ACTIVATION", "REGISTER_INACTIVE"};

const char *registry_status_name(enum registry_status status)
{
    return status < REGISTRY_STATUS_COUNT ? status_names[status] : "?";
}

enum registry_status registry_status_find(const char *name)
{
    enum registry_status s = 0;

    while (s < REGISTRY_STATUS_COUNT && strcmp(status_names[s], name) != 0)
        s++;
    return s;
}

bool registry_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= REGISTRY_NAME_MAX && strspn(name, NAME_BYTES) == len;
}

/* ---- lists ---- */

static bool list_add(struct registry_list *list, void *item)
{
    void **more = realloc(list->items, (list->count + 1) * sizeof *more);

    if (more == NULL)
        return false;
    more[list->count++] = item;
    list->items = more;
    return true;
}

static void list_cut(struct registry_list *list, size_t at)
{
    list->count--;
    memmove(list->items + at, list->items + at + 1, (list->count - at) * sizeof *list->items);
}

/* Its place, or the count. */
static size_t list_find(const struct registry_list *list, const void *item)
{
    size_t i = 0;

    while (i < list->count && list->items[i] != item)
        i++;
    return i;
}

/* ---- life ---- */

static void free_thing(void *value)
{
    struct registry_thing *thing = value;

    free(thing->name);
    free(thing->type);
    cJSON_Delete(thing->attributes);
    free(thing->certificates.items);
    free(thing);
}

static void free_certificate(void *value)
{
    struct registry_certificate *c = value;

    for (size_t i = 0; i < c->policies.count; i++)
        free(c->policies.items[i]);
    free(c->policies.items);
    free(c->things.items);
    free(c->pem);
    free(c->made_for);
    free(c);
}

static void free_authority(void *value)
{
    struct registry_authority *a = value;

    free(a->pem);
    free(a->template_name);
    free(a);
}

void registry_init(struct registry *r)
{
    *r = (struct registry){.due_ms = INT64_MAX};
    table_init(&r->things);
    table_init(&r->certificates);
    table_init(&r->authorities);
    table_init(&r->deleted);
    table_init(&r->touched);
}

void registry_done(struct registry *r)
{
    table_done(&r->things, free_thing);
    table_done(&r->certificates, free_certificate);
    table_done(&r->authorities, free_authority);
    table_done(&r->deleted, NULL);
    table_done(&r->touched, NULL);
}

/* Replaces a text; `value` NULL: none. */
static bool set_text(char **field, const char *value)
{
    char *copy = value != NULL ? strdup(value) : NULL;

    if (value != NULL && copy == NULL)
        return false;
    free(*field);
    *field = copy;
    return true;
}

/* ---- things ---- */

struct registry_thing *registry_thing(const struct registry *r, const char *name)
{
    return table_get(&r->things, name);
}

/* Without memory for it, it is the next writing of the whole that has the change. */
static void touch(const struct registry_certificate *c)
{
    struct registry *r = c->registry;

    if (r->journals && table_get(&r->touched, c->id) == NULL)
        table_put(&r->touched, c->id, r);
}

static void tell_thing(const struct registry_thing *thing)
{
    for (size_t i = 0; i < thing->certificates.count; i++)
        touch(thing->certificates.items[i]);
    if (thing->registry->told_thing != NULL)
        thing->registry->told_thing(thing->registry->ctx, thing->name);
}

struct registry_thing *registry_thing_add(struct registry *r, const char *name, int64_t now_ms)
{
    struct registry_thing *thing = calloc(1, sizeof *thing);

    if (thing == NULL)
        return NULL;
    thing->registry = r;
    thing->version = 1;
    thing->created_ms = now_ms;
    if (set_text(&thing->name, name) && table_put(&r->things, name, thing)) {
        tell_thing(thing);
        return thing;
    }
    free_thing(thing);
    return NULL;
}

bool registry_thing_set_type(struct registry_thing *thing, const char *type)
{
    if (!set_text(&thing->type, type))
        return false;
    thing->version++;
    tell_thing(thing);
    return true;
}

static bool are_texts(const cJSON *attributes)
{
    const cJSON *item;

    if (!cJSON_IsObject(attributes))
        return false;
    cJSON_ArrayForEach(item, attributes)
    {
        if (!cJSON_IsString(item) || !registry_name_is_valid(item->string) ||
            strlen(item->valuestring) > 800)
            return false;
    }
    return true;
}

/* Into `to`; false: no memory. */
static bool merge_attributes(cJSON *to, const cJSON *attributes)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, attributes)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(to, item->string);
        if (item->valuestring[0] != '\0' &&
            cJSON_AddStringToObject(to, item->string, item->valuestring) == NULL)
            return false;
    }
    return true;
}

bool registry_thing_set_attributes(struct registry_thing *thing, const cJSON *attributes,
                                   bool replace)
{
    bool kept = thing->attributes != NULL && !replace;
    cJSON *all = kept ? cJSON_Duplicate(thing->attributes, true) : cJSON_CreateObject();

    if (all == NULL || !are_texts(attributes) || !merge_attributes(all, attributes) ||
        cJSON_GetArraySize(all) > REGISTRY_ATTRIBUTES_MAX) {
        cJSON_Delete(all);
        return false;
    }
    cJSON_Delete(thing->attributes);
    thing->attributes = all;
    thing->version++;
    tell_thing(thing);
    return true;
}

void registry_thing_changed(const struct registry_thing *thing)
{
    for (size_t i = 0; i < thing->certificates.count; i++)
        ((struct registry_certificate *)thing->certificates.items[i])->changes++;
}

void registry_thing_remove(struct registry *r, struct registry_thing *thing)
{
    while (thing->certificates.count != 0)
        registry_detach(thing->certificates.items[0], thing);
    table_remove(&r->things, thing->name);
    free_thing(thing);
}

/* ---- certificates ---- */

struct registry_certificate *registry_certificate(const struct registry *r, const char *id)
{
    return table_get(&r->certificates, id);
}

struct registry_certificate *registry_certificate_add(struct registry *r, const char *id,
                                                      const char *pem, enum registry_status status,
                                                      int64_t now_ms)
{
    struct registry_certificate *c = calloc(1, sizeof *c);
    size_t len = strlen(id);

    if (c == NULL || len >= sizeof c->id) {
        free(c);
        return NULL;
    }
    memcpy(c->id, id, len + 1);
    c->registry = r;
    c->status = status;
    c->created_ms = c->changed_ms = now_ms;
    if (set_text(&c->pem, pem) && table_put(&r->certificates, id, c)) {
        table_remove(&r->deleted, id);
        if (r->journals)
            table_put(&r->touched, id, c);
        return c;
    }
    free_certificate(c);
    return NULL;
}

bool registry_certificate_learn(struct registry_certificate *c, const char *pem)
{
    return pem == NULL || c->pem != NULL || set_text(&c->pem, pem);
}

void registry_due(struct registry *r, int64_t at_ms)
{
    if (at_ms < r->due_ms)
        r->due_ms = at_ms;
}

void registry_certificate_set_status(struct registry *r, struct registry_certificate *c,
                                     enum registry_status status, int64_t now_ms)
{
    if (c->status == status)
        return;
    bool was_active = c->status == REGISTRY_ACTIVE;
    touch(c);
    c->status = status;
    c->changed_ms = now_ms;
    /* From INACTIVE to REVOKED, connections end when they would have. */
    if (status == REGISTRY_ACTIVE)
        c->cut_ms = 0;
    else if (was_active)
        c->cut_ms = now_ms + CUT_AFTER_MS;
    if (c->cut_ms != 0)
        registry_due(r, c->cut_ms);
}

static void detach_all(struct registry_certificate *c)
{
    while (c->things.count != 0)
        registry_detach(c, c->things.items[0]);
}

void registry_certificate_remove(struct registry *r, struct registry_certificate *c)
{
    detach_all(c);
    touch(c);
    table_remove(&r->certificates, c->id);
    free_certificate(c);
    r->removed++;
}

bool registry_certificate_delete(struct registry *r, struct registry_certificate *c)
{
    bool own = c->authority[0] == '\0' && !c->issued;

    if (own && !table_put(&r->deleted, c->id, r))
        return false;
    registry_certificate_remove(r, c);
    return true;
}

bool registry_is_deleted(const struct registry *r, const char *id)
{
    return table_get(&r->deleted, id) != NULL;
}

struct sweep {
    struct registry *registry;
    bool (*visit)(struct registry_certificate *c, void *ctx);
    void *ctx;
};

static bool sweep_one(void *value, void *ctx)
{
    const struct sweep *sweep = ctx;
    struct registry_certificate *c = value;

    if (!sweep->visit(c, sweep->ctx))
        return false;
    detach_all(c);
    touch(c);
    free_certificate(c);
    sweep->registry->removed++;
    return true;
}

void registry_sweep_certificates(struct registry *r,
                                 bool (*visit)(struct registry_certificate *c, void *ctx),
                                 void *ctx)
{
    struct sweep sweep = {.registry = r, .visit = visit, .ctx = ctx};

    table_sweep(&r->certificates, sweep_one, &sweep);
}

/* ---- what is attached ---- */

bool registry_attach(struct registry_certificate *c, struct registry_thing *thing)
{
    if (list_find(&c->things, thing) < c->things.count)
        return true;
    if (!list_add(&c->things, thing))
        return false;
    if (!list_add(&thing->certificates, c)) {
        c->things.count--;
        return false;
    }
    touch(c);
    c->changes++;
    return true;
}

void registry_detach(struct registry_certificate *c, struct registry_thing *thing)
{
    size_t at = list_find(&c->things, thing);

    if (at == c->things.count)
        return;
    touch(c);
    c->changes++;
    list_cut(&c->things, at);
    list_cut(&thing->certificates, list_find(&thing->certificates, c));
}

bool registry_is_attached(const struct registry_certificate *c, const char *thing)
{
    for (size_t i = 0; i < c->things.count; i++)
        if (strcmp(((const struct registry_thing *)c->things.items[i])->name, thing) == 0)
            return true;
    return false;
}

static size_t find_policy(const struct registry_certificate *c, const char *policy)
{
    size_t i = 0;

    while (i < c->policies.count && strcmp(c->policies.items[i], policy) != 0)
        i++;
    return i;
}

bool registry_made_for(struct registry_certificate *c, const char *job, uint32_t number)
{
    if (!set_text(&c->made_for, job))
        return false;
    touch(c);
    c->made_for_number = number;
    return true;
}

bool registry_has_policy(const struct registry_certificate *c, const char *policy)
{
    return find_policy(c, policy) < c->policies.count;
}

bool registry_attach_policy(struct registry_certificate *c, const char *policy)
{
    if (registry_has_policy(c, policy))
        return true;
    char *copy = strdup(policy);
    if (copy != NULL && list_add(&c->policies, copy)) {
        touch(c);
        c->changes++;
        return true;
    }
    free(copy);
    return false;
}

void registry_detach_policy(struct registry_certificate *c, const char *policy)
{
    size_t at = find_policy(c, policy);

    if (at == c->policies.count)
        return;
    touch(c);
    c->changes++;
    free(c->policies.items[at]);
    list_cut(&c->policies, at);
}

/* ---- authorities ---- */

struct registry_authority *registry_authority(const struct registry *r, const char *id)
{
    return table_get(&r->authorities, id);
}

struct registry_authority *registry_authority_add(struct registry *r, const char *id,
                                                  const char *pem, int64_t now_ms)
{
    struct registry_authority *a = calloc(1, sizeof *a);
    size_t len = strlen(id);

    if (a == NULL || len >= sizeof a->id) {
        free(a);
        return NULL;
    }
    memcpy(a->id, id, len + 1);
    a->active = a->registers = true;
    a->activate_after_ms = -1;
    a->created_ms = now_ms;
    if (set_text(&a->pem, pem) && table_put(&r->authorities, id, a)) {
        r->generation++;
        return a;
    }
    free_authority(a);
    return NULL;
}

bool registry_authority_set_template(struct registry_authority *a, const char *name)
{
    return set_text(&a->template_name, name);
}

void registry_authority_remove(struct registry *r, struct registry_authority *a)
{
    table_remove(&r->authorities, a->id);
    free_authority(a);
    r->generation++;
}
