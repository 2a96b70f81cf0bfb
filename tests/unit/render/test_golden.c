/*
 * Pictures of each body against those that a person has looked at, by what an eye would see: both
 * are made coarse, and compared by their mean difference and their largest one. After a change that
 * is wanted:  FLEETSIM_GOLDEN=write build/debug/tests/render_tests golden  and look at them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cairo.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/car.h"

#define GOLDEN SOURCE_DIR "/tests/unit/render/golden/"
#define COARSE 4 /* pixels of a side that are one to the eye */
#define MEAN   1.2
#define MOST   40 /* of 255 */

struct pose {
    const char *name;
    struct car_picture picture;
    bool night;
};

static const struct pose poses[] = {
    {"rest",  {.locked = 1},                                                          false},
    {"open",
     {.door = {1, 0.5F, 1, 1},
      .window = {0, 0, 0, 0.6F},
      .trunk = 1,
      .bonnet = 0.8F,
      .sunroof = 0.8F,
      .mirrors = 1,
      .interior = 0.7F,
      .flap = 1,
      .cable = 1,
      .charging = 1,
      .driver = 0.6F,
      .left = 1},
     false                                                                                 },
    {"night",
     {.low_beam = 1,
      .high_beam = 1,
      .fog_front = 1,
      .parking = 1,
      .brake = 1,
      .warm = 1,
      .defrost = 1,
      .rear_defrost = 1,
      .driver = 1,
      .passenger = 1,
      .night = 1,
      .steer = 0.5F},
     true                                                                                  },
    {"alarm", {.alarm = 1, .horn = 1, .left = 1, .right = 1, .window = {1, 0, 0, 0}}, true },
};

static cairo_surface_t *draw(enum picture_body body, const struct pose *pose)
{
    double w, l, scale = body == PICTURE_BUS ? 26 : 46;
    car_extent(body, &w, &l);
    int width = (int)((w + 3.2) * scale), height = (int)((l + 2.4) * scale);
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(s);
    struct car_painter *painter = car_painter_new();
    struct car_place place = {width / 2, height / 2, scale};

    double grey = pose->night ? 0.08 : 0.91;
    cairo_set_source_rgb(cr, grey, grey, grey * 1.02);
    cairo_paint(cr);
    car_paint(painter, cr, body, &pose->picture, &place,
              &(struct car_moment){.phase = 0.2, .rolled = 0.3});
    car_painter_free(painter);
    cairo_destroy(cr);
    return s;
}

/* The mean of a coarse pixel's channel. */
static double mean_of(const unsigned char *data, int stride, int x, int y, int channel)
{
    double sum = 0;

    for (int dy = 0; dy < COARSE; dy++)
        for (int dx = 0; dx < COARSE; dx++)
            sum += data[(y + dy) * stride + (x + dx) * 4 + channel];
    return sum / (COARSE * COARSE);
}

static void compare(cairo_surface_t *seen, cairo_surface_t *known, const char *path)
{
    int w = cairo_image_surface_get_width(seen), h = cairo_image_surface_get_height(seen);
    double sum = 0, most = 0;
    int count = 0;

    if (w != cairo_image_surface_get_width(known) || h != cairo_image_surface_get_height(known))
        fail_msg("%s: of another size", path);
    cairo_surface_flush(seen);
    for (int y = 0; y + COARSE <= h; y += COARSE)
        for (int x = 0; x + COARSE <= w; x += COARSE)
            for (int c = 0; c < 3; c++, count++) {
                double a = mean_of(cairo_image_surface_get_data(seen),
                                   cairo_image_surface_get_stride(seen), x, y, c);
                double b = mean_of(cairo_image_surface_get_data(known),
                                   cairo_image_surface_get_stride(known), x, y, c);
                double d = a > b ? a - b : b - a;
                sum += d;
                most = d > most ? d : most;
            }
    if (sum / count > MEAN || most > MOST)
        fail_msg("%s: looks different: by %.2f on average (at most %.1f), by %.0f at most (%d)",
                 path, sum / count, MEAN, most, MOST);
}

static void each_body_looks_as_it_did(void **state)
{
    const char *mode = getenv("FLEETSIM_GOLDEN");
    char path[512];

    (void)state;
    for (int body = 0; body < PICTURE_BODY_COUNT; body++)
        for (size_t i = 0; i < sizeof poses / sizeof *poses; i++) {
            cairo_surface_t *seen = draw((enum picture_body)body, &poses[i]);
            snprintf(path, sizeof path, GOLDEN "%s_%s.png",
                     picture_body_name((enum picture_body)body), poses[i].name);
            if (mode != NULL && strcmp(mode, "write") == 0)
                assert_int_equal(cairo_surface_write_to_png(seen, path), CAIRO_STATUS_SUCCESS);
            cairo_surface_t *known = cairo_image_surface_create_from_png(path);
            if (cairo_surface_status(known) != CAIRO_STATUS_SUCCESS)
                fail_msg("%s: cannot be read", path);
            compare(seen, known, path);
            cairo_surface_destroy(known);
            cairo_surface_destroy(seen);
        }
}

/* The test would see a door that is missing. */
static void a_missing_door_is_seen(void **state)
{
    cairo_surface_t *rest = draw(PICTURE_SALOON, &poses[0]);
    struct pose other = poses[0];
    double most = 0;

    (void)state;
    other.picture.window[PICTURE_FRONT_LEFT] = 1;
    cairo_surface_t *open = draw(PICTURE_SALOON, &other);
    int stride = cairo_image_surface_get_stride(rest);
    for (int y = 0; y + COARSE <= cairo_image_surface_get_height(rest); y += COARSE)
        for (int x = 0; x + COARSE <= cairo_image_surface_get_width(rest); x += COARSE) {
            double d = mean_of(cairo_image_surface_get_data(rest), stride, x, y, 1) -
                       mean_of(cairo_image_surface_get_data(open), stride, x, y, 1);
            most = d > most ? d : -d > most ? -d : most;
        }
    assert_true(most > 10);
    cairo_surface_destroy(rest);
    cairo_surface_destroy(open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_body_looks_as_it_did),
        cmocka_unit_test(a_missing_door_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
