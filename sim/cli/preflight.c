#include "cli/preflight.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/aws_plan.h"
#include "cli/live_screen.h"
#include "cli/run_capacity.h"
#include "fleet/simulation.h"
#include "load/plan.h"
#include "net/sources.h"

#define TEXT_MAX ((size_t)8192)

static bool has_own_cloud(const struct preflight *p)
{
    return p->settings->target.endpoint == NULL && p->settings->target.cloud_dir == NULL;
}

/* A warning only: a broker with several addresses offers each port several times. */
static void warn_of_ports(const struct preflight *p, uint64_t cars)
{
    const struct simulation *sim = p->sim;
    struct capacity_car car = run_capacity_car(p->settings);
    size_t sources = sim->sources != NULL ? sources_count(sim->sources) : 0;
    struct error err;

    if (!capacity_check_ports(&car, cars, endpoint_host(sim->endpoint), sources, NULL, &err))
        log_warn("%s", err.text);
}

/* Nobody is asked twice: of a load more is known when it begins, so then. But where there is
   nobody, it is over at once. */
static bool asks_later(const struct preflight *p)
{
    return p->settings->load != NULL && isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
}

bool preflight_begin(struct preflight *p, const struct run_settings *settings,
                     const struct simulation *sim, struct error *err)
{
    *p = (struct preflight){.settings = settings, .sim = sim, .consent.given = settings->yes};
    if (settings->load == NULL)
        warn_of_ports(p, settings->vehicles);
    return settings->list ||
           ((settings->vehicles == 0 || preflight_fits(p, settings->vehicles, err)) &&
            (asks_later(p) || preflight_wanted(p, settings->vehicles, err)));
}

bool preflight_fits(const struct preflight *p, uint64_t cars, struct error *err)
{
    struct capacity_car car = run_capacity_car(p->settings);

    return capacity_check_descriptors(&car, cars, err) &&
           capacity_check_memory(&car, cars, has_own_cloud(p), capacity_of_memory(), err);
}

bool preflight_wanted(struct preflight *p, uint64_t cars, struct error *err)
{
    live_screen_clear();
    return consent_to(&p->consent, p->sim->endpoints, cars + p->sim->vehicle_count, err);
}

/* The run's own limit may be lower than what the ramp comes to. */
static double connects_of(const struct preflight *p, const struct load_plan *plan)
{
    double limit = (double)p->settings->connect_rate;

    return limit > 0 ? fmin(limit, plan->connects) : plan->connects;
}

static void warn_of_rates(const struct preflight *p, const struct load_plan *plan)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct capacity_load load = {.vehicles = plan->vehicles,
                                 .connects_per_s = connects_of(p, plan),
                                 .commands_per_s = plan->commands,
                                 .telemetry_per_s = plan->telemetry,
                                 .cpus = cpus > 0 ? (size_t)cpus : 1,
                                 .own_cloud = has_own_cloud(p)};
    struct error err;

    if (!capacity_check_rates(&load, &err))
        log_warn("%s", err.text);
}

static struct aws_plan aws_of(const struct preflight *p, const struct load_plan *plan)
{
    double storm = plan->storm * (double)plan->vehicles;
    double limit = (double)p->settings->connect_rate;

    storm = limit > 0 ? fmin(limit, storm) : storm;
    return (struct aws_plan){
        .cars = plan->vehicles,
        .apps = plan->apps,
        .seconds = plan->ramp_s + plan->warm_up_s + plan->measured_s,
        .connects_per_s = fmax(connects_of(p, plan), storm),
        .commands_per_s = plan->commands,
        .by_shadow = plan->by_shadow,
        .telemetry_per_s = plan->telemetry,
        .telemetry_size = plan->telemetry_size,
        .loaded_seconds = plan->warm_up_s + plan->measured_s,
    };
}

bool preflight_load(struct preflight *p, const struct load_plan *plan, struct error *err)
{
    struct buf text;

    live_screen_clear();
    if (!preflight_fits(p, plan->vehicles, err))
        return false;
    warn_of_ports(p, plan->vehicles);
    warn_of_rates(p, plan);
    buf_init(&text, TEXT_MAX);
    const char *profile = mqtt_profile_name(p->sim->tcu.profile);
    if (strcmp(profile, "aws") == 0) {
        struct aws_plan aws = aws_of(p, plan);
        aws_plan_tell(&aws, &text);
        fputs(buf_cstr(&text), stderr);
    }
    buf_done(&text);
    /* A shard's cars are some of many. */
    uint64_t fleet = p->settings->fleet != 0 ? p->settings->fleet : plan->vehicles;
    return consent_to(&p->consent, p->sim->endpoints, fleet, err);
}
