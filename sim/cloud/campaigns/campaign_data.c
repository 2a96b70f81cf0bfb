/* What cars have collected, as JSON on the MQTT topic of its campaign (contract 9.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/table.h"
#include "cloud/campaigns/campaign_core.h"
#include "fleetwise/codec.h"
#include "fleetwise/compress.h"

#define NUMBER_MAX 16 /* a signal's, as text */

/* ---- whose it is ---- */

/* Whose data it is, before anything is made of the rest. */
static const struct campaign_document *campaign_of(const struct campaign_turn *turn,
                                                   struct slice data, bool is_compressed)
{
    char name[CAMPAIGN_NAME_MAX + 1];
    struct slice id;

    if (!fleetwise_find_text("VehicleData", "campaign_sync_id", data, &id) || id.len >= sizeof name)
        return NULL;
    memcpy(name, id.data, id.len);
    name[id.len] = '\0';
    const struct campaign_document *c = campaign_find(turn->service, CAMPAIGN_SCHEME, name);
    const cJSON *scheme = c != NULL ? json_get(c->source, "scheme") : NULL;
    return c != NULL && cJSON_IsTrue(json_get(scheme, "compress_collected_data")) == is_compressed
               ? c
               : NULL;
}

/* Only its scheme says whether data is compressed, and only the data says of which scheme it is. */
static const struct campaign_document *read_data(const struct campaign_turn *turn, cJSON **ret)
{
    struct error err;
    size_t len;
    const struct campaign_document *c = campaign_of(turn, turn->payload, false);

    *ret = NULL;
    if (c != NULL) {
        *ret = fleetwise_decode("VehicleData", turn->payload);
        return *ret != NULL ? c : NULL;
    }
    uint8_t *plain = fleetwise_uncompress(turn->payload, &len, &err);
    c = plain != NULL ? campaign_of(turn, slice_of(plain, len), true) : NULL;
    if (c != NULL)
        *ret = fleetwise_decode("VehicleData", slice_of(plain, len));
    free(plain);
    return *ret != NULL ? c : NULL;
}

/* ---- its signals ---- */

/* Of a manifest by the numbers of their signals; the first that a number has counts. */
static bool index_rules(const cJSON *manifest, struct table *ret)
{
    static const char *const kinds[] = {"can_signals", "custom_decoding_signals"};
    cJSON *rule;
    bool ok = true;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        cJSON_ArrayForEach(rule, json_get(manifest, kinds[i]))
        {
            char number[NUMBER_MAX];
            snprintf(number, sizeof number, "%.0f", json_num(rule, "signal_id", -1));
            if (ok && table_get(ret, number) == NULL)
                ok = table_put(ret, number, rule);
        }
    return ok;
}

/* What the signal is called: by the manifest's names, by its rule, by its number. */
static const char *name_of(const cJSON *names, const cJSON *rule, const char *number)
{
    const char *name = json_str(names, number, NULL);
    if (name == NULL)
        name = json_str(rule, "custom_decoding_id", NULL);
    return name != NULL && *name != '\0' ? name : number;
}

static const char *type_of(const cJSON *rule, const cJSON *value)
{
    static const char *const types[][2] = {
        {"BOOL",    "BOOLEAN"},
        {"FLOAT32", "FLOAT"  },
        {"FLOAT64", "DOUBLE" },
        {"NULL",    "DOUBLE" },
    };
    const char *type = json_str(rule, "primitive_type", "NULL");

    if (cJSON_IsString(value))
        return "STRING";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i][0]) == 0)
            return types[i][1];
    return type;
}

static bool add_value(cJSON *list, const cJSON *value, const char *type, double time)
{
    cJSON *item = cJSON_CreateObject();
    cJSON *copy = cJSON_Duplicate(value, true);

    if (!cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        cJSON_Delete(copy);
        return false;
    }
    if (!cJSON_AddItemToObject(item, "value", copy)) {
        cJSON_Delete(copy);
        return false;
    }
    return cJSON_AddStringToObject(item, "dataType", type) != NULL &&
           cJSON_AddNumberToObject(item, "time", time) != NULL;
}

/* What of a message has been read: searched by names, not from the front, for there may be many. */
struct reading {
    struct table rules; /* by numbers */
    struct table lists; /* of values, by names */
    const cJSON *names;
    cJSON *signals;
    double at;
};

static bool add_captured(struct reading *r, const cJSON *captured)
{
    const cJSON *value = json_get(captured, "string_value");
    char number[NUMBER_MAX];

    if (value == NULL)
        value = json_get(captured, "double_value");
    if (value == NULL)
        return true;
    snprintf(number, sizeof number, "%.0f", json_num(captured, "signal_id", 0));
    const cJSON *rule = table_get(&r->rules, number);
    const char *name = name_of(r->names, rule, number);
    cJSON *list = table_get(&r->lists, name);
    if (list == NULL) {
        list = cJSON_AddArrayToObject(r->signals, name);
        if (list == NULL || !table_put(&r->lists, name, list))
            return false;
    }
    return add_value(list, value, type_of(rule, value),
                     r->at + json_num(captured, "relative_time_ms", 0));
}

/* {"<name>":[{"value","dataType","time"}]}; NULL: no memory. */
static cJSON *signals_of(const cJSON *data, const struct campaign_document *manifest)
{
    struct reading r = {
        .names = manifest != NULL ? json_get(manifest->source, "names") : NULL,
        .signals = cJSON_CreateObject(),
        .at = json_num(data, "collection_event_time_ms_epoch", 0),
    };
    const cJSON *captured;

    table_init(&r.rules);
    table_init(&r.lists);
    bool ok = r.signals != NULL &&
              (manifest == NULL || index_rules(json_get(manifest->source, "manifest"), &r.rules));
    cJSON_ArrayForEach(captured, json_get(data, "captured_signals")) ok =
        ok && add_captured(&r, captured);
    table_done(&r.rules, NULL);
    table_done(&r.lists, NULL);
    if (ok)
        return r.signals;
    cJSON_Delete(r.signals);
    return NULL;
}

/* ---- the message ---- */

/* Attributes of the thing that the campaign names. */
static void write_dimensions(const struct campaign_turn *turn, const cJSON *names, struct text *to)
{
    const struct registry_thing *thing =
        turn->service->registry != NULL ? registry_thing(turn->service->registry, turn->vehicle)
                                        : NULL;
    const cJSON *name;
    const char *comma = "";

    text_str(to, "{");
    cJSON_ArrayForEach(name, names)
    {
        const char *value =
            thing != NULL ? json_str(thing->attributes, name->valuestring, NULL) : NULL;
        if (value == NULL)
            continue;
        text_str(to, comma);
        text_quoted(to, name->valuestring);
        text_str(to, ":");
        text_quoted(to, value);
        comma = ",";
    }
    text_str(to, "}");
}

static bool tell(const struct campaign_turn *turn, const struct campaign_document *campaign,
                 const cJSON *data)
{
    const cJSON *scheme = json_get(campaign->source, "scheme");
    cJSON *signals =
        signals_of(data, campaign_find(turn->service, CAMPAIGN_MANIFEST,
                                       json_str(scheme, "decoder_manifest_sync_id", "")));
    char message[CAMPAIGN_NAME_MAX + 48];
    struct text t;

    if (signals == NULL)
        return false;
    /* The count begins anew with the broker, the time does not. */
    snprintf(message, sizeof message, "%s-%lld-%llu", turn->vehicle, (long long)turn->now_ms,
             (unsigned long long)++turn->service->message_count);
    text_init(&t);
    text_str(&t, "{\"campaignName\":");
    text_quoted(&t, campaign->name);
    text_key(&t, "vehicleName");
    text_quoted(&t, turn->vehicle);
    text_key(&t, "eventId");
    text_int(&t, (int64_t)json_num(data, "collection_event_id", 0));
    text_key(&t, "msgId");
    text_quoted(&t, message);
    text_key(&t, "collectionEventTime");
    text_int(&t, (int64_t)json_num(data, "collection_event_time_ms_epoch", 0));
    text_key(&t, "dimensions");
    write_dimensions(turn, json_get(campaign->source, "dimensions"), &t);
    text_key(&t, "signals");
    text_json(&t, signals);
    text_str(&t, "}");
    cJSON_Delete(signals);
    return cloud_actions_publish(turn->out, NULL, json_str(campaign->source, "mqttTopic", ""), &t);
}

bool campaign_take_data(const struct campaign_turn *turn)
{
    cJSON *data = NULL;
    const struct campaign_document *campaign =
        turn->service->documents != NULL ? read_data(turn, &data) : NULL;
    bool ok = true;

    if (campaign != NULL && json_get(campaign->source, "mqttTopic") != NULL)
        ok = tell(turn, campaign, data);
    turn->service->dropped += data == NULL && turn->service->documents != NULL;
    cJSON_Delete(data);
    return ok;
}
