#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/hlog.h"
#include "metrics/junit.h"
#include "metrics/recorder.h"
#include "metrics/run_results.h"

struct fixture {
    char root[32];
    struct recorder *rec;
    struct verdicts *junit;
    struct verdict_case *first, *second;
};

static int make(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);

    strcpy(f->root, "/tmp/resultsXXXXXX");
    assert_non_null(mkdtemp(f->root));
    f->rec = recorder_new();
    f->junit = verdicts_new("nightly", 0);
    struct verdict_suite *suite = verdict_suite_add(f->junit, "locks", "scenarios/locks.lua");
    f->first = verdict_case_add(suite, "first", NULL, 3);
    f->second = verdict_case_add(suite, "second", NULL, 9);
    *state = f;
    return 0;
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char *child = xasprintf("%s/%s", path, e->d_name);
        remove_tree(child);
        free(child);
    }
    if (dir != NULL)
        closedir(dir);
    remove(path);
}

static int unmake(void **state)
{
    struct fixture *f = *state;

    recorder_free(f->rec);
    verdicts_free(f->junit);
    remove_tree(f->root);
    free(f);
    return 0;
}

static struct run_results *open_run(struct fixture *f, const char *name)
{
    struct error err = {0};
    struct run_results *r =
        run_results_open(&(struct run_results_options){f->root, name, "load", UINT64_MAX, NULL},
                         f->rec, f->junit, &err);

    if (r == NULL)
        fail_msg("%s", err.text);
    return r;
}

static char *file_of(const char *path, const char *name)
{
    return xasprintf("%s/%s", path, name);
}

static char *text_of(const char *path, const char *name)
{
    char *file_name = file_of(path, name), *text = xcalloc(1, 1 << 20);
    FILE *file = fopen(file_name, "r");

    assert_non_null(file);
    size_t n = fread(text, 1, (1 << 20) - 1, file);
    text[n] = '\0';
    fclose(file);
    free(file_name);
    return text;
}

static cJSON *summary_of(const char *path)
{
    char *text = text_of(path, "summary.json");
    cJSON *summary = json_parse(slice_str(text), 16);

    assert_non_null(summary);
    free(text);
    return summary;
}

struct tally {
    uint64_t values;
    size_t entries, warm_up;
};

static bool add_up(void *arg, const struct hlog_entry *entry)
{
    struct tally *tally = arg;

    bool warm_up = strcmp(entry->tag, "warm_up/command.total") == 0;
    assert_true(warm_up || strcmp(entry->tag, "command.total") == 0 ||
                strcmp(entry->tag, "connect.tls") == 0);
    tally->warm_up += warm_up;
    tally->values += histogram_total(entry->histogram);
    tally->entries++;
    return true;
}

static struct tally logged(const char *path)
{
    char *name = file_of(path, "latency.hlog");
    struct tally tally = {0};
    struct hlog_stats stats;
    struct error err = {0};

    if (!hlog_read_file(name, add_up, &tally, &stats, &err))
        fail_msg("%s", err.text);
    assert_false(stats.truncated);
    free(name);
    return tally;
}

static void a_finished_run_is_told_whole(void **state)
{
    struct fixture *f = *state;
    struct run_results *r = open_run(f, "night ly/ü");
    char *path = xstrdup(run_results_path(r));
    struct error err = {0};

    assert_non_null(strstr(path, "Z-night-ly---"));
    assert_int_equal(strspn(path + strlen(f->root) + 1, "0123456789T"), 15);
    run_results_set(r, "vehicles", "10");
    run_results_set(r, "vehicles", "20");
    run_results_set(r, "odd", "\xff");
    run_results_set_json(r, "shard", cJSON_CreateNumber(1));
    run_results_set_json(r, "shard", cJSON_CreateString("1/4"));
    run_results_set_json(NULL, "shard", cJSON_CreateString("nobody's"));
    recorder_journey_begin(f->rec, "c1", 4, "unlock", 1000, 1100);
    recorder_journey_mark(f->rec, "c1", JOURNEY_SEEN, 3000);
    recorder_journey_end(f->rec, "c1", JOURNEY_SUCCEEDED, 3000);
    recorder_count(f->rec, "own \xc3", 3);
    verdict_case_finish(f->first, VERDICT_FAILED, 1500, "no \xff", NULL);
    run_results_set_verdict(r, 1, "a scenario failed");
    assert_true(run_results_close(r, &err));

    cJSON *s = summary_of(path);
    assert_string_equal(json_str(s, "name", ""), "night ly/ü");
    assert_string_equal(json_str(s, "command", ""), "load");
    assert_string_equal(json_str(s, "shard", ""), "1/4");
    assert_string_equal(json_str(s, "seed", ""), "18446744073709551615");
    assert_string_equal(json_str(s, "version", ""), FLEETSIM_VERSION);
    assert_true(cJSON_IsTrue(json_get(s, "complete")));
    assert_true(json_num(s, "exit_status", -1) == 1);
    assert_string_equal(json_str(s, "reason", ""), "a scenario failed");
    assert_string_equal(json_str(json_get(s, "settings"), "vehicles", ""), "20");
    assert_string_equal(json_str(json_get(s, "settings"), "odd", ""), "(not UTF-8)");
    assert_true(json_num(json_get(s, "verdicts"), "failed", -1) == 1);
    assert_true(json_num(json_get(s, "verdicts"), "unfinished", -1) == 1);
    const cJSON *scenario = cJSON_GetArrayItem(json_get(s, "scenarios"), 0);
    assert_string_equal(json_str(scenario, "name", ""), "first");
    assert_string_equal(json_str(scenario, "verdict", ""), "failed");
    assert_string_equal(json_str(scenario, "message", ""), "no ?");
    assert_true(json_num(json_get(s, "counters"), "commands.succeeded", -1) == 1);
    assert_true(json_num(json_get(s, "counters"), "own ?", -1) == 3);
    const cJSON *total = json_get(json_get(s, "stages_us"), "command.total");
    static const char *const keys[] = {"min", "mean", "p50", "p90", "p99", "p99.9", "max"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_true(json_num(total, keys[i], -1) == 2000);
    assert_true(json_num(total, "count", -1) == 1);
    const cJSON *slow = cJSON_GetArrayItem(json_get(s, "slowest_commands"), 0);
    assert_string_equal(json_str(slow, "token", ""), "c1");
    assert_true(json_num(slow, "vehicle", -1) == 4);
    assert_true(json_num(slow, "total_us", -1) == 2000);
    assert_true(json_num(json_get(slow, "marks_us"), "sent", -1) == 100);
    assert_true(json_num(json_get(slow, "marks_us"), "seen", -1) == 2000);
    cJSON_Delete(s);
    free(path);
}

static void runs_of_one_second_get_folders_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct run_results *r[5];

    for (int i = 0; i < 5; i++)
        r[i] = open_run(f, "x");
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < i; k++)
            assert_string_not_equal(run_results_path(r[i]), run_results_path(r[k]));
    }
    for (int i = 0; i < 5; i++)
        run_results_close(r[i], NULL);
}

static void every_flush_logs_one_interval(void **state)
{
    struct fixture *f = *state;
    struct run_results *r = open_run(f, "x");
    char *path = xstrdup(run_results_path(r));

    assert_int_equal(logged(path).entries, 0);
    for (usec_t i = 1; i <= 3; i++) {
        recorder_value(f->rec, "connect.tls", i * 1000);
        recorder_value(f->rec, "connect.tls", i * 2000);
        assert_true(run_results_flush(r, NULL));
        assert_true(run_results_flush(r, NULL)); /* nothing new: nothing logged */
    }
    assert_int_equal(logged(path).entries, 3);
    recorder_value(f->rec, "connect.tls", 9);
    assert_true(run_results_close(r, NULL));
    assert_int_equal(logged(path).entries, 4);
    assert_int_equal(logged(path).values, 7);
    free(path);
}

static void a_warm_up_is_logged_to_its_end(void **state)
{
    struct fixture *f = *state;
    struct run_results *r = open_run(f, "x");
    char *path = xstrdup(run_results_path(r));

    recorder_warm_up(f->rec);
    recorder_value(f->rec, "command.total", 1000);
    assert_true(run_results_flush(r, NULL));
    recorder_value(f->rec, "command.total", 2000); /* within its last second */
    recorder_start_anew(f->rec, clock_now());
    recorder_value(f->rec, "command.total", 3000);
    assert_true(run_results_close(r, NULL));
    assert_int_equal(logged(path).entries, 3);
    assert_int_equal(logged(path).warm_up, 2);
    assert_int_equal(logged(path).values, 3);
    recorder_start_anew(f->rec, clock_now()); /* the run that would log it is gone */
    free(path);
}

static void a_killed_run_keeps_what_was_flushed(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork();

    if (pid == 0) {
        struct run_results *r =
            run_results_open(&(struct run_results_options){f->root, "killed", "run", 1, NULL},
                             f->rec, f->junit, NULL);
        recorder_value(f->rec, "connect.tls", 1000);
        verdict_case_finish(f->first, VERDICT_PASSED, 5, NULL, NULL);
        if (r != NULL && run_results_flush(r, NULL))
            kill(getpid(), SIGKILL);
        _exit(9);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    DIR *dir = opendir(f->root);
    char *path = NULL;
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            path = file_of(f->root, e->d_name);
    closedir(dir);
    assert_non_null(path);
    assert_int_equal(logged(path).values, 1);
    char *junit = text_of(path, "junit.xml");
    assert_non_null(strstr(junit, "errors=\"1\""));
    assert_non_null(strstr(junit, "type=\"unfinished\""));
    assert_non_null(strstr(junit, "</testsuites>"));
    cJSON *s = summary_of(path);
    assert_true(cJSON_IsFalse(json_get(s, "complete")));
    assert_null(json_get(s, "exit_status"));
    assert_true(json_num(json_get(json_get(s, "stages_us"), "connect.tls"), "max", -1) == 1000);
    cJSON_Delete(s);
    free(junit);
    free(path);
}

/* A limit on the size of files behaves like a full disk: some bytes fit, the rest do not. */
static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_told_once_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct run_results *r = open_run(f, "full");
    char *path = xstrdup(run_results_path(r));
    struct error first = {0}, second = {0}, third = {0}, none = {0};

    signal(SIGXFSZ, SIG_IGN);
    recorder_value(f->rec, "connect.tls", 1000);
    assert_true(run_results_flush(r, &none));
    recorder_value(f->rec, "connect.tls", 2000);
    limit_files(450); /* the log's header and entry are about 400 bytes, the summary is more */
    bool told[] = {run_results_flush(r, &first), run_results_flush(r, &second),
                   run_results_flush(r, &third)};
    recorder_value(f->rec, "connect.tls", 3000);
    limit_files(RLIM_INFINITY);
    assert_false(told[0]);
    assert_non_null(strstr(first.text, "latency.hlog: cannot write it: File too large"));
    assert_false(told[1]); /* the other file */
    assert_non_null(strstr(second.text, "summary.json: cannot write it: File too large"));
    assert_true(told[2]);
    assert_int_equal(logged(path).values, 1); /* and no half line */
    cJSON *s = summary_of(path);              /* the old one, whole */
    cJSON_Delete(s);
    assert_true(run_results_flush(r, &none));
    assert_int_equal(logged(path).values, 3);
    assert_true(run_results_close(r, &none));
    signal(SIGXFSZ, SIG_DFL);
    free(path);
}

static void a_folder_that_vanishes_fails_the_close(void **state)
{
    struct fixture *f = *state;
    struct run_results *r = open_run(f, "gone");
    struct error err = {0};

    remove_tree(run_results_path(r));
    assert_false(run_results_flush(r, &err));
    assert_non_null(strstr(err.text, "summary.json: cannot write it: No such file"));
    assert_true(run_results_flush(r, &err));
    err = (struct error){0};
    assert_false(run_results_close(r, &err));
    assert_int_equal(err.code, ERROR_USAGE);
}

static void a_root_that_cannot_be_made_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    char *file = file_of(f->root, "file"), *root = file_of(file, "deep/results");

    fclose(fopen(file, "w"));
    assert_null(run_results_open(&(struct run_results_options){.root = root}, f->rec, NULL, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "cannot make the results folder: Not a directory"));
    free(root);
    root = file_of(f->root, "a/b/c");
    struct run_results *r =
        run_results_open(&(struct run_results_options){.root = root}, f->rec, NULL, &err);
    assert_non_null(r);
    assert_non_null(strstr(run_results_path(r), "Z-run"));
    run_results_close(r, NULL);
    free(file);
    free(root);
}

static void a_run_without_results_needs_no_conditions(void **state)
{
    (void)state;

    assert_null(run_results_path(NULL));
    run_results_set(NULL, "a", "b");
    run_results_set_verdict(NULL, 0, NULL);
    assert_true(run_results_flush(NULL, NULL));
    assert_true(run_results_close(NULL, NULL));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, unmake)

static void a_folder_that_is_named_is_used_once(void **state)
{
    struct fixture *f = *state;
    struct run_results_options options = {
        .root = f->root, .name = "night", .command = "load", .folder = "night/shard-0001"};
    struct error err = {0};
    struct run_results *r = run_results_open(&options, f->rec, f->junit, &err);

    assert_non_null(r);
    char *path = file_of(f->root, "night/shard-0001");
    assert_string_equal(run_results_path(r), path);
    free(path);
    assert_true(run_results_close(r, &err));
    assert_null(run_results_open(&options, f->rec, f->junit, &err));
    assert_non_null(strstr(err.text, "a run has been there already"));
    path = run_results_make_folder(f->root, "night", &err);
    assert_non_null(strstr(path, "Z-night"));
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_that_is_named_is_used_once, make, unmake),
        TEST(a_finished_run_is_told_whole),
        TEST(runs_of_one_second_get_folders_of_their_own),
        TEST(every_flush_logs_one_interval),
        TEST(a_warm_up_is_logged_to_its_end),
        TEST(a_killed_run_keeps_what_was_flushed),
        TEST(a_full_disk_is_told_once_and_loses_nothing),
        TEST(a_folder_that_vanishes_fails_the_close),
        TEST(a_root_that_cannot_be_made_is_refused),
        TEST(a_run_without_results_needs_no_conditions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
