#include "unit/tcu/car.h"

#include <string.h>

static struct signal_def def_of(const char *path, enum signal_type type)
{
    return (struct signal_def){.path = (char *)(uintptr_t)path,
                               .type = type,
                               .flags = SIGNAL_REPORTED | SIGNAL_DESIRED,
                               .min = -(double)INFINITY,
                               .max = (double)INFINITY};
}

static void test_bad_declarations(void **state)
{
    static const struct {
        const char *path, *why;
    } cases[] = {
        {"",                                                                "empty level"               },
        {".a",                                                              "empty level"               },
        {"a.",                                                              "empty level"               },
        {"a..b",                                                            "empty level"               },
        {"a b",                                                             "only letters"              },
        {"a\"b",                                                            "only letters"              },
        {"a.b.c.d.e.f",                                                     "more than 5 levels"        },
        {"x.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "longer than 60"            },
        {"locks.front",                                                     "declared twice"            },
        {"locks",                                                           "conflicts with locks.front"},
        {"locks.front.left",                                                "conflicts with locks.front"},
    };
    struct signal_schema *s = signal_schema_new("m");
    struct signal_def def = def_of("locks.front", SIGNAL_BOOL);
    struct error err;

    (void)state;
    assert_true(signal_schema_add(s, &def, &err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        def = def_of(cases[i].path, SIGNAL_BOOL);
        assert_false(signal_schema_add(s, &def, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].path, err.text);
    }
    def = def_of("e", SIGNAL_ENUM);
    assert_false(signal_schema_add(s, &def, &err));
    char *twice[] = {(char[]){"x"}, (char[]){"x"}};
    def.values = twice;
    def.value_count = 2;
    assert_false(signal_schema_add(s, &def, &err));
    def.value_count = 1;
    def.initial.e = 1;
    assert_false(signal_schema_add(s, &def, &err));
    def = def_of("f", SIGNAL_FLOAT);
    def.initial.f = (double)NAN;
    assert_false(signal_schema_add(s, &def, &err));
    def = def_of("f", SIGNAL_FLOAT);
    def.min = 2;
    def.max = 1;
    assert_false(signal_schema_add(s, &def, &err));
    signal_schema_seal(s);
    def = def_of("late", SIGNAL_BOOL);
    assert_false(signal_schema_add(s, &def, &err));
    assert_int_equal(signal_schema_count(s), 1);
    signal_schema_free(s);
}

static void test_finding(void **state)
{
    static const struct {
        const char *path;
        bool signal, prefix;
    } cases[] = {
        {"locks.all",   true,  true },
        {"locks",       false, true },
        {"lock",        false, false},
        {"locks.",      false, false},
        {"label",       true,  true },
        {"label.x",     false, false},
        {"",            false, true },
        {"zzz",         false, false},
        {"locks.all.x", false, false},
        {"horn",        true,  true },
        {"horn-x",      false, true },
        {"hor",         false, false},
    };
    struct signal_schema *s = signal_schema_new("m");
    static const char *const paths[] = {"locks.all", "label", "horn", "horn-x.y", "horn0"};
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct signal_def def = def_of(paths[i], SIGNAL_BOOL);
        assert_true(signal_schema_add(s, &def, &err));
    }
    signal_schema_seal(s);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice path = slice_str(cases[i].path);
        assert_int_equal(signal_schema_find(s, path) >= 0, cases[i].signal);
        assert_int_equal(signal_schema_has_prefix(s, path), cases[i].prefix);
    }
    assert_int_equal(signal_schema_find(s, slice_of("horn\0", 5)), -1);
    char huge[1000];
    memset(huge, 'a', sizeof huge);
    assert_int_equal(signal_schema_find(s, slice_of(huge, sizeof huge)), -1);
    assert_false(signal_schema_has_prefix(s, slice_of(huge, sizeof huge)));
    for (size_t i = 0; i < signal_schema_count(s); i++)
        assert_int_equal(signal_schema_def(s, i)->desired_slot, i);
    assert_int_equal(signal_schema_desired_count(s), 5);
    assert_string_equal(signal_schema_model(s), "m");
    signal_schema_free(s);
}

static void test_reading_values(void **state)
{
    static const struct {
        const char *path, *json, *written; /* written NULL: refused */
        const char *why;
    } cases[] = {
        {"locks.all",      "\"unlocked\"",             "\"unlocked\"",                  NULL                                                },
        {"locks.all",      "\"open\"",                 NULL,                            "locks.all: \"open\" is not one of locked, unlocked"},
        {"locks.all",      "1",                        NULL,                            "locks.all: expected a string, got a number"        },
        {"climate.on",     "true",                     "true",                          NULL                                                },
        {"climate.on",     "1",                        NULL,                            "climate.on: expected a boolean, got a number"      },
        {"climate.on",     "null",                     NULL,                            "climate.on: expected a boolean, got null"          },
        {"climate.target", "21.5",                     "21.5",                          NULL                                                },
        {"climate.target", "21",                       "21",                            NULL                                                },
        {"climate.target", "0.21e2",                   "21",                            NULL                                                },
        {"climate.target", "28.01",                    NULL,                            "climate.target: 28.01 is above 28"                 },
        {"climate.target", "15.9",                     NULL,                            "climate.target: 15.9 is below 16"                  },
        {"climate.target", "1e999",                    NULL,                            "climate.target: the number is too large"           },
        {"climate.target", "[21]",                     NULL,                            "climate.target: expected a number, got an array"   },
        {"charge.limit",   "80",                       "80",                            NULL                                                },
        {"charge.limit",   "80.0",                     "80",                            NULL                                                },
        {"charge.limit",   "80.5",                     NULL,                            "charge.limit: 80.5 is not an integer"              },
        {"charge.limit",   "{}",                       NULL,                            "charge.limit: expected a number, got an object"    },
        {"cabin.secret",   "1e300",                    NULL,                            "cabin.secret: 1e+300 is not an integer"            },
        {"cabin.secret",   "-9007199254740992",        "-9007199254740992",             NULL                                                },
        {"label",          "\"a\\\"b\\\\\\n\\u00e9\"", "\"a\\\"b\\\\\\u000a\xc3\xa9\"", NULL                                                },
        {"label",          "false",                    NULL,                            "label: expected a string, got a boolean"           },
    };
    struct signal_schema *s = car_schema();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct signal_def *def =
            signal_schema_def(s, (size_t)signal_schema_find(s, slice_str(cases[i].path)));
        struct json_value json;
        char room[1000];
        union signal_value value;
        struct error err = {.text = ""};
        assert_true(json_check(slice_str(cases[i].json), 8, &json));
        bool ok = signal_read_value(def, &json, room, &value, &err);
        if (cases[i].written == NULL) {
            assert_false(ok);
            assert_string_equal(err.text, cases[i].why);
        } else {
            struct buf out;
            if (!ok)
                fail_msg("%s: %s", cases[i].json, err.text);
            buf_init(&out, 1000);
            assert_true(signal_write_value(def, value, &out));
            assert_string_equal(buf_cstr(&out), cases[i].written);
            buf_done(&out);
        }
    }
    struct buf out;
    buf_init(&out, 100);
    signal_write_value(&(struct signal_def){.type = SIGNAL_STRING},
                       (union signal_value){.s = "\xff\xfe!"}, &out);
    assert_string_equal(buf_cstr(&out), "\"?\?!\"");
    buf_done(&out);
    signal_schema_free(s);
}

static void test_floats_are_short(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1,           "0.1"         },
        {1.0 / 3,       "0.3333333333"},
        {48.1371349999, "48.137135"   },
        {1e20,          "1e+20"       },
        {-0.5,          "-0.5"        },
        {100000,        "100000"      }
    };
    struct signal_def def = def_of("f", SIGNAL_FLOAT);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        buf_init(&out, 100);
        assert_true(signal_write_value(&def, (union signal_value){.f = cases[i].value}, &out));
        assert_string_equal(buf_cstr(&out), cases[i].text);
        buf_done(&out);
    }
}

/* Any set of dirty signals gives one JSON object with exactly those leaves. */
static void test_nested_documents(void **state)
{
    static const char *const paths[] = {"a.b.c.d.e", "a.b.c.d.f", "a.b.x",  "a.c",   "a-x.b",
                                        "a0",        "b",         "b2.c.d", "c.d.e", "d"};
    enum { COUNT = sizeof paths / sizeof paths[0] };
    struct signal_schema *s = signal_schema_new("m");
    struct signal_table t;
    struct error err;
    struct buf out;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct signal_def def = def_of(paths[i], SIGNAL_INT);
        assert_true(signal_schema_add(s, &def, &err));
    }
    signal_schema_seal(s);
    signal_table_init(&t, s);
    buf_init(&out, 4096);
    for (unsigned set = 1; set < 1U << COUNT; set++) {
        signal_drop_dirty(&t, 0);
        for (unsigned i = 0; i < COUNT; i++)
            if ((set >> i & 1) != 0)
                signal_touch(&t, i);
        buf_clear(&out);
        assert_true(signal_write_dirty(&t, 0, &out, SIZE_MAX));
        assert_false(signal_any_dirty(&t, 0));
        signal_report_accepted(&t, 0);
        cJSON *doc = json_parse(buf_slice(&out), 8);
        assert_non_null(doc);
        for (size_t i = 0; i < COUNT; i++) {
            char path[100];
            char *rest = path;
            const cJSON *at = doc;
            snprintf(path, sizeof path, "%s", signal_schema_def(s, i)->path);
            for (char *key; (key = strtok_r(rest, ".", &rest)) != NULL;)
                at = json_get(at, key);
            assert_int_equal(cJSON_IsNumber(at), set >> i & 1);
        }
        cJSON_Delete(doc);
    }
    buf_done(&out);
    signal_table_done(&t);
    signal_schema_free(s);
}

static void test_write_all(void **state)
{
    struct signal_schema *s = car_schema();
    struct signal_table t;
    struct buf out;

    (void)state;
    signal_table_init(&t, s);
    buf_init(&out, 4096);
    assert_true(signal_write_all(&t, true, &out));
    assert_string_equal(
        buf_cstr(&out),
        "{\"charge\":{\"limit\":80},\"climate\":{\"on\":false,\"target\":20},"
        "\"doors\":{\"open\":false},\"label\":\"\",\"locks\":{\"all\":\"locked\"}}");
    buf_clear(&out);
    assert_true(signal_write_all(&t, false, &out));
    assert_string_equal(buf_cstr(&out),
                        "{\"cabin\":{\"secret\":80},\"charge\":{\"limit\":80},\"climate\":{\"on\":"
                        "false,\"target\":20},\"doors\":{\"open\":false},\"horn\":false,"
                        "\"label\":\"\",\"locks\":{\"all\":\"locked\"}}");
    buf_done(&out);
    /* No room: nothing is lost. */
    buf_init(&out, 10);
    assert_false(signal_write_dirty(&t, 0, &out, SIZE_MAX));
    assert_true(signal_any_dirty(&t, 0));
    buf_done(&out);
    signal_table_done(&t);
    signal_schema_free(s);
}

/* At every limit: parts that keep it, and together say it all, each signal once. */
static void test_writing_in_parts(void **state)
{
    struct signal_schema *s = car_schema();
    struct signal_table t;
    struct buf out;

    (void)state;
    signal_table_init(&t, s);
    for (size_t limit = 0; limit < 150; limit++) {
        size_t said = 0;
        size_t parts = 0;
        signal_touch_all(&t);
        buf_init(&out, 4096);
        while (signal_write_dirty(&t, 0, &out, limit)) {
            cJSON *doc = json_parse(buf_slice(&out), 8);
            assert_non_null(doc);
            assert_true(buf_len(&out) <= limit);
            for (size_t i = 0; i < signal_schema_count(s); i++)
                said += (t.flying[i / 64] >> i % 64 & 1) != 0;
            signal_report_accepted(&t, 0);
            cJSON_Delete(doc);
            buf_clear(&out);
            parts++;
        }
        assert_int_equal(buf_len(&out), 0);
        /* The longest alone is {"locks":{"all":"locked"}}, the whole 132 bytes. */
        assert_int_equal(signal_any_dirty(&t, 0), limit < 26);
        assert_true(limit < 26 || said == 6);
        assert_true(limit < 132 || parts == 1);
        buf_done(&out);
    }
    signal_table_done(&t);
    signal_schema_free(s);
}

static void test_setting(void **state)
{
    struct signal_schema *s = car_schema();
    struct signal_table t;

    (void)state;
    signal_table_init(&t, s);
    size_t label = (size_t)signal_schema_find(s, slice_str("label"));
    size_t target = (size_t)signal_schema_find(s, slice_str("climate.target"));
    size_t locks = (size_t)signal_schema_find(s, slice_str("locks.all"));
    size_t horn = (size_t)signal_schema_find(s, slice_str("horn"));
    signal_drop_dirty(&t, 0);
    assert_false(signal_set(&t, label, (union signal_value){.s = ""}));
    assert_false(signal_set(&t, label, (union signal_value){.s = NULL}));
    assert_false(signal_set(&t, target, (union signal_value){.f = (double)NAN}));
    assert_false(signal_set(&t, target, (union signal_value){.f = (double)INFINITY}));
    assert_false(signal_set(&t, target, (union signal_value){.f = 20}));
    assert_false(signal_set(&t, locks, (union signal_value){.e = 2}));
    assert_false(signal_any_dirty(&t, 0));
    assert_true(signal_set(&t, horn, (union signal_value){.b = true}));
    assert_false(signal_any_dirty(&t, 0)); /* not reported */
    char text[] = "mine";
    assert_true(signal_set(&t, label, (union signal_value){.s = text}));
    text[0] = 'f';
    assert_string_equal(signal_get(&t, label).s, "mine");
    assert_true(signal_any_dirty(&t, 0));
    /* To itself. */
    assert_false(signal_set(&t, label, signal_get(&t, label)));
    signal_table_done(&t);
    signal_table_done(&t);
    signal_schema_free(s);
}

/* A model of the bits: whatever happens, a change is dirty or flying until a report that carries
   it is accepted. */
static void test_no_change_is_lost(void **state)
{
    enum { COUNT = 130, STEPS = 20000 };
    struct signal_schema *s = signal_schema_new("m");
    struct signal_table t;
    struct error err;
    struct rng rng;
    struct buf out;
    int64_t cloud[COUNT];   /* what was reported and accepted */
    int64_t carried[COUNT]; /* what the report in flight says */
    bool flying = false;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        char path[20];
        snprintf(path, sizeof path, "g%d.s%03d", i % 7, i);
        struct signal_def def = def_of(path, SIGNAL_INT);
        assert_true(signal_schema_add(s, &def, &err));
        cloud[i] = -1;
    }
    signal_schema_seal(s);
    signal_table_init(&t, s);
    rng_init(&rng, 1, 2);
    buf_init(&out, 65536);
    for (int step = 0; step < STEPS; step++) {
        size_t i = rng_below(&rng, COUNT);
        uint64_t dice = rng_below(&rng, 10);
        if (dice < 6) {
            signal_set(&t, i, (union signal_value){.i = (int64_t)rng_below(&rng, 3)});
        } else if (dice < 8 && !flying) {
            for (size_t k = 0; k < COUNT; k++)
                carried[k] = (t.dirty[k / 64] >> k % 64 & 1) != 0 ? t.values[k].i : cloud[k];
            buf_clear(&out);
            flying = signal_write_dirty(&t, 0, &out, SIZE_MAX);
        } else if (dice == 8 && flying) {
            signal_report_accepted(&t, 0);
            memcpy(cloud, carried, sizeof cloud);
            flying = false;
        } else if (flying) {
            signal_report_lost(&t, 0);
            flying = false;
        }
        for (size_t k = 0; k < COUNT; k++) {
            bool dirty = (t.dirty[k / 64] >> k % 64 & 1) != 0;
            if (!dirty)
                assert_int_equal(flying ? carried[k] : cloud[k], t.values[k].i);
        }
    }
    buf_done(&out);
    signal_table_done(&t);
    signal_schema_free(s);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(signal_type_name(SIGNAL_BOOL), "boolean");
    assert_string_equal(signal_type_name(SIGNAL_STRING), "string");
    assert_string_equal(signal_type_name(SIGNAL_TYPE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_declarations),  cmocka_unit_test(test_finding),
        cmocka_unit_test(test_reading_values),    cmocka_unit_test(test_floats_are_short),
        cmocka_unit_test(test_nested_documents),  cmocka_unit_test(test_write_all),
        cmocka_unit_test(test_writing_in_parts),  cmocka_unit_test(test_setting),
        cmocka_unit_test(test_no_change_is_lost), cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
