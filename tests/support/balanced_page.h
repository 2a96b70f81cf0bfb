/* balanced_page.h — aborts unless each tag of a report's page that opens is closed. */
#ifndef TESTS_BALANCED_PAGE_H
#define TESTS_BALANCED_PAGE_H

#include <stdlib.h>
#include <string.h>

/* Everything that the page's own code writes is balanced, so this is too. */
static inline void check_balanced_page(const char *page)
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

#endif
