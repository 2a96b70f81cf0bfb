/*
 * fleetsim-bench — what an MQTT client engine costs: the same work for the native engine, for
 * Paho's, for MQTT.js, and for a bare one as a yardstick, against the same Mosquitto, one after the
 * other.
 */
#include "tests/bench/bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENGINES   4
#define SIZES_MAX 16
#define PAHO_MAX  4000

struct options {
    uint32_t sizes[SIZES_MAX];
    size_t size_count;
    const struct bench_engine *engines[ENGINES];
    size_t engine_count;
    double seconds;
    bool json, engines_given;
};

static const char usage[] =
    "Usage: fleetsim-bench [option...]\n"
    "Measures MQTT client engines: N cars connect over mutual TLS to a Mosquitto of its own on\n"
    "loopback, then publish 200 bytes at QoS 1 to their own topic and receive them back.\n"
    "\n"
    "  --vehicles N[,N...]   fleet sizes (default 1000)\n"
    "  --engines E[,E...]    bare, paho, native, mqttjs (default all but mqttjs; paho only up to\n"
    "                        4000 cars unless named here: it takes minutes). mqttjs needs node\n"
    "                        and, where NODE_PATH says, the package mqtt of npm\n"
    "  --seconds S           length of the publishing phase (default 5)\n"
    "  --json                one JSON object a line for each engine and size\n"
    "  --help\n"
    "\n"
    "connects/s      from the first connect to the last CONNACK, 80 at a time\n"
    "trips/s         messages published and received back, 128 on their way at any time\n"
    "cpu/connect     processor time of the client process for one connect\n"
    "cpu/trip        the same for one round trip\n"
    "KB/conn         resident memory for one connection: connected and quiet, then after the\n"
    "                publishing\n"
    "The broker takes one core; where a ratio is close to 1 the broker is what was measured, and\n"
    "cpu/trip tells the engines apart.\n"
    "\n"
    "Example: fleetsim-bench --vehicles 1000,4000 --engines bare,native --seconds 10\n";

static bool parse_sizes(struct options *o, char *text)
{
    o->size_count = 0;
    for (char *save = NULL, *one = strtok_r(text, ",", &save); one != NULL;
         one = strtok_r(NULL, ",", &save)) {
        char *end;
        unsigned long n = strtoul(one, &end, 10);
        if (*end != '\0' || n == 0 || n > 1000000 || o->size_count == SIZES_MAX)
            return false;
        o->sizes[o->size_count++] = (uint32_t)n;
    }
    return o->size_count > 0;
}

static bool parse_engines(struct options *o, char *text)
{
    static const struct bench_engine *const all[ENGINES] = {&bench_bare, &bench_paho, &bench_native,
                                                            &bench_mqttjs};

    o->engine_count = 0;
    o->engines_given = true;
    for (char *save = NULL, *one = strtok_r(text, ",", &save); one != NULL;
         one = strtok_r(NULL, ",", &save)) {
        size_t i = 0;
        while (i < ENGINES && strcmp(all[i]->name, one) != 0)
            i++;
        if (i == ENGINES || o->engine_count == ENGINES)
            return false;
        o->engines[o->engine_count++] = all[i];
    }
    return o->engine_count > 0;
}

/* 0: go on; else exit status + 1. */
static int parse(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"vehicles", required_argument, NULL, 'v'},
        {"engines",  required_argument, NULL, 'e'},
        {"seconds",  required_argument, NULL, 's'},
        {"json",     no_argument,       NULL, 'j'},
        {"help",     no_argument,       NULL, 'h'},
        {NULL,       0,                 NULL, 0  }
    };
    bool ok = true;

    for (int c; ok && (c = getopt_long(argc, argv, "n:h", longs, NULL)) != -1;) {
        switch (c) {
        case 'n':
        case 'v':
            ok = parse_sizes(o, optarg);
            break;
        case 'e':
            ok = parse_engines(o, optarg);
            break;
        case 's':
            o->seconds = strtod(optarg, NULL);
            ok = o->seconds > 0 && o->seconds <= 3600;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            ok = false;
        }
    }
    if (ok && optind == argc)
        return 0;
    fputs("fleetsim-bench: wrong usage (see --help)\n", stderr);
    return 3;
}

/* One engine in a process of its own, so that memory and processor time are its own. */
static bool measure(const struct bench_engine *engine, const struct options *o,
                    const struct bench_fleet *fleet, uint32_t vehicles, uint16_t port,
                    struct bench_result *ret)
{
    int pipes[2];

    if (pipe(pipes) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct bench b = {.engine = engine,
                          .fleet = fleet,
                          .vehicles = vehicles,
                          .port = port,
                          .seconds = o->seconds,
                          .lock = PTHREAD_MUTEX_INITIALIZER};
        struct error err;
        close(pipes[0]);
        bool ok = engine->run(&b, &err);
        if (!ok)
            fprintf(stderr, "fleetsim-bench: %s: %s\n", engine->name, err.text);
        ok = ok && b.failure == NULL &&
             write(pipes[1], &b.result, sizeof b.result) == (ssize_t)sizeof b.result;
        _exit(ok ? 0 : 4);
    }
    close(pipes[1]);
    bool ok = read(pipes[0], ret, sizeof *ret) == (ssize_t)sizeof *ret;
    close(pipes[0]);
    waitpid(pid, NULL, 0);
    return ok;
}

static void print_json(const char *engine, uint32_t vehicles, const struct bench_result *r)
{
    printf("{\"engine\":\"%s\",\"vehicles\":%u,\"connects_per_s\":%.1f,"
           "\"round_trips_per_s\":%.0f,\"cpu_us_per_round_trip\":%.2f,"
           "\"kb_per_connection\":%.2f,\"kb_per_connection_after\":%.2f,"
           "\"cpu_us_per_connect\":%.1f}\n",
           engine, vehicles, r->connects_per_s, r->round_trips_per_s, r->cpu_us_per_round_trip,
           r->kb_per_connection, r->kb_after, r->cpu_us_per_connect);
}

static void print_row(const char *engine, uint32_t vehicles, const struct bench_result *r,
                      const struct bench_result *bare)
{
    printf("%-7s %8u %10.0f %9.0f %9.0f µs %9.1f µs %8.1f %8.1f", engine, vehicles,
           r->connects_per_s, r->round_trips_per_s, r->cpu_us_per_connect, r->cpu_us_per_round_trip,
           r->kb_per_connection, r->kb_after);
    if (bare->connects_per_s > 0)
        printf("   %5.2f %5.2f %5.2f %5.2f", r->connects_per_s / bare->connects_per_s,
               r->round_trips_per_s / bare->round_trips_per_s,
               r->cpu_us_per_round_trip / bare->cpu_us_per_round_trip,
               r->kb_per_connection / bare->kb_per_connection);
    printf("\n");
}

static bool run_all(const struct options *o, const struct bench_fleet *fleet, uint16_t port)
{
    bool ok = true;

    if (!o->json)
        printf("engine  vehicles connects/s   trips/s  cpu/connect     cpu/trip  KB/conn    after"
               "   of bare: connects trips cpu KB\n");
    for (size_t s = 0; s < o->size_count; s++) {
        struct bench_result bare = {0};
        for (size_t e = 0; e < o->engine_count; e++) {
            const struct bench_engine *engine = o->engines[e];
            struct bench_result r;
            if (engine == &bench_paho && !o->engines_given && o->sizes[s] > PAHO_MAX) {
                fprintf(stderr,
                        "fleetsim-bench: paho left out at %u vehicles (name it with "
                        "--engines; it takes minutes)\n",
                        o->sizes[s]);
                continue;
            }
            if (!measure(engine, o, fleet, o->sizes[s], port, &r)) {
                ok = false;
                continue;
            }
            if (engine == &bench_bare)
                bare = r;
            if (o->json)
                print_json(engine->name, o->sizes[s], &r);
            else
                print_row(engine->name, o->sizes[s], &r, &bare);
            /* The broker clears away what the last engine left. */
            sleep(1);
        }
    }
    return ok;
}

int main(int argc, char **argv)
{
    struct options o = {
        .sizes = {1000          },
        .size_count = 1,
        .engines = { &bench_bare, &bench_paho, &bench_native},
        .engine_count = 3,
        .seconds = 5
    };
    struct bench_fleet fleet;
    struct bench_broker broker;
    struct rlimit files;
    struct error err;
    uint32_t largest = 0;
    bool pem = false;

    int status = parse(&o, argc, argv);
    if (status != 0)
        return status - 1;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; i < o.size_count; i++)
        largest = o.sizes[i] > largest ? o.sizes[i] : largest;
    for (size_t i = 0; i < o.engine_count; i++)
        pem |= o.engines[i] == &bench_paho || o.engines[i] == &bench_mqttjs;
    if (largest + 64 > files.rlim_max) {
        fprintf(stderr, "fleetsim-bench: %u vehicles: only %lu files may be open (ulimit -Hn)\n",
                largest, (unsigned long)files.rlim_max);
        return ERROR_USAGE;
    }
    bool ok = bench_fleet_make(&fleet, largest, pem, &err);
    if (ok && bench_broker_start(&broker, &fleet, &err)) {
        ok = run_all(&o, &fleet, broker.port);
        bench_broker_stop(&broker);
    } else {
        fprintf(stderr, "fleetsim-bench: %s\n", err.text);
        ok = false;
    }
    bench_fleet_free(&fleet);
    return ok ? 0 : ERROR_TARGET;
}
