#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/report.h"
#include "report/story_moments.h"
#include "report/story_rows.h"
#include "report/story_words.h"
#include "well_formed.h"

static void make_page(const char *failures, struct buf *page)
{
    cJSON *summary = cJSON_CreateObject();
    FILE *file = fmemopen((void *)(uintptr_t)failures, strlen(failures), "r");
    struct failure_set set;

    failure_set_read(&set, file);
    fclose(file);
    buf_init(page, 1 << 24);
    report_write(&(struct report){.summary = summary, .failures = &set}, page);
    failure_set_done(&set);
    cJSON_Delete(summary);
}

static void expect_all(const char *html, const char *const *expected)
{
    for (; *expected != NULL; expected++)
        if (strstr(html, *expected) == NULL)
            fail_msg("not on the page: %s", *expected);
}

#define HOSTILE "<script>alert(1)</script>\\\"'&]]>{{js}}"

static const char story[] =
    "{\"scenario\":\"" HOSTILE "\",\"file\":\"" HOSTILE
    "\",\"line\":3,\"verdict\":\"failed\",\"message\":\"" HOSTILE "\",\"where\":\"" HOSTILE
    "\",\"repeat\":\"" HOSTILE
    "\",\"began\":10,\"ended\":14,\"attempt\":2,\"round\":3,\"tags\":[\"" HOSTILE
    "\"],\"parameters\":{\"" HOSTILE "\":7,\"b\":\"" HOSTILE "\"},\"calls\":[\"a\",\"" HOSTILE
    "\"],"
    "\"steps\":[{\"name\":\"" HOSTILE
    "\",\"began\":10.5,\"took\":1,\"verdict\":\"passed\"},{\"name\":\"unlock\",\"began\":12,"
    "\"took\":2,\"verdict\":\"failed\"}],"
    "\"soft\":[{\"message\":\"" HOSTILE "\",\"where\":\"w\",\"step\":\"" HOSTILE
    "\"}],\"violations\":[{\"rule\":\"" HOSTILE "\",\"text\":\"" HOSTILE
    "\"}],\"other_cars\":{\"online\":3,\"" HOSTILE "\":1},"
    "\"cars\":[{\"index\":0,\"name\":\"" HOSTILE "\",\"model\":\"" HOSTILE
    "\",\"link\":\"online\",\"radio\":{\"network\":\"" HOSTILE
    "\",\"state\":\"attached\"},\"events_gone\":5,\"events\":["
    "{\"t\":10.1,\"kind\":\"state\",\"from\":\"off\",\"to\":\"connecting\"},"
    "{\"t\":10.2,\"kind\":\"out\",\"type\":\"CONNECT\",\"fields\":{\"" HOSTILE "\":\"" HOSTILE
    "\"}},"
    "{\"t\":10.3,\"kind\":\"in\",\"type\":\"CONNACK\",\"bad\":true,\"fields\":{\"code\":\"0x87 Not "
    "authorized\"}},"
    "{\"t\":10.4,\"kind\":\"state\",\"from\":\"connecting\",\"to\":\"online\"},"
    "{\"t\":10.5,\"kind\":\"app\",\"app\":\"" HOSTILE
    "\",\"what\":\"desires\",\"payload\":\"{\\\"locks\\\":{\\\"all\\\":\\\"unlocked\\\"}}\"},"
    "{\"t\":10.6,\"kind\":\"in\",\"type\":\"PUBLISH\",\"topic\":\"$aws/things/x/shadow/update/"
    "delta\",\"dup\":true,\"payload\":\"{\\\"state\\\":{\\\"locks\\\":{\\\"all\\\":"
    "\\\"unlocked\\\"}}}\"},"
    "{\"t\":10.7,\"kind\":\"order\",\"what\":\"desired\",\"token\":\"a-1\",\"detail\":\"locks.all="
    "\\\"unlocked\\\"\"},"
    "{\"t\":10.8,\"kind\":\"signal\",\"path\":\"locks.all\",\"value\":\"\\\"unlocked\\\"\"},"
    "{\"t\":10.81,\"kind\":\"signal\",\"path\":\"" HOSTILE "\",\"value\":\"" HOSTILE "\"},"
    "{\"t\":10.9,\"kind\":\"order\",\"what\":\"done\",\"token\":\"a-1\",\"detail\":\"FAILED "
    "JAMMED\"},"
    "{\"t\":11,\"kind\":\"radio\",\"from\":\"attached\",\"to\":\"no coverage\"},"
    "{\"t\":11.5,\"kind\":\"oracle\",\"text\":\"shadow.delta-exact: not so\"},"
    "{\"t\":12,\"kind\":\"sms\",\"what\":\"sent at \",\"detail\":\"+49\"},"
    "{\"t\":13,\"kind\":\"note\",\"what\":\"connection lost\",\"detail\":\"" HOSTILE "\"},"
    "{\"t\":13.1,\"kind\":\"out\",\"type\":\"PUBLISH\",\"topic\":\"" HOSTILE
    "\",\"hex\":\"00ff<\",\"bytes\":9000,\"cut\":true},"
    "{\"t\":13.2,\"kind\":\"script\",\"text\":\"" HOSTILE "\"},"
    "{\"t\":13.3,\"kind\":\"nonsense\",\"text\":\"" HOSTILE "\"}"
    "],\"shadow\":{\"before\":{\"t\":10.4,\"exists\":true,\"version\":1,\"desired\":{\"a\":1,"
    "\"gone\":2},\"reported\":{\"a\":1,\"locks\":{\"all\":\"locked\"}}},"
    "\"after\":{\"t\":13,\"exists\":true,\"version\":4,\"desired\":{\"a\":2,\"" HOSTILE
    "\":\"" HOSTILE
    "\"},\"reported\":{\"a\":1,\"new\":[],\"locks\":{\"all\":\"unlocked\"}}},\"gap\":true},"
    "\"signals\":[{\"path\":\"locks.all\",\"value\":\"jammed\",\"before\":\"locked\",\"reported\":"
    "true},{\"path\":\"" HOSTILE "\",\"unit\":\"" HOSTILE "\",\"value\":3}],"
    "\"picture\":{\"body\":\"van\",\"trunk\":1,\"" HOSTILE "\":1,\"night\":\"" HOSTILE "\"}}]}\n";

/* Everything that a story can hold is on the page, and nothing of it is markup. */
static void a_story_is_drawn(void **state)
{
    static const char *const expected[] = {
        "<h2>Failures</h2>",
        "round 3 · attempt 2",
        "<li class=\"bad\">unlock",
        "desires locks.all = unlocked",
        "delta locks.all = unlocked (sent again)",
        "CONNACK 0x87 Not authorized",
        "acts: locks.all = unlocked",
        "class=\"order bad\"",
        "class=\"strip connecting\"",
        "class=\"strip backoff\"",
        "SMS sent",
        "✕ connection lost",
        "step: unlock",
        "✕ oracle: shadow.delta-exact: not so",
        "failed: ",
        "5 earlier lines are not kept",
        "… the rest is not kept",
        "00 ff",
        "Some changes in between were seen by nobody here",
        "<td class=\"changed\"><del>1</del> → <ins>2</ins></td>",
        "<td class=\"removed\"><del>2</del></td>",
        "<td class=\"added\"><ins>[]</ins></td>",
        "<td class=\"differs\">jammed</td>",
        "4 more cars of this scenario: 3 online, 1 ",
#ifdef FLEETSIM_VIEW
        "alt=\"van, from above\" src=\"data:image/png;base64,iVBORw0KGgo",
#endif
        NULL,
    };
    struct buf page, again;

    (void)state;
    make_page(story, &page);
    make_page(story, &again);
    const char *html = buf_cstr(&page);
    check_well_formed(html);
    assert_string_equal(html, buf_cstr(&again));
    assert_null(strstr(html, "<script>alert"));
    expect_all(html, expected);
    buf_done(&page);
    buf_done(&again);
}

/* Members of other types than those that a run writes, and times out of this world. */
static void strange_stories_are_drawn(void **state)
{
    static const char *const strange[] = {
        "{}\n",
        "{\"cars\":7,\"steps\":{\"a\":1},\"tags\":[1,{}],\"calls\":[1,[]],\"parameters\":[1]}\n",
        "{\"cars\":[1,{},{\"events\":{\"a\":1},\"signals\":[1,{\"path\":\"x\"}],\"shadow\":[]}]}\n",
        "{\"began\":1e999,\"ended\":-1e308,\"line\":1e300,\"cars\":[{\"index\":1e300,\"events\":["
        "{\"t\":1e999,\"kind\":\"note\"},{\"t\":-1e300,\"kind\":\"app\"},{\"t\":\"x\",\"kind\":"
        "\"in\"},"
        "{\"t\":1e300,\"kind\":\"state\",\"to\":\"online\"}],"
        "\"shadow\":{\"before\":7,\"after\":{\"desired\":[],\"reported\":\"\"}}}]}\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        struct buf page;
        make_page(strange[i], &page);
        check_well_formed(buf_cstr(&page));
        assert_null(strstr(buf_cstr(&page), "nan"));
        buf_done(&page);
    }
}

/* ---- moments and rows ---- */

static cJSON *car_of(const char *events)
{
    char text[8192];

    snprintf(text, sizeof text, "{\"events\":[%s]}", events);
    cJSON *car = json_parse(slice_str(text), 16);
    assert_non_null(car);
    return car;
}

static void moments_are_in_order(void **state)
{
    cJSON *car = car_of("{\"t\":2,\"kind\":\"note\",\"what\":\"b\"},"
                        "{\"t\":1,\"kind\":\"note\",\"what\":\"a\"},"
                        "{\"t\":3,\"kind\":\"in\",\"type\":\"PUBACK\"}");
    cJSON *from_one = json_parse(slice_str("{\"began\":1}"), 2);
    struct moments m;

    (void)state;
    moments_read(&m, from_one, car);
    cJSON_Delete(from_one);
    assert_int_equal(m.count, 3);
    assert_string_equal(m.list[0].label, "a");
    assert_true(m.list[1].t >= 1 && m.list[1].t <= 1);
    assert_int_equal(m.list[2].tone, MOMENT_QUIET);
    moments_done(&m);
    cJSON_Delete(car);
}

/* Both sides of the cloud share a row, signals that change together too; acknowledgements have
   none. */
static void rows_hold_what_happens_at_once(void **state)
{
    cJSON *car =
        car_of("{\"t\":1,\"kind\":\"app\",\"app\":\"a\",\"what\":\"desires\"},"
               "{\"t\":1.001,\"kind\":\"out\",\"type\":\"PUBLISH\",\"topic\":\"dt/fleetsim/x/y\"},"
               "{\"t\":1.002,\"kind\":\"in\",\"type\":\"PUBACK\"},"
               "{\"t\":2,\"kind\":\"signal\",\"path\":\"p\",\"value\":\"1\"},"
               "{\"t\":2.01,\"kind\":\"signal\",\"path\":\"q\",\"value\":\"true\"},"
               "{\"t\":2.02,\"kind\":\"signal\",\"path\":\"r\",\"value\":\"2\"},"
               "{\"t\":2.5,\"kind\":\"signal\",\"path\":\"s\",\"value\":\"2\"},"
               "{\"t\":2.501,\"kind\":\"script\",\"text\":\"s\"}");
    struct moments m;

    (void)state;
    moments_read(&m, NULL, car);
    struct rows rows = rows_make(&m);
    assert_int_equal(rows.count, 4);
    assert_int_equal(rows.hidden, 0);
    assert_non_null(rows.list[0].left);
    assert_string_equal(rows.list[0].right->label, "telemetry: y");
    assert_int_equal(rows.list[1].signal_count, 3);
    /* What somebody switched comes before what drifts. */
    assert_string_equal(rows.list[1].signals[0]->label, "q = true");
    assert_non_null(rows.list[3].wide);
    free(rows.list);
    moments_done(&m);
    cJSON_Delete(car);
}

/* An id that begins with its app's name is shortened; what an app says of itself stays with it. */
static void apps_speak_of_their_own(void **state)
{
    cJSON *car = car_of(
        "{\"t\":1,\"kind\":\"app\",\"app\":\"s-1\",\"what\":\"SENT\",\"payload\":\"s-1-7\"}");
    struct moments m;

    (void)state;
    moments_read(&m, NULL, car);
    assert_int_equal(m.count, 1);
    assert_string_equal(m.list[0].label, "SENT #7");
    assert_int_equal(m.list[0].from, MOMENT_APP);
    assert_int_equal(m.list[0].to, MOMENT_APP);
    moments_done(&m);
    cJSON_Delete(car);
}

static void the_last_rows_are_shown(void **state)
{
    char events[8192] = "";
    size_t len = 0;

    (void)state;
    for (int i = 0; i < ROWS_MAX + 5; i++)
        len += (size_t)snprintf(events + len, sizeof events - len,
                                "%s{\"t\":%d,\"kind\":\"note\",\"what\":\"n%d\"}", i > 0 ? "," : "",
                                i, i);
    cJSON *car = car_of(events);
    struct moments m;
    moments_read(&m, NULL, car);
    struct rows rows = rows_make(&m);
    assert_int_equal(rows.count, ROWS_MAX);
    assert_int_equal(rows.hidden, 5);
    assert_string_equal(rows.list[0].right->label, "n5");
    free(rows.list);
    moments_done(&m);
    cJSON_Delete(car);
}

/* ---- words ---- */

static void messages_in_words(void **state)
{
    static const struct {
        const char *topic, *payload, *words;
        enum moment_tone tone;
    } cases[] = {
        {"$aws/things/x/shadow/update",                 "{\"state\":{\"reported\":{\"a\":{\"b\":1}}}}",
         "reports a.b = 1",                                                                                                                                MOMENT_PLAIN},
        {"$aws/things/x/shadow/update",                 "{\"state\":{\"desired\":{\"a\":1,\"b\":2,\"c\":3}}}",
         "desires a = 1 +2",                                                                                                                               MOMENT_PLAIN},
        {"$aws/things/x/shadow/update",                 "{\"state\":{\"repor",                                 "reports …",                              MOMENT_PLAIN},
        {"$aws/things/x/shadow/update/accepted",        "{\"version\":7}",                                     "update accepted v7",
         MOMENT_FAINT                                                                                                                                                  },
        {"$aws/things/x/shadow/name/n/update/rejected",
         "{\"code\":409,\"message\":\"Version conflict\"}",                                                    "n: update rejected: 409 Version conflict", MOMENT_BAD  },
        {"$aws/things/x/shadow/get/rejected",           "{\"code\":404}",                                      "no shadow yet (404)",
         MOMENT_FAINT                                                                                                                                                  },
        {"$aws/things/x/shadow/get/rejected",           "{\"code\":429,\"message\":\"m\"}",
         "get rejected: 429 m",                                                                                                                            MOMENT_BAD  },
        {"cmd/fleetsim/x/request",                      "{\"command\":{\"horn\":true}}",                       "request horn = true",
         MOMENT_PLAIN                                                                                                                                                  },
        {"cmd/fleetsim/x/response/a",                   "{\"status\":\"SUCCEEDED\"}",                          "response SUCCEEDED",
         MOMENT_GOOD                                                                                                                                                   },
        {"cmd/fleetsim/x/response/a",
         "{\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"R\"}}",                                  "REJECTED R",
         MOMENT_BAD                                                                                                                                                    },
        {"dt/fleetsim/x/trip",                          "",                                                    "telemetry: trip",                          MOMENT_FAINT},
        {"anything/else",                               "",                                                    "anything/else",                            MOMENT_PLAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[160];
        assert_int_equal(words_publish(cases[i].topic, cases[i].payload, words, sizeof words),
                         cases[i].tone);
        assert_string_equal(words, cases[i].words);
    }
    char heard[160];
    assert_int_equal(words_app("sees tyres update/rejected", "{\"code\":400}", heard, sizeof heard),
                     MOMENT_BAD);
    assert_string_equal(heard, "tyres: update rejected: 400 ");
    assert_int_equal(words_app("sees get/accepted", "{\"version\":3}", heard, sizeof heard),
                     MOMENT_FAINT);
    assert_string_equal(heard, "shadow v3");
    assert_int_equal(words_app("sees disconnected", "CONNECTION_LOST", heard, sizeof heard),
                     MOMENT_ODD);
    assert_string_equal(heard, "presence: disconnected CONNECTION_LOST");
    assert_int_equal(words_app("TIMED_OUT", "#4", heard, sizeof heard), MOMENT_BAD);
    assert_string_equal(heard, "TIMED_OUT #4");
    assert_int_equal(words_app("requests once more", "#4", heard, sizeof heard), MOMENT_ODD);
    assert_int_equal(words_app("desires", "{\"cut", heard, sizeof heard), MOMENT_PLAIN);
    assert_string_equal(heard, "desires …");
    words_app("desires in comfort", "{\"climate\":{\"target\":24}}", heard, sizeof heard);
    assert_string_equal(heard, "comfort: desires climate.target = 24");
    char short_one[12];
    words_app("desires in comfort", "{\"climate\":{\"target\":24}}", short_one, sizeof short_one);
    assert_string_equal(short_one, "comfort: de");
    char few[8];
    words_signal("locks.all", "\"\xc3\xa4\xc3\xa4\"", few, sizeof few);
    assert_true(json_is_utf8(slice_str(few)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_is_drawn),        cmocka_unit_test(strange_stories_are_drawn),
        cmocka_unit_test(moments_are_in_order),    cmocka_unit_test(rows_hold_what_happens_at_once),
        cmocka_unit_test(apps_speak_of_their_own), cmocka_unit_test(the_last_rows_are_shown),
        cmocka_unit_test(messages_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
