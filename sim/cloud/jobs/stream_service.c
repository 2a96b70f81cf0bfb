#include "cloud/jobs/stream_service.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"

#define DEPTH         8
#define TOKEN_MAX     64
#define FILE_ID_MAX   255
#define BLOCK_MIN     256
#define OFFSET_MAX    98304
#define BITMAP_DIGITS 24576 /* of 12288 bytes */

struct stream_file {
    struct stream_file *next;
    int64_t id;
    size_t size, received;
    size_t repeated; /* of a whole one: so many bytes came again from its beginning, the same */
    uint8_t bytes[];
};

struct stream {
    struct stream_file *files; /* by id; of one id a whole one and one that is coming, at most */
    int64_t version;
};

/* A part of a file that comes. */
struct piece {
    int64_t id;
    size_t size, offset, len;
    uint8_t *bytes; /* room for len, or more */
};

struct exchange {
    struct stream_service *service;
    const struct stream_address *address;
    const char *client_id; /* NULL: everybody hears the answer */
    const cJSON *document;
    const char *token;
    struct cloud_actions *out;
};

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
    s->last_version = 0;
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
    size_t digits;
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
    size_t at = (size_t)(i / 8) * 2 + (i % 8 < 4 ? 1 : 0);

    return w->bitmap == NULL || (at < w->digits && (hex_digit(w->bitmap[at]) >> (i % 4) & 1) != 0);
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
    w->digits = strlen(p);
    for (; *p != '\0'; p++)
        if (hex_digit(*p) < 0)
            return false;
    return w->digits > 0 && w->digits % 2 == 0;
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
    return w->digits > BITMAP_DIGITS ? "BlockBitmapLimitExceeded" : NULL;
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
    text_base64(&t, file->bytes + from, len);
    text_str(&t, "\"}");
    return publish(x, "data/json", &t);
}

/* So many blocks as were asked for, as there are, and as fit 128 KB. */
static bool send_blocks(struct exchange *x, const struct stream_file *file, const struct wanted *w)
{
    int64_t blocks = ((int64_t)file->size + w->block_size - 1) / w->block_size;
    int64_t most = STREAM_BLOCK_MAX / w->block_size;
    int64_t left = w->count < most ? w->count : most;
    size_t before = x->out->count;
    bool ok = true;

    if (w->bitmap != NULL && blocks > w->offset + (int64_t)w->digits * 4)
        blocks = w->offset + (int64_t)w->digits * 4;
    for (int64_t i = w->offset; ok && left > 0 && i < blocks; i++) {
        if (!is_wanted(w, i - w->offset))
            continue;
        ok = send_block(x, file, w, i);
        left--;
    }
    if (ok && x->out->count == before)
        return reject(x, "ResourceNotFound", "the file has no such block");
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

/* A file that begins with the first `offset` bytes of `like` takes the place of the one that was
   coming. */
static struct stream_file *begin_file(struct stream_service *s, const char *key,
                                      const struct piece *piece, const struct stream_file *like)
{
    struct stream_file *file = malloc(sizeof *file + piece->size);
    struct stream *stream = file != NULL ? stream_for(s, key) : NULL;

    if (stream == NULL) {
        free(file);
        return NULL;
    }
    *file = (struct stream_file){.id = piece->id, .size = piece->size, .received = piece->offset};
    if (like != NULL)
        memcpy(file->bytes, like->bytes, piece->offset);
    struct stream_file *old = find_file(stream, piece->id, false);
    if (old != NULL)
        drop_file(s, stream, old);
    struct stream_file **link = &stream->files;
    while (*link != NULL && (*link)->id < piece->id)
        link = &(*link)->next;
    file->next = *link;
    *link = file;
    s->bytes += piece->size;
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
    s->last_version = s->last_version < INT32_MAX ? s->last_version + 1 : 1;
    stream->version = s->last_version;
}

static bool accept_put(struct exchange *x, const struct stream_file *file)
{
    const struct stream *stream = table_get(&x->service->streams, x->address->stream);
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

/* Decodes it; what is wrong with it, "" if there is no memory, NULL: nothing, and the bytes are the
   caller's to free. */
static const char *read_piece(struct piece *piece, struct slice data)
{
    size_t room = piece->size - piece->offset;

    piece->bytes = NULL;
    if (data.len / 4 * 3 > room + 2)
        return "data: more than the size";
    piece->bytes = malloc(data.len / 4 * 3 + 1);
    if (piece->bytes == NULL)
        return "";
    const char *why = !base64_read(data, piece->bytes, &piece->len) ? "data: not base64"
                      : piece->len > room                           ? "data: more than the size"
                                                                    : NULL;
    if (why != NULL)
        free(piece->bytes);
    return why;
}

/* A piece twice is the same as once. */
static void append(struct stream_file *file, const struct piece *piece)
{
    size_t end = piece->offset + piece->len;

    memcpy(file->bytes + piece->offset, piece->bytes, piece->len);
    if (end > file->received)
        file->received = end;
}

/* It is there already, in a whole file: its answer was lost, or the same file is put again. Another
   file of that size may begin the same, so that how far they agree is kept. */
static bool repeats(struct stream_file *whole, const struct piece *piece)
{
    size_t end = piece->offset + piece->len;

    if (whole == NULL || whole->size != piece->size ||
        memcmp(whole->bytes + piece->offset, piece->bytes, piece->len) != 0)
        return false;
    if (piece->offset == 0 || (piece->offset <= whole->repeated && end > whole->repeated))
        whole->repeated = end;
    return true;
}

/* The file that the piece belongs to; NULL: it was rejected, or (false) there is no memory. */
static bool take_file(struct exchange *x, const struct piece *piece, struct stream_file **ret)
{
    const struct stream *stream = table_get(&x->service->streams, x->address->stream);
    const struct stream_file *whole = find_file(stream, piece->id, true);
    bool follows = whole != NULL && whole->size == piece->size && piece->offset <= whole->repeated;

    *ret = piece->offset != 0 ? find_file(stream, piece->id, false) : NULL;
    if (*ret == NULL && (piece->offset == 0 || follows)) {
        if (x->service->bytes + piece->size > STREAM_ALL_MAX)
            return reject(x, "LimitExceeded", "all files together: more than 256 MB");
        *ret = begin_file(x->service, x->address->stream, piece, whole);
        return *ret != NULL;
    }
    const char *why = *ret == NULL || (*ret)->size != piece->size ? "offset: begin with 0"
                      : piece->offset > (*ret)->received ? "offset: bytes are missing before it"
                                                         : NULL;
    if (why != NULL)
        *ret = NULL;
    return why == NULL || reject(x, "InvalidRequest", why);
}

static bool put_piece(struct exchange *x, const struct piece *piece)
{
    struct stream_service *s = x->service;
    struct stream *stream = table_get(&s->streams, x->address->stream);
    struct stream_file *coming = find_file(stream, piece->id, false);
    struct stream_file *file = find_file(stream, piece->id, true);

    if ((coming == NULL || piece->offset == 0) && repeats(file, piece)) {
        if (coming != NULL)
            drop_file(s, stream, coming);
        return accept_put(x, file);
    }
    bool ok = take_file(x, piece, &file);
    if (file == NULL)
        return ok;
    append(file, piece);
    if (is_whole(file))
        complete(s, table_get(&s->streams, x->address->stream), file);
    return accept_put(x, file);
}

static bool on_put(struct exchange *x)
{
    const char *data = json_str(x->document, "data", NULL);
    int64_t id = number(x, "fileId", FILE_ID_MAX, 0);
    int64_t size = number(x, "size", STREAM_FILE_MAX, -1);
    int64_t offset = number(x, "offset", STREAM_FILE_MAX, 0);

    if (id < 0 || size < 1 || offset < 0 || offset > size || data == NULL)
        return reject(x, "InvalidRequest", "fileId: 0 to 255; size: 1 to 24 MB; offset; data");
    struct piece piece = {.id = id, .size = (size_t)size, .offset = (size_t)offset};
    const char *why = read_piece(&piece, slice_str(data));
    if (why != NULL)
        return *why != '\0' && reject(x, "InvalidRequest", why);
    bool ok = put_piece(x, &piece);
    free(piece.bytes);
    return ok;
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
        on_describe, on_get, NULL, on_put, on_delete};
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
    bool ok =
        address->op == STREAM_NO_CALL ? reject(&x, "InvalidTopic", "the topic is none of a call")
        : !cJSON_IsObject(document) ? reject(&x, "InvalidJson", "the payload is not a JSON object")
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
        text_base64(t, f->bytes, f->size);
        text_str(t, "\"}\n");
    }
}

void stream_service_save(const struct stream_service *s, struct text *to)
{
    if (s->last_version != 0) {
        text_str(to, "{\"lastStreamVersion\":");
        text_int(to, s->last_version);
        text_str(to, "}\n");
    }
    table_each(&s->streams, save_stream, to);
}

bool stream_service_load(struct stream_service *s, const cJSON *record)
{
    const struct exchange x = {.document = record};
    const char *key = json_str(record, "stream", NULL);
    const char *data = json_str(record, "data", NULL);
    int64_t id = number(&x, "fileId", FILE_ID_MAX, -1);
    int64_t size = number(&x, "size", STREAM_FILE_MAX, -1);
    int64_t last = number(&x, "lastStreamVersion", INT32_MAX, -1);
    int64_t version = number(&x, "version", INT32_MAX, last);

    if (version < 1)
        return false;
    if (version > s->last_version)
        s->last_version = version;
    if (last >= 1)
        return true;
    if (key == NULL || data == NULL || id < 0 || size < 1 || strlen(key) == 0 ||
        strlen(key) > STREAM_ID_MAX || s->bytes + (uint64_t)size > STREAM_ALL_MAX ||
        find_file(table_get(&s->streams, key), id, true) != NULL)
        return false;
    struct piece piece = {.id = id, .size = (size_t)size};
    if (read_piece(&piece, slice_str(data)) != NULL)
        return false;
    struct stream_file *file = piece.len == piece.size ? begin_file(s, key, &piece, NULL) : NULL;
    if (file != NULL) {
        append(file, &piece);
        ((struct stream *)table_get(&s->streams, key))->version = version;
    }
    free(piece.bytes);
    return file != NULL;
}
