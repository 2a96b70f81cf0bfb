#include "base/secret.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

bool secret_make(char ret[static SECRET_SIZE], struct error *err)
{
    uint8_t bytes[(SECRET_SIZE - 1) / 2];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return error_set(err, ERROR_USAGE, "no random secret: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

bool secret_equal(struct slice shown, struct slice secret)
{
    volatile uint8_t differ = shown.len != secret.len || secret.len == 0;

    for (size_t i = 0; i < secret.len; i++) {
        uint8_t is = shown.len != 0 ? shown.data[i % shown.len] : 0;
        differ = (uint8_t)(differ | (is ^ secret.data[i]));
    }
    return differ == 0;
}
