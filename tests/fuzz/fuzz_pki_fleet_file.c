/*
 * A fleet file that somebody has touched. If the first byte is even, the rest is a file of its own;
 * if it is odd, the rest are changes to a sound file: four bytes each, an offset (two), what is
 * xored there, and how much is cut off the end. Promises: any file is read or refused with a
 * sentence; a change is noticed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xmem.h"
#include "pki/fleet_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SOUND_MAX ((size_t)1 << 16)

/* A file without a name in any directory. */
struct scratch {
    int fd;
    char path[64];
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static struct scratch scratch_of(const uint8_t *data, size_t size)
{
    struct scratch s = {.fd = memfd_create("fleet", MFD_CLOEXEC)};

    require(s.fd >= 0);
    require(write(s.fd, data, size) == (ssize_t)size);
    snprintf(s.path, sizeof s.path, "/proc/self/fd/%d", s.fd);
    return s;
}

static size_t make_sound(uint8_t *to)
{
    char dir[] = "/tmp/fuzz-fleet-XXXXXX", path[64];
    struct fleet_recipe recipe = {.seed = slice_str("fuzz"), .not_after = 2000000000};
    struct ec *ec = ec_new();
    struct error err;

    require(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/fleet.bin", dir);
    ec_key_derive(ec, recipe.seed, "root", 0, 0, &recipe.issuer.key);
    require(fleet_file_build(path, &recipe, 2, 1, NULL, &err));
    FILE *f = fopen(path, "rb");
    require(f != NULL);
    size_t size = fread(to, 1, SOUND_MAX, f);
    fclose(f);
    unlink(path);
    rmdir(dir);
    ec_free(ec);
    return size;
}

static bool opens(const uint8_t *data, size_t size)
{
    struct scratch s = scratch_of(data, size);
    struct error err = {0};
    struct fleet_car car;
    struct fleet_file *ff = fleet_file_open(s.path, NULL, &err);

    require(ff != NULL || strlen(err.text) > 20);
    for (uint32_t k = 0; ff != NULL && k < fleet_file_count(ff); k++) {
        require(fleet_file_car(ff, k, &car, &err));
        require(car.certificate.len <= size);
    }
    if (ff != NULL)
        require(!fleet_file_car(ff, fleet_file_count(ff), &car, &err));
    fleet_file_free(ff);
    close(s.fd);
    return ff != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t sound[SOUND_MAX], changed[SOUND_MAX];
    static size_t sound_size;

    if (sound_size == 0) {
        sound_size = make_sound(sound);
        require(opens(sound, sound_size));
    }
    if (size == 0)
        return 0;
    if (data[0] % 2 == 0) {
        opens(data + 1, size - 1);
        return 0;
    }
    size_t changed_size = sound_size;
    memcpy(changed, sound, sound_size);
    for (data++, size--; size >= 4; data += 4, size -= 4) {
        changed[(size_t)(data[0] << 8 | data[1]) % sound_size] ^= data[2];
        changed_size -= data[3] < changed_size ? data[3] : 0;
    }
    bool same = changed_size == sound_size && memcmp(changed, sound, sound_size) == 0;
    require(opens(changed, changed_size) == same);
    return 0;
}
