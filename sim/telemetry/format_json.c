/* The JSON format: made to be read by people and by rules in the cloud. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/json_reader.h"
#include "base/xmem.h"
#include "tcu/json_out.h"
#include "telemetry/format.h"

/* Nobody has more signals; whoever claims so wants to see us search. */
enum { DEPTH = 5, NAMES_MAX = 4096 };

/* ---- writing ---- */

/* The shortest form that reads back as the same number. */
static void put_float(struct buf *out, double value)
{
    char text[40];

    for (int digits = 10; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (!islessgreater(back, value))
            break;
    }
    buf_append_str(out, text);
}

static void put_value(struct buf *out, const struct sample *s)
{
    switch (s->kind) {
    case SAMPLE_BOOL:
        buf_append_str(out, s->b ? "true" : "false");
        break;
    case SAMPLE_INT:
        buf_printf(out, "%" PRId64, s->i);
        break;
    case SAMPLE_FLOAT:
        put_float(out, s->f);
        break;
    case SAMPLE_TEXT:
    case SAMPLE_KIND_COUNT:
        json_out_string(out, slice_str(s->s));
        break;
    }
}

/* Where the run of samples that make one object ends: same time, no signal twice. */
static size_t group_end(const struct batch *batch, size_t from)
{
    for (size_t i = from + 1; i < batch->sample_count; i++) {
        if (batch->samples[i].at_ms != batch->samples[from].at_ms)
            return i;
        for (size_t k = from; k < i; k++)
            if (batch->samples[k].name == batch->samples[i].name)
                return i;
    }
    return batch->sample_count;
}

static void put_samples(struct buf *out, const struct batch *batch)
{
    for (size_t i = 0; i < batch->sample_count && !out->overflow;) {
        size_t end = group_end(batch, i);
        buf_printf(out, "%s{\"time\":%" PRId64 ",\"signals\":{", i != 0 ? "," : "",
                   batch->samples[i].at_ms);
        for (size_t k = i; k < end; k++) {
            buf_append_str(out, k != i ? "," : "");
            json_out_string(out, slice_str(batch->names[batch->samples[k].name]));
            buf_append_str(out, ":");
            put_value(out, &batch->samples[k]);
        }
        buf_append_str(out, "}}");
        i = end;
    }
}

bool format_json_encode(const struct batch *batch, const struct signal_schema *schema,
                        struct buf *out)
{
    (void)schema;
    buf_printf(out, "{\"v\":%d,\"thing\":", TELEMETRY_VERSION);
    json_out_string(out, slice_str(batch->thing));
    buf_printf(out, ",\"seq\":%" PRIu64, batch->seq);
    if (batch->dropped != 0)
        buf_printf(out, ",\"dropped\":%" PRIu64, batch->dropped);
    if (batch->campaign[0] != '\0') {
        buf_append_str(out, ",\"campaign\":");
        json_out_string(out, slice_str(batch->campaign));
    }
    buf_append_str(out, ",\"samples\":[");
    put_samples(out, batch);
    buf_append_str(out, "]");
    if (batch->sealed.len != 0) {
        buf_append_str(out, ",\"sealed\":\"");
        base64_put(out, batch->sealed);
        buf_append_str(out, "\"");
    }
    return buf_append_str(out, "}");
}

/* ---- reading ---- */

static const char *text_of(struct batch *batch, struct slice text, bool escaped)
{
    if (!escaped)
        return batch_text(batch, text);
    char *room = xmalloc(text.len + 1);
    size_t len = json_decode(text, room);
    const char *copy = batch_text(batch, slice_of(room, len));
    free(room);
    return copy;
}

static bool has_fraction(struct slice number)
{
    for (size_t i = 0; i < number.len; i++)
        if (number.data[i] == '.' || (number.data[i] | 0x20) == 'e')
            return true;
    return false;
}

static bool read_number(const struct json_value *value, struct sample *s)
{
    char text[JSON_NUMBER_MAX + 1];

    memcpy(text, value->text.data, value->text.len);
    text[value->text.len] = '\0';
    double d = strtod(text, NULL);
    if (!isfinite(d))
        return false;
    if (!has_fraction(value->text) && fabs(d) < 0x1p63) {
        s->kind = SAMPLE_INT;
        s->i = strtoll(text, NULL, 10);
        return true;
    }
    s->kind = SAMPLE_FLOAT;
    s->f = d;
    return true;
}

static bool read_value(struct batch *batch, const struct json_value *value, struct sample *s)
{
    if (value->type == JSON_NUMBER)
        return read_number(value, s);
    if (value->type == JSON_STRING) {
        s->kind = SAMPLE_TEXT;
        s->s = text_of(batch, value->text, value->escaped);
        return true;
    }
    s->kind = SAMPLE_BOOL;
    s->b = value->type == JSON_TRUE;
    return value->type == JSON_TRUE || value->type == JSON_FALSE;
}

static uint32_t name_of(struct batch *batch, const struct json_value *member)
{
    if (!member->key_escaped)
        for (size_t i = 0; i < batch->name_count; i++)
            if (slice_is(member->key, batch->names[i]))
                return (uint32_t)i;
    return batch_name(batch, text_of(batch, member->key, member->key_escaped));
}

static bool read_group(struct batch *batch, const struct json_value *group, struct error *err)
{
    struct json_value time;
    struct json_value signals;
    struct json_value member;
    struct sample at;

    if (!json_find(group, "time", &time) || time.type != JSON_NUMBER || !read_number(&time, &at) ||
        at.kind != SAMPLE_INT || !json_find(group, "signals", &signals) ||
        signals.type != JSON_OBJECT)
        return error_set(err, ERROR_FAILED, "a sample needs a time and signals");
    for (struct json_cursor c = json_enter(&signals); json_next(&c, &member);) {
        struct sample s = {.at_ms = at.i, .name = name_of(batch, &member)};
        if (batch->name_count > NAMES_MAX)
            return error_set(err, ERROR_FAILED, "more than %d signals", NAMES_MAX);
        if (!read_value(batch, &member, &s))
            return error_set(err, ERROR_FAILED, "%s: not a value of a signal",
                             batch->names[s.name]);
        *batch_add(batch) = s;
    }
    return true;
}

static bool read_count(const struct json_value *doc, const char *name, uint64_t *ret)
{
    struct json_value value;
    struct sample s;

    if (!json_find(doc, name, &value))
        return true;
    if (value.type != JSON_NUMBER || !read_number(&value, &s) || s.kind != SAMPLE_INT || s.i < 0)
        return false;
    *ret = (uint64_t)s.i;
    return true;
}

static bool read_sealed(const struct json_value *doc, struct batch *batch)
{
    struct json_value value;

    if (!json_find(doc, "sealed", &value))
        return true;
    if (value.type != JSON_STRING || value.escaped)
        return false;
    uint8_t *room = xmalloc(value.text.len + 1);
    size_t len;
    bool ok = base64_read(value.text, room, &len);
    if (ok)
        batch->sealed = batch_bytes(batch, slice_of(room, len));
    free(room);
    return ok;
}

static bool read_head(const struct json_value *doc, struct batch *batch, struct error *err)
{
    struct json_value value;
    uint64_t version = 0;

    if (!read_count(doc, "v", &version) || version != TELEMETRY_VERSION)
        return error_set(err, ERROR_FAILED, "version %d is missing", TELEMETRY_VERSION);
    if (!read_count(doc, "seq", &batch->seq) || !read_count(doc, "dropped", &batch->dropped))
        return error_set(err, ERROR_FAILED, "seq or dropped is not a count");
    if (!json_find(doc, "thing", &value) || !json_text(&value, batch->thing, sizeof batch->thing))
        return error_set(err, ERROR_FAILED, "thing: a name expected");
    if (json_find(doc, "campaign", &value) &&
        !json_text(&value, batch->campaign, sizeof batch->campaign))
        return error_set(err, ERROR_FAILED, "campaign: a name expected");
    return read_sealed(doc, batch) || error_set(err, ERROR_FAILED, "sealed: not base64");
}

bool format_json_decode(struct slice payload, const struct telemetry_schemas *schemas,
                        struct batch *batch, struct error *err)
{
    struct json_value doc;
    struct json_value samples;
    struct json_value group;

    (void)schemas;
    if (!json_check(payload, DEPTH, &doc) || doc.type != JSON_OBJECT)
        return error_set(err, ERROR_FAILED, "not a JSON object");
    if (!read_head(&doc, batch, err))
        return false;
    if (!json_find(&doc, "samples", &samples) || samples.type != JSON_ARRAY)
        return error_set(err, ERROR_FAILED, "samples: a list expected");
    for (struct json_cursor c = json_enter(&samples); json_next(&c, &group);)
        if (!read_group(batch, &group, err))
            return false;
    return true;
}
