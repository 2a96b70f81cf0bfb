/* A cloud that lasts: stopped, or killed, and started again it has what it had; what it left and
   somebody has damaged is told of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/kept.h"
#include "broker/owner.h"
#include "pki/pki.h"
#include "support/broker_lab.h"

static char lab[] = "/tmp/fleetsim kept XXXXXX";

static int setup(void **state)
{
    struct error err;

    (void)state;
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* of a broker that is told to end at once */
    return mkdtemp(lab) != NULL && pki_init(lab, &(struct pki_options){.seed = "test"}, &err) ? 0
                                                                                              : -1;
}

static int teardown(void **state)
{
    (void)state;
    broker_lab_remove(lab);
    return 0;
}

static struct broker *start(bool fresh)
{
    struct error err = {0};

    if (!broker_lab_find_plugin())
        skip();
    struct broker *b =
        broker_start(&(struct broker_options){.dir = lab, .lasts = true, .fresh = fresh}, &err);
    if (b == NULL)
        fail_msg("%s", err.text);
    return b;
}

static void say(const struct broker *b, const char *topic, const char *payload)
{
    struct owner_answer answer = {0};
    struct error err = {0};

    if (!owner_ask(broker_owner_socket(b), topic, slice_str(payload), &answer, &err))
        fail_msg("%s", err.text);
    if (strstr(answer.topic, "/accepted") == NULL)
        fail_msg("%s: %s", answer.topic, answer.payload);
    owner_answer_done(&answer);
}

/* "1 thing, 1 job from 09:12" begins so? */
static void found(const struct broker *b, const char *expected)
{
    const char *text = broker_found(b);

    if (expected == NULL) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    if (strncmp(text, expected, strlen(expected)) != 0 ||
        strncmp(text + strlen(expected), " from ", 6) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", text, expected);
}

static const char *path_of(const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/broker/%s", lab, name);
    return path;
}

/* Waits until the file has changed since `since`. */
static void wait_written(const char *path, const struct timespec *since)
{
    struct stat st;

    for (int i = 0; i < 3000; i++) {
        if (stat(path, &st) == 0 &&
            (st.st_mtim.tv_sec != since->tv_sec || st.st_mtim.tv_nsec != since->tv_nsec))
            return;
        usleep(10000);
    }
    fail_msg("%s: not written in 30 s", path);
}

static void lasts_to_the_next_start(void **state)
{
    struct stat st;

    (void)state;
    struct broker *b = start(false);
    found(b, NULL);
    say(b, "fleetsim/things/car-1/create", "{}");
    say(b, "fleetsim/jobs/update-7/create",
        "{\"targets\":[\"car-1\"],\"document\":{\"operation\":\"install\"}}");
    broker_stop(b);
    assert_int_equal(stat(path_of("cloud.state"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(path_of("mosquitto.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    b = start(false);
    found(b, "1 thing, 1 job");
    say(b, "fleetsim/things/car-1/get", "{}");
    say(b, "fleetsim/jobs/update-7/get", "{}");
    broker_stop(b);
    /* Private clouds, and who wants to, begin anew. */
    b = start(true);
    found(b, NULL);
    say(b, "fleetsim/things/car-1/create", "{}");
    broker_stop(b);
}

/* What is written is what was said before: a killed broker has lost no more. */
static void outlives_a_kill(void **state)
{
    struct timespec never = {0};
    struct stat st;

    (void)state;
    struct broker *b = start(true);
    say(b, "fleetsim/things/car-2/create", "{}");
    wait_written(path_of("cloud.state"), &never);
    assert_int_equal(stat(path_of("cloud.state"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    say(b, "fleetsim/things/car-3/create", "{}");
    wait_written(path_of("cloud.state"), &st.st_mtim);
    assert_int_equal(kill(broker_pid(b), SIGKILL), 0);
    while (broker_alive(b))
        usleep(1000);
    broker_stop(b);
    b = start(false);
    found(b, "2 things");
    broker_stop(b);
}

/* A full disk, a folder that may not be written any more. */
static void says_what_was_not_written(void **state)
{
    struct error err = {0};

    (void)state;
    struct broker *b = start(true);
    assert_int_equal(mkdir(path_of("cloud.state.new"), 0700), 0);
    say(b, "fleetsim/things/car-4/create", "{}");
    broker_stop(b);
    assert_false(kept_is_written(lab, &err));
    assert_int_equal(err.code, ERROR_TARGET);
    assert_non_null(strstr(err.text, path_of("cloud.state")));
    assert_int_equal(rmdir(path_of("cloud.state.new")), 0);
    b = start(false);
    say(b, "fleetsim/things/car-5/create", "{}");
    broker_stop(b);
    assert_true(kept_is_written(lab, &err));
}

static void refuses(const char *name, const char *text, size_t len, enum error_code code,
                    const char *part)
{
    struct error err = {0};
    FILE *f = fopen(path_of(name), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_null(broker_start(&(struct broker_options){.dir = lab, .lasts = true}, &err));
    assert_int_equal(err.code, code);
    if (strstr(err.text, part) == NULL || strstr(err.text, name) == NULL ||
        strstr(err.text, "--fresh") == NULL)
        fail_msg("%s", err.text);
    /* It is there still, for whoever can mend it. */
    assert_int_equal(access(path_of(name), R_OK), 0);
}

static void says_what_is_damaged(void **state)
{
    static const char magic[] = "\0\xb5\0mosquitto db\0\0\0\1";

    (void)state;
    broker_stop(start(true));
    refuses("cloud.state", "{\"endpoint\":7}\n", 15, ERROR_USAGE, "not the state of a cloud");
    broker_stop(start(true));
    refuses("mosquitto.db", "hello", 5, ERROR_USAGE, "not what Mosquitto keeps");
    refuses("mosquitto.db", magic, sizeof magic - 1, ERROR_TARGET, "is damaged");
    broker_stop(start(true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lasts_to_the_next_start),
        cmocka_unit_test(outlives_a_kill),
        cmocka_unit_test(says_what_was_not_written),
        cmocka_unit_test(says_what_is_damaged),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
