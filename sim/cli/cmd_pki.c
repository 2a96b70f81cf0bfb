#include "cli/cmd_pki.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/store.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/cmd_pki_inside.h"
#include "cli/options.h"
#include "cli/vehicle_choice.h"
#include "pki/pem_file.h"
#include "pki/rotation.h"
#include "pki/settings.h"

#define SECONDS_PER_DAY 86400
#define DAYS_MAX        36525.0 /* a century */
#define SHOWN_AT_MOST   20

/* ---- shared ------------------------------------------------------------------------------- */

struct pki *pki_cmd_open(const char *dir, struct error *err)
{
    if (dir != NULL)
        return pki_open(dir, err);
    error_set(err, ERROR_USAGE, "PKI: no directory given (give --dir DIR)");
    return NULL;
}

static int64_t unix_now(void)
{
    return clock_wall_ms() / 1000;
}

static int64_t yesterday(void)
{
    return (unix_now() / SECONDS_PER_DAY - 1) * SECONDS_PER_DAY;
}

static bool check_days(double days, double least, struct error *err)
{
    return (days >= least && days <= DAYS_MAX) ||
           error_set(err, ERROR_USAGE, "--days %g: not between %g and %g (choose another number)",
                     days, least, DAYS_MAX);
}

static void format_day(int64_t when, char ret[32])
{
    settings_format_time(when, ret);
    ret[strlen("2025-01-01")] = '\0';
}

/* ---- init --------------------------------------------------------------------------------- */

static bool print_summary(const char *dir, struct error *err)
{
    int64_t from, to;
    char from_text[32], to_text[32];
    struct pki *pki = pki_open(dir, err);

    if (pki == NULL)
        return false;
    pki_validity(pki, &from, &to);
    format_day(from, from_text);
    format_day(to, to_text);
    printf("PKI        %s/pki\n", dir);
    printf("seed       %s\n", pki_seed(pki));
    printf("valid      %s to %s\n", from_text, to_text);
    printf("vehicles   %u\n", pki_fleet(pki) != NULL ? fleet_file_count(pki_fleet(pki)) : 0);
    printf("authority  %s\n", pki_path(pki, PKI_FILE_CA));
    printf("server     %s\n", pki_path(pki, PKI_FILE_SERVER));
    pki_free(pki);
    return true;
}

static int pki_cmd_init(int argc, char **argv)
{
    struct pki_options options = {0};
    const char *dir = NULL;
    uint64_t vehicles = 0;
    double days = (double)NAN;
    struct option_list names = {0};
    struct error err;
    int status;
    const struct option_spec specs[] = {
        {"dir",                                                                                'd', OPTION_STRING, &dir, "DIR", "where; made if it is not there"},
        {"seed",                                                                       's', OPTION_STRING, &options.seed, "TEXT",
         "what every key follows from; the same seed makes the same fleet\n(default: random)"},
        {"vehicles",                                                                               'n', OPTION_NUMBER, &vehicles, "N",
         "how many vehicles get key and certificate (default 0)"},
        {"days",                                                                                    0, OPTION_REAL, &days, "DAYS",
         "valid from yesterday, for this long from today (default: 2025 to\n2045, so that a seed "
         "alone decides every byte)"},
        {"server-name",           0, OPTION_LIST, &names, "NAME",
         "a DNS name or IP address the server is reached by, besides\nlocalhost, 127.0.0.1 and "
         "::1; "
         "may repeat"},
        {"responder",                                                                       0, OPTION_STRING, &options.responder, "URL",
         "whom the server's certificate names to be asked by OCSP\n(fleetsim pki ocsp), http://…"},
        {0},
    };
    const struct command_spec command = {
        "fleetsim pki init", "",
        "Makes a certificate authority, an issuing intermediate, a server certificate and the\n"
        "identities of a fleet in DIR/pki. Where there is one already, it is kept: missing files\n"
        "are made again, the fleet grows, new server names are added.\n"
        "The keys are for simulation: who knows the seed has them all.",
        specs,
        "  fleetsim pki init --dir lab --seed 42 --vehicles 10000\n"
        "  fleetsim pki init --dir lab --server-name 192.168.1.20 --server-name cloud.test\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    bool ok = dir != NULL || error_set(&err, ERROR_USAGE,
                                       "PKI: no directory given (give --dir "
                                       "DIR)");
    ok = ok && (vehicles <= IDENTITY_MAX ||
                error_set(&err, ERROR_USAGE,
                          "--vehicles %llu: a fleet has at most %u (use several "
                          "seeds)",
                          (unsigned long long)vehicles, IDENTITY_MAX));
    if (ok && !isnan(days)) {
        ok = check_days(days, 1, &err);
        options.not_before = yesterday();
        options.not_after = options.not_before + (int64_t)((days + 1) * SECONDS_PER_DAY);
    }
    options.vehicles = (uint32_t)vehicles;
    options.server_names = names.items;
    options.server_name_count = names.count;
    ok = ok && pki_init(dir, &options, &err) && print_summary(dir, &err);
    return ok ? 0 : options_fail(&err);
}

/* ---- issue -------------------------------------------------------------------------------- */

struct issue {
    const char *dir, *name, *role, *index;
    double days;
    uint64_t generation;
    struct option_list names;
    const char *responder;
};

static bool request_from(const struct issue *o, struct pki *pki, struct identity *identity,
                         struct pki_request *ret, struct error *err)
{
    uint32_t index = 0;
    const char *end = "";

    if (!certificate_role_parse(o->role, &ret->role))
        return error_set(err, ERROR_USAGE,
                         "--role %.64s: no such role (use vehicle, companion, claim or server)",
                         o->role);
    if (o->index != NULL && (!vehicle_choice_index(o->index, &index, &end) || *end != '\0'))
        return error_set(err, ERROR_USAGE, "--index %.64s: not a number below %u (count from 0)",
                         o->index, IDENTITY_MAX);
    if (o->index != NULL && ret->role != CERTIFICATE_VEHICLE)
        return error_set(err, ERROR_USAGE,
                         "--index: only vehicles have one (leave it out, or use "
                         "--role vehicle)");
    if (o->name == NULL && o->index == NULL)
        return error_set(err, ERROR_USAGE,
                         "certificate: no name given (give --name NAME, or "
                         "--index K for a vehicle of the fleet)");
    identity_make(identity_fleet(slice_str(pki_seed(pki))), index, identity);
    ret->name = o->name != NULL ? o->name : identity->thing_name;
    ret->index = o->index != NULL ? (int64_t)index : -1;
    if (o->generation > UINT32_MAX)
        return error_set(err, ERROR_USAGE, "--generation: too large (count from 0)");
    ret->generation = (uint32_t)o->generation;
    ret->alt_names = o->names.items;
    ret->alt_name_count = o->names.count;
    ret->responder = o->responder;
    if (isnan(o->days))
        return true;
    if (!check_days(o->days, -DAYS_MAX, err))
        return false;
    /* Never a second of validity left when none was asked for. */
    ret->not_after = unix_now() + (int64_t)(o->days * SECONDS_PER_DAY) - (o->days <= 0 ? 1 : 0);
    ret->not_before = ret->not_after < yesterday() ? ret->not_after - SECONDS_PER_DAY : yesterday();
    return true;
}

static bool issue_one(const struct issue *o, struct error *err)
{
    struct pki_request request = {0};
    struct pki_credential credential;
    struct identity identity;
    char id[CERTIFICATE_ID_SIZE];
    struct pki *pki = pki_cmd_open(o->dir, err);
    char *dir = NULL;

    bool ok = pki != NULL && request_from(o, pki, &identity, &request, err) &&
              (dir = pki_issued_dir(pki, request.name, err)) != NULL &&
              pki_issue(pki, &request, &credential, err);
    if (ok) {
        struct slice der = slice_of(credential.certificate, credential.certificate_len);
        ok = pki_write_credential(pki, dir, der, &credential.key, err);
        certificate_id(der, id);
        OPENSSL_cleanse(&credential.key, sizeof credential.key);
    }
    if (ok)
        printf("%s/cert.pem\n%s/key.pem\n%s/ca.pem\ncertificate id %s\n", dir, dir, dir, id);
    free(dir);
    pki_free(pki);
    return ok;
}

static int pki_cmd_issue(int argc, char **argv)
{
    struct issue o = {.role = "vehicle", .days = (double)NAN};
    struct error err;
    int status;
    const struct option_spec specs[] = {
        {"dir",          'd', OPTION_STRING, &o.dir, "DIR", "the PKI's directory"},
        {"name", 0, OPTION_STRING, &o.name, "NAME",
         "the subject's common name: thing, app or host (default with\n--index: the vehicle's "
         "VIN)"},
        {"role",         0, OPTION_STRING, &o.role, "ROLE",
         "vehicle, companion, claim or server (default vehicle)"},
        {"index",              0, OPTION_STRING, &o.index, "K",
         "vehicle: use the key of vehicle K of the fleet"},
        {"generation",             0, OPTION_NUMBER, &o.generation, "G",
         "another key for the same name, as after a rotation (default 0)"},
        {"days",       0, OPTION_REAL, &o.days, "DAYS",
         "valid for this long from now; 0 or less makes an expired\ncertificate, for tests "
         "(default: as long as the PKI)"},
        {"server-name",         0, OPTION_LIST, &o.names, "NAME",
         "server: a further DNS name or IP address; may repeat"},
        {"responder",         0, OPTION_STRING, &o.responder, "URL",
         "whom it names to be asked about it by OCSP, http://…"},
        {0},
    };
    const struct command_spec command = {
        "fleetsim pki issue", "",
        "Issues one certificate into DIR/issued/NAME: cert.pem (leaf and intermediate), key.pem\n"
        "(mode 0600) and ca.pem (root). The same request gives the same key and certificate.",
        specs,
        "  fleetsim pki issue --dir lab --name my-phone --role companion\n"
        "  fleetsim pki issue --dir lab --index 7 --generation 1   # vehicle 7, rotated key\n"
        "  fleetsim pki issue --dir lab --name late --days -1      # expired yesterday\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    return issue_one(&o, &err) ? 0 : options_fail(&err);
}

/* ---- export ------------------------------------------------------------------------------- */

static bool export_vehicle(const struct pki *pki, const char *dir, uint32_t k, struct buf *table,
                           struct error *err)
{
    struct pki_car car;
    char id[CERTIFICATE_ID_SIZE];

    if (!pki_car(pki, k, &car, err))
        return false;
    const struct slice chain[] = {car.certificate, car.issuer};
    const struct identity *who = &car.identity;
    char *certificate = xasprintf("%s/%s.cert.pem", dir, who->thing_name);
    char *key = xasprintf("%s/%s.key.pem", dir, who->thing_name);
    bool ok = pem_file_write_certificates(certificate, chain, car.issuer.len != 0 ? 2 : 1, err) &&
              pem_file_write_key(key, car.key, err);
    certificate_id(car.certificate, id);
    buf_printf(table, "%u,%s,%s,%s,%s,%s,%s,%s.cert.pem,%s.key.pem\n", k, who->thing_name, who->vin,
               who->imei, who->iccid, who->msisdn, id, who->thing_name, who->thing_name);
    free(certificate);
    free(key);
    return ok;
}

static bool export_all(const struct pki *pki, const char *dir, struct vehicle_choice which,
                       struct error *err)
{
    const struct slice root = pki_root(pki);
    char *root_path = xasprintf("%s/ca.pem", dir);
    char *table_path = xasprintf("%s/vehicles.csv", dir);
    struct buf table;

    buf_init(&table, SIZE_MAX / 2);
    buf_append_str(&table,
                   "index,thing_name,vin,imei,iccid,msisdn,certificate_id,certificate,key\n");
    bool ok = store_make_dir(dir, err) && pem_file_write_certificates(root_path, &root, 1, err);
    for (uint32_t i = 0; ok && i < which.count; i++)
        ok = export_vehicle(pki, dir, which.first + i, &table, err);
    ok = ok && store_write(table_path, STORE_PUBLIC, buf_slice(&table), err);
    buf_done(&table);
    free(root_path);
    free(table_path);
    return ok;
}

static int pki_cmd_export(int argc, char **argv)
{
    const char *dir = NULL, *vehicles = NULL, *out = NULL;
    struct vehicle_choice which = {0};
    struct error err;
    int status;
    const struct option_spec specs[] = {
        {"dir",          'd', OPTION_STRING, &dir, "DIR", "the PKI's directory"},
        {"vehicles", 'n', OPTION_STRING, &vehicles, "A..B",
         "which vehicles, counted from 0, both ends included (default all)"},
        {"out",         'o', OPTION_STRING, &out, "DIR", "where to (default DIR/exported)"},
        {0             },
    };
    const struct command_spec command = {
        "fleetsim pki export", "",
        "Writes vehicles as pairs of PEM files, VIN.cert.pem (leaf and intermediate) and\n"
        "VIN.key.pem (mode 0600), with ca.pem and a list of them all, vehicles.csv: what it takes\n"
        "to register them in a real cloud.",
        specs,
        "  fleetsim pki export --dir lab --out pems\n"
        "  fleetsim pki export --dir lab --vehicles 0..99 --out first-hundred\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    struct pki *pki = pki_cmd_open(dir, &err);
    if (pki == NULL)
        return options_fail(&err);
    char *to = out != NULL ? xstrdup(out) : xasprintf("%s/exported", dir);
    bool ok = vehicle_choice_parse(pki, vehicles, &which, &err) && export_all(pki, to, which, &err);
    if (ok)
        printf("%u vehicles in %s\n", which.count, to);
    free(to);
    pki_free(pki);
    return ok ? 0 : options_fail(&err);
}

/* ---- show --------------------------------------------------------------------------------- */

struct shown {
    struct pki_car car;
    char id[CERTIFICATE_ID_SIZE];
    int64_t from, to;
};

static bool look_up(const struct pki *pki, uint32_t k, struct shown *ret, struct error *err)
{
    if (!pki_car(pki, k, &ret->car, err) ||
        !certificate_validity(ret->car.certificate, &ret->from, &ret->to, err))
        return false;
    certificate_id(ret->car.certificate, ret->id);
    return true;
}

static bool show_json(const struct pki *pki, const char *dir, struct vehicle_choice which,
                      struct error *err)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(json, "vehicles");
    bool ok = true;

    cJSON_AddStringToObject(json, "dir", dir);
    cJSON_AddStringToObject(json, "seed", pki_seed(pki));
    for (uint32_t i = 0; ok && i < which.count; i++) {
        struct shown v = {0};
        char from[32], to[32];
        ok = look_up(pki, which.first + i, &v, err);
        if (!ok)
            break;
        settings_format_time(v.from, from);
        settings_format_time(v.to, to);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "index", v.car.identity.index);
        cJSON_AddStringToObject(item, "thing_name", v.car.identity.thing_name);
        cJSON_AddStringToObject(item, "vin", v.car.identity.vin);
        cJSON_AddStringToObject(item, "imei", v.car.identity.imei);
        cJSON_AddStringToObject(item, "iccid", v.car.identity.iccid);
        cJSON_AddStringToObject(item, "msisdn", v.car.identity.msisdn);
        cJSON_AddStringToObject(item, "certificate_id", v.id);
        cJSON_AddNumberToObject(item, "generation", v.car.generation);
        cJSON_AddStringToObject(item, "not_before", from);
        cJSON_AddStringToObject(item, "not_after", to);
        cJSON_AddItemToArray(list, item);
    }
    char *text = cJSON_Print(json);
    if (ok)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(json);
    return ok;
}

static bool show_one(const struct pki *pki, uint32_t k, struct error *err)
{
    struct shown v = {0};
    char from[32], to[32];

    if (!look_up(pki, k, &v, err))
        return false;
    settings_format_time(v.from, from);
    settings_format_time(v.to, to);
    const struct identity *who = &v.car.identity;
    printf("vehicle         %u\nthing name      %s\nVIN             %s\nIMEI            %s\n"
           "ICCID           %s\nMSISDN          %s\ncertificate id  %s\ngeneration      %u\n"
           "valid           %s to %s\n",
           who->index, who->thing_name, who->vin, who->imei, who->iccid, who->msisdn, v.id,
           v.car.generation, from, to);
    return true;
}

static bool show_table(const struct pki *pki, struct vehicle_choice which, bool all,
                       struct error *err)
{
    uint32_t rows = all || which.count <= SHOWN_AT_MOST ? which.count : SHOWN_AT_MOST;

    if (which.count == 0) {
        puts("no vehicles (make some with \"fleetsim pki init --vehicles N\")");
        return true;
    }
    printf("%-8s  %-17s  %-15s  %-19s  %-16s  %-64s  %s\n", "vehicle", "VIN", "IMEI", "ICCID",
           "MSISDN", "certificate id", "valid");
    for (uint32_t i = 0; i < rows; i++) {
        struct shown v = {0};
        char from[32], to[32];
        if (!look_up(pki, which.first + i, &v, err))
            return false;
        format_day(v.from, from);
        format_day(v.to, to);
        const struct identity *who = &v.car.identity;
        printf("%-8u  %-17s  %-15s  %-19s  %-16s  %-64s  %s to %s\n", who->index, who->vin,
               who->imei, who->iccid, who->msisdn, v.id, from, to);
    }
    if (rows < which.count)
        printf("… and %u more (--vehicles A..B or all shows them)\n", which.count - rows);
    return true;
}

static int pki_cmd_show(int argc, char **argv)
{
    const char *dir = NULL, *vehicle = NULL, *vehicles = NULL;
    bool json = false;
    struct vehicle_choice which = {0};
    struct error err;
    int status;
    const struct option_spec specs[] = {
        {"dir",          'd', OPTION_STRING, &dir, "DIR", "the PKI's directory"},
        {"vehicle", 0, OPTION_STRING, &vehicle, "K", "one vehicle, counted from 0, in full"},
        {"vehicles",         'n', OPTION_STRING, &vehicles, "A..B",
         "a range, both ends included, or all (default: the first 20)"},
        {"json",              0, OPTION_FLAG, &json, NULL, "for programs; all vehicles unless a range is given"},
        {0            },
    };
    const struct command_spec command = {
        "fleetsim pki show", "",
        "Shows who is who: VIN, IMEI, ICCID, MSISDN, certificate id (SHA-256 of the DER) and\n"
        "validity.",
        specs,
        "  fleetsim pki show --dir lab --vehicle 7\n"
        "  fleetsim pki show --dir lab --json | jq -r '.vehicles[].certificate_id'\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    struct pki *pki = pki_cmd_open(dir, &err);
    if (pki == NULL)
        return options_fail(&err);
    bool ok = vehicle_choice_parse(pki, vehicle != NULL ? vehicle : vehicles, &which, &err);
    if (ok && json)
        ok = show_json(pki, dir, which, &err);
    else if (ok && vehicle != NULL && which.count == 1)
        ok = show_one(pki, which.first, &err);
    else if (ok)
        ok = show_table(pki, which, vehicles != NULL || vehicle != NULL, &err);
    pki_free(pki);
    return ok ? 0 : options_fail(&err);
}

/* ---- dispatch ----------------------------------------------------------------------------- */

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} subcommands[] = {
    {"init",   pki_cmd_init,   "make a PKI, or make one whole: authorities, server, fleet"},
    {"issue",  pki_cmd_issue,  "issue one certificate: a phone, a server, an expired car" },
    {"export", pki_cmd_export, "write vehicles as PEM files for a real cloud"             },
    {"show",   pki_cmd_show,   "list vehicles with their numbers and certificate ids"     },
    {"rotate", pki_cmd_rotate, "give vehicles a new key and certificate"                  },
    {"revoke", pki_cmd_revoke, "put certificates on the list of revoked ones"             },
    {"crl",    pki_cmd_crl,    "sign that list anew, and show it"                         },
    {"ocsp",   pki_cmd_ocsp,   "answer who is revoked, one certificate at a time"         },
};

static void print_help(void)
{
    puts("Usage: fleetsim pki COMMAND [OPTION]…\n\n"
         "Makes and issues the certificates of a simulated fleet.\n\nCommands:");
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
        printf("  %-8s %s\n", subcommands[i].name, subcommands[i].help);
    puts("\nExamples:\n"
         "  fleetsim pki init --dir lab --seed 42 --vehicles 1000\n"
         "  fleetsim pki issue --dir lab --name my-phone --role companion\n"
         "  fleetsim pki show --dir lab --vehicle 7\n\n"
         "`fleetsim pki COMMAND --help` explains each.");
}

int cmd_pki(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    struct error err;

    for (size_t i = 0; name != NULL && i < sizeof subcommands / sizeof *subcommands; i++)
        if (strcmp(subcommands[i].name, name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    if (name != NULL && (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0)) {
        print_help();
        return 0;
    }
    error_set(
        &err, ERROR_USAGE,
        "pki: %s%s (use init, issue, export, show, rotate, revoke, crl or ocsp; try `fleetsim pki "
        "--help`)",
        name != NULL ? "no such command: " : "no command given", name != NULL ? name : "");
    return options_fail(&err);
}
