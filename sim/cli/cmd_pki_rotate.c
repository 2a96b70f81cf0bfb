/* `fleetsim pki rotate`. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/cmd_pki_inside.h"
#include "cli/vehicle_choice.h"
#include "pki/crl.h"
#include "pki/rotation.h"

struct rotate {
    const char *dir, *vehicles, *reason;
    bool revoke, json;
};

static void print_car(const struct pki_car *car, struct slice old)
{
    char before[CERTIFICATE_ID_SIZE], now[CERTIFICATE_ID_SIZE];

    certificate_id(old, before);
    certificate_id(car->certificate, now);
    printf("%-8u  %-17s  %-10u  %s  %s\n", car->identity.index, car->identity.thing_name,
           car->generation, now, before);
}

static void add_car(cJSON *list, const struct pki_car *car, struct slice old)
{
    char id[CERTIFICATE_ID_SIZE];
    cJSON *item = cJSON_CreateObject();

    cJSON_AddNumberToObject(item, "index", car->identity.index);
    cJSON_AddStringToObject(item, "thing_name", car->identity.thing_name);
    cJSON_AddNumberToObject(item, "generation", car->generation);
    certificate_id(car->certificate, id);
    cJSON_AddStringToObject(item, "certificate_id", id);
    certificate_id(old, id);
    cJSON_AddStringToObject(item, "previous_certificate_id", id);
    cJSON_AddItemToArray(list, item);
}

static bool show(const struct rotate *o, const struct pki *pki, struct vehicle_choice which,
                 const struct slice *old, struct error *err)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(json, "vehicles");
    struct pki_car car;
    bool ok = true;

    if (!o->json)
        printf("%-8s  %-17s  %-10s  %-64s  %s\n", "vehicle", "VIN", "generation", "certificate id",
               "previous certificate id");
    for (uint32_t i = 0; ok && i < which.count; i++) {
        ok = pki_car(pki, which.first + i, &car, err);
        if (ok && o->json)
            add_car(list, &car, old[i]);
        else if (ok)
            print_car(&car, old[i]);
    }
    if (ok && o->json) {
        cJSON_AddBoolToObject(json, "revoked", o->revoke);
        char *text = cJSON_Print(json);
        puts(text);
        cJSON_free(text);
    } else if (ok && o->revoke) {
        printf("the previous ones are revoked, in %s/pki/crl.pem\n", o->dir);
    }
    cJSON_Delete(json);
    return ok;
}

static bool revoke_old(const struct rotate *o, const struct pki *pki, const struct slice *old,
                       uint32_t count, struct error *err)
{
    const struct crl_change change = {.certificates = old,
                                      .count = count,
                                      .reason = o->reason != NULL ? o->reason : "superseded",
                                      .now = clock_wall_ms() / 1000,
                                      .days = CRL_DAYS_DEFAULT};

    return !o->revoke || crl_update(pki, o->dir, &change, err) ||
           error_prefix(err,
                        "the vehicles have new certificates, but the old ones are not revoked");
}

static bool check(const struct rotate *o, struct error *err)
{
    if (o->vehicles == NULL)
        return error_set(err, ERROR_USAGE, "nothing to rotate (give --vehicles 7, A..B or all)");
    if (o->reason != NULL && !o->revoke)
        return error_set(err, ERROR_USAGE, "--reason: of a revocation (give --revoke as well)");
    return o->reason == NULL || crl_reason_is_known(o->reason, err);
}

static bool rotate(const struct rotate *o, struct error *err)
{
    struct vehicle_choice which = {0};
    struct pki *pki = check(o, err) ? pki_cmd_open(o->dir, err) : NULL;
    bool ok = pki != NULL && vehicle_choice_parse(pki, o->vehicles, &which, err);
    struct slice *old = xcalloc((size_t)which.count + 1, sizeof *old);
    struct pki_car car;

    for (uint32_t i = 0; ok && i < which.count; i++) {
        ok = pki_car(pki, which.first + i, &car, err);
        old[i] = car.certificate;
    }
    ok = ok && pki_rotate(pki, which.first, which.count, err) &&
         revoke_old(o, pki, old, which.count, err) && show(o, pki, which, old, err);
    free(old);
    pki_free(pki);
    return ok;
}

int pki_cmd_rotate(int argc, char **argv)
{
    struct rotate o = {0};
    struct error err;
    int status;
    // clang-format off
    const struct option_spec specs[] = {
        {"dir", 'd', OPTION_STRING, &o.dir, "DIR", "the PKI's directory"},
        {"vehicles", 'n', OPTION_STRING, &o.vehicles, "A..B",
         "these cars of the fleet, counted from 0, one (7), or all"},
        {"revoke", 0, OPTION_FLAG, &o.revoke, NULL,
         "put the old certificates on the list of revoked ones, DIR/pki/crl.pem"},
        {"reason", 0, OPTION_STRING, &o.reason, "REASON",
         "why they are revoked: keyCompromise … (default superseded)"},
        {"json", 0, OPTION_FLAG, &o.json, NULL, "for programs"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim pki rotate", "",
        "Gives cars of the fleet a new key and a new certificate: the next generation, which "
        "follows\n"
        "from the seed as the first does. DIR/pki keeps it, and the next run, export or show of "
        "the\n"
        "fleet has it. The old certificate stays good until it is revoked. (What a car does "
        "itself,\n"
        "over the air, is a job: see `fleetsim job create --help`.)",
        specs,
        "  fleetsim pki rotate --dir lab --vehicles 7\n"
        "  fleetsim pki rotate --dir lab --vehicles 0..99 --revoke --reason keyCompromise\n"
        "  fleetsim pki rotate --dir lab --vehicles all --json | jq -r "
        "'.vehicles[].certificate_id'\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    return rotate(&o, &err) ? 0 : options_fail(&err);
}
