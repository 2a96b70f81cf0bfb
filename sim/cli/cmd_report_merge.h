/* cmd_report_merge.h — `fleetsim report merge`: several runs as one. */
#ifndef CLI_CMD_REPORT_MERGE_H
#define CLI_CMD_REPORT_MERGE_H

/* argv[0] is "merge". Returns the exit status: that of the whole. */
int cmd_report_merge(int argc, char **argv);

struct merge;
/* Writes the merged run into `dir`, with its page, and prints it. Returns the exit status. */
int merge_finish(struct merge *m, const char *dir);

#endif
