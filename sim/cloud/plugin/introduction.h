/*
 * introduction.h — a client's certificate in the words of the cloud: id, subject, whose it is.
 */
#ifndef CLOUD_PLUGIN_INTRODUCTION_H
#define CLOUD_PLUGIN_INTRODUCTION_H

#include <openssl/x509.h>

#include "cloud/plugin/trust.h"
#include "cloud/provisioning/first_contact.h"

#define INTRODUCTION_NAME_SIZE 256

/* What a peer's texts point into. */
struct introduction {
    char principal[REGISTRY_ID_SIZE];
    char names[FIRST_CONTACT_SUBJECT_COUNT][INTRODUCTION_NAME_SIZE];
    struct first_contact_certificate certificate;
    char *pem, *attributes; /* or NULL */
};

/* Fills the peer; certificate NULL: it has none. Until introduction_done(). */
void introduction_make(struct introduction *i, const struct trust *trust, X509 *certificate,
                       struct presence_peer *peer);
void introduction_done(struct introduction *i);

#endif
