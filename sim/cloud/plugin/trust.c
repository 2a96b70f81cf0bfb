#include "cloud/plugin/trust.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>

#define PATH_SIZE 1024
/* As many may have names of one hash. */
#define SAME_HASH_MAX 100

struct issuing {
    X509 *certificate;
    enum first_contact_origin origin;
    char authority[REGISTRY_ID_SIZE];
};

struct trust {
    struct issuing *items;
    size_t count;
    size_t own; /* of them, before those that are registered */
    bool knows_fleet;
    bool keeps_all;
    unsigned learned; /* what cloud_authorities_changed() said then */
    char *folder;
};

struct trust *trust_new(void)
{
    return calloc(1, sizeof(struct trust));
}

static void forget(struct trust *t, size_t from)
{
    while (t->count > from)
        X509_free(t->items[--t->count].certificate);
}

void trust_free(struct trust *t)
{
    if (t == NULL)
        return;
    forget(t, 0);
    free(t->items);
    free(t->folder);
    free(t);
}

/* Takes the certificate over. */
static bool add(struct trust *t, X509 *certificate, enum first_contact_origin origin,
                const char *authority)
{
    struct issuing *items = realloc(t->items, (t->count + 1) * sizeof *items);

    if (items == NULL) {
        X509_free(certificate);
        return false;
    }
    t->items = items;
    t->items[t->count] = (struct issuing){.certificate = certificate, .origin = origin};
    snprintf(t->items[t->count].authority, sizeof t->items[t->count].authority, "%s", authority);
    t->count++;
    return true;
}

/* All certificates of a PEM text. */
static bool add_all(struct trust *t, BIO *bio, enum first_contact_origin origin,
                    const char *authority)
{
    bool ok = bio != NULL;
    X509 *certificate;

    while (ok && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        ok = add(t, certificate, origin, authority);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

bool trust_add_fleet(struct trust *t, const char *path)
{
    t->knows_fleet = true;
    bool ok = add_all(t, BIO_new_file(path, "r"), FIRST_CONTACT_FLEET, "");
    t->own = t->count;
    return ok;
}

bool trust_add_cloud(struct trust *t, const char *path)
{
    bool ok = add_all(t, BIO_new_file(path, "r"), FIRST_CONTACT_CLOUD, "");

    t->own = t->count;
    return ok;
}

void trust_keep_all(struct trust *t)
{
    t->keeps_all = true;
}

bool trust_keeps_all(const struct trust *t)
{
    return t->keeps_all;
}

bool trust_set_folder(struct trust *t, const char *folder)
{
    free(t->folder);
    t->folder = strdup(folder);
    return t->folder != NULL;
}

enum first_contact_origin trust_origin(const struct trust *t, X509 *leaf,
                                       const char **ret_authority)
{
    bool verify = t->count > t->own;

    for (size_t i = 0; i < t->count; i++) {
        const struct issuing *who = &t->items[i];
        if (X509_check_issued(who->certificate, leaf) != X509_V_OK ||
            (verify && X509_verify(leaf, X509_get0_pubkey(who->certificate)) != 1))
            continue;
        *ret_authority = who->authority;
        return who->origin;
    }
    ERR_clear_error();
    return t->knows_fleet ? FIRST_CONTACT_STRANGER : FIRST_CONTACT_FLEET;
}

/* ---- the folder ---- */

/* Has the file these very bytes (after a restart)? */
static bool is_same(const char *path, const char *pem, size_t len)
{
    char *there = malloc(len + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool same = there != NULL && fd >= 0 && read(fd, there, len + 1) == (ssize_t)len &&
                memcmp(there, pem, len) == 0;

    if (fd >= 0)
        close(fd);
    free(there);
    return same;
}

/* HASH.0, or the next number that is free. */
static bool put_file(const char *folder, unsigned long hash, const char *pem, size_t len)
{
    char path[PATH_SIZE];

    for (int n = 0; n < SAME_HASH_MAX; n++) {
        snprintf(path, sizeof path, "%s/%08lx.%d", folder, hash, n);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && is_same(path, pem, len))
            return true;
        if (fd < 0)
            continue;
        bool ok = write(fd, pem, len) == (ssize_t)len;
        return close(fd) == 0 && ok;
    }
    return false;
}

static bool put_certificate(const char *folder, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;

    if (ok) {
        long len = BIO_get_mem_data(bio, &text);
        ok = put_file(folder, X509_subject_name_hash(certificate), text, (size_t)len);
    }
    BIO_free(bio);
    return ok;
}

static void learn_one(void *ctx, const char *id, const char *pem)
{
    struct trust *t = ctx;
    size_t from = t->count;

    add_all(t, BIO_new_mem_buf(pem, -1), FIRST_CONTACT_AUTHORITY, id);
    for (size_t i = from; t->folder != NULL && i < t->count; i++)
        if (!put_certificate(t->folder, t->items[i].certificate))
            mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s: an authority cannot be written",
                                 t->folder);
}

void trust_learn(struct trust *t, const struct cloud *cloud)
{
    unsigned now = cloud_authorities_changed(cloud);

    if (now == t->learned)
        return;
    t->learned = now;
    forget(t, t->own);
    cloud_each_authority(cloud, learn_one, t);
}
