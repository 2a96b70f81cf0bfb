/*
 * campaign_service.h — the cloud side of AWS IoT FleetWise (contract 9.3): has campaigns,
 * decoder manifests and state templates, sends a car at its check-in what it lacks of those that
 * are for it, and tells what cars have collected to the MQTT topics of campaigns, as JSON.
 *
 * AWS's campaigns are made by HTTPS. Here these are messages of ours, answers to the asker alone,
 * below the topic that was asked: …/accepted, or …/rejected with {"code","message","clientToken"?}.
 *
 *     fleetsim/fleetwise/campaigns/<campaign>/put
 *         {"scheme":{…},              a CollectionScheme by the names of fleetwise.proto; its
 *                                     campaign_sync_id is the campaign's name
 *          "vehicles":["…"],          things; all, if it is not there
 *          "mqttTopic":"…",           where data goes as JSON; nowhere, if it is not there
 *          "dimensions":["…"]}        attributes of the thing that go along
 *     fleetsim/fleetwise/manifests/<sync id>/put
 *         {"manifest":{…},            a DecoderManifest likewise
 *          "names":{"11":"Vehicle.Speed"}}  what its signals are called in that JSON
 *     fleetsim/fleetwise/templates/<sync id>/put
 *         {"template":{…},            a StateTemplateInformation likewise
 *          "manifest":"…",            the decoder manifest that it is for
 *          "vehicles":["…"]}
 *     fleetsim/fleetwise/campaigns/<campaign>/get | delete, fleetsim/fleetwise/campaigns/list,
 *     and the same of manifests and templates
 *
 * What a car has of others (an app that sends schemes itself) is left alone. All documents outlive
 * the broker.
 *
 * Owns      the documents, and when each car has been sent something.
 * Errors    no memory: false.
 */
#ifndef CLOUD_CAMPAIGNS_CAMPAIGN_SERVICE_H
#define CLOUD_CAMPAIGNS_CAMPAIGN_SERVICE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "base/text.h"
#include "cloud/campaigns/campaign_address.h"
#include "cloud/clients/actions.h"
#include "cloud/registry/registry.h"

struct campaign_document;

struct campaign_service {
    const struct registry *registry; /* borrowed; where dimensions come from */
    /* Private part */
    struct campaign_document *documents;
    struct table cars;      /* what they have been sent, by their names */
    uint64_t message_count; /* of data that went on as JSON */
    uint64_t dropped;       /* of a campaign's data that could not be read */
};

void campaign_service_init(struct campaign_service *s, const struct registry *registry);
void campaign_service_done(struct campaign_service *s);

/* One message on such a topic, by that client. now_ms: wall time. */
bool campaign_service_request(struct campaign_service *s, const struct campaign_address *address,
                              const char *client_id, struct slice payload, int64_t now_ms,
                              struct cloud_actions *out);
/* Appends lines of JSON. */
void campaign_service_save(const struct campaign_service *s, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool campaign_service_load(struct campaign_service *s, const cJSON *record);

#endif
