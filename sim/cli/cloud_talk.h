/*
 * cloud_talk.h — what `fleetsim job` and `fleetsim cloud things` and its like say to the
 * local cloud that runs in a directory (docs/cloud.md), as its owner: over the Unix socket that
 * only the same user can open.
 */
#ifndef CLI_CLOUD_TALK_H
#define CLI_CLOUD_TALK_H

#include <cjson/cJSON.h>

#include "base/error.h"

/* Publishes the document, which it takes (NULL: none), to the topic fleetsim/…; the answer, to be
   freed. NULL: no cloud runs there, or it rejects that (ERROR_TARGET, with its words). */
cJSON *cloud_talk(const char *dir, const char *topic, cJSON *document, struct error *err);
/* All pages of the list `member`, as one array. `document` is kept. */
cJSON *cloud_talk_list(const char *dir, const char *topic, const cJSON *document,
                       const char *member, struct error *err);

#endif
