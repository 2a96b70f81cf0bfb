#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "paho/paho_nodelay.h"

static void test_ports(void **state)
{
    static const struct {
        const char *uri;
        uint16_t port;
    } cases[] = {
        {"mqtts://localhost:1234", 1234},
        {"mqtts://[::1]:1234",     1234},
        {"mqtts://[::1]",          8883},
        {"wss://host:444/mqtt",    444 },
        {"wss://host/mqtt:9",      443 },
        {"mqtt://host",            1883},
        {"host:99999",             0   },
        {"host",                   0   },
        {"",                       0   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(paho_nodelay_port(cases[i].uri), cases[i].port);
}

static int option(int fd)
{
    int on = -1;
    socklen_t len = sizeof on;

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    return on != 0;
}

/* Only what is connected to that port. */
static void test_sockets(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
    int server = accept(listener, NULL, NULL);
    paho_nodelay(0);
    assert_false(option(client));
    paho_nodelay(ntohs(address.sin_port));
    assert_true(option(client));
    assert_false(option(server));
    close(server);
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_sockets),
    };

    return cmocka_run_group_tests_name("paho_nodelay", tests, NULL, NULL);
}
