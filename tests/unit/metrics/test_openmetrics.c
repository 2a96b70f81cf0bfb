#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/exposition.h"
#include "metrics/openmetrics.h"

static const struct openmetrics_count states[] = {
    {"asleep",      3 },
    {"backing off", 40}
};

static const struct openmetrics_facts facts = {
    .version = "1.2",
    .run = "a \"run\"\\",
    .command = "load",
    .phase = "steady",
    .lasted = 12500000,
    .process_started_wall = 1700000000000000,
    .vehicles = {states,            2                            },
    .usage = { .cpu = 1250000, .resident = 4096, .descriptors = 9, .descriptors_max = UINT64_MAX},
};

static char *written(const struct recorder *rec, enum openmetrics_form form)
{
    struct buf out;

    buf_init(&out, 1 << 22);
    assert_true(openmetrics_write(rec, &facts, form, &out));
    char *text = xstrdup(buf_cstr(&out));
    buf_done(&out);
    return text;
}

static void assert_line(const char *text, const char *line)
{
    char *whole = xasprintf("\n%s\n", line);

    if (strstr(text, whole) == NULL)
        fail_msg("no line \"%s\" in:\n%s", line, text);
    free(whole);
}

static void assert_has(const char *text, const char *const *lines)
{
    for (; *lines != NULL; lines++)
        assert_line(text, *lines);
}

static struct recorder *record(void)
{
    struct recorder *rec = recorder_new();

    recorder_count(rec, "commands.sent", 7);
    recorder_count(rec, "commands.timed_out", 2);
    recorder_count(rec, "probe/commands.sent", 3);
    recorder_count_by(rec, "commands.rejected", "429", 2);
    recorder_count_by(rec, "load.intended", "probes", 6);
    recorder_count(rec, "bytes.sent", 1000);
    recorder_count_by(rec, "connect.failed", "tls", 3);
    recorder_count_by(rec, "connect.failed", "tcp", 1);
    recorder_count(rec, "connect.failed", 5);
    recorder_count(rec, "a script's own", 4);
    recorder_value(rec, "command.total", 100000);
    recorder_value(rec, "command.total", 400000);
    recorder_value(rec, "command.total/uncorrected", 90000);
    recorder_value(rec, "probe/command.total", 5000000);
    recorder_value(rec, "command.total/unlock", 100000);
    recorder_value(rec, "loop.lag", 250);
    return rec;
}

static void counters_have_their_labels(void **state)
{
    struct recorder *rec = record();
    char *text = written(rec, OPENMETRICS_TEXT_0_4);

    (void)state;
    assert_has(text,
               (const char *const[]){
                   "fleetsim_build_info{version=\"1.2\"} 1",
                   "fleetsim_run_info{run=\"a \\\"run\\\"\\\\\",command=\"load\"} 1",
                   "fleetsim_run_lasted_seconds 12.5",
                   "fleetsim_run_phase{phase=\"steady\"} 1",
                   "fleetsim_vehicles{state=\"backing_off\"} 40",
                   "# TYPE fleetsim_commands_sent_total counter",
                   "fleetsim_commands_sent_total{population=\"fleet\"} 7",
                   "fleetsim_commands_sent_total{population=\"probe\"} 3",
                   "fleetsim_commands_rejected_total{reason=\"429\"} 2",
                   "fleetsim_load_intended_total{stream=\"probes\"} 6",
                   "fleetsim_commands_ended_total{outcome=\"timed_out\",population=\"fleet\"} 2",
                   "fleetsim_commands_ended_total{outcome=\"succeeded\",population=\"fleet\"} 0",
                   "fleetsim_commands_duplicates_dropped_total{population=\"fleet\"} 0",
                   "fleetsim_sent_bytes_total 1000",
                   "fleetsim_connect_failed_total{reason=\"tls\"} 3",
                   "fleetsim_connect_failed_total{reason=\"tcp\"} 1",
                   "fleetsim_connect_failed_total{reason=\"other\"} 5",
                   "fleetsim_connect_lost_total{reason=\"other\"} 0",
                   "fleetsim_script_events_total{name=\"a script's own\"} 4",
                   "process_cpu_seconds_total 1.25",
                   "process_resident_memory_bytes 4096",
                   "process_start_time_seconds 1700000000.0",
                   NULL,
               });
    assert_null(strstr(text, "process_max_fds"));
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, "# EOF"));
    free(text);
    recorder_free(rec);
}

static void stages_are_histograms(void **state)
{
    struct recorder *rec = record();
    char *text = written(rec, OPENMETRICS_TEXT_0_4);

    (void)state;
#define FLEET "stage=\"command.total\",population=\"fleet\",correction=\"intended\""
    assert_has(text, (const char *const[]){
                         "# TYPE fleetsim_stage_duration_seconds histogram",
                         "fleetsim_stage_duration_seconds_bucket{" FLEET ",le=\"0.075\"} 0",
                         "fleetsim_stage_duration_seconds_bucket{" FLEET ",le=\"0.1\"} 1",
                         "fleetsim_stage_duration_seconds_bucket{" FLEET ",le=\"0.5\"} 2",
                         "fleetsim_stage_duration_seconds_bucket{" FLEET ",le=\"+Inf\"} 2",
                         "fleetsim_stage_duration_seconds_count{" FLEET "} 2",
                         "fleetsim_stage_exact_seconds{" FLEET ",quantile=\"1.0\"} 0.4",
                         "fleetsim_stage_duration_seconds_count{stage=\"command.total\","
                         "population=\"fleet\",correction=\"none\"} 1",
                         "fleetsim_stage_duration_seconds_bucket{stage=\"command.total\","
                         "population=\"probe\",correction=\"intended\",le=\"5.0\"} 1",
                         "fleetsim_command_duration_seconds_count{kind=\"unlock\","
                         "population=\"fleet\",correction=\"intended\"} 1",
                         "fleetsim_loop_lag_seconds_bucket{le=\"0.0005\"} 1",
                         NULL,
                     });
    assert_null(strstr(text, "stage=\"loop.lag\""));
    free(text);
    recorder_free(rec);
}

static void openmetrics_has_units_and_an_end(void **state)
{
    struct recorder *rec = record();
    char *text = written(rec, OPENMETRICS_1_0);

    (void)state;
    assert_has(text, (const char *const[]){
                         "# TYPE fleetsim_commands_sent counter",
                         "fleetsim_commands_sent_total{population=\"fleet\"} 7",
                         "# TYPE fleetsim_sent_bytes counter",
                         "# UNIT fleetsim_sent_bytes bytes",
                         "fleetsim_sent_bytes_total 1000",
                         "# UNIT fleetsim_stage_duration_seconds seconds",
                         "# TYPE fleetsim_run info",
                         NULL,
                     });
    assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
    free(text);
    recorder_free(rec);
}

/* Each family once, each sample once. */
static void nothing_is_told_twice(void **state)
{
    struct recorder *rec = record();
    char *text = written(rec, OPENMETRICS_1_0);

    (void)state;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char *whole = xstrndup(line, (size_t)(end - line));
        whole[*line == '#' ? strlen(whole) : strcspn(whole, "} ")] = '\0';
        char *again = strstr(end, whole);
        if (again != NULL && again[-1] == '\n' && strchr("} \n", again[strlen(whole)]) != NULL)
            fail_msg("twice: %s", whole);
        free(whole);
    }
    free(text);
    recorder_free(rec);
}

static void buckets_agree_with_percentiles(void **state)
{
    struct recorder *rec = recorder_new();
    uint64_t below = 0;

    (void)state;
    for (unsigned i = 1; i <= 20000; i++) {
        recorder_value(rec, "publish.puback", (usec_t)i * 1000);
        below += i <= 3000; /* up to 3 s, exactly at a bound */
    }
    char *text = written(rec, OPENMETRICS_TEXT_0_4);
    char *at = strstr(text, "publish.puback\",population=\"fleet\",correction=\"intended\","
                            "le=\"3.0\"} ");
    assert_non_null(at);
    uint64_t told = strtoull(strchr(at, '}') + 2, NULL, 10);
    assert_in_range(told, below, below + 3); /* a slot is 2 ms wide there */
    free(text);
    recorder_free(rec);
}

static void an_empty_recorder_is_valid(void **state)
{
    struct recorder *rec = recorder_new();
    struct openmetrics_facts none = {.version = "1", .run = "r", .command = "run"};
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_true(openmetrics_write(rec, &none, OPENMETRICS_1_0, &out));
    assert_null(strstr(buf_cstr(&out), "run_phase"));
    assert_null(strstr(buf_cstr(&out), "fleetsim_vehicles "));
    assert_null(strstr(buf_cstr(&out), "loop_lag"));
    buf_done(&out);
    buf_init(&out, 100);
    assert_false(openmetrics_write(rec, &none, OPENMETRICS_1_0, &out));
    buf_done(&out);
    recorder_free(rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_have_their_labels),
        cmocka_unit_test(stages_are_histograms),
        cmocka_unit_test(openmetrics_has_units_and_an_end),
        cmocka_unit_test(nothing_is_told_twice),
        cmocka_unit_test(buckets_agree_with_percentiles),
        cmocka_unit_test(an_empty_recorder_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
