/* sections.h — the parts of the page. Private to this room. */
#ifndef REPORT_SECTIONS_H
#define REPORT_SECTIONS_H

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "report/failure_set.h"
#include "report/series.h"

/* What the page is made of. */
struct report {
    const cJSON *summary;
    const struct series_set *set;
    const struct failure_set *failures; /* NULL: none */
};

/* Is it the verdict of a scenario that did not pass? */
bool report_is_trouble(const char *verdict);

/* Each appends one part; a part without content appends nothing. */
void section_title(const struct report *r, struct buf *out);
void section_header(const struct report *r, struct buf *out);
void section_plots(const struct report *r, struct buf *out);
void section_scenarios(const struct report *r, struct buf *out);
void section_latency(const struct report *r, struct buf *out);
void section_slowest(const struct report *r, struct buf *out);
void section_counters(const struct report *r, struct buf *out);
void section_settings(const struct report *r, struct buf *out);
void section_footer(const struct report *r, struct buf *out);

#endif
