/* What users are told, and what is read of a car's answer: any bytes will do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "actors/service_document.h"

static void test_what_a_user_is_told(void **state)
{
    (void)state;
    char *text = service_document_make(&(struct service_document){
        .id = "r-1", .thing = "car-1", .status = "SENT", .channel = "voice", .at_ms = 5});
    assert_string_equal(text, "{\"requestId\":\"r-1\",\"car\":\"car-1\",\"channel\":\"voice\","
                              "\"status\":\"SENT\",\"at\":5}");
    free(text);
    text = service_document_make(
        &(struct service_document){.id = "r-1",
                                   .thing = "car-1",
                                   .status = "REJECTED",
                                   .user = "anna",
                                   .reason = "DOOR_OPEN",
                                   .description = "a \"door\"",
                                   .command_json = "{\"locks\":{\"all\":\"locked\"}}",
                                   .at_ms = 5});
    assert_string_equal(text, "{\"requestId\":\"r-1\",\"car\":\"car-1\",\"user\":\"anna\","
                              "\"status\":\"REJECTED\",\"reason\":\"DOOR_OPEN\","
                              "\"description\":\"a \\\"door\\\"\","
                              "\"command\":{\"locks\":{\"all\":\"locked\"}},\"at\":5}");
    free(text);
}

static void test_what_a_car_answers(void **state)
{
    struct service_reason reason;

    (void)state;
    char *status = service_document_read(
        "{\"requestId\":\"r\",\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"C\","
        "\"reasonDescription\":\"d\"}}",
        &reason);
    assert_string_equal(status, "REJECTED");
    assert_string_equal(reason.code, "C");
    assert_string_equal(reason.description, "d");
    free(status);
    free(reason.code);
    free(reason.description);

    static const char *const others[] = {"",
                                         "{",
                                         "[]",
                                         "7",
                                         "{\"status\":7,\"statusReason\":3}",
                                         "{\"statusReason\":{\"reasonCode\":{}}}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_null(service_document_read(others[i], &reason));
        assert_null(reason.code);
        assert_null(reason.description);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_user_is_told),
        cmocka_unit_test(test_what_a_car_answers),
    };

    return cmocka_run_group_tests_name("service_document", tests, NULL, NULL);
}
