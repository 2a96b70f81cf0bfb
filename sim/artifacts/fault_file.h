/*
 * fault_file.h — how a file is served badly, once per line (artifact_server.h).
 *
 * Threads   one at a time per file.
 */
#ifndef ARTIFACTS_FAULT_FILE_H
#define ARTIFACTS_FAULT_FILE_H

#include <stdint.h>

#include "base/slice.h"

enum fault_kind { FAULT_NONE, FAULT_STATUS, FAULT_TRUNCATE, FAULT_STALL };

struct fault {
    enum fault_kind kind;
    uint64_t number; /* the status, or how many bytes come before */
};

/* One line, without its end. FAULT_NONE for whatever is none of these. */
struct fault fault_read(struct slice line);
/* Takes the first line away from the file of that path; it goes with its last line. FAULT_NONE
   where there is none. */
struct fault fault_take(const char *path);

#endif
