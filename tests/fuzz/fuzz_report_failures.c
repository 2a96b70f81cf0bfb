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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that the page's own code writes is balanced, so this is too. */
static void check_balance(const char *page)
{
    size_t open = 0, closed = 0, alone = 0;
    const char *end = strstr(page, "<script>");

    for (const char *p = strstr(page, "<body>"); p != NULL && p < end; p = strchr(p + 1, '<')) {
        const char *close = strchr(p, '>');
        if (close == NULL)
            abort();
        open++;
        closed += p[1] == '/';
        alone += close[-1] == '/';
    }
    /* All but <body> itself. */
    if (open - alone != 2 * closed + 1)
        abort();
}

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
    report_write(summary, NULL, &set, &page);
    if (!page.overflow)
        check_balance(buf_cstr(&page));
    buf_done(&page);
    cJSON_Delete(summary);
    failure_set_done(&set);
    return 0;
}
