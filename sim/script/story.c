#include "script/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "metrics/json_text.h"
#include "report/failure_log.h"
#include "script/car.h"
#include "script/car_look.h"
#include "script/scenario.h"

#define CARS_TOLD    4
#define LOOKS_TOLD   2 /* how so many of them looked: each is drawn, in some 20 ms */
#define PAYLOADS_MAX ((size_t)512 << 10) /* of one story, before what is left is cut short */
#define STEPS_MAX    200
#define SOFT_MAX     50
#define COMMAND_MAX  ((size_t)64 << 10)

/* ---- which cars ---- */

struct pick {
    const struct scenario *s;
    const struct car *about;
    struct car *cars[CARS_TOLD];
    unsigned weights[CARS_TOLD];
    size_t count, all;
    size_t by_state[TCU_STATE_COUNT]; /* of those that are not told */
};

static bool is_violated(const struct scenario *s, const struct car *car)
{
    for (const struct violation *v = s->violations.first; v != NULL; v = v->next)
        if (!v->expected && v->vehicle == car->vehicle->identity.index)
            return true;
    return false;
}

static unsigned weight_of(const struct pick *p, const struct car *car)
{
    if (car == p->about)
        return 1000;
    if (is_violated(p->s, car))
        return 500;
    return (car == p->s->owner.touched ? 100 : 0) + car_story_trouble(car);
}

/* Keeps the heaviest, in their order; of equals the first made, which comes last here. */
static void consider(struct pick *p, struct car *car)
{
    unsigned weight = weight_of(p, car);
    size_t i = p->count < CARS_TOLD ? p->count++ : CARS_TOLD;
    struct car *left = i == CARS_TOLD ? p->cars[--i] : NULL;

    p->all++;
    if (left != NULL && p->weights[i] > weight) {
        left = car;
    } else {
        for (; i > 0 && p->weights[i - 1] <= weight; i--) {
            p->cars[i] = p->cars[i - 1];
            p->weights[i] = p->weights[i - 1];
        }
        p->cars[i] = car;
        p->weights[i] = weight;
    }
    if (left != NULL)
        p->by_state[left->vehicle->tcu->state]++;
}

static void pick_cars(struct pick *p)
{
    for (struct car *car = p->s->owner.script->cars; car != NULL; car = car->next)
        if (car->owner == &p->s->owner)
            consider(p, car);
}

static void add_cars(cJSON *story, const struct scenario *s, const struct car *about)
{
    struct pick p = {.s = s, .about = about};
    size_t room = PAYLOADS_MAX;

    pick_cars(&p);
    cJSON *cars = cJSON_AddArrayToObject(story, "cars");
    for (size_t i = 0; i < p.count; i++) {
        cJSON *told = car_story_tell(p.cars[i], p.cars[i] == about, &room);
        if (i < LOOKS_TOLD)
            cJSON_AddItemToObject(told, "picture", car_look_json(p.cars[i]));
        cJSON_AddItemToArray(cars, told);
    }
    if (p.all == p.count)
        return;
    cJSON *others = cJSON_AddObjectToObject(story, "other_cars");
    for (int state = 0; state < TCU_STATE_COUNT; state++)
        if (p.by_state[state] > 0)
            cJSON_AddNumberToObject(others, tcu_state_name((enum tcu_state)state),
                                    (double)p.by_state[state]);
}

/* ---- the head ---- */

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_add_text(object, name, text);
}

/* The calls that led to a script error stand first in the detail. */
static void add_calls(cJSON *story, const char *detail)
{
    static const char heading[] = "  called from:\n";
    size_t len = strlen(heading);

    if (detail == NULL || strncmp(detail, heading, len) != 0)
        return;
    cJSON *calls = cJSON_AddArrayToObject(story, "calls");
    for (const char *at = detail + len; strncmp(at, "    ", 4) == 0;) {
        size_t end = strcspn(at, "\n");
        char *line = xstrndup(at + 4, end - 4);
        cJSON_AddItemToArray(calls, cJSON_CreateString(line));
        free(line);
        at += end + (at[end] == '\n');
    }
}

static void add_repeat(cJSON *story, const struct scenario *s)
{
    const struct script *script = s->owner.script;
    struct buf command;

    if (script->repeat == NULL)
        return;
    buf_init(&command, COMMAND_MAX);
    script->repeat(script->repeat_ctx, s, &command);
    add_text(story, "repeat", buf_cstr(&command));
    buf_done(&command);
}

static cJSON *param_value(const struct scenario_param *param)
{
    cJSON *value = param->bare ? json_parse(slice_str(param->value), 1) : NULL;

    return value != NULL ? value : cJSON_CreateString(param->value);
}

static void add_declared(cJSON *story, const struct scenario_record *r)
{
    cJSON *list;

    if (r->tag_count > 0) {
        list = cJSON_AddArrayToObject(story, "tags");
        for (size_t i = 0; i < r->tag_count; i++)
            cJSON_AddItemToArray(list, cJSON_CreateString(r->tags[i]));
    }
    if (r->param_count > 0) {
        list = cJSON_AddObjectToObject(story, "parameters");
        for (size_t i = 0; i < r->param_count; i++)
            cJSON_AddItemToObject(list, r->params[i].name, param_value(&r->params[i]));
    }
}

static void add_steps(cJSON *story, const struct scenario_record *r, usec_t now)
{
    if (r->first_step == NULL)
        return;
    cJSON *steps = cJSON_AddArrayToObject(story, "steps");
    size_t n = 0;
    for (const struct scenario_step *step = r->first_step; step != NULL && n < STEPS_MAX;
         step = step->next, n++) {
        cJSON *json = cJSON_CreateObject();
        bool runs = step->verdict == SCENARIO_RUNNING;
        add_text(json, "name", step->name);
        if (step->depth > 0)
            cJSON_AddNumberToObject(json, "depth", step->depth);
        cJSON_AddNumberToObject(json, "began", (double)step->started / 1e6);
        cJSON_AddNumberToObject(json, "took",
                                (double)(runs ? now - step->started : step->took) / 1e6);
        add_text(json, "verdict", scenario_verdict_name(step->verdict));
        add_text(json, "message", step->message);
        add_text(json, "where", step->where);
        cJSON_AddItemToArray(steps, json);
    }
}

static void add_failures(cJSON *story, const char *name, const struct scenario_failures *failures)
{
    size_t n = 0;

    if (failures->first == NULL)
        return;
    cJSON *list = cJSON_AddArrayToObject(story, name);
    for (const struct scenario_failure *f = failures->first; f != NULL && n < SOFT_MAX;
         f = f->next, n++) {
        cJSON *json = cJSON_CreateObject();
        add_text(json, "message", f->message);
        add_text(json, "where", f->where);
        add_text(json, "step", f->step != NULL ? f->step->name : NULL);
        cJSON_AddItemToArray(list, json);
    }
    if (failures->count > n) {
        cJSON *json = cJSON_CreateObject();
        char text[64];
        snprintf(text, sizeof text, "and %zu more", failures->count - n);
        add_text(json, "message", text);
        cJSON_AddItemToArray(list, json);
    }
}

/* What the oracle found, and nobody expected. */
static void add_violations(cJSON *story, const struct violations *found)
{
    if (found->unexpected == 0)
        return;
    cJSON *list = cJSON_AddArrayToObject(story, "violations");
    for (const struct violation *v = found->first; v != NULL; v = v->next) {
        if (v->expected)
            continue;
        cJSON *json = cJSON_CreateObject();
        add_text(json, "rule", v->rule);
        add_text(json, "text", v->text);
        add_text(json, "car", v->thing);
        cJSON_AddNumberToObject(json, "at", (double)v->at / 1e6);
        cJSON_AddItemToArray(list, json);
    }
}

static void add_head(cJSON *story, const struct scenario *s)
{
    const struct loop *loop = s->owner.script->sim->loop;

    add_text(story, "scenario", s->owner.name);
    add_text(story, "file", s->file);
    cJSON_AddNumberToObject(story, "line", s->line);
    add_text(story, "verdict", scenario_verdict_name(s->verdict));
    add_text(story, "message", s->message);
    add_text(story, "where", s->where);
    if (s->attempt > 1 || s->earlier != NULL)
        cJSON_AddNumberToObject(story, "attempt", s->attempt);
    if (s->round > 1)
        cJSON_AddNumberToObject(story, "round", s->round);
    add_declared(story, &s->record);
    add_steps(story, &s->record, loop_script_now(loop));
    add_failures(story, "soft", &s->record.soft);
    add_failures(story, "after", &s->record.after);
    add_violations(story, &s->violations);
    add_repeat(story, s);
    add_text(story, "clock", loop_is_virtual(loop) ? "virtual" : "real");
    cJSON_AddNumberToObject(story, "began", (double)s->owner.began / 1e6);
}

void story_take(struct scenario *s, const struct car *about)
{
    struct failure_log *log = s->owner.script->failures;

    if (log == NULL)
        return;
    story_forget(s);
    s->story = cJSON_CreateObject();
    cJSON_AddNumberToObject(s->story, "ended",
                            (double)loop_script_now(s->owner.script->sim->loop) / 1e6);
    add_calls(s->story, s->detail);
    if (failure_log_has_room(log))
        add_cars(s->story, s, about);
}

void story_tell(struct scenario *s)
{
    struct failure_log *log = s->owner.script->failures;

    if (log == NULL || (s->verdict != SCENARIO_FAILED && s->verdict != SCENARIO_ERRORED)) {
        story_forget(s);
        return;
    }
    /* What ran after it failed, and nothing before. */
    if (s->story == NULL)
        story_take(s, NULL);
    cJSON *story = cJSON_CreateObject();
    add_head(story, s);
    while (s->story->child != NULL) {
        cJSON *item = cJSON_DetachItemViaPointer(s->story, s->story->child);
        cJSON_AddItemToObject(story, item->string, item);
    }
    failure_log_add(log, story);
    story_forget(s);
}

void story_forget(struct scenario *s)
{
    cJSON_Delete(s->story);
    s->story = NULL;
}
