/*
 * cmd_pki_inside.h — what the files of `fleetsim pki` share. Nobody else includes it.
 */
#ifndef CLI_CMD_PKI_INSIDE_H
#define CLI_CMD_PKI_INSIDE_H

#include <stdint.h>

#include "cli/options.h"
#include "pki/pki.h"

/* NULL: ERROR_USAGE. */
struct pki *pki_cmd_open(const char *dir, struct error *err);

/* ---- cmd_pki_rotate.c ---- */

int pki_cmd_rotate(int argc, char **argv);

/* ---- cmd_pki_ocsp.c ---- */

int pki_cmd_ocsp(int argc, char **argv);

/* ---- cmd_pki_revoke.c ---- */

int pki_cmd_revoke(int argc, char **argv);
int pki_cmd_crl(int argc, char **argv);

#endif
