#include "pki/fleet_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/store.h"
#include "base/xmem.h"
#include "pki/checksum.h"

#define FLEET_MAGIC   "FSFLEET\n"
#define FLEET_VERSION 1u
#define THREADS_MAX   64u
#define BATCH         256u  /* cars that a thread takes at a time */
#define SLAB          4096u /* cars made between writes, and between words of progress */

/* All integers are little endian. */
struct file_header {
    char magic[8];
    uint32_t version;
    uint32_t record_size;
    uint32_t count;
    uint32_t reserved;
    uint64_t fleet; /* identity_fleet() */
    uint8_t recipe[FLEET_RECIPE_SIZE];
    uint64_t checksum; /* of the bytes before */
};

struct file_record {
    uint64_t checksum; /* of the bytes after */
    uint32_t index;
    uint16_t certificate_len;
    struct ec_key key;
    uint8_t certificate[657];
};

_Static_assert(sizeof(struct file_header) == 72, "the header is the file's format");
_Static_assert(sizeof(struct file_record) == 768, "the record is the file's format");

struct fleet_file {
    const struct file_header *header; /* the mapping */
    const struct file_record *records;
    size_t size; /* of the mapping */
    uint32_t count;
    uint64_t fleet;
};

static uint64_t header_checksum(const struct file_header *h)
{
    return checksum(h, offsetof(struct file_header, checksum));
}

static uint64_t record_checksum(const struct file_record *r)
{
    return checksum((const uint8_t *)r + sizeof r->checksum, sizeof *r - sizeof r->checksum);
}

void fleet_recipe_digest(const struct fleet_recipe *recipe, uint8_t ret[FLEET_RECIPE_SIZE])
{
    const uint64_t dates[] = {htole64((uint64_t)recipe->not_before),
                              htole64((uint64_t)recipe->not_after)};
    const struct certificate_issuer *issuer = &recipe->issuer;
    const struct slice parts[] = {
        slice_str("fleetsim recipe 1"),
        slice_of(dates, sizeof dates),
        slice_of(issuer->key.point, EC_POINT_SIZE),
        slice_of(issuer->subject, issuer->subject_len),
        slice_of(issuer->key_id, issuer->key_id_len),
    };

    hmac_sha256(recipe->seed, parts, sizeof parts / sizeof *parts, ret);
}

static void header_make(const struct fleet_recipe *recipe, uint32_t count, struct file_header *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->magic, FLEET_MAGIC, sizeof ret->magic);
    ret->version = htole32(FLEET_VERSION);
    ret->record_size = htole32(sizeof(struct file_record));
    ret->count = htole32(count);
    ret->fleet = htole64(identity_fleet(recipe->seed));
    fleet_recipe_digest(recipe, ret->recipe);
    ret->checksum = htole64(header_checksum(ret));
}

/* ---- making ------------------------------------------------------------------------------- */

struct build {
    const struct fleet_recipe *recipe;
    const struct fleet_progress *progress; /* NULL: nobody wants to know */
    uint64_t fleet;
    struct file_record *records; /* of cars first … count-1: a slab */
    uint32_t first, count;
    pthread_mutex_t lock; /* of the members below */
    uint32_t next;
    bool failed;
    struct error error;
};

static bool make_car(struct ec *ec, const struct build *b, uint32_t index, struct buf *der,
                     struct error *err)
{
    struct file_record *record = &b->records[index - b->first];
    struct identity identity;
    uint8_t spki[EC_SPKI_SIZE];

    identity_make(b->fleet, index, &identity);
    ec_key_derive(ec, b->recipe->seed, certificate_role_name(CERTIFICATE_VEHICLE), index, 0,
                  &record->key);
    ec_key_spki(&record->key, spki);
    const struct certificate_request request = {
        .role = CERTIFICATE_VEHICLE,
        .name = identity.thing_name,
        .spki = slice_of(spki, sizeof spki),
        .not_before = b->recipe->not_before,
        .not_after = b->recipe->not_after,
    };
    buf_clear(der);
    if (!certificate_make(ec, &b->recipe->issuer, &request, der, err))
        return false;
    if (buf_len(der) > sizeof record->certificate)
        return error_set(err, ERROR_USAGE,
                         "vehicle certificate: too long for a fleet file (use a CA with a shorter "
                         "subject)");
    record->index = htole32(index);
    record->certificate_len = htole16((uint16_t)buf_len(der));
    memcpy(record->certificate, buf_data(der), buf_len(der));
    record->checksum = htole64(record_checksum(record));
    return true;
}

/* The next batch's first car, or the count when all are taken or one failed. */
static uint32_t take_batch(struct build *b)
{
    pthread_mutex_lock(&b->lock);
    uint32_t first = b->failed ? b->count : b->next;
    b->next = b->count - first > BATCH ? first + BATCH : b->count;
    pthread_mutex_unlock(&b->lock);
    return first;
}

static void *make_cars(void *arg)
{
    struct build *b = arg;
    struct ec *ec = ec_new();
    struct buf der;
    struct error error;

    buf_init(&der, CERTIFICATE_MAX);
    for (;;) {
        uint32_t first = take_batch(b);
        uint32_t end = b->count - first > BATCH ? first + BATCH : b->count;
        bool ok = true;
        for (uint32_t k = first; ok && k < end; k++)
            ok = make_car(ec, b, k, &der, &error);
        if (!ok) {
            pthread_mutex_lock(&b->lock);
            b->failed = true;
            b->error = error;
            pthread_mutex_unlock(&b->lock);
        }
        if (first == b->count)
            break;
    }
    buf_done(&der);
    ec_free(ec);
    return NULL;
}

static bool make_records(struct build *b, unsigned threads, struct error *err)
{
    pthread_t others[THREADS_MAX];
    unsigned started = 0;
    uint32_t batches = (b->count - b->first + BATCH - 1) / BATCH;

    if (threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores > 0 ? (unsigned)cores : 1;
    }
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    threads = threads < batches ? threads : batches;
    pthread_mutex_init(&b->lock, NULL);
    while (started + 1 < threads && pthread_create(&others[started], NULL, make_cars, b) == 0)
        started++;
    make_cars(b);
    while (started > 0)
        pthread_join(others[--started], NULL);
    pthread_mutex_destroy(&b->lock);
    if (b->failed && err != NULL)
        *err = b->error;
    return !b->failed;
}

/* Slab by slab, so that memory does not grow with the fleet. */
static bool append_new(struct store_writer *w, struct build *b, uint32_t count, unsigned threads,
                       struct error *err)
{
    const struct fleet_progress *progress = b->progress;
    bool ok = true;

    b->records = xmalloc(SLAB * sizeof *b->records);
    while (ok && b->first < count) {
        b->count = count - b->first < SLAB ? count : b->first + SLAB;
        b->next = b->first;
        size_t size = (size_t)(b->count - b->first) * sizeof *b->records;
        memset(b->records, 0, size);
        ok = make_records(b, threads, err) && store_append(w, slice_of(b->records, size), err);
        b->first = b->count;
        if (ok && progress != NULL)
            progress->made(progress->ctx, b->first, count);
    }
    OPENSSL_cleanse(b->records, SLAB * sizeof *b->records);
    free(b->records);
    return ok;
}

static bool write_file(const char *path, const struct fleet_file *old, struct build *b,
                       uint32_t count, unsigned threads, struct error *err)
{
    const struct slice kept =
        slice_of(old != NULL ? old->records : NULL, (size_t)b->first * sizeof(struct file_record));
    struct file_header header;
    struct store_writer w;

    header_make(b->recipe, count, &header);
    if (!store_begin(&w, path, STORE_SECRET, err))
        return false;
    if (store_append(&w, slice_of(&header, sizeof header), err) && store_append(&w, kept, err) &&
        append_new(&w, b, count, threads, err))
        return store_commit(&w, true, err);
    store_abandon(&w);
    return false;
}

bool fleet_file_build(const char *path, const struct fleet_recipe *recipe, uint32_t count,
                      unsigned threads, const struct fleet_progress *progress, struct error *err)
{
    struct build b = {
        .recipe = recipe, .progress = progress, .fleet = identity_fleet(recipe->seed)};
    struct fleet_file *old = NULL;

    if (count > IDENTITY_MAX)
        return error_set(err, ERROR_USAGE,
                         "%u vehicles: a fleet has at most %u (use several seeds)", count,
                         IDENTITY_MAX);
    if (access(path, F_OK) == 0) {
        old = fleet_file_open(path, recipe, err);
        if (old == NULL)
            return false;
    }
    b.first = old != NULL ? old->count : 0;
    bool ok =
        (old != NULL && old->count >= count) || write_file(path, old, &b, count, threads, err);
    fleet_file_free(old);
    return ok;
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool check_header(const char *path, const struct file_header *h, size_t size,
                         const struct fleet_recipe *recipe, struct error *err)
{
    uint8_t digest[FLEET_RECIPE_SIZE];

    if (size < sizeof h->magic || memcmp(h->magic, FLEET_MAGIC, sizeof h->magic) != 0)
        return error_set(err, ERROR_USAGE,
                         "%.300s: not a fleet file (name one that \"fleetsim pki\" made)", path);
    if (size < sizeof *h)
        return error_set(err, ERROR_USAGE,
                         "%.300s: truncated, the header is not whole (make it again)", path);
    if (le32toh(h->version) != FLEET_VERSION)
        return error_set(err, ERROR_USAGE,
                         "%.300s: version %u of the fleet file, this program reads %u (make it "
                         "again)",
                         path, le32toh(h->version), FLEET_VERSION);
    if (le64toh(h->checksum) != header_checksum(h) ||
        le32toh(h->record_size) != sizeof(struct file_record) || le32toh(h->count) > IDENTITY_MAX)
        return error_set(err, ERROR_USAGE, "%.300s: damaged header (make it again)", path);
    size_t whole = sizeof *h + (size_t)le32toh(h->count) * sizeof(struct file_record);
    if (size != whole)
        return error_set(err, ERROR_USAGE, "%.300s: %s, %zu bytes instead of %zu (make it again)",
                         path, size < whole ? "truncated" : "too long", size, whole);
    if (recipe == NULL)
        return true;
    fleet_recipe_digest(recipe, digest);
    if (memcmp(digest, h->recipe, sizeof digest) != 0)
        return error_set(err, ERROR_USAGE,
                         "%.300s: the fleet of another seed, issuer or validity (remove it, or use "
                         "its own PKI directory)",
                         path);
    return true;
}

static bool check_records(const char *path, const struct fleet_file *ff, struct error *err)
{
    for (uint32_t k = 0; k < ff->count; k++) {
        const struct file_record *r = &ff->records[k];
        if (le64toh(r->checksum) != record_checksum(r) || le32toh(r->index) != k ||
            le16toh(r->certificate_len) > sizeof r->certificate)
            return error_set(err, ERROR_USAGE, "%.300s: damaged at vehicle %u (make it again)",
                             path, k);
    }
    return true;
}

static bool map_file(const char *path, struct fleet_file *ff, struct error *err)
{
    struct stat st;
    void *at = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        ff->size = (size_t)st.st_size;
        at = mmap(NULL, ff->size, PROT_READ, MAP_SHARED, fd, 0);
    } else if (fd >= 0) {
        errno = 0;
    }
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (at == MAP_FAILED)
        return error_set(err, ERROR_USAGE, "%.300s: %s (name one that \"fleetsim pki\" made)", path,
                         why != 0 ? strerror(why) : "not a fleet file");
    ff->header = at;
    return true;
}

struct fleet_file *fleet_file_open(const char *path, const struct fleet_recipe *recipe,
                                   struct error *err)
{
    struct fleet_file *ff = xcalloc(1, sizeof *ff);

    bool ok = map_file(path, ff, err) && check_header(path, ff->header, ff->size, recipe, err);
    if (ok) {
        ff->records = (const struct file_record *)(const void *)(ff->header + 1);
        ff->count = le32toh(ff->header->count);
        ff->fleet = le64toh(ff->header->fleet);
        ok = check_records(path, ff, err);
    }
    if (ok)
        return ff;
    fleet_file_free(ff);
    return NULL;
}

void fleet_file_free(struct fleet_file *ff)
{
    if (ff == NULL)
        return;
    if (ff->header != NULL)
        munmap((void *)(uintptr_t)ff->header, ff->size);
    free(ff);
}

uint32_t fleet_file_count(const struct fleet_file *ff)
{
    return ff->count;
}

bool fleet_file_car(const struct fleet_file *ff, uint32_t k, struct fleet_car *ret,
                    struct error *err)
{
    if (k >= ff->count)
        return error_set(err, ERROR_USAGE,
                         "vehicle %u: the fleet has %u, counted from 0 (ask for a lower one, or "
                         "grow the fleet)",
                         k, ff->count);
    const struct file_record *r = &ff->records[k];
    identity_make(ff->fleet, k, &ret->identity);
    ret->certificate = slice_of(r->certificate, le16toh(r->certificate_len));
    ret->key = &r->key;
    return true;
}
