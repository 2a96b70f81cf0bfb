#include "cloud/stream_service.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"

#define DEPTH           8
#define TOKEN_MAX       64
#define FILE_ID_MAX     255
#define BLOCK_MIN       256
#define OFFSET_MAX      98304
#define BITMAP_DIGITS   24576 /* of 12288 bytes */
#define DEVICE_PREFIX   "$aws/things/"
#define OPERATOR_PREFIX "fleetsim/streams/"
#define ID_BYTES        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct stream_file {
    struct stream_file *next;
    int64_t id;
    size_t size, received;
    uint8_t bytes[];
};

struct stream {
    struct stream_file *files; /* by id; of one id a whole one and one that is coming, at most */
    int64_t version;
};

struct exchange {
    struct stream_service *service;
    const struct stream_address *address;
    const char *client_id; /* NULL: everybody hears the answer */
    const cJSON *document;
    const char *token;
    struct cloud_actions *out;
};

/* ---- topics ---- */

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return p != NULL && strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

/* Takes a level of such bytes; what follows its slash, or NULL. */
static const char *take_level(const char *p, const char *bytes, char *ret)
{
    size_t len = p != NULL ? strspn(p, bytes) : 0;

    if (len == 0 || len > STREAM_ID_MAX || p[len] != '/')
        return NULL;
    memcpy(ret, p, len);
    ret[len] = '\0';
    return p + len + 1;
}

static bool parse_device(const char *topic, struct stream_address *ret)
{
    char thing[STREAM_ID_MAX + 1];
    const char *p = take_level(skip(topic, DEVICE_PREFIX), ID_BYTES ":", thing);

    p = take_level(skip(p, "streams/"), ID_BYTES, ret->stream);
    if (p == NULL)
        return false;
    ret->op = strcmp(p, "describe/json") == 0 ? STREAM_DESCRIBE
              : strcmp(p, "get/json") == 0    ? STREAM_GET
                                              : STREAM_NO_CALL;
    snprintf(ret->base, sizeof ret->base, "%.*s", (int)(p - 1 - topic), topic);
    return true;
}

static bool parse_operator(const char *topic, struct stream_address *ret)
{
    const char *p = take_level(skip(topic, OPERATOR_PREFIX), ID_BYTES, ret->stream);

    if (p == NULL || (strcmp(p, "put") != 0 && strcmp(p, "delete") != 0))
        return false;
    ret->op = *p == 'p' ? STREAM_PUT : STREAM_DELETE;
    snprintf(ret->base, sizeof ret->base, "%s", topic);
    return true;
}

bool stream_address_parse(const char *topic, struct stream_address *ret)
{
    *ret = (struct stream_address){.op = STREAM_NO_CALL};
    return parse_device(topic, ret) || parse_operator(topic, ret);
}

/* ---- life ---- */

static void free_stream(void *value)
{
    struct stream *stream = value;

    while (stream->files != NULL) {
        struct stream_file *file = stream->files;
        stream->files = file->next;
        free(file);
    }
    free(stream);
}

void stream_service_init(struct stream_service *s)
{
    table_init(&s->streams);
    s->bytes = 0;
}

void stream_service_done(struct stream_service *s)
{
    table_done(&s->streams, free_stream);
}

static bool is_whole(const struct stream_file *file)
{
    return file != NULL && file->received == file->size;
}

static struct stream_file *find_file(const struct stream *stream, int64_t id, bool whole)
{
    struct stream_file *file = stream != NULL ? stream->files : NULL;

    while (file != NULL && (file->id != id || is_whole(file) != whole))
        file = file->next;
    return file;
}

static void drop_file(struct stream_service *s, struct stream *stream, struct stream_file *file)
{
    struct stream_file **link = &stream->files;

    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    s->bytes -= file->size;
    free(file);
}

/* ---- answers ---- */

static bool publish(struct exchange *x, const char *suffix, struct text *t)
{
    char topic[STREAM_TOPIC_SIZE + 32];

    snprintf(topic, sizeof topic, "%s/%s", x->address->base, suffix);
    return cloud_actions_publish(x->out, x->client_id, topic, t);
}

static void write_token(const struct exchange *x, struct text *t, const char *name)
{
    if (x->token == NULL)
        return;
    text_key(t, name);
    text_quoted(t, x->token);
}

static bool reject(struct exchange *x, const char *code, const char *message)
{
    bool device = x->address->op <= STREAM_NO_CALL;
    struct text t;

    text_init(&t);
    text_str(&t, device ? "{\"o\":" : "{\"code\":");
    text_quoted(&t, code);
    text_key(&t, device ? "m" : "message");
    text_quoted(&t, message);
    write_token(x, &t, device ? "c" : "clientToken");
    text_str(&t, "}");
    return publish(x, device ? "rejected/json" : "rejected", &t);
}

static void write_number(struct text *t, const char *name, int64_t value)
{
    text_key(t, name);
    text_int(t, value);
}

static void write_base64(struct text *t, const uint8_t *bytes, size_t len)
{
    char four[4];

    for (size_t i = 0; i < len; i += 3) {
        base64_four(bytes + i, len - i < 3 ? len - i : 3, four);
        text_bytes(t, four, sizeof four);
    }
}

/* ---- numbers ---- */

/* A whole number from 0 to `max` at that name; `fallback` if it is not there; -1 for anything else.
   Some devices send them in quotes. */
static int64_t number(const struct exchange *x, const char *name, int64_t max, int64_t fallback)
{
    const cJSON *item = json_get(x->document, name);
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    char *end = NULL;

    if (item == NULL)
        return fallback;
    if (cJSON_IsString(item)) {
        value = strtod(item->valuestring, &end);
        if (end == item->valuestring || *end != '\0')
            return -1;
    }
    return value >= 0 && value <= (double)max && value == floor(value) ? (int64_t)value : -1;
}

/* ---- a device's ---- */

static bool on_describe(struct exchange *x)
{
    const struct stream *stream = table_get(&x->service->streams, x->address->stream);
    bool any = false;
    struct text t;

    if (stream == NULL)
        return reject(x, "ResourceNotFound", "there is no such stream");
    text_init(&t);
    text_str(&t, "{");
    write_token(x, &t, "c");
    write_number(&t, "s", stream->version);
    text_key(&t, "d");
    text_quoted(&t, "");
    text_key(&t, "r");
    text_str(&t, "[");
    for (const struct stream_file *f = stream->files; f != NULL; f = f->next) {
        if (!is_whole(f))
            continue;
        text_str(&t, any ? ",{" : "{");
        write_number(&t, "f", f->id);
        write_number(&t, "z", (int64_t)f->size);
        text_str(&t, "}");
        any = true;
    }
    text_str(&t, "]}");
    return publish(x, "description/json", &t);
}

struct wanted {
    int64_t block_size, offset, count;
    const char *bitmap; /* hexadecimal digits; NULL: all */
};

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Bit 0 is the lowest of the first byte. */
static bool is_wanted(const struct wanted *w, int64_t i)
{
    size_t len = w->bitmap != NULL ? strlen(w->bitmap) : 0;
    size_t at = (size_t)(i / 8) * 2 + (i % 8 < 4 ? 1 : 0);

    return w->bitmap == NULL || (at < len && (hex_digit(w->bitmap[at]) >> (i % 4) & 1) != 0);
}

static bool read_bitmap(const struct exchange *x, struct wanted *w)
{
    const cJSON *item = json_get(x->document, "b");
    const char *p = cJSON_IsString(item) ? item->valuestring : "";

    if (item == NULL)
        return true;
    if (strncmp(p, "0x", 2) == 0)
        p += 2;
    w->bitmap = p;
    size_t len = strlen(p);
    for (; *p != '\0'; p++)
        if (hex_digit(*p) < 0)
            return false;
    return len > 0 && len % 2 == 0;
}

/* What is wrong with it: an error code; NULL: nothing. */
static const char *read_wanted(const struct exchange *x, struct wanted *w)
{
    *w = (struct wanted){.block_size = number(x, "l", STREAM_BLOCK_MAX, -1)};
    if (w->block_size < BLOCK_MIN)
        return "BlockSizeOutOfBounds";
    w->offset = number(x, "o", OFFSET_MAX, 0);
    if (w->offset < 0)
        return "OffsetOutOfBounds";
    w->count = number(x, "n", OFFSET_MAX, STREAM_BLOCK_MAX / w->block_size);
    if (w->count < 0)
        return "BlockCountLimitExceeded";
    if (!read_bitmap(x, w))
        return "InvalidRequest";
    return w->bitmap != NULL && strlen(w->bitmap) > BITMAP_DIGITS ? "BlockBitmapLimitExceeded"
                                                                  : NULL;
}

static bool send_block(struct exchange *x, const struct stream_file *file, const struct wanted *w,
                       int64_t block)
{
    size_t from = (size_t)(block * w->block_size);
    size_t left = file->size - from;
    size_t len = left < (size_t)w->block_size ? left : (size_t)w->block_size;
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    write_token(x, &t, "c");
    write_number(&t, "f", file->id);
    write_number(&t, "l", (int64_t)len);
    write_number(&t, "i", block);
    text_key(&t, "p");
    text_str(&t, "\"");
    write_base64(&t, file->bytes + from, len);
    text_str(&t, "\"}");
    return publish(x, "data/json", &t);
}

/* So many blocks as were asked for, as there are, and as fit 128 KB. */
static bool send_blocks(struct exchange *x, const struct stream_file *file, const struct wanted *w)
{
    int64_t blocks = ((int64_t)file->size + w->block_size - 1) / w->block_size;
    int64_t most = STREAM_BLOCK_MAX / w->block_size;
    int64_t left = w->count < most ? w->count : most;
    bool ok = true;

    if (w->offset >= blocks)
        return reject(x, "ResourceNotFound", "the file has no such block");
    for (int64_t i = w->offset; ok && left > 0 && i < blocks; i++) {
        if (!is_wanted(w, i - w->offset))
            continue;
        ok = send_block(x, file, w, i);
        left--;
    }
    return ok;
}

static bool on_get(struct exchange *x)
{
    const struct stream *stream = table_get(&x->service->streams, x->address->stream);
    int64_t id = number(x, "f", FILE_ID_MAX, -1);
    struct wanted w;

    if (id < 0)
        return reject(x, "InvalidRequest", "f: a file id from 0 to 255");
    const char *code = read_wanted(x, &w);
    if (code != NULL)
        return reject(x, code, "l: 256 to 131072; o, n: 0 to 98304; b: hexadecimal");
    const struct stream_file *file = find_file(stream, id, true);
    if (file == NULL)
        return reject(x, "ResourceNotFound", "there is no such stream or file");
    if (number(x, "s", INT32_MAX, stream->version) != stream->version)
        return reject(x, "VersionMismatch", "the stream has another version");
    return send_blocks(x, file, &w);
}

static bool on_no_call(struct exchange *x)
{
    return reject(x, "InvalidTopic", "the topic is none of a call");
}

/* ---- an operator's ---- */

static struct stream *stream_for(struct stream_service *s, const char *id)
{
    struct stream *stream = table_get(&s->streams, id);

    if (stream != NULL)
        return stream;
    stream = calloc(1, sizeof *stream);
    if (stream != NULL && table_put(&s->streams, id, stream))
        return stream;
    free(stream);
    return NULL;
}

static struct stream_file *add_file(struct stream_service *s, struct stream *stream, int64_t id,
                                    size_t size)
{
    struct stream_file *old = find_file(stream, id, false);
    struct stream_file *file = malloc(sizeof *file + size);
    struct stream_file **link = &stream->files;

    if (file == NULL)
        return NULL;
    *file = (struct stream_file){.id = id, .size = size};
    if (old != NULL)
        drop_file(s, stream, old);
    while (*link != NULL && (*link)->id < id)
        link = &(*link)->next;
    file->next = *link;
    *link = file;
    s->bytes += size;
    return file;
}

/* It is whole: it takes the place of the one before. */
static void complete(struct stream_service *s, struct stream *stream, struct stream_file *file)
{
    struct stream_file *old = stream->files;

    while (old != NULL && (old == file || old->id != file->id))
        old = old->next;
    if (old != NULL)
        drop_file(s, stream, old);
    stream->version++;
}

static bool accept_put(struct exchange *x, const struct stream *stream,
                       const struct stream_file *file)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"streamId\":");
    text_quoted(&t, x->address->stream);
    write_number(&t, "fileId", file->id);
    write_number(&t, "size", (int64_t)file->size);
    write_number(&t, "received", (int64_t)file->received);
    write_number(&t, "streamVersion", stream->version);
    write_token(x, &t, "clientToken");
    text_str(&t, "}");
    return publish(x, "accepted", &t);
}

/* Decodes into the file at its end; the piece twice is the same as once. */
static const char *append(struct stream_file *file, size_t offset, struct slice data)
{
    size_t len = 0, most = data.len / 4 * 3;
    uint8_t *room;

    if (offset > file->received)
        return "offset: bytes are missing before it";
    if (most > file->size - offset + 2)
        return "data: more than the size";
    room = malloc(most + 1);
    if (room == NULL)
        return "";
    const char *why = !base64_read(data, room, &len) ? "data: not base64"
                      : len > file->size - offset    ? "data: more than the size"
                                                     : NULL;
    if (why == NULL) {
        memcpy(file->bytes + offset, room, len);
        if (offset + len > file->received)
            file->received = offset + len;
    }
    free(room);
    return why;
}

static bool on_put(struct exchange *x)
{
    struct stream_service *s = x->service;
    const char *data = json_str(x->document, "data", NULL);
    int64_t id = number(x, "fileId", FILE_ID_MAX, 0);
    int64_t size = number(x, "size", STREAM_FILE_MAX, -1);
    int64_t offset = number(x, "offset", STREAM_FILE_MAX, 0);

    if (id < 0 || size < 1 || offset < 0 || offset > size || data == NULL)
        return reject(x, "InvalidRequest", "fileId: 0 to 255; size: 1 to 24 MB; offset; data");
    struct stream *stream = stream_for(s, x->address->stream);
    if (stream == NULL)
        return false;
    struct stream_file *file = find_file(stream, id, false);
    if (offset == 0 && s->bytes + (uint64_t)size > STREAM_ALL_MAX)
        return reject(x, "LimitExceeded", "all files together: more than 256 MB");
    if (offset == 0) {
        file = add_file(s, stream, id, (size_t)size);
        if (file == NULL)
            return false;
    }
    if (file == NULL || file->size != (size_t)size)
        return reject(x, "InvalidRequest", "offset: begin with 0");
    const char *why = append(file, (size_t)offset, slice_str(data));
    if (why != NULL)
        return *why != '\0' && reject(x, "InvalidRequest", why);
    if (is_whole(file))
        complete(s, stream, file);
    return accept_put(x, stream, file);
}

static bool on_delete(struct exchange *x)
{
    struct stream *stream = table_get(&x->service->streams, x->address->stream);
    struct text t;

    if (stream == NULL)
        return reject(x, "ResourceNotFound", "there is no such stream");
    text_init(&t);
    text_str(&t, "{");
    write_token(x, &t, "clientToken");
    text_str(&t, "}");
    if (!publish(x, "accepted", &t))
        return false;
    for (const struct stream_file *f = stream->files; f != NULL; f = f->next)
        x->service->bytes -= f->size;
    free_stream(table_remove(&x->service->streams, x->address->stream));
    return true;
}

bool stream_service_request(struct stream_service *s, const struct stream_address *address,
                            const char *client_id, struct slice payload, struct cloud_actions *out)
{
    static bool (*const handlers[STREAM_OPERATION_COUNT])(struct exchange * x) = {
        on_describe, on_get, on_no_call, on_put, on_delete};
    bool device = address->op <= STREAM_NO_CALL;
    cJSON *document = json_is_utf8(payload) ? json_parse(payload, DEPTH) : NULL;
    struct exchange x = {.service = s,
                         .address = address,
                         .client_id = device ? NULL : client_id,
                         .document = document,
                         .token = json_str(document, device ? "c" : "clientToken", NULL),
                         .out = out};
    size_t before = out->count;
    bool bad_token = x.token != NULL && strlen(x.token) > TOKEN_MAX;

    if (bad_token)
        x.token = NULL;
    bool ok = address->op == STREAM_NO_CALL ? on_no_call(&x)
              : !cJSON_IsObject(document)
                  ? reject(&x, "InvalidJson", "the payload is not a JSON object")
              : bad_token ? reject(&x, "InvalidRequest", "the client token has more than 64 bytes")
                          : handlers[address->op](&x);
    cJSON_Delete(document);
    if (!ok)
        cloud_actions_cut(out, before);
    return ok;
}

/* ---- what outlives the broker ---- */

static void save_stream(const char *key, const void *value, void *ctx)
{
    const struct stream *stream = value;
    struct text *t = ctx;

    for (const struct stream_file *f = stream->files; f != NULL; f = f->next) {
        if (!is_whole(f))
            continue;
        text_str(t, "{\"stream\":");
        text_quoted(t, key);
        write_number(t, "version", stream->version);
        write_number(t, "fileId", f->id);
        write_number(t, "size", (int64_t)f->size);
        text_key(t, "data");
        text_str(t, "\"");
        write_base64(t, f->bytes, f->size);
        text_str(t, "\"}\n");
    }
}

void stream_service_save(const struct stream_service *s, struct text *to)
{
    table_each(&s->streams, save_stream, to);
}

bool stream_service_load(struct stream_service *s, const cJSON *record)
{
    const struct exchange x = {.document = record};
    const char *key = json_str(record, "stream", NULL);
    const char *data = json_str(record, "data", NULL);
    int64_t id = number(&x, "fileId", FILE_ID_MAX, -1);
    int64_t size = number(&x, "size", STREAM_FILE_MAX, -1);
    int64_t version = number(&x, "version", INT32_MAX, -1);

    if (key == NULL || data == NULL || id < 0 || size < 1 || version < 1 || strlen(key) == 0 ||
        strlen(key) > STREAM_ID_MAX || s->bytes + (uint64_t)size > STREAM_ALL_MAX)
        return false;
    struct stream *stream = stream_for(s, key);
    struct stream_file *file = stream != NULL && find_file(stream, id, true) == NULL
                                   ? add_file(s, stream, id, (size_t)size)
                                   : NULL;
    if (file == NULL)
        return false;
    stream->version = version;
    if (append(file, 0, slice_str(data)) == NULL && is_whole(file))
        return true;
    drop_file(s, stream, file);
    return false;
}
