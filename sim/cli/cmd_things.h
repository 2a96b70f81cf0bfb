/* cmd_things.h — `fleetsim cloud things` and `fleetsim cloud group`: the fleet index of a local
   cloud, and its thing groups (docs/fleet-index.md). */
#ifndef CLI_CMD_THINGS_H
#define CLI_CMD_THINGS_H

#include <stdbool.h>

/* Is what follows `fleetsim cloud things` a query, or an option of one, and no other command? */
bool cmd_things_is_query(const char *word);
int cmd_things(int argc, char **argv);
int cmd_group(int argc, char **argv);

#endif
