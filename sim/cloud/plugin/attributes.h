/*
 * attributes.h — what a certificate says of its subject, its issuer and itself, as the variables of
 * policies have it (cloud/policies/policy_variable.h).
 */
#ifndef CLOUD_PLUGIN_ATTRIBUTES_H
#define CLOUD_PLUGIN_ATTRIBUTES_H

#include <openssl/x509.h>

/* To be freed; NULL: no memory, or nothing at all. Of one attribute five values are told, and none
   of more than 1024 bytes (contract 7.2). */
char *attributes_make(X509 *certificate);

#endif
