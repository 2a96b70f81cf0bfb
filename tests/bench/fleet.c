#include "tests/bench/bench.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_pem_files(const struct bench_fleet *f, uint32_t count, struct error *err)
{
    for (uint32_t k = 0; k < count; k++) {
        struct fleet_car car;
        char path[128];
        bench_fleet_car(f, k, &car);
        snprintf(path, sizeof path, "%s/car-%u", f->dir, k);
        if (!pki_write_credential(f->pki, path, car.certificate, car.key, err))
            return false;
    }
    return true;
}

bool bench_fleet_make(struct bench_fleet *f, uint32_t count, bool pem_files, struct error *err)
{
    *f = (struct bench_fleet){.dir = "/tmp/fleetsim-bench-XXXXXX", .pem_files = pem_files};
    if (mkdtemp(f->dir) == NULL)
        return error_set(err, ERROR_TARGET, "%s: cannot be made", f->dir);
    if (!pki_init(f->dir, &(struct pki_options){.seed = "bench", .vehicles = count}, err))
        return false;
    f->pki = pki_open(f->dir, err);
    if (f->pki == NULL)
        return false;
    f->intermediate = pki_intermediate(f->pki);
    return !pem_files || write_pem_files(f, count, err);
}

void bench_fleet_car(const struct bench_fleet *f, uint32_t k, struct fleet_car *ret)
{
    struct error err;

    if (!fleet_file_car(pki_fleet(f->pki), k, ret, &err)) {
        fprintf(stderr, "fleetsim-bench: %s\n", err.text);
        abort();
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

void bench_fleet_free(struct bench_fleet *f)
{
    pki_free(f->pki);
    nftw(f->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
