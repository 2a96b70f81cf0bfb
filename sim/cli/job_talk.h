/*
 * job_talk.h — what `fleetsim job` and `fleetsim cloud things` and its like say to the
 * local cloud that runs in a directory (docs/cloud.md), as its owner: over the Unix socket that
 * only the same user can open.
 */
#ifndef CLI_JOB_TALK_H
#define CLI_JOB_TALK_H

#include <cjson/cJSON.h>

#include "base/error.h"

/* Publishes the document, which it takes (NULL: none), to fleetsim/jobs/<call>; the answer, to be
   freed. NULL: no cloud runs there, or it rejects that (ERROR_TARGET, with its words). */
cJSON *job_talk(const char *dir, const char *call, cJSON *document, struct error *err);
/* The same on any topic of that kind. */
cJSON *job_talk_topic(const char *dir, const char *topic, cJSON *document, struct error *err);
/* The pages of a list one after the other, as one array. `member`: its name in the answers. */
cJSON *job_talk_list(const char *dir, const char *call, const char *member, const char *status,
                     struct error *err);
/* The same on any topic of that kind. */
cJSON *job_talk_topic_list(const char *dir, const char *topic, const char *member,
                           const char *status, struct error *err);

#endif
