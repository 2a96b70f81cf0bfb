/* repeat.h — the command that runs a scenario again as it ran. */
#ifndef CLI_REPEAT_H
#define CLI_REPEAT_H

#include "base/buf.h"
#include "cli/run.h"
#include "script/scenario.h"

/* Appends the command that gives this scenario the same cars and the same randomness again, as a
   shell takes it; no line end. */
void repeat_write(const struct run_settings *s, const struct scenario *scenario, struct buf *out);

#endif
