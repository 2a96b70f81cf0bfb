#include <fleetsim/topics.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_radio.h"
#include "mqtt/codec.h"
#include "script/car.h"
#include "script/story.h"
#include "script/story_twin.h"
#include "tcu/route.h"

#define SHADOW_DEPTH 16
#define CARS_MAX     300 /* at once */
#define SIGNALS_MAX  ((size_t)256 << 10)
#define TROUBLE_MAX  8
#define NAMED_MAX    8             /* named shadows of a car */
#define CUT_SHORT    ((size_t)240) /* what is left of a payload when there is no more room */

struct named_twin {
    struct named_twin *next;
    char *name;
    struct story_twin twin;
};

struct car_story {
    struct story_twin twin; /* the classic shadow */
    struct named_twin *named;
    char *signals_before; /* JSON; NULL: its power has not come yet */
};

struct car_story *car_story_new(const struct script *script)
{
    if (script->failures == NULL || script->sim->timeline_places < TIMELINE_DETAILED ||
        script->sim->vehicle_count > CARS_MAX)
        return NULL;
    return xcalloc(1, sizeof(struct car_story));
}

void car_story_free(struct car_story *story)
{
    if (story == NULL)
        return;
    story_twin_done(&story->twin);
    while (story->named != NULL) {
        struct named_twin *named = story->named;
        story->named = named->next;
        story_twin_done(&named->twin);
        free(named->name);
        free(named);
    }
    free(story->signals_before);
    free(story);
}

static char *all_signals(const struct car *car)
{
    struct buf text;

    buf_init(&text, SIGNALS_MAX);
    signal_write_all(&car->vehicle->tcu->signals, false, &text);
    char *copy = xstrdup(buf_cstr(&text));
    buf_done(&text);
    return copy;
}

void car_story_begin(struct car *car)
{
    if (car->story != NULL && car->story->signals_before == NULL)
        car->story->signals_before = all_signals(car);
}

/* ---- the cloud's documents ---- */

/* The named one's, made when it is first heard of; NULL: there are too many. */
static struct story_twin *twin_of(struct car_story *story, struct slice name)
{
    struct named_twin **end = &story->named;
    size_t count = 0;

    if (name.len == 0)
        return &story->twin;
    for (; *end != NULL; end = &(*end)->next, count++)
        if (slice_is(name, (*end)->name))
            return &(*end)->twin;
    if (count == NAMED_MAX)
        return NULL;
    *end = xcalloc(1, sizeof **end);
    (*end)->name = xstrndup((const char *)name.data, name.len);
    return &(*end)->twin;
}

static void hear(struct car *car, struct slice shadow, const struct story_said *said)
{
    struct story_twin *twin = twin_of(car->story, shadow);

    if (twin != NULL)
        story_twin_hear(twin, said, loop_script_now(car->vehicle->sim->loop));
}

void car_story_shadow(struct car *car, const struct companion_shadow *e)
{
    const struct story_said said = {.verb = e->verb,
                                    .accepted = e->outcome == COMPANION_OUTCOME_ACCEPTED,
                                    .code = e->code,
                                    .payload = e->payload};

    if (car->story != NULL)
        hear(car, e->name != NULL ? slice_str(e->name) : slice_of(NULL, 0), &said);
}

void car_story_packet(struct car *car, bool outgoing, struct slice packet)
{
    struct mqtt_packet decoded;
    struct slice rest, name;
    const char *why;

    if (car->story == NULL || outgoing || packet.len == 0 ||
        mqtt_type_of(packet.data[0]) != MQTT_TYPE_PUBLISH ||
        mqtt_decode(packet, tcu_version(car->vehicle->tcu), &decoded, &why) != 0)
        return;
    const struct mqtt_message *m = &decoded.publish.message;
    if (!route_begins(TOPIC_SHADOW_PREFIX "/", car->vehicle->identity.thing_name, m->topic,
                      &rest) ||
        !route_take_shadow_name(&rest, &name))
        return;
    static const struct {
        const char *topic;
        enum companion_verb verb;
        bool accepted;
    } topics[] = {
        {"get/accepted",    COMPANION_VERB_GET,    true },
        {"get/rejected",    COMPANION_VERB_GET,    false},
        {"update/accepted", COMPANION_VERB_UPDATE, true },
        {"delete/accepted", COMPANION_VERB_DELETE, true },
    };
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (slice_is(rest, topics[i].topic)) {
            cJSON *doc = topics[i].accepted ? NULL : json_parse(m->payload, SHADOW_DEPTH);
            const struct story_said said = {.verb = topics[i].verb,
                                            .accepted = topics[i].accepted,
                                            .code = (int)json_num(doc, "code", 0),
                                            .payload = m->payload};
            hear(car, name, &said);
            cJSON_Delete(doc);
        }
}

/* ---- telling ---- */

static void add_slice(cJSON *object, const char *name, struct slice text)
{
    char *copy = xstrndup(text.len != 0 ? (const char *)text.data : "", text.len);

    cJSON_AddStringToObject(object, name, copy);
    free(copy);
}

/* What stands between subject and rest, without its blanks and punctuation. */
static struct slice middle_of(struct slice between)
{
    while (between.len > 0 && strchr(" :", between.data[0]) != NULL) {
        between.data++;
        between.len--;
    }
    while (between.len > 0 && strchr(" :", between.data[between.len - 1]) != NULL)
        between.len--;
    return between;
}

static void cut_text(cJSON *object, const char *name, size_t *room)
{
    cJSON *item = json_get(object, name);

    if (!cJSON_IsString(item))
        return;
    size_t len = strlen(item->valuestring);
    if (len > *room && len > CUT_SHORT) {
        len = json_utf8_prefix(slice_of(item->valuestring, CUT_SHORT));
        item->valuestring[len] = '\0';
        if (json_get(object, "cut") == NULL)
            cJSON_AddTrueToObject(object, "cut");
    }
    *room -= len < *room ? len : *room;
}

static void add_change(cJSON *event, struct slice change)
{
    static const char arrow[] = " → ";
    const uint8_t *at =
        change.len != 0 ? memmem(change.data, change.len, arrow, strlen(arrow)) : NULL;

    if (at == NULL) {
        add_slice(event, "to", change);
        return;
    }
    size_t len = (size_t)(at - change.data);
    add_slice(event, "from", slice_of(change.data, len));
    add_slice(event, "to", slice_of(at + strlen(arrow), change.len - len - strlen(arrow)));
}

static void add_parts(cJSON *event, const struct timeline_line *line)
{
    /* ORDER TIMELINE_KIND: names of subject, middle and rest */
    static const char *const names[TIMELINE_KIND_COUNT][3] = {
        {"text", "",      ""       },
        {"text", "",      ""       },
        {"from", "",      "to"     },
        {"path", "",      "value"  },
        {"what", "token", "detail" },
        {"what", "",      "detail" },
        {"what", "",      ""       },
        {"app",  "what",  "payload"},
        {"text", "",      ""       },
        {"text", "",      ""       },
    };
    _Static_assert(TIMELINE_KIND_COUNT == 10, "a kind without names");
    const struct slice parts[] = {line->parts.subject, middle_of(line->parts.between),
                                  line->parts.rest};

    if (line->kind == TIMELINE_NOTE && parts[0].len == 5 &&
        memcmp(parts[0].data, "radio", 5) == 0) {
        cJSON_SetValuestring(json_get(event, "kind"), "radio");
        add_change(event, parts[2]);
        return;
    }
    if (line->kind == TIMELINE_SMS) {
        add_slice(event, "what", slice_of(line->text.data, line->text.len - line->parts.rest.len));
        add_slice(event, "detail", parts[2]);
        return;
    }
    for (size_t i = 0; i < 3; i++)
        if (names[line->kind][i][0] != '\0' && (parts[i].len > 0 || i == 0))
            add_slice(event, names[line->kind][i], parts[i]);
}

static cJSON *event_of(const struct timeline_line *line, size_t *room)
{
    cJSON *event = cJSON_CreateObject();

    cJSON_AddNumberToObject(event, "t", (double)line->at / 1e6);
    cJSON_AddStringToObject(event, "kind", timeline_kind_name(line->kind));
    if (line->packet != NULL)
        mqtt_kept_json(line->packet, event);
    else
        add_parts(event, line);
    cut_text(event, "payload", room);
    cut_text(event, "hex", room);
    return event;
}

/* Forgets no more than it must: the latest payloads are the ones that matter. */
static void add_events(cJSON *object, const struct timeline *t, size_t *room)
{
    cJSON *events = cJSON_AddArrayToObject(object, "events");

    if (timeline_gone(t) > 0)
        cJSON_AddNumberToObject(object, "events_gone", (double)timeline_gone(t));
    for (size_t i = timeline_count(t); i-- > 0;) {
        struct timeline_line line = timeline_at(t, i);
        cJSON_InsertItemInArray(events, 0, event_of(&line, room));
    }
}

static const cJSON *at_path(const cJSON *object, const char *path)
{
    while (object != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        char *name = xstrndup(path, len);
        object = json_get(object, name);
        free(name);
        path += len + (path[len] == '.');
    }
    return object;
}

static void add_signals(cJSON *object, const struct car *car)
{
    const struct signal_schema *schema = car->vehicle->tcu->signals.schema;
    char *now_text = all_signals(car);
    cJSON *now = json_parse(slice_str(now_text), SHADOW_DEPTH);
    cJSON *before = car->story->signals_before != NULL
                        ? json_parse(slice_str(car->story->signals_before), SHADOW_DEPTH)
                        : NULL;
    cJSON *signals = cJSON_AddArrayToObject(object, "signals");

    for (size_t i = 0; i < signal_schema_count(schema); i++) {
        const struct signal_def *def = signal_schema_def(schema, i);
        const cJSON *value = at_path(now, def->path), *old = at_path(before, def->path);
        cJSON *signal = cJSON_CreateObject();
        cJSON_AddStringToObject(signal, "path", def->path);
        if (def->unit != NULL)
            cJSON_AddStringToObject(signal, "unit", def->unit);
        cJSON_AddItemToObject(signal, "value", cJSON_Duplicate(value, 1));
        if (old != NULL && !json_equal(old, value))
            cJSON_AddItemToObject(signal, "before", cJSON_Duplicate(old, 1));
        if ((def->flags & SIGNAL_REPORTED) != 0)
            cJSON_AddTrueToObject(signal, "reported");
        if (def->shadow != NULL)
            cJSON_AddStringToObject(signal, "shadow", def->shadow);
        cJSON_AddItemToArray(signals, signal);
    }
    cJSON_Delete(now);
    cJSON_Delete(before);
    free(now_text);
}

static void add_shadows(cJSON *object, const struct car_story *story)
{
    cJSON *shadow = story_twin_tell(&story->twin);
    cJSON *shadows = NULL;

    if (shadow != NULL)
        cJSON_AddItemToObject(object, "shadow", shadow);
    for (const struct named_twin *named = story->named; named != NULL; named = named->next) {
        shadow = story_twin_tell(&named->twin);
        if (shadow == NULL)
            continue;
        if (shadows == NULL)
            shadows = cJSON_AddArrayToObject(object, "shadows");
        cJSON_AddStringToObject(shadow, "name", named->name);
        cJSON_AddItemToArray(shadows, shadow);
    }
}

static void add_radio(cJSON *object, struct vehicle *v)
{
    const struct radio *radio = vehicle_radio(v);

    if (radio == NULL)
        return;
    cJSON *json = cJSON_AddObjectToObject(object, "radio");
    cJSON_AddStringToObject(json, "network", radio->profile->name);
    cJSON_AddStringToObject(json, "state", radio_state_name(radio->state));
}

cJSON *car_story_tell(struct car *car, bool named, size_t *room)
{
    struct vehicle *v = car->vehicle;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "index", v->identity.index);
    cJSON_AddStringToObject(object, "name", v->identity.thing_name);
    cJSON_AddStringToObject(object, "model", signal_schema_model(v->tcu->signals.schema));
    cJSON_AddStringToObject(object, "link", tcu_state_name(v->tcu->state));
    if (named)
        cJSON_AddTrueToObject(object, "named");
    add_radio(object, v);
    add_events(object, v->timeline, room);
    if (car->story != NULL) {
        add_shadows(object, car->story);
        add_signals(object, car);
    }
    return object;
}

unsigned car_story_trouble(const struct car *car)
{
    const struct vehicle *v = car->vehicle;
    enum tcu_state state = v->tcu->state;
    unsigned trouble = state != TCU_ONLINE && state != TCU_ASLEEP && state != TCU_OFF ? 2 : 0;

    trouble += tcu_orders_open(v->tcu) > 0;
    for (size_t i = timeline_count(v->timeline); i-- > 0 && trouble < TROUBLE_MAX;) {
        struct timeline_line line = timeline_at(v->timeline, i);
        trouble += line.kind == TIMELINE_NOTE;
    }
    return trouble;
}
