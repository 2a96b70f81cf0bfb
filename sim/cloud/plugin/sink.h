/*
 * sink.h — where rules put messages outside of the broker: files and HTTP servers, by a thread of
 * its own, so that neither a disk nor a server ever holds the broker up.
 *
 * A bounded queue lies between: what finds it full is dropped and counted, as is what could not be
 * written or posted.
 *
 * Owns      the thread, started by the first message; its open files.
 * Threads   sink_put() and the rest on the broker's; the sink's own touches nothing of the broker.
 */
#ifndef CLOUD_PLUGIN_SINK_H
#define CLOUD_PLUGIN_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

struct sink_counts {
    uint64_t written, posted;
    uint64_t dropped; /* the queue was full */
    uint64_t failed;  /* no such file or server, or it said no */
};

/* NULL: no memory. */
struct sink *sink_new(void);
/* Lets it finish what waits, for a second at most. NULL: no-op. */
void sink_free(struct sink *sink);
/* Copies target and bytes. `post`: to an HTTP server, else to the end of a file. */
void sink_put(struct sink *sink, bool post, const char *target, const char *bytes, size_t len);
struct sink_counts sink_counts(struct sink *sink);

#endif
