#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/junit.h"

/* What a parser would stumble over: unbalanced tags, stray characters, bytes that are not UTF-8. */
static void assert_well_formed(const char *text)
{
    const char *open[16];
    size_t depth = 0;

    assert_true(json_is_utf8(slice_str(text)));
    for (const char *p = strchr(text, '\n'); *p != '\0'; p++) {
        assert_true((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t');
        if (*p == '&')
            assert_non_null(memchr(p, ';', 6));
        assert_true(*p != '>');
        if (*p != '<')
            continue;
        const char *end = strchr(p, '>');
        assert_non_null(end);
        assert_null(memchr(p + 1, '<', (size_t)(end - p - 1)));
        if (p[1] == '/') {
            size_t n = (size_t)(end - p - 2);
            assert_true(depth > 0);
            assert_memory_equal(open[--depth], p + 2, n);
        } else if (end[-1] != '/') {
            assert_true(depth < 16);
            open[depth++] = p + 1;
        }
        p = end;
    }
    assert_int_equal(depth, 0);
}

/* The second opinion, where there is one. */
static void assert_parsed_by_others(const char *text)
{
    char path[] = "/tmp/junitXXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    char *command = xasprintf("if command -v xmllint >/dev/null; then xmllint --noout %s;"
                              " elif command -v python3 >/dev/null; then"
                              " python3 -c 'import sys, xml.etree.ElementTree as e;"
                              " e.parse(sys.argv[1])' %s; fi",
                              path, path);
    int status = system(command); /* NOLINT(cert-env33-c): fixed text */
    free(command);
    unlink(path);
    assert_int_equal(status, 0);
}

static char *written(const struct verdicts *j)
{
    struct buf out;

    buf_init(&out, (size_t)64 << 20);
    assert_true(junit_write(j, &out));
    char *text = xstrdup(buf_cstr(&out));
    buf_done(&out);
    assert_well_formed(text);
    return text;
}

static struct verdicts *sample(void)
{
    struct verdicts *j = verdicts_new("nightly", 1403476110183);
    struct verdict_suite *locks = verdict_suite_add(j, "locks", "./scenarios/locks.lua");
    struct verdict_suite *slo = verdict_suite_add(j, "slo", NULL);
    struct verdict_case *c = verdict_case_add(locks, "unlocks", NULL, 12);

    verdict_suite_add_property(locks, "seed", "42");
    verdict_case_finish(c, VERDICT_PASSED, 1500000, NULL, NULL);
    verdict_case_set_assertions(c, 3);
    c = verdict_case_add(locks, "wakes \"deep\" <sleep> & more", NULL, 20);
    verdict_case_add_property(c, "vehicle", "3");
    verdict_case_add_output(c, "one\n");
    verdict_case_add_output(c, "two");
    verdict_case_finish(c, VERDICT_FAILED, 250000, "expected SUCCEEDED,\ngot \"TIMED_OUT\"",
                        "0.000 sent\n0.100 <lost>");
    c = verdict_case_add(locks, "crashes", "own.class", 0);
    verdict_case_finish(c, VERDICT_ERROR, 1, "attempt to index nil", NULL);
    c = verdict_case_add(slo, "p99 of command.total", NULL, 0);
    verdict_case_finish(c, VERDICT_SKIPPED, 0, "no commands", "ignored");
    verdict_case_add(slo, "run completed", NULL, 0);
    return j;
}

static void the_document_is_what_ci_servers_read(void **state)
{
    (void)state;
    static const char expected[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"nightly\" tests=\"5\" failures=\"1\" errors=\"2\" skipped=\"1\""
        " assertions=\"3\" time=\"1.750001\" timestamp=\"2014-06-22T22:28:30\">\n"
        "  <testsuite name=\"locks\" tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\""
        " assertions=\"3\" time=\"1.750001\" timestamp=\"2014-06-22T22:28:30\""
        " file=\"./scenarios/locks.lua\">\n"
        "    <properties>\n"
        "      <property name=\"seed\" value=\"42\"/>\n"
        "    </properties>\n"
        "    <testcase name=\"unlocks\" classname=\"scenarios.locks\" time=\"1.500000\""
        " file=\"./scenarios/locks.lua\" line=\"12\" assertions=\"3\">\n"
        "    </testcase>\n"
        "    <testcase name=\"wakes &quot;deep&quot; &lt;sleep&gt; &amp; more\""
        " classname=\"scenarios.locks\" time=\"0.250000\" file=\"./scenarios/locks.lua\""
        " line=\"20\" assertions=\"0\">\n"
        "      <properties>\n"
        "        <property name=\"vehicle\" value=\"3\"/>\n"
        "      </properties>\n"
        "      <failure message=\"expected SUCCEEDED,&#10;got &quot;TIMED_OUT&quot;\""
        " type=\"assertion\">0.000 sent\n0.100 &lt;lost&gt;</failure>\n"
        "      <system-out>one\ntwo</system-out>\n"
        "    </testcase>\n"
        "    <testcase name=\"crashes\" classname=\"own.class\" time=\"0.000001\""
        " file=\"./scenarios/locks.lua\" assertions=\"0\">\n"
        "      <error message=\"attempt to index nil\" type=\"error\"/>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "  <testsuite name=\"slo\" tests=\"2\" failures=\"0\" errors=\"1\" skipped=\"1\""
        " assertions=\"0\" time=\"0.000000\" timestamp=\"2014-06-22T22:28:30\">\n"
        "    <testcase name=\"p99 of command.total\" classname=\"slo\" time=\"0.000000\""
        " assertions=\"0\">\n"
        "      <skipped message=\"no commands\"/>\n"
        "    </testcase>\n"
        "    <testcase name=\"run completed\" classname=\"slo\" time=\"0.000000\""
        " assertions=\"0\">\n"
        "      <error message=\"unfinished: the run ended before this case did\""
        " type=\"unfinished\"/>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n";
    struct verdicts *j = sample();
    char *text = written(j);

    assert_string_equal(text, expected);
    assert_parsed_by_others(text);
    free(text);
    verdicts_free(j);
}

static void any_text_gives_well_formed_xml(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"\x01\x02\x1b[31mred\x7f",                          ">[31mred\x7f<"                                     },
        {"tab\tline\nreturn\r",                              ">tab\tline\nreturn&#13;<"                          },
        {"]]> <!-- & -->",                                   ">]]&gt; &lt;!-- &amp; --&gt;<"                     },
        {"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\x97",
         ">Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\x97<"                                                    },
        {"\xff\xc0\x80",                                     ">\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd<"            },
        {"\xed\xa0\x80",                                     ">\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd<"            },
        {"cut \xe2\x82",                                     ">cut \xef\xbf\xbd\xef\xbf\xbd<"                    },
        {"\xf5\x80\x80\x80",                                 ">\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd<"},
        {"\xef\xbf\xbe\xef\xbf\xbf!",                        ">!<"                                               },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *raw = cases[i].raw;
        struct verdicts *j = verdicts_new(raw, 0);
        struct verdict_suite *suite = verdict_suite_add(j, raw, raw);
        struct verdict_case *c = verdict_case_add(suite, raw, raw, 1);
        verdict_suite_add_property(suite, raw, raw);
        verdict_case_add_property(c, raw, raw);
        verdict_case_add_output(c, raw);
        verdict_case_finish(c, VERDICT_FAILED, 1, raw, raw);
        char *text = written(j);
        if (strstr(text, cases[i].shown) == NULL)
            fail_msg("case %zu: %s", i, text);
        assert_parsed_by_others(text);
        free(text);
        verdicts_free(j);
    }
}

static void output_is_bounded(void **state)
{
    (void)state;
    struct verdicts *j = verdicts_new("x", 0);
    struct verdict_case *c = verdict_case_add(verdict_suite_add(j, "s", NULL), "c", NULL, 0);
    char *long_text = xmalloc(700001);

    memset(long_text, 'a', 700000);
    long_text[700000] = '\0';
    for (int i = 0; i < 5; i++)
        verdict_case_add_output(c, long_text);
    char *text = written(j);
    assert_in_range(strlen(text), 1 << 20, (1 << 20) + 2000);
    free(text);
    free(long_text);
    verdicts_free(j);
}

static void verdicts_are_counted_and_replaced(void **state)
{
    (void)state;
    struct verdicts *j = sample();
    struct verdict_case *c = verdict_case_add(verdict_suite_add(j, "s", NULL), "c", NULL, 0);
    uint64_t generation = verdicts_generation(j);

    assert_int_equal(verdicts_count(j, VERDICT_UNFINISHED), 2);
    verdict_case_finish(c, VERDICT_FAILED, 1, "first", "text");
    verdict_case_finish(c, VERDICT_PASSED, 2, NULL, NULL);
    assert_true(verdicts_generation(j) > generation);
    assert_int_equal(verdicts_count(j, VERDICT_UNFINISHED), 1);
    assert_int_equal(verdicts_count(j, VERDICT_PASSED), 2);
    assert_int_equal(verdicts_count(j, VERDICT_FAILED), 1);
    char *text = written(j);
    assert_null(strstr(text, "first"));
    free(text);
    verdicts_free(j);
}

static void saving_replaces_or_says_why_not(void **state)
{
    (void)state;
    char folder[] = "/tmp/junitXXXXXX";
    struct verdicts *j = sample();
    struct error err = {0};

    assert_non_null(mkdtemp(folder));
    char *path = xasprintf("%s/junit.xml", folder), *temporary = xasprintf("%s.tmp", path);
    assert_true(junit_save(j, path, &err));
    assert_true(junit_save(j, path, &err));
    assert_int_equal(access(path, R_OK), 0);
    assert_int_not_equal(access(temporary, F_OK), 0);
    unlink(path);
    rmdir(folder);
    assert_false(junit_save(j, path, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "junit.xml: cannot write it: No such file"));
    free(path);
    free(temporary);
    verdicts_free(j);
    verdicts_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_what_ci_servers_read),
        cmocka_unit_test(any_text_gives_well_formed_xml),
        cmocka_unit_test(output_is_bounded),
        cmocka_unit_test(verdicts_are_counted_and_replaced),
        cmocka_unit_test(saving_replaces_or_says_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
