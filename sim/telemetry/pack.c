#include "telemetry/pack.h"

#include "telemetry/deflate.h"

static bool seal_batch(const struct pack_options *o, const struct batch *open, struct batch *secret,
                       struct buf *sealed)
{
    struct buf plain;

    buf_init(&plain, PACK_MAX);
    secret->seq = open->seq;
    bool ok = batch_set_thing(secret, slice_str(open->thing)) &&
              telemetry_encode(o->format, secret, o->schema, &plain) &&
              seal(o->key, open->thing, open->seq, buf_slice(&plain), sealed);
    buf_done(&plain);
    return ok;
}

/* The shorter one of both. */
static bool shorten(struct slice payload, struct buf *out, bool *ret_deflated)
{
    struct buf room;

    buf_init(&room, PACK_MAX + PACK_MAX / 8);
    *ret_deflated = deflate_bytes(payload, &room) && buf_len(&room) < payload.len;
    bool ok = buf_append_slice(out, *ret_deflated ? buf_slice(&room) : payload);
    buf_done(&room);
    return ok;
}

bool pack(const struct pack_options *o, struct batch *open, struct batch *secret, struct buf *out,
          bool *ret_deflated)
{
    struct buf sealed;
    struct buf payload;

    buf_init(&sealed, PACK_MAX);
    buf_init(&payload, PACK_MAX);
    *ret_deflated = false;
    bool ok = secret->sample_count == 0 || (o->key != NULL && seal_batch(o, open, secret, &sealed));
    open->sealed = buf_slice(&sealed);
    ok = ok && telemetry_encode(o->format, open, o->schema, &payload);
    if (ok && o->deflate)
        ok = shorten(buf_slice(&payload), out, ret_deflated);
    else if (ok)
        ok = buf_append_slice(out, buf_slice(&payload));
    open->sealed = slice_of(NULL, 0);
    buf_done(&payload);
    buf_done(&sealed);
    return ok;
}

/* Adds the samples of `from`, whose texts move along. */
static void move_samples(struct batch *to, const struct batch *from)
{
    for (size_t i = 0; i < from->sample_count; i++) {
        struct sample s = from->samples[i];
        const char *name = from->names[s.name];
        s.name = batch_name(to, batch_text(to, slice_str(name)));
        if (s.kind == SAMPLE_TEXT)
            s.s = batch_text(to, slice_str(s.s));
        *batch_add(to) = s;
    }
}

static bool open_sealed(const struct seal_key *key, const struct telemetry_schemas *schemas,
                        struct batch *batch, struct error *err)
{
    struct batch secret = {.seq = 0};
    enum telemetry_format format;
    struct buf plain;

    buf_init(&plain, INFLATE_MAX);
    bool ok = seal_open(key, batch->thing, batch->seq, batch->sealed, &plain, err) &&
              telemetry_decode(buf_slice(&plain), schemas, &secret, &format, err);
    if (ok)
        move_samples(batch, &secret);
    batch_done(&secret);
    buf_done(&plain);
    return ok;
}

bool unpack(struct slice payload, const struct seal_key *key,
            const struct telemetry_schemas *schemas, struct unpacked *ret, struct error *err)
{
    struct buf room;

    *ret = (struct unpacked){.deflated = deflate_is(payload)};
    buf_init(&room, INFLATE_MAX);
    bool ok = !ret->deflated || inflate_bytes(payload, &room, err);
    if (ret->deflated)
        payload = buf_slice(&room);
    ok = ok && telemetry_decode(payload, schemas, &ret->batch, &ret->format, err);
    if (ok && ret->batch.sealed.len != 0) {
        ret->sealed = key == NULL;
        ok = key == NULL || open_sealed(key, schemas, &ret->batch, err);
    }
    buf_done(&room);
    return ok;
}
