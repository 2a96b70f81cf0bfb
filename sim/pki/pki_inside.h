/*
 * pki_inside.h — what the files of a PKI directory's code share. Nobody outside the room includes
 * it.
 */
#ifndef PKI_PKI_INSIDE_H
#define PKI_PKI_INSIDE_H

#include "pki/pki.h"
#include "pki/rotated.h"
#include "pki/settings.h"

struct pki {
    char *dir;
    char *paths[PKI_FILE_COUNT];
    struct settings settings;
    struct ec *ec;
    struct buf root, intermediate; /* DER */
    struct certificate_issuer issuer;
    struct fleet_file *fleet; /* NULL: none */
    struct rotated *rotated;  /* what its cars have now in place of what is in there */
};

/* Keeps other processes from changing the directory (LOCK_EX: and from reading it), until the
   descriptor is closed; -1, errno and an error if it cannot (LOCK_NB, and another does:
   EWOULDBLOCK). */
int pki_lock(const struct pki *pki, int how, struct error *err);

#endif
