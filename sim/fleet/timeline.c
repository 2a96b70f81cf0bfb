#include "fleet/timeline.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

struct line {
    usec_t at; /* since the loop was made */
    enum timeline_kind kind;
    char *text;
};

struct timeline {
    const char *name;
    const struct loop *loop;
    struct trace *trace;
    size_t places, next, count;
    struct line lines[];
};

const char *timeline_kind_name(enum timeline_kind kind)
{
    static const char *const names[TIMELINE_KIND_COUNT] = {
        "in", "out", "state", "signal", "order", "note", "sms", "app", "script",
    };
    return kind < TIMELINE_KIND_COUNT ? names[kind] : "?";
}

struct timeline *timeline_new(const char *name, size_t places, const struct loop *loop,
                              struct trace *trace)
{
    struct timeline *t = xcalloc(1, sizeof *t + places * sizeof *t->lines);

    t->name = name;
    t->loop = loop;
    t->trace = trace;
    t->places = places;
    return t;
}

void timeline_free(struct timeline *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->places; i++)
        free(t->lines[i].text);
    free(t);
}

/* Such a line begins with the app's name. */
static struct slice app_of(const struct line *line)
{
    return slice_of(line->text, line->kind == TIMELINE_APP ? strcspn(line->text, " ") : 0);
}

static void trace_line(const struct timeline *t, const struct line *line)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "t", (double)line->at / 1e6);
    cJSON_AddStringToObject(object, "vehicle", t->name);
    cJSON_AddStringToObject(object, "kind", timeline_kind_name(line->kind));
    cJSON_AddStringToObject(object, "text", line->text);
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL)
        trace_add(t->trace, t->name, app_of(line), text);
    cJSON_free(text);
    cJSON_Delete(object);
}

/* A copy that is UTF-8 and one line without control characters: payloads are anybody's, and
   truncation may cut a character. */
static char *clean_text(struct slice text)
{
    char *copy = xstrndup(text.len != 0 ? (const char *)text.data : "", text.len);
    size_t len = strlen(copy);

    for (size_t i = 0; i < len;) {
        size_t good = json_utf8_prefix(slice_of(copy + i, len - i));
        for (size_t end = i + good; i < end; i++)
            if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
                copy[i] = ' ';
        if (i < len)
            copy[i++] = '?';
    }
    return copy;
}

static usec_t since_start(const struct timeline *t, usec_t at)
{
    return loop_is_virtual(t->loop) ? loop_script_now(t->loop) : at - t->loop->started;
}

void timeline_add(struct timeline *t, usec_t at, enum timeline_kind kind, struct slice text)
{
    if (t == NULL)
        return;
    struct line line = {.at = since_start(t, at), .kind = kind, .text = clean_text(text)};
    if (t->trace != NULL)
        trace_line(t, &line);
    if (t->places == 0) {
        free(line.text);
        return;
    }
    free(t->lines[t->next].text);
    t->lines[t->next] = line;
    t->next = (t->next + 1) % t->places;
    if (t->count < t->places)
        t->count++;
}

void timeline_addf(struct timeline *t, usec_t at, enum timeline_kind kind, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (t == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    timeline_add(t, at, kind, slice_str(text));
}

void timeline_write(const struct timeline *t, size_t most, struct buf *out)
{
    if (t == NULL)
        return;
    size_t n = most < t->count ? most : t->count;
    for (size_t i = 0; i < n; i++) {
        const struct line *line = &t->lines[(t->next + t->places - n + i) % t->places];
        buf_printf(out, "  %+10.3f s  %-6s  ", (double)line->at / 1e6,
                   timeline_kind_name(line->kind));
        buf_append_str(out, line->text);
        buf_append_str(out, "\n");
    }
}
