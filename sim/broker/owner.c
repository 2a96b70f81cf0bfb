#include "broker/owner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/timeunit.h"
#include "base/xmem.h"

#define TIMEOUT_MS  2000
#define REQUEST_MAX 131072 /* bytes of a payload (contract 6.8) */
#define PACKET_MAX  (REQUEST_MAX + 1024)
#define CONNACK     0x20
#define PUBLISH     0x30

/* A conversation in MQTT 3.1.1 with a broker of our own, which keeps to the protocol. */
struct talk {
    int fd;
    usec_t until;
    struct buf input;
};

static void put_string(struct buf *to, const char *text)
{
    size_t len = strlen(text);
    const uint8_t head[2] = {(uint8_t)(len >> 8), (uint8_t)len};

    buf_append(to, head, sizeof head);
    buf_append(to, text, len);
}

static bool send_packet(const struct talk *t, uint8_t kind, struct slice body)
{
    struct buf packet;
    size_t left = body.len;

    buf_init(&packet, PACKET_MAX);
    buf_append(&packet, &kind, 1);
    do {
        uint8_t digit = (uint8_t)(left % 128 | (left >= 128 ? 128 : 0));
        buf_append(&packet, &digit, 1);
        left /= 128;
    } while (left != 0);
    buf_append_slice(&packet, body);
    bool ok = !packet.overflow && send(t->fd, buf_slice(&packet).data, buf_len(&packet),
                                       MSG_NOSIGNAL) == (ssize_t)buf_len(&packet);
    buf_done(&packet);
    return ok;
}

/* With an id of its own: the broker may not have noticed yet that the last talk is over. */
static bool say_hello(const struct talk *t)
{
    static const uint8_t options[] = {4, 2, 0, 5};
    struct buf body;
    char id[32];

    snprintf(id, sizeof id, "fleet-%llu", (unsigned long long)t->until);
    buf_init(&body, 64);
    put_string(&body, "MQTT");
    buf_append(&body, options, sizeof options);
    put_string(&body, id);
    bool ok = send_packet(t, 0x10, buf_slice(&body));
    buf_done(&body);
    return ok;
}

static bool ask(const struct talk *t, const char *topic, struct slice payload)
{
    struct buf body;

    buf_init(&body, PACKET_MAX - 16);
    put_string(&body, topic);
    buf_append_slice(&body, payload);
    bool ok = !body.overflow && send_packet(t, PUBLISH, buf_slice(&body));
    buf_done(&body);
    return ok;
}

/* The body of the first packet, if it is all there; where it ends. */
static bool first_packet(struct slice in, struct slice *ret_body, size_t *ret_end)
{
    size_t len = 0;
    size_t at = 1;

    for (unsigned shift = 0; at < in.len; shift += 7) {
        uint8_t digit = in.data[at++];
        len |= (size_t)(digit & 127) << shift;
        if (digit >= 128)
            continue;
        if (in.len - at < len)
            return false;
        *ret_body = slice_of(in.data + at, len);
        *ret_end = at + len;
        return true;
    }
    return false;
}

static bool receive_some(struct talk *t)
{
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    usec_t now = clock_now();
    uint8_t *room = buf_reserve(&t->input, 4096);

    if (room == NULL || now >= t->until)
        return false;
    /* Signals may interrupt both. */
    int ready = poll(&p, 1, (int)((t->until - now) / USEC_PER_MSEC) + 1);
    ssize_t n = ready > 0 ? recv(t->fd, room, 4096, 0) : ready;
    if (n > 0)
        buf_commit(&t->input, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Waits for a packet of that kind; its body stays in the input. */
static bool await(struct talk *t, uint8_t kind, struct slice *ret_body)
{
    size_t end = 0;

    for (;;) {
        struct slice in = buf_slice(&t->input);
        while (in.len > 1 && first_packet(in, ret_body, &end)) {
            if ((in.data[0] & 0xf0) == kind)
                return true;
            in = slice_of(in.data + end, in.len - end);
        }
        if (!receive_some(t))
            return false;
    }
}

/* A PUBLISH of QoS 1, which is how answers to one client come. */
static bool read_answer(struct slice body, struct owner_answer *ret)
{
    size_t topic = body.len >= 2 ? (size_t)body.data[0] << 8 | body.data[1] : 0;
    size_t head = 2 + topic + 2;

    if (body.len < head)
        return false;
    ret->topic = xstrndup((const char *)body.data + 2, topic);
    ret->len = body.len - head;
    ret->payload = xstrndup((const char *)body.data + head, ret->len);
    return true;
}

bool owner_ask(const char *socket_path, const char *topic, struct slice payload,
               struct owner_answer *ret, struct error *err)
{
    struct talk t = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                     .until = clock_now() + TIMEOUT_MS * USEC_PER_MSEC};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct slice body = slice_of(NULL, 0);

    *ret = (struct owner_answer){0};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", socket_path);
    buf_init(&t.input, PACKET_MAX);
    bool ok = t.fd >= 0 && connect(t.fd, (struct sockaddr *)&name, sizeof name) == 0 &&
              say_hello(&t) && await(&t, CONNACK, &body);
    buf_clear(&t.input);
    ok = ok && ask(&t, topic, payload) && await(&t, PUBLISH, &body) && read_answer(body, ret);
    if (!ok)
        error_set(err, ERROR_TARGET, "the local cloud does not answer");
    buf_done(&t.input);
    if (t.fd >= 0)
        close(t.fd);
    return ok;
}

void owner_answer_done(struct owner_answer *answer)
{
    free(answer->topic);
    free(answer->payload);
    *answer = (struct owner_answer){0};
}
