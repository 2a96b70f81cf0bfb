/* What a car lacks of the documents that are for it, at its check-in (contract 9.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/campaigns/campaign_core.h"
#include "fleetwise/codec.h"

/* A car checks in for each document that comes: what is on its way already is not sent again. By
   the car's own clock, which runs as it lives. */
#define ON_ITS_WAY_MS 5000

uint8_t *campaign_encode_schemes(const cJSON *const *schemes, size_t count, int64_t now_ms,
                                 size_t *ret_len, struct error *err)
{
    cJSON *message = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(message, "collection_schemes");
    bool ok = list != NULL &&
              cJSON_AddNumberToObject(message, "timestamp_ms_epoch", (double)now_ms) != NULL;
    uint8_t *bytes = NULL;

    for (size_t i = 0; i < count && ok; i++)
        ok = cJSON_AddItemReferenceToArray(list, (cJSON *)(uintptr_t)schemes[i]);
    if (ok)
        bytes = fleetwise_encode("CollectionSchemes", message, ret_len, err);
    else
        error_set(err, ERROR_FAILED, "no memory");
    cJSON_Delete(message);
    return bytes;
}

uint8_t *campaign_encode_manifest(const cJSON *manifest, size_t *ret_len, struct error *err)
{
    return fleetwise_encode("DecoderManifest", manifest, ret_len, err);
}

uint8_t *campaign_encode_templates(const struct campaign_templates *t, int64_t version,
                                   size_t *ret_len, struct error *err)
{
    cJSON *message = cJSON_CreateObject();
    cJSON *add = cJSON_AddArrayToObject(message, "state_templates_to_add");
    cJSON *remove = cJSON_AddArrayToObject(message, "state_template_sync_ids_to_remove");
    bool ok = add != NULL && remove != NULL &&
              cJSON_AddNumberToObject(message, "version", (double)version) != NULL &&
              cJSON_AddStringToObject(message, "decoder_manifest_sync_id",
                                      t->manifest != NULL ? t->manifest : "") != NULL;
    uint8_t *bytes = NULL;

    for (size_t i = 0; i < t->add_count && ok; i++)
        ok = cJSON_AddItemReferenceToArray(add, (cJSON *)(uintptr_t)t->add[i]);
    for (size_t i = 0; i < t->remove_count && ok; i++) {
        cJSON *name = cJSON_CreateString(t->remove[i]);
        ok = cJSON_AddItemToArray(remove, name);
        if (!ok)
            cJSON_Delete(name);
    }
    if (ok)
        bytes = fleetwise_encode("StateTemplates", message, ret_len, err);
    else
        error_set(err, ERROR_FAILED, "no memory");
    cJSON_Delete(message);
    return bytes;
}

static bool has(const cJSON *list, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0)
            return true;
    }
    return false;
}

/* Is it to be in that car now? */
static bool is_wanted(const struct campaign_document *d, const struct campaign_turn *turn)
{
    const cJSON *vehicles = json_get(d->source, "vehicles");
    double expiry = json_num(json_get(d->source, "scheme"), "expiry_time_ms_epoch", 0);

    return !d->is_gone && (d->kind != CAMPAIGN_SCHEME || expiry > (double)turn->now_ms) &&
           (vehicles == NULL || has(vehicles, turn->vehicle));
}

/* Takes the bytes. */
static bool send(const struct campaign_turn *turn, const char *rest, uint8_t *bytes, size_t len)
{
    char topic[CAMPAIGN_TOPIC_SIZE];
    struct text payload;

    if (bytes == NULL)
        return false;
    snprintf(topic, sizeof topic, "$aws/iotfleetwise/vehicles/%s/%s", turn->vehicle, rest);
    text_init(&payload);
    text_bytes(&payload, (const char *)bytes, len);
    free(bytes);
    return cloud_actions_publish(turn->out, NULL, topic, &payload);
}

/* What is to be in the car, and whether it is. */
struct inventory {
    const cJSON *schemes[CAMPAIGN_WANTED_MAX];
    size_t count;
    const struct campaign_document *manifest; /* that the first of all needs; NULL: not known */
    bool schemes_differ;
    struct campaign_templates templates; /* of those to add the ones that are for one manifest */
};

static void need_manifest(const struct campaign_turn *turn, const char *id, struct inventory *stock)
{
    if (stock->manifest == NULL)
        stock->manifest = campaign_find(turn->service, CAMPAIGN_MANIFEST, id);
}

static void count_scheme(const struct campaign_turn *turn, const struct campaign_document *d,
                         const cJSON *documents, struct inventory *stock)
{
    bool wanted = is_wanted(d, turn) && stock->count < CAMPAIGN_WANTED_MAX;
    const cJSON *scheme = json_get(d->source, "scheme");

    if (wanted) {
        stock->schemes[stock->count++] = scheme;
        need_manifest(turn, json_str(scheme, "decoder_manifest_sync_id", ""), stock);
    }
    stock->schemes_differ |= wanted != has(documents, d->name);
}

/* Those for another manifest have to wait for the next check-in. */
static void count_template(const struct campaign_turn *turn, const struct campaign_document *d,
                           const cJSON *documents, struct inventory *stock)
{
    struct campaign_templates *t = &stock->templates;
    const char *manifest = json_str(d->source, "manifest", "");
    bool wanted = is_wanted(d, turn);

    if (wanted)
        need_manifest(turn, manifest, stock);
    if (wanted == has(documents, d->name))
        return;
    if (!wanted && t->remove_count < CAMPAIGN_WANTED_MAX)
        t->remove[t->remove_count++] = d->name;
    if (wanted && t->add_count < CAMPAIGN_WANTED_MAX &&
        (t->manifest == NULL || strcmp(t->manifest, manifest) == 0)) {
        t->manifest = manifest;
        t->add[t->add_count++] = json_get(d->source, "template");
    }
}

static struct inventory take_stock(const struct campaign_turn *turn, const cJSON *documents)
{
    struct inventory stock = {.count = 0};

    for (const struct campaign_document *d = turn->service->documents; d != NULL; d = d->next)
        if (d->kind == CAMPAIGN_SCHEME)
            count_scheme(turn, d, documents, &stock);
        else if (d->kind == CAMPAIGN_TEMPLATE)
            count_template(turn, d, documents, &stock);
    return stock;
}

/* Remembers that the car is sent something at that time of its own. False: it was, just before. */
static bool begin_sending(const struct campaign_turn *turn, double car_ms, bool *ret_ok)
{
    double *sent = table_get(&turn->service->cars, turn->vehicle);

    *ret_ok = true;
    if (sent != NULL && car_ms >= *sent && car_ms - *sent < ON_ITS_WAY_MS)
        return false;
    if (sent == NULL) {
        sent = malloc(sizeof *sent);
        if (sent == NULL || !table_put(&turn->service->cars, turn->vehicle, sent)) {
            free(sent);
            *ret_ok = false;
            return false;
        }
    }
    *sent = car_ms;
    return true;
}

static bool send_manifest(const struct campaign_turn *turn,
                          const struct campaign_document *manifest)
{
    struct error err;
    size_t len = 0;
    uint8_t *bytes = campaign_encode_manifest(json_get(manifest->source, "manifest"), &len, &err);

    return send(turn, "decoder_manifests", bytes, len);
}

static bool send_schemes(const struct campaign_turn *turn, const struct inventory *stock)
{
    struct error err;
    size_t len = 0;
    uint8_t *bytes =
        campaign_encode_schemes(stock->schemes, stock->count, turn->now_ms, &len, &err);

    return send(turn, "collection_schemes", bytes, len);
}

static bool send_templates(const struct campaign_turn *turn, const struct inventory *stock)
{
    struct error err;
    size_t len = 0;
    uint8_t *bytes = campaign_encode_templates(&stock->templates, turn->now_ms, &len, &err);

    return send(turn, "last_known_states/config", bytes, len);
}

bool campaign_check_in(const struct campaign_turn *turn)
{
    cJSON *said = fleetwise_decode("Checkin", turn->payload);
    const cJSON *documents = json_get(said, "document_sync_ids");
    const struct inventory stock = take_stock(turn, documents);
    bool lacks_manifest = stock.manifest != NULL && !has(documents, stock.manifest->name);
    bool templates_differ = stock.templates.add_count + stock.templates.remove_count > 0;
    bool ok = true;

    if (said != NULL && (lacks_manifest || stock.schemes_differ || templates_differ) &&
        begin_sending(turn, json_num(said, "timestamp_ms_epoch", 0), &ok))
        ok = (!lacks_manifest || send_manifest(turn, stock.manifest)) &&
             (!stock.schemes_differ || send_schemes(turn, &stock)) &&
             (!templates_differ || send_templates(turn, &stock));
    cJSON_Delete(said);
    return ok;
}
