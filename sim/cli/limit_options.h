/*
 * limit_options.h — --limit, which several commands have (docs/limits.md).
 */
#ifndef CLI_LIMIT_OPTIONS_H
#define CLI_LIMIT_OPTIONS_H

#include "cli/options.h"
#include "metrics/limits.h"

/* A row of a table of struct option_spec, for a struct option_list. */
// clang-format off
#define LIMIT_OPTIONS_ROWS(list)                                                                   \
    {"limit", 0, OPTION_LIST, &(list), "EXPR",                                                     \
     "what the run must hold, as 'command.total p99 < 2s', 'connect.failed < 0.1%'\nor "           \
     "'commands.failed < 5'; repeatable; exit status 5 (docs/limits.md)"}
// clang-format on

#endif
