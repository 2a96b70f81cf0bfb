#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/json_text.h"
#include "metrics/summary.h"
#include "results/merge_inside.h"

#define SECONDS_PER_MONTH (30.0 * 24 * 3600) /* as a load tells it */

static void add(cJSON *object, const char *key, double value)
{
    cJSON_AddNumberToObject(object, key, value);
}

/* ---- the verdicts ---- */

static enum verdict_state state_named(const char *name)
{
    for (int s = 0; s < VERDICT_STATE_COUNT; s++)
        if (strcmp(verdict_state_name((enum verdict_state)s), name) == 0)
            return (enum verdict_state)s;
    return VERDICT_ERROR;
}

static void tell_scenario(struct merge *m, const struct part *p, const cJSON *scenario)
{
    const char *file = json_str(scenario, "file", NULL);
    struct verdict_suite *suite = verdict_suite_of(m->verdicts, file != NULL ? file : "");
    char *name = xasprintf("%s (%s)", json_str(scenario, "name", ""), p->name);
    struct verdict_case *c =
        verdict_case_add(suite, name, NULL, (unsigned)json_whole(scenario, "line"));

    verdict_case_finish(c, state_named(json_str(scenario, "verdict", "")),
                        json_whole(scenario, "duration_us"), json_str(scenario, "message", NULL),
                        json_str(scenario, "detail", NULL));
    free(name);
}

static void tell_part(struct verdict_suite *suite, const struct part *p)
{
    struct verdict_case *c = verdict_case_add(suite, p->name, "shards", 0);
    int status = p->run != NULL ? p->run->exit_status : -1;
    bool fine = status == 0 || status == ERROR_LIMIT;
    const char *reason = p->run != NULL ? json_str(p->run->summary, "reason", NULL) : NULL;
    char *message = NULL;

    if (p->dir != NULL)
        verdict_case_add_property(c, "folder", p->dir);
    if (p->trouble != NULL)
        message = xasprintf("lost: %s", p->trouble);
    else if (!fine)
        message = xasprintf("exit status %d%s%s", status, reason != NULL ? ": " : "",
                            reason != NULL ? reason : "");
    verdict_case_finish(c,
                        p->trouble != NULL ? VERDICT_ERROR
                        : fine             ? VERDICT_PASSED
                                           : VERDICT_FAILED,
                        p->run != NULL ? p->run->duration : 0, message, NULL);
    free(message);
}

void merge_tell(struct merge *m)
{
    const cJSON *scenario;

    for (size_t i = 0; i < m->count; i++)
        if (m->parts[i].run != NULL)
            cJSON_ArrayForEach(scenario, json_get(m->parts[i].run->summary, "scenarios"))
                tell_scenario(m, &m->parts[i], scenario);
    struct verdict_suite *suite = verdict_suite_add(m->verdicts, "shards", NULL);
    verdict_suite_set_aside(suite);
    for (size_t i = 0; i < m->count; i++)
        tell_part(suite, &m->parts[i]);
    limits_tell(m->limits, m->verdicts, NULL);
}

/* ---- what each was, and what all have in common ---- */

static bool same_in_all(const struct merge *m, const char *key, const char *value)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        if (run != NULL &&
            strcmp(json_str(json_get(run->summary, "settings"), key, ""), value) != 0)
            return false;
    }
    return true;
}

/* Settings that are the same in all, or (`own`) those of one run that are not. */
static cJSON *settings_of(const struct merge *m, const struct past_run *run, bool own)
{
    cJSON *object = cJSON_CreateObject();
    const cJSON *s;

    cJSON_ArrayForEach(s, json_get(run->summary, "settings"))
    {
        if (cJSON_IsString(s) && same_in_all(m, s->string, s->valuestring) != own)
            cJSON_AddStringToObject(object, s->string, s->valuestring);
    }
    return object;
}

static cJSON *parts_json(const struct merge *m)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < m->count; i++) {
        const struct part *p = &m->parts[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(list, o);
        json_add_text(o, "name", p->name);
        json_add_text(o, "folder", p->dir);
        if (p->index >= 0)
            add(o, "index", (double)p->index);
        json_add_text(o, "lost", p->trouble);
        if (p->run == NULL)
            continue;
        json_add_text(o, "started", json_str(p->run->summary, "started", NULL));
        add(o, "duration_us", (double)p->run->duration);
        add(o, "exit_status", p->run->exit_status);
        json_add_text(o, "reason", json_str(p->run->summary, "reason", NULL));
        cJSON_AddItemToObject(o, "settings", settings_of(m, p->run, true));
    }
    return list;
}

/* ---- the load ---- */

static cJSON *arrivals_of(cJSON *list, const cJSON *from)
{
    cJSON *a;

    cJSON_ArrayForEach(a, list)
    {
        if (strcmp(json_str(a, "what", ""), json_str(from, "what", "")) == 0)
            return a;
    }
    a = cJSON_CreateObject();
    json_add_text(a, "what", json_str(from, "what", ""));
    json_add_text(a, "pattern", json_str(from, "pattern", NULL));
    cJSON_AddItemToArray(list, a);
    return a;
}

static void add_to(cJSON *object, const char *key, double n)
{
    cJSON *old = json_get(object, key);

    if (old != NULL)
        cJSON_SetNumberValue(old, old->valuedouble + n);
    else
        add(object, key, n);
}

static void add_arrivals(cJSON *list, const cJSON *load)
{
    static const char *const sums[] = {"rate_per_s", "intended", "sent", "late"};
    const cJSON *from;

    cJSON_ArrayForEach(from, json_get(load, "arrivals"))
    {
        cJSON *to = arrivals_of(list, from);
        for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
            add_to(to, sums[i], json_num(from, sums[i], 0));
    }
}

/* Why its load says nothing: its own reasons, or why it is lost. */
static void add_invalid(cJSON *list, const struct part *p, const cJSON *load)
{
    const cJSON *why;

    if (p->trouble != NULL && cJSON_GetArraySize(json_get(load, "invalid")) == 0) {
        char *text = xasprintf("%s is lost: %s", p->name, p->trouble);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
        free(text);
    }
    cJSON_ArrayForEach(why, json_get(load, "invalid"))
    {
        if (!cJSON_IsString(why))
            continue;
        char *text = xasprintf("%s: %s", p->name, why->valuestring);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
        free(text);
    }
}

/* Members of a member that are numbers of all: added up. */
static void add_numbers(cJSON *to, const cJSON *from, const char *const *names)
{
    for (; *names != NULL; names++)
        add_to(to, *names, json_num(from, *names, 0));
}

/* All on one machine have seen the same one. */
static void put_broker(const struct merge *m, cJSON *load)
{
    double cores = 0, memory = 0;

    cJSON_DeleteItemFromObject(load, "broker");
    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        const cJSON *own = run != NULL ? json_get(json_get(run->summary, "load"), "broker") : NULL;
        cores = fmax(cores, json_num(own, "cores", 0));
        memory = fmax(memory, json_num(own, "memory_bytes", 0));
    }
    if (memory <= 0)
        return;
    cJSON *broker = cJSON_AddObjectToObject(load, "broker");
    add(broker, "cores", cores);
    add(broker, "memory_bytes", memory);
}

/* As sim/load/volume.c has them of one. */
static void put_data_of_all(const struct merge *m, cJSON *data, double vehicles)
{
    double handshakes = (double)recorder_counter(m->totals, "wire.handshakes");
    double bytes = (double)recorder_counter(m->totals, "wire.handshake_bytes");
    double rate = json_num(data, "sent_bytes_per_s", 0) + json_num(data, "received_bytes_per_s", 0);

    if (json_num(data, "packets_per_s", 0) > 0)
        rate = json_num(data, "wire_sent_bytes_per_s", 0) +
               json_num(data, "wire_received_bytes_per_s", 0) +
               json_num(data, "header_bytes_per_s", 0);
    if (handshakes > 0)
        add(data, "bytes_per_handshake", bytes / handshakes);
    add(data, "bytes_per_vehicle_month", vehicles > 0 ? rate * SECONDS_PER_MONTH / vehicles : 0);
}

/* What data went over the wire, and what the processes took, of all together. */
static void add_costs(const struct merge *m, cJSON *load, double vehicles)
{
    static const char *const data_names[] = {"sent_bytes_per_s",
                                             "received_bytes_per_s",
                                             "wire_sent_bytes_per_s",
                                             "wire_received_bytes_per_s",
                                             "packets_per_s",
                                             "header_bytes_per_s",
                                             NULL};
    static const char *const self_names[] = {"cores", "memory_bytes", NULL};
    cJSON *data = cJSON_CreateObject(), *self = cJSON_CreateObject();

    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        const cJSON *own = run != NULL ? json_get(run->summary, "load") : NULL;
        add_numbers(data, json_get(own, "data"), data_names);
        add_numbers(self, json_get(own, "simulator"), self_names);
    }
    put_data_of_all(m, data, vehicles);
    put_broker(m, load);
    json_put(load, "data", data);
    json_put(load, "simulator", self);
}

/* Numbers added up. */
static cJSON *load_of_all(const struct merge *m)
{
    const cJSON *first = json_get(m->first->summary, "load");
    cJSON *load = cJSON_Duplicate(first, true);
    cJSON *arrivals = cJSON_CreateArray(), *invalid = cJSON_CreateArray();
    double vehicles = 0, probes = 0, apps = 0;

    if (load == NULL) {
        cJSON_Delete(arrivals);
        cJSON_Delete(invalid);
        return NULL;
    }
    for (size_t i = 0; i < m->count; i++) {
        const struct part *p = &m->parts[i];
        const cJSON *own = p->run != NULL ? json_get(p->run->summary, "load") : NULL;
        vehicles += json_num(own, "vehicles", 0);
        probes += json_num(own, "probe_vehicles", 0);
        apps += json_num(own, "apps", 0);
        add_arrivals(arrivals, own);
        add_invalid(invalid, p, own);
    }
    char why[LIMITS_DOUBT_MAX];
    if (limits_doubt(m->limits, why, sizeof why))
        cJSON_AddItemToArray(invalid, cJSON_CreateString(why));
    json_put(load, "vehicles", cJSON_CreateNumber(vehicles));
    json_put(load, "probe_vehicles", cJSON_CreateNumber(probes));
    json_put(load, "apps", cJSON_CreateNumber(apps));
    add_costs(m, load, vehicles);
    merge_phases(m, load);
    json_put(load, "arrivals", arrivals);
    json_put(load, "invalid", invalid);
    return load;
}

/* ---- the slowest commands ---- */

struct slow {
    const cJSON *journey;
    double later_us; /* its run began after the earliest */
};

static int slower_first(const void *a, const void *b)
{
    double x = json_num(((const struct slow *)a)->journey, "total_us", 0);
    double y = json_num(((const struct slow *)b)->journey, "total_us", 0);

    return x < y ? 1 : x > y ? -1 : 0;
}

static cJSON *slowest_of_all(const struct merge *m)
{
    struct slow *all = xcalloc(m->count * RECORDER_SLOWEST + 1, sizeof *all);
    cJSON *list = cJSON_CreateArray();
    const cJSON *journey;
    size_t count = 0;

    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        size_t of_run = 0;
        if (run == NULL)
            continue;
        double later = (double)(run->started_wall_ms - m->started_wall_ms) * 1000;
        cJSON_ArrayForEach(journey, json_get(run->summary, "slowest_commands"))
        {
            if (of_run++ < RECORDER_SLOWEST)
                all[count++] = (struct slow){journey, later};
        }
    }
    qsort(all, count, sizeof *all, slower_first);
    for (size_t i = 0; i < count && i < RECORDER_SLOWEST; i++) {
        cJSON *copy = cJSON_Duplicate(all[i].journey, true);
        cJSON *intended = json_get(copy, "intended_us");
        if (intended != NULL && cJSON_IsNumber(intended))
            cJSON_SetNumberValue(intended, intended->valuedouble + all[i].later_us);
        cJSON_AddItemToArray(list, copy);
    }
    free(all);
    return list;
}

/* ---- all of it ---- */

/* They were called alike, but each tells of its own cars. */
static cJSON *options_of_all(const struct merge *m, double vehicles)
{
    cJSON *options = cJSON_Duplicate(json_get(m->first->summary, "options"), true);
    char text[32];

    snprintf(text, sizeof text, "%.0f", vehicles);
    if (m->shards > 0 && json_get(options, "vehicles") != NULL)
        json_put(options, "vehicles", cJSON_CreateString(text));
    return options;
}

static cJSON *members_of(const struct merge *m)
{
    cJSON *members = cJSON_CreateObject(), *load = load_of_all(m);

    if (load != NULL)
        cJSON_AddItemToObject(members, "load", load);
    cJSON *options = options_of_all(m, json_num(load, "vehicles", 0));
    if (options != NULL)
        cJSON_AddItemToObject(members, "options", options);
    if (limits_count(m->limits) > 0)
        cJSON_AddItemToObject(members, "limits", limits_json(m->limits));
    cJSON_AddItemToObject(members, "merged_from", parts_json(m));
    return members;
}

static double open_in_all(const struct merge *m)
{
    double open = 0;

    for (size_t i = 0; i < m->count; i++)
        if (m->parts[i].run != NULL)
            open += json_num(m->parts[i].run->summary, "commands_open", 0);
    return open;
}

cJSON *merge_json(const struct merge *m)
{
    cJSON *members = members_of(m), *settings = settings_of(m, m->first, false);

    if (m->command_line != NULL)
        json_put(settings, "command_line", cJSON_CreateString(m->command_line));
    cJSON *document = summary_json(&(struct summary){
        .name = m->name,
        .command = json_str(m->first->summary, "command", "run"),
        .seed = strtoull(json_str(m->first->summary, "seed", "0"), NULL, 10),
        .started_wall_ms = m->started_wall_ms,
        .duration = (usec_t)(m->ended_wall_ms - m->started_wall_ms) * USEC_PER_MSEC,
        .complete = true,
        .has_verdict = true,
        .exit_status = m->status,
        .reason = m->reason,
        .settings = settings,
        .members = members,
        .recorder = m->totals,
        .verdicts = m->verdicts,
    });

    json_put(document, "slowest_commands", slowest_of_all(m));
    json_put(document, "commands_open", cJSON_CreateNumber(open_in_all(m)));
    /* The members are borrowed by the document: they must go with it. */
    cJSON *own = cJSON_Duplicate(document, true);
    cJSON_Delete(document);
    cJSON_Delete(members);
    cJSON_Delete(settings);
    return own;
}
