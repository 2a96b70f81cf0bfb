#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http_router.h"

static const struct http_route routes[] = {
    {.path = "/"                       },
    {.path = "/cars"                   },
    {.path = "/cars/{car}",              .methods = HTTP_GET | HTTP_DELETE},
    {.path = "/cars/{car}",                                  .methods = HTTP_PATCH},
    {.path = "/cars/{car}/doors/{door}",.methods = HTTP_POST},
    {0},
};

static void a_path_is_found_by_its_segments(void **state)
{
    struct http_match m = http_route_find(routes, HTTP_POST, "/cars/13/doors/trunk");

    (void)state;
    assert_ptr_equal(m.route, &routes[4]);
    assert_true(slice_is(m.param[0], "13"));
    assert_true(slice_is(m.param[1], "trunk"));
    assert_ptr_equal(http_route_find(routes, HTTP_GET, "/").route, &routes[0]);
    assert_ptr_equal(http_route_find(routes, HTTP_GET, "/cars").route, &routes[1]);
    assert_ptr_equal(http_route_find(routes, HTTP_PATCH, "/cars/x").route, &routes[3]);
}

static void what_is_not_in_the_table_is_not_found(void **state)
{
    static const char *const paths[] = {"",
                                        "cars",
                                        "/car",
                                        "/carss",
                                        "/cars/",
                                        "//cars",
                                        "/cars//x",
                                        "/cars/1/doors",
                                        "/cars/1/doors/2/3",
                                        "/cars/1/doors/"};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct http_match m = http_route_find(routes, HTTP_GET, paths[i]);
        if (m.route != NULL || m.allowed != 0)
            fail_msg("%s was found", paths[i]);
    }
    assert_null(http_route_find(NULL, HTTP_GET, "/").route);
}

static void another_method_is_told_which_there_are(void **state)
{
    struct http_match m = http_route_find(routes, HTTP_PUT, "/cars/13");
    struct buf names;

    (void)state;
    assert_null(m.route);
    assert_int_equal(m.allowed, HTTP_GET | HTTP_DELETE | HTTP_PATCH);
    buf_init(&names, 100);
    http_method_names(m.allowed, &names);
    assert_string_equal(buf_cstr(&names), "GET, HEAD, PATCH, DELETE");
    buf_done(&names);
    assert_int_equal(http_method_parse("HEAD"), HTTP_GET);
    assert_int_equal(http_method_parse("get"), 0);
    assert_int_equal(http_route_find(routes, http_method_parse("BREW"), "/cars").allowed, HTTP_GET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_found_by_its_segments),
        cmocka_unit_test(what_is_not_in_the_table_is_not_found),
        cmocka_unit_test(another_method_is_told_which_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
