#include "metrics/limit_share.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PROBE "probe/"

static const struct share_whole commands_ended = {
    "commands that ended",
    {"commands.succeeded", "commands.rejected", "commands.failed", "commands.expired",
      "commands.lost", "commands.timed_out", NULL}
};
static const struct share_whole commands = {
    "commands", {"commands.sent", NULL}
};
static const struct share_whole connects_ended = {
    "connects that ended", {"connect.succeeded", "connect.failed", NULL}
};
static const struct share_whole connections = {
    "connections that stood", {"connect.succeeded", NULL}
};
static const struct share_whole reports = {
    "shadow updates", {"shadow.reports", NULL}
};
static const struct share_whole samples = {
    "telemetry samples", {"telemetry.samples", "telemetry.dropped", NULL}
};
static const struct share_whole watched = {
    "telemetry messages that were watched", {"telemetry.observed", NULL}
};
static const struct share_whole texts = {
    "text messages", {"sms.sent", NULL}
};
static const struct share_whole checks = {
    "checks of the oracle", {"oracle.checks", NULL}
};

static const struct share_whole due = {
    "what was due", {"load.intended", NULL}
};

const struct share_row share_rows[] = {
    {"commands.succeeded",          &commands_ended},
    {"commands.rejected",           &commands_ended},
    {"commands.rejected.",          &commands_ended},
    {"commands.failed",             &commands_ended},
    {"commands.expired",            &commands_ended},
    {"commands.lost",               &commands_ended},
    {"commands.timed_out",          &commands_ended},
    {"commands.duplicates_dropped", &commands      },
    {"commands.expired_dropped",    &commands      },
    {"commands.stale_dropped",      &commands      },
    {"connect.succeeded",           &connects_ended},
    {"connect.failed",              &connects_ended},
    {"connect.failed.",             &connects_ended},
    {"connect.resumed",             &connects_ended},
    {"connect.lost",                &connections   },
    {"connect.lost.",               &connections   },
    {"shadow.accepted",             &reports       },
    {"shadow.rejected",             &reports       },
    {"telemetry.dropped",           &samples       },
    {"telemetry.lost",              &watched       },
    {"telemetry.duplicated",        &watched       },
    {"sms.delivered",               &texts         },
    {"sms.lost",                    &texts         },
    {"sms.expired",                 &texts         },
    {"sms.woken",                   &texts         },
    {"service.repeated",            &commands      },
    {"service.resent",              &commands      },
    {"service.duplicates",          &commands      },
    {"service.late",                &commands      },
    {"service.expired",             &commands      },
    {"oracle.violations",           &checks        },
    {"journeys.anomalies",          &commands      },
    {"load.late",                   &due           },
    {"load.unsent",                 &due           },
    {"load.unsent.",                &due           },
    {"load.busy",                   &due           },
};
const size_t share_row_count = sizeof share_rows / sizeof *share_rows;

/* What stands before the name of a counter of the probe app. */
static size_t prefix_of(const char *counter)
{
    return strncmp(counter, PROBE, sizeof PROBE - 1) == 0 ? sizeof PROBE - 1 : 0;
}

const struct share_whole *share_whole_of(const char *counter)
{
    counter += prefix_of(counter);
    for (size_t i = 0; i < share_row_count; i++) {
        size_t n = strlen(share_rows[i].counter);
        bool prefix = share_rows[i].counter[n - 1] == '.';
        if (strncmp(share_rows[i].counter, counter, prefix ? n : n + 1) == 0)
            return share_rows[i].whole;
    }
    return NULL;
}

double share_whole_sum(const struct recorder *rec, const char *counter)
{
    const struct share_whole *whole = share_whole_of(counter);
    char name[RECORDER_NAME_MAX];
    double all = 0;

    for (const char *const *part = whole != NULL ? whole->parts : NULL;
         part != NULL && *part != NULL; part++) {
        snprintf(name, sizeof name, "%.*s%s", (int)prefix_of(counter), counter, *part);
        all += (double)recorder_counter(rec, name);
    }
    return all;
}
