/* What shards leave behind while they run, put together: two folders that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmem.h"
#include "cli/shards_view.h"
#include "metrics/hlog.h"
#include "metrics/recorder.h"

struct lab {
    char dir[64];
    struct shards_view *view;
    struct live_moment moment;
};

static int make(void **state)
{
    static struct lab lab;

    lab = (struct lab){.dir = "/tmp/fleetsim-shards-XXXXXX"};
    assert_non_null(mkdtemp(lab.dir));
    for (unsigned i = 0; i < 2; i++) {
        char *path = xasprintf("%s/shard-%04u", lab.dir, i);
        assert_int_equal(mkdir(path, 0700), 0);
        free(path);
    }
    lab.view = shards_view_new(lab.dir, 2);
    *state = &lab;
    return 0;
}

static int unmake(void **state)
{
    static const char *const names[] = {"latency.hlog", "summary.json", "timeline.csv", ""};
    struct lab *lab = *state;

    shards_view_free(lab->view);
    shards_view_free(NULL);
    for (unsigned i = 0; i < 2; i++)
        for (size_t n = 0; n < 4; n++) {
            char *path = xasprintf("%s/shard-%04u/%s", lab->dir, i, names[n]);
            *names[n] != '\0' ? unlink(path) : rmdir(path);
            free(path);
        }
    return rmdir(lab->dir);
}

static void put(const struct lab *lab, unsigned shard, const char *name, const char *how,
                struct slice text)
{
    char *path = xasprintf("%s/shard-%04u/%s", lab->dir, shard, name);
    FILE *file = fopen(path, how);

    assert_non_null(file);
    fwrite(text.data, 1, text.len, file);
    fclose(file);
    free(path);
}

/* A line of a log with so many values of `value`. */
static void log_values(struct buf *out, const char *tag, usec_t value, uint64_t count)
{
    struct histogram h;

    histogram_init(&h);
    histogram_record_n(&h, value, count);
    assert_true(hlog_write_entry(out, tag, 0, USEC_PER_SEC, &h));
    histogram_done(&h);
}

static uint64_t samples(const struct lab *lab, const char *stage)
{
    const struct recorder_stage *s = recorder_stage(lab->moment.recorder, stage);

    return s != NULL ? histogram_total(&s->total) : 0;
}

static void nothing_is_there_yet(void **state)
{
    struct lab *lab = *state;

    shards_view_look(lab->view, &lab->moment);
    assert_int_equal(lab->moment.states[TCU_ONLINE], 0);
    assert_int_equal(samples(lab, "command.total"), 0);
}

static void all_shards_are_added_up(void **state)
{
    struct lab *lab = *state;

    for (unsigned i = 0; i < 2; i++) {
        put(lab, i, "timeline.csv", "w",
            slice_str("seconds,vehicles,off,online,backing_off,memory_mib\n"
                      "1.0,9,9,0,0,10\n2.0,9,2,6,1,20\n3.0,9,"));
        put(lab, i, "summary.json", "w", slice_str("{\"counters\":{\"commands.sent\":21}}"));
    }
    shards_view_look(lab->view, &lab->moment);
    assert_int_equal(lab->moment.states[TCU_OFF], 4);
    assert_int_equal(lab->moment.states[TCU_ONLINE], 12);
    assert_int_equal(lab->moment.states[TCU_BACKING_OFF], 2);
    assert_int_equal(lab->moment.usage.resident, 40 << 20);
    assert_int_equal(recorder_counter(lab->moment.recorder, "commands.sent"), 42);
    shards_view_look(lab->view, &lab->moment); /* it is what they say, not added to what was */
    assert_int_equal(recorder_counter(lab->moment.recorder, "commands.sent"), 42);
}

static void logs_are_read_as_they_grow(void **state)
{
    struct lab *lab = *state;
    struct buf text;

    buf_init(&text, 1 << 20);
    hlog_write_header(&text, NULL, 0);
    log_values(&text, "warm_up/command.total", 5000, 100);
    log_values(&text, "command.total", 5000, 3);
    put(lab, 0, "latency.hlog", "w", buf_slice(&text));
    put(lab, 1, "latency.hlog", "w", buf_slice(&text));
    shards_view_look(lab->view, &lab->moment);
    assert_int_equal(samples(lab, "command.total"), 6);
    assert_int_equal(samples(lab, "warm_up/command.total"), 0);
    buf_clear(&text);
    log_values(&text, "command.total", 7000, 4);
    struct slice line = buf_slice(&text);
    put(lab, 1, "latency.hlog", "a", slice_of(line.data, line.len / 2));
    shards_view_look(lab->view, &lab->moment);
    assert_int_equal(samples(lab, "command.total"), 6);
    put(lab, 1, "latency.hlog", "a", slice_of(line.data + line.len / 2, line.len - line.len / 2));
    shards_view_look(lab->view, &lab->moment);
    assert_int_equal(samples(lab, "command.total"), 10);
    buf_done(&text);
}

static void nonsense_is_passed_over(void **state)
{
    struct lab *lab = *state;

    put(lab, 0, "latency.hlog", "w", slice_str("nonsense\nTag=x,1,2,3,!!\n"));
    put(lab, 0, "summary.json", "w", slice_str("{\"counters\":[1,{}],"));
    put(lab, 0, "timeline.csv", "w", slice_str(",,,\n,\n"));
    put(lab, 1, "timeline.csv", "w", slice_str("online"));
    shards_view_look(lab->view, &lab->moment);
    assert_int_equal(lab->moment.states[TCU_ONLINE], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_there_yet, make, unmake),
        cmocka_unit_test_setup_teardown(all_shards_are_added_up, make, unmake),
        cmocka_unit_test_setup_teardown(logs_are_read_as_they_grow, make, unmake),
        cmocka_unit_test_setup_teardown(nonsense_is_passed_over, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
