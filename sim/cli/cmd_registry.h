/*
 * cmd_registry.h — `fleetsim cloud things|certificates|authorities|templates …`: whom the local
 * cloud in a directory knows (cloud/operator/registry_operator.h).
 */
#ifndef CLI_CMD_REGISTRY_H
#define CLI_CMD_REGISTRY_H

#include <stdbool.h>

/* Is it one of these words? */
bool cmd_registry_knows(const char *word);
/* argv[0] is that word. Returns the exit status. */
int cmd_registry(int argc, char **argv);

#endif
