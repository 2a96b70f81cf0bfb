#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "metrics/hlog.h"
#include "report/report.h"
#include "well_formed.h"

#define HOSTILE "<script>alert(1)</script>\\\"'&]]>{{js}}"

static const char summary_text[] =
    "{\"format\":1,\"name\":\"n\",\"command\":\"load\",\"version\":\"1\",\"seed\":\"1\","
    "\"started\":\"2026-01-12T06:30:00.000Z\",\"duration_us\":10000000,\"complete\":true,"
    "\"exit_status\":5,"
    "\"load\":{\"vehicles\":1000,\"warm_up_s\":2,\"phases\":["
    "{\"name\":\"" HOSTILE "\",\"from_s\":0,\"to_s\":2},"
    "{\"name\":\"warm-up\",\"from_s\":2,\"to_s\":4},"
    "{\"name\":\"steady\",\"from_s\":4,\"to_s\":99},{\"name\":\"no\",\"from_s\":5}],"
    "\"arrivals\":[{\"what\":\"commands\",\"pattern\":\"" HOSTILE "\",\"rate_per_s\":20,"
    "\"intended\":200000,\"sent\":199999,\"late\":3}],\"invalid\":[\"" HOSTILE "\"],"
    "\"phases_apart_s\":2.5,\"phases_different\":[\"shard 1 of 2: " HOSTILE "\",7],"
    "\"data\":{\"sent_bytes_per_s\":1000,\"received_bytes_per_s\":2000,"
    "\"wire_sent_bytes_per_s\":1500,\"wire_received_bytes_per_s\":2500,\"packets_per_s\":40,"
    "\"header_bytes_per_s\":2080,\"bytes_per_handshake\":2900,"
    "\"bytes_per_vehicle_month\":15759360},"
    "\"simulator\":{\"cores\":0.5,\"memory_bytes\":85000000,\"machine_cores\":1.25,"
    "\"processors\":2},\"broker\":{\"cores\":0.375,\"memory_bytes\":25000000}},"
    "\"limits\":[{\"expression\":\"command.total p99 < 2s\",\"value\":2500000,\"limit\":2000000,"
    "\"unit\":\"us\",\"held\":false,\"doubtful\":true},"
    "{\"expression\":\"connect.failed < 0.1%\",\"value\":0.0004,\"limit\":0.001,"
    "\"unit\":\"share\",\"held\":true},"
    "{\"expression\":\"" HOSTILE "\",\"value\":null,\"limit\":7,\"unit\":\"count\","
    "\"held\":false,\"reason\":\"" HOSTILE "\"},7],"
    "\"counters\":{\"commands.sent\":200,\"commands.succeeded\":190,\"commands.timed_out\":10,"
    "\"connect.failed\":4,\"connect.failed.tls\":4,\"messages.sent\":5},"
    "\"stages_us\":{"
    "\"command.total\":{\"count\":190,\"min\":900,\"p50\":1000,\"p90\":1100,\"p99\":1200000},"
    "\"command.total/uncorrected\":{\"count\":190,\"min\":900,\"p50\":901,\"p90\":902,\"p99\":903},"
    "\"probe/command.total\":{\"count\":5,\"min\":900,\"p50\":1000,\"p90\":1100,\"p99\":1200},"
    "\"loop.lag\":{\"count\":5,\"min\":1,\"p50\":1,\"p90\":1,\"p99\":1,\"max\":1}},"
    "\"slowest_commands\":[{\"kind\":\"locks\",\"vehicle\":3,\"outcome\":\"succeeded\","
    "\"total_us\":2000,\"intended_us\":5000000,\"marks_us\":{\"intended\":0,\"sent\":10,"
    "\"accepted\":200,\"new\":300,\"received\":400,\"acted\":1500,\"seen\":2000}}]}";

static const char timeline_text[] =
    "seconds,interval,vehicles,off,online,connecting,commands_due,commands_sent,"
    "lateness_max_ms,loop_lag_max_ms,cpu_percent,memory_mib,broker_cpu_percent,broker_memory_mib,"
    "errors\n"
    "1.0,1.0,1000,1000,0,0,0,0,,1.5,50,20,,,\n"
    "2.0,1.0,1000,400,500,100,0,0,,1.5,50,30,20,25,connect.failed.tls=4\n"
    "2.4,0.4,1000,0,1000,0,8,8,0.2,1.5,50,30,20,25,\n"
    "5.0,2.6,1000,0,1000,0,52,50,2600,2600,50,30,20,25,<b>&]]>=3\n"
    "10.0,5.0,1000,0,1000,0,100,100,0.3,0.1,50,30,20,25,commands.timed_out=10;"
    "a=1;b=1;c=1;d=1;e=1;f=1;g=1\n";

/* A log of one sample of each stage a second, a hundred in the fifth. */
static void write_log(char path[static 64])
{
    struct histogram h;
    struct buf log;

    strcpy(path, "/tmp/load-page-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    buf_init(&log, 1 << 20);
    histogram_init(&h);
    hlog_write_header(&log, NULL, 1768199400000);
    for (unsigned second = 0; second < 10; second++) {
        histogram_clear(&h);
        histogram_record_n(&h, 1000 * (second + 1), second == 4 ? 100 : 1);
        hlog_write_entry(&log, second < 4 ? "warm_up/command.total" : "command.total",
                         second * USEC_PER_SEC, USEC_PER_SEC, &h);
        hlog_write_entry(&log, "other", second * USEC_PER_SEC, USEC_PER_SEC, &h);
    }
    assert_int_equal(write(fd, buf_data(&log), buf_len(&log)), buf_len(&log));
    close(fd);
    histogram_done(&h);
    buf_done(&log);
}

static void read_fleet(const char *text, struct fleet_table *fleet)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    fleet_table_read(fleet, file);
    fclose(file);
}

static void make_page(const char *summary, const char *timeline, struct buf *page)
{
    cJSON *json = json_parse(slice_str(summary), 16);
    struct fleet_table fleet;
    struct latency_over_time latency;
    double step;
    char path[64];

    assert_non_null(json);
    read_fleet(timeline, &fleet);
    write_log(path);
    size_t columns = report_columns(json, &step);
    latency_over_time_read(&latency, path, step, columns);
    unlink(path);
    buf_init(page, 1 << 24);
    report_write(&(struct report){.summary = json, .fleet = &fleet, .latency = &latency}, page);
    latency_over_time_done(&latency);
    fleet_table_done(&fleet);
    cJSON_Delete(json);
}

static void check_has(const char *html, const char *part)
{
    if (strstr(html, part) == NULL)
        fail_msg("not on the page: %s", part);
}

static void test_load(void **state)
{
    struct buf page, again;

    (void)state;
    make_page(summary_text, timeline_text, &page);
    make_page(summary_text, timeline_text, &again);
    const char *html = buf_cstr(&page);
    check_well_formed(html);
    assert_string_equal(html, buf_cstr(&again));
    assert_null(strstr(html, "<script>alert"));
    assert_null(strstr(html, "<b>&]]>"));
    static const char *const expected[] = {
        ">Limit missed</span>",
        "1 of 4 held",
        ">2.50\xc2\xa0s</td>",
        ">0.040 %</td>",
        "limit 2.00\xc2\xa0s",
        "by less than the simulator itself was late",
        ">–</td>",
        "20/s</td>",
        "title=\"steady\"",
        "class=\"warm\" style=\"left:20.00%;width:20.00%\"",
        "rect class=\"warm\" x=\"200.00\" width=\"200.00\"",
        ">Cars</h4>",
        /* What came in 2.6 s is spread over them. */
        "data-v=\"0 0 20 20 20 20 20 20 20 20\"",
        "data-v=\"0 500 1000 1000 1000 1000 1000 1000 1000 1000\"",
        /* Of each second, the percentiles; and where the samples are. */
        "data-v=\"1000 2000 3",
        "class=\"heat h7\" d=\"M4 ",
        ":100;",
        "class=\"area connecting\"",
        ">connect.\xe2\x80\x8b"
        "failed.\xe2\x80\x8btls</b>",
        ">others</b>",
        "lateness",
        "up to 2.5 s apart",
        "Not all went through the same phases.",
        ">What it took</h2>",
        "<th>over TCP</th><td class=\"n\">1.5 KB/s</td><td class=\"n\">2.5 KB/s</td>",
        "<th>with headers</th><td class=\"n\" colspan=\"2\">6.1 KB/s</td>",
        "<b>15.8 MB</b>",
        "<th>broker</th><td class=\"n\">0.38</td><td class=\"n\">25.0 MB</td>",
        "of 2 were busy",
        ">CPU of simulator and broker",
        ">uncorrected</th>",
        "Probe cars and apps",
        "The simulator itself",
        "connects that failed",
        "Slowest commands",
        "at 5.0 s",
        ">to the car</span>",
        "199\xe2\x80\xaf"
        "999",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        check_has(html, expected[i]);
    buf_done(&page);
    buf_done(&again);
}

/* What a search found, and its steps where they came to. */
static void test_search(void **state)
{
    static const char summary[] =
        "{\"command\":\"load\",\"duration_us\":4000000,\"search\":{"
        "\"expression\":\"command.total p99 < 500ms\",\"what\":\"commands\",\"bound\":\"largest\","
        "\"result\":1600,\"precision\":0.1,\"reached_unit\":\"us\",\"steps\":["
        "{\"value\":800,\"again\":false,\"outcome\":\"held\",\"reached\":300000,\"from_s\":1,"
        "\"to_s\":5},"
        "{\"value\":1600,\"again\":true,\"outcome\":\"held\",\"reached\":400000},"
        "{\"value\":2000,\"outcome\":\"tripped\",\"reached\":null},"
        "{\"value\":1900,\"outcome\":\"invalid\",\"why\":\"it was late " HOSTILE "\"},"
        "{\"value\":1800,\"outcome\":\"" HOSTILE "\",\"reached\":2000000},7]}}";
    static const char *const expected[] = {
        "<b>1\xe2\x80\xaf"
        "600 commands/s</b> held twice; what was less than 10 % above did not",
        ">400\xc2\xa0ms</td>",
        "held (tried again)",
        "ended early: too much failed",
        "says nothing: it was late ",
        "class=\"bound\"",
        "<i class=\"good\" style=\"left:80.00%;",
        "<i class=\"bad\" style=\"left:100.00%;bottom:100.00%\">3</i>",
    };
    static const char *const others[] = {
        "{\"command\":\"load\",\"search\":{}}",
        "{\"command\":\"load\",\"search\":{\"bound\":\"at_least\",\"what\":\"vehicles\","
        "\"result\":7,\"steps\":[{\"value\":-1,\"reached\":-5},{\"value\":5,\"reached\":0}]}}",
    };
    struct buf page;

    (void)state;
    make_page(summary, "", &page);
    check_well_formed(buf_cstr(&page));
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        check_has(buf_cstr(&page), expected[i]);
    buf_done(&page);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        make_page(others[i], "", &page);
        check_well_formed(buf_cstr(&page));
        check_has(buf_cstr(&page), i == 0 ? "<b>nothing</b>" : "at least <b>7 cars</b>");
        buf_done(&page);
    }
}

/* Whatever is missing, there is a page. */
static void test_little(void **state)
{
    static const char *const summaries[] = {
        "{\"command\":\"load\"}",
        "{\"command\":\"load\",\"duration_us\":1e300,\"load\":{\"phases\":{},\"arrivals\":7},"
        "\"limits\":{}}",
        "{\"command\":\"load\",\"duration_us\":-5,\"load\":[],\"limits\":[]}",
    };
    static const char *const timelines[] = {
        "",
        "seconds,interval,online\n1,1,5\n2,0,5\n1e9,1e9,7\n",
        "seconds\n1\n2\n3\n",
        "interval,seconds\n1,1\n1,-1\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof summaries / sizeof *summaries; i++) {
        for (size_t n = 0; n < sizeof timelines / sizeof *timelines; n++) {
            struct buf page;
            make_page(summaries[i], timelines[n], &page);
            check_well_formed(buf_cstr(&page));
            buf_done(&page);
        }
    }
}

/* A run of few cars has its scenarios, and no fleet. */
static void test_no_fleet(void **state)
{
    static const char few[] = "seconds,interval,vehicles\n1,1,5\n2,1,5\n3,1,5\n4,1,5\n";
    static const char many[] = "seconds,interval,vehicles\n1,1,50\n2,1,50\n3,1,50\n4,1,50\n";
    struct buf page;

    (void)state;
    make_page("{\"command\":\"run\",\"duration_us\":4000000}", few, &page);
    assert_null(strstr(buf_cstr(&page), "Over time"));
    buf_done(&page);
    make_page("{\"command\":\"run\",\"duration_us\":4000000}", many, &page);
    check_has(buf_cstr(&page), "Over time");
    buf_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_little),
        cmocka_unit_test(test_no_fleet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
