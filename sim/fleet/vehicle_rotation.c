#include "fleet/vehicle_rotation.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/held.h"
#include "fleet/key_maker.h"
#include "fleet/simulation.h"
#include "pki/signing_request.h"

struct vehicle_rotation {
    struct held now;         /* committed; empty: what the car was born with */
    struct held before;      /* what that has replaced; empty: the same */
    bool has_before;         /* there is something replaced */
    struct held next;        /* not committed; its certificate may be missing */
    char *csr;               /* of its key; NULL: there is no key */
    char *why;               /* the last key could not be made */
    bool trying;             /* shows `next`: not in flash memory */
    struct key_order *order; /* a key is being made; NULL: none */
};

static struct vehicle_rotation *rotation_of(struct vehicle *v)
{
    if (v->rotation != NULL)
        return v->rotation;
    v->rotation = xcalloc(1, sizeof *v->rotation);
    held_init(&v->rotation->now);
    held_init(&v->rotation->before);
    held_init(&v->rotation->next);
    return v->rotation;
}

static void on_made(void *ctx, const struct key_made *made)
{
    struct vehicle *v = ctx;
    struct vehicle_rotation *r = v->rotation;

    r->order = NULL;
    free(r->why);
    r->why = made->key.len == 0 ? xstrdup(made->why) : NULL;
    if (made->key.len != 0) {
        buf_clear(&r->next.key);
        buf_append_slice(&r->next.key, made->key);
        free(r->csr);
        r->csr = xstrdup(made->csr);
    }
    v->behaviour->changed(v->ctx, v);
}

const char *vehicle_rotation_request(struct vehicle *v, const char **ret_why)
{
    struct vehicle_rotation *r = rotation_of(v);

    *ret_why = r->csr == NULL ? r->why : NULL;
    if (r->csr == NULL && r->why == NULL && r->order == NULL)
        r->order = key_maker_order(v->sim->keys, v->identity.thing_name, on_made, v);
    return r->csr;
}

static bool has_key(struct slice pem)
{
    static const char end[] = " PRIVATE KEY-----";

    return memmem(pem.data, pem.len, end, sizeof end - 1) != NULL;
}

/* Its own request is of no use any more. */
static bool take_key(struct vehicle_rotation *r, struct slice pem, struct error *err)
{
    held_done(&r->next);
    held_init(&r->next);
    free(r->csr);
    r->csr = NULL;
    return signing_key_from_pem(pem, &r->next.key, err);
}

bool vehicle_rotation_keep(struct vehicle *v, struct slice pem, struct error *err)
{
    struct vehicle_rotation *r = rotation_of(v);

    if (has_key(pem) && !take_key(r, pem, err))
        return false;
    if (buf_len(&r->next.key) == 0)
        return error_set(err, ERROR_FAILED, "there is no new key that it could be for");
    buf_clear(&r->next.certificate);
    if (certificate_from_pem(pem, &r->next.certificate, err) &&
        signing_key_fits(buf_slice(&r->next.certificate), buf_slice(&r->next.key), err))
        return true;
    buf_clear(&r->next.certificate);
    return false;
}

bool vehicle_rotation_try(struct vehicle *v, bool on)
{
    struct vehicle_rotation *r = rotation_of(v);

    if (!held_is_whole(&r->next))
        return false;
    if (r->trying != on) {
        r->trying = on;
        simulation_renew_identity(v);
    }
    return true;
}

static void forget_request(struct vehicle_rotation *r)
{
    if (r->order != NULL)
        key_maker_cancel(r->order);
    r->order = NULL;
    free(r->csr);
    free(r->why);
    r->csr = r->why = NULL;
}

bool vehicle_rotation_commit(struct vehicle *v)
{
    struct vehicle_rotation *r = rotation_of(v);

    if (!held_is_whole(&r->next))
        return false;
    held_move(&r->before, &r->now);
    held_move(&r->now, &r->next);
    r->has_before = true;
    r->trying = false;
    forget_request(r);
    simulation_renew_identity(v);
    simulation_keep_identity(v);
    return true;
}

bool vehicle_rotation_revert(struct vehicle *v)
{
    struct vehicle_rotation *r = rotation_of(v);

    if (!r->has_before)
        return false;
    held_move(&r->now, &r->before);
    r->has_before = false;
    simulation_renew_identity(v);
    simulation_keep_identity(v);
    return true;
}

bool vehicle_rotation_drop(struct vehicle *v)
{
    struct vehicle_rotation *r = rotation_of(v);
    bool shown = r->trying;

    forget_request(r);
    held_done(&r->next);
    held_init(&r->next);
    r->trying = false;
    if (shown)
        simulation_renew_identity(v);
    return shown;
}

void vehicle_rotation_settle(struct vehicle *v)
{
    struct vehicle_rotation *r = rotation_of(v);

    held_done(&r->before);
    held_init(&r->before);
    r->has_before = false;
}

bool vehicle_rotation_has_next(const struct vehicle *v)
{
    return v->rotation != NULL && held_is_whole(&v->rotation->next);
}

bool vehicle_rotation_has_previous(const struct vehicle *v)
{
    return v->rotation != NULL && v->rotation->has_before;
}

bool vehicle_rotation_identity(const struct vehicle *v, struct tls_identity *ret)
{
    const struct vehicle_rotation *r = v->rotation;

    if (r == NULL)
        return false;
    const struct held *shown = r->trying ? &r->next : &r->now;
    if (!held_is_whole(shown))
        return false;
    *ret = (struct tls_identity){.leaf = buf_slice(&shown->certificate),
                                 .key_der = buf_slice(&shown->key)};
    return true;
}

void vehicle_rotation_power_lost(struct vehicle *v)
{
    if (v->rotation == NULL || !v->rotation->trying)
        return;
    v->rotation->trying = false;
    simulation_renew_identity(v);
}

void vehicle_rotation_free(struct vehicle *v)
{
    struct vehicle_rotation *r = v->rotation;

    if (r == NULL)
        return;
    forget_request(r);
    held_done(&r->now);
    held_done(&r->before);
    held_done(&r->next);
    free(r);
    v->rotation = NULL;
}
