#include "render/portrait.h"

#include <math.h>

#include "render/car.h"
#include "render/ground.h"
#include "render/theme.h"

/* Metres: beside the car for doors and cable, before and behind it for lids and lights. */
#define BESIDE 1.9
#define BEFORE 0.9
/* What blinks is lit at this moment. */
#define PHASE 0.25

static struct car_place place_in(enum picture_body body, int width, int height)
{
    double w, l;

    car_extent(body, &w, &l);
    return (struct car_place){.x = width / 2.0,
                              .y = height / 2.0,
                              .scale = fmin(width / (w + BESIDE), height / (l + BEFORE))};
}

static cairo_status_t append(void *out, const unsigned char *data, unsigned len)
{
    return buf_append(out, data, len) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

bool portrait_png(enum picture_body body, const struct car_picture *picture, int width, int height,
                  struct buf *out)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);
    struct theme theme = theme_at((double)picture->night);
    struct car_place place = place_in(body, width, height);
    struct car_painter *painter = car_painter_new();
    struct ground *ground = ground_new();

    ground_paint(ground, cr,
                 &(struct ground_look){&theme, width, height, place, (double)picture->road, 0});
    car_paint(painter, cr, body, picture, &place, &(struct car_moment){.phase = PHASE});
    car_painter_free(painter);
    ground_free(ground);
    cairo_destroy(cr);
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, append, out);
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS;
}
