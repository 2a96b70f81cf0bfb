#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki/identity.h"

static void test_vin_examples(void **state)
{
    (void)state;
    static const struct {
        const char *vin;
        bool valid;
    } cases[] = {
        {"1M8GDM9AXKP042788",  true }, /* 49 CFR 565, and its check digit X */
        {"11111111111111111",  true },
        {"5GZCZ43D13S812715",  true },
        {"1G4AH59H45G118341",  true }, /* 49 CFR 565.15, worked example */
        {"1M8GDM9A0KP042788",  false},
        {"SGZCZ43D13S812715",  false},
        {"1M8GDM9AXKP04278",   false},
        {"1M8GDM9AXKP0427888", false},
        {"1M8GDM9AXKPO42788",  false},
        {"1M8GDM9AXKP04278I",  false},
        {"1M8GDM9AXKP04278Q",  false},
        {"1m8gdm9axkp042788",  false},
        {"",                   false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (vin_is_valid(cases[i].vin) != cases[i].valid)
            fail_msg("%s: expected %d", cases[i].vin, cases[i].valid);
    assert_int_equal(vin_check_digit("1M8GDM9A_KP042788"), 'X');
    assert_int_equal(vin_check_digit("1M8GDM9A"), 0);
    assert_int_equal(vin_check_digit("1M8GDM9A0"), 0);
}

static void test_luhn_examples(void **state)
{
    (void)state;
    static const struct {
        const char *digits;
        bool valid;
    } cases[] = {
        {"79927398713",      true },
        {"79927398710",      false},
        {"490154203237518",  true },
        {"490154203237517",  false},
        {"4111111111111111", true },
        {"17893729974",      true },
        {"1789372997a",      false},
        {"0",                false},
        {"",                 false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (luhn_is_valid(cases[i].digits) != cases[i].valid)
            fail_msg("%s: expected %d", cases[i].digits, cases[i].valid);
    assert_int_equal(luhn_digit("7992739871"), '3');
    assert_int_equal(luhn_digit("49015420323751"), '8');
}

static void check_form(const struct identity *id)
{
    if (!vin_is_valid(id->vin) || strncmp(id->vin, "WFS", 3) != 0)
        fail_msg("car %u: VIN %s", id->index, id->vin);
    if (strlen(id->imei) != 15 || !luhn_is_valid(id->imei))
        fail_msg("car %u: IMEI %s", id->index, id->imei);
    if (strlen(id->iccid) != 19 || !luhn_is_valid(id->iccid) || strncmp(id->iccid, "89", 2) != 0)
        fail_msg("car %u: ICCID %s", id->index, id->iccid);
    if (strlen(id->msisdn) != 16 || id->msisdn[0] != '+')
        fail_msg("car %u: MSISDN %s", id->index, id->msisdn);
    assert_string_equal(id->thing_name, id->vin);
}

/* The index as each number spells it: uniqueness follows, whatever the fleet. */
static uint32_t index_of_vin(const char *vin)
{
    static const char plants[] = "ABCDEFGHJK";
    return (uint32_t)(strchr(plants, vin[10]) - plants) * 1000000u +
           (uint32_t)strtoul(vin + 11, NULL, 10);
}

static uint32_t index_in(const char *digits, size_t from, size_t len)
{
    char part[16] = "";
    memcpy(part, digits + from, len);
    return (uint32_t)strtoul(part, NULL, 10);
}

static void check_index(const struct identity *id)
{
    assert_int_equal(index_of_vin(id->vin), id->index);
    assert_int_equal(index_in(id->imei, 7, 7), id->index);
    assert_int_equal(index_in(id->iccid, 11, 7), id->index);
    assert_int_equal(index_in(id->msisdn, 8, 8), id->index);
}

static void test_every_car_of_ten_million_is_its_own(void **state)
{
    (void)state;
    uint64_t fleet = identity_fleet(slice_str("42"));
    struct identity id;

    /* A prime step meets every digit pattern in every position. */
    for (uint32_t k = 0; k < IDENTITY_MAX; k += 97) {
        identity_make(fleet, k, &id);
        assert_int_equal(id.index, k);
        check_form(&id);
        check_index(&id);
    }
    identity_make(fleet, IDENTITY_MAX - 1, &id);
    check_form(&id);
    check_index(&id);
}

static void test_fleets_differ_and_repeat(void **state)
{
    (void)state;
    struct identity a, again, b;

    for (unsigned i = 0; i < 1000; i++) {
        char seed[16];
        snprintf(seed, sizeof seed, "%u", i);
        identity_make(identity_fleet(slice_str(seed)), 7, &a);
        identity_make(identity_fleet(slice_str(seed)), 7, &again);
        identity_make(identity_fleet(slice_str("other")), 7, &b);
        check_form(&a);
        assert_memory_equal(&a, &again, sizeof a);
        assert_string_not_equal(a.vin, b.vin);
    }
}

/* A fleet must stay itself across releases: these numbers may never change. */
static void test_identity_is_frozen(void **state)
{
    (void)state;
    struct identity id;

    identity_make(identity_fleet(slice_str("42")), 1234567, &id);
    assert_string_equal(id.vin, "WFSAYWRT0TB234567");
    assert_string_equal(id.imei, "001002212345677");
    assert_string_equal(id.iccid, "8999901002212345673");
    assert_string_equal(id.msisdn, "+999002201234567");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vin_examples),
        cmocka_unit_test(test_luhn_examples),
        cmocka_unit_test(test_every_car_of_ten_million_is_its_own),
        cmocka_unit_test(test_fleets_differ_and_repeat),
        cmocka_unit_test(test_identity_is_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
