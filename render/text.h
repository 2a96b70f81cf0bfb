/*
 * text.h — lines of text, set by Pango in Inter, or the system's sans serif without it.
 */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "render/paint.h"

enum text_weight { TEXT_REGULAR, TEXT_MEDIUM, TEXT_SEMIBOLD };
enum text_align { TEXT_LEFT, TEXT_CENTRE, TEXT_RIGHT };

struct text_style {
    double size; /* pixels of the user space */
    enum text_weight weight;
    struct rgb colour;
    double alpha; /* 0: opaque */
    enum text_align align;
    double width; /* what is longer ends in an ellipsis; 0: any */
    bool mono;
};

/* Draws one line with its baseline at y; returns its width. What is not UTF-8 is left out. */
double text_draw(cairo_t *cr, double x, double y, const struct text_style *style, const char *text);
/* Lets go of the fonts that the libraries keep for the process. While no text is being drawn. */
void text_forget_fonts(void);
double text_width(cairo_t *cr, const struct text_style *style, const char *text);

#endif
