/*
 * journal_file.h — what the cloud has promised its clients since its state was last written
 * (state_file.h): cloud_journal()'s lines, a batch for each turn of the broker's loop, on the disk
 * before the broker sends what it has answered in that turn. Whoever has been given a certificate
 * can use it after a kill -9, or a loss of power.
 *
 * A batch is its lines and a foot with its number, their number and a digest of all. The state says
 * which batches it has; what has come since is replayed. What a loss of power has torn is the last
 * batch, of which nobody has been told: it is dropped. Other damage is told of.
 *
 * Owns      the open file. Threads   one at a time.
 */
#ifndef CLOUD_JOURNAL_FILE_H
#define CLOUD_JOURNAL_FILE_H

#include "cloud/cloud.h"

#define JOURNAL_SUFFIX ".journal" /* behind the state's path */

struct journal_file {
    char *path;
    int fd;      /* -1: not open */
    size_t size; /* bytes */
    size_t mark; /* of them, those that the state being written makes superfluous */
};

/* Opens, or makes it, 0600, and cuts off what is torn. ERROR_USAGE. */
bool journal_file_open(struct journal_file *j, const char *state_path, struct error *err);
void journal_file_done(struct journal_file *j);
/* Writes down what has changed, if anything has; synced. */
bool journal_file_keep(struct journal_file *j, struct cloud *cloud, struct error *err);
/* The state is to be written as it is now; then it has been, and what it has goes from here. */
void journal_file_mark(struct journal_file *j);
bool journal_file_drop(struct journal_file *j, struct error *err);

/* The bytes of such a file. put: appends the next batch; nothing if nothing has changed. False: no
   memory. take: into the cloud (NULL: it is but looked at) from its cloud_batch() on; ret_whole:
   how many bytes are not torn. */
bool journal_put(struct cloud *cloud, struct text *to);
bool journal_take(struct cloud *cloud, struct slice bytes, size_t *ret_whole, struct error *err);

#endif
