/*
 * A histogram log is read back from files that others may have written. Two properties: any bytes
 * are read or refused without harm; what was read, when written and read again, is the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "metrics/hlog.h"
#include "metrics/hlog_codec.h"

static bool same_after_writing(void *arg, const struct hlog_entry *entry)
{
    struct buf out;
    struct histogram back;

    (void)arg;
    buf_init(&out, (size_t)1 << 20);
    histogram_init(&back);
    if (!hlog_encode(entry->histogram, &out) || !hlog_decode(buf_slice(&out), &back, NULL))
        abort();
    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++)
        if (histogram_slot_count(&back, slot) != histogram_slot_count(entry->histogram, slot))
            abort();
    for (double percent = 0; percent <= 100; percent += 12.5)
        if (histogram_percentile(&back, percent) > histogram_max(&back))
            abort();
    histogram_mean(&back);
    histogram_stddev(&back);
    histogram_done(&back);
    buf_done(&out);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;

    hlog_read(slice_of(data, size), same_after_writing, NULL, NULL, &err);
    return 0;
}
