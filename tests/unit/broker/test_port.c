/* A port is set aside until its child binds it, and another's port is told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/port.h"

/* Listens on the port as Mosquitto does; -1 if that is not possible. */
static int listen_on(uint16_t number)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(number), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&to, sizeof to) == 0 && listen(fd, 1) == 0)
        return fd;
    close(fd);
    return -1;
}

static void is_kept_for_the_child(void **state)
{
    struct port a, b;
    struct error err;

    (void)state;
    assert_true(port_reserve(&a, "127.0.0.1", 0, &err));
    assert_true(a.number > 0);
    assert_true(port_reserve(&b, "127.0.0.1", 0, &err));
    assert_int_not_equal(a.number, b.number);
    int fd = listen_on(a.number);
    assert_true(fd >= 0);
    close(fd);
    port_release(&a);
    port_release(&a);
    port_release(&b);
}

static void used_port_is_an_error(void **state)
{
    struct port a, b;
    struct error err;

    (void)state;
    assert_true(port_reserve(&a, "127.0.0.1", 0, &err));
    int fd = listen_on(a.number);
    assert_false(port_reserve(&b, "127.0.0.1", a.number, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "already in use"));
    close(fd);
    port_release(&a);
}

static void bad_addresses(void **state)
{
    static const char *const addresses[] = {"localhost", "", "1.2.3", "203.0.113.1", "nonsense"};
    struct port port;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (*addresses[i] == '\0')
            continue;
        assert_false(port_reserve(&port, addresses[i], 0, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strchr(err.text, '('));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_kept_for_the_child),
        cmocka_unit_test(used_port_is_an_error),
        cmocka_unit_test(bad_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
