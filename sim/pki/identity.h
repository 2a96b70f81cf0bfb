/*
 * identity.h — the numbers that a car is known by: a pure function of (fleet, index).
 *
 * All are well formed and none can belong to a real car, phone or subscriber: a private
 * manufacturer code, test TACs, an unassigned country code. Within a fleet, each is unique for
 * every index below IDENTITY_MAX. The last digits spell the index, so that a VIN in a log names its
 * car.
 */
#ifndef PKI_IDENTITY_H
#define PKI_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define IDENTITY_MAX 10000000u /* indices are below this */

struct identity {
    uint32_t index;
    char thing_name[129]; /* the VIN */
    char vin[18];    /* ISO 3779, check digit of 49 CFR 565.15: WFS…, plant and serial = index */
    char imei[16];   /* 15 digits, TAC 001……, Luhn (3GPP TS 23.003, annex B) */
    char iccid[21];  /* 19 digits, 89 999 …, Luhn (ITU-T E.118) */
    char msisdn[17]; /* "+999" and 12 digits (ITU-T E.164) */
};

/* What the identities of a fleet have in common: a number made of its seed. */
uint64_t identity_fleet(struct slice seed);
/* index < IDENTITY_MAX. */
void identity_make(uint64_t fleet, uint32_t index, struct identity *ret);

/* 17 characters of the VIN alphabet (no I, O, Q) with the right check digit. */
bool vin_is_valid(const char *vin);
/* The check digit that belongs in position 9, whatever is there now; 0 if a character is no VIN's.
 */
char vin_check_digit(const char *vin);
/* Does a string of digits end in its Luhn check digit? */
bool luhn_is_valid(const char *digits);
/* The Luhn digit to put behind a string of digits. */
char luhn_digit(const char *digits);

#endif
