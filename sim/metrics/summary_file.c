#include "metrics/summary_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/xmem.h"

#define SUMMARY_MAX   ((size_t)256 << 20)
#define SUMMARY_DEPTH 16

cJSON *summary_read(const char *dir, struct error *err)
{
    char *path = xasprintf("%s/" SUMMARY_FILE, dir);
    FILE *file = fopen(path, "re");
    struct buf text;
    cJSON *summary = NULL;

    free(path);
    if (file == NULL) {
        error_set(err, ERROR_USAGE, "%s/" SUMMARY_FILE ": %s (a run's folder is results/…)", dir,
                  strerror(errno));
        return NULL;
    }
    buf_init(&text, SUMMARY_MAX);
    for (size_t n = 1; n > 0;) {
        uint8_t *room = buf_reserve(&text, 65536);
        n = room != NULL ? fread(room, 1, 65536, file) : 0;
        buf_commit(&text, n);
    }
    if (!text.overflow)
        summary = json_parse(buf_slice(&text), SUMMARY_DEPTH);
    if (!cJSON_IsObject(summary)) {
        error_set(err, ERROR_USAGE, "%s/" SUMMARY_FILE ": not what a run writes", dir);
        cJSON_Delete(summary);
        summary = NULL;
    }
    buf_done(&text);
    fclose(file);
    return summary;
}
