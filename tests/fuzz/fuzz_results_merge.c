/*
 * Runs are read back from folders that others may have written. Any two files (summary.json and
 * latency.hlog, with a zero byte between them) are merged with a good shard and
 * compared with themselves, or refused with a reason, without harm.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "results/compare.h"
#include "results/merge.h"

#define GOOD                                                                                       \
    "{\"complete\":true,\"exit_status\":0,\"started\":\"2026-11-28T23:00:00.000Z\","               \
    "\"shard\":{\"index\":0,\"count\":2},\"counters\":{\"commands.sent\":3},\"stages_us\":{}}"

static char root[] = "/tmp/fuzz-merge-XXXXXX";

static void put(const char *dir, const char *name, const uint8_t *data, size_t size)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s/%s", root, dir, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || (size != 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0)
        abort();
}

static void put_good(void)
{
    char path[256];

    if (mkdtemp(root) == NULL)
        abort();
    for (const char *const *dir = (const char *const[]){"a", "b", NULL}; *dir != NULL; dir++) {
        snprintf(path, sizeof path, "%s/%s", root, *dir);
        mkdir(path, 0700);
    }
    put("a", "summary.json", (const uint8_t *)GOOD, sizeof GOOD - 1);
    put("a", "latency.hlog", NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const files[] = {"summary.json", "latency.hlog"};
    static bool ready;
    const char *dirs[] = {root};
    char bad[64], out[64];
    struct error err = {0};

    if (!ready)
        put_good();
    ready = true;
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
        size_t len = end != NULL && i < 1 ? (size_t)(end - data) : size;
        put("b", files[i], data, len);
        size_t used = len < size ? len + 1 : len;
        data += used;
        size -= used;
    }
    snprintf(bad, sizeof bad, "%s/b", root);
    snprintf(out, sizeof out, "%s/out", root);
    struct merge *m = merge_new(&(struct merge_options){.dirs = dirs, .dir_count = 1}, &err);
    if (m == NULL && err.text[0] == '\0')
        abort();
    if (m != NULL && merge_status(m) != 0 && merge_reason(m) == NULL)
        abort();
    if (m != NULL)
        merge_save(m, out, &err);
    merge_free(m);
    comparison_free(compare_runs(
        bad, bad, &(struct compare_options){.tolerance = 0.05, .confidence = 0.95}, &err));
    return 0;
}
