#include "cli/cmd_cloud.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/artifact_server.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/store.h"
#include "base/xmem.h"
#include "broker/broker.h"
#include "broker/kept.h"
#include "cli/client_revocation.h"
#include "cli/cloud_file.h"
#include "cli/cloud_services.h"
#include "cli/cmd_fleetwise.h"
#include "cli/cmd_policy.h"
#include "cli/cmd_registry.h"
#include "cli/cmd_things.h"
#include "cli/options.h"
#include "pki/rotation.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

struct cloud_options {
    const char *dir;
    const char *bind;
    const char *broker_conf;
    const char *crl;
    const char *ocsp;
    struct broker_services services;
    uint64_t port;
    struct option_list server_names;
    bool companion;
    bool fresh;
};

/* One run of the command. */
struct session {
    const struct cloud_options *options;
    struct loop *loop;
    struct pki *pki;
    struct broker *broker;
    struct artifact_server *artifacts;
    char *artifacts_dir;
    char *ca;        /* absolute */
    char *json_path; /* NULL until it is written */
    char page_token[SECRET_SIZE];
    int lock_fd;       /* so that one directory has one cloud */
    uint32_t recalled; /* cars that have the fleet's certificates again */
    struct error err;
    bool failed;
    ev_signal signals[SIGNAL_COUNT];
    ev_stat crl;                          /* its file */
    struct client_revocation *revocation; /* NULL: nobody is asked about clients */
};

/* A name other than the loopback's goes into the server's certificate, so that it can be verified.
 */
static bool is_everywhere(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static bool start_artifacts(struct session *s)
{
    s->artifacts_dir = xasprintf("%s/artifacts", s->options->dir);
    const struct artifact_server_options options = {.dir = s->artifacts_dir,
                                                    .bind = s->options->bind,
                                                    .certificate =
                                                        pki_path(s->pki, PKI_FILE_SERVER),
                                                    .key = pki_path(s->pki, PKI_FILE_SERVER_KEY)};

    s->artifacts = artifact_server_new(&options, &s->err);
    return s->artifacts != NULL;
}

static struct broker_services services_of(const struct session *s)
{
    struct broker_services services = s->options->services;

    services.presign = artifact_server_presign(s->artifacts);
    services.artifacts = s->artifacts_dir;
    return services;
}

static bool prepare_pki(struct session *s)
{
    const char *names[65];
    struct pki_options options = {.server_names = names};
    const struct cloud_options *o = s->options;

    for (size_t i = 0; i < o->server_names.count; i++)
        names[options.server_name_count++] = o->server_names.items[i];
    if (strcmp(o->bind, "127.0.0.1") != 0 && strcmp(o->bind, "::1") != 0 && !is_everywhere(o->bind))
        names[options.server_name_count++] = o->bind;
    if (!pki_init(o->dir, &options, &s->err))
        return false;
    s->pki = pki_open(o->dir, &s->err);
    if (s->pki == NULL)
        return false;
    s->ca = realpath(pki_path(s->pki, PKI_FILE_CA), NULL);
    return s->ca != NULL ? start_artifacts(s)
                         : error_set(&s->err, ERROR_USAGE, "%s: %s", pki_path(s->pki, PKI_FILE_CA),
                                     strerror(errno));
}

static bool lock_dir(struct session *s)
{
    char *path = xasprintf("%s/cloud.lock", s->options->dir);
    bool ok = true;

    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        ok = error_set(&s->err, ERROR_USAGE, "%s: %s (name a directory that can be written)", path,
                       strerror(errno));
    else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        ok = error_set(&s->err, ERROR_USAGE,
                       "%s: a cloud runs there already (stop it, or give another --dir)",
                       s->options->dir);
    free(path);
    return ok;
}

static void print_welcome(const struct session *s)
{
    const char *dir = s->options->dir;
    const char *found = broker_found(s->broker);

    if (s->recalled != 0)
        printf("recalled   %u cars: they have certificates of the fleet's authority again\n",
               s->recalled);
    printf("found      %s%s\n"
           "endpoint   %s\n"
           "websocket  %s\n"
           "artifacts  %s (of %s/artifacts)\n"
           "authority  %s\n"
           "details    %s\n"
           "\n"
           "Make an app's certificate, and listen to every car's shadow:\n"
           "  fleetsim pki issue --dir %s --role companion --name my-app\n"
           "  mosquitto_sub -h %s -p %u --cafile %s \\\n"
           "    --cert %s/issued/my-app/cert.pem --key %s/issued/my-app/key.pem \\\n"
           "    -i my-app -V 5 -v -t '$aws/things/+/shadow/update/documents'\n"
           "\n"
           "Ctrl-C stops it; the next start has what it has.\n",
           found != NULL ? found : "nothing of an earlier run",
           found != NULL ? " (--fresh begins anew)" : "", broker_endpoint(s->broker),
           broker_websocket(s->broker), artifact_server_url(s->artifacts), dir, s->ca, s->json_path,
           dir, is_everywhere(s->options->bind) ? "localhost" : s->options->bind,
           broker_port(s->broker), s->ca, dir, dir);
    fflush(stdout);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    (void)ev;
    (void)events;
    loop_stop(w->data);
}

static void on_exited(void *ctx, const char *why)
{
    struct session *s = ctx;

    s->failed = true;
    error_set(&s->err, ERROR_TARGET, "%s", why);
    loop_stop(s->loop);
}

/* The broker reads its files again. */
static void on_crl(struct ev_loop *ev, ev_stat *w, int events)
{
    struct session *s = w->data;

    (void)ev;
    (void)events;
    if (w->attr.st_nlink != 0)
        kill(broker_pid(s->broker), SIGHUP);
}

static void watch_crl(struct session *s)
{
    if (s->options->crl == NULL)
        return;
    ev_stat_init(&s->crl, on_crl, s->options->crl, 0.0);
    s->crl.data = s;
    ev_stat_start(s->loop->ev, &s->crl);
}

/* Before anything is left behind: a signal during the start is kept until the loop runs. After the
   first one the next ends the program at once. */
static void arm_signals(struct session *s)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        ev_signal_init(&s->signals[i], on_signal, signals[i]);
        s->signals[i].data = s->loop;
        ev_signal_start(s->loop->ev, &s->signals[i]);
    }
}

static void disarm_signals(struct session *s)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ev_signal_stop(s->loop->ev, &s->signals[i]);
}

static bool check_clients(struct session *s)
{
    const struct client_revocation_options options = {.responder = s->options->ocsp,
                                                      .endpoint = broker_endpoint(s->broker),
                                                      .dir = s->options->dir,
                                                      .pki = s->pki};

    if (options.responder == NULL)
        return true;
    s->revocation = client_revocation_new(s->loop, &options, &s->err);
    return s->revocation != NULL;
}

/* Keys that cars of the cloud before have not fetched: nobody asks for them any more. */
static void forget_keys(const struct session *s)
{
    char *path = xasprintf("%s/certificates", s->artifacts_dir);
    DIR *dir = opendir(path);

    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    free(path);
}

static bool open_session(struct session *s)
{
    /* What the directory has belongs to the cloud that runs there: nothing is touched unlocked. */
    if (!store_make_dir(s->options->dir, &s->err) || !lock_dir(s) || !prepare_pki(s) ||
        (s->options->fresh && !pki_recall(s->pki, &s->recalled, &s->err)) ||
        (s->options->companion && !secret_make(s->page_token, &s->err)))
        return false;
    if (s->options->fresh)
        forget_keys(s);
    const struct broker_options options = {.dir = s->options->dir,
                                           .bind = s->options->bind,
                                           .port = (uint16_t)s->options->port,
                                           .websocket = true,
                                           .page_token =
                                               s->options->companion ? s->page_token : NULL,
                                           .more = s->options->broker_conf,
                                           .crl = s->options->crl,
                                           .keeps_certificates = s->options->ocsp != NULL,
                                           .lasts = true,
                                           .fresh = s->options->fresh,
                                           .services = services_of(s)};
    s->broker = broker_start(&options, &s->err);
    if (s->broker != NULL)
        s->json_path = cloud_file_write(s->options->dir, s->broker, s->ca, &s->err);
    return s->json_path != NULL && check_clients(s);
}

static void close_session(struct session *s)
{
    if (s->json_path != NULL)
        unlink(s->json_path);
    free(s->json_path);
    client_revocation_free(s->revocation);
    bool ran = s->broker != NULL && !s->failed;
    broker_stop(s->broker);
    if (ran && !kept_is_written(s->options->dir, &s->err))
        s->failed = true;
    artifact_server_free(s->artifacts);
    free(s->artifacts_dir);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pki_free(s->pki);
    free(s->ca);
    loop_free(s->loop);
}

static int run_cloud(const struct cloud_options *options)
{
    struct session s = {.options = options, .loop = loop_new(), .lock_fd = -1};

    arm_signals(&s);
    s.failed = !open_session(&s);
    if (!s.failed) {
        print_welcome(&s);
        broker_watch(s.broker, s.loop, on_exited, &s);
        watch_crl(&s);
        loop_run(s.loop);
    }
    disarm_signals(&s);
    ev_stat_stop(s.loop->ev, &s.crl);
    close_session(&s);
    return s.failed ? options_fail(&s.err) : 0;
}

static bool check(const struct cloud_options *o, int argc, char **argv, int first,
                  struct error *err)
{
    if (first < argc)
        return error_set(err, ERROR_USAGE, "%s: not an option (try --help)", argv[first]);
    if (o->dir == NULL || *o->dir == '\0')
        return error_set(err, ERROR_USAGE, "cloud: no directory given (give --dir DIR)");
    if (o->ocsp != NULL && !client_revocation_check(o->ocsp, err))
        return false;
    if (o->port > UINT16_MAX)
        return error_set(err, ERROR_USAGE, "--port %llu: not a port (give 1 to 65535)",
                         (unsigned long long)o->port);
    return true;
}

/* That asks and changes a cloud that runs; NULL: none is named. */
static int (*command_of(int argc, char **argv))(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (strcmp(word, "policy") == 0)
        return cmd_policy;
    if (strcmp(word, "fleetwise") == 0)
        return cmd_fleetwise;
    if (strcmp(word, "group") == 0)
        return cmd_group;
    if (argc > 2 && strcmp(word, "things") == 0 && cmd_things_is_query(argv[2]))
        return cmd_things;
    return argc > 1 && cmd_registry_knows(word) ? cmd_registry : NULL;
}

int cmd_cloud(int argc, char **argv)
{
    struct cloud_options o = {.bind = "127.0.0.1"};
    struct error err;
    int first = 0;

    if (command_of(argc, argv) != NULL)
        return command_of(argc, argv)(argc - 1, argv + 1);
    // clang-format off
    const struct option_spec specs[] = {
        {"dir", 'd', OPTION_STRING, &o.dir, "DIR",
         "certificates (made if missing), what the cloud has, log, and\ncloud.json while it runs"},
        {"fresh", 0, OPTION_FLAG, &o.fresh, NULL,
         "begin anew: without the things, policies, jobs and so on of\nearlier runs"},
        {"port", 'p', OPTION_NUMBER, &o.port, "P", "listen there (default: any free port)"},
        {"bind", 0, OPTION_STRING, &o.bind, "ADDRESS",
         "listen on this address; 0.0.0.0 is all of them (default\n127.0.0.1)"},
        {"broker-conf", 0, OPTION_STRING, &o.broker_conf, "FILE",
         "more lines for mosquitto.conf, such as max_packet_size 1024"},
        {"crl", 0, OPTION_STRING, &o.crl, "FILE",
         "refuse the certificates on this list (fleetsim pki revoke);\nread again when it changes"},
        {"client-ocsp", 0, OPTION_STRING, &o.ocsp, "URL",
         "ask this responder about clients' certificates (fleetsim pki ocsp), or aia: the\none that each names; what is revoked becomes REVOKED"},
        CLOUD_SERVICES_ROWS(o.services),
        {"seed", 0, OPTION_NUMBER, &o.services.seed, "N", "of what --delivery leaves to chance"},
        {"companion", 0, OPTION_FLAG, &o.companion, NULL,
         "let the companion page of `fleetsim demo --cloud DIR --companion` in"},
        {"server-name", 0, OPTION_LIST, &o.server_names, "NAME",
         "a further DNS name or IP address to put into the server's\ncertificate; may repeat"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim cloud",
        "[things|certificates|authorities|templates|policy|group|fleetwise COMMAND]",
        "Runs the local cloud until Ctrl-C: a private Mosquitto with a plugin that emulates what "
        "a\n"
        "vehicle and an app see of AWS IoT Core: mutual TLS, policy, device shadows, lifecycle\n"
        "events. Started again it has what it had (docs/cloud.md); kill -9 loses at most 2 s,\n"
        "and no certificate.\n"
        "With a word behind it, asks and changes one that runs.",
        specs,
        "  fleetsim cloud --dir lab\n"
        "  fleetsim cloud --dir lab --port 8883\n"
        "  fleetsim cloud --dir lab --fresh                                     # forget all of "
        "it\n"
        "  fleetsim cloud --dir lab --bind 0.0.0.0 --server-name 192.168.1.20   # for a phone\n"
        "  fleetsim run scenarios/ --cloud lab                                  # meanwhile\n"
        "  fleetsim cloud things list --dir lab                                 # whom it knows\n"};
    enum options_result result = options_parse(&command, argc, argv, &first, &err);

    if (result == OPTIONS_HELP_SHOWN)
        return 0;
    if (result == OPTIONS_BAD || !check(&o, argc, argv, first, &err))
        return options_fail(&err);
    return run_cloud(&o);
}
