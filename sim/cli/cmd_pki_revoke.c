/* `fleetsim pki revoke` and `fleetsim pki crl`. */
#include <stdio.h>
#include <stdlib.h>

#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/cmd_pki_inside.h"
#include "cli/vehicle_choice.h"
#include "pki/crl.h"
#include "pki/pem_file.h"
#include "pki/rotation.h"
#include "pki/settings.h"

#define DAYS_MAX 3650

struct revoke {
    const char *dir, *vehicles, *reason;
    struct option_list files;
    uint64_t days;
};

static bool check_days(uint64_t days, struct error *err)
{
    return (days >= 1 && days <= DAYS_MAX) ||
           error_set(err, ERROR_USAGE, "--days %llu: not between 1 and %d",
                     (unsigned long long)days, DAYS_MAX);
}

/* The vehicles' certificates point into the PKI, the others into `buffers`. */
static bool collect(const struct revoke *o, const struct pki *pki, struct vehicle_choice which,
                    struct buf *buffers, struct slice *ret, struct error *err)
{
    for (uint32_t i = 0; i < which.count; i++) {
        struct pki_car car;
        if (!pki_car(pki, which.first + i, &car, err))
            return false;
        ret[i] = car.certificate;
    }
    for (size_t i = 0; i < o->files.count; i++) {
        if (!pem_file_read_certificate(o->files.items[i], &buffers[i], err))
            return false;
        ret[which.count + i] = buf_slice(&buffers[i]);
    }
    return true;
}

static bool revoke_all(const struct revoke *o, struct error *err)
{
    struct vehicle_choice which = {0};
    struct pki *pki = pki_cmd_open(o->dir, err);
    bool ok =
        pki != NULL && check_days(o->days, err) &&
        (o->vehicles != NULL || o->files.count != 0 ||
         error_set(err, ERROR_USAGE, "nothing to revoke (give --vehicles A..B, or --cert FILE)")) &&
        (o->vehicles == NULL || vehicle_choice_parse(pki, o->vehicles, &which, err));
    size_t count = which.count + o->files.count;
    struct slice *certificates = xcalloc(count + 1, sizeof *certificates);
    struct buf *buffers = xcalloc(o->files.count + 1, sizeof *buffers);

    for (size_t i = 0; i < o->files.count; i++)
        buf_init(&buffers[i], (size_t)4 * CERTIFICATE_MAX);
    const struct crl_change change = {.certificates = certificates,
                                      .count = count,
                                      .reason = o->reason,
                                      .now = clock_wall_ms() / 1000,
                                      .days = (unsigned)o->days};
    ok = ok && collect(o, pki, which, buffers, certificates, err) &&
         crl_update(pki, o->dir, &change, err);
    if (ok)
        printf("%zu revoked, in %s/pki/crl.pem\n", count, o->dir);
    for (size_t i = 0; i < o->files.count; i++)
        buf_done(&buffers[i]);
    free(buffers);
    free(certificates);
    pki_free(pki);
    return ok;
}

int pki_cmd_revoke(int argc, char **argv)
{
    struct revoke o = {.days = CRL_DAYS_DEFAULT};
    struct error err;
    int status;
    // clang-format off
    const struct option_spec specs[] = {
        {"dir", 'd', OPTION_STRING, &o.dir, "DIR", "the PKI's directory"},
        {"vehicles", 'n', OPTION_STRING, &o.vehicles, "A..B",
         "these cars of the fleet, counted from 0, or one: 7"},
        {"cert", 0, OPTION_LIST, &o.files, "FILE",
         "a certificate that this PKI has issued, PEM; may repeat"},
        {"reason", 0, OPTION_STRING, &o.reason, "REASON",
         "keyCompromise, superseded, cessationOfOperation, privilegeWithdrawn …\n"
         "(default: none is said)"},
        {"days", 0, OPTION_NUMBER, &o.days, "DAYS", "when the next list is due (default 30)"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim pki revoke", "",
        "Puts certificates on the PKI's list of revoked ones, DIR/pki/crl.pem. A cloud that was\n"
        "started with --crl refuses them from their next connection on.",
        specs,
        "  fleetsim pki revoke --dir lab --vehicles 7 --reason keyCompromise\n"
        "  fleetsim pki revoke --dir lab --cert lab/issued/my-phone/cert.pem\n"
        "  fleetsim cloud --dir lab --crl lab/pki/crl.pem\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    return revoke_all(&o, &err) ? 0 : options_fail(&err);
}

static void print_entry(void *ctx, const struct crl_entry *e)
{
    char when[32];

    (void)ctx;
    settings_format_time(e->when, when);
    printf("%-40s  %-20s  %-20s  %s\n", e->serial, when, e->reason, e->issuer);
}

int pki_cmd_crl(int argc, char **argv)
{
    const char *dir = NULL;
    uint64_t days = CRL_DAYS_DEFAULT;
    struct error err;
    int status;
    // clang-format off
    const struct option_spec specs[] = {
        {"dir", 'd', OPTION_STRING, &dir, "DIR", "the PKI's directory"},
        {"days", 0, OPTION_NUMBER, &days, "DAYS", "when the next list is due (default 30)"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim pki crl", "",
        "Signs the PKI's list of revoked certificates anew, DIR/pki/crl.pem, and shows it. A list\n"
        "that is overdue makes a cloud refuse everybody.",
        specs,
        "  fleetsim pki crl --dir lab\n"
        "  fleetsim pki crl --dir lab --days 1 && openssl crl -in lab/pki/crl.pem -noout -text\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    struct pki *pki = pki_cmd_open(dir, &err);
    const struct crl_change change = {.now = clock_wall_ms() / 1000, .days = (unsigned)days};
    bool ok = pki != NULL && check_days(days, &err) && crl_update(pki, dir, &change, &err);
    char *path = ok ? crl_path(dir) : NULL;
    if (ok) {
        puts(path);
        ok = crl_read(path, print_entry, NULL, &err) != 0;
    }
    free(path);
    pki_free(pki);
    return ok ? 0 : options_fail(&err);
}
