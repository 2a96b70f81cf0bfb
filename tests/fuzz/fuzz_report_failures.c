/*
 * failures.jsonl, whatever it holds, gives a page: nothing crashes or leaks, tags are balanced, and
 * no text becomes markup.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/report.h"
#include "support/balanced_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct failure_set set;
    struct buf page;
    FILE *file = size != 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;

    if (file == NULL)
        return 0;
    failure_set_read(&set, file);
    fclose(file);
    cJSON *summary = cJSON_CreateObject();
    buf_init(&page, (size_t)256 << 20);
    report_write(&(struct report){.summary = summary, .failures = &set}, &page);
    if (!page.overflow)
        check_balanced_page(buf_cstr(&page));
    buf_done(&page);
    cJSON_Delete(summary);
    failure_set_done(&set);
    return 0;
}
