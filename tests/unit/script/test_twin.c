#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "script/twin.h"

static void expect_section(const cJSON *section, const char *expected)
{
    if (expected == NULL) {
        assert_null(section);
        return;
    }
    cJSON *json = json_parse(slice_str(expected), 16);
    assert_non_null(json);
    char *seen = cJSON_PrintUnformatted(section);
    if (section == NULL || !json_equal(section, json))
        fail_msg("expected %s, saw %s", expected, seen != NULL ? seen : "none");
    free(seen);
    cJSON_Delete(json);
}

static enum twin_patch patch(struct twin *t, const char *state, int version)
{
    char text[1024];

    snprintf(text, sizeof text, "{\"state\":%s,\"version\":%d,\"timestamp\":1}", state, version);
    return twin_take_patch(t, slice_str(text));
}

static bool document(struct twin *t, const char *state, int version)
{
    char text[1024];

    snprintf(text, sizeof text, "{\"state\":%s,\"version\":%d}", state, version);
    return twin_take_document(t, slice_str(text));
}

/* Contract 1.3, rule by rule, on reported (desired follows the same path). */
static void patches_merge_as_the_contract_says(void **state)
{
    static const struct {
        const char *rule, *before, *patch, *after;
    } cases[] = {
        {"1: null clears the section",  "{\"a\":1}",                 "null",                         NULL                },
        {"2: objects merge",            "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"c\":3,\"d\":4}}",
         "{\"a\":{\"b\":1,\"c\":3,\"d\":4}}"                                                                             },
        {"3: null deletes",             "{\"a\":1,\"b\":2}",         "{\"a\":null,\"x\":null}",      "{\"b\":2}"         },
        {"4: arrays replace",           "{\"a\":[1,2,3]}",           "{\"a\":[4]}",                  "{\"a\":[4]}"       },
        {"5: object to scalar",         "{\"a\":{\"b\":1}}",         "{\"a\":5}",                    "{\"a\":5}"         },
        {"5: scalar to object",         "{\"a\":5}",                 "{\"a\":{\"b\":1}}",            "{\"a\":{\"b\":1}}" },
        {"6: {} where nothing was",     "{\"b\":1}",                 "{\"a\":{}}",                   "{\"a\":{},\"b\":1}"},
        {"6: {} over a scalar",         "{\"a\":1}",                 "{\"a\":{}}",                   "{\"a\":{}}"        },
        {"6: {} over an object",        "{\"a\":{\"b\":1}}",         "{\"a\":{}}",                   "{\"a\":{\"b\":1}}" },
        {"7: {} changes nothing",       "{\"a\":1}",                 "{}",                           "{\"a\":1}"         },
        {"8: an empty section is none", "{\"a\":1}",                 "{\"a\":null}",                 NULL                },
        {"9: a nested one stays",       "{\"a\":{\"b\":1}}",         "{\"a\":{\"b\":null}}",         "{\"a\":{}}"        },
        {"10: only nulls make nothing", "{\"b\":1}",                 "{\"a\":{\"x\":null}}",         "{\"b\":1}"         },
        {"10: nor deeper",              "{\"b\":1}",                 "{\"a\":{\"x\":{\"y\":null}}}", "{\"b\":1}"         },
        {"10: nulls beside values",     "{\"b\":1}",                 "{\"a\":{\"x\":null,\"y\":2}}",
         "{\"a\":{\"y\":2},\"b\":1}"                                                                                     },
        {"names are told by case",      "{\"a\":1}",                 "{\"A\":2}",                    "{\"a\":1,\"A\":2}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct twin t;
        char text[512];
        twin_init(&t);
        snprintf(text, sizeof text, "{\"reported\":%s,\"desired\":{\"keep\":1}}", cases[i].before);
        assert_true(document(&t, text, 4));
        snprintf(text, sizeof text, "{\"reported\":%s}", cases[i].patch);
        assert_int_equal(patch(&t, text, 5), TWIN_APPLIED);
        print_message("rule %s\n", cases[i].rule);
        expect_section(t.reported, cases[i].after);
        expect_section(t.desired, "{\"keep\":1}");
        assert_int_equal(t.version, 5);
        twin_done(&t);
    }
}

static void state_null_clears_both(void **state)
{
    struct twin t;

    (void)state;
    twin_init(&t);
    document(&t, "{\"reported\":{\"a\":1},\"desired\":{\"b\":1}}", 1);
    assert_int_equal(patch(&t, "null", 2), TWIN_APPLIED);
    expect_section(t.reported, NULL);
    expect_section(t.desired, NULL);
    assert_true(t.exists && t.known);
    twin_done(&t);
}

static void versions_decide(void **state)
{
    struct twin t;

    (void)state;
    twin_init(&t);
    /* Nothing is known before the first document. */
    assert_int_equal(patch(&t, "{\"reported\":{\"a\":1}}", 7), TWIN_GAP);
    assert_true(document(&t, "{\"reported\":{\"a\":1}}", 7));
    assert_int_equal(patch(&t, "{\"reported\":{\"a\":9}}", 7), TWIN_OLD);
    assert_int_equal(patch(&t, "{\"reported\":{\"a\":9}}", 3), TWIN_OLD);
    expect_section(t.reported, "{\"a\":1}");
    assert_int_equal(patch(&t, "{\"reported\":{\"a\":2}}", 8), TWIN_APPLIED);
    assert_int_equal(patch(&t, "{\"reported\":{\"a\":4}}", 10), TWIN_GAP);
    assert_false(t.known);
    assert_int_equal(patch(&t, "{\"reported\":{\"a\":5}}", 11), TWIN_GAP);
    assert_true(document(&t, "{\"reported\":{\"a\":5}}", 11));
    assert_true(t.known);
    /* A document that is older than what is known is left alone. */
    assert_true(document(&t, "{\"reported\":{\"a\":0}}", 9));
    expect_section(t.reported, "{\"a\":5}");
    assert_int_equal(t.version, 11);
    twin_done(&t);
}

static void a_shadow_can_be_absent_and_come_back(void **state)
{
    struct twin t;

    (void)state;
    twin_init(&t);
    document(&t, "{\"reported\":{\"a\":1}}", 10);
    twin_take_absence(&t);
    assert_true(t.known && !t.exists);
    assert_int_equal(t.version, 0);
    expect_section(t.reported, NULL);
    /* Numbering goes on where it was (contract 1.11, E15). */
    assert_int_equal(patch(&t, "{\"reported\":{\"b\":1}}", 12), TWIN_APPLIED);
    expect_section(t.reported, "{\"b\":1}");
    assert_int_equal(patch(&t, "{\"reported\":{\"b\":2}}", 13), TWIN_APPLIED);
    twin_done(&t);
}

static void what_is_no_document_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "{\"state\":{}}",
        "{\"state\":{},\"version\":0}",
        "{\"state\":{},\"version\":-1}",
        "{\"state\":{},\"version\":1e300}",
        "{\"state\":{},\"version\":1.5}",
        "{\"state\":{},\"version\":\"1\"}",
        "{\"state\":3,\"version\":2}",
        "{\"state\":\"x\",\"version\":2}",
        "{\"version\":2}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct twin t;
        twin_init(&t);
        document(&t, "{\"reported\":{\"a\":1}}", 1);
        assert_false(twin_take_document(&t, slice_str(texts[i])));
        assert_int_equal(twin_take_patch(&t, slice_str(texts[i])), TWIN_BAD);
        expect_section(t.reported, "{\"a\":1}");
        assert_int_equal(t.version, 1);
        twin_done(&t);
    }
}

static void shows_what_is_wished(void **state)
{
    static const struct {
        const char *wish;
        bool shows;
    } cases[] = {
        {"{}",                            true },
        {"{\"a\":1}",                     true },
        {"{\"a\":2}",                     false},
        {"{\"b\":{\"c\":\"x\"}}",         true },
        {"{\"b\":{\"c\":\"x\",\"e\":1}}", false},
        {"{\"b\":{\"d\":[1,2]}}",         true },
        {"{\"b\":{\"d\":[1]}}",           false},
        {"{\"z\":1}",                     false},
        {"{\"a\":true}",                  false},
    };
    struct twin t;

    (void)state;
    twin_init(&t);
    cJSON *empty = cJSON_CreateObject();
    assert_false(twin_shows(&t, empty));
    cJSON_Delete(empty);
    document(&t, "{\"reported\":{\"a\":1,\"b\":{\"c\":\"x\",\"d\":[1,2]}}}", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *wish = json_parse(slice_str(cases[i].wish), 16);
        assert_int_equal(twin_shows(&t, wish), cases[i].shows);
        cJSON_Delete(wish);
    }
    twin_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patches_merge_as_the_contract_says),
        cmocka_unit_test(state_null_clears_both),
        cmocka_unit_test(versions_decide),
        cmocka_unit_test(a_shadow_can_be_absent_and_come_back),
        cmocka_unit_test(what_is_no_document_is_refused),
        cmocka_unit_test(shows_what_is_wished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
