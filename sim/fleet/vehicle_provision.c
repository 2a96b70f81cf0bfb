#include "fleet/vehicle_provision.h"

#include <fleetsim/topics.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "fleet/held.h"
#include "fleet/key_maker.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_rotation.h"
#include "fleet/vehicle_tell.h"
#include "net/tls.h"
#include "pki/credential_set.h"
#include "pki/factory.h"
#include "pki/signing_request.h"
#include "tcu/provision.h"

#define JSON_DEPTH 8

struct vehicle_provision {
    enum vehicle_contact_kind kind;
    struct held now;     /* what it connects with; empty: the claim */
    struct held next;    /* what it has been given, and the cloud has not taken yet */
    struct slice issuer; /* of a factory's certificate: sent with it */
    struct tcu_claim claim;
    char *template_name, *parameters, *client_id;
    char *configuration;     /* or NULL */
    bool registered;         /* the factory's certificate, and kept */
    struct key_order *order; /* a key is being made; NULL: none */
};

/* ---- being born ---- */

/* What every car tells of itself, and what is told besides. */
static char *make_parameters(const struct vehicle *v, const struct vehicle_contact *contact)
{
    cJSON *all = contact->parameters != NULL
                     ? json_parse(slice_str(contact->parameters), JSON_DEPTH)
                     : cJSON_CreateObject();
    const struct {
        const char *name, *value;
    } own[] = {
        {"VIN",          v->identity.thing_name},
        {"SerialNumber", v->identity.thing_name},
        {"IMEI",         v->identity.imei      },
        {"Model",        contact->model        },
    };

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i].value != NULL && json_get(all, own[i].name) == NULL)
            cJSON_AddStringToObject(all, own[i].name, own[i].value);
    char *text = cJSON_PrintUnformatted(all);
    char *copy = xstrdup(text != NULL ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(all);
    return copy;
}

static void make_claim(struct vehicle *v, const struct vehicle_contact *contact)
{
    struct vehicle_provision *p = v->provision;

    p->template_name =
        xstrdup(contact->template_name != NULL ? contact->template_name : TEMPLATE_CLAIM);
    p->parameters = make_parameters(v, contact);
    p->client_id = xasprintf("claim-%s", v->identity.thing_name);
    p->claim = (struct tcu_claim){.template_name = p->template_name,
                                  .parameters = p->parameters,
                                  .client_id = p->client_id,
                                  .cbor = contact->cbor,
                                  .keys_from_cloud = contact->kind == VEHICLE_CLAIM_KEYS};
}

/* The key stays as it was derived; its certificate is the factory's. */
static bool make_in_factory(struct vehicle *v, const char *name, struct error *err)
{
    struct vehicle_provision *p = v->provision;
    const struct factory *factory = simulation_factory(v->sim, name, err);
    struct ec_key key;

    if (factory == NULL || !factory_issue(factory, v->identity.thing_name, v->identity.index, &key,
                                          &p->now.certificate, err))
        return false;
    uint8_t pkcs8[EC_PKCS8_SIZE];
    ec_key_pkcs8(&key, pkcs8);
    buf_append(&p->now.key, pkcs8, sizeof pkcs8);
    OPENSSL_cleanse(&key, sizeof key);
    OPENSSL_cleanse(pkcs8, sizeof pkcs8);
    p->issuer = factory_intermediate(factory);
    return true;
}

bool vehicle_provision_new(struct vehicle *v, const struct vehicle_contact *contact,
                           struct error *err)
{
    struct vehicle_provision *p = xcalloc(1, sizeof *p);

    v->provision = p;
    p->kind = contact->kind;
    held_init(&p->now);
    held_init(&p->next);
    if (contact->kind == VEHICLE_JUST_IN_TIME)
        return make_in_factory(v, contact->authority != NULL ? contact->authority : VEHICLE_FACTORY,
                               err);
    make_claim(v, contact);
    return simulation_claim(v->sim, err) != NULL;
}

void vehicle_provision_free(struct vehicle *v)
{
    struct vehicle_provision *p = v->provision;

    if (p == NULL)
        return;
    if (p->order != NULL)
        key_maker_cancel(p->order);
    held_done(&p->now);
    held_done(&p->next);
    free(p->template_name);
    free(p->parameters);
    free(p->client_id);
    free(p->configuration);
    free(p);
    v->provision = NULL;
}

/* ---- what it shows ---- */

static bool shows_claim(const struct vehicle_provision *p)
{
    return buf_len(&p->now.certificate) == 0;
}

static struct slice shown(const struct vehicle *v)
{
    const struct vehicle_provision *p = v->provision;
    struct error err;

    if (!shows_claim(p))
        return buf_slice(&p->now.certificate);
    const struct credential *claim = simulation_claim(v->sim, &err);
    return claim != NULL ? claim->leaf : slice_of(NULL, 0);
}

struct tls_identity vehicle_provision_identity(const struct vehicle *v)
{
    const struct vehicle_provision *p = v->provision;
    struct error err;

    if (!shows_claim(p))
        return (struct tls_identity){.leaf = buf_slice(&p->now.certificate),
                                     .chain = &p->issuer,
                                     .chain_count = p->issuer.len != 0,
                                     .key_der = buf_slice(&p->now.key)};
    const struct credential *claim = simulation_claim(v->sim, &err);
    return (struct tls_identity){.leaf = claim->leaf,
                                 .chain = claim->chain,
                                 .chain_count = claim->chain_count,
                                 .key_der = claim->key};
}

bool vehicle_provision_pem(const struct vehicle *v, struct buf *to)
{
    const struct tls_identity identity = vehicle_provision_identity(v);
    const struct credential credential = {.leaf = identity.leaf,
                                          .chain = identity.chain,
                                          .chain_count = identity.chain_count,
                                          .key = identity.key_der};

    return credential_pem(&credential, to);
}

void vehicle_certificate_id(const struct vehicle *v, char ret[CERTIFICATE_ID_SIZE])
{
    struct tls_identity rotated;

    if (vehicle_rotation_identity(v, &rotated)) {
        certificate_id(rotated.leaf, ret);
        return;
    }
    certificate_id(v->provision != NULL ? shown(v)
                   : v->own != NULL     ? v->own->leaf
                                        : v->certificate,
                   ret);
}

const char *vehicle_device_configuration(const struct vehicle *v)
{
    return v->provision != NULL ? v->provision->configuration : NULL;
}

/* ---- what its TCU asks for ---- */

static void on_made(void *ctx, const struct key_made *made)
{
    struct vehicle *v = ctx;
    struct vehicle_provision *p = v->provision;

    p->order = NULL;
    buf_clear(&p->next.key);
    buf_append_slice(&p->next.key, made->key);
    tcu_provision_request(v->tcu, made->csr, made->why);
}

static void make_request(void *ctx, struct tcu *tcu)
{
    struct vehicle *v = ctx;

    (void)tcu;
    v->provision->order = key_maker_order(v->sim->keys, v->identity.thing_name, on_made, v);
}

static bool keep(void *ctx, struct tcu *tcu, const char *certificate, const char *key,
                 struct error *err)
{
    struct vehicle *v = ctx;
    struct held *next = &v->provision->next;

    (void)tcu;
    buf_clear(&next->certificate);
    if (key != NULL)
        buf_clear(&next->key);
    return certificate_from_pem(slice_str(certificate), &next->certificate, err) &&
           (key == NULL || signing_key_from_pem(slice_str(key), &next->key, err)) &&
           signing_key_fits(buf_slice(&next->certificate), buf_slice(&next->key), err);
}

static void forget(void *ctx, struct tcu *tcu)
{
    struct vehicle *v = ctx;
    struct vehicle_provision *p = v->provision;

    (void)tcu;
    if (p->order != NULL)
        key_maker_cancel(p->order);
    p->order = NULL;
    held_done(&p->next);
    held_init(&p->next);
}

static bool adopt(void *ctx, struct tcu *tcu, const char *thing_name,
                  const char *device_configuration, struct error *err)
{
    struct vehicle *v = ctx;
    struct vehicle_provision *p = v->provision;

    (void)tcu;
    if (strcmp(thing_name, v->identity.thing_name) != 0)
        return error_set(err, ERROR_FAILED,
                         "the cloud calls it %.80s, but a car of this fleet is the thing that its "
                         "VIN is: %s (name the thing so in the template)",
                         thing_name, v->identity.thing_name);
    held_move(&p->now, &p->next);
    p->issuer = slice_of(NULL, 0);
    free(p->configuration);
    p->configuration = xstrdup(device_configuration);
    simulation_renew_identity(v);
    simulation_keep_identity(v);
    return true;
}

void vehicle_provision_begin(struct vehicle *v)
{
    static const struct tcu_provision_ops ops = {
        .make_request = make_request, .keep = keep, .forget = forget, .adopt = adopt};

    if (v->provision->kind == VEHICLE_JUST_IN_TIME)
        tcu_expect_registration(v->tcu);
    else
        tcu_set_claim(v->tcu, &v->provision->claim, &ops, v);
}

void vehicle_provision_online(struct vehicle *v)
{
    struct vehicle_provision *p = v->provision;

    if (p == NULL || p->kind != VEHICLE_JUST_IN_TIME || p->registered)
        return;
    p->registered = true;
    simulation_keep_identity(v);
}
