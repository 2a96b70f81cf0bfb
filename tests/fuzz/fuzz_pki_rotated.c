/*
 * A list of rotated cars that somebody has touched. If the first byte is even, the rest stands
 * behind a sound header; if it is odd, the rest are changes to a sound file: four bytes each, an
 * offset (two), what is xored there, and how much is cut off the end. Promises: any file is read or
 * refused with a sentence; of a changed one no credential is read but those that were written.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/store.h"
#include "base/xmem.h"
#include "pki/rotated.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CARS        8u
#define SOUND_MAX   ((size_t)1 << 16)
#define HEADER_SIZE 56

static const uint8_t recipe[FLEET_RECIPE_SIZE] = {42};

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* Certificates are of different lengths, and say whose they are. */
static struct rotated_car car_of(uint32_t index, uint8_t room[CERTIFICATE_MAX])
{
    size_t len = 300 + 40 * (size_t)index;

    memset(room, (int)index + 1, len);
    return (struct rotated_car){.index = index,
                                .generation = index + 3,
                                .foreign = index % 2 == 1,
                                .key = {.scalar = {(uint8_t)index}},
                                .certificate = slice_of(room, len),
                                .issuer = slice_of(room, index % 2 == 1 ? 20 : 0)};
}

static const char *path(void)
{
    static char text[] = "/tmp/fuzz-rotated-XXXXXX";
    static bool made;

    if (!made) {
        int fd = mkstemp(text);
        require(fd >= 0);
        close(fd);
        made = true;
    }
    return text;
}

static size_t make_sound(uint8_t *to)
{
    struct error err;
    struct buf file;

    unlink(path());
    struct rotated *r = rotated_open(path(), recipe, &err);
    require(r != NULL);
    for (uint32_t i = 0; i < CARS; i++) {
        uint8_t room[CERTIFICATE_MAX];
        const struct rotated_car car = car_of(i, room);
        require(rotated_add(r, &car, 1, &err));
    }
    rotated_free(r);
    buf_init(&file, SOUND_MAX);
    require(store_read(path(), &file, &err));
    size_t size = buf_len(&file);
    memcpy(to, buf_data(&file), size);
    buf_done(&file);
    return size;
}

static bool genuine(const struct rotated_car *car)
{
    uint8_t room[CERTIFICATE_MAX];
    const struct rotated_car want = car_of(car->index, room);

    return car->index < CARS && car->generation == want.generation &&
           car->foreign == want.foreign && slice_equal(car->certificate, want.certificate) &&
           slice_equal(car->issuer, want.issuer) &&
           memcmp(&car->key, &want.key, sizeof want.key) == 0;
}

/* How many cars are read; -1: refused. */
static int open_it(const uint8_t *data, size_t size, bool sound)
{
    struct error err = {0};
    int count = 0;

    require(store_write(path(), STORE_SECRET, slice_of(data, size), &err));
    struct rotated *r = rotated_open(path(), recipe, &err);
    require(r != NULL || strlen(err.text) > 20);
    for (uint32_t k = 0; r != NULL && k < CARS; k++) {
        const struct rotated_car *car = rotated_find(r, k);
        require(car == NULL || !sound || genuine(car));
        count += car != NULL;
    }
    rotated_free(r);
    return r != NULL ? count : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t sound[SOUND_MAX], changed[SOUND_MAX];
    static size_t sound_size;

    if (sound_size == 0) {
        sound_size = make_sound(sound);
        require(open_it(sound, sound_size, true) == CARS);
    }
    if (size == 0 || size > SOUND_MAX - HEADER_SIZE)
        return 0;
    if (data[0] % 2 == 0) {
        memcpy(changed, sound, HEADER_SIZE);
        memcpy(changed + HEADER_SIZE, data + 1, size - 1);
        open_it(changed, HEADER_SIZE + size - 1, false);
        return 0;
    }
    size_t changed_size = sound_size;
    memcpy(changed, sound, sound_size);
    for (data++, size--; size >= 4; data += 4, size -= 4) {
        changed[(size_t)(data[0] << 8 | data[1]) % sound_size] ^= data[2];
        changed_size -= data[3] < changed_size ? data[3] : 0;
    }
    open_it(changed, changed_size, true);
    return 0;
}
