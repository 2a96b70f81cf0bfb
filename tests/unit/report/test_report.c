#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/report.h"
#include "well_formed.h"

/* ---- the page ---- */

#define HOSTILE "<script>alert(1)</script>\\\"'&]]>{{js}}"

static const char summary_text[] =
    "{\"format\":1,\"name\":\"" HOSTILE "\",\"command\":\"run\",\"version\":\"" HOSTILE "\","
    "\"seed\":\"" HOSTILE "\",\"started\":\"2026-01-12T06:30:00.000Z\",\"duration_us\":1234567,"
    "\"complete\":true,\"exit_status\":1,\"reason\":\"" HOSTILE "\","
    "\"settings\":{\"" HOSTILE "\":\"" HOSTILE "\",\"command_line\":\"" HOSTILE "\","
    "\"simulated\":\"" HOSTILE "\"},"
    "\"verdicts\":{\"passed\":1,\"" HOSTILE "\":1},"
    "\"scenarios\":[{\"suite\":\"s\",\"file\":\"" HOSTILE "\",\"line\":3,\"name\":\"" HOSTILE "\","
    "\"verdict\":\"failed\",\"duration_us\":5,\"message\":\"" HOSTILE "\",\"detail\":\"" HOSTILE
    "\"},{\"name\":\"fine\",\"verdict\":\"passed\"}],"
    "\"counters\":{\"commands.sent\":1234567,\"connect.lost\":2,\"" HOSTILE "\":7},"
    "\"stages_us\":{\"command.total\":{\"count\":1,\"min\":900,\"p50\":1000,\"p90\":1100,"
    "\"p99\":1200,\"p99.9\":1300,\"max\":1400},\"" HOSTILE
    "\":{\"count\":1,\"min\":0,\"max\":1e9}},"
    "\"slowest_commands\":[{\"kind\":\"" HOSTILE "\",\"vehicle\":3,\"outcome\":\"" HOSTILE
    "\",\"total_us\":2000,\"marks_us\":{\"intended\":0,\"" HOSTILE "\":2000,\"sent\":10}}]}";

static const char series_text[] =
    "{\"series\":1,\"name\":\"" HOSTILE "\",\"car\":\"" HOSTILE "\",\"model\":\"" HOSTILE "\","
    "\"scenario\":\"" HOSTILE "\",\"start\":\"2026-01-12T06:30:00Z\",\"signals\":["
    "{\"path\":\"battery.state_of_charge\",\"type\":\"number\",\"unit\":\"percent\"},"
    "{\"path\":\"climate.cabin_temperature\",\"type\":\"number\",\"unit\":\"celsius\"},"
    "{\"path\":\"climate.outside_temperature\",\"type\":\"number\",\"unit\":\"celsius\"},"
    "{\"path\":\"" HOSTILE "\",\"type\":\"number\",\"unit\":\"" HOSTILE "\"},"
    "{\"path\":\"charging.plugged\",\"type\":\"boolean\"},"
    "{\"path\":\"link\",\"type\":\"text\"}]}\n"
    "{\"series\":1,\"t\":0,\"v\":[80,21,5,null,false,\"online\"]}\n"
    "{\"series\":1,\"t\":43200,\"v\":[50,20,7,null,true,\"" HOSTILE "\"]}\n"
    "{\"series\":1,\"t\":86400,\"v\":[null,18,6,null,true,\"asleep\"]}\n"
    "{\"series\":2,\"signals\":[]}\n";

static void make_page(const char *summary, const char *series, struct buf *page)
{
    cJSON *json = json_parse(slice_str(summary), 16);
    FILE *file = fmemopen((void *)(uintptr_t)series, strlen(series), "r");
    struct series_set set;

    assert_non_null(json);
    series_set_read(&set, file);
    fclose(file);
    buf_init(page, 1 << 24);
    report_write(&(struct report){.summary = json, .set = &set}, page);
    series_set_done(&set);
    cJSON_Delete(json);
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static void test_page(void **state)
{
    struct buf page, again;

    (void)state;
    make_page(summary_text, series_text, &page);
    make_page(summary_text, series_text, &again);
    const char *html = buf_cstr(&page);
    check_well_formed(html);
    assert_string_equal(html, buf_cstr(&again));
    assert_null(strstr(html, "<script>alert"));
    assert_int_equal(count_of(html, "<script>"), 1);
    assert_non_null(strstr(html, "&lt;script&gt;alert(1)"));
    /* Nothing of it is taken for a part of the template. */
    assert_non_null(strstr(html, "{{js}}"));
    static const char *const expected[] = {
        ">Failed</span>",  "2026-01-12 06:30 UTC", "Failures",
        "What led to it",  ">Charge</b>",          ">Cabin</b>",
        ">Outside</b>",    ">Connection</b>",      ">Charging plugged</b>",
        "class=\"night\"", ">Tue 13 Jan</",        "path class=\"state online\"",
        " 234 567",        "Slowest commands",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (strstr(html, expected[i]) == NULL)
            fail_msg("not on the page: %s", expected[i]);
    assert_int_equal(count_of(html, "<figure"), 1);         /* the empty series has none */
    assert_int_equal(count_of(html, "class=\"panel\""), 3); /* temperatures share one */
    assert_int_equal(count_of(html, "class=\"panel band\""), 2);
    assert_int_equal(count_of(html, "http"), count_of(html, "http://www.w3.org/"));
    buf_done(&page);
    buf_done(&again);
}

/* Members of other types than those that a run writes. */
#define STRANGE                                                                                    \
    "{\"settings\":[],\"scenarios\":{},\"stages_us\":7,\"counters\":\"x\",\"verdicts\":null,"      \
    "\"slowest_commands\":[{\"total_us\":1}]}"

static void test_empty_runs(void **state)
{
    static const char *const summaries[] = {
        "{}",
        "{\"complete\":true,\"exit_status\":130}",
        STRANGE,
    };
    static const char *const words[] = {"Unfinished", "Interrupted", "Unfinished"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct buf page;
        make_page(summaries[i], "\n", &page);
        check_well_formed(buf_cstr(&page));
        assert_non_null(strstr(buf_cstr(&page), words[i]));
        assert_null(strstr(buf_cstr(&page), "<figure"));
        buf_done(&page);
    }
}

static void test_no_run(void **state)
{
    struct error err;

    (void)state;
    assert_false(report_make("/nonexistent", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "/nonexistent/summary.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_empty_runs),
        cmocka_unit_test(test_no_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
