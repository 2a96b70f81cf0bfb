#include "cloud/provisioning/provision_address.h"

#include <string.h>

/* What stands around a template's name, or the whole topic. ORDER PROVISION_OPERATION */
static const struct {
    const char *before, *behind; /* behind NULL: there is no name */
    bool formats;                /* json or cbor at its end */
} forms[PROVISION_OPERATION_COUNT] = {
    {"$aws/certificates/create/",          NULL,          true },
    {"$aws/certificates/create-from-csr/", NULL,          true },
    {"$aws/provisioning-templates/",       "/provision/", true },
    {"fleetsim/templates/list",            NULL,          false},
    {"fleetsim/templates/",                "/create",     false},
    {"fleetsim/templates/",                "/get",        false},
    {"fleetsim/templates/",                "/delete",     false},
    {"fleetsim/templates/",                "/answer",     false},
};

static bool take(const char **p, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*p, text, len) != 0)
        return false;
    *p += len;
    return true;
}

static bool take_name(const char **p, char ret[PROVISION_TEMPLATE_NAME_MAX + 1])
{
    size_t len = strcspn(*p, "/");

    if (len > PROVISION_TEMPLATE_NAME_MAX)
        return false;
    memcpy(ret, *p, len);
    ret[len] = '\0';
    *p += len;
    return provision_template_name_is_valid(ret);
}

static bool parse(const char *p, enum provision_operation op, struct provision_address *ret)
{
    *ret = (struct provision_address){.op = op};
    if (!take(&p, forms[op].before))
        return false;
    if (forms[op].behind != NULL && (!take_name(&p, ret->name) || !take(&p, forms[op].behind)))
        return false;
    ret->cbor = forms[op].formats && strcmp(p, "cbor") == 0;
    return ret->cbor || strcmp(p, forms[op].formats ? "json" : "") == 0;
}

bool provision_topic_is_request(const char *topic)
{
    struct provision_address address;

    /* Asked of every message that is delivered: most begin otherwise. */
    for (int op = 0; op <= PROVISION_REGISTER; op++)
        if (strncmp(topic, forms[op].before, strlen(forms[op].before)) == 0)
            return provision_address_parse(topic, &address);
    return false;
}

bool provision_address_parse(const char *topic, struct provision_address *ret)
{
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if (len + 10 > sizeof ret->topic)
        return false;
    for (int op = 0; op < PROVISION_OPERATION_COUNT; op++)
        if (parse(topic, (enum provision_operation)op, ret)) {
            memcpy(ret->topic, topic, len + 1);
            return true;
        }
    return false;
}
