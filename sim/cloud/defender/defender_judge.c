#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/defender/defender_core.h"

#define ALERTS "fleetsim/defender/alerts/"

static bool is_cloud(enum defender_sum sum)
{
    return sum >= DEFENDER_FIRST_OF_CLOUD && sum < DEFENDER_SUM_COUNT;
}

/* The behaviour's sum over its duration. */
static double total(const struct defender_thing *thing, const struct defender_behavior *b)
{
    unsigned at = thing->at[is_cloud(b->sum)];
    double sum = 0;

    for (unsigned i = 0; i < b->slots; i++) {
        double slot = thing->slots[b->sum][(at + DEFENDER_SLOTS - i) % DEFENDER_SLOTS];
        sum = b->sum != DEFENDER_MESSAGE_SIZE ? sum + slot : slot > sum ? slot : sum;
    }
    return sum;
}

static void begin_slot(struct defender_thing *thing, bool cloud)
{
    unsigned *at = &thing->at[cloud];
    size_t first = cloud ? DEFENDER_FIRST_OF_CLOUD : 0;
    size_t end = cloud ? DEFENDER_SUM_COUNT : DEFENDER_FIRST_OF_CLOUD;

    *at = (*at + 1) % DEFENDER_SLOTS;
    for (size_t i = first; i < end; i++)
        thing->slots[i][*at] = 0;
}

/* ---- alarms ---- */

static struct defender_alarm *alarm_of(struct defender_thing *thing,
                                       const struct defender_profile *profile,
                                       const struct defender_behavior *b)
{
    struct defender_alarm *alarm = thing->alarms;

    while (alarm != NULL && alarm->behavior != b)
        alarm = alarm->next;
    if (alarm != NULL)
        return alarm;
    alarm = calloc(1, sizeof *alarm);
    if (alarm == NULL)
        return NULL;
    *alarm = (struct defender_alarm){.next = thing->alarms, .profile = profile, .behavior = b};
    thing->alarms = alarm;
    return alarm;
}

void defender_alarms_forget(struct defender_thing *thing, const struct defender_profile *profile)
{
    struct defender_alarm **p = &thing->alarms;

    while (*p != NULL) {
        struct defender_alarm *alarm = *p;
        if (profile != NULL && alarm->profile != profile) {
            p = &alarm->next;
            continue;
        }
        *p = alarm->next;
        free(alarm);
    }
}

static void remember(struct defender_service *s, const struct text *alert)
{
    char **place = &s->events[s->event_count++ % DEFENDER_EVENTS];

    free(*place);
    *place = strndup(alert->data, alert->len);
}

/* `value` NULL: the alarm is invalid. */
static bool tell(struct defender_turn *turn, const struct defender_thing *thing,
                 const struct defender_alarm *alarm, const cJSON *value)
{
    char topic[sizeof ALERTS + DEFENDER_NAME_MAX];
    const cJSON *behaviors = json_get(alarm->profile->source, "behaviors");
    int index = (int)(alarm->behavior - alarm->profile->behaviors);
    struct text t;

    text_init(&t);
    text_str(&t, "{\"violationEventTime\":");
    text_int(&t, turn->now_ms);
    text_key(&t, "violationEventType");
    text_quoted(&t, value == NULL ? "alarm-invalidated" : alarm->on ? "in-alarm" : "alarm-cleared");
    text_key(&t, "violationId");
    text_str(&t, "\"");
    text_int(&t, (int64_t)alarm->violation);
    text_str(&t, "\"");
    text_key(&t, "thingName");
    text_quoted(&t, thing->name);
    text_key(&t, "securityProfileName");
    text_quoted(&t, alarm->profile->name);
    text_key(&t, "behavior");
    text_json(&t, cJSON_GetArrayItem(behaviors, index));
    if (value != NULL) {
        text_key(&t, "metricValue");
        text_str(&t, "{");
        text_key(&t, alarm->behavior->value->string);
        text_json(&t, value);
        text_str(&t, "}");
    }
    text_str(&t, "}");
    if (t.failed) {
        text_done(&t);
        return false;
    }
    remember(turn->service, &t);
    snprintf(topic, sizeof topic, ALERTS "%s", thing->name);
    return cloud_actions_publish(turn->out, NULL, topic, &t);
}

static bool mitigate(struct defender_turn *turn, const struct defender_thing *thing,
                     const struct defender_profile *profile)
{
    const struct defender_service *s = turn->service;
    struct defender_turn violated = *turn;
    bool ok = true;

    violated.profile = profile;
    for (enum defender_mitigation m = 0; m < DEFENDER_MITIGATION_COUNT; m++)
        if ((profile->mitigations & 1u << m) != 0 && s->mitigate != NULL)
            ok &= s->mitigate(s->ctx, thing->name, m, &violated);
    return ok;
}

/* One datapoint of one behaviour. */
static bool judge(struct defender_turn *turn, struct defender_thing *thing,
                  const struct defender_profile *profile, const struct defender_behavior *b,
                  const cJSON *value)
{
    enum defender_judgement judgement = defender_behavior_judge(b, value);
    struct defender_alarm *alarm = alarm_of(thing, profile, b);

    if (alarm == NULL)
        return false;
    if (judgement == DEFENDER_NO_JUDGEMENT)
        return true;
    alarm->violated = judgement == DEFENDER_VIOLATED ? alarm->violated + 1 : 0;
    alarm->normal = judgement == DEFENDER_NORMAL ? alarm->normal + 1 : 0;
    if (!alarm->on && alarm->violated >= b->to_alarm) {
        alarm->on = true;
        alarm->violation = ++turn->service->violation_count;
        return tell(turn, thing, alarm, value) && mitigate(turn, thing, profile);
    }
    if (alarm->on && alarm->normal >= b->to_clear) {
        alarm->on = false;
        return tell(turn, thing, alarm, value);
    }
    return true;
}

static bool judge_sum(struct defender_turn *turn, struct defender_thing *thing,
                      const struct defender_profile *profile, const struct defender_behavior *b)
{
    cJSON *value = cJSON_CreateNumber(total(thing, b));
    bool ok = value != NULL && judge(turn, thing, profile, b, value);

    cJSON_Delete(value);
    return ok;
}

/* What a report says that the profile asks for. */
static bool judge_values(struct defender_turn *turn, struct defender_thing *thing,
                         const struct defender_profile *profile, const cJSON *values)
{
    bool ok = true;

    for (size_t i = 0; i < profile->count; i++) {
        const struct defender_behavior *b = &profile->behaviors[i];
        const cJSON *value = json_get(values, b->metric);
        if (value == NULL || is_cloud(b->sum))
            continue;
        ok &= b->sum != DEFENDER_SUM_COUNT ? judge_sum(turn, thing, profile, b)
                                           : judge(turn, thing, profile, b, value);
    }
    return ok;
}

/* Is the profile for the thing? If not any more, alarms about it are not valid. */
static bool is_for(struct defender_turn *turn, const struct defender_profile *profile,
                   struct defender_thing *thing, bool *ok)
{
    if (defender_targets_have(&profile->targets, turn->service->fleet, thing->name))
        return true;
    for (const struct defender_alarm *a = thing->alarms; a != NULL; a = a->next)
        if (a->profile == profile && a->on)
            *ok &= tell(turn, thing, a, NULL);
    defender_alarms_forget(thing, profile);
    return false;
}

bool defender_judge_report(struct defender_turn *turn, struct defender_thing *thing,
                           const cJSON *values)
{
    bool ok = true;

    begin_slot(thing, false);
    for (enum defender_sum sum = 0; sum < DEFENDER_FIRST_OF_CLOUD; sum++)
        thing->slots[sum][thing->at[0]] = json_num(values, defender_sum_metric(sum), 0);
    for (const struct defender_profile *p = turn->service->profiles; p != NULL; p = p->next)
        if (is_for(turn, p, thing, &ok))
            ok &= judge_values(turn, thing, p, values);
    return ok;
}

bool defender_judge_counts(struct defender_turn *turn, struct defender_thing *thing)
{
    bool ok = true;

    for (const struct defender_profile *p = turn->service->profiles; p != NULL; p = p->next) {
        size_t count = is_for(turn, p, thing, &ok) ? p->count : 0;
        for (size_t i = 0; i < count; i++)
            if (is_cloud(p->behaviors[i].sum))
                ok &= judge_sum(turn, thing, p, &p->behaviors[i]);
    }
    begin_slot(thing, true);
    return ok;
}
