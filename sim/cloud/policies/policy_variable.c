#include "cloud/policies/policy_variable.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define CERTIFICATE "iot:Certificate."
#define ATTRIBUTES  "iot:Connection.Thing.Attributes["
/* Longer values are not substituted, and further ones are not seen (AWS: limitations of X.509
   certificate policy variables). */
#define VALUE_MAX  1024
#define VALUES_MAX 5

static const struct {
    const char *name;
    enum policy_variable_kind kind;
} known[] = {
    {"iot:ClientId",                       POLICY_VARIABLE_CLIENT_ID         },
    {"aws:SourceIp",                       POLICY_VARIABLE_SOURCE_IP         },
    {"iot:Connection.Thing.ThingName",     POLICY_VARIABLE_THING_NAME        },
    {"iot:Connection.Thing.ThingTypeName", POLICY_VARIABLE_THING_TYPE        },
    {"iot:Connection.Thing.IsAttached",    POLICY_VARIABLE_IS_ATTACHED       },
    {"iot:ConnectAttributes",              POLICY_VARIABLE_CONNECT_ATTRIBUTES},
    {"iot:LastWillTopic",                  POLICY_VARIABLE_WILL_TOPIC        },
    {"iot:Certificate.AvailableKeys",      POLICY_VARIABLE_AVAILABLE_KEYS    },
    {"cognito-identity.amazonaws.com:aud", POLICY_VARIABLE_NEVER             },
    {"cognito-identity.amazonaws.com:sub", POLICY_VARIABLE_NEVER             },
    {"credentials-iot:ThingName",          POLICY_VARIABLE_NEVER             },
    {"credentials-iot:ThingTypeName",      POLICY_VARIABLE_NEVER             },
    {"credentials-iot:AwsCertificateId",   POLICY_VARIABLE_NEVER             },
};

static const char *const subject_fields[] = {"DistinguishedNameQualifier",
                                             "Country",
                                             "Organization",
                                             "OrganizationalUnit",
                                             "State",
                                             "CommonName",
                                             "SerialNumber",
                                             "Title",
                                             "Surname",
                                             "GivenName",
                                             "Initials",
                                             "Pseudonym",
                                             "GenerationQualifier"};
static const char *const name_fields[] = {"RFC822Name", "DNSName", "DirectoryName",
                                          "UniformResourceIdentifier", "IPAddress"};

static bool is_one_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static const char *skip(const char *s, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

/* "Subject.CommonName", "Issuer.AlternativeName.DNSName", "SerialNumber" */
static bool is_certificate_field(const char *name)
{
    const char *rest = skip(name, "Subject.");

    if (rest == NULL)
        rest = skip(name, "Issuer.");
    if (rest == NULL)
        return strcmp(name, "SerialNumber") == 0;
    const char *alternative = skip(rest, "AlternativeName.");
    return alternative != NULL
               ? is_one_of(name_fields, sizeof name_fields / sizeof *name_fields, alternative)
               : is_one_of(subject_fields, sizeof subject_fields / sizeof *subject_fields, rest);
}

/* Cuts ".List" or ".<digit>" off its end. */
static void take_suffix(char *name, struct policy_variable *ret)
{
    char *dot = strrchr(name, '.');

    if (dot == NULL)
        return;
    if (strcmp(dot, ".List") == 0)
        ret->list = true;
    else if (dot[1] >= '0' && dot[1] <= '9' && dot[2] == '\0')
        ret->index = (unsigned)(dot[1] - '0');
    else
        return;
    *dot = '\0';
}

static bool unknown(const char *name, struct error *err)
{
    if (skip(name, "iot:Thing.") != NULL)
        return error_set(err, ERROR_USAGE, "%.100s: no variable of AWS IoT (iot:Connection.%s?)",
                         name, name + strlen("iot:"));
    return error_set(err, ERROR_USAGE,
                     "%.100s: no variable of AWS IoT (iot:ClientId, aws:SourceIp, "
                     "iot:Connection.Thing.ThingName, .ThingTypeName, .IsAttached or "
                     ".Attributes[x], iot:Certificate.Subject.CommonName, …)",
                     name);
}

static bool parse_named(const char *name, struct policy_variable *ret, struct error *err)
{
    const char *attribute = skip(name, ATTRIBUTES);
    const char *field = skip(name, CERTIFICATE);
    size_t len = attribute != NULL ? strcspn(attribute, "]") : 0;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) {
            ret->kind = known[i].kind;
            return true;
        }
    if (len != 0 && attribute[len] == ']' && attribute[len + 1] == '\0') {
        ret->kind = POLICY_VARIABLE_ATTRIBUTE;
        ret->name = strndup(attribute, len);
    } else if (field != NULL) {
        ret->kind = POLICY_VARIABLE_CERTIFICATE;
        ret->name = strdup(name);
        if (ret->name != NULL)
            take_suffix(ret->name, ret);
        if (ret->name != NULL && !is_certificate_field(ret->name + strlen(CERTIFICATE))) {
            free(ret->name);
            return unknown(name, err);
        }
    } else {
        return unknown(name, err);
    }
    return ret->name != NULL || error_set(err, ERROR_FAILED, "no memory");
}

bool policy_variable_parse(struct slice text, struct policy_variable *ret, struct error *err)
{
    char *name = strndup((const char *)text.data, text.len);

    *ret = (struct policy_variable){0};
    bool ok =
        name != NULL ? parse_named(name, ret, err) : error_set(err, ERROR_FAILED, "no memory");
    free(name);
    return ok;
}

void policy_variables_done(struct policy_variables *variables)
{
    for (size_t i = 0; i < variables->count; i++)
        free(variables->items[i].name);
    free(variables->items);
    *variables = (struct policy_variables){0};
}

bool policy_certificate_next(const char **p, const char **ret_name, const char **ret_value)
{
    if (*p == NULL || **p == '\0')
        return false;
    *ret_name = *p;
    *ret_value = *p + strlen(*p) + 1;
    *p = *ret_value + strlen(*ret_value) + 1;
    return true;
}

/* The two that every connection has are kept apart. */
static const char *own_field(const char *name, const struct policy_principal *who)
{
    if (strcmp(name, CERTIFICATE "Subject.CommonName") == 0)
        return who->common_name;
    return strcmp(name, CERTIFICATE "Subject.OrganizationalUnit") == 0 ? who->unit : NULL;
}

static size_t certificate_values(const struct policy_variable *v,
                                 const struct policy_principal *who,
                                 const char *ret[POLICY_VALUES_MAX])
{
    const char *p = who->certificate, *name, *value;
    const char *all[VALUES_MAX];
    size_t count = 0;

    while (count < VALUES_MAX && policy_certificate_next(&p, &name, &value))
        if (strcmp(name, v->name) == 0)
            all[count++] = value;
    if (count == 0 && own_field(v->name, who) != NULL)
        all[count++] = own_field(v->name, who);
    if (!v->list) {
        if (v->index < count)
            ret[0] = all[v->index];
        return v->index < count ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++)
        ret[i] = all[i];
    return count;
}

/* Each once; several values of one stand together. */
static size_t available_keys(const struct policy_principal *who, const char *ret[POLICY_VALUES_MAX])
{
    const char *p = who->certificate, *name, *value;
    size_t count = 0;

    while (count < POLICY_VALUES_MAX && policy_certificate_next(&p, &name, &value))
        if (count == 0 || strcmp(ret[count - 1], name) != 0)
            ret[count++] = name;
    return count;
}

static size_t connect_attributes(const struct policy_principal *who,
                                 const char *ret[POLICY_VALUES_MAX])
{
    size_t count = 0;

    if (who->persistent)
        ret[count++] = "PersistentConnect";
    if (who->will != POLICY_NO_WILL)
        ret[count++] = "LastWill";
    return count;
}

/* "": there is one, and it is not known. */
static const char *will_topic(const struct policy_principal *who)
{
    if (who->will == POLICY_WILL)
        return who->will_topic;
    return who->will == POLICY_SOME_WILL ? "" : NULL;
}

static const char *single_value(const struct policy_variable *v, const struct policy_principal *who)
{
    switch (v->kind) {
    case POLICY_VARIABLE_CLIENT_ID:
        return who->client_id;
    case POLICY_VARIABLE_SOURCE_IP:
        return who->source_ip;
    case POLICY_VARIABLE_THING_NAME:
        return who->thing_name;
    case POLICY_VARIABLE_THING_TYPE:
        return who->thing_type;
    case POLICY_VARIABLE_IS_ATTACHED:
        return who->thing_name != NULL ? "true" : "false";
    case POLICY_VARIABLE_ATTRIBUTE:
        return json_str(who->thing_attributes, v->name, NULL);
    case POLICY_VARIABLE_WILL_TOPIC:
        return will_topic(who);
    case POLICY_VARIABLE_CONNECT_ATTRIBUTES:
    case POLICY_VARIABLE_AVAILABLE_KEYS:
    case POLICY_VARIABLE_CERTIFICATE:
    case POLICY_VARIABLE_NEVER:
    case POLICY_VARIABLE_KIND_COUNT:
        break;
    }
    return NULL;
}

size_t policy_variable_values(const struct policy_variable *v, const struct policy_principal *who,
                              const char *ret[POLICY_VALUES_MAX])
{
    if (v->kind == POLICY_VARIABLE_CERTIFICATE)
        return certificate_values(v, who, ret);
    if (v->kind == POLICY_VARIABLE_AVAILABLE_KEYS)
        return available_keys(who, ret);
    if (v->kind == POLICY_VARIABLE_CONNECT_ATTRIBUTES)
        return connect_attributes(who, ret);
    ret[0] = single_value(v, who);
    return ret[0] != NULL ? 1 : 0;
}

const char *policy_variable_value(const struct policy_variable *v,
                                  const struct policy_principal *who)
{
    const char *values[POLICY_VALUES_MAX];
    size_t count = v->list ? 0 : policy_variable_values(v, who, values);

    if (count == 0 || *values[0] == '\0' || strpbrk(values[0], "*?+#") != NULL ||
        strlen(values[0]) > VALUE_MAX)
        return NULL;
    return values[0];
}
