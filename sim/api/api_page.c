#include "api/api_page.h"

#include <stdio.h>
#include <string.h>

#include "api/api_inside.h"
#include "http/http_problem.h"

#ifdef FLEETSIM_COMPANION
#include "companion_files.h"
#else
static const struct api_page_file companion_files[] = {{.name = NULL}};
#endif

#define INDEX "index.html"

static const struct {
    const char *ending, *type;
} types[] = {
    {".html",        "text/html; charset=utf-8"      },
    {".js",          "text/javascript; charset=utf-8"},
    {".css",         "text/css; charset=utf-8"       },
    {".svg",         "image/svg+xml"                 },
    {".png",         "image/png"                     },
    {".webp",        "image/webp"                    },
    {".webmanifest", "application/manifest+json"     },
};

bool api_page_is_built(void)
{
    return companion_files[0].name != NULL;
}

static const char *type_of(const char *name)
{
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].ending, ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

static void show_file(const struct api *api, struct slice name, struct http_reply *reply)
{
    const struct api_page_file *file = companion_files;

    while (file->name != NULL && !slice_is(name, file->name))
        file++;
    if (file->name == NULL) {
        http_problem(reply, 404, "the page has no file of that name (it begins at /companion/)");
        return;
    }
    reply->content_type = type_of(file->name);
    reply->policy = api->page_policy;
    buf_append(&reply->body, file->bytes, file->len);
}

static void show_page(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    (void)request;
    show_file(ctx, slice_str(INDEX), reply);
}

static void show_part(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    show_file(ctx, request->param[0], reply);
}

static void show_way(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    (void)ctx;
    (void)request;
    reply->status = 308;
    snprintf(reply->location, sizeof reply->location, "/companion/");
}

/* How the page reaches the cloud; the token was shown. */
static void tell_access(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct api *api = ctx;
    cJSON *access = cJSON_CreateObject();

    (void)request;
    cJSON_AddStringToObject(access, "endpoint", api->page.endpoint);
    cJSON_AddStringToObject(access, "user", api->page.user);
    cJSON_AddStringToObject(access, "password", api->page.password);
    api_reply_json(reply, 200, access);
}

/* The page's files are no secrets; what they ask for needs the token. */
static const struct http_route routes[] = {
    {.path = "/companion",              .answer = show_way, .proofs = HTTP_PROOF_NONE_NEEDED},
    {.path = "/companion/", .answer = show_page, .proofs = HTTP_PROOF_NONE_NEEDED},
    {.path = "/companion/{file}",             .answer = show_part, .proofs = HTTP_PROOF_NONE_NEEDED},
    {.path = "/v1/companion", .answer = tell_access},
    {0      }
};

const struct http_route *api_page_routes(const struct api *api)
{
    static const struct http_route none = {0};

    return api->page.endpoint != NULL && api_page_is_built() ? routes : &none;
}

/* "ws://127.0.0.1:40125" of "ws://127.0.0.1:40125/mqtt". */
static int origin_length(const char *endpoint)
{
    const char *host = strstr(endpoint, "://");

    return (int)(host != NULL ? 3 + (host - endpoint) + (ptrdiff_t)strcspn(host + 3, "/") : 0);
}

void api_page_open(struct api *api, const struct api_page *page)
{
    if (page == NULL || page->endpoint == NULL)
        return;
    api->page = *page;
    snprintf(api->page_policy, sizeof api->page_policy,
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
             "manifest-src 'self'; worker-src 'self'; connect-src 'self' %.*s; base-uri 'none'; "
             "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
             "trusted-types companion",
             origin_length(page->endpoint), page->endpoint);
}
