#include "fleet/simulation.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "fleet/key_maker.h"
#include "fleet/responders.h"
#include "fleet/vehicle_provision.h"
#include "fleet/vehicle_rotation.h"
#include "fleet/vehicle_tell.h"
#include "fleet/wire_client.h"
#include "metrics/recorder.h"
#include "mqtt/session.h"
#include "net/sources.h"
#include "oracle/oracle.h"
#include "paho/paho_client.h"
#include "pki/credential_set.h"
#include "pki/factory.h"
#include "pki/pem_file.h"

/* ---- the way to the cloud ---- */

static struct evp_pkey_st *load_key(const void *arg)
{
    struct error err;

    return ec_key_to_pkey(arg, &err);
}

/* What a car that brings its own certificate shows, or one of the fleet. */
struct tls_identity simulation_identity(const struct vehicle *v)
{
    struct tls_identity rotated;

    if (vehicle_rotation_identity(v, &rotated))
        return rotated;
    if (v->provision != NULL)
        return vehicle_provision_identity(v);
    if (v->own != NULL)
        return (struct tls_identity){.leaf = v->own->leaf,
                                     .chain = v->own->chain,
                                     .chain_count = v->own->chain_count,
                                     .key_der = v->own->key};
    return (struct tls_identity){.leaf = v->certificate,
                                 .chain = &v->issuer,
                                 .chain_count = v->issuer.len != 0,
                                 .load_key = load_key,
                                 .key_arg = v->key};
}

static struct mqtt_session_config session_config(const struct vehicle *v)
{
    struct simulation *sim = v->sim;

    return (struct mqtt_session_config){
        .net = sim->net,
        .endpoint = endpoints_first(sim->endpoints, v->identity.index),
        .tls = sim->tls,
        .identity = simulation_identity(v),
        .clock_offset = v->clock_offset,
        .profile = sim->tcu.profile,
    };
}

static struct mqtt_client *make_native(void *vehicle, uint32_t index,
                                       const struct mqtt_client_events *events, void *ctx)
{
    struct vehicle *v = vehicle;
    struct mqtt_session_config config = session_config(v);

    (void)index;
    v->session = mqtt_session_new(v->sim->loop, &config, events, ctx);
    return v->session;
}

/* Certificate and key as PEM. */
static void write_pem(const struct vehicle *v, struct buf *to)
{
    struct tls_identity rotated;

    if (vehicle_rotation_identity(v, &rotated)) {
        const struct credential shown = {.leaf = rotated.leaf, .key = rotated.key_der};
        credential_pem(&shown, to);
    } else if (v->provision != NULL) {
        vehicle_provision_pem(v, to);
    } else if (v->own != NULL) {
        credential_pem(v->own, to);
    } else {
        certificate_pem(v->certificate, to);
        if (v->issuer.len != 0)
            certificate_pem(v->issuer, to);
        ec_key_pem(v->key, to);
    }
}

static struct mqtt_client *make_paho(void *vehicle, uint32_t index,
                                     const struct mqtt_client_events *events, void *ctx)
{
    struct vehicle *v = vehicle;
    struct simulation *sim = v->sim;
    struct buf pem;

    char *uri = endpoints_join(sim->endpoints, index);
    buf_init(&pem, PEM_FILE_MAX);
    if (sim->ca_file != NULL)
        write_pem(v, &pem);
    struct paho_client_config config = {.uri = uri,
                                        .ca_file = sim->ca_file,
                                        .pem = buf_slice(&pem),
                                        .alpn = sim->alpn,
                                        .insecure = sim->insecure,
                                        .profile = sim->tcu.profile};
    v->paho = paho_client_new(sim->loop, &config, events, ctx);
    buf_done(&pem);
    free(uri);
    return v->paho;
}

void simulation_renew_identity(struct vehicle *v)
{
    struct mqtt_session_config config = session_config(v);
    struct buf pem;

    if (v->session != NULL) {
        mqtt_session_configure(v->session, &config);
        return;
    }
    buf_init(&pem, PEM_FILE_MAX);
    write_pem(v, &pem);
    paho_client_set_pem(v->paho, buf_slice(&pem));
    buf_done(&pem);
}

/* Virtual time has to know what each client waits for. */
static struct mqtt_client *make_watched(void *vehicle, uint32_t index,
                                        const struct mqtt_client_events *events, void *ctx)
{
    struct simulation *sim = ((struct vehicle *)vehicle)->sim;
    struct wire_client *c = wire_client_new(&sim->wire, events, ctx);

    return wire_client_wrap(c, sim->make_wired(vehicle, index, &wire_client_events, c));
}

/* What AWS IoT Core wants to hear on the port that MQTT shares with HTTPS. */
#define AWS_PORT 443
#define AWS_ALPN "x-amzn-mqtt-ca"

/* WebSocket is HTTP there. */
static bool all_on_aws_port(const struct endpoints *list)
{
    for (size_t i = 0; i < endpoints_count(list); i++)
        if (endpoint_port(endpoints_at(list, i)) != AWS_PORT ||
            endpoint_path(endpoints_at(list, i)) != NULL)
            return false;
    return true;
}

static struct tls_options choose_tls(const struct simulation *sim,
                                     const struct simulation_options *options)
{
    struct tls_options tls = options->tls != NULL ? *options->tls : (struct tls_options){0};

    tls.ca_file = options->ca_file;
    if (tls.ca_file == NULL && sim->pki != NULL)
        tls.ca_file = pki_path(sim->pki, PKI_FILE_CA);
    tls.ca_pem = slice_of(NULL, 0);
    tls.insecure = options->insecure;
    if (tls.alpn == NULL && all_on_aws_port(sim->endpoints))
        tls.alpn = AWS_ALPN;
    return tls;
}

static bool client_can(const struct simulation_options *options, struct error *err)
{
    const struct tls_options *tls = options->tls;

    if (options->client != SIMULATION_PAHO || tls == NULL ||
        (tls->crl_file == NULL && tls->ocsp == NULL))
        return true;
    return error_set(err, ERROR_USAGE,
                     "Paho is not told of %s (run the cars on the native client for it)",
                     tls->ocsp != NULL ? "--ocsp" : "--crl");
}

static bool plain_is_meant(const struct simulation_options *options, struct error *err)
{
    if (options->tls == NULL || !tls_options_chosen(options->tls))
        return true;
    return error_set(err, ERROR_USAGE,
                     "TLS options given, but %s is plain TCP (mqtts:// and wss:// are TLS)",
                     options->endpoint);
}

static bool open_own(struct simulation *sim, const char *path, struct error *err)
{
    sim->own = credential_set_load(path, err);
    if (sim->own == NULL)
        return error_prefix(err, "--certificates");
    sim->own_used = xcalloc(credential_set_count(sim->own), sizeof *sim->own_used);
    return true;
}

static bool open_identities(struct simulation *sim, const struct simulation_options *options,
                            struct error *err)
{
    if (options->certificates != NULL && !open_own(sim, options->certificates, err))
        return false;
    sim->fleet = identity_fleet(slice_str("own certificates"));
    if (options->pki_dir == NULL)
        return true;
    sim->pki = pki_open(options->pki_dir, err);
    if (sim->pki == NULL)
        return false;
    sim->pki_lasts = options->pki_lasts;
    sim->intermediate = pki_intermediate(sim->pki);
    sim->fleet = identity_fleet(slice_str(pki_seed(sim->pki)));
    return true;
}

static bool open_way(struct simulation *sim, const struct simulation_options *options,
                     struct error *err)
{
    if (!open_identities(sim, options, err))
        return false;
    if (options->source_addresses != NULL) {
        sim->sources = sources_new(options->source_addresses, err);
        if (sim->sources == NULL)
            return false;
        sim->net->sources = sim->sources;
    }
    sim->endpoints = endpoints_new(options->endpoint, options->endpoint_policy, err);
    if (sim->endpoints == NULL)
        return false;
    sim->endpoint = endpoints_at(sim->endpoints, 0);
    if (!endpoints_resolve(sim->endpoints, err))
        return error_prefix(err, "%s", options->endpoint);
    sim->uri = endpoints_join(sim->endpoints, 0);
    sim->insecure = options->insecure;
    if (!endpoint_is_tls(sim->endpoint))
        return plain_is_meant(options, err);
    if (!client_can(options, err))
        return false;
    struct tls_options tls = choose_tls(sim, options);
    sim->ca_file = xstrdup(tls.ca_file);
    sim->alpn = tls.alpn != NULL ? xstrdup(tls.alpn) : NULL;
    sim->tls = tls_context_new(&tls, err);
    if (sim->tls != NULL && tls.ocsp != NULL) {
        sim->responders = responders_new(sim->loop);
        const struct revocation_asker asker = responders_asker(sim->responders);
        tls_context_ask_by(sim->tls, &asker);
    }
    return sim->tls != NULL;
}

static bool on_quiet(void *ctx)
{
    struct simulation *sim = ctx;

    /* A car that waits for its turn to connect will use the wire, unless those whose turn it is
       wait for their radios. */
    bool quiet = wire_quiet(&sim->wire);
    /* Its fences go out now: the loop may be about to wait. */
    net_flush(sim->net);
    return quiet && (sim->gate.queued == 0 || !loop_timer_active(&sim->gate.timer));
}

static void on_leapt(void *ctx)
{
    struct simulation *sim = ctx;

    if (sim->leapt != NULL)
        sim->leapt(sim->leapt_ctx, loop_wall_ms(sim->loop));
}

static void on_resumed(void *ctx)
{
    recorder_count(ctx, "connect.resumed", 1);
}

static const struct mqtt_profile *choose_profile(const struct simulation *sim,
                                                 const struct simulation_options *options)
{
    if (options->profile != NULL || options->generic)
        return options->profile;
    return mqtt_profile_of_host(endpoint_host(endpoints_at(sim->endpoints, 0)));
}

struct simulation *simulation_new(const struct simulation_options *options, struct error *err)
{
    struct simulation *sim = xcalloc(1, sizeof *sim);

    sim->loop = loop_new();
    sim->loop->time_scale = options->time_scale > 0 ? options->time_scale : 1;
    sim->net = net_new(sim->loop);
    connect_gate_init(&sim->gate, sim->loop, options->connect_rate, options->connect_concurrency,
                      vehicle_admitted, NULL);
    sim->recorder = recorder_new();
    sim->net->resumed = on_resumed;
    sim->net->resumed_ctx = sim->recorder;
    sim->seed = options->seed;
    rng_init(&sim->rng, options->seed, 0);
    sim->timeline_places = options->timeline_places;
    sim->started = clock_now();
    sim->radio = options->radio;
    sim->contact = options->contact;
    sim->claim_file = options->claim;
    sim->claim_key_file = options->claim_key;
    sms_options_defaults(&sim->sms_options);
    sim->client = options->client;
    sim->make_client = options->client == SIMULATION_PAHO ? make_paho : make_native;
    if (options->virtual_time) {
        sim->make_wired = sim->make_client;
        sim->make_client = make_watched;
        loop_make_virtual(sim->loop, &(struct loop_virtual){.quiet = on_quiet,
                                                            .leapt = on_leapt,
                                                            .ctx = sim,
                                                            .epoch_ms = options->epoch_ms});
    }
    sim->keys = key_maker_new(sim->loop, options->virtual_time ? &sim->wire : NULL);
    tcu_config_defaults(&sim->tcu);
    sim->tcu.version = options->version;
    /* A thing of a real cloud may have been another car before, whose session is still there. */
    sim->tcu.no_shadow = options->no_shadows;
    sim->tcu.starts_anew = options->certificates != NULL;
    if (options->topics != NULL)
        sim->tcu.topics = *options->topics;
    if (options->keep_alive_s != 0)
        sim->tcu.keep_alive_s = options->keep_alive_s;
    if (!open_way(sim, options, err)) {
        simulation_free(sim);
        return NULL;
    }
    sim->tcu.profile = choose_profile(sim, options);
    return sim;
}

uint32_t simulation_known_cars(const struct simulation *sim)
{
    const struct fleet_file *fleet = pki_fleet(sim->pki);

    return fleet != NULL ? fleet_file_count(fleet) : 0;
}

void simulation_free(struct simulation *sim)
{
    if (sim == NULL)
        return;
    connect_gate_done(&sim->gate);
    key_maker_free(sim->keys);
    simulation_identities_done(sim);
    simulation_keeper_done(sim);
    oracle_free(sim->oracle);
    endpoints_free(sim->endpoints);
    sources_free(sim->sources);
    tls_context_free(sim->tls);
    responders_free(sim->responders);
    pki_free(sim->pki);
    credential_set_free(sim->own);
    free(sim->own_used);
    recorder_free(sim->recorder);
    net_free(sim->net);
    loop_free(sim->loop);
    free(sim->uri);
    free(sim->ca_file);
    free(sim->alpn);
    free(sim->table);
    free(sim);
}

void simulation_count_carried(struct simulation *sim)
{
    struct net_carried now, *last = &sim->carried;
    struct recorder *rec = sim->recorder;

    net_carried(sim->net, &now);
    recorder_count(rec, "wire.sent", now.sent - last->sent);
    recorder_count(rec, "wire.received", now.received - last->received);
    recorder_count(rec, "wire.packets",
                   now.packets_sent + now.packets_received - last->packets_sent -
                       last->packets_received);
    recorder_count(rec, "wire.headers", now.headers - last->headers);
    recorder_count(rec, "wire.handshakes", now.handshakes - last->handshakes);
    recorder_count(rec, "wire.handshake_bytes", now.handshake_bytes - last->handshake_bytes);
    *last = now;
}

void simulation_count_states(const struct simulation *sim, size_t ret[static TCU_STATE_COUNT])
{
    memcpy(ret, sim->by_state, sizeof sim->by_state);
}

/* ---- finding cars ---- */

static struct vehicle **place_of(const struct simulation *sim, struct slice name)
{
    size_t mask = sim->table_size - 1;
    uint64_t h = hash_bytes(name);
    size_t i = (size_t)(h ^ (h >> 32)) & mask;

    while (sim->table[i] != NULL && !slice_is(name, sim->table[i]->identity.thing_name))
        i = (i + 1) & mask;
    return &sim->table[i];
}

struct vehicle *simulation_find(const struct simulation *sim, struct slice thing_name)
{
    return sim->table_size != 0 ? *place_of(sim, thing_name) : NULL;
}

static void grow(struct simulation *sim)
{
    struct vehicle **old = sim->table;
    size_t size = sim->table_size;

    sim->table_size = size != 0 ? size * 2 : 64;
    sim->table = xcalloc(sim->table_size, sizeof(struct vehicle *));
    for (size_t i = 0; i < size; i++)
        if (old[i] != NULL)
            *place_of(sim, slice_str(old[i]->identity.thing_name)) = old[i];
    free(old);
}

void simulation_add(struct simulation *sim, struct vehicle *v)
{
    if (sim->vehicle_count * 2 >= sim->table_size)
        grow(sim);
    *place_of(sim, slice_str(v->identity.thing_name)) = v;
    sim->vehicle_count++;
}

void simulation_remove(struct simulation *sim, struct vehicle *v)
{
    struct vehicle **place = place_of(sim, slice_str(v->identity.thing_name));
    size_t mask = sim->table_size - 1;

    if (*place != v)
        return;
    *place = NULL;
    sim->vehicle_count--;
    /* Those behind it in the same run may have been pushed on by it: put them in again. */
    for (size_t i = ((size_t)(place - sim->table) + 1) & mask; sim->table[i] != NULL;
         i = (i + 1) & mask) {
        struct vehicle *other = sim->table[i];
        sim->table[i] = NULL;
        *place_of(sim, slice_str(other->identity.thing_name)) = other;
    }
}

void simulation_connect_failed(struct simulation *sim, const char *why)
{
    if (sim->told_unreachable || sim->unreachable == NULL || sim->car_reached)
        return;
    sim->told_unreachable = true;
    sim->unreachable(sim->unreachable_ctx, why != NULL ? why : "connection failed");
}

bool simulation_free_index(struct simulation *sim, uint32_t *ret)
{
    size_t count = credential_set_count(sim->own);

    while (sim->own_first_free < count && sim->own_used[sim->own_first_free])
        sim->own_first_free++;
    *ret = (uint32_t)sim->own_first_free;
    return sim->own_first_free < count;
}

void simulation_use_index(struct simulation *sim, uint32_t index, bool used)
{
    sim->own_used[index] = used;
    if (!used && index < sim->own_first_free)
        sim->own_first_free = index;
}
