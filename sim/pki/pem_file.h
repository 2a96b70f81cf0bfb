/*
 * pem_file.h — certificates and keys in PEM files. Errors begin with the path.
 */
#ifndef PKI_PEM_FILE_H
#define PKI_PEM_FILE_H

#include "pki/certificate.h"

#define PEM_FILE_MAX 65536 /* bytes of the longest file read or written */

/* One after another, mode 0644. */
bool pem_file_write_certificates(const char *path, const struct slice *ders, size_t count,
                                 struct error *err);
/* Mode 0600. */
bool pem_file_write_key(const char *path, const struct ec_key *key, struct error *err);

/* Appends the DER of the file's first certificate. */
bool pem_file_read_certificate(const char *path, struct buf *ret_der, struct error *err);
/* The key of the authority whose certificate is `der`, and with it what can sign. */
bool pem_file_read_issuer(const char *path, struct ec *ec, struct slice der,
                          struct certificate_issuer *ret, struct error *err);

#endif
