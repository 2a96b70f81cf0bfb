#include "metrics/journey.h"

#define MARK(name) (1u << (name))

const struct journey_stage journey_stages[JOURNEY_STAGE_COUNT] = {
    {"command.schedule",          JOURNEY_INTENDED, JOURNEY_SENT,            0,                   false},
    {"command.accept",            JOURNEY_SENT,     JOURNEY_ACCEPTED,        0,                   false},
    {"command.wake",              JOURNEY_SMS_SENT, JOURNEY_CONNECTED,       MARK(JOURNEY_WOKEN), false},
    {"command.boot",              JOURNEY_WOKEN,    JOURNEY_BOOTED,          0,                   false},
    {"command.delivery",          JOURNEY_SENT,     JOURNEY_RECEIVED,        0,                   false},
    {"command.actuation",         JOURNEY_RECEIVED, JOURNEY_ACTED,           0,                   false},
    {"command.report",            JOURNEY_ACTED,    JOURNEY_REPORT_ACCEPTED, 0,                   false},
    {"command.notify",            JOURNEY_ACTED,    JOURNEY_SEEN,            0,                   true },
    {"command.total",             JOURNEY_INTENDED, JOURNEY_SEEN,            0,                   true },
    {"command.total/uncorrected", JOURNEY_SENT,     JOURNEY_SEEN,            0,                   true },
};

usec_t journey_total(const struct journey *j)
{
    usec_t end = journey_has(j, JOURNEY_SEEN) ? j->at[JOURNEY_SEEN] : j->ended;

    return end > j->at[JOURNEY_INTENDED] ? end - j->at[JOURNEY_INTENDED] : 0;
}

/* ORDER JOURNEY_MARK */
static const char *const mark_names[JOURNEY_MARK_COUNT] = {
    "intended", "sent",     "accepted",        "sms_sent",  "woken",    "booted",
    "tcp_up",   "tls_done", "connacked",       "connected", "received", "started",
    "acted",    "reported", "report_accepted", "seen",
};

/* ORDER JOURNEY_OUTCOME */
static const char *const outcome_names[JOURNEY_OUTCOME_COUNT] = {
    "open", "succeeded", "rejected", "failed", "expired", "lost", "timed_out",
};

const char *journey_mark_name(enum journey_mark mark)
{
    return (unsigned)mark < JOURNEY_MARK_COUNT ? mark_names[mark] : "unknown";
}

const char *journey_outcome_name(enum journey_outcome outcome)
{
    return (unsigned)outcome < JOURNEY_OUTCOME_COUNT ? outcome_names[outcome] : "unknown";
}
