/*
 * secret.h — texts that prove who somebody is by being known to nobody else.
 *
 * Pure but for secret_make(), which asks the kernel. Threads   any.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* 32 random bytes in hex, with the NUL. */
#define SECRET_SIZE 65

/* False: the kernel has no randomness to give. ERROR_USAGE. */
bool secret_make(char ret[static SECRET_SIZE], struct error *err);
/* The same, in a time that does not depend on where they differ. An empty secret is nobody's. */
bool secret_equal(struct slice shown, struct slice secret);

#endif
