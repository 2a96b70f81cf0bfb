#include "api/api_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api_inside.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleet/roster.h"
#include "fleet/simulation.h"
#include "http/http_problem.h"
#include "script/car_look.h"

#ifdef FLEETSIM_COMPANION
#include "companion_files.h"
#else
static const struct api_page_file companion_files[] = {{.name = NULL}};
#endif

#define INDEX "index.html"
/* Of a click that its command tells of, in µs: before now, and after it, for two clocks. */
#define CLICK_OLDEST (INT64_C(3600) * 1000000)
#define CLICK_AHEAD  (INT64_C(50) * 1000)

static const struct {
    const char *ending, *type;
} types[] = {
    {".html",        "text/html; charset=utf-8"      },
    {".js",          "text/javascript; charset=utf-8"},
    {".css",         "text/css; charset=utf-8"       },
    {".svg",         "image/svg+xml"                 },
    {".png",         "image/png"                     },
    {".webp",        "image/webp"                    },
    {".md",          "text/plain; charset=utf-8"     },
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

/* The names of its shadows besides the classic one. */
static void add_shadows(cJSON *model, const struct signal_schema *schema)
{
    cJSON *names = cJSON_AddArrayToObject(model, "shadows");

    for (size_t i = 1; i < signal_schema_shadow_count(schema); i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(signal_schema_shadow_name(schema, i)));
}

/* What the cars are, by the names of their models. */
static void add_models(cJSON *to, const struct simulation *sim)
{
    struct vehicle **all = xcalloc(sim->vehicle_count + 1, sizeof(struct vehicle *));
    size_t count = roster_list(sim, all);
    cJSON *models = cJSON_AddObjectToObject(to, "models");

    for (size_t i = 0; i < count; i++) {
        const struct signal_schema *schema = all[i]->tcu->signals.schema;
        const char *name = signal_schema_model(schema);
        if (json_get(models, name) != NULL)
            continue;
        cJSON *model = car_look_kind(all[i]);
        add_shadows(model, schema);
        cJSON_AddItemToObject(models, name, model);
    }
    free(all);
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
    add_models(access, api->sim);
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

/* ---- journeys ---- */

/* When the command of that token was asked for, on the clock of journeys; false: it is not the
   page's, or says what cannot be. */
static bool find_click(const char *token, usec_t received, usec_t *ret)
{
    struct timespec now;
    char *end;

    if (strncmp(token, JOURNEY_PAGE, strlen(JOURNEY_PAGE)) != 0)
        return false;
    int64_t clicked = strtoll(token + strlen(JOURNEY_PAGE), &end, 10);
    if (clicked < 0 || *end != '-')
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - clicked;
    if (age > CLICK_OLDEST || age < -CLICK_AHEAD)
        return false;
    *ret = received - (usec_t)(age > 0 ? age : 0);
    return true;
}

static void begin_journey(struct api *api, const struct vehicle *v, const struct vehicle_event *e)
{
    const struct tcu_order *order = e->command.order;
    usec_t clicked;
    char kind[JOURNEY_KIND_MAX] = "";

    if (order == NULL || !find_click(e->command.token, e->at, &clicked))
        return;
    if (order->change_count != 0) {
        const char *path = signal_schema_def(v->tcu->signals.schema, order->changes[0].index)->path;
        snprintf(kind, sizeof kind, "%.*s", (int)strcspn(path, "."), path);
    }
    if (!recorder_journey_begin(api->sim->recorder, e->command.token, v->identity.index, kind,
                                clicked, clicked))
        return;
    recorder_journey_mark(api->sim->recorder, e->command.token, JOURNEY_RECEIVED, e->at);
    struct api_page_command *c = &api->page_commands[api->page_command_count++ % API_PAGE_COMMANDS];
    /* Whose place it takes has not been heard of for long. */
    recorder_journey_end(api->sim->recorder, c->token, JOURNEY_LOST, e->at);
    *c = (struct api_page_command){.outcome = JOURNEY_OPEN};
    snprintf(c->token, sizeof c->token, "%s", e->command.token);
}

void api_page_on_command(struct api *api, const struct vehicle *v, const struct vehicle_event *e)
{
    struct api_page_command *c = api->page_commands;

    if (api->page.endpoint == NULL)
        return;
    if (strcmp(e->command.stage, "received") == 0) {
        begin_journey(api, v, e);
        return;
    }
    while (c < api->page_commands + API_PAGE_COMMANDS && strcmp(c->token, e->command.token) != 0)
        c++;
    if (c == api->page_commands + API_PAGE_COMMANDS || c->token[0] == '\0')
        return;
    if (strcmp(e->command.stage, "done") == 0)
        c->outcome = vehicle_journey_outcome(e->command.outcome);
    else if (strcmp(e->command.stage, "cancelled") == 0)
        c->outcome = JOURNEY_LOST;
    /* The cloud has the answer, and the page hears it as soon as anybody could. */
    if (c->outcome != JOURNEY_OPEN && (strcmp(e->command.stage, "report_accepted") == 0 ||
                                       strcmp(e->command.stage, "cancelled") == 0)) {
        recorder_journey_end(api->sim->recorder, c->token, c->outcome, e->at);
        c->token[0] = '\0';
    }
}
