#include "pki/rotated.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/store.h"
#include "base/xmem.h"
#include "pki/checksum.h"

#define MAGIC     "FSROTATE"
#define VERSION   1u
#define FILE_MAX  ((size_t)1 << 32)
#define SLACK_MAX ((size_t)1 << 16) /* bytes out of date that are always borne */

/* All integers are little endian. */
struct file_header {
    char magic[8];
    uint32_t version;
    uint32_t edition; /* counts how often the file was written anew */
    uint8_t recipe[FLEET_RECIPE_SIZE];
    uint64_t checksum; /* of the bytes before */
};

/* The certificate follows, and its issuer. */
struct file_record {
    uint64_t checksum; /* of the bytes after, with what follows */
    uint32_t index;
    uint32_t generation;
    uint16_t certificate_len;
    uint8_t foreign;
    struct ec_key key;
    uint8_t reserved[2];
    uint16_t issuer_len;
};

_Static_assert(sizeof(struct file_header) == 56, "the header is the file's format");
_Static_assert(sizeof(struct file_record) == 120, "the record is the file's format");

/* A car's credential, and those that somebody may still look at. */
struct entry {
    struct rotated_car car;
    struct entry *older;
    uint8_t certificates[]; /* its own, its issuer's */
};

struct rotated {
    char *path;
    uint8_t recipe[FLEET_RECIPE_SIZE];
    struct entry **cars; /* by index */
    size_t room;
    size_t read;      /* bytes of the file that are known, whole records */
    size_t live;      /* of them, bytes of the last records of cars */
    uint32_t edition; /* of the file; 0: there was none */
};

static size_t record_size(const struct rotated_car *car)
{
    return sizeof(struct file_record) + car->certificate.len + car->issuer.len;
}

/* ---- in memory ---- */

static void forget(struct rotated *r)
{
    for (size_t i = 0; i < r->room; i++)
        while (r->cars[i] != NULL) {
            struct entry *older = r->cars[i]->older;
            OPENSSL_cleanse(&r->cars[i]->car.key, sizeof r->cars[i]->car.key);
            free(r->cars[i]);
            r->cars[i] = older;
        }
}

static void make_room(struct rotated *r, uint32_t index)
{
    size_t room = r->room != 0 ? r->room : 64;

    while (room <= index)
        room *= 2;
    if (room == r->room)
        return;
    r->cars = xrealloc(r->cars, room * sizeof(struct entry *));
    memset(r->cars + r->room, 0, (room - r->room) * sizeof(struct entry *));
    r->room = room;
}

static void take(struct rotated *r, const struct rotated_car *car)
{
    size_t own = car->certificate.len;
    struct entry *e = xmalloc(sizeof *e + own + car->issuer.len);

    make_room(r, car->index);
    e->car = *car;
    e->car.certificate = slice_of(e->certificates, own);
    e->car.issuer = slice_of(e->certificates + own, car->issuer.len);
    memcpy(e->certificates, car->certificate.data, own);
    if (car->issuer.len != 0)
        memcpy(e->certificates + own, car->issuer.data, car->issuer.len);
    e->older = r->cars[car->index];
    r->live += record_size(car) - (e->older != NULL ? record_size(&e->older->car) : 0);
    r->cars[car->index] = e;
}

uint32_t rotated_room(const struct rotated *r)
{
    return (uint32_t)r->room;
}

const struct rotated_car *rotated_find(const struct rotated *r, uint32_t index)
{
    return index < r->room && r->cars[index] != NULL ? &r->cars[index]->car : NULL;
}

/* ---- reading ---- */

static void header_make(const struct rotated *r, uint32_t edition, struct file_header *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->magic, MAGIC, sizeof ret->magic);
    ret->version = htole32(VERSION);
    ret->edition = htole32(edition);
    memcpy(ret->recipe, r->recipe, sizeof ret->recipe);
    ret->checksum = htole64(checksum(ret, offsetof(struct file_header, checksum)));
}

static bool check_header(const struct rotated *r, const struct file_header *have, struct error *err)
{
    if (memcmp(have->magic, MAGIC, sizeof have->magic) != 0 ||
        have->checksum != htole64(checksum(have, offsetof(struct file_header, checksum))))
        return error_set(err, ERROR_USAGE,
                         "%.300s: no list of rotated cars (remove it: they have the certificates "
                         "of their first generation again)",
                         r->path);
    if (have->version != htole32(VERSION))
        return error_set(err, ERROR_USAGE,
                         "%.300s: version %u, this program reads %u (use the release that made it)",
                         r->path, le32toh(have->version), VERSION);
    if (memcmp(have->recipe, r->recipe, sizeof have->recipe) != 0)
        return error_set(err, ERROR_USAGE,
                         "%.300s: of a fleet of another seed, issuer or validity (remove it, or "
                         "use its own PKI directory)",
                         r->path);
    return true;
}

/* With what follows it; 0: no record is so. */
static size_t stated_size(const struct file_record *record)
{
    size_t certificate = le16toh(record->certificate_len), issuer = le16toh(record->issuer_len);

    if (certificate == 0 || certificate > CERTIFICATE_MAX || issuer > CERTIFICATE_MAX)
        return 0;
    return sizeof *record + certificate + issuer;
}

/* The record at the front; 0: it is not whole, or damaged. */
static size_t read_record(struct slice bytes, struct rotated_car *ret)
{
    struct file_record record;

    if (bytes.len < sizeof record)
        return 0;
    memcpy(&record, bytes.data, sizeof record);
    size_t size = stated_size(&record);
    if (size == 0 || size > bytes.len ||
        le64toh(record.checksum) !=
            checksum(bytes.data + sizeof record.checksum, size - sizeof record.checksum) ||
        le32toh(record.index) >= IDENTITY_MAX)
        return 0;
    const uint8_t *certificate = bytes.data + sizeof record;
    size_t len = le16toh(record.certificate_len);
    *ret = (struct rotated_car){.index = le32toh(record.index),
                                .generation = le32toh(record.generation),
                                .foreign = record.foreign != 0,
                                .key = record.key,
                                .certificate = slice_of(certificate, len),
                                .issuer = slice_of(certificate + len, size - sizeof record - len)};
    OPENSSL_cleanse(&record, sizeof record);
    return size;
}

/* What a loss of power leaves of the last record is a part of it, or room that was never written;
   behind it there is nothing. */
static bool is_torn(struct slice rest)
{
    struct file_record record;
    struct rotated_car car;
    size_t written = rest.len;

    while (written > 0 && rest.data[written - 1] == 0)
        written--;
    if (written == 0 || rest.len < sizeof record)
        return true;
    memcpy(&record, rest.data, sizeof record);
    size_t size = stated_size(&record);
    OPENSSL_cleanse(&record, sizeof record);
    if (size == 0 || size < rest.len)
        return false;
    /* Its lengths may be what is damaged. */
    for (size_t at = 1; at < rest.len; at++)
        if (read_record(slice_of(rest.data + at, rest.len - at), &car) != 0) {
            OPENSSL_cleanse(&car, sizeof car);
            return false;
        }
    return true;
}

static bool read_records(struct rotated *r, struct slice bytes, struct error *err)
{
    struct rotated_car car = {0};
    size_t done = 0, size;

    for (; done < bytes.len; done += size) {
        size_t left = bytes.len - done;
        size = read_record(slice_of(bytes.data + done, left), &car);
        if (size == 0 && !is_torn(slice_of(bytes.data + done, left)))
            return error_set(err, ERROR_USAGE,
                             "%.300s: damaged at byte %zu (restore it, or remove it: its cars have "
                             "the certificates of their first generation again)",
                             r->path, r->read + done);
        if (size == 0)
            break;
        take(r, &car);
    }
    r->read += done;
    OPENSSL_cleanse(&car, sizeof car);
    return true;
}

static bool fail(const struct rotated *r, int errnum, struct error *err)
{
    return error_set(err, ERROR_USAGE, "%.300s: %s (check the path, its permissions and the space)",
                     r->path, errnum != 0 ? strerror(errnum) : "shorter than it was");
}

/* Bytes of the file from `from` on; false with errno. */
static bool read_at(int fd, size_t from, size_t len, struct buf *to)
{
    uint8_t *room = buf_reserve(to, len);
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, room + done, len - done, (off_t)(from + done));
        if (n == 0)
            errno = 0;
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    buf_commit(to, len);
    return true;
}

static bool read_file(struct rotated *r, int fd, struct buf *room, struct error *err)
{
    struct file_header header = {0};
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > FILE_MAX)
        return fail(r, EINVAL, err);
    const size_t size = (size_t)st.st_size;
    if (size >= sizeof header) {
        if (!read_at(fd, 0, sizeof header, room))
            return fail(r, errno, err);
        memcpy(&header, buf_data(room), sizeof header);
        buf_clear(room);
    }
    if (!check_header(r, &header, err))
        return false;
    /* Somebody has written it anew. */
    if (le32toh(header.edition) != r->edition || size < r->read)
        r->read = sizeof header;
    r->edition = le32toh(header.edition);
    if (size <= r->read)
        return true;
    if (!read_at(fd, r->read, size - r->read, room))
        return fail(r, errno, err);
    return read_records(r, buf_slice(room), err);
}

static void wipe(struct buf *secret)
{
    if (secret->data != NULL)
        OPENSSL_cleanse(secret->data, secret->cap);
    buf_done(secret);
}

bool rotated_refresh(struct rotated *r, struct error *err)
{
    struct buf room;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT || fail(r, errno, err);
    buf_init(&room, FILE_MAX);
    bool ok = read_file(r, fd, &room, err);
    wipe(&room);
    close(fd);
    return ok;
}

struct rotated *rotated_open(const char *path, const uint8_t recipe[FLEET_RECIPE_SIZE],
                             struct error *err)
{
    struct rotated *r = xcalloc(1, sizeof *r);

    r->path = xstrdup(path);
    memcpy(r->recipe, recipe, sizeof r->recipe);
    if (rotated_refresh(r, err))
        return r;
    rotated_free(r);
    return NULL;
}

void rotated_free(struct rotated *r)
{
    if (r == NULL)
        return;
    forget(r);
    free(r->cars);
    free(r->path);
    free(r);
}

/* ---- writing ---- */

static void append_record(const struct rotated_car *car, struct buf *to)
{
    struct file_record record = {.index = htole32(car->index),
                                 .generation = htole32(car->generation),
                                 .certificate_len = htole16((uint16_t)car->certificate.len),
                                 .issuer_len = htole16((uint16_t)car->issuer.len),
                                 .foreign = car->foreign,
                                 .key = car->key};
    size_t start = buf_len(to);

    buf_append(to, &record, sizeof record);
    buf_append_slice(to, car->certificate);
    if (car->issuer.len != 0)
        buf_append_slice(to, car->issuer);
    uint64_t sum = htole64(checksum(buf_data(to) + start + sizeof record.checksum,
                                    buf_len(to) - start - sizeof record.checksum));
    memcpy(buf_data(to) + start, &sum, sizeof sum);
    OPENSSL_cleanse(&record, sizeof record);
}

/* Behind what is whole; a half record that is there goes. */
static bool append_bytes(struct rotated *r, struct slice bytes, struct error *err)
{
    int fd = open(r->path, O_WRONLY | O_CLOEXEC);
    size_t done = 0;
    bool ok = fd >= 0 && ftruncate(fd, (off_t)r->read) == 0;

    while (ok && done < bytes.len) {
        ssize_t n = pwrite(fd, bytes.data + done, bytes.len - done, (off_t)(r->read + done));
        ok = n >= 0 || errno == EINTR;
        done += n > 0 ? (size_t)n : 0;
    }
    ok = (ok && fdatasync(fd) == 0) || fail(r, errno, err);
    if (!ok && fd >= 0 && ftruncate(fd, (off_t)r->read) != 0)
        ok = false; /* what is there of them has no end, and is dropped when it is read */
    if (fd >= 0)
        close(fd);
    if (ok)
        r->read += bytes.len;
    return ok;
}

/* Header, what holds of the cars that are not in `changed`, and the new records. */
static bool write_anew(struct rotated *r, const struct rotated_car *changed, size_t count,
                       struct slice records, struct error *err)
{
    struct file_header header;
    struct store_writer w;
    struct buf kept;
    uint8_t *replaced = xcalloc(r->room + 1, 1);

    for (size_t i = 0; i < count; i++)
        if (changed[i].index < r->room)
            replaced[changed[i].index] = 1;
    header_make(r, r->edition + 1, &header);
    buf_init(&kept, FILE_MAX);
    for (size_t i = 0; i < r->room; i++)
        if (r->cars[i] != NULL && replaced[i] == 0)
            append_record(&r->cars[i]->car, &kept);
    free(replaced);
    bool ok = store_begin(&w, r->path, STORE_SECRET, err);
    if (ok && (!store_append(&w, slice_of(&header, sizeof header), err) ||
               !store_append(&w, buf_slice(&kept), err) || !store_append(&w, records, err))) {
        store_abandon(&w);
        ok = false;
    }
    ok = ok && store_commit(&w, true, err);
    if (ok) {
        r->read = sizeof header + buf_len(&kept) + records.len;
        r->edition++;
    }
    wipe(&kept);
    return ok;
}

bool rotated_add(struct rotated *r, const struct rotated_car *cars, size_t count, struct error *err)
{
    struct buf records;

    if (!rotated_refresh(r, err))
        return false;
    buf_init(&records, FILE_MAX);
    for (size_t i = 0; i < count; i++)
        append_record(&cars[i], &records);
    bool stale = r->read > 2 * (sizeof(struct file_header) + r->live) + SLACK_MAX;
    bool ok = r->edition == 0 || stale || access(r->path, F_OK) != 0
                  ? write_anew(r, cars, count, buf_slice(&records), err)
                  : append_bytes(r, buf_slice(&records), err);
    for (size_t i = 0; ok && i < count; i++)
        take(r, &cars[i]);
    wipe(&records);
    return ok;
}
