#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cmd_pki.h"

#define WORDS_MAX 16

/* Runs "pki …" in the current directory with both outputs in files; returns the exit status. */
static int run(const char *line)
{
    char copy[512];
    char *argv[WORDS_MAX] = {NULL};
    int argc = 0;

    snprintf(copy, sizeof copy, "pki %s", line);
    for (char *word = strtok(copy, " "); word != NULL && argc < WORDS_MAX - 1;
         word = strtok(NULL, " "))
        argv[argc++] = word;
    fflush(NULL);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    assert_non_null(freopen("out", "w", stdout));
    assert_non_null(freopen("err", "w", stderr));
    int status = cmd_pki(argc, argv);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    return status;
}

static bool file_has(const char *path, const char *text)
{
    static char contents[65536];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    size_t n = fread(contents, 1, sizeof contents - 1, file);
    contents[n] = '\0';
    fclose(file);
    return strstr(contents, text) != NULL;
}

static int setup(void **state)
{
    static char dir[] = "/tmp/cmd-pki-XXXXXX";

    *state = dir;
    return mkdtemp(dir) != NULL && chdir(dir) == 0 &&
                   run("init --dir lab --seed 42 --vehicles 30") == 0
               ? 0
               : -1;
}

static int teardown(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf %s", (const char *)*state);
    return chdir("/") == 0 ? system(command) : -1;
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *expected;
    } cases[] = {
        {"",                                                    "no command given"          },
        {"destroy",                                             "no such command: destroy"  },
        {"init",                                                "give --dir"                },
        {"init --dir lab --seed 43",                            "another seed"              },
        {"init --dir lab --vehicles 10M --bogus",               "--bogus"                   },
        {"init --dir other --vehicles 11M",                     "at most"                   },
        {"init --dir other --days 0",                           "--days 0"                  },
        {"init --dir other --days 40000",                       "--days 40000"              },
        {"init --dir lab extra",                                "extra"                     },
        {"init --dir out",                                      "out"                       },
        {"issue --dir lab",                                     "give --name"               },
        {"issue --dir lab --name x --role king",                "no such role"              },
        {"issue --dir lab --name x --role root",                "role root"                 },
        {"issue --dir lab --name a/b",                          "cannot name a directory"   },
        {"issue --dir lab --name x --index -1",                 "--index -1"                },
        {"issue --dir lab --name x --index 10000000",           "--index 10000000"          },
        {"issue --dir lab --name x --index 1 --role companion", "only vehicles"             },
        {"issue --dir lab --name x --days -40000",              "--days"                    },
        {"issue --dir nowhere --name x",                        "no PKI there"              },
        {"export --dir lab --vehicles 30",                      "vehicle 30: the PKI has 30"},
        {"export --dir lab --vehicles 5..3",                    "not a selection"           },
        {"show --dir lab --vehicles 1..",                       "not a selection"           },
        {"show --dir lab --vehicles 1...3",                     "not a selection"           },
        {"show --dir lab --vehicle x",                          "not a selection"           },
        {"show",                                                "give --dir"                },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = run(cases[i].line);
        if (status != 2 || !file_has("err", cases[i].expected) || !file_has("err", "fleetsim: "))
            fail_msg("pki %s: status %d", cases[i].line, status);
    }
}

static void test_what_is_done(void **state)
{
    (void)state;
    static const struct {
        const char *line, *file, *expected;
    } cases[] = {
        {"--help",                                                   "out",               "Usage: fleetsim pki"      },
        {"init --help",                                              "out",               "Examples:"                },
        {"issue --help",                                             "out",               "Examples:"                },
        {"export --help",                                            "out",               "Examples:"                },
        {"show --help",                                              "out",               "Examples:"                },
        {"init --dir lab",                                           "out",               "vehicles   30"            },
        {"init --dir short --days 30",                               "out",               "vehicles   0"             },
        {"show --dir short",                                         "out",               "no vehicles"              },
        {"issue --dir lab --name phone --role companion",            "out",               "lab/issued/phone/cert.pem"},
        {"issue --dir lab --name s --role server --server-name ::1", "out",               "certificate id"           },
        {"issue --dir lab --index 7",                                "out",               "TA000007/cert.pem"        },
        {"export --dir lab --vehicles 28..29 --out pems",            "pems/vehicles.csv", "\n29,WFS"                 },
        {"show --dir lab",                                           "out",               "and 10 more"              },
        {"show --dir lab --vehicles all",                            "out",               "\n29 "                    },
        {"show --dir lab --vehicle 7",                               "out",               "MSISDN          +999"     },
        {"show --dir lab --vehicle 7 --json",                        "out",               "\"certificate_id\""       },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = run(cases[i].line);
        if (status != 0 || !file_has(cases[i].file, cases[i].expected))
            fail_msg("pki %s: status %d", cases[i].line, status);
    }
}

static void test_expired_certificates(void **state)
{
    (void)state;
    static const struct {
        const char *days;
        int verifies;
    } cases[] = {
        {"1",    0},
        {"0",    2},
        {"-1",   2},
        {"-400", 2}
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[64];
        snprintf(line, sizeof line, "issue --dir lab --name late --days %s", cases[i].days);
        assert_int_equal(run(line), 0);
        int status = system("cd lab/issued/late && openssl verify -CAfile ca.pem -untrusted "
                            "cert.pem cert.pem >/dev/null 2>&1");
        assert_int_equal(WEXITSTATUS(status), cases[i].verifies);
    }
}

/* `issue --index K` is the fleet's own certificate, so that it can be given to another tool. */
static void test_issue_by_index_equals_export(void **state)
{
    (void)state;
    assert_int_equal(run("issue --dir lab --index 9"), 0);
    assert_int_equal(run("export --dir lab --vehicles 9 --out nine"), 0);
    assert_int_equal(system("cmp lab/issued/*TA000009/cert.pem nine/*.cert.pem && "
                            "cmp lab/issued/*TA000009/key.pem nine/*.key.pem"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_what_is_done),
        cmocka_unit_test(test_expired_certificates),
        cmocka_unit_test(test_issue_by_index_equals_export),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
