#include "pki/credential_set.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/store.h"
#include "base/xmem.h"
#include "pki/pem_file.h"

#define CHAIN_MAX 8
#define THING_MAX 128 /* contract 1.9 */
#define CSV_MAX   ((size_t)64 << 20)

/* One piece of memory: the DERs, then the thing's name. */
struct entry {
    struct credential shown;
    struct slice chain[CHAIN_MAX];
    char *room;
};

struct credential_set {
    struct entry **entries;
    size_t count;
};

/* ---- one pair ---- */

struct pair {
    X509 *certificates[CHAIN_MAX + 1];
    size_t count;
    EVP_PKEY *key;
};

static void pair_done(struct pair *p)
{
    for (size_t i = 0; i < p->count; i++)
        X509_free(p->certificates[i]);
    EVP_PKEY_free(p->key);
}

static BIO *open_pem(const char *path, struct buf *text, struct error *err)
{
    buf_init(text, PEM_FILE_MAX);
    if (!store_read(path, text, err))
        return NULL;
    return BIO_new_mem_buf(buf_slice(text).data, (int)buf_len(text));
}

/* Never asks at the terminal. */
static int no_password(char *room, int size, int rwflag, void *ctx)
{
    (void)rwflag;
    (void)ctx;
    if (size > 0)
        room[0] = '\0';
    return -1;
}

static bool read_certificates(const char *path, struct pair *ret, struct error *err)
{
    struct buf text;
    BIO *bio = open_pem(path, &text, err);
    X509 *one = NULL;

    while (bio != NULL && ret->count <= CHAIN_MAX &&
           (one = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL)
        ret->certificates[ret->count++] = one;
    BIO_free(bio);
    buf_done(&text);
    if (bio == NULL)
        return false;
    return ret->count > 0 || error_set(err, ERROR_USAGE, "%s: no certificate in it (PEM)", path);
}

bool credential_check_mode(const char *path, struct error *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_set(err, ERROR_USAGE, "%s: others may read this key (chmod 600 it)", path);
    return true;
}

static bool read_key(const char *path, struct pair *ret, struct error *err)
{
    struct buf text;

    if (!credential_check_mode(path, err))
        return false;
    BIO *bio = open_pem(path, &text, err);
    if (bio != NULL)
        ret->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    buf_done(&text);
    if (bio == NULL)
        return false;
    return ret->key != NULL ||
           error_set(err, ERROR_USAGE,
                     "%s: no private key in it (PEM, not encrypted with a password)", path);
}

static bool read_pair(const char *certificate, const char *key, struct pair *ret, struct error *err)
{
    *ret = (struct pair){0};
    if (!read_certificates(certificate, ret, err) || !read_key(key, ret, err))
        return false;
    return X509_check_private_key(ret->certificates[0], ret->key) == 1 ||
           error_set(err, ERROR_USAGE, "%s: not the key of %s", key, certificate);
}

static uint8_t *put(uint8_t *at, struct slice *ret, int len)
{
    *ret = slice_of(at - len, (size_t)len);
    return at;
}

/* NULL if OpenSSL cannot write what it has read. */
static struct entry *pack(const char *thing, const struct pair *p)
{
    int sizes[CHAIN_MAX + 1] = {0}, key_size = i2d_PrivateKey(p->key, NULL);
    size_t total = strlen(thing) + 1 + (key_size > 0 ? (size_t)key_size : 0);

    for (size_t i = 0; i < p->count; i++) {
        sizes[i] = i2d_X509(p->certificates[i], NULL);
        total += sizes[i] > 0 ? (size_t)sizes[i] : 0;
    }
    if (key_size <= 0)
        return NULL;
    struct entry *e = xcalloc(1, sizeof *e);
    e->room = xmalloc(total);
    uint8_t *at = (uint8_t *)e->room;
    i2d_X509(p->certificates[0], &at);
    at = put(at, &e->shown.leaf, sizes[0]);
    for (size_t i = 1; i < p->count; i++) {
        i2d_X509(p->certificates[i], &at);
        at = put(at, &e->chain[i - 1], sizes[i]);
    }
    i2d_PrivateKey(p->key, &at);
    at = put(at, &e->shown.key, key_size);
    memcpy(at, thing, strlen(thing) + 1);
    e->shown.thing = (const char *)at;
    e->shown.chain = e->chain;
    e->shown.chain_count = p->count - 1;
    return e;
}

static void entry_free(struct entry *e)
{
    if (e != NULL)
        free(e->room);
    free(e);
}

static bool is_thing(const char *name)
{
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-");

    return name[0] != '\0' && name[good] == '\0' && good <= THING_MAX;
}

static bool add(struct credential_set *set, const char *thing, const char *certificate,
                const char *key, struct error *err)
{
    struct pair pair = {0};
    struct entry *e = NULL;

    if (!is_thing(thing))
        return error_set(err, ERROR_USAGE,
                         "%s: \"%.140s\" is no thing's name (1 to %d letters, digits, : _ or -)",
                         certificate, thing, THING_MAX);
    if (read_pair(certificate, key, &pair, err)) {
        e = pack(thing, &pair);
        if (e == NULL)
            error_set(err, ERROR_USAGE, "%s: a kind of key that cannot be kept", key);
    }
    pair_done(&pair);
    if (e == NULL)
        return false;
    set->entries = xrealloc(set->entries, (set->count + 1) * sizeof(void *));
    set->entries[set->count++] = e;
    return true;
}

/* ---- a folder ---- */

static const struct {
    const char *certificate, *key;
} endings[] = {
    {"-certificate.pem.crt", "-private.pem.key"}, /* AWS IoT */
    {".cert.pem",            ".key.pem"        }, /* fleetsim pki export */
    {"/cert.pem",            "/key.pem"        }, /* fleetsim pki issue */
    {".crt",                 ".key"            },
    {".pem",                 ".key"            },
};

static bool exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The length of the thing's name in a certificate's file name, and which endings; 0: it is none. */
static size_t name_len(const char *file, size_t *ret_which)
{
    size_t len = strlen(file);

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t end = strlen(endings[i].certificate);
        if (len > end && strcmp(file + len - end, endings[i].certificate) == 0) {
            *ret_which = i;
            return len - end;
        }
    }
    return 0;
}

static bool add_file(struct credential_set *set, const char *dir, const char *file,
                     struct error *err)
{
    size_t which = 0, len = name_len(file, &which);

    if (len == 0 || strcmp(file, "ca.pem") == 0 || strcmp(file, "key.pem") == 0 ||
        (len > 4 && strcmp(endings[which].certificate, ".pem") == 0 &&
         strncmp(file + len - 4, ".key", 4) == 0))
        return true;
    char *thing = xstrndup(file, len);
    char *certificate = xasprintf("%s/%s", dir, file);
    char *key = xasprintf("%s/%s%s", dir, thing, endings[which].key);
    /* A root or an intermediate beside them has no key. */
    bool ok = !exists(key) && strcmp(endings[which].certificate, ".pem") == 0
                  ? true
                  : add(set, thing, certificate, key, err);
    free(key);
    free(certificate);
    free(thing);
    return ok;
}

static bool load_folder(struct credential_set *set, const char *dir, struct error *err)
{
    struct dirent **found;
    int n = scandir(dir, &found, NULL, alphasort);
    bool ok = true;

    if (n < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", dir, strerror(errno));
    for (int i = 0; i < n; i++) {
        char *inner = xasprintf("%s/%s/cert.pem", dir, found[i]->d_name);
        char *file = exists(inner) && found[i]->d_name[0] != '.'
                         ? xasprintf("%s/cert.pem", found[i]->d_name)
                         : xstrdup(found[i]->d_name);
        ok = ok && (found[i]->d_name[0] == '.' || add_file(set, dir, file, err));
        free(file);
        free(inner);
        free(found[i]);
    }
    free(found);
    return ok;
}

/* ---- a list ---- */

enum { COLUMN_THING, COLUMN_CERTIFICATE, COLUMN_KEY, COLUMN_COUNT, FIELDS_MAX = 32 };

/* Cuts the line at its commas; quotes around a field go. */
static size_t cut(char *line, char *fields[FIELDS_MAX])
{
    size_t count = 0;

    for (char *at = line; at != NULL && count < FIELDS_MAX;) {
        char *field = strsep(&at, ",");
        field += strspn(field, " \t");
        size_t len = strlen(field);
        while (len > 0 && strchr(" \t\r", field[len - 1]) != NULL)
            field[--len] = '\0';
        if (len > 1 && field[0] == '"' && field[len - 1] == '"') {
            field[len - 1] = '\0';
            field++;
        }
        fields[count++] = field;
    }
    return count;
}

static bool name_columns(char *const fields[], size_t count, size_t columns[COLUMN_COUNT])
{
    static const char *const names[COLUMN_COUNT][2] = {
        {"thing", "thing_name" },
        {"cert",  "certificate"},
        {"key",   "key"        }
    };
    size_t named = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t column = 0; column < COLUMN_COUNT; column++)
            if (strcmp(fields[i], names[column][0]) == 0 ||
                strcmp(fields[i], names[column][1]) == 0) {
                columns[column] = i;
                named++;
            }
    return named == COLUMN_COUNT;
}

static char *beside(const char *list, const char *path)
{
    const char *slash = strrchr(list, '/');

    if (path[0] == '/' || slash == NULL)
        return xstrdup(path);
    return xasprintf("%.*s/%s", (int)(slash - list), list, path);
}

static bool add_line(struct credential_set *set, const char *list, char *const fields[],
                     const size_t columns[COLUMN_COUNT], struct error *err)
{
    char *certificate = beside(list, fields[columns[COLUMN_CERTIFICATE]]);
    char *key = beside(list, fields[columns[COLUMN_KEY]]);
    bool ok = add(set, fields[columns[COLUMN_THING]], certificate, key, err);

    free(key);
    free(certificate);
    return ok;
}

static bool load_lines(struct credential_set *set, const char *path, char *text, struct error *err)
{
    size_t columns[COLUMN_COUNT] = {0, 1, 2};
    char *fields[FIELDS_MAX];

    for (unsigned number = 1; text != NULL; number++) {
        char *line = strsep(&text, "\n");
        if (line[strspn(line, " \t\r")] == '\0' || line[0] == '#')
            continue;
        size_t count = cut(line, fields);
        if (number == 1 && name_columns(fields, count, columns))
            continue;
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            if (columns[i] >= count)
                return error_set(err, ERROR_USAGE,
                                 "%s:%u: thing, cert and key expected, with commas", path, number);
        if (!add_line(set, path, fields, columns, err))
            return error_prefix(err, "%s:%u", path, number);
    }
    return true;
}

static bool load_list(struct credential_set *set, const char *path, struct error *err)
{
    struct buf text;

    buf_init(&text, CSV_MAX);
    bool ok = store_read(path, &text, err) &&
              (strlen(buf_cstr(&text)) == buf_len(&text) ||
               error_set(err, ERROR_USAGE, "%s: not a list of certificates (CSV)", path));
    if (ok) {
        char *copy = xstrndup(buf_cstr(&text), buf_len(&text));
        ok = load_lines(set, path, copy, err);
        free(copy);
    }
    buf_done(&text);
    return ok;
}

/* ---- all of them ---- */

static int by_thing(const void *a, const void *b)
{
    const struct entry *const *left = a, *const *right = b;

    return strcmp((*left)->shown.thing, (*right)->shown.thing);
}

/* Two cars of one name would throw each other out of the cloud for ever. */
static bool check_twice(const struct credential_set *set, const char *path, struct error *err)
{
    const char *twice = NULL;

    if (set->count == 0)
        return true;
    struct entry **sorted = xmalloc(set->count * sizeof(void *));
    memcpy(sorted, set->entries, set->count * sizeof(void *));
    qsort(sorted, set->count, sizeof(void *), by_thing);
    for (size_t i = 1; i < set->count && twice == NULL; i++)
        if (by_thing(&sorted[i - 1], &sorted[i]) == 0)
            twice = sorted[i]->shown.thing;
    free(sorted);
    return twice == NULL ||
           error_set(err, ERROR_USAGE, "%s: the thing %s has two certificates", path, twice);
}

struct credential_set *credential_set_load(const char *path, struct error *err)
{
    struct credential_set *set = xcalloc(1, sizeof *set);
    struct stat st;
    bool ok = stat(path, &st) == 0 || error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));

    ok = ok && (S_ISDIR(st.st_mode) ? load_folder(set, path, err) : load_list(set, path, err));
    ok = ok && (set->count > 0 ||
                error_set(err, ERROR_USAGE,
                          "%s: no certificates in it (THING.cert.pem with THING.key.pem, or a CSV "
                          "with thing, cert, key)",
                          path));
    if (ok && check_twice(set, path, err))
        return set;
    credential_set_free(set);
    return NULL;
}

void credential_set_free(struct credential_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        entry_free(set->entries[i]);
    free(set->entries);
    free(set);
}

size_t credential_set_count(const struct credential_set *set)
{
    return set->count;
}

const struct credential *credential_set_at(const struct credential_set *set, size_t index)
{
    return &set->entries[index]->shown;
}

/* ---- for others ---- */

static bool write_certificate(BIO *bio, struct slice der)
{
    const unsigned char *at = der.data;
    X509 *one = d2i_X509(NULL, &at, (long)der.len);
    bool ok = one != NULL && PEM_write_bio_X509(bio, one) == 1;

    X509_free(one);
    return ok;
}

static bool write_key(BIO *bio, struct slice der)
{
    const unsigned char *at = der.data;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
    bool ok = key != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

    EVP_PKEY_free(key);
    return ok;
}

bool credential_pem(const struct credential *c, struct buf *to)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = bio != NULL && write_certificate(bio, c->leaf);

    for (size_t i = 0; ok && i < c->chain_count; i++)
        ok = write_certificate(bio, c->chain[i]);
    ok = ok && write_key(bio, c->key);
    long len = ok ? BIO_get_mem_data(bio, &text) : 0;
    ok = ok && len > 0 && buf_append(to, text, (size_t)len);
    BIO_free(bio);
    return ok;
}

bool credential_common_name(const char *path, char *ret, size_t size, struct error *err)
{
    struct pair pair = {0};
    bool ok = read_certificates(path, &pair, err);

    if (ok && X509_NAME_get_text_by_NID(X509_get_subject_name(pair.certificates[0]), NID_commonName,
                                        ret, (int)size) <= 0)
        ok = error_set(err, ERROR_USAGE, "%s: its subject has no common name", path);
    pair_done(&pair);
    return ok;
}
