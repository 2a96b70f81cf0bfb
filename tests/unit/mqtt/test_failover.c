/* Which ends of a connection lead to another endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "mqtt/failover.h"
#include "net/endpoints.h"

static void test_due(void **state)
{
    static const struct {
        enum mqtt_close why;
        uint8_t code;
        bool online, due;
    } cases[] = {
        {MQTT_CLOSE_RESOLVE,    0,    false, true },
        {MQTT_CLOSE_TCP,        0,    false, true },
        {MQTT_CLOSE_TLS,        0,    false, true },
        {MQTT_CLOSE_TIMEOUT,    0,    false, true },
        {MQTT_CLOSE_PROTOCOL,   0,    false, true },
        {MQTT_CLOSE_REFUSED,    0x03, false, true },
        {MQTT_CLOSE_REFUSED,    0x88, false, true },
        {MQTT_CLOSE_REFUSED,    0x89, false, true },
        {MQTT_CLOSE_REFUSED,    0x9c, false, true },
        {MQTT_CLOSE_REFUSED,    0x9d, false, true },
        {MQTT_CLOSE_REFUSED,    0x9f, false, true },
 /* Another broker would say the same. */
        {MQTT_CLOSE_REFUSED,    0x05, false, false},
        {MQTT_CLOSE_REFUSED,    0x87, false, false},
 /* A connection that was there is looked for where it was. */
        {MQTT_CLOSE_TCP,        0,    true,  false},
        {MQTT_CLOSE_TLS,        0,    true,  false},
        {MQTT_CLOSE_KEEP_ALIVE, 0,    true,  false},
        {MQTT_CLOSE_PROTOCOL,   0x82, true,  false},
        {MQTT_CLOSE_SERVER,     0x8e, true,  false},
        {MQTT_CLOSE_SERVER,     0x8b, true,  true },
        {MQTT_CLOSE_SERVER,     0x9d, true,  true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqtt_closed closed = {.why = cases[i].why, .reason_code = cases[i].code};
        if (failover_is_due(&closed, cases[i].online) != cases[i].due)
            fail_msg("case %zu", i);
    }
}

static void test_goes_round(void **state)
{
    struct endpoints *list = endpoints_new("mqtt://10.0.0.1,ws://10.0.0.2", ENDPOINT_ORDER, NULL);
    struct endpoint *e = endpoints_at(list, 0);
    struct mqtt_closed refused = {.why = MQTT_CLOSE_TCP, .text = "cannot connect"};
    struct mqtt_closed lost = {.why = MQTT_CLOSE_TCP};

    (void)state;
    char *text = failover_end(&e, &lost, true);
    assert_string_equal(text, "mqtt://10.0.0.1:1883: ");
    assert_ptr_equal(e, endpoints_at(list, 0));
    free(text);
    text = failover_end(&e, &refused, false);
    assert_string_equal(text, "mqtt://10.0.0.1:1883: cannot connect");
    assert_ptr_equal(e, endpoints_at(list, 1));
    free(text);
    text = failover_end(&e, &refused, false);
    assert_string_equal(text, "ws://10.0.0.2:80/mqtt: cannot connect");
    assert_ptr_equal(e, endpoints_at(list, 0));
    free(text);
    endpoints_free(list);
}

static void test_alone(void **state)
{
    struct endpoints *list = endpoints_new("mqtt://10.0.0.1", ENDPOINT_ORDER, NULL);
    struct endpoint *e = endpoints_at(list, 0), *none = NULL;
    struct mqtt_closed refused = {.why = MQTT_CLOSE_TCP, .text = "cannot connect"};

    (void)state;
    assert_null(failover_end(&e, &refused, false));
    assert_ptr_equal(e, endpoints_at(list, 0));
    assert_null(failover_end(&none, &refused, false));
    endpoints_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_goes_round),
        cmocka_unit_test(test_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
