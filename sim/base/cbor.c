#include "base/cbor.h"

#include <cbor/encoding.h>
#include <cbor/streaming.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define DEPTH_MAX 64
#define HEAD_MAX  9

/* ---- reading ---- */

enum frame_kind { FRAME_ARRAY, FRAME_MAP, FRAME_TEXT /* in chunks */ };

struct frame {
    enum frame_kind kind;
    cJSON *container; /* of arrays and maps; its parent's, or the root */
    size_t left;      /* items to come; unless endless */
    bool endless;     /* until a break */
    char *key;        /* of a map: of the value that is to come; NULL: a key is */
    char *text;       /* of a text: what has come */
    size_t text_len;
};

struct reader {
    struct frame stack[DEPTH_MAX];
    int depth, max_depth;
    cJSON *root;
    bool failed, done;
};

static void fail(struct reader *r)
{
    r->failed = true;
}

/* All items that a container said it would have are there. */
static void close_full(struct reader *r)
{
    while (r->depth > 0 && !r->stack[r->depth - 1].endless && r->stack[r->depth - 1].left == 0)
        r->depth--;
    r->done = r->depth == 0;
}

/* Puts a value where the next one belongs; takes it. Does not close what is full by it. */
static bool place(struct reader *r, cJSON *value)
{
    struct frame *top = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;
    bool ok = value != NULL && !r->done;

    if (ok && top == NULL) {
        r->root = value;
        return true;
    }
    if (ok && top->kind == FRAME_MAP) {
        ok = top->key != NULL && cJSON_AddItemToObject(top->container, top->key, value);
        free(top->key);
        top->key = NULL;
    } else if (ok) {
        ok = top->kind == FRAME_ARRAY && cJSON_AddItemToArray(top->container, value);
    }
    if (ok && !top->endless)
        top->left--;
    if (!ok) {
        cJSON_Delete(value);
        fail(r);
    }
    return ok;
}

static void put(struct reader *r, cJSON *value)
{
    if (place(r, value))
        close_full(r);
}

static void push(struct reader *r, struct frame frame)
{
    if (r->failed || r->depth >= r->max_depth) {
        fail(r);
        return;
    }
    r->stack[r->depth++] = frame;
}

static void open_container(struct reader *r, enum frame_kind kind, size_t count, bool endless)
{
    size_t left = kind == FRAME_MAP ? count * 2 : count;
    cJSON *item = kind == FRAME_MAP ? cJSON_CreateObject() : cJSON_CreateArray();

    if (r->failed || r->depth >= r->max_depth || count > SIZE_MAX / 2) {
        cJSON_Delete(item);
        fail(r);
        return;
    }
    if (!place(r, item))
        return;
    push(r, (struct frame){.kind = kind, .container = item, .left = left, .endless = endless});
    close_full(r);
}

/* A copy with a NUL, if it is a text that C and JSON can hold. */
static char *copy_text(const char *text, size_t len)
{
    char *copy = NULL;

    if (memchr(text, '\0', len) == NULL && json_is_utf8(slice_of(text, len)))
        copy = malloc(len + 1);
    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

/* Takes it. */
static void put_text(struct reader *r, char *text)
{
    struct frame *top = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;

    if (text == NULL || r->failed) {
        free(text);
        fail(r);
        return;
    }
    if (top != NULL && top->kind == FRAME_MAP && top->key == NULL) {
        top->key = text;
        if (!top->endless)
            top->left--;
        return;
    }
    put(r, cJSON_CreateString(text));
    free(text);
}

static void add_chunk(struct reader *r, struct frame *to, const char *bytes, size_t len)
{
    char *more = realloc(to->text, to->text_len + len + 1);

    if (more == NULL) {
        fail(r);
        return;
    }
    memcpy(more + to->text_len, bytes, len);
    to->text = more;
    to->text_len += len;
}

static void on_text(void *ctx, cbor_data data, size_t len)
{
    struct reader *r = ctx;
    const char *bytes = len != 0 ? (const char *)data : "";

    if (!r->failed && r->depth > 0 && r->stack[r->depth - 1].kind == FRAME_TEXT)
        add_chunk(r, &r->stack[r->depth - 1], bytes, len);
    else if (!r->failed)
        put_text(r, copy_text(bytes, len));
}

static void on_text_start(void *ctx)
{
    struct reader *r = ctx;

    if (!r->failed && r->depth > 0 && r->stack[r->depth - 1].kind == FRAME_TEXT)
        fail(r);
    push(r, (struct frame){.kind = FRAME_TEXT, .endless = true});
}

static void on_break(void *ctx)
{
    struct reader *r = ctx;

    if (r->failed || r->depth == 0 || !r->stack[r->depth - 1].endless ||
        r->stack[r->depth - 1].key != NULL) {
        fail(r);
        return;
    }
    struct frame ended = r->stack[--r->depth];
    if (ended.kind == FRAME_TEXT) {
        put_text(r, copy_text(ended.text != NULL ? ended.text : "", ended.text_len));
        free(ended.text);
    }
    close_full(r);
}

static void put_number(struct reader *r, double value)
{
    if (!r->failed && isfinite(value))
        put(r, cJSON_CreateNumber(value));
    else
        fail(r);
}

static void on_uint8(void *ctx, uint8_t n)
{
    put_number(ctx, n);
}

static void on_uint16(void *ctx, uint16_t n)
{
    put_number(ctx, n);
}

static void on_uint32(void *ctx, uint32_t n)
{
    put_number(ctx, n);
}

static void on_uint64(void *ctx, uint64_t n)
{
    put_number(ctx, (double)n);
}

static void on_negint8(void *ctx, uint8_t n)
{
    put_number(ctx, -1.0 - n);
}

static void on_negint16(void *ctx, uint16_t n)
{
    put_number(ctx, -1.0 - n);
}

static void on_negint32(void *ctx, uint32_t n)
{
    put_number(ctx, -1.0 - n);
}

static void on_negint64(void *ctx, uint64_t n)
{
    put_number(ctx, -1.0 - (double)n);
}

static void on_float(void *ctx, float value)
{
    put_number(ctx, (double)value);
}

static void on_double(void *ctx, double value)
{
    put_number(ctx, value);
}

static void fail_any(void *ctx)
{
    fail(ctx);
}

static void on_bytes(void *ctx, cbor_data data, size_t len)
{
    (void)data;
    (void)len;
    fail(ctx);
}

static void on_array(void *ctx, size_t count)
{
    open_container(ctx, FRAME_ARRAY, count, false);
}

static void on_endless_array(void *ctx)
{
    open_container(ctx, FRAME_ARRAY, 0, true);
}

static void on_map(void *ctx, size_t count)
{
    open_container(ctx, FRAME_MAP, count, false);
}

static void on_endless_map(void *ctx)
{
    open_container(ctx, FRAME_MAP, 0, true);
}

static void on_tag(void *ctx, uint64_t tag)
{
    (void)ctx;
    (void)tag;
}

static void on_null(void *ctx)
{
    struct reader *r = ctx;

    if (!r->failed)
        put(r, cJSON_CreateNull());
}

static void on_bool(void *ctx, bool value)
{
    struct reader *r = ctx;

    if (!r->failed)
        put(r, cJSON_CreateBool(value));
}

static void reader_done(struct reader *r)
{
    while (r->depth > 0) {
        r->depth--;
        free(r->stack[r->depth].key);
        free(r->stack[r->depth].text);
    }
}

cJSON *cbor_parse(struct slice bytes, int max_depth)
{
    static const struct cbor_callbacks callbacks = {
        .uint8 = on_uint8,
        .uint16 = on_uint16,
        .uint32 = on_uint32,
        .uint64 = on_uint64,
        .negint8 = on_negint8,
        .negint16 = on_negint16,
        .negint32 = on_negint32,
        .negint64 = on_negint64,
        .byte_string_start = fail_any,
        .byte_string = on_bytes,
        .string = on_text,
        .string_start = on_text_start,
        .indef_array_start = on_endless_array,
        .array_start = on_array,
        .indef_map_start = on_endless_map,
        .map_start = on_map,
        .tag = on_tag,
        .float2 = on_float,
        .float4 = on_float,
        .float8 = on_double,
        .undefined = on_null,
        .null = on_null,
        .boolean = on_bool,
        .indef_break = on_break,
    };
    struct reader r = {.max_depth = max_depth < DEPTH_MAX ? max_depth : DEPTH_MAX};
    size_t at = 0;

    while (!r.failed && !r.done) {
        struct cbor_decoder_result result =
            cbor_stream_decode(bytes.data + at, bytes.len - at, &callbacks, &r);
        if (result.status != CBOR_DECODER_FINISHED || result.read == 0)
            fail(&r);
        at += result.read;
    }
    reader_done(&r);
    if (!r.failed && at == bytes.len)
        return r.root;
    cJSON_Delete(r.root);
    return NULL;
}

/* ---- writing ---- */

struct writer {
    uint8_t *data;
    size_t len, cap;
    bool failed;
};

/* Room for so many bytes, or NULL. */
static uint8_t *room(struct writer *w, size_t extra)
{
    size_t cap = w->cap != 0 ? w->cap : 256;

    while (cap < w->len + extra)
        cap *= 2;
    uint8_t *data = !w->failed && cap != w->cap ? realloc(w->data, cap) : w->data;
    if (w->failed || data == NULL) {
        w->failed = true;
        return NULL;
    }
    w->data = data;
    w->cap = cap;
    return data + w->len;
}

static void head(struct writer *w, size_t (*encode)(size_t n, unsigned char *to, size_t size),
                 size_t n)
{
    uint8_t *to = room(w, HEAD_MAX);

    if (to != NULL)
        w->len += encode(n, to, HEAD_MAX);
}

static void write_bytes(struct writer *w, struct slice bytes)
{
    uint8_t *to = room(w, bytes.len);

    if (to == NULL)
        return;
    memcpy(to, bytes.data, bytes.len);
    w->len += bytes.len;
}

static void write_text(struct writer *w, const char *text)
{
    head(w, cbor_encode_string_start, strlen(text));
    write_bytes(w, slice_str(text));
}

static void write_number(struct writer *w, double value)
{
    uint8_t *to = room(w, HEAD_MAX);
    bool whole = value == floor(value) && fabs(value) <= 9007199254740992.0;

    if (to == NULL)
        return;
    if (!whole)
        w->len += cbor_encode_double(value, to, HEAD_MAX);
    else if (value >= 0)
        w->len += cbor_encode_uint((uint64_t)value, to, HEAD_MAX);
    else
        w->len += cbor_encode_negint((uint64_t)(-1.0 - value), to, HEAD_MAX);
}

static void write_word(struct writer *w, const cJSON *item)
{
    uint8_t *to = room(w, HEAD_MAX);

    if (to == NULL)
        return;
    w->len += cJSON_IsBool(item) ? cbor_encode_bool(cJSON_IsTrue(item), to, HEAD_MAX)
                                 : cbor_encode_null(to, HEAD_MAX);
}

/* As deep as the tree, which cbor_parse() and json_parse() keep within bounds. */
static void write_item(struct writer *w, const cJSON *item)
{
    bool map = cJSON_IsObject(item);
    const cJSON *child;

    if (cJSON_IsString(item)) {
        write_text(w, item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        write_number(w, item->valuedouble);
    } else if (map || cJSON_IsArray(item)) {
        head(w, map ? cbor_encode_map_start : cbor_encode_array_start,
             (size_t)cJSON_GetArraySize(item));
        cJSON_ArrayForEach(child, item)
        {
            if (map)
                write_text(w, child->string);
            write_item(w, child);
        }
    } else {
        write_word(w, item);
    }
}

uint8_t *cbor_write(const cJSON *item, size_t *ret_len)
{
    struct writer w = {0};

    write_item(&w, item);
    if (!w.failed) {
        *ret_len = w.len;
        return w.data;
    }
    free(w.data);
    return NULL;
}
