#include "cloud/cloud_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/operator/registry_operator.h"
#include "cloud/provisioning/first_contact.h"
#include "cloud/shadows/shadow_request.h"

#define SWEEP_MS 60000

struct cloud *cloud_new(uint64_t seed)
{
    struct cloud *cloud = calloc(1, sizeof *cloud);

    if (cloud == NULL)
        return NULL;
    presence_init(&cloud->presence, seed);
    registry_init(&cloud->registry);
    bool ok = provision_service_init(&cloud->provisioning, &cloud->registry, &cloud->access,
                                     &cloud->presence);
    shadow_service_init(&cloud->shadows);
    command_service_init(&cloud->commands);
    job_service_init(&cloud->jobs);
    stream_service_init(&cloud->streams);
    defender_service_init(&cloud->defender);
    cloud_defender_init(cloud);
    campaign_service_init(&cloud->campaigns, &cloud->registry);
    rules_init(&cloud->rules);
    quota_init(&cloud->quota);
    cloud_fleet_init(cloud);
    cloud_rotation_init(cloud);
    ok = access_init(&cloud->access, &cloud->registry) && ok;
    if (ok)
        return cloud;
    cloud_free(cloud);
    return NULL;
}

void cloud_free(struct cloud *cloud)
{
    if (cloud == NULL)
        return;
    presence_done(&cloud->presence);
    provision_service_done(&cloud->provisioning);
    access_done(&cloud->access);
    registry_done(&cloud->registry);
    shadow_service_done(&cloud->shadows);
    command_service_done(&cloud->commands);
    job_service_done(&cloud->jobs);
    stream_service_done(&cloud->streams);
    defender_service_done(&cloud->defender);
    campaign_service_done(&cloud->campaigns);
    rules_done(&cloud->rules);
    quota_done(&cloud->quota);
    free(cloud);
}

/* ORDER FIRST_CONTACT_ANSWER */
static const enum cloud_verdict first_verdicts[] = {CLOUD_ALLOW, CLOUD_CLOSE_NOT_AUTHORIZED,
                                                    CLOUD_CLOSE_SILENT, CLOUD_CLOSE_SILENT,
                                                    CLOUD_NO_MEMORY};

/* Is its certificate known, and its thing's? */
static enum cloud_verdict introduce(struct cloud *cloud, struct presence_peer *peer, int64_t now_ms,
                                    struct cloud_actions *out)
{
    if (peer->owner || peer->principal == NULL || peer->user != NULL)
        return CLOUD_ALLOW;
    struct first_contact contact =
        first_contact_judge(&cloud->registry, &cloud->access.policies, peer, now_ms, out);
    const struct registry_authority *a =
        contact.is_new ? registry_authority(&cloud->registry, peer->certificate->authority) : NULL;
    if (a != NULL && a->template_name != NULL)
        provision_service_just_in_time(&cloud->provisioning, a->template_name, contact.certificate,
                                       peer->certificate, now_ms);
    peer->is_thing = contact.is_thing;
    return first_verdicts[contact.answer];
}

/* Without a will or with one: the broker tells of none before it is published. Then check_will()
   asks again. */
static bool may_connect(const struct cloud *cloud, const struct presence_peer *peer)
{
    struct policy_principal who = presence_peer_principal(peer);
    const struct access_subject subject = {.owner = peer->owner,
                                           .user = peer->user,
                                           .certificate = peer->principal,
                                           .client_id = peer->client_id};
    struct access_view view = {0};
    bool allowed = false;

    for (enum policy_will will = POLICY_NO_WILL; will <= POLICY_SOME_WILL && !allowed; will++) {
        who.will = will;
        allowed =
            access_decide(&cloud->access, &view, &subject, &who, POLICY_CONNECT, peer->client_id)
                .allowed;
    }
    access_view_done(&view);
    return allowed;
}

enum cloud_verdict cloud_connect(struct cloud *cloud, const struct presence_peer *peer,
                                 int64_t now_ms, struct cloud_actions *out)
{
    struct presence_peer known = *peer;
    size_t id_len = strlen(known.client_id);

    cloud->retained_for = NULL;
    cloud->changes++;
    if (!known.owner && (!quota_take(&cloud->quota, QUOTA_CONNECT, known.client_id, now_ms) ||
                         !quota_take(&cloud->quota, QUOTA_CONNECT_ALL, "", now_ms)))
        return CLOUD_CLOSE_QUOTA;
    enum cloud_verdict verdict = introduce(cloud, &known, now_ms, out);
    if (verdict != CLOUD_ALLOW && verdict != CLOUD_CLOSE_NOT_AUTHORIZED)
        return verdict;
    if (known.is_thing)
        defender_service_count(&cloud->defender, known.client_id, DEFENDER_CONNECTION_ATTEMPTS, 1);
    if (id_len == 0 || id_len > PRESENCE_CLIENT_ID_MAX || *known.client_id == '$' ||
        verdict != CLOUD_ALLOW || !may_connect(cloud, &known)) {
        presence_refuse(&cloud->presence, &known, now_ms, out);
        return CLOUD_CLOSE_NOT_AUTHORIZED;
    }
    if (presence_connect(&cloud->presence, &known, now_ms, out) == NULL)
        return CLOUD_NO_MEMORY;
    if (known.is_thing)
        cloud_rotation_look(cloud, known.client_id, now_ms);
    return CLOUD_ALLOW;
}

struct showing {
    void (*visit)(void *ctx, const char *id, const char *pem);
    void *ctx;
};

static void show_authority(const char *id, const void *value, void *ctx)
{
    const struct showing *showing = ctx;

    showing->visit(showing->ctx, id, ((const struct registry_authority *)value)->pem);
}

void cloud_each_authority(const struct cloud *cloud,
                          void (*visit)(void *ctx, const char *id, const char *pem), void *ctx)
{
    struct showing showing = {.visit = visit, .ctx = ctx};

    table_each(&cloud->registry.authorities, show_authority, &showing);
}

unsigned cloud_authorities_changed(const struct cloud *cloud)
{
    return cloud->registry.generation;
}

void cloud_set_issuer(struct cloud *cloud, const struct issuer *issuer)
{
    cloud->issuer = cloud->provisioning.issuer = issuer;
}

bool cloud_is_current(const struct cloud *cloud, const void *handle, const char *client_id)
{
    return handle != NULL && cloud_handle(cloud, client_id) == handle;
}

const void *cloud_handle(const struct cloud *cloud, const char *client_id)
{
    const struct client *client = presence_find(&cloud->presence, client_id);

    return client != NULL ? client->handle : NULL;
}

bool cloud_disconnect(struct cloud *cloud, const void *handle, const char *client_id,
                      enum presence_reason reason, int64_t now_ms, struct cloud_actions *out)
{
    struct client *client = presence_find(&cloud->presence, client_id);

    if (client == NULL || handle == NULL || client->handle != handle)
        return true;
    cloud->changes++;
    cloud_count(cloud, client, DEFENDER_DISCONNECTS, 1);
    return presence_disconnect(&cloud->presence, client, reason, now_ms, out);
}
static void thing_of(const struct shadow_address *address, char ret[SHADOW_KEY_SIZE])
{
    snprintf(ret, SHADOW_KEY_SIZE, "%.*s", (int)strcspn(address->key, "~"), address->key);
}

static bool ask_shadow(struct cloud *cloud, const struct shadow_address *address,
                       struct slice payload, int64_t now_ms, struct cloud_actions *out)
{
    cloud->changes++;
    char thing[SHADOW_KEY_SIZE];

    cloud->shadows.with_documents =
        cloud->rules.count != 0 || presence_hears_documents(&cloud->presence);
    thing_of(address, thing);
    if (address->op != SHADOW_GET)
        cloud_fleet_changed(cloud, thing);
    return shadow_service_request(&cloud->shadows, address, payload, now_ms, out);
}

/* Moves what rules have made to `out`; what they say to the shadow service it takes (contract 1.1).
 */
static bool take_made(struct cloud *cloud, struct cloud_actions *made, int64_t now_ms,
                      struct cloud_actions *out)
{
    struct shadow_address address;
    bool ok = true;

    for (size_t i = 0; i < made->count; i++) {
        struct cloud_action *a = &made->items[i];
        if (a->kind == CLOUD_ACTION_PUBLISH && shadow_address_parse(a->topic, &address))
            ok &= ask_shadow(cloud, &address, slice_of(a->payload, a->payload_len), now_ms, out);
        else if (cloud_actions_move(out, a))
            out->items[out->count - 1].by_rule = true;
        else
            ok = false;
    }
    cloud_actions_done(made);
    return ok;
}

static bool follow_rules(struct cloud *cloud, const struct rules_message *message, int64_t now_ms,
                         struct cloud_actions *out)
{
    struct cloud_actions made;

    if (cloud->rules.count == 0)
        return true;
    cloud_actions_init(&made);
    bool ok = rules_is_ingest(message->topic) ? rules_ingest(&cloud->rules, message, now_ms, &made)
                                              : rules_apply(&cloud->rules, message, now_ms, &made);
    return take_made(cloud, &made, now_ms, out) && ok;
}

static struct rules_message for_rules(const struct cloud_message *message)
{
    return (struct rules_message){
        .topic = message->topic, .client_id = message->client_id, .payload = message->payload};
}

bool cloud_will(struct cloud *cloud, const struct cloud_message *message, int64_t now_ms,
                struct cloud_actions *out)
{
    struct rules_message m = for_rules(message);

    return follow_rules(cloud, &m, now_ms, out);
}

bool cloud_follow(struct cloud *cloud, const struct cloud_actions *said, int64_t now_ms,
                  struct cloud_actions *out)
{
    bool ok = true;

    for (size_t i = 0; cloud->rules.count != 0 && i < said->count; i++) {
        const struct cloud_action *a = &said->items[i];
        const struct rules_message m = {.topic = a->topic,
                                        .payload = slice_of(a->payload, a->payload_len)};
        if (a->kind == CLOUD_ACTION_PUBLISH && a->client_id == NULL && !a->by_rule)
            ok &= follow_rules(cloud, &m, now_ms, out);
    }
    return ok;
}

void cloud_keep_quotas(struct cloud *cloud)
{
    cloud->quota.on = true;
}

bool cloud_presign(struct cloud *cloud, const char *how)
{
    return presign_read(&cloud->jobs.presign, how);
}

bool cloud_add_rules(struct cloud *cloud, struct slice text, const char *folder, struct error *err)
{
    return rules_add_document(&cloud->rules, text, folder, err);
}

static bool serve_shadow(struct cloud *cloud, const struct shadow_address *address,
                         struct slice payload, int64_t now_ms, struct cloud_actions *out)
{
    char thing[SHADOW_KEY_SIZE];

    thing_of(address, thing);
    if (quota_take(&cloud->quota, QUOTA_SHADOW_FLIGHT, thing, now_ms) &&
        quota_take(&cloud->quota, QUOTA_SHADOW, address->key, now_ms))
        return ask_shadow(cloud, address, payload, now_ms, out);
    return shadow_service_throttle(&cloud->shadows, address, payload, now_ms, out);
}

static bool serve_registry(struct cloud *cloud, const struct registry_address *address,
                           const struct cloud_message *message, int64_t now_ms,
                           struct cloud_actions *out)
{
    struct registry_exchange x = {.registry = &cloud->registry,
                                  .presence = &cloud->presence,
                                  .policies = &cloud->access.policies,
                                  .issuer = cloud->issuer,
                                  .address = address,
                                  .client_id = message->client_id,
                                  .now_ms = now_ms,
                                  .out = out};

    bool ok = registry_operator_request(&x, message->payload);
    const char *deleted = address->op == REGISTRY_THING_DELETE ? address->name : "";
    if (x.changed)
        ok &= cloud_fleet_registry_changed(cloud, deleted, now_ms, out);
    return ok;
}

enum cloud_verdict cloud_message(struct cloud *cloud, const struct cloud_message *message,
                                 int64_t now_ms, struct cloud_actions *out)
{
    struct rules_message m = for_rules(message);
    struct shadow_address address;
    struct command_address command;
    struct job_address job;
    struct stream_address stream;
    struct defender_address defender;
    struct registry_address registry;
    struct provision_address provision;
    struct rotation_address rotation;
    struct campaign_address campaign;
    bool ok = true;
    bool served = true;

    cloud->retained_for = NULL;
    if (*message->topic == '$' && shadow_address_parse(message->topic, &address))
        ok = serve_shadow(cloud, &address, message->payload, now_ms, out);
    else if (command_address_parse(message->topic, &command))
        ok = command_service_request(&cloud->commands, &command, message->client_id,
                                     message->payload, now_ms, out);
    else if (job_address_parse(message->topic, &job))
        ok = job_service_request(&cloud->jobs, &job, message->client_id, message->payload, now_ms,
                                 out);
    else if (stream_address_parse(message->topic, &stream))
        ok = stream_service_request(&cloud->streams, &stream, message->client_id, message->payload,
                                    out);
    else if (defender_address_parse(message->topic, &defender))
        ok = defender_service_request(&cloud->defender, &defender, message->client_id,
                                      message->payload, now_ms, out);
    else if (registry_address_parse(message->topic, &registry))
        ok = serve_registry(cloud, &registry, message, now_ms, out);
    else if (provision_address_parse(message->topic, &provision))
        ok = provision_service_request(&cloud->provisioning, &provision, message->client_id,
                                       message->payload, now_ms, out);
    else if (rotation_address_parse(message->topic, &rotation))
        ok = cloud_rotation_serve(cloud, &rotation, message, now_ms, out);
    else if (campaign_address_parse(message->topic, &campaign)) {
        served = campaign.op >= CAMPAIGN_PUT;
        ok = campaign_service_request(&cloud->campaigns, &campaign, message->client_id,
                                      message->payload, now_ms, out);
    } else
        served = cloud_fleet_serve(cloud, message, now_ms, out, &ok);
    cloud->changes += served;
    ok = ok && follow_rules(cloud, &m, now_ms, out);
    return ok ? CLOUD_ALLOW : CLOUD_NO_MEMORY;
}

bool cloud_tick(struct cloud *cloud, int64_t now_ms, struct cloud_actions *out)
{
    size_t said = out->count;
    bool ok = presence_flush(&cloud->presence, now_ms, out) &&
              presence_tell_cut_off(&cloud->presence, now_ms, out) &&
              command_service_tick(&cloud->commands, now_ms, out) &&
              job_service_tick(&cloud->jobs, now_ms, out) &&
              defender_service_tick(&cloud->defender, now_ms, out) &&
              first_contact_tick(&cloud->registry, &cloud->presence, now_ms, out) &&
              provision_service_tick(&cloud->provisioning, now_ms, out) &&
              cloud_fleet_tick(cloud, now_ms, out);

    cloud->changes += out->count != said;
    cloud->retained_for = NULL;
    quota_landed(&cloud->quota);
    if (now_ms >= cloud->sweep_at || cloud->sweep_at - now_ms > SWEEP_MS) {
        cloud->sweep_at = now_ms + SWEEP_MS;
        presence_sweep(&cloud->presence, now_ms);
        shadow_service_sweep(&cloud->shadows, now_ms);
        command_service_sweep(&cloud->commands, now_ms);
        job_service_sweep(&cloud->jobs, now_ms);
        provision_service_sweep(&cloud->provisioning, now_ms);
        quota_sweep(&cloud->quota, now_ms);
    }
    return ok;
}
