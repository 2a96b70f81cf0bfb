#include "cli/run_files.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "report/failure_log.h"
#include "report/fleet_log.h"
#include "report/report.h"
#include "report/series_log.h"
#include "script/runtime.h"

static bool open_trace(struct run_files *f, const char *dir, struct simulation *sim,
                       struct error *err)
{
    char *path = xasprintf("%s/trace.jsonl", dir);

    f->trace = fopen(path, "we");
    bool ok = f->trace != NULL;
    if (!ok)
        error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    free(path);
    if (ok)
        sim->trace = trace_new(f->trace, sim->loop);
    return ok;
}

bool run_files_open(struct run_files *f, const char *dir, struct script *script, bool trace,
                    struct error *err)
{
    char *path = xasprintf("%s/" SERIES_FILE, dir);

    f->series = script->series = series_log_new(path);
    free(path);
    path = xasprintf("%s/" FAILURES_FILE, dir);
    f->failures = script->failures = failure_log_new(path);
    free(path);
    /* Shards have waited for each other until now. */
    f->started = script->sim->started = clock_now();
    if (!loop_is_virtual(script->sim->loop)) {
        path = xasprintf("%s/" FLEET_LOG_FILE, dir);
        f->fleet = fleet_log_new(path, script->sim->recorder, f->started);
        free(path);
    }
    return !trace || open_trace(f, dir, script->sim, err);
}

void run_files_measure(const struct run_files *f, const struct simulation *sim)
{
    static_assert(FLEET_LOG_STATES == TCU_STATE_COUNT, "ORDER TCU_STATE");
    struct fleet_cars cars = {.vehicles = sim->vehicle_count};

    simulation_count_states(sim, cars.by_state);
    process_usage_read_of(sim->cloud_process, &cars.broker);
    fleet_log_add(f->fleet, &cars, clock_now());
}

void run_files_measure_rest(const struct run_files *f)
{
    fleet_log_end(f->fleet, clock_now());
}

usec_t run_files_until_second(const struct run_files *f)
{
    return USEC_PER_SEC - (clock_now() - f->started) % USEC_PER_SEC;
}

bool run_files_flush(struct run_files *f, struct error *err)
{
    return series_log_flush(f->series, err) && failure_log_check(f->failures, err) &&
           fleet_log_check(f->fleet, err);
}

void run_files_close(struct run_files *f)
{
    series_log_free(f->series);
    failure_log_free(f->failures);
    fleet_log_free(f->fleet);
    if (f->trace != NULL)
        fclose(f->trace);
}
