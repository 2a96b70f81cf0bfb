#include "pki/identity.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "pki/ec_key.h"

#define VIN_LENGTH      17
#define VIN_CHECK       8 /* counted from 0 */
#define VIN_PER_PLANT   1000000u
#define FLEET_VARIETIES 10000u /* what fits into the numbers beside the index */

/* The letters a VIN may hold. */
static const char vin_letters[] = "ABCDEFGHJKLMNPRSTUVWXYZ";

static char vin_letter(uint64_t *choice)
{
    const uint64_t count = sizeof vin_letters - 1;
    char letter = vin_letters[*choice % count];

    *choice /= count;
    return letter;
}

/* Transliteration of 49 CFR 565.15, table III; -1: not allowed. */
static int vin_value(char c)
{
    static const char letters[] = "ABCDEFGHJKLMNPRSTUVWXYZ";
    static const signed char values[] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
                                         5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9};

    if (c >= '0' && c <= '9')
        return c - '0';
    for (size_t i = 0; letters[i] != '\0'; i++)
        if (letters[i] == c)
            return values[i];
    return -1;
}

char vin_check_digit(const char *vin)
{
    /* Table IV: the weight of each position, none for the check digit itself. */
    static const int weights[VIN_LENGTH] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    int sum = 0;

    for (size_t i = 0; i < VIN_LENGTH; i++) {
        int value = i == VIN_CHECK && vin[i] != '\0' ? 0 : vin_value(vin[i]);
        if (value < 0)
            return '\0';
        sum += value * weights[i];
    }
    return "0123456789X"[sum % 11];
}

bool vin_is_valid(const char *vin)
{
    return strlen(vin) == VIN_LENGTH && vin_check_digit(vin) == vin[VIN_CHECK];
}

/* Sum of the digits as if one more, the check digit, stood behind them (ISO/IEC 7812-1, annex B).
 */
static unsigned luhn_sum(const char *digits, size_t len)
{
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(digits[len - 1 - i] - '0');
        if (i % 2 == 0)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum;
}

char luhn_digit(const char *digits)
{
    return (char)('0' + (10 - luhn_sum(digits, strlen(digits)) % 10) % 10);
}

bool luhn_is_valid(const char *digits)
{
    size_t len = strlen(digits);

    if (len < 2 || strspn(digits, "0123456789") != len)
        return false;
    return (luhn_sum(digits, len - 1) + (unsigned)(digits[len - 1] - '0')) % 10 == 0;
}

uint64_t identity_fleet(struct slice seed)
{
    uint8_t digest[EC_DIGEST_SIZE];
    const struct slice label = slice_str("fleetsim fleet 1");
    uint64_t fleet = 0;

    hmac_sha256(seed, &label, 1, digest);
    for (size_t i = 0; i < sizeof fleet; i++)
        fleet = fleet << 8 | digest[i];
    return fleet;
}

static void make_vin(uint64_t fleet, uint32_t index, char ret[18])
{
    char describing[5];
    uint64_t choice = fleet;

    /* A letter in position 7 says that the model year below is of 2010–2039. */
    for (size_t i = 0; i < sizeof describing; i++)
        describing[i] = vin_letter(&choice);
    char plant = vin_letters[index / VIN_PER_PLANT];
    snprintf(ret, 18, "WFS%.5s0T%c%06u", describing, plant, index % VIN_PER_PLANT);
    ret[VIN_CHECK] = vin_check_digit(ret);
}

static void append_luhn(char *digits)
{
    size_t len = strlen(digits);

    digits[len] = luhn_digit(digits);
    digits[len + 1] = '\0';
}

void identity_make(uint64_t fleet, uint32_t index, struct identity *ret)
{
    unsigned variety = (unsigned)(fleet % FLEET_VARIETIES);

    assert(index < IDENTITY_MAX);
    memset(ret, 0, sizeof *ret);
    ret->index = index;
    make_vin(fleet, index, ret->vin);
    memcpy(ret->thing_name, ret->vin, sizeof ret->vin);
    /* Reporting body 00 is for test equipment (GSMA TS.06); the TAC ends in the millions. */
    snprintf(ret->imei, sizeof ret->imei, "001%04u%07u", variety, index);
    append_luhn(ret->imei);
    snprintf(ret->iccid, sizeof ret->iccid, "8999901%04u%07u", variety, index);
    append_luhn(ret->iccid);
    snprintf(ret->msisdn, sizeof ret->msisdn, "+999%04u%08u", variety, index);
}
