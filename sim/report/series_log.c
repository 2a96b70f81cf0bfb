#include "report/series_log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/xmem.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)

struct series_log {
    char *path;
    FILE *file; /* NULL: no series yet, or it could not be made */
    int trouble;
    bool told;
    unsigned count;
    struct series_writer *writers;
};

struct series_writer {
    struct series_log *log;
    struct series_writer *next;
    unsigned number;
    size_t channel_count;
    enum series_type *types;
    struct buf last;     /* the values last written, as text */
    usec_t last_t, held; /* since when, and up to when they have been the same */
    bool begun;
};

const char *series_type_name(enum series_type type)
{
    /* ORDER SERIES_TYPE */
    static const char *const names[SERIES_TYPE_COUNT] = {"number", "boolean", "text"};

    return type < SERIES_TYPE_COUNT ? names[type] : "?";
}

struct series_log *series_log_new(const char *path)
{
    struct series_log *log = xcalloc(1, sizeof *log);

    log->path = xstrdup(path);
    return log;
}

/* After the first trouble the file ends: half a line in its middle would spoil what follows. */
static void write_line(struct series_log *log, struct slice line)
{
    if (log->trouble != 0)
        return;
    if (log->file == NULL)
        log->file = fopen(log->path, "we");
    if (log->file == NULL || fwrite(line.data, 1, line.len, log->file) != line.len)
        log->trouble = errno;
}

bool series_log_flush(struct series_log *log, struct error *err)
{
    if (log == NULL)
        return true;
    if (log->trouble == 0 && log->file != NULL && fflush(log->file) != 0)
        log->trouble = errno;
    if (log->trouble == 0 || log->told)
        return true;
    log->told = true;
    return error_set(err, ERROR_USAGE,
                     "%s: cannot write it: %s (nothing more is recorded; free some space)",
                     log->path, strerror(log->trouble));
}

/* Nothing that is not UTF-8 gets into the file. */
static void add_text(cJSON *object, const char *key, const char *text)
{
    if (text != NULL)
        cJSON_AddStringToObject(object, key, json_is_utf8(slice_str(text)) ? text : "?");
}

struct series_writer *series_begin(struct series_log *log, const struct series_head *head)
{
    struct series_writer *w = xcalloc(1, sizeof *w);
    cJSON *line = cJSON_CreateObject();
    char start[32];

    w->log = log;
    w->number = ++log->count;
    w->channel_count = head->channel_count;
    w->types = xcalloc(head->channel_count, sizeof *w->types);
    buf_init(&w->last, LINE_MAX_BYTES);
    w->next = log->writers;
    log->writers = w;
    cJSON_AddNumberToObject(line, "series", w->number);
    add_text(line, "name", head->name);
    add_text(line, "car", head->car);
    add_text(line, "model", head->model);
    add_text(line, "scenario", head->scenario);
    timestamp_iso(head->start_ms, start);
    memcpy(start + strlen("2026-01-12T06:30:00"), "Z", 2); /* without milliseconds */
    add_text(line, "start", start);
    cJSON *signals = cJSON_AddArrayToObject(line, "signals");
    for (size_t i = 0; i < head->channel_count; i++) {
        cJSON *signal = cJSON_CreateObject();
        w->types[i] = head->channels[i].type;
        add_text(signal, "path", head->channels[i].path);
        add_text(signal, "type", series_type_name(head->channels[i].type));
        add_text(signal, "unit", head->channels[i].unit);
        cJSON_AddItemToArray(signals, signal);
    }
    char *text = cJSON_PrintUnformatted(line);
    write_line(log, slice_str(text));
    write_line(log, slice_str("\n"));
    free(text);
    cJSON_Delete(line);
    return w;
}

static void put_text(struct buf *out, const char *text)
{
    cJSON *value = text != NULL && json_is_utf8(slice_str(text)) ? cJSON_CreateString(text) : NULL;
    char *json = cJSON_PrintUnformatted(value);

    buf_append_str(out, json != NULL ? json : "null");
    free(json);
    cJSON_Delete(value);
}

static void put_value(struct buf *out, enum series_type type, const struct series_value *v)
{
    switch (type) {
    case SERIES_NUMBER:
        if (isfinite(v->number))
            buf_printf(out, "%.10g", v->number);
        else
            buf_append_str(out, "null");
        return;
    case SERIES_BOOLEAN:
        buf_append_str(out, v->boolean ? "true" : "false");
        return;
    case SERIES_TEXT:
    case SERIES_TYPE_COUNT:
        break;
    }
    put_text(out, v->text);
}

static void write_row(const struct series_writer *w, usec_t t)
{
    char begin[80];

    snprintf(begin, sizeof begin, "{\"series\":%u,\"t\":%.10g,\"v\":[", w->number,
             (double)t / (double)USEC_PER_SEC);
    write_line(w->log, slice_str(begin));
    write_line(w->log, buf_slice(&w->last));
    write_line(w->log, slice_str("]}\n"));
}

void series_add(struct series_writer *w, usec_t t, const struct series_value *values)
{
    struct buf row;

    buf_init(&row, LINE_MAX_BYTES);
    for (size_t i = 0; i < w->channel_count; i++) {
        if (i != 0)
            buf_append_str(&row, ",");
        put_value(&row, w->types[i], &values[i]);
    }
    bool same = w->begun && buf_len(&row) == buf_len(&w->last) &&
                memcmp(buf_data(&row), buf_data(&w->last), buf_len(&row)) == 0;
    if (same) {
        buf_done(&row);
    } else {
        if (w->begun && w->held > w->last_t)
            write_row(w, w->held);
        buf_done(&w->last);
        w->last = row;
        w->last_t = t;
        w->begun = true;
        write_row(w, t);
    }
    w->held = t;
}

static void writer_free(struct series_writer *w)
{
    if (w->begun && w->held > w->last_t)
        write_row(w, w->held);
    buf_done(&w->last);
    free(w->types);
    free(w);
}

void series_end(struct series_writer *w)
{
    struct series_writer **p = &w->log->writers;

    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
    writer_free(w);
}

void series_log_free(struct series_log *log)
{
    if (log == NULL)
        return;
    for (struct series_writer *w = log->writers, *next; w != NULL; w = next) {
        next = w->next;
        writer_free(w);
    }
    if (log->file != NULL)
        fclose(log->file);
    free(log->path);
    free(log);
}
