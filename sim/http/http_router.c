#include "http/http_router.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned method;
} methods[] = {
    {"GET",     HTTP_GET    },
    {"HEAD",    HTTP_GET    },
    {"POST",    HTTP_POST   },
    {"PUT",     HTTP_PUT    },
    {"PATCH",   HTTP_PATCH  },
    {"DELETE",  HTTP_DELETE },
    {"OPTIONS", HTTP_OPTIONS},
};

unsigned http_method_parse(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return 0;
}

void http_method_names(unsigned wanted, struct buf *out)
{
    const char *between = "";

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if ((wanted & methods[i].method) == 0)
            continue;
        buf_printf(out, "%s%s", between, methods[i].name);
        between = ", ";
    }
}

unsigned http_route_methods(const struct http_route *route)
{
    return route->methods != 0 ? route->methods : HTTP_GET;
}

/* The segment at `at`, which is behind a slash. */
static struct slice segment(const char *at)
{
    return slice_of(at, strcspn(at, "/"));
}

static bool matches(const char *pattern, const char *path, struct slice param[HTTP_PARAMS_MAX])
{
    size_t count = 0;

    while (*pattern == '/' && *path == '/') {
        struct slice wanted = segment(++pattern), is = segment(++path);
        pattern += wanted.len;
        path += is.len;
        if (wanted.len > 2 && wanted.data[0] == '{' && count < HTTP_PARAMS_MAX) {
            if (is.len == 0)
                return false;
            param[count++] = is;
        } else if (!slice_equal(wanted, is)) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

struct http_match http_route_find(const struct http_route *routes, unsigned method,
                                  const char *path)
{
    struct http_match match = {.route = NULL};
    struct slice param[HTTP_PARAMS_MAX];

    for (const struct http_route *route = routes; route != NULL && route->path != NULL; route++) {
        memset(param, 0, sizeof param);
        if (!matches(route->path, path, param))
            continue;
        match.allowed |= http_route_methods(route);
        if (match.route == NULL && (http_route_methods(route) & method) != 0) {
            match.route = route;
            memcpy(match.param, param, sizeof param);
        }
    }
    return match;
}
