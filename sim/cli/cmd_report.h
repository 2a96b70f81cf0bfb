/*
 * cmd_report.h — `fleetsim report`: the page of a run, made anew from the run's files.
 */
#ifndef CLI_CMD_REPORT_H
#define CLI_CMD_REPORT_H

/* argv[0] is the command's own name. Returns the exit status. */
int cmd_report(int argc, char **argv);

#endif
