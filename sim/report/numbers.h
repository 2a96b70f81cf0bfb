/* numbers.h — numbers as people read them, on the page. Private to this room. */
#ifndef REPORT_NUMBERS_H
#define REPORT_NUMBERS_H

#include "base/buf.h"

/* A whole number with narrow spaces between thousands. */
void number_write(struct buf *out, double value);
/* Microseconds: "12.3 ms". */
void number_duration(struct buf *out, double usec);
/* 0 … 1 as "0.02 %": two significant digits, and never 0 or 100 that is not. */
void number_share(struct buf *out, double share);

#endif
