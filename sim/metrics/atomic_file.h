/* atomic_file.h — replacing a file so that readers, and a killed run, see the old or the new one.
 */
#ifndef METRICS_ATOMIC_FILE_H
#define METRICS_ATOMIC_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* Writes `path`.tmp beside it and renames. No fsync: survives the process, not the power. On
   failure the old file is untouched. What is no plain file (a device, a pipe, a link) is written to
   instead. ERROR_USAGE. */
bool atomic_file_write(const char *path, struct slice content, struct error *err);

#endif
