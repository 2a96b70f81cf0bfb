/*
 * hlog_codec.h — one histogram as HdrHistogram writes it in logs: V2 encoding (ZigZag LEB128 counts
 * with runs of zeros), compressed by zlib, in base64 ("HISTFAAA…").
 *
 * Source: the HdrHistogram project's description of V2CompressedEncoding; the settings are those of
 * histogram.h (lowest 1, highest 3.6e9, 3 digits).
 */
#ifndef METRICS_HLOG_CODEC_H
#define METRICS_HLOG_CODEC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "metrics/histogram.h"

/* Appends the base64 text; false when `out` is full. */
bool hlog_encode(const struct histogram *h, struct buf *out);

/* Adds the values of an encoded histogram to `into`. On failure `into` is unchanged. Safe on any
   bytes; refuses histograms with another precision or unit, because adding them would not be
   exact. ERROR_USAGE. */
bool hlog_decode(struct slice base64, struct histogram *into, struct error *err);

#endif
