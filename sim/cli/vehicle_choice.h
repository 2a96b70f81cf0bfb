/* vehicle_choice.h — which vehicles of a PKI are meant: "all", "7", "0..99" (both ends included).
 */
#ifndef CLI_VEHICLE_CHOICE_H
#define CLI_VEHICLE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "pki/pki.h"

struct vehicle_choice {
    uint32_t first, count;
};

/* NULL text: all of the fleet. Others may be named that have got their certificates in runs. False
 * with ERROR_USAGE. */
bool vehicle_choice_parse(const struct pki *pki, const char *text, struct vehicle_choice *ret,
                          struct error *err);

/* A vehicle's number at the start of the text; what follows it goes to ret_end. */
bool vehicle_choice_index(const char *text, uint32_t *ret, const char **ret_end);

#endif
