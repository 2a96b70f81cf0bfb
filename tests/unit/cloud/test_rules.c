/* Rules: what a table may say, and what its rules make of messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/rules.h"

#define NOW          ((int64_t)1700000000000)
#define ONE(members) "{\"rules\":[{\"name\":\"r\"," members "}]}"

struct world {
    struct rules rules;
    struct cloud_actions out;
};

static int setup(void **state)
{
    static struct world w;

    rules_init(&w.rules);
    cloud_actions_init(&w.out);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    rules_done(&w->rules);
    return 0;
}

static void add(struct world *w, const char *text)
{
    struct error err;

    if (!rules_add_document(&w->rules, slice_str(text), "/base", &err))
        fail_msg("%s", err.text);
}

static void pass(struct world *w, const char *topic, const char *payload)
{
    const struct rules_message m = {
        .topic = topic, .client_id = "car-1", .payload = slice_str(payload)};

    cloud_actions_cut(&w->out, 0);
    if (rules_is_ingest(topic))
        assert_true(rules_ingest(&w->rules, &m, NOW, &w->out));
    else
        assert_true(rules_apply(&w->rules, &m, NOW, &w->out));
}

static void assert_made(const struct world *w, size_t i, enum cloud_action_kind kind,
                        const char *topic, const char *payload)
{
    assert_true(i < w->out.count);
    assert_int_equal(w->out.items[i].kind, kind);
    assert_string_equal(w->out.items[i].topic, topic);
    assert_string_equal(w->out.items[i].payload, payload);
}

static void topics(void **state)
{
    static const struct {
        const char *topic;
        bool ingest;
        const char *rest;
    } cases[] = {
        {"$aws/rules/republish/dt/fleetsim/car/x", true,  "dt/fleetsim/car/x"},
        {"$aws/rules/republish/x",                 true,  "x"                },
        {"$aws/rules/other/dt/x",                  true,  NULL               },
        {"$aws/rules/republish/",                  false, NULL               },
        {"$aws/rules/republish",                   false, NULL               },
        {"$aws/rules//x",                          false, NULL               },
        {"$aws/rules/",                            false, NULL               },
        {"$aws/things/car/shadow/update",          false, NULL               },
        {"dt/fleetsim/car/x",                      false, NULL               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rules_is_ingest(cases[i].topic), cases[i].ingest);
        const char *rest = rules_republished(cases[i].topic);
        if (cases[i].rest == NULL)
            assert_null(rest);
        else
            assert_string_equal(rest, cases[i].rest);
    }
}

static void republished(void **state)
{
    struct world *w = *state;

    add(w, ONE("\"topic\":\"dt/fleetsim/+/connection\","
               "\"republish\":\"$aws/things/${topic(3)}/shadow/update\","
               "\"payload\":{\"state\":{\"reported\":{\"connection\":\"${payload}\","
               "\"at\":\"${timestamp()}\",\"by\":\"<${clientid()}>\",\"none\":\"${topic(9)}\"}}}"));
    pass(w, "dt/fleetsim/car-1/connection", "{\"status\": \"lost\"}");
    assert_int_equal(w->out.count, 1);
    assert_made(w, 0, CLOUD_ACTION_PUBLISH, "$aws/things/car-1/shadow/update",
                "{\"state\":{\"reported\":{\"connection\":{\"status\":\"lost\"},"
                "\"at\":1700000000000,\"by\":\"<car-1>\",\"none\":\"\"}}}");
    pass(w, "dt/fleetsim/car-1/connection", "no \"JSON\"");
    assert_non_null(strstr(w->out.items[0].payload, "\"connection\":\"no \\\"JSON\\\"\","));
    pass(w, "dt/fleetsim/car-1/speed", "1");
    assert_int_equal(w->out.count, 0);
}

static void stored_and_posted(void **state)
{
    struct world *w = *state;

    add(w, "{\"rules\":[{\"name\":\"a\",\"topic\":\"dt/#\",\"file\":\"all.jsonl\"},"
           "{\"name\":\"b\",\"http\":\"http://127.0.0.1:9/x\",\"file\":\"/abs\",\"topic\":\"dt/"
           "b\"}]}");
    pass(w, "dt/b", "{ \"v\": 1.50 }");
    assert_int_equal(w->out.count, 3);
    assert_made(w, 0, CLOUD_ACTION_FILE, "/base/all.jsonl",
                "{\"topic\":\"dt/b\",\"clientId\":\"car-1\",\"timestamp\":1700000000000,"
                "\"payload\":{\"v\":1.5}}\n");
    assert_string_equal(w->out.items[1].topic, "/abs");
    assert_made(w, 2, CLOUD_ACTION_POST, "http://127.0.0.1:9/x", "{ \"v\": 1.50 }");
    pass(w, "dt/x", "\xff\xfe");
    assert_non_null(strstr(w->out.items[0].payload, "\"payload\":null}"));
    pass(w, "dt/x", "");
    assert_non_null(strstr(w->out.items[0].payload, "\"payload\":\"\"}"));
}

static void ingested(void **state)
{
    struct world *w = *state;

    add(w, ONE("\"republish\":\"copy/${topic()}\""));
    pass(w, "$aws/rules/r/dt/fleetsim/car-1/x", "7");
    assert_int_equal(w->out.count, 1);
    assert_made(w, 0, CLOUD_ACTION_PUBLISH, "copy/dt/fleetsim/car-1/x", "7");
    pass(w, "$aws/rules/unknown/dt/x", "7");
    assert_int_equal(w->out.count, 0);
    pass(w, "dt/x", "7");
    assert_int_equal(w->out.count, 0);
    /* A topic that is none, or too deep, is dropped and counted. */
    pass(w, "$aws/rules/r/1/2/3/4/5/6/7/8", "7");
    assert_int_equal(w->out.count, 0);
    assert_int_equal(w->rules.dropped, 1);
    assert_true(rules_remove(&w->rules, "r"));
    assert_false(rules_remove(&w->rules, "r"));
}

static void templates(void **state)
{
    static const struct {
        const char *payload, *made;
    } cases[] = {
        {"\"x${payload}y\"",            "\"x{\\\"a\\\":1}y\""  },
        {"\"\\\"${payload}\"",          "\"\\\"{\\\"a\\\":1}\""},
        {"[\"${payload}\",2]",          "[{\"a\":1},2]"        },
        {"{\"${payload}\":1}",          "{\"{\\\"a\\\":1}\":1}"},
        {"\"${topic(1)}-${topic(2)}\"", "\"dt-b\""             },
        {"\"${timestamp()} ms\"",       "\"1700000000000 ms\"" },
        {"\"$ {} ${topic()}\"",         "\"$ {} dt/b\""        },
        {"null",                        "null"                 },
    };
    struct world *w = *state;
    char text[300];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, ONE("\"topic\":\"dt/b\",\"republish\":\"x\",\"payload\":%s"),
                 cases[i].payload);
        add(w, text);
        pass(w, "dt/b", "{\"a\":1}");
        assert_made(w, 0, CLOUD_ACTION_PUBLISH, "x", cases[i].made);
        assert_true(rules_remove(&w->rules, "r"));
    }
}

/* Those of a file are read from it again; those that came later go with the cloud's state. */
static void kept_over_a_restart(void **state)
{
    struct world *w = *state;
    struct rules anew;
    struct text saved;
    struct error err;
    cJSON *rule = json_parse(slice_str("{\"name\":\"late\",\"topic\":\"dt/+/a\",\"republish\":"
                                       "\"b/${topic(2)}\",\"payload\":{\"x\":\"${payload}\"}}"),
                             8);

    add(w, ONE("\"topic\":\"dt/#\",\"file\":\"x\""));
    assert_true(rules_add(&w->rules, rule, ".", &err));
    cJSON_Delete(rule);
    rules_remember(&w->rules, "late");
    rules_remember(&w->rules, "nobody");
    text_init(&saved);
    rules_save(&w->rules, &saved);
    assert_non_null(saved.data);
    assert_null(strstr(saved.data, "\"r\""));
    rules_init(&anew);
    cJSON *record = json_parse(slice_of(saved.data, saved.len - 1), 8);
    assert_true(rules_load(&anew, record));
    assert_false(rules_load(&anew, record)); /* there is one already */
    assert_false(rules_load(&anew, NULL));
    cJSON_Delete(record);
    rules_done(&w->rules);
    w->rules = anew;
    pass(w, "dt/7/a", "5");
    assert_int_equal(w->out.count, 1);
    assert_made(w, 0, CLOUD_ACTION_PUBLISH, "b/7", "{\"x\":5}");
    struct text again;
    text_init(&again);
    rules_save(&w->rules, &again);
    assert_string_equal(again.data, saved.data);
    text_done(&again);
    text_done(&saved);
}

static void refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"",                                                                              "not rules"           },
        {"{}",                                                                            "not rules"           },
        {"{\"rules\":{}}",                                                                "not rules"           },
        {"{\"rules\":[1]}",                                                               "not an object"       },
        {"{\"rules\":[{}]}",                                                              "name: 1 to 128"      },
        {"{\"rules\":[{\"name\":\"a b\",\"file\":\"x\"}]}",                               "name: 1 to 128"      },
        {"{\"rules\":[{\"name\":\"republish\",\"file\":\"x\"}]}",                         "there is one already"},
        {"{\"rules\":[{\"name\":\"a\",\"file\":\"x\"},{\"name\":\"a\",\"file\":\"y\"}]}",
         "rule a: name: there is one already"                                                                   },
        {ONE("\"topic\":\"a\""),                                                          "it does nothing"     },
        {ONE("\"file\":1"),                                                               "file: not a text"    },
        {ONE("\"file\":\"x\",\"sql\":\"SELECT\""),                                        "sql: not a member"   },
        {ONE("\"file\":\"x\",\"topic\":\"a/#/b\""),                                       "not a topic filter"  },
        {ONE("\"file\":\"x\",\"topic\":\"a+\""),                                          "not a topic filter"  },
        {ONE("\"http\":\"https://x\""),                                                   "http: not an address"},
        {ONE("\"http\":\"http://x/ HTTP/1.1\\r\\nX: y\""),                                "http: not an address"},
        {ONE("\"http\":\"http://\""),                                                     "http: not an address"},
        {ONE("\"republish\":\"a/#\""),                                                    "no wildcards"        },
        {ONE("\"republish\":\"a/${topic(0)}\""),                                          "an unknown ${"       },
        {ONE("\"republish\":\"a/${payload}\""),                                           "not in a topic"      },
        {ONE("\"republish\":\"a\",\"payload\":[\"${x}\"]"),                               "an unknown ${"       },
    };
    struct world *w = *state;
    struct error err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(rules_add_document(&w->rules, slice_str(cases[i].text), "/base", &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(w->rules.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics),
        cmocka_unit_test_setup_teardown(republished, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_and_posted, setup, teardown),
        cmocka_unit_test_setup_teardown(ingested, setup, teardown),
        cmocka_unit_test_setup_teardown(templates, setup, teardown),
        cmocka_unit_test_setup_teardown(kept_over_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
