/* Things, as operators ask for and change them (registry_operator.h). */
#include <string.h>

#include "base/json.h"
#include "cloud/operator/registry_core.h"

static bool write_thing_row(const struct registry_exchange *x, const cJSON *document,
                            struct text *t, const void *record)
{
    (void)document;
    registry_write_thing(t, record, x->presence);
    return true;
}

bool registry_on_thing_list(struct registry_exchange *x, const cJSON *document)
{
    const struct registry_listing list = {&x->registry->things, "things", write_thing_row};

    return registry_send_list(x, document, &list);
}

static bool set_thing(struct registry_thing *thing, const cJSON *document, const char **ret_why)
{
    const char *type = json_str(document, "thingTypeName", NULL);
    const cJSON *attributes = json_get(document, "attributes");
    bool merge = cJSON_IsTrue(json_get(document, "merge"));

    if (type != NULL && !registry_name_is_valid(type)) {
        *ret_why = "thingTypeName: not 1 to 128 of A-Z a-z 0-9 : _ -";
        return false;
    }
    if (attributes != NULL && !registry_thing_set_attributes(thing, attributes, !merge)) {
        *ret_why = "attributes: not an object of at most 50 texts";
        return false;
    }
    return type == NULL || registry_thing_set_type(thing, type);
}

bool registry_on_thing_create(struct registry_exchange *x, const cJSON *document)
{
    const char *why = NULL;

    if (registry_thing(x->registry, x->address->name) != NULL)
        return registry_reject(x, "ResourceAlreadyExists", "there is a thing of that name");
    struct registry_thing *thing = registry_thing_add(x->registry, x->address->name, x->now_ms);
    if (thing == NULL)
        return false;
    if (set_thing(thing, document, &why)) {
        thing->version = 1;
        return registry_accept_named(x, "thingName", thing->name);
    }
    registry_thing_remove(x->registry, thing);
    return why != NULL && registry_reject(x, "InvalidRequest", why);
}

bool registry_on_thing_get(struct registry_exchange *x, const cJSON *document)
{
    const struct registry_thing *thing = registry_thing(x->registry, x->address->name);
    struct text t;

    (void)document;
    if (thing == NULL)
        return registry_not_found(x, "thing");
    text_init(&t);
    text_str(&t, "{\"thing\":");
    registry_write_thing(&t, thing, x->presence);
    return registry_accept(x, &t);
}

bool registry_on_thing_update(struct registry_exchange *x, const cJSON *document)
{
    struct registry_thing *thing = registry_thing(x->registry, x->address->name);
    const char *why = NULL;

    if (thing == NULL)
        return registry_not_found(x, "thing");
    if (!set_thing(thing, document, &why))
        return why != NULL && registry_reject(x, "InvalidRequest", why);
    return registry_accept_named(x, "thingName", thing->name);
}

bool registry_on_thing_delete(struct registry_exchange *x, const cJSON *document)
{
    struct registry_thing *thing = registry_thing(x->registry, x->address->name);

    if (thing == NULL)
        return registry_not_found(x, "thing");
    if (thing->certificates.count != 0 && !cJSON_IsTrue(json_get(document, "force")))
        return registry_reject(
            x, "InvalidRequest",
            "certificates are attached to it (detach them, or delete it with force)");
    if (!registry_accept_named(x, "thingName", thing->name))
        return false;
    registry_thing_remove(x->registry, thing);
    return true;
}

static bool link_thing(struct registry_exchange *x, const cJSON *document, bool attach)
{
    struct registry_thing *thing = registry_thing(x->registry, x->address->name);
    struct registry_certificate *c =
        registry_certificate(x->registry, json_str(document, "certificateId", ""));

    if (thing == NULL || c == NULL)
        return registry_not_found(x, thing == NULL ? "thing" : "certificate");
    if (attach && !registry_attach(c, thing))
        return false;
    if (!attach)
        registry_detach(c, thing);
    return registry_accept_named(x, "thingName", thing->name);
}

bool registry_on_thing_attach(struct registry_exchange *x, const cJSON *document)
{
    return link_thing(x, document, true);
}

bool registry_on_thing_detach(struct registry_exchange *x, const cJSON *document)
{
    return link_thing(x, document, false);
}
