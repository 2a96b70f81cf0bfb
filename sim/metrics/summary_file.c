#include "metrics/summary_file.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/store.h"
#include "base/xmem.h"

#define SUMMARY_MAX   ((size_t)256 << 20)
#define SUMMARY_DEPTH 16

cJSON *summary_read(const char *dir, struct error *err)
{
    char *path = xasprintf("%s/" SUMMARY_FILE, dir);
    struct buf text;
    cJSON *summary = NULL;

    buf_init(&text, SUMMARY_MAX);
    bool read =
        store_read(path, &text, err) || error_prefix(err, "not a run's folder, which is results/…");
    if (read)
        summary = json_parse(buf_slice(&text), SUMMARY_DEPTH);
    if (read && !cJSON_IsObject(summary)) {
        error_set(err, ERROR_USAGE, "%s/" SUMMARY_FILE ": not what a run writes", dir);
        cJSON_Delete(summary);
        summary = NULL;
    }
    buf_done(&text);
    free(path);
    return summary;
}
