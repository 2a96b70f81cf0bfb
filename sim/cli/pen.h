/*
 * pen.h — lines for a terminal that are never longer than it is wide: text in UTF-8 or plain ASCII,
 * with colour or without, bars and sparklines.
 */
#ifndef CLI_PEN_H
#define CLI_PEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* ORDER PEN_COLOUR */
enum pen_colour {
    PEN_PLAIN,
    PEN_BOLD,
    PEN_DIM,
    PEN_RED,
    PEN_GREEN,
    PEN_YELLOW,
    PEN_BLUE,
    PEN_CYAN,
    PEN_COLOUR_COUNT
};

struct pen {
    struct buf *out;
    size_t columns; /* of the terminal */
    size_t at;      /* columns of this line so far */
    bool colour, unicode;
};

/* Text without wide or combining characters; what does not fit is left out. Control characters
   become '?', and so does in ASCII what has no likeness there. */
void pen_text(struct pen *p, const char *text);
void pen_printf(struct pen *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same in a colour. */
void pen_coloured(struct pen *p, enum pen_colour colour, const char *text);
/* So that the text ends in that column (not before the pen, but for a space). */
void pen_right(struct pen *p, size_t column, enum pen_colour colour, const char *text);
/* Blanks up to that column. */
void pen_to(struct pen *p, size_t column);
void pen_end_line(struct pen *p);
size_t pen_left(const struct pen *p);

/* How many columns text takes. */
size_t pen_width(const char *text);

/* A part of a bar. */
struct pen_part {
    uint64_t value;
    enum pen_colour colour;
    const char *cell; /* one character */
};

/* A bar of so many columns, in proportion; a part that is not 0 has a column at least, if there are
   enough. A total of 0 is all blanks. */
void pen_bar(struct pen *p, size_t columns, const struct pen_part *parts, size_t count);

/* The last values, the newest at the right, as bars of eight heights: the highest is the largest
   of them, 0 is none. */
void pen_sparkline(struct pen *p, size_t columns, enum pen_colour colour, const double *values,
                   size_t count);

/* "1,234,567". */
void pen_number(uint64_t value, char *ret, size_t size);

#endif
