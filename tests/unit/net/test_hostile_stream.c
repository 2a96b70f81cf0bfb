/*
 * A link over a stream that gives and takes single bytes, and between any two of them says that it
 * cannot: recv() and send() of this program are our own for the link's socket. TLS then meets
 * WANT_READ and WANT_WRITE at every place there is.
 */
#include "link_party.h"

enum pace {
    WHOLE,
    BYTES,     /* one at a time */
    STUTTER,   /* one at a time, and EAGAIN before each */
    SLOW_READ, /* STUTTER to read, WHOLE to write */
    SLOW_WRITE,
    UNEVEN, /* EAGAIN a third of the time, else up to 17 bytes */
    NO_WRITE,
    PACE_COUNT
};

static struct {
    int fd; /* of the link */
    enum pace read, write;
    unsigned reads, writes, refused;
    uint32_t random;
} stream = {.fd = -1};

static uint32_t any(void)
{
    stream.random ^= stream.random << 13;
    stream.random ^= stream.random >> 17;
    stream.random ^= stream.random << 5;
    return stream.random;
}

/* How many bytes may pass now; 0: none. */
static size_t allowance(enum pace pace, unsigned call, size_t len)
{
    size_t most = len;

    switch (pace) {
    case BYTES:
        most = 1;
        break;
    case STUTTER:
        most = call % 2;
        break;
    case UNEVEN:
        most = any() % 3 == 0 ? 0 : 1 + any() % 17;
        break;
    case NO_WRITE:
        most = 0;
        break;
    case WHOLE:
    case SLOW_READ:
    case SLOW_WRITE:
    case PACE_COUNT:
        break;
    }
    return most < len ? most : len;
}

static bool refuse(size_t len)
{
    if (len != 0)
        return false;
    stream.refused++;
    errno = EAGAIN;
    return true;
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    if (fd == stream.fd) {
        len = allowance(stream.read, stream.reads++, len);
        if (refuse(len))
            return -1;
    }
    return recvfrom(fd, data, len, flags, NULL, NULL);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    if (fd == stream.fd) {
        len = allowance(stream.write, stream.writes++, len);
        if (refuse(len))
            return -1;
    }
    return sendto(fd, data, len, flags, NULL, 0);
}

static void pace_stream(const struct party *p, enum pace pace)
{
    stream.fd = p->link.fd;
    stream.reads = stream.writes = stream.refused = 0;
    stream.random = 2463534242u;
    stream.read = pace == SLOW_READ ? STUTTER : pace == SLOW_WRITE ? WHOLE : pace;
    stream.write = pace == SLOW_WRITE ? STUTTER : pace == SLOW_READ ? WHOLE : pace;
}

#define SIZE_MOST 70000
static uint8_t pattern[SIZE_MOST];

static const struct protocol {
    const char *name;
    int version; /* 0: no TLS */
} protocols[] = {
    {"TCP",     0             },
    {"TLS 1.2", TLS1_2_VERSION},
    {"TLS 1.3", TLS1_3_VERSION},
};

static void begin(struct party *p, const struct protocol *protocol, enum pace pace)
{
    SSL_CTX *tls = NULL;

    if (protocol->version != 0) {
        tls = fake_server_tls(&server_cert, &ca);
        SSL_CTX_set_min_proto_version(tls, protocol->version);
        SSL_CTX_set_max_proto_version(tls, protocol->version);
    }
    party_init(p, tls, "127.0.0.1");
    static struct tls_identity identity;
    identity = identity_of(&client_cert);
    p->options.identity = &identity;
    if (tls != NULL)
        party_trust(p, &ca);
    open_link(p);
    pace_stream(p, pace);
    assert_true(until(p, &p->opened, 1));
    while ((p->server.fd < 0 || (tls != NULL && !SSL_is_init_finished(p->server.ssl))) && turn(p))
        ;
}

static void end(struct party *p)
{
    stream.fd = -1;
    party_done(p);
}

static void server_gets(struct party *p, size_t size)
{
    usec_t limit = clock_now() + 60 * USEC_PER_SEC;

    while (buf_len(&p->server.in) < size && clock_now() < limit)
        turn(p);
    assert_int_equal(buf_len(&p->server.in), size);
    if (size != 0)
        assert_memory_equal(buf_data(&p->server.in), pattern, size);
    buf_clear(&p->server.in);
}

static void link_gets(struct party *p, size_t size)
{
    usec_t limit = clock_now() + 60 * USEC_PER_SEC;

    while (buf_len(&p->in) < size && clock_now() < limit)
        turn(p);
    assert_int_equal(buf_len(&p->in), size);
    if (size != 0)
        assert_memory_equal(buf_data(&p->in), pattern, size);
    buf_clear(&p->in);
}

static void link_sends(struct party *p, size_t size)
{
    assert_true(buf_append(&p->link.out, pattern, size));
    link_kick(&p->link);
}

static void there_and_back(struct party *p, size_t size)
{
    link_sends(p, size);
    server_gets(p, size);
    fake_server_send(&p->server, pattern, size);
    link_gets(p, size);
    /* Both at once. */
    link_sends(p, size);
    fake_server_send(&p->server, pattern, size);
    server_gets(p, size);
    link_gets(p, size);
    turn(p);
    assert_null(p->link.out.data);
    assert_false(p->link.write_blocked);
    assert_int_equal(p->closed, 0);
}

/* Around the sizes of a TLS record and of the link's read buffer. */
static void test_sizes(void **state)
{
    static const size_t sizes[] = {0,     1,     2,     5,     255,   4095, 4096,
                                   16383, 16384, 16385, 32768, 65536, 70000};
    /* A turn of the loop for each byte takes its time. */
    static const size_t most[] = {[WHOLE] = 70000,   [BYTES] = 70000,    [STUTTER] = 4096,
                                  [SLOW_READ] = 255, [SLOW_WRITE] = 255, [UNEVEN] = 70000};

    (void)state;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        for (unsigned pace = WHOLE; pace < NO_WRITE; pace++) {
            struct party p;
            begin(&p, &protocols[i], (enum pace)pace);
            for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
                if (sizes[k] <= most[pace])
                    there_and_back(&p, sizes[k]);
            assert_int_equal(stream.refused != 0, pace != WHOLE && pace != BYTES);
            stream.read = stream.write = WHOLE;
            fake_server_drop(&p.server);
            expect_failure(&p, LINK_FAILURE_TCP, "closed by the peer");
            end(&p);
        }
    }
}

/* The server changes its keys, asks for a change of ours, or both, between and amid messages. */
static void test_key_updates(void **state)
{
    static const int kinds[] = {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED};

    (void)state;
    for (unsigned pace = WHOLE; pace < NO_WRITE; pace++) {
        struct party p;
        begin(&p, &protocols[2], (enum pace)pace);
        for (size_t i = 0; i < 12; i++) {
            assert_int_equal(SSL_key_update(p.server.ssl, kinds[i % 2]), 1);
            there_and_back(&p, i < 10 ? 100 * i + 1 : 3000);
        }
        /* While we write. */
        link_sends(&p, 8000);
        for (unsigned i = 0; i < 20; i++) {
            SSL_key_update(p.server.ssl, SSL_KEY_UPDATE_REQUESTED);
            fake_server_send(&p.server, pattern + i, 1);
            for (int k = 0; k < 50; k++)
                turn(&p);
        }
        server_gets(&p, 8000);
        link_gets(&p, 20);
        end(&p);
    }
}

/* The answer to a change of keys finds the socket full: nothing can be read before it is written,
   so that waiting for bytes to read would spin. */
static void test_key_update_into_a_full_socket(void **state)
{
    struct party p;

    (void)state;
    begin(&p, &protocols[2], WHOLE);
    there_and_back(&p, 1);
    SSL_key_update(p.server.ssl, SSL_KEY_UPDATE_REQUESTED);
    fake_server_send(&p.server, pattern, 1);
    link_gets(&p, 1);
    stream.write = NO_WRITE;
    link_sends(&p, 100);
    for (int i = 0; i < 10; i++)
        turn(&p);
    assert_true(p.link.write_blocked);
    fake_server_send(&p.server, pattern, 1000);
    for (int i = 0; i < 100; i++)
        turn(&p);
    assert_int_equal(buf_len(&p.in), 0);
    assert_int_equal(p.link.watching, EV_WRITE);
    stream.write = STUTTER;
    link_gets(&p, 1000);
    server_gets(&p, 100);
    assert_int_equal(p.link.watching, EV_READ);
    there_and_back(&p, 5000);
    end(&p);
}

/* We renegotiate with nobody. OpenSSL's server takes no for an answer badly; if our refusal finds
   the socket full it is lost, or ends the connection in words. */
static void test_renegotiation_is_refused(void **state)
{
    (void)state;
    for (unsigned pace = WHOLE; pace < NO_WRITE; pace++) {
        struct party p;
        begin(&p, &protocols[1], (enum pace)pace);
        there_and_back(&p, 10);
        SSL_renegotiate(p.server.ssl);
        SSL_do_handshake(p.server.ssl);
        for (int i = 0; i < 1000; i++)
            turn(&p);
        if (p.closed == 0)
            link_sends(&p, 1);
        for (int i = 0; i < 1000; i++)
            turn(&p);
        bool lost = pace == STUTTER || pace == SLOW_WRITE || pace == UNEVEN;
        assert_true(p.closed != 0 || lost);
        if (lost)
            assert_true(p.closed == 0 || strlen(p.text) > 10);
        else if (p.why == LINK_FAILURE_TLS)
            assert_non_null(strstr(p.text, "handshake failure"));
        else
            assert_string_equal(p.text, "closed by the peer");
        end(&p);
    }
}

/* The stream breaks after each number of bytes that a handshake has: always a sentence, never a
   hang, and the link opens again. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 1; i < 3; i++) {
        unsigned cut = 1;
        for (bool opened = false; !opened; cut += cut < 20 ? 1 : 97) {
            struct party p;
            SSL_CTX *tls = fake_server_tls(&server_cert, NULL);
            SSL_CTX_set_max_proto_version(tls, protocols[i].version);
            party_init(&p, tls, "127.0.0.1");
            party_trust(&p, &ca);
            open_link(&p);
            pace_stream(&p, BYTES);
            while (stream.reads < cut && p.opened == 0 && p.closed == 0) {
                /* BYTES reads all there is in one go: stop in the middle. */
                stream.read = stream.reads + 64 < cut ? BYTES : STUTTER;
                turn(&p);
            }
            opened = p.opened != 0;
            if (!opened) {
                fake_server_drop(&p.server);
                stream.read = BYTES;
                assert_true(until(&p, &p.closed, 1));
                assert_int_equal(p.why, LINK_FAILURE_TCP);
                assert_true(strlen(p.text) > 10);
            }
            end(&p);
        }
        assert_true(cut > 200);
    }
}

static int prepare(void **state)
{
    for (size_t i = 0; i < SIZE_MOST; i++)
        pattern[i] = (uint8_t)(i * 7 + i / 251);
    return make_certificates(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_key_updates),
        cmocka_unit_test(test_key_update_into_a_full_socket),
        cmocka_unit_test(test_renegotiation_is_refused),
        cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, prepare, free_certificates);
}
