/* The functions of provisioning templates (contract 4.1): each with what it comes to, or why it
   comes to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/provisioning/provision_expression.h"

#define BODY                                                                                       \
    "{\"Mappings\":{\"Regions\":{\"DE\":{\"url\":\"eu.test\"}}},"                                  \
    "\"DeviceConfiguration\":{\"x\":%s}}"

/* What the expression comes to in a template with Mappings; NULL, and why. */
static cJSON *evaluated(const char *expression, struct provision_error *err)
{
    char text[1000];

    snprintf(text, sizeof text, BODY, expression);
    cJSON *body = cJSON_Parse(text);
    cJSON *parameters = cJSON_Parse("{\"VIN\":\"7\",\"Country\":\"DE\",\"Parts\":\"a|b|\","
                                    "\"AWS::IoT::Certificate::Id\":\"c0\"}");
    assert_non_null(body);
    cJSON *tree = provision_evaluate(body, parameters, err);
    cJSON *value =
        cJSON_DetachItemFromObject((cJSON *)(uintptr_t)json_get(tree, "DeviceConfiguration"), "x");
    cJSON_Delete(tree);
    cJSON_Delete(parameters);
    cJSON_Delete(body);
    return value;
}

/* contract 4.1: "Functions Ref, Fn::Join, Fn::Select, Fn::FindInMap, Fn::Split, Fn::Sub". */
static void functions(void **state)
{
    static const struct {
        const char *expression, *value;
    } cases[] = {
        {"{\"Ref\":\"VIN\"}",                                                    "\"7\""                        },
        {"{\"Ref\":\"AWS::IoT::Certificate::Id\"}",                              "\"c0\""                       },
        {"{\"Fn::Join\":[\"-\",[\"car\",{\"Ref\":\"VIN\"},\"\"]]}",              "\"car-7-\""                   },
        {"{\"Fn::Join\":[\"\",[]]}",                                             "\"\""                         },
        {"{\"Fn::Select\":[\"1\",[\"a\",\"b\"]]}",                               "\"b\""                        },
        {"{\"Fn::Select\":[0,{\"Fn::Split\":[\"|\",{\"Ref\":\"Parts\"}]}]}",     "\"a\""                        },
        {"{\"Fn::Split\":[\"|\",{\"Ref\":\"Parts\"}]}",                          "[\"a\",\"b\",\"\"]"           },
        {"{\"Fn::Split\":[\"::\",\"a:b\"]}",                                     "[\"a:b\"]"                    },
        {"{\"Fn::FindInMap\":[\"Regions\",{\"Ref\":\"Country\"},\"url\"]}",      "\"eu.test\""                  },
        {"{\"Fn::Sub\":\"car-${VIN}-${!VIN}-$5-${AWS::IoT::Certificate::Id}\"}",
         "\"car-7-${VIN}-$5-c0\""                                                                               },
        {"{\"Fn::Sub\":[\"${at}/${VIN}\",{\"at\":{\"Ref\":\"Country\"}}]}",      "\"DE/7\""                     },
        {"{\"a\":[{\"Ref\":\"VIN\"},1,true,null]}",                              "{\"a\":[\"7\",1,true,null]}"  },
        {"{\"Ref\":\"VIN\",\"other\":1}",                                        "{\"Ref\":\"VIN\",\"other\":1}"},
    };
    struct provision_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *value = evaluated(cases[i].expression, &err);
        cJSON *expected = cJSON_Parse(cases[i].value);
        if (value == NULL)
            fail_msg("%s: %s", cases[i].expression, err.text);
        if (!json_equal(value, expected))
            fail_msg("%s", cases[i].expression);
        cJSON_Delete(value);
        cJSON_Delete(expected);
    }
}

/* contract 4.1: what one of those functions cannot do is said with its name. */
static void what_they_cannot(void **state)
{
    static const struct {
        const char *expression, *why;
    } cases[] = {
        {"{\"Ref\":\"Nobody\"}",                             "Nobody"       },
        {"{\"Fn::Join\":\"-\"}",                             "Fn::Join"     },
        {"{\"Fn::Join\":[\"-\",[1]]}",                       "Fn::Join"     },
        {"{\"Fn::Join\":[1,[\"a\"]]}",                       "Fn::Join"     },
        {"{\"Fn::Select\":[\"2\",[\"a\",\"b\"]]}",           "Fn::Select"   },
        {"{\"Fn::Select\":[\"-1\",[\"a\"]]}",                "Fn::Select"   },
        {"{\"Fn::Select\":[\"0\",\"a\"]}",                   "Fn::Select"   },
        {"{\"Fn::Split\":[\"\",\"a\"]}",                     "Fn::Split"    },
        {"{\"Fn::Split\":\"a\"}",                            "Fn::Split"    },
        {"{\"Fn::FindInMap\":[\"Regions\",\"AT\",\"url\"]}", "Fn::FindInMap"},
        {"{\"Fn::FindInMap\":[\"Regions\"]}",                "Fn::FindInMap"},
        {"{\"Fn::Sub\":\"${Nobody}\"}",                      "Nobody"       },
        {"{\"Fn::Sub\":1}",                                  "Fn::Sub"      },
    };
    struct provision_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *value = evaluated(cases[i].expression, &err);
        if (value != NULL)
            fail_msg("%s: taken", cases[i].expression);
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: no %s in \"%s\"", cases[i].expression, cases[i].why, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions),
        cmocka_unit_test(what_they_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
