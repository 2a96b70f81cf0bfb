/*
 * plugin.c — the cloud inside Mosquitto 2.0: broker events become calls of cloud.h, its actions
 * become publishes and kicks. Nothing is decided here.
 *
 * Options  logpath  the broker's own log file: its last words tell why a connection ended
 *          owner    the address that clients of the owner's Unix socket have
 *          state    file that carries the cloud over a restart (state_file.h); absent: it is lost
 *          lasts    "yes": it is written whenever the cloud has changed, too (keeper.h)
 *          clock    file with the time of day, in virtual time
 *          delivery what delivery_parse() takes; seed: of that
 *          quotas   "aws": clients are kept within AWS IoT's rates
 *          policy   "NAME FILE", once for each: policies from the start
 *          rules    file with rules (rules.h), whose folder relative files are below
 *          trust    certificates of the fleet's own authorities (PEM); absent: every client is its
 *          folder   where the broker finds authorities that are registered (OpenSSL's hashed names)
 *          issuer   certificate of the authority that signs for the cloud; issuerkey: its key
 *          artifacts folder that cars download from; absent: nothing is put there
 *          pagetoken file with what the companion page shows (authorizer.h); absent: no page
 *
 * All is static: the broker exports its symbols, and ours must not be taken for them. It runs on
 * the broker's one thread and never blocks; no lack of memory ends it.
 */
#include <fcntl.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>

#include "base/shared_clock.h"
#include "base/timeunit.h"
#include "cloud/authorizer.h"
#include "cloud/cloud.h"
#include "cloud/delivery.h"
#include "cloud/plugin/files.h"
#include "cloud/plugin/introduction.h"
#include "cloud/plugin/keeper.h"
#include "cloud/plugin/signer.h"
#include "cloud/plugin/sink.h"
#include "cloud/plugin/trust.h"
#include "cloud/rules.h"

#define EXPORT __attribute__((visibility("default")))

#define MQTT_5            5
#define REASON_TAKEN_OVER 0x8e
#define REASON_KEEP_ALIVE 0x8d
#define LOG_TAIL_SIZE     4096
#define SINK_LOOK_MS      5000

/* Internal to the broker, but exported by Debian's: the only way to tell an MQTT 5 client why. */
int send__disconnect(struct mosquitto *client, uint8_t reason_code,
                     const mosquitto_property *properties) __attribute__((weak));

struct plugin {
    mosquitto_plugin_id_t *id;
    struct cloud *cloud;
    struct cloud_actions kicks;     /* for the next tick: a kick calls back */
    struct cloud_actions collected; /* for the next tick, unless delivery is plain */
    struct delivery delivery;
    struct sink *sink;
    struct sink_counts sunk; /* as last warned of */
    int64_t look_at;         /* ms: when to look at that again */
    char *owner;
    char page_token[AUTHORIZER_TOKEN_SIZE]; /* "": there is no page */
    struct keeper keeper;
    struct trust *trust;
    struct signer *signer;
    char *issuer, *issuer_key; /* paths, or NULL */
    char *artifacts;           /* folder, or NULL */
    struct shared_clock clock; /* in virtual time */
    int log;                   /* descriptor, or -1 */
    off_t log_seen;
};

static int64_t now_ms(const struct plugin *plugin)
{
    return plugin->clock.wall_ms != NULL ? *plugin->clock.wall_ms : clock_wall_ms();
}

static bool is_mqtt5(const struct mosquitto *client)
{
    return mosquitto_client_protocol_version(client) == MQTT_5;
}

/* `why`: a sentence for who reads it, or NULL. */
static bool say_goodbye(struct mosquitto *client, uint8_t reason_code, const char *why)
{
    mosquitto_property *properties = NULL;

    if (!is_mqtt5(client) || send__disconnect == NULL)
        return false;
    if (why != NULL)
        mosquitto_property_add_string(&properties, MQTT_PROP_REASON_STRING, why);
    send__disconnect(client, reason_code, properties);
    mosquitto_property_free_all(&properties);
    return true;
}

static int verdict_code(const struct plugin *plugin, struct mosquitto *client,
                        enum cloud_verdict verdict)
{
    const char *why = verdict == CLOUD_CLOSE_NOT_AUTHORIZED ? cloud_denial(plugin->cloud) : NULL;

    switch (verdict) {
    case CLOUD_ALLOW:
        return MOSQ_ERR_SUCCESS;
    case CLOUD_DENY:
        return MOSQ_ERR_ACL_DENIED;
    case CLOUD_CLOSE_NOT_AUTHORIZED:
    case CLOUD_CLOSE_BAD_TOPIC:
    case CLOUD_CLOSE_BAD_FILTER:
    case CLOUD_CLOSE_QUOTA:
    case CLOUD_CLOSE_SILENT:
        /* MOSQ_ERR_UNKNOWN makes the broker send DISCONNECT 0x80 to MQTT 5 clients. */
        if (say_goodbye(client, cloud_verdict_reason_code(verdict), why) || !is_mqtt5(client))
            return MOSQ_ERR_AUTH;
        return MOSQ_ERR_UNKNOWN;
    case CLOUD_NO_MEMORY:
    case CLOUD_VERDICT_COUNT:
        break;
    }
    return MOSQ_ERR_NOMEM;
}

/* NULL if there are none, or no memory. */
static mosquitto_property *properties_of(const struct cloud_action *a)
{
    mosquitto_property *properties = NULL;

    if (a->content_type != NULL)
        mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE, a->content_type);
    if (a->expiry_s != 0)
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, a->expiry_s);
    return properties;
}

static void publish(struct cloud_action *a)
{
    mosquitto_property *properties = properties_of(a);

    if (mosquitto_broker_publish(a->client_id, a->topic, (int)a->payload_len, a->payload, a->qos,
                                 false, properties) == MOSQ_ERR_SUCCESS)
        a->payload = NULL; /* the broker's now, and the properties too */
    else
        mosquitto_property_free_all(&properties);
}

static void carry_out_all(struct plugin *plugin, struct cloud_actions *actions)
{
    bool plain = delivery_is_plain(&plugin->delivery);

    for (size_t i = 0; i < actions->count; i++) {
        struct cloud_action *a = &actions->items[i];
        if (a->kind == CLOUD_ACTION_KICK)
            cloud_actions_move(&plugin->kicks, a);
        else if (a->kind != CLOUD_ACTION_PUBLISH)
            sink_put(plugin->sink, a->kind == CLOUD_ACTION_POST, a->topic, a->payload,
                     a->payload_len);
        else if (plain || !cloud_actions_move(&plugin->collected, a))
            publish(a);
    }
    cloud_actions_done(actions);
}

static void carry_out(struct plugin *plugin, struct cloud_actions *actions)
{
    struct cloud_actions more;

    cloud_actions_init(&more);
    cloud_follow(plugin->cloud, actions, now_ms(plugin), &more);
    carry_out_all(plugin, actions);
    carry_out_all(plugin, &more);
}

/* Says in the log when messages of rules get lost, now and then. */
static void look_at_sink(struct plugin *plugin)
{
    int64_t now = clock_wall_ms();

    if (now < plugin->look_at && plugin->look_at - now <= SINK_LOOK_MS)
        return;
    plugin->look_at = now + SINK_LOOK_MS;
    struct sink_counts counts = sink_counts(plugin->sink);
    if (counts.dropped != plugin->sunk.dropped || counts.failed != plugin->sunk.failed)
        mosquitto_log_printf(MOSQ_LOG_WARNING,
                             "fleetsim cloud: rules: %llu messages could not be written or posted, "
                             "%llu found the queue full",
                             (unsigned long long)counts.failed, (unsigned long long)counts.dropped);
    plugin->sunk = counts;
}

/* The tick ends the pass of the broker's loop in which the messages were made, and the broker sends
   only after it: without holding anything back they are as early as ever, and no fence of virtual
   time overtakes them. */
static void deliver_collected(struct plugin *plugin)
{
    bool hold = plugin->clock.wall_ms == NULL;

    if (delivery_is_plain(&plugin->delivery))
        return;
    delivery_arrange(&plugin->delivery, &plugin->collected, hold, clock_wall_ms());
    for (size_t i = 0; i < plugin->collected.count; i++)
        publish(&plugin->collected.items[i]);
    cloud_actions_done(&plugin->collected);
}

/* What a client has published with QoS 1 comes twice: now, and after what the broker does next. Not
   what it may hear itself: the copy is the broker's, and would get past No Local. */
static void repeat_message(const struct plugin *plugin, const struct mosquitto_evt_message *e)
{
    mosquitto_property *properties = NULL;

    if (e->qos == 0 || *e->topic == '$' ||
        cloud_hears_itself(plugin->cloud, mosquitto_client_id(e->client), e->topic) ||
        !delivery_repeats(&plugin->delivery, e->topic, slice_of(e->payload, e->payloadlen)) ||
        mosquitto_property_copy_all(&properties, e->properties) != MOSQ_ERR_SUCCESS)
        return;
    if (mosquitto_broker_publish_copy(NULL, e->topic, (int)e->payloadlen, e->payload, e->qos, false,
                                      properties) != MOSQ_ERR_SUCCESS)
        mosquitto_property_free_all(&properties);
}

static int on_connect(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_basic_auth *e = event_data;
    struct plugin *plugin = userdata;
    X509 *certificate = mosquitto_client_certificate(e->client);
    struct introduction introduction;
    struct presence_peer peer = {.handle = e->client,
                                 .client_id = mosquitto_client_id(e->client),
                                 .address = mosquitto_client_address(e->client),
                                 .clean_start = mosquitto_client_clean_session(e->client)};
    struct cloud_actions out;

    (void)event;
    cloud_actions_init(&out);
    if (peer.client_id == NULL)
        peer.client_id = "";
    introduction_make(&introduction, plugin->trust, certificate, &peer);
    peer.owner = certificate == NULL && plugin->owner != NULL && peer.address != NULL &&
                 strcmp(peer.address, plugin->owner) == 0;
    if (certificate == NULL && !peer.owner &&
        authorizer_lets_in(plugin->page_token, e->username, e->password))
        peer.user = peer.principal = peer.common_name = AUTHORIZER_USER;
    const struct mosquitto *old = cloud_handle(plugin->cloud, peer.client_id);
    enum cloud_verdict verdict = cloud_connect(plugin->cloud, &peer, now_ms(plugin), &out);
    introduction_done(&introduction);
    X509_free(certificate);
    if (verdict == CLOUD_ALLOW && old != NULL && old != e->client)
        say_goodbye((struct mosquitto *)(uintptr_t)old, REASON_TAKEN_OVER, NULL);
    carry_out(plugin, &out);
    if (verdict == CLOUD_ALLOW)
        return MOSQ_ERR_SUCCESS;
    /* MOSQ_ERR_AUTH makes the broker answer; AWS answers to MQTT 5 only (contract 7.3), and to
       nobody who comes too often or with a certificate that is not active. */
    return is_mqtt5(e->client) && verdict == CLOUD_CLOSE_NOT_AUTHORIZED ? MOSQ_ERR_AUTH
                                                                        : MOSQ_ERR_CONN_REFUSED;
}

static int on_access(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_acl_check *e = event_data;
    struct plugin *plugin = userdata;
    const char *client_id = mosquitto_client_id(e->client);
    enum cloud_verdict verdict = CLOUD_DENY;
    struct cloud_actions out;

    (void)event;
    if (client_id == NULL)
        return MOSQ_ERR_ACL_DENIED;
    if (e->access == MOSQ_ACL_READ)
        return cloud_deliver(plugin->cloud, client_id, e->topic, e->retain, now_ms(plugin)) ==
                       CLOUD_ALLOW
                   ? MOSQ_ERR_SUCCESS
                   : MOSQ_ERR_ACL_DENIED;
    cloud_actions_init(&out);
    if (e->access == MOSQ_ACL_SUBSCRIBE) {
        verdict = cloud_subscribe(plugin->cloud, client_id, e->topic, now_ms(plugin), &out);
    } else if (e->access == MOSQ_ACL_UNSUBSCRIBE) {
        verdict = cloud_unsubscribe(plugin->cloud, client_id, e->topic, now_ms(plugin), &out);
    } else if (e->access == MOSQ_ACL_WRITE) {
        struct cloud_message message = {.handle = e->client,
                                        .client_id = client_id,
                                        .topic = e->topic,
                                        .payload = slice_of(e->payload, e->payloadlen),
                                        .retain = e->retain};
        verdict = cloud_publish(plugin->cloud, &message, now_ms(plugin));
        plugin->keeper.retained_changed |= verdict == CLOUD_ALLOW && e->retain;
        if (verdict == CLOUD_ALLOW && !cloud_is_current(plugin->cloud, e->client, client_id))
            cloud_will(plugin->cloud, &message, now_ms(plugin), &out);
    }
    carry_out(plugin, &out);
    return verdict_code(plugin, e->client, verdict);
}

static int on_message(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_message *e = event_data;
    struct plugin *plugin = userdata;
    struct cloud_message message = {.handle = e->client,
                                    .client_id = mosquitto_client_id(e->client),
                                    .topic = e->topic,
                                    .payload = slice_of(e->payload, e->payloadlen),
                                    .retain = e->retain};
    struct cloud_actions out;

    (void)event;
    cloud_actions_init(&out);
    enum cloud_verdict verdict = cloud_message(plugin->cloud, &message, now_ms(plugin), &out);
    trust_learn(plugin->trust, plugin->cloud);
    carry_out(plugin, &out);
    const char *rest = verdict == CLOUD_ALLOW ? rules_republished(e->topic) : NULL;
    if (rest != NULL)
        memmove(e->topic, rest, strlen(rest) + 1);
    if (verdict == CLOUD_ALLOW)
        repeat_message(plugin, e);
    return verdict_code(plugin, e->client, verdict);
}

static int on_control(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_control *e = event_data;
    struct plugin *plugin = userdata;
    const char *client_id = mosquitto_client_id(e->client);
    struct cloud_actions out;

    (void)event;
    cloud_actions_init(&out);
    /* Only the owner's policy lets a client publish here. */
    if (client_id != NULL)
        cloud_control(plugin->cloud, client_id, slice_of(e->payload, e->payloadlen), &out);
    carry_out(plugin, &out);
    return MOSQ_ERR_SUCCESS;
}

/* The broker writes its reason to its log just before it tells us. */
static enum presence_reason reason_from_log(struct plugin *plugin, const char *client_id)
{
    char tail[LOG_TAIL_SIZE];
    struct stat st;

    if (plugin->log < 0 || fstat(plugin->log, &st) != 0)
        return PRESENCE_CONNECTION_LOST;
    off_t from = plugin->log_seen <= st.st_size ? plugin->log_seen : 0;
    if (st.st_size - from > LOG_TAIL_SIZE)
        from = st.st_size - LOG_TAIL_SIZE;
    ssize_t n = pread(plugin->log, tail, sizeof tail, from);
    plugin->log_seen = st.st_size;
    enum presence_reason reason =
        n > 0 ? presence_reason_from_log(slice_of(tail, (size_t)n), client_id) : PRESENCE_NONE;
    return reason != PRESENCE_NONE ? reason : PRESENCE_CONNECTION_LOST;
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_disconnect *e = event_data;
    struct plugin *plugin = userdata;
    const char *client_id = mosquitto_client_id(e->client);
    struct cloud_actions out;

    (void)event;
    if (client_id == NULL || !cloud_is_current(plugin->cloud, e->client, client_id))
        return MOSQ_ERR_SUCCESS;
    enum presence_reason reason = reason_from_log(plugin, client_id);
    if (reason == PRESENCE_KEEP_ALIVE_TIMEOUT)
        say_goodbye(e->client, REASON_KEEP_ALIVE, NULL);
    cloud_actions_init(&out);
    cloud_disconnect(plugin->cloud, e->client, client_id, reason, now_ms(plugin), &out);
    carry_out(plugin, &out);
    return MOSQ_ERR_SUCCESS;
}

static int on_tick(int event, void *event_data, void *userdata)
{
    struct plugin *plugin = userdata;
    struct cloud_actions out;

    (void)event;
    (void)event_data;
    cloud_actions_init(&out);
    cloud_tick(plugin->cloud, now_ms(plugin), &out);
    carry_out(plugin, &out);
    deliver_collected(plugin);
    look_at_sink(plugin);
    keeper_tick(&plugin->keeper, plugin->cloud, now_ms(plugin));
    /* Their ends may make more. */
    struct cloud_actions kicks = plugin->kicks;
    cloud_actions_init(&plugin->kicks);
    for (size_t i = 0; i < kicks.count; i++)
        mosquitto_kick_client_by_clientid(kicks.items[i].client_id, kicks.items[i].with_will);
    cloud_actions_done(&kicks);
    return MOSQ_ERR_SUCCESS;
}

static const struct {
    int event;
    MOSQ_FUNC_generic_callback callback;
    const void *data;
} registrations[] = {
    {MOSQ_EVT_BASIC_AUTH, on_connect,    NULL               },
    {MOSQ_EVT_ACL_CHECK,  on_access,     NULL               },
    {MOSQ_EVT_MESSAGE,    on_message,    NULL               },
    {MOSQ_EVT_CONTROL,    on_control,    CLOUD_CONTROL_TOPIC},
    {MOSQ_EVT_DISCONNECT, on_disconnect, NULL               },
    {MOSQ_EVT_TICK,       on_tick,       NULL               },
};
#define REGISTRATION_COUNT (sizeof registrations / sizeof *registrations)

static void plugin_free(struct plugin *plugin)
{
    if (plugin == NULL)
        return;
    shared_clock_close(&plugin->clock);
    if (plugin->log >= 0)
        close(plugin->log);
    cloud_actions_done(&plugin->kicks);
    cloud_actions_done(&plugin->collected);
    delivery_done(&plugin->delivery);
    sink_free(plugin->sink);
    trust_free(plugin->trust);
    signer_free(plugin->signer);
    free(plugin->issuer);
    free(plugin->issuer_key);
    free(plugin->artifacts);
    cloud_free(plugin->cloud);
    free(plugin->owner);
    keeper_done(&plugin->keeper);
    free(plugin);
}

static bool set_text(char **field, const char *value)
{
    free(*field);
    *field = strdup(value);
    return *field != NULL;
}

static bool take_option(struct plugin *plugin, const char *key, const char *value)
{
    struct error err;

    if (strcmp(key, "logpath") == 0)
        plugin->log = open(value, O_RDONLY | O_CLOEXEC);
    else if (strcmp(key, "owner") == 0)
        return set_text(&plugin->owner, value);
    else if (strcmp(key, "state") == 0)
        return keeper_set_path(&plugin->keeper, value);
    else if (strcmp(key, "lasts") == 0)
        plugin->keeper.lasts = strcmp(value, "yes") == 0;
    else if (strcmp(key, "clock") == 0)
        return shared_clock_open(&plugin->clock, value, &err);
    else if (strcmp(key, "delivery") == 0)
        return delivery_parse(value, &plugin->delivery);
    else if (strcmp(key, "quotas") == 0)
        cloud_keep_quotas(plugin->cloud);
    else if (strcmp(key, "presign") == 0)
        return cloud_presign(plugin->cloud, value);
    else if (strcmp(key, "artifacts") == 0)
        return set_text(&plugin->artifacts, value);
    else if (strcmp(key, "rules") == 0)
        return files_read_rules(plugin->cloud, value);
    else if (strcmp(key, "policy") == 0)
        return files_read_policy(plugin->cloud, value, now_ms(plugin));
    else if (strcmp(key, "trust") == 0)
        return trust_add_fleet(plugin->trust, value);
    else if (strcmp(key, "keeps") == 0)
        trust_keep_all(plugin->trust);
    else if (strcmp(key, "folder") == 0)
        return trust_set_folder(plugin->trust, value);
    else if (strcmp(key, "issuer") == 0)
        return set_text(&plugin->issuer, value);
    else if (strcmp(key, "issuerkey") == 0)
        return set_text(&plugin->issuer_key, value);
    else if (strcmp(key, "pagetoken") == 0)
        return files_read_text(value, plugin->page_token, sizeof plugin->page_token);
    else if (strcmp(key, "seed") == 0)
        plugin->delivery.seed = strtoull(value, NULL, 10);
    return true;
}

static bool open_signer(struct plugin *plugin)
{
    struct error err;

    plugin->signer = signer_new(plugin->issuer, plugin->issuer_key, &err);
    if (plugin->signer == NULL) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s", err.text);
        return false;
    }
    cloud_set_issuer(plugin->cloud, signer_issuer(plugin->signer));
    return plugin->issuer == NULL || trust_add_cloud(plugin->trust, plugin->issuer);
}

static struct plugin *plugin_new(const struct mosquitto_opt *options, int option_count)
{
    struct plugin *plugin = calloc(1, sizeof *plugin);
    uint64_t seed = 0;

    if (plugin == NULL)
        return NULL;
    plugin->log = plugin->keeper.journal.fd = -1;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = clock_now();
    plugin->cloud = cloud_new(seed);
    plugin->sink = sink_new();
    plugin->trust = trust_new();
    bool ok = plugin->cloud != NULL && plugin->sink != NULL && plugin->trust != NULL;
    for (int i = 0; i < option_count && ok; i++)
        ok = take_option(plugin, options[i].key, options[i].value);
    ok = ok && open_signer(plugin) && keeper_load(&plugin->keeper, plugin->cloud, now_ms(plugin));
    if (!ok) {
        plugin_free(plugin);
        return NULL;
    }
    if (plugin->artifacts != NULL) {
        const struct cloud_shelf shelf = files_shelf(plugin->artifacts);
        cloud_set_shelf(plugin->cloud, &shelf);
    }
    trust_learn(plugin->trust, plugin->cloud);
    return plugin;
}

EXPORT int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == MOSQ_PLUGIN_VERSION)
            return MOSQ_PLUGIN_VERSION;
    return -1;
}

EXPORT int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata,
                                 struct mosquitto_opt *options, int option_count)
{
    struct plugin *plugin = plugin_new(options, option_count);

    if (plugin == NULL)
        return MOSQ_ERR_NOMEM;
    plugin->id = identifier;
    *userdata = plugin;
    for (size_t i = 0; i < REGISTRATION_COUNT; i++) {
        int rc =
            mosquitto_callback_register(identifier, registrations[i].event,
                                        registrations[i].callback, registrations[i].data, plugin);
        if (rc != MOSQ_ERR_SUCCESS)
            return rc;
    }
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "fleetsim cloud %s: ready%s", FLEETSIM_VERSION,
                         send__disconnect == NULL ? " (without MQTT 5 DISCONNECT reasons)" : "");
    return MOSQ_ERR_SUCCESS;
}

EXPORT int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int option_count)
{
    struct plugin *plugin = userdata;

    (void)options;
    (void)option_count;
    if (plugin == NULL)
        return MOSQ_ERR_SUCCESS;
    for (size_t i = 0; i < REGISTRATION_COUNT; i++)
        mosquitto_callback_unregister(plugin->id, registrations[i].event, registrations[i].callback,
                                      registrations[i].data);
    keeper_end(&plugin->keeper, plugin->cloud, now_ms(plugin));
    plugin_free(plugin);
    return MOSQ_ERR_SUCCESS;
}
