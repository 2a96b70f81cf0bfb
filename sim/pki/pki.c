#include "pki/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/json.h"
#include "base/store.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "pki/ocsp.h"
#include "pki/pem_file.h"
#include "pki/pki_inside.h"

#define DAY                INT64_C(86400)
#define DEFAULT_NOT_BEFORE INT64_C(1735689600) /* 2025-01-01 */
#define DEFAULT_NOT_AFTER  INT64_C(2366841600) /* 2045-01-01 */
#define SERVER_DAYS        397                 /* Apple and Chrome refuse servers of 399 and more */
#define SERVER_RENEW_DAYS  30
#define RANDOM_SEED_SIZE   16

/* ORDER PKI_FILE */
static const char *const file_names[PKI_FILE_COUNT] = {
    "ca.pem",    "ca.key",     "intermediate.pem", "intermediate.key", "cloud.pem",
    "cloud.key", "server.pem", "server.key",       "fleet.bin",        "pki.json",
};

static const char *const default_names[] = {"localhost", "127.0.0.1", "::1"};

static struct pki *pki_new(const char *dir)
{
    struct pki *pki = xcalloc(1, sizeof *pki);

    pki->dir = xstrdup(dir);
    for (int i = 0; i < PKI_FILE_COUNT; i++)
        pki->paths[i] = xasprintf("%s/pki/%s", dir, file_names[i]);
    pki->ec = ec_new();
    buf_init(&pki->root, PEM_FILE_MAX);
    buf_init(&pki->intermediate, PEM_FILE_MAX);
    return pki;
}

void pki_free(struct pki *pki)
{
    if (pki == NULL)
        return;
    fleet_file_free(pki->fleet);
    rotated_free(pki->rotated);
    buf_done(&pki->root);
    buf_done(&pki->intermediate);
    OPENSSL_cleanse(&pki->issuer, sizeof pki->issuer);
    ec_free(pki->ec);
    settings_done(&pki->settings);
    for (int i = 0; i < PKI_FILE_COUNT; i++)
        free(pki->paths[i]);
    free(pki->dir);
    free(pki);
}

const char *pki_path(const struct pki *pki, enum pki_file file)
{
    return pki->paths[file];
}

const char *pki_seed(const struct pki *pki)
{
    return pki->settings.seed;
}

void pki_validity(const struct pki *pki, int64_t *ret_not_before, int64_t *ret_not_after)
{
    *ret_not_before = pki->settings.not_before;
    *ret_not_after = pki->settings.not_after;
}

struct slice pki_root(const struct pki *pki)
{
    return buf_slice(&pki->root);
}

struct slice pki_intermediate(const struct pki *pki)
{
    return buf_slice(&pki->intermediate);
}

const struct fleet_file *pki_fleet(const struct pki *pki)
{
    return pki->fleet;
}

static bool exists(const struct pki *pki, enum pki_file file)
{
    return access(pki->paths[file], F_OK) == 0;
}

int pki_lock(const struct pki *pki, int how, struct error *err)
{
    char *path = xasprintf("%s/pki", pki->dir);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), why = errno;

    while (fd >= 0 && flock(fd, how) != 0)
        if ((why = errno) != EINTR) {
            close(fd);
            fd = -1;
        }
    if (fd < 0)
        error_set(err, ERROR_USAGE,
                  "%.300s: %s (make it with \"fleetsim pki init\", or check its permissions)", path,
                  strerror(why));
    free(path);
    errno = why;
    return fd;
}

/* ---- authorities -------------------------------------------------------------------------- */

static const struct authority {
    enum pki_file file; /* its key's follows */
    enum certificate_role role;
    const char *kind, *title;
} root_authority =
    {
        PKI_FILE_CA, CERTIFICATE_ROOT, "root", "root"
},
  other_authorities[] = {
      {PKI_FILE_INTERMEDIATE, CERTIFICATE_INTERMEDIATE, "intermediate", "issuing"},
      {PKI_FILE_CLOUD, CERTIFICATE_INTERMEDIATE, "cloud", "cloud"},
};

/* `issuer` NULL: signs itself. */
static bool make_authority(struct pki *pki, const struct authority *authority,
                           const struct certificate_issuer *issuer, struct error *err)
{
    struct ec_key key;
    uint8_t spki[EC_SPKI_SIZE] = {0};
    char name[40];
    struct buf der;
    struct slice seed = slice_str(pki->settings.seed);

    ec_key_derive(pki->ec, seed, authority->kind, 0, 0, &key);
    ec_key_spki(&key, spki);
    /* The number tells the authorities of different seeds apart in a trust store. */
    snprintf(name, sizeof name, "fleetsim %s CA %08x", authority->title,
             (unsigned)(identity_fleet(seed) >> 32));
    const struct certificate_issuer self = {.key = key};
    const struct certificate_request request = {
        .role = authority->role,
        .name = name,
        .spki = slice_of(spki, sizeof spki),
        .not_before = pki->settings.not_before,
        .not_after = pki->settings.not_after,
    };
    buf_init(&der, CERTIFICATE_MAX);
    bool ok = certificate_make(pki->ec, issuer != NULL ? issuer : &self, &request, &der, err) &&
              pem_file_write_key(pki->paths[authority->file + 1], &key, err);
    const struct slice whole = buf_slice(&der);
    ok = ok && pem_file_write_certificates(pki->paths[authority->file], &whole, 1, err);
    buf_done(&der);
    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}

/* The certificates are written after their keys: what has a certificate is whole. */
static bool ensure_authorities(struct pki *pki, struct error *err)
{
    struct certificate_issuer root = {0};
    bool ok = true;

    if (!exists(pki, PKI_FILE_CA) && !make_authority(pki, &root_authority, NULL, err))
        return false;
    buf_clear(&pki->root);
    if (!pem_file_read_certificate(pki->paths[PKI_FILE_CA], &pki->root, err))
        return false;
    for (size_t i = 0; ok && i < sizeof other_authorities / sizeof *other_authorities; i++) {
        if (exists(pki, other_authorities[i].file))
            continue;
        /* Somebody who keeps the root's key elsewhere does without what is new. */
        if (i > 0 && !exists(pki, PKI_FILE_CA_KEY))
            break;
        ok = pem_file_read_issuer(pki->paths[PKI_FILE_CA_KEY], pki->ec, buf_slice(&pki->root),
                                  &root, err) &&
             make_authority(pki, &other_authorities[i], &root, err);
    }
    OPENSSL_cleanse(&root, sizeof root);
    return ok;
}

/* ---- fleet -------------------------------------------------------------------------------- */

static struct fleet_recipe recipe_of(const struct pki *pki)
{
    return (struct fleet_recipe){.seed = slice_str(pki->settings.seed),
                                 .issuer = pki->issuer,
                                 .not_before = pki->settings.not_before,
                                 .not_after = pki->settings.not_after};
}

static bool open_rotated(struct pki *pki, struct error *err)
{
    struct fleet_recipe recipe = recipe_of(pki);
    uint8_t digest[FLEET_RECIPE_SIZE];
    char *path = xasprintf("%s/pki/rotated.bin", pki->dir);

    fleet_recipe_digest(&recipe, digest);
    OPENSSL_cleanse(&recipe.issuer, sizeof recipe.issuer);
    rotated_free(pki->rotated);
    pki->rotated = rotated_open(path, digest, err);
    free(path);
    return pki->rotated != NULL;
}

static bool open_fleet(struct pki *pki, struct error *err)
{
    if (!exists(pki, PKI_FILE_FLEET))
        return true;
    struct fleet_recipe recipe = recipe_of(pki);
    struct fleet_file *fleet = fleet_file_open(pki->paths[PKI_FILE_FLEET], &recipe, err);
    OPENSSL_cleanse(&recipe.issuer, sizeof recipe.issuer);
    if (fleet == NULL)
        return false;
    fleet_file_free(pki->fleet);
    pki->fleet = fleet;
    return true;
}

static bool grow_locked(struct pki *pki, uint32_t vehicles, const struct fleet_progress *progress,
                        struct error *err)
{
    if (vehicles == 0)
        return true;
    struct fleet_recipe recipe = recipe_of(pki);
    bool ok = fleet_file_build(pki->paths[PKI_FILE_FLEET], &recipe, vehicles, 0, progress, err);
    OPENSSL_cleanse(&recipe.issuer, sizeof recipe.issuer);
    return ok && open_fleet(pki, err);
}

bool pki_grow(struct pki *pki, uint32_t vehicles, struct error *err)
{
    if (pki->fleet != NULL && fleet_file_count(pki->fleet) >= vehicles)
        return true;
    int fd = pki_lock(pki, LOCK_EX, err);
    if (fd < 0)
        return false;
    bool ok = grow_locked(pki, vehicles, NULL, err);
    close(fd);
    return ok;
}

/* ---- issuing ------------------------------------------------------------------------------ */

/* Whole days, so that what is issued twice on a day is the same. */
static int64_t yesterday(void)
{
    return (clock_wall_ms() / 1000 / DAY - 1) * DAY;
}

static void derive_key(const struct pki *pki, const struct pki_request *request, struct ec_key *ret)
{
    const char *role = certificate_role_name(request->role);
    struct slice seed = slice_str(pki->settings.seed);

    if (request->role == CERTIFICATE_VEHICLE && request->index >= 0) {
        ec_key_derive(pki->ec, seed, role, (uint64_t)request->index, request->generation, ret);
        return;
    }
    char *kind = xasprintf("%s:%s", role, request->name);
    ec_key_derive(pki->ec, seed, kind, 0, request->generation, ret);
    free(kind);
}

static void choose_dates(const struct pki *pki, const struct pki_request *request,
                         struct certificate_request *ret)
{
    ret->not_before = request->not_before;
    ret->not_after = request->not_after;
    if (request->not_before != 0 || request->not_after != 0)
        return;
    if (request->role == CERTIFICATE_SERVER) {
        ret->not_before = yesterday();
        ret->not_after = ret->not_before + SERVER_DAYS * DAY;
        return;
    }
    pki_validity(pki, &ret->not_before, &ret->not_after);
}

bool pki_issue(struct pki *pki, const struct pki_request *request, struct pki_credential *ret,
               struct error *err)
{
    const char *names[SETTINGS_NAMES_MAX + 1] = {request->name};
    uint8_t spki[EC_SPKI_SIZE] = {0};
    struct ec_key key;
    struct buf der;

    if (request->role == CERTIFICATE_ROOT || request->role == CERTIFICATE_INTERMEDIATE ||
        request->role >= CERTIFICATE_ROLE_COUNT)
        return error_set(err, ERROR_USAGE,
                         "role %s: a PKI directory has one (issue server, vehicle, companion or "
                         "claim)",
                         certificate_role_name(request->role));
    if (request->alt_name_count > SETTINGS_NAMES_MAX)
        return error_set(err, ERROR_USAGE, "server \"%.64s\": more than %d names (give fewer)",
                         request->name, SETTINGS_NAMES_MAX);
    for (size_t i = 0; i < request->alt_name_count; i++)
        names[i + 1] = request->alt_names[i];
    derive_key(pki, request, &key);
    ec_key_spki(&key, spki);
    struct certificate_request r = {.role = request->role,
                                    .name = request->name,
                                    .spki = slice_of(spki, sizeof spki),
                                    .alt_names = names,
                                    .alt_name_count = request->alt_name_count + 1,
                                    .responder = request->responder};
    choose_dates(pki, request, &r);
    buf_init(&der, CERTIFICATE_MAX);
    bool ok = certificate_make(pki->ec, &pki->issuer, &r, &der, err);
    if (ok) {
        ret->key = key;
        ret->certificate_len = buf_len(&der);
        memcpy(ret->certificate, buf_data(&der), buf_len(&der));
    }
    buf_done(&der);
    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}

static bool write_chain(const struct pki *pki, const char *path, struct slice certificate,
                        struct error *err)
{
    const struct slice chain[] = {certificate, pki_intermediate(pki)};

    return pem_file_write_certificates(path, chain, 2, err);
}

bool pki_write_credential(const struct pki *pki, const char *dir, struct slice certificate,
                          const struct ec_key *key, struct error *err)
{
    char *paths[] = {xasprintf("%s/key.pem", dir), xasprintf("%s/cert.pem", dir),
                     xasprintf("%s/ca.pem", dir)};
    const struct slice root = pki_root(pki);

    bool ok = store_make_dir(dir, err) && pem_file_write_key(paths[0], key, err) &&
              write_chain(pki, paths[1], certificate, err) &&
              pem_file_write_certificates(paths[2], &root, 1, err);
    for (size_t i = 0; i < 3; i++)
        free(paths[i]);
    return ok;
}

char *pki_issued_dir(const struct pki *pki, const char *name, struct error *err)
{
    if (name[0] != '\0' && name[0] != '.' && name[0] != '-' && strchr(name, '/') == NULL &&
        strlen(name) <= 64)
        return xasprintf("%s/issued/%s", pki->dir, name);
    error_set(err, ERROR_USAGE,
              "name \"%.64s\": it cannot name a directory (use 1 to 64 bytes without '/', not "
              "beginning with '.' or '-')",
              name);
    return NULL;
}

/* ---- server ------------------------------------------------------------------------------- */

static bool make_server(struct pki *pki, struct error *err)
{
    struct pki_credential credential = {0};
    const struct pki_request request = {
        .role = CERTIFICATE_SERVER,
        .name = pki->settings.server_names[0],
        .index = -1,
        .alt_names = (const char *const *)(pki->settings.server_names + 1),
        .alt_name_count = pki->settings.server_name_count - 1,
        .responder = pki->settings.responder,
    };

    if (!pki_issue(pki, &request, &credential, err))
        return false;
    bool ok = pem_file_write_key(pki->paths[PKI_FILE_SERVER_KEY], &credential.key, err) &&
              write_chain(pki, pki->paths[PKI_FILE_SERVER],
                          slice_of(credential.certificate, credential.certificate_len), err);
    OPENSSL_cleanse(&credential.key, sizeof credential.key);
    return ok;
}

static bool add_names(struct settings *settings, const char *const *names, size_t count,
                      bool *ret_new, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!settings_add_name(settings, names[i], ret_new))
            return error_set(err, ERROR_USAGE,
                             "server name \"%.64s\": more than %d names (give "
                             "fewer)",
                             names[i], SETTINGS_NAMES_MAX);
    return true;
}

static bool renew_locked(struct pki *pki, const char *const *names, size_t count, struct error *err)
{
    struct settings *settings = &pki->settings;
    size_t before = settings->server_name_count;
    bool changed = false;

    if (add_names(settings, names, count, &changed, err) && make_server(pki, err) &&
        (!changed || settings_write(pki->paths[PKI_FILE_SETTINGS], settings, err)))
        return true;
    /* A name that no certificate can hold is not kept. */
    while (settings->server_name_count > before)
        free(settings->server_names[--settings->server_name_count]);
    return false;
}

bool pki_renew_server(struct pki *pki, const char *const *names, size_t count, struct error *err)
{
    int fd = pki_lock(pki, LOCK_EX, err);

    if (fd < 0)
        return false;
    bool ok = renew_locked(pki, names, count, err);
    close(fd);
    return ok;
}

static bool server_is_fresh(struct pki *pki)
{
    struct buf der;
    int64_t from, to;
    struct error ignored;

    buf_init(&der, PEM_FILE_MAX);
    bool fresh = exists(pki, PKI_FILE_SERVER_KEY) &&
                 pem_file_read_certificate(pki->paths[PKI_FILE_SERVER], &der, &ignored) &&
                 certificate_validity(buf_slice(&der), &from, &to, &ignored) &&
                 to - yesterday() > SERVER_RENEW_DAYS * DAY;
    buf_done(&der);
    return fresh;
}

/* Is it another responder? */
static bool take_responder(struct pki *pki, const char *url)
{
    struct settings *s = &pki->settings;

    if (url == NULL || (s->responder != NULL && strcmp(s->responder, url) == 0))
        return false;
    free(s->responder);
    s->responder = xstrdup(url);
    return true;
}

static bool ensure_server(struct pki *pki, const struct pki_options *options, struct error *err)
{
    bool other = take_responder(pki, options->responder);
    bool wanted = other || !server_is_fresh(pki);

    for (size_t i = 0; i < options->server_name_count; i++) {
        bool have = false;
        for (size_t j = 0; j < pki->settings.server_name_count; j++)
            have = have || strcmp(pki->settings.server_names[j], options->server_names[i]) == 0;
        wanted = wanted || !have;
    }
    return !wanted ||
           (renew_locked(pki, options->server_names, options->server_name_count, err) &&
            (!other || settings_write(pki->paths[PKI_FILE_SETTINGS], &pki->settings, err)));
}

/* ---- directory ---------------------------------------------------------------------------- */

static bool load(struct pki *pki, struct error *err)
{
    buf_clear(&pki->root);
    buf_clear(&pki->intermediate);
    return pem_file_read_certificate(pki->paths[PKI_FILE_CA], &pki->root, err) &&
           pem_file_read_certificate(pki->paths[PKI_FILE_INTERMEDIATE], &pki->intermediate, err) &&
           pem_file_read_issuer(pki->paths[PKI_FILE_INTERMEDIATE_KEY], pki->ec,
                                buf_slice(&pki->intermediate), &pki->issuer, err) &&
           open_fleet(pki, err) && open_rotated(pki, err);
}

struct pki *pki_open(const char *dir, struct error *err)
{
    struct pki *pki = pki_new(dir);
    int fd = -1;
    bool ok = false;

    if (!exists(pki, PKI_FILE_SETTINGS))
        error_set(err, ERROR_USAGE,
                  "%.300s: no PKI there (make one with \"fleetsim pki init --dir DIR\")", dir);
    else if ((fd = pki_lock(pki, LOCK_SH, err)) >= 0)
        ok = settings_read(pki->paths[PKI_FILE_SETTINGS], &pki->settings, err) && load(pki, err);
    if (fd >= 0)
        close(fd);
    if (ok)
        return pki;
    pki_free(pki);
    return NULL;
}

static char *random_seed(void)
{
    uint8_t bytes[RANDOM_SEED_SIZE];
    char *seed = xmalloc(2 * sizeof bytes + 1);

    OPENSSL_assert(RAND_bytes(bytes, sizeof bytes) == 1);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(seed + 2 * i, 3, "%02x", bytes[i]);
    return seed;
}

static bool check_options(const struct pki_options *o, struct error *err)
{
    if (o->seed != NULL &&
        (strlen(o->seed) > SETTINGS_SEED_MAX || !json_is_utf8(slice_str(o->seed))))
        return error_set(err, ERROR_USAGE, "seed: not UTF-8 of at most %d bytes (choose another)",
                         SETTINGS_SEED_MAX);
    if (o->vehicles > IDENTITY_MAX)
        return error_set(err, ERROR_USAGE,
                         "%u vehicles: a fleet has at most %u (use several seeds)", o->vehicles,
                         IDENTITY_MAX);
    if (o->responder != NULL && !ocsp_url_check(o->responder, err))
        return false;
    if (o->not_after < o->not_before)
        return error_set(err, ERROR_USAGE,
                         "validity: it would end before it begins (check the "
                         "dates)");
    return true;
}

static bool settings_from_options(struct pki *pki, const struct pki_options *o, struct error *err)
{
    struct settings *s = &pki->settings;
    bool changed;

    if (exists(pki, PKI_FILE_CA) || exists(pki, PKI_FILE_CA_KEY))
        return error_set(err, ERROR_USAGE,
                         "%.300s/pki: there are keys but no pki.json (restore it, or move the "
                         "directory away)",
                         pki->dir);
    bool dated = o->not_before != 0 || o->not_after != 0;
    s->seed = o->seed != NULL && o->seed[0] != '\0' ? xstrdup(o->seed) : random_seed();
    s->not_before = dated ? o->not_before : DEFAULT_NOT_BEFORE;
    s->not_after = dated ? o->not_after : DEFAULT_NOT_AFTER;
    return add_names(s, default_names, sizeof default_names / sizeof *default_names, &changed,
                     err) &&
           settings_write(pki->paths[PKI_FILE_SETTINGS], s, err);
}

static bool settings_from_file(struct pki *pki, const struct pki_options *o, struct error *err)
{
    const char *path = pki->paths[PKI_FILE_SETTINGS];
    struct settings *s = &pki->settings;

    if (!settings_read(path, s, err))
        return false;
    if (o->seed != NULL && o->seed[0] != '\0' && strcmp(o->seed, s->seed) != 0)
        return error_set(err, ERROR_USAGE,
                         "%.300s: that PKI has another seed (use another directory, or leave the "
                         "seed out)",
                         pki->dir);
    if ((o->not_before != 0 || o->not_after != 0) &&
        (o->not_before != s->not_before || o->not_after != s->not_after))
        return error_set(err, ERROR_USAGE,
                         "%.300s: that PKI has another validity (use another directory, or leave "
                         "the dates out)",
                         pki->dir);
    return true;
}

static bool init_locked(struct pki *pki, const struct pki_options *options, struct error *err)
{
    bool (*settle)(struct pki *, const struct pki_options *, struct error *) =
        exists(pki, PKI_FILE_SETTINGS) ? settings_from_file : settings_from_options;

    return settle(pki, options, err) && ensure_authorities(pki, err) && load(pki, err) &&
           ensure_server(pki, options, err) &&
           grow_locked(pki, options->vehicles, options->progress, err);
}

bool pki_init(const char *dir, const struct pki_options *options, struct error *err)
{
    if (dir[0] == '\0')
        return error_set(err, ERROR_USAGE, "PKI directory: empty name (give one, . for this)");
    if (!check_options(options, err))
        return false;
    struct pki *pki = pki_new(dir);
    char *inner = xasprintf("%s/pki", dir);
    bool ok = store_make_dir(inner, err);
    int fd = ok ? pki_lock(pki, LOCK_EX, err) : -1;

    ok = fd >= 0 && init_locked(pki, options, err);
    if (fd >= 0)
        close(fd);
    free(inner);
    pki_free(pki);
    return ok;
}
