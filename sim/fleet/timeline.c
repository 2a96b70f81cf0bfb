#include "fleet/timeline.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

/* Of a line that is not to be detailed, and of what an app says or sees when it is shown as text.
 */
#define LINE_MAX_BYTES 511
#define APP_SHOWN_MAX  ((size_t)400)
#define PACKET_SHOWN   ((size_t)1024)

/* 24 bytes: there may be many. */
struct line {
    usec_t at; /* since the loop was made */
    uint8_t kind;
    bool is_packet;
    uint16_t subject, rest; /* of the text: where the subject ends, and where the rest begins */
    union {
        char *text;
        struct mqtt_kept *packet;
        void *any;
    };
};

struct timeline {
    const char *name;
    const struct loop *loop;
    struct trace *trace;
    size_t places, next, count, gone;
    struct line lines[];
};

const char *timeline_kind_name(enum timeline_kind kind)
{
    static const char *const names[TIMELINE_KIND_COUNT] = {
        "in", "out", "state", "signal", "order", "note", "sms", "app", "script", "oracle",
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
        free(t->lines[i].any);
    free(t);
}

/* ---- adding ---- */

/* Such a line begins with the app's name. */
static struct slice app_of(enum timeline_kind kind, const char *text)
{
    return slice_of(text, kind == TIMELINE_APP ? strcspn(text, " ") : 0);
}

static void trace_text(const struct timeline *t, usec_t at, enum timeline_kind kind,
                       const char *text)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "t", (double)at / 1e6);
    cJSON_AddStringToObject(object, "vehicle", t->name);
    cJSON_AddStringToObject(object, "kind", timeline_kind_name(kind));
    cJSON_AddStringToObject(object, "text", text);
    char *line = cJSON_PrintUnformatted(object);
    if (line != NULL)
        trace_add(t->trace, t->name, app_of(kind, text), line);
    cJSON_free(line);
    cJSON_Delete(object);
}

/* Makes it UTF-8 and one line without control characters: payloads are anybody's, and truncation
   may cut a character. */
static void clean_text(char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len;) {
        size_t good = json_utf8_prefix(slice_of(text + i, len - i));
        for (size_t end = i + good; i < end; i++)
            if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
                text[i] = ' ';
        if (i < len)
            text[i++] = '?';
    }
}

static usec_t since_start(const struct timeline *t, usec_t at)
{
    return loop_is_virtual(t->loop) ? loop_script_now(t->loop) : at - t->loop->started;
}

static void put_line(struct timeline *t, const struct line *line)
{
    if (t->places == 0) {
        free(line->any);
        return;
    }
    size_t place = t->next;
    free(t->lines[place].any);
    t->next = (t->next + 1) % t->places;
    if (t->count < t->places)
        t->count++;
    else
        t->gone++;
    /* What apps saw is stamped on their threads, and comes a moment later. */
    for (size_t older = t->count - 1; older > 0; older--) {
        size_t before = (place + t->places - 1) % t->places;
        if (t->lines[before].at <= line->at)
            break;
        t->lines[place] = t->lines[before];
        place = before;
    }
    t->lines[place] = *line;
}

static uint16_t offset(const char *text, size_t at)
{
    size_t len = strlen(text);

    at = at < len ? at : len;
    return (uint16_t)(at < UINT16_MAX ? at : UINT16_MAX);
}

/* Takes the text. */
static void add_text(struct timeline *t, usec_t at, enum timeline_kind kind, char *text,
                     const size_t ends[2])
{
    clean_text(text);
    struct line line = {
        .at = since_start(t, at),
        .kind = (uint8_t)kind,
        .subject = offset(text, ends[0]),
        .rest = offset(text, ends[1]),
        .text = text,
    };
    if (t->trace != NULL)
        trace_text(t, line.at, kind, text);
    put_line(t, &line);
}

void timeline_add(struct timeline *t, usec_t at, enum timeline_kind kind, struct slice text)
{
    if (t == NULL)
        return;
    add_text(t, at, kind, xstrndup(text.len != 0 ? (const char *)text.data : "", text.len),
             (size_t[]){text.len, text.len});
}

void timeline_addf(struct timeline *t, usec_t at, enum timeline_kind kind, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES + 1];
    va_list ap;

    if (t == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    timeline_add(t, at, kind, slice_str(text));
}

void timeline_add_parts(struct timeline *t, usec_t at, enum timeline_kind kind,
                        const struct timeline_parts *p)
{
    struct buf text;
    bool cut = false;

    if (t == NULL)
        return;
    size_t max = timeline_is_detailed(t) ? TIMELINE_PAYLOAD_MAX : LINE_MAX_BYTES;
    const struct slice parts[] = {p->subject, p->between, p->rest};
    buf_init(&text, max + sizeof "…");
    for (size_t i = 0; i < 3 && !cut; i++) {
        size_t room = max - buf_len(&text);
        cut = parts[i].len > room;
        buf_append(&text, parts[i].data, cut ? room : parts[i].len);
    }
    if (cut)
        buf_append_str(&text, "…");
    add_text(t, at, kind, xstrdup(buf_cstr(&text)),
             (size_t[]){p->subject.len, p->subject.len + p->between.len});
    buf_done(&text);
}

void timeline_add_packet(struct timeline *t, usec_t at, bool outgoing, struct slice packet,
                         enum mqtt_version version, struct mqtt_describer *describer)
{
    enum timeline_kind kind = outgoing ? TIMELINE_OUT : TIMELINE_IN;
    struct buf text;

    if (t == NULL)
        return;
    buf_init(&text, PACKET_SHOWN);
    struct mqtt_kept *kept = mqtt_keep(
        describer, outgoing, packet, version,
        timeline_is_detailed(t) ? TIMELINE_PAYLOAD_MAX : MQTT_DESCRIBE_PAYLOAD_MAX + 4, &text);
    if (kept == NULL) {
        timeline_add(t, at, kind, buf_slice(&text));
        buf_done(&text);
        return;
    }
    struct line line = {
        .at = since_start(t, at), .kind = (uint8_t)kind, .is_packet = true, .packet = kept};
    if (t->trace != NULL) {
        mqtt_kept_describe(kept, &text);
        char *copy = xstrdup(buf_cstr(&text));
        clean_text(copy);
        trace_text(t, line.at, kind, copy);
        free(copy);
    }
    put_line(t, &line);
    buf_done(&text);
}

/* ---- reading ---- */

size_t timeline_count(const struct timeline *t)
{
    return t != NULL ? t->count : 0;
}

size_t timeline_gone(const struct timeline *t)
{
    return t != NULL ? t->gone : 0;
}

bool timeline_is_detailed(const struct timeline *t)
{
    return t != NULL && t->places >= TIMELINE_DETAILED;
}

static const struct line *line_at(const struct timeline *t, size_t i)
{
    return &t->lines[(t->next + t->places - t->count + i) % t->places];
}

struct timeline_line timeline_at(const struct timeline *t, size_t i)
{
    const struct line *line = line_at(t, i);
    struct timeline_line ret = {.at = line->at, .kind = (enum timeline_kind)line->kind};

    if (line->is_packet) {
        ret.packet = line->packet;
        return ret;
    }
    ret.text = slice_str(line->text);
    ret.parts.subject = slice_of(line->text, line->subject);
    ret.parts.between = slice_of(line->text + line->subject, (size_t)(line->rest - line->subject));
    ret.parts.rest = slice_of(line->text + line->rest, ret.text.len - line->rest);
    return ret;
}

size_t timeline_size(const struct timeline *t)
{
    if (t == NULL)
        return 0;
    size_t size = sizeof *t + t->places * sizeof *t->lines;
    for (size_t i = 0; i < t->count; i++) {
        const struct line *line = line_at(t, i);
        size += line->is_packet ? mqtt_kept_size(line->packet) : strlen(line->text) + 1;
    }
    return size;
}

static void write_text(const struct line *line, struct buf *out)
{
    size_t len = strlen(line->text), most = len;

    if (line->kind == TIMELINE_APP && len - line->rest > APP_SHOWN_MAX)
        most = json_utf8_prefix(slice_of(line->text, line->rest + APP_SHOWN_MAX));
    buf_append(out, line->text, most);
    if (most < len)
        buf_append_str(out, "…");
}

static void write_packet(const struct line *line, struct buf *out)
{
    struct buf text;

    buf_init(&text, PACKET_SHOWN);
    mqtt_kept_describe(line->packet, &text);
    char *copy = xstrdup(buf_cstr(&text));
    clean_text(copy);
    buf_append_str(out, copy);
    free(copy);
    buf_done(&text);
}

void timeline_write(const struct timeline *t, size_t most, struct buf *out)
{
    if (t == NULL)
        return;
    size_t n = most < t->count ? most : t->count;
    for (size_t i = t->count - n; i < t->count; i++) {
        const struct line *line = line_at(t, i);
        buf_printf(out, "  %+10.3f s  %-6s  ", (double)line->at / 1e6,
                   timeline_kind_name((enum timeline_kind)line->kind));
        if (line->is_packet)
            write_packet(line, out);
        else
            write_text(line, out);
        buf_append_str(out, "\n");
    }
}
