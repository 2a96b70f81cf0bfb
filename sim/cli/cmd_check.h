/* cmd_check.h — `fleetsim check`: what is wrong with scripts, without running them. */
#ifndef CLI_CMD_CHECK_H
#define CLI_CMD_CHECK_H

#include "base/error.h"

int cmd_check(int argc, char **argv);

/* What `fleetsim run` does first: prints what is wrong on stderr. False if there is an error among
   it, or a file cannot be read; err says how many. */
bool check_before_run(const char *vehicles_dir, char *const *paths, struct error *err);

#endif
