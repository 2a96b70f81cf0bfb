#include <stdlib.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "load/core.h"
#include "load/machine.h"
#include "load/volume.h"
#include "metrics/recorder.h"

void load_begin_phase(struct load *load, const char *name)
{
    usec_t now = clock_now();

    if (load->phase_count != 0)
        load->phases[load->phase_count - 1].to = now;
    if (load->phase_count == LOAD_PHASES_MAX) {
        recorder_count(load->recorder, "metrics.dropped", 1);
        return;
    }
    load->phases[load->phase_count++] =
        (struct load_phase_kept){.name = xstrdup(name), .from = now};
}

const char *load_phase(const struct load *load)
{
    return load->phase_count != 0 ? load->phases[load->phase_count - 1].name : "";
}

void load_measure(struct load *load)
{
    load_catch_up(load); /* it belongs to what was before */
    simulation_count_carried(load->sim);
    load->measured_from = clock_now();
    load->finished = 0;
    process_usage_read_load(&load->usage_from);
    process_usage_read_of(load->sim->cloud_process, &load->broker_from);
    load->busy_from = machine_busy();
    if (load->measures)
        recorder_start_anew(load->recorder, load->measured_from);
    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++) {
        struct load_tally *t = &load->sources[i].tally;
        t->intended = t->sent = t->late = 0;
    }
}

void load_finish(struct load *load)
{
    load->finished = clock_now();
    process_usage_read_load(&load->usage_to);
    process_usage_read_of(load->sim->cloud_process, &load->broker_to);
    load->busy_to = machine_busy();
    simulation_count_carried(load->sim);
    load_volume_take(load->recorder, &load->volume);
}

void load_close_books(struct load *load)
{
    size_t waiting = load->waiting.count + load->probes_waiting.count;

    load_observer_close(load);
    if (waiting > 0)
        recorder_count_by(load->recorder, "load.unsent", "waiting", waiting);
}

bool load_finished(const struct load *load)
{
    return load->finished != 0;
}

usec_t load_measured(const struct load *load)
{
    if (load->measured_from == 0)
        return 0;
    return (load->finished != 0 ? load->finished : clock_now()) - load->measured_from;
}

usec_t load_measured_from(const struct load *load)
{
    return load->measured_from;
}

/* Seconds since the run began. */
static double seconds(const struct load *load, usec_t at)
{
    usec_t began = load->sim->started;

    return at > began ? (double)(at - began) / 1e6 : 0;
}

static void add_phases(const struct load *load, cJSON *to)
{
    cJSON *list = cJSON_AddArrayToObject(to, "phases");

    for (size_t i = 0; i < load->phase_count; i++) {
        const struct load_phase_kept *p = &load->phases[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", p->name);
        cJSON_AddNumberToObject(o, "from_s", seconds(load, p->from));
        cJSON_AddNumberToObject(o, "to_s", seconds(load, p->to != 0 ? p->to : clock_now()));
        cJSON_AddItemToArray(list, o);
    }
}

static void add_arrivals(const struct load *load, cJSON *to)
{
    cJSON *list = cJSON_AddArrayToObject(to, "arrivals");

    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++) {
        const struct load_tally *t = &load->sources[i].tally;
        if (t->intended == 0 && t->rate <= 0)
            continue;
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "what", load_stream_name((enum load_stream)i));
        cJSON_AddStringToObject(o, "pattern", arrivals_process_name(t->process));
        cJSON_AddNumberToObject(o, "rate_per_s", t->rate);
        cJSON_AddNumberToObject(o, "intended", (double)t->intended);
        cJSON_AddNumberToObject(o, "sent", (double)t->sent);
        cJSON_AddNumberToObject(o, "late", (double)t->late);
        cJSON_AddItemToArray(list, o);
    }
}

/* Of the local cloud; one that was restarted has forgotten what it took before. */
static void add_broker(const struct load *load, double measured, cJSON *to)
{
    const struct process_usage *from = &load->broker_from, *end = &load->broker_to;

    if (from->resident == 0 || end->resident == 0 || end->cpu < from->cpu)
        return;
    cJSON *o = cJSON_AddObjectToObject(to, "broker");
    cJSON_AddNumberToObject(o, "cores", (double)(end->cpu - from->cpu) / 1e6 / measured);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)end->resident);
}

/* What the cars' connections carried, and what the process took for it. */
static void add_cost(const struct load *load, cJSON *to)
{
    double measured = (double)load_measured(load) / 1e6;
    double cars = (double)load_cars(load);

    if (load->finished == 0 || measured <= 0 || cars <= 0)
        return;
    load_volume_json(&load->volume, measured, cars, to);
    cJSON *self = cJSON_AddObjectToObject(to, "simulator");
    double cpu = (double)(load->usage_to.cpu - load->usage_from.cpu) / 1e6;
    cJSON_AddNumberToObject(self, "cores", cpu / measured);
    double busy = (double)(load->busy_to - load->busy_from) / 1e6;
    cJSON_AddNumberToObject(self, "machine_cores", busy / measured);
    cJSON_AddNumberToObject(self, "processors", machine_processors());
    cJSON_AddNumberToObject(self, "memory_bytes", (double)load->usage_to.resident);
    add_broker(load, measured, to);
}

cJSON *load_json(const struct load *load)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "vehicles", (double)load_cars(load));
    cJSON_AddNumberToObject(o, "probe_vehicles", (double)load->probe.count);
    cJSON_AddNumberToObject(o, "apps", (double)load->app_count);
    cJSON_AddStringToObject(o, "way", load_way_name(load->way));
    cJSON_AddNumberToObject(o, "warm_up_s",
                            load->measured_from != 0 ? seconds(load, load->measured_from) : 0);
    cJSON_AddNumberToObject(o, "measured_s", (double)load_measured(load) / 1e6);
    add_phases(load, o);
    add_arrivals(load, o);
    add_cost(load, o);
    return o;
}
