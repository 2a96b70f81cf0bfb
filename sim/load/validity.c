#include "load/validity.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "load/core.h"
#include "metrics/recorder.h"

#define QUANTILE 99.0

static void add(struct load_reasons *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct load_reasons *r, const char *fmt, ...)
{
    va_list args;

    if (r->count == LOAD_REASONS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(r->text[r->count++], sizeof r->text[0], fmt, args);
    va_end(args);
}

static void judge_stage(const struct load *load, const char *stage, usec_t budget,
                        const char *remedy, struct load_reasons *ret)
{
    const struct recorder_stage *s = recorder_stage(load->recorder, stage);
    char seen[32], most[32];

    if (s == NULL)
        return;
    usec_t p99 = histogram_percentile(&s->total, QUANTILE);
    if (p99 <= budget)
        return;
    duration_human((double)p99, seen, sizeof seen);
    duration_human((double)budget, most, sizeof most);
    add(ret, "%s p99 %s is over its budget of %s (%s)", stage, seen, most, remedy);
}

static void judge_unsent(const struct load *load, double most, struct load_reasons *ret)
{
    static const struct {
        const char *counter, *why;
    } kinds[] = {
        {"load.unsent.backlog", "could not be sent in time (more --apps?)"        },
        {"load.unsent.no_car",  "had no car that could do them (--mix, --command)"},
        {"load.unsent.refused", "were not taken by the cars' own MQTT clients"    },
    };
    uint64_t intended = recorder_counter(load->recorder, "load.intended");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint64_t n = recorder_counter(load->recorder, kinds[i].counter);
        if ((double)n > most * (double)intended)
            add(ret, "%" PRIu64 " of %" PRIu64 " that were due %s", n, intended, kinds[i].why);
    }
    uint64_t waiting = load->waiting.count + load->probes_waiting.count;
    if ((double)waiting > most * (double)intended)
        add(ret, "%" PRIu64 " commands still waited to be sent at the end (more --apps?)", waiting);
}

void load_judge(const struct load *load, const struct load_budget *budget, struct load_reasons *ret)
{
    ret->count = 0;
    if (load->measured_from == 0) {
        add(ret, "it ended before the measurement began");
        return;
    }
    judge_stage(load, "loop.lag", budget->lag, "fewer cars or commands, or more cores", ret);
    judge_stage(load, "schedule.lateness", budget->lateness, "a lower rate, or more cores", ret);
    judge_unsent(load, budget->unsent, ret);
    uint64_t busy = recorder_counter(load->recorder, "load.busy");
    if ((double)busy > 0.01 * (double)recorder_counter(load->recorder, "load.intended"))
        add(ret,
            "%" PRIu64 " wishes waited for cars that had one open (more cars, or --by request)",
            busy);
    if (recorder_counter(load->recorder, "metrics.dropped") != 0)
        add(ret, "the recorder was full, and left out %" PRIu64 " records",
            recorder_counter(load->recorder, "metrics.dropped"));
}
