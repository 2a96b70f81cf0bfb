/* Headers of strangers: who asks, and what they show. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_guard.h"
#include "http/http_router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct http_route routes[] = {
        {.path = "/v1/vehicles/{vehicle}/actions/{action}"}, {.path = "/{any}"}, {0}};
    static const char *const origins[] = {"https://app.example"};
    const struct http_guard guard = {.origins = origins, .origin_count = 1};
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    struct slice shown = http_shown_token(text, true);
    if (shown.len > strlen(text))
        abort();
    http_host_is_number(text);
    http_origin_may(&guard, text, text);
    http_route_find(routes, HTTP_GET, text);
    free(text);
    return 0;
}
