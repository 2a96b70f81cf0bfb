#include "metrics/names.h"

#include <stdbool.h>
#include <string.h>

const struct metric_name metric_stages[] = {
    {"command.total",        "from intended to seen by the companion, successful commands"},
    {"command.total/",       "the same for one kind of command"                           },
    {"command.total!raw",    "from sent to seen: not corrected for coordinated omission"  },
    {"command.schedule",     "from intended to sent: how late the simulator itself was"   },
    {"command.accept",       "from sent to accepted by the cloud, as the companion saw it"},
    {"command.wake",         "from the SMS to online, for vehicles woken by it"           },
    {"command.delivery",     "from sent to received by the vehicle"                       },
    {"command.actuation",    "from received to the actuator having arrived"               },
    {"command.report",       "from the actuator's arrival to the report accepted"         },
    {"command.notify",       "from the actuator's arrival to seen by the companion"       },
    {"connect.total",        "from the attempt to online with the shadow in step"         },
    {"connect.tcp",          "TCP handshake"                                              },
    {"connect.tls",          "TLS handshake"                                              },
    {"connect.connack",      "from MQTT CONNECT to CONNACK"                               },
    {"connect.subscribe",    "from the first SUBSCRIBE to the last SUBACK"                },
    {"connect.first_shadow", "from the shadow's get to its answer applied"                },
    {"publish.puback",       "from a QoS 1 PUBLISH to its PUBACK"                         },
    {"shadow.update",        "from a shadow update to accepted or rejected"               },
    {"loop.lag",             "how late the simulator's own loop ran a timer"              },
    {"schedule.lateness",    "how late a command was sent after its intended moment"      },
};
const size_t metric_stage_count = sizeof metric_stages / sizeof *metric_stages;

const struct metric_name metric_counters[] = {
    {"commands.sent",               "commands whose journey began"                                },
    {"commands.succeeded",          "the companion saw the desired result"                        },
    {"commands.rejected",           "refused by the cloud or the vehicle"                         },
    {"commands.failed",             "tried by the vehicle, in vain"                               },
    {"commands.expired",            "dropped because their expiry had passed"                     },
    {"commands.lost",               "known never to arrive"                                       },
    {"commands.timed_out",          "the companion gave up waiting"                               },
    {"commands.duplicates_dropped", "deliveries that the vehicle had seen before"                 },
    {"commands.expired_dropped",    "deliveries that came after their expiry"                     },
    {"commands.stale_dropped",      "deliveries overtaken by a newer version"                     },
    {"connect.attempts",            "connects begun"                                              },
    {"connect.succeeded",           "vehicles that came online"                                   },
    {"connect.failed",              "connects that failed"                                        },
    {"connect.failed.",             "the same by reason"                                          },
    {"connect.lost",                "connections that ended without being asked to"               },
    {"connect.lost.",               "the same by reason"                                          },
    {"messages.sent",               "MQTT PUBLISH packets from vehicles"                          },
    {"messages.received",           "MQTT PUBLISH packets to vehicles"                            },
    {"bytes.sent",                  "bytes from vehicles, before TLS"                             },
    {"bytes.received",              "bytes to vehicles, after TLS"                                },
    {"shadow.reports",              "shadow updates sent by vehicles"                             },
    {"shadow.accepted",             "of these, accepted"                                          },
    {"shadow.rejected",             "of these, rejected"                                          },
    {"telemetry.sent",              "telemetry messages sent by vehicles"                         },
    {"sms.sent",                    "wake-up messages sent"                                       },
    {"sms.woken",                   "vehicles woken by one"                                       },
    {"faults.injected",             "faults that scenarios injected"                              },
    {"oracle.violations",           "violations found by the twin oracle"                         },
    {"journeys.anomalies",          "stages that would have ended before they began"              },
    {"journeys.duplicates",         "journeys not begun because their token was under way"        },
    {"metrics.dropped",             "records left out because a bound of the recorder was reached"},
};
const size_t metric_counter_count = sizeof metric_counters / sizeof *metric_counters;

static size_t rank_in(const struct metric_name *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(table[i].name);
        char last = table[i].name[n - 1];
        bool prefix = last == '.' || last == '/';
        if (prefix ? strncmp(name, table[i].name, n) == 0 : strcmp(name, table[i].name) == 0)
            return i;
    }
    return count;
}

size_t metric_stage_rank(const char *name)
{
    return rank_in(metric_stages, metric_stage_count, name);
}

size_t metric_counter_rank(const char *name)
{
    return rank_in(metric_counters, metric_counter_count, name);
}
