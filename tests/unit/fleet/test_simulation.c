#include "base/rng.h"
#include "net/tls_options.h"
#include "support/lab.h"

#define CARS 500

static void add_and_remove_like_a_set(void **state)
{
    struct simulation sim = {0};
    struct vehicle *cars = xcalloc(CARS, sizeof *cars);
    bool in[CARS] = {false};
    size_t count = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, 5, 0);
    for (uint32_t i = 0; i < CARS; i++)
        identity_make(9, i, &cars[i].identity);
    assert_null(simulation_find(&sim, slice_str("nobody")));
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)rng_below(&rng, CARS);
        /* First it fills, then it empties. */
        if (!in[i] && rng_below(&rng, 100) < (step < 10000 ? 90u : 20u)) {
            simulation_add(&sim, &cars[i]);
            in[i] = true;
            count++;
        } else if (in[i] && rng_below(&rng, 100) < (step < 10000 ? 20u : 90u)) {
            simulation_remove(&sim, &cars[i]);
            in[i] = false;
            count--;
        }
        assert_int_equal(sim.vehicle_count, count);
        size_t k = (size_t)rng_below(&rng, CARS);
        assert_ptr_equal(simulation_find(&sim, slice_str(cars[k].identity.thing_name)),
                         in[k] ? &cars[k] : NULL);
    }
    for (size_t i = 0; i < CARS; i++) {
        assert_ptr_equal(simulation_find(&sim, slice_str(cars[i].identity.thing_name)),
                         in[i] ? &cars[i] : NULL);
        simulation_remove(&sim, &cars[i]); /* those that are out change nothing */
    }
    assert_int_equal(sim.vehicle_count, 0);
    free(sim.table);
    free(cars);
}

static void what_it_cannot_be_made_of(void **state)
{
    struct lab *lab = lab_new();
    const struct tls_options chosen = {.version = "1.3"};
    const struct {
        struct simulation_options options;
        const char *why;
    } cases[] = {
        {{.endpoint = "mqtt://127.0.0.1:1", .pki_dir = "/nowhere"},                           "/nowhere"},
        {{.endpoint = "gopher://x", .pki_dir = lab->dir},                                     "gopher"  },
        {{.endpoint = "mqtt://127.0.0.1:1", .pki_dir = lab->dir, .tls = &chosen},
         "TLS options given, but mqtt://127.0.0.1:1 is plain TCP"                                       },
        {{.endpoint = "mqtts://127.0.0.1:1", .pki_dir = lab->dir, .ca_file = "/nowhere.pem"},
         "/nowhere.pem"                                                                                 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_null(simulation_new(&cases[i].options, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s", err.text);
    }
    simulation_free(NULL);
    lab_free(lab);
}

static void two_at_once(void **state)
{
    struct lab *a = lab_new();
    struct lab *b = lab_new();

    (void)state;
    assert_ptr_not_equal(a->sim->loop, b->sim->loop);
    lab_free(a);
    lab_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_and_remove_like_a_set),
        cmocka_unit_test(what_it_cannot_be_made_of),
        cmocka_unit_test(two_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
