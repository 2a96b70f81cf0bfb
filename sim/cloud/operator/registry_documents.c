/* How things, certificates and authorities are told to operators: in AWS IoT's words. */
#include "cloud/operator/registry_operator.h"

static void write_text(struct text *t, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    text_key(t, name);
    text_quoted(t, value);
}

static void write_seconds(struct text *t, const char *name, int64_t ms)
{
    text_key(t, name);
    text_int(t, ms / 1000);
}

/* A list of names; `name_of` NULL: the items are texts. */
static void write_names(struct text *t, const char *name, const struct registry_list *list,
                        const char *(*name_of)(const void *item))
{
    text_key(t, name);
    text_str(t, "[");
    for (size_t i = 0; i < list->count; i++) {
        text_bytes(t, ",", i != 0);
        text_quoted(t, name_of != NULL ? name_of(list->items[i]) : list->items[i]);
    }
    text_str(t, "]");
}

static const char *thing_name(const void *item)
{
    return ((const struct registry_thing *)item)->name;
}

static const char *certificate_id(const void *item)
{
    return ((const struct registry_certificate *)item)->id;
}

void registry_write_thing(struct text *t, const struct registry_thing *thing,
                          const struct presence *presence)
{
    const struct client *client = presence_find(presence, thing->name);

    text_str(t, "{\"thingName\":");
    text_quoted(t, thing->name);
    write_text(t, "thingTypeName", thing->type);
    text_key(t, "attributes");
    if (thing->attributes != NULL)
        text_json(t, thing->attributes);
    else
        text_str(t, "{}");
    text_key(t, "version");
    text_int(t, thing->version);
    write_seconds(t, "creationDate", thing->created_ms);
    write_names(t, "principals", &thing->certificates, certificate_id);
    text_key(t, "connected");
    text_str(t, client != NULL && client->handle != NULL && client->is_thing ? "true" : "false");
    text_str(t, "}");
}

void registry_write_certificate(struct text *t, const struct registry_certificate *c, bool whole)
{
    text_str(t, "{\"certificateId\":");
    text_quoted(t, c->id);
    write_text(t, "caCertificateId", c->authority);
    text_key(t, "status");
    text_quoted(t, registry_status_name(c->status));
    write_seconds(t, "creationDate", c->created_ms);
    write_seconds(t, "lastModifiedDate", c->changed_ms);
    write_names(t, "policies", &c->policies, NULL);
    write_names(t, "things", &c->things, thing_name);
    if (whole)
        write_text(t, "certificatePem", c->pem);
    text_str(t, "}");
}

void registry_write_authority(struct text *t, const struct registry_authority *a, bool whole)
{
    text_str(t, "{\"caCertificateId\":");
    text_quoted(t, a->id);
    text_key(t, "status");
    text_quoted(t, a->active ? "ACTIVE" : "INACTIVE");
    text_key(t, "autoRegistrationStatus");
    text_quoted(t, a->registers ? "ENABLE" : "DISABLE");
    if (a->activate_after_ms >= 0) {
        text_key(t, "activateAfterSeconds");
        text_number(t, (double)a->activate_after_ms / 1000);
    }
    write_text(t, "templateName", a->template_name);
    write_seconds(t, "creationDate", a->created_ms);
    if (whole)
        write_text(t, "certificatePem", a->pem);
    text_str(t, "}");
}
