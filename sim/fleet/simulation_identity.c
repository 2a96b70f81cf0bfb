/* What cars show that the cloud does not know yet (simulation.h): a claim for all, factories. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/store.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "pki/credential_set.h"
#include "pki/factory.h"
#include "pki/pem_file.h"
#include "pki/signing_request.h"

#define CLAIM_NAME "fleetsim-claim"

#define DER_MAX 16384

struct simulation_claim {
    struct buf certificate, key; /* DER */
    struct credential shown;     /* points into the above */
};

/* Somebody's, from files: sent alone. */
static bool read_claim(struct simulation_claim *claim, const char *path, const char *key_path,
                       struct error *err)
{
    struct buf pem;

    buf_init(&pem, PEM_FILE_MAX);
    bool ok = pem_file_read_certificate(path, &claim->certificate, err) &&
              credential_check_mode(key_path, err) && store_read(key_path, &pem, err) &&
              (signing_key_from_pem(buf_slice(&pem), &claim->key, err) ||
               error_prefix(err, "%.200s", key_path)) &&
              (signing_key_fits(buf_slice(&claim->certificate), buf_slice(&claim->key), err) ||
               error_prefix(err, "%.200s", path));
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.cap);
    buf_done(&pem);
    return ok;
}

static bool issue_claim(struct simulation *sim, struct simulation_claim *claim, struct error *err)
{
    const struct pki_request request = {.role = CERTIFICATE_CLAIM, .name = CLAIM_NAME, .index = -1};
    struct pki_credential issued;
    uint8_t pkcs8[EC_PKCS8_SIZE];

    if (sim->pki == NULL)
        return error_set(err, ERROR_USAGE,
                         "no PKI that could issue a claim (give --pki, or --claim-cert)");
    if (!pki_issue(sim->pki, &request, &issued, err))
        return false;
    ec_key_pkcs8(&issued.key, pkcs8);
    buf_append(&claim->certificate, issued.certificate, issued.certificate_len);
    buf_append(&claim->key, pkcs8, sizeof pkcs8);
    claim->shown.chain = &sim->intermediate;
    claim->shown.chain_count = 1;
    OPENSSL_cleanse(&issued, sizeof issued);
    OPENSSL_cleanse(pkcs8, sizeof pkcs8);
    return true;
}

static void free_claim(struct simulation_claim *claim)
{
    if (claim == NULL)
        return;
    if (claim->key.data != NULL)
        OPENSSL_cleanse(claim->key.data, claim->key.cap);
    buf_done(&claim->key);
    buf_done(&claim->certificate);
    free(claim);
}

const struct credential *simulation_claim(struct simulation *sim, struct error *err)
{
    if (sim->claim != NULL)
        return &sim->claim->shown;
    struct simulation_claim *claim = xcalloc(1, sizeof *claim);
    buf_init(&claim->certificate, DER_MAX);
    buf_init(&claim->key, DER_MAX);
    bool ok = sim->claim_file != NULL ? read_claim(claim, sim->claim_file, sim->claim_key_file, err)
                                      : issue_claim(sim, claim, err);
    if (!ok) {
        free_claim(claim);
        return NULL;
    }
    claim->shown.leaf = buf_slice(&claim->certificate);
    claim->shown.key = buf_slice(&claim->key);
    sim->claim = claim;
    return &claim->shown;
}

const struct factory *simulation_factory(struct simulation *sim, const char *name,
                                         struct error *err)
{
    int64_t from, to;

    for (size_t i = 0; i < sim->factory_count; i++)
        if (strcmp(factory_name(sim->factories[i]), name) == 0)
            return sim->factories[i];
    if (sim->pki == NULL) {
        error_set(err, ERROR_USAGE, "no PKI that could found a factory (give --pki)");
        return NULL;
    }
    pki_validity(sim->pki, &from, &to);
    struct factory *made = factory_new(slice_str(pki_seed(sim->pki)), name, from, to, err);
    if (made == NULL)
        return NULL;
    sim->factories = xrealloc(sim->factories, (sim->factory_count + 1) * sizeof(struct factory *));
    sim->factories[sim->factory_count++] = made;
    return made;
}

void simulation_identities_done(struct simulation *sim)
{
    for (size_t i = 0; i < sim->factory_count; i++)
        factory_free(sim->factories[i]);
    free(sim->factories);
    free_claim(sim->claim);
}
