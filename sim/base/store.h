/*
 * store.h — files read whole, and replaced whole; directories of secrets.
 */
#ifndef BASE_STORE_H
#define BASE_STORE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define STORE_SECRET 0600
#define STORE_PUBLIC 0644

/* Makes the directory with mode 0700, and those above it, unless it is there. */
bool store_make_dir(const char *path, struct error *err);
/* Appends the bytes of a regular file; an error past the buffer's ceiling. */
bool store_read(const char *path, struct buf *ret, struct error *err);

/* A file that comes into being under its name all at once. */
struct store_writer {
    int fd;          /* write here */
    char *temporary; /* its name until store_commit() */
    const char *path;
};
/* `path` is borrowed until commit or abandon. */
bool store_begin(struct store_writer *w, const char *path, mode_t mode, struct error *err);
bool store_append(struct store_writer *w, struct slice bytes, struct error *err);
/* Renames; with `sync`, file and name are on the disk: that survives a power cut too. Ends the
   writer in any case. */
bool store_commit(struct store_writer *w, bool sync, struct error *err);
void store_abandon(struct store_writer *w);

/* A new name is on the disk when its folder is. Best effort. */
void store_sync_folder(const char *path);

/* All three in one, without the sync. */
bool store_write(const char *path, mode_t mode, struct slice bytes, struct error *err);

#endif
