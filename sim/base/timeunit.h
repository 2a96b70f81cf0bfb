/*
 * timeunit.h — units of time, the process's clocks, and durations as people write them.
 *
 * usec_t counts microseconds on CLOCK_MONOTONIC; it is the one clock on which every hop of a
 * command is stamped, in every thread.
 */
#ifndef BASE_TIMEUNIT_H
#define BASE_TIMEUNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC  ((usec_t)1000000)

/* Reads the clock (about 25 ns). */
usec_t clock_now(void);
/* Processor time that this thread has taken since it began (some 200 ns). */
usec_t clock_cpu(void);
/* Milliseconds since the Unix epoch, UTC. */
int64_t clock_wall_ms(void);

/* "250ms", "30s", "10m", "1h30m", or a bare number of seconds ("2.5"). False if it is none. */
bool duration_parse(const char *text, usec_t *ret);
/* "2026-11-21T00:57:18.123Z" for a wall time in ms. */
void timestamp_iso(int64_t wall_ms, char ret[32]);
/* A time of day in UTC: "2026-01-12T06:30:00Z", "2026-01-12T06:30" or "2026-01-12". False if it is
   none. */
bool wall_parse(const char *text, int64_t *ret_ms);
/* "850 µs", "12.3 ms", "4.56 s": three significant digits. */
void duration_human(double usec, char *ret, size_t size);

#endif
