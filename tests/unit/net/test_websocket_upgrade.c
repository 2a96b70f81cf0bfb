/* The HTTP upgrade: the standard's own key, and every way in which an answer can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/websocket_upgrade.h"

/* RFC 6455 1.3: "dGhlIHNhbXBsZSBub25jZQ==" and what belongs to it. */
static const uint8_t nonce[WEBSOCKET_NONCE_SIZE] = "the sample nonce";
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define FIELDS "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define MQTT   "Sec-WebSocket-Protocol: mqtt\r\n"

static enum websocket_answer answer(const char *text, bool slow, size_t *ret_left,
                                    struct error *err)
{
    struct websocket_upgrade u;
    enum websocket_answer result = WEBSOCKET_INCOMPLETE;
    struct slice input = slice_str(text);

    *err = (struct error){0};
    websocket_upgrade_init(&u, nonce);
    if (!slow)
        result = websocket_upgrade_next(&u, &input, err);
    while (slow && input.len > 0 && result == WEBSOCKET_INCOMPLETE) {
        struct slice one = slice_of(input.data, 1);
        input = slice_of(input.data + 1, input.len - 1);
        result = websocket_upgrade_next(&u, &one, err);
        assert_int_equal(one.len, 0);
    }
    *ret_left = input.len;
    websocket_upgrade_done(&u);
    return result;
}

static void test_request(void **state)
{
    struct websocket_upgrade u;
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    websocket_upgrade_init(&u, nonce);
    assert_true(websocket_upgrade_request(&u, "[::1]:8080", "/mqtt?a=b", &out));
    assert_string_equal(buf_cstr(&out), "GET /mqtt?a=b HTTP/1.1\r\n"
                                        "Host: [::1]:8080\r\n"
                                        "Upgrade: websocket\r\n"
                                        "Connection: Upgrade\r\n"
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                        "Sec-WebSocket-Version: 13\r\n"
                                        "Sec-WebSocket-Protocol: mqtt\r\n"
                                        "\r\n");
    websocket_upgrade_done(&u);
    buf_done(&out);
}

static void test_accepted(void **state)
{
    static const char *const texts[] = {
        SWITCH FIELDS ACCEPT MQTT "\r\n",
        SWITCH MQTT ACCEPT FIELDS "Server: x\r\nX-Empty:\r\n\r\n",
        "HTTP/1.1 101\r\nupgrade:WebSocket\r\nCONNECTION: keep-alive , upgrade \r\n" ACCEPT MQTT
        "\r\n",
    };
    size_t left;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char early[512];
        assert_int_equal(answer(texts[i], false, &left, &err), WEBSOCKET_ACCEPTED);
        assert_int_equal(left, 0);
        assert_int_equal(answer(texts[i], true, &left, &err), WEBSOCKET_ACCEPTED);
        /* What comes after the header is not its own. */
        snprintf(early, sizeof early, "%s%s", texts[i], "abc");
        assert_int_equal(answer(early, false, &left, &err), WEBSOCKET_ACCEPTED);
        assert_int_equal(left, 3);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
  // clang-format off
        {"HTTP/1.1 403 Forbidden\r\n\r\n",
         "the broker answered 403 Forbidden to the WebSocket upgrade"},
        {"HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n",
         "is the path right?"},
        {"HTTP/1.1 302 Found\r\nLocation: http://a/\r\n\r\n",
         "redirects are not followed"},
        {"HTTP/1.0 101 Yes\r\n" FIELDS ACCEPT MQTT "\r\n",
         "not HTTP/1.1"},
        {"HTTP/1.1 1010 Yes\r\n" FIELDS ACCEPT MQTT "\r\n",
         "answered 1010 Yes"},
        {"HTTP/1.1 401 \x01\xff\r\n\r\n",
         "answered 401 ??"},
        {"HTTP/1.1\r\n\r\n",
         "answered  to"},
        {"\x20\x02\x01\x05 and more",
         "not HTTP"},
        {"SSH-2.0-OpenSSH\r\n",
         "not HTTP"},
        {SWITCH FIELDS MQTT "\r\n",
         "Accept does not match"},
        {SWITCH FIELDS MQTT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9k\r\n\r\n",
         "Accept does not match"},
        {SWITCH FIELDS MQTT "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n\r\n",
         "Accept does not match"},
        {SWITCH FIELDS ACCEPT "\r\n",
         "chose the protocol \"\""},
        {SWITCH FIELDS ACCEPT "Sec-WebSocket-Protocol: soap\r\n\r\n",
         "chose the protocol \"soap\""},
        {SWITCH FIELDS ACCEPT MQTT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         "not offered: permessage-deflate"},
        {SWITCH "Connection: Upgrade\r\n" ACCEPT MQTT "\r\n",
         "not to WebSocket"},
        {SWITCH "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n",
         "not to WebSocket"},
        {SWITCH "Upgrade: websocket\r\n" ACCEPT MQTT "\r\n",
         "not to WebSocket"},
        {SWITCH FIELDS "nonsense\r\n" ACCEPT MQTT "\r\n",
         "header line that is none"},
        {SWITCH FIELDS ACCEPT " folded: x\r\n" MQTT "\r\n",
         "header line that is none"},
  // clang-format on
    };
    size_t left;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int slow = 0; slow < 2; slow++) {
            assert_int_equal(answer(cases[i].text, slow, &left, &err), WEBSOCKET_REFUSED);
            if (strstr(err.text, cases[i].why) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].why);
        }
    }
}

static void test_endless(void **state)
{
    char *text = malloc(WEBSOCKET_ANSWER_MAX + 2);
    size_t left;
    struct error err;

    (void)state;
    memset(text, 'x', WEBSOCKET_ANSWER_MAX + 1);
    memcpy(text, SWITCH "X: ", strlen(SWITCH "X: "));
    text[WEBSOCKET_ANSWER_MAX + 1] = '\0';
    for (int slow = 0; slow < 2; slow++) {
        assert_int_equal(answer(text, slow, &left, &err), WEBSOCKET_REFUSED);
        assert_non_null(strstr(err.text, "more than 8 KiB"));
    }
    text[WEBSOCKET_ANSWER_MAX - 1] = '\0';
    assert_int_equal(answer(text, false, &left, &err), WEBSOCKET_INCOMPLETE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
