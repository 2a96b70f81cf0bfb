/* cmd_repl.h — `fleetsim repl`. */
#ifndef CLI_CMD_REPL_H
#define CLI_CMD_REPL_H

int cmd_repl(int argc, char **argv);

#endif
