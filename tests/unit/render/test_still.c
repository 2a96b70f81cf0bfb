/*
 * What a painter has kept and drawn again only in part looks as if all of it had been drawn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cairo.h>
#include <cmocka.h>
#include <stdlib.h>

#include "render/car.h"

#define SCALE 30.0
#define MOST  6 /* of 255: along the edges of what was drawn again */

static cairo_surface_t *target_of(enum picture_body body)
{
    double w, l;

    car_extent(body, &w, &l);
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)((w + 3.2) * SCALE),
                                      (int)((l + 2.4) * SCALE));
}

static void paint(struct car_painter *painter, cairo_surface_t *s, enum picture_body body,
                  const struct car_picture *p)
{
    struct car_place place = {cairo_image_surface_get_width(s) / 2.0,
                              cairo_image_surface_get_height(s) / 2.0, SCALE};
    cairo_t *cr = cairo_create(s);

    cairo_set_source_rgb(cr, 0.8, 0.8, 0.8);
    cairo_paint(cr);
    car_paint(painter, cr, body, p, &place, &(struct car_moment){.phase = 0.2, .rolled = 0.3});
    cairo_destroy(cr);
}

/* The largest difference of any channel. */
static int difference(cairo_surface_t *a, cairo_surface_t *b)
{
    int w = cairo_image_surface_get_width(a), h = cairo_image_surface_get_height(a), most = 0;
    int stride = cairo_image_surface_get_stride(a);

    cairo_surface_flush(a);
    cairo_surface_flush(b);
    const unsigned char *x = cairo_image_surface_get_data(a), *y = cairo_image_surface_get_data(b);
    for (int row = 0; row < h; row++)
        for (int i = 0; i < w * 4; i++) {
            int d = abs(x[row * stride + i] - y[row * stride + i]);
            if (i % 4 != 3 && d > most)
                most = d;
        }
    return most;
}

/* What is drawn each time needs no test. */
static const char *const kept[] = {"door.front_left",
                                   "door.rear_right",
                                   "window.front_right",
                                   "window.rear_left",
                                   "trunk",
                                   "bonnet",
                                   "sunroof",
                                   "mirrors",
                                   "low_beam",
                                   "parking",
                                   "daytime",
                                   "brake",
                                   "fog_rear",
                                   "driver",
                                   "passenger",
                                   "night",
                                   "asleep",
                                   "interior"};

static void expect_the_same(cairo_surface_t *a, cairo_surface_t *b, enum picture_body body,
                            const char *what)
{
    int most = difference(a, b);

    if (most > MOST)
        fail_msg("%s of a %s: differs by %d", what, picture_body_name(body), most);
}

static void try_body(enum picture_body body)
{
    struct car_painter *used = car_painter_new();
    cairo_surface_t *seen = target_of(body), *expected = target_of(body), *rest = target_of(body);
    const struct car_picture still = {.night = 0.4F, .interior = 0.5F};

    paint(used, rest, body, &still);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        struct car_painter *fresh = car_painter_new();
        struct car_picture p = still;
        picture_set(&p, picture_field_find(kept[i]), 1);
        paint(used, seen, body, &p);
        paint(fresh, expected, body, &p);
        expect_the_same(seen, expected, body, kept[i]);
        paint(used, seen, body, &still);
        expect_the_same(seen, rest, body, "rest");
        car_painter_free(fresh);
    }
    cairo_surface_destroy(seen);
    cairo_surface_destroy(expected);
    cairo_surface_destroy(rest);
    car_painter_free(used);
}

static void each_change_is_drawn_whole(void **state)
{
    (void)state;
    for (int body = 0; body < PICTURE_BODY_COUNT; body++)
        try_body((enum picture_body)body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_drawn_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
