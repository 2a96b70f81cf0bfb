#include "tcu/provision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/json.h"
#include "base/xmem.h"
#include "tcu/core.h"

#define TOPIC_SIZE 160

enum step { STEP_NONE, STEP_SUBSCRIBE, STEP_KEY, STEP_CREATE, STEP_REGISTER };

struct provision {
    const struct tcu_claim *claim; /* NULL: it has a certificate, which may be refused */
    const struct tcu_provision_ops *ops;
    void *ctx;
    enum step step;
    uint16_t subscribe_id;
    usec_t began; /* the first attempt; 0: not yet */
    usec_t asked; /* this step */
    char *csr;    /* flash memory: of a key that has no certificate yet */
    char *token;  /* flash memory: of a certificate that has no thing yet */
    bool making;  /* a key */
    bool done;    /* the cloud knows it; not online yet */
};

static const char create_call[] = "$aws/certificates/create";
static const char csr_call[] = "$aws/certificates/create-from-csr";

/* ---- topics ---- */

static const char *format_of(const struct provision *p)
{
    return p->claim->cbor ? "cbor" : "json";
}

static void create_topic(const struct provision *p, const char *suffix, char ret[TOPIC_SIZE])
{
    snprintf(ret, TOPIC_SIZE, "%s/%s%s", p->claim->keys_from_cloud ? create_call : csr_call,
             format_of(p), suffix);
}

static void register_topic(const struct provision *p, const char *suffix, char ret[TOPIC_SIZE])
{
    snprintf(ret, TOPIC_SIZE, "$aws/provisioning-templates/%s/provision/%s%s",
             p->claim->template_name, format_of(p), suffix);
}

/* ---- asking ---- */

/* Takes the document. */
static void ask(struct tcu *t, enum step step, const char *topic, cJSON *document)
{
    struct provision *p = t->p->provision;
    size_t len = 0;
    char *text = NULL;

    if (p->claim->cbor) {
        text = (char *)cbor_write(document, &len);
    } else {
        text = cJSON_PrintUnformatted(document);
        len = text != NULL ? strlen(text) : 0;
    }
    cJSON_Delete(document);
    p->step = step;
    p->asked = clock_now();
    int32_t id = core_publish(t, slice_str(topic), slice_of(text, len), 1, slice_of(NULL, 0));
    free(text);
    if (id < 0)
        core_give_up(t, TCU_NOTE_PROVISIONING, "%s: %s", topic, mqtt_client_refusal(t->p->client));
    else
        core_wait_provision(t);
}

static void ask_register(struct tcu *t)
{
    const struct provision *p = t->p->provision;
    cJSON *document = cJSON_CreateObject();
    cJSON *parameters = json_parse(slice_str(p->claim->parameters), CORE_JSON_DEPTH);
    char topic[TOPIC_SIZE];

    register_topic(p, "", topic);
    cJSON_AddStringToObject(document, "certificateOwnershipToken", p->token);
    if (parameters != NULL)
        cJSON_AddItemToObject(document, "parameters", parameters);
    ask(t, STEP_REGISTER, topic, document);
}

static void ask_create(struct tcu *t)
{
    const struct provision *p = t->p->provision;
    cJSON *document = cJSON_CreateObject();
    char topic[TOPIC_SIZE];

    create_topic(p, "", topic);
    if (!p->claim->keys_from_cloud)
        cJSON_AddStringToObject(document, "certificateSigningRequest", p->csr);
    ask(t, STEP_CREATE, topic, document);
}

/* The next step of what is left to do. */
static void go_on(struct tcu *t)
{
    struct provision *p = t->p->provision;

    if (p->token != NULL) {
        ask_register(t);
    } else if (p->claim->keys_from_cloud || p->csr != NULL) {
        ask_create(t);
    } else {
        p->step = STEP_KEY;
        if (!p->making)
            p->asked = clock_now();
        if (!p->making) {
            p->making = true;
            p->ops->make_request(p->ctx, t);
        }
    }
}

void tcu_provision_request(struct tcu *t, const char *csr, const char *why)
{
    struct provision *p = t->p->provision;

    if (p == NULL || !p->making)
        return;
    p->making = false;
    if (csr == NULL) {
        if (p->step == STEP_KEY)
            core_give_up(t, TCU_NOTE_PROVISIONING, "key and signing request: %s", why);
        return;
    }
    free(p->csr);
    p->csr = xstrdup(csr);
    if (core_stage(t, TCU_STAGE_PROVISION_KEY, clock_now() - p->asked) && p->step == STEP_KEY)
        go_on(t);
}

/* ---- answers ---- */

static void clear(char **text)
{
    free(*text);
    *text = NULL;
}

/* Begins again with a new key. */
static void forget(struct tcu *t)
{
    struct provision *p = t->p->provision;

    clear(&p->csr);
    clear(&p->token);
    p->making = false;
    p->ops->forget(p->ctx, t);
}

static void on_rejected(struct tcu *t, const cJSON *answer)
{
    struct provision *p = t->p->provision;
    const char *code = json_str(answer, "errorCode", "?");
    const char *step = p->step == STEP_CREATE ? "create" : "register";

    /* What was refused as it is will not be taken later. */
    if (strcmp(code, "InvalidCertificateOwnershipToken") == 0 ||
        strcmp(code, "InvalidCertificateSigningRequest") == 0)
        forget(t);
    core_give_up(t, TCU_NOTE_PROVISIONING, "%s rejected: %d %s: %s", step,
                 (int)json_num(answer, "statusCode", 0), code,
                 json_str(answer, "errorMessage", ""));
}

static void on_created(struct tcu *t, const cJSON *answer)
{
    struct provision *p = t->p->provision;
    const char *certificate = json_str(answer, "certificatePem", NULL);
    const char *token = json_str(answer, "certificateOwnershipToken", NULL);
    const char *key = json_str(answer, "privateKey", NULL);
    struct error err = {.text = "its answer lacks the certificate, its token or its key"};

    if (certificate == NULL || token == NULL || (p->claim->keys_from_cloud && key == NULL) ||
        !p->ops->keep(p->ctx, t, certificate, p->claim->keys_from_cloud ? key : NULL, &err)) {
        forget(t);
        core_give_up(t, TCU_NOTE_PROVISIONING, "create: %s", err.text);
        return;
    }
    clear(&p->csr);
    p->token = xstrdup(token);
    p->step = STEP_NONE;
    if (core_stage(t, TCU_STAGE_PROVISION_CREATE, clock_now() - p->asked))
        go_on(t);
}

static void on_registered(struct tcu *t, const cJSON *answer)
{
    struct provision *p = t->p->provision;
    char *configuration = cJSON_PrintUnformatted(json_get(answer, "deviceConfiguration"));
    usec_t took = clock_now() - p->asked;
    struct error err;

    bool ok = p->ops->adopt(p->ctx, t, json_str(answer, "thingName", t->thing_name),
                            configuration != NULL ? configuration : "{}", &err);
    cJSON_free(configuration);
    p->step = STEP_NONE;
    if (!ok) {
        forget(t);
        core_give_up(t, TCU_NOTE_PROVISIONING, "register: %s", err.text);
        return;
    }
    clear(&p->token);
    p->done = true;
    if (core_stage(t, TCU_STAGE_PROVISION_REGISTER, took))
        core_reconnect(t);
}

/* Which of the two suffixes the message's topic has behind this one. */
static bool is_answer(const struct mqtt_message *m, const char *topic, bool *ret_accepted)
{
    size_t len = strlen(topic);

    if (m->topic.len < len || memcmp(m->topic.data, topic, len) != 0)
        return false;
    struct slice suffix = slice_of(m->topic.data + len, m->topic.len - len);
    *ret_accepted = slice_is(suffix, "/accepted");
    return *ret_accepted || slice_is(suffix, "/rejected");
}

void provision_message(struct tcu *t, const struct mqtt_message *m)
{
    struct provision *p = t->p->provision;
    char topic[TOPIC_SIZE];
    bool accepted = false;

    if (p->step == STEP_REGISTER)
        register_topic(p, "", topic);
    else
        create_topic(p, "", topic);
    if ((p->step != STEP_REGISTER && p->step != STEP_CREATE) || !is_answer(m, topic, &accepted)) {
        core_note(t, TCU_NOTE_BAD_MESSAGE, "an answer that it does not wait for");
        return;
    }
    cJSON *answer = p->claim->cbor ? cbor_parse(m->payload, CORE_JSON_DEPTH)
                                   : json_parse(m->payload, CORE_JSON_DEPTH);
    if (!cJSON_IsObject(answer))
        core_give_up(t, TCU_NOTE_PROVISIONING, "an answer that is not %s", format_of(p));
    else if (!accepted)
        on_rejected(t, answer);
    else if (p->step == STEP_CREATE)
        on_created(t, answer);
    else
        on_registered(t, answer);
    cJSON_Delete(answer);
}

/* ---- the connection with the claim ---- */

static bool by_claim(const struct tcu *t)
{
    const struct provision *p = t->p->provision;

    return p != NULL && p->claim != NULL && !p->done;
}

bool provision_options(const struct tcu *t, struct mqtt_connect *o)
{
    const struct provision *p = t->p->provision;

    if (p == NULL)
        return false;
    /* Nothing of the claim's connection goes on under the new name. */
    o->clean_start = true;
    if (!by_claim(t))
        return false;
    o->client_id = slice_str(p->claim->client_id);
    o->session_expiry_s = 0;
    o->will = NULL;
    return true;
}

void provision_connecting(struct tcu *t)
{
    struct provision *p = t->p->provision;

    if (p != NULL && p->began == 0)
        p->began = clock_now();
}

bool provision_connected(struct tcu *t)
{
    struct provision *p = t->p->provision;
    char rooms[4][TOPIC_SIZE];
    struct mqtt_filter filters[4];

    if (!by_claim(t))
        return false;
    create_topic(p, "/accepted", rooms[0]);
    create_topic(p, "/rejected", rooms[1]);
    register_topic(p, "/accepted", rooms[2]);
    register_topic(p, "/rejected", rooms[3]);
    for (size_t i = 0; i < 4; i++)
        filters[i] = (struct mqtt_filter){.filter = slice_str(rooms[i]), .qos = 1};
    if (!core_enter_provisioning(t))
        return true;
    /* "Subscribe before publishing" (contract 4.1). */
    p->step = STEP_SUBSCRIBE;
    p->subscribe_id = mqtt_client_subscribe(t->p->client, filters, 4);
    if (p->subscribe_id == 0)
        core_give_up(t, TCU_NOTE_PROVISIONING, "subscribe: the connection is closed");
    else
        core_wait_provision(t);
    return true;
}

bool provision_subscribed(struct tcu *t, uint16_t packet_id, const uint8_t *codes, size_t count)
{
    struct provision *p = t->p->provision;

    if (!by_claim(t) || p->step != STEP_SUBSCRIBE || packet_id != p->subscribe_id)
        return false;
    p->subscribe_id = 0;
    for (size_t i = 0; i < 4; i++)
        if (i >= count || codes[i] >= 0x80) {
            core_give_up(t, TCU_NOTE_PROVISIONING,
                         "subscribe refused (does the claim's policy allow it?)");
            return true;
        }
    core_stop_waiting(t);
    go_on(t);
    return true;
}

void provision_offline(struct tcu *t)
{
    struct provision *p = t->p->provision;

    if (p == NULL)
        return;
    p->step = STEP_NONE;
    p->subscribe_id = 0;
}

void provision_late(struct tcu *t)
{
    static const char *const steps[] = {"provisioning", "subscribe", "key", "create", "register"};

    core_give_up(t, TCU_NOTE_PROVISIONING, "%s: no answer in time", steps[t->p->provision->step]);
}

static void end(struct tcu *t)
{
    struct provision *p = t->p->provision;

    t->p->provision = NULL;
    free(p->csr);
    free(p->token);
    free(p);
}

bool provision_online(struct tcu *t, usec_t *ret_took)
{
    const struct provision *p = t->p->provision;

    if (p == NULL)
        return false;
    *ret_took = clock_now() - p->began;
    end(t);
    return true;
}

void provision_done(struct tcu *t)
{
    if (t->p->provision != NULL)
        end(t);
}

/* ---- who it is ---- */

void tcu_set_claim(struct tcu *t, const struct tcu_claim *claim,
                   const struct tcu_provision_ops *ops, void *ctx)
{
    provision_done(t);
    t->p->provision = xcalloc(1, sizeof *t->p->provision);
    *t->p->provision = (struct provision){.claim = claim, .ops = ops, .ctx = ctx};
}

void tcu_expect_registration(struct tcu *t)
{
    tcu_set_claim(t, NULL, NULL, NULL);
}

bool tcu_is_provisioned(const struct tcu *t)
{
    return t->p->provision == NULL || t->p->provision->done;
}
