/* What cars have got, in the PKI that lasts (simulation.h), beside other processes that use it. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_rotation.h"
#include "fleet/vehicle_tell.h"
#include "metrics/recorder.h"
#include "pki/rotation.h"

#define RETRY (100 * USEC_PER_MSEC)

/* Whoever makes a big fleet, or rotates all of one, holds the directory for seconds. */
struct simulation_keeper {
    struct simulation *sim;
    struct loop_timer retry;
    struct vehicle **waiting;
    size_t count;
};

static bool keep_identity(struct vehicle *v, bool wait, bool *ret_busy, struct error *err)
{
    const struct tls_identity shown = simulation_identity(v);
    struct pki_found found = {.certificate = shown.leaf, .key = shown.key_der};
    uint8_t pkcs8[EC_PKCS8_SIZE];

    if (shown.chain_count != 0)
        found.issuer = shown.chain[0];
    /* Of the fleet's own, the key is known otherwise. */
    if (found.key.len == 0) {
        ec_key_pkcs8(v->key, pkcs8);
        found.key = slice_of(pkcs8, sizeof pkcs8);
    }
    *ret_busy = false;
    bool ok = wait ? pki_keep(v->sim->pki, v->identity.index, &found, err)
                   : pki_try_keep(v->sim->pki, v->identity.index, &found, ret_busy, err);
    OPENSSL_cleanse(pkcs8, sizeof pkcs8);
    return ok;
}

/* False: it has to wait. */
static bool try_to_keep(struct vehicle *v, bool wait)
{
    struct error err = {0};
    bool busy;

    if (keep_identity(v, wait, &busy, &err))
        return true;
    if (busy)
        return false;
    recorder_count(v->sim->recorder, "certificates.not_kept", 1);
    timeline_addf(v->timeline, clock_now(), TIMELINE_NOTE, "certificate not kept: %s", err.text);
    vehicle_tell_note(v, "certificate not kept", err.text);
    return true;
}

static void try_again(void *arg)
{
    struct simulation_keeper *k = arg;
    size_t left = 0;

    for (size_t i = 0; i < k->count; i++)
        if (left != 0 || !try_to_keep(k->waiting[i], false))
            k->waiting[left++] = k->waiting[i];
    k->count = left;
    if (left != 0)
        loop_timer_start(&k->retry, RETRY);
}

/* Its place, or the count. */
static size_t find_waiting(const struct simulation_keeper *k, const struct vehicle *v)
{
    size_t i = 0;

    while (i < k->count && k->waiting[i] != v)
        i++;
    return i;
}

static void let_wait(struct vehicle *v)
{
    struct simulation *sim = v->sim;
    struct simulation_keeper *k = sim->keeper;

    if (k == NULL) {
        k = sim->keeper = xcalloc(1, sizeof *k);
        k->sim = sim;
        loop_timer_init(&k->retry, sim->loop, try_again, k);
    }
    /* What it shows then is what is kept. */
    if (find_waiting(k, v) < k->count)
        return;
    k->waiting = xrealloc(k->waiting, (k->count + 1) * sizeof(struct vehicle *));
    k->waiting[k->count++] = v;
    if (!loop_timer_active(&k->retry))
        loop_timer_start(&k->retry, RETRY);
}

void simulation_keep_identity(struct vehicle *v)
{
    if (!v->sim->pki_lasts || v->sim->pki == NULL || v->own != NULL || try_to_keep(v, false))
        return;
    let_wait(v);
}

void simulation_keep_last(struct vehicle *v)
{
    struct simulation_keeper *k = v->sim->keeper;
    size_t at = k != NULL ? find_waiting(k, v) : 0;

    if (k == NULL || at == k->count)
        return;
    try_to_keep(v, true);
    k->waiting[at] = k->waiting[--k->count];
}

void simulation_keeper_done(struct simulation *sim)
{
    if (sim->keeper == NULL)
        return;
    loop_timer_stop(&sim->keeper->retry);
    free(sim->keeper->waiting);
    free(sim->keeper);
}
