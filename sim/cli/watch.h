/*
 * watch.h — `fleetsim run --watch`: runs scenarios again whenever one of their files is saved: the
 * scenario files, what they require, models and parts. Each run has a cloud of its own, new as the
 * first one was, unless --cloud or --endpoint names another.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/run.h"

/* Until a signal ends it; returns the exit status. */
int watch_scenarios(const struct run_settings *settings, char **paths, int count);

#endif
