/* cmd_load.h — `fleetsim load`: puts a stated load on a cloud and measures what becomes of it. */
#ifndef CLI_CMD_LOAD_H
#define CLI_CMD_LOAD_H

int cmd_load(int argc, char **argv);

#endif
