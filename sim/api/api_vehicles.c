#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_inside.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleet/roster.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_radio.h"
#include "http/http_problem.h"

#define PAGE        100
#define PAGE_MAX    1000
#define LINES       100
#define LINES_MAX   10000
#define SIGNALS_MAX ((size_t)256 * 1024)

/* ---- what is told of a car ---- */

void api_add_identity(cJSON *to, const struct vehicle *v)
{
    cJSON_AddNumberToObject(to, "index", v->identity.index);
    cJSON_AddStringToObject(to, "vin", v->identity.vin);
}

static cJSON *brief(const struct vehicle *v)
{
    cJSON *car = cJSON_CreateObject();

    api_add_identity(car, v);
    cJSON_AddStringToObject(car, "thing", v->identity.thing_name);
    cJSON_AddStringToObject(car, "model", signal_schema_model(v->tcu->signals.schema));
    cJSON_AddStringToObject(car, "msisdn", v->identity.msisdn);
    cJSON_AddStringToObject(car, "state", tcu_state_name(v->tcu->state));
    cJSON_AddBoolToObject(car, "online", v->tcu->state == TCU_ONLINE);
    return car;
}

static void add_radio(cJSON *car, struct vehicle *v)
{
    const struct radio *radio = vehicle_radio(v);
    cJSON *to = cJSON_AddObjectToObject(car, "radio");

    cJSON_AddStringToObject(to, "profile", radio != NULL ? radio->profile->name : "perfect");
    cJSON_AddBoolToObject(to, "attached", vehicle_radio_attached(v));
}

/* By name; nothing of a car that has only the classic one. */
static void add_shadow_versions(cJSON *car, const struct tcu *tcu)
{
    const struct signal_schema *schema = tcu->signals.schema;
    size_t count = signal_schema_shadow_count(schema);
    cJSON *versions = count > 1 ? cJSON_AddObjectToObject(car, "shadow_versions") : NULL;

    for (size_t i = 1; i < count; i++)
        cJSON_AddNumberToObject(versions, signal_schema_shadow_name(schema, i),
                                (double)tcu_shadow_version(tcu, i));
}

static void tell_vehicle(struct api *api, struct vehicle *v, struct http_reply *reply)
{
    struct buf signals;

    (void)api;
    if (v == NULL) {
        http_problem(reply, 410, "the car's scenario has ended");
        return;
    }
    cJSON *car = brief(v);
    cJSON_AddStringToObject(car, "imei", v->identity.imei);
    cJSON_AddStringToObject(car, "iccid", v->identity.iccid);
    cJSON_AddNumberToObject(car, "shadow_version", (double)tcu_shadow_version(v->tcu, 0));
    add_shadow_versions(car, v->tcu);
    cJSON_AddBoolToObject(car, "in_step", tcu_in_step(v->tcu));
    cJSON_AddNumberToObject(car, "commands_open", (double)tcu_orders_open(v->tcu));
    add_radio(car, v);
    buf_init(&signals, SIGNALS_MAX);
    signal_write_all(&v->tcu->signals, false, &signals);
    cJSON_AddItemToObject(car, "signals", cJSON_Parse(buf_cstr(&signals)));
    buf_done(&signals);
    api_reply_json(reply, 200, car);
}

/* ---- one ---- */

void api_show_vehicle(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct vehicle *v = api_vehicle(ctx, request, reply);

    if (v != NULL)
        api_begin(
            ctx, request, reply,
            &(struct api_plan){.vehicle = v, .verb = "look", .tell = tell_vehicle, .look = true});
}

/* A number of the query; false, with a problem: it is none from low to high. */
static bool take_number(const struct http_request *request, const char *name, long range[2],
                        long *value, struct http_reply *reply)
{
    const char *text = http_request_query(request, name);
    char *end;

    if (text == NULL)
        return true;
    *value = strtol(text, &end, 10);
    if (*text != '\0' && *end == '\0' && *value >= range[0] && *value <= range[1])
        return true;
    http_problem(reply, 422, "%s=%.20s is not a number from %ld to %ld", name, text, range[0],
                 range[1]);
    return false;
}

void api_show_timeline(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct vehicle *v = api_vehicle(ctx, request, reply);
    long lines = LINES;

    if (v == NULL || !take_number(request, "lines", (long[2]){1, LINES_MAX}, &lines, reply))
        return;
    if (v->timeline != NULL)
        timeline_write(v->timeline, (size_t)lines, &reply->body);
}

/* ---- many ---- */

struct filter {
    const char *state, *model;
    long after, limit;
};

static bool is_state(const char *name)
{
    for (int i = 0; i < TCU_STATE_COUNT; i++)
        if (strcmp(name, tcu_state_name((enum tcu_state)i)) == 0)
            return true;
    return false;
}

static bool passes(const struct filter *f, const struct vehicle *v)
{
    return (long)v->identity.index > f->after &&
           (f->state == NULL || strcmp(f->state, tcu_state_name(v->tcu->state)) == 0) &&
           (f->model == NULL || strcmp(f->model, signal_schema_model(v->tcu->signals.schema)) == 0);
}

static void add_next(cJSON *page, const struct filter *f, uint32_t last)
{
    char next[256];

    snprintf(next, sizeof next, "/v1/vehicles?after=%u&limit=%ld%s%.64s%s%.64s", last, f->limit,
             f->state != NULL ? "&state=" : "", f->state != NULL ? f->state : "",
             f->model != NULL ? "&model=" : "", f->model != NULL ? f->model : "");
    for (char *blank = next; (blank = strchr(blank, ' ')) != NULL;)
        *blank = '+';
    cJSON_AddStringToObject(page, "next", next);
}

static void tell_page(const struct simulation *sim, const struct filter *f,
                      struct http_reply *reply)
{
    struct vehicle **all = xcalloc(sim->vehicle_count + 1, sizeof(struct vehicle *));
    size_t count = roster_list(sim, all);
    cJSON *page = cJSON_CreateObject();
    long told = 0;

    cJSON_AddNumberToObject(page, "total", (double)count);
    cJSON *list = cJSON_AddArrayToObject(page, "vehicles");
    for (size_t i = 0; i < count; i++) {
        if (!passes(f, all[i]))
            continue;
        if (told++ == f->limit) {
            add_next(page, f,
                     (uint32_t)json_num(cJSON_GetArrayItem(list, (int)f->limit - 1), "index", 0));
            break;
        }
        cJSON_AddItemToArray(list, brief(all[i]));
    }
    free(all);
    api_reply_json(reply, 200, page);
}

void api_list_vehicles(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct api *api = ctx;
    struct filter f = {.state = http_request_query(request, "state"),
                       .model = http_request_query(request, "model"),
                       .after = -1,
                       .limit = PAGE};

    if (!take_number(request, "after", (long[2]){0, INT32_MAX}, &f.after, reply) ||
        !take_number(request, "limit", (long[2]){1, PAGE_MAX}, &f.limit, reply))
        return;
    if (f.state != NULL && !is_state(f.state)) {
        http_problem(reply, 422,
                     "state=%.20s is not a state of a car (there are off, asleep, connecting, "
                     "syncing, online, backing off, provisioning)",
                     f.state);
        return;
    }
    tell_page(api->sim, &f, reply);
}
