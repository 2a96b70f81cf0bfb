/*
 * batch.h — what one telemetry message says: samples of a car's signals, each with its own time.
 *
 * The same struct goes into the encoders and comes out of the decoders. Samples name their signals
 * by position in `names`, so that a name is carried once for all its samples.
 *
 * Owns      the arrays, and the texts made by batch_text(); other texts are borrowed.
 */
#ifndef TELEMETRY_BATCH_H
#define TELEMETRY_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum sample_kind {
    SAMPLE_BOOL,
    SAMPLE_INT,
    SAMPLE_FLOAT, /* never infinite, never NaN */
    SAMPLE_TEXT,  /* texts, and the names of enums */
    SAMPLE_KIND_COUNT
};

struct sample {
    int64_t at_ms; /* since the Unix epoch */
    uint32_t name; /* in batch.names */
    enum sample_kind kind;
    union {
        bool b;
        int64_t i;
        double f;
        const char *s;
    };
};

/* With the NUL. */
#define BATCH_THING_MAX    129
#define BATCH_CAMPAIGN_MAX 65

struct batch {
    char thing[BATCH_THING_MAX];
    char campaign[BATCH_CAMPAIGN_MAX]; /* who asked for it; "": the car's own rules */
    uint64_t seq;                      /* counts the car's batches */
    uint64_t dropped;                  /* samples that the car had to drop so far */
    const char **names;
    size_t name_count;
    struct sample *samples;
    size_t sample_count;
    struct slice sealed; /* telemetry/seal.h; len 0: nothing is */
    /* Private part */
    size_t name_room, sample_room;
    char **texts;
    size_t text_count, text_room;
};

/* Zeroed is empty. */
void batch_done(struct batch *b);
/* A copy that lives as long as the batch; ends at a NUL. */
const char *batch_text(struct batch *b, struct slice text);
/* The same for bytes. */
struct slice batch_bytes(struct batch *b, struct slice bytes);
/* A place at the end, to be filled; valid until the next one is added. */
struct sample *batch_add(struct batch *b);
/* The position of a name, which is borrowed; added if it is not there. */
uint32_t batch_name(struct batch *b, const char *name);
/* The same by adding it in any case. */
uint32_t batch_add_name(struct batch *b, const char *name);
/* Copies thing or campaign; false if it is too long or has a NUL inside. */
bool batch_set_thing(struct batch *b, struct slice thing);
bool batch_set_campaign(struct batch *b, struct slice campaign);

#endif
