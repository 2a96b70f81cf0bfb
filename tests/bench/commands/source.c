#include <fleetsim/topics.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xmem.h"
#include "mqtt/session.h"
#include "pki/pki.h"
#include "tests/bench/commands/commands.h"

#define TICK (2 * USEC_PER_MSEC)

struct publisher {
    struct loop *loop;
    struct mqtt_client *client;
    const struct fleet_file *fleet;
    uint32_t vehicles;
    double rate;
    uint64_t sent;
    _Atomic uint64_t *acknowledged;
    usec_t started;
    struct loop_timer tick;
    ev_io stop;
};

int command_document(char *room, size_t size, uint64_t n, uint32_t vehicles)
{
    return snprintf(room, size,
                    "{\"state\":{\"desired\":{\"locks\":{\"all\":\"%s\"}}},"
                    "\"clientToken\":\"bench-%" PRIu64 "\"}",
                    n / vehicles % 2 == 0 ? "unlocked" : "locked", n);
}

static bool publish_one(struct publisher *p)
{
    char topic[256];
    char payload[160];
    struct fleet_car car;
    struct error err;

    if (!fleet_file_car(p->fleet, (uint32_t)(p->sent % p->vehicles), &car, &err))
        return false;
    int topic_len =
        snprintf(topic, sizeof topic, TOPIC_SHADOW_PREFIX "/update", car.identity.thing_name);
    int len = command_document(payload, sizeof payload, p->sent, p->vehicles);
    struct mqtt_message m = {.topic = slice_of(topic, (size_t)topic_len),
                             .payload = slice_of(payload, (size_t)len),
                             .qos = 1};
    if (mqtt_client_publish(p->client, &m) < 0)
        return false;
    p->sent++;
    return true;
}

static void fill(struct publisher *p)
{
    uint64_t most = *p->acknowledged + COMMANDS_OUTSTANDING;

    if (p->rate > 0) {
        uint64_t due = (uint64_t)((double)(clock_now() - p->started) / 1e6 * p->rate);
        most = due < most ? due : most;
    }
    while (p->sent < most && publish_one(p))
        ;
}

static void on_tick(void *arg)
{
    struct publisher *p = arg;

    fill(p);
    loop_timer_start(&p->tick, TICK);
}

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct publisher *p = ctx;

    (void)connack;
    p->started = clock_now();
    on_tick(p);
}

static void on_published(void *ctx, uint16_t id, uint8_t reason_code)
{
    struct publisher *p = ctx;

    (void)id;
    (void)reason_code;
    ++*p->acknowledged;
    if (!(p->rate > 0))
        fill(p);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    (void)ctx;
    fprintf(stderr, "fleetsim-bench-commands: source: %s\n", closed->text);
    _exit(4);
}

static void on_stop(struct ev_loop *ev, ev_io *w, int events)
{
    (void)w;
    (void)events;
    ev_break(ev, EVBREAK_ALL);
}

static EVP_PKEY *load_key(const void *arg)
{
    return ec_key_to_pkey(arg, NULL);
}

static bool run_source(const struct source *s, const struct target *target, uint32_t vehicles,
                       double rate, int go, struct error *err)
{
    static const struct mqtt_client_events events = {
        .connected = on_connected, .published = on_published, .closed = on_closed};
    struct publisher p = {
        .loop = loop_new(), .vehicles = vehicles, .rate = rate, .acknowledged = s->accepted};
    struct pki_credential own;
    struct pki *pki = pki_open(target->pki_dir, err);
    struct endpoint *endpoint = endpoint_new(target->uri, err);
    struct tls_context *tls =
        tls_context_new(&(struct tls_options){.ca_file = target->ca_file}, err);

    if (pki == NULL || endpoint == NULL || tls == NULL ||
        !pki_issue(pki,
                   &(struct pki_request){
                       .role = CERTIFICATE_COMPANION, .name = target->app_name, .index = -1},
                   &own, err))
        return false;
    p.fleet = pki_fleet(pki);
    struct slice intermediate = pki_intermediate(pki);
    struct mqtt_session_config config = {
        .net = net_new(p.loop),
        .endpoint = endpoint,
        .tls = tls,
        .identity = {.leaf = slice_of(own.certificate, own.certificate_len),
                     .chain = &intermediate,
                     .chain_count = 1,
                     .load_key = load_key,
                     .key_arg = &own.key}
    };
    char id[160];
    snprintf(id, sizeof id, "%s-bench", target->app_name);
    p.client = mqtt_session_new(p.loop, &config, &events, &p);
    loop_timer_init(&p.tick, p.loop, on_tick, &p);
    ev_io_init(&p.stop, on_stop, go, EV_READ);
    ev_io_start(p.loop->ev, &p.stop);
    struct mqtt_connect options = {.version = MQTT_5,
                                   .client_id = slice_str(id),
                                   .keep_alive_s = 60,
                                   .clean_start = true,
                                   .tcp_timeout = 10 * USEC_PER_SEC,
                                   .tls_timeout = 10 * USEC_PER_SEC,
                                   .connack_timeout = 10 * USEC_PER_SEC};
    if (!mqtt_client_connect(p.client, &options, err))
        return false;
    loop_run(p.loop);
    return true;
}

bool source_fork(struct source *s, const struct target *target, uint32_t vehicles, double rate)
{
    int pipes[2];

    s->accepted =
        mmap(NULL, sizeof *s->accepted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->accepted == MAP_FAILED || pipe(pipes) != 0)
        return false;
    fflush(NULL);
    s->pid = fork();
    if (s->pid == 0) {
        struct error err;
        char byte;
        close(pipes[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "bench-source");
        if (read(pipes[0], &byte, 1) != 1)
            _exit(0);
        if (run_source(s, target, vehicles, rate, pipes[0], &err))
            _exit(0);
        fprintf(stderr, "fleetsim-bench-commands: source: %s\n", err.text);
        _exit(4);
    }
    close(pipes[0]);
    s->go = pipes[1];
    return s->pid > 0;
}

void source_start(struct source *s)
{
    if (write(s->go, "g", 1) != 1)
        perror("fleetsim-bench-commands: source");
}

void source_end(struct source *s)
{
    if (s->pid <= 0)
        return;
    close(s->go);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}
