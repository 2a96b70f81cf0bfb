/*
 * cmd_pki.h — `fleetsim pki`: make, issue, export and show certificates.
 */
#ifndef CLI_CMD_PKI_H
#define CLI_CMD_PKI_H

/* argv[0] is the command's own name, argv[1] the subcommand's. Returns the exit status. */
int cmd_pki(int argc, char **argv);

#endif
