/*
 * keeper.h — when the cloud is written down, so that its next life has it.
 *
 * A cloud that lasts is written KEEPER_DELAY_MS after it changed, by a child process that has all
 * memory as it was at that moment (fork()): the broker stands still for the fork alone, not for the
 * writing. A large one is written no more often than leaves the writer a tenth of a processor. One
 * that does not last is written when the broker ends, for the next start alone.
 *
 * What clients have been told that they have, certificates above all, is in the journal
 * (journal_file.h) before they are told: one sync for all of a turn.
 *
 * Retained messages are the broker's to write: it is asked to when they have changed.
 *
 * Owns      the path, the child.
 * Errors    go to the broker's log.
 */
#ifndef CLOUD_PLUGIN_KEEPER_H
#define CLOUD_PLUGIN_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/timeunit.h"
#include "cloud/journal_file.h"

#define KEEPER_DELAY_MS 1000

struct keeper {
    char *path; /* NULL: nothing is kept */
    struct journal_file journal;
    bool lasts;
    bool retained_changed;
    bool dirty;       /* changes are not written, and due at `due` */
    uint64_t written; /* cloud_changes() of what is written */
    uint64_t writing; /* of what the child writes */
    pid_t writer;     /* 0: none */
    usec_t due, rest_until;
    bool failed, journal_failed; /* the last time: told of once */
};

bool keeper_set_path(struct keeper *k, const char *path);
/* What an earlier life left. False: it cannot be used, as the log says. */
bool keeper_load(struct keeper *k, struct cloud *cloud, int64_t now_ms);
/* Each turn of the broker's loop, before it sends what it has answered. */
void keeper_tick(struct keeper *k, struct cloud *cloud, int64_t now_ms);
/* The broker ends: writes what is not yet written, and frees what the keeper owns. */
void keeper_end(struct keeper *k, struct cloud *cloud, int64_t now_ms);
void keeper_done(struct keeper *k);

#endif
