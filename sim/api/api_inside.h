/* api_inside.h — what the files of the control API share. */
#ifndef API_API_INSIDE_H
#define API_API_INSIDE_H

#include <cjson/cJSON.h>

#include "api/api.h"
#include "fleet/vehicle_event.h"
#include "metrics/recorder.h"

#define API_ROUTES_MAX 40

struct api_operation;
struct api_stream;
struct remote;
struct vehicle;

/* A command of the page that the car has not answered yet, or whose answer is on its way. */
struct api_page_command {
    char token[JOURNEY_TOKEN_MAX];
    enum journey_outcome outcome; /* JOURNEY_OPEN: not yet */
};
#define API_PAGE_COMMANDS 64

struct api {
    struct simulation *sim;
    struct script *script;
    struct remote *remote;
    struct http_server *server;
    struct http_route routes[API_ROUTES_MAX + 1];
    struct api_operation *operations; /* the newest first */
    uint64_t operation_count;         /* begun so far */
    struct api_stream *streams;
    struct recorder_listener listener; /* while there are streams */
    struct loop_timer heartbeat;
    uint64_t events; /* told so far */
    struct api_page page;
    struct api_page_command page_commands[API_PAGE_COMMANDS]; /* the newest, round and round */
    unsigned page_command_count;                              /* so far */
    char page_policy[512];                                    /* its Content-Security-Policy */
};

/* ---- api_exchange.c: what all need ---- */

/* The car that the route's {vehicle} names; NULL, with a problem in the reply: there is none. */
struct vehicle *api_vehicle(const struct api *api, const struct http_request *request,
                            struct http_reply *reply);
/* The body as a JSON object or array, to be deleted; empty counts as {}. NULL, with a problem. */
cJSON *api_body(const struct http_request *request, struct http_reply *reply);
/* Takes the document over, prints it into the reply. */
void api_reply_json(struct http_reply *reply, unsigned status, cJSON *document);

/* ---- api_operation.c: what takes its time ---- */

/* What is asked of a car. */
struct api_plan {
    struct vehicle *vehicle;
    const char *verb; /* of prelude/remote.lua */
    cJSON *arguments; /* taken over; NULL: none */
    /* How it is told once it is done; NULL: its value. The car may be gone (NULL). */
    void (*tell)(struct api *api, struct vehicle *v, struct http_reply *reply);
    bool look; /* nothing is done: no trace of it is kept */
};
/* Begins it, and answers the request when it is done, or with 202 when the client does not want to
   wait so long (Prefer, RFC 7240). */
void api_begin(struct api *api, const struct http_request *request, struct http_reply *reply,
               const struct api_plan *plan);
/* Begins what nobody waits for. False, and nothing is begun: there is enough under way. */
bool api_begin_quietly(struct api *api, const struct api_plan *plan);
void api_operation_answer(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_operations_free(struct api *api);

/* ---- api_vehicles.c ---- */

/* "vin", "state" and so on, of any list or event. */
void api_add_identity(cJSON *to, const struct vehicle *v);
void api_list_vehicles(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_show_vehicle(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_show_timeline(void *ctx, const struct http_request *request, struct http_reply *reply);

/* ---- api_commands.c ---- */

void api_set_signals(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_list_actions(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_act(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_outcomes(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_radio(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_power(void *ctx, const struct http_request *request, struct http_reply *reply);

/* ---- api_sms.c ---- */

void api_sms(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_sms_twilio(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_sms_sns(void *ctx, const struct http_request *request, struct http_reply *reply);

/* ---- api_events.c ---- */

void api_events(void *ctx, const struct http_request *request, struct http_reply *reply);
void api_events_open(struct api *api);
void api_events_close(struct api *api);

/* ---- api_page.c ---- */

/* Before the routes are asked for. */
void api_page_open(struct api *api, const struct api_page *page);
/* End with a NULL path; their ctx is the API. */
const struct http_route *api_page_routes(const struct api *api);
/* A command event: those of the page have journeys, which begin with its click. */
void api_page_on_command(struct api *api, const struct vehicle *v, const struct vehicle_event *e);

#endif
