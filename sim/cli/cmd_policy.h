/* cmd_policy.h — `fleetsim cloud policy`: who may do what in a local cloud (docs/policy.md). */
#ifndef CLI_CMD_POLICY_H
#define CLI_CMD_POLICY_H

int cmd_policy(int argc, char **argv);

#endif
