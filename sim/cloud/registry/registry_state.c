/* The registry as lines of JSON: things, then certificates with what they are attached to; and what
   has changed of it. */
#include <string.h>

#include "base/json.h"
#include "cloud/registry/registry.h"

static void save_thing(const char *name, const void *value, void *ctx)
{
    const struct registry_thing *thing = value;
    struct text *t = ctx;

    text_str(t, "{\"thingName\":");
    text_quoted(t, name);
    text_member(t, "type", thing->type);
    if (thing->attributes != NULL) {
        text_key(t, "attributes");
        text_json(t, thing->attributes);
    }
    text_member_int(t, "version", thing->version);
    text_member_int(t, "created", thing->created_ms);
    text_str(t, "}\n");
}

static void save_names(struct text *t, const char *name, const struct registry_list *list,
                       const char *(*name_of)(const void *item))
{
    if (list->count == 0)
        return;
    text_key(t, name);
    for (size_t i = 0; i < list->count; i++) {
        text_str(t, i == 0 ? "[" : ",");
        text_quoted(t, name_of(list->items[i]));
    }
    text_str(t, "]");
}

static const char *thing_name(const void *item)
{
    return ((const struct registry_thing *)item)->name;
}

static const char *policy_name(const void *item)
{
    return item;
}

static void save_certificate(const char *id, const void *value, void *ctx)
{
    const struct registry_certificate *c = value;
    struct text *t = ctx;

    text_str(t, "{\"certificateId\":");
    text_quoted(t, id);
    text_member(t, "authority", c->authority);
    text_member(t, "status", registry_status_name(c->status));
    text_member(t, "pem", c->pem);
    save_names(t, "policies", &c->policies, policy_name);
    save_names(t, "things", &c->things, thing_name);
    text_member_int(t, "created", c->created_ms);
    text_member_int(t, "changed", c->changed_ms);
    text_member_int(t, "activate", c->activate_ms);
    text_member_int(t, "forget", c->forget_ms);
    text_member_int(t, "issued", c->issued);
    text_member(t, "madeFor", c->made_for);
    text_member_int(t, "execution", c->made_for_number);
    text_member_int(t, "shown", c->shown);
    text_str(t, "}\n");
}

static void save_authority(const char *id, const void *value, void *ctx)
{
    const struct registry_authority *a = value;
    struct text *t = ctx;

    text_str(t, "{\"caCertificateId\":");
    text_quoted(t, id);
    text_member(t, "pem", a->pem);
    text_member_int(t, "active", a->active);
    text_member_int(t, "registers", a->registers);
    text_member_int(t, "activateAfter", a->activate_after_ms + 1);
    text_member(t, "template", a->template_name);
    text_member_int(t, "created", a->created_ms);
    text_str(t, "}\n");
}

static void save_deleted(const char *id, const void *value, void *ctx)
{
    struct text *t = ctx;

    (void)value;
    text_str(t, "{\"deletedCertificateId\":");
    text_quoted(t, id);
    text_str(t, "}\n");
}

void registry_save(const struct registry *r, struct text *to)
{
    table_each(&r->authorities, save_authority, to);
    table_each(&r->things, save_thing, to);
    table_each(&r->certificates, save_certificate, to);
    table_each(&r->deleted, save_deleted, to);
}

static bool is_id(const char *id)
{
    size_t len = strlen(id);

    return len != 0 && len < REGISTRY_ID_SIZE && strspn(id, "0123456789abcdef") == len;
}

static bool fill_thing(struct registry_thing *thing, const cJSON *record)
{
    const cJSON *attributes = json_get(record, "attributes");

    bool ok = registry_thing_set_type(thing, json_str(record, "type", NULL)) &&
              (attributes == NULL || registry_thing_set_attributes(thing, attributes, true));
    thing->version = (int64_t)json_whole(record, "version");
    return ok;
}

static bool load_thing(struct registry *r, const char *name, const cJSON *record)
{
    if (!registry_name_is_valid(name) || registry_thing(r, name) != NULL)
        return false;
    struct registry_thing *thing =
        registry_thing_add(r, name, (int64_t)json_whole(record, "created"));
    return thing != NULL && fill_thing(thing, record);
}

static bool load_links(struct registry *r, struct registry_certificate *c, const cJSON *record)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, json_get(record, "policies"))
    {
        if (!cJSON_IsString(item) || !registry_attach_policy(c, item->valuestring))
            return false;
    }
    cJSON_ArrayForEach(item, json_get(record, "things"))
    {
        struct registry_thing *thing =
            cJSON_IsString(item) ? registry_thing(r, item->valuestring) : NULL;
        if (thing == NULL || !registry_attach(c, thing))
            return false;
    }
    return true;
}

static bool load_certificate(struct registry *r, const char *id, const cJSON *record)
{
    enum registry_status status = registry_status_find(json_str(record, "status", ""));
    const char *authority = json_str(record, "authority", "");

    if (!is_id(id) || registry_certificate(r, id) != NULL || status == REGISTRY_STATUS_COUNT ||
        strlen(authority) >= REGISTRY_ID_SIZE)
        return false;
    struct registry_certificate *c = registry_certificate_add(
        r, id, json_str(record, "pem", NULL), status, (int64_t)json_whole(record, "created"));
    if (c == NULL)
        return false;
    memcpy(c->authority, authority, strlen(authority) + 1);
    c->changed_ms = (int64_t)json_whole(record, "changed");
    c->activate_ms = (int64_t)json_whole(record, "activate");
    c->forget_ms = (int64_t)json_whole(record, "forget");
    c->issued = (int64_t)json_whole(record, "issued") != 0;
    if (!registry_made_for(c, json_str(record, "madeFor", NULL),
                           (uint32_t)(int64_t)json_whole(record, "execution")))
        return false;
    c->shown = (int64_t)json_whole(record, "shown") != 0;
    registry_due(r, 1);
    return load_links(r, c, record);
}

static bool load_authority(struct registry *r, const char *id, const cJSON *record)
{
    if (!is_id(id) || registry_authority(r, id) != NULL)
        return false;
    struct registry_authority *a = registry_authority_add(r, id, json_str(record, "pem", ""),
                                                          (int64_t)json_whole(record, "created"));
    if (a == NULL)
        return false;
    a->active = (int64_t)json_whole(record, "active") != 0;
    a->registers = (int64_t)json_whole(record, "registers") != 0;
    a->activate_after_ms = (int64_t)json_whole(record, "activateAfter") - 1;
    return registry_authority_set_template(a, json_str(record, "template", NULL));
}

bool registry_load(struct registry *r, const cJSON *record)
{
    const char *thing = json_str(record, "thingName", NULL);
    const char *certificate = json_str(record, "certificateId", NULL);
    const char *authority = json_str(record, "caCertificateId", NULL);
    const char *deleted = json_str(record, "deletedCertificateId", NULL);

    if (deleted != NULL)
        return is_id(deleted) && table_put(&r->deleted, deleted, r);
    if (certificate != NULL)
        return load_certificate(r, certificate, record);
    if (thing != NULL)
        return load_thing(r, thing, record);
    return authority != NULL && load_authority(r, authority, record);
}

/* ---- what has changed ---- */

/* Of the fleet's own authority, as its first connection made it. */
static bool comes_again(const struct registry_certificate *c)
{
    return !c->issued && c->authority[0] == '\0' && c->status == REGISTRY_ACTIVE;
}

struct journal {
    const struct registry *registry;
    struct text *to;
};

/* `value`: the registry, or of one that is new itself. */
static void journal_one(const char *id, const void *value, void *ctx)
{
    const struct journal *j = ctx;
    const struct registry_certificate *c = registry_certificate(j->registry, id);

    if (c == NULL) {
        text_str(j->to, "{\"removedCertificateId\":");
        text_quoted(j->to, id);
        text_str(j->to, "}\n");
        if (registry_is_deleted(j->registry, id))
            save_deleted(id, j->registry, j->to);
        return;
    }
    if (value != j->registry && comes_again(c))
        return;
    for (size_t i = 0; i < c->things.count; i++)
        save_thing(thing_name(c->things.items[i]), c->things.items[i], j->to);
    save_certificate(id, c, j->to);
}

void registry_journal(struct registry *r, struct text *to)
{
    struct journal j = {.registry = r, .to = to};

    if (r->touched.count == 0)
        return;
    table_each(&r->touched, journal_one, &j);
    table_done(&r->touched, NULL);
    table_init(&r->touched);
}

bool registry_replay(struct registry *r, const cJSON *record)
{
    const char *name = json_str(record, "thingName", "");
    const char *removed = json_str(record, "removedCertificateId", NULL);
    const char *id = removed != NULL ? removed : json_str(record, "certificateId", "");
    struct registry_certificate *c = registry_certificate(r, id);
    struct registry_thing *thing = registry_thing(r, name);

    if (c != NULL)
        registry_certificate_remove(r, c);
    if (removed != NULL)
        return is_id(removed);
    return *id == '\0' && thing != NULL ? fill_thing(thing, record) : registry_load(r, record);
}
