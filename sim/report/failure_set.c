#include "report/failure_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

#define FAILURES_MAX   ((size_t)1000)
#define LINE_MAX_BYTES ((size_t)64 << 20)
#define DEPTH_MAX      32

static void add(struct failure_set *set, cJSON *failure)
{
    if (set->count == FAILURES_MAX) {
        set->more++;
        cJSON_Delete(failure);
        return;
    }
    set->failures = xrealloc(set->failures, (set->count + 1) * sizeof(cJSON *));
    set->failures[set->count++] = failure;
}

static void read_line(struct failure_set *set, struct slice line)
{
    cJSON *failure =
        line.len <= LINE_MAX_BYTES && json_is_utf8(line) ? json_parse(line, DEPTH_MAX) : NULL;

    if (cJSON_IsObject(failure)) {
        add(set, failure);
        return;
    }
    set->bad_lines++;
    cJSON_Delete(failure);
}

void failure_set_read(struct failure_set *set, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    *set = (struct failure_set){0};
    while ((len = getline(&line, &room, file)) >= 0) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (len > 0)
            read_line(set, slice_of(line, (size_t)len));
    }
    free(line);
}

void failure_set_done(struct failure_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        cJSON_Delete(set->failures[i]);
    free(set->failures);
    *set = (struct failure_set){0};
}
