/* The Device Shadow service against contract 1: the recorded session, the cases verified against
   AWS, the rejections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/shadows/shadow_request.h"
#include "cloud/shadows/shadow_service.h"

#define THING "$aws/things/tcu-0001/shadow/"
#define NOW   ((int64_t)1700000000000)
#define HOUR  ((int64_t)3600 * 1000)

struct world {
    struct shadow_service service;
    struct cloud_actions out;
    int64_t now_ms;
};

static void world_init(struct world *w)
{
    shadow_service_init(&w->service);
    cloud_actions_init(&w->out);
    w->now_ms = NOW;
}

static void world_done(struct world *w)
{
    cloud_actions_done(&w->out);
    shadow_service_done(&w->service);
}

static void request_bytes(struct world *w, const char *topic, const void *payload, size_t len)
{
    struct shadow_address address;

    cloud_actions_done(&w->out);
    assert_true(shadow_address_parse(topic, &address));
    assert_true(
        shadow_service_request(&w->service, &address, slice_of(payload, len), w->now_ms, &w->out));
}

static void request(struct world *w, const char *op, const char *payload)
{
    char topic[128];

    snprintf(topic, sizeof topic, THING "%s", op);
    request_bytes(w, topic, payload, strlen(payload));
}

static cJSON *parse(const char *text, size_t len)
{
    cJSON *doc = json_parse(slice_of(text, len), 64);

    if (doc == NULL)
        fail_msg("not JSON: %.*s", (int)len, text);
    return doc;
}

/* The message that went out on THING op/suffix, or NULL. */
static cJSON *published(const struct world *w, const char *suffix)
{
    char topic[128];

    snprintf(topic, sizeof topic, THING "%s", suffix);
    for (size_t i = 0; i < w->out.count; i++)
        if (strcmp(w->out.items[i].topic, topic) == 0)
            return parse(w->out.items[i].payload, w->out.items[i].payload_len);
    return NULL;
}

static void expect_json(const char *what, const cJSON *got, const cJSON *want)
{
    if (got == NULL || !json_equal(got, want)) {
        char *g = got != NULL ? cJSON_PrintUnformatted(got) : NULL;
        char *e = cJSON_PrintUnformatted(want);
        fail_msg("%s:\n got  %s\n want %s", what, g != NULL ? g : "nothing", e);
    }
}

static void expect_text(const char *what, const cJSON *got, const char *want)
{
    cJSON *doc = parse(want, strlen(want));

    expect_json(what, got, doc);
    cJSON_Delete(doc);
}

static void expect_published(const struct world *w, const char *suffix, const char *want)
{
    cJSON *got = published(w, suffix);

    expect_text(suffix, got, want);
    cJSON_Delete(got);
}

static void expect_rejected(const struct world *w, const char *op, int code, const char *message)
{
    char suffix[64];

    snprintf(suffix, sizeof suffix, "%s/rejected", op);
    cJSON *got = published(w, suffix);
    assert_non_null(got);
    assert_int_equal(w->out.count, 1);
    assert_int_equal((int)json_num(got, "code", 0), code);
    if (message != NULL)
        assert_string_equal(json_str(got, "message", ""), message);
    assert_true((json_get(got, "timestamp") == NULL) == (code == 404 || code == 409));
    cJSON_Delete(got);
}

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *ret_len = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(*ret_len + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *ret_len, f), *ret_len);
    text[*ret_len] = '\0';
    fclose(f);
    return text;
}

static void vectors(void **state)
{
    struct world w;
    size_t len = 0;
    char *text = read_file(SOURCE_DIR "/tests/vectors/shadow.json", &len);
    cJSON *cases = parse(text, len);
    size_t count = 0;

    (void)state;
    world_init(&w);
    for (const cJSON *v = cases->child; v != NULL; v = v->next, count++) {
        const cJSON *publishes = json_get(v, "publishes");
        char *payload = cJSON_PrintUnformatted(json_get(v, "request"));
        w.now_ms = (int64_t)json_num(v, "now", 0) * 1000 + 999;
        request(&w, json_str(v, "op", ""), payload);
        free(payload);
        assert_int_equal(w.out.count, cJSON_GetArraySize(publishes));
        for (const cJSON *want = publishes->child; want != NULL; want = want->next) {
            cJSON *got = published(&w, want->string);
            expect_json(json_str(v, "name", "?"), got, want);
            cJSON_Delete(got);
        }
    }
    assert_int_equal(count, 15);
    cJSON_Delete(cases);
    free(text);
    world_done(&w);
}

/* Accepted, delta, documents, in this order, at QoS 1, to everybody. */
static void order(void **state)
{
    static const char *const suffixes[] = {"accepted", "delta", "documents"};
    struct world w;

    (void)state;
    world_init(&w);
    request(&w, "update", "{\"state\":{\"desired\":{\"a\":1}}}");
    assert_int_equal(w.out.count, 3);
    for (size_t i = 0; i < 3; i++) {
        char topic[64];
        snprintf(topic, sizeof topic, THING "update/%s", suffixes[i]);
        assert_string_equal(w.out.items[i].topic, topic);
        assert_int_equal(w.out.items[i].qos, 1);
        assert_null(w.out.items[i].client_id);
    }
    world_done(&w);
}

/* Two states on a fresh shadow; the state of the get that follows (contract 1.11, verified). */
static void verified_merges(void **state)
{
    static const struct {
        const char *a, *b, *desired, *reported, *delta;
    } cases[] = {
        {"{'desired':{'online':true}}",                     "{'reported':{'online':false}}",                 "{'online':true}",
         "{'online':false}",                                                                                                                                                                    "{'online':true}"            },
        {"{'desired':{'enabled':true}}",                    "{'reported':{'online':false,'enabled':true}}",
         "{'enabled':true}",                                                                                                                              "{'online':false,'enabled':true}",    NULL                         },
        {"{}",                                              "{'reported':{'online':null}}",                  NULL,                                        NULL,                                 NULL                         },
        {"{'desired':{}}",                                  "{'reported':{'online':false}}",                 NULL,                                        "{'online':false}",                   NULL                         },
        {"{'desired':{'enabled':true}}",                    "{'reported':{}}",                               "{'enabled':true}",                          NULL,
         "{'enabled':true}"                                                                                                                                                                                                  },
        {"{'reported':{'list':['value_1','value_2']}}",     "{'desired':{'list':['value_1']}}",
         "{'list':['value_1']}",                                                                                                                          "{'list':['value_1','value_2']}",     "{'list':['value_1']}"       },
        {"{'reported':{'list':[['value_1'],['value_2']]}}", "{'desired':{'list':[['value_1']]}}",
         "{'list':[['value_1']]}",                                                                                                                        "{'list':[['value_1'],['value_2']]}", "{'list':[['value_1']]}"     },
        {"{'reported':{'a':{'b':['d']}}}",                  "{'desired':{'a':{'b':['c','d']}}}",
         "{'a':{'b':['c','d']}}",                                                                                                                         "{'a':{'b':['d']}}",                  "{'a':{'b':['c','d']}}"      },
        {"{'reported':{'a':{'b':{'c':'d','e':'f'}}}}",      "{'desired':{'a':{'b':{'c':'d2'}}}}",
         "{'a':{'b':{'c':'d2'}}}",                                                                                                                        "{'a':{'b':{'c':'d','e':'f'}}}",      "{'a':{'b':{'c':'d2'}}}"     },
        {"{'reported':{'a1':{'b1':{'c':'d'}}}}",
         "{'desired':{'a1':{'b1':{'c':'d'}},'a2':{'b2':'sth'}}}",                                            "{'a1':{'b1':{'c':'d'}},'a2':{'b2':'sth'}}", "{'a1':{'b1':{'c':'d'}}}",
         "{'a2':{'b2':'sth'}}"                                                                                                                                                                                               },
        {"{'reported':{'a':{'b1':{'c':'d'}}}}",             "{'desired':{'a':{'b1':{'c':'d'},'b2':'sth'}}}",
         "{'a':{'b1':{'c':'d'},'b2':'sth'}}",                                                                                                             "{'a':{'b1':{'c':'d'}}}",             "{'a':{'b2':'sth'}}"         },
        {"{'desired':{'a':1,'b':{'c':3}}}",                 "{'desired':{'a':1,'b':{'c':3},'d':{}}}",
         "{'a':1,'b':{'c':3},'d':{}}",                                                                                                                    NULL,                                 "{'a':1,'b':{'c':3},'d':{}}" },
        {"{'desired':{'a':1,'b':{'c':3},'d':{}}}",          "{'desired':{'a':1,'b':{'c':{}},'d':{}}}",
         "{'a':1,'b':{'c':{}},'d':{}}",                                                                                                                   NULL,                                 "{'a':1,'b':{'c':{}},'d':{}}"},
        {"{'desired':{'a':1,'b':{'c':3}}}",                 "{'desired':{'a':1,'b':{'c':{'d':3}}}}",
         "{'a':1,'b':{'c':{'d':3}}}",                                                                                                                     NULL,                                 "{'a':1,'b':{'c':{'d':3}}}"  },
 /* Not from that table: rules 2 to 10 of contract 1.3. */
        {"{'desired':{'a':{'b':1}}}",                       "{'desired':{'a':{'b':null}}}",                  "{'a':{}}",                                  NULL,                                 "{'a':{}}"                   },
        {"{'desired':{'a':1}}",                             "{'desired':{'b':{'c':{'d':null}}}}",            "{'a':1}",                                   NULL,                                 "{'a':1}"                    },
        {"{'desired':{'a':1}}",                             "{'desired':{'a':null}}",                        NULL,                                        NULL,                                 NULL                         },
        {"{'desired':{'a':{'b':1}}}",                       "{'desired':{'a':{}}}",                          "{'a':{'b':1}}",                             NULL,
         "{'a':{'b':1}}"                                                                                                                                                                                                     },
        {"{'desired':{'a':{'b':1}}}",                       "{'desired':{'a':7}}",                           "{'a':7}",                                   NULL,                                 "{'a':7}"                    },
        {"{'desired':{'a':7}}",                             "{'desired':{'a':{}}}",                          "{'a':{}}",                                  NULL,                                 "{'a':{}}"                   },
        {"{'desired':{'a':1}}",                             "{'reported':{'a':1.0}}",                        "{'a':1}",                                   "{'a':1}",                            NULL                         },
        {"{'desired':{'a':1}}",                             "{'reported':{'a':true}}",                       "{'a':1}",                                   "{'a':true}",                         "{'a':1}"                    },
        {"{'desired':{'l':[{'x':1,'y':2}]}}",               "{'reported':{'l':[{'y':2,'x':1}]}}",
         "{'l':[{'x':1,'y':2}]}",                                                                                                                         "{'l':[{'x':1,'y':2}]}",              NULL                         },
        {"{'desired':{'a':1},'reported':{'b':2}}",          "null",                                          NULL,                                        NULL,                                 NULL                         },
        {"{'desired':{'a':1},'reported':{'b':2}}",          "{'desired':null}",                              NULL,                                        "{'b':2}",                            NULL                         },
        {"{'desired':{'t':'\\u00e9\\n\\\"'}}",              "{'reported':{'t':'\\u00e9\\n'}}",
         "{'t':'\\u00e9\\n\\\"'}",                                                                                                                        "{'t':'\\u00e9\\n'}",                 "{'t':'\\u00e9\\n\\\"'}"     },
        {"{'desired':{'timestamp':5}}",                     "{'reported':{'timestamp':{'timestamp':5}}}",
         "{'timestamp':5}",                                                                                                                               "{'timestamp':{'timestamp':5}}",      "{'timestamp':5}"            },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const states[] = {cases[i].a, cases[i].b};
        struct world w;
        char payload[512], want[512] = "{", name[32];
        world_init(&w);
        for (int k = 0; k < 2; k++) {
            snprintf(payload, sizeof payload, "{'state':%s}", states[k]);
            for (char *p = payload; *p != '\0'; p++)
                *p = *p == '\'' ? '"' : *p;
            request(&w, "update", payload);
            cJSON *accepted = published(&w, "update/accepted");
            assert_int_equal((int)json_num(accepted, "version", 0), k + 1);
            cJSON_Delete(accepted);
        }
        cJSON *delta = published(&w, "update/delta");
        assert_true((delta != NULL) == (cases[i].delta != NULL));
        cJSON_Delete(delta);
        request(&w, "get", "");
        const char *const parts[] = {cases[i].desired, cases[i].reported, cases[i].delta};
        const char *const names[] = {"desired", "reported", "delta"};
        for (int k = 0; k < 3; k++)
            if (parts[k] != NULL)
                snprintf(want + strlen(want), sizeof want - strlen(want), "%s'%s':%s",
                         want[1] != '\0' ? "," : "", names[k], parts[k]);
        strcat(want, "}");
        for (char *p = want; *p != '\0'; p++)
            *p = *p == '\'' ? '"' : *p;
        cJSON *got = published(&w, "get/accepted");
        snprintf(name, sizeof name, "case %zu", i);
        expect_text(name, json_get(got, "state"), want);
        assert_null(json_get(json_get(got, "metadata"), "delta"));
        cJSON_Delete(got);
        world_done(&w);
    }
}

static void rejections(void **state)
{
    static const struct {
        const char *payload;
        int code;
        const char *message;
    } cases[] = {
        {"{\"state\":",                                                                     400, "Invalid JSON"                                          },
        {"",                                                                                400, "Invalid JSON"                                          },
        {"{\"state\":{}} x",                                                                400, "Invalid JSON"                                          },
        {"{\"state\":{\"desired\":{\"a\":1e999}}}",                                         400, "Invalid JSON"                                          },
        {"{\"foo\":1}",                                                                     400, "Missing required node: state"                          },
        {"[]",                                                                              400, "Missing required node: state"                          },
        {"{\"state\":[]}",                                                                  400, "State node must be an object"                          },
        {"{\"state\":3}",                                                                   400, "State node must be an object"                          },
        {"{\"state\":{\"desired\":3}}",                                                     400, "Desired node must be an object"                        },
        {"{\"state\":{\"reported\":[]}}",                                                   400, "Reported node must be an object"                       },
        {"{\"state\":{\"delta\":{}}}",                                                      400, "State contains an invalid node: 'delta'"               },
        {"{\"state\":{\"Desired\":{}}}",                                                    400, "State contains an invalid node: 'Desired'"             },
        {"{\"state\":{},\"version\":\"1\"}",                                                400, "Invalid version"                                       },
        {"{\"state\":{},\"version\":1.5}",                                                  400, "Invalid version"                                       },
        {"{\"state\":{},\"version\":-1}",                                                   400, "Invalid version"                                       },
        {"{\"state\":{},\"version\":null}",                                                 400, "Invalid version"                                       },
        {"{\"state\":{},\"version\":1e300}",                                                400, "Invalid version"                                       },
        {"{\"state\":{},\"version\":2}",                                                    409, "Version conflict"                                      },
        {"{\"state\":{},\"clientToken\":7}",                                                400, "Invalid clientToken"                                   },
        {"{\"state\":{},\"clientToken\":"
         "\"12345678901234567890123456789012345678901234567890123456789012345\"}", 400, "Invalid clientToken"                                   },
        {"{\"state\":{\"desired\":{\"a\":[1,null]}}}",                                      400, NULL                                                    },
        {"{\"state\":{\"desired\":{\"a\":[[{\"b\":[null]}]]}}}",                            400, NULL                                                    },
        {"{\"state\":{\"desired\":{\"a\":\"\xff\"}}}",                                      415,
         "Unsupported documented encoding; supported encoding is UTF-8"                                                                                  },
        {"{\"state\":{\"desired\":{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":{\"9\":1}"
         "}}"
         "}}}}}}}}",                                                               400, "JSON contains too many levels of nesting; maximum is 6"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        world_init(&w);
        request(&w, "update", cases[i].payload);
        expect_rejected(&w, "update", cases[i].code, cases[i].message);
        request(&w, "get", "");
        expect_rejected(&w, "get", 404, "No shadow exists with name: 'tcu-0001'");
        assert_int_equal(shadow_service_count(&w.service), 0);
        world_done(&w);
    }
}

static void just_within_limits(void **state)
{
    static const char *const payloads[] = {
        "{\"state\":{\"desired\":{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":{}}}}}}}}}"
        "}}",
        "{\"state\":{},\"clientToken\":"
        "\"1234567890123456789012345678901234567890123456789012345678901234\"}",
        "{\"state\":{},\"version\":0}",
        "{\"state\":{},\"version\":1}",
        "{\"state\":{},\"version\":1.0,\"other\":[null]} ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct world w;
        world_init(&w);
        request(&w, "update", payloads[i]);
        cJSON *got = published(&w, "update/accepted");
        assert_non_null(got);
        cJSON_Delete(got);
        world_done(&w);
    }
}

/* 8192 bytes of desired and reported together, after the merge. */
static void size_limit(void **state)
{
    struct world w;
    char payload[9000], filler[8192];

    (void)state;
    world_init(&w);
    /* {"a":"…"} is 8 bytes and the filler. */
    memset(filler, 'x', sizeof filler);
    int n = snprintf(payload, sizeof payload, "{\"state\":{\"desired\":{\"a\":\"%.*s\"}}}", 4000,
                     filler);
    request_bytes(&w, THING "update", payload, (size_t)n);
    n = snprintf(payload, sizeof payload, "{\"state\":{\"reported\":{\"a\":\"%.*s\"}}}",
                 8192 - 4008 - 8, filler);
    request_bytes(&w, THING "update", payload, (size_t)n);
    cJSON *accepted = published(&w, "update/accepted");
    assert_non_null(accepted);
    cJSON_Delete(accepted);
    n = snprintf(payload, sizeof payload, "{\"state\":{\"reported\":{\"a\":\"%.*s\"}}}",
                 8192 - 4008 - 7, filler);
    request_bytes(&w, THING "update", payload, (size_t)n);
    expect_rejected(&w, "update", 413, "The payload exceeds the maximum size allowed");
    /* Unchanged; and a request that shrinks the document passes. */
    request(&w, "update", "{\"state\":{\"desired\":null},\"version\":2}");
    accepted = published(&w, "update/accepted");
    assert_int_equal((int)json_num(accepted, "version", 0), 3);
    cJSON_Delete(accepted);
    world_done(&w);
}

static void tokens_are_echoed(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    request(&w, "update", "{\"state\":7,\"clientToken\":\"t\"}");
    expect_published(&w, "update/rejected",
                     "{\"code\":400,\"message\":\"State node must be an object\","
                     "\"timestamp\":1700000000,\"clientToken\":\"t\"}");
    request(&w, "delete", "{\"clientToken\":\"t\"}");
    expect_published(&w, "delete/rejected",
                     "{\"code\":404,\"message\":\"No shadow exists with name: 'tcu-0001'\","
                     "\"clientToken\":\"t\"}");
    request(&w, "get", "{\"clientToken\":\"t\",\"x\":1}");
    expect_rejected(&w, "get", 404, NULL);
    request(&w, "get", "{\"clientToken\":1}");
    expect_rejected(&w, "get", 400, "Invalid clientToken");
    request(&w, "get", "{");
    expect_rejected(&w, "get", 400, "Invalid JSON");
    world_done(&w);
}

static void delete_takes_any_content(void **state)
{
    static const char *const payloads[] = {"", "{", "[1]", "\xff", "{\"a\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct world w;
        world_init(&w);
        request(&w, "update", "{\"state\":null}");
        expect_published(&w, "update/accepted",
                         "{\"state\":null,\"metadata\":{\"timestamp\":1700000000},\"version\":1,"
                         "\"timestamp\":1700000000}");
        request(&w, "delete", payloads[i]);
        expect_published(&w, "delete/accepted", "{\"version\":1,\"timestamp\":1700000000}");
        world_done(&w);
    }
}

static int version_after(int64_t pause_ms, bool sweep)
{
    struct world w;

    world_init(&w);
    request(&w, "update", "{\"state\":{}}");
    request(&w, "update", "{\"state\":{}}");
    request(&w, "delete", "");
    w.now_ms += pause_ms;
    if (sweep)
        shadow_service_sweep(&w.service, w.now_ms);
    request(&w, "update", "{\"state\":{}}");
    cJSON *accepted = published(&w, "update/accepted");
    int version = (int)json_num(accepted, "version", 0);
    cJSON_Delete(accepted);
    world_done(&w);
    return version;
}

static void version_memory(void **state)
{
    (void)state;
    assert_int_equal(version_after(0, true), 4);
    assert_int_equal(version_after(48 * HOUR - 1, false), 4);
    assert_int_equal(version_after(48 * HOUR - 1, true), 4);
    assert_int_equal(version_after(48 * HOUR, false), 1);
    assert_int_equal(version_after(48 * HOUR, true), 1);
}

static void addresses(void **state)
{
    static const struct {
        const char *topic;
        bool ok;
        const char *key;
    } cases[] = {
        {"$aws/things/tcu-0001/shadow/get",        true,  "tcu-0001"},
        {"$aws/things/a:b_c-9/shadow/update",      true,  "a:b_c-9" },
        {"$aws/things/t/shadow/delete",            true,  "t"       },
        {"$aws/things/t/shadow/name/doors/update", true,  "t~doors" },
        {"$aws/things/t/shadow/name/name/get",     true,  "t~name"  },
        {"$aws/things/t/shadow/update/accepted",   false, NULL      },
        {"$aws/things/t/shadow/name/doors",        false, NULL      },
        {"$aws/things/t/shadow/name//get",         false, NULL      },
        {"$aws/things/t/shadow/name/a/b/get",      false, NULL      },
        {"$aws/things/t/shadow/name/get",          false, NULL      },
        {"$aws/things//shadow/get",                false, NULL      },
        {"$aws/things/a b/shadow/get",             false, NULL      },
        {"$aws/things/a.b/shadow/get",             false, NULL      },
        {"$aws/things/a~b/shadow/get",             false, NULL      },
        {"$aws/things/t/jobs/get",                 false, NULL      },
        {"$aws/things/t/shadow/",                  false, NULL      },
        {"$aws/things/t/shadow",                   false, NULL      },
        {"$aws/things/t",                          false, NULL      },
        {"$aws/things/",                           false, NULL      },
        {"",                                       false, NULL      },
    };
    char topic[300], name[200];
    struct shadow_address address;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (shadow_address_parse(cases[i].topic, &address) != cases[i].ok)
            fail_msg("%s", cases[i].topic);
        if (cases[i].ok)
            assert_string_equal(address.key, cases[i].key);
    }
    memset(name, 'n', sizeof name);
    for (int len = 127; len <= 129; len++) {
        snprintf(topic, sizeof topic, "$aws/things/%.*s/shadow/name/%.*s/delete", len, name,
                 len - 64, name);
        assert_true(shadow_address_parse(topic, &address) == (len <= 128));
    }
}

static void named_shadows_are_separate(void **state)
{
    struct world w;
    struct shadow_address address;

    (void)state;
    world_init(&w);
    request(&w, "update", "{\"state\":{\"desired\":{\"a\":1}}}");
    request(&w, "name/doors/get", "");
    assert_string_equal(w.out.items[0].topic, THING "name/doors/get/rejected");
    expect_rejected(&w, "name/doors/get", 404, "No shadow exists with name: 'doors'");
    request(&w, "name/doors/update", "{\"state\":{\"reported\":{\"b\":2}}}");
    cJSON *accepted = published(&w, "name/doors/update/accepted");
    assert_int_equal((int)json_num(accepted, "version", 0), 1);
    cJSON_Delete(accepted);
    request(&w, "delete", "");
    assert_true(shadow_address_parse(THING "name/doors/get", &address));
    request(&w, "name/doors/get", "");
    accepted = published(&w, "name/doors/get/accepted");
    expect_text("named", json_get(accepted, "state"), "{\"reported\":{\"b\":2}}");
    cJSON_Delete(accepted);
    world_done(&w);
}

/* Stored metadata: only what the patch names is stamped anew; arrays of objects keep their shape.
 */
static void metadata(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    request(&w, "update",
            "{\"state\":{\"desired\":{\"a\":{\"b\":1,\"c\":2},\"l\":[1,[2],{\"x\":3,\"y\":{}}]}}}");
    w.now_ms += 5000;
    request(&w, "update", "{\"state\":{\"desired\":{\"a\":{\"b\":1,\"d\":{}}}}}");
    request(&w, "get", "");
    cJSON *got = published(&w, "get/accepted");
    expect_text("metadata", json_get(got, "metadata"),
                "{\"desired\":{\"a\":{\"b\":{\"timestamp\":1700000005},"
                "\"c\":{\"timestamp\":1700000000},\"d\":{}},"
                "\"l\":[{\"timestamp\":1700000000},[{\"timestamp\":1700000000}],"
                "{\"x\":{\"timestamp\":1700000000},\"y\":{}}]}}");
    cJSON_Delete(got);
    world_done(&w);
}

static void numbers_survive(void **state)
{
    static const char *const numbers[] = {"0",         "-1",      "0.1",      "1700000010123",
                                          "1e21",      "-2.5e-7", "48.13712", "9007199254740991",
                                          "123456.789"};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct world w;
        char payload[128], want[64];
        world_init(&w);
        snprintf(payload, sizeof payload, "{\"state\":{\"desired\":{\"a\":%s}}}", numbers[i]);
        snprintf(want, sizeof want, "{\"a\":%s}", numbers[i]);
        request(&w, "update", payload);
        cJSON *got = published(&w, "update/delta");
        expect_text(numbers[i], json_get(got, "state"), want);
        cJSON_Delete(got);
        world_done(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(order),
        cmocka_unit_test(verified_merges),
        cmocka_unit_test(rejections),
        cmocka_unit_test(just_within_limits),
        cmocka_unit_test(size_limit),
        cmocka_unit_test(tokens_are_echoed),
        cmocka_unit_test(delete_takes_any_content),
        cmocka_unit_test(version_memory),
        cmocka_unit_test(addresses),
        cmocka_unit_test(named_shadows_are_separate),
        cmocka_unit_test(metadata),
        cmocka_unit_test(numbers_survive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
