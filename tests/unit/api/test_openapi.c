/* docs/openapi.yaml has the paths and methods that are served, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/openapi.h"
#include "fleet/simulation.h"

#define DOCUMENTS_MAX 64

struct entry {
    char path[128];
    unsigned methods;
};

static unsigned method_of(const char *line)
{
    static const struct {
        const char *name;
        unsigned method;
    } known[] = {
        {"    get:",    HTTP_GET   },
        {"    post:",   HTTP_POST  },
        {"    put:",    HTTP_PUT   },
        {"    patch:",  HTTP_PATCH },
        {"    delete:", HTTP_DELETE}
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(line, known[i].name, strlen(known[i].name)) == 0)
            return known[i].method;
    return 0;
}

/* The paths are keys with two blanks before them, their methods have four. */
static size_t read_document(struct entry ret[static DOCUMENTS_MAX])
{
    const char *at = (const char *)api_openapi, *end = at + api_openapi_len;
    size_t count = 0;
    char line[256];

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        snprintf(line, sizeof line, "%.*s", (int)(stop - at), at);
        at = stop + 1;
        if (strncmp(line, "  /", 3) == 0) {
            assert_true(count < DOCUMENTS_MAX);
            ret[count] = (struct entry){.methods = 0};
            snprintf(ret[count++].path, sizeof ret->path, "%.*s", (int)strlen(line) - 3, line + 2);
        } else if (count > 0) {
            ret[count - 1].methods |= method_of(line);
        }
    }
    return count;
}

static void paths_and_methods_are_those_served(void **state)
{
    struct entry entries[DOCUMENTS_MAX];
    size_t count = read_document(entries), served = 0;

    (void)state;
    for (const struct http_route *r = api_own_routes(); r->path != NULL; r++) {
        size_t i = 0;
        while (i < count && strcmp(entries[i].path, r->path) != 0)
            i++;
        if (i == count)
            fail_msg("%s is not in docs/openapi.yaml", r->path);
        if (entries[i].methods != http_route_methods(r))
            fail_msg("%s has other methods in docs/openapi.yaml", r->path);
        served++;
    }
    /* And the one that the command adds. */
    assert_int_equal(served + 1, count);
    assert_string_equal(entries[count - 1].path, "/metrics");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_methods_are_those_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
