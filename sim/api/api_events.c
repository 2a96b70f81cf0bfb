/* Server-sent events (WHATWG HTML, 9.2): what happens to cars and commands, to whoever listens. */
#include <inttypes.h>
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
#include "metrics/json_text.h"

#define HEARTBEAT    (15 * USEC_PER_SEC)
#define CARS_MAX     64
#define PATH_MAX_LEN 128
#define EVENT_MAX    ((size_t)64 * 1024)

/* ORDER EVENT_KIND */
enum kind { SIGNAL, STATE, COMMAND, NOTE, SMS, JOURNEY, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = {"signal", "state", "command",
                                                   "note",   "sms",   "journey"};
static const enum vehicle_event_kind sources[JOURNEY] = {VEHICLE_EVENT_SIGNAL, VEHICLE_EVENT_STATE,
                                                         VEHICLE_EVENT_COMMAND, VEHICLE_EVENT_NOTE,
                                                         VEHICLE_EVENT_SMS};
#define KINDS_USUAL (1u << SIGNAL | 1u << STATE | 1u << JOURNEY)

struct api_stream {
    struct api *api;
    struct api_stream *next;
    struct http_exchange *exchange;
    unsigned kinds;
    uint32_t cars[CARS_MAX]; /* their numbers; none: all */
    size_t car_count;
    char path[PATH_MAX_LEN]; /* what paths of signals begin with */
    uint64_t dropped;        /* since it was last told */
};

/* ---- telling ---- */

static bool wants(const struct api_stream *s, enum kind kind, uint32_t car, const char *path)
{
    bool listed = s->car_count == 0;

    for (size_t i = 0; !listed && i < s->car_count; i++)
        listed = s->cars[i] == car;
    return listed && (s->kinds >> kind & 1) != 0 &&
           (path == NULL || strncmp(s->path, path, strlen(s->path)) == 0);
}

/* Whoever was too slow is told so, once there is room again. */
static void tell_dropped(struct api_stream *s)
{
    char text[96];

    if (s->dropped == 0 || http_stream_behind(s->exchange) > HTTP_SERVER_STREAM_MAX / 2)
        return;
    int len = snprintf(text, sizeof text, "event: dropped\ndata: {\"count\":%" PRIu64 "}\n\n",
                       s->dropped);
    if (http_stream_write(s->exchange, slice_of(text, (size_t)len)))
        s->dropped = 0;
}

static void write_to(struct api_stream *s, struct slice text)
{
    tell_dropped(s);
    if (s->dropped != 0 || !http_stream_write(s->exchange, text))
        s->dropped++;
}

static bool anybody(const struct api *api, enum kind kind, uint32_t car, const char *path)
{
    for (const struct api_stream *s = api->streams; s != NULL; s = s->next)
        if (wants(s, kind, car, path))
            return true;
    return false;
}

/* Takes the document over. */
static void tell(struct api *api, enum kind kind, uint32_t car, const char *path, cJSON *document)
{
    struct buf out;
    char *text = cJSON_PrintUnformatted(document);

    cJSON_Delete(document);
    buf_init(&out, EVENT_MAX);
    buf_printf(&out, "id: %" PRIu64 "\nevent: %s\ndata: %s\n\n", ++api->events, kind_names[kind],
               text);
    cJSON_free(text);
    for (struct api_stream *s = api->streams; s != NULL && !out.overflow; s = s->next)
        if (wants(s, kind, car, path))
            write_to(s, buf_slice(&out));
    buf_done(&out);
}

/* Seconds since the run began, as timelines tell them, and the time of day. */
static void add_time(const struct api *api, cJSON *to, usec_t at)
{
    usec_t began = api->sim->loop->started;
    int64_t wall_ms = loop_wall_ms(api->sim->loop);
    time_t seconds = (time_t)(wall_ms / 1000);
    char text[40], whole[56];
    struct tm utc;

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(whole, sizeof whole, "%s.%03dZ", text, (int)(wall_ms % 1000));
    cJSON_AddStringToObject(to, "time", whole);
    cJSON_AddNumberToObject(to, "at", at > began ? (double)(at - began) / 1e6 : 0);
}

static void add_signal(cJSON *to, const struct vehicle *v, size_t index)
{
    const struct signal_def *def = signal_schema_def(v->tcu->signals.schema, index);
    struct buf value;

    buf_init(&value, EVENT_MAX);
    signal_write_value(def, signal_get(&v->tcu->signals, index), &value);
    cJSON_AddStringToObject(to, "path", def->path);
    cJSON_AddItemToObject(to, "value", cJSON_Parse(buf_cstr(&value)));
    buf_done(&value);
}

static void add_command(cJSON *to, const struct vehicle_event *e)
{
    cJSON_AddStringToObject(to, "stage", e->command.stage);
    json_add_text(to, "token", e->command.token);
    if (e->command.outcome == TCU_OUTCOME_COUNT)
        return;
    cJSON_AddStringToObject(to, "outcome", tcu_outcome_name(e->command.outcome));
    if (e->command.reason != NULL)
        json_add_text(to, "code", e->command.reason);
    if (e->command.description != NULL)
        json_add_text(to, "description", e->command.description);
}

static void add_event(enum kind kind, cJSON *to, const struct vehicle *v,
                      const struct vehicle_event *e)
{
    if (kind == SIGNAL) {
        add_signal(to, v, e->signal);
    } else if (kind == STATE) {
        cJSON_AddStringToObject(to, "from", tcu_state_name(e->state.from));
        cJSON_AddStringToObject(to, "to", tcu_state_name(e->state.to));
    } else if (kind == COMMAND) {
        add_command(to, e);
    } else if (kind == NOTE) {
        cJSON_AddStringToObject(to, "note", e->note.name);
        json_add_text(to, "detail", e->note.detail);
    } else {
        json_add_text(to, "text", e->text);
    }
}

static void on_event(void *ctx, struct vehicle *v, const struct vehicle_event *e)
{
    struct api *api = ctx;
    enum kind kind = SIGNAL;
    const char *path = NULL;

    if (e->kind == VEHICLE_EVENT_COMMAND)
        api_page_on_command(api, v, e);
    while (kind < JOURNEY && sources[kind] != e->kind)
        kind++;
    if (kind == SIGNAL)
        path = signal_schema_def(v->tcu->signals.schema, e->signal)->path;
    if (kind == JOURNEY || !anybody(api, kind, v->identity.index, path))
        return;
    cJSON *document = cJSON_CreateObject();
    api_add_identity(document, v);
    add_time(api, document, e->at);
    add_event(kind, document, v, e);
    tell(api, kind, v->identity.index, path, document);
}

/* ---- journeys ---- */

static void add_marks(cJSON *to, const struct journey *j)
{
    cJSON *marks = cJSON_AddObjectToObject(to, "marks_ms");

    for (int m = 0; m < JOURNEY_MARK_COUNT; m++)
        if (journey_has(j, (enum journey_mark)m))
            cJSON_AddNumberToObject(marks, journey_mark_name((enum journey_mark)m),
                                    ((double)j->at[m] - (double)j->at[JOURNEY_INTENDED]) / 1e3);
}

static void on_journey(void *ctx, const struct journey *j)
{
    struct api *api = ctx;

    if (!anybody(api, JOURNEY, j->vehicle_index, NULL))
        return;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "index", j->vehicle_index);
    add_time(api, document, clock_now());
    json_add_text(document, "token", j->token);
    json_add_text(document, "kind", j->kind);
    cJSON_AddStringToObject(document, "outcome",
                            j->outcome == JOURNEY_OPEN ? "open" : journey_outcome_name(j->outcome));
    add_marks(document, j);
    if (j->outcome != JOURNEY_OPEN)
        cJSON_AddNumberToObject(document, "total_ms", (double)journey_total(j) / 1e3);
    tell(api, JOURNEY, j->vehicle_index, NULL, document);
}

/* ---- streams ---- */

/* Nobody pays for what nobody listens to. */
static void follow(struct api *api)
{
    unsigned kinds = api->page.endpoint != NULL ? 1u << COMMAND : 0;

    api->sim->watched = 0;
    for (const struct api_stream *s = api->streams; s != NULL; s = s->next)
        kinds |= s->kinds;
    for (unsigned kind = 0; kind < JOURNEY; kind++)
        if ((kinds >> kind & 1) != 0)
            api->sim->watched |= 1u << sources[kind];
    recorder_unlisten(api->sim->recorder, &api->listener);
    if ((kinds >> JOURNEY & 1) != 0)
        recorder_listen(api->sim->recorder, &api->listener);
}

static void on_heartbeat(void *arg)
{
    struct api *api = arg;
    static const char text[] = ": alive\n\n";

    for (struct api_stream *s = api->streams; s != NULL; s = s->next) {
        tell_dropped(s);
        http_stream_write(s->exchange, slice_of(text, sizeof text - 1));
    }
    if (api->streams != NULL)
        loop_timer_start(&api->heartbeat, HEARTBEAT);
}

static void on_gone(void *ctx)
{
    struct api_stream *s = ctx, **p = &s->api->streams;

    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    follow(s->api);
    free(s);
}

/* The next of names with commas between; empty: there are no more. */
static struct slice next_name(const char **text)
{
    *text += strspn(*text, ",");
    struct slice name = slice_of(*text, strcspn(*text, ","));
    *text += name.len;
    return name;
}

static bool take_kinds(const char *text, unsigned *kinds, struct http_reply *reply)
{
    struct slice name;

    *kinds = text != NULL ? 0 : KINDS_USUAL;
    while (text != NULL && (name = next_name(&text)).len != 0) {
        unsigned kind = 0;
        while (kind < KIND_COUNT && !slice_is(name, kind_names[kind]))
            kind++;
        if (kind == KIND_COUNT) {
            http_problem(reply, 422,
                         "'%.*s' is no kind of event (there are signal, state, "
                         "command, note, sms, journey)",
                         (int)(name.len < 64 ? name.len : 64), name.data);
            return false;
        }
        *kinds |= 1u << kind;
    }
    return true;
}

static bool take_cars(struct api_stream *s, const char *text, struct http_reply *reply)
{
    struct slice name;

    while (text != NULL && (name = next_name(&text)).len != 0) {
        const struct vehicle *v = roster_find(s->api->sim, name);
        if (v == NULL || s->car_count == CARS_MAX) {
            http_problem(reply, v == NULL ? 404 : 422,
                         v == NULL ? "there is no car '%.*s' (GET /v1/vehicles lists them)"
                                   : "'%.*s' is one car too many (leave vehicle out for all)",
                         (int)(name.len < 64 ? name.len : 64), name.data);
            return false;
        }
        s->cars[s->car_count++] = v->identity.index;
    }
    return true;
}

void api_events(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct api *api = ctx;
    struct api_stream *s = xcalloc(1, sizeof *s);
    const char *path = http_request_query(request, "path");
    static const char hello[] = "retry: 1000\n: fleetsim\n\n";

    s->api = api;
    s->exchange = request->exchange;
    snprintf(s->path, sizeof s->path, "%s", path != NULL ? path : "");
    if (!take_kinds(http_request_query(request, "kinds"), &s->kinds, reply) ||
        !take_cars(s, http_request_query(request, "vehicle"), reply) ||
        !http_stream(request, reply, &(struct http_waiting){.gone = on_gone, .ctx = s})) {
        free(s);
        return;
    }
    reply->content_type = "text/event-stream";
    s->next = api->streams;
    api->streams = s;
    if (s->next == NULL)
        loop_timer_start(&api->heartbeat, HEARTBEAT);
    http_stream_write(s->exchange, slice_of(hello, sizeof hello - 1));
    follow(api);
}

void api_events_open(struct api *api)
{
    api->listener =
        (struct recorder_listener){.marked = on_journey, .ended = on_journey, .ctx = api};
    api->sim->event = on_event;
    api->sim->event_ctx = api;
    loop_timer_init(&api->heartbeat, api->sim->loop, on_heartbeat, api);
    follow(api);
}

void api_events_close(struct api *api)
{
    loop_timer_stop(&api->heartbeat);
    api->sim->watched = 0;
    recorder_unlisten(api->sim->recorder, &api->listener);
}
