/* facts.h — what is worth knowing of a run besides its settings: how it was called, and on what. */
#ifndef CLI_FACTS_H
#define CLI_FACTS_H

#include "base/timeunit.h"

struct run_results;
struct run_settings;

/* Tells the results what was asked for, and what it runs on. NULL results are fine. */
void facts_tell(struct run_results *results, const struct run_settings *settings);

/* "fleetsim run 'my scenarios/' --seed 7", quoted as a shell takes it; free() it. */
char *facts_command_line(int argc, char **argv);
/* "Linux 6.1.0 x86_64, 2 CPUs, 24.0 GiB memory", without the machine's name; free() it. */
char *facts_machine(void);
/* "7 d 2 h", "3 h 20 min", "4 min 5 s": a stretch of virtual time; free() it. */
char *facts_days(usec_t length);

#endif
