#include "metrics/event_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "metrics/json_text.h"

#define FORMAT 1

static cJSON *begin(const char *event, int64_t wall_ms)
{
    cJSON *o = cJSON_CreateObject();
    char time[32];

    timestamp_iso(wall_ms, time);
    json_add_text(o, "event", event);
    json_add_text(o, "time", time);
    return o;
}

static void put(cJSON *o, struct buf *out)
{
    char *text = cJSON_PrintUnformatted(o);

    cJSON_Delete(o);
    buf_append_str(out, text != NULL ? text : "{}");
    buf_append_str(out, "\n");
    cJSON_free(text);
}

static void add_number(cJSON *o, const char *key, double value)
{
    cJSON_AddNumberToObject(o, key, value);
}

/* As text: 64 bits are more than a JSON number keeps. */
static void add_seed(cJSON *o, uint64_t seed)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, seed);
    json_add_text(o, "seed", text);
}

static void add_texts(cJSON *o, const char *key, char *const *texts, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(o, key);
    cJSON *holder = cJSON_CreateObject();

    for (size_t i = 0; i < count; i++) {
        json_add_text(holder, "text", texts[i]);
        cJSON_AddItemToArray(list, cJSON_DetachItemFromObject(holder, "text"));
    }
    cJSON_Delete(holder);
}

static void add_params(cJSON *o, const struct verdict *v)
{
    cJSON *params = cJSON_AddObjectToObject(o, "params");

    for (size_t i = 0; i < v->param_count; i++) {
        cJSON *bare = v->params[i].bare ? cJSON_Parse(v->params[i].value) : NULL;
        if (bare != NULL)
            cJSON_AddItemToObject(params, v->params[i].name, bare);
        else
            json_add_text(params, v->params[i].name, v->params[i].value);
    }
}

static void add_declaration(cJSON *o, const struct verdict *v)
{
    add_number(o, "id", (double)v->id);
    json_add_text(o, "name", v->name);
    json_add_text(o, "suite", v->suite);
    json_add_text(o, "file", v->file);
    add_number(o, "line", v->line);
    add_texts(o, "tags", v->tags, v->tag_count);
    add_params(o, v);
}

static void add_case(cJSON *o, const struct verdict *v, const struct event_turn *turn)
{
    add_declaration(o, v);
    add_number(o, "round", v->round);
    add_number(o, "attempt", turn->attempt);
    add_seed(o, turn->seed);
    add_number(o, "first_vehicle", turn->first_vehicle);
}

static void add_steps(cJSON *o, const struct verdict *v)
{
    cJSON *list = cJSON_AddArrayToObject(o, "steps");

    for (size_t i = 0; i < v->step_count; i++) {
        const struct verdict_step *step = &v->steps[i];
        cJSON *s = cJSON_CreateObject();
        json_add_text(s, "name", step->name);
        add_number(s, "depth", step->depth);
        json_add_text(s, "verdict", verdict_state_name(step->state));
        add_number(s, "began_us", (double)step->began);
        add_number(s, "duration_us", (double)step->duration);
        json_add_text(s, "message", step->message);
        json_add_text(s, "where", step->where);
        cJSON_AddItemToArray(list, s);
    }
}

void event_run_started(const struct event_run *run, int64_t wall_ms, struct buf *out)
{
    cJSON *o = begin("run_started", wall_ms);

    add_number(o, "format", FORMAT);
    json_add_text(o, "name", run->name);
    json_add_text(o, "version", FLEETSIM_VERSION);
    json_add_text(o, "command_line", run->command_line);
    add_seed(o, run->seed);
    add_number(o, "scenarios", (double)run->scenarios);
    add_number(o, "rounds", (double)run->rounds);
    cJSON_AddBoolToObject(o, "shuffled", run->shuffled);
    put(o, out);
}

void event_case_listed(const struct verdict *v, struct buf *out)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "event", "scenario");
    add_declaration(o, v);
    put(o, out);
}

void event_case_started(const struct verdict *v, const struct event_turn *turn, int64_t wall_ms,
                        struct buf *out)
{
    cJSON *o = begin("scenario_started", wall_ms);

    add_case(o, v, turn);
    put(o, out);
}

void event_case_finished(const struct verdict *v, const struct event_turn *turn, int64_t wall_ms,
                         struct buf *out)
{
    cJSON *o = begin("scenario_finished", wall_ms);

    add_case(o, v, turn);
    json_add_text(o, "verdict", verdict_state_name(v->state));
    cJSON_AddBoolToObject(o, "flaky", v->flaky);
    cJSON_AddBoolToObject(o, "again", turn->again);
    add_number(o, "duration_us", (double)v->duration);
    add_number(o, "assertions", (double)v->assertions);
    json_add_text(o, "message", v->message);
    json_add_text(o, "where", v->where);
    json_add_text(o, "detail", v->detail);
    add_steps(o, v);
    put(o, out);
}

void event_check_finished(const struct verdict *v, int64_t wall_ms, struct buf *out)
{
    cJSON *o = begin("check_finished", wall_ms);

    add_number(o, "id", (double)v->id);
    json_add_text(o, "suite", v->suite);
    json_add_text(o, "name", v->name);
    json_add_text(o, "verdict", verdict_state_name(v->state));
    json_add_text(o, "message", v->message);
    json_add_text(o, "detail", v->detail);
    put(o, out);
}

void event_run_finished(const struct verdicts *all, int exit_status, const char *reason,
                        int64_t wall_ms, struct buf *out)
{
    cJSON *o = begin("run_finished", wall_ms);

    add_number(o, "exit_status", exit_status);
    json_add_text(o, "reason", reason);
    add_number(o, "duration_us", (double)(wall_ms - verdicts_started_wall_ms(all)) * 1e3);
    cJSON *counts = cJSON_AddObjectToObject(o, "verdicts");
    for (unsigned state = 0; state < VERDICT_STATE_COUNT; state++)
        add_number(counts, verdict_state_name((enum verdict_state)state),
                   (double)verdicts_count(all, (enum verdict_state)state));
    add_number(o, "flaky", (double)verdicts_flaky(all));
    put(o, out);
}
