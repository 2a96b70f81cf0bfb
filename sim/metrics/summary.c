#include "metrics/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "metrics/json_text.h"

#define FORMAT 1 /* rises when a member changes its meaning */

static void add_number(cJSON *object, const char *key, double value)
{
    cJSON_AddNumberToObject(object, key, value);
}

/* A key that is UTF-8 even if the name was cut within a character. */
static void clean_key(const char *name, char ret[RECORDER_NAME_MAX])
{
    bool utf8 = json_is_utf8(slice_str(name));
    size_t i = 0;

    for (; i < RECORDER_NAME_MAX - 1 && name[i] != '\0'; i++)
        ret[i] = (char)((unsigned char)name[i] < 0x80 || utf8 ? name[i] : '?');
    ret[i] = '\0';
}

static void add_stages(cJSON *document, const struct recorder *rec)
{
    static const struct {
        const char *key;
        double percent;
    } percentiles[] = {
        {"p50",   50  },
        {"p90",   90  },
        {"p99",   99  },
        {"p99.9", 99.9},
    };
    cJSON *stages = cJSON_AddObjectToObject(document, "stages_us");
    char key[RECORDER_NAME_MAX];

    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(rec, i);
        const struct histogram *h = &stage->total;
        clean_key(stage->name, key);
        cJSON *o = cJSON_AddObjectToObject(stages, key);
        add_number(o, "count", (double)histogram_total(h));
        add_number(o, "min", (double)histogram_min(h));
        add_number(o, "mean", (double)(uint64_t)(histogram_mean(h) + 0.5));
        add_number(o, "stddev", (double)(uint64_t)(histogram_stddev(h) + 0.5));
        for (size_t p = 0; p < sizeof percentiles / sizeof *percentiles; p++)
            add_number(o, percentiles[p].key,
                       (double)histogram_percentile(h, percentiles[p].percent));
        add_number(o, "max", (double)histogram_max(h));
        if (h->saturated != 0)
            add_number(o, "over_1h", (double)h->saturated);
    }
}

static void add_counters(cJSON *document, const struct recorder *rec)
{
    cJSON *counters = cJSON_AddObjectToObject(document, "counters");
    char key[RECORDER_NAME_MAX];

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        clean_key(c->name, key);
        add_number(counters, key, (double)c->value);
    }
}

static void add_slowest(cJSON *document, const struct summary *s)
{
    const struct journey *slowest[RECORDER_SLOWEST];
    size_t count = recorder_slowest(s->recorder, slowest);
    cJSON *list = cJSON_AddArrayToObject(document, "slowest_commands");

    for (size_t i = 0; i < count; i++) {
        const struct journey *j = slowest[i];
        cJSON *o = cJSON_CreateObject();
        json_add_text(o, "token", j->token);
        json_add_text(o, "kind", j->kind);
        add_number(o, "vehicle", j->vehicle_index);
        json_add_text(o, "outcome", journey_outcome_name(j->outcome));
        add_number(o, "total_us", (double)journey_total(j));
        add_number(o, "intended_us", (double)j->at[JOURNEY_INTENDED] - (double)s->started);
        cJSON *marks = cJSON_AddObjectToObject(o, "marks_us");
        for (unsigned m = 0; m < JOURNEY_MARK_COUNT; m++)
            if (journey_has(j, (enum journey_mark)m))
                add_number(marks, journey_mark_name((enum journey_mark)m),
                           (double)j->at[m] - (double)j->at[JOURNEY_INTENDED]);
        cJSON_AddItemToArray(list, o);
    }
}

struct scenarios {
    cJSON *list;
    bool details;
};

static void add_attempts(cJSON *o, const struct verdict *v, bool details)
{
    cJSON_AddBoolToObject(o, "flaky", v->flaky);
    cJSON *list = cJSON_AddArrayToObject(o, "earlier_attempts");
    for (size_t i = 0; i < v->attempt_count; i++) {
        const struct verdict_attempt *attempt = &v->attempts[i];
        cJSON *a = cJSON_CreateObject();
        json_add_text(a, "verdict", verdict_state_name(attempt->state));
        add_number(a, "duration_us", (double)attempt->duration);
        json_add_text(a, "message", attempt->message);
        if (attempt->detail != NULL && details)
            json_add_text(a, "detail", attempt->detail);
        cJSON_AddItemToArray(list, a);
    }
}

static void add_scenario(void *arg, const struct verdict *v)
{
    cJSON *o = cJSON_CreateObject();
    const struct scenarios *to = arg;

    json_add_text(o, "suite", v->suite);
    json_add_text(o, "file", v->file);
    add_number(o, "line", v->line);
    json_add_text(o, "name", v->name);
    json_add_text(o, "verdict", verdict_state_name(v->state));
    add_number(o, "duration_us", (double)v->duration);
    if (v->round > 1)
        add_number(o, "round", v->round);
    if (v->message != NULL)
        json_add_text(o, "message", v->message);
    if (v->attempt_count != 0)
        add_attempts(o, v, to->details);
    /* Long, and the file is written anew every second: in the last one only. */
    if (v->detail != NULL && to->details)
        json_add_text(o, "detail", v->detail);
    cJSON_AddItemToArray(to->list, o);
}

static void add_scenarios(cJSON *document, const struct verdicts *verdicts, bool details)
{
    struct scenarios to = {.details = details};

    cJSON *counts = cJSON_AddObjectToObject(document, "verdicts");

    for (unsigned state = 0; state < VERDICT_STATE_COUNT; state++)
        add_number(counts, verdict_state_name((enum verdict_state)state),
                   (double)verdicts_count(verdicts, (enum verdict_state)state));
    add_number(document, "flaky", (double)verdicts_flaky(verdicts));
    to.list = cJSON_AddArrayToObject(document, "scenarios");
    verdicts_each(verdicts, add_scenario, &to);
}

/* By reference: the file is written anew every second. */
static void add_members(cJSON *document, const cJSON *members)
{
    cJSON *member;

    cJSON_ArrayForEach(member, members)
        cJSON_AddItemReferenceToObject(document, member->string, member);
}

cJSON *summary_json(const struct summary *s)
{
    cJSON *document = cJSON_CreateObject();
    char text[32];

    add_number(document, "format", FORMAT);
    json_add_text(document, "name", s->name);
    json_add_text(document, "command", s->command);
    json_add_text(document, "version", FLEETSIM_VERSION);
    /* As text: 64 bits are more than a JSON number keeps. */
    snprintf(text, sizeof text, "%" PRIu64, s->seed);
    json_add_text(document, "seed", text);
    timestamp_iso(s->started_wall_ms, text);
    json_add_text(document, "started", text);
    add_number(document, "duration_us", (double)s->duration);
    cJSON_AddBoolToObject(document, "complete", s->complete);
    if (s->has_verdict) {
        add_number(document, "exit_status", s->exit_status);
        json_add_text(document, "reason", s->reason);
    }
    if (s->settings != NULL)
        cJSON_AddItemToObject(document, "settings", cJSON_Duplicate(s->settings, true));
    if (s->members != NULL)
        add_members(document, s->members);
    if (s->verdicts != NULL)
        add_scenarios(document, s->verdicts, s->complete);
    add_number(document, "commands_open", (double)recorder_journeys_open(s->recorder));
    add_counters(document, s->recorder);
    add_stages(document, s->recorder);
    add_slowest(document, s);
    return document;
}
