/* A name with several addresses, of which some are of no use. The look-up is this program's own. */
#include "link_party.h"

#include <netdb.h>

static const char *answers[4];

static struct addrinfo *make_answer(const char *address, const char *port, struct addrinfo *next)
{
    struct addrinfo *a = calloc(1, sizeof *a);
    struct sockaddr_in *to = calloc(1, sizeof *to);

    to->sin_family = AF_INET;
    to->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    inet_pton(AF_INET, address, &to->sin_addr);
    a->ai_family = AF_INET;
    a->ai_addr = (struct sockaddr *)to;
    a->ai_addrlen = sizeof *to;
    a->ai_next = next;
    return a;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)host;
    *ret = NULL;
    if ((hints->ai_flags & AI_NUMERICHOST) != 0)
        return EAI_NONAME;
    for (size_t i = 4; i > 0; i--)
        if (answers[i - 1] != NULL)
            *ret = make_answer(answers[i - 1], port, *ret);
    return *ret != NULL ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static void set_answers(const char *a, const char *b, const char *c)
{
    answers[0] = a;
    answers[1] = b;
    answers[2] = c;
}

static void connect_once(struct party *p)
{
    unsigned before = p->opened;

    open_link(p);
    assert_true(until(p, &p->opened, before + 1));
    assert_int_equal(p->closed, 0);
    /* The server has one address only. */
    assert_string_equal(answers[p->link.at], "127.0.0.1");
    link_close(&p->link);
}

static void test_refused_ones(void **state)
{
    struct party p;

    (void)state;
    set_answers("127.0.0.2", "127.0.0.3", "127.0.0.1");
    party_init(&p, NULL, "cluster.test");
    for (int i = 0; i < 3; i++)
        connect_once(&p);
    /* Now all are known, and nobody tries the useless ones first any more. */
    for (int i = 0; i < 6; i++) {
        connect_once(&p);
        assert_int_equal(p.link.tried, 1 << 2);
    }
    party_done(&p);
}

/* A listener whose backlog is full drops SYNs: that costs a part of the time only. */
static void test_silent_one(void **state)
{
    struct party p;
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fillers[4], deaf = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    set_answers("127.0.0.2", "127.0.0.1", NULL);
    party_init(&p, NULL, "cluster.test");
    at.sin_port = htons(p.server.port);
    inet_pton(AF_INET, "127.0.0.2", &at.sin_addr);
    assert_int_equal(bind(deaf, (struct sockaddr *)&at, sizeof at), 0);
    listen(deaf, 0);
    for (size_t i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    p.options.tcp_timeout = 2 * USEC_PER_SEC;
    /* Whichever comes first. */
    connect_once(&p);
    connect_once(&p);
    connect_once(&p);
    assert_int_equal(p.link.tried, 1 << 1);
    for (size_t i = 0; i < 4; i++)
        close(fillers[i]);
    close(deaf);
    party_done(&p);
}

static void test_none(void **state)
{
    struct party p;

    (void)state;
    set_answers("127.0.0.2", "127.0.0.3", "127.0.0.4");
    party_init(&p, NULL, "cluster.test");
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TCP, "cannot connect to cluster.test port");
    assert_int_equal(p.link.tried, 7);
    party_done(&p);
}

/* All good: a fleet spreads over them. */
static void test_spread(void **state)
{
    struct endpoint *e = endpoint_new("mqtt://cluster.test", NULL);
    size_t index = 0, counts[3] = {0};

    (void)state;
    set_answers("127.0.0.2", "127.0.0.3", "127.0.0.4");
    assert_true(endpoint_resolve(e, NULL));
    for (int i = 0; i < 300; i++) {
        assert_true(endpoint_pick(e, 0, &index));
        counts[index]++;
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(counts[i], 100);
    endpoint_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_ones),
        cmocka_unit_test(test_silent_one),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_spread),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
