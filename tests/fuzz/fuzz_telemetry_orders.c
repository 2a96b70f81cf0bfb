/* Campaign documents and plans: any bytes; what is accepted runs. */
#include <math.h>
#include <stdint.h>

#include "telemetry/orders.h"
#include "telemetry/plan.h"
#include "telemetry/sampling.h"
#include "unit/telemetry/telemetry_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct campaign *campaign, struct signal_schema *schema)
{
    struct signal_table signals;
    struct sampling s;
    struct ring out;

    signal_table_init(&signals, schema);
    ring_init(&out, schema, 64);
    sampling_init(&s, campaign, schema);
    struct sampling_now now = {.wall_ms = 1000, .signals = &signals, .out = &out};
    sampling_start(&s, &now);
    for (int i = 0; i < 20; i++) {
        now.at += 500000;
        now.wall_ms += 500;
        signal_set(&signals, SPEED, (union signal_value){.f = i % 7 * 20.0});
        signal_set(&signals, OPEN, (union signal_value){.b = i % 3 == 0});
        sampling_changed(&s, SPEED, &now);
        sampling_changed(&s, OPEN, &now);
        sampling_tick(&s, &now);
    }
    sampling_done(&s);
    ring_done(&out);
    signal_table_done(&signals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signal_schema *schema;
    struct slice text = slice_of(size != 0 ? data : NULL, size);
    struct orders orders;
    struct error err;
    struct buf answer;

    if (schema == NULL)
        schema = make_schema("fuzz");
    buf_init(&answer, 1 << 20);
    orders_read(text, schema, 0, &orders, &answer);
    for (size_t i = 0; i < orders.count; i++)
        run(orders.campaigns[i], schema);
    orders_done(&orders);
    buf_done(&answer);
    plan_drop(plan_parse(text, schema, NULL, &err));
    return 0;
}
