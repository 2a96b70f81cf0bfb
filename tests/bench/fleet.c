#include "tests/bench/bench.h"
#include "tests/support/fake_certs.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmem.h"

static bool write_file(const struct bench_fleet *f, const char *name, const char *one,
                       const char *two, struct error *err)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return error_set(err, ERROR_TARGET, "%s: cannot be written", path);
    fputs(one, file);
    fputs(two, file);
    fclose(file);
    return true;
}

static bool write_pem(const struct bench_fleet *f, const char *name, const struct fake_cert *c,
                      bool with_key, struct error *err)
{
    char *cert = fake_cert_pem(c), *key = with_key ? fake_key_pem(c) : xstrdup("");
    bool ok = write_file(f, name, cert, key, err);

    free(cert);
    free(key);
    return ok;
}

static struct slice keep(uint8_t *data, size_t len)
{
    uint8_t *copy = xmalloc(len);

    memcpy(copy, data, len);
    return slice_of(copy, len);
}

static bool make_car(struct bench_fleet *f, uint32_t k, const struct fake_cert *ca, bool pem,
                     struct error *err)
{
    char name[32];
    snprintf(name, sizeof name, "car-%u.pem", k);
    struct fake_cert car =
        fake_cert_make(&(struct fake_request){.name = name, .issuer = ca, .to_days = 30});
    f->cars[k].cert = keep(car.der, car.der_len);
    f->cars[k].key = keep(car.key_der, car.key_der_len);
    bool ok = !pem || write_pem(f, name, &car, true, err);

    fake_cert_free(&car);
    return ok;
}

bool bench_fleet_make(struct bench_fleet *f, uint32_t count, bool pem_files, struct error *err)
{
    struct fake_cert ca = fake_cert_make(
        &(struct fake_request){.name = "bench CA", .ca = true, .from_days = -1, .to_days = 30});
    struct fake_cert server =
        fake_cert_make(&(struct fake_request){.name = "localhost",
                                              .issuer = &ca,
                                              .to_days = 30,
                                              .alt_names = "DNS:localhost,IP:127.0.0.1"});
    bool ok = true;

    *f = (struct bench_fleet){.count = count, .cars = xcalloc(count, sizeof *f->cars)};
    snprintf(f->dir, sizeof f->dir, "/tmp/fleetsim-bench-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        ok = error_set(err, ERROR_TARGET, "%s: cannot be made", f->dir);
    f->ca_pem = slice_str(fake_cert_pem(&ca));
    ok = ok && write_pem(f, "ca.pem", &ca, false, err) &&
         write_pem(f, "server.pem", &server, true, err);
    for (uint32_t k = 0; ok && k < count; k++)
        ok = make_car(f, k, &ca, pem_files, err);
    fake_cert_free(&server);
    fake_cert_free(&ca);
    return ok;
}

void bench_fleet_free(struct bench_fleet *f)
{
    static const char *const files[] = {"ca.pem", "server.pem", "mosquitto.conf", "broker.log"};
    char path[128];

    for (uint32_t k = 0; k < f->count; k++) {
        free((void *)(uintptr_t)f->cars[k].cert.data);
        free((void *)(uintptr_t)f->cars[k].key.data);
        snprintf(path, sizeof path, "%s/car-%u.pem", f->dir, k);
        unlink(path);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free((void *)(uintptr_t)f->ca_pem.data);
    free(f->cars);
}
