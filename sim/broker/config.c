#include "broker/config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "broker/policy_file.h"
#include "cloud/delivery.h"
#include "cloud/rules.h"
#include "pki/crl.h"

#define PLUGIN_FILE "fleetsim-cloud.so"
#define PEM_MAX     ((size_t)65536) /* and of what the user adds */

/* How often a cloud that lasts writes sessions and what is queued for them. */
#define SESSIONS_SAVED_S 60

#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZER_INIT __asan_init
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SANITIZER_INIT __tsan_init
#endif

#ifdef SANITIZER_INIT
void SANITIZER_INIT(void);
#endif

char *config_preload(void)
{
#ifdef SANITIZER_INIT
    Dl_info info;

    /* A runtime that is linked in statically cannot be lent. */
    if (dladdr((void *)(uintptr_t)SANITIZER_INIT, &info) != 0 && info.dli_fname != NULL &&
        strstr(info.dli_fname, ".so") != NULL)
        return xasprintf("LD_PRELOAD=%s", info.dli_fname);
#endif
    return NULL;
}

/* dir/name if it is a file that can be opened in that mode; else NULL. */
static char *usable(const char *dir, size_t dir_len, const char *name, int mode)
{
    char *path = xasprintf("%.*s/%s", (int)dir_len, dir, name);

    if (access(path, mode) == 0)
        return path;
    free(path);
    return NULL;
}

char *config_find_mosquitto(struct error *err)
{
    /* Debian keeps it in sbin, which is not in everybody's PATH. */
    static const char also[] = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin";
    const char *path = getenv("PATH");
    char *all = xasprintf("%s:%s", path != NULL ? path : "/usr/bin:/bin", also);
    char *found = NULL;

    for (const char *dir = all; found == NULL && *dir != '\0';) {
        size_t len = strcspn(dir, ":");
        if (len != 0)
            found = usable(dir, len, "mosquitto", X_OK);
        dir += dir[len] == ':' ? len + 1 : len;
    }
    free(all);
    if (found == NULL)
        error_set(err, ERROR_USAGE,
                  "mosquitto: not found (install it: apt-get install mosquitto, or give "
                  "--endpoint)");
    return found;
}

static char *absolute(const char *path, struct error *err)
{
    char *full = realpath(path, NULL);

    if (full == NULL)
        error_set(err, ERROR_USAGE, "%s: %s (give a file that exists)", path, strerror(errno));
    return full;
}

/* Beside the program, then where an installation keeps it. */
static char *find_near_program(void)
{
    static const char *const places[] = {".", "../lib/fleetsim", "../lib"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *found = NULL;

    if (n <= 0)
        return NULL;
    self[n] = '\0';
    const char *dir = dirname(self);
    for (size_t i = 0; i < sizeof places / sizeof *places && found == NULL; i++) {
        char *place = xasprintf("%s/%s", dir, places[i]);
        found = usable(place, strlen(place), PLUGIN_FILE, R_OK);
        free(place);
    }
    return found;
}

char *config_find_plugin(const char *given, struct error *err)
{
    const char *named = given != NULL ? given : getenv("FLEETSIM_PLUGIN");

    if (named != NULL && *named != '\0')
        return absolute(named, err);
    char *found = find_near_program();
    if (found == NULL)
        error_set(err, ERROR_USAGE,
                  PLUGIN_FILE ": not found beside the program (set FLEETSIM_PLUGIN to its path)");
    return found;
}

static bool append_file(struct buf *to, const char *path, const char *remedy, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    if (fd >= 0) {
        uint8_t *room = buf_reserve(to, PEM_MAX);
        n = room != NULL ? read(fd, room, PEM_MAX) : -1;
        if (n >= 0)
            buf_commit(to, (size_t)n);
        close(fd);
    }
    if (n < 0)
        return error_set(err, ERROR_USAGE, "%s: %s (%s)", path, strerror(errno), remedy);
    return buf_append_str(to, "\n");
}

static bool write_file(const char *dir, const char *name, struct slice bytes, struct error *err)
{
    char *path = xasprintf("%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len;

    if (fd >= 0)
        ok &= close(fd) == 0;
    if (!ok)
        error_set(err, ERROR_USAGE, "%s: %s (is there room, and may it be written?)", path,
                  strerror(errno));
    free(path);
    return ok;
}

/* For authorities that are registered while it runs: empty. */
static bool make_trust_folder(const char *dir, struct error *err)
{
    char *path = xasprintf("%s/" CONFIG_TRUST_MORE, dir);
    bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
    DIR *folder = ok ? opendir(path) : NULL;
    const struct dirent *entry;

    if (folder == NULL)
        error_set(err, ERROR_USAGE, "%s: %s (may it be written?)", path, strerror(errno));
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    free(path);
    if (folder == NULL)
        return false;
    closedir(folder);
    return true;
}

static bool write_trust(const char *dir, const struct broker_options *o, struct error *err)
{
    struct buf pem;

    static const char remedy[] = "run `fleetsim pki init` first?";

    buf_init(&pem, 4 * PEM_MAX);
    bool ok = append_file(&pem, o->ca, remedy, err) &&
              (o->intermediate == NULL || append_file(&pem, o->intermediate, remedy, err)) &&
              write_file(dir, CONFIG_FLEET_TRUST, buf_slice(&pem), err) &&
              (o->issuer == NULL || append_file(&pem, o->issuer, remedy, err)) &&
              write_file(dir, CONFIG_TRUST, buf_slice(&pem), err);
    buf_done(&pem);
    return ok && make_trust_folder(dir, err);
}

/* Does a line of the text begin with that word? */
static bool makes_setting(const char *text, const char *word, size_t len)
{
    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        if (strncmp(line, word, len) == 0 && strchr(" \t\r\n", line[len]) != NULL)
            return true;
        line += strcspn(line, "\n");
    }
    return false;
}

/* The user's lines go to the end of our first listener, so that they may be about it. What they set
   is not set by us before them: Mosquitto takes some settings once only. Who says whom TLS trusts
   says whose cars they are. */
static void insert_more(struct buf *to, const char *text, const char *more)
{
    unsigned listeners = 0;
    bool own_trust = makes_setting(more, "cafile", 6) || makes_setting(more, "capath", 6);

    while (*text != '\0') {
        size_t len = strcspn(text, "\n") + 1;
        bool listener = strncmp(text, "listener ", 9) == 0;
        listeners += listener;
        if (listener && listeners == 2)
            buf_append_str(to, more);
        bool replaced =
            (own_trust && strncmp(text, "plugin_opt_trust ", 17) == 0) ||
            (listeners <= 1 && !listener && makes_setting(more, text, strcspn(text, " ")));
        if (!replaced)
            buf_append(to, text, len);
        text += len;
    }
}

static bool write_settings(const char *dir, struct buf *text, const char *more_path,
                           struct error *err)
{
    struct buf more, all;

    buf_init(&more, PEM_MAX);
    buf_init(&all, buf_len(text) + PEM_MAX);
    bool ok = more_path == NULL || append_file(&more, more_path, "name a file to read", err);
    insert_more(&all, buf_cstr(text), buf_cstr(&more));
    ok = ok && write_file(dir, CONFIG_FILE, buf_slice(&all), err);
    buf_done(&more);
    buf_done(&all);
    return ok;
}

/* What AWS IoT's limits and sessions need of Mosquitto 2.0 (contract 6); each reply takes 41 ms
   without set_tcp_nodelay; observers of a whole fleet need a long queue, for beyond it Mosquitto
   drops silently. The plugin reads the log for disconnect reasons. No use_…_as_username:
   they silently turn the plugin's authentication off. */
static const char settings[] = "per_listener_settings false\n"
                               "allow_anonymous false\n"
                               "persistence true\n"
                               "persistence_file " CONFIG_SESSIONS "\n"
                               "set_tcp_nodelay true\n"
                               "max_inflight_messages 100\n"
                               "max_queued_messages 100000\n"
                               "max_packet_size 149504\n"
                               "max_keepalive 1200\n"
                               "persistent_client_expiration 1h\n"
                               "sys_interval 0\n"
                               "log_dest file " CONFIG_LOG "\n"
                               "log_type error\n"
                               "log_type warning\n"
                               "log_type notice\n";

/* Both ways in ask for a certificate. */
static void add_listener(struct buf *to, const char *certificate, const char *key)
{
    buf_printf(to,
               "cafile " CONFIG_TRUST "\n"
               "capath " CONFIG_TRUST_MORE "\n"
               "certfile %s\n"
               "keyfile %s\n"
               "require_certificate true\n"
               "tls_version tlsv1.2\n"
               "max_qos 1\n"
               "max_topic_alias 8\n",
               certificate, key);
}

/* Of the listener just added. */
static bool add_crl(struct buf *to, const struct broker_options *o, struct error *err)
{
    char *full =
        o->crl != NULL && crl_read(o->crl, NULL, NULL, err) != 0 ? absolute(o->crl, err) : NULL;

    if (full != NULL)
        buf_printf(to, "crlfile %s\n", full);
    free(full);
    return o->crl == NULL || full != NULL;
}

/* Mosquitto's WebSockets listen everywhere unless told the family, and do not know 0.0.0.0. */
static void add_websocket(struct buf *to, const char *address, uint16_t port)
{
    bool v6 = strchr(address, ':') != NULL;
    bool everywhere = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;

    buf_printf(to,
               "listener %u %s\n"
               "protocol websockets\n",
               port, everywhere ? "" : address);
    if (!v6)
        buf_append_str(to, "socket_domain ipv4\n");
}

/* The page shows its token instead of a certificate. */
static bool add_page(struct buf *to, const char *dir, const char *token, uint16_t port,
                     struct error *err)
{
    add_websocket(to, CONFIG_PAGE_ADDRESS, port);
    buf_append_str(to, "max_qos 1\n"
                       "max_topic_alias 8\n");
    return write_file(dir, BROKER_PAGE_TOKEN, slice_str(token), err);
}

/* Sound, as far as can be told before it is used? */
static bool check_rules(const char *path, struct error *err)
{
    struct rules rules;
    struct buf text;

    rules_init(&rules);
    buf_init(&text, PEM_MAX);
    bool ok =
        append_file(&text, path, "give a file that exists", err) &&
        (rules_add_document(&rules, buf_slice(&text), "", err) || error_prefix(err, "%s", path));
    buf_done(&text);
    rules_done(&rules);
    return ok;
}

static bool add_rules(struct buf *to, const char *path, struct error *err)
{
    char *full = path != NULL && check_rules(path, err) ? absolute(path, err) : NULL;

    if (full != NULL)
        buf_printf(to, "plugin_opt_rules %s\n", full);
    free(full);
    return path == NULL || full != NULL;
}

static void add_policy(void *ctx, const char *name, const char *file)
{
    buf_printf(ctx, "plugin_opt_policy %s %s\n", name, file);
}

/* All of them checked before the broker starts. */
static bool add_policies(struct buf *to, const char *path, struct error *err)
{
    char *full = path != NULL ? absolute(path, err) : NULL;
    bool ok = full != NULL && policy_file_each(full, add_policy, to, err);

    free(full);
    return path == NULL || ok;
}

/* What cars download, and by which URLs. */
static bool add_artifacts(struct buf *to, const struct broker_services *s, struct error *err)
{
    char *folder = s->artifacts != NULL ? absolute(s->artifacts, err) : NULL;

    if (s->presign != NULL)
        buf_printf(to, "plugin_opt_presign %s\n", s->presign);
    if (folder != NULL)
        buf_printf(to, "plugin_opt_artifacts %s\n", folder);
    free(folder);
    return s->artifacts == NULL || folder != NULL;
}

static bool add_services(struct buf *to, const struct broker_services *s, struct error *err)
{
    struct delivery delivery;

    if (!add_rules(to, s->rules, err) || !add_policies(to, s->policy, err) ||
        !add_artifacts(to, s, err))
        return false;
    if (s->quotas != NULL && strcmp(s->quotas, "aws") != 0)
        return error_set(err, ERROR_USAGE, "--quotas %s: none that is known (aws)", s->quotas);
    if (s->quotas != NULL)
        buf_append_str(to, "plugin_opt_quotas aws\n");
    if (s->delivery == NULL)
        return true;
    if (!delivery_parse(s->delivery, &delivery))
        return error_set(err, ERROR_USAGE,
                         "--delivery %s: not a way to deliver (shuffle, duplicate, or both with a "
                         "comma)",
                         s->delivery);
    buf_printf(to, "plugin_opt_delivery %s\nplugin_opt_seed %" PRIu64 "\n", s->delivery, s->seed);
    return true;
}

static bool add_issuer(struct buf *to, const struct broker_options *o, struct error *err)
{
    char *certificate = o->issuer != NULL ? absolute(o->issuer, err) : NULL;
    char *key = certificate != NULL ? absolute(o->issuer_key, err) : NULL;

    if (key != NULL)
        buf_printf(to, "plugin_opt_issuer %s\nplugin_opt_issuerkey %s\n", certificate, key);
    bool ok = o->issuer == NULL || key != NULL;
    free(certificate);
    free(key);
    return ok;
}

static bool write_config(const char *dir, const struct broker_options *o, struct slice listeners,
                         const char *plugin, struct error *err)
{
    struct buf text;

    buf_init(&text, 4 * (size_t)PATH_MAX + 16384);
    if (geteuid() == 0)
        buf_append_str(&text, "user root\n"); /* or it could not read our files */
    buf_append_str(&text, settings);
    buf_append_slice(&text, listeners);
    buf_printf(&text,
               "listener 0 " CONFIG_SOCKET "\n"
               "plugin %s\n"
               "plugin_opt_logpath " CONFIG_LOG "\n"
               "plugin_opt_owner " CONFIG_SOCKET "\n"
               "plugin_opt_state " CONFIG_STATE "\n"
               "plugin_opt_trust " CONFIG_FLEET_TRUST "\n"
               "plugin_opt_folder " CONFIG_TRUST_MORE "\n",
               plugin);
    /* Else when it ends; retained messages when they change (keeper.h). */
    buf_printf(&text, "autosave_interval %d\n", o->lasts ? SESSIONS_SAVED_S : 0);
    if (o->lasts)
        buf_append_str(&text, "plugin_opt_lasts yes\n");
    if (o->keeps_certificates)
        buf_append_str(&text, "plugin_opt_keeps all\n");
    if (o->page_token != NULL)
        buf_append_str(&text, "plugin_opt_pagetoken " BROKER_PAGE_TOKEN "\n");
    if (o->virtual_clock)
        buf_append_str(&text, "plugin_opt_clock " CONFIG_CLOCK "\n");
    bool ok = add_issuer(&text, o, err) && add_services(&text, &o->services, err);
    if (ok)
        ok = text.overflow ? error_set(err, ERROR_USAGE, "%s: path too long", dir)
                           : write_settings(dir, &text, o->more, err);
    buf_done(&text);
    return ok;
}

bool config_write(const char *dir, const struct broker_options *o,
                  const struct config_listen *listen, struct error *err)
{
    char *plugin = config_find_plugin(o->plugin, err);
    char *certificate = plugin != NULL ? absolute(o->certificate, err) : NULL;
    char *key = certificate != NULL ? absolute(o->key, err) : NULL;
    bool ok = key != NULL && write_trust(dir, o, err);

    if (ok && (strpbrk(plugin, "\r\n") != NULL || strpbrk(certificate, "\r\n") != NULL))
        ok = error_set(err, ERROR_USAGE, "%s: line break in the name (rename it)", certificate);
    if (ok) {
        struct buf listeners;
        buf_init(&listeners, 4 * (size_t)PATH_MAX + 4096);
        buf_printf(&listeners, "listener %u %s\n", listen->port, listen->address);
        add_listener(&listeners, certificate, key);
        ok = add_crl(&listeners, o, err);
        if (ok && listen->websocket_port != 0) {
            add_websocket(&listeners, listen->address, listen->websocket_port);
            add_listener(&listeners, certificate, key);
            ok = add_crl(&listeners, o, err);
        }
        if (ok && listen->page_port != 0)
            ok = add_page(&listeners, dir, o->page_token, listen->page_port, err);
        ok = ok && write_config(dir, o, buf_slice(&listeners), plugin, err);
        buf_done(&listeners);
    }
    free(plugin);
    free(certificate);
    free(key);
    return ok;
}
