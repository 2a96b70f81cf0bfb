#include "cli/preflight.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmem.h"
#include "cli/aws_plan.h"
#include "cli/live_screen.h"
#include "cli/run_capacity.h"
#include "fleet/simulation.h"
#include "load/plan.h"
#include "metrics/atomic_file.h"
#include "net/endpoints.h"
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

/* A shard's limit of connects is its part of what all may do. */
static double connect_limit(const struct preflight *p, const struct load_plan *plan)
{
    double limit = (double)p->settings->connect_rate;
    bool part = p->settings->fleet != 0 && plan->vehicles > p->settings->vehicles;

    return part ? limit * (double)p->settings->shard.count : limit;
}

static double at_most(double rate, double limit)
{
    return limit > 0 ? fmin(limit, rate) : rate;
}

static void warn_of_rates(const struct preflight *p, const struct load_plan *plan)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct capacity_load load = {.vehicles = plan->vehicles,
                                 .connects_per_s = at_most(plan->connects, connect_limit(p, plan)),
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
    double limit = connect_limit(p, plan);
    double storm = plan->storm * (double)plan->vehicles;

    return (struct aws_plan){
        .cars = plan->vehicles,
        .apps = plan->apps,
        .seconds = plan->ramp_s + plan->warm_up_s + plan->measured_s,
        .connects_per_s = fmax(at_most(plan->connects, limit), at_most(storm, limit)),
        .commands_per_s = plan->commands,
        .by_shadow = plan->by_shadow,
        .named_shadows = plan->named_shadows,
        .named_commands = plan->named_commands,
        .telemetry_per_s = plan->telemetry,
        .telemetry_size = plan->telemetry_size,
        .loaded_seconds = plan->warm_up_s + plan->measured_s,
    };
}

static void tell_rates(const struct preflight *p, const char *who, const struct load_plan *plan,
                       struct buf *out)
{
    buf_printf(out, "%s: %" PRIu64 " cars, %.4g connects/s, %.4g commands/s", who, plan->vehicles,
               at_most(plan->connects, connect_limit(p, plan)), plan->commands);
    if (plan->telemetry > 0)
        buf_printf(out, ", %.4g telemetry messages/s", plan->telemetry);
    buf_append_str(out, "\n");
}

/* What the whole comes to, and what this process's part of it is. */
static void tell_whole(const struct preflight *p, const struct load_plan *plan, struct buf *out)
{
    const struct shard *shard = &p->settings->shard;
    char who[64];

    if (plan->whole == NULL)
        return;
    snprintf(who, sizeof who, "all %" PRIu32 " shards together", shard->count);
    tell_rates(p, who, plan->whole, out);
    snprintf(who, sizeof who, "of that shard %" PRIu32, shard->index);
    tell_rates(p, who, plan, out);
}

/* Quotas and bill are the account's, so of all shards together, and told once. */
static void tell_aws(const struct preflight *p, const struct load_plan *plan, struct buf *out)
{
    if (strcmp(mqtt_profile_name(p->sim->tcu.profile), "aws") != 0 || p->settings->shard.index != 0)
        return;
    struct aws_plan aws = aws_of(p, plan->whole != NULL ? plan->whole : plan);
    aws_plan_tell(&aws, out);
}

static void save(const char *dir, struct slice text)
{
    char *path = xasprintf("%s/" PREFLIGHT_FILE, dir);
    struct error err;

    if (!atomic_file_write(path, text, &err))
        log_warn("%s", err.text);
    free(path);
}

bool preflight_load(struct preflight *p, const struct load_plan *plan, const char *dir,
                    struct error *err)
{
    struct buf text;

    live_screen_clear();
    if (!preflight_fits(p, plan->vehicles, err))
        return false;
    warn_of_ports(p, plan->vehicles);
    warn_of_rates(p, plan);
    buf_init(&text, TEXT_MAX);
    tell_whole(p, plan, &text);
    tell_aws(p, plan, &text);
    fputs(buf_cstr(&text), stderr);
    if (plan->whole != NULL && dir != NULL && p->settings->shard.index == 0)
        save(dir, buf_slice(&text));
    buf_done(&text);
    /* A shard's cars are some of many. */
    uint64_t fleet = p->settings->fleet != 0 ? p->settings->fleet : plan->vehicles;
    return consent_to(&p->consent, p->sim->endpoints, fleet, err);
}

/* The first of several is as good as any; the local cloud is here. */
static char *host_of(const struct run_settings *settings)
{
    struct error ignored;
    const char *endpoint = settings->target.endpoint;
    struct endpoints *list =
        endpoint != NULL ? endpoints_new(endpoint, ENDPOINT_ORDER, &ignored) : NULL;
    char *host = xstrdup(list != NULL ? endpoint_host(endpoints_at(list, 0)) : "127.0.0.1");

    endpoints_free(list);
    return host;
}

bool preflight_shards(const struct run_settings *settings, bool own_cloud, struct error *err)
{
    struct capacity_car car = run_capacity_car(settings);
    char *host = host_of(settings);
    size_t sources = 0;
    struct error warning;

    for (const char *s = settings->source_addresses; s != NULL; s = strchr(s + 1, ','))
        sources++;
    if (!capacity_check_ports(&car, settings->vehicles, host, sources, NULL, &warning))
        log_warn("%s", warning.text);
    free(host);
    return capacity_check_memory(&car, settings->vehicles, own_cloud, capacity_of_memory(), err);
}
