#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/shards_command.h"

/* The words of shard 2 of 4, with a space between. */
static char *words_of(const struct run_settings *s, const char *cloud_dir, const char *const *argv)
{
    static char line[1024];
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    struct shards_command c = {.settings = s,
                               .argc = argc,
                               .argv = argv,
                               .count = 4,
                               .results = "out",
                               .cloud_dir = cloud_dir,
                               .yes = s->yes,
                               .meet = "out/m"};
    char **words = shards_command_new(&c, 2);
    line[0] = '\0';
    for (char **word = words; *word != NULL; word++)
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", word == words ? "" : " ",
                 *word);
    shards_command_free(words);
    return line;
}

static void what_was_typed_is_made_a_shard(void **state)
{
    (void)state;
    struct run_settings s = {.name = "night", .seed = 42};
    const char *const argv[] = {"load", "morning_rush", "--vehicles", "40", "--shards",
                                "4",    "-q",           NULL};

    assert_string_equal(words_of(&s, NULL, argv),
                        "fleetsim load morning_rush --vehicles 40 -q --shards 1 --shard 2/4 --seed "
                        "42 --results out --name night --meet out/m");
}

static void what_only_the_whole_does_is_left_out(void **state)
{
    (void)state;
    struct run_settings s = {.name = "n", .seed = 1, .metrics = "127.0.0.1:9464"};
    const char *const argv[] = {
        "load",    "--junit",      "j.xml", "--metrics=:9464",     "--quotas",
        "aws",     "--broker-con", "x",     "--rules=r",           "--delivery",
        "shuffle", "--start-at",   "5",     "--results=elsewhere", "--shards=4",
        NULL};

    assert_string_equal(words_of(&s, "/tmp/c", argv),
                        "fleetsim load --start-at 5 --shards 1 --shard 2/4 --seed 1 --results out "
                        "--name n --meet out/m --cloud /tmp/c --metrics 127.0.0.1:9466");
    s.metrics = "9464";
    assert_non_null(strstr(words_of(&s, NULL, argv), "--metrics 9466"));
    s.metrics = "[::1]:0";
    s.yes = true;
    assert_non_null(strstr(words_of(&s, NULL, argv), "--yes --metrics [::1]:0"));
}

static void what_is_no_option_stays_behind_them(void **state)
{
    (void)state;
    struct run_settings s = {.name = "n", .seed = 1};
    const char *const argv[] = {"load", "--shards", "4", "-q", "--", "--results", NULL};

    assert_string_equal(words_of(&s, NULL, argv),
                        "fleetsim load -q --shards 1 --shard 2/4 --seed 1 --results out --name n "
                        "--meet out/m -- --results");
}

/* Everybody can read command lines. */
static void the_token_is_left_out(void **state)
{
    (void)state;
    struct run_settings s = {.name = "n", .seed = 1};
    const char *const argv[] = {"load",      "--api-token",      "secret-1", "--api-tok=secret-2",
                                "--api-ori", "http://a.example", NULL};
    const char *line = words_of(&s, NULL, argv);

    assert_null(strstr(line, "secret"));
    assert_non_null(strstr(line, "load --api-ori http://a.example --shards 1"));
}

static void the_environment_is_cleaned(void **state)
{
    (void)state;

    setenv("FLEETSIM_BROKER_CONF", "x", 1);
    setenv("FLEETSIM_SHARDS", "4", 1);
    setenv("FLEETSIM_VEHICLES", "4", 1);
    shards_command_clean_environment();
    assert_null(getenv("FLEETSIM_BROKER_CONF"));
    assert_null(getenv("FLEETSIM_SHARDS"));
    assert_string_equal(getenv("FLEETSIM_VEHICLES"), "4");
    unsetenv("FLEETSIM_VEHICLES");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_typed_is_made_a_shard),
        cmocka_unit_test(what_only_the_whole_does_is_left_out),
        cmocka_unit_test(what_is_no_option_stays_behind_them),
        cmocka_unit_test(the_token_is_left_out),
        cmocka_unit_test(the_environment_is_cleaned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
