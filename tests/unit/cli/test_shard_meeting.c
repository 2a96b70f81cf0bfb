#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/shard_meeting.h"

#define SHARDS 3

static int make(void **state)
{
    *state = mkdtemp(xstrdup("/tmp/meeting-XXXXXX"));
    return *state == NULL;
}

static int unmake(void **state)
{
    char *command = xasprintf("rm -rf '%s'", (char *)*state);

    if (system(command) != 0)
        perror(*state);
    free(command);
    free(*state);
    return 0;
}

static struct shard_meeting meeting(const char *dir, uint32_t index)
{
    return (struct shard_meeting){
        .dir = dir, .shard = {index, SHARDS, "test"},
             .name = "night", .seed = 7
    };
}

/* In a process of its own, which comes late by as much; the moment it begins goes into the pipe. */
static pid_t send(const char *dir, uint32_t index, unsigned late_ms, int to)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    struct shard_meeting m = meeting(dir, index);
    struct error err;
    usleep(late_ms * 1000);
    bool ok = shard_meet(&m, &err);
    usec_t now = clock_now();
    ok = ok && write(to, &now, sizeof now) == sizeof now;
    _exit(ok ? 0 : 1);
}

static void all_begin_together(void **state)
{
    const char *dir = *state;
    int ends[2], status;
    usec_t first = UINT64_MAX, last = 0, at, began = clock_now();

    assert_int_equal(pipe(ends), 0);
    for (uint32_t i = 0; i < SHARDS; i++)
        send(dir, i, 200 * i, ends[1]);
    for (uint32_t i = 0; i < SHARDS; i++) {
        assert_int_equal(read(ends[0], &at, sizeof at), sizeof at);
        first = at < first ? at : first;
        last = at > last ? at : last;
        wait(&status);
        assert_int_equal(status, 0);
    }
    assert_true(first >= began + 400 * USEC_PER_MSEC); /* not before the last had come */
    close(ends[0]);
    close(ends[1]);
    (void)last; /* how far apart they are is the machine's affair */
}

static void nobody_comes_twice(void **state)
{
    const char *dir = *state;
    struct shard_meeting m = meeting(dir, 1);
    char *path = xasprintf("%s/night-7-shard-0001-of-3", dir);
    struct error err = {0};
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fclose(file);
    assert_false(shard_meet(&m, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "this shard has been there before"));
    m.dir = "/proc/nowhere";
    assert_false(shard_meet(&m, &err));
    assert_non_null(strstr(err.text, "cannot make it"));
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_begin_together, make, unmake),
        cmocka_unit_test_setup_teardown(nobody_comes_twice, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
