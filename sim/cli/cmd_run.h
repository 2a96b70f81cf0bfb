/* cmd_run.h — `fleetsim run`: scenarios, headless. */
#ifndef CLI_CMD_RUN_H
#define CLI_CMD_RUN_H

/* argv[0] is the command's own name. Returns the exit status. */
int cmd_run(int argc, char **argv);

#endif
