#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timeunit.h"
#include "cli/options.h"

struct values {
    bool quiet, all;
    const char *name;
    uint64_t count;
    double scale;
    usec_t timeout;
    struct option_list tags;
    int first;
    enum options_result result;
    struct error err;
};

/* Parses a line of words; {} is an empty word. */
static struct values parse(const char *line)
{
    static char copy[1024];
    static char *argv[256];
    struct values v = {.name = "default", .count = 7};
    const struct option_spec options[] = {
        {"quiet",              'q', OPTION_FLAG, &v.quiet, NULL, "say less"},
        {"all",         'a', OPTION_FLAG, &v.all, NULL, "take all\nof them"},
        {"name",                0, OPTION_STRING, &v.name, "NAME", "of it"},
        {"test-count",                    'n', OPTION_NUMBER, &v.count, "N", "how many"},
        {"scale",         0, OPTION_REAL, &v.scale, "X", "how fast"},
        {"timeout",              't', OPTION_DURATION, &v.timeout, "TIME", "how long"},
        {"tag", 0, OPTION_LIST, &v.tags, "TAG", "may repeat"},
        {0              }
    };
    const struct command_spec command = {.name = "fleetsim test",
                                         .arguments = "FILE…",
                                         .summary = "Tests.",
                                         .options = options,
                                         .examples = "  fleetsim test x\n"};
    int argc = 1;

    argv[0] = copy;
    snprintf(copy, sizeof copy, "test %s", line);
    for (char *word = strtok(copy + 5, " "); word != NULL; word = strtok(NULL, " ")) {
        if (strcmp(word, "{}") == 0)
            *word = '\0';
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    v.result = options_parse(&command, argc, argv, &v.first, &v.err);
    v.first = argc - v.first; /* how many words are left */
    return v;
}

static void defaults_stay(void **state)
{
    struct values v = parse("");

    (void)state;
    assert_int_equal(v.result, OPTIONS_OK);
    assert_string_equal(v.name, "default");
    assert_int_equal(v.count, 7);
    assert_int_equal(v.first, 0);
}

static void every_kind_and_form(void **state)
{
    struct values v =
        parse("file -qn 10k --name=x --scale 0.5 -t1h30m other --tag a --tag=b -- -q");

    (void)state;
    assert_int_equal(v.result, OPTIONS_OK);
    assert_true(v.quiet && !v.all);
    assert_int_equal(v.count, 10000);
    assert_string_equal(v.name, "x");
    assert_true(v.scale > 0.49 && v.scale < 0.51);
    assert_int_equal(v.timeout, 5400 * USEC_PER_SEC);
    assert_int_equal(v.tags.count, 2);
    assert_string_equal(v.tags.items[1], "b");
    assert_int_equal(v.first, 3);
    assert_int_equal(parse("--test-count 2M").count, 2000000);
    assert_int_equal(parse("--test-count 18446744073709551615").count, UINT64_MAX);
    assert_string_equal(parse("--name {}").name, "");
    /* GNU: any unambiguous beginning. */
    assert_int_equal(parse("--time 2").timeout, 2 * USEC_PER_SEC);
}

static void errors_name_the_culprit(void **state)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"--nme x",                  "--nme: unknown option (try `fleetsim test --help`)"  },
        {"file --bad",               "--bad: unknown option"                               },
        {"file -qz",                 "-z: unknown option"                                  },
        {"-zq",                      "-z: unknown option"                                  },
        {"--quiet=1",                "--quiet=1: takes no value"                           },
        {"--t",                      "--t: unknown option"                                 },
        {"--name",                   "--name: needs a value"                               },
        {"-n",                       "-n: needs a value"                                   },
        {"-n ten",                   "--test-count ten: not valid (expected a whole number"},
        {"-n -5",                    "--test-count -5: not valid"                          },
        {"-n 5x",                    "--test-count 5x: not valid"                          },
        {"-n 0x10",                  "not valid"                                           },
        {"-n {}",                    "not valid"                                           },
        {"-n 1.5",                   "not valid"                                           },
        {"-n 18446744073709551616",  "not valid"                                           },
        {"-n 18446744073709551615k", "not valid"                                           },
        {"--scale fast",             "--scale fast: not valid (expected a number)"         },
        {"--scale nan",              "not valid"                                           },
        {"--scale 1e999",            "not valid"                                           },
        {"-t soon",                  "--timeout soon: not valid (expected a duration"      },
        {"-t -1",                    "not valid"                                           },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct values v = parse(cases[i].line);
        assert_int_equal(v.result, OPTIONS_BAD);
        assert_int_equal(v.err.code, ERROR_USAGE);
        if (strstr(v.err.text, cases[i].text) == NULL)
            fail_msg("%s: %s", cases[i].line, v.err.text);
    }
}

static void lists_have_an_end(void **state)
{
    char line[1024] = "";

    (void)state;
    for (int i = 0; i < 64; i++)
        strcat(line, "--tag x ");
    assert_int_equal(parse(line).tags.count, 64);
    strcat(line, "--tag x ");
    assert_non_null(
        strstr(parse(line).err.text, "--tag x: not valid (expected fewer repetitions)"));
}

static void the_environment_comes_second(void **state)
{
    (void)state;
    setenv("FLEETSIM_TEST_COUNT", "5", 1);
    setenv("FLEETSIM_QUIET", "true", 1);
    setenv("FLEETSIM_ALL", "0", 1);
    setenv("FLEETSIM_TAG", "env", 1);
    setenv("FLEETSIM_NAME", "", 1);
    struct values v = parse("");
    assert_int_equal(v.count, 5);
    assert_true(v.quiet && !v.all);
    assert_int_equal(v.tags.count, 1);
    assert_string_equal(v.name, "default");
    v = parse("-n 6 --tag one --tag two");
    assert_int_equal(v.count, 6);
    assert_int_equal(v.tags.count, 2);
    assert_string_equal(v.tags.items[0], "one");
    setenv("FLEETSIM_TEST_COUNT", "many", 1);
    v = parse("");
    assert_int_equal(v.result, OPTIONS_BAD);
    assert_non_null(strstr(v.err.text, "FLEETSIM_TEST_COUNT=many: not valid (expected a whole"));
    /* What is overruled may be wrong. */
    assert_int_equal(parse("-n 6").result, OPTIONS_OK);
    unsetenv("FLEETSIM_TEST_COUNT");
    setenv("FLEETSIM_QUIET", "perhaps", 1);
    assert_non_null(
        strstr(parse("").err.text, "FLEETSIM_QUIET=perhaps: not valid (expected 1 or 0"));
    unsetenv("FLEETSIM_QUIET");
    unsetenv("FLEETSIM_ALL");
    unsetenv("FLEETSIM_TAG");
    unsetenv("FLEETSIM_NAME");
}

static void help_goes_to_stdout(void **state)
{
    char path[] = "/tmp/fleetsim-help-XXXXXX", text[4096];
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    dup2(file, STDOUT_FILENO);
    struct values v = parse("--help --bad");
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    close(file);
    unlink(path);
    assert_int_equal(v.result, OPTIONS_HELP_SHOWN);
    assert_true(n > 0);
    text[n] = '\0';
    static const char *const parts[] = {"Usage: fleetsim test [OPTION]… FILE…\n",
                                        "Tests.\n",
                                        "  -q, --quiet ",
                                        "      --name NAME ",
                                        "of them",
                                        "FLEETSIM_SOME_NAME",
                                        "Examples:\n  fleetsim test x\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("no \"%s\" in:\n%s", parts[i], text);
}

/* For the results: what each holds, and nothing of what holds nothing. */
static void values_as_texts(void **state)
{
    bool yes = true, no = false;
    const char *name = "a \"name\"", *none = NULL, *broken = "\xff";
    uint64_t count = 12, zero = 0, unset = UINT64_MAX;
    double scale = 2.5;
    usec_t timeout = 90 * USEC_PER_SEC;
    struct option_list tags =
                           {
                               .items = {"a", "b"},
                                 .count = 2
    },
                       empty = {.count = 0};
    const struct option_spec options[] = {
        {"yes",          0, OPTION_FLAG, &yes, NULL, ""},
        {"no",   0, OPTION_FLAG, &no, NULL, ""},
        {"name",          0, OPTION_STRING, &name, "N", ""},
        {"none",              0, OPTION_STRING, &none, "N", ""},
        {"broken",           0, OPTION_STRING, &broken, "N", ""},
        {"count",           0, OPTION_NUMBER, &count, "N", ""},
        {"zero",            0, OPTION_NUMBER, &zero, "N", ""},
        {"unset",         0, OPTION_NUMBER, &unset, "N", ""},
        {"scale", 0, OPTION_REAL, &scale, "N", ""},
        {"timeout",           0, OPTION_DURATION, &timeout, "N", ""},
        {"tag",              0, OPTION_LIST, &tags, "N", ""},
        {"empty",0, OPTION_LIST, &empty, "N", ""},
        {0        }
    };

    (void)state;
    cJSON *json = options_json(options);
    char *text = cJSON_PrintUnformatted(json);
    assert_string_equal(text, "{\"yes\":\"yes\",\"name\":\"a \\\"name\\\"\",\"broken\":\"(not "
                              "UTF-8)\",\"count\":\"12\",\"scale\":\"2.5\",\"timeout\":\"90.0 "
                              "s\",\"tag\":\"a, b\"}");
    cJSON_free(text);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stay),
        cmocka_unit_test(every_kind_and_form),
        cmocka_unit_test(errors_name_the_culprit),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(the_environment_comes_second),
        cmocka_unit_test(help_goes_to_stdout),
        cmocka_unit_test(values_as_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
