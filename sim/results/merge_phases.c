/* The phases of a load that several runs went through together, by the clock of the whole. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "metrics/json_text.h"
#include "results/merge_inside.h"

#define NAMES_MAX  ((size_t)4096)
#define PHASES_MAX 1000
/* They are said to begin together, whoever meets or has a clock. */
#define APART_S 1.0

static double later_s(const struct merge *m, const struct past_run *run)
{
    return (double)(run->started_wall_ms - m->started_wall_ms) / 1000;
}

static const cJSON *phases_of(const struct past_run *run)
{
    return run != NULL ? json_get(json_get(run->summary, "load"), "phases") : NULL;
}

/* Those that both have are the same; a run that was ended early has fewer. */
static bool alike(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a != NULL ? a->child : NULL, *y = b != NULL ? b->child : NULL;

    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (strcmp(json_str(x, "name", ""), json_str(y, "name", "")) != 0)
            return false;
    return true;
}

static void put_names(const cJSON *phases, struct buf *out)
{
    const cJSON *p;

    cJSON_ArrayForEach(p, phases)
        buf_printf(out, "%s%s", p == phases->child ? "" : ", ", json_str(p, "name", "?"));
}

static void tell_different(const struct part *p, cJSON *list)
{
    struct buf text;

    buf_init(&text, NAMES_MAX);
    buf_printf(&text, "%s: ", p->name);
    put_names(phases_of(p->run), &text);
    cJSON_AddItemToArray(list, cJSON_CreateString(buf_cstr(&text)));
    buf_done(&text);
}

/* The longest list is that of a run that went through all. */
static const cJSON *longest(const struct merge *m)
{
    const cJSON *most = NULL;

    for (size_t i = 0; i < m->count; i++) {
        const cJSON *own = phases_of(m->parts[i].run);
        if (own != NULL && (most == NULL || cJSON_GetArraySize(own) > cJSON_GetArraySize(most)))
            most = own;
    }
    return most;
}

struct span {
    double from, to; /* of all, seconds since the earliest run began */
    double apart;    /* between the first and the last that began it */
};

/* From when the first is in it until the last has left it. */
static struct span span_of(const struct merge *m, int place, const cJSON *like)
{
    struct span s = {.from = INFINITY};
    double last = 0;

    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        const cJSON *p = cJSON_GetArrayItem(phases_of(run), place);
        if (p == NULL || !alike(phases_of(run), like))
            continue;
        double from = later_s(m, run) + json_num(p, "from_s", 0);
        s.from = fmin(s.from, from);
        s.to = fmax(s.to, later_s(m, run) + json_num(p, "to_s", 0));
        last = fmax(last, from);
    }
    s.apart = last - s.from;
    return s;
}

static double add_spans(const struct merge *m, const cJSON *like, cJSON *list)
{
    const cJSON *p;
    cJSON *before = NULL;
    double apart = 0;
    int place = 0;

    cJSON_ArrayForEach(p, like)
    {
        if (place == PHASES_MAX)
            break;
        struct span span = span_of(m, place++, like);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", json_str(p, "name", ""));
        cJSON_AddNumberToObject(o, "from_s", span.from);
        cJSON_AddNumberToObject(o, "to_s", span.to);
        if (before != NULL) /* of two that overlap the later one counts */
            cJSON_SetNumberValue(json_get(before, "to_s"), span.from);
        cJSON_AddItemToArray(list, o);
        before = o;
        apart = fmax(apart, span.apart);
    }
    return apart;
}

/* When the last one began to measure, and how long all did. */
static void put_measured(const struct merge *m, cJSON *load)
{
    double from = 0, to = INFINITY;

    for (size_t i = 0; i < m->count; i++) {
        const struct past_run *run = m->parts[i].run;
        const cJSON *own = run != NULL ? json_get(run->summary, "load") : NULL;
        double length = json_num(own, "measured_s", 0);
        if (own == NULL || length <= 0)
            continue;
        double begins = later_s(m, run) + json_num(own, "warm_up_s", 0);
        from = fmax(from, begins);
        to = fmin(to, begins + length);
    }
    if (!isfinite(to))
        return;
    json_put(load, "warm_up_s", cJSON_CreateNumber(from));
    json_put(load, "measured_s", cJSON_CreateNumber(fmax(to - from, 0)));
}

void merge_phases(const struct merge *m, cJSON *load)
{
    const cJSON *like = longest(m);
    cJSON *list = cJSON_CreateArray(), *different = cJSON_CreateArray();

    double apart = add_spans(m, like, list);
    for (size_t i = 0; i < m->count; i++)
        if (!alike(phases_of(m->parts[i].run), like))
            tell_different(&m->parts[i], different);
    json_put(load, "phases", list);
    json_put(load, "phases_apart_s", cJSON_CreateNumber(apart));
    json_put(load, "phases_different", different);
    put_measured(m, load);
}

void merge_tell_phases(const struct merge *m, struct buf *out)
{
    cJSON *load = cJSON_CreateObject();
    const cJSON *different;

    merge_phases(m, load);
    double apart = json_num(load, "phases_apart_s", 0);
    if (apart > APART_S)
        buf_printf(out, "the same phase began up to %.1f s apart\n", apart);
    cJSON_ArrayForEach(different, json_get(load, "phases_different"))
        buf_printf(out, "other phases: %s\n", different->valuestring);
    cJSON_Delete(load);
}
