/*
 * Local addresses in turn.
 */
#include "link_party.h"

#include "net/sources.h"

static void test_lists(void **state)
{
    static const struct {
        const char *list;
        size_t count;     /* 0: refused */
        const char *text; /* why */
    } cases[] = {
        {"127.0.0.1",              1, NULL                           },
        {"127.0.0.1,127.0.0.2",    2, NULL                           },
        {"127.0.0.1, 127.0.0.9, ", 2, NULL                           },
        {"",                       0, "none given"                   },
        {"localhost",              0, "\"localhost\": not an IP"     },
        {"127.0.0.1,1.2.3",        0, "\"1.2.3\": not an IP address" },
        {"192.0.2.1",              0, "source address 192.0.2.1: Can"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = {0};
        struct sources *s = sources_new(cases[i].list, &err);
        assert_int_equal(s != NULL, cases[i].count != 0);
        if (s != NULL) {
            assert_int_equal(sources_count(s), cases[i].count);
        } else {
            assert_int_equal(err.code, ERROR_USAGE);
            if (strstr(err.text, cases[i].text) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].text);
        }
        sources_free(s);
    }
}

static void test_in_turn(void **state)
{
    static const char *const expected[] = {"127.0.0.2", "127.0.0.3", "127.0.0.2"};
    struct sources *s = sources_new("127.0.0.2,127.0.0.3", NULL);
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    p.net->sources = s;
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_in peer = {0};
        socklen_t len = sizeof peer;
        char text[INET_ADDRSTRLEN];
        p.opened = p.connected = p.received = 0;
        buf_clear(&p.in);
        echo_once(&p);
        assert_int_equal(getpeername(p.server.fd, (struct sockaddr *)&peer, &len), 0);
        inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
        assert_string_equal(text, expected[i]);
        assert_int_not_equal(peer.sin_port, 0);
        link_finish(&p.link);
    }
    party_done(&p);
    sources_free(s);
}

static void test_port_ranges(void **state)
{
    (void)state;
    assert_int_equal(sources_ports("32768\t60999\n"), 28232);
    assert_int_equal(sources_ports("5 5"), 1);
    assert_int_equal(sources_ports("6 5"), 0);
    assert_int_equal(sources_ports("1 70000"), 0);
    assert_int_equal(sources_ports(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_port_ranges),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
