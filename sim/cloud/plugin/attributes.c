#include "cloud/plugin/attributes.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define VALUE_MAX  1024
#define VALUES_MAX 5
#define PREFIX     "iot:Certificate."

static const struct {
    int nid;
    const char *name;
} fields[] = {
    {NID_dnQualifier,            "DistinguishedNameQualifier"},
    {NID_countryName,            "Country"                   },
    {NID_organizationName,       "Organization"              },
    {NID_organizationalUnitName, "OrganizationalUnit"        },
    {NID_stateOrProvinceName,    "State"                     },
    {NID_commonName,             "CommonName"                },
    {NID_serialNumber,           "SerialNumber"              },
    {NID_title,                  "Title"                     },
    {NID_surname,                "Surname"                   },
    {NID_givenName,              "GivenName"                 },
    {NID_initials,               "Initials"                  },
    {NID_pseudonym,              "Pseudonym"                 },
    {NID_generationQualifier,    "GenerationQualifier"       },
};

/* "<prefix><whose><field>\0<value>\0" */
static void add(struct text *t, const char *whose, const char *field, const char *value, size_t len)
{
    if (len == 0 || len > VALUE_MAX || memchr(value, '\0', len) != NULL)
        return;
    text_str(t, PREFIX);
    text_str(t, whose);
    text_str(t, field);
    text_bytes(t, "", 1);
    text_bytes(t, value, len);
    text_bytes(t, "", 1);
}

static void add_string(struct text *t, const char *whose, const char *field,
                       const ASN1_STRING *string)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, string);

    if (len > 0)
        add(t, whose, field, (const char *)utf8, (size_t)len);
    OPENSSL_free(utf8);
}

static void add_name(struct text *t, const char *whose, const X509_NAME *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        int at = -1;
        for (int n = 0; n < VALUES_MAX; n++) {
            at = X509_NAME_get_index_by_NID(name, fields[i].nid, at);
            if (at < 0)
                break;
            add_string(t, whose, fields[i].name,
                       X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        }
    }
}

static void add_address(struct text *t, const char *whose, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int len = ASN1_STRING_length(address);
    const char *s = len == 4 || len == 16
                        ? inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address),
                                    text, sizeof text)
                        : NULL;

    if (s != NULL)
        add(t, whose, "IPAddress", s, strlen(s));
}

static void add_directory_name(struct text *t, const char *whose, const X509_NAME *name)
{
    char *line = X509_NAME_oneline(name, NULL, 0);

    if (line != NULL)
        add(t, whose, "DirectoryName", line, strlen(line));
    OPENSSL_free(line);
}

static void add_alternative(struct text *t, const char *whose, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_EMAIL:
        add_string(t, whose, "RFC822Name", name->d.rfc822Name);
        break;
    case GEN_DNS:
        add_string(t, whose, "DNSName", name->d.dNSName);
        break;
    case GEN_URI:
        add_string(t, whose, "UniformResourceIdentifier", name->d.uniformResourceIdentifier);
        break;
    case GEN_IPADD:
        add_address(t, whose, name->d.iPAddress);
        break;
    case GEN_DIRNAME:
        add_directory_name(t, whose, name->d.directoryName);
        break;
    default:
        break;
    }
}

static void add_alternatives(struct text *t, const char *whose, const X509 *certificate, int nid)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, nid, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_alternative(t, whose, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
}

static void add_serial(struct text *t, X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL;

    if (hex != NULL)
        add(t, "", "SerialNumber", hex, strlen(hex));
    OPENSSL_free(hex);
    BN_free(number);
}

char *attributes_make(X509 *certificate)
{
    struct text t;
    size_t len;

    text_init(&t);
    add_name(&t, "Subject.", X509_get_subject_name(certificate));
    add_alternatives(&t, "Subject.AlternativeName.", certificate, NID_subject_alt_name);
    add_name(&t, "Issuer.", X509_get_issuer_name(certificate));
    add_alternatives(&t, "Issuer.AlternativeName.", certificate, NID_issuer_alt_name);
    add_serial(&t, certificate);
    text_bytes(&t, "", 1);
    return text_take(&t, &len);
}
