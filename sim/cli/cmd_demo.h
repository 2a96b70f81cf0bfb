/* cmd_demo.h — `fleetsim demo`: cars to look at, with their cloud and an app. */
#ifndef CLI_CMD_DEMO_H
#define CLI_CMD_DEMO_H

int cmd_demo(int argc, char **argv);

#endif
