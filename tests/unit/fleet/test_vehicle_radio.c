#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xmem.h"
#include "fleet/vehicle_radio.h"
#include "support/lab.h"

static void ignore(void *ctx, struct vehicle *v)
{
    (void)v;
    ++*(unsigned *)ctx;
}

static void ignore_state(void *ctx, struct vehicle *v, enum tcu_state from, enum tcu_state to)
{
    (void)ctx;
    (void)v;
    (void)from;
    (void)to;
}

static const struct behaviour_ops behaviour = {.changed = ignore, .state = ignore_state};

static const struct radio_profile *named(const char *name)
{
    return radio_profile_find(slice_str(name));
}

static void a_car_has_a_radio_from_the_first_network_that_is_none_but_perfect(void **state)
{
    struct lab *lab = lab_new();
    struct signal_schema *schema = signal_schema_new("test");
    struct error err;
    unsigned changed = 0;

    (void)state;
    signal_schema_seal(schema);
    struct vehicle *v = vehicle_new(lab->sim, &(struct vehicle_birth){.schema = schema}, &behaviour,
                                    &changed, &err);
    assert_non_null(v);
    assert_null(vehicle_radio(v));
    assert_true(vehicle_radio_attached(v));
    assert_true(vehicle_radio_set(v, named("perfect"), &err));
    assert_null(vehicle_radio(v));

    /* Without power it is on no network, and attaches when power comes. */
    assert_true(vehicle_radio_set(v, named("lte_good"), &err));
    assert_true(changed > 0);
    assert_int_equal(vehicle_radio(v)->state, RADIO_DETACHED);
    assert_false(vehicle_radio_attached(v));
    tcu_power_on(v->tcu);
    assert_int_equal(vehicle_radio(v)->state, RADIO_ATTACHING);
    assert_int_equal(v->tcu->state, TCU_CONNECTING);
    assert_int_equal(lab->sim->gate.inside, 0); /* not its turn before there is a network */

    assert_true(vehicle_radio_set(v, named("tunnel"), &err));
    assert_int_equal(vehicle_radio(v)->state, RADIO_DETACHED);
    assert_true(vehicle_radio_set(v, named("perfect"), &err));
    assert_true(vehicle_radio_attached(v));
    assert_int_equal(lab->sim->gate.inside, 1);
    vehicle_free(v);
    signal_schema_free(schema);
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_car_has_a_radio_from_the_first_network_that_is_none_but_perfect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
