/* Authorities, as operators ask for and change them (registry_operator.h). */
#include <string.h>

#include "base/json.h"
#include "cloud/operator/registry_core.h"

#define SECONDS_MAX (366 * 86400)

static bool write_authority_row(const struct registry_exchange *x, const cJSON *document,
                                struct text *t, const void *record)
{
    (void)x;
    (void)document;
    registry_write_authority(t, record, false);
    return true;
}

bool registry_on_authority_list(struct registry_exchange *x, const cJSON *document)
{
    const struct registry_listing list = {&x->registry->authorities, "authorities",
                                          write_authority_row};

    return registry_send_list(x, document, &list);
}

/* One of two words, or not given. False: another word. */
static bool read_switch(const cJSON *document, const char *name, const char *const words[2],
                        bool *ret)
{
    const char *word = json_str(document, name, NULL);

    if (word == NULL)
        return true;
    *ret = strcmp(word, words[1]) == 0;
    return *ret || strcmp(word, words[0]) == 0;
}

/* What update takes; NULL, or what is wrong. */
static const char *read_authority(const cJSON *document, struct registry_authority *ret)
{
    static const char *const statuses[2] = {"INACTIVE", "ACTIVE"};
    static const char *const switches[2] = {"DISABLE", "ENABLE"};
    const cJSON *after = json_get(document, "activateAfterSeconds");
    const char *template_name = json_str(document, "templateName", NULL);

    if (!read_switch(document, "status", statuses, &ret->active))
        return "status: neither ACTIVE nor INACTIVE";
    if (!read_switch(document, "autoRegistrationStatus", switches, &ret->registers))
        return "autoRegistrationStatus: neither ENABLE nor DISABLE";
    if (after != NULL && !cJSON_IsNull(after) &&
        !(cJSON_IsNumber(after) && after->valuedouble >= 0 && after->valuedouble <= SECONDS_MAX))
        return "activateAfterSeconds: no time up to a year";
    if (after != NULL)
        ret->activate_after_ms = cJSON_IsNull(after) ? -1 : (int64_t)(after->valuedouble * 1000);
    if (template_name != NULL && *template_name != '\0' && !registry_name_is_valid(template_name))
        return "templateName: not a name";
    return NULL;
}

/* Takes the settings over. */
static bool set_authority(struct registry_authority *a, const struct registry_authority *settings,
                          const cJSON *document)
{
    const char *template_name = json_str(document, "templateName", NULL);

    if (template_name != NULL &&
        !registry_authority_set_template(a, *template_name != '\0' ? template_name : NULL))
        return false;
    a->active = settings->active;
    a->registers = settings->registers;
    a->activate_after_ms = settings->activate_after_ms;
    return true;
}

bool registry_on_authority_register(struct registry_exchange *x, const cJSON *document)
{
    struct registry_authority settings = {
        .active = true, .registers = true, .activate_after_ms = -1};
    const char *why = read_authority(document, &settings);
    char id[REGISTRY_ID_SIZE];
    const char *pem;
    bool answered;

    if (why != NULL)
        return registry_reject(x, "InvalidRequest", why);
    if (!registry_identify(x, document, &pem, id, &answered))
        return answered;
    if (registry_authority(x->registry, id) != NULL)
        return registry_reject(x, "ResourceAlreadyExists", "that authority is registered");
    struct registry_authority *a = registry_authority_add(x->registry, id, pem, x->now_ms);
    if (a != NULL && set_authority(a, &settings, document) &&
        registry_accept_named(x, "caCertificateId", id))
        return true;
    if (a != NULL)
        registry_authority_remove(x->registry, a);
    return false;
}

bool registry_on_authority_get(struct registry_exchange *x, const cJSON *document)
{
    const struct registry_authority *a = registry_authority(x->registry, x->address->name);
    struct text t;

    (void)document;
    if (a == NULL)
        return registry_not_found(x, "authority");
    text_init(&t);
    text_str(&t, "{\"authority\":");
    registry_write_authority(&t, a, true);
    return registry_accept(x, &t);
}

bool registry_on_authority_update(struct registry_exchange *x, const cJSON *document)
{
    struct registry_authority *a = registry_authority(x->registry, x->address->name);

    if (a == NULL)
        return registry_not_found(x, "authority");
    struct registry_authority settings = *a;
    const char *why = read_authority(document, &settings);
    if (why != NULL)
        return registry_reject(x, "InvalidRequest", why);
    return set_authority(a, &settings, document) &&
           registry_accept_named(x, "caCertificateId", a->id);
}

bool registry_on_authority_delete(struct registry_exchange *x, const cJSON *document)
{
    struct registry_authority *a = registry_authority(x->registry, x->address->name);

    (void)document;
    if (a == NULL)
        return registry_not_found(x, "authority");
    if (a->active)
        return registry_reject(x, "CertificateState",
                               "the authority is ACTIVE (make it INACTIVE first)");
    if (!registry_accept_named(x, "caCertificateId", a->id))
        return false;
    registry_authority_remove(x->registry, a);
    return true;
}
