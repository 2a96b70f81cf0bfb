#include "fleet/vehicle_telemetry.h"

#include "fleet/simulation.h"
#include "metrics/recorder.h"

static void on_count(void *ctx, enum collector_count what, uint64_t n)
{
    const struct vehicle *v = ctx;

    recorder_count(v->sim->recorder, collector_count_name(what), n);
}

static void on_note(void *ctx, const char *text)
{
    const struct vehicle *v = ctx;

    timeline_add_parts(
        v->timeline, clock_now(), TIMELINE_NOTE,
        &(struct timeline_parts){slice_str("telemetry"), slice_str(": "), slice_str(text)});
}

static const struct collector_ops ops = {.count = on_count, .note = on_note};

void vehicle_collect(struct vehicle *v, struct plan *plan)
{
    if (v->collector != NULL && collector_plan(v->collector) == plan)
        return;
    collector_free(v->collector);
    v->collector = NULL;
    if (plan == NULL)
        return;
    struct collector_params params = {.loop = v->sim->loop,
                                      .tcu = v->tcu,
                                      .plan = plan,
                                      .vin = v->identity.vin,
                                      .ops = &ops,
                                      .ctx = v};
    v->collector = collector_new(&params);
}
