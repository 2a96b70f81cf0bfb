/* A link over WebSocket, against a server that answers and frames by hand. */
#include "link_party.h"

#include <openssl/evp.h>

/* A party whose server is reached as ws:// or wss://. */
static void ws_init(struct party *p, bool tls)
{
    char url[64];

    party_init(p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
    if (tls)
        party_trust(p, &ca);
    endpoint_free(p->endpoint);
    snprintf(url, sizeof url, "%s://127.0.0.1:%u", tls ? "wss" : "ws", p->server.port);
    p->endpoint = endpoint_new(url, NULL);
    p->options.endpoint = p->endpoint;
}

static void wait_for_bytes(struct party *p, size_t len)
{
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;

    while (buf_len(&p->server.in) < len && clock_now() < limit)
        turn(p);
    assert_true(buf_len(&p->server.in) >= len);
}

/* Reads the request, and says yes, with `more` right behind. */
static void accept_upgrade(struct party *p, struct slice more)
{
    char key[64], text[128], answer[512];
    unsigned char digest[EVP_MAX_MD_SIZE], accept[64];
    unsigned len = 0;
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;

    while (strstr(buf_cstr(&p->server.in), "\r\n\r\n") == NULL && clock_now() < limit)
        turn(p);
    const char *request = buf_cstr(&p->server.in);
    assert_int_equal(strncmp(request, "GET /mqtt HTTP/1.1\r\n", 20), 0);
    assert_int_equal(sscanf(strstr(request, "Sec-WebSocket-Key:"), "Sec-WebSocket-Key: %63s", key),
                     1);
    snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    EVP_EncodeBlock(accept, digest, (int)len);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                     "Sec-WebSocket-Protocol: mqtt\r\n\r\n%.*s",
                     accept, SLICE_ARGS(more));
    buf_clear(&p->server.in);
    fake_server_send(&p->server, answer, (size_t)n);
}

static void ws_open(struct party *p)
{
    open_link(p);
    accept_upgrade(p, (struct slice){NULL, 0});
    assert_true(until(p, &p->opened, 1));
    assert_int_equal(p->connected, 1);
}

/* The next frame that the server got, unmasked: it must be that one. */
static void expect_frame(struct party *p, uint8_t first, const char *payload, size_t len)
{
    wait_for_bytes(p, 6 + len);
    const uint8_t *b = buf_data(&p->server.in);
    assert_int_equal(b[0], first);
    assert_int_equal(b[1], 0x80 | len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(b[6 + i] ^ b[2 + i % 4], (uint8_t)payload[i]);
    buf_consume(&p->server.in, 6 + len);
}

static void test_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct party p;
        ws_init(&p, i % 2 != 0);
        p.server.chunk = i < 2 ? 0 : 1;
        ws_open(&p);
        /* What is handed over in one turn leaves as one frame. */
        say_hello(&p);
        expect_frame(&p, 0x82, "hello", 5);
        fake_server_send(&p.server, "\x02\x02wo\x89\x01!\x80\x03rld", 12);
        assert_true(until(&p, &p.received, 5));
        assert_memory_equal(buf_data(&p.in), "world", 5);
        expect_frame(&p, 0x8a, "!", 1);
        assert_null(p.link.out.data);
        link_finish(&p.link);
        expect_frame(&p, 0x88, "\x03\xe8", 2);
        assert_null(p.link.websocket);
        assert_int_equal(p.closed, 0);
        party_done(&p);
    }
}

/* What waits for the upgrade, and what comes with its answer. */
static void test_early(void **state)
{
    struct party p;

    (void)state;
    ws_init(&p, true);
    open_link(&p);
    buf_append_str(&p.link.out, "CONNECT");
    accept_upgrade(&p, slice_str("\x82\x03yes"));
    assert_true(until(&p, &p.received, 3));
    assert_int_equal(p.opened, 1);
    assert_memory_equal(buf_data(&p.in), "yes", 3);
    expect_frame(&p, 0x82, "CONNECT", 7);
    party_done(&p);
}

static void test_large(void **state)
{
    enum { SIZE = 8 << 20 };
    uint8_t *data = malloc(SIZE);

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (int tls = 0; tls < 2; tls++) {
        struct party p;
        ws_init(&p, tls);
        ws_open(&p);
        ev_io_stop(p.loop->ev, &p.server.io);
        buf_append(&p.link.out, data, SIZE);
        link_kick(&p.link);
        for (int i = 0; i < 20; i++)
            turn(&p);
        assert_true(p.link.write_blocked);
        /* More of it while the socket takes none. */
        say(&p, "end");
        ev_io_start(p.loop->ev, &p.server.io);
        wait_for_bytes(&p, SIZE + 14 + 9);
        const uint8_t *b = buf_data(&p.server.in);
        assert_int_equal(b[1], 0xff);
        for (size_t i = 0; i < SIZE; i++)
            if ((b[14 + i] ^ b[10 + i % 4]) != data[i])
                fail_msg("byte %zu", i);
        buf_consume(&p.server.in, SIZE + 14);
        expect_frame(&p, 0x82, "end", 3);
        party_done(&p);
    }
    free(data);
}

static void test_refused(void **state)
{
    static const struct {
        const char *answer;
        enum link_failure why;
        const char *text;
    } cases[] = {
        {"HTTP/1.1 403 Forbidden\r\n\r\n", LINK_FAILURE_WEBSOCKET, "answered 403 Forbidden to the"},
        {"\x20\x03 xyz",                   LINK_FAILURE_WEBSOCKET, "not HTTP"                     },
        {"",                               LINK_FAILURE_TCP,       "during the WebSocket upgrade" },
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        const char *answer = cases[i / 2].answer;
        ws_init(&p, i % 2 != 0);
        open_link(&p);
        wait_for_bytes(&p, 10);
        assert_int_equal(p.link.state, LINK_UPGRADING);
        if (answer[0] != '\0')
            fake_server_send(&p.server, answer, strlen(answer));
        else
            fake_server_drop(&p.server);
        expect_failure(&p, cases[i / 2].why, cases[i / 2].text);
        assert_int_equal(p.opened, 0);
        party_done(&p);
    }
}

static void test_silence(void **state)
{
    struct party p;

    (void)state;
    ws_init(&p, false);
    p.options.tls_timeout = 50000;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TIMEOUT, "WebSocket upgrade at 127.0.0.1 port");
    party_done(&p);
}

static void test_ends(void **state)
{
    static const struct {
        const char *frame;
        size_t len;
        enum link_failure why;
        const char *text, *answer;
    } cases[] = {
        {"\x88\x05\x03\xe9"
         "bye",  7, LINK_FAILURE_TCP,       "WebSocket close 1001, going away: bye", "\x03\xe9"},
        {"\x88\x00",      2, LINK_FAILURE_TCP,       "WebSocket close 1005",                  "\x03\xe8"},
        {"\x81\x01x",     3, LINK_FAILURE_WEBSOCKET, "protocol: a text frame",                "\x03\xeb"},
        {"\x82\x81xxxxx", 7, LINK_FAILURE_WEBSOCKET, "protocol: a masked frame",              "\x03\xea"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct party p;
        ws_init(&p, false);
        ws_open(&p);
        fake_server_send(&p.server, cases[i].frame, cases[i].len);
        expect_failure(&p, cases[i].why, cases[i].text);
        expect_frame(&p, 0x88, cases[i].answer, 2);
        party_done(&p);
    }
}

static void close_it(struct party *p)
{
    link_close(&p->link);
}

static void reopen_it(struct party *p)
{
    p->on_opened = p->on_received = NULL;
    link_close(&p->link);
    open_link(p);
}

/* Two messages in one read, and the first one's event ends the connection. */
static void test_closing_inside_events(void **state)
{
    static void (*const actions[])(struct party *) = {close_it, reopen_it};

    (void)state;
    for (int where = 0; where < 2; where++) {
        for (size_t i = 0; i < 2; i++) {
            struct party p;
            ws_init(&p, true);
            *(where == 0 ? &p.on_opened : &p.on_received) = actions[i];
            open_link(&p);
            accept_upgrade(&p, slice_str("\x82\x01x\x82\x01y"));
            assert_true(until(&p, where == 0 ? &p.opened : &p.received, 1));
            for (int k = 0; k < 20; k++)
                turn(&p);
            assert_int_equal(p.received, where);
            assert_int_equal(p.closed, 0);
            party_done(&p);
        }
    }
}

/* A peer that asks and never reads costs no more than a little. */
static void test_ping_flood(void **state)
{
    struct party p;
    uint8_t pings[127 * 100];

    (void)state;
    for (size_t i = 0; i < sizeof pings; i++)
        pings[i] = i % 127 == 0 ? 0x89 : i % 127 == 1 ? 125 : 'p';
    ws_init(&p, false);
    ws_open(&p);
    for (int i = 0; i < 200; i++)
        fake_server_send(&p.server, pings, sizeof pings);
    fake_server_send(&p.server,
                     "\x82\x04"
                     "done",
                     6);
    assert_true(until(&p, &p.received, 4));
    assert_int_equal(p.closed, 0);
    party_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_early),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_closing_inside_events),
        cmocka_unit_test(test_ping_flood),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
