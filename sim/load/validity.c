#include "load/validity.h"

#include <inttypes.h>
#include <stdio.h>

#include "load/core.h"
#include "metrics/recorder.h"

/* Of few samples one does not make a run invalid. */
#define QUANTILE     99.0
#define QUANTILE_FEW 90.0
#define FEW          300

#define REASON(reasons, ...)                                                                       \
    do {                                                                                           \
        if ((reasons)->count < LOAD_REASONS_MAX)                                                   \
            snprintf((reasons)->text[(reasons)->count++], sizeof(reasons)->text[0], __VA_ARGS__);  \
    } while (0)

void load_reasons_add(struct load_reasons *reasons, const char *text)
{
    REASON(reasons, "%s", text);
}

static void judge_stage(const struct load *load, const char *stage, usec_t budget,
                        const char *remedy, struct load_reasons *ret)
{
    const struct recorder_stage *s = recorder_stage(load->recorder, stage);
    char seen[32], most[32];

    if (s == NULL)
        return;
    double quantile = histogram_total(&s->total) < FEW ? QUANTILE_FEW : QUANTILE;
    usec_t late = histogram_percentile(&s->total, quantile);
    if (late <= budget)
        return;
    duration_human((double)late, seen, sizeof seen);
    duration_human((double)budget, most, sizeof most);
    REASON(ret, "%s p%.0f %s is over its budget of %s (%s)", stage, quantile, seen, most, remedy);
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
            REASON(ret, "%" PRIu64 " of %" PRIu64 " that were due %s", n, intended, kinds[i].why);
    }
    uint64_t waiting = load->waiting.count + load->probes_waiting.count;
    if ((double)waiting > most * (double)intended)
        REASON(ret, "%" PRIu64 " commands still waited to be sent at the end (more --apps?)",
               waiting);
}

void load_judge(const struct load *load, const struct load_budget *budget, struct load_reasons *ret)
{
    ret->count = 0;
    if (load->measured_from == 0) {
        REASON(ret, "it ended before the measurement began");
        return;
    }
    judge_stage(load, "loop.lag", budget->lag, "fewer cars or commands, or more cores", ret);
    judge_stage(load, "task.lateness", budget->tasks,
                "what cars do was late by the simulator: fewer cars or commands, or more cores",
                ret);
    judge_stage(load, "schedule.lateness", budget->lateness, "a lower rate, or more cores", ret);
    judge_unsent(load, budget->unsent, ret);
    uint64_t busy = recorder_counter(load->recorder, "load.busy");
    if ((double)busy > 0.01 * (double)recorder_counter(load->recorder, "load.intended"))
        REASON(ret,
               "%" PRIu64 " wishes waited for cars that had one open (more cars, or --by request)",
               busy);
    if (recorder_counter(load->recorder, "metrics.dropped") != 0)
        REASON(ret, "the recorder was full, and left out %" PRIu64 " records",
               recorder_counter(load->recorder, "metrics.dropped"));
}
