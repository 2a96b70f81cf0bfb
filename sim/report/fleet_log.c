#include "report/fleet_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "metrics/names.h"
#include "metrics/recorder.h"

#define LINE_MAX_BYTES ((size_t)64 * 1024)
#define LATENESS       "schedule.lateness"
#define BRIEFEST       (50 * USEC_PER_MSEC) /* rates of a shorter time would say nothing */

/* What happened, by counter: a column each. */
static const struct {
    const char *column, *counter;
} happened[] = {
    {"commands_due",       "load.intended.commands" },
    {"commands_sent",      "commands.sent"          },
    {"commands_succeeded", "commands.succeeded"     },
    {"connects",           "connect.attempts"       },
    {"connects_succeeded", "connect.succeeded"      },
    {"connects_failed",    "connect.failed"         },
    {"connections_lost",   "connect.lost"           },
    {"messages_sent",      "messages.sent"          },
    {"messages_received",  "messages.received"      },
    {"bytes_sent",         "bytes.sent"             },
    {"bytes_received",     "bytes.received"         },
    {"telemetry_due",      "load.intended.telemetry"},
    {"telemetry_sent",     "telemetry.sent"         },
    {"jobs_begun",         "jobs.begun"             },
    {"jobs_succeeded",     "jobs.succeeded"         },
    {"jobs_failed",        "jobs.failed"            },
    {"jobs_rejected",      "jobs.rejected"          },
    {"jobs_ended",         "jobs.ended"             },
};
#define HAPPENED (sizeof happened / sizeof *happened)

/* A counter of trouble, as it was at the last line. */
struct trouble {
    char name[RECORDER_NAME_MAX];
    uint64_t last;
};

struct fleet_log {
    char *path;
    FILE *file; /* NULL: not yet, or it could not be made */
    struct recorder *rec;
    struct recorder_listener listener;
    usec_t started, last;
    usec_t last_cpu, last_broker_cpu;
    struct fleet_cars cars;     /* of the last line */
    uint64_t counted[HAPPENED]; /* at the last line, or when counters started anew */
    uint64_t before[HAPPENED];  /* what the latter took with it */
    struct trouble troubles[RECORDER_COUNTERS_MAX];
    size_t trouble_count;
    int failure; /* errno */
    bool told;
};

static uint64_t count_since(struct fleet_log *log, size_t i)
{
    uint64_t value = recorder_counter(log->rec, happened[i].counter);
    uint64_t more = value >= log->counted[i] ? value - log->counted[i] : value;

    log->counted[i] = value;
    return more;
}

/* A second in which the measurement begins is not one in which little happened. */
static void on_anew(void *ctx)
{
    struct fleet_log *log = ctx;

    for (size_t i = 0; i < HAPPENED; i++) {
        log->before[i] += count_since(log, i);
        if (recorder_starts_anew(log->rec, happened[i].counter))
            log->counted[i] = 0;
    }
}

struct fleet_log *fleet_log_new(const char *path, struct recorder *rec, usec_t started)
{
    struct fleet_log *log = xcalloc(1, sizeof *log);
    struct process_usage usage;

    process_usage_read_load(&usage);
    log->path = xstrdup(path);
    log->rec = rec;
    log->listener = (struct recorder_listener){.anew = on_anew, .ctx = log};
    recorder_listen(rec, &log->listener);
    log->started = log->last = started;
    log->last_cpu = usage.cpu;
    return log;
}

void fleet_log_free(struct fleet_log *log)
{
    if (log == NULL)
        return;
    recorder_unlisten(log->rec, &log->listener);
    if (log->file != NULL)
        fclose(log->file);
    free(log->path);
    free(log);
}

static void put_header(struct buf *out)
{
    buf_append_str(out, "seconds,interval,vehicles,off,asleep,connecting,syncing,online,"
                        "backing_off,provisioning");
    for (size_t i = 0; i < HAPPENED; i++)
        buf_printf(out, ",%s", happened[i].column);
    buf_append_str(out, ",commands_open,command_p50_ms,command_p99_ms,loop_lag_p99_ms,"
                        "loop_lag_max_ms,lateness_max_ms,task_lateness_max_ms,cpu_percent,"
                        "memory_mib,broker_cpu_percent,broker_memory_mib,errors\n");
}

/* Of the interval; nothing if it has no sample. */
static void put_percentile(const struct fleet_log *log, const char *name, double percent,
                           struct buf *out)
{
    const struct recorder_stage *stage = recorder_stage(log->rec, name);

    buf_append_str(out, ",");
    if (stage != NULL && histogram_total(&stage->interval) != 0)
        buf_printf(out, "%.3f", (double)histogram_percentile(&stage->interval, percent) / 1000);
}

/* The reasons are counted one by one as well: "connect.failed" beside "connect.failed.tls". */
static bool has_details(const struct recorder *rec, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const char *other = recorder_counter_at(rec, i)->name;
        if (strncmp(other, name, len) == 0 && other[len] == '.')
            return true;
    }
    return false;
}

static struct trouble *trouble_of(struct fleet_log *log, const char *name)
{
    for (size_t i = 0; i < log->trouble_count; i++)
        if (strcmp(log->troubles[i].name, name) == 0)
            return &log->troubles[i];
    if (log->trouble_count == RECORDER_COUNTERS_MAX)
        return NULL;
    struct trouble *t = &log->troubles[log->trouble_count++];
    snprintf(t->name, sizeof t->name, "%s", name);
    return t;
}

/* A name as part of a cell that needs no quotes. */
static void put_word(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++) {
        bool plain = (unsigned char)*name > ' ' && *name != ',' && *name != '"' && *name != '=' &&
                     *name != ';' && *name != 0x7f;
        buf_append(out, plain ? name : "_", 1);
    }
}

static void put_errors(struct fleet_log *log, struct buf *out)
{
    bool any = false;

    buf_append_str(out, ",");
    for (size_t i = 0; i < recorder_counter_count(log->rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(log->rec, i);
        if (!metric_counter_is_trouble(c->name) || has_details(log->rec, c->name))
            continue;
        struct trouble *t = trouble_of(log, c->name);
        if (t == NULL || c->value == t->last)
            continue;
        uint64_t more = c->value > t->last ? c->value - t->last : c->value; /* begun anew */
        buf_append_str(out, any ? ";" : "");
        put_word(out, c->name);
        buf_printf(out, "=%" PRIu64, more);
        t->last = c->value;
        any = true;
    }
}

/* A broker that was restarted counts from 0. */
static void put_broker(struct fleet_log *log, const struct process_usage *broker, usec_t interval,
                       struct buf *out)
{
    usec_t last = log->last_broker_cpu;

    log->last_broker_cpu = broker->cpu;
    if (broker->resident == 0 || last == 0) {
        buf_append_str(out, ",,");
        return;
    }
    usec_t cpu = broker->cpu >= last ? broker->cpu - last : broker->cpu;
    buf_printf(out, ",%.1f,%.1f", 100.0 * (double)cpu / (double)interval,
               (double)broker->resident / (1024.0 * 1024));
}

static void put_line(struct fleet_log *log, const struct fleet_cars *cars, usec_t now,
                     struct buf *out)
{
    /* A load has a schedule for all that it begins. */
    const char *lateness =
        recorder_stage(log->rec, LATENESS) != NULL ? LATENESS : "command.schedule";
    usec_t interval = now - log->last;
    struct process_usage usage;

    process_usage_read_load(&usage);
    buf_printf(out, "%.3f,%.3f,%zu", (double)(now - log->started) / 1e6, (double)interval / 1e6,
               cars->vehicles);
    for (size_t i = 0; i < FLEET_LOG_STATES; i++)
        buf_printf(out, ",%zu", cars->by_state[i]);
    for (size_t i = 0; i < HAPPENED; i++) {
        buf_printf(out, ",%" PRIu64, log->before[i] + count_since(log, i));
        log->before[i] = 0;
    }
    buf_printf(out, ",%zu", recorder_journeys_open(log->rec));
    put_percentile(log, "command.total", 50, out);
    put_percentile(log, "command.total", 99, out);
    put_percentile(log, "loop.lag", 99, out);
    put_percentile(log, "loop.lag", 100, out);
    put_percentile(log, lateness, 100, out);
    put_percentile(log, "task.lateness", 100, out);
    buf_printf(out, ",%.1f,%.1f", 100.0 * (double)(usage.cpu - log->last_cpu) / (double)interval,
               (double)usage.resident / (1024.0 * 1024));
    put_broker(log, &cars->broker, interval, out);
    put_errors(log, out);
    buf_append_str(out, "\n");
    log->last = now;
    log->last_cpu = usage.cpu;
}

/* After the first trouble the file ends: half a line in its middle would spoil what follows. */
static void write_text(struct fleet_log *log, struct slice text)
{
    if (log->failure != 0)
        return;
    if (log->file == NULL)
        log->file = fopen(log->path, "we");
    if (log->file == NULL || fwrite(text.data, 1, text.len, log->file) != text.len ||
        fflush(log->file) != 0)
        log->failure = errno;
}

void fleet_log_add(struct fleet_log *log, const struct fleet_cars *cars, usec_t now)
{
    struct buf text;

    if (log == NULL || now < log->last + BRIEFEST || (log->file == NULL && cars->vehicles < 2))
        return;
    log->cars = *cars;
    buf_init(&text, LINE_MAX_BYTES);
    if (log->file == NULL)
        put_header(&text);
    put_line(log, cars, now, &text);
    if (!text.overflow)
        write_text(log, buf_slice(&text));
    buf_done(&text);
}

void fleet_log_end(struct fleet_log *log, usec_t now)
{
    struct fleet_cars cars;

    if (log == NULL || log->file == NULL)
        return;
    cars = log->cars;
    cars.broker = (struct process_usage){0}; /* nobody has looked since */
    fleet_log_add(log, &cars, now);
}

bool fleet_log_check(struct fleet_log *log, struct error *err)
{
    if (log == NULL || log->failure == 0 || log->told)
        return true;
    log->told = true;
    return error_set(err, ERROR_USAGE,
                     "%s: cannot write it: %s (nothing more is added; free some space)", log->path,
                     strerror(log->failure));
}
