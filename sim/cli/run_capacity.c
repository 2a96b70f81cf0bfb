#include "cli/run_capacity.h"

#include <string.h>

struct capacity_car run_capacity_car(const struct run_settings *s)
{
    bool paho = strcmp(s->client, "paho") == 0;

    return (struct capacity_car){.descriptors = paho ? 2 : 1, .binds = !paho};
}
