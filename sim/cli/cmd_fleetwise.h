/*
 * cmd_fleetwise.h — `fleetsim cloud fleetwise …`: campaigns, decoder manifests and state templates
 * of the local cloud in a directory (cloud/campaigns/campaign_service.h).
 */
#ifndef CLI_CMD_FLEETWISE_H
#define CLI_CMD_FLEETWISE_H

/* argv[0] is "fleetwise". Returns the exit status. */
int cmd_fleetwise(int argc, char **argv);

#endif
