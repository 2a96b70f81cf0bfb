/* failure_set.h — failures.jsonl as it was read. Private to this room, and to its fuzz target. */
#ifndef REPORT_FAILURE_SET_H
#define REPORT_FAILURE_SET_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>

struct failure_set {
    cJSON **failures; /* objects */
    size_t count;
    size_t bad_lines; /* not JSON objects, or longer than any */
    size_t more;      /* beyond the most that are read */
};

/* Whatever the file holds. Release with failure_set_done(). */
void failure_set_read(struct failure_set *set, FILE *file);
void failure_set_done(struct failure_set *set);

#endif
