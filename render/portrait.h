/*
 * portrait.h — one car, standing still in its picture, as a PNG: for pages and files.
 */
#ifndef RENDER_PORTRAIT_H
#define RENDER_PORTRAIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "render/picture.h"

/* Appends width by height pixels with the car in the middle, as large as its open doors let it be.
   False if it cannot be drawn or does not fit. Any thread; costs some 20 ms. */
bool portrait_png(enum picture_body body, const struct car_picture *picture, int width, int height,
                  struct buf *out);

#endif
