/*
 * cmd_cloud.h — `fleetsim cloud`: the local cloud alone, in the foreground, for people who build
 * the app or drive vehicles from other processes.
 *
 * While it runs, DIR/cloud.json says where: {"endpoint":"mqtts://127.0.0.1:40123",
 * "websocket":"wss://127.0.0.1:40124/mqtt","ca":"/…/ca.pem","pid":4711}. The file appears whole,
 * when the cloud is ready, and goes when it stops.
 */
#ifndef CLI_CMD_CLOUD_H
#define CLI_CMD_CLOUD_H

/* argv[0] is the command's own name. Returns the exit status. */
int cmd_cloud(int argc, char **argv);

#endif
