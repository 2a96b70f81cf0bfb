#include "cli/capacity.h"

#include <inttypes.h>
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
