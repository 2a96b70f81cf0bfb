#include "metrics/limit_share.h"

#include <stdbool.h>
#include <string.h>

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
static const struct share_whole texts = {
    "text messages", {"sms.sent", NULL}
};
static const struct share_whole checks = {
    "checks of the oracle", {"oracle.checks", NULL}
};

const struct share_row share_rows[] = {
    {"commands.succeeded",          &commands_ended},
    {"commands.rejected",           &commands_ended},
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
};
const size_t share_row_count = sizeof share_rows / sizeof *share_rows;

const struct share_whole *share_whole_of(const char *counter)
{
    for (size_t i = 0; i < share_row_count; i++) {
        size_t n = strlen(share_rows[i].counter);
        bool prefix = share_rows[i].counter[n - 1] == '.';
        if (strncmp(share_rows[i].counter, counter, prefix ? n : n + 1) == 0)
            return share_rows[i].whole;
    }
    return NULL;
}
