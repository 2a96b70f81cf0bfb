/* Certificates, as operators ask for and change them (registry_operator.h). */
#include <string.h>

#include "base/json.h"
#include "cloud/operator/registry_core.h"
#include "cloud/registry/attachment.h"

static bool write_certificate_row(const struct registry_exchange *x, const cJSON *document,
                                  struct text *t, const void *record)
{
    const struct registry_certificate *c = record;
    const char *status = json_str(document, "status", NULL);

    (void)x;
    if (status != NULL && strcmp(status, registry_status_name(c->status)) != 0)
        return false;
    registry_write_certificate(t, c, false);
    return true;
}

bool registry_on_certificate_list(struct registry_exchange *x, const cJSON *document)
{
    const struct registry_listing list = {&x->registry->certificates, "certificates",
                                          write_certificate_row};

    return registry_send_list(x, document, &list);
}

bool registry_on_certificate_register(struct registry_exchange *x, const cJSON *document)
{
    enum registry_status status = registry_status_find(json_str(document, "status", "INACTIVE"));
    char id[REGISTRY_ID_SIZE];
    const char *pem;
    bool answered;

    if (status == REGISTRY_STATUS_COUNT)
        return registry_reject(x, "InvalidRequest", "status: none that a certificate has");
    if (!registry_identify(x, document, &pem, id, &answered))
        return answered;
    if (registry_certificate(x->registry, id) != NULL)
        return registry_reject(x, "ResourceAlreadyExists", "that certificate is registered");
    return registry_certificate_add(x->registry, id, pem, status, x->now_ms) != NULL &&
           registry_accept_named(x, "certificateId", id);
}

static struct registry_certificate *certificate_of(const struct registry_exchange *x)
{
    return registry_certificate(x->registry, x->address->name);
}

bool registry_on_certificate_get(struct registry_exchange *x, const cJSON *document)
{
    const struct registry_certificate *c = certificate_of(x);
    struct text t;

    (void)document;
    if (c == NULL)
        return registry_not_found(x, "certificate");
    text_init(&t);
    text_str(&t, "{\"certificate\":");
    registry_write_certificate(&t, c, true);
    return registry_accept(x, &t);
}

bool registry_on_certificate_update(struct registry_exchange *x, const cJSON *document)
{
    struct registry_certificate *c = certificate_of(x);
    enum registry_status status = registry_status_find(json_str(document, "status", ""));

    if (c == NULL)
        return registry_not_found(x, "certificate");
    /* AWS sets these itself. */
    if (status == REGISTRY_STATUS_COUNT || status == REGISTRY_PENDING_TRANSFER ||
        status == REGISTRY_PENDING_ACTIVATION)
        return registry_reject(x, "InvalidRequest",
                               "status: not ACTIVE, INACTIVE, REVOKED or REGISTER_INACTIVE");
    if (!registry_accept_named(x, "certificateId", c->id))
        return false;
    registry_certificate_set_status(x->registry, c, status, x->now_ms);
    return true;
}

/* Connections that were to end when the certificate's time came end now: it will have none. */
static bool cut_pending(struct registry_exchange *x, const struct registry_certificate *c)
{
    struct table principals;

    if (c->cut_ms == 0)
        return true;
    table_init(&principals);
    bool ok = table_put(&principals, c->id, x->registry) &&
              presence_cut(x->presence, &principals, x->out);
    table_done(&principals, NULL);
    return ok;
}

bool registry_on_certificate_delete(struct registry_exchange *x, const cJSON *document)
{
    struct registry_certificate *c = certificate_of(x);

    if (c == NULL)
        return registry_not_found(x, "certificate");
    if (c->status == REGISTRY_ACTIVE)
        return registry_reject(x, "CertificateState",
                               "the certificate is ACTIVE (deactivate or revoke it first)");
    if (c->things.count + c->policies.count != 0 && !cJSON_IsTrue(json_get(document, "force")))
        return registry_reject(
            x, "DeleteConflict",
            "things or policies are attached to it (detach them, or delete it with "
            "force)");
    return registry_accept_named(x, "certificateId", c->id) && cut_pending(x, c) &&
           registry_certificate_delete(x->registry, c);
}

static bool refuse_name(struct registry_exchange *x)
{
    return registry_reject(x, "InvalidRequest", "policyName: missing, or no name");
}

bool registry_on_certificate_attach_policy(struct registry_exchange *x, const cJSON *document)
{
    struct registry_certificate *c = certificate_of(x);

    if (c == NULL)
        return registry_not_found(x, "certificate");
    switch (attachment_put(x->policies, c, json_str(document, "policyName", ""))) {
    case ATTACHMENT_OK:
        return registry_accept_named(x, "certificateId", c->id);
    case ATTACHMENT_BAD_NAME:
        return refuse_name(x);
    case ATTACHMENT_NO_POLICY:
        return registry_not_found(x, "policy");
    case ATTACHMENT_TOO_MANY:
        return registry_reject(x, "LimitExceeded", "the certificate has 10 policies already");
    case ATTACHMENT_NO_MEMORY:
        break;
    }
    return false;
}

bool registry_on_certificate_detach_policy(struct registry_exchange *x, const cJSON *document)
{
    struct registry_certificate *c = certificate_of(x);
    const char *policy = json_str(document, "policyName", "");

    if (c == NULL)
        return registry_not_found(x, "certificate");
    if (!policy_name_is_valid(policy))
        return refuse_name(x);
    registry_detach_policy(c, policy);
    return registry_accept_named(x, "certificateId", c->id);
}
