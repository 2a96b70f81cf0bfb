/* cmd_report_compare.h — `fleetsim report compare`: what changed from one run to another. */
#ifndef CLI_CMD_REPORT_COMPARE_H
#define CLI_CMD_REPORT_COMPARE_H

/* argv[0] is "compare". Returns the exit status: 0 no worse, 1 worse beyond noise. */
int cmd_report_compare(int argc, char **argv);

#endif
