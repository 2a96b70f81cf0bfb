/* telemetry_schema.h — a signal table with every type, for the tests of this room. */
#ifndef TESTS_TELEMETRY_SCHEMA_H
#define TESTS_TELEMETRY_SCHEMA_H

#include <math.h>

#include "tcu/signals.h"

static const char *const lock_values[] = {"locked", "unlocked", "jammed"};

static struct signal_schema *make_schema(const char *model)
{
    const struct signal_def defs[] = {
        {.path = (char *)"battery.charge",          .type = SIGNAL_FLOAT, .vss = (char *)"Vehicle.Charge"},
        {.path = (char *)"doors.open",              .type = SIGNAL_BOOL },
        {.path = (char *)"driving.odometer",                       .type = SIGNAL_INT                    },
        {.path = (char *)"driving.speed",           .type = SIGNAL_FLOAT,                               .vss = (char *)"Vehicle.Speed"                               },
        {.path = (char *)"locks.all",
         .type = SIGNAL_ENUM,
         .values = (char **)(uintptr_t)lock_values,
         .value_count = 3},
        {.path = (char *)"note",                    .type = SIGNAL_STRING, .initial = {.s = ""}},
    };
    struct signal_schema *schema = signal_schema_new(model);
    struct error err;

    for (size_t i = 0; i < sizeof defs / sizeof *defs; i++) {
        struct signal_def def = defs[i];
        def.min = -(double)INFINITY;
        def.max = (double)INFINITY;
        if (!signal_schema_add(schema, &def, &err))
            return NULL;
    }
    signal_schema_seal(schema);
    return schema;
}

/* In alphabetical order, as sealing sorts them. */
enum { CHARGE, OPEN, ODOMETER, SPEED, LOCKS, NOTE, SIGNALS };

#endif
