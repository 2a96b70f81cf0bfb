#include "cli/capacity.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "net/sources.h"

/* Descriptors that are not cars: broker pipes, companions, files. */
#define SPARE_DESCRIPTORS 256
/* Addresses that a remedy lists. */
#define NAMED_MAX  16
#define RANGE_FILE "/proc/sys/net/ipv4/ip_local_port_range"

/* ---- descriptors ---- */

static uint64_t need_of(const struct capacity_car *car, uint64_t vehicles)
{
    return vehicles * car->descriptors + SPARE_DESCRIPTORS;
}

/* 0: unknown or unlimited. */
static uint64_t raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur != limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_max != RLIM_INFINITY ? (uint64_t)limit.rlim_max : 0;
}

uint64_t capacity_of_descriptors(const struct capacity_car *car)
{
    uint64_t limit = raise_limit();

    if (limit == 0)
        return UINT64_MAX;
    return limit > SPARE_DESCRIPTORS ? (limit - SPARE_DESCRIPTORS) / car->descriptors : 0;
}

bool capacity_check_descriptors(const struct capacity_car *car, uint64_t vehicles,
                                struct error *err)
{
    uint64_t room = capacity_of_descriptors(car);
    uint64_t need = need_of(car, vehicles);

    if (vehicles <= room)
        return true;
    return error_set(err, ERROR_USAGE,
                     "%" PRIu64 " vehicles need %" PRIu64 " file descriptors, the limit is %" PRIu64
                     " (raise it, as root if it must be: ulimit -n %" PRIu64
                     "; or --vehicles %" PRIu64 ")",
                     vehicles, need, raise_limit(), need, room);
}

/* ---- ports ---- */

static bool on_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0;
}

void capacity_name_addresses(const char *host, uint64_t count, char *ret, size_t size)
{
    bool loopback = on_loopback(host);
    size_t at = 0;

    ret[0] = '\0';
    for (unsigned i = 1; i <= count && i <= NAMED_MAX && at < size; i++) {
        const char *comma = i > 1 ? "," : "";
        int n = loopback ? snprintf(ret + at, size - at, "%s127.0.0.%u", comma, i)
                         : snprintf(ret + at, size - at, "%sADDRESS%u", comma, i);
        at += n > 0 ? (size_t)n : 0;
    }
    if (count > NAMED_MAX && at < size)
        snprintf(ret + at, size - at, ",… (%" PRIu64 ")", count);
}

static uint64_t ports_of_machine(void)
{
    char range[64] = "";
    FILE *file = fopen(RANGE_FILE, "re");

    if (file == NULL)
        return 0;
    uint64_t ports = fgets(range, sizeof range, file) != NULL ? sources_ports(range) : 0;
    fclose(file);
    return ports;
}

bool capacity_check_ports(const struct capacity_car *car, uint64_t vehicles, const char *host,
                          size_t addresses, const char *range, struct error *err)
{
    static const char widen[] = "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"";
    uint64_t ports = range != NULL ? sources_ports(range) : ports_of_machine();
    size_t given = addresses != 0 ? addresses : 1;
    char list[256];

    if (ports == 0 || vehicles <= ports * given)
        return true;
    if (!car->binds)
        return error_set(err, ERROR_USAGE,
                         "%" PRIu64 " vehicles, but %" PRIu64 " local ports: some may find none "
                         "(widen it, as root: %s)",
                         vehicles, ports, widen);
    capacity_name_addresses(host, (vehicles + ports - 1) / ports, list, sizeof list);
    return error_set(err, ERROR_USAGE,
                     "%" PRIu64 " vehicles, but %" PRIu64 " local ports at each of %zu local "
                     "address%s: some may find none (--source-address %s, or widen it, as root: "
                     "%s)",
                     vehicles, ports, given, given == 1 ? "" : "es", list, widen);
}

/* ---- memory ---- */

#define KB UINT64_C(1024)
/* Figures of docs/performance.md and docs/monitoring.md, rounded up: what they take when they
   connect is the most. */
#define PROCESS_KB  (UINT64_C(32) * 1024)
#define CAR_KB      UINT64_C(40)
#define PAHO_CAR_KB UINT64_C(120)
#define BROKER_KB   UINT64_C(64)

/* The number behind a word of a small file of the kernel; UINT64_MAX: there is none. */
static uint64_t number_in(const char *path, const char *word)
{
    char line[128];
    uint64_t value = UINT64_MAX;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return value;
    while (value == UINT64_MAX && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, word, strlen(word)) == 0 &&
            sscanf(line + strlen(word), "%" SCNu64, &value) != 1) // NOLINT(cert-err34-c)
            break;                                                /* "max" */
    fclose(file);
    return value;
}

uint64_t capacity_of_memory(void)
{
    uint64_t free_kb = number_in("/proc/meminfo", "MemAvailable:");
    uint64_t room = free_kb < UINT64_MAX / KB ? free_kb * KB : UINT64_MAX;
    uint64_t max = number_in("/sys/fs/cgroup/memory.max", "");
    uint64_t used = number_in("/sys/fs/cgroup/memory.current", "");

    if (max != UINT64_MAX && used != UINT64_MAX) {
        uint64_t left = max > used ? max - used : 0;
        room = left < room ? left : room;
    }
    return room;
}

bool capacity_check_memory(const struct capacity_car *car, uint64_t vehicles, bool own_cloud,
                           uint64_t room, struct error *err)
{
    uint64_t each = (car->binds ? CAR_KB : PAHO_CAR_KB) + (own_cloud ? BROKER_KB : UINT64_C(0));
    uint64_t need_kb = PROCESS_KB + vehicles * each;

    if (room == UINT64_MAX || need_kb <= room / KB)
        return true;
    uint64_t fits = room / KB > PROCESS_KB ? (room / KB - PROCESS_KB) / each : 0;
    return error_set(err, ERROR_USAGE,
                     "%" PRIu64 " vehicles need about %" PRIu64
                     " MB of memory%s, there are %" PRIu64 " MB (--vehicles %" PRIu64
                     " fit here; more on further machines: docs/load.md)",
                     vehicles, need_kb / 1024, own_cloud ? ", the local cloud included" : "",
                     room / KB / 1024, fits / 100 * 100);
}

/* ---- rates ---- */

/* What was reached on the machine of docs/performance.md, less a quarter: one core of the
   simulator, and what a processor carries of it and of a Mosquitto beside it. */
#define COMMANDS_PER_CORE 5000
#define COMMANDS_SHARED   1000
#define CONNECTS_PER_CPU  300

bool capacity_check_rates(const struct capacity_load *load, struct error *err)
{
    double cpus = (double)load->cpus;
    double commands = load->own_cloud && cpus * COMMANDS_SHARED < COMMANDS_PER_CORE
                          ? cpus * COMMANDS_SHARED
                          : COMMANDS_PER_CORE;
    double connects = cpus * CONNECTS_PER_CPU;

    if (load->connects_per_s > connects)
        return error_set(err, ERROR_USAGE,
                         "%.0f connects/s: some %.0f are what %zu CPU%s can do%s (--ramp %.0fs)",
                         load->connects_per_s, connects, load->cpus, load->cpus == 1 ? "" : "s",
                         load->own_cloud ? " with the local cloud on them" : "",
                         ceil((double)load->vehicles / connects));
    if (load->commands_per_s + load->telemetry_per_s / 2 > commands)
        return error_set(
            err, ERROR_USAGE,
            "%.0f commands/s and %.0f telemetry messages/s: some %.0f commands/s are what one "
            "simulator can do %s (if it lags, the run is invalid: fewer --commands, or more "
            "machines: docs/load.md)",
            load->commands_per_s, load->telemetry_per_s, commands,
            load->own_cloud ? "with the local cloud beside it" : "on one core");
    return true;
}
