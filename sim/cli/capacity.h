/*
 * capacity.h — whether this process can hold the fleet that it is asked for, said before it starts,
 * with the remedy: file descriptors, local ports, memory, and what a processor can do.
 *
 * Threads: any, but the limit it raises is the process's.
 */
#ifndef CLI_CAPACITY_H
#define CLI_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sources;

/* What one car takes while it is connected. */
struct capacity_car {
    unsigned descriptors; /* a socket; on Paho also its certificate in memory */
    bool binds;           /* takes --source-address */
};

/* Raises the soft limit of descriptors to the hard one; how many cars that is for, UINT64_MAX if it
   cannot be told. */
uint64_t capacity_of_descriptors(const struct capacity_car *car);
/* ERROR_USAGE with the remedy if they are too few for so many cars at once. */
bool capacity_check_descriptors(const struct capacity_car *car, uint64_t vehicles,
                                struct error *err);

/* How a remedy names the next local addresses: "127.0.0.1,127.0.0.2" for a host on the loopback,
   else "ADDRESS1,ADDRESS2". */
void capacity_name_addresses(const char *host, uint64_t count, char *ret, size_t size);
/* False and a sentence with the remedy when so many cars may find no port towards the host. `range`
   is net.ipv4.ip_local_port_range; NULL: as this machine has it. `addresses` are those given. */
bool capacity_check_ports(const struct capacity_car *car, uint64_t vehicles, const char *host,
                          size_t addresses, const char *range, struct error *err);

/* Bytes that are free for more on this machine, and in its control group; UINT64_MAX if that cannot
   be told. */
uint64_t capacity_of_memory(void);
/* False and a sentence with the remedy when that is less than so many cars take, and the local
   cloud if there is one. An estimate, on the safe side. */
bool capacity_check_memory(const struct capacity_car *car, uint64_t vehicles, bool own_cloud,
                           uint64_t room, struct error *err);

/* What a load asks for; rates are the highest of its phases. */
struct capacity_load {
    uint64_t vehicles;
    double connects_per_s, commands_per_s, telemetry_per_s;
    size_t cpus;
    bool own_cloud; /* it runs on the same processors */
};
/* False and a sentence with the remedy when that is more than was ever seen on such a machine.
   Whether it can is known when it has: a warning only. */
bool capacity_check_rates(const struct capacity_load *load, struct error *err);

#endif
