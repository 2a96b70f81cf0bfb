/*
 * state_bytes.h — what the files of the cloud's state have in common: bytes that are mapped, lines,
 * a digest, and how they get to the disk.
 */
#ifndef CLOUD_STATE_BYTES_H
#define CLOUD_STATE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"
#include "base/text.h"

/* A file's; of one that is not there: none, and `absent`. */
struct state_bytes {
    struct slice all;
    bool absent;
    int64_t changed_ms; /* when it was */
};
/* ERROR_USAGE with its path. */
bool state_bytes_open(struct state_bytes *b, const char *path, struct error *err);
void state_bytes_close(struct state_bytes *b);

#define STATE_DIGEST_SIZE 65 /* hex digits and NUL */
/* SHA-256. */
bool state_digest(struct slice bytes, char ret[STATE_DIGEST_SIZE]);
size_t state_count_lines(struct slice bytes);
/* Of the first, with its end of line. */
size_t state_line_length(struct slice bytes);

/* False with errno. */
bool state_write_all(int fd, const char *bytes, size_t len);
/* The whole file at once, mode 0600, by way of PATH.new; synced. False with errno. */
bool state_replace(const char *path, const struct text *t);

#endif
