/* The registry as lines of JSON: things, then certificates with what they are attached to. */
#include <string.h>

#include "base/json.h"
#include "cloud/registry/registry.h"

static void save_number(struct text *t, const char *name, int64_t value)
{
    if (value == 0)
        return;
    text_key(t, name);
    text_int(t, value);
}

static void save_text(struct text *t, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    text_key(t, name);
    text_quoted(t, value);
}

static void save_thing(const char *name, const void *value, void *ctx)
{
    const struct registry_thing *thing = value;
    struct text *t = ctx;

    text_str(t, "{\"thingName\":");
    text_quoted(t, name);
    save_text(t, "type", thing->type);
    if (thing->attributes != NULL) {
        text_key(t, "attributes");
        text_json(t, thing->attributes);
    }
    save_number(t, "version", thing->version);
    save_number(t, "created", thing->created_ms);
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
    save_text(t, "authority", c->authority);
    save_text(t, "status", registry_status_name(c->status));
    save_text(t, "pem", c->pem);
    save_names(t, "policies", &c->policies, policy_name);
    save_names(t, "things", &c->things, thing_name);
    save_number(t, "created", c->created_ms);
    save_number(t, "changed", c->changed_ms);
    save_number(t, "activate", c->activate_ms);
    save_number(t, "forget", c->forget_ms);
    save_number(t, "issued", c->issued);
    save_text(t, "madeFor", c->made_for);
    save_number(t, "execution", c->made_for_number);
    save_number(t, "shown", c->shown);
    text_str(t, "}\n");
}

static void save_authority(const char *id, const void *value, void *ctx)
{
    const struct registry_authority *a = value;
    struct text *t = ctx;

    text_str(t, "{\"caCertificateId\":");
    text_quoted(t, id);
    save_text(t, "pem", a->pem);
    save_number(t, "active", a->active);
    save_number(t, "registers", a->registers);
    save_number(t, "activateAfter", a->activate_after_ms + 1);
    save_text(t, "template", a->template_name);
    save_number(t, "created", a->created_ms);
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

static int64_t load_number(const cJSON *record, const char *name)
{
    return (int64_t)json_whole(record, name);
}

static bool is_id(const char *id)
{
    size_t len = strlen(id);

    return len != 0 && len < REGISTRY_ID_SIZE && strspn(id, "0123456789abcdef") == len;
}

static bool load_thing(struct registry *r, const char *name, const cJSON *record)
{
    const cJSON *attributes = json_get(record, "attributes");

    if (!registry_name_is_valid(name) || registry_thing(r, name) != NULL)
        return false;
    struct registry_thing *thing = registry_thing_add(r, name, load_number(record, "created"));
    if (thing == NULL)
        return false;
    bool ok = registry_thing_set_type(thing, json_str(record, "type", NULL)) &&
              (attributes == NULL || registry_thing_set_attributes(thing, attributes, true));
    thing->version = load_number(record, "version");
    return ok;
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
        r, id, json_str(record, "pem", NULL), status, load_number(record, "created"));
    if (c == NULL)
        return false;
    memcpy(c->authority, authority, strlen(authority) + 1);
    c->changed_ms = load_number(record, "changed");
    c->activate_ms = load_number(record, "activate");
    c->forget_ms = load_number(record, "forget");
    c->issued = load_number(record, "issued") != 0;
    if (!registry_made_for(c, json_str(record, "madeFor", NULL),
                           (uint32_t)load_number(record, "execution")))
        return false;
    c->shown = load_number(record, "shown") != 0;
    registry_due(r, 1);
    return load_links(r, c, record);
}

static bool load_authority(struct registry *r, const char *id, const cJSON *record)
{
    if (!is_id(id) || registry_authority(r, id) != NULL)
        return false;
    struct registry_authority *a =
        registry_authority_add(r, id, json_str(record, "pem", ""), load_number(record, "created"));
    if (a == NULL)
        return false;
    a->active = load_number(record, "active") != 0;
    a->registers = load_number(record, "registers") != 0;
    a->activate_after_ms = load_number(record, "activateAfter") - 1;
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
