#include "artifacts/fault_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 65536

static struct fault with_bytes(enum fault_kind kind, const char *number)
{
    return (struct fault){.kind = kind, .number = strtoull(number, NULL, 10)};
}

struct fault fault_read(struct slice line)
{
    static const char truncate[] = "truncate ", stall[] = "stall ";
    char text[64];
    char *end;

    if (line.len == 0 || line.len >= sizeof text)
        return (struct fault){.kind = FAULT_NONE};
    memcpy(text, line.data, line.len);
    text[line.len] = '\0';
    if (strncmp(text, truncate, sizeof truncate - 1) == 0)
        return with_bytes(FAULT_TRUNCATE, text + sizeof truncate - 1);
    if (strncmp(text, stall, sizeof stall - 1) == 0)
        return with_bytes(FAULT_STALL, text + sizeof stall - 1);
    unsigned long status = strtoul(text, &end, 10);
    if (*end == '\0' && status >= 400 && status < 600)
        return (struct fault){.kind = FAULT_STATUS, .number = status};
    return (struct fault){.kind = FAULT_NONE};
}

/* Others read the old file or the new one. */
static void write_rest(const char *path, const char *rest, size_t len)
{
    char aside[4096];

    if (len == 0) {
        unlink(path);
        return;
    }
    snprintf(aside, sizeof aside, "%s.new", path);
    FILE *f = fopen(aside, "we");
    bool ok = f != NULL && fwrite(rest, 1, len, f) == len;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    if (!ok || rename(aside, path) != 0)
        unlink(aside);
}

struct fault fault_take(const char *path)
{
    struct fault fault = {.kind = FAULT_NONE};
    FILE *f = fopen(path, "re");

    if (f == NULL)
        return fault;
    char *text = malloc(TEXT_MAX);
    size_t len = text != NULL ? fread(text, 1, TEXT_MAX, f) : 0;
    fclose(f);
    if (len != 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end != NULL ? (size_t)(end - text) : len;
        size_t rest = end != NULL ? line + 1 : len;
        fault = fault_read(slice_of(text, line));
        write_rest(path, text + rest, len - rest);
    }
    free(text);
    return fault;
}
