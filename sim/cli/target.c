#include "cli/target.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "artifacts/artifact_server.h"
#include "base/json.h"
#include "base/xmem.h"
#include "broker/broker.h"
#include "broker/control.h"
#include "net/endpoints.h"
#include "pki/credential_set.h"
#include "pki/pki.h"

#define APP_NAME "companion"

/* ---- the companions' certificate ---- */

static bool issue_app(struct target *t, struct error *err)
{
    struct pki *pki = pki_open(t->pki_dir, err);
    struct pki_request request = {.role = CERTIFICATE_COMPANION, .name = APP_NAME, .index = -1};
    struct pki_credential credential;
    bool ok = false;

    if (pki == NULL)
        return false;
    char *dir = pki_issued_dir(pki, APP_NAME, err);
    if (dir != NULL && pki_issue(pki, &request, &credential, err)) {
        struct slice der = slice_of(credential.certificate, credential.certificate_len);
        ok = pki_write_credential(pki, dir, der, &credential.key, err);
        t->app_cert = xasprintf("%s/cert.pem", dir);
        t->app_key = xasprintf("%s/key.pem", dir);
        t->app_name = xstrdup(APP_NAME);
        if (t->ca_file == NULL)
            t->ca_file = xstrdup(pki_path(pki, PKI_FILE_CA));
    }
    free(dir);
    pki_free(pki);
    return ok;
}

/* Brought along. Client ids begin with the certificate's name, as policies want it. */
static bool take_app(struct target *t, const struct target_options *options, struct error *err)
{
    char name[129];

    if (options->app_cert == NULL || options->app_key == NULL)
        return error_set(err, ERROR_USAGE, "--app-cert and --app-key belong together");
    if (!credential_check_mode(options->app_key, err) ||
        !credential_common_name(options->app_cert, name, sizeof name, err))
        return false;
    t->app_cert = xstrdup(options->app_cert);
    t->app_key = xstrdup(options->app_key);
    t->app_name = xstrdup(options->app_name != NULL ? options->app_name : name);
    return true;
}

/* ---- our own cloud ---- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Not a word that others might begin a folder with. */
#define TEMPORARY_PREFIX "fleetsim-run-"

/* Held for as long as the run lives, also seen from another container that shares the folder. */
static int lock_folder(const char *path, int flags)
{
    char *name = xasprintf("%s/lock", path);
    int fd = open(name, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

    free(name);
    if (fd >= 0 && flock(fd, LOCK_EX | flags) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Between its making and its locking a folder belongs to a run that starts just now. */
#define YOUNG_S 60

static void remove_if_left(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
        time(NULL) - st.st_mtime < YOUNG_S)
        return;
    int fd = lock_folder(path, LOCK_NB);
    if (fd < 0)
        return;
    remove_tree(path);
    close(fd);
}

/* A run that was killed could not clean up. */
static void remove_leftovers(const char *root)
{
    DIR *dir = opendir(root);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0)
            continue;
        char *path = xasprintf("%s/%s", root, entry->d_name);
        remove_if_left(path);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
}

static bool make_temporary(struct target *t, struct error *err)
{
    const char *root = getenv("TMPDIR");

    if (root == NULL || *root == '\0')
        root = "/tmp";
    remove_leftovers(root);
    char *name = xasprintf("%s/" TEMPORARY_PREFIX "XXXXXX", root);
    if (mkdtemp(name) == NULL) {
        error_set(err, ERROR_USAGE, "%s: %s (set TMPDIR to a folder that can be written)", name,
                  strerror(errno));
        free(name);
        return false;
    }
    t->temporary = name;
    t->lock = lock_folder(name, 0);
    return true;
}

/* Where updates are, below the folder of a cloud. */
static void name_updates(struct target *t, const char *dir, bool served)
{
    t->updates.signing_dir = xasprintf("%s/code-signing", dir);
    t->updates.artifacts_dir = served ? xasprintf("%s/artifacts", dir) : NULL;
}

static bool start_artifacts(struct target *t, const struct pki *pki, struct error *err)
{
    name_updates(t, t->temporary, true);
    const struct artifact_server_options options = {.dir = t->updates.artifacts_dir,
                                                    .certificate = pki_path(pki, PKI_FILE_SERVER),
                                                    .key = pki_path(pki, PKI_FILE_SERVER_KEY)};
    t->updates.server = artifact_server_new(&options, err);
    return t->updates.server != NULL;
}

static bool start_own(struct target *t, const struct target_options *options, struct error *err)
{
    char seed[32];
    struct pki_options pki = {
        .seed = seed, .vehicles = options->vehicles, .progress = options->progress};

    if ((options->page && !secret_make(t->page_token, err)) || !make_temporary(t, err))
        return false;
    t->pki_dir = xstrdup(t->temporary);
    snprintf(seed, sizeof seed, "run-%" PRIu64, options->seed);
    if (!pki_init(t->pki_dir, &pki, err))
        return error_prefix(err, "local cloud");
    struct pki *made = pki_open(t->pki_dir, err);
    if (made == NULL || !start_artifacts(t, made, err)) {
        pki_free(made);
        return error_prefix(err, "local cloud");
    }
    struct broker_options broker = {
        .dir = t->temporary,
        .certificate = pki_path(made, PKI_FILE_SERVER),
        .key = pki_path(made, PKI_FILE_SERVER_KEY),
        .ca = pki_path(made, PKI_FILE_CA),
        .intermediate = pki_path(made, PKI_FILE_INTERMEDIATE),
        .issuer = pki_path(made, PKI_FILE_CLOUD),
        .issuer_key = pki_path(made, PKI_FILE_CLOUD_KEY),
        .websocket = options->websocket,
        .page_token = options->page ? t->page_token : NULL,
        .virtual_clock = options->virtual_time,
        .clock_ms = options->epoch_ms,
        .more = options->broker_conf,
        .services = options->services,
    };
    broker.services.seed = options->seed;
    broker.services.presign = artifact_server_presign(t->updates.server);
    broker.services.artifacts = t->updates.artifacts_dir;
    if (options->virtual_time)
        artifact_server_set_clock(t->updates.server, options->epoch_ms);
    t->broker = broker_start(&broker, err);
    pki_free(made);
    if (t->broker == NULL)
        return error_prefix(err, "local cloud");
    t->uri = xstrdup(options->websocket ? broker_websocket(t->broker) : broker_endpoint(t->broker));
    t->app_uri = xstrdup(broker_endpoint(t->broker));
    t->page_uri = options->page ? xstrdup(broker_page(t->broker)) : NULL;
    return true;
}

/* ---- a `fleetsim cloud` that runs ---- */

static char *read_file(const char *path, struct error *err)
{
    struct buf text;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        error_set(err, ERROR_TARGET, "%s: %s (is `fleetsim cloud --dir` running there?)", path,
                  strerror(errno));
        return NULL;
    }
    buf_init(&text, 1 << 16);
    uint8_t *room;
    ssize_t n = 0;
    while ((room = buf_reserve(&text, 4096)) != NULL && (n = read(fd, room, 4096)) > 0)
        buf_commit(&text, (size_t)n);
    close(fd);
    char *copy = xstrdup(buf_cstr(&text));
    buf_done(&text);
    return copy;
}

/* The page's way into a cloud that was started for it. */
static bool join_page(struct target *t, const char *dir, const cJSON *json, struct error *err)
{
    const char *page = json_str(json, "page", NULL);
    char *path = xasprintf("%s/broker/" BROKER_PAGE_TOKEN, dir);
    char *token = page != NULL ? read_file(path, err) : NULL;

    if (page == NULL)
        error_set(err, ERROR_USAGE,
                  "%s: the cloud there lets no page in (start it by `fleetsim cloud --dir %s "
                  "--companion`)",
                  dir, dir);
    if (token != NULL) {
        t->page_uri = xstrdup(page);
        snprintf(t->page_token, sizeof t->page_token, "%s", token);
    }
    free(token);
    free(path);
    return t->page_uri != NULL;
}

static bool join_cloud(struct target *t, const struct target_options *options, struct error *err)
{
    const char *dir = options->cloud_dir;
    char *path = xasprintf("%s/cloud.json", dir);
    char *text = read_file(path, err);
    cJSON *json = text != NULL ? json_parse(slice_str(text), 4) : NULL;
    const char *app_endpoint = json_str(json, "endpoint", NULL);
    const char *endpoint = options->websocket ? json_str(json, "websocket", NULL) : app_endpoint;
    bool ok = endpoint != NULL && app_endpoint != NULL;

    if (ok) {
        t->uri = xstrdup(endpoint);
        t->app_uri = xstrdup(app_endpoint);
        t->pki_dir = xstrdup(dir);
        name_updates(t, dir, true);
        t->joined = (pid_t)json_num(json, "broker_pid", 0);
    } else if (text != NULL) {
        error_set(err, ERROR_TARGET, "%s: no endpoint in it (start `fleetsim cloud` again)", path);
    }
    if (ok && options->page)
        ok = join_page(t, dir, json, err);
    cJSON_Delete(json);
    free(text);
    free(path);
    return ok;
}

/* Real clouds have certificates that everybody trusts. */
static bool trust_system(struct target *t, struct error *err)
{
    const char *const files[] = {getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt",
                                 "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

    for (size_t i = 0; i < sizeof files / sizeof *files && t->ca_file == NULL; i++)
        if (files[i] != NULL && access(files[i], R_OK) == 0)
            t->ca_file = xstrdup(files[i]);
    return t->ca_file != NULL ||
           error_set(err, ERROR_USAGE,
                     "--endpoint: nothing to verify it with (give --ca FILE, or install "
                     "ca-certificates)");
}

static bool join_endpoint(struct target *t, const struct target_options *options, struct error *err)
{
    if (options->websocket)
        return error_set(err, ERROR_USAGE,
                         "--websocket is for the local cloud (write --endpoint wss://…)");
    if (options->pki_dir == NULL && options->certificates == NULL)
        return error_set(err, ERROR_USAGE,
                         "--endpoint: no certificates for it (give --pki DIR, made by `fleetsim "
                         "pki init`, or your own: --certificates)");
    if (options->pki_dir == NULL && options->app_cert == NULL)
        return error_set(err, ERROR_USAGE,
                         "--certificates: companions need theirs too (give --app-cert FILE and "
                         "--app-key FILE, or --pki DIR)");
    t->uri = xstrdup(options->endpoint);
    t->pki_dir = options->pki_dir != NULL ? xstrdup(options->pki_dir) : NULL;
    t->ca_file = options->ca_file != NULL ? xstrdup(options->ca_file) : NULL;
    if (t->pki_dir != NULL)
        name_updates(t, t->pki_dir, false);
    return t->ca_file != NULL || t->pki_dir != NULL || trust_system(t, err);
}

static bool choose_app_endpoint(struct target *t, const char *urls, struct error *err)
{
    struct endpoints *list = urls != NULL ? endpoints_new(urls, ENDPOINT_ORDER, err) : NULL;

    if (list != NULL) {
        free(t->app_uri);
        t->app_uri = endpoints_join(list, 0);
    }
    endpoints_free(list);
    return urls == NULL || list != NULL;
}

bool target_open(struct target *t, const struct target_options *options, struct error *err)
{
    bool ok;

    *t = (struct target){.lock = -1};
    if (options->endpoint == NULL && (options->pki_dir != NULL || options->certificates != NULL))
        return error_set(err, ERROR_USAGE,
                         "%s: without --endpoint nobody looks at it, for a local cloud has "
                         "certificates of its own (give --endpoint mqtts://host:port, or --cloud "
                         "DIR for a running `fleetsim cloud --dir DIR`)",
                         options->pki_dir != NULL ? "--pki" : "--certificates");
    if (options->endpoint != NULL)
        ok = join_endpoint(t, options, err);
    else if (options->cloud_dir != NULL)
        ok = join_cloud(t, options, err);
    else
        ok = start_own(t, options, err);
    t->updates.ca = options->artifacts_ca;
    bool brought = options->app_cert != NULL || options->app_key != NULL;
    ok = ok && choose_app_endpoint(t, options->app_endpoint, err) &&
         (brought ? take_app(t, options, err) : issue_app(t, err));
    if (t->updates.ca == NULL && options->endpoint == NULL)
        t->updates.ca = t->ca_file;
    return ok;
}

void target_watch(struct target *t, struct loop *loop, void (*ended)(void *ctx, const char *text),
                  void *ctx)
{
    if (t->broker != NULL)
        broker_watch(t->broker, loop, ended, ctx);
}

void target_set_clock(struct target *t, int64_t wall_ms)
{
    if (t->broker != NULL)
        broker_set_clock(t->broker, wall_ms);
    if (t->updates.server != NULL)
        artifact_server_set_clock(t->updates.server, wall_ms);
}

bool target_pki_lasts(const struct target *t)
{
    return t->temporary == NULL && t->pki_dir != NULL;
}

bool target_pause(struct target *t)
{
    if (t->broker != NULL)
        broker_pause(t->broker);
    return t->broker != NULL;
}

bool target_renew(struct target *t, struct error *err)
{
    bool running = t->broker == NULL;

    if (!target_pause(t))
        return true;
    broker_forget(t->broker);
    do {
        if (!target_resume(t, &running, err))
            return false;
    } while (!running && (poll(NULL, 0, 2) == 0 || errno == EINTR));
    return running;
}

bool target_resume(struct target *t, bool *ret_running, struct error *err)
{
    return broker_resume(t->broker, ret_running, err) || error_prefix(err, "local cloud");
}

bool target_control(void *target, const char *request, struct error *err)
{
    const struct target *t = target;

    if (t->broker == NULL)
        return error_set(err, ERROR_USAGE, "the cloud is not the run's own");
    return broker_control(t->broker, request, err);
}

pid_t target_broker_pid(const struct target *t)
{
    return t->broker != NULL ? broker_pid(t->broker) : t->joined;
}

bool target_alive(const struct target *t)
{
    return t->broker == NULL || broker_alive(t->broker);
}

void target_close(struct target *t)
{
    broker_stop(t->broker);
    artifact_server_free(t->updates.server);
    free(t->updates.artifacts_dir);
    free(t->updates.signing_dir);
    if (t->temporary != NULL)
        remove_tree(t->temporary);
    if (t->lock >= 0)
        close(t->lock);
    char *texts[] = {t->uri,     t->app_uri,  t->pki_dir,  t->ca_file,  t->app_cert,
                     t->app_key, t->app_name, t->page_uri, t->temporary};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *t = (struct target){.lock = -1};
}
