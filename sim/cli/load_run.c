#include "cli/load_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/xmem.h"
#include "cli/load_story.h"
#include "fleet/simulation.h"
#include "metrics/limits.h"
#include "metrics/recorder.h"
#include "metrics/run_results.h"

#define STORY_MAX ((size_t)16384)

/* ---- what was measured ---- */

static void tell_value(const struct load_run *l, const cJSON *step, struct buf *out)
{
    const cJSON *reached = json_get(step, "reached");
    char text[48] = "none";

    if (cJSON_IsNumber(reached))
        limit_value_text(&l->flags->search.limit, reached->valuedouble, text, sizeof text);
    buf_printf(out, "  %10s", text);
}

/* What was tried, and the one number. */
static void tell_search(const struct load_run *l, struct buf *out)
{
    const char *bound = json_str(l->search, "bound", "");
    bool cars = strcmp(json_str(l->search, "what", ""), "vehicles") == 0;
    const char *unit = cars ? " cars" : " commands/s";
    const cJSON *step;

    buf_printf(out, "search: %s\n", json_str(l->search, "expression", ""));
    cJSON_ArrayForEach(step, json_get(l->search, "steps"))
    {
        buf_printf(out, "  %8.4g%s", json_num(step, "value", 0), unit);
        tell_value(l, step, out);
        const char *why = json_str(step, "why", NULL);
        buf_printf(out, "  %s%s%s%s\n", json_str(step, "outcome", ""),
                   cJSON_IsTrue(json_get(step, "again")) ? ", again" : "", why != NULL ? ": " : "",
                   why != NULL ? why : "");
    }
    if (strcmp(bound, "none") == 0)
        buf_append_str(out, "found: nothing that holds\n");
    else
        buf_printf(out, "found: %s%.4g%s\n", strcmp(bound, "at_least") == 0 ? "at least " : "",
                   json_num(l->search, "result", 0), unit);
}

static char *write_story(const struct load_run *l)
{
    struct buf out;

    buf_init(&out, STORY_MAX);
    if (l->search == NULL) {
        load_story_write(l->json, l->plan.measured_s, &out);
    } else {
        buf_printf(&out, "load: %.0f cars, last measured for %.1f s\n",
                   json_num(l->json, "vehicles", 0), json_num(l->json, "measured_s", 0));
        tell_search(l, &out);
    }
    char *text = xstrdup(buf_cstr(&out));
    buf_done(&out);
    return text;
}

/* What is missed because of us says nothing of the cloud. */
static void judge_limits(struct load_run *l)
{
    char why[LIMITS_DOUBT_MAX];

    limits_judge(l->limits, l->sim->recorder);
    if (limits_doubt(l->limits, why, sizeof why))
        load_reasons_add(&l->reasons, why);
}

static void on_ended(void *ctx, const struct load *load)
{
    struct load_run *l = ctx;

    loop_lag_stop(l->lag);
    load_judge(load, &l->flags->budget, &l->reasons);
    judge_limits(l);
    cJSON_Delete(l->json);
    l->json = load_json(load);
    cJSON *invalid = cJSON_AddArrayToObject(l->json, "invalid");
    for (size_t i = 0; i < l->reasons.count; i++)
        cJSON_AddItemToArray(invalid, cJSON_CreateString(l->reasons.text[i]));
    cJSON_Delete(l->search);
    l->search = l->host.search != NULL ? search_run_json(l->host.search) : NULL;
    free(l->story);
    l->story = write_story(l);
}

/* ---- the run ---- */

static bool on_planned(void *ctx, const struct load_plan *plan, struct error *err)
{
    struct load_run *l = ctx;

    l->plan = *plan;
    l->plan.whole = NULL; /* gone after this */
    l->planned_at = clock_now();
    return l->planned == NULL || l->planned(l->planned_ctx, plan, err);
}

void load_run_open(struct load_run *l, const struct run_settings *s, struct script *script,
                   struct loop_lag *lag)
{
    if (s->load == NULL)
        return;
    l->flags = s->load;
    l->sim = script->sim;
    l->limits = s->shard.count == 0 ? s->limits : NULL;
    l->lag = lag;
    l->host =
        (struct load_host){.flags = s->load, .planned = on_planned, .ended = on_ended, .ctx = l};
    script->load_host = &l->host;
}

const char *load_run_phase(void *load_run)
{
    const struct load_run *l = load_run;
    const char *phase = l->host.load != NULL ? load_phase(l->host.load) : "";

    return *phase != '\0' ? phase : NULL;
}

usec_t load_run_left(const struct load_run *l)
{
    const struct load *load = l->host.load;

    if (load == NULL || l->planned_at == 0 || l->host.search != NULL)
        return 0;
    double measured = (double)load_measured(load) / (double)USEC_PER_SEC;
    double passed = (double)(clock_now() - l->planned_at) / (double)USEC_PER_SEC;
    double before = l->plan.ramp_s + l->plan.warm_up_s - passed;
    double left = l->plan.measured_s - measured;
    if (load_measured_from(load) == 0 && before > 0)
        left += before;
    return left > 0 ? (usec_t)(left * (double)USEC_PER_SEC) : 0;
}

static bool found_any(const struct load_run *l)
{
    return strcmp(json_str(l->search, "bound", "none"), "none") != 0;
}

/* Why the last step of a search in which nothing but the simulator failed says nothing; NULL: it
   was the cloud as well. */
static const char *our_fault(const struct load_run *l)
{
    const char *why = NULL;
    const cJSON *step;

    cJSON_ArrayForEach(step, json_get(l->search, "steps"))
    {
        const char *outcome = json_str(step, "outcome", "");
        if (strcmp(outcome, search_outcome_name(SEARCH_INVALID)) == 0)
            why = json_str(step, "why", why);
        else if (strcmp(outcome, search_outcome_name(SEARCH_HELD)) != 0)
            return NULL;
    }
    return why;
}

int load_run_judge(const struct load_run *l, int status)
{
    bool known = l->json != NULL && l->reasons.count == 0;

    if (l->search != NULL && status == 0)
        return found_any(l) ? 0 : known && our_fault(l) == NULL ? ERROR_LIMIT : ERROR_INVALID;
    if (l->flags == NULL || known || (status != 0 && status != ERROR_LIMIT))
        return status;
    return ERROR_INVALID;
}

const char *load_run_reason(const struct load_run *l, int status)
{
    if (status == ERROR_LIMIT && l->search != NULL && !found_any(l))
        return "nothing held (--search)";
    if (status != ERROR_INVALID)
        return NULL;
    const char *fault = our_fault(l);
    return l->reasons.count > 0 ? l->reasons.text[0] : fault != NULL ? fault : "no load was run";
}

void load_run_tell(struct load_run *l, struct run_results *results)
{
    if (l->json != NULL)
        run_results_set_json(results, "load", cJSON_Duplicate(l->json, true));
    if (l->search != NULL)
        run_results_set_json(results, "search", cJSON_Duplicate(l->search, true));
}

void load_run_print(const struct load_run *l)
{
    if (l->story != NULL)
        printf("\n%s", l->story);
}

void load_run_close(struct load_run *l)
{
    cJSON_Delete(l->json);
    cJSON_Delete(l->search);
    free(l->story);
}
