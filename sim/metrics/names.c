#include "metrics/names.h"

#include <stdio.h>
#include <string.h>

#include "metrics/recorder.h"

const struct metric_name metric_stages[] = {
    {"command.total",             "from intended to seen by the companion, successful commands",        false},
    {"command.total/uncorrected", "from sent to seen: not corrected for coordinated omission",
     false                                                                                                   },
    {"command.total/",            "the same for one kind of command",                                   false},
    {"command.total.",            "the same for one channel of a command service",                      false},
    {"command.schedule",          "from intended to sent: how late the simulator itself was",           false},
    {"command.accept",            "from sent to accepted by the cloud, as the companion saw it",        false},
    {"command.wake",              "from the SMS to online, for vehicles woken by it",                   false},
    {"command.boot",              "of this, from waking up to the attempt to connect",                  false},
    {"command.delivery",          "from sent to received by the vehicle",                               false},
    {"command.actuation",         "from received to the actuator having arrived",                       false},
    {"command.report",            "from the actuator's arrival to the report accepted",                 false},
    {"command.notify",            "from the actuator's arrival to seen by the companion",               false},
    {"service.wait",              "from a command's arrival at its service to its request sent",        false},
    {"service.answer",            "from the last request sent to the car's answer",                     false},
    {"connect.queue",             "wait for its turn to connect, before the attempt",                   false},
    {"connect.total",             "from the attempt to online with the shadow in step",                 false},
    {"connect.tcp",               "TCP handshake",                                                      false},
    {"connect.tls",               "TLS handshake",                                                      false},
    {"connect.connack",           "from MQTT CONNECT to CONNACK",                                       false},
    {"connect.subscribe",         "from the first SUBSCRIBE to the last SUBACK",                        false},
    {"connect.first_shadow",      "from the shadow's get to its answer applied",                        false},
    {"publish.puback",            "from a QoS 1 PUBLISH to its PUBACK",                                 false},
    {"shadow.update",             "from a shadow update to accepted or rejected",                       false},
    {"telemetry.delivery",        "from a load's telemetry being due to the probe app having it",       false},
    {"schedule.lateness",         "how late the simulator was to begin what a load's schedule had due",
     false                                                                                                   },
    {"task.lateness",             "how late the simulator went on with what cars and scenarios do",     false},
    {"loop.lag",                  "how late the simulator's own loop ran a timer",                      false},
    {"probe/",                    "the same stages of a load's probe cars and probe app",               false},
};
const size_t metric_stage_count = sizeof metric_stages / sizeof *metric_stages;

const struct metric_name metric_counters[] = {
    {"commands.sent",               "commands whose journey began",                                  false},
    {"commands.succeeded",          "the companion saw the desired result",                          false},
    {"commands.rejected",           "refused by the cloud or the vehicle",                           true },
    {"commands.failed",             "tried by the vehicle, in vain",                                 true },
    {"commands.expired",            "dropped because their expiry had passed",                       true },
    {"commands.lost",               "known never to arrive",                                         true },
    {"commands.timed_out",          "the companion gave up waiting",                                 true },
    {"commands.duplicates_dropped", "deliveries that the vehicle had seen before",                   false},
    {"commands.expired_dropped",    "deliveries that came after their expiry",                       false},
    {"commands.stale_dropped",      "deliveries overtaken by a newer version",                       false},
    {"commands.rejected.",          "of those rejected: by what the cloud said",                     true },
    {"connect.attempts",            "connects begun",                                                false},
    {"connect.succeeded",           "vehicles that came online",                                     false},
    {"connect.resumed",             "TLS handshakes that resumed a session",                         false},
    {"connect.failed",              "connects that failed",                                          true },
    {"connect.failed.",             "the same by reason",                                            true },
    {"connect.lost",                "connections that ended without being asked to",                 true },
    {"connect.lost.",               "the same by reason",                                            true },
    {"companion.failed",            "connects of companions that failed",                            true },
    {"companion.lost",              "connections of companions that ended without being asked to",   true },
    {"messages.bad",                "messages that vehicles could not read",                         true },
    {"desired.unknown",             "desired values that vehicles did not understand",               false},
    {"mqtt.refused",                "not sent, for the broker or the profile would not take it",     false},
    {"messages.sent",               "MQTT PUBLISH packets from vehicles",                            false},
    {"messages.received",           "MQTT PUBLISH packets to vehicles",                              false},
    {"bytes.sent",                  "bytes from vehicles, before TLS",                               false},
    {"bytes.received",              "bytes to vehicles, after TLS",                                  false},
    {"wire.sent",                   "bytes that TCP sent for vehicles, TLS and handshakes included", false},
    {"wire.received",               "bytes that TCP received for them",                              false},
    {"wire.packets",                "packets that this took, both ways",                             false},
    {"wire.headers",                "bytes of these packets' TCP and IP headers",                    false},
    {"wire.handshakes",             "TLS handshakes of vehicles that were completed",                false},
    {"wire.handshake_bytes",        "bytes that these took, both ways",                              false},
    {"shadow.reports",              "shadow updates sent by vehicles",                               false},
    {"shadow.accepted",             "of these, accepted",                                            false},
    {"shadow.rejected",             "of these, rejected",                                            true },
    {"telemetry.sent",              "telemetry messages sent by vehicles",                           false},
    {"telemetry.samples",           "samples sent in telemetry batches",                             false},
    {"telemetry.batches",           "telemetry batches sent",                                        false},
    {"telemetry.bytes",             "payload of telemetry batches sent",                             false},
    {"telemetry.dropped",           "samples that made way for newer ones, or were refused",         false},
    {"telemetry.observed",          "of a load's messages, those sent for the probe app to see",     false},
    {"telemetry.lost",              "of these, never seen",                                          true },
    {"telemetry.duplicated",        "of these, seen again",                                          true },
    {"jobs.begun",                  "executions of jobs that cars have begun",                       false},
    {"jobs.succeeded",              "of these, succeeded",                                           false},
    {"jobs.failed",                 "executions of jobs that failed in the car",                     true },
    {"jobs.rejected",               "executions of jobs that the car refused",                       true },
    {"jobs.ended",                  "executions of jobs that the cloud ended: timed out, cancelled", true },
    {"sms.sent",                    "wake-up messages sent",                                         false},
    {"sms.delivered",               "that have reached their cars, repeated ones included",          false},
    {"sms.lost",                    "lost on their way",                                             false},
    {"sms.expired",                 "not delivered within their validity",                           false},
    {"sms.woken",                   "vehicles woken by one",                                         false},
    {"service.taps",                "text messages that command services sent",                      false},
    {"service.false_disconnects",   "cars that were back before they counted as offline",            false},
    {"service.stale_events",        "lifecycle events about older connections, or repeated",         false},
    {"service.repeated",            "commands given again under the same id",                        false},
    {"service.resent",              "requests sent once more, because they may have been lost",      false},
    {"service.duplicates",          "answers that had come before",                                  false},
    {"service.late",                "answers to commands that had timed out",                        true },
    {"service.expired",             "commands that could not be sent in time, and never were",       true },
    {"load.intended",               "what a load's schedule had due",                                false},
    {"load.intended.",              "the same by what it was",                                       false},
    {"load.late",                   "of these, begun more than 50 ms late by the simulator",         true },
    {"load.unsent",                 "of these, never sent",                                          true },
    {"load.unsent.",                "the same by reason",                                            true },
    {"load.busy",                   "wishes that waited because their cars had one open",            true },
    {"load.cut",                    "connections of cars that a load cut",                           false},
    {"faults.injected",             "faults that scenarios injected",                                false},
    {"oracle.violations",           "violations that the oracle found and no scenario expected",     true },
    {"oracle.expected",             "violations that scenarios expected",                            false},
    {"oracle.checks",               "how often the oracle looked",                                   false},
    {"journeys.anomalies",          "stages that would have ended before they began",                true },
    {"journeys.duplicates",         "journeys not begun because their token was under way",          true },
    {"metrics.dropped",             "records left out because a bound of the recorder was reached",  true },
    {"probe/",                      "the same counters of a load's probe app",                       false},
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

bool metric_counter_is_trouble(const char *name)
{
    char plain[128];
    size_t rank = metric_counter_rank(name);

    snprintf(plain, sizeof plain, "%s", name);
    for (char *dot; rank == metric_counter_count && (dot = strrchr(plain, '.')) != NULL;) {
        *dot = '\0';
        rank = metric_counter_rank(plain);
    }
    return rank < metric_counter_count && metric_counters[rank].trouble;
}

#define KIND_PREFIX "command.total/"

bool metric_is_kind(const char *name)
{
    return strncmp(name, KIND_PREFIX, strlen(KIND_PREFIX)) == 0 &&
           strcmp(name, KIND_PREFIX "uncorrected") != 0;
}

/* A fleet is provisioned and connects before it is measured, and that is worth knowing. */
bool metric_outlives_warm_up(const char *name)
{
    static const char probe_connect[] = RECORDER_PROBE "connect.";
    static const char *const kept[] = {"connect.", probe_connect, "provision.",
                                       "oracle.",  "metrics.",    "wire.handshake"};

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (strncmp(name, kept[i], strlen(kept[i])) == 0)
            return true;
    return false;
}

bool metric_outlives_measurement(const char *name)
{
    return metric_outlives_warm_up(name) && strstr(name, "connect.") == NULL &&
           strstr(name, "provision.") == NULL;
}
