/*
 * timeline.csv, whatever it holds, gives a page: nothing crashes or leaks, tags are balanced, and
 * no text becomes markup.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/json.h"
#include "report/report.h"
#include "support/balanced_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how long the run took. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet_table fleet;
    struct buf page;
    FILE *file = size > 1 ? fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r") : NULL;

    if (file == NULL)
        return 0;
    fleet_table_read(&fleet, file);
    fclose(file);
    cJSON *summary = cJSON_CreateObject();
    cJSON_AddStringToObject(summary, "command", "load");
    cJSON_AddNumberToObject(summary, "duration_us", (double)data[0] * data[0] * 1e6);
    buf_init(&page, (size_t)256 << 20);
    report_write(&(struct report){.summary = summary, .fleet = &fleet}, &page);
    if (!page.overflow)
        check_balanced_page(buf_cstr(&page));
    buf_done(&page);
    cJSON_Delete(summary);
    fleet_table_done(&fleet);
    return 0;
}
