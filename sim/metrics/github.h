/*
 * github.h — verdicts for GitHub Actions: annotations (workflow commands on the log) and the job's
 * summary (Markdown).
 */
#ifndef METRICS_GITHUB_H
#define METRICS_GITHUB_H

#include "base/buf.h"
#include "metrics/verdicts.h"

/* Appends the annotation of a case that did not pass, or passed only in the end; nothing for
   others. `root` is the folder whose files GitHub knows (or NULL): paths in it lose it. */
void github_annotate(const struct verdict *v, const char *root, struct buf *out);
/* Appends the summary: counts, and a table of what did not pass. `seed` repeats the run. */
void github_summary(const struct verdicts *all, uint64_t seed, struct buf *out);

#endif
