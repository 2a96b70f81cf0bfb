#include "cli/shard_options.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "metrics/run_results.h"

static bool check_shards(const struct shard_options *o, const struct run_settings *s,
                         struct error *err)
{
    if (o->shards > SHARDS_MAX)
        return error_set(err, ERROR_USAGE, "--shards %" PRIu64 ": at most %d", o->shards,
                         SHARDS_MAX);
    if (s->shard.count != 0)
        return error_set(err, ERROR_USAGE,
                         "--shards %" PRIu64 ": this is a shard already, by %s (--shard 0/1: it is "
                         "none)",
                         o->shards, s->shard.source);
    if (s->no_results)
        return error_set(err, ERROR_USAGE,
                         "--shards: merged are their results (not with "
                         "--no-results)");
    return true;
}

static bool check_shard(const struct run_settings *s, bool seeded, struct error *err)
{
    const struct target_options *t = &s->target;

    if (t->endpoint == NULL && t->cloud_dir == NULL)
        return error_set(
            err, ERROR_USAGE,
            "%s: each shard would have a cloud of its own (give --endpoint or --cloud; "
            "on one machine --shards N starts one for all)",
            s->shard.source);
    if (!seeded)
        return error_set(err, ERROR_USAGE,
                         "%s: shards of one load have the same seed (give --seed N to all)",
                         s->shard.source);
    if (s->no_results)
        return error_set(err, ERROR_USAGE,
                         "%s: shards are merged by their results (not with "
                         "--no-results)",
                         s->shard.source);
    return true;
}

static bool check_fleet(const struct run_settings *s, uint64_t shards, struct error *err)
{
    if (s->vehicles == 0)
        return error_set(err, ERROR_USAGE,
                         "how many cars are shared out? (give --vehicles, of all shards together)");
    if (s->vehicles < shards)
        return error_set(err, ERROR_USAGE,
                         "%" PRIu64 " shards, but --vehicles %" PRIu64 ": some would have none",
                         shards, s->vehicles);
    if (s->target.certificates != NULL)
        return error_set(err, ERROR_USAGE,
                         "--certificates: shards take their cars from a --pki (or run a load of "
                         "its own on each machine, with certificates of its own)");
    return true;
}

/* What all together may do, one does its share of. */
static uint64_t share_of(uint64_t whole, const struct shard *shard)
{
    uint64_t first, count;

    shard_slice(shard, whole, &first, &count);
    return whole != 0 && count == 0 ? 1 : count;
}

static void take_share(struct shard_options *o, struct run_settings *s)
{
    uint64_t first, count;
    char name[RUN_RESULTS_NAME_MAX];

    shard_slice(&s->shard, s->vehicles, &first, &count);
    s->fleet = s->vehicles;
    s->fleet_first = first;
    s->vehicles = count;
    s->first_vehicle += first;
    s->connect_rate = share_of(s->connect_rate, &s->shard);
    s->connect_concurrency = share_of(s->connect_concurrency, &s->shard);
    run_results_clean_name(s->name, name);
    snprintf(o->folder, sizeof o->folder, "%s/shard-%04" PRIu32, name, s->shard.index);
    s->results_folder = o->folder;
    log_info("shard %" PRIu32 " of %" PRIu32 " (%s): cars %" PRIu64 " to %" PRIu64 " of %" PRIu64,
             s->shard.index, s->shard.count, s->shard.source, first, first + count - 1, s->fleet);
}

bool shard_options_apply(struct shard_options *o, struct run_settings *s, bool seeded,
                         struct error *err)
{
    if (!shard_choose(o->shard, &s->shard, err) ||
        (o->start_at != NULL && !start_at_parse(o->start_at, &s->start_at_ms, err)))
        return false;
    s->meet = o->meet;
    if (o->shards > 1)
        return check_shards(o, s, err) && check_fleet(s, o->shards, err);
    if (s->shard.count == 0)
        return o->meet == NULL || error_set(err, ERROR_USAGE, "--meet: whom? (give --shard I/N)");
    if (!check_shard(s, seeded, err) || !check_fleet(s, s->shard.count, err))
        return false;
    take_share(o, s);
    return true;
}
