#include "report/failure_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

struct failure_log {
    char *path;
    FILE *file; /* NULL: no failure yet, or it could not be made */
    int trouble;
    bool told;
    size_t count;
};

struct failure_log *failure_log_new(const char *path)
{
    struct failure_log *log = xcalloc(1, sizeof *log);

    log->path = xstrdup(path);
    return log;
}

void failure_log_free(struct failure_log *log)
{
    if (log == NULL)
        return;
    if (log->file != NULL)
        fclose(log->file);
    free(log->path);
    free(log);
}

bool failure_log_has_room(const struct failure_log *log)
{
    return log->count < FAILURES_IN_FULL;
}

/* Names and values are anybody's, and a line that is not UTF-8 is read by nobody. */
static void keep_utf8(char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len;) {
        i += json_utf8_prefix(slice_of(text + i, len - i));
        if (i < len)
            text[i++] = '?';
    }
}

/* After the first trouble the file ends: half a line in its middle would spoil what follows. */
static void write_line(struct failure_log *log, const char *text)
{
    if (log->trouble != 0)
        return;
    if (log->file == NULL)
        log->file = fopen(log->path, "we");
    if (log->file == NULL || fputs(text, log->file) < 0 || fputc('\n', log->file) < 0 ||
        fflush(log->file) != 0)
        log->trouble = errno;
}

void failure_log_add(struct failure_log *log, cJSON *failure)
{
    char *text = cJSON_PrintUnformatted(failure);

    if (text != NULL) {
        keep_utf8(text);
        write_line(log, text);
    }
    log->count++;
    cJSON_free(text);
    cJSON_Delete(failure);
}

bool failure_log_check(struct failure_log *log, struct error *err)
{
    if (log == NULL || log->trouble == 0 || log->told)
        return true;
    log->told = true;
    return error_set(err, ERROR_USAGE,
                     "%s: cannot write it: %s (no more failures are told; free some space)",
                     log->path, strerror(log->trouble));
}
