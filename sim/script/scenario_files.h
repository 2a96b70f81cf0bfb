/* scenario_files.h — finds scenario files: a file itself, or a folder's by name. */
#ifndef SCRIPT_SCENARIO_FILES_H
#define SCRIPT_SCENARIO_FILES_H

#include <stdbool.h>

#include "base/error.h"

/* Calls fn for the file, or for each *.lua of the folder and of its folders, by name, without those
   that begin with a dot. Ends with the first that returns false. ERROR_USAGE if a folder cannot be
   read. */
bool scenario_files_each(const char *path,
                         bool (*fn)(void *ctx, const char *path, struct error *err), void *ctx,
                         struct error *err);

#endif
