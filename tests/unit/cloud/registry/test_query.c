/* The fleet index's queries: the examples of AWS's developer guide, limits, and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/registry/query.h"

static const char thing[] =
    "{\"thingName\":\"myThing\",\"thingTypeName\":\"aa\",\"thingGroupNames\":[\"a\",\"spring\"],"
    "\"attributes.myAttribute\":\"75\",\"attributes.serialNumber\":\"abce\",\"attributes.model\":"
    "\"v2\",\"attributes.attr1\":\"abc\",\"attributes.attr2\":\"4.5\",\"attributes.attr3\":\"10\","
    "\"shadow.hasDelta\":true,\"shadow.reported.stats.battery\":71,\"shadow.reported.myvalues\":"
    "[1,2,{\"x\":3}],\"shadow.reported.location\":{\"lat\":1},\"shadow.reported.text\":"
    "\"all of it\",\"shadow.reported.star\":\"a*b\",\"connectivity.connected\":true,"
    "\"connectivity.timestamp\":1557651600001}";

static cJSON *value(void *ctx, const char *field)
{
    const cJSON *all = ctx;

    return cJSON_Duplicate(field != NULL ? json_get(all, field) : all, true);
}

static void examples(void **state)
{
    static const struct {
        const char *query;
        bool matches;
    } cases[] = {
        {"abc",                                                                              true },
        {"nothing",                                                                          false},
        {"thingName:myThing",                                                                true },
        {"thingName:MYTHING",                                                                true },
        {"thingName:my*",                                                                    true },
        {"thingName:*ing",                                                                   true },
        {"thingName:*Thi*",                                                                  true },
        {"thingName:myThin?",                                                                true },
        {"thingName:my",                                                                     false},
        {"thingTypeName:aa",                                                                 true },
        {"thingGroupNames:a",                                                                true },
        {"thingGroupNames:spr*",                                                             true },
        {"thingGroupNames:b",                                                                false},
        {"attributes.myAttribute:75",                                                        true },
        {"attributes.myAttribute:75.0",                                                      true },
        {"attributes.myAttribute:[75 TO 80]",                                                true },
        {"attributes.myAttribute:{75 TO 80]",                                                false},
        {"attributes.myAttribute:{74 TO 75}",                                                false},
        {"attributes.myAttribute:[* TO 75]",                                                 true },
        {"attributes.myAttribute:[76 TO *]",                                                 false},
        {"attributes.serialNumber:[\"abcd\" TO \"abcf\"]",                                   true },
        {"attributes.serialNumber:[abcf TO abcz]",                                           false},
        {"attributes.attr1:abc AND attributes.attr2<5 NOT attributes.attr3>10",              true },
        {"attributes.attr1:abc AND attributes.attr2<5 NOT attributes.attr3>=10",             false},
        {"attributes.attr2 <= 4.5",                                                          true },
        {"attributes.attr1<5",                                                               false},
        {"shadow.hasDelta:true",                                                             true },
        {"NOT attributes.model:legacy",                                                      true },
        {"-attributes.model:v2",                                                             false},
        {"shadow.reported.stats.battery:{70 TO 100} (v2 OR v3) NOT attributes.model:legacy", true },
        {"shadow.reported.myvalues:2",                                                       true },
        {"shadow.reported.myvalues:4",                                                       false},
        {"shadow.reported.location:* NOT shadow.desired.stats.battery:*",                    true },
        {"shadow.reported.location:x",                                                       false},
        {"shadow.reported.text:\"all of it\"",                                               true },
        {"shadow.reported.text:\"all*\"",                                                    false},
        {"shadow.reported.star:a\\*b",                                                       true },
        {"shadow.reported.star:a\\*?",                                                       true },
        {"attributes.attr1:a\\*",                                                            false},
        {"connectivity.connected:true AND connectivity.timestamp : [1557651600000 TO "
         "1557867600000]",                                                          true },
        {"connectivity.connected:false",                                                     false},
        {"connectivity.timestamp > 1557651600001",                                           false},
        {"thingName:(my* AND -myOther)",                                                     true },
        {"thingName:(x OR (y OR myThing))",                                                  true },
        {"thingName:x OR thingTypeName:aa thingGroupNames:a",                                true },
        {"(thingName:x OR thingTypeName:aa) AND thingGroupNames:b",                          false},
        {"NOT (thingName:x OR thingName:y)",                                                 true },
        {"NOT NOT thingName:x",                                                              false},
        {"*",                                                                                true },
    };
    cJSON *all = cJSON_Parse(thing);
    const struct query_source source = {.value = value, .ctx = all};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        struct query *query = query_parse(cases[i].query, &err);
        if (query == NULL)
            fail_msg("%s: %s", cases[i].query, err.text);
        if (query_matches(query, &source) != cases[i].matches)
            fail_msg("%s: not %d", cases[i].query, cases[i].matches);
        assert_string_equal(query_text(query), cases[i].query);
        query_free(query);
    }
    cJSON_Delete(all);
}

static void errors(void **state)
{
    char leading[200] = "thingName:*";
    char longest[1200];
    static const struct {
        const char *query, *error;
    } cases[] = {
        {"",                                                                      "at character 1: something is missing at the end"},
        {"thingName:",                                                            "at character 11: something is missing"          },
        {"thingName:x AND",                                                       "at character 16: something is missing"          },
        {"(thingName:x",                                                          "at character 13: a ) is missing"                },
        {"thingName:x)",                                                          "there is no ( for this )"                       },
        {"thingName:\"x",                                                         "a \" is missing"                                },
        {"name:x",                                                                "name: no field of the index"                    },
        {"attributes.:x",                                                         "attributes.: no field of the index"             },
        {"attributes.a<x",                                                        "<, <=, > and >= need a number"                  },
        {"<5",                                                                    "a field is missing before it"                   },
        {"attributes.a:[1 2]",                                                    "a range is [FROM TO END]"                       },
        {"attributes.a:[1 TO 2",                                                  "a range ends with ] or }"                       },
        {"a b c d e f g h i j k l m",                                             "too many terms (AWS IoT allows 12)"             },
        {"((((((((((((((((((x",                                                   "too many parentheses"                           },
        {"NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT x", "too many NOT"                                   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {.text = ""};
        struct query *query = query_parse(cases[i].query, &err);
        if (query != NULL || strstr(err.text, cases[i].error) == NULL)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].query, err.text, cases[i].error);
    }
    struct error err;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(query_parse(longest, &err));
    assert_non_null(strstr(err.text, "more than 1000 characters"));
    memset(leading + strlen(leading), 'x', 100);
    assert_null(query_parse(leading, &err));
    assert_non_null(strstr(err.text, "begins with a wildcard"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
