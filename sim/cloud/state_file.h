/*
 * state_file.h — all that outlives the broker, in one file: a head, the lines of cloud_save(), and
 * a foot with their number and digest.
 *
 * By these a file is known that is cut off, damaged, somebody else's or of a later fleetsim: it is
 * refused with a reason, for a cloud that has silently lost half of what was in it would be worse
 * than one that does not start. A file is written aside and then renamed, so that whoever is killed
 * while writing leaves the one before.
 *
 * Errors    ERROR_USAGE: the file. No memory: the same.
 */
#ifndef CLOUD_STATE_FILE_H
#define CLOUD_STATE_FILE_H

#include "cloud/cloud.h"

/* Mode 0600, and on the disk when it returns. */
bool state_file_write(const struct cloud *cloud, const char *path, int64_t now_ms,
                      struct error *err);
/* Into a new cloud, which is good for nothing else after an error, with what its journal has
   (journal_file.h). ret_saved_ms: when it was last written; 0: there is no file, which is none. */
bool state_file_read(struct cloud *cloud, const char *path, int64_t now_ms, int64_t *ret_saved_ms,
                     struct error *err);

/* A look before that: whether it is whole, and what is in it as cloud_describe() says. Without a
   cloud, unless there is a journal to be brought in. */
bool state_file_look(const char *path, struct text *to, int64_t *ret_saved_ms, struct error *err);

/* The bytes of such a file. */
bool state_file_put(const struct cloud *cloud, int64_t now_ms, struct text *to);
bool state_file_take(struct cloud *cloud, struct slice bytes, int64_t now_ms, int64_t *ret_saved_ms,
                     struct error *err);

#endif
