#include "cloud/provisioning/first_contact.h"

#include <stdio.h>
#include <string.h>

#include "cloud/policies/policy_defaults.h"

/* ---- the fleet's own ---- */

/* The thing that a vehicle's certificate names is made with it. */
static bool attach_own_thing(struct registry *r, struct registry_certificate *c,
                             const struct presence_peer *peer, int64_t now_ms)
{
    if (strcmp(peer->unit, "vehicle") != 0 || peer->common_name == NULL ||
        !registry_name_is_valid(peer->common_name))
        return true;
    struct registry_thing *thing = registry_thing(r, peer->common_name);
    if (thing == NULL)
        thing = registry_thing_add(r, peer->common_name, now_ms);
    return thing != NULL && registry_attach(c, thing);
}

static struct registry_certificate *register_own(struct registry *r,
                                                 const struct presence_peer *peer, int64_t now_ms)
{
    struct registry_certificate *c = registry_certificate_add(
        r, peer->principal, peer->certificate != NULL ? peer->certificate->pem : NULL,
        REGISTRY_ACTIVE, now_ms);

    if (c == NULL ||
        (registry_attach_policy(c, peer->unit) && attach_own_thing(r, c, peer, now_ms)))
        return c;
    registry_certificate_remove(r, c);
    return NULL;
}

/* ---- just in time ---- */

static bool tell_registered(const struct registry_certificate *c, const struct presence_peer *peer,
                            int64_t now_ms, struct cloud_actions *out)
{
    char topic[sizeof "$aws/events/certificates/registered/" + REGISTRY_ID_SIZE];
    char when[24];
    struct text t;

    text_init(&t);
    text_str(&t, "{\"certificateId\":");
    text_quoted(&t, c->id);
    text_key(&t, "caCertificateId");
    text_quoted(&t, c->authority);
    text_key(&t, "timestamp");
    text_int(&t, now_ms);
    text_key(&t, "certificateStatus");
    text_quoted(&t, registry_status_name(c->status));
    text_key(&t, "awsAccountId");
    text_quoted(&t, FIRST_CONTACT_ACCOUNT);
    text_key(&t, "certificateRegistrationTimestamp");
    snprintf(when, sizeof when, "%lld", (long long)c->created_ms);
    text_quoted(&t, when);
    text_key(&t, "sourceIp");
    text_quoted(&t, peer->address != NULL ? peer->address : "");
    text_str(&t, "}");
    snprintf(topic, sizeof topic, "$aws/events/certificates/registered/%s", c->authority);
    return cloud_actions_publish(out, NULL, topic, &t);
}

/* AWS tells nobody; here an operator may want to know why a car stays away. */
static bool tell_refused(const struct registry_certificate *c, const struct presence_peer *peer,
                         int64_t now_ms, struct cloud_actions *out)
{
    char topic[sizeof "fleetsim/certificates//refused" + REGISTRY_ID_SIZE];
    struct text t;

    text_init(&t);
    text_str(&t, "{\"certificateId\":");
    text_quoted(&t, c->id);
    text_key(&t, "status");
    text_quoted(&t, registry_status_name(c->status));
    text_key(&t, "clientId");
    text_quoted(&t, peer->client_id);
    text_key(&t, "sourceIp");
    text_quoted(&t, peer->address != NULL ? peer->address : "");
    text_key(&t, "timestamp");
    text_int(&t, now_ms);
    text_str(&t, "}");
    snprintf(topic, sizeof topic, "fleetsim/certificates/%s/refused", c->id);
    return cloud_actions_publish(out, NULL, topic, &t);
}

/* NULL: no memory. */
static struct registry_certificate *register_stranger(struct registry *r,
                                                      const struct registry_authority *a,
                                                      const struct presence_peer *peer,
                                                      int64_t now_ms)
{
    struct registry_certificate *c = registry_certificate_add(
        r, peer->principal, peer->certificate->pem, REGISTRY_PENDING_ACTIVATION, now_ms);

    if (c == NULL)
        return NULL;
    memcpy(c->authority, a->id, sizeof c->authority);
    if (a->activate_after_ms >= 0) {
        c->activate_ms = now_ms + a->activate_after_ms;
        registry_due(r, c->activate_ms);
    }
    return c;
}

/* ---- the answer ---- */

/* The owner's policy is nobody's role. */
static bool is_role(const struct policy_store *policies, const char *unit)
{
    return unit != NULL && strcmp(unit, POLICY_OWNER) != 0 &&
           policy_store_find(policies, unit) != NULL;
}

/* Of one that the registry does not know. */
static enum first_contact_answer meet(struct registry *r, const struct policy_store *policies,
                                      const struct presence_peer *peer, int64_t now_ms,
                                      struct first_contact *ret)
{
    const struct first_contact_certificate *seen = peer->certificate;
    enum first_contact_origin origin = seen != NULL ? seen->origin : FIRST_CONTACT_FLEET;

    if (origin == FIRST_CONTACT_FLEET) {
        if (registry_is_deleted(r, peer->principal))
            return FIRST_CONTACT_REFUSED;
        if (!is_role(policies, peer->unit))
            return FIRST_CONTACT_NO_POLICY;
        ret->certificate = register_own(r, peer, now_ms);
        return ret->certificate != NULL ? FIRST_CONTACT_WELCOME : FIRST_CONTACT_NO_MEMORY;
    }
    const struct registry_authority *a =
        origin == FIRST_CONTACT_AUTHORITY ? registry_authority(r, seen->authority) : NULL;
    if (a == NULL || !a->active || !a->registers)
        return FIRST_CONTACT_REFUSED;
    ret->certificate = register_stranger(r, a, peer, now_ms);
    ret->is_new = true;
    return ret->certificate != NULL ? FIRST_CONTACT_PENDING : FIRST_CONTACT_NO_MEMORY;
}

/* Of one that it knows. */
static enum first_contact_answer recognise(struct registry *r, struct registry_certificate *c,
                                           int64_t now_ms)
{
    /* No tick needs to come first. */
    if (c->status == REGISTRY_PENDING_ACTIVATION && c->activate_ms != 0 && c->activate_ms <= now_ms)
        registry_certificate_set_status(r, c, REGISTRY_ACTIVE, now_ms);
    if (c->status == REGISTRY_PENDING_ACTIVATION && c->authority[0] != '\0')
        return FIRST_CONTACT_PENDING;
    return c->status == REGISTRY_ACTIVE ? FIRST_CONTACT_WELCOME : FIRST_CONTACT_REFUSED;
}

struct first_contact first_contact_judge(struct registry *r, const struct policy_store *policies,
                                         const struct presence_peer *peer, int64_t now_ms,
                                         struct cloud_actions *out)
{
    struct first_contact ret = {.certificate = registry_certificate(r, peer->principal)};

    if (ret.certificate != NULL && peer->certificate != NULL &&
        !registry_certificate_learn(ret.certificate, peer->certificate->pem)) {
        ret.answer = FIRST_CONTACT_NO_MEMORY;
        return ret;
    }
    ret.answer = ret.certificate != NULL ? recognise(r, ret.certificate, now_ms)
                                         : meet(r, policies, peer, now_ms, &ret);
    if (ret.answer == FIRST_CONTACT_PENDING && !tell_registered(ret.certificate, peer, now_ms, out))
        ret.answer = FIRST_CONTACT_NO_MEMORY;
    if (ret.answer == FIRST_CONTACT_REFUSED && ret.certificate != NULL &&
        !tell_refused(ret.certificate, peer, now_ms, out))
        ret.answer = FIRST_CONTACT_NO_MEMORY;
    if (ret.answer != FIRST_CONTACT_WELCOME)
        return ret;
    ret.is_thing = registry_is_attached(ret.certificate, peer->client_id);
    return ret;
}

/* ---- what is due ---- */

struct turn {
    struct registry *registry;
    int64_t now_ms;
    struct table cut; /* ids of certificates whose connections end now */
    bool ok;
};

/* Is it time? If not, the tick must come again then. */
static bool is_due(struct turn *turn, int64_t at_ms)
{
    if (at_ms == 0)
        return false;
    if (at_ms <= turn->now_ms)
        return true;
    registry_due(turn->registry, at_ms);
    return false;
}

/* True: it is to be forgotten. */
static bool take_turn(struct registry_certificate *c, void *ctx)
{
    struct turn *turn = ctx;

    if (c->status == REGISTRY_PENDING_ACTIVATION && is_due(turn, c->forget_ms)) {
        if (c->things.count + c->policies.count == 0)
            return true;
        c->forget_ms = 0;
    }
    if (c->status == REGISTRY_PENDING_ACTIVATION && is_due(turn, c->activate_ms))
        registry_certificate_set_status(turn->registry, c, REGISTRY_ACTIVE, turn->now_ms);
    if (is_due(turn, c->cut_ms)) {
        c->cut_ms = 0;
        turn->ok &= table_put(&turn->cut, c->id, turn);
    }
    return false;
}

bool first_contact_tick(struct registry *r, struct presence *p, int64_t now_ms,
                        struct cloud_actions *out)
{
    struct turn turn = {.registry = r, .now_ms = now_ms, .ok = true};

    if (now_ms < r->due_ms)
        return true;
    r->due_ms = INT64_MAX;
    table_init(&turn.cut);
    registry_sweep_certificates(r, take_turn, &turn);
    if (turn.cut.count != 0)
        turn.ok &= presence_cut(p, &turn.cut, out);
    table_done(&turn.cut, NULL);
    return turn.ok;
}
