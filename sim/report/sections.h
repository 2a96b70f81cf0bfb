/* sections.h — the parts of the page. Private to this room. */
#ifndef REPORT_SECTIONS_H
#define REPORT_SECTIONS_H

#include "base/buf.h"
#include "report/report.h"

/* Is it about many cars over time: a load, or a run with a fleet? */
bool report_has_fleet(const struct report *r);
bool report_is_load(const struct report *r);
/* Did the simulator not keep up? */
bool report_is_invalid(const struct report *r);
/* Is there a scenario that did not pass? */
bool report_has_trouble(const struct report *r);
/* How long it took. */
double report_seconds(const cJSON *summary);

/* Is it the verdict of a scenario that did not pass? */
bool report_is_trouble(const char *verdict);

/* Each appends one part; a part without content appends nothing. */
void section_title(const struct report *r, struct buf *out);
void section_header(const struct report *r, struct buf *out);
/* The tiles below the header's words. */
void section_facts(const struct report *r, struct buf *out);
void section_limits(const struct report *r, struct buf *out);
void section_search(const struct report *r, struct buf *out);
void section_load(const struct report *r, struct buf *out);
void section_over_time(const struct report *r, struct buf *out);
void section_errors(const struct report *r, struct buf *out);
void section_plots(const struct report *r, struct buf *out);
void section_scenarios(const struct report *r, struct buf *out);
void section_latency(const struct report *r, struct buf *out);
void section_slowest(const struct report *r, struct buf *out);
void section_cost(const struct report *r, struct buf *out);
void section_counters(const struct report *r, struct buf *out);
void section_settings(const struct report *r, struct buf *out);
void section_footer(const struct report *r, struct buf *out);

#endif
