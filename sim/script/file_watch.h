/*
 * file_watch.h — tells when a model's or a part's file has been saved, so that it can be reloaded.
 *
 * Owns      its watchers. Borrows the script and its loop.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_FILE_WATCH_H
#define SCRIPT_FILE_WATCH_H

#include "script/runtime.h"

struct file_watch;

/* Watches what the owner's modules were loaded from; changed() is called a moment after the last
   of several changes. */
struct file_watch *file_watch_new(struct script *script, const struct script_owner *owner,
                                  void (*changed)(void *ctx), void *ctx);
/* Modules may have been loaded since: watches those, too. */
void file_watch_update(struct file_watch *w);
/* NULL is fine. */
void file_watch_free(struct file_watch *w);

#endif
