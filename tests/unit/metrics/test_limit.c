#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/junit.h"
#include "metrics/limit_share.h"
#include "metrics/limits.h"
#include "metrics/names.h"

static struct limit parse(const char *text)
{
    struct limit limit;
    struct error err = {0};

    if (!limit_parse(text, &limit, &err))
        fail_msg("%s", err.text);
    return limit;
}

static void assert_bound(const struct limit *limit, double bound)
{
    assert_true(limit->bound > bound * 0.999999 && limit->bound < bound * 1.000001);
}

static void reads_stages_and_counters(void **state)
{
    (void)state;
    struct limit l = parse("command.total p99 < 2s");

    assert_string_equal(l.metric, "command.total");
    assert_int_equal(l.statistic, LIMIT_PERCENTILE);
    assert_true(l.percent == 99);
    assert_int_equal(l.relation, LIMIT_BELOW);
    assert_bound(&l, 2e6);
    assert_string_equal(limit_unit(&l), "us");

    l = parse("  loop.lag   p99.9<=  1 m 30 s\n");
    assert_string_equal(l.expression, "loop.lag   p99.9<=  1 m 30 s");
    assert_true(l.percent == 99.9);
    assert_int_equal(l.relation, LIMIT_AT_MOST);
    assert_bound(&l, 90e6);

    l = parse("connect.failed < 0.1%");
    assert_int_equal(l.statistic, LIMIT_SHARE);
    assert_bound(&l, 0.001);
    assert_string_equal(limit_unit(&l), "share");

    l = parse("commands.failed==5");
    assert_int_equal(l.statistic, LIMIT_TOTAL);
    assert_int_equal(l.relation, LIMIT_EQUAL);
    assert_bound(&l, 5);

    l = parse("command.total count >= 20k");
    assert_int_equal(l.statistic, LIMIT_COUNT);
    assert_int_equal(l.relation, LIMIT_AT_LEAST);
    assert_bound(&l, 20000);
    assert_string_equal(limit_unit(&l), "count");
}

static void reads_names_that_are_made_up_of_others(void **state)
{
    (void)state;

    parse("probe/command.total p50 < 850µs");
    parse("command.total/unlock mean < 1s");
    parse("command.total/uncorrected max < 1s");
    parse("probe/connect.tls/uncorrected min > 1us");
    parse("command.total/uncorrected p100 < 1s");
    parse("connect.failed.tls == 0");
    parse("connect.lost.keep_alive <= 1%");
    parse("my.own.thing p90 < 3s");
    parse("my_own_things < 3");
}

static void says_what_is_wrong_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"",                            "'', column 1: no stage or counter"                                              },
        {"  < 5",                       "column 3: no stage or counter"                                                  },
        {"comand.total p99 < 2s",       "column 1: comand.total: no such stage (did you mean "
                                  "command.total?)"                                     },
        {"probe/comand.total p99 < 2s", "no such stage (did you mean probe/command.total?)"                              },
        {"connect.faild < 5",           "no such counter (did you mean connect.failed?)"                                 },
        {"command.total < 2s",          "column 1: command.total is a stage: say which of its"                           },
        {"connect.failed p99 < 2s",     "is a counter, it has no statistics (as "
                                    "'connect.failed < 5' or 'connect.failed < 0.1%')"},
        {"messages.sent p99 < 2s",      "has no statistics (as 'messages.sent < 5')"                                     },
        {"command.total meen < 2s",     "column 15: meen: not a statistic (did you mean mean?"                           },
        {"command.total p101 < 2s",     "column 15: p101: not a percentile"                                              },
        {"command.total p < 2s",        "column 15: p: not a percentile"                                                 },
        {"command.total p9.9.9 < 2s",   "not a percentile"                                                               },
        {"command.total p99 2s",        "column 19: a comparison is missing"                                             },
        {"command.total p99 << 2s",     "column 19: <<: not a comparison"                                                },
        {"command.total p99 =< 2s",     "column 19: =<: not a comparison"                                                },
        {"command.total p99 <",         "column 20: nothing to compare with"                                             },
        {"command.total p99 < 2",       "column 21: 2: a duration needs a unit (2ms or 2s?)"                             },
        {"command.total p99 < 2 sec",   "column 21: 2sec: not a duration"                                                },
        {"command.total p99 < 5%",      "column 21: 5%: not a duration"                                                  },
        {"command.total p99 == 5s",     "never exactly one value (use < or >)"                                           },
        {"command.total count < 5%",    "a number of samples is no share"                                                },
        {"command.total count < x",     "column 23: x: not a number"                                                     },
        {"messages.sent < 5%",          "messages.sent is no share of anything"                                          },
        {"connect.failed < 101%",       "column 18: a share is at most 100%"                                             },
        {"connect.failed < 5s",         "column 18: 5s: not a number"                                                    },
        {"connect.failed < -1",         "column 18: -1: not a number"                                                    },
        {"µ.µ.µ p99 2s",             "column 11: a comparison is missing"                                             },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct limit limit;
        struct error err = {0};
        assert_false(limit_parse(cases[i].text, &limit, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s': expected %s, saw %s", cases[i].text, cases[i].says, err.text);
    }
}

static void refuses_what_is_too_long(void **state)
{
    (void)state;
    struct limit limit;
    struct error err = {0};
    char text[400];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_false(limit_parse(text, &limit, &err));
    text[LIMIT_TEXT_MAX - 1] = '\0';
    assert_false(limit_parse(text, &limit, &err));
    assert_non_null(strstr(err.text, "names have at most 63 characters"));
}

static struct limit_reached judge(const char *text, const struct recorder *rec)
{
    struct limit limit = parse(text);
    struct limit_reached reached;

    limit_judge(&limit, rec, &reached);
    return reached;
}

static bool held(const char *text, const struct recorder *rec)
{
    return judge(text, rec).held;
}

static void judges_stages(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    for (usec_t i = 1; i <= 1000; i++)
        recorder_value(rec, "command.total", i * 10);
    assert_true(held("command.total p50 < 5010us", rec));
    assert_false(held("command.total p50 < 5ms", rec));
    assert_true(held("command.total p50 > 4ms", rec));
    assert_true(held("command.total max <= 10ms", rec));
    assert_false(held("command.total max < 10ms", rec));
    assert_true(held("command.total min >= 10us", rec));
    assert_true(held("command.total mean < 5010us", rec));
    assert_true(held("command.total count == 1k", rec));
    assert_false(held("command.total count > 1000", rec));
    assert_true(judge("command.total p99 < 1s", rec).value >= 9900);
    recorder_free(rec);
}

static void what_has_no_samples_is_missed(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    struct limit_reached r = judge("command.total p99 < 2s", rec);
    assert_false(r.held || r.known);
    assert_string_equal(r.why, "command.total has no samples");
    r = judge("connect.failed < 1%", rec);
    assert_false(r.held || r.known);
    assert_string_equal(r.why, "there were no connects that ended");
    r = judge("nobodys.business < 5", rec);
    assert_false(r.held || r.known);
    assert_string_equal(r.why, "nothing counted nobodys.business");
    assert_false(held("nobodys.business count < 5", rec));
    /* A number of nothing is one. */
    assert_true(held("command.total count < 5", rec));
    assert_true(held("connect.failed < 5", rec));
    assert_true(held("connect.failed.tls == 0", rec));
    recorder_count(rec, "nobodys.business", 0);
    assert_true(held("nobodys.business < 5", rec));
    recorder_free(rec);
}

static void judges_counters_and_shares(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    recorder_count(rec, "connect.attempts", 1100); /* a hundred are under way */
    recorder_count(rec, "connect.succeeded", 998);
    recorder_count_by(rec, "connect.failed", "tls", 2);
    assert_true(held("connect.failed == 0.2%", rec));
    assert_false(held("connect.failed < 0.2%", rec));
    assert_true(held("connect.failed.tls <= 0.2%", rec));
    assert_true(held("connect.succeeded > 99%", rec));
    assert_true(held("connect.failed < 3", rec));
    assert_false(held("connect.failed < 2", rec));
    recorder_count(rec, "probe/commands.succeeded", 3);
    recorder_count(rec, "probe/commands.failed", 1);
    assert_true(held("probe/commands.failed == 25%", rec));
    assert_false(held("commands.failed < 25%", rec));
    recorder_free(rec);
}

/* Every part of a whole is a counter of the program, and the page says of what each is a share. */
static void the_documentation_tells_every_share(void **state)
{
    (void)state;
    FILE *file = fopen(SOURCE_DIR "/docs/limits.md", "r");
    char *text = xcalloc(1, 1 << 20);

    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    for (size_t i = 0; i < share_row_count; i++) {
        const char *name = share_rows[i].counter;
        const struct share_whole *whole = share_rows[i].whole;
        assert_true(metric_counter_rank(name) < metric_counter_count);
        for (const char *const *part = whole->parts; *part != NULL; part++)
            assert_true(metric_counter_rank(*part) < metric_counter_count);
        bool prefix = name[strlen(name) - 1] == '.';
        char *row = xasprintf("`%s%s`", name, prefix ? "…" : "");
        const char *at = strstr(text, row);
        if (at == NULL || strstr(at, whole->name) == NULL)
            fail_msg("docs/limits.md does not say that %s is a share of the %s", row, whole->name);
        free(row);
    }
    free(text);
}

static struct limits *two_limits(void)
{
    static const char *const texts[] = {"command.total p99 < 2s", "connect.failed < 0.1%"};
    struct error err = {0};
    struct limits *l = limits_new(texts, 2, &err);

    assert_non_null(l);
    return l;
}

static void several_are_told_together(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();
    struct verdicts *verdicts = verdicts_new("run", 0);
    struct limits *l = two_limits();
    struct buf out;

    recorder_value(rec, "command.total", 438000);
    assert_int_equal(limits_judge(l, rec), 1);
    assert_int_equal(limits_missed(l), 1);
    buf_init(&out, 1 << 16);
    assert_true(limits_table(l, false, &out));
    assert_string_equal(buf_cstr(&out),
                        "  limit                    reached\n"
                        "  command.total p99 < 2s    438 ms  held\n"
                        "  connect.failed < 0.1%          –  MISSED: there were no connects that "
                        "ended\n");
    buf_clear(&out);
    limits_tell(l, verdicts, NULL);
    assert_true(junit_write(verdicts, &out));
    assert_non_null(strstr(buf_cstr(&out), "name=\"command.total p99 &lt; 2s\""));
    assert_non_null(strstr(buf_cstr(&out), "missed: there were no connects that ended"));
    assert_int_equal(verdicts_count(verdicts, VERDICT_FAILED), 0); /* no scenario's */

    cJSON *json = limits_json(l);
    const cJSON *first = cJSON_GetArrayItem(json, 0), *second = cJSON_GetArrayItem(json, 1);
    assert_string_equal(json_str(first, "statistic", ""), "p99");
    assert_true(json_num(first, "limit", 0) == 2e6);
    assert_true(cJSON_IsTrue(json_get(first, "held")));
    assert_true(cJSON_IsNull(json_get(second, "value")));
    assert_string_equal(json_str(second, "unit", ""), "share");
    assert_string_equal(json_str(second, "reason", ""), "there were no connects that ended");
    cJSON_Delete(json);
    buf_done(&out);
    limits_free(l);
    verdicts_free(verdicts);
    recorder_free(rec);
}

/* What the simulator was late itself may be all that a limit is missed by. */
static void a_miss_that_may_be_ours_is_doubtful(void **state)
{
    static const struct {
        const char *text;
        bool held, doubtful;
    } cases[] = {
        {"command.total p99 < 320ms",   true,  false},
        {"command.total p99 < 290ms",   false, true },
        {"command.total p99 < 200ms",   false, false}, /* 100 ms are not ours */
        {"command.total mean <= 299ms", false, true },
        {"command.total max < 290ms",   false, true },
        {"command.total p99 > 310ms",   false, false}, /* lateness would have helped it */
        {"command.total count < 1",     false, false},
        {"task.lateness p99 < 15ms",    false, false}, /* that is ours, and known */
        {"command.schedule p99 < 1ms",  false, false},
        {"shadow.update p99 < 1s",      false, false}, /* there was none */
        {"commands.sent < 1",           false, false},
    };
    struct recorder *rec = recorder_new();

    (void)state;
    recorder_value(rec, "command.total", 300000);
    recorder_value(rec, "command.schedule", 2000);
    recorder_value(rec, "task.lateness", 20000);
    recorder_value(rec, "loop.lag", 3000);
    recorder_count(rec, "commands.sent", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct limit l = parse(cases[i].text);
        struct limit_reached reached;
        limit_judge(&l, rec, &reached);
        if (reached.held != cases[i].held || reached.doubtful != cases[i].doubtful)
            fail_msg("%s: held %d, doubtful %d", cases[i].text, reached.held, reached.doubtful);
    }
    recorder_free(rec);
}

static void doubt_needs_all_that_are_missed(void **state)
{
    static const char *const texts[] = {"command.total p99 < 290ms", "command.total p99 < 2s",
                                        "command.total p50 < 1ms"};
    struct recorder *rec = recorder_new();
    struct error err;
    char why[LIMITS_DOUBT_MAX];
    struct buf out;

    (void)state;
    recorder_value(rec, "command.total", 300000);
    recorder_value(rec, "task.lateness", 20000);
    struct limits *l = limits_new(texts, 2, &err);
    limits_judge(l, rec);
    assert_true(limits_doubt(l, why, sizeof why));
    assert_string_equal(why, "command.total p99 < 290ms is missed by 10.0 ms, but the simulator "
                             "itself was late by 20.0 ms");
    buf_init(&out, 1 << 16);
    assert_true(limits_table(l, false, &out));
    assert_non_null(strstr(buf_cstr(&out), "MISSED, but the simulator was late by 20.0 ms\n"));
    buf_done(&out);
    cJSON *json = limits_json(l);
    assert_true(cJSON_IsTrue(json_get(cJSON_GetArrayItem(json, 0), "doubtful")));
    assert_true(cJSON_IsFalse(json_get(cJSON_GetArrayItem(json, 1), "doubtful")));
    cJSON_Delete(json);
    limits_free(l);
    l = limits_new(texts, 3, &err);
    limits_judge(l, rec);
    assert_false(limits_doubt(l, why, sizeof why)); /* one of them is certain */
    limits_free(l);
    assert_false(limits_doubt(NULL, why, sizeof why));
    recorder_free(rec);
}

static void a_bad_one_among_them_is_named(void **state)
{
    (void)state;
    static const char *const texts[] = {"command.total p99 < 2s", "what"};
    struct error err = {0};

    assert_null(limits_new(texts, 2, &err));
    assert_string_equal(err.text,
                        "--limit: 'what', column 5: a comparison is missing (<, <=, >, >= or ==)");
    assert_int_equal(limits_count(NULL), 0);
    assert_int_equal(limits_judge(NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_stages_and_counters),
        cmocka_unit_test(reads_names_that_are_made_up_of_others),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(judges_stages),
        cmocka_unit_test(what_has_no_samples_is_missed),
        cmocka_unit_test(judges_counters_and_shares),
        cmocka_unit_test(the_documentation_tells_every_share),
        cmocka_unit_test(several_are_told_together),
        cmocka_unit_test(a_miss_that_may_be_ours_is_doubtful),
        cmocka_unit_test(doubt_needs_all_that_are_missed),
        cmocka_unit_test(a_bad_one_among_them_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
