#include "metrics/hlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "metrics/hlog_codec.h"

/* The longest line that can be right: a full histogram in base64 and its columns. */
#define LINE_MAX_LEN    ((size_t)512 * 1024)
#define READ_PIECE      ((size_t)64 * 1024)
#define SECONDS_OF_YEAR (365.0 * 24 * 3600)

bool hlog_write_header(struct buf *out, const char *comment, int64_t started_wall_ms)
{
    char iso[32];
    int64_t s = started_wall_ms / 1000;
    int ms = (int)(started_wall_ms % 1000);

    timestamp_iso(started_wall_ms, iso);
    if (comment != NULL)
        buf_printf(out, "#[%s]\n", comment);
    buf_append_str(out, "#[Histogram log format version 1.3]\n");
    buf_printf(out, "#[BaseTime: %" PRId64 ".%03d (seconds since epoch)]\n", s, ms);
    buf_printf(out, "#[StartTime: %" PRId64 ".%03d (seconds since epoch), %s]\n", s, ms, iso);
    buf_append_str(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                        "\"Interval_Compressed_Histogram\"\n");
    return !out->overflow;
}

static void put_tag(struct buf *out, const char *tag)
{
    buf_append_str(out, "Tag=");
    for (const char *p = tag; *p != '\0' && p - tag < HLOG_TAG_MAX - 1; p++)
        buf_append(out, (unsigned char)*p <= ' ' || *p == ',' || *p == 0x7f ? "_" : p, 1);
    buf_append_str(out, ",");
}

static void put_thousandths(struct buf *out, uint64_t thousandths)
{
    buf_printf(out, "%" PRIu64 ".%03u,", thousandths / 1000, (unsigned)(thousandths % 1000));
}

bool hlog_write_entry(struct buf *out, const char *tag, usec_t start, usec_t length,
                      const struct histogram *h)
{
    if (tag != NULL && *tag != '\0')
        put_tag(out, tag);
    put_thousandths(out, start / USEC_PER_MSEC);
    put_thousandths(out, length / USEC_PER_MSEC);
    put_thousandths(out, histogram_max(h)); /* µs are thousandths of ms */
    return hlog_encode(h, out) && buf_append_str(out, "\n") && !out->overflow;
}

struct reader {
    hlog_entry_fn fn;
    void *arg;
    struct hlog_stats stats;
    struct histogram histogram;
    uint64_t line;
    double base, start; /* s since the epoch, 0: not said */
    bool stopped;
};

static void reader_init(struct reader *r, hlog_entry_fn fn, void *arg)
{
    *r = (struct reader){.fn = fn, .arg = arg};
    histogram_init(&r->histogram);
}

static void reader_done(struct reader *r, struct hlog_stats *ret_stats)
{
    histogram_done(&r->histogram);
    if (ret_stats != NULL)
        *ret_stats = r->stats;
}

/* Digits with at most one point, whatever the locale. */
static bool get_decimal(struct slice s, double *ret)
{
    double value = 0, scale = 1;
    bool point = false, digit = false;

    if (s.len > 32)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digit = true;
            value = value * 10 + (c - '0');
            scale *= point ? 10 : 1;
        } else {
            return false;
        }
    }
    *ret = value / scale;
    return digit;
}

static bool take_prefix(struct slice *s, const char *prefix)
{
    size_t n = strlen(prefix);

    if (s->len < n || memcmp(s->data, prefix, n) != 0)
        return false;
    *s = slice_of(s->data + n, s->len - n);
    return true;
}

/* What stands before the next `end`, which is dropped; false if there is none. */
static bool take_until(struct slice *s, char end, struct slice *ret)
{
    const uint8_t *at = s->len != 0 ? memchr(s->data, end, s->len) : NULL;

    if (at == NULL)
        return false;
    *ret = slice_of(s->data, (size_t)(at - s->data));
    *s = slice_of(at + 1, s->len - ret->len - 1);
    return true;
}

static bool bad_line(const struct reader *r, struct error *err, const char *why)
{
    return error_set(err, ERROR_USAGE, "line %" PRIu64 ": %s", r->line, why);
}

static bool read_comment(struct reader *r, struct slice s, struct error *err)
{
    struct slice number;
    double *to = NULL;

    if (take_prefix(&s, "#[StartTime: "))
        to = &r->start;
    else if (take_prefix(&s, "#[BaseTime: "))
        to = &r->base;
    if (to != NULL && (!take_until(&s, ' ', &number) || !get_decimal(number, to)))
        return bad_line(r, err, "the time is not a number of seconds");
    return true;
}

/* Without a base time, stamps far before the start are taken as relative to it: what the stock
   readers do. */
static double absolute_start(const struct reader *r, double stamp)
{
    if (r->base > 0)
        return r->base + stamp;
    return stamp < r->start - SECONDS_OF_YEAR ? r->start + stamp : stamp;
}

/* The histogram knows its highest value to three digits, the column exactly. Others may write it in
   another unit: then it is another value. */
static void take_max(struct histogram *h, double thousands)
{
    double max = thousands * 1000 + 0.5;

    if (max < (double)HISTOGRAM_HIGHEST && histogram_total(h) != 0 &&
        histogram_slot((usec_t)max) == histogram_slot(h->max))
        h->max = (usec_t)max;
}

static bool read_entry(struct reader *r, struct slice s, struct error *err)
{
    struct hlog_entry entry = {.histogram = &r->histogram};
    struct slice tag = {0}, start, length, max;
    double stamp, highest;

    if (take_prefix(&s, "Tag=") && !take_until(&s, ',', &tag))
        return bad_line(r, err, "nothing follows the tag");
    if (tag.len >= sizeof entry.tag || (tag.len != 0 && memchr(tag.data, '\0', tag.len) != NULL))
        return bad_line(r, err, "the tag is too long or holds a zero byte");
    if (tag.len != 0)
        memcpy(entry.tag, tag.data, tag.len);
    if (!take_until(&s, ',', &start) || !take_until(&s, ',', &length) || !take_until(&s, ',', &max))
        return bad_line(r, err, "not \"start,length,max,histogram\"");
    if (!get_decimal(start, &stamp) || !get_decimal(length, &entry.length) ||
        !get_decimal(max, &highest))
        return bad_line(r, err, "start, length and max must be decimal numbers");
    histogram_clear(&r->histogram);
    if (!hlog_decode(s, &r->histogram, err))
        return error_prefix(err, "line %" PRIu64, r->line);
    take_max(&r->histogram, highest);
    entry.start = absolute_start(r, stamp);
    entry.since = r->start > 0 ? entry.start - r->start : entry.start;
    r->stats.entries++;
    r->stopped = !r->fn(r->arg, &entry);
    return true;
}

static bool read_line(struct reader *r, struct slice s, struct error *err)
{
    r->line++;
    if (s.len != 0 && s.data[s.len - 1] == '\r')
        s.len--;
    if (s.len == 0 || s.data[0] == '"') /* the legend */
        return true;
    return s.data[0] == '#' ? read_comment(r, s, err) : read_entry(r, s, err);
}

/* Reads the whole lines and leaves the rest. */
static bool read_lines(struct reader *r, struct slice *text, struct error *err)
{
    struct slice line;

    while (!r->stopped && take_until(text, '\n', &line))
        if (!read_line(r, line, err))
            return false;
    return true;
}

bool hlog_read(struct slice text, hlog_entry_fn fn, void *arg, struct hlog_stats *ret_stats,
               struct error *err)
{
    struct reader r;

    reader_init(&r, fn, arg);
    bool ok = read_lines(&r, &text, err);
    r.stats.truncated = ok && !r.stopped && text.len != 0;
    reader_done(&r, ret_stats);
    return ok;
}

static bool read_stream(struct reader *r, FILE *file, struct error *err)
{
    struct buf pending;
    bool ok = true;

    buf_init(&pending, LINE_MAX_LEN + READ_PIECE);
    while (ok && !r->stopped) {
        uint8_t *room = buf_reserve(&pending, READ_PIECE);
        if (room == NULL) {
            r->line++;
            ok = bad_line(r, err, "too long for a histogram log");
            break;
        }
        size_t n = fread(room, 1, READ_PIECE, file);
        if (n == 0) {
            ok = !ferror(file) || error_set(err, ERROR_USAGE, "%s", strerror(errno));
            break;
        }
        buf_commit(&pending, n);
        struct slice rest = buf_slice(&pending);
        ok = read_lines(r, &rest, err);
        buf_consume(&pending, buf_len(&pending) - rest.len);
    }
    r->stats.truncated = ok && !r->stopped && buf_len(&pending) != 0;
    buf_done(&pending);
    return ok;
}

bool hlog_read_file(const char *path, hlog_entry_fn fn, void *arg, struct hlog_stats *ret_stats,
                    struct error *err)
{
    struct reader r;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    reader_init(&r, fn, arg);
    bool ok = read_stream(&r, file, err) || error_prefix(err, "%s", path);
    reader_done(&r, ret_stats);
    fclose(file);
    return ok;
}
