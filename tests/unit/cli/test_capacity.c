#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/capacity.h"

static const struct capacity_car native = {.descriptors = 1, .binds = true};
static const struct capacity_car paho = {.descriptors = 2};

static void descriptors_are_counted(void **state)
{
    struct rlimit old, low = {.rlim_cur = 300};
    struct error err;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &old);
    low.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &low);
    uint64_t room = capacity_of_descriptors(&native);
    getrlimit(RLIMIT_NOFILE, &low);
    assert_true(low.rlim_cur == old.rlim_max); /* raised by itself */
    setrlimit(RLIMIT_NOFILE, &old);
    if (room == UINT64_MAX)
        skip();
    assert_int_equal(room, old.rlim_max - 256);
    assert_int_equal(capacity_of_descriptors(&paho), room / 2);
    assert_true(capacity_check_descriptors(&native, room, &err));
    assert_false(capacity_check_descriptors(&native, room + 1, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "ulimit -n"));
    assert_false(capacity_check_descriptors(&paho, room, &err));
    setrlimit(RLIMIT_NOFILE, &old);
}

static void ports_are_counted(void **state)
{
    static const struct {
        const struct capacity_car *car;
        uint64_t vehicles;
        const char *host;
        size_t addresses;
        const char *range, *says; /* NULL: enough */
    } cases[] = {
        {&native, 28232, "127.0.0.1", 0, "32768\t60999\n", NULL                                     },
        {&native, 28233, "127.0.0.1", 0, "32768\t60999\n", "--source-address 127.0.0.1,127.0.0.2,"  },
        {&native, 28233, "localhost", 1, "32768 60999",    "at each of 1 local address:"            },
        {&native, 56464, "127.0.0.1", 2, "32768 60999",    NULL                                     },
        {&native, 56465, "127.0.0.1", 2, "32768 60999",    "127.0.0.1,127.0.0.2,127.0.0.3,"         },
        {&native, 201,   "iot.test",  1, "1001 1100",      "--source-address ADDRESS1,ADDRESS2,ADDR"},
        {&native, 9999,  "127.0.0.1", 1, "1001 1100",      "127.0.0.16,… (100)"                   },
        {&paho,   28233, "127.0.0.1", 0, "32768 60999",    "sysctl -w net.ipv4.ip_local_port_range" },
        {&native, 99999, "127.0.0.1", 0, "what is this",   NULL                                     },
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        err.text[0] = '\0';
        bool enough = capacity_check_ports(cases[i].car, cases[i].vehicles, cases[i].host,
                                           cases[i].addresses, cases[i].range, &err);
        if (enough != (cases[i].says == NULL) ||
            (!enough && strstr(err.text, cases[i].says) == NULL))
            fail_msg("case %zu: %s", i, err.text);
        if (cases[i].car == &paho)
            assert_null(strstr(err.text, "--source-address"));
    }
    assert_true(capacity_check_ports(&native, 1, "127.0.0.1", 0, NULL, &err));
}

static void addresses_fit_the_room(void **state)
{
    char list[24];

    (void)state;
    capacity_name_addresses("127.0.0.1", 3, list, sizeof list);
    assert_string_equal(list, "127.0.0.1,127.0.0.2,127");
    capacity_name_addresses("broker", 0, list, sizeof list);
    assert_string_equal(list, "");
}

#define MB (UINT64_C(1024) * 1024)

static void memory_is_counted(void **state)
{
    struct error err;

    (void)state;
    assert_true(capacity_of_memory() > MB);
    assert_true(capacity_check_memory(&native, 1000000, true, UINT64_MAX, &err));
    assert_true(capacity_check_memory(&native, 10000, false, 512 * MB, &err));
    assert_false(capacity_check_memory(&native, 10000, true, 512 * MB, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "10000 vehicles need about"));
    assert_non_null(strstr(err.text, "the local cloud included"));
    assert_non_null(strstr(err.text, "--vehicles 4700 fit"));
    assert_true(capacity_check_memory(&native, 4700, true, 512 * MB, &err));
    assert_false(capacity_check_memory(&paho, 10000, false, 512 * MB, &err));
    assert_false(capacity_check_memory(&native, 1, false, MB, &err));
    assert_non_null(strstr(err.text, "--vehicles 0 fit"));
}

static void rates_are_compared_with_what_was_seen(void **state)
{
    struct capacity_load load = {.vehicles = 3000, .cpus = 2, .own_cloud = true};
    struct error err;

    (void)state;
    load.connects_per_s = 600;
    load.commands_per_s = 2000;
    assert_true(capacity_check_rates(&load, &err));
    load.connects_per_s = 601;
    assert_false(capacity_check_rates(&load, &err));
    assert_non_null(strstr(err.text, "(--ramp 5s)"));
    load.connects_per_s = 0;
    load.commands_per_s = 2001;
    assert_false(capacity_check_rates(&load, &err));
    assert_non_null(strstr(err.text, "with the local cloud beside it"));
    load.own_cloud = false;
    assert_true(capacity_check_rates(&load, &err));
    load.telemetry_per_s = 10000;
    assert_false(capacity_check_rates(&load, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_counted),
        cmocka_unit_test(ports_are_counted),
        cmocka_unit_test(memory_is_counted),
        cmocka_unit_test(rates_are_compared_with_what_was_seen),
        cmocka_unit_test(addresses_fit_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
