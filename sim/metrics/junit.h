/*
 * junit.h — writes verdicts as the JUnit XML that CI servers read: the dialect of Jenkins and
 * Maven Surefire (reruns, flaky cases), with the properties, places and assertions that pytest and
 * others add to cases. tests/system/junit.xsd describes it.
 *
 * A case that has not finished is an <error type="unfinished">. One that was expected to fail and
 * did is skipped; one that failed at first and passed in the end has a <flakyFailure> (or
 * <flakyError>) for each attempt that failed, one that failed for good a <rerunFailure>. Steps,
 * tags and parameters are properties.
 *
 * Promises  well-formed XML 1.0 whatever the texts hold; no host names.
 */
#ifndef METRICS_JUNIT_H
#define METRICS_JUNIT_H

#include "base/error.h"
#include "metrics/verdicts.h"

/* Appends the XML document. */
bool junit_write(const struct verdicts *all, struct buf *out);
/* Replaces the file atomically. */
bool junit_save(const struct verdicts *all, const char *path, struct error *err);

#endif
