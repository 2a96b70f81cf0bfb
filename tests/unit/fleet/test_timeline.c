#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fleet/timeline.h"

static const struct loop at_one_second = {.started = 1000000, .time_scale = 1};
static const struct loop at_zero = {.time_scale = 1};

static void add(struct timeline *t, int n)
{
    timeline_addf(t, 1000000 + (usec_t)n * 1000, TIMELINE_NOTE, "line %d", n);
}

static void expect(const struct timeline *t, size_t most, const char *expected)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    timeline_write(t, most, &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_done(&out);
}

static void the_oldest_gives_way(void **state)
{
    struct timeline *t = timeline_new("car", 3, &at_one_second, NULL);

    (void)state;
    expect(t, 10, "");
    add(t, 1);
    add(t, 2);
    expect(t, 10,
           "      +0.001 s  note    line 1\n"
           "      +0.002 s  note    line 2\n");
    for (int i = 3; i <= 7; i++)
        add(t, i);
    expect(t, 10,
           "      +0.005 s  note    line 5\n"
           "      +0.006 s  note    line 6\n"
           "      +0.007 s  note    line 7\n");
    expect(t, 1, "      +0.007 s  note    line 7\n");
    expect(t, 0, "");
    timeline_free(t);
}

static void what_is_told_late_stands_where_it_was(void **state)
{
    struct timeline *t = timeline_new("car", 4, &at_one_second, NULL);

    (void)state;
    add(t, 1);
    add(t, 3);
    add(t, 2);
    add(t, 2);
    expect(t, 10,
           "      +0.001 s  note    line 1\n"
           "      +0.002 s  note    line 2\n"
           "      +0.002 s  note    line 2\n"
           "      +0.003 s  note    line 3\n");
    add(t, 5);
    add(t, 4);
    expect(t, 10,
           "      +0.002 s  note    line 2\n"
           "      +0.003 s  note    line 3\n"
           "      +0.004 s  note    line 4\n"
           "      +0.005 s  note    line 5\n");
    add(t, 0);
    expect(t, 1, "      +0.005 s  note    line 5\n");
    timeline_free(t);
}

static void none_is_fine(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 10);
    timeline_add(NULL, 0, TIMELINE_IN, slice_str("x"));
    timeline_addf(NULL, 0, TIMELINE_IN, "x");
    timeline_write(NULL, 10, &out);
    assert_int_equal(buf_len(&out), 0);
    timeline_free(NULL);
}

static void text_becomes_one_printable_line(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"two\nlines\r\n\x1b[31m",     "two lines   [31m"},
        {"\xc3\xa4 \xff\xfe \xe2\x82", "\xc3\xa4 ?? ??"  },
        {"\x7f",                       " "               },
        {"",                           ""                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct timeline *t = timeline_new("car", 1, &at_zero, NULL);
        char line[128];
        timeline_add(t, 0, TIMELINE_APP, slice_str(cases[i].text));
        snprintf(line, sizeof line, "      +0.000 s  app     %s\n", cases[i].shown);
        expect(t, 1, line);
        timeline_free(t);
    }
    struct timeline *t = timeline_new("car", 1, &at_zero, NULL);
    timeline_add(t, 0, TIMELINE_IN, slice_of(NULL, 0));
    expect(t, 1, "      +0.000 s  in      \n");
    timeline_free(t);
}

static void the_trace_is_json_line_by_line(void **state)
{
    char *text = NULL;
    size_t size = 0, lines = 0;
    FILE *file = open_memstream(&text, &size);
    struct trace *trace = trace_new(file, &at_zero);
    char long_text[700];

    (void)state;
    /* Without places it only traces. */
    for (size_t places = 0; places < 2; places++) {
        struct timeline *t = timeline_new("tcu \"1\"", places, &at_zero, trace);
        timeline_add(t, 1500000, TIMELINE_OUT, slice_str("say \"\xff\"\n\t\\"));
        /* 511 bytes end in the middle of an ä. */
        memset(long_text, 'x', sizeof long_text);
        memcpy(long_text + 510, "\xc3\xa4", 3);
        timeline_addf(t, 2000000, TIMELINE_SMS, "%s", long_text);
        timeline_free(t);
    }
    trace_free(trace);
    fclose(file);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
        assert_true(json_is_utf8(slice_str(line)));
        cJSON *json = json_parse(slice_str(line), 4);
        assert_non_null(json);
        assert_string_equal(json_str(json, "vehicle", ""), "tcu \"1\"");
        assert_true(json_num(json, "t", 0) >= 1.5);
        if (lines % 2 == 0)
            assert_string_equal(json_str(json, "text", ""), "say \"?\"  \\");
        cJSON_Delete(json);
    }
    assert_int_equal(lines, 4);
    free(text);
}

/* Lines can be read one by one, in their parts; packets as they came. */
static void lines_have_parts(void **state)
{
    static const uint8_t ping[] = {0xc0, 0};
    struct timeline *t = timeline_new("car", 2, &at_zero, NULL);
    const struct timeline_parts parts = {slice_str("locks.all"), slice_str(" = "),
                                         slice_str("\"locked\"")};

    (void)state;
    assert_int_equal(timeline_count(NULL), 0);
    timeline_addf(t, 1, TIMELINE_NOTE, "line 1");
    timeline_add_parts(t, 5, TIMELINE_SIGNAL, &parts);
    timeline_add_packet(t, 6, true, slice_of(ping, 2), MQTT_5, NULL);
    assert_int_equal(timeline_count(t), 2);
    assert_int_equal(timeline_gone(t), 1);
    struct timeline_line line = timeline_at(t, 0);
    assert_int_equal(line.at, 5);
    assert_int_equal(line.kind, TIMELINE_SIGNAL);
    assert_null(line.packet);
    assert_int_equal(line.parts.subject.len, strlen("locks.all"));
    assert_memory_equal(line.parts.rest.data, "\"locked\"", line.parts.rest.len);
    line = timeline_at(t, 1);
    assert_non_null(line.packet);
    assert_int_equal(line.kind, TIMELINE_OUT);
    expect(t, 10,
           "      +0.000 s  signal  locks.all = \"locked\"\n"
           "      +0.000 s  out     PINGREQ\n");
    assert_in_range(timeline_size(t), 2 * 24, 256);
    assert_false(timeline_is_detailed(t));
    timeline_free(t);
}

/* Long parts are cut, and never in the middle of a character. */
static void long_parts_are_cut(void **state)
{
    char text[6000];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t places = 1; places <= TIMELINE_DETAILED; places += TIMELINE_DETAILED - 1) {
        struct timeline *t = timeline_new("car", places, &at_zero, NULL);
        timeline_add_parts(t, 1, TIMELINE_APP,
                           &(struct timeline_parts){slice_str("app"), slice_str(" says "),
                                                    slice_of(text, sizeof text)});
        struct timeline_line line = timeline_at(t, 0);
        assert_int_equal(line.text.len > 4000, places == TIMELINE_DETAILED);
        assert_true(json_is_utf8(line.text));
        struct buf out;
        buf_init(&out, 1 << 16);
        timeline_write(t, 1, &out);
        assert_in_range(buf_len(&out), 400, 450);
        assert_non_null(strstr(buf_cstr(&out), "xx…\n"));
        buf_done(&out);
        timeline_free(t);
    }
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < TIMELINE_KIND_COUNT; i++)
        assert_true(strlen(timeline_kind_name((enum timeline_kind)i)) > 1);
    assert_string_equal(timeline_kind_name(TIMELINE_SCRIPT), "script");
    assert_string_equal(timeline_kind_name(TIMELINE_KIND_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_gives_way),
        cmocka_unit_test(what_is_told_late_stands_where_it_was),
        cmocka_unit_test(none_is_fine),
        cmocka_unit_test(lines_have_parts),
        cmocka_unit_test(long_parts_are_cut),
        cmocka_unit_test(text_becomes_one_printable_line),
        cmocka_unit_test(the_trace_is_json_line_by_line),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
