/* The live view, painted into a buffer at several widths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/live_view.h"
#include "cli/pen.h"
#include "metrics/recorder.h"

static const struct live_limit limits[] = {
    {"command.total p99 < 2s", "438 ms", true },
    {"connect.failed < 0.1%",  "0.4 %",  false},
    {"loop.lag p99 < 50ms",    NULL,     false},
};

struct lab {
    struct live_view *view;
    struct recorder *rec;
    struct live_moment moment;
};

/* Ten seconds of a load, each with more commands than the one before. */
static int make(void **state)
{
    static struct lab lab;

    lab.view = live_view_new();
    lab.rec = recorder_new();
    lab.moment = (struct live_moment){
        .title = "fleetsim load",
        .doing = "steady",
        .left = 165 * USEC_PER_SEC,
        .recorder = lab.rec,
        .queued = 210,
        .limits = limits,
        .limit_count = 3,
    };
    lab.moment.states[TCU_ONLINE] = 9412;
    lab.moment.states[TCU_CONNECTING] = 310;
    lab.moment.states[TCU_SYNCING] = 120;
    lab.moment.states[TCU_BACKING_OFF] = 98;
    lab.moment.states[TCU_ASLEEP] = 60;
    for (unsigned second = 1; second <= 10; second++) {
        recorder_count(lab.rec, "commands.sent", 100 * second);
        recorder_count(lab.rec, "messages.sent", 1000);
        recorder_count(lab.rec, "messages.received", 2000);
        recorder_count(lab.rec, "connect.succeeded", second <= 5 ? 600 : 0);
        recorder_value(lab.rec, "command.total", 100000 + second * 30000);
        recorder_value(lab.rec, "command.delivery", 20000);
        recorder_value(lab.rec, "connect.total", 350000);
        recorder_value(lab.rec, "loop.lag", second * 700);
        lab.moment.elapsed = second * USEC_PER_SEC;
        lab.moment.usage = (struct process_usage){.cpu = second * 430000, .resident = 312 << 20};
        live_view_sample(lab.view, &lab.moment);
    }
    recorder_count_by(lab.rec, "connect.failed", "tls", 8);
    recorder_count(lab.rec, "commands.timed_out", 1234);
    lab.moment.elapsed = 135 * USEC_PER_SEC;
    *state = &lab;
    return 0;
}

static int unmake(void **state)
{
    struct lab *lab = *state;

    live_view_free(lab->view);
    live_view_free(NULL);
    recorder_free(lab->rec);
    return 0;
}

static const char *painted(struct lab *lab, const struct live_style *style)
{
    static char text[65536];
    struct buf out;

    buf_init(&out, sizeof text - 1);
    live_view_paint(lab->view, &lab->moment, style, &out);
    assert_false(out.overflow);
    snprintf(text, sizeof text, "%s", buf_cstr(&out));
    buf_done(&out);
    return text;
}

static void eighty_columns(void **state)
{
    struct live_style style = {.columns = 80, .rows = 40, .unicode = true};

    assert_string_equal(
        painted(*state, &style),
        "fleetsim load  steady  ██████████████░░░░░░░░░░░░░░░░░░  2:15 of 5:00, 2:45 left\n"
        "\n"
        "10,000 cars        ████████████████████████████████████████████████████████▓▒▒░·\n"
        "█ 9,412 online  ▓ 120 syncing  ▒ 310 connecting  ░ 98 backing off  · 60 asleep  \n"
        "\n"
        "                          now       total   last minute\n"
        "commands/s              1,000       5,500                             ▁▂▂▃▄▅▆▆▇█\n"
        "connects/s                  0       3,000                             █████     \n"
        "messages/s              3,000      30,000                             ██████████\n"
        "command p99            400 ms                                         ▃▃▄▄▅▆▆▇▇█\n"
        "\n"
        "latency                     p50        p90        p99      p99.9        max\n"
        "command.total            250 ms     370 ms     400 ms     400 ms     400 ms\n"
        "command.delivery        20.0 ms    20.0 ms    20.0 ms    20.0 ms    20.0 ms\n"
        "connect.total            350 ms     350 ms     350 ms     350 ms     350 ms\n"
        "\n"
        "errors             1,242  commands.timed_out 1,234 · connect.failed.tls 8\n"
        "simulator          CPU 43 % · loop lag 7.00 ms · 312 MB (32 KB/car)   ▁▂▂▃▄▅▆▆▇█\n"
        "limit              ✓ command.total p99 < 2s  (438 ms)\n"
        "limit              ✗ connect.failed < 0.1%  (0.4 %)\n"
        "limit              · loop.lag p99 < 50ms\n");
}

static void ascii_of_sixty_columns(void **state)
{
    struct live_style style = {.columns = 60, .rows = 24};

    assert_string_equal(painted(*state, &style),
                        "fleetsim load  steady  #####-------  2:15 of 5:00, 2:45 left\n"
                        "10,000 cars        #####################################=+-.\n"
                        "# 9,412 online  = 120 syncing  + 310 connecting  \n"
                        "                          now       total   last minute\n"
                        "commands/s              1,000       5,500         _..-~=++*#\n"
                        "connects/s                  0       3,000         #####     \n"
                        "messages/s              3,000      30,000         ##########\n"
                        "command p99            400 ms                     --~~=++**#\n"
                        "latency                     p50        p99        max\n"
                        "command.total            250 ms     400 ms     400 ms\n"
                        "command.delivery        20.0 ms    20.0 ms    20.0 ms\n"
                        "connect.total            350 ms     350 ms     350 ms\n"
                        "errors             1,242  commands.timed_out 1,234 . connect\n"
                        "simulator          CPU 43 % . loop lag 7.00 ms . 312 MB (32 \n"
                        "limit              + command.total p99 < 2s  (438 ms)\n"
                        "limit              ! connect.failed < 0.1%  (0.4 %)\n"
                        "limit              . loop.lag p99 < 50ms\n");
}

static void what_matters_of_few_columns(void **state)
{
    struct live_style style = {.columns = 36, .rows = 6};

    assert_string_equal(painted(*state, &style), "fleetsim load  steady  2:45 left\n"
                                                 "10,000 cars        #############=+-.\n"
                                                 "# 9,412 online  = 120 syncing  \n"
                                                 "errors             1,242  commands.t\n");
}

/* No line is longer than the terminal is wide, nor the picture higher; escape sequences end. */
static void it_fits_any_terminal(void **state)
{
    for (size_t columns = 1; columns <= 170; columns++)
        for (size_t rows = 1; rows <= 45; rows += 2) {
            struct live_style style = {columns, rows, false, columns % 2 == 0};
            size_t lines = 0;
            const char *text = painted(*state, &style);
            for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
                char line[4096];
                snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
                assert_in_range(pen_width(line), 0, columns);
                lines++;
            }
            assert_in_range(lines, 1, rows > 1 ? rows - 1 : 1);
        }
}

static void colours_end(void **state)
{
    struct live_style style = {.columns = 80, .rows = 40, .colour = true, .unicode = true};
    const char *text = painted(*state, &style);
    bool on = false;

    assert_non_null(strstr(text, "\033[31m1,242\033[0m"));
    for (; *text != '\0'; text++) {
        if (*text == '\033')
            on = strncmp(text, "\033[0m", 4) != 0;
        assert_false(on && *text == '\n');
    }
    assert_false(on);
}

static void one_line_for_a_log(void **state)
{
    struct lab *lab = *state;
    struct buf out;

    buf_init(&out, 4096);
    live_view_line(lab->view, &lab->moment, &out);
    assert_string_equal(
        buf_cstr(&out),
        " 135.0 s  steady, 2:45 left  10000 cars: 9412 online, 120 syncing, 310 connecting, 98 "
        "backing off, 60 asleep  1,000 commands/s (p99 400 ms), 0 connects/s, 3,000 messages/s  "
        "1242 errors (commands.timed_out 1234)  CPU 43 %, loop lag 7.00 ms\n");
    buf_done(&out);
}

/* The local cloud is on the same machine, and what cars do may be later than the loop is. */
static void a_broker_and_late_cars_have_their_place(void **state)
{
    struct lab *lab = *state;
    struct live_style style = {.columns = 100, .rows = 40, .unicode = true};
    struct buf out;

    for (unsigned second = 11; second <= 12; second++) {
        recorder_value(lab->rec, "task.lateness", second * 10000);
        lab->moment.elapsed = second * USEC_PER_SEC;
        lab->moment.broker =
            (struct process_usage){.cpu = 500000 + second * 850000, .resident = 33 << 20};
        live_view_sample(lab->view, &lab->moment);
    }
    const char *text = painted(lab, &style);
    assert_non_null(strstr(text, "simulator          CPU 0 % · loop lag 0 µs · cars late 120 ms"));
    assert_non_null(strstr(text, "broker             CPU 85 % · 33 MB\n"));
    buf_init(&out, 4096);
    live_view_line(lab->view, &lab->moment, &out);
    assert_non_null(strstr(buf_cstr(&out), ", cars late 120 ms, broker CPU 85 %\n"));
    buf_done(&out);
}

/* What has just begun has neither rates nor percentiles. */
static void the_first_moment(void **state)
{
    struct live_view *view = live_view_new();
    struct recorder *rec = recorder_new();
    struct live_moment m = {.title = "fleetsim run", .doing = "", .recorder = rec};
    struct live_style style = {.columns = 80, .rows = 24, .unicode = true};
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    live_view_sample(view, &m);
    live_view_paint(view, &m, &style, &out);
    assert_non_null(strstr(buf_cstr(&out), "0 cars"));
    assert_non_null(strstr(buf_cstr(&out), "none"));
    buf_done(&out);
    live_view_free(view);
    recorder_free(rec);
}

/* When the measurement begins, the recorder's stages do so anew. */
static void a_stage_that_begins_anew(void **state)
{
    struct lab *lab = *state;
    struct recorder *rec = recorder_new();
    struct live_style style = {.columns = 80, .rows = 40, .unicode = true};

    recorder_value(rec, "command.total", 77000);
    lab->moment.recorder = rec;
    lab->moment.elapsed += USEC_PER_SEC;
    live_view_sample(lab->view, &lab->moment);
    const char *text = painted(lab, &style);
    assert_non_null(strstr(text, "command p99           77.1 ms"));
    assert_non_null(strstr(text, "commands/s                  0           0 "));
    recorder_free(rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(eighty_columns, make, unmake),
        cmocka_unit_test_setup_teardown(ascii_of_sixty_columns, make, unmake),
        cmocka_unit_test_setup_teardown(what_matters_of_few_columns, make, unmake),
        cmocka_unit_test_setup_teardown(it_fits_any_terminal, make, unmake),
        cmocka_unit_test_setup_teardown(colours_end, make, unmake),
        cmocka_unit_test_setup_teardown(one_line_for_a_log, make, unmake),
        cmocka_unit_test_setup_teardown(a_broker_and_late_cars_have_their_place, make, unmake),
        cmocka_unit_test_setup_teardown(the_first_moment, make, unmake),
        cmocka_unit_test_setup_teardown(a_stage_that_begins_anew, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
