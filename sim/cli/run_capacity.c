#include "cli/run_capacity.h"

#include <string.h>

#include "base/log.h"
#include "fleet/simulation.h"
#include "net/sources.h"

struct capacity_car run_capacity_car(const struct run_settings *s)
{
    bool paho = strcmp(s->client, "paho") == 0;

    return (struct capacity_car){.descriptors = paho ? 2 : 1, .binds = !paho};
}

void run_capacity_warn_of_ports(const struct run_settings *s, const struct simulation *sim)
{
    struct capacity_car car = run_capacity_car(s);
    size_t sources = sim->sources != NULL ? sources_count(sim->sources) : 0;
    struct error err;

    if (!capacity_check_ports(&car, s->vehicles, endpoint_host(sim->endpoint), sources, NULL, &err))
        log_warn("%s", err.text);
}
