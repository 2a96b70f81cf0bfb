#include <inttypes.h>

#include "base/buf.h"
#include "fleet/simulation.h"
#include "load/core.h"
#include "metrics/recorder.h"

#define KIND "load"
/* What belongs around the signals. */
#define AROUND ((size_t)96)

/* Some of the car's signals, others each time, until it is as long as wanted. */
static void write_payload(const struct load *load, const struct vehicle *v, struct buf *out)
{
    const struct signal_table *signals = &v->tcu->signals;
    size_t count = signal_schema_count(signals->schema);
    size_t first = count != 0 ? (size_t)(load->telemetry_seq % count) : 0;

    buf_printf(out, "{\"at\":%" PRIi64 ",\"seq\":%" PRIu64 ",\"signals\":{",
               loop_wall_ms(load->sim->loop), load->telemetry_seq);
    for (size_t i = 0; i < count && buf_len(out) + 24 < load->telemetry_size; i++) {
        size_t index = (first + i) % count;
        const struct signal_def *def = signal_schema_def(signals->schema, index);
        buf_printf(out, "%s\"%s\":", i != 0 ? "," : "", def->path);
        signal_write_value(def, signal_get(signals, index), out);
    }
    buf_append_str(out, "}}");
}

void load_telemetry_due(struct load *load, usec_t due)
{
    struct load_fleet *fleet = &load->background;
    struct buf payload;

    if (fleet->used == 0) {
        load_unsent(load, "no_car");
        return;
    }
    /* Numbers of other shards, whose telemetry this one's probe app hears as well, are others. */
    if (load->telemetry_seq == 0)
        load->telemetry_seq = (uint64_t)fleet->cars[0].v->identity.index << 32;
    struct vehicle *v = fleet->cars[++load->telemetry_seq % fleet->used].v;
    if (v->tcu->state != TCU_ONLINE) {
        load_unsent(load, "offline");
        return;
    }
    buf_init(&payload, load->telemetry_size + AROUND + 1024);
    write_payload(load, v, &payload);
    bool observed = load_observer_wants(load, load->telemetry_seq);
    bool ok = tcu_telemetry(v->tcu, observed ? LOAD_OBSERVED : KIND, buf_slice(&payload), 1);
    buf_done(&payload);
    if (!ok) {
        load_unsent(load, "refused");
        return;
    }
    recorder_count(load->recorder, "telemetry.sent", 1);
    if (observed)
        load_observer_sent(load, load->telemetry_seq, due);
    if (due >= load->measured_from)
        load->sources[LOAD_TELEMETRY].tally.sent++;
}
