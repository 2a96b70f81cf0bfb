/* cmd_job.h — `fleetsim job`: AWS IoT Jobs of a local cloud, from the command line. */
#ifndef CLI_CMD_JOB_H
#define CLI_CMD_JOB_H

/* The exit status. */
int cmd_job(int argc, char **argv);

#endif
