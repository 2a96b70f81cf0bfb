/* MQTT-based file delivery (contract 3.7, step 4): files in blocks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "cloud/jobs/stream_service.h"
#include "support/said.h"

#define DEVICE   "$aws/things/car-1/streams/s1/"
#define OPERATOR "fleetsim/streams/s1/"
#define SIZE     1000

struct world {
    struct stream_service service;
    struct cloud_actions out;
    uint8_t bytes[SIZE];
};

static int setup(void **state)
{
    static struct world w;

    stream_service_init(&w.service);
    cloud_actions_init(&w.out);
    for (size_t i = 0; i < SIZE; i++)
        w.bytes[i] = (uint8_t)(i * 7 + i / 256);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    stream_service_done(&w->service);
    return 0;
}

static void say(struct world *w, const char *topic, const char *payload)
{
    struct stream_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(stream_address_parse(topic, &a));
    assert_true(stream_service_request(&w->service, &a, "app-1", slice_str(payload), &w->out));
}

/* Puts what is from..to of the bytes. */
static void put(struct world *w, size_t from, size_t to)
{
    struct buf payload;

    buf_init(&payload, 10000);
    buf_printf(&payload, "{\"fileId\":3,\"size\":%d,\"offset\":%zu,\"data\":\"", SIZE, from);
    base64_put(&payload, slice_of(w->bytes + from, to - from));
    buf_append_str(&payload, "\"}");
    say(w, OPERATOR "put", buf_cstr(&payload));
    buf_done(&payload);
}

static void assert_block(struct world *w, size_t i, int block, size_t from, size_t len)
{
    const struct cloud_action *a = &w->out.items[i];
    cJSON *data = json_parse(slice_of(a->payload, a->payload_len), 4);
    uint8_t room[SIZE + 3];
    size_t got = 0;

    assert_string_equal(a->topic, DEVICE "data/json");
    assert_int_equal((int)json_num(data, "i", -1), block);
    assert_int_equal((int)json_num(data, "l", -1), (int)len);
    assert_true(base64_read(slice_str(json_str(data, "p", "?")), room, &got));
    assert_int_equal(got, len);
    assert_memory_equal(room, w->bytes + from, len);
    cJSON_Delete(data);
}

static void addresses(void **state)
{
    static const struct {
        const char *topic;
        bool good;
        enum stream_operation op;
    } cases[] = {
        {DEVICE "describe/json",               true,  STREAM_DESCRIBE},
        {DEVICE "get/json",                    true,  STREAM_GET     },
        {DEVICE "get/cbor",                    true,  STREAM_NO_CALL },
        {DEVICE "data/json",                   true,  STREAM_NO_CALL },
        {OPERATOR "put",                       true,  STREAM_PUT     },
        {OPERATOR "delete",                    true,  STREAM_DELETE  },
        {OPERATOR "get",                       false, 0              },
        {"$aws/things/a/streams/b c/get/json", false, 0              },
        {"$aws/things//streams/s/get/json",    false, 0              },
        {"$aws/things/a/streams/get",          false, 0              },
        {"$aws/things/a/jobs/get",             false, 0              },
    };
    struct stream_address a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (stream_address_parse(cases[i].topic, &a) != cases[i].good ||
            (cases[i].good && a.op != cases[i].op))
            fail_msg("%s", cases[i].topic);
}

/* contract 3.7, step 4: describe, description, get, data and rejected. */
static void from_put_to_block(void **state)
{
    struct world *w = *state;

    say(w, DEVICE "describe/json", "{\"c\":\"t\"}");
    assert_says_at(&w->out, 0, DEVICE "rejected/json", "{\"o\":\"ResourceNotFound\"");
    put(w, 0, 600);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":600,\"streamVersion\":0");
    assert_string_equal(w->out.items[0].client_id, "app-1");
    /* Not whole: nobody sees it. */
    say(w, DEVICE "describe/json", "{}");
    assert_says_at(&w->out, 0, DEVICE "description/json", "\"r\":[]");
    say(w, DEVICE "get/json", "{\"f\":3,\"l\":256}");
    assert_says_at(&w->out, 0, DEVICE "rejected/json", "ResourceNotFound");
    put(w, 600, SIZE);
    say(w, DEVICE "describe/json", "{\"c\":\"t\"}");
    assert_string_equal(w->out.items[0].payload,
                        "{\"c\":\"t\",\"s\":1,\"d\":\"\",\"r\":[{\"f\":3,\"z\":1000}]}");
    assert_null(w->out.items[0].client_id);
    say(w, DEVICE "get/json", "{\"c\":\"t\",\"s\":1,\"f\":3,\"l\":256}");
    assert_int_equal(w->out.count, 4);
    assert_says_at(&w->out, 0, DEVICE "data/json", "\"c\":\"t\"");
    for (int i = 0; i < 4; i++)
        assert_block(w, (size_t)i, i, (size_t)i * 256, i < 3 ? 256 : 232);
    say(w, DEVICE "get/json", "{\"f\":\"3\",\"l\":\"256\",\"o\":\"1\",\"n\":\"2\"}");
    assert_int_equal(w->out.count, 2);
    assert_block(w, 1, 2, 512, 256);
    /* Blocks 1 and 3: bits 0 and 2, counted from the offset. */
    say(w, DEVICE "get/json", "{\"f\":3,\"l\":256,\"o\":1,\"n\":32,\"b\":\"0x05\"}");
    assert_int_equal(w->out.count, 2);
    assert_block(w, 0, 1, 256, 256);
    assert_block(w, 1, 3, 768, 232);
    /* Another file, which begins the same: another version, once it is whole. */
    w->bytes[700]++;
    put(w, 0, 600);
    put(w, 600, 800);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":800,\"streamVersion\":1");
    say(w, DEVICE "get/json", "{\"s\":1,\"f\":3,\"l\":1000}");
    assert_says_at(&w->out, 0, DEVICE "data/json", "\"l\":1000");
    put(w, 800, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":1000,\"streamVersion\":2");
    say(w, DEVICE "get/json", "{\"s\":2,\"f\":3,\"l\":1000}");
    assert_block(w, 0, 0, 0, SIZE);
    say(w, DEVICE "get/json", "{\"s\":1,\"f\":3,\"l\":256}");
    assert_says_at(&w->out, 0, DEVICE "rejected/json", "VersionMismatch");
    say(w, OPERATOR "delete", "{}");
    assert_says_at(&w->out, 0, OPERATOR "delete/accepted", "{}");
    assert_int_equal(w->service.bytes, 0);
    say(w, OPERATOR "delete", "{}");
    assert_says_at(&w->out, 0, OPERATOR "delete/rejected", "ResourceNotFound");
}

/* contract 3.7, step 4: what is rejected, and as what. */
static void refused(void **state)
{
    static const struct {
        const char *topic, *payload, *error;
    } cases[] = {
        {DEVICE "get/json", "[]",                                          "InvalidJson"            },
        {DEVICE "get/cbor", "x",                                           "InvalidTopic"           },
        {DEVICE "get/json", "{}",                                          "InvalidRequest"         },
        {DEVICE "get/json", "{\"f\":256,\"l\":256}",                       "InvalidRequest"         },
        {DEVICE "get/json", "{\"f\":3,\"l\":255}",                         "BlockSizeOutOfBounds"   },
        {DEVICE "get/json", "{\"f\":3,\"l\":131073}",                      "BlockSizeOutOfBounds"   },
        {DEVICE "get/json", "{\"f\":3,\"l\":256,\"o\":98305}",             "OffsetOutOfBounds"      },
        {DEVICE "get/json", "{\"f\":3,\"l\":256,\"n\":98305}",             "BlockCountLimitExceeded"},
        {DEVICE "get/json", "{\"f\":3,\"l\":256,\"b\":\"xy\"}",            "InvalidRequest"         },
        {DEVICE "get/json", "{\"f\":3,\"l\":256,\"o\":4}",                 "ResourceNotFound"       },
        {DEVICE "get/json", "{\"f\":3,\"l\":256,\"n\":0}",                 "ResourceNotFound"       },
        {DEVICE "get/json", "{\"f\":3,\"l\":256,\"b\":\"00\"}",            "ResourceNotFound"       },
        {DEVICE "get/json", "{\"f\":4,\"l\":256}",                         "ResourceNotFound"       },
        {OPERATOR "put",    "{}",                                          "InvalidRequest"         },
        {OPERATOR "put",    "{\"size\":25165825,\"data\":\"\"}",           "InvalidRequest"         },
        {OPERATOR "put",    "{\"size\":9,\"offset\":3,\"data\":\"AAAA\"}", "begin with 0"           },
        {OPERATOR "put",    "{\"size\":2,\"data\":\"AAAA\"}",              "more than the size"     },
        {OPERATOR "put",    "{\"size\":9,\"data\":\"A!==\"}",              "not base64"             },
        {OPERATOR "put",    "{\"size\":9,\"offset\":9,\"data\":\"\"}",     "begin with 0"           },
    };
    struct world *w = *state;

    put(w, 0, SIZE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(w, cases[i].topic, cases[i].payload);
        assert_int_equal(w->out.count, 1);
        if (strstr(w->out.items[0].topic, "/rejected") == NULL ||
            strstr(w->out.items[0].payload, cases[i].error) == NULL)
            fail_msg("%s %s: %s", cases[i].topic, cases[i].payload, w->out.items[0].payload);
    }
    say(w, DEVICE "describe/json",
        "{\"c\":\"00000000000000000000000000000000000000000000000000000000000000000\"}");
    assert_says_at(&w->out, 0, DEVICE "rejected/json", "InvalidRequest");
}

static void a_piece_twice_is_once(void **state)
{
    struct world *w = *state;

    put(w, 0, 600);
    put(w, 0, 600);
    put(w, 600, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":1000,\"streamVersion\":1");
    put(w, 600, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":1000,\"streamVersion\":1");
    put(w, 0, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":1000,\"streamVersion\":1");
    assert_int_equal(w->service.bytes, SIZE);
    /* Another last piece, when no other came again before it. */
    put(w, 0, 300);
    w->bytes[900]++;
    put(w, 600, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/rejected", "begin with 0");
    /* One that was given up is not mixed with another. */
    put(w, 0, 400);
    w->bytes[500]++;
    put(w, 400, 600);
    put(w, 0, 400);
    put(w, 600, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/rejected", "begin with 0");
    assert_int_equal(w->service.bytes, SIZE);
    /* The version of what is deleted does not come again. */
    say(w, OPERATOR "delete", "{}");
    put(w, 0, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"streamVersion\":2");
}

static void what_is_rejected_leaves_nothing(void **state)
{
    struct world *w = *state;

    say(w, OPERATOR "put", "{\"size\":9,\"data\":\"A!==\"}");
    assert_says_at(&w->out, 0, OPERATOR "put/rejected", "not base64");
    say(w, OPERATOR "put", "{\"size\":9,\"offset\":6,\"data\":\"AAAA\"}");
    assert_says_at(&w->out, 0, OPERATOR "put/rejected", "begin with 0");
    say(w, DEVICE "describe/json", "{}");
    assert_says_at(&w->out, 0, DEVICE "rejected/json", "ResourceNotFound");
    assert_int_equal(w->service.bytes, 0);
    /* Nor does it end what is coming. */
    put(w, 0, 600);
    say(w, OPERATOR "put", "{\"fileId\":3,\"size\":1000,\"data\":\"A!==\"}");
    put(w, 700, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/rejected", "missing before");
    put(w, 600, SIZE);
    assert_says_at(&w->out, 0, OPERATOR "put/accepted", "\"received\":1000");
}

static void survives(void **state)
{
    struct world *w = *state;
    struct text saved;
    char *line;

    put(w, 0, SIZE);
    say(w, OPERATOR "delete", "{}");
    put(w, 0, SIZE);
    text_init(&saved);
    stream_service_save(&w->service, &saved);
    stream_service_done(&w->service);
    stream_service_init(&w->service);
    line = memchr(saved.data, '\n', saved.len);
    assert_non_null(line);
    cJSON *record = json_parse(slice_of(saved.data, (size_t)(line - saved.data)), 4);
    assert_true(stream_service_load(&w->service, record)); /* the last version */
    cJSON_Delete(record);
    record = json_parse(slice_of(line + 1, saved.len - (size_t)(line + 1 - saved.data)), 4);
    assert_true(stream_service_load(&w->service, record));
    assert_false(stream_service_load(&w->service, record)); /* it is there */
    cJSON_Delete(record);
    text_done(&saved);
    say(w, DEVICE "get/json", "{\"s\":2,\"f\":3,\"l\":512,\"o\":1}");
    assert_block(w, 0, 1, 512, 488);
    record =
        json_parse(slice_str("{\"stream\":\"x\",\"version\":1,\"fileId\":0,\"size\":9,\"data\":"
                             "\"AAAA\"}"),
                   4);
    assert_false(stream_service_load(&w->service, record));
    cJSON_Delete(record);
    assert_int_equal(w->service.bytes, SIZE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        TEST(from_put_to_block),
        TEST(refused),
        TEST(a_piece_twice_is_once),
        TEST(what_is_rejected_leaves_nothing),
        TEST(survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
