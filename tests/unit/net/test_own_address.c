#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "net/own_address.h"

static bool owns(const char *text)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a;

    if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
        a.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
        a.ss_family = AF_INET6;
    four->sin_port = htons(8883);
    return own_address(&a);
}

static void the_loopback_is_ours(void **state)
{
    (void)state;
    assert_true(owns("127.0.0.1"));
    assert_true(owns("127.200.3.4"));
    assert_true(owns("::1"));
    assert_true(owns("::ffff:127.0.0.1"));
}

/* Addresses for documentation, which nobody has. */
static void others_are_not(void **state)
{
    (void)state;
    assert_false(owns("198.51.100.77"));
    assert_false(owns("2001:db8::77"));
    assert_false(owns("::ffff:198.51.100.77"));
    assert_false(owns("no address"));
}

static void each_interface_is(void **state)
{
    struct ifaddrs *all;

    (void)state;
    assert_int_equal(getifaddrs(&all), 0);
    for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        struct sockaddr_storage a = {0};
        if (i->ifa_addr == NULL ||
            (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
            continue;
        memcpy(&a, i->ifa_addr,
               i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                 : sizeof(struct sockaddr_in6));
        assert_true(own_address(&a));
    }
    freeifaddrs(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loopback_is_ours),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(each_interface_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
